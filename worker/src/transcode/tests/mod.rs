//! Scenarios with real pipelines: what a variant carries, who shares it, and when it ends.

mod media;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use parking_lot::Mutex;
use sluice_contract::message::{EndReason, EventKind};
use sluice_contract::{Protocol, SessionId, UnixTime};
use tokio::time::timeout;
use uuid::Uuid;

use media::{Clip, TONE_HZ, listen, onset, picture, pitch, tone, vpx, vpx_of, watch};

use super::{AudioNeed, HeldStream, Impossible, Need, VideoNeed, variant};
use crate::StreamKey;
use crate::hub::{EventSink, Hub, LiveStream, PublishRight, Publisher, Reader, ReaderItem};
use crate::media::vpx::VpxFormat;
use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};
use crate::package::{PackagingConfig, PackagingSettings};
use crate::session::Gate;

const OPUS: Need = Need { audio: AudioNeed::Opus, video: VideoNeed::AsIs };
const AAC: Need = Need { audio: AudioNeed::Aac, video: VideoNeed::AsIs };
const H264: Need = Need { audio: AudioNeed::AsIs, video: VideoNeed::H264 };
const IN_ORDER: Need = Need { audio: AudioNeed::AsIs, video: VideoNeed::WithoutReordering };

struct Encoder {
    id: SessionId,
    key_frames: AtomicUsize,
}

impl PublishRight for Encoder {
    fn id(&self) -> SessionId {
        self.id
    }

    fn protocol(&self) -> Protocol {
        Protocol::Rtmp
    }

    fn gate(&self) -> Gate {
        Gate::Open
    }

    fn count_video(&self, _: usize) {}
    fn count_audio(&self, _: usize) {}

    fn request_key_frame(&self) {
        self.key_frames.fetch_add(1, Ordering::Relaxed);
    }

    fn close(&self, _: EndReason, _: Option<String>) {}
}

#[derive(Default)]
struct Events(Mutex<Vec<EventKind>>);

impl EventSink for Events {
    fn emit(&self, kind: EventKind) {
        self.0.lock().push(kind);
    }
}

/// A stream with its publisher.
struct Scene {
    hub: Hub,
    publisher: Publisher,
    encoder: Arc<Encoder>,
}

impl Scene {
    fn open() -> Self {
        Self::with(PackagingSettings { hls: false, dash: false, ..PackagingSettings::default() })
    }

    fn with(settings: PackagingSettings) -> Self {
        let now = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap())
        };
        let settings = Arc::new(move |_: &_| settings.clone());
        let events = Arc::new(Events::default());
        let hub = Hub::new(events, PackagingConfig::default(), settings, Arc::new(now)).unwrap();
        let encoder = Arc::new(Encoder { id: SessionId::new(Uuid::now_v7()), key_frames: AtomicUsize::new(0) });
        let key = StreamKey { application: "live".parse().unwrap(), stream_id: "cam".parse().unwrap() };
        let publisher = hub.publish(key, encoder.clone()).unwrap();
        Self { hub, publisher, encoder }
    }

    fn stream(&self) -> Arc<LiveStream> {
        self.publisher.stream().clone()
    }

    /// Announces a clip's track.
    fn announce(&mut self, clip: &Clip) {
        self.publisher.configure(clip.config.clone());
    }

    fn end(&self, reason: EndReason) {
        self.hub.end(self.publisher.stream().key(), self.encoder.id, reason);
    }
}

/// What a reader was given.
#[derive(Default)]
struct Taken {
    configs: Vec<TrackConfig>,
    units: Vec<Arc<AccessUnit>>,
    end: Option<EndReason>,
}

impl Taken {
    fn newest(&self, kind: TrackKind) -> MediaTime {
        let newest = self.units.iter().rev().find(|unit| unit.kind == kind);
        newest.map_or(MediaTime::ZERO, |unit| unit.dts)
    }

