//! WHEP: a player offers what it can take, and is answered in the response. WHIP's twin.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use sluice_contract::DenyReason;
use tokio::sync::mpsc;

use super::Signaling;
use super::entry::NoEntry;
use super::resource::{self, EVENTS, Kind, No, Offer, Opened};
use crate::webrtc::calls::{Cast, Described};
use crate::webrtc::sdp::plan::Plan;

pub(super) async fn serve(State(signaling): State<Arc<Signaling>>, request: Request) -> Response {
    resource::serve(&signaling, Kind::Whep, request).await
}

impl Signaling {
    pub(super) async fn play(&self, offer: Offer<'_>) -> Result<Opened, No> {
        let Offer { ask, description, .. } = offer;
        let stream = ask.stream_id.as_str();
        let entry =
            self.admit_viewer(ask.clone(), |available| Plan::send(&description, available, stream, || 1).is_ok());
        let (admitted, seat, available) = entry.await.map_err(|why| match why {
            NoEntry::Denied(reason) => No::denied(&ask, &reason),
            NoEntry::NotLive => No::denied(&ask, &DenyReason::StreamAbsent),
            NoEntry::Unsuitable(why) => No::Unsuitable(why),
            NoEntry::Unsendable => No::Unsendable,
            NoEntry::Crowded => No::denied(&ask, &DenyReason::ResourceLimit),
        })?;
        let ssrcs = self.state.random.ssrcs()?;
        let plan = Plan::send(&description, &available, stream, ssrcs)?;
        let described = Described { local: self.calls.prepare(), plan };
        let (sender, events) = mpsc::channel(EVENTS);
        let session = Arc::clone(admitted.session());
        let made = self.calls.play(admitted, Cast::one(seat), described.clone(), &description, sender);
        let call = made.map_err(|why| No::failed(&ask, why))?;
        Ok(Opened { session, call, described, events })
    }
}
