//! Scenarios of the hub: who receives what, and what an end means.

mod support;

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use sluice_contract::UnixTime;
use sluice_contract::message::{EndReason, EventKind};
use sluice_worker::hub::{EventSink, Hub, PublishRight, Publisher, ReaderItem};
use sluice_worker::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};
use sluice_worker::package::{PackagingConfig, PackagingSettings};
use sluice_worker::session::Gate;

use support::{EventLog, TestSession, hub_with, key};

const H264: &[u8] = &[
    0x01, 0x4D, 0x40, 0x1F, 0xFF, 0xE1, 0x00, 0x1C, 0x67, 0x4D, 0x40, 0x1F, 0xEC, 0xA0, 0x28, 0x02, 0xDD, 0x80, 0xB5,
    0x01, 0x01, 0x01, 0x40, 0x00, 0x00, 0x03, 0x00, 0x40, 0x00, 0x00, 0x0F, 0x23, 0xC6, 0x0C, 0x65, 0x80, 0x01, 0x00,
    0x04, 0x68, 0xEF, 0xBC, 0x80,
];
const AAC: &[u8] = &[0x12, 0x10];

/// A hub without packaging, whose clock stands where the test puts it.
struct Scene {
    hub: Hub,
    events: Arc<EventLog>,
    now: Arc<Mutex<UnixTime>>,
}

impl Scene {
    fn new() -> Self {
        let settings = PackagingSettings { hls: false, dash: false, ..PackagingSettings::default() };
        let now = Arc::new(Mutex::new(UnixTime::from_secs(1_800_000_000)));
        let clock = now.clone();
        let (hub, events) = hub_with(settings, PackagingConfig::default(), Arc::new(move || *clock.lock()));
        Self { hub, events, now }
    }

    fn pass(&self, millis: i64) -> UnixTime {
        let mut now = self.now.lock();
        *now = now.plus_millis(millis);
        *now
    }

    fn publish(&self, session: &Arc<TestSession>) -> Publisher {
        let mut publisher = self.hub.publish(key("cam"), session.clone()).expect("nobody else publishes");
        publisher.configure(config(Codec::H264, H264));
        publisher.configure(config(Codec::Aac, AAC));
        publisher
    }

    fn ends(&self) -> Vec<(EndReason, Option<String>)> {
        let events = self.events.0.lock();
        events
            .iter()
            .filter_map(|event| match event {
                EventKind::StreamEnded { reason, detail, .. } => Some((*reason, detail.clone())),
                _ => None,
            })
            .collect()
    }
}

fn config(codec: Codec, record: &'static [u8]) -> TrackConfig {
    TrackConfig { codec, record: Bytes::from_static(record) }
}

fn unit(kind: TrackKind, millis: i64, key: bool, size: usize) -> AccessUnit {
    let time = MediaTime::from_millis(millis);
    AccessUnit { kind, pts: time, dts: time, key, data: Bytes::from(vec![0; size]) }
}

/// Pictures of `from..to`, 40 ms apart, with a key frame every 50.
fn push_pictures(publisher: &mut Publisher, from: i64, to: i64) {
    for picture in from..to {
        publisher.push(unit(TrackKind::Video, picture * 40, picture % 50 == 0, 100));
    }
}

/// What a reader has at hand, in short: `c` configuration, `K` key frame, `v`, `a`, a number of skipped units, `.` end.
fn read(reader: &mut sluice_worker::hub::Reader) -> String {
    let mut text = String::new();
    while let Some(item) = reader.try_next() {
        match item {
            ReaderItem::Config(_) => text.push('c'),
            ReaderItem::Unit(unit) if unit.kind == TrackKind::Audio => text.push('a'),
            ReaderItem::Unit(unit) => text.push(if unit.key { 'K' } else { 'v' }),
            ReaderItem::Skipped(count) => text.push_str(&count.to_string()),
            ReaderItem::End(_) => text.push('.'),
        }
    }
    text
}

#[test]
fn a_new_reader_starts_with_the_newest_key_frame() {
    let scene = Scene::new();
    let mut publisher = scene.publish(&TestSession::new());
    push_pictures(&mut publisher, 0, 53);
    publisher.push(unit(TrackKind::Audio, 2_115, true, 10));
    let mut reader = publisher.stream().subscribe();
    assert_eq!(read(&mut reader), "ccKvva");
    push_pictures(&mut publisher, 53, 55);
    assert_eq!(read(&mut reader), "vv");
}

#[test]
fn a_reader_that_came_before_the_first_picture_misses_nothing() {
    let scene = Scene::new();
    let mut publisher = scene.publish(&TestSession::new());
    let mut reader = publisher.stream().subscribe();
    push_pictures(&mut publisher, 0, 3);
    assert_eq!(read(&mut reader), "ccKvv");
}

