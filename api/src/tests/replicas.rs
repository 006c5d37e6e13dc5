//! Several APIs on one PostgreSQL database, whatever the suite runs on, joined by one bus. Questions of a worker go to
//! each in turn.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::json;
use sluice_contract::message::{EndReason, StatsReport, WorkerLoad};
use sluice_contract::{Operation, Secret};
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::*;
use crate::OpenError;
use crate::config::SecretKeySource;
use crate::jobs;
use crate::manage::{
    BlockOperations, BlockRequest, BroadcastChanges, BroadcastStatus, LoginRequest, NewAdministrator, NewBroadcast,
    NewToken, ProblemCode, PutSubscriber, TokenFilter,
};
use crate::secrets::SecretKeyError;

/// Two APIs, and what they have in common.
struct Pair {
    one: TestApi,
    other: TestApi,
}

impl Pair {
    async fn new() -> Self {
        let dir = Arc::new(tempfile::tempdir().expect("a folder"));
        let url = testing::postgres_of(&dir).await;
        let (bus, time) = common();
        let one = TestApi::joined(Arc::clone(&dir), replica(&url), bus.clone(), Arc::clone(&time));
        let one = one.await.expect("started");
        let other = TestApi::joined(dir, replica(&url), bus, time).await.expect("started");
        Self { one, other }
    }

    fn both(&self) -> [&TestApi; 2] {
        [&self.one, &self.other]
    }
}

fn common() -> (MemoryBus, Arc<AtomicI64>) {
    (MemoryBus::new(|| START), Arc::new(AtomicI64::new(START.as_millis())))
}

fn replica(url: &Secret<String>) -> ApiConfig {
    let mut config = ApiConfig::new("/nowhere");
    config.data_dir = std::env::temp_dir();
    config.database_url = Some(url.clone());
    config.secret_key = SecretKeySource::Value(key(7));
    config.exclusive = false;
    config
}

fn key(fill: u8) -> Secret<String> {
    Secret::new(data_encoding::BASE64.encode(&[fill; 32]))
}

async fn start(config: ApiConfig) -> Result<TestApi, StartError> {
    let (bus, time) = common();
    TestApi::joined(Arc::new(tempfile::tempdir().expect("a folder")), config, bus, time).await
}

async fn new_token(test: &TestApi, application: &Application) -> String {
    let (stream_id, expires_at) = (stream("stream1"), START.plus_secs(3_600));
    let new = NewToken { stream_id, operation: Operation::Play, expires_at, room_id: None };
    test.api.create_token(application, new).await.expect("created").token.expose().clone()
}

/// The next event, in time.
async fn next<T: Clone>(events: &mut broadcast::Receiver<T>) -> T {
    timeout(Duration::from_secs(10), events.recv()).await.expect("in time").expect("told")
}

const NAMED: &str = "subscriberId=publisherA";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_redemptions_of_five_hundred_tokens_each_wins_once() {
    let pair = Pair::new().await;
    let application = pair.one.set(json!({"playTokenControlEnabled": true})).await;
    let worker = pair.one.worker().await;
    let mut tokens = Vec::new();
    for _ in 0..500 {
        tokens.push(new_token(&pair.one, &application).await);
    }
    // All of a token's twenty at about the same time, and tokens side by side.
    let asked = tokens.iter().flat_map(|token| (2..22_u8).map(move |last| (token, last)));
    let answers = futures_util::stream::iter(asked.map(|(token, last)| {
        let request = from(worker.request(Operation::Play, "stream1", &format!("token={token}")), last);
        let worker = &worker;
        async move { (token, worker.ask(request).await) }
    }));
    let mut winners = HashSet::new();
    let mut answers = answers.buffer_unordered(64);
    let mut asked = 0;
    while let Some((token, answer)) = answers.next().await {
        asked += 1;
        match answer {
            AuthorizeReply::Allow { .. } => assert!(winners.insert(token), "one token let two in"),
            AuthorizeReply::Deny { reason } => assert_eq!(reason, DenyReason::TokenSpent),
        }
    }
    assert_eq!((asked, winners.len()), (10_000, 500));
    let unspent = TokenFilter { unspent: true, ..TokenFilter::default() };
    assert_eq!(pair.other.api.count_tokens(&application, &stream("stream1"), unspent).await.ok(), Some(0));
}