    fn add(&mut self, item: ReaderItem) {
        match item {
            ReaderItem::Config(config) => self.configs.push((*config).clone()),
            ReaderItem::Unit(unit) => self.units.push(unit),
            ReaderItem::Skipped(_) => {}
            ReaderItem::End(reason) => self.end = Some(reason),
        }
    }

    async fn next(&mut self, reader: &mut Reader) {
        let item = timeout(Duration::from_secs(20), reader.next()).await.expect("an item in time");
        self.add(item.expect("an item"));
    }

    fn of(&self, kind: TrackKind) -> Vec<Arc<AccessUnit>> {
        self.units.iter().filter(|unit| unit.kind == kind).cloned().collect()
    }
}

/// Publishes clips, interleaved, and reads both the stream and the variant along with them.
async fn follow(scene: &mut Scene, clips: &[&Clip], held: &HeldStream) -> (Taken, Taken) {
    let (mut before, mut after) = (scene.stream().subscribe(), held.stream().subscribe());
    let (mut source, mut made) = (Taken::default(), Taken::default());
    let mut units: Vec<_> = clips.iter().flat_map(|clip| &clip.units).cloned().collect();
    units.sort_by_key(|unit| unit.dts);
    for unit in units {
        let kind = unit.kind;
        scene.publisher.push(unit);
        while let Some(item) = before.try_next() {
            source.add(item);
        }
        // Neither may fall out of its ring.
        while made.end.is_none() && source.newest(kind).minus(made.newest(kind)) > MediaTime::from_millis(500) {
            made.next(&mut after).await;
        }
    }
    for kind in [TrackKind::Video, TrackKind::Audio] {
        while made.end.is_none() && source.newest(kind).minus(made.newest(kind)) > MediaTime::from_millis(200) {
            made.next(&mut after).await;
        }
    }
    (source, made)
}

