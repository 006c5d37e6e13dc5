//! Relays that are cut, and workers that freeze or stop.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_relay_is_taken_up_again_and_players_go_on() {
    let cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let _publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    b.text("/LiveApp/streams/s.m3u8").await;
    let mut player = b.play("s");
    player.plays(50).await;
    let located = cluster.api.located.load(Ordering::Relaxed);
    a.wire.cut();
    let before = eventually("a segment", async || b.newest("s").await).await;
    eventually("segments go on", async || (b.newest("s").await? > before + 1).then_some(())).await;
    player.forget_past();
    player.plays(100).await;
    assert!(cluster.api.located.load(Ordering::Relaxed) >= located + 2, "the API is asked again");
    let playlist = b.text("/LiveApp/streams/s/video.m3u8").await;
    assert!(!playlist.contains("ENDLIST") && !playlist.contains("#EXT-X-DISCONTINUITY\n"), "{playlist}");

    // While nobody says where the stream is, it is looked for where it was.
    let _silence = cluster.api.silence.lock().await;
    a.wire.cut();
    let before = eventually("a segment", async || b.newest("s").await).await;
    eventually("segments go on", async || (b.newest("s").await? > before + 1).then_some(())).await;
    player.forget_past();
    player.plays(100).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_origin_is_noticed_and_left_for_another() {
    let cluster = Cluster::open().await;
    let (a, b, c) = (cluster.join().await, cluster.join().await, cluster.join().await);
    let _frozen = a.publish("s");
    cluster.live_at("s", &a).await;
    let mut player = b.play("s");
    player.plays(50).await;
    a.wire.freeze(true);
    let began = Instant::now();
    // The encoder has noticed too, and comes to another worker.
    let _publisher = c.publish("s");
    cluster.live_at("s", &c).await;
    player.forget_past();
    player.plays(100).await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_ends_ends_on_the_edge_too() {
    let cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    b.text("/LiveApp/streams/s.m3u8").await;
    eventually("a segment", async || b.newest("s").await).await;
    drop(publisher);
    eventually("the end of the playlist", async || {
        let path = "/LiveApp/streams/s/video.m3u8";
        let (here, there) = (a.get(path).await, b.get(path).await);
        let text = String::from_utf8(there.1.clone()).unwrap();
        (here == there && text.ends_with("#EXT-X-ENDLIST\n")).then_some(())
    })
    .await;
    eventually("the last segments are gone", async || {
        let gone = b.get("/LiveApp/streams/s.m3u8").await.0 == 404;
        (gone && a.get("/LiveApp/streams/s.m3u8").await.0 == 404).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_origin_that_stops_takes_its_stream_along() {
    let cluster = Cluster::open().await;
    let (a, b) = (cluster.join().await, cluster.join().await);
    let _publisher = a.publish("s");
    cluster.live_at("s", &a).await;
    b.text("/LiveApp/streams/s.m3u8").await;
    eventually("a segment", async || b.newest("s").await).await;
    let mut player = b.play("s");
    player.plays(50).await;
    a.shutdown.cancel();
    a.worker.stopped().await;
    let began = Instant::now();
    let playlist = b.text("/LiveApp/streams/s/video.m3u8").await;
    assert!(!playlist.contains("ENDLIST"), "the publisher may come to another worker: {playlist}");
    eventually("the end of the playlist", async || {
        let (_, playlist) = b.get("/LiveApp/streams/s/video.m3u8").await;
        playlist.ends_with(b"#EXT-X-ENDLIST\n").then_some(())
    })
    .await;
    while player.packet().await.is_some() {}
    assert!(began.elapsed() < Duration::from_secs(15), "players wait as for any publisher");
}
