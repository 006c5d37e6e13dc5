//! Binding requests and the answers of an ICE-lite agent (RFC 8489, RFC 8445 §7.3), and the requests by which it asks
//! whether somebody is behind an address. Read in place: what is not for us costs no allocation and no answer. Who may ask
//! is decided by [`super::ice`].

use std::net::{IpAddr, SocketAddr};

use ring::hmac;

/// Length of the STUN header.
pub(crate) const HEADER_BYTES: usize = 20;

/// A Binding request, not authenticated yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BindingRequest<'a> {
    datagram: &'a [u8],
    /// Where MESSAGE-INTEGRITY begins.
    integrity_at: usize,
    integrity: &'a [u8],
    /// The user name fragment of whom it is sent to: ours.
    pub receiver: &'a str,
    /// That of the sender.
    pub sender: &'a str,
    pub role: Option<IceRole>,
    /// USE-CANDIDATE: the pair that the request came on is the one to use.
    pub nominates: bool,
}

/// What the sender of a check takes itself to be (RFC 8445 §6.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IceRole {
    Controlling,
    Controlled,
}

/// Whether a datagram is STUN rather than anything else that shares its port (RFC 7983 §7, RFC 8489 §5).
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    datagram.len() >= HEADER_BYTES
        && datagram.first().is_some_and(|first| *first < 4)
        && datagram.get(4..8) == Some(&COOKIE.to_be_bytes())
}

impl<'a> BindingRequest<'a> {
    /// Reads a request with a user name, an integrity and a fingerprint, as checks have them (RFC 8445 §7.1). `None` for
    /// everything else, malformed messages included.
    pub fn read(datagram: &'a [u8]) -> Option<Self> {
        if !is_stun(datagram) || datagram.len() > MAX_BYTES || read_u16(datagram, 0)? != BINDING_REQUEST {
            return None;
        }
        let (mut username, mut role, mut nominates) = (None, None, false);
        let Integrity { at: integrity_at, value: integrity, is_last } = read_attributes(datagram, |kind, value| {
            match (kind, value.len()) {
                (USERNAME, ..=MAX_USERNAME) => username = Some(std::str::from_utf8(value).ok()?),
                (USE_CANDIDATE, 0) => nominates = true,
                (PRIORITY, 4) => {}
                (ICE_CONTROLLING, 8) => role = Some(IceRole::Controlling),
                (ICE_CONTROLLED, 8) => role = Some(IceRole::Controlled),
                // What must be understood and is not, or has a wrong length.
                (0..COMPREHENSION_OPTIONAL, _) => return None,
                _ => {}
            }
            Some(())
        })?;
        if is_last {
            return None;
        }
        let (receiver, sender) = username?.split_once(':')?;
        Some(Self { datagram, integrity_at, integrity, receiver, sender, role, nominates })
    }

    /// Whether its sender knows the password behind `key`.
    pub fn is_authentic(&self, key: &hmac::Key) -> bool {
        is_authentic(self.datagram, self.integrity_at, self.integrity, key)
    }

    /// Appends the success response, which tells the sender where we see it.
    pub fn accept(&self, from: SocketAddr, key: &hmac::Key, out: &mut Vec<u8>) {
        self.answer(BINDING_SUCCESS, key, out, |out| xor_mapped_address(out, from, self.transaction()));
    }

    /// Appends the error response 487: the sender takes itself to be controlled, which we always are (RFC 8445 §7.3.1.1).
    pub fn reject_role(&self, key: &hmac::Key, out: &mut Vec<u8>) {
        self.answer(BINDING_ERROR, key, out, |out| attribute(out, ERROR_CODE, b"\0\0\x04\x57Role Conflict"));
    }

    fn transaction(&self) -> &'a [u8] {
        self.datagram.get(8..HEADER_BYTES).unwrap_or_default()
    }

    fn answer(&self, kind: u16, key: &hmac::Key, out: &mut Vec<u8>, attributes: impl FnOnce(&mut Vec<u8>)) {
        let start = out.len();
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&COOKIE.to_be_bytes());
        out.extend_from_slice(self.transaction());
        attributes(out);
        seal(key, out, start);
    }
}

