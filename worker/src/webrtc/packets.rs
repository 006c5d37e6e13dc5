//! A stream as RTP packets, cut once for all its viewers.
//!
//! One task per stream ([`feed`]) reads the hub and fills the ring; each viewer is only a [`Cursor`]. Sound and picture
//! stand in the ring in one order, as bursts: the packets of one access unit. Every track numbers its packets from 0;
//! from a packet's number each viewer makes its own sequence number ([`send`](super::send)), and finds it again when
//! asked to repeat it. The ring always holds the newest group of pictures, and some seconds for late cursors and
//! repetitions; what falls out of it is lost to whoever has not read it.
//!
//! One lock, held for as long as it takes to count references: readers share it, and take a batch at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::RwLock;
use sluice_contract::message::EndReason;

use super::engine::WakeGroup;
use super::rtp::{MediaPacket, Packetise, clock_rate, packetiser};
use crate::hub::{Reader, ReaderItem};
use crate::media::{TrackConfig, TrackKind};

/// The newest packets of one stream.
pub(crate) struct PacketRing {
    inner: RwLock<Inner>,
    viewers: Arc<dyn WakeGroup>,
}

/// The packets of one access unit.
#[derive(Debug)]
pub(crate) struct Burst {
    pub kind: TrackKind,
    /// A viewer may begin here.
    pub key: bool,
    /// Of the configurations that it was coded under; see [`Start::generation`].
    pub generation: u32,
    /// In the order in which they are sent.
    pub packets: Box<[MediaPacket]>,
    /// Packets of video and audio before these.
    before: [u64; 2],
    bytes: usize,
}

/// A viewer's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    position: u64,
    /// Pictures are left out until a key frame.
    awaits_key: bool,
    /// Sound is left out before this position: it would come with the pictures of a group that began seconds ago,
    /// and players would play it behind ever after.
    sound_from: u64,
}

/// Where a viewer begins.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub cursor: Cursor,
    /// How often a track's configuration was set. Whoever sees another in a [`Burst`] looks at the configurations
    /// again: the format of a track may have changed.
    pub generation: u32,
    /// How long ago, in media time, the picture was taken that it begins with; 0 without one.
    pub behind_ms: i64,
}

/// What a cursor found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// There is more than the limit allowed.
    More,
    UpToDate,
    /// The cursor had fallen out of the ring; it stands at the newest key frame now, or waits for the next.
    Lost,
    Ended(EndReason),
}

struct Inner {
    limits: Limits,
    bursts: VecDeque<Arc<Burst>>,
    /// Position of the first burst.
    front: u64,
    packets: usize,
    bytes: usize,
    /// Packets of video and audio so far.
    counts: [u64; 2],
    /// Position of the newest key frame.
    last_key: Option<u64>,
    configs: [Option<Arc<TrackConfig>>; 2],
    generation: u32,
    ended: Option<EndReason>,
}

/// How much a ring may hold.
#[derive(Debug, Clone, Copy)]
struct Limits {
    packets: usize,
    bytes: usize,
    /// What is older than this and older than the last key frame goes.
    history_ms: i64,
}

impl Limits {
    /// A group of ten seconds at 13 Mbit/s, as in the hub, whose memory these packets share. Three seconds is longer
    /// than anybody repeats a request.
    const DEFAULT: Self = Self { packets: 20_000, bytes: 16 << 20, history_ms: 3_000 };
}

/// What is put into the ring, made without its lock.
enum Change {
    Config(Arc<TrackConfig>),
    Unit { kind: TrackKind, key: bool, packets: Vec<MediaPacket> },
    End(EndReason),
}

/// Reads a stream to its end and fills the ring. `payload_limit` bounds the payloads of packets, in bytes.
pub(crate) async fn feed(ring: Arc<PacketRing>, mut reader: Reader, payload_limit: usize) {
    let mut cutter = Cutter { packetisers: [None, None], payload_limit };
    while let Some(item) = reader.next().await {
        let mut changes: Vec<_> = cutter.cut(item).into_iter().collect();
        // What has come meanwhile goes with it, so that viewers are woken once.
        while changes.len() < MAX_BATCH
            && let Some(item) = reader.try_next()
        {
            changes.extend(cutter.cut(item));
        }
        ring.apply(changes);
    }
}

