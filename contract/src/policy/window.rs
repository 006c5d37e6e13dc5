//! When a broadcast may be published: its life since creation and its planned window (`stream-security` §6.2).

use crate::facts::BroadcastFacts;
use crate::time::UnixTime;

use super::case::{Answer, Case, Draft};
use super::decision::DenyReason;

pub(super) fn publish_window(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    let Some(broadcast) = &case.facts.broadcast else { return Answer::Skip("the stream is not registered") };
    if !is_limited(broadcast) {
        return Answer::Skip("the broadcast has no end and no window");
    }
    if has_expired(broadcast, case.now) || !is_planned(broadcast, case.now) {
        Answer::deny(DenyReason::StreamNotActive)
    } else {
        Answer::Pass
    }
}

fn is_limited(broadcast: &BroadcastFacts) -> bool {
    broadcast.expire_duration_ms > 0 || window(broadcast).is_some()
}

fn has_expired(broadcast: &BroadcastFacts, now: UnixTime) -> bool {
    broadcast.expire_duration_ms > 0 && now >= broadcast.created_at.plus_millis(broadcast.expire_duration_ms)
}

/// Both ends count as inside, in the whole seconds that clients give them in.
fn is_planned(broadcast: &BroadcastFacts, now: UnixTime) -> bool {
    window(broadcast).is_none_or(|(start, end)| (start.as_secs()..=end.as_secs()).contains(&now.as_secs()))
}

/// The planned window counts only with both of its ends.
fn window(broadcast: &BroadcastFacts) -> Option<(UnixTime, UnixTime)> {
    let set = |end: Option<UnixTime>| end.filter(|time| *time != UnixTime::EPOCH);
    Some((set(broadcast.planned_start)?, set(broadcast.planned_end)?))
}
