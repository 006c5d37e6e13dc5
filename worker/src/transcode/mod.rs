//! Variants of a live stream: other codings of its tracks, made on demand for viewers who cannot take the stream as it is.
//!
//! ```text
//!                  ┌ units that need no change, shared ─────────────────────────────────────┐
//! source's ring ─► feed                                                                     ├─► variant's ring ─► readers
//!                  └► transcoder: appsrc ► decoder ► convert ► encoder ► appsink, a track ──┘
//! ```
//!
//! A variant is a [`LiveStream`] of its own, read like any other. There is one for each stream and [`Need`], however many
//! viewers ask; it begins with the first of them, and ends ten seconds after the last has gone. It ends with its source,
//! in the same call: when a block has taken the source off the air, no reader of a variant gets another unit. What its
//! pipelines do, or fail to do, ends the variant at worst.
//!
//! Times are those of the source: what a codec delays is taken off. Nothing waits for a clock, and what is inside a
//! pipeline is bounded: a transcoder that cannot keep up leaves out, pictures up to the next key frame.
//!
//! Sound is transcoded whenever somebody needs it, which costs little; pictures only where the application allows it.

mod elements;
mod feed;
mod need;
mod outlet;
mod runtime;
mod transcoder;
mod variants;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::hub::LiveStream;
use crate::media::Codec;

pub(crate) use need::{AudioNeed, Need, VideoNeed};
pub(crate) use runtime::spawn;
pub(crate) use variants::{HeldStream, Variants};

/// The stream in a coding that fits `need`: the very stream when nothing of it need be changed, otherwise a variant, which
/// goes on for as long as what is returned is held. A track that is not known yet may turn out to need a change, so that
/// such a stream has a variant too.
///
/// # Errors
/// [`Impossible`], in words for the viewer.
pub(crate) fn variant(
    source: &Arc<LiveStream>,
    need: Need,
    transcoding_allowed: bool,
) -> Result<HeldStream, Impossible> {
    if need.is_met_by(source) {
        return Ok(HeldStream::as_it_is(Arc::clone(source)));
    }
    need.check(source, transcoding_allowed)?;
    source.variants().join(source, need, transcoding_allowed)
}

/// Why a stream cannot be had in another coding. The text is for the viewer, and for whoever runs the encoder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Impossible {
    #[error(
        "the stream has B-frames, which this player cannot take; switch them off in the encoder (bframes=0, or tune \
         zerolatency)"
    )]
    Reordered,
    #[error("the stream is coded as {}, which this player cannot take; have the encoder send H.264 and AAC", .0.name())]
    Codec(Codec),
    #[error("the server cannot re-encode the stream: the GStreamer element {0} is not installed")]
    Missing(&'static str),
    #[error(
        "the server re-encodes {0} streams already, which is all that it can; have the encoder send H.264 without B-frames"
    )]
    TooMany(usize),
    #[error(
        "the stream's pictures of {width} x {height} are too large to be re-encoded; the server takes {most} at most"
    )]
    TooLarge { width: u32, height: u32, most: u32 },
    #[error("the stream could not be re-encoded: {0}")]
    Failed(String),
    #[error("the stream has ended")]
    Ended,
}
