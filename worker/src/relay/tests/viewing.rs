//! What viewers see of a stream that another worker carries.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use sluice_contract::message::{Command, EndReason};
use sluice_contract::{Block, Intent, Protocol};

use super::cluster::{Cluster, Member, eventually, now};
use crate::testing::app;

/// The names of all objects that a playlist or an MPD names.
fn objects(playlist: &str) -> Vec<String> {
    let mut names: Vec<_> = playlist
        .split(['"', '\n'])
        .filter(|word| word.starts_with("v-") || word.starts_with("a-"))
        .filter(|word| !word.contains('$'))
        .map(str::to_owned)
        .collect();
    names.dedup();
    names
}

/// A manifest without the moment at which it was asked for.
fn timeless(manifest: &str) -> String {
    manifest.lines().filter(|line| !line.starts_with("<UTCTiming")).collect::<Vec<_>>().join("\n")
}

async fn same_manifest(one: &Member, two: &Member, path: &str) -> String {
    eventually(path, async || {
        let (a, b) = (timeless(&one.text(path).await), timeless(&two.text(path).await));
        (a == b).then_some(a)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_worker_serves_the_same_bytes() {
    let cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let _publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    eventually("three segments", async || {
        let (_, body) = b.get("/LiveApp/streams/s/video.m3u8").await;
        (String::from_utf8(body).unwrap().matches(".m4s").count() >= 3).then_some(())
    })
    .await;
    same_manifest(&a, &b, "/LiveApp/streams/s.m3u8").await;
    same_manifest(&a, &b, "/LiveApp/streams/s/s.mpd").await;
    for playlist in ["video.m3u8", "audio.m3u8"] {
        let text = same_manifest(&a, &b, &format!("/LiveApp/streams/s/{playlist}")).await;
        let names = objects(&text);
        assert!(names.len() >= 4 && names[0].contains("-init-"), "{names:?}");
        for name in names {
            let path = format!("/LiveApp/streams/s/{name}");
            let ((here, mine), (there, theirs)) = (a.get(&path).await, b.get(&path).await);
            assert_eq!((here, there), (200, 200), "{name}");
            assert!(!mine.is_empty() && mine == theirs, "{name}");
        }
    }
    assert_eq!(b.get("/LiveApp/streams/s/v-1.m4s").await.0, 404);
    assert_eq!(b.get("/LiveApp/streams/nobody.m3u8").await.0, 404);

    // What is relayed belongs to the worker that it comes from.
    eventually("viewers are counted", async || {
        let report = cluster.api.last_report(b.id)?;
        (report.sessions.iter().any(|session| session.protocol == Protocol::Hls)).then_some(())
    })
    .await;
    assert_eq!((cluster.api.streams_of(a.id), cluster.api.streams_of(b.id)), (1, 0));
    let c = cluster.join().await;
    assert_eq!(c.get("/LiveApp/streams/s.m3u8").await.0, 200);
    assert_eq!(b.wire.connections.load(Ordering::Relaxed), 0, "nobody is fed by an edge");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_viewers_share_one_relay_of_each_kind() {
    let cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let _publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    a.text("/LiveApp/streams/s.m3u8").await;
    let before = cluster.api.located.load(Ordering::Relaxed);
    let all = join_all((0..50).map(|viewer| b.get_as(viewer, "/LiveApp/streams/s.m3u8"))).await;
    assert!(all.iter().all(|(status, _)| *status == 200), "each at the first try");
    assert_eq!(a.wire.connections.load(Ordering::Relaxed), 1);
    let mut players: Vec<_> = (0..5).map(|_| b.play("s")).collect();
    for player in &mut players {
        let (mut kinds, mut first_picture) = (Vec::new(), None);
        while !(kinds.contains(&"video".to_owned()) && kinds.contains(&"audio".to_owned())) {
            let packet = player.packet().await.expect("a packet");
            let (kind, rest) = packet.split_once(',').expect("three fields");
            kinds.push(kind.to_owned());
            if kind == "video" && first_picture.is_none() {
                first_picture = Some(rest.to_owned());
            }
        }
        assert!(first_picture.is_some_and(|flags| flags.contains(",K")), "it begins with a key frame");
    }
    assert_eq!(a.wire.connections.load(Ordering::Relaxed), 2, "one for segments, one for units");
    assert_eq!(cluster.api.located.load(Ordering::Relaxed) - before, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_follow_a_publisher_to_another_worker() {
    let cluster = Cluster::open().await;
    let (a, b, c) = (cluster.join().await, cluster.join().await, cluster.join().await);
    let publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    b.text("/LiveApp/streams/s.m3u8").await;
    let first = eventually("a segment", async || b.newest("s").await).await;
    let (mut on_b, mut on_a) = (b.play("s"), a.play("s"));
    on_b.plays(50).await;
    on_a.plays(50).await;
    drop(publisher);
    let _publisher = c.publish("s");
    cluster.live_at("s", &c).await;
    on_b.forget_past();
    on_a.forget_past();
    on_b.plays(100).await;
    on_a.plays(100).await;
    let second = eventually("segments of the other worker", async || {
        let newest = b.newest("s").await?;
        (c.newest("s").await? == newest).then_some(newest)
    })
    .await;
    assert!(second > first, "no name is used twice");
    let old = format!("/LiveApp/streams/s/v-{first}.m4s");
    assert_eq!(b.get(&old).await.0, 200, "what the earlier window named is still here");
    // The worker that it left is an edge now.
    eventually("the first worker follows", async || (a.newest("s").await? > first).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_who_comes_to_an_edge_takes_precedence() {
    let cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    let mut player = b.play("s");
    player.plays(50).await;
    drop(publisher);
    let _publisher = b.publish("s");
    cluster.live_at("s", &b).await;
    player.forget_past();
    player.plays(100).await;
    eventually("it is reported by its new worker", async || {
        (cluster.api.streams_of(b.id) == 1 && cluster.api.streams_of(a.id) == 0).then_some(())
    })
    .await;
    let before = a.wire.connections.load(Ordering::Relaxed);
    b.text("/LiveApp/streams/s.m3u8").await;
    assert_eq!(a.wire.connections.load(Ordering::Relaxed), before, "nothing is fetched any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_publisher_is_gone_from_the_edge_with_the_acknowledgement() {
    let mut cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let _publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    b.text("/LiveApp/streams/s.m3u8").await;
    let newest = eventually("a segment", async || b.newest("s").await).await;
    let mut player = b.play("s");
    player.plays(50).await;
    let block = |subscriber: &str| Block {
        application: app(),
        stream_id: "s".parse().unwrap(),
        subscriber: subscriber.parse().unwrap(),
        operation: sluice_contract::Operation::Publish,
        until: now().plus_secs(60),
    };
    cluster.command(Command::Block { block: block("somebody-else") }, 2).await;
    assert_eq!(b.get(&format!("/LiveApp/streams/s/v-{newest}.m4s")).await.0, 200);
    // The edge is asked alone: its copy goes by its own knowledge, whatever becomes of the origin.
    a.wire.freeze(true);
    cluster.command(Command::Block { block: block("alice") }, 2).await;
    assert_eq!(b.get(&format!("/LiveApp/streams/s/v-{newest}.m4s")).await.0, 404);
    assert_eq!(b.get("/LiveApp/streams/s.m3u8").await.0, 404);
    while player.packet().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_stream_leaves_no_copy() {
    let mut cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let _publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    b.text("/LiveApp/streams/s.m3u8").await;
    let newest = eventually("a segment", async || b.newest("s").await).await;
    a.wire.freeze(true);
    let stream_id = "s".parse().unwrap();
    let command = Command::EndStream { application: app(), stream_id, reason: EndReason::Deleted };
    cluster.command(command, 2).await;
    assert_eq!(b.get(&format!("/LiveApp/streams/s/v-{newest}.m4s")).await.0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_fetched_for_somebody_who_was_not_let_in() {
    let cluster = Cluster::protected().await;
    let (a, b, c) = (cluster.join().await, cluster.join().await, cluster.join().await);
    let _publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    let on_a = a.text("/LiveApp/streams/s.m3u8?subscriberId=bob").await;
    let intents = || std::mem::take(&mut *cluster.api.intents.lock());
    intents();

    assert_eq!(b.get("/LiveApp/streams/s.m3u8").await.0, 403);
    assert_eq!(b.get("/LiveApp/streams/s/video.m3u8?st=forged").await.0, 403);
    assert!(b.play("s").packet().await.is_none());
    assert_eq!((a.wire.connections.load(Ordering::Relaxed), cluster.api.located.load(Ordering::Relaxed)), (0, 0));

    // A token is held until there is something to play, then spent, once.
    intents();
    assert_eq!(b.get("/LiveApp/streams/nobody.m3u8?token=one").await.0, 404);
    assert_eq!(intents(), [Intent::Probe]);
    assert_eq!(b.get("/LiveApp/streams/s.m3u8?token=two").await.0, 200);
    assert_eq!(intents(), [Intent::Probe, Intent::Start]);
    assert_eq!(b.get_as(2, "/LiveApp/streams/s.m3u8?token=three").await.0, 200);
    assert_eq!(intents(), [Intent::Start], "it is here by now");
    let mut player = b.play_with("s", "token=four");
    player.plays(25).await;
    assert_eq!(intents(), [Intent::Probe, Intent::Start]);

    // A ticket is good everywhere, and nobody is asked.
    let video = on_a.lines().find(|line| line.starts_with("s/video.m3u8?st=")).expect("a ticket");
    let (status, playlist) = c.get(&format!("/LiveApp/streams/{video}")).await;
    assert_eq!(status, 200);
    let playlist = String::from_utf8(playlist).unwrap();
    let segment = playlist.lines().rfind(|line| line.contains(".m4s?st=")).expect("a segment");
    assert_eq!(c.get(&format!("/LiveApp/streams/s/{segment}")).await.0, 200);
    assert!(intents().is_empty());
}
