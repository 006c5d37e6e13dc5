//! Whose a datagram is. Read for every datagram, written when peers come, go and move.

use std::net::SocketAddr;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

/// A peer, and the shard it lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub shard: usize,
    pub peer: u64,
}

#[derive(Debug, Default)]
pub(super) struct Routes {
    ufrags: DashMap<String, Target>,
    addresses: DashMap<SocketAddr, Owners>,
}

/// Who has shown that it is behind an address. Mostly one; but an address is easily claimed by whoever has a session of
/// its own and can send in another's name, and must not be lost to its owner then. Each gets what comes from there, and
/// what is not for it fails its checks.
pub(super) type Owners = [Option<Target>; MAX_OWNERS];

impl Routes {
    /// The peer that may use our user name fragment `ufrag`. Costs a stranger one hash.
    pub fn by_ufrag(&self, ufrag: &str) -> Option<Target> {
        self.ufrags.get(ufrag).map(|target| *target)
    }

    pub fn by_address(&self, address: &SocketAddr) -> Owners {
        self.addresses.get(address).map_or([None; MAX_OWNERS], |owners| *owners)
    }

    /// False when the fragment is taken.
    pub fn claim(&self, ufrag: &str, target: Target) -> bool {
        match self.ufrags.entry(ufrag.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(target);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    pub fn forget(&self, ufrag: &str, target: Target) {
        self.ufrags.remove_if(ufrag, |_, owner| *owner == target);
    }

    /// The peer has shown that it is behind `address`. Those who were first stay.
    pub fn open(&self, address: SocketAddr, target: Target) {
        let mut owners = self.addresses.entry(address).or_insert([None; MAX_OWNERS]);
        if !owners.contains(&Some(target))
            && let Some(place) = owners.iter_mut().find(|owner| owner.is_none())
        {
            *place = Some(target);
        }
    }

    pub fn close(&self, address: &SocketAddr, target: Target) {
        self.addresses.remove_if_mut(address, |_, owners| leave(owners, target));
    }

    /// Forgets a peer that cannot say where it was. Goes through everything.
    pub fn purge(&self, target: Target) {
        self.ufrags.retain(|_, owner| *owner != target);
        self.addresses.retain(|_, owners| !leave(owners, target));
    }

    /// Entries of all peers, for tests that look for what is left.
    #[cfg(test)]
    pub fn len(&self) -> (usize, usize) {
        (self.ufrags.len(), self.addresses.len())
    }
}

/// True when nobody is left.
fn leave(owners: &mut Owners, target: Target) -> bool {
    for owner in owners.iter_mut() {
        owner.take_if(|owner| *owner == target);
    }
    owners.iter().all(Option::is_none)
}

/// Peers behind one address and port.
const MAX_OWNERS: usize = 4;

#[cfg(test)]
mod tests;
