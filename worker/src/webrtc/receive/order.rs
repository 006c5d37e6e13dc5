//! Puts the packets of one source in order, and knows which to ask for again (RFC 4585 §6.2.1).
//!
//! While nothing is missing packets pass without being kept. After a gap they wait, for as long as the missing ones may
//! still come; then the gap is given up and told.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;

/// What a packet carries for the depacketiser; padding and foreign payload types carry nothing, but take a number.
pub(super) type Content<'a> = Option<(u32, bool, &'a [u8])>;

/// What comes out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ordered<'a> {
    Packet {
        timestamp: u32,
        marker: bool,
        payload: &'a [u8],
    },
    /// Packets are missing here for good.
    Lost,
}

/// The packets behind a gap.
#[derive(Debug)]
pub(super) struct Order {
    patience: Patience,
    /// The number that comes out next; `None` before the first packet.
    next: Option<i64>,
    newest: i64,
    waiting: BTreeMap<i64, Waiting>,
    waiting_bytes: usize,
    missing: BTreeMap<i64, Missing>,
}

/// How long a gap is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Packets may be asked for again: as long as some answers take.
    Repair,
    /// They can only have been overtaken.
    Reordering,
}

#[derive(Debug)]
struct Waiting {
    content: Option<(u32, bool, Bytes)>,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    since: Instant,
    asked: Option<Instant>,
    times: u8,
}

/// Half a second of 4K; what is behind a longer gap goes on without it.
const MAX_WAITING: usize = 2_048;
const MAX_WAITING_BYTES: usize = 2 << 20;
const MAX_MISSING: usize = 1_024;
/// A longer gap is an outage: asking for all of it would be another.
const MAX_GAP: i64 = 512;
/// With four times the round trip on top of it: what was asked for that often does not come any more, and everybody
/// who watches waits for it.
const MIN_REPAIR_WAIT: Duration = Duration::from_millis(200);
const MAX_REPAIR_WAIT: Duration = Duration::from_millis(800);
const MAX_REORDERING_WAIT: Duration = Duration::from_millis(60);
/// Packets that are overtaken on the way come within this; asking for them would be in vain.
const REORDERING: Duration = Duration::from_millis(5);
const MIN_RETRY: Duration = Duration::from_millis(20);
const MAX_TIMES: u8 = 10;

impl Order {
    pub(super) const fn new(patience: Patience) -> Self {
        Self { patience, next: None, newest: 0, waiting: BTreeMap::new(), waiting_bytes: 0, missing: BTreeMap::new() }
    }

