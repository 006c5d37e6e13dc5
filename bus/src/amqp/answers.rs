//! Answers the calls of one kind, beside other APIs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Consumer};
use sluice_contract::message::{AuthorizeCall, DescribeCall, Hello, LocateCall};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::{error, warn};
use uuid::Uuid;

use super::api::{Consuming, Ended, Session, Shared};
use super::codec::{self, Kind, Skipped};
use super::error::{ConnectError, Right};
use super::link::Live;
use super::topology;
use crate::{Authority, BusError, DESCRIBE_DEADLINE, HELLO_DEADLINE, LOCATE_DEADLINE};

/// What workers ask.
#[derive(Debug, Clone, Copy)]
pub(super) enum Question {
    Authorize,
    Hello,
    Locate,
    Describe,
}

impl Question {
    pub const ALL: [Self; 4] = [Self::Authorize, Self::Hello, Self::Locate, Self::Describe];

    /// Of the question and of its answer.
    pub const fn kinds(self) -> (&'static Kind, &'static Kind) {
        match self {
            Self::Authorize => (&codec::AUTHORIZE, &codec::AUTHORIZE_REPLY),
            Self::Hello => (&codec::HELLO, &codec::HELLO_REPLY),
            Self::Locate => (&codec::LOCATE, &codec::LOCATE_REPLY),
            Self::Describe => (&codec::DESCRIBE, &codec::DESCRIBE_REPLY),
        }
    }

    /// Questions that one API answers at the same time; the others wait at the broker or go to other APIs.
    const fn at_once(self) -> u16 {
        match self {
            Self::Authorize => 256,
            // Each may be large, and its answer too.
            Self::Hello => 8,
            Self::Locate => 64,
            // They read lists, and nothing waits for them.
            Self::Describe => 16,
        }
    }

    /// The longest that any of them may take.
    const fn longest(self) -> Duration {
        match self {
            Self::Authorize => LONGEST_AUTHORIZE,
            Self::Hello => HELLO_DEADLINE,
            Self::Locate => LOCATE_DEADLINE,
            Self::Describe => DESCRIBE_DEADLINE,
        }
    }
}

/// Begins to answer on this session.
pub(super) async fn attach(
    shared: Arc<Shared>,
    live: Arc<Live<Session>>,
    question: Question,
    authority: Arc<dyn Authority>,
) -> Result<Consuming, ConnectError> {
    let mut attempts = 0;
    let (channel, consumer) = loop {
        match consume(&shared, &live, question).await {
            // The last other API left between our declaring the queue and consuming from it, and the queue with it.
            Err(ConnectError::NotPrepared { .. }) if attempts < ATTEMPTS => attempts += 1,
            consuming => break consuming?,
        }
    };
    Ok(run(shared, live, question, authority, channel, consumer).boxed())
}

async fn consume(
    shared: &Shared,
    live: &Live<Session>,
    question: Question,
) -> Result<(Channel, Consumer), ConnectError> {
    let context = &shared.link.context;
    let kind = question.kinds().0.name;
    let queue = topology::call_queue(kind);
    let channel = topology::channel(&live.connection, context).await?;
    topology::declare_call_queue(&channel, context, kind).await?;
    let refused = |error: lapin::Error| context.using(&error, Right::read(format!("queue {queue}")));
    channel.basic_qos(question.at_once(), BasicQosOptions::default()).await.map_err(refused)?;
    let consumer = channel
        .basic_consume(queue.as_str().into(), "".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await
        .map_err(refused)?;
    Ok((channel, consumer))
}

async fn run(
    shared: Arc<Shared>,
    live: Arc<Live<Session>>,
    question: Question,
    authority: Arc<dyn Authority>,
    channel: Channel,
    mut consumer: Consumer,
) -> Ended {
    // As many as the prefetch lets through.
    let mut answering = JoinSet::new();
    let answer = |delivery| answer(Arc::clone(&shared), question, Arc::clone(&authority), channel.clone(), delivery);
    let ended = loop {
        tokio::select! {
            () = shared.stopping.cancelled() => break Ended::Left,
            () = live.lost.wait() => break Ended::Lost,
            Some(_) = answering.join_next() => {}
            delivery = topology::next(&mut consumer) => match delivery {
                Some(delivery) => drop(answering.spawn(answer(delivery))),
                None => break Ended::Lost,
            },
        }
    };
    if matches!(ended, Ended::Left) {
        let cancelling = channel.basic_cancel(consumer.tag(), BasicCancelOptions::default());
        let _ = timeout(CANCEL_PATIENCE, cancelling).await;
        let finishing = async {
            // What was on its way when we stopped.
            while let Some(delivery) = topology::next(&mut consumer).await {
                answering.spawn(answer(delivery));
            }
            while answering.join_next().await.is_some() {}
        };
        let _ = timeout(FINISH_PATIENCE, finishing).await;
        topology::close(&channel).await;
    }
    // A decision that was begun runs to its end, whoever still hears of it.
    answering.detach_all();
    ended
}

/// Answers one call, then takes it off the queue: when this API dies before, another one answers.
async fn answer(
    shared: Arc<Shared>,
    question: Question,
    authority: Arc<dyn Authority>,
    channel: Channel,
    delivery: Delivery,
) {
    let (asked, answered) = question.kinds();
    let now = (shared.clock)();
    let properties = &delivery.properties;
    let within = left(question, properties);
    let reply = match ask(question, authority, &delivery, now.as_millis()) {
        Ok(asking) => match timeout(within, tokio::spawn(asking)).await {
            Ok(Ok(Some(Ok(body)))) => Some((answered, body)),
            Ok(Ok(Some(Err(_)) | None)) => Some((&codec::FAILED, Vec::new())),
            Ok(Err(_)) => {
                error!(kind = asked.name, "answering a worker failed");
                Some((&codec::FAILED, Vec::new()))
            }
            // The caller has given up.
            Err(_) => None,
        },
        Err(NotAsked::Late) => {
            warn!(
                kind = asked.name,
                "a call came after its deadline; do the clocks of this machine and its worker agree?"
            );
            None
        }
        Err(NotAsked::Skipped(Skipped::Probe)) => None,
        Err(NotAsked::Skipped(skipped)) => {
            skipped.log(asked, properties);
            Some((&codec::FAILED, Vec::new()))
        }
    };
    if let Some((kind, body)) = reply
        && let (Some(reply_to), Some(correlation)) = (reply_to(properties), properties.correlation_id())
    {
        let properties = codec::properties(kind, "", Uuid::new_v4(), now)
            .with_correlation_id(correlation.clone())
            .with_expiration(left(question, properties).as_millis().to_string().into());
        // A failure here ends the session, which other places see; the call is then asked again.
        let options = BasicPublishOptions::default();
        if channel.basic_publish("".into(), reply_to.into(), options, &body, properties).await.is_err() {
            return;
        }
    }
    let _ = channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default()).await;
}

