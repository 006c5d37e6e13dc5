//! A segment on its way to a player: slices of shared memory, each behind the session's gate.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::media::TrackKind;
use crate::session::{Gate, Session};

/// Never copies; ends with an error, which closes the connection, as soon as the gate is not open.
pub(super) struct GatedBody {
    left: Bytes,
    kind: TrackKind,
    session: Arc<Session>,
}

/// The session may not receive any more.
#[derive(Debug, thiserror::Error)]
#[error("the session was suspended or ended while it received")]
pub(super) struct Cut;

impl GatedBody {
    pub fn new(data: Bytes, kind: TrackKind, session: Arc<Session>) -> Self {
        Self { left: data, kind, session }
    }
}

impl Body for GatedBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        if self.session.gate() != Gate::Open {
            self.left.clear();
            return Poll::Ready(Some(Err(Cut)));
        }
        let len = self.left.len().min(SLICE_BYTES);
        let slice = self.left.split_to(len);
        match self.kind {
            TrackKind::Video => self.session.count_video(len),
            TrackKind::Audio => self.session.count_audio(len),
        }
        Poll::Ready(Some(Ok(Frame::data(slice))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}

/// What is handed to the connection at a time, and so what may follow a block at most.
const SLICE_BYTES: usize = 64 * 1024;
