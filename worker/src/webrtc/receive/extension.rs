//! Header extensions (RFC 8285).

use crate::webrtc::engine::ReceivedRtp;

/// The content of the extension with this id, if the packet has it.
pub(super) fn extension<'a>(packet: &ReceivedRtp<'a>, id: u8) -> Option<&'a [u8]> {
    let mut rest = packet.extensions;
    while let Some((&first, behind)) = rest.split_first() {
        if first == 0 {
            rest = behind; // padding
            continue;
        }
        let (found, length, behind) = if packet.two_byte {
            let (&length, behind) = behind.split_first()?;
            (first, usize::from(length), behind)
        } else if first >> 4 == 15 {
            return None; // reserved: what follows is not to be read
        } else {
            (first >> 4, usize::from(first & 0xF) + 1, behind)
        };
        let (content, behind) = behind.split_at_checked(length)?;
        if found == id {
            return Some(content);
        }
        rest = behind;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn packet(extensions: &[u8], two_byte: bool) -> ReceivedRtp<'_> {
        ReceivedRtp {
            at: Instant::now(),
            payload_type: 96,
            ssrc: 1,
            sequence: 1,
            timestamp: 1,
            marker: false,
            extensions,
            two_byte,
            payload: &[],
            wire_bytes: 0,
        }
    }

    #[test]
    fn both_forms_are_read() {
        let one = packet(&[0x10, 0xAA, 0, 0, 0x31, 1, 2, 0], false);
        assert_eq!(extension(&one, 1), Some(&[0xAA][..]));
        assert_eq!(extension(&one, 3), Some(&[1, 2][..]));
        assert_eq!(extension(&one, 2), None);
        let two = packet(&[1, 0, 0, 20, 2, 7, 8], true);
        assert_eq!(extension(&two, 1), Some(&[][..]));
        assert_eq!(extension(&two, 20), Some(&[7, 8][..]));
    }

    #[test]
    fn what_is_cut_off_or_reserved_is_not_there() {
        assert_eq!(extension(&packet(&[0x33, 1, 2], false), 3), None);
        assert_eq!(extension(&packet(&[0xF0, 1, 0x30, 1], false), 3), None);
        assert_eq!(extension(&packet(&[3], true), 3), None);
        assert_eq!(extension(&packet(&[3, 9, 1], true), 3), None);
    }
}
