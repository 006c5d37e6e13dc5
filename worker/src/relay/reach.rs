//! All that a viewer of this worker can have: what is published here, and what is relayed from elsewhere. What is here
//! comes first.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sluice_contract::message::{EndReason, StreamReport};
use sluice_contract::{ApplicationName, SessionId, StreamId, UnixTime};
use tokio::time::sleep;

use super::edges::{Edge, Edges, Hold};
use super::message::Supply;
use crate::StreamKey;
use crate::control::OnAir;
use crate::egress::http::shelf::{Files, Shelf};
use crate::hub::{Hub, LiveStream};
use crate::package::Object;

/// The hub, and beside it the streams of other workers.
pub(crate) struct Reach {
    hub: Arc<Hub>,
    /// `None` when this worker does not relay.
    edges: Option<Arc<Edges>>,
}

/// A player's place before a live stream, which a relay goes on feeding while it is held.
pub(crate) struct Seat {
    pub stream: Arc<LiveStream>,
    _hold: Option<Hold>,
}

impl Reach {
    pub fn new(hub: Arc<Hub>, edges: Option<Arc<Edges>>) -> Self {
        Self { hub, edges }
    }

    /// What is published here.
    pub const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// A place before a stream that is live here, or relayed already.
    pub fn seat(&self, key: &StreamKey) -> Option<Seat> {
        if let Some(stream) = self.hub.find_live(key) {
            return Some(Seat { stream, _hold: None });
        }
        Seat::before(&self.edges.as_ref()?.find(key, Supply::Units)?)
    }

    /// A place before a stream that is live, here or on another worker, which is asked if need be: for a player that
    /// was let in.
    pub async fn fetch(&self, key: &StreamKey) -> Option<Seat> {
        if let Some(seat) = self.seat(key) {
            return Some(seat);
        }
        Seat::before(&self.edges.as_ref()?.ensure(key, Supply::Units).await?)
    }

    /// Waits until the stream is live, wherever that is.
    pub async fn live(&self, key: &StreamKey) -> Seat {
        loop {
            if let Some(seat) = self.fetch(key).await {
                return seat;
            }
            tokio::select! {
                stream = self.hub.live(key) => return Seat { stream, _hold: None },
                () = sleep(ASK_EVERY), if self.edges.is_some() => {}
            }
        }
    }
}

impl Seat {
    fn before(edge: &Arc<Edge>) -> Option<Self> {
        let hold = edge.hold();
        Some(Self { stream: edge.live()?, _hold: Some(hold) })
    }
}

#[async_trait]
impl Shelf for Reach {
    fn find(&self, key: &StreamKey) -> Option<Arc<dyn Files>> {
        let here = self.hub.find(key);
        let elsewhere = self.edges.as_ref().and_then(|edges| edges.find(key, Supply::Objects));
        match (here, elsewhere) {
            (None, None) => None,
            (Some(here), None) => Some(here as _),
            (None, Some(elsewhere)) => Some(elsewhere as _),
            // A publisher who came here goes on from what was relayed, and one who left is followed; what lingers of the
            // other is the second choice.
            (Some(here), Some(elsewhere)) => {
                let is_live = here.is_live();
                let (first, second): (Arc<dyn Files>, Arc<dyn Files>) =
                    if is_live { (here, elsewhere) } else { (elsewhere, here) };
                Some(Arc::new(Moved { first, second }))
            }
        }
    }

    fn may_be_elsewhere(&self, key: &StreamKey) -> bool {
        self.edges
            .as_ref()
            .is_some_and(|edges| self.hub.find_live(key).is_none() && edges.find(key, Supply::Objects).is_none())
    }

    fn has_peers(&self) -> bool {
        self.edges.is_some()
    }

    async fn ensure(&self, key: &StreamKey) {
        if let Some(edges) = &self.edges {
            edges.ensure(key, Supply::Objects).await;
        }
    }
}

/// The files of a publisher who moved: where it is now, and until that has any, where it was.
struct Moved {
    first: Arc<dyn Files>,
    second: Arc<dyn Files>,
}

impl Files for Moved {
    fn hls_multivariant(&self, folder: &str, query: &str) -> Option<String> {
        self.first.hls_multivariant(folder, query).or_else(|| self.second.hls_multivariant(folder, query))
    }

    fn hls_media(&self, name: &str, query: &str) -> Option<String> {
        self.first.hls_media(name, query).or_else(|| self.second.hls_media(name, query))
    }

    fn dash(&self, location: Option<&str>, query: &str) -> Option<String> {
        self.first.dash(location, query).or_else(|| self.second.dash(location, query))
    }

    fn dash_is_short(&self) -> bool {
        self.first.dash_is_short()
    }

    fn object(&self, name: &str) -> Option<Object> {
        self.first.object(name).or_else(|| self.second.object(name))
    }
}

impl OnAir for Reach {
    fn end(&self, key: &StreamKey, publisher: SessionId, reason: EndReason) {
        self.hub.end(key, publisher, reason);
    }

    fn reports(&self, now: UnixTime) -> Vec<StreamReport> {
        self.hub.reports(now)
    }

    fn forget(&self, application: &ApplicationName, stream: Option<&StreamId>) {
        if let Some(edges) = &self.edges {
            edges.forget(application, stream);
        }
    }

    fn blocks_changed(&self) {
        if let Some(edges) = &self.edges {
            edges.recheck();
        }
    }
}

/// How often a player that waits for its publisher has the other workers asked.
const ASK_EVERY: Duration = Duration::from_millis(250);