#[test]
fn sound_alone_starts_a_moment_back() {
    let scene = Scene::new();
    let mut publisher = scene.hub.publish(key("radio"), TestSession::new()).expect("a free name");
    publisher.configure(config(Codec::Aac, AAC));
    for frame in 0..500 {
        publisher.push(unit(TrackKind::Audio, frame * 20, true, 10));
    }
    let cached = read(&mut publisher.stream().subscribe());
    assert!(cached.starts_with("ca") && (50..100).contains(&cached.len()), "{cached}");
}

#[test]
fn a_slow_reader_goes_on_at_the_newest_key_frame_and_holds_nobody_up() {
    let scene = Scene::new();
    let mut publisher = scene.publish(&TestSession::new());
    let mut slow = publisher.stream().subscribe();
    let mut quick = publisher.stream().subscribe();
    push_pictures(&mut publisher, 0, 10);
    assert_eq!(read(&mut slow), format!("ccK{}", "v".repeat(9)));
    read(&mut quick);
    for picture in 10..503 {
        push_pictures(&mut publisher, picture, picture + 1);
        assert_eq!(read(&mut quick).len(), 1);
    }
    // It had ten; the key frame is number 500.
    assert_eq!(read(&mut slow), "490Kvv");
}

#[test]
fn a_change_of_configuration_reaches_readers_before_the_first_unit_that_needs_it() {
    const OTHER_AAC: &[u8] = &[0x11, 0x90];
    let scene = Scene::new();
    let mut publisher = scene.publish(&TestSession::new());
    let mut reader = publisher.stream().subscribe();
    push_pictures(&mut publisher, 0, 2);
    publisher.configure(config(Codec::H264, H264));
    assert_eq!(read(&mut reader), "ccKv", "the same bytes are no change");
    publisher.configure(config(Codec::Aac, OTHER_AAC));
    push_pictures(&mut publisher, 2, 4);
    publisher.push(unit(TrackKind::Audio, 160, true, 10));
    assert_eq!(read(&mut reader), "cvva");
}

#[tokio::test]
async fn an_end_is_final_when_it_returns() {
    let scene = Scene::new();
    let session = TestSession::new();
    let mut publisher = scene.publish(&session);
    push_pictures(&mut publisher, 0, 100);
    let stream = publisher.stream().clone();
    let mut reader = stream.subscribe();
    assert!(matches!(reader.next().await, Some(ReaderItem::Config(_))));
    scene.hub.end(&key("cam"), session.id(), EndReason::Blocked);
    assert!(matches!(reader.next().await, Some(ReaderItem::End(EndReason::Blocked))), "cached units are gone as well");
    assert!(reader.next().await.is_none());
    push_pictures(&mut publisher, 100, 200);
    assert!(!stream.is_live());
    assert!(scene.hub.find(&key("cam")).is_none());
    drop(publisher);
    assert_eq!(scene.ends(), [(EndReason::Blocked, None)], "told once");
}

#[tokio::test]
async fn a_waiting_reader_wakes_for_the_end() {
    let scene = Scene::new();
    let publisher = scene.publish(&TestSession::new());
    let mut reader = publisher.stream().subscribe();
    let last = tokio::spawn(async move {
        let mut last = None;
        while let Some(item) = reader.next().await {
            last = Some(item);
        }
        last
    });
    tokio::task::yield_now().await;
    drop(publisher);
    assert!(matches!(last.await, Ok(Some(ReaderItem::End(EndReason::Closed)))));
}

#[test]
fn the_end_of_another_session_ends_nothing() {
    let scene = Scene::new();
    let publisher = scene.publish(&TestSession::new());
    scene.hub.end(&key("cam"), TestSession::new().id(), EndReason::Stopped);
    assert!(publisher.stream().is_live());
}

#[test]
fn nothing_passes_while_the_gate_is_not_open() {
    let scene = Scene::new();
    let session = TestSession::new();
    let mut publisher = scene.publish(&session);
    let mut reader = publisher.stream().subscribe();
    session.set_gate(Gate::Suspended);
    push_pictures(&mut publisher, 0, 50);
    session.set_gate(Gate::Closed(EndReason::Blocked));
    push_pictures(&mut publisher, 50, 100);
    assert_eq!(read(&mut reader), "cc");
    drop(publisher);
    assert_eq!(scene.ends(), [(EndReason::Blocked, None)]);
}

#[test]
fn a_stream_has_one_publisher_and_a_name_is_free_after_it() {
    let scene = Scene::new();
    let first = scene.publish(&TestSession::new());
    assert!(scene.hub.publish(key("cam"), TestSession::new()).is_err());
    drop(first);
    assert!(scene.hub.publish(key("cam"), TestSession::new()).is_ok());
}

