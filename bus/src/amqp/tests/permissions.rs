//! What the users of a broker cannot do.

use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeBindOptions, ExchangeDeclareOptions,
    ExchangeDeleteOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ErrorKind, ExchangeKind};

use super::broker::Vhost;
use super::{api, worker};
use crate::amqp::error::Context;
use crate::amqp::rights;
use crate::conformance::{Gate, call};
use crate::{ApiLink, WorkerLink};

#[tokio::test]
async fn a_worker_can_neither_answer_nor_command_nor_read_what_is_not_its_own() {
    let vhost = Vhost::new().await;
    let api = api(&vhost).await;
    api.serve(Gate::answering()).await.expect("serving");
    let connection = connect(&vhost, "sluice-worker").await;
    let stranger = Stranger(&connection);
    let none = FieldTable::default;

    // It cannot take calls off their queues, nor events, nor throw them away.
    for queue in ["sluice.queue.authorize", "sluice.queue.hello", "sluice.queue.events"] {
        let consumed = stranger
            .channel()
            .await
            .basic_consume(queue.into(), "".into(), BasicConsumeOptions::default(), none())
            .await;
        refused(consumed, "consume");
        refused(stranger.channel().await.queue_purge(queue.into(), QueuePurgeOptions::default()).await, "purge");
        refused(stranger.channel().await.queue_delete(queue.into(), QueueDeleteOptions::default()).await, "delete");
    }
    // It cannot publish commands, nor replies, nor notices, nor past an exchange into a queue.
    for (exchange, key) in
        [("sluice.control", ""), ("sluice.notices", ""), ("", "sluice.queue.events"), ("", "amq.rabbitmq.reply-to.x.y")]
    {
        stranger.cannot_publish(exchange, key).await;
    }
    // It cannot listen to what other workers send.
    let channel = stranger.channel().await;
    let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
    channel.queue_declare("sluice.worker.mine".into(), own, none()).await.expect("its own");
    for exchange in ["sluice.rpc", "sluice.events", "sluice.acks", "sluice.reports", "sluice.notices"] {
        let bound = stranger
            .channel()
            .await
            .queue_bind(
                "sluice.worker.mine".into(),
                exchange.into(),
                "authorize".into(),
                QueueBindOptions::default(),
                none(),
            )
            .await;
        refused(bound, exchange);
    }
    // It cannot make, change or remove what is shared, nor join queues of others to it.
    let declared = stranger
        .channel()
        .await
        .queue_declare("sluice.queue.authorize2".into(), QueueDeclareOptions::default(), none())
        .await;
    refused(declared, "declare a queue");
    let declared = stranger
        .channel()
        .await
        .exchange_declare("sluice.mine".into(), ExchangeKind::Fanout, ExchangeDeclareOptions::default(), none())
        .await;
    refused(declared, "declare an exchange");
    refused(
        stranger.channel().await.exchange_delete("sluice.control".into(), ExchangeDeleteOptions::default()).await,
        "delete",
    );
    let bound = stranger
        .channel()
        .await
        .queue_bind(
            "sluice.queue.events".into(),
            "sluice.control".into(),
            "".into(),
            QueueBindOptions::default(),
            none(),
        )
        .await;
    refused(bound, "bind the queue of events");
    let bound = stranger
        .channel()
        .await
        .exchange_bind(
            "sluice.control".into(),
            "sluice.rpc".into(),
            "authorize".into(),
            ExchangeBindOptions::default(),
            none(),
        )
        .await;
    refused(bound, "join exchanges");

    let worker = worker(&vhost).await;
    assert!(worker.authorize(call(5_000)).await.is_ok(), "and yet it can do its work");
}

#[tokio::test]
async fn an_api_cannot_speak_for_workers() {
    let vhost = Vhost::new().await;
    let _api = api(&vhost).await;
    let connection = connect(&vhost, "sluice-api").await;
    for exchange in ["sluice.rpc", "sluice.acks", "sluice.events", "sluice.reports"] {
        Stranger(&connection).cannot_publish(exchange, "").await;
    }
    let declared = Stranger(&connection)
        .channel()
        .await
        .queue_declare("elsewhere".into(), QueueDeclareOptions::default(), FieldTable::default())
        .await;
    refused(declared, "declare outside of its names");
}

struct Stranger<'a>(&'a Connection);

impl Stranger<'_> {
    /// A refusal closes the channel, so each attempt has a new one.
    async fn channel(&self) -> Channel {
        self.0.create_channel().await.expect("a channel")
    }

    async fn cannot_publish(&self, exchange: &str, key: &str) {
        let channel = self.channel().await;
        channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
        let properties = BasicProperties::default();
        let published = channel
            .basic_publish(exchange.into(), key.into(), BasicPublishOptions::default(), b"{}", properties)
            .await
            .expect("handed over");
        refused(published.await, exchange);
    }
}

fn refused<T: std::fmt::Debug>(outcome: lapin::Result<T>, what: &str) {
    let error = outcome.expect_err(what);
    let ErrorKind::ProtocolError(refusal) = error.kind() else { panic!("{what}: {error}") };
    assert_eq!(refusal.get_id(), 403, "{what}: {error}");
}

async fn connect(vhost: &Vhost, user: &str) -> Connection {
    let context = Context { url: vhost.url(user), rights: rights::WORKER };
    vhost.broker(user).dial(&context).await.expect("connected")
}
