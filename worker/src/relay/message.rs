//! What stands in the messages of a relay. Pure. Small things are JSON, so that a later release can add to them; media
//! has a short head in front of its payload.

use bytes::{Buf, Bytes};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sluice_contract::message::EndReason;
use sluice_contract::{ApplicationName, Protocol, SessionId, StreamId, SubscriberId};

use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};
use crate::package::replica::{Held, ObjectName};

/// What an edge can have of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Supply {
    /// Segments and the window over them, for HLS and DASH.
    Objects,
    /// Access units, for players of one connection.
    Units,
}

/// The edge's first word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subscribe {
    pub supply: Supply,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    /// What it has of an earlier connection.
    #[serde(default)]
    pub held: Option<Held>,
}

/// Who publishes, from here on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begin {
    pub publisher: SessionId,
    pub protocol: Protocol,
    /// Whom a block can name.
    #[serde(default)]
    pub subscriber: Option<SubscriberId>,
    #[serde(default)]
    pub main_track: Option<StreamId>,
    /// The origin takes wishes for key frames; one of an earlier release does not, and would end the relay.
    #[serde(default)]
    pub takes_wishes: bool,
}

/// The origin's last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "lowercase")]
pub(super) enum End {
    /// The stream is not here (any more).
    Absent,
    /// The publisher left, or was made to.
    Ended { reason: EndReason },
}

/// A message of our peer that we cannot read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message cannot be read")]
pub(super) struct Unreadable;

pub(super) fn to_text(message: &impl Serialize) -> Vec<u8> {
    // Names and numbers only: writing them down cannot fail.
    serde_json::to_vec(message).unwrap_or_default()
}

pub(super) fn from_text<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    serde_json::from_slice(body).map_err(|_| Unreadable)
}

/// Track and key frame, presentation and decoding time.
pub(super) fn unit_head(unit: &AccessUnit) -> [u8; UNIT_HEAD_BYTES] {
    let mut head = [0; UNIT_HEAD_BYTES];
    let (flags, times) = head.split_at_mut(1);
    flags.fill(kind_bit(unit.kind) | u8::from(unit.key) << 1);
    let (pts, dts) = times.split_at_mut(8);
    pts.copy_from_slice(&unit.pts.as_micros().to_be_bytes());
    dts.copy_from_slice(&unit.dts.as_micros().to_be_bytes());
    head
}

pub(super) fn read_unit(mut body: Bytes) -> Result<AccessUnit, Unreadable> {
    let flags = body.try_get_u8().map_err(|_| Unreadable)?;
    let pts = MediaTime::from_micros(body.try_get_i64().map_err(|_| Unreadable)?);
    let dts = MediaTime::from_micros(body.try_get_i64().map_err(|_| Unreadable)?);
    let (kind, key) = read_flags(flags)?;
    if [pts, dts].into_iter().any(|time| time.as_micros().unsigned_abs() > MOST_MICROS) {
        return Err(Unreadable);
    }
    Ok(AccessUnit { kind, pts, dts, key, data: body })
}

/// Track and whether it is an init segment, number.
pub(super) fn object_head(name: ObjectName) -> [u8; OBJECT_HEAD_BYTES] {
    let mut head = [0; OBJECT_HEAD_BYTES];
    let (flags, number) = head.split_at_mut(1);
    flags.fill(kind_bit(name.kind) | u8::from(name.is_init) << 1);
    number.copy_from_slice(&name.number.to_be_bytes());
    head
}

pub(super) fn read_object(mut body: Bytes) -> Result<(ObjectName, Bytes), Unreadable> {
    let flags = body.try_get_u8().map_err(|_| Unreadable)?;
    let number = body.try_get_u64().map_err(|_| Unreadable)?;
    let (kind, is_init) = read_flags(flags)?;
    Ok((ObjectName { kind, is_init, number }, body))
}

pub(super) const fn config_head(config: &TrackConfig) -> [u8; 1] {
    [match config.codec {
        Codec::H264 => 0,
        Codec::Hevc => 1,
        Codec::Av1 => 2,
        Codec::Vp9 => 3,
        Codec::Aac => 4,
        Codec::Opus => 5,
        Codec::Vp8 => 6,
    }]
}

pub(super) fn read_config(mut body: Bytes) -> Result<TrackConfig, Unreadable> {
    let codec = match body.try_get_u8() {
        Ok(0) => Codec::H264,
        Ok(1) => Codec::Hevc,
        Ok(2) => Codec::Av1,
        Ok(3) => Codec::Vp9,
        Ok(4) => Codec::Aac,
        Ok(5) => Codec::Opus,
        Ok(6) => Codec::Vp8,
        _ => return Err(Unreadable),
    };
    Ok(TrackConfig { codec, record: body })
}

pub(super) fn read_skip(mut body: Bytes) -> Result<u64, Unreadable> {
    body.try_get_u32().map(u64::from).map_err(|_| Unreadable)
}

const fn kind_bit(kind: TrackKind) -> u8 {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

fn read_flags(flags: u8) -> Result<(TrackKind, bool), Unreadable> {
    let kind = if flags & 1 == 0 { TrackKind::Video } else { TrackKind::Audio };
    if flags & !3 == 0 { Ok((kind, flags & 2 != 0)) } else { Err(Unreadable) }
}

const UNIT_HEAD_BYTES: usize = 1 + 8 + 8;
const OBJECT_HEAD_BYTES: usize = 1 + 8;
/// A hundred years.
const MOST_MICROS: u64 = 100 * 366 * 86_400 * 1_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn media_is_read_as_it_was_written(
            audio in any::<bool>(), key in any::<bool>(), pts in 0i64..1 << 50, dts in 0i64..1 << 50,
            data in proptest::collection::vec(any::<u8>(), 0..50),
        ) {
            let kind = if audio { TrackKind::Audio } else { TrackKind::Video };
            let (pts, dts) = (MediaTime::from_micros(pts), MediaTime::from_micros(dts));
            let unit = AccessUnit { kind, pts, dts, key, data: data.into() };
            let body = [&unit_head(&unit)[..], &unit.data].concat();
            prop_assert_eq!(read_unit(body.into()), Ok(unit.clone()));
            let name = ObjectName { kind, is_init: key, number: pts.as_micros().unsigned_abs() };
            let body = [&object_head(name)[..], &unit.data].concat();
            prop_assert_eq!(read_object(body.into()), Ok((name, unit.data.clone())));
        }

        #[test]
        fn any_bytes_are_read_without_harm(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let body = Bytes::from(body);
            let _ = read_unit(body.clone());
            let _ = read_object(body.clone());
            let _ = read_config(body.clone());
            let _ = read_skip(body.clone());
            let _ = from_text::<Subscribe>(&body);
            let _ = from_text::<End>(&body);
        }
    }
}