#[tokio::test]
async fn a_question_whose_answer_was_lost_gets_it_from_the_other() {
    let pair = Pair::new().await;
    let application = pair.one.set(json!({"playTokenControlEnabled": true})).await;
    let worker = pair.one.worker().await;
    let query = format!("token={}", new_token(&pair.one, &application).await);
    let request = worker.request(Operation::Play, "stream1", &query);
    let first = worker.ask(request.clone()).await;
    assert!(matches!(first, AuthorizeReply::Allow { .. }), "{first:?}");
    assert_eq!(worker.ask(request.clone()).await, first);
    assert_eq!(worker.ask(request).await, first);
    let another = worker.request(Operation::Play, "stream1", &query);
    assert_eq!(worker.refusal(another.clone()).await, DenyReason::TokenSpent);
    assert_eq!(worker.refusal(another).await, DenyReason::TokenSpent);
    // A publisher is not in its own way either.
    let publish = worker.request(Operation::Publish, "x", "");
    let first = worker.ask(publish.clone()).await;
    assert!(matches!(first, AuthorizeReply::Allow { .. }), "{first:?}");
    assert_eq!(worker.ask(publish).await, first);
}

#[tokio::test]
async fn nobody_is_let_in_by_settings_that_another_api_changed() {
    let pair = Pair::new().await;
    let worker = pair.one.worker().await;
    for round in 0..20 {
        let (test, on) = (pair.both()[round % 2], round % 3 == 0);
        test.set(json!({"playTokenControlEnabled": on})).await;
        for _ in 0..2 {
            let answer = worker.ask(worker.request(Operation::Play, "stream1", "")).await;
            assert_eq!(matches!(answer, AuthorizeReply::Allow { .. }), !on, "{answer:?}");
        }
        for test in pair.both() {
            assert_eq!(test.live_app().await.settings.play_token_control_enabled, on);
        }
    }
    let local = Viewer::local();
    pair.one.api.create_application(&local, "Sandbox").await.expect("created");
    pair.other.api.application(&local, "Sandbox").await.expect("known at once");
    pair.other.api.delete_application(&local, "Sandbox").await.expect("deleted");
    assert!(pair.one.api.application(&local, "Sandbox").await.is_err());
}

#[tokio::test]
async fn changes_of_settings_at_both_at_once_are_all_kept() {
    let pair = Pair::new().await;
    let changes = [("hlsTime", json!("4")), ("enableTimeTokenForPlay", json!(true)), ("hlsListSize", json!("7"))];
    let changed = changes.iter().enumerate().map(|(at, (name, value))| pair.both()[at % 2].set(json!({*name: value})));
    futures_util::future::join_all(changed).await;
    let settings = pair.other.live_app().await.settings.to_json();
    for (name, value) in changes {
        assert_eq!(settings[name].to_string().trim_matches('"'), value.to_string().trim_matches('"'), "{name}");
    }
}

#[tokio::test]
async fn a_limit_of_viewers_counts_those_of_both() {
    let pair = Pair::new().await;
    let application = pair.one.live_app().await;
    let new = NewBroadcast {
        stream_id: Some("stream1".to_owned()),
        fields: BroadcastChanges { hls_viewer_limit: Some(3), ..BroadcastChanges::default() },
        ..NewBroadcast::default()
    };
    pair.one.api.create_broadcast(&application, new).await.expect("created");
    let worker = pair.one.worker().await;
    let asked = (10..42_u8).map(|last| worker.ask(from(worker.request(Operation::Play, "stream1", ""), last)));
    let answers = futures_util::future::join_all(asked).await;
    let admitted = answers.iter().filter(|answer| matches!(answer, AuthorizeReply::Allow { .. })).count();
    assert_eq!(admitted, 3);
}

