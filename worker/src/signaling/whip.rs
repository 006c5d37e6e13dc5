//! WHIP (RFC 9725): an encoder offers what it sends, and is answered in the response.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use sluice_contract::Credentials;
use tokio::sync::mpsc;

use super::Signaling;
use super::resource::{self, EVENTS, Kind, No, Offer, Opened};
use crate::webrtc::sdp::plan::{Plan, Wish};

pub(super) async fn serve(State(signaling): State<Arc<Signaling>>, request: Request) -> Response {
    resource::serve(&signaling, Kind::Whip, request).await
}

impl Signaling {
    pub(super) async fn publish(&self, offer: Offer<'_>) -> Result<Opened, No> {
        let Offer { ask, settings, description, query } = offer;
        let parameters = Credentials::from_query(query).extra;
        let wants = |kind| !parameters.get(kind).is_some_and(|value| is_off(value));
        let wish = Wish::of(&settings.webrtc, wants("video"), wants("audio"));
        // Looked at before the gate is asked: nothing is spent on what cannot come about.
        Plan::receive(&description, wish)?;
        let admitted = self.admission.admit(ask.clone()).await.map_err(|reason| No::denied(&ask, &reason))?;
        let (sender, events) = mpsc::channel(EVENTS);
        let session = Arc::clone(admitted.session());
        let made = self.calls.publish(admitted, &description, wish, sender);
        let (call, described) = made.map_err(|why| No::failed(&ask, why))?;
        Ok(Opened { session, call, described, events })
    }
}

fn is_off(value: &str) -> bool {
    value == "0" || value.eq_ignore_ascii_case("false")
}
