//! Webhooks: what was delivered lately, and a try.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::caller::Caller;
use super::connection::connection;
use super::enums::DeliveryState;
use super::failure::{Answer, Problem, payload, settle};
use super::scalar::{DateTime, int};
use crate::manage;

/// One event on its way to a webhook, or lately over.
pub struct WebhookDelivery(pub manage::WebhookDelivery);

/// One event on its way to a webhook, or lately over.
#[Object]
impl WebhookDelivery {
    /// The id of the event, a UUID, which the receiver sees as `X-Sluice-Event`. The same with every try.
    async fn event_id(&self) -> String {
        self.0.id.to_string()
    }

    /// When it happened.
    async fn at(&self) -> DateTime {
        self.0.at.into()
    }

    /// What happened, in the words of the webhook: `liveStreamStarted`, `liveStreamEnded`, …
    async fn action(&self) -> &str {
        &self.0.action
    }

    /// The stream that it is about.
    async fn stream_id(&self) -> &str {
        &self.0.stream_id
    }

    /// Scheme, host and port of the receiver. The rest of the address may hold a secret.
    async fn target(&self) -> &str {
        &self.0.target
    }

    /// Whether it arrived.
    async fn state(&self) -> DeliveryState {
        self.0.state.into()
    }

    /// How often it was tried.
    async fn attempts(&self) -> i32 {
        int(self.0.attempts)
    }

    /// The status of the last answer, or why there was none; null before the first try.
    async fn last_outcome(&self) -> Option<&str> {
        self.0.last_outcome.as_deref()
    }

    /// When it was last tried; null before the first try.
    async fn last_at(&self) -> Option<DateTime> {
        self.0.last_at.map(Into::into)
    }

    /// When it is tried next; null when it is over.
    async fn next_at(&self) -> Option<DateTime> {
        self.0.next_at.map(Into::into)
    }
}

connection! {
    /// One page of deliveries, the newest first.
    WebhookDeliveryConnection,
    /// A delivery with its place in the list.
    WebhookDeliveryEdge,
    WebhookDelivery
}

/// What `testWebhook` takes.
#[derive(InputObject)]
pub struct TestWebhookInput {
    /// The application's name. Its setting `listenerHookURL` is asked.
    application: String,
}

/// How a webhook took a try.
#[derive(Default, SimpleObject)]
pub struct TestWebhookPayload {
    /// Whether it answered as it should: with 200.
    delivered: bool,
    /// The id of the event that it was sent, a UUID.
    event_id: Option<String>,
    /// Scheme, host and port that were asked.
    target: Option<String>,
    /// The status of its answer; null if there was none.
    status: Option<i32>,
    /// Why there was no answer; null if there was one.
    error: Option<String>,
    /// How long it took, milliseconds.
    took_ms: f64,
    /// Why nothing was sent; empty if it was.
    problems: Vec<Problem>,
}

payload!(TestWebhookPayload);

#[derive(Default)]
pub struct WebhookMutation;

#[Object]
impl WebhookMutation {
    /// Sends a signed event `webhookTest` to the application's webhook and waits for the answer. Needs the admin role
    /// in the application.
    async fn test_webhook(&self, ctx: &Context<'_>, input: TestWebhookInput) -> Answer<TestWebhookPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let trial = caller.api().test_webhook(&application).await?;
                Ok(TestWebhookPayload {
                    delivered: trial.status == Some(200),
                    event_id: Some(trial.id.to_string()),
                    target: Some(trial.target),
                    status: trial.status.map(Into::into),
                    error: trial.error.map(|error| error.to_string()),
                    took_ms: trial.took.as_secs_f64() * 1_000.0,
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }
}
