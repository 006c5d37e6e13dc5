//! The unit that flows through a worker, and what turns protocol data into it. Pure: bytes and times in, values out.

pub mod aac;
mod access_unit;
pub mod av1;
pub mod avcc;
mod bits;
pub mod h264;
mod info;
pub mod opus;
mod sanitiser;
pub mod vp8;
pub mod vp9;
pub mod vpx;

pub use access_unit::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};
pub use info::{AudioTrack, InvalidConfig, TrackInfo, VideoTrack};
pub use sanitiser::{Sanitiser, Timed};
