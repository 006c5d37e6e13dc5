//! A broker that is killed, frozen, or behind TLS. These have a broker of their own.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::sync::{Mutex, MutexGuard, mpsc, watch};
use tokio::time::timeout;

use super::again;
use super::broker::{Server, Vhost};
use crate::amqp::{AmqpApi, AmqpWorker, Broker, BusUrl, ConnectError};
use crate::conformance::{self, Behaviour, Gate, call, event, hello};
use crate::{ApiLink, BusError, WorkerLink};

#[tokio::test]
async fn nothing_that_was_confirmed_is_lost_when_the_broker_is_killed() {
    let mut hurt = Hurt::lock().await;
    let vhost = Vhost::on(hurt.server).await;
    let (api, worker) = ends(&vhost, 5).await;
    api.serve(Gate::new(Behaviour::Hang)).await.expect("serving");
    let mut commands = worker.subscribe().await.expect("linked");
    let pending = tokio::spawn({
        let worker = Arc::clone(&worker);
        async move { worker.authorize(call(60_000)).await }
    });
    // An outbox: what is not confirmed is published again.
    let (confirmed, mut progress) = watch::channel(0_u128);
    let (finish, mut finished) = watch::channel(false);
    let publishing = tokio::spawn({
        let worker = Arc::clone(&worker);
        async move {
            let mut id = 0;
            while !*finished.borrow_and_update() {
                id += 1;
                while worker.publish(event(id)).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                confirmed.send_replace(id);
            }
            id
        }
    });
    let mut events = api.events().await;
    let (sender, mut received) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(delivery) = events.recv().await {
            let _ = sender.send(delivery.event.id.as_u128());
            delivery.done();
        }
    });
    progress.wait_for(|confirmed| *confirmed >= 20).await.expect("events are confirmed");

    hurt.signal("KILL");
    let killed = Instant::now();
    assert_eq!(pending.await.expect("no panic"), Err(BusError::Unreachable));
    assert_eq!(commands.recv().await, None);
    assert!(killed.elapsed() < Duration::from_secs(2), "both learn it at once");
    hurt.start().await;
    again(async || worker.subscribe().await.ok()).await;
    again(async || worker.hello(hello()).await.ok()).await;
    let before = *progress.borrow();
    progress.wait_for(|confirmed| *confirmed > before + 10).await.expect("events are confirmed again");

    finish.send_replace(true);
    let last = publishing.await.expect("no panic");
    let mut seen = BTreeSet::new();
    while seen.len() < usize::try_from(last).expect("small") {
        let id = timeout(Duration::from_secs(20), received.recv()).await.expect("nothing is missing").expect("running");
        seen.insert(id);
    }
    assert_eq!(seen, (1..=last).collect());
    api.close().await;
    worker.close().await;
}

#[tokio::test]
async fn a_frozen_broker_is_given_up_and_found_again() {
    let hurt = Hurt::lock().await;
    let vhost = Vhost::on(hurt.server).await;
    let (api, worker) = ends(&vhost, 1).await;
    api.serve(Gate::answering()).await.expect("serving");
    let mut commands = worker.subscribe().await.expect("linked");
    hurt.signal("STOP");
    assert_eq!(worker.authorize(call(300)).await, Err(BusError::TimedOut));
    let ended = timeout(Duration::from_secs(20), commands.recv()).await;
    let refused = worker.authorize(call(5_000)).await;
    // Before anything can panic: a frozen broker would hold up the other tests.
    hurt.signal("CONT");
    assert_eq!(ended, Ok(None), "silence is a lost link");
    assert_eq!(refused, Err(BusError::Unreachable));
    again(async || worker.authorize(call(1_000)).await.ok()).await;
    api.close().await;
    worker.close().await;
}

