//! Wall-clock time as RTCP carries it (RFC 3550 §4).

use std::time::Duration;

use sluice_contract::UnixTime;

/// Seconds since 1900 in 32 bits, and their fraction in 32 more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct NtpTime(u64);

impl NtpTime {
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The time, to a microsecond, after `since` has passed since `start`.
    pub fn at(start: UnixTime, since: Duration) -> Self {
        let start = Duration::from_millis(u64::try_from(start.as_millis()).unwrap_or_default());
        let time = start.saturating_add(since);
        let seconds = time.as_secs().wrapping_add(UNIX_EPOCH_SECONDS) & 0xFFFF_FFFF;
        Self((seconds << 32) | ((u64::from(time.subsec_nanos()) << 32) / 1_000_000_000))
    }

    /// The middle 32 bits, by which reports name each other.
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }

    /// Microseconds from `earlier` to this; right for times within 68 years of each other, over the wrap in 2036 too.
    pub const fn micros_since(self, earlier: Self) -> i64 {
        let distance = self.0.wrapping_sub(earlier.0) as i64;
        ((distance as i128 * 1_000_000) >> 32) as i64
    }
}

/// 1900 to 1970.
const UNIX_EPOCH_SECONDS: u64 = 2_208_988_800;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_their_fraction_and_their_distance() {
        let start = UnixTime::from_secs(1_700_000_000);
        let time = NtpTime::at(start, Duration::from_micros(500_000));
        assert_eq!(time.to_bits() >> 32, 1_700_000_000 + UNIX_EPOCH_SECONDS);
        assert_eq!(time.to_bits() as u32, 0x8000_0000);
        let later = NtpTime::at(start, Duration::from_micros(1_750_000));
        assert_eq!(later.micros_since(time), 1_250_000);
        assert_eq!(time.micros_since(later), -1_250_000);
        let before_wrap = NtpTime::from_bits(u64::MAX - (1 << 31));
        assert_eq!(NtpTime::from_bits(1 << 31).micros_since(before_wrap), 1_000_000);
    }
}
