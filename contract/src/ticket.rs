//! Tickets: the signed form of a play session that HTTP players carry, in a cookie and in every URI of a manifest.
//!
//! A ticket is Base64url (RFC 4648 §5, no padding) of a payload and a MAC. The payload names the key, the session, its
//! end, the subscriber and the main track; the MAC (HMAC-SHA-256, RFC 2104, cut to 128 bits) also covers application
//! and stream, which the ticket does not repeat because the path of every request does. Any worker that has the key
//! verifies it without asking anyone. It proves that a session was admitted, not that it still may play: blocks and
//! revocations are looked up beside it.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;

use crate::id::{ApplicationName, SessionId, StreamId, SubscriberId};
use crate::secret::Secret;
use crate::time::UnixTime;

/// What a verified ticket says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    pub session: SessionId,
    /// Valid while `now < until`. Whole seconds.
    pub until: UnixTime,
    pub subscriber: Option<SubscriberId>,
    pub main_track: Option<StreamId>,
}

/// Why a text is no valid ticket. All of them are the same refusal to a player.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTicket {
    #[error("the ticket is malformed")]
    Malformed,
    #[error("the ticket was signed with a key that is not known here")]
    UnknownKey,
    #[error("the ticket's signature does not match")]
    Forged,
    #[error("the ticket has expired")]
    Expired,
}

/// One signing key as it travels from the API to the workers. `id` tells keys apart during a rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketKey {
    pub id: u8,
    pub secret: Secret<Vec<u8>>,
}

/// The keys of a worker: signs with the first, verifies with all.
#[derive(Clone)]
pub struct TicketKeys {
    keys: Vec<(u8, Hmac<Sha256>)>,
}

impl TicketKeys {
    /// The newest key first. `None` without any key: nothing could be signed.
    pub fn new(keys: &[TicketKey]) -> Option<Self> {
        let keys: Vec<_> =
            keys.iter().filter_map(|key| Some((key.id, Hmac::new_from_slice(key.secret.expose()).ok()?))).collect();
        if keys.is_empty() { None } else { Some(Self { keys }) }
    }

    /// Keys for another purpose, each with the id of the key it was made from, the newest first. `purpose` names it and
    /// begins with a letter, so that no ticket's MAC is ever the same as a key.
    pub fn derive(&self, purpose: &str) -> Vec<(u8, Secret<[u8; 32]>)> {
        let derived = |key: &Hmac<Sha256>| {
            let mut mac = key.clone();
            mac.update(purpose.as_bytes());
            Secret::new(mac.finalize().into_bytes().into())
        };
        self.keys.iter().map(|(id, key)| (*id, derived(key))).collect()
    }

    /// Writes `ticket` for one stream.
    pub fn sign(&self, application: &ApplicationName, stream_id: &StreamId, ticket: &Ticket) -> String {
        let (id, key) = &self.keys[0];
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(&[VERSION, *id]);
        bytes.extend_from_slice(ticket.session.uuid().as_bytes());
        bytes.extend_from_slice(&ticket.until.as_secs().to_be_bytes());
        push_text(&mut bytes, ticket.subscriber.as_ref().map_or("", SubscriberId::as_str));
        push_text(&mut bytes, ticket.main_track.as_ref().map_or("", StreamId::as_str));
        let mac = mac(key, &bytes, application, stream_id);
        bytes.extend_from_slice(&mac);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Reads and checks `text` for one stream at `now`.
    ///
    /// # Errors
    /// [`InvalidTicket`] when the text is not a ticket of ours for this very stream, or has ended.
    pub fn verify(
        &self,
        application: &ApplicationName,
        stream_id: &StreamId,
        text: &str,
        now: UnixTime,
    ) -> Result<Ticket, InvalidTicket> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(InvalidTicket::Malformed);
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| InvalidTicket::Malformed)?;
        let split = bytes.len().checked_sub(MAC_BYTES).ok_or(InvalidTicket::Malformed)?;
        let (payload, given) = bytes.split_at(split);
        let [VERSION, id, ..] = payload else { return Err(InvalidTicket::Malformed) };
        let (_, key) = self.keys.iter().find(|(known, _)| known == id).ok_or(InvalidTicket::UnknownKey)?;
        if !Secret::new(mac(key, payload, application, stream_id)).matches(given) {
            return Err(InvalidTicket::Forged);
        }
        let ticket = read_payload(&payload[2..]).ok_or(InvalidTicket::Malformed)?;
        if now >= ticket.until {
            return Err(InvalidTicket::Expired);
        }
        Ok(ticket)
    }
}

const VERSION: u8 = 1;
const MAC_BYTES: usize = 16;
/// Two names of 255 bytes and the fixed fields, in Base64: anything longer is not ours.
const MAX_TEXT_BYTES: usize = 768;

