//! The buffer in which a unit is put together, bounded.

use bytes::{Bytes, BytesMut};

use super::BrokenPayload;

/// One unit's bytes so far.
#[derive(Debug)]
pub(super) struct Assembly {
    bytes: BytesMut,
    limit: usize,
}

impl Assembly {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: BytesMut::new(), limit }
    }

    /// Appends, growing step by step with what really came.
    ///
    /// # Errors
    /// [`BrokenPayload`] when the unit would exceed its limit.
    pub(super) fn extend(&mut self, bytes: &[u8]) -> Result<(), BrokenPayload> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(BrokenPayload("the unit is too large"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// What came since `from`.
    pub(super) fn since(&self, from: usize) -> &[u8] {
        self.bytes.get(from..).unwrap_or_default()
    }

    pub(super) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Writes the number of bytes behind `at` + 4 to `at`, big-endian.
    pub(super) fn close_length(&mut self, at: usize) {
        let length = self.bytes.len().saturating_sub(at + 4);
        if let (Some(place), Ok(length)) = (self.bytes.get_mut(at..at + 4), u32::try_from(length)) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The unit; another may begin.
    pub(super) fn take(&mut self) -> Bytes {
        self.bytes.split().freeze()
    }
}