    /// Takes a packet; what is in order now goes to `out`. False when it came too late or twice.
    pub(super) fn insert(
        &mut self,
        number: i64,
        content: Content<'_>,
        at: Instant,
        mut out: impl FnMut(Ordered<'_>),
    ) -> bool {
        let next = *self.next.get_or_insert_with(|| {
            self.newest = number - 1;
            number
        });
        if number < next || self.waiting.contains_key(&number) {
            return false;
        }
        if number > self.newest + MAX_GAP {
            self.give_up(number, &mut out);
        }
        for missing in self.newest + 1..number {
            self.missing.insert(missing, Missing { since: at, asked: None, times: 0 });
        }
        self.newest = self.newest.max(number);
        self.missing.remove(&number);
        if self.next == Some(number) {
            self.next = Some(number + 1);
            if let Some((timestamp, marker, payload)) = content {
                out(Ordered::Packet { timestamp, marker, payload });
            }
            self.drain(&mut out);
            return true;
        }
        let content = content.map(|(timestamp, marker, payload)| {
            self.waiting_bytes += payload.len();
            (timestamp, marker, Bytes::copy_from_slice(payload))
        });
        self.waiting.insert(number, Waiting { content });
        while self.waiting.len() > MAX_WAITING
            || self.waiting_bytes > MAX_WAITING_BYTES
            || self.missing.len() > MAX_MISSING
        {
            self.skip_gap(&mut out);
        }
        true
    }

    /// Whether a packet is waited for.
    pub(super) fn is_missing(&self, number: i64) -> bool {
        self.missing.contains_key(&number)
    }

    /// Gives up gaps that were waited for long enough.
    pub(super) fn expire(&mut self, now: Instant, round_trip: Duration, mut out: impl FnMut(Ordered<'_>)) {
        while self.deadline(round_trip).is_some_and(|deadline| deadline <= now) {
            self.skip_gap(&mut out);
        }
    }

    /// The packets to ask for now; they count as asked for.
    pub(super) fn wanted(&mut self, now: Instant, round_trip: Duration, numbers: &mut Vec<u16>) {
        if self.patience != Patience::Repair {
            return;
        }
        for (&number, missing) in &mut self.missing {
            if missing.due(round_trip).is_some_and(|due| due <= now) {
                missing.asked = Some(now);
                missing.times += 1;
                numbers.push(number as u16);
            }
        }
    }

    /// When there is something to ask for or to give up.
    pub(super) fn next_time(&self, round_trip: Duration) -> Option<Instant> {
        let asked = match self.patience {
            Patience::Repair => self.missing.values().filter_map(|missing| missing.due(round_trip)).min(),
            Patience::Reordering => None,
        };
        asked.into_iter().chain(self.deadline(round_trip)).min()
    }

    /// Forgets everything; the next packet begins anew.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.patience);
    }

    fn deadline(&self, round_trip: Duration) -> Option<Instant> {
        let wait = match self.patience {
            Patience::Repair => (MIN_REPAIR_WAIT + round_trip * 4).min(MAX_REPAIR_WAIT),
            Patience::Reordering => MAX_REORDERING_WAIT,
        };
        self.missing.values().next().map(|oldest| oldest.since + wait)
    }

    /// Goes on behind the first gap.
    fn skip_gap(&mut self, out: &mut impl FnMut(Ordered<'_>)) {
        match self.waiting.keys().next() {
            Some(&first) => self.give_up(first, out),
            None => self.missing.clear(),
        }
    }

    /// Goes on at `number`; everything that waits before it comes out first, and the gaps are told.
    fn give_up(&mut self, number: i64, out: &mut impl FnMut(Ordered<'_>)) {
        while let Some(first) = self.waiting.first_entry()
            && *first.key() < number
        {
            let (place, waiting) = first.remove_entry();
            if self.next != Some(place) {
                out(Ordered::Lost);
            }
            self.next = Some(place + 1);
            self.emit(waiting, out);
        }
        if self.next != Some(number) {
            out(Ordered::Lost);
        }
        self.next = Some(number);
        self.missing = self.missing.split_off(&number);
        self.newest = self.newest.max(number - 1);
        self.drain(out);
    }

    fn drain(&mut self, out: &mut impl FnMut(Ordered<'_>)) {
        while let Some(next) = self.next
            && let Some(waiting) = self.waiting.remove(&next)
        {
            self.next = Some(next + 1);
            self.emit(waiting, out);
        }
    }

    fn emit(&mut self, waiting: Waiting, out: &mut impl FnMut(Ordered<'_>)) {
        if let Some((timestamp, marker, payload)) = waiting.content {
            self.waiting_bytes -= payload.len();
            out(Ordered::Packet { timestamp, marker, payload: &payload });
        }
    }
}

impl Missing {
    /// When to ask for it, next.
    fn due(&self, round_trip: Duration) -> Option<Instant> {
        if self.times >= MAX_TIMES {
            return None;
        }
        Some(match self.asked {
            None => self.since + REORDERING,
            Some(asked) => asked + (round_trip + round_trip / 4).max(MIN_RETRY),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(40);

    /// Payloads are their numbers.
    struct Scene {
        order: Order,
        start: Instant,
        out: Vec<Option<u8>>,
    }

    impl Scene {
        fn new(patience: Patience) -> Self {
            Self { order: Order::new(patience), start: Instant::now(), out: Vec::new() }
        }

        fn at(&self, millis: u64) -> Instant {
            self.start + Duration::from_millis(millis)
        }

        fn insert(&mut self, number: u8, millis: u64) -> bool {
            let at = self.at(millis);
            self.order.insert(i64::from(number), Some((0, false, &[number])), at, record(&mut self.out))
        }

        fn expire(&mut self, millis: u64) {
            let at = self.at(millis);
            self.order.expire(at, ROUND_TRIP, record(&mut self.out));
        }

        fn wanted(&mut self, millis: u64) -> Vec<u16> {
            let mut numbers = Vec::new();
            self.order.wanted(self.at(millis), ROUND_TRIP, &mut numbers);
            numbers
        }

        fn came(&mut self) -> Vec<Option<u8>> {
            std::mem::take(&mut self.out)
        }
    }

    fn record(out: &mut Vec<Option<u8>>) -> impl FnMut(Ordered<'_>) + '_ {
        move |ordered| {
            out.push(match ordered {
                Ordered::Packet { payload, .. } => Some(payload[0]),
                Ordered::Lost => None,
            });
        }
    }

    #[test]
    fn a_gap_that_is_filled_is_not_noticed() {
        let mut scene = Scene::new(Patience::Repair);
        for number in [10, 11, 14, 13, 11, 10] {
            scene.insert(number, 0);
        }
        assert_eq!(scene.came(), [Some(10), Some(11)]);
        assert!(scene.insert(12, 20));
        assert_eq!(scene.came(), [Some(12), Some(13), Some(14)]);
        assert_eq!(scene.order.next_time(ROUND_TRIP), None);
        assert!(!scene.insert(12, 30));
    }

    #[test]
    fn missing_packets_are_asked_for_by_the_round_trip_and_then_given_up() {
        let mut scene = Scene::new(Patience::Repair);
        scene.insert(1, 0);
        scene.insert(4, 0);
        assert_eq!(scene.wanted(0), [0_u16; 0]);
        assert_eq!(scene.order.next_time(ROUND_TRIP), Some(scene.at(5)));
        assert_eq!(scene.wanted(5), [2, 3]);
        assert_eq!(scene.wanted(54), [0_u16; 0]);
        scene.insert(3, 54);
        assert_eq!(scene.wanted(55), [2]);
        scene.expire(359);
        assert_eq!(scene.came(), [Some(1)]);
        scene.expire(360);
        assert_eq!(scene.came(), [None, Some(3), Some(4)]);
        assert!(!scene.insert(2, 361));
    }

    #[test]
    fn without_repair_only_reordering_is_waited_for() {
        let mut scene = Scene::new(Patience::Reordering);
        scene.insert(1, 0);
        scene.insert(3, 0);
        assert_eq!(scene.wanted(50), [0_u16; 0]);
        scene.expire(60);
        assert_eq!(scene.came(), [Some(1), None, Some(3)]);
    }

    #[test]
    fn an_outage_is_given_up_at_once() {
        let mut scene = Scene::new(Patience::Repair);
        scene.insert(1, 0);
        scene.insert(3, 0);
        let at = scene.at(1);
        scene.order.insert(3 + MAX_GAP + 1, Some((0, false, &[99])), at, record(&mut scene.out));
        assert_eq!(scene.came(), [Some(1), None, Some(3), None, Some(99)]);
        assert_eq!(scene.order.missing.len(), 0);
    }

    proptest! {
        #[test]
        fn whatever_comes_leaves_in_order_and_bounded(
            numbers in proptest::collection::vec((0..3_000_i64, 0..100_u64), 1..400), repair in any::<bool>(),
        ) {
            let patience = if repair { Patience::Repair } else { Patience::Reordering };
            let mut order = Order::new(patience);
            let mut now = Instant::now();
            let mut last = -1;
            for (number, step) in numbers {
                now += Duration::from_millis(step);
                let payload = number.to_be_bytes();
                let mut check = |ordered: Ordered<'_>| {
                    if let Ordered::Packet { payload, .. } = ordered {
                        let number = i64::from_be_bytes(payload.try_into().unwrap());
                        assert!(number > last);
                        last = number;
                    }
                };
                order.insert(number, Some((0, false, &payload)), now, &mut check);
                order.expire(now, ROUND_TRIP, &mut check);
                order.wanted(now, ROUND_TRIP, &mut Vec::new());
                prop_assert!(order.missing.len() <= MAX_MISSING);
                prop_assert!(order.missing.values().all(|missing| now - missing.since < MAX_REPAIR_WAIT));
                prop_assert_eq!(order.waiting.is_empty(), order.missing.is_empty());
            }
        }
    }
}
