//! What the way over RabbitMQ costs: authorize calls as a worker sees them, with a gate that decides nothing. Worker and
//! API have their own connections in one process; the broker is one of its own, started by `scripts/rabbitmq`.
//!
//! `cargo bench -p sluice-bus --bench authorize [-- --quick]`

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sluice_bus::amqp::{AmqpApi, AmqpWorker, Broker, BusUrl};
use sluice_bus::{ApiLink, Authority, WorkerLink};
use sluice_contract::message::{AuthorizeCall, AuthorizeReply, Hello, LocateCall, Origin, Welcome};
use sluice_contract::{
    ClientBinding, Credentials, DenyReason, Intent, Operation, Peer, Protocol, RequestId, SessionId, StreamRequest,
    UnixTime, WorkerId,
};
use tokio::task::JoinSet;
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (mut process, url) = start_broker()?;
    let outcome = measure(&url, if quick { Duration::from_secs(2) } else { Duration::from_secs(10) }).await;
    drop(process.stdin.take());
    process.wait()?;
    outcome
}

async fn measure(url: &BusUrl, period: Duration) -> Outcome<()> {
    let api = AmqpApi::connect(Broker::new(url.clone(), None, "api")?, clock).await?;
    let worker = Arc::new(AmqpWorker::connect(Broker::new(url.clone(), None, "worker")?, clock).await?);
    api.serve(Arc::new(Gate)).await?;
    println!("in flight   calls/s   p50 ms   p99 ms   max ms   budget");
    run(&worker, 64, Duration::from_secs(1)).await?;
    for (in_flight, budget) in [(1, ""), (64, "p99 <= 12 ms, >= 5 000/s on two cores")] {
        let mut taken = run(&worker, in_flight, period).await?;
        taken.sort_unstable();
        let at = |share: f64| {
            let index = (taken.len() as f64 * share) as usize;
            taken.get(index).or(taken.last()).map_or(0.0, |taken| taken.as_secs_f64() * 1e3)
        };
        let rate = taken.len() as f64 / period.as_secs_f64();
        println!("{in_flight:>9}  {rate:>8.0}  {:>7.2}  {:>7.2}  {:>7.2}   {budget}", at(0.5), at(0.99), at(1.0));
    }
    worker.close().await;
    api.close().await;
    Ok(())
}

/// How long each call took.
async fn run(worker: &Arc<AmqpWorker>, in_flight: usize, period: Duration) -> Outcome<Vec<Duration>> {
    let until = Instant::now() + period;
    let mut askers = JoinSet::new();
    for _ in 0..in_flight {
        let worker = Arc::clone(worker);
        askers.spawn(async move {
            let mut taken = Vec::new();
            while Instant::now() < until {
                let start = Instant::now();
                worker.authorize(call()).await?;
                taken.push(start.elapsed());
            }
            Ok::<_, sluice_bus::BusError>(taken)
        });
    }
    let mut all = Vec::new();
    while let Some(taken) = askers.join_next().await {
        all.extend(taken??);
    }
    Ok(all)
}

struct Gate;

#[async_trait]
impl Authority for Gate {
    async fn authorize(&self, _call: AuthorizeCall) -> AuthorizeReply {
        AuthorizeReply::Deny { reason: DenyReason::UnregisteredStream }
    }

    async fn hello(&self, _hello: Hello) -> Option<Welcome> {
        None
    }

    async fn locate(&self, _call: LocateCall) -> Option<Origin> {
        None
    }
}

fn call() -> AuthorizeCall {
    let peer = Peer::new([127, 0, 0, 1].into(), None);
    AuthorizeCall {
        request: StreamRequest {
            id: RequestId::new(Uuid::new_v4()),
            session: SessionId::new(Uuid::new_v4()),
            worker: WorkerId::new(Uuid::from_u128(1)),
            application: "LiveApp".to_owned(),
            stream_id: "stream1".to_owned(),
            operation: Operation::Publish,
            protocol: Protocol::Rtmp,
            credentials: Credentials { token: Some("a-one-time-token".into()), ..Credentials::default() },
            client: ClientBinding::of_peer(Protocol::Rtmp, &peer),
            peer,
            intent: Intent::Start,
            publish_mode: None,
        },
        deadline: clock().plus_millis(2_000),
    }
}

fn start_broker() -> Outcome<(Child, BusUrl)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/rabbitmq");
    let mut process = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    BufReader::new(process.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    Ok((process, line.trim().parse()?))
}

fn clock() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
