//! What every API hears: each has a queue of its own for as long as it is connected.

use std::sync::Arc;

use futures_util::FutureExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;

use super::api::{Consuming, Ended, Session, Shared};
use super::codec::{self, Kind};
use super::error::{ConnectError, Right};
use super::link::Live;
use super::topology::{self, Bound};

/// Something that is sent to all APIs.
#[derive(Debug)]
pub(super) struct Feed {
    exchange: &'static str,
    pub kind: &'static Kind,
    /// What waits at the broker for a slow API; the oldest goes first.
    bound: Bound,
    /// What is on its way to the API beyond that.
    ahead: u16,
}

pub(super) const ACKS: Feed = Feed {
    exchange: topology::ACKS,
    kind: &codec::ACK,
    bound: Bound { messages: 10_000, bytes: 8 << 20, age_ms: Some(60_000) },
    ahead: 256,
};

/// Newest wins.
pub(super) const REPORTS: Feed = Feed {
    exchange: topology::REPORTS,
    kind: &codec::REPORT,
    bound: Bound { messages: 512, bytes: 64 << 20, age_ms: Some(5_000) },
    ahead: 8,
};

pub(super) const NOTICES: Feed = Feed {
    exchange: topology::NOTICES,
    kind: &codec::NOTICE,
    bound: Bound { messages: 1_024, bytes: 16 << 20, age_ms: Some(60_000) },
    ahead: 64,
};

/// Begins to listen on this session.
pub(super) async fn attach<T: DeserializeOwned + Send + 'static>(
    shared: Arc<Shared>,
    live: Arc<Live<Session>>,
    feed: &'static Feed,
    sender: mpsc::Sender<T>,
) -> Result<Consuming, ConnectError> {
    let context = &shared.link.context;
    let channel = topology::channel(&live.connection, context).await?;
    let queue = topology::api_queue();
    topology::own_queue(&channel, context, &queue, feed.exchange, feed.bound).await?;
    let refused = |error| context.using(&error, Right::read("queues sluice.api.*"));
    channel.basic_qos(feed.ahead, BasicQosOptions::default()).await.map_err(refused)?;
    let options = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    let consumer = channel
        .basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default())
        .await
        .map_err(refused)?;
    Ok(run(shared, live, feed.kind, channel, consumer, sender).boxed())
}

async fn run<T: DeserializeOwned>(
    shared: Arc<Shared>,
    live: Arc<Live<Session>>,
    kind: &'static Kind,
    channel: Channel,
    mut consumer: Consumer,
    sender: mpsc::Sender<T>,
) -> Ended {
    let listening = async {
        while let Some(delivery) = topology::next(&mut consumer).await {
            match codec::decode(kind, &delivery.properties, &delivery.data) {
                Ok(message) => {
                    if sender.send(message).await.is_err() {
                        return Ended::Left;
                    }
                }
                Err(skipped) => skipped.log(kind, &delivery.properties),
            }
            // Taken off the queue once it was read, so that a slow reader's queue drops its oldest.
            if channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default()).await.is_err() {
                return Ended::Lost;
            }
        }
        Ended::Lost
    };
    let ended = tokio::select! {
        () = sender.closed() => Ended::Left,
        () = shared.stopping.cancelled() => Ended::Left,
        () = live.lost.wait() => Ended::Lost,
        ended = listening => ended,
    };
    if matches!(ended, Ended::Left) {
        topology::close(&channel).await;
    }
    ended
}
