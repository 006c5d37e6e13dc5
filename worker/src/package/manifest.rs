//! Manifests of the current moment, ready to be completed with a request's query. Dropped whenever a segment comes.

use std::sync::Arc;

use super::template::Template;

/// `None` is "not made yet"; `Some(None)` is "cannot be made yet".
#[derive(Debug, Default)]
pub(super) struct Manifests {
    pub(super) multivariant: Option<Option<Arc<Template>>>,
    /// Video and audio.
    pub(super) media: [Option<Option<Arc<Template>>>; 2],
    pub(super) mpd: Option<Option<Arc<Template>>>,
}
