//! The bus over a real RabbitMQ: the one in `SLUICE_TEST_RABBITMQ`, or one that these tests start.

mod broker;

use std::sync::Arc;

use super::{AmqpApi, AmqpWorker, Broker};
use crate::conformance::{self, Ends};

use broker::Vhost;

crate::conformance::suite!(async || {
    let vhost = Vhost::new().await;
    // With the rights of production, so that they are proven to suffice.
    Ends { api: Arc::new(api(&vhost).await), worker: Arc::new(worker(&vhost).await) }
});

async fn api(vhost: &Vhost) -> AmqpApi {
    AmqpApi::connect(vhost.broker("sluice-api"), conformance::now).await.expect("an API can connect")
}

async fn worker(vhost: &Vhost) -> AmqpWorker {
    AmqpWorker::connect(vhost.broker("sluice-worker"), conformance::now).await.expect("a worker can connect")
}