impl PacketRing {
    /// An empty ring, whose viewers are woken together.
    pub fn new(viewers: Arc<dyn WakeGroup>) -> Self {
        Self { inner: RwLock::new(Inner::new(Limits::DEFAULT)), viewers }
    }

    /// Who is woken when there is something to read.
    pub const fn viewers(&self) -> &Arc<dyn WakeGroup> {
        &self.viewers
    }

    /// Where a new viewer begins: at the newest key frame; without video, or before its first key frame, at the end.
    pub fn start(&self) -> Start {
        let inner = self.inner.read();
        Start { cursor: inner.newest_key(), generation: inner.generation, behind_ms: inner.behind_ms() }
    }

    /// Takes the cursor past everything it has not read to the newest key frame, or has it wait for the next; never
    /// back. For viewers that could not keep up, and those that were held.
    pub fn skip(&self, cursor: &mut Cursor) {
        let inner = self.inner.read();
        let newest = inner.newest_key();
        *cursor = if newest.position > cursor.position { newest } else { inner.end_cursor() };
    }

    /// Appends what the cursor has not read, up to about `limit` packets.
    pub fn read(&self, cursor: &mut Cursor, limit: usize, into: &mut Vec<Arc<Burst>>) -> Reading {
        let inner = self.inner.read();
        if let Some(reason) = inner.ended {
            return Reading::Ended(reason);
        }
        if cursor.position < inner.front {
            *cursor = inner.newest_key();
            return Reading::Lost;
        }
        let mut packets = 0;
        while packets < limit {
            let index = usize::try_from(cursor.position - inner.front).unwrap_or(usize::MAX);
            let Some(burst) = inner.bursts.get(index) else { return Reading::UpToDate };
            let position = cursor.position;
            cursor.position += 1;
            let is_left_out = match burst.kind {
                TrackKind::Video => cursor.awaits_key && !burst.key,
                TrackKind::Audio => position < cursor.sound_from,
            };
            if is_left_out {
                continue;
            }
            if burst.kind == TrackKind::Video {
                cursor.awaits_key = false;
            }
            packets += burst.packets.len();
            into.push(burst.clone());
        }
        Reading::More
    }

    /// Appends the bursts that hold these packets of a track, as far as they are still here.
    pub fn find(&self, kind: TrackKind, numbers: &[u64], into: &mut Vec<(u64, Arc<Burst>)>) {
        let inner = self.inner.read();
        into.extend(numbers.iter().filter_map(|&number| Some((number, inner.holder(kind, number)?))));
    }

    /// The tracks' configurations and how often one was set.
    pub fn configs(&self) -> (u32, [Option<Arc<TrackConfig>>; 2]) {
        let inner = self.inner.read();
        (inner.generation, inner.configs.clone())
    }

    fn apply(&self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        {
            let mut inner = self.inner.write();
            for change in changes {
                inner.apply(change);
            }
        }
        self.viewers.wake();
    }
}

impl Burst {
    /// The number of its first packet.
    pub const fn first(&self) -> u64 {
        match self.kind {
            TrackKind::Video => self.before[0],
            TrackKind::Audio => self.before[1],
        }
    }

    /// Its packets with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &MediaPacket)> {
        (self.first()..).zip(&self.packets)
    }

    /// The packet of the track with this number.
    pub fn packet(&self, number: u64) -> Option<&MediaPacket> {
        let index = number.checked_sub(self.first())?;
        self.packets.get(usize::try_from(index).ok()?)
    }

    fn time_ms(&self) -> i64 {
        self.packets.first().map_or(0, |packet| packet.ticks * 1_000 / i64::from(clock_rate(self.kind)))
    }
}