#[tokio::test]
async fn a_limit_of_connections_counts_those_of_both() {
    let pair = Pair::new().await;
    let application = pair.one.set(json!({"enableTimeTokenForPlay": true, "timeTokenReplayProtection": false})).await;
    let put = PutSubscriber {
        subscriber_id: Some("publisherA".to_owned()),
        b32_secret: Some(Secret::from("mysecret")),
        concurrent_connections_limit: Some(2),
        ..PutSubscriber::default()
    };
    pair.one.api.put_subscriber(&application, &stream("stream1"), put).await.expect("stored");
    let worker = pair.one.worker().await;
    let query = format!("{NAMED}&subscriberCode=806136");
    let asked = (10..30_u8).map(|last| worker.ask(from(worker.request(Operation::Play, "stream1", &query), last)));
    let answers = futures_util::future::join_all(asked).await;
    let admitted = answers.iter().filter(|answer| matches!(answer, AuthorizeReply::Allow { .. })).count();
    assert_eq!(admitted, 2);
}

#[tokio::test]
async fn guesses_count_at_both_together() {
    let pair = Pair::new().await;
    let application = pair.one.set(json!({"enableTimeTokenForPublish": true})).await;
    let put = PutSubscriber {
        subscriber_id: Some("publisherA".to_owned()),
        b32_secret: Some(Secret::from("mysecret")),
        operation: Some("publish".to_owned()),
        ..PutSubscriber::default()
    };
    pair.one.api.put_subscriber(&application, &stream("stream1"), put).await.expect("stored");
    let worker = pair.one.worker().await;
    let guess = |code: u32| worker.request(Operation::Publish, "stream1", &format!("{NAMED}&subscriberCode={code:06}"));
    for code in 1..=5 {
        assert_eq!(worker.refusal(guess(code)).await, DenyReason::CodeInvalid);
    }
    for _ in 0..2 {
        assert!(matches!(worker.refusal(guess(806_136)).await, DenyReason::TooManyGuesses { .. }));
    }
    // And passwords.
    let address = "203.0.113.9".parse().expect("an address");
    let wrong = || LoginRequest { email: "a@b.c".to_owned(), password: Secret::from("wrong"), address };
    let code = |outcome: crate::manage::Outcome<crate::manage::Login>| match outcome {
        Err(crate::manage::ManageError::Problem(problem)) => problem.code,
        other => panic!("{other:?}"),
    };
    for test in [&pair.one, &pair.other, &pair.one] {
        assert_eq!(code(test.api.login(wrong()).await), ProblemCode::WrongCredentials);
    }
    for test in pair.both() {
        assert_eq!(code(test.api.login(wrong()).await), ProblemCode::Throttled);
    }
    pair.one.pass(300);
    assert_eq!(code(pair.other.api.login(wrong()).await), ProblemCode::WrongCredentials);
}

#[tokio::test]
async fn blocks_at_both_at_once_reach_the_workers_in_their_order() {
    let pair = Pair::new().await;
    let worker = pair.one.worker().await;
    let mut controls = worker.link.subscribe().await.expect("linked");
    let application = pair.one.live_app().await;
    let blocks = (0..20).map(|at| {
        let request = BlockRequest {
            stream_id: stream("stream1"),
            subscriber_id: subscriber(&format!("viewer{at}")),
            operations: BlockOperations::Both,
            seconds: 60,
        };
        pair.both()[at % 2].api.block(&application, request)
    });
    let outcomes = futures_util::future::join_all(blocks).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_ok_and(|outcome| outcome.blocks.len() == 2)));
    let mut revisions = Vec::new();
    while let Ok(control) = controls.try_recv() {
        revisions.push(control.revision);
    }
    assert_eq!(revisions.len(), 40);
    assert!(revisions.is_sorted_by(|one, next| one + 1 == *next), "{revisions:?}");
    // Whoever joins anywhere knows them all.
    for _ in 0..2 {
        let late = pair.one.worker().await;
        assert_eq!(late.welcome.blocks.len(), 40);
        assert_eq!(Some(&late.welcome.revision), revisions.last());
    }
}