enum NotAsked {
    Late,
    Skipped(Skipped),
}

type Asking = BoxFuture<'static, Option<Result<Vec<u8>, BusError>>>;

/// Reads the question and puts it to the authority.
fn ask(
    question: Question,
    authority: Arc<dyn Authority>,
    delivery: &Delivery,
    now_ms: i64,
) -> Result<Asking, NotAsked> {
    let (properties, body) = (&delivery.properties, delivery.data.as_slice());
    let (asked, answered) = question.kinds();
    match question {
        Question::Authorize => {
            let call: AuthorizeCall = codec::decode(asked, properties, body).map_err(NotAsked::Skipped)?;
            if call.deadline.as_millis() <= now_ms {
                return Err(NotAsked::Late);
            }
            Ok(async move { Some(codec::encode(answered, &authority.authorize(call).await)) }.boxed())
        }
        Question::Hello => {
            let hello: Hello = codec::decode(asked, properties, body).map_err(NotAsked::Skipped)?;
            Ok(async move { authority.hello(hello).await.map(|welcome| codec::encode(answered, &welcome)) }.boxed())
        }
        Question::Locate => {
            let call: LocateCall = codec::decode(asked, properties, body).map_err(NotAsked::Skipped)?;
            Ok(async move { Some(codec::encode(answered, &authority.locate(call).await)) }.boxed())
        }
        Question::Describe => {
            let call: DescribeCall = codec::decode(asked, properties, body).map_err(NotAsked::Skipped)?;
            Ok(async move { Some(codec::encode(answered, &authority.describe(call).await)) }.boxed())
        }
    }
}

/// How long the caller waits: what it says is left, within reason.
fn left(question: Question, properties: &BasicProperties) -> Duration {
    let said = properties.expiration().as_ref().and_then(|expiration| expiration.as_str().parse().ok());
    said.map_or(question.longest(), |ms| Duration::from_millis(ms).min(question.longest()))
}

/// Where the answer goes. Only to a caller's own reply address: any other name would be a queue that the caller may
/// not write to, and we may.
fn reply_to(properties: &BasicProperties) -> Option<&str> {
    let reply_to = properties.reply_to().as_ref()?.as_str();
    let address = reply_to.strip_prefix(topology::REPLY_TO)?;
    address.starts_with('.').then_some(reply_to)
}

/// With a webhook that decides, and some to spare.
const LONGEST_AUTHORIZE: Duration = Duration::from_secs(15);
/// To find a queue that stays.
const ATTEMPTS: u32 = 3;
const CANCEL_PATIENCE: Duration = Duration::from_secs(1);
/// For the answers in hand when the API stops.
const FINISH_PATIENCE: Duration = Duration::from_secs(3);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_goes_to_reply_addresses_only() {
        let of = |to: &str| BasicProperties::default().with_reply_to(to.into());
        let address = "amq.rabbitmq.reply-to.g1h2.abc==";
        assert_eq!(reply_to(&of(address)), Some(address));
        for queue in
            ["sluice.queue.events", "sluice.worker.1", "amq.rabbitmq.reply-to", "amq.rabbitmq.reply-tomato", ""]
        {
            assert_eq!(reply_to(&of(queue)), None, "{queue}");
        }
        assert_eq!(reply_to(&BasicProperties::default()), None);
    }

    #[test]
    fn a_caller_waits_for_as_long_as_it_says_within_reason() {
        let of = |ms: &str| left(Question::Authorize, &BasicProperties::default().with_expiration(ms.into()));
        assert_eq!(of("1500"), Duration::from_millis(1_500));
        for unreasonable in ["999999999999", "-1", "soon"] {
            assert_eq!(of(unreasonable), LONGEST_AUTHORIZE);
        }
    }
}
