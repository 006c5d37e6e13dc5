//! The tracks of a broadcast that are broadcasts themselves: members of a room, languages, angles.

use sluice_contract::StreamId;
use sluice_contract::message::SubtrackFilter;

use super::{Application, Broadcast, ManageError, Outcome, ProblemCode};
use crate::Api;
use crate::store::broadcasts;

/// Tracks of one broadcast that anybody looks at.
pub(super) const MOST_SUBTRACKS: u64 = 1_000;

impl Api {
    /// The tracks of `main` that fit `filter`, in order of creation.
    ///
    /// # Errors
    /// `not-found` unless the main track has a record.
    pub async fn subtracks(
        &self,
        application: &Application,
        main: &StreamId,
        filter: &SubtrackFilter,
    ) -> Outcome<Vec<Broadcast>> {
        if broadcasts::find(self.store().reader(), application.id, main.as_str()).await?.is_none() {
            return Err(ManageError::problem_at(ProblemCode::NotFound, "streamId", "There is no such main track"));
        }
        let mut tracks = self.all_subtracks(application, main).await?;
        tracks.retain(|track| {
            filter.role.as_deref().is_none_or(|role| track.role() == Some(role))
                && filter.status.as_deref().is_none_or(|status| track.status.as_str() == status)
        });
        Ok(tracks)
    }

    pub(super) async fn all_subtracks(&self, application: &Application, main: &StreamId) -> Outcome<Vec<Broadcast>> {
        let db = self.store().reader();
        let rows = broadcasts::subtracks(db, application.id, main.as_str(), MOST_SUBTRACKS).await?;
        rows.into_iter().map(|row| self.broadcast_of_row(application, row)).collect()
    }

    /// The names of the tracks of each of several broadcasts, in order of creation.
    pub async fn subtrack_names(
        &self,
        application: &Application,
        mains: &[&Broadcast],
    ) -> Outcome<Vec<(String, String)>> {
        let mains: Vec<_> = mains.iter().map(|main| main.stream_id.to_string()).collect();
        if mains.is_empty() {
            return Ok(Vec::new());
        }
        Ok(broadcasts::subtrack_names(self.store().reader(), application.id, mains, MOST_SUBTRACKS).await?)
    }
}

impl Broadcast {
    /// Its part in a room, a word of the application's own.
    pub fn role(&self) -> Option<&str> {
        self.other.get("role").and_then(|role| role.as_str()).filter(|role| !role.is_empty())
    }
}
