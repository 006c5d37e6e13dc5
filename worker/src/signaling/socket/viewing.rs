//! What one viewer is shown: the stream that it asked for, or the tracks of a room as they come and go. Decides what is
//! offered next; one offer at a time.

use std::collections::BTreeSet;
use std::sync::Arc;

use sluice_contract::StreamId;

use super::super::Signaling;
use super::super::rooms::{Members, Room};
use super::selection::Selection;
use crate::StreamKey;
use crate::relay::Seat;
use crate::webrtc::calls::{Cast, Shown};
use crate::webrtc::sdp::RemoteDescription;
use crate::webrtc::sdp::amend::Wanted;
use crate::webrtc::sdp::plan::{Available, Plan};

pub(super) struct Viewing {
    /// What was asked for.
    key: StreamKey,
    room: Option<Arc<Room>>,
    /// The room when it is a stream itself: a track like the others.
    main: Option<StreamId>,
    selection: Selection,
    /// The room's members that the viewer has been told of.
    members: Members,
    /// Tracks that ended for this viewer: they are taken out before they may come again.
    lost: BTreeSet<String>,
    /// An offer that is not answered yet.
    offered: Option<Offered>,
    /// Others are asked what there is to be seen.
    is_looking: bool,
    /// Something happened meanwhile.
    looks_again: bool,
    /// A look for what is missing is due after a while.
    is_waiting: bool,
}

struct Offered {
    plan: Plan,
    shown: Vec<Shown>,
}

/// A stream that is there, and the formats that it can be sent in.
pub(super) struct Found {
    pub track: String,
    pub seat: Seat,
    pub available: Available,
}

/// A member of a room that came or left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    Added(String),
    Removed(String),
}

impl Viewing {
    /// Of one stream.
    pub fn stream(key: StreamKey) -> Self {
        Self {
            key,
            room: None,
            main: None,
            selection: Selection::default(),
            members: Members::default(),
            lost: BTreeSet::new(),
            offered: None,
            is_looking: false,
            looks_again: false,
            is_waiting: false,
        }
    }

    /// Of a room.
    pub fn room(key: StreamKey, room: Arc<Room>, main: Option<StreamId>, selection: Selection) -> Self {
        let members = room.members();
        Self { room: Some(room), main, selection, members, ..Self::stream(key) }
    }

    pub const fn key(&self) -> &StreamKey {
        &self.key
    }

    pub const fn watched(&self) -> Option<&Arc<Room>> {
        self.room.as_ref()
    }

    /// Begins to look what there is, unless that is under way, or an offer is: then it is done afterwards. Returns the
    /// tracks to look for: those in `plan` first, then more until there are enough. `own`: what this client publishes.
    pub fn look(&mut self, plan: &Plan, own: &[StreamId]) -> Option<Vec<StreamId>> {
        if self.is_looking || self.offered.is_some() {
            self.looks_again = true;
            return None;
        }
        self.is_looking = true;
        Some(self.wanted(plan, own))
    }

    /// The tracks that the viewer is to be sent, at most [`MAX_TRACKS`]: those that it is sent by `plan` come first.
    fn wanted(&self, plan: &Plan, own: &[StreamId]) -> Vec<StreamId> {
        let Some(room) = &self.room else { return vec![self.key.stream_id.clone()] };
        let members = room.members();
        let tracks = plan.tracks();
        let is_shown = |member: &StreamId| tracks.contains(&member.as_str());
        let is_wanted = |member: &&StreamId| {
            !own.contains(*member)
                && !self.lost.contains(member.as_str())
                && (is_shown(member) || self.selection.wants(member.as_str()))
        };
        let all = self.main.iter().chain(members.iter());
        let (mut wanted, more): (Vec<_>, Vec<_>) = all.filter(is_wanted).cloned().partition(is_shown);
        wanted.extend(more);
        wanted.truncate(MAX_TRACKS);
        wanted
    }

    /// What was found leads to this offer; `None` when all is as it should be.
    pub fn found(&mut self, plan: &Plan, found: Vec<Found>, ssrc: impl FnMut() -> u32) -> Option<&Plan> {
        self.is_looking = false;
        let wanted = found.iter().filter(|found| !self.lost.contains(&found.track));
        let wanted =
            wanted.map(|found| Wanted { track: &found.track, available: &found.available }).collect::<Vec<_>>();
        // A stream that is gone says so itself: its viewers' sessions end, or wait for its return.
        if self.room.is_none() && wanted.is_empty() {
            return None;
        }
        let next = plan.amend(&wanted, ssrc)?;
        let is_new = |found: &Found| has_more(&next, plan, &found.track);
        let shown = found.into_iter().filter(is_new).map(|Found { track, seat, .. }| Shown { track, seat }).collect();
        Some(&self.offered.insert(Offered { plan: next, shown }).plan)
    }