/// A success response to a request of ours, not authenticated yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BindingResponse<'a> {
    datagram: &'a [u8],
    integrity_at: usize,
    integrity: &'a [u8],
    /// Of the request that it answers.
    pub transaction: &'a [u8],
}

impl<'a> BindingResponse<'a> {
    /// Whether a datagram may be one, as far as it can be told without reading it.
    pub fn is_likely(datagram: &[u8]) -> bool {
        is_stun(datagram) && read_u16(datagram, 0) == Some(BINDING_SUCCESS)
    }

    /// `None` for everything else, malformed messages included. Where we are seen is not read: nothing follows from it.
    pub fn read(datagram: &'a [u8]) -> Option<Self> {
        if !Self::is_likely(datagram) || datagram.len() > MAX_BYTES {
            return None;
        }
        let integrity = read_attributes(datagram, |_, _| Some(()))?;
        let transaction = datagram.get(8..HEADER_BYTES)?;
        Some(Self { datagram, integrity_at: integrity.at, integrity: integrity.value, transaction })
    }

    /// Whether its sender knows the password behind `key`.
    pub fn is_authentic(&self, key: &hmac::Key) -> bool {
        is_authentic(self.datagram, self.integrity_at, self.integrity, key)
    }
}

/// Appends a request of our own. `username` is `theirs:ours`, `key` their password (RFC 8445 §7.2.2).
pub(crate) fn request(transaction: &[u8; 12], username: &str, tie_breaker: u64, key: &hmac::Key, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&BINDING_REQUEST.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&COOKIE.to_be_bytes());
    out.extend_from_slice(transaction);
    attribute(out, USERNAME, username.as_bytes());
    attribute(out, PRIORITY, &PEER_REFLEXIVE.to_be_bytes());
    attribute(out, ICE_CONTROLLED, &tie_breaker.to_be_bytes());
    seal(key, out, start);
}

/// MESSAGE-INTEGRITY of a message that was read.
struct Integrity<'a> {
    /// Where it begins.
    at: usize,
    value: &'a [u8],
    /// No FINGERPRINT follows.
    is_last: bool,
}