#[tokio::test]
async fn people_at_either_see_what_happens_at_the_other() {
    let pair = Pair::new().await;
    let worker = pair.one.worker().await;
    let mut blocks = pair.other.api.block_events();
    let mut watchers = pair.both().map(|test| {
        (test.api.session_events(), test.api.broadcast_events(), test.api.decisions(), test.api.stats_ticks())
    });
    let application = pair.one.live_app().await;
    let request = BlockRequest {
        stream_id: stream("stream1"),
        subscriber_id: subscriber("publisherB"),
        operations: BlockOperations::Play,
        seconds: 60,
    };
    pair.one.api.block(&application, request).await.expect("blocked");
    assert_eq!(next(&mut blocks).await.block.subscriber.as_str(), "publisherB");

    let session = worker.admitted(worker.request(Operation::Publish, "stream1", NAMED)).await;
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    let report = StatsReport { sessions: vec![session.clone()], ..StatsReport::of(worker.id, START) };
    worker.link.report(report).await;
    for (sessions, broadcasts, decisions, ticks) in &mut watchers {
        assert_eq!(next(sessions).await.session.id, session.session);
        assert_eq!(next(broadcasts).await.stream_id.as_str(), "stream1");
        assert_eq!(next(decisions).await.session, Some(session.session));
        assert_eq!(next(ticks).await.worker, worker.id);
    }
}

#[tokio::test]
async fn a_worker_that_nobody_hears_is_cleared_after_ten_seconds_and_no_other() {
    let pair = Pair::new().await;
    let worker = pair.one.worker().await;
    let session = worker.admitted(worker.request(Operation::Publish, "stream1", NAMED)).await;
    let mut broadcasts = pair.one.api.broadcast_events();
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    worker.tell(EventKind::StreamStarted { stream: stream_of(&session) }).await;
    next(&mut broadcasts).await;
    // A third starts that has never heard the worker; the two others are gone.
    let Pair { one, other } = pair;
    let (dir, bus, time) = (Arc::clone(&one.dir), one.bus.clone(), Arc::clone(&one.time));
    one.stop().await;
    other.stop().await;
    let url = testing::postgres_of(&dir).await;
    let third = TestApi::joined(dir, replica(&url), bus, time).await.expect("started");
    let on_air = async || {
        let broadcast = third.api.broadcast(&third.live_app().await, "stream1").await.expect("read");
        broadcast.is_some_and(|broadcast| broadcast.status == BroadcastStatus::Broadcasting)
    };
    jobs::watch_workers(&third.api).await.expect("watched");
    assert!(on_air().await, "it may only not have been heard yet");
    // Heard in time: nothing happens to it.
    let mut ticks = third.api.stats_ticks();
    let report = StatsReport { streams: vec![stream_of(&session)], ..StatsReport::of(worker.id, START) };
    worker.link.report(report).await;
    next(&mut ticks).await;
    third.pass(9);
    jobs::watch_workers(&third.api).await.expect("watched");
    assert!(on_air().await);
    // Silent from then on.
    third.pass(11);
    jobs::watch_workers(&third.api).await.expect("watched");
    assert!(!on_air().await);
}

#[tokio::test]
async fn a_worker_that_leaves_is_gone_at_once_everywhere() {
    let pair = Pair::new().await;
    let worker = pair.one.worker().await;
    let load = WorkerLoad { cores: 1.5, draining: true, ..WorkerLoad::default() };
    let mut ticks = pair.both().map(|test| test.api.stats_ticks());
    worker.link.report(StatsReport { load, name: "w1".to_owned(), ..StatsReport::of(worker.id, START) }).await;
    for (test, ticks) in pair.both().into_iter().zip(&mut ticks) {
        next(ticks).await;
        let seen = test.api.workers(&Viewer::local());
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].name.as_str(), seen[0].load), ("w1", load));
    }
    worker.link.report(StatsReport { leaving: true, ..StatsReport::of(worker.id, START) }).await;
    for (test, ticks) in pair.both().into_iter().zip(&mut ticks) {
        next(ticks).await;
        assert!(test.api.workers(&Viewer::local()).is_empty());
    }
}