    /// The viewer answered: what is sent from now on, and what is new of it. `None` when nothing was offered.
    pub fn answered(&mut self, answer: &RemoteDescription) -> Option<(Plan, Vec<Shown>)> {
        let Offered { plan, mut shown } = self.offered.take()?;
        let plan = plan.settle_any(answer);
        let tracks = plan.tracks();
        shown.retain(|shown| tracks.contains(&shown.track.as_str()));
        self.lost.retain(|track| tracks.contains(&track.as_str()));
        Some((plan, shown))
    }

    /// The offer was answered with something that cannot be read.
    pub fn withdraw(&mut self) {
        self.offered = None;
    }

    /// True once for all that happened while no look could be taken.
    pub fn takes_second_look(&mut self) -> bool {
        !self.is_looking && self.offered.is_none() && std::mem::take(&mut self.looks_again)
    }

    /// True if nobody waits yet to look again for what is missing; then somebody does.
    pub fn begins_to_wait(&mut self) -> bool {
        !std::mem::replace(&mut self.is_waiting, true)
    }

    /// The wait is over.
    pub fn has_waited(&mut self) {
        self.is_waiting = false;
    }

    /// A track of it has ended for this viewer.
    pub fn lose(&mut self, track: &str) {
        self.lost.insert(track.to_owned());
    }

    /// The viewer asks for a track; true when it may not be sent so far.
    pub fn ask_for(&mut self, track: &str, plan: &Plan) -> bool {
        self.selection.ask_for(track);
        self.room.is_some() && !plan.tracks().contains(&track)
    }

    /// True when there are members which the viewer wants, and which it is not sent: a worker may not carry them yet.
    pub fn misses(&self, plan: &Plan, own: &[StreamId]) -> bool {
        let tracks = plan.tracks();
        let is_missed = |wanted: &StreamId| !tracks.contains(&wanted.as_str()) && !plan.declines(wanted.as_str());
        self.room.is_some() && self.wanted(plan, own).iter().any(is_missed)
    }

    /// Who came and left since the last call, but for what the client publishes itself.
    pub fn changes(&mut self, own: &[StreamId]) -> Vec<Change> {
        let Some(room) = &self.room else { return Vec::new() };
        let now = room.members();
        let before = std::mem::replace(&mut self.members, Arc::clone(&now));
        let name = |member: &StreamId| member.as_str().to_owned();
        let is_other = |member: &&StreamId| !own.contains(*member);
        let added = now.iter().filter(is_other).filter(|member| !before.contains(member));
        let removed = before.iter().filter(is_other).filter(|member| !now.contains(member));
        let added = added.map(|member| Change::Added(name(member)));
        added.chain(removed.map(|member| Change::Removed(name(member)))).collect()
    }
}

/// True when the next plan has a section of a track that the plan before has not.
fn has_more(next: &Plan, before: &Plan, track: &str) -> bool {
    next.sections.iter().any(|section| {
        section.track == track && section.codec.is_none() && before.carried(track, section.kind).is_none()
    })
}

impl Signaling {
    /// What a room's viewer is offered first: those that are there, or a connection to which they will come.
    pub(super) async fn first_offer(
        &self,
        viewing: &Viewing,
        data: bool,
        own: &[StreamId],
        ssrc: impl FnMut() -> u32,
    ) -> (Plan, Vec<Found>) {
        let plan = Plan::open(data);
        let found = self.find(&viewing.key, viewing.wanted(&plan, own)).await;
        let wanted = found.iter().map(|found| Wanted { track: &found.track, available: &found.available });
        let plan = plan.amend(&wanted.collect::<Vec<_>>(), ssrc).unwrap_or(plan);
        (plan, found)
    }

    /// Looks for streams that are live, here or elsewhere, with the formats that they can be sent in.
    pub(super) async fn find(&self, room: &StreamKey, tracks: Vec<StreamId>) -> Vec<Found> {
        let mut found = Vec::with_capacity(tracks.len());
        for stream_id in tracks {
            let track = stream_id.as_str().to_owned();
            let key = StreamKey { stream_id, ..room.clone() };
            let Some(seat) = self.reach.fetch(&key).await else { continue };
            let available = self.calls.available(&seat);
            if !(available.video.is_empty() && available.audio.is_empty()) {
                found.push(Found { track, seat, available });
            }
        }
        found
    }
}

/// The tracks of a room's first offer.
pub(super) fn cast(found: Vec<Found>) -> Cast {
    Cast { shown: found.into_iter().map(|Found { track, seat, .. }| Shown { track, seat }).collect(), is_room: true }
}

/// Tracks of one viewer: with sound and pictures of each they fit into one description, and one decoder's machine.
pub(super) const MAX_TRACKS: usize = 30;
