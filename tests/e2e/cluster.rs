//! Several APIs and workers: what holds across them, and what a process says that cannot join.

use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Face, Live, Operation, Rest, Rtmp, Said, Server, Setup, eventually, now};

const APP: &str = "Cluster";

fn person(number: u8) -> IpAddr {
    IpAddr::from([127, 51, 0, number])
}

/// A viewer who asks one worker directly.
fn at(worker: SocketAddr, number: u8) -> Rest {
    Rest::new(worker, Some(person(number)))
}

/// The media playlist with this viewer's ticket, by any worker.
async fn enter(viewer: &Rest, query: &str) -> String {
    let manifest = eventually("the stream can be had", || async {
        let answer = viewer.get(&format!("/{APP}/streams/s.m3u8?{query}")).await;
        if answer.status() == 200 { answer.text().await.ok() } else { None }
    })
    .await;
    let line = manifest.lines().find(|line| line.starts_with("s/video.m3u8")).expect("a playlist");
    format!("/{APP}/streams/{line}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_worker_serves_every_stream_and_blocks_hold_on_all() {
    let server = Server::start_cluster().await;
    let setup = Setup::create(&server, Face::Rest, APP).await;
    let _publisher = Live::publish(server.rtmp, person(1), APP, "s").await.expect("admitted");
    let viewers = [at(server.workers[0], 2), at(server.workers[1], 3)];
    let mut playlists = Vec::new();
    for viewer in &viewers {
        playlists.push(enter(viewer, "subscriberId=ann").await);
    }
    // Each object is the same on both, byte for byte.
    let text = viewers[0].text(&playlists[0]).await;
    let newest = text.lines().rfind(|line| line.contains(".m4s")).expect("a segment").to_owned();
    let mut bodies = Vec::new();
    for (viewer, playlist) in viewers.iter().zip(&playlists) {
        let (query, name) = (playlist.split('?').nth(1), newest.split('?').next().expect("a name"));
        let path = format!("/{APP}/streams/s/{name}?{}", query.unwrap_or_default());
        let body = eventually("the segment is there", || async {
            let answer = viewer.get(&path).await;
            if answer.status() == 200 { answer.bytes().await.ok() } else { None }
        })
        .await;
        bodies.push(body);
    }
    assert_eq!(bodies[0], bodies[1]);

    // A ticket of one worker opens the other; a block of either API closes both.
    assert_eq!(viewers[0].status(&playlists[1]).await, 200);
    for (turn, api) in server.apis.iter().enumerate() {
        let api = Rest::new(*api, None);
        let block = async |seconds: i64| {
            let mutation = "mutation($input: BlockSubscriberInput!) { blockSubscriber(input: $input) { \
                            problems { message } workersAcknowledged workersPending { name } } }";
            let input = json!({"application": APP, "streamId": "s", "subscriberId": "ann", "seconds": seconds});
            api.graphql(mutation, json!({"input": input})).await["blockSubscriber"].clone()
        };
        let answer = block(600).await;
        assert_eq!(answer["workersAcknowledged"], 2, "{turn}: {answer}");
        for (viewer, playlist) in viewers.iter().zip(&playlists) {
            assert_eq!(viewer.status(playlist).await, 401, "{turn}: nothing after the call returned");
        }
        block(0).await;
        for (viewer, playlist) in viewers.iter().zip(&playlists) {
            assert_eq!(viewer.status(playlist).await, 200, "{turn}: it goes on at once");
        }
    }
    let metrics = Rest::new(server.apis[1], None).text("/metrics").await;
    assert!(
        metrics.contains("sluice_server_workers 2\n") && metrics.contains("sluice_server_streams 1\n"),
        "{metrics}"
    );
    let stranger = Rest::new(server.apis[1], None).get_with("/metrics", &[("X-Forwarded-For", "203.0.113.9")]).await;
    assert_eq!(stranger.status(), 401);
    let metrics = at(server.workers[0], 4).text("/metrics").await;
    assert!(metrics.contains("sluice_streams 1\n"), "{metrics}");
    assert_eq!(server.rest_from(person(5)).get("/Cluster/streams/../../metrics").await.status(), 404);
    drop(setup);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_hold_everywhere_when_the_call_returns() {
    let server = Server::start_cluster().await;
    let _setup = Setup::create(&server, Face::Rest, APP).await;
    let apis: Vec<_> = server.apis.iter().map(|api| Rest::new(*api, None)).collect();
    for turn in 0..6_u8 {
        let closed = turn % 2 == 0;
        apis[usize::from(turn % 2)].set(APP, json!({"acceptOnlyStreamsInDataStore": closed})).await;
        for worker in 0..2_u8 {
            let mut peer = Rtmp::connect(server.rtmp, person(20 + 2 * turn + worker), APP).await.expect("a connection");
            let said = peer.publish(&format!("turn{turn}-{worker}")).await;
            assert_eq!(said == Said::Yes, !closed, "{turn}: {said:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_a_killed_worker_can_be_published_elsewhere_and_nothing_is_left_of_it() {
    let server = Server::start_cluster().await;
    let setup = Setup::create(&server, Face::Rest, APP).await;
    setup.settings(json!({"rtmpPlaybackEnabled": true})).await;
    let publisher = Live::publish(server.rtmp, person(1), APP, "s").await.expect("admitted");
    let viewer = at(server.workers[1], 2);
    let playlist = enter(&viewer, "subscriberId=ann").await;
    let other = server.part("worker2")["rtmp"].as_str().expect("an address").parse().expect("an address");
    server.signal_part("worker1", "KILL");
    drop(publisher);
    // The encoder comes back to a worker that lives, as soon as the gate knows that the other does not.
    let _again =
        eventually("the stream is taken again", || async { Live::publish(other, person(1), APP, "s").await.ok() })
            .await;
    eventually("the viewer goes on with the same ticket", || async {
        let answer = viewer.get(&playlist).await;
        (answer.status() == 200 && answer.text().await.is_ok_and(|text| !text.contains("ENDLIST"))).then_some(())
    })
    .await;
    let rest = server.rest();
    let sessions = "query($app: String!) { broadcast(application: $app, streamId: \"s\") { status \
                    sessions(filter: {open: true, operation: PUBLISH}) { totalCount } } workers { name } }";
    eventually("one publisher, one worker", || async {
        let answer = rest.graphql(sessions, json!({"app": APP})).await;
        let is_clean = answer["broadcast"]["status"] == "BROADCASTING"
            && answer["broadcast"]["sessions"]["totalCount"] == 1
            && answer["workers"].as_array().is_some_and(|workers| workers.len() == 1);
        is_clean.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_token_is_spent_once_whoever_is_asked() {
    let server = Server::start_cluster().await;
    let setup = Setup::create(&server, Face::Rest, APP).await;
    let _publisher = Live::publish(server.rtmp, person(1), APP, "s").await.expect("admitted");
    let _here = [enter(&at(server.workers[0], 2), "").await, enter(&at(server.workers[1], 3), "").await];
    setup.settings(json!({"playTokenControlEnabled": true})).await;
    for round in 0..10_u8 {
        let token = setup.token("s", Operation::Play, now() + 600).await;
        let asks = (0..40_u8).map(|number| {
            let viewer = Rest::new(server.workers[usize::from(number % 2)], Some([127, 52, round, number].into()));
            let path = format!("/{APP}/streams/s.m3u8?token={token}");
            async move { viewer.status(&path).await }
        });
        let statuses = futures_util::future::join_all(asks).await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{round}: {statuses:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_join_says_why_and_leaves() {
    let server = Server::start_cluster().await;
    let (api, worker) = (server.part("api1"), server.part("worker1"));
    let url = |part: &Value, name: &str| part["environment"][name].as_str().expect("a setting").to_owned();
    let (database, bus) = (url(&api, "SLUICE_DATABASE_URL"), url(&worker, "SLUICE_BUS_URL"));
    let other_password = |url: &str| {
        let (head, tail) = url.split_once('@').expect("credentials");
        format!("{}:wrong-one@{tail}", head.rsplit_once(':').expect("a password").0)
    };
    let other_place = |url: &str| format!("{}/nowhere", url.rsplit_once('/').expect("a place").0);
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (role, part, changes, words) in [
        ("api", &api, vec![("SLUICE_SECRET_KEY", key.to_owned())], &["key", "not the one"][..]),
        ("api", &api, vec![("SLUICE_DATABASE_URL", other_password(&database))], &["database", "password"]),
        ("api", &api, vec![("SLUICE_DATABASE_URL", other_place(&database))], &["no database of that name"]),
        ("api", &api, vec![("SLUICE_DATABASE_URL", String::new())], &["`database_url` is not set"]),
        ("api", &api, vec![("SLUICE_BUS_URL", String::new())], &["`bus_url` is not set"]),
        ("worker", &worker, vec![("SLUICE_BUS_URL", other_password(&bus))], &["password of user"]),
        ("worker", &worker, vec![("SLUICE_BUS_URL", other_place(&bus))], &["no vhost \"nowhere\""]),
        ("worker", &worker, vec![("SLUICE_RELAY_ADDR", "nonsense".to_owned())], &["`relay_addr` is not an address"]),
        // A worker's user may not do what an API does.
        ("api", &api, vec![("SLUICE_BUS_URL", bus.clone())], &["lacks the right"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
        let settings = part["environment"].as_object().expect("settings");
        command
            .arg(role)
            .envs(settings.iter().map(|(name, value)| (name, value.as_str().expect("text"))))
            .envs(changes.clone())
            .env("SLUICE_DATA_DIR", server.data().path().join("stranger"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        assert!(!output.status.success(), "{role} {changes:?}");
        assert!(words.iter().all(|word| last.contains(word)), "{role}: {words:?} not in {last:?}");
        assert!(!said.contains("wrong-one"), "{said}");
    }
}
