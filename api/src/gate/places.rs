//! The order in which viewers ask for a stream. Workers report their viewers once a second; between two reports a limit
//! would let in everybody who asks. So whoever asks stands in this line, and those before it count as if they were in.
//! Several APIs of one database keep the line there instead, for those who were let in.

use std::collections::HashMap;

use parking_lot::Mutex;
use sluice_contract::{Operation, Protocol, SessionId, StreamRequest, UnixTime};

/// Application and stream as they were asked for, and the kind of player that is counted.
type Door = (String, String, Protocol);

#[derive(Default)]
pub struct Places(Mutex<HashMap<Door, Vec<Place>>>);

struct Place {
    session: SessionId,
    since: UnixTime,
}

impl Places {
    /// Lines somebody up. Publishers, and players of protocols without limits, need no place.
    pub fn queue(&self, request: &StreamRequest, now: UnixTime) {
        let Some(door) = door(request) else { return };
        let mut doors = self.0.lock();
        if doors.len() >= MOST_DOORS {
            doors.retain(|_, line| line.iter().any(|place| place.is_fresh(now)));
        }
        if doors.len() >= MOST_DOORS && !doors.contains_key(&door) {
            return;
        }
        let line = doors.entry(door).or_default();
        line.retain(|place| place.is_fresh(now));
        line.push(Place { session: request.session, since: now });
    }

    /// Gives the place of somebody up who was refused.
    pub fn leave(&self, request: &StreamRequest) {
        let Some(door) = door(request) else { return };
        let mut doors = self.0.lock();
        if let Some(line) = doors.get_mut(&door) {
            line.retain(|place| place.session != request.session);
            if line.is_empty() {
                doors.remove(&door);
            }
        }
    }

    /// How many stand before this request and are not among those whom the workers carry (`is_carried`).
    pub fn before(&self, request: &StreamRequest, now: UnixTime, is_carried: impl Fn(SessionId) -> bool) -> u32 {
        let Some(door) = door(request) else { return 0 };
        let doors = self.0.lock();
        let line = doors.get(&door).map_or(&[][..], Vec::as_slice);
        let ahead = line.iter().take_while(|place| place.session != request.session);
        let waiting = ahead.filter(|place| place.is_fresh(now) && !is_carried(place.session)).count();
        u32::try_from(waiting).unwrap_or(u32::MAX)
    }
}

impl Place {
    /// Later a worker has told of the session, or it never began.
    fn is_fresh(&self, now: UnixTime) -> bool {
        now.millis_since(self.since) < STARTS_WITHIN_MS
    }
}

fn door(request: &StreamRequest) -> Option<Door> {
    let limit = match request.protocol {
        Protocol::Hls => Protocol::Hls,
        Protocol::Dash => Protocol::Dash,
        Protocol::WebRtc | Protocol::Whep => Protocol::WebRtc,
        Protocol::Rtmp | Protocol::Srt | Protocol::Whip | Protocol::Vod => return None,
    };
    let plays = request.operation == Operation::Play;
    plays.then(|| (request.application.clone(), request.stream_id.clone(), limit))
}

/// Two reports, and the time that they travel.
pub const STARTS_WITHIN_MS: i64 = 3_000;
/// Streams that are asked for within that time; beyond it limits are as exact as the reports.
const MOST_DOORS: usize = 65_536;
