//! What a viewer is sent changes while it watches: members of its room come and go, its stream begins with sound or
//! pictures later, it asks for a track. [`Viewing`](super::Viewing) says what follows; here it is done.

use std::sync::Arc;
use std::time::Duration;

use sluice_contract::message::WebrtcRules;
use tokio::time::sleep;
use tracing::error;

use super::super::conversation::{Kinds, Line, Refused};
use super::super::message::Message;
use super::super::viewing::{Change, Found};
use super::{Connection, Done, Leg, Open, Waited, proposal};
use crate::media::TrackKind;
use crate::webrtc::engine::Message as Data;
use crate::webrtc::sdp;

impl Connection {
    fn open_leg(&mut self, line: Line) -> Option<&mut Open> {
        match self.legs.get_mut(&line)? {
            Leg::Open(open) => Some(open),
            Leg::Invited(_) | Leg::Offered(_) => None,
        }
    }

    /// Looks whether there is something else to be seen than the viewer is sent.
    pub(super) fn look(&mut self, line: Line) {
        let own = self.conversation.publishes();
        let Some(Open { described, viewing: Some(viewing), .. }) = self.open_leg(line) else { return };
        let Some(tracks) = viewing.look(&described.plan, &own) else { return };
        let (key, signaling) = (viewing.key().clone(), Arc::clone(&self.signaling));
        self.asking.push(Box::pin(async move { Done::Found(line, signaling.find(&key, tracks).await) }));
    }

    pub(super) fn found(&mut self, line: Line, found: Vec<Found>, rules: &WebrtcRules) {
        let ssrcs = match self.signaling.state.random.ssrcs() {
            Ok(ssrcs) => ssrcs,
            Err(error) => return error!(%error, "a viewer cannot be given streams of its own"),
        };
        let own = self.conversation.publishes();
        let Some(Open { described, viewing: Some(viewing), .. }) = self.open_leg(line) else { return };
        let next = viewing.found(&described.plan, found, ssrcs);
        let proposal = next.map(|plan| proposal(&described.local, plan, rules));
        let waits = proposal.is_none() && viewing.misses(&described.plan, &own) && viewing.begins_to_wait();
        match proposal {
            Some(proposal) => self.conversation.amended(line, &proposal),
            None if waits => self.waiting.push(Box::pin(async move {
                sleep(LOOK_AGAIN).await;
                Waited::Missed(line)
            })),
            None => {}
        }
        self.look_again(line);
    }

    /// A viewer's answer to an offer that was not its first.
    pub(super) fn agree(&mut self, line: Line, sdp: &str) -> Result<(), Refused> {
        let own = self.conversation.publishes();
        // Whoever answers what was not asked is not listened to.
        let Some(Open { call, described, viewing: Some(viewing), .. }) = self.open_leg(line) else { return Ok(()) };
        let answer = sdp::read_answer(sdp).inspect_err(|_| viewing.withdraw())?;
        let Some((plan, shown)) = viewing.answered(&answer) else { return Ok(()) };
        described.plan = plan.clone();
        call.control().amend(plan, shown);
        if viewing.misses(&described.plan, &own) {
            self.look(line);
        } else {
            self.look_again(line);
        }
        Ok(())
    }

    /// Looks for what was missing a while ago.
    pub(super) fn look_late(&mut self, line: Line) {
        if let Some(Open { viewing: Some(viewing), .. }) = self.open_leg(line) {
            viewing.has_waited();
        }
        self.look(line);
    }

    fn look_again(&mut self, line: Line) {
        let Some(Open { viewing: Some(viewing), .. }) = self.open_leg(line) else { return };
        if viewing.takes_second_look() {
            self.look(line);
        }
    }

    /// Somebody came to the room, or left.
    pub(super) fn members_changed(&mut self, line: Line) {
        if self.conversation.holds(line) {
            self.tell_of_members(line);
            self.look(line);
        }
    }

    pub(super) fn tell_of_members(&mut self, line: Line) {
        let own = self.conversation.publishes();
        let Some(Open { call, viewing: Some(viewing), .. }) = self.open_leg(line) else { return };
        let room = viewing.key().stream_id.as_str().to_owned();
        let mut messages = Vec::new();
        for change in viewing.changes(&own) {
            messages.push(match change {
                Change::Added(track) => Message::subtrack("subtrackAdded", &room, &track),
                Change::Removed(track) => Message::subtrack("subtrackRemoved", &room, &track),
            });
        }
        if !messages.is_empty() {
            call.control().send(Data::Text(Message::track_list_updated(&room).text().into()));
        }
        messages.into_iter().for_each(|message| self.conversation.tell(message));
    }

    /// A track of a room has ended for this viewer.
    pub(super) fn lose(&mut self, line: Line, track: &str) {
        if let Some(Open { viewing: Some(viewing), .. }) = self.open_leg(line) {
            viewing.lose(track);
            self.look(line);
        }
    }

    /// The viewer stops, or goes on with, some of what it is sent. Of a room it may ask for a track that it has not had.
    pub(super) fn enable(&mut self, line: Line, track: Option<&str>, kinds: Kinds, enabled: bool) {
        let Some(Open { call, described, viewing: Some(viewing), .. }) = self.open_leg(line) else { return };
        let track = track.filter(|_| viewing.watched().is_some());
        let kinds = [(TrackKind::Video, kinds.video), (TrackKind::Audio, kinds.audio)];
        for (kind, _) in kinds.into_iter().filter(|(_, is_meant)| *is_meant) {
            call.control().enable(track, kind, enabled);
        }
        if let Some(track) = track.filter(|_| enabled)
            && viewing.ask_for(track, &described.plan)
        {
            self.look(line);
        }
    }
}

/// Members are on air for a moment before every worker can have them.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
