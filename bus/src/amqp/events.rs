//! Events of workers: taken off the queue when they are done, given back when they are not.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use lapin::options::{BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use sluice_contract::message::WorkerEvent;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::api::{Consuming, Ended, Session, Shared};
use super::codec;
use super::error::{ConnectError, Right};
use super::link::Live;
use super::topology;
use crate::{EventDelivery, Settlement};

/// Begins to take events on this session. While another API does, this one stands by.
pub(super) async fn attach(
    shared: Arc<Shared>,
    live: Arc<Live<Session>>,
    sender: mpsc::Sender<EventDelivery>,
) -> Result<Consuming, ConnectError> {
    let context = &shared.link.context;
    let channel = topology::channel(&live.connection, context).await?;
    let refused = |error| context.using(&error, Right::read(format!("queue {}", topology::EVENT_QUEUE)));
    channel.basic_qos(IN_HAND, BasicQosOptions::default()).await.map_err(refused)?;
    let consumer = channel
        .basic_consume(topology::EVENT_QUEUE.into(), "".into(), BasicConsumeOptions::default(), FieldTable::default())
        .await
        .map_err(refused)?;
    let (settle, settled) = mpsc::unbounded_channel();
    let taking = Taking { shared, live, channel, consumer, sender, settle, settled, in_hand: HashSet::new() };
    Ok(taking.run().boxed())
}

struct Taking {
    shared: Arc<Shared>,
    live: Arc<Live<Session>>,
    channel: Channel,
    consumer: Consumer,
    sender: mpsc::Sender<EventDelivery>,
    /// Bounded by the prefetch.
    settle: mpsc::UnboundedSender<(u64, Settlement)>,
    settled: mpsc::UnboundedReceiver<(u64, Settlement)>,
    /// Delivery tags of what was handed over and not settled.
    in_hand: HashSet<u64>,
}

impl Taking {
    async fn run(mut self) -> Ended {
        let ended = loop {
            tokio::select! {
                () = self.sender.closed() => break Ended::Left,
                () = self.shared.stopping.cancelled() => break Ended::Left,
                () = self.live.lost.wait() => break Ended::Lost,
                Some((tag, settlement)) = self.settled.recv() => self.settle(tag, settlement).await,
                // A place first: an event stays with the broker until somebody can take it.
                place = self.sender.clone().reserve_owned(), if self.in_hand.len() < usize::from(IN_HAND) => {
                    let Ok(place) = place else { break Ended::Left };
                    tokio::select! {
                        () = self.sender.closed() => break Ended::Left,
                        () = self.shared.stopping.cancelled() => break Ended::Left,
                        () = self.live.lost.wait() => break Ended::Lost,
                        Some((tag, settlement)) = self.settled.recv() => self.settle(tag, settlement).await,
                        delivery = topology::next(&mut self.consumer) => {
                            let Some(delivery) = delivery else { break Ended::Lost };
                            let tag = delivery.delivery_tag;
                            match codec::decode::<WorkerEvent>(&codec::EVENT, &delivery.properties, &delivery.data) {
                                Ok(event) => {
                                    self.in_hand.insert(tag);
                                    let settle = self.settle.clone();
                                    place.send(EventDelivery::new(event, move |settlement| {
                                        // After the session, the broker delivers it again by itself.
                                        let _ = settle.send((tag, settlement));
                                    }));
                                }
                                Err(skipped) => {
                                    // It would be the same for ever, and others wait behind it.
                                    skipped.log(&codec::EVENT, &delivery.properties);
                                    self.acknowledge(tag).await;
                                }
                            }
                        }
                    }
                }
            }
        };
        if matches!(ended, Ended::Left) {
            self.leave().await;
        }
        ended
    }

    /// Waits for what is in hand, and gives back the rest.
    async fn leave(mut self) {
        let tag = self.consumer.tag();
        let _ = timeout(CANCEL_PATIENCE, self.channel.basic_cancel(tag, BasicCancelOptions::default())).await;
        let _ = timeout(FINISH_PATIENCE, async {
            while !self.in_hand.is_empty()
                && let Some((tag, settlement)) = self.settled.recv().await
            {
                self.settle(tag, settlement).await;
            }
        })
        .await;
        topology::close(&self.channel).await;
    }

    /// A failure ends the channel, and with it the consumer.
    async fn settle(&mut self, tag: u64, settlement: Settlement) {
        self.in_hand.remove(&tag);
        match settlement {
            Settlement::Done => self.acknowledge(tag).await,
            Settlement::Again => {
                let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
                let _ = self.channel.basic_nack(tag, options).await;
            }
        }
    }

    async fn acknowledge(&self, tag: u64) {
        let _ = self.channel.basic_ack(tag, BasicAckOptions::default()).await;
    }
}

/// Events that are fetched ahead; they come again when the API dies.
const IN_HAND: u16 = 16;
const CANCEL_PATIENCE: Duration = Duration::from_secs(1);
const FINISH_PATIENCE: Duration = Duration::from_secs(5);
