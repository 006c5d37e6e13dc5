//! Who is on air in the rooms that have viewers on this worker. Members may publish to any worker: the API is asked, once
//! a second for each room, however many watch it.

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use parking_lot::Mutex;
use sluice_bus::WorkerLink;
use sluice_contract::message::{About, DescribeCall, Description};
use sluice_contract::{StreamId, WorkerId};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::socket::{Guest, Guests};
use crate::StreamKey;

/// All rooms that are watched.
pub(super) struct Rooms {
    watched: DashMap<StreamKey, Weak<Room>>,
    /// Of those that were empty when they were entered, how many belong to whom.
    empty: Arc<Guests>,
}

/// One room, watched while somebody holds it.
pub(super) struct Room {
    members: watch::Sender<Members>,
    /// Of whoever waits in it alone: anybody can name a room. Given back when somebody comes.
    guest: Mutex<Option<Guest>>,
}

/// The streams that are tracks of a room and on air, in the API's order.
pub(super) type Members = Arc<[StreamId]>;

/// There are as many watched rooms as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooManyRooms;

impl Rooms {
    /// The room, with the members that it has now. `None` when nobody is in it, and the viewer would not wait there;
    /// `waiting` is the address of one who would.
    pub async fn watch(
        &self,
        link: &Arc<dyn WorkerLink>,
        worker: WorkerId,
        key: &StreamKey,
        waiting: Option<IpAddr>,
    ) -> Result<Option<Arc<Room>>, TooManyRooms> {
        let known = || self.watched.get(key).and_then(|room| room.upgrade());
        if let Some(room) = known() {
            return Ok(Some(room));
        }
        let members = ask(&**link, worker, key).await.unwrap_or_default();
        if let Some(room) = known() {
            return Ok(Some(room));
        }
        let guest = match (members.is_empty(), waiting) {
            (true, None) => return Ok(None),
            (true, Some(viewer)) => Some(self.empty.enter(viewer).ok_or(TooManyRooms)?),
            (false, _) => None,
        };
        if self.watched.len() >= MAX_ROOMS {
            self.watched.retain(|_, room| room.strong_count() > 0);
            if self.watched.len() >= MAX_ROOMS {
                return Err(TooManyRooms);
            }
        }
        let room = Arc::new(Room { members: watch::Sender::new(members), guest: Mutex::new(guest) });
        match self.watched.entry(key.clone()) {
            Entry::Occupied(mut place) => {
                // Somebody else may have asked meanwhile.
                if let Some(room) = place.get().upgrade() {
                    return Ok(Some(room));
                }
                place.insert(Arc::downgrade(&room));
            }
            Entry::Vacant(place) => {
                place.insert(Arc::downgrade(&room));
            }
        }
        tokio::spawn(follow(Arc::downgrade(&room), Arc::clone(link), worker, key.clone()));
        Ok(Some(room))
    }
}

impl Room {
    pub fn members(&self) -> Members {
        Arc::clone(&self.members.borrow())
    }

    /// Tells of every change from now on.
    pub fn changes(&self) -> watch::Receiver<Members> {
        self.members.subscribe()
    }
}

/// Keeps a room up to date until nobody holds it. Without an answer it stays as it was.
async fn follow(room: Weak<Room>, link: Arc<dyn WorkerLink>, worker: WorkerId, key: StreamKey) {
    loop {
        sleep_until(Instant::now() + ASK_EVERY).await;
        if room.strong_count() == 0 {
            return;
        }
        let Some(found) = ask(&*link, worker, &key).await else { continue };
        let Some(room) = room.upgrade() else { return };
        if !found.is_empty() {
            room.guest.lock().take();
        }
        room.members.send_if_modified(|members| {
            let is_changed = **members != *found;
            *members = found;
            is_changed
        });
    }
}

/// `None` when the API cannot be asked.
async fn ask(link: &dyn WorkerLink, worker: WorkerId, key: &StreamKey) -> Option<Members> {
    let StreamKey { application, stream_id } = key.clone();
    match link.describe(DescribeCall { worker, application, stream_id, about: About::Room }).await {
        Ok(Some(Description::Room { members })) => Some(members.into_iter().map(|member| member.stream_id).collect()),
        // A room that nobody has entered is not known.
        Ok(_) => Some(Members::default()),
        Err(error) => {
            debug!(%error, "the members of a room are not known");
            None
        }
    }
}

const ASK_EVERY: Duration = Duration::from_secs(1);
/// A question a second for each.
const MAX_ROOMS: usize = 1_000;
/// Those in which somebody waits alone, of all and of one address: the others find room.
const MAX_EMPTY: usize = 500;
const MAX_EMPTY_OF_ADDRESS: usize = 50;

impl Default for Rooms {
    fn default() -> Self {
        Self { watched: DashMap::default(), empty: Arc::new(Guests::of(MAX_EMPTY, MAX_EMPTY_OF_ADDRESS)) }
    }
}
