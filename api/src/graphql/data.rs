//! Messages to the people who watch and publish a stream over WebRTC.

use async_graphql::{Context, InputObject, Object, SimpleObject};

use super::block::PendingWorker;
use super::caller::Caller;
use super::failure::{Answer, Problem, payload, settle};
use super::scalar::int;

/// What `sendData` takes.
#[derive(InputObject)]
pub struct SendDataInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// Any text, at most 64 KiB.
    message: String,
}

/// Whom the message reached.
#[derive(Default, SimpleObject)]
pub struct SendDataPayload {
    /// Sessions that it was sent to.
    sessions_reached: i32,
    /// Workers that confirmed it.
    workers_acknowledged: i32,
    /// Workers that did not confirm it within a second.
    workers_pending: Vec<PendingWorker>,
    /// Why nothing was sent; empty if it was.
    problems: Vec<Problem>,
}

payload!(SendDataPayload);

#[derive(Default)]
pub struct DataMutation;

#[Object]
impl DataMutation {
    /// Sends a text to everybody who has a WebRTC data channel with a live stream, its publisher included. Nothing is
    /// kept of it. Needs the operator role.
    async fn send_data(&self, ctx: &Context<'_>, input: SendDataInput) -> Answer<SendDataPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let outcome = caller.api().send_data(&application, &input.stream_id, input.message).await?;
                Ok(SendDataPayload {
                    sessions_reached: int(outcome.sessions_reached),
                    workers_acknowledged: int(outcome.workers_acknowledged),
                    workers_pending: outcome.workers_pending.into_iter().map(Into::into).collect(),
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }
}
