//! What every bus promises, as one suite. An implementation runs it with `conformance::suite!(async || Ends { … })`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sluice_contract::message::{
    About, AuthorizeCall, AuthorizeReply, Command, Control, ControlAck, DescribeCall, Description, EndReason,
    EventKind, Hello, LocateCall, Notice, Origin, RoomMember, SessionReport, SessionState, SessionStats, StatsReport,
    SubtrackFilter, Welcome, WorkerEvent,
};
use sluice_contract::{
    ClientBinding, Credentials, DenyReason, Intent, Operation, Peer, Protocol, RequestId, SessionId, StreamRequest,
    UnixTime, WorkerId,
};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{ApiLink, Authority, BusError, WorkerLink};

/// One API and one worker on one fresh bus.
pub struct Ends {
    pub api: Arc<dyn ApiLink>,
    pub worker: Arc<dyn WorkerLink>,
}

/// Makes one test of each promise for the bus that the asynchronous closure makes.
macro_rules! suite {
    ($make:expr) => {
        $crate::conformance::suite!(@ $make;
            a_question_without_an_api_is_unreachable,
            a_question_gets_the_answer_of_the_gate,
            a_question_past_its_deadline_is_not_asked,
            a_slow_gate_is_no_answer,
            a_failing_gate_is_no_answer,
            a_caller_that_gives_up_does_not_stop_the_gate,
            a_worker_learns_its_state_with_hello,
            a_command_reaches_every_worker_in_order,
            a_worker_that_falls_behind_loses_its_link,
            acknowledgements_reach_every_api,
            an_event_comes_once_when_it_was_handled,
            an_event_comes_again_until_it_was_handled,
            an_api_that_leaves_takes_no_event_with_it,
            reports_reach_every_api,
            a_stream_is_located,
            a_stream_is_described,
            notices_reach_every_api
        );
    };
    (@ $make:expr; $($test:ident),+) => {
        $(
            #[tokio::test]
            async fn $test() {
                $crate::conformance::$test($make().await).await;
            }
        )+
    };
}
pub(crate) use suite;

pub fn now() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    UnixTime::from_millis(i64::try_from(since.as_millis()).expect("the clock is before the year 292 million"))
}

pub async fn a_question_without_an_api_is_unreachable(ends: Ends) {
    assert_eq!(ends.worker.authorize(call(5_000)).await, Err(BusError::Unreachable));
    assert_eq!(ends.worker.hello(hello()).await, Err(BusError::Unreachable));
}

pub async fn a_question_gets_the_answer_of_the_gate(ends: Ends) {
    ends.api.serve(Gate::answering()).await.expect("serving");
    let reply = ends.worker.authorize(call(5_000)).await;
    assert_eq!(reply, Ok(AuthorizeReply::Deny { reason: DenyReason::UnregisteredStream }));
}

pub async fn a_question_past_its_deadline_is_not_asked(ends: Ends) {
    let gate = Gate::answering();
    ends.api.serve(gate.clone()).await.expect("serving");
    assert_eq!(ends.worker.authorize(call(-1)).await, Err(BusError::TimedOut));
    assert_eq!(gate.asked.load(Ordering::SeqCst), 0);
}

pub async fn a_slow_gate_is_no_answer(ends: Ends) {
    ends.api.serve(Gate::new(Behaviour::Hang)).await.expect("serving");
    assert_eq!(ends.worker.authorize(call(50)).await, Err(BusError::TimedOut));
}

pub async fn a_failing_gate_is_no_answer(ends: Ends) {
    ends.api.serve(Gate::new(Behaviour::Panic)).await.expect("serving");
    let answer = ends.worker.authorize(call(500)).await;
    assert!(matches!(answer, Err(BusError::Failed | BusError::TimedOut)), "{answer:?}");
}

pub async fn a_caller_that_gives_up_does_not_stop_the_gate(ends: Ends) {
    let (started, mut begun) = mpsc::channel(1);
    let (finished, mut done) = mpsc::channel(1);
    ends.api.serve(Gate::new(Behaviour::Report { started, finished })).await.expect("serving");
    let worker = Arc::clone(&ends.worker);
    let asking = tokio::spawn(async move { worker.authorize(call(5_000)).await });
    begun.recv().await.expect("the gate was asked");
    asking.abort();
    assert!(done.recv().await.is_some(), "the gate ran to its end");
}

pub async fn a_worker_learns_its_state_with_hello(ends: Ends) {
    ends.api.serve(Gate::answering()).await.expect("serving");
    assert_eq!(ends.worker.hello(hello()).await.map(|welcome| welcome.revision), Ok(7));
}

pub async fn a_command_reaches_every_worker_in_order(ends: Ends) {
    let mut first = ends.worker.subscribe().await.expect("linked");
    let mut second = ends.worker.subscribe().await.expect("linked");
    for revision in 1..=3 {
        ends.api.broadcast(control(revision)).await.expect("sent");
    }
    for receiver in [&mut first, &mut second] {
        for revision in 1..=3 {
            assert_eq!(receiver.recv().await, Some(control(revision)));
        }
    }
}

