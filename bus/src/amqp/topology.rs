//! Names and properties of what is declared at the broker, and the check that our rights suffice for it.

use futures_util::StreamExt;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};
use sluice_contract::UnixTime;
use uuid::Uuid;

use super::codec;
use super::error::{ConnectError, Context, Right};

/// Calls of workers; the routing key is the kind.
pub(super) const RPC: &str = "sluice.rpc";
pub(super) const CONTROL: &str = "sluice.control";
pub(super) const ACKS: &str = "sluice.acks";
pub(super) const EVENTS: &str = "sluice.events";
pub(super) const REPORTS: &str = "sluice.reports";
pub(super) const NOTICES: &str = "sluice.notices";
/// Not named like its exchange: a worker may write to that one, and must not bind to this queue.
pub(super) const EVENT_QUEUE: &str = "sluice.queue.events";
/// Where the broker delivers answers, without a queue (RabbitMQ, "Direct Reply-to").
pub(super) const REPLY_TO: &str = "amq.rabbitmq.reply-to";

/// The queue of one kind of call.
pub(super) fn call_queue(kind: &str) -> String {
    format!("sluice.queue.{kind}")
}

/// A queue of one connection of an API. Never the same name twice: the broker may still hold the old one.
pub(super) fn api_queue() -> String {
    format!("sluice.api.{}", Uuid::new_v4())
}

/// A queue of one connection of a worker.
pub(super) fn worker_queue() -> String {
    format!("sluice.worker.{}", Uuid::new_v4())
}

/// How much a queue of one connection holds; beyond that the oldest message goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub messages: i64,
    pub bytes: i64,
    /// What is older is worth nothing.
    pub age_ms: Option<i64>,
}

/// Declares a queue that lives with this connection, and binds it.
pub(super) async fn own_queue(
    channel: &Channel,
    context: &Context,
    queue: &str,
    exchange: &str,
    bound: Bound,
) -> Result<(), ConnectError> {
    let mut arguments = vec![("x-max-length", number(bound.messages)), ("x-max-length-bytes", number(bound.bytes))];
    arguments.extend(bound.age_ms.map(|age| ("x-message-ttl", number(age))));
    let options = QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
    channel
        .queue_declare(queue.into(), options, table(arguments))
        .await
        .map_err(|error| context.using(&error, Right::configure(own(queue))))?;
    bind(channel, context, queue, exchange, "").await
}

/// Declares the queue of one kind of call. It goes with its last consumer, so that without any API nothing is routed
/// and the caller learns it at once. Declared durable: brokers of version 4 know no other kind of shared queue.
pub(super) async fn declare_call_queue(channel: &Channel, context: &Context, kind: &str) -> Result<(), ConnectError> {
    let queue = call_queue(kind);
    let arguments = vec![
        ("x-queue-type", text("classic")),
        ("x-message-ttl", number(CALL_AGE_MS)),
        ("x-max-length", number(CALLS_WAITING)),
        ("x-overflow", text("reject-publish")),
        // One that survived a restart of the broker without its consumers goes too.
        ("x-expires", number(UNUSED_AFTER_MS)),
    ];
    let options = QueueDeclareOptions { durable: true, auto_delete: true, ..QueueDeclareOptions::default() };
    channel
        .queue_declare(queue.as_str().into(), options, table(arguments))
        .await
        .map_err(|error| context.using(&error, Right::configure(format!("queue {queue}"))))?;
    bind(channel, context, &queue, RPC, kind).await
}

/// Declares what APIs and workers share, and tries every right that an API needs.
pub(super) async fn prepare_as_api(connection: &Connection, context: &Context) -> Result<(), ConnectError> {
    let channel = channel(connection, context).await?;
    for (exchange, kind) in [
        (RPC, ExchangeKind::Direct),
        (CONTROL, ExchangeKind::Fanout),
        (ACKS, ExchangeKind::Fanout),
        (EVENTS, ExchangeKind::Fanout),
        (REPORTS, ExchangeKind::Fanout),
        (NOTICES, ExchangeKind::Fanout),
    ] {
        let options = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        channel
            .exchange_declare(exchange.into(), kind, options, FieldTable::default())
            .await
            .map_err(|error| context.using(&error, Right::configure(format!("exchange {exchange}"))))?;
    }
    let arguments = vec![
        ("x-queue-type", text("classic")),
        // One API at a time handles events, so that those of one worker keep their order; the others stand by.
        ("x-single-active-consumer", AMQPValue::Boolean(true)),
        ("x-max-length", number(EVENTS_WAITING)),
        ("x-overflow", text("reject-publish")),
    ];
    let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel
        .queue_declare(EVENT_QUEUE.into(), options, table(arguments))
        .await
        .map_err(|error| context.using(&error, Right::configure(format!("queue {EVENT_QUEUE}"))))?;
    bind(&channel, context, EVENT_QUEUE, EVENTS, "").await?;
    let queue = api_queue();
    own_queue(&channel, context, &queue, ACKS, PROBED).await?;
    for exchange in [RPC, REPORTS, NOTICES] {
        bind(&channel, context, &queue, exchange, codec::PROBE.name).await?;
    }
    delete(&channel, context, &queue).await?;
    probe_read(&channel, context, EVENT_QUEUE).await?;
    for exchange in [CONTROL, NOTICES, ""] {
        probe_write(&channel, context, exchange).await?;
    }
    // Events that were handed to the probing consumer go back.
    close(&channel).await;
    Ok(())
}

