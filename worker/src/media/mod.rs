//! The unit that flows through a worker, and what turns protocol data into it. Pure: bytes and times in, values out.

mod access_unit;

pub use access_unit::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};
