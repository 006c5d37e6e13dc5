//! A worker's queue of commands: complete from its first message to its end, or it ends.

use std::collections::HashMap;
use std::sync::Arc;

use lapin::options::BasicConsumeOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer};
use sluice_contract::message::Control;
use tokio::sync::mpsc::{self, error::TrySendError};
use tracing::warn;

use super::codec;
use super::error::{ConnectError, Context, Right};
use super::link::Live;
use super::topology::{self, Bound};
use crate::CONTROL_QUEUE;

/// Receives commands from now on; ends with the session, or when commands were missed.
pub(super) async fn subscribe<S: Send + Sync + 'static>(
    live: &Arc<Live<S>>,
    context: &Context,
) -> Result<mpsc::Receiver<Control>, ConnectError> {
    let channel = topology::channel(&live.connection, context).await?;
    let queue = topology::worker_queue();
    topology::own_queue(&channel, context, &queue, topology::CONTROL, COMMANDS).await?;
    // They are taken off the broker as they come: the bound that counts is the receiver's.
    let options = BasicConsumeOptions { no_ack: true, exclusive: true, ..BasicConsumeOptions::default() };
    let consumer = channel
        .basic_consume(queue.as_str().into(), "".into(), options, FieldTable::default())
        .await
        .map_err(|error| context.using(&error, Right::read("queues sluice.worker.*")))?;
    let (sender, receiver) = mpsc::channel(CONTROL_QUEUE);
    tokio::spawn(forward(Arc::clone(live), channel, consumer, sender));
    Ok(receiver)
}

async fn forward<S>(live: Arc<Live<S>>, channel: Channel, mut consumer: Consumer, sender: mpsc::Sender<Control>) {
    let mut order = Order::default();
    loop {
        let delivery = tokio::select! {
            () = sender.closed() => break,
            () = live.lost.wait() => break,
            delivery = topology::next(&mut consumer) => delivery,
        };
        let Some(delivery) = delivery else { break };
        if !order.follows(&delivery.properties) {
            warn!("commands were missed on the way; the worker starts over");
            break;
        }
        match codec::decode(&codec::CONTROL, &delivery.properties, &delivery.data) {
            Ok(command) => {
                if let Err(TrySendError::Full(_)) = sender.try_send(command) {
                    warn!("the worker fell behind its commands; it starts over");
                    break;
                }
            }
            Err(skipped) => skipped.log(&codec::CONTROL, &delivery.properties),
        }
    }
    // Now the receiver ends. The queue goes with its consumer.
    drop(sender);
    topology::close(&channel).await;
}

/// Sees gaps: every API numbers its commands. A queue that overflowed while this process stood still shows here.
#[derive(Default)]
struct Order(HashMap<ShortString, u64>);

impl Order {
    /// True when nothing is missing before this one.
    fn follows(&mut self, properties: &BasicProperties) -> bool {
        let (Some(sender), Some(number)) = (properties.app_id().as_ref(), codec::number(properties, SEQUENCE_HEADER))
        else {
            // Not from an API of this kind: nothing to count.
            return true;
        };
        if self.0.len() >= SENDERS && !self.0.contains_key(sender) {
            self.0.clear();
        }
        let before = self.0.insert(sender.clone(), number);
        before.is_none_or(|before| number == before + 1)
    }
}

/// The number of a command among those of its sender.
pub(super) const SEQUENCE_HEADER: &str = "sluice-sequence";
/// What waits at the broker while this process stands still.
const COMMANDS: Bound = Bound { messages: 20_000, bytes: 64 << 20, age_ms: None };
/// APIs that are remembered; restarts make new ones.
const SENDERS: usize = 1_024;

#[cfg(test)]
mod tests {
    use sluice_contract::UnixTime;
    use uuid::Uuid;

    use super::*;

    fn command(sender: &str, number: u64) -> BasicProperties {
        let properties = codec::properties(&codec::CONTROL, sender, Uuid::nil(), UnixTime::EPOCH);
        codec::with_number(properties, SEQUENCE_HEADER, number)
    }

    #[test]
    fn a_gap_in_the_commands_of_one_api_shows() {
        let mut order = Order::default();
        assert!(order.follows(&command("one", 7)), "the first may have any number");
        assert!(order.follows(&command("two", 1)));
        assert!(order.follows(&command("one", 8)));
        assert!(order.follows(&command("two", 2)));
        assert!(!order.follows(&command("one", 10)));
    }
}