#[test]
fn a_name_is_free_when_its_publishers_session_is_over() {
    let scene = Scene::new();
    let left = TestSession::new();
    let before = scene.publish(&left);
    // Its connection has not come to the end of its stream yet.
    left.set_gate(Gate::Closed(EndReason::Closed));
    let after = scene.publish(&TestSession::new());
    assert_eq!(scene.ends(), [(EndReason::Closed, None)]);
    drop(before);
    assert!(after.stream().is_live() && scene.ends().len() == 1);
}

#[test]
fn an_ended_stream_lingers_for_the_length_of_its_playlist() {
    let scene = Scene::new();
    drop(scene.publish(&TestSession::new()));
    scene.pass(29_000);
    assert!(scene.hub.find(&key("cam")).is_some_and(|stream| !stream.is_live()));
    let now = scene.pass(1_000);
    assert!(scene.hub.find(&key("cam")).is_none());
    assert!(scene.hub.reports(now).is_empty());
}

#[test]
fn the_api_hears_of_a_stream_when_its_codecs_are_known_and_of_its_end_once() {
    let scene = Scene::new();
    let mut publisher = scene.hub.publish(key("cam"), TestSession::new()).expect("a free name");
    publisher.configure(config(Codec::H264, H264));
    assert!(scene.events.0.lock().is_empty(), "sound may still come");
    push_pictures(&mut publisher, 0, 37);
    assert!(scene.events.0.lock().is_empty());
    push_pictures(&mut publisher, 37, 60);
    publisher.end(EndReason::Idle, Some("nothing for a while".to_owned()));
    let events = scene.events.0.lock();
    let [EventKind::StreamStarted { stream }, EventKind::StreamEnded { reason, detail, .. }] = &events[..] else {
        panic!("{events:?}");
    };
    let video = stream.video.as_ref().expect("video is known");
    assert_eq!((video.codec.as_str(), video.width, video.height), ("avc1.4D401F", 1280, 720));
    assert_eq!(stream.audio, None);
    assert_eq!((*reason, detail.as_deref()), (EndReason::Idle, Some("nothing for a while")));
}

#[test]
fn a_configuration_that_cannot_be_right_ends_its_stream_alone() {
    let scene = Scene::new();
    let other = scene.publish(&TestSession::new());
    let session = TestSession::new();
    let mut publisher = scene.hub.publish(key("bad"), session.clone()).expect("a free name");
    publisher.configure(config(Codec::H264, &[1, 2, 3]));
    assert!(!publisher.stream().is_live());
    assert!(other.stream().is_live());
    let (reason, detail) = session.closed.lock().clone().expect("its session is closed");
    assert_eq!(reason, EndReason::ProtocolError);
    assert!(detail.is_some_and(|detail| detail.starts_with("video: ")));
}

#[test]
fn a_report_shows_the_last_second() {
    let scene = Scene::new();
    let mut publisher = scene.publish(&TestSession::new());
    push_pictures(&mut publisher, 0, 26);
    let now = scene.pass(1_000);
    let reports = scene.hub.reports(now);
    assert_eq!(reports.len(), 1);
    assert_eq!((reports[0].bytes, reports[0].bitrate_bps), (2_600, 20_800));
    assert!((reports[0].speed - 1.0).abs() < 0.01, "{}", reports[0].speed);
    let now = scene.pass(1_000);
    assert_eq!(scene.hub.reports(now)[0].bitrate_bps, 0);
}

/// The sink is called without a lock of the hub: it may look at the hub.
#[test]
fn an_event_sink_may_ask_the_hub() {
    struct Asking(Mutex<Option<Hub>>, Mutex<u32>);
    impl EventSink for Asking {
        fn emit(&self, _: EventKind) {
            if let Some(hub) = &*self.0.lock() {
                hub.reports(UnixTime::EPOCH);
                hub.find(&key("cam"));
                *self.1.lock() += 1;
            }
        }
    }
    let sink = Arc::new(Asking(Mutex::new(None), Mutex::new(0)));
    let settings = PackagingSettings { hls: false, dash: false, ..PackagingSettings::default() };
    let hub =
        Hub::new(sink.clone(), PackagingConfig::default(), Arc::new(move |_| settings.clone()), support::wall_clock())
            .expect("GStreamer is installed");
    *sink.0.lock() = Some(hub.clone());
    let mut publisher = hub.publish(key("cam"), TestSession::new()).expect("a free name");
    publisher.configure(config(Codec::H264, H264));
    publisher.configure(config(Codec::Aac, AAC));
    drop(publisher);
    assert_eq!(*sink.1.lock(), 2);
    sink.0.lock().take();
}
