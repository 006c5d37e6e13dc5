//! Which packets the SCTP library may see. It trusts its peer in three things: that a chunk is as long as what it holds,
//! that transmission sequence numbers (TSN) move on by little, and that fragments become messages. A peer that is none of
//! this could have it read chunks that nobody looked at, count to 2³¹ for one packet, and remember without end.

/// Follows one association, from both of its directions.
pub(super) struct Inspector {
    /// Up to where everything came (RFC 9260 §6.2), as the library acknowledged it; `None` before it acknowledged anything.
    cumulative: Option<u32>,
    /// Which of the TSNs behind that came, by TSN modulo [`WINDOW`].
    came: Box<[bool; WINDOW]>,
    /// Before there is an acknowledgement.
    early: usize,
    /// Fragments that came and are in no message that was read.
    held: usize,
    reconfigurations: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// As if it had been lost on its way.
    Drop,
    /// The association is over.
    End,
}

impl Inspector {
    pub fn new() -> Self {
        Self { cumulative: None, came: Box::new([false; WINDOW]), early: 0, held: 0, reconfigurations: 0 }
    }

    /// There is another association now. What is counted over all of them stays.
    pub fn begin_again(&mut self) {
        *self = Self { reconfigurations: self.reconfigurations, ..Self::new() };
    }

    /// Looks at a packet of the peer's.
    pub fn incoming(&mut self, packet: &[u8]) -> Verdict {
        let mut rest = packet.get(HEADER..).unwrap_or_default();
        while !rest.is_empty() {
            let Some((kind, body, next)) = cut(rest) else { return Verdict::Drop };
            match self.chunk(kind, body) {
                Verdict::Pass => rest = next,
                verdict => return verdict,
            }
        }
        let is_too_much = self.held > MAX_HELD || self.reconfigurations > MAX_RECONFIGURATIONS;
        if is_too_much { Verdict::End } else { Verdict::Pass }
    }

    /// Looks at a packet of the library's, for what it acknowledges.
    pub fn outgoing(&mut self, packet: &[u8]) {
        let mut rest = packet.get(HEADER..).unwrap_or_default();
        while let Some((kind, body, next)) = cut(rest) {
            if kind == SACK
                && let Some(cumulative) = read_u32(body)
            {
                self.acknowledged(cumulative);
            }
            rest = next;
        }
    }

    /// A message of so many fragments was read.
    pub fn read(&mut self, fragments: usize) {
        self.held = self.held.saturating_sub(fragments);
    }

    /// A chunk passes if it has the very length of what it holds.
    fn chunk(&mut self, kind: u8, body: &[u8]) -> Verdict {
        let is_whole = match kind {
            DATA => return self.data(body),
            INIT | INIT_ACK => body.get(INIT_FIELDS..).is_some_and(|parameters| are_whole(parameters, usize::MAX)),
            SACK => body.first_chunk::<12>().is_some_and(|&[.., g0, g1, d0, d1]| {
                let blocks = usize::from(u16::from_be_bytes([g0, g1])) + usize::from(u16::from_be_bytes([d0, d1]));
                body.len() == 12 + 4 * blocks
            }),
            HEARTBEAT => body.starts_with(&HEARTBEAT_INFO) && are_whole(body, 1),
            COOKIE_ECHO => true,
            SHUTDOWN => body.len() == 4,
            SHUTDOWN_ACK | SHUTDOWN_COMPLETE | COOKIE_ACK => body.is_empty(),
            RE_CONFIG => {
                self.reconfigurations += 1;
                are_whole(body, 2)
            }
            FORWARD_TSN => body.len().is_multiple_of(4) && read_u32(body).is_some_and(|tsn| self.is_near(tsn)),
            ABORT => return Verdict::End,
            // What else there is the library does not know, or has no use for.
            _ => false,
        };
        if is_whole { Verdict::Pass } else { Verdict::Drop }
    }