impl Inner {
    const fn new(limits: Limits) -> Self {
        Self {
            limits,
            bursts: VecDeque::new(),
            front: 0,
            packets: 0,
            bytes: 0,
            counts: [0; 2],
            last_key: None,
            configs: [None, None],
            generation: 0,
            ended: None,
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Config(config) => {
                self.generation += 1;
                let slot = slot(config.codec.kind());
                self.configs[slot] = Some(config);
            }
            Change::Unit { kind, key, packets } => self.push(kind, key, packets),
            Change::End(reason) => {
                self.ended = Some(reason);
                self.front = self.end();
                self.bursts = VecDeque::new();
                self.last_key = None;
            }
        }
    }

    fn push(&mut self, kind: TrackKind, key: bool, packets: Vec<MediaPacket>) {
        if kind == TrackKind::Video && key {
            self.last_key = Some(self.end());
        }
        let bytes = packets.iter().map(|packet| packet.head.as_slice().len() + packet.body.len()).sum();
        let before = self.counts;
        self.counts[slot(kind)] += packets.len() as u64;
        self.packets += packets.len();
        self.bytes += bytes;
        let burst = Burst { kind, key, generation: self.generation, packets: packets.into(), before, bytes };
        let newest_ms = burst.time_ms();
        self.bursts.push_back(Arc::new(burst));
        while let Some(oldest) = self.bursts.front() {
            let needed = self.last_key.is_some_and(|key| key <= self.front);
            let aged = newest_ms - oldest.time_ms() > self.limits.history_ms;
            let over = self.packets > self.limits.packets || self.bytes > self.limits.bytes;
            if !over && (needed || !aged) {
                break;
            }
            self.packets -= oldest.packets.len();
            self.bytes -= oldest.bytes;
            self.bursts.pop_front();
            self.front += 1;
        }
    }

    /// The position that the next burst gets.
    fn end(&self) -> u64 {
        self.front + self.bursts.len() as u64
    }

    fn newest_key(&self) -> Cursor {
        match self.last_key.filter(|&key| key >= self.front) {
            Some(position) => Cursor { position, awaits_key: true, sound_from: self.end() },
            None => self.end_cursor(),
        }
    }

    /// From the newest key frame to the newest burst.
    fn behind_ms(&self) -> i64 {
        let key = self.last_key.and_then(|key| self.bursts.get(usize::try_from(key.checked_sub(self.front)?).ok()?));
        key.zip(self.bursts.back()).map_or(0, |(key, newest)| (newest.time_ms() - key.time_ms()).max(0))
    }

    fn end_cursor(&self) -> Cursor {
        Cursor { position: self.end(), awaits_key: true, sound_from: 0 }
    }

    /// The burst that holds a packet.
    fn holder(&self, kind: TrackKind, number: u64) -> Option<Arc<Burst>> {
        let slot = slot(kind);
        // The last burst before which there are no more packets of the track than this one's number.
        let after = self.bursts.partition_point(|burst| burst.before[slot] <= number);
        let burst = self.bursts.get(after.checked_sub(1)?)?;
        (burst.kind == kind && burst.packet(number).is_some()).then(|| burst.clone())
    }
}

/// Makes packets of what the hub has.
struct Cutter {
    packetisers: [Option<Box<dyn Packetise>>; 2],
    payload_limit: usize,
}

impl Cutter {
    fn cut(&mut self, item: ReaderItem) -> Option<Change> {
        match item {
            ReaderItem::Config(config) => {
                self.packetisers[slot(config.codec.kind())] = packetiser(&config, self.payload_limit);
                Some(Change::Config(config))
            }
            ReaderItem::Unit(unit) => {
                let mut packets = Vec::new();
                self.packetisers[slot(unit.kind)].as_mut()?.packetise(&unit, &mut packets);
                (!packets.is_empty()).then_some(Change::Unit { kind: unit.kind, key: unit.key, packets })
            }
            // Numbers go on, and the next picture is a key frame: nobody has to know.
            ReaderItem::Skipped(_) => None,
            ReaderItem::End(reason) => Some(Change::End(reason)),
        }
    }
}

