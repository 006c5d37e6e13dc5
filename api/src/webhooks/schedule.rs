//! When a failed delivery is tried again.

use sluice_contract::{ApplicationSettings, UnixTime};

/// The next try after `attempts` of them, or `None` when there is none.
///
/// With `webhookRetryCount` set there are that many repetitions, `webhookRetryDelay` apart. Without it the event is
/// tried until it expires, after that delay first and then at twice the distance each time, up to five minutes.
pub fn next_try(
    settings: &ApplicationSettings,
    attempts: i64,
    now: UnixTime,
    expires_at: UnixTime,
) -> Option<UnixTime> {
    let delay_ms = i64::from(settings.webhook_retry_delay).clamp(SHORTEST_DELAY_MS, LONGEST_DELAY_MS);
    let next = match settings.webhook_retry_count {
        0 => {
            let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(MOST_DOUBLINGS);
            now.plus_millis((delay_ms << doublings).min(LONGEST_BACKOFF_MS.max(delay_ms)))
        }
        count if attempts <= i64::from(count) => now.plus_millis(delay_ms),
        _ => return None,
    };
    (next < expires_at).then_some(next)
}

/// A receiver that fails at once must not be called in a loop.
const SHORTEST_DELAY_MS: i64 = 100;
const LONGEST_DELAY_MS: i64 = 3_600_000;
const LONGEST_BACKOFF_MS: i64 = 300_000;
/// From the shortest delay beyond the longest.
const MOST_DOUBLINGS: u32 = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn delays(settings: &ApplicationSettings, tries: i64) -> Vec<Option<i64>> {
        let expires_at = NOW.plus_secs(86_400);
        (1..=tries).map(|n| Some(next_try(settings, n, NOW, expires_at)?.millis_since(NOW) / 1_000)).collect()
    }

    #[test]
    fn by_default_it_is_tried_ever_more_slowly() {
        let settings = ApplicationSettings::default();
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
        assert_eq!(delays(&settings, 11), expected.map(Some));
        let last = NOW.plus_secs(299);
        assert_eq!(next_try(&settings, 50, NOW, last), None, "it would come too late");
        assert!(next_try(&settings, i64::MAX, NOW, NOW.plus_secs(86_400)).is_some());
    }

    #[test]
    fn a_count_is_kept_exactly() {
        let settings = ApplicationSettings { webhook_retry_count: 2, webhook_retry_delay: 3_000, ..Default::default() };
        assert_eq!(delays(&settings, 4), [Some(3), Some(3), None, None]);
        let hasty = ApplicationSettings { webhook_retry_count: 1, webhook_retry_delay: 0, ..Default::default() };
        assert_eq!(next_try(&hasty, 1, NOW, NOW.plus_secs(9)), Some(NOW.plus_millis(100)));
    }
}
