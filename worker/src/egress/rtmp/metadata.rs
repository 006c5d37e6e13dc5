//! `onMetaData`: what a player is told of the tracks before their first message.

use bytes::BytesMut;

use super::tag;
use crate::ingest::rtmp::amf0::{Value, Writer};
use crate::media::{Codec, TrackInfo};

/// The data message for the tracks that are known. Players read from the codec ids which tracks to expect.
pub(super) fn on_meta_data(tracks: &[Option<TrackInfo>; 2]) -> BytesMut {
    let number = |value: u32| Value::Number(f64::from(value));
    let mut properties = Vec::new();
    for track in tracks.iter().flatten() {
        match track {
            TrackInfo::Video(video) => {
                properties.push(("videocodecid", Value::Number(tag::codec_id(track.codec()))));
                properties.extend([("width", number(video.width)), ("height", number(video.height))]);
                if let Some((frames, seconds)) = video.frame_rate.filter(|(_, seconds)| *seconds > 0) {
                    properties.push(("framerate", Value::Number(f64::from(frames) / f64::from(seconds))));
                }
            }
            TrackInfo::Audio(audio) => {
                properties.push(("audiocodecid", Value::Number(tag::codec_id(track.codec()))));
                properties.push(("audiosamplerate", number(audio.output_rate_hz)));
                properties.push(("audiochannels", number(audio.channels)));
                properties.push(("stereo", Value::Boolean(audio.channels > 1)));
            }
            TrackInfo::NotPackaged(codec) => {
                let name = match codec {
                    Codec::H264 | Codec::Hevc | Codec::Av1 | Codec::Vp8 | Codec::Vp9 => "videocodecid",
                    Codec::Aac | Codec::Opus => "audiocodecid",
                };
                properties.push((name, Value::Number(tag::codec_id(*codec))));
            }
        }
    }
    Writer::new().string("onMetaData").object(&properties).finish()
}