const fn slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

/// Enough for a second of a stream.
const MAX_BATCH: usize = 128;

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;

    use super::*;
    use crate::media::{AccessUnit, Codec, MediaTime, opus, vpx};

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl WakeGroup for Bell {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Scene {
        ring: PacketRing,
        bell: Arc<Bell>,
        cutter: Cutter,
    }

    impl Scene {
        fn new(limits: Limits) -> Self {
            let bell = Arc::new(Bell::default());
            let ring = PacketRing { inner: RwLock::new(Inner::new(limits)), viewers: bell.clone() };
            let mut scene = Self { ring, bell, cutter: Cutter { packetisers: [None, None], payload_limit: 1_000 } };
            let vp8 = TrackConfig { codec: Codec::Vp8, record: vpx::VpxFormat::plain(0, (640, 360)).record() };
            let opus = TrackConfig { codec: Codec::Opus, record: opus::record(2) };
            for config in [vp8, opus] {
                scene.take(ReaderItem::Config(Arc::new(config)));
            }
            scene
        }

        fn take(&mut self, item: ReaderItem) {
            let changes = self.cutter.cut(item).into_iter().collect();
            self.ring.apply(changes);
        }

        /// Of 2 500 bytes: three packets.
        fn picture(&mut self, millis: i64, key: bool) {
            self.unit(TrackKind::Video, millis, key, vec![0; 2_500]);
        }

        fn sound(&mut self, millis: i64) {
            self.unit(TrackKind::Audio, millis, true, vec![0x78; 100]);
        }

        fn unit(&mut self, kind: TrackKind, millis: i64, key: bool, data: Vec<u8>) {
            let time = MediaTime::from_millis(millis);
            self.take(ReaderItem::Unit(Arc::new(AccessUnit { kind, pts: time, dts: time, key, data: data.into() })));
        }

        /// Ten seconds of pictures and sound, a key frame every two.
        fn play(&mut self) {
            for frame in 0..250 {
                self.picture(frame * 40, frame % 50 == 0);
                self.sound(frame * 40);
            }
        }
    }

    fn described(bursts: &[Arc<Burst>]) -> Vec<(TrackKind, u64, usize)> {
        bursts.iter().map(|burst| (burst.kind, burst.first(), burst.packets.len())).collect()
    }

    #[test]
    fn a_viewer_begins_at_the_newest_key_frame_with_the_sound_of_now() {
        let mut scene = Scene::new(Limits::DEFAULT);
        scene.play();
        let mut cursor = scene.ring.start().cursor;
        let mut bursts = Vec::new();
        assert_eq!(scene.ring.read(&mut cursor, 10_000, &mut bursts), Reading::UpToDate);
        assert_eq!(bursts.len(), 50);
        assert!(bursts[0].key && bursts.iter().all(|burst| burst.kind == TrackKind::Video));
        assert_eq!(bursts[0].first(), 600);
        bursts.clear();
        scene.sound(10_000);
        scene.picture(10_000, true);
        assert_eq!(scene.ring.read(&mut cursor, 10_000, &mut bursts), Reading::UpToDate);
        assert_eq!(described(&bursts), [(TrackKind::Audio, 250, 1), (TrackKind::Video, 750, 3)]);
    }

    #[test]
    fn reading_stops_at_the_limit_and_goes_on() {
        let mut scene = Scene::new(Limits::DEFAULT);
        scene.play();
        let mut cursor = scene.ring.start().cursor;
        let mut packets = Vec::new();
        let mut bursts = Vec::new();
        while scene.ring.read(&mut cursor, 10, &mut bursts) == Reading::More {
            assert!(bursts.iter().map(|burst| burst.packets.len()).sum::<usize>() <= 12);
            packets.extend(
                bursts.drain(..).flat_map(|burst| burst.numbered().map(|(number, _)| number).collect::<Vec<_>>()),
            );
        }
        packets.extend(bursts.iter().flat_map(|burst| burst.numbered().map(|(number, _)| number)));
        assert_eq!(packets, (600..750).collect::<Vec<_>>());
    }

    #[test]
    fn packets_are_found_by_their_numbers() {
        let mut scene = Scene::new(Limits::DEFAULT);
        scene.play();
        let mut found = Vec::new();
        scene.ring.find(TrackKind::Video, &[749, 0, 601, 750, 600], &mut found);
        assert_eq!(found.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [749, 601, 600]);
        assert!(found.iter().all(|(number, burst)| burst.packet(*number).is_some() && burst.kind == TrackKind::Video));
        found.clear();
        scene.ring.find(TrackKind::Audio, &[249, 250], &mut found);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn a_cursor_that_fell_out_goes_on_at_a_key_frame() {
        let mut scene = Scene::new(Limits::DEFAULT);
        scene.picture(0, true);
        let mut cursor = scene.ring.start().cursor;
        scene.play();
        scene.play();
        let mut bursts = Vec::new();
        assert_eq!(scene.ring.read(&mut cursor, 100, &mut bursts), Reading::Lost);
        assert_eq!(scene.ring.read(&mut cursor, 1, &mut bursts), Reading::More);
        assert!(bursts[0].key);
    }

    #[test]
    fn a_slow_viewer_skips_forward_only() {
        let mut scene = Scene::new(Limits::DEFAULT);
        scene.picture(0, true);
        let mut cursor = scene.ring.start().cursor;
        scene.picture(40, false);
        scene.picture(80, true);
        scene.ring.skip(&mut cursor);
        let mut bursts = Vec::new();
        scene.ring.read(&mut cursor, 100, &mut bursts);
        assert_eq!(described(&bursts), [(TrackKind::Video, 6, 3)]);
        // Nothing newer: it waits.
        bursts.clear();
        scene.picture(120, false);
        scene.ring.skip(&mut cursor);
        scene.picture(160, false);
        scene.sound(160);
        scene.picture(200, true);
        scene.ring.read(&mut cursor, 100, &mut bursts);
        assert_eq!(described(&bursts), [(TrackKind::Audio, 0, 1), (TrackKind::Video, 15, 3)]);
    }

    #[test]
    fn limits_hold_and_a_group_above_them_is_given_up() {
        let mut scene = Scene::new(Limits { packets: 100, bytes: 1 << 20, history_ms: 3_000 });
        for frame in 0..200 {
            scene.picture(frame * 40, frame == 0);
            assert!(scene.ring.inner.read().packets <= 100);
        }
        let mut cursor = scene.ring.start().cursor;
        let mut bursts = Vec::new();
        scene.picture(8_000, false);
        assert_eq!(scene.ring.read(&mut cursor, 100, &mut bursts), Reading::UpToDate);
        assert_eq!(bursts.len(), 0);
    }

    #[test]
    fn configurations_and_the_end_are_told_and_viewers_woken() {
        let mut scene = Scene::new(Limits::DEFAULT);
        assert_eq!(scene.bell.0.load(Ordering::Relaxed), 2);
        scene.picture(0, true);
        let start = scene.ring.start();
        assert_eq!((start.generation, scene.ring.configs().1.iter().flatten().count()), (2, 2));
        // A codec that is not sent: its units are left out.
        let aac = TrackConfig { codec: Codec::Aac, record: Bytes::from_static(&[0x11, 0x90]) };
        scene.take(ReaderItem::Config(Arc::new(aac)));
        scene.sound(0);
        scene.picture(40, false);
        let mut cursor = start.cursor;
        let mut bursts = Vec::new();
        scene.ring.read(&mut cursor, 100, &mut bursts);
        assert_eq!(bursts.iter().map(|burst| burst.generation).collect::<Vec<_>>(), [2, 3]);
        scene.take(ReaderItem::End(EndReason::Closed));
        assert_eq!(scene.ring.read(&mut cursor, 100, &mut bursts), Reading::Ended(EndReason::Closed));
        assert_eq!(scene.bell.0.load(Ordering::Relaxed), 6);
    }
}
