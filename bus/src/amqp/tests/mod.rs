//! The bus over a real RabbitMQ: the one in `SLUICE_TEST_RABBITMQ`, or one that these tests start.

mod broker;
mod compatibility;
mod drills;
mod permissions;
mod sharing;
mod start;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::{AmqpApi, AmqpWorker};
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

/// Repeats until it succeeds: the other side comes by itself.
async fn again<T>(mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let trying = async {
        loop {
            if let Some(found) = attempt().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(60), trying).await.expect("it comes about in time")
}
