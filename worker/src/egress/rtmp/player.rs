//! One player, without IO: what of the broadcast it gets, with which times, and what waits to be written to it.

use bytes::{Bytes, BytesMut};

use super::metadata;
use super::outgoing::{Media, Outgoing};
use super::tag;
use super::timeline::Timeline;
use crate::hub::ReaderItem;
use crate::ingest::rtmp::chunk::{ChunkWriter, message_type};
use crate::media::{AccessUnit, Codec, TrackConfig, TrackInfo, TrackKind};

/// What one player has been told and is to be told.
#[derive(Debug)]
pub(super) struct Player {
    message_stream: u32,
    pub outgoing: Outgoing,
    timeline: Timeline,
    video: Track,
    audio: Track,
    /// The newest `onMetaData`.
    described: BytesMut,
}

#[derive(Debug)]
struct Track {
    codec: Option<Codec>,
    /// False after `receiveAudio(false)`, `receiveVideo(false)`.
    wanted: bool,
    /// Nothing until a decoder can start.
    awaits_key: bool,
}

impl Default for Track {
    fn default() -> Self {
        Self { codec: None, wanted: true, awaits_key: true }
    }
}

impl Player {
    /// A player on one message stream.
    pub fn new(message_stream: u32) -> Self {
        Self {
            message_stream,
            outgoing: Outgoing::default(),
            timeline: Timeline::default(),
            video: Track::default(),
            audio: Track::default(),
            described: BytesMut::new(),
        }
    }

    /// The next of the broadcast. Returns how many access units the player missed before it. `tracks` are asked for
    /// when a configuration changes.
    pub fn take(&mut self, item: ReaderItem, tracks: impl FnOnce() -> [Option<TrackInfo>; 2]) -> u64 {
        match item {
            ReaderItem::Config(config) => self.configure(&config, &tracks()),
            ReaderItem::Unit(unit) => self.unit(&unit),
            ReaderItem::Skipped(missed) => {
                self.timeline.tear();
                return missed;
            }
            ReaderItem::End(_) => {}
        }
        0
    }

    /// The player wants one kind of media, or does not.
    pub fn receive(&mut self, kind: TrackKind, wanted: bool) {
        let track = self.track(kind);
        track.wanted = wanted;
        track.awaits_key = true;
    }

    /// Nothing of the broadcast follows until it is read anew from a key frame. Returns how many access units were on
    /// their way and are dropped.
    pub fn interrupt(&mut self) -> u64 {
        self.timeline.tear();
        self.video.awaits_key = true;
        self.outgoing.drop_media()
    }

    fn configure(&mut self, config: &TrackConfig, tracks: &[Option<TrackInfo>; 2]) {
        let described = metadata::on_meta_data(tracks);
        if described != self.described {
            let mut message = BytesMut::new();
            ChunkWriter::of_size(super::outgoing::CHUNK_BYTES).write(
                &mut message,
                DATA_CHUNK_STREAM,
                message_type::DATA_AMF0,
                self.message_stream,
                &described,
            );
            self.outgoing.push_control(message.freeze());
            self.described = described;
        }
        let kind = config.codec.kind();
        let track = self.track(kind);
        track.codec = Some(config.codec);
        track.awaits_key = true;
        let (prefix, record) = tag::config(config);
        self.push(kind, self.timeline.now(), prefix, record);
    }

    fn unit(&mut self, unit: &AccessUnit) {
        let track = self.track(unit.kind);
        let Some(codec) = track.codec.filter(|_| track.wanted) else { return };
        if track.awaits_key && !unit.key {
            return;
        }
        track.awaits_key = false;
        let timestamp = self.timeline.place(unit.dts);
        self.push(unit.kind, timestamp, tag::unit(codec, unit), unit.data.clone());
    }

    fn push(&mut self, kind: TrackKind, timestamp: u32, prefix: tag::Prefix, body: Bytes) {
        self.outgoing.push(Media::new(kind, self.message_stream, timestamp, prefix, body));
    }

    fn track(&mut self, kind: TrackKind) -> &mut Track {
        match kind {
            TrackKind::Video => &mut self.video,
            TrackKind::Audio => &mut self.audio,
        }
    }
}

/// Beside those of commands, audio and video.
const DATA_CHUNK_STREAM: u8 = 5;