    fn data(&mut self, body: &[u8]) -> Verdict {
        // Without a byte of its own a fragment would count for nothing (RFC 9260 §3.3.1).
        let Some(tsn) = read_u32(body).filter(|_| body.len() > DATA_FIELDS) else { return Verdict::Drop };
        match self.cumulative {
            None => {
                self.early += 1;
                if self.early > WINDOW {
                    return Verdict::Drop;
                }
                self.held += 1;
            }
            Some(cumulative) => {
                if !self.is_near(tsn) {
                    return Verdict::Drop;
                }
                let is_new = tsn.wrapping_sub(cumulative).cast_signed() > 0;
                if is_new && let Some(came) = self.came.get_mut(tsn as usize % WINDOW) {
                    self.held += usize::from(!std::mem::replace(came, true));
                }
            }
        }
        Verdict::Pass
    }

    /// Whether a TSN is one that may come next, or came already. Unknown before the library acknowledged anything.
    fn is_near(&self, tsn: u32) -> bool {
        self.cumulative.is_some_and(|cumulative| {
            let ahead = tsn.wrapping_sub(cumulative).cast_signed();
            // The distance of the two furthest points has no direction (RFC 1982 §3.2).
            ahead != i32::MIN && ahead <= WINDOW as i32
        })
    }

    fn acknowledged(&mut self, cumulative: u32) {
        let before = self.cumulative.replace(cumulative).unwrap_or(cumulative);
        let steps = cumulative.wrapping_sub(before).min(WINDOW as u32);
        for step in 0..steps {
            if let Some(came) = self.came.get_mut(cumulative.wrapping_sub(step) as usize % WINDOW) {
                *came = false;
            }
        }
    }
}

/// The first chunk (RFC 9260 §3.2), its kind and its body, and what follows it. `None` when it is longer than the rest.
fn cut(rest: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let &[kind, _, l0, l1] = rest.first_chunk::<4>()?;
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    let body = rest.get(4..length)?;
    Some((kind, body, rest.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// Whether these are at most so many parameters (RFC 9260 §3.2.1), each with the length that its kind has.
fn are_whole(mut rest: &[u8], most: usize) -> bool {
    let mut count = 0;
    while let Some(&[t0, t1, l0, l1]) = rest.first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([l0, l1]));
        let Some(value) = rest.get(4..length) else { return false };
        let is_whole = match u16::from_be_bytes([t0, t1]) {
            FORWARD_TSN_SUPPORTED => value.is_empty(),
            REQUESTED_HMAC => value.len().is_multiple_of(2),
            OUTGOING_RESET => value.len() >= 12 && value.len().is_multiple_of(2),
            RESET_RESPONSE => value.len() == 8,
            _ => true,
        };
        count += 1;
        if !is_whole || count > most {
            return false;
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    rest.is_empty()
}

fn read_u32(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// The common header (RFC 9260 §3.1).
const HEADER: usize = 12;
/// Fixed fields behind the chunk's header.
const DATA_FIELDS: usize = 12;
const INIT_FIELDS: usize = 16;

/// RFC 9260 §3.2, RFC 6525 §3.1, RFC 3758 §3.2.
const DATA: u8 = 0;
const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
const SACK: u8 = 3;
const HEARTBEAT: u8 = 4;
const ABORT: u8 = 6;
const SHUTDOWN: u8 = 7;
const SHUTDOWN_ACK: u8 = 8;
const COOKIE_ECHO: u8 = 10;
const COOKIE_ACK: u8 = 11;
const SHUTDOWN_COMPLETE: u8 = 14;
const RE_CONFIG: u8 = 130;
const FORWARD_TSN: u8 = 192;

const HEARTBEAT_INFO: [u8; 2] = [0, 1];
const OUTGOING_RESET: u16 = 13;
const RESET_RESPONSE: u16 = 16;
const REQUESTED_HMAC: u16 = 0x8004;
const FORWARD_TSN_SUPPORTED: u16 = 0xC000;

/// TSNs ahead of what was acknowledged: several times what fits into the receive window, in fragments of usual size.
pub(super) const WINDOW: usize = 512;
/// Of what a peer sends in fragments, or out of order: many times a message's.
pub(super) const MAX_HELD: usize = 2_048;
/// Requests to reset streams, which the library remembers: browsers send one for each channel that they close.
pub(super) const MAX_RECONFIGURATIONS: usize = 1_024;
