//! What HTTP egress reads of a live broadcast, and nothing more of it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::StreamKey;
use crate::hub::LiveStream;
use crate::package::Object;

/// Finds the files of live streams.
#[async_trait]
pub(crate) trait Shelf: Send + Sync + 'static {
    fn find(&self, key: &StreamKey) -> Option<Arc<dyn Files>>;

    /// True when another worker may carry the stream, so that [`ensure`](Self::ensure) is worth waiting for.
    fn may_be_elsewhere(&self, _: &StreamKey) -> bool {
        false
    }

    /// True when there are other workers that may carry streams.
    fn has_peers(&self) -> bool {
        false
    }

    /// Waits a moment for a stream that another worker carries.
    async fn ensure(&self, _: &StreamKey) {}
}

/// The files of one stream; see [`Package`](crate::package::Package).
pub(crate) trait Files: Send + Sync {
    fn hls_multivariant(&self, folder: &str, query: &str) -> Option<String>;
    fn hls_media(&self, name: &str, query: &str) -> Option<String>;
    fn dash(&self, location: Option<&str>, query: &str) -> Option<String>;
    /// True while the MPD lists so little that a player would run dry before it finds more.
    fn dash_is_short(&self) -> bool {
        false
    }
    fn object(&self, name: &str) -> Option<Object>;
}

impl Files for LiveStream {
    fn hls_multivariant(&self, folder: &str, query: &str) -> Option<String> {
        self.package().hls_multivariant(folder, query)
    }

    fn hls_media(&self, name: &str, query: &str) -> Option<String> {
        self.package().hls_media(name, query)
    }

    fn dash(&self, location: Option<&str>, query: &str) -> Option<String> {
        self.package().dash(location, query)
    }

    fn dash_is_short(&self) -> bool {
        self.package().dash_is_short()
    }

    fn object(&self, name: &str) -> Option<Object> {
        self.package().object(name)
    }
}