/// The first playlist of a stream.
async fn multivariant(stream: &LiveStream) -> String {
    let playlist = async {
        loop {
            if let Some(playlist) = stream.package().hls_multivariant("cam", "") {
                return playlist;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(20), playlist).await.expect("a playlist in time")
}

fn rises(units: &[Arc<AccessUnit>]) -> bool {
    units.windows(2).all(|pair| pair[1].dts > pair[0].dts) && units.iter().all(|unit| unit.pts >= unit.dts)
}

async fn sounds_alike(clip: &Clip, need: Need, codec: Codec) {
    let mut scene = Scene::open();
    scene.announce(clip);
    let held = variant(&scene.stream(), need, false).unwrap();
    let (source, made) = follow(&mut scene, &[clip], &held).await;
    assert_eq!(made.configs.iter().map(|config| config.codec).collect::<Vec<_>>(), [codec]);
    assert!(rises(&made.units));
    let before = listen(&source.configs[0], &source.units);
    let after = listen(&made.configs[0], &made.units);
    let shift = onset(&after) - onset(&before);
    assert!(shift.abs() < 0.02, "the tone moved by {shift} s");
    assert!((pitch(&after) - TONE_HZ).abs() < 5.0, "{} Hz", pitch(&after));
}

#[tokio::test]
async fn aac_becomes_opus_that_sounds_the_same_at_the_same_time() {
    sounds_alike(&tone(Codec::Aac, 44_100), OPUS, Codec::Opus).await;
    sounds_alike(&tone(Codec::Aac, 48_000), OPUS, Codec::Opus).await;
}

#[tokio::test]
async fn opus_becomes_aac_that_sounds_the_same_at_the_same_time() {
    sounds_alike(&tone(Codec::Opus, 48_000), AAC, Codec::Aac).await;
}

#[tokio::test]
async fn pictures_are_shared_while_sound_is_transcoded() {
    let (sound, pictures) = (tone(Codec::Aac, 48_000), picture(3, 0));
    let mut scene = Scene::open();
    scene.announce(&pictures);
    scene.announce(&sound);
    let held = variant(&scene.stream(), OPUS, false).unwrap();
    let (source, made) = follow(&mut scene, &[&pictures, &sound], &held).await;
    let (before, after) = (source.of(TrackKind::Video), made.of(TrackKind::Video));
    assert!(before.len() >= 85 && after.len() >= 80, "{} {}", before.len(), after.len());
    assert!(before.iter().zip(&after).all(|(before, after)| Arc::ptr_eq(before, after)), "the very same units");
    assert!(made.of(TrackKind::Audio).len() > 100);
}

#[tokio::test]
async fn reordered_pictures_come_out_in_order_and_none_is_lost() {
    let pictures = picture(5, 2);
    let mut scene = Scene::open();
    scene.announce(&pictures);
    let held = variant(&scene.stream(), IN_ORDER, true).unwrap();
    let (source, made) = follow(&mut scene, &[&pictures], &held).await;
    assert!(scene.stream().reorders() && !held.stream().reorders());
    assert!(made.units.iter().all(|unit| unit.pts == unit.dts) && rises(&made.units));
    let mut expected: Vec<_> = source.units.iter().map(|unit| unit.pts.as_millis()).collect();
    expected.sort_unstable();
    let shown = watch(&made.configs[0], &made.units);
    assert!(shown.len() > 130, "{}", shown.len());
    assert_eq!(shown, expected[..shown.len()]);
    let keys: Vec<_> = made.units.iter().filter(|unit| unit.key).map(|unit| unit.dts.as_millis()).collect();
    assert!(keys.len() >= 2 && keys.windows(2).all(|pair| pair[1] - pair[0] <= 2_050), "{keys:?}");
}

#[tokio::test]
async fn a_viewer_of_reordered_pictures_can_have_a_key_frame_at_once() {
    let pictures = picture(3, 2);
    let mut scene = Scene::open();
    scene.announce(&pictures);
    let held = variant(&scene.stream(), IN_ORDER, true).unwrap();
    let asked = scene.encoder.key_frames.load(Ordering::Relaxed);
    let mut reader = held.stream().subscribe();
    let mut made = Taken::default();
    for unit in &pictures.units[..40] {
        scene.publisher.push(unit.clone());
    }
    while made.newest(TrackKind::Video) < MediaTime::from_millis(500) {
        made.next(&mut reader).await;
    }
    held.stream().request_key_frame();
    for unit in &pictures.units[40..] {
        scene.publisher.push(unit.clone());
    }
    while made.units.iter().filter(|unit| unit.key).count() < 2 {
        made.next(&mut reader).await;
    }
    assert!(made.newest(TrackKind::Video) < MediaTime::from_millis(1_900), "{:?}", made.newest(TrackKind::Video));
    assert!(scene.encoder.key_frames.load(Ordering::Relaxed) <= asked + 1, "the publisher is not bothered with it");
}

#[tokio::test]
async fn pictures_of_another_codec_become_h264_where_that_is_allowed() {
    for codec in [Codec::Vp8, Codec::Vp9] {
        let pictures = vpx(codec, 3);
        let mut scene = Scene::open();
        scene.announce(&pictures);
        let refusal = variant(&scene.stream(), H264, false).err().unwrap();
        assert!(refusal.to_string().contains(codec.name()), "{refusal}");
        let held = variant(&scene.stream(), H264, true).unwrap();
        let (source, made) = follow(&mut scene, &[&pictures], &held).await;
        assert_eq!(made.configs.iter().map(|config| config.codec).collect::<Vec<_>>(), [Codec::H264]);
        let shown = watch(&made.configs[0], &made.units);
        let expected: Vec<_> = source.units.iter().map(|unit| unit.pts.as_millis()).collect();
        assert!(shown.len() > 80, "{}", shown.len());
        assert_eq!(shown, expected[..shown.len()]);
    }
}

#[tokio::test]
async fn pictures_without_measure_are_not_decoded() {
    let small = vpx(Codec::Vp8, 1);
    let named = TrackConfig { codec: Codec::Vp8, record: VpxFormat::plain(0, (16_000, 16_000)).record() };
    let mut scene = Scene::open();
    scene.announce(&Clip { config: named, units: Vec::new() });
    let held = variant(&scene.stream(), H264, true).unwrap();
    let (_, made) = follow(&mut scene, &[&small], &held).await;
    assert!(made.units.is_empty() && made.end == Some(EndReason::PipelineError));
    let refusal = variant(&scene.stream(), H264, true).err().unwrap().to_string();
    assert!(refusal.contains("16000 x 16000 are too large"), "{refusal}");

    // Its record says nothing of it.
    let large = vpx_of(Codec::Vp8, 1, (5_136, 16));
    let mut scene = Scene::open();
    scene.announce(&large);
    let held = variant(&scene.stream(), H264, true).unwrap();
    let (_, made) = follow(&mut scene, &[&large], &held).await;
    assert!(made.units.is_empty() && made.end == Some(EndReason::PipelineError), "{:?}", made.end);
    assert!(scene.stream().is_live());
}

#[tokio::test]
async fn many_viewers_share_one_variant_and_a_stream_that_fits_is_itself() {
    let mut scene = Scene::open();
    scene.announce(&tone(Codec::Aac, 48_000));
    let source = scene.stream();
    let all: Vec<_> = (0..100).map(|_| variant(&source, OPUS, false).unwrap()).collect();
    assert!(all.iter().all(|held| Arc::ptr_eq(held.stream(), all[0].stream())));
    assert!(!Arc::ptr_eq(all[0].stream(), &source));
    let same = variant(&source, AAC, false).unwrap();
    assert!(Arc::ptr_eq(same.stream(), &source));
}

#[tokio::test]
async fn a_block_of_the_publisher_silences_its_variants_in_the_same_call() {
    let sound = tone(Codec::Aac, 48_000);
    let mut scene = Scene::open();
    scene.announce(&sound);
    let source = scene.stream();
    let held = variant(&source, OPUS, false).unwrap();
    let mut reader = held.stream().subscribe();
    let mut made = Taken::default();
    for unit in &sound.units[..60] {
        scene.publisher.push(unit.clone());
    }
    while made.units.is_empty() {
        made.next(&mut reader).await;
    }
    scene.end(EndReason::Blocked);
    assert!(matches!(reader.try_next(), Some(ReaderItem::End(EndReason::Blocked))), "not one unit more");
    assert!(reader.try_next().is_none() && !held.stream().is_live());
    assert!(matches!(variant(&source, OPUS, false), Err(Impossible::Ended)));
}

#[tokio::test]
async fn a_variant_ends_when_nobody_wants_it_and_begins_anew() {
    let mut scene = Scene::open();
    scene.announce(&tone(Codec::Aac, 48_000));
    let source = scene.stream();
    let first = variant(&source, OPUS, false).unwrap();
    let mut reader = first.stream().subscribe();
    drop(first);
    let again = variant(&source, OPUS, false).unwrap();
    let still = Arc::clone(again.stream());
    drop(again);
    let mut last = Taken::default();
    while last.end.is_none() {
        last.next(&mut reader).await;
    }
    assert_eq!(last.end, Some(EndReason::Closed));
    // Readers hear of the end first.
    while still.is_live() {
        tokio::task::yield_now().await;
    }
    assert!(source.is_live());
    let anew = variant(&source, OPUS, false).unwrap();
    assert!(anew.stream().is_live() && !Arc::ptr_eq(anew.stream(), &still));
}

#[tokio::test]
async fn garbage_ends_the_variant_and_nothing_else() {
    let sound = tone(Codec::Aac, 48_000);
    let mut scene = Scene::open();
    scene.announce(&sound);
    let source = scene.stream();
    let held = variant(&source, OPUS, false).unwrap();
    let mut reader = held.stream().subscribe();
    let mut made = Taken::default();
    let mut random = 0x5EED_u32;
    let mut frames = 0..;
    while made.end.is_none() {
        let garbage: Vec<u8> = (0..200)
            .map(|_| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                random.to_be_bytes()[0]
            })
            .collect();
        let time = MediaTime::from_micros(frames.next().unwrap() * 21_333);
        let data = Bytes::from(garbage);
        scene.publisher.push(AccessUnit { kind: TrackKind::Audio, pts: time, dts: time, key: true, data });
        // A publisher takes its time.
        while let Ok(Some(item)) = timeout(Duration::from_millis(2), reader.next()).await {
            made.add(item);
        }
    }
    assert_eq!(made.end, Some(EndReason::PipelineError));
    assert!(source.is_live());
    assert!(matches!(variant(&source, OPUS, false), Err(Impossible::Failed(_))), "who asks next hears why");
}

#[tokio::test]
async fn a_variant_survives_another_configuration_of_its_source() {
    let (first, mut second) = (tone(Codec::Aac, 44_100), tone(Codec::Aac, 48_000));
    let mut scene = Scene::open();
    scene.announce(&first);
    let held = variant(&scene.stream(), OPUS, false).unwrap();
    let (_, made) = follow(&mut scene, &[&first], &held).await;
    for unit in &mut second.units {
        (unit.pts, unit.dts) =
            (unit.pts.plus(MediaTime::from_millis(3_000)), unit.dts.plus(MediaTime::from_millis(3_000)));
    }
    scene.announce(&second);
    let (_, more) = follow(&mut scene, &[&second], &held).await;
    let all: Vec<_> = made.units.into_iter().chain(more.units).collect();
    assert!(all.last().is_some_and(|unit| unit.dts > MediaTime::from_millis(5_500)));
    assert_eq!(made.configs, more.configs, "the same Opus");
    let mut times: Vec<_> = all.iter().map(|unit| unit.dts).collect();
    times.dedup();
    assert!(times.windows(2).filter(|pair| pair[1] < pair[0]).count() <= 1, "the second reader began a moment back");
}

#[tokio::test]
async fn a_track_that_comes_late_is_transcoded_too() {
    let (mut sound, pictures) = (tone(Codec::Aac, 48_000), picture(4, 0));
    let mut scene = Scene::open();
    scene.announce(&pictures);
    let held = variant(&scene.stream(), OPUS, false).unwrap();
    let mut reader = held.stream().subscribe();
    let mut made = Taken::default();
    for unit in &pictures.units[..30] {
        scene.publisher.push(unit.clone());
    }
    while made.units.len() < 30 {
        made.next(&mut reader).await;
    }
    scene.announce(&sound);
    for unit in &mut sound.units {
        (unit.pts, unit.dts) =
            (unit.pts.plus(MediaTime::from_millis(1_000)), unit.dts.plus(MediaTime::from_millis(1_000)));
    }
    for unit in sound.units {
        scene.publisher.push(unit);
    }
    while made.of(TrackKind::Audio).len() < 20 {
        made.next(&mut reader).await;
    }
    assert_eq!(made.configs.iter().map(|config| config.codec).collect::<Vec<_>>(), [Codec::H264, Codec::Opus]);
    assert!(made.of(TrackKind::Audio)[0].dts >= MediaTime::from_millis(950));
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_in_words_that_help() {
    let pictures = picture(1, 2);
    let mut scene = Scene::open();
    scene.announce(&pictures);
    scene.publisher.push(pictures.units[0].clone());
    let refusal = variant(&scene.stream(), IN_ORDER, false).err().unwrap();
    assert_eq!(refusal, Impossible::Reordered);
    assert!(refusal.to_string().contains("bframes=0"), "{refusal}");
}

#[tokio::test]
async fn reordering_that_shows_late_ends_a_variant_that_may_not_re_encode() {
    let pictures = picture(1, 2);
    let mut scene = Scene::open();
    let held = variant(&scene.stream(), IN_ORDER, false).unwrap();
    let mut reader = held.stream().subscribe();
    scene.announce(&pictures);
    for unit in pictures.units {
        scene.publisher.push(unit);
    }
    let mut made = Taken::default();
    while made.end.is_none() {
        made.next(&mut reader).await;
    }
    assert_eq!(made.end, Some(EndReason::PipelineError));
    assert_eq!(variant(&scene.stream(), IN_ORDER, false).err(), Some(Impossible::Reordered));
}

#[tokio::test]
async fn sound_that_players_of_hls_do_not_take_is_packaged_as_aac() {
    let settings = PackagingSettings { segment_duration_ms: 500, ..PackagingSettings::default() };
    let (sound, pictures) = (tone(Codec::Opus, 48_000), picture(3, 0));
    let mut scene = Scene::with(settings);
    scene.announce(&pictures);
    scene.announce(&sound);
    let stream = scene.stream();
    let held = variant(&stream, AAC, false).unwrap();
    follow(&mut scene, &[&pictures, &sound], &held).await;
    let multivariant = multivariant(&stream).await;
    assert!(multivariant.contains("mp4a.40.2") && multivariant.contains("avc1."), "{multivariant}");
    let audio = stream.package().hls_media("audio.m3u8", "").unwrap();
    assert_eq!(audio.matches("#EXT-X-DISCONTINUITY\n").count(), 0, "{audio}");
}

#[tokio::test]
async fn vp9_is_packaged_as_it_is_and_vp8_leaves_sound_only() {
    let settings = PackagingSettings { segment_duration_ms: 500, ..PackagingSettings::default() };
    for (codec, expected) in [(Codec::Vp9, "CODECS=\"vp09.00."), (Codec::Vp8, "CODECS=\"mp4a.40.2\"")] {
        let (sound, pictures) = (tone(Codec::Aac, 48_000), vpx(codec, 3));
        let mut scene = Scene::with(settings.clone());
        scene.announce(&pictures);
        scene.announce(&sound);
        let stream = scene.stream();
        let mut units: Vec<_> = pictures.units.into_iter().chain(sound.units).collect();
        units.sort_by_key(|unit| unit.dts);
        for unit in units {
            scene.publisher.push(unit);
        }
        let playlist = multivariant(&stream).await;
        assert!(playlist.contains(expected), "{playlist}");
    }
}

#[tokio::test]
async fn vp8_is_packaged_as_h264_where_that_is_allowed() {
    let settings =
        PackagingSettings { segment_duration_ms: 500, transcoding_allowed: true, ..PackagingSettings::default() };
    let (sound, pictures) = (tone(Codec::Opus, 48_000), vpx(Codec::Vp8, 3));
    let mut scene = Scene::with(settings);
    scene.announce(&pictures);
    scene.announce(&sound);
    let stream = scene.stream();
    let held = variant(&stream, Need { audio: AudioNeed::Aac, video: VideoNeed::H264 }, true).unwrap();
    follow(&mut scene, &[&pictures, &sound], &held).await;
    let playlist = multivariant(&stream).await;
    assert!(playlist.contains("CODECS=\"avc1.42") && playlist.contains("mp4a.40.2"), "{playlist}");
    assert!(playlist.contains("RESOLUTION=320x180"), "{playlist}");
}

#[tokio::test]
async fn publishers_that_need_asking_are_asked_for_key_frames_to_cut_at() {
    let settings = PackagingSettings { segment_duration_ms: 500, ..PackagingSettings::default() };
    let pictures = picture(3, 0);
    let mut scene = Scene::with(settings);
    scene.announce(&pictures);
    for (index, unit) in pictures.units.into_iter().enumerate() {
        scene.publisher.push(AccessUnit { key: index == 0, ..unit });
    }
    assert_eq!(scene.encoder.key_frames.load(Ordering::Relaxed), 1, "once a second at most");
}
