//! Numbers that travel by their low bits: sequence numbers (16 bits) and timestamps (32 bits).

/// The number nearest to `reference` that has these low bits.
pub(super) const fn nearest_16(reference: i64, low: u16) -> i64 {
    reference.wrapping_add(low.wrapping_sub(reference as u16) as i16 as i64)
}

/// The number nearest to `reference` that has these low bits.
pub(super) const fn nearest_32(reference: i64, low: u32) -> i64 {
    reference.wrapping_add(low.wrapping_sub(reference as u32) as i32 as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_are_undone_both_ways() {
        assert_eq!(nearest_16(65_530, 3), 65_539);
        assert_eq!(nearest_16(65_539, 65_530), 65_530);
        assert_eq!(nearest_16(0, 65_535), -1);
        assert_eq!(nearest_32(1 << 32, u32::MAX), (1 << 32) - 1);
        assert_eq!(nearest_32((1 << 32) - 1, 5), (1 << 32) + 5);
    }
}