fn mac(key: &Hmac<Sha256>, payload: &[u8], application: &ApplicationName, stream_id: &StreamId) -> [u8; MAC_BYTES] {
    let mut mac = key.clone();
    mac.update(payload);
    // Neither name can hold a NUL, so no two pairs share an input.
    mac.update(b"\0");
    mac.update(application.as_str().as_bytes());
    mac.update(b"\0");
    mac.update(stream_id.as_str().as_bytes());
    let full = mac.finalize().into_bytes();
    let mut cut = [0; MAC_BYTES];
    cut.copy_from_slice(&full[..MAC_BYTES]);
    cut
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    // Names are at most 255 bytes (`id::MAX_NAME_BYTES`).
    bytes.push(u8::try_from(text.len()).unwrap_or(0));
    bytes.extend_from_slice(text.as_bytes());
}

fn read_payload(bytes: &[u8]) -> Option<Ticket> {
    let (session, rest) = bytes.split_first_chunk::<16>()?;
    let (until, rest) = rest.split_first_chunk::<8>()?;
    let (subscriber, rest) = read_text(rest)?;
    let (main_track, rest) = read_text(rest)?;
    rest.is_empty().then_some(())?;
    Some(Ticket {
        session: SessionId::new(Uuid::from_bytes(*session)),
        until: UnixTime::from_secs(i64::from_be_bytes(*until)),
        subscriber: if subscriber.is_empty() { None } else { Some(subscriber.parse().ok()?) },
        main_track: if main_track.is_empty() { None } else { Some(main_track.parse().ok()?) },
    })
}

fn read_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = bytes.split_first()?;
    let (text, rest) = rest.split_at_checked(usize::from(*len))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(id: u8) -> TicketKeys {
        TicketKeys::new(&[TicketKey { id, secret: Secret::new(vec![id; 32]) }]).expect("one key")
    }

    fn app(name: &str) -> ApplicationName {
        name.parse().expect("valid name")
    }

    fn stream(name: &str) -> StreamId {
        name.parse().expect("valid name")
    }

    fn ticket() -> Ticket {
        Ticket {
            session: SessionId::new(Uuid::from_u128(7)),
            until: UnixTime::from_secs(1_000),
            subscriber: Some("playerB".parse().expect("valid name")),
            main_track: None,
        }
    }

    const BEFORE: UnixTime = UnixTime::from_secs(999);

    #[test]
    fn a_ticket_opens_its_own_stream_until_it_ends() {
        let text = keys(1).sign(&app("LiveApp"), &stream("s"), &ticket());
        let verify = |a: &str, s: &str, now| keys(1).verify(&app(a), &stream(s), &text, now);
        assert_eq!(verify("LiveApp", "s", BEFORE), Ok(ticket()));
        assert_eq!(verify("LiveApp", "s2", BEFORE), Err(InvalidTicket::Forged));
        assert_eq!(verify("Live", "s", BEFORE), Err(InvalidTicket::Forged));
        assert_eq!(verify("LiveApp", "s", UnixTime::from_secs(1_000)), Err(InvalidTicket::Expired));
    }

    #[test]
    fn keys_rotate_without_losing_viewers() {
        let old = TicketKey { id: 1, secret: Secret::new(vec![1; 32]) };
        let new = TicketKey { id: 2, secret: Secret::new(vec![2; 32]) };
        let text = keys(1).sign(&app("a"), &stream("s"), &ticket());
        let both = TicketKeys::new(&[new.clone(), old]).expect("two keys");
        assert!(both.verify(&app("a"), &stream("s"), &text, BEFORE).is_ok());
        let only_new = TicketKeys::new(&[new]).expect("one key");
        assert_eq!(only_new.verify(&app("a"), &stream("s"), &text, BEFORE), Err(InvalidTicket::UnknownKey));
        assert!(TicketKeys::new(&[]).is_none());
    }

    #[test]
    fn keys_for_other_purposes_differ_from_one_another() {
        let (one, two) = (keys(1).derive("relay/1"), keys(1).derive("other/1"));
        assert_eq!(one, keys(1).derive("relay/1"), "every worker derives the same");
        assert_ne!(one, two);
        assert_ne!(one, keys(2).derive("relay/1"));
    }

    proptest! {
        #[test]
        fn no_changed_character_passes(position in 0usize..80, replacement in "[A-Za-z0-9_-]") {
            let text = keys(1).sign(&app("a"), &stream("s"), &ticket());
            let position = position % text.len();
            prop_assume!(text[position..=position] != replacement);
            let forged = format!("{}{replacement}{}", &text[..position], &text[position + 1..]);
            prop_assert!(keys(1).verify(&app("a"), &stream("s"), &forged, BEFORE).is_err());
        }

        #[test]
        fn any_text_is_read_without_harm(text in ".{0,900}") {
            prop_assert!(keys(1).verify(&app("a"), &stream("s"), &text, BEFORE).is_err());
        }
    }
}
