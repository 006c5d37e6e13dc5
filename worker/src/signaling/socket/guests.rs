//! How many sockets there are, of all and of each address; and how many rooms in which somebody waits alone.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

pub(in super::super) struct Guests {
    /// By address; of IPv6 by network, since a single host has as many addresses as it likes.
    here: Mutex<HashMap<IpAddr, usize>>,
    most: usize,
    most_of_address: usize,
}

impl Default for Guests {
    /// Of sockets.
    fn default() -> Self {
        Self::of(MAX_SOCKETS, MAX_OF_ADDRESS)
    }
}

/// One socket's place, or one empty room's; dropping it frees it.
pub(in super::super) struct Guest {
    guests: Arc<Guests>,
    network: IpAddr,
}

impl Guests {
    /// So many in all, and from each address.
    pub fn of(most: usize, most_of_address: usize) -> Self {
        Self { here: Mutex::default(), most, most_of_address }
    }

    /// A place, unless this address, or the whole server, has as many as there are.
    pub fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let network = network(address);
        let mut here = self.here.lock();
        let total = here.values().sum::<usize>();
        let mine = here.get(&network).copied().unwrap_or_default();
        if mine >= self.most_of_address || total >= self.most {
            return None;
        }
        here.insert(network, mine + 1);
        Some(Guest { guests: Arc::clone(self), network })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut here = self.guests.here.lock();
        if let Some(count) = here.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                here.remove(&self.network);
            }
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// About 20 KiB each.
const MAX_SOCKETS: usize = 50_000;
/// A large site behind one address.
const MAX_OF_ADDRESS: usize = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place() {
        let guests = Arc::<Guests>::default();
        let first: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::ffff".parse().unwrap();
        let places = (0..MAX_OF_ADDRESS).map(|_| guests.enter(first)).collect::<Option<Vec<_>>>();
        assert!(guests.enter(first).is_none());
        assert!(guests.enter(neighbour).is_none(), "the same network");
        let other = guests.enter("192.0.2.1".parse().unwrap());
        assert!(other.is_some());
        drop(places);
        assert!(guests.enter(first).is_some());
        drop(other);
        assert!(guests.here.lock().is_empty());
    }
}
