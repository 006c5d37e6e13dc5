//! What a process says when it cannot start, and what nothing ever says.

use std::io::Write;
use std::sync::Arc;

use parking_lot::Mutex;
use sluice_contract::Credentials;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::broker::{PASSWORD, Vhost};
use super::{api, worker};
use crate::amqp::rights::{self, Rights};
use crate::amqp::{AmqpApi, AmqpWorker, Broker, BusUrl, ConnectError, Right};
use crate::conformance::{self, call};
use crate::{BusError, WorkerLink};

#[tokio::test]
async fn a_wrong_password_vhost_or_user_is_told() {
    let vhost = Vhost::new().await;
    let url = vhost.url("sluice-api");
    let wrong = BusUrl { password: "not-the-password".into(), ..url.clone() };
    assert!(matches!(refusal(wrong).await, ConnectError::Refused { user, .. } if user == "sluice-api"));
    let elsewhere = BusUrl { vhost: "nowhere".to_owned(), ..url.clone() };
    assert!(matches!(refusal(elsewhere).await, ConnectError::NoVhost { vhost, .. } if vhost == "nowhere"));
    let nobody = BusUrl { user: "nobody".to_owned(), ..url };
    let error = refusal(nobody).await;
    assert!(matches!(&error, ConnectError::VhostForbidden { user, .. } if user == "nobody"), "{error}");
    assert!(error.to_string().contains("rabbitmqctl set_permissions -p 'test/"), "{error}");
}

#[tokio::test]
async fn a_missing_right_of_an_api_is_named() {
    let all = rights::API;
    for (rights, right) in [
        (rights::WORKER, Right::configure("exchange sluice.rpc")),
        (Rights { configure: r"^sluice\.[a-z]+$", ..all }, Right::configure("queue sluice.queue.events")),
        (Rights { write: r"^sluice\.(control|notices|queue\..+)$", ..all }, Right::write("queues sluice.api.*")),
        (
            Rights { write: r"^sluice\.(control|notices|queue\..+|api\..+)$", ..all },
            Right::write("exchange amq.default"),
        ),
        (
            Rights { write: r"^(sluice\.(notices|queue\..+|api\..+)|amq\.default)$", ..all },
            Right::write("exchange sluice.control"),
        ),
        (
            Rights { read: r"^sluice\.(rpc|events|reports|notices|queue\..+|api\..+)$", ..all },
            Right::read("exchange sluice.acks"),
        ),
        (
            Rights { read: r"^sluice\.(rpc|acks|events|reports|notices|api\..+)$", ..all },
            Right::read("queue sluice.queue.events"),
        ),
    ] {
        let vhost = Vhost::new().await;
        vhost.grant("nobody", rights).await;
        let error = refusal(vhost.url("nobody")).await;
        assert!(matches!(&error, ConnectError::Forbidden { right: found, .. } if *found == right), "{right}: {error}");
    }
}

#[tokio::test]
async fn a_missing_right_of_a_worker_is_named() {
    let vhost = Vhost::new().await;
    let _api = api(&vhost).await;
    let all = rights::WORKER;
    for (rights, right) in [
        (Rights { configure: "", ..all }, Right::configure("queues sluice.worker.*")),
        (Rights { write: r"^sluice\.(rpc|acks|reports|worker\..+)$", ..all }, Right::write("exchange sluice.events")),
        (Rights { read: r"^sluice\.worker\..+$", ..all }, Right::read("exchange sluice.control")),
        (Rights { read: r"^sluice\.control$", ..all }, Right::read("queues sluice.worker.*")),
    ] {
        vhost.grant("nobody", rights).await;
        let started = AmqpWorker::connect(vhost.broker("nobody"), conformance::now).await;
        let error = started.err().expect("something is missing");
        assert!(matches!(&error, ConnectError::Forbidden { right: found, .. } if *found == right), "{right}: {error}");
    }
}

#[tokio::test]
async fn something_else_than_a_broker_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 64]).await;
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        }
    });
    let url = BusUrl { port, .."amqp://u:correct-horse-battery@127.0.0.1/x".parse().expect("valid") };
    let error = refusal(url.clone()).await;
    assert!(matches!(error, ConnectError::NotAmqp { .. }), "{error}");
    let error = refusal(BusUrl { tls: true, ..url }).await;
    assert!(error.is_permanent(), "{error}");
}

#[tokio::test]
async fn a_broker_that_is_away_is_an_error_at_the_start_after_some_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let url = BusUrl { port, ..format!("amqp://u:{PASSWORD}@127.0.0.1/x").parse().expect("valid") };
    let error = refusal(url).await;
    assert!(matches!(&error, ConnectError::Unreachable { cause, .. } if cause.contains("refused")), "{error}");
}

/// A question that nobody takes comes back to its sender with its body, which holds what the peer showed.
#[tokio::test]
async fn no_credential_reaches_the_log() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let vhost = Vhost::new().await;
    let (api, worker) = (api(&vhost).await, worker(&vhost).await);
    let mut call = call(5_000);
    call.request.credentials = Credentials { token: Some("mysecrettoken".into()), ..Credentials::default() };
    assert_eq!(worker.authorize(call).await, Err(BusError::Unreachable));
    worker.close().await;
    api.close().await;
    let said = String::from_utf8_lossy(&log.0.lock()).into_owned();
    assert!(said.contains("linked to the bus"), "{said}");
    let in_numbers = format!("{:?}", b"mysecrettoken");
    for secret in ["mysecrettoken", in_numbers.trim_matches(['[', ']']), PASSWORD] {
        assert!(!said.contains(secret), "{said}");
    }
}

/// Why an API does not start; never with the password.
async fn refusal(url: BusUrl) -> ConnectError {
    let password = url.password.expose().clone();
    let broker = Broker::new(url, None, "test").expect("without authorities");
    let error = AmqpApi::connect(broker, conformance::now).await.err().expect("it cannot start");
    assert!(!format!("{error} {error:?}").contains(&password), "{error:?}");
    error
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