#[tokio::test]
async fn an_encrypted_broker_is_trusted_with_its_authority_only() {
    let hurt = Hurt::lock().await;
    let vhost = Vhost::on(hurt.server).await;
    let url =
        BusUrl { tls: true, port: hurt.server.port("tls-port"), host: "localhost".to_owned(), ..vhost.url("guest") };
    let trusting = Broker::new(url.clone(), Some(hurt.authority.as_bytes()), "api").expect("an authority");
    let api = AmqpApi::connect(trusting, conformance::now).await.expect("trusted");
    let trusting = Broker::new(url.clone(), Some(hurt.authority.as_bytes()), "worker").expect("an authority");
    let worker = AmqpWorker::connect(trusting, conformance::now).await.expect("trusted");
    api.serve(Gate::answering()).await.expect("serving");
    assert!(worker.authorize(call(5_000)).await.is_ok());

    let stranger = Broker::new(url.clone(), None, "api").expect("no authority");
    let error = AmqpApi::connect(stranger, conformance::now).await.err().expect("not trusted");
    assert!(matches!(&error, ConnectError::Tls { cause, .. } if cause.contains("UnknownIssuer")), "{error}");

    let other_name = BusUrl { host: "127.0.0.1".to_owned(), ..url.clone() };
    let other_name = Broker::new(other_name, Some(hurt.authority.as_bytes()), "api").expect("an authority");
    let error = AmqpApi::connect(other_name, conformance::now).await.err().expect("not its name");
    assert!(matches!(&error, ConnectError::Tls { cause, .. } if cause.contains("not valid for name")), "{error}");

    assert_eq!(Broker::new(url, Some(b"no certificate"), "api").err(), Some(ConnectError::NoAuthority));
    api.close().await;
    worker.close().await;
}

async fn ends(vhost: &Vhost, heartbeat_seconds: u16) -> (AmqpApi, Arc<AmqpWorker>) {
    let broker =
        |user| Broker::new(BusUrl { heartbeat_seconds, ..vhost.url(user) }, None, user).expect("without authorities");
    let api = AmqpApi::connect(broker("sluice-api"), conformance::now).await.expect("connected");
    let worker = AmqpWorker::connect(broker("sluice-worker"), conformance::now).await.expect("connected");
    (api, Arc::new(worker))
}

/// The broker that is hurt, by one test at a time.
struct Hurt {
    server: &'static Server,
    /// The certificate that its own is signed with, PEM.
    authority: &'static str,
    turn: MutexGuard<'static, Option<Server>>,
}

impl Hurt {
    async fn lock() -> Self {
        /// Holds what a drill started in place of what it killed.
        static TURN: Mutex<Option<Server>> = Mutex::const_new(None);
        static MADE: OnceLock<(Server, String)> = OnceLock::new();
        let turn = TURN.lock().await;
        let made = tokio::task::spawn_blocking(|| MADE.get_or_init(Self::make));
        let (server, authority) = made.await.expect("the broker starts");
        Self { server, authority, turn }
    }

    fn make() -> (Server, String) {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signed");
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(["localhost".to_owned()])
            .expect("a name")
            .signed_by(&key, &authority)
            .expect("signed");
        let folder = Server::folder_for_one();
        std::fs::create_dir(&folder).expect("a folder");
        let (cert, pem) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, certificate.pem()).expect("written");
        std::fs::write(&pem, key.serialize_pem()).expect("written");
        let server =
            Server::start_in(&folder, &["--tls", &cert.to_string_lossy(), &pem.to_string_lossy(), "--discard"]);
        server.make_users();
        (server, authority.pem())
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args(["-s", signal, &self.server.pid().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Again, on the same data, once what was killed has gone.
    async fn start(&mut self) {
        let server = self.server;
        let started = tokio::task::spawn_blocking(move || {
            server.ended();
            let file = |name| server.folder().join(name).to_string_lossy().into_owned();
            Server::start_in(server.folder(), &["--tls", &file("cert.pem"), &file("key.pem"), "--discard"])
        });
        *self.turn = Some(started.await.expect("it starts"));
    }
}