/// Goes through the attributes of a message. `take` gets those that the integrity covers, and may reject the message. `None`
/// when it is malformed, has no integrity or a wrong fingerprint.
fn read_attributes<'a>(datagram: &'a [u8], mut take: impl FnMut(u16, &'a [u8]) -> Option<()>) -> Option<Integrity<'a>> {
    let length = usize::from(read_u16(datagram, 2)?);
    if length % 4 != 0 || length + HEADER_BYTES != datagram.len() {
        return None;
    }
    let mut integrity: Option<Integrity<'_>> = None;
    let mut at = HEADER_BYTES;
    while at < datagram.len() {
        let kind = read_u16(datagram, at)?;
        let len = usize::from(read_u16(datagram, at + 2)?);
        let value = datagram.get(at + 4..at + 4 + len)?;
        match &mut integrity {
            _ if kind == FINGERPRINT => {
                // It covers what is before it, and nothing comes behind (RFC 8489 §14.7).
                let expected = u32::from_be_bytes(value.try_into().ok()?);
                if at + 8 != datagram.len() || fingerprint(datagram.get(..at)?) != expected {
                    return None;
                }
                integrity.as_mut()?.is_last = false;
            }
            None if kind == MESSAGE_INTEGRITY && len == INTEGRITY_BYTES => {
                integrity = Some(Integrity { at, value, is_last: true });
            }
            None => take(kind, value)?,
            // Other attributes behind the integrity are not covered by it, and are not heeded (RFC 8489 §14.5).
            Some(_) => {}
        }
        at += 4 + len.next_multiple_of(4);
    }
    integrity
}

/// Takes the same time whatever the integrity is.
fn is_authentic(datagram: &[u8], integrity_at: usize, claimed: &[u8], key: &hmac::Key) -> bool {
    let Some(covered) = datagram.get(..integrity_at) else { return false };
    rtc_crypto::constant_time_eq(integrity(key, covered).as_ref(), claimed)
}

/// Completes the message that begins at `start`: its length, MESSAGE-INTEGRITY and FINGERPRINT.
fn seal(key: &hmac::Key, out: &mut Vec<u8>, start: usize) {
    let tag = integrity(key, out.get(start..).unwrap_or_default());
    attribute(out, MESSAGE_INTEGRITY, tag.as_ref());
    let length = out.len() - start - HEADER_BYTES + 8;
    if let (Some(place), Ok(length)) = (out.get_mut(start + 2..start + 4), u16::try_from(length)) {
        place.copy_from_slice(&length.to_be_bytes());
    }
    let fingerprint = fingerprint(out.get(start..).unwrap_or_default());
    attribute(out, FINGERPRINT, &fingerprint.to_be_bytes());
}

/// MESSAGE-INTEGRITY over `covered`, all that is before it, with a length in the header that ends with it.
fn integrity(key: &hmac::Key, covered: &[u8]) -> hmac::Tag {
    let length = u16::try_from(covered.len().saturating_sub(HEADER_BYTES) + 4 + INTEGRITY_BYTES).unwrap_or_default();
    let mut context = hmac::Context::with_key(key);
    context.update(covered.get(..2).unwrap_or_default());
    context.update(&length.to_be_bytes());
    context.update(covered.get(4..).unwrap_or_default());
    context.sign()
}

/// FINGERPRINT of a message, `covered` being all that is before the attribute (RFC 8489 §14.7).
fn fingerprint(covered: &[u8]) -> u32 {
    let crc = covered.iter().fold(!0_u32, |crc, byte| {
        let index = (crc ^ u32::from(*byte)) & 0xFF;
        (crc >> 8) ^ CRC32.get(index as usize).copied().unwrap_or_default()
    });
    !crc ^ 0x5354_554E
}

fn attribute(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or_default().to_be_bytes());
    out.extend_from_slice(value);
    out.resize(out.len() + value.len().next_multiple_of(4) - value.len(), 0);
}

/// XOR-MAPPED-ADDRESS (RFC 8489 §14.2). An IPv4 address that came over an IPv6 socket is told as what it is.
fn xor_mapped_address(out: &mut Vec<u8>, address: SocketAddr, transaction: &[u8]) {
    let cookie = COOKIE.to_be_bytes();
    let port = address.port() ^ (COOKIE >> 16) as u16;
    let mut value = Vec::with_capacity(20);
    let mask = cookie.iter().chain(transaction);
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            value.extend_from_slice(&[0, 1]);
            value.extend_from_slice(&port.to_be_bytes());
            value.extend(ip.octets().iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        }
        IpAddr::V6(ip) => {
            value.extend_from_slice(&[0, 2]);
            value.extend_from_slice(&port.to_be_bytes());
            value.extend(ip.octets().iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        }
    }
    attribute(out, XOR_MAPPED_ADDRESS, &value);
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes(bytes.try_into().ok()?))
}

const COOKIE: u32 = 0x2112_A442;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const COMPREHENSION_OPTIONAL: u16 = 0x8000;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;
const INTEGRITY_BYTES: usize = 20;

/// The priority that a candidate would have that the peer learns of by a check of ours (RFC 8445 §5.1.2.1).
const PEER_REFLEXIVE: u32 = (110 << 24) | (65_535 << 8) | 255;

/// More than any check: a user name of the longest kind and every attribute that browsers add.
const MAX_BYTES: usize = 1_280;

/// RFC 8489 §14.3.
const MAX_USERNAME: usize = 509;

/// The polynomial of IEEE 802.3, reflected.
const CRC32: [u32; 256] = {
    let mut table = [0_u32; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
