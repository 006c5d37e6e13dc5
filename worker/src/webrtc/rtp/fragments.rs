//! Cuts a unit that is too large for one packet into parts that fill equal payloads: datagrams of one size can leave
//! in one call to the kernel, and no small rest costs a packet of its own weight.

use bytes::Bytes;

/// The parts of `body`. The first payload has `first_head` bytes before its part, all others `other_head`; with them
/// no payload exceeds `limit`, and all but the last are equal.
pub(super) fn fragments(
    body: &Bytes,
    first_head: usize,
    other_head: usize,
    limit: usize,
) -> impl Iterator<Item = Bytes> + use<> {
    let extra = first_head.saturating_sub(other_head);
    let room = limit.saturating_sub(other_head).max(1);
    let total = body.len() + extra;
    let count = total.div_ceil(room).max(1);
    let part = total.div_ceil(count);
    let mut rest = body.clone();
    let mut length = part.saturating_sub(extra).max(1);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let next = rest.split_to(length.min(rest.len()));
        length = part;
        Some(next)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_make_equal_payloads_and_nothing_is_missing(
            length in 1..20_000_usize, first in 1..30_usize, other in 1..4_usize, limit in 64..1_500_usize,
        ) {
            let first = first.max(other);
            let body = Bytes::from((0..length).map(|at| at as u8).collect::<Vec<_>>());
            let parts: Vec<_> = fragments(&body, first, other, limit).collect();
            prop_assert_eq!(parts.concat(), &body[..]);
            let head = |index: usize| if index == 0 { first } else { other };
            let sizes: Vec<_> = parts.iter().enumerate().map(|(index, part)| head(index) + part.len()).collect();
            prop_assert!(sizes.iter().all(|&size| size <= limit));
            let (last, equal) = sizes.split_last().unwrap();
            prop_assert!(equal.iter().all(|size| size == &equal[0]));
            prop_assert!(equal.iter().all(|size| size >= last));
            // No more packets than it takes.
            prop_assert_eq!(sizes.len(), (length + first - other).div_ceil(limit - other));
        }
    }
}