#[tokio::test]
async fn any_api_makes_a_worker_drain() {
    let pair = Pair::new().await;
    let mut worker = pair.one.worker().await;
    let mut ticks = pair.other.api.stats_ticks();
    worker.link.report(StatsReport::of(worker.id, START)).await;
    next(&mut ticks).await;
    let drained = pair.other.api.drain_worker(&Viewer::local(), worker.id, true).await.expect("told");
    assert!(drained.load.draining);
    assert_eq!(worker.commands.recv().await, Some(Command::Drain { worker: worker.id, on: true }));
    let nobody = Viewer::anonymous(IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert!(pair.other.api.drain_worker(&nobody, worker.id, true).await.is_err());
}

#[tokio::test]
async fn events_that_overtake_one_another_are_all_told_once() {
    let pair = Pair::new().await;
    let worker = pair.one.worker().await;
    let session = worker.admitted(worker.request(Operation::Publish, "stream1", NAMED)).await;
    let mut sessions = pair.one.api.session_events();
    let start = worker.event(EventKind::SessionStarted { session: session.clone() });
    let mut end = worker.event(EventKind::SessionEnded { session, reason: EndReason::Closed, detail: None });
    end.at = START.plus_secs(5);
    crate::fleet::handle(&pair.one.api, &end).await.expect("recorded");
    assert_eq!(next(&mut sessions).await.session.end_reason, Some(EndReason::Closed));
    // Both at once, and again.
    let (here, there) = (&pair.one.api, &pair.other.api);
    let handled = [here, there, here].map(|api| crate::fleet::handle(api, &start));
    assert!(futures_util::future::join_all(handled).await.iter().all(Result::is_ok));
    crate::fleet::handle(there, &end).await.expect("recorded");
    let (application, filter) = (pair.one.live_app().await, crate::manage::ConnectionEventFilter::default());
    let events = here.connection_events(&application, filter, crate::manage::Page::first()).await.expect("read");
    let mut kinds: Vec<_> = events.into_nodes().iter().map(|event| event.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["connected", "disconnected"]);
}

#[tokio::test]
async fn several_that_start_at_once_fill_a_new_database_once() {
    let url = testing::empty().await;
    let first = NewAdministrator {
        email: "first@x.org".to_owned(),
        password: Secret::from("correct horse battery"),
        first_name: None,
        last_name: None,
        grants: Vec::new(),
    };
    let (one, two, three) = tokio::join!(start(replica(&url)), start(replica(&url)), start(replica(&url)));
    let all = [one.expect("started"), two.expect("started"), three.expect("started")];
    let code = all[0].api.set_up_code().await.expect("read").expect("there is one");
    for test in &all {
        assert_eq!(test.api.applications(&Viewer::local()).await.expect("read").len(), 2);
        assert_eq!(test.api.ticket_keys(test.api.store().reader()).await.expect("read").len(), 1);
        let same = test.api.set_up_code().await.expect("read").expect("there is one");
        assert!(same.matches(code.expose()));
    }
    let stranger = Viewer::anonymous("203.0.113.9".parse().expect("an address"));
    let created =
        all.each_ref().map(|test| test.api.create_first_administrator(&stranger, first.clone(), Some(code.clone())));
    let created = futures_util::future::join_all(created).await;
    assert_eq!(created.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn what_keeps_an_api_from_starting_is_said_without_the_password() {
    let dir = Arc::new(tempfile::tempdir().expect("a folder"));
    let url = testing::postgres_of(&dir).await;
    start(replica(&url)).await.expect("started").stop().await;
    let mut config = replica(&url);
    config.secret_key = SecretKeySource::Value(key(8));
    let wrong = start(config).await.err();
    assert!(matches!(wrong, Some(StartError::SecretKey(SecretKeyError::Wrong))), "{wrong:?}");

    let with = |from: &str, to: &str| replica(&Secret::new(url.expose().replacen(from, to, 1)));
    let login = start(with("sluice:sluice", "sluice:hidden-word")).await.err();
    assert!(matches!(login, Some(StartError::Open(OpenError::Login(_)))), "{login:?}");
    let name = url.expose().rsplit_once('/').expect("a name").1.to_owned();
    let absent = start(with(&name, "no_such_database")).await.err();
    assert!(matches!(absent, Some(StartError::Open(OpenError::NoDatabase(_)))), "{absent:?}");
    let port = url.expose().rsplit_once(':').expect("a port").1.split_once('/').expect("a name").0.to_owned();
    let unreachable = start(with(&format!(":{port}/"), ":1/")).await.err();
    assert!(matches!(unreachable, Some(StartError::Open(OpenError::Unreachable(_)))), "{unreachable:?}");
    let odd = start(with("postgres://", "mysql://")).await.err();
    assert!(matches!(odd, Some(StartError::Open(OpenError::Url))), "{odd:?}");
    for error in [login, absent, unreachable, odd].into_iter().flatten() {
        assert!(!format!("{error} {error:?}").contains("hidden-word") && !error.to_string().contains("sluice:"));
    }

    // A user who may read and write, but not change the schema.
    let user = format!("u_{}", Uuid::now_v7().simple());
    let make = format!("CREATE ROLE {user} LOGIN PASSWORD 'other'");
    let grant = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {user}");
    testing::as_owner(Some(&url), &[&make, &grant]).await;
    let lesser = with("sluice:sluice", &format!("{user}:other"));
    start(lesser.clone()).await.expect("a schema that is up to date needs no more").stop().await;
    let forget = "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)";
    testing::as_owner(Some(&url), &[forget]).await;
    let older = start(lesser).await.err();
    assert!(matches!(older, Some(StartError::Open(OpenError::Older))), "{older:?}");
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 0)";
    testing::as_owner(Some(&url), &[newer]).await;
    let newer = start(replica(&url)).await.err();
    assert!(matches!(newer, Some(StartError::Open(OpenError::Newer))), "{newer:?}");
}

#[tokio::test]
async fn a_text_that_cannot_be_stored_is_the_callers_problem() {
    let pair = Pair::new().await;
    let application = pair.one.live_app().await;
    let mut new = NewBroadcast { stream_id: Some("stream1".to_owned()), ..NewBroadcast::default() };
    new.fields.name = Some("a\0b".to_owned());
    let refused = pair.one.api.create_broadcast(&application, new).await;
    assert!(matches!(refused, Err(crate::manage::ManageError::Problem(p)) if p.code == ProblemCode::Invalid));
    let mut other = serde_json::Map::new();
    other.insert("category".to_owned(), json!("a\0b"));
    let new = NewBroadcast {
        stream_id: Some("stream1".to_owned()),
        fields: BroadcastChanges { other, ..BroadcastChanges::default() },
        ..NewBroadcast::default()
    };
    let refused = pair.one.api.create_broadcast(&application, new).await;
    assert!(matches!(refused, Err(crate::manage::ManageError::Problem(p)) if p.code == ProblemCode::Invalid));
}

#[tokio::test]
async fn a_new_api_hears_the_workers_before_it_answers() {
    let pair = Pair::new().await;
    let worker = pair.one.worker().await;
    let (link, id) = (Arc::clone(&worker.link), worker.id);
    let reporting = tokio::spawn(async move {
        loop {
            link.report(StatsReport::of(id, START)).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let url = testing::postgres_of(&pair.one.dir).await;
    let config = ApiConfig { replicated: true, ..replica(&url) };
    let (bus, time) = (pair.one.bus.clone(), Arc::clone(&pair.one.time));
    let late = TestApi::joined(Arc::clone(&pair.one.dir), config, bus, time).await.expect("started");
    reporting.abort();
    let request = BlockRequest {
        stream_id: stream("stream1"),
        subscriber_id: subscriber("publisherA"),
        operations: BlockOperations::Play,
        seconds: 60,
    };
    let outcome = late.api.block(&late.live_app().await, request).await.expect("blocked");
    assert_eq!((outcome.workers_acknowledged, outcome.workers_pending.len()), (1, 0));
}