/// Sees that an API has declared what is shared, and tries every right that a worker needs.
pub(super) async fn prepare_as_worker(connection: &Connection, context: &Context) -> Result<(), ConnectError> {
    let channel = channel(connection, context).await?;
    for (exchange, kind) in [
        (RPC, ExchangeKind::Direct),
        (CONTROL, ExchangeKind::Fanout),
        (ACKS, ExchangeKind::Fanout),
        (EVENTS, ExchangeKind::Fanout),
        (REPORTS, ExchangeKind::Fanout),
    ] {
        let options = ExchangeDeclareOptions { passive: true, durable: true, ..ExchangeDeclareOptions::default() };
        channel
            .exchange_declare(exchange.into(), kind, options, FieldTable::default())
            .await
            .map_err(|error| context.using(&error, Right::read(format!("exchange {exchange}"))))?;
    }
    let queue = worker_queue();
    own_queue(&channel, context, &queue, CONTROL, PROBED).await?;
    probe_read(&channel, context, &queue).await?;
    for exchange in [RPC, ACKS, EVENTS, REPORTS] {
        probe_write(&channel, context, exchange).await?;
    }
    close(&channel).await;
    Ok(())
}

pub(super) async fn channel(connection: &Connection, context: &Context) -> Result<Channel, ConnectError> {
    connection.create_channel().await.map_err(|error| context.unreachable(error.to_string()))
}

pub(super) async fn confirming_channel(connection: &Connection, context: &Context) -> Result<Channel, ConnectError> {
    let channel = channel(connection, context).await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .map_err(|error| context.unreachable(error.to_string()))?;
    Ok(channel)
}

/// Closes a channel that may be closed already. What it had not acknowledged goes back to its queue.
pub(super) async fn close(channel: &Channel) {
    let _ = tokio::time::timeout(CLOSE_PATIENCE, channel.close(200, "done".into())).await;
}

async fn bind(
    channel: &Channel,
    context: &Context,
    queue: &str,
    exchange: &str,
    key: &str,
) -> Result<(), ConnectError> {
    let bound = channel
        .queue_bind(queue.into(), exchange.into(), key.into(), QueueBindOptions::default(), FieldTable::default())
        .await;
    bound.map_err(|error| {
        // Binding needs a right on either side; the broker names the one that lacks.
        let right = if error.to_string().contains(&format!("exchange '{exchange}'")) {
            Right::read(format!("exchange {exchange}"))
        } else {
            Right::write(own(queue))
        };
        context.using(&error, right)
    })
}

async fn delete(channel: &Channel, context: &Context, queue: &str) -> Result<(), ConnectError> {
    channel
        .queue_delete(queue.into(), QueueDeleteOptions::default())
        .await
        .map(|_| ())
        .map_err(|error| context.using(&error, Right::configure(own(queue))))
}

/// Consumes for a moment.
async fn probe_read(channel: &Channel, context: &Context, queue: &str) -> Result<(), ConnectError> {
    let refused = |error: lapin::Error| context.using(&error, Right::read(own(queue)));
    channel.basic_qos(1, BasicQosOptions::default()).await.map_err(refused)?;
    let tag = Uuid::new_v4().to_string();
    let consumer = channel
        .basic_consume(queue.into(), tag.as_str().into(), BasicConsumeOptions::default(), FieldTable::default())
        .await
        .map_err(refused)?;
    channel.basic_cancel(tag.as_str().into(), lapin::options::BasicCancelOptions::default()).await.map_err(refused)?;
    drop(consumer);
    Ok(())
}

/// Publishes what expires on the spot and what nobody takes for a message. The broker refuses it by closing the
/// channel, which the next answered request on it shows.
async fn probe_write(channel: &Channel, context: &Context, exchange: &str) -> Result<(), ConnectError> {
    let name = if exchange.is_empty() { "amq.default" } else { exchange };
    let refused = |error: lapin::Error| context.using(&error, Right::write(format!("exchange {name}")));
    let properties = codec::properties(&codec::PROBE, "", Uuid::new_v4(), UnixTime::EPOCH).with_expiration("0".into());
    let key = codec::PROBE.name.into();
    channel
        .basic_publish(exchange.into(), key, BasicPublishOptions::default(), &[], properties)
        .await
        .map_err(refused)?;
    channel.basic_qos(1, BasicQosOptions::default()).await.map_err(refused)
}

/// A queue as errors name it: what is unique in the name of an own one says nothing.
fn own(queue: &str) -> String {
    match queue.strip_prefix("sluice.").and_then(|rest| rest.split_once('.')) {
        Some((side @ ("api" | "worker"), _)) => format!("queues sluice.{side}.*"),
        _ => format!("queue {queue}"),
    }
}

fn table(arguments: Vec<(&str, AMQPValue)>) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert(name.into(), value);
    }
    table
}

fn number(number: i64) -> AMQPValue {
    AMQPValue::LongLongInt(number)
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// The next message of a consumer; `None` when it, its channel or its connection ended.
pub(super) async fn next(consumer: &mut lapin::Consumer) -> Option<lapin::message::Delivery> {
    consumer.next().await?.ok()
}

/// The bound of a queue that only proves that it can be declared.
const PROBED: Bound = Bound { messages: 1, bytes: 1 << 10, age_ms: None };
/// Longer than any deadline of a call: what is older than its own was dropped before.
const CALL_AGE_MS: i64 = 15_000;
/// Calls of all workers that wait for an API. More are refused at once.
const CALLS_WAITING: i64 = 10_000;
const UNUSED_AFTER_MS: i64 = 10_000;
/// About 1 GiB. Beyond it workers keep their events to themselves.
const EVENTS_WAITING: i64 = 1_000_000;
const CLOSE_PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);