pub async fn a_worker_that_falls_behind_loses_its_link(ends: Ends) {
    let mut stalled = ends.worker.subscribe().await.expect("linked");
    for revision in 1..=MORE_THAN_FITS {
        ends.api.broadcast(control(revision)).await.expect("sent");
    }
    let mut received = 0;
    while let Some(command) = stalled.recv().await {
        received += 1;
        assert_eq!(command.revision, received, "no gap before the end");
    }
    assert!(received < MORE_THAN_FITS, "the queue is bounded");
}

/// Commands that no link holds for a worker that does not read.
const MORE_THAN_FITS: u64 = 3_000;

pub async fn acknowledgements_reach_every_api(ends: Ends) {
    let mut first = ends.api.acknowledgements().await;
    let mut second = ends.api.acknowledgements().await;
    let ack = ack();
    ends.worker.acknowledge(ack.clone()).await.expect("sent");
    assert_eq!(first.recv().await, Some(ack.clone()));
    assert_eq!(second.recv().await, Some(ack));
}

pub async fn an_event_comes_once_when_it_was_handled(ends: Ends) {
    let mut events = ends.api.events().await;
    for id in 1..=3 {
        ends.worker.publish(event(id)).await.expect("kept");
    }
    for id in 1..=3 {
        let delivery = events.recv().await.expect("an event");
        assert_eq!(delivery.event, event(id));
        delivery.done();
    }
    ends.worker.publish(event(4)).await.expect("kept");
    assert_eq!(events.recv().await.expect("the next").event, event(4), "nothing came twice");
}

pub async fn an_event_comes_again_until_it_was_handled(ends: Ends) {
    let mut events = ends.api.events().await;
    ends.worker.publish(event(1)).await.expect("kept");
    drop(events.recv().await.expect("the first try"));
    let again = events.recv().await.expect("the second try");
    assert_eq!(again.event, event(1));
    again.done();
}

pub async fn an_api_that_leaves_takes_no_event_with_it(ends: Ends) {
    drop(ends.api.events().await);
    ends.worker.publish(event(1)).await.expect("kept");
    let mut events = ends.api.events().await;
    assert_eq!(events.recv().await.expect("still there").event, event(1));
}

pub async fn reports_reach_every_api(ends: Ends) {
    let mut first = ends.api.reports().await;
    let mut second = ends.api.reports().await;
    let report = StatsReport { revision: 1, ..StatsReport::of(worker_id(), now()) };
    ends.worker.report(report.clone()).await;
    assert_eq!(first.recv().await, Some(report.clone()));
    assert_eq!(second.recv().await, Some(report));
}

pub async fn a_stream_is_located(ends: Ends) {
    let call = || LocateCall {
        worker: worker_id(),
        application: "LiveApp".parse().expect("a name"),
        stream_id: "stream1".parse().expect("a name"),
    };
    assert_eq!(ends.worker.locate(call()).await, Err(BusError::Unreachable));
    ends.api.serve(Gate::answering()).await.expect("serving");
    assert_eq!(ends.worker.locate(call()).await, Ok(Some(origin())));
    let elsewhere = LocateCall { stream_id: "stream2".parse().expect("a name"), ..call() };
    assert_eq!(ends.worker.locate(elsewhere).await, Ok(None));
}

pub async fn a_stream_is_described(ends: Ends) {
    let call = |stream: &str, about| DescribeCall {
        worker: worker_id(),
        application: "LiveApp".parse().expect("a name"),
        stream_id: stream.parse().expect("a name"),
        about,
    };
    let room = || call("room1", About::Room);
    assert_eq!(ends.worker.describe(room()).await, Err(BusError::Unreachable));
    ends.api.serve(Gate::answering()).await.expect("serving");
    assert_eq!(ends.worker.describe(room()).await, Ok(Some(Description::Room { members: vec![member()] })));
    let filter = SubtrackFilter { role: Some("host".to_owned()), status: None };
    for about in [
        About::Broadcast,
        About::SubscriberCount,
        About::Subscribers { offset: 3, size: 5 },
        About::Subtracks { offset: 0, size: 50, filter: filter.clone() },
        About::SubtrackCount { filter },
    ] {
        // The gate repeats what it was asked: nothing is lost on the way.
        let text = format!("{about:?}");
        assert_eq!(ends.worker.describe(call("stream1", about)).await, Ok(Some(Description::Text { text })));
    }
    assert_eq!(ends.worker.describe(call("nowhere", About::Broadcast)).await, Ok(None));
}

pub async fn notices_reach_every_api(ends: Ends) {
    let mut first = ends.api.notices().await;
    let mut second = ends.api.notices().await;
    let notice = Notice { from: Uuid::from_u128(5), body: serde_json::json!({"changed": "everything"}) };
    ends.api.notify(notice.clone()).await;
    assert_eq!(first.recv().await, Some(notice.clone()));
    assert_eq!(second.recv().await, Some(notice));
}

