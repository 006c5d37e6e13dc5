//! Which tracks of a room a viewer wants.

use std::collections::{BTreeMap, BTreeSet};

/// What a viewer said about tracks when it began to play, and since.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Selection {
    /// Only these; all, when there are none.
    only: BTreeSet<String>,
    without: BTreeSet<String>,
    /// None, until it is asked for.
    none_by_default: bool,
    /// Its own stream, which is not sent back to it.
    own: Option<String>,
    /// What it said later.
    said: BTreeMap<String, bool>,
}

impl Selection {
    /// `tracks` names what is wanted, and with `!` before it what is not.
    pub fn new(tracks: &[String], none_by_default: bool, own: Option<String>) -> Self {
        let mut selection = Self { none_by_default, own, ..Self::default() };
        for track in tracks.iter().map(|track| track.trim()).filter(|track| !track.is_empty()) {
            match track.strip_prefix('!') {
                Some(track) => selection.without.insert(track.to_owned()),
                None => selection.only.insert(track.to_owned()),
            };
        }
        selection
    }

    /// The viewer speaks of tracks, so that what it plays is to have some.
    pub fn names_tracks(&self) -> bool {
        self.none_by_default || !(self.only.is_empty() && self.without.is_empty())
    }

    pub fn wants(&self, track: &str) -> bool {
        if self.own.as_deref() == Some(track) {
            return false;
        }
        self.said.get(track).copied().unwrap_or_else(|| {
            let by_default = !self.none_by_default && self.only.is_empty();
            !self.without.contains(track) && (by_default || self.only.contains(track))
        })
    }

    /// Wants a track from now on, whatever was said before.
    pub fn ask_for(&mut self, track: &str) {
        if self.said.len() < MAX_SAID || self.said.contains_key(track) {
            self.said.insert(track.to_owned(), true);
        }
    }
}

/// More tracks than rooms name.
const MAX_SAID: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(tracks: &[&str], none_by_default: bool) -> Selection {
        let tracks = tracks.iter().map(|track| (*track).to_owned()).collect::<Vec<_>>();
        Selection::new(&tracks, none_by_default, Some("me".to_owned()))
    }

    #[test]
    fn a_viewer_sees_what_it_named_and_never_itself() {
        for (tracks, none_by_default, anna, bert) in [
            (&[][..], false, true, true),
            (&["anna"], false, true, false),
            (&["!anna"], false, false, true),
            (&["anna", "!anna"], false, false, false),
            (&[" anna ", ""], true, true, false),
            (&[], true, false, false),
        ] {
            let selection = selection(tracks, none_by_default);
            assert_eq!((selection.wants("anna"), selection.wants("bert")), (anna, bert), "{tracks:?}");
            assert!(!selection.wants("me"));
        }
    }

    #[test]
    fn what_is_asked_for_later_counts() {
        let mut selection = selection(&["!anna"], true);
        selection.ask_for("anna");
        selection.ask_for("me");
        assert!(selection.wants("anna") && !selection.wants("bert") && !selection.wants("me"));
    }
}