pub enum Behaviour {
    Answer,
    Hang,
    Panic,
    Report { started: mpsc::Sender<()>, finished: mpsc::Sender<()> },
}

pub struct Gate {
    behaviour: Behaviour,
    /// How often it was asked to authorize.
    pub asked: AtomicUsize,
}

impl Gate {
    pub fn new(behaviour: Behaviour) -> Arc<Self> {
        Arc::new(Self { behaviour, asked: AtomicUsize::new(0) })
    }

    pub fn answering() -> Arc<Self> {
        Self::new(Behaviour::Answer)
    }
}

#[async_trait]
impl Authority for Gate {
    async fn authorize(&self, _call: AuthorizeCall) -> AuthorizeReply {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match &self.behaviour {
            Behaviour::Answer => {}
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Panic => panic!("the gate fails"),
            Behaviour::Report { started, finished } => {
                started.send(()).await.expect("the test listens");
                tokio::time::sleep(Duration::from_millis(20)).await;
                finished.send(()).await.expect("the test listens");
            }
        }
        AuthorizeReply::Deny { reason: DenyReason::UnregisteredStream }
    }

    async fn hello(&self, hello: Hello) -> Option<Welcome> {
        Some(Welcome {
            version: hello.version,
            revision: 7,
            applications: Vec::new(),
            blocks: Vec::new(),
            ticket_keys: Vec::new(),
            end_sessions: Vec::new(),
            revocations: Vec::new(),
        })
    }

    async fn locate(&self, call: LocateCall) -> Option<Origin> {
        (call.stream_id.as_str() == "stream1").then(origin)
    }

    async fn describe(&self, call: DescribeCall) -> Option<Description> {
        match call.stream_id.as_str() {
            "room1" => Some(Description::Room { members: vec![member()] }),
            "stream1" => Some(Description::Text { text: format!("{:?}", call.about) }),
            _ => None,
        }
    }
}

fn origin() -> Origin {
    Origin { worker: worker_id(), relay: "10.0.0.7:5090".to_owned(), publisher: SessionId::new(Uuid::from_u128(9)) }
}

fn member() -> RoomMember {
    RoomMember {
        stream_id: "alice1".parse().expect("a name"),
        name: Some("Alice".to_owned()),
        meta_data: Some("{}".to_owned()),
        role: None,
    }
}

fn worker_id() -> WorkerId {
    WorkerId::new(Uuid::from_u128(42))
}

fn peer() -> Peer {
    Peer::new([127, 0, 0, 1].into(), None)
}

pub fn hello() -> Hello {
    Hello {
        version: sluice_contract::message::VERSION,
        worker: worker_id(),
        name: "test".to_owned(),
        last_revision: 0,
        sessions: Vec::new(),
        streams: Vec::new(),
        relay: None,
    }
}

pub fn call(deadline_in_ms: i64) -> AuthorizeCall {
    AuthorizeCall {
        request: StreamRequest {
            id: RequestId::new(Uuid::from_u128(1)),
            session: SessionId::new(Uuid::from_u128(2)),
            worker: worker_id(),
            application: "LiveApp".to_owned(),
            stream_id: "stream1".to_owned(),
            operation: Operation::Publish,
            protocol: Protocol::Rtmp,
            credentials: Credentials::default(),
            client: ClientBinding::of_peer(Protocol::Rtmp, &peer()),
            peer: peer(),
            intent: Intent::Start,
            publish_mode: None,
        },
        deadline: now().plus_millis(deadline_in_ms),
    }
}

pub fn ack() -> ControlAck {
    ControlAck {
        control: Uuid::from_u128(1),
        worker: worker_id(),
        revision: 1,
        sessions_stopped: 1,
        sessions_suspended: 0,
        sessions_resumed: 0,
        sessions_reached: 0,
        recordings: Vec::new(),
    }
}

pub fn control(revision: u64) -> Control {
    let command =
        Command::EndSession { session: SessionId::new(Uuid::from_u128(revision.into())), reason: EndReason::Stopped };
    Control { id: Uuid::from_u128(revision.into()), revision, command }
}

pub fn event(id: u128) -> WorkerEvent {
    let session = SessionReport {
        session: SessionId::new(Uuid::from_u128(9)),
        application: "LiveApp".parse().expect("a name"),
        stream_id: "stream1".parse().expect("a name"),
        operation: Operation::Publish,
        protocol: Protocol::Rtmp,
        subscriber: None,
        client: ClientBinding::of_peer(Protocol::Rtmp, &peer()),
        peer: peer(),
        admitted_by: Vec::new(),
        state: SessionState::Active,
        since: UnixTime::EPOCH,
        stats: SessionStats::default(),
    };
    WorkerEvent {
        id: Uuid::from_u128(id),
        worker: worker_id(),
        at: UnixTime::EPOCH,
        kind: EventKind::SessionStarted { session },
    }
}
