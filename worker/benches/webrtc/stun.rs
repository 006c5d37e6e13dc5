//! Checks, as a controlling agent sends and answers them (RFC 8445 §7).

use std::net::SocketAddr;

use rtc_stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::xoraddr::XorMappedAddress;

use crate::Outcome;

/// User name fragments and passwords of both sides.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub ours: (String, String),
    pub theirs: (String, String),
}

impl Credentials {
    /// A check that nominates the only pair there is.
    pub fn check(&self) -> Outcome<Vec<u8>> {
        let mut message = Message::new();
        message.set_type(BINDING_REQUEST);
        message.transaction_id = TransactionId::new();
        message.write_header();
        message.add(ATTR_USERNAME, format!("{}:{}", self.theirs.0, self.ours.0).as_bytes());
        message.add(ATTR_PRIORITY, &1_853_824_767_u32.to_be_bytes());
        message.add(ATTR_ICE_CONTROLLING, &[1; 8]);
        message.add(ATTR_USE_CANDIDATE, &[]);
        seal(message, &self.theirs.1)
    }

    /// The answer to a check of the server's; `None` for everything else.
    pub fn answer(&self, datagram: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
        let mut request = Message::new();
        request.unmarshal_binary(datagram).ok()?;
        if request.typ != BINDING_REQUEST {
            return None;
        }
        let mut message = Message::new();
        message.set_type(BINDING_SUCCESS);
        message.transaction_id = request.transaction_id;
        message.write_header();
        XorMappedAddress { ip: from.ip(), port: from.port() }.add_to(&mut message).ok()?;
        seal(message, &self.ours.1).ok()
    }
}

fn seal(mut message: Message, password: &str) -> Outcome<Vec<u8>> {
    let provider = rtc_crypto::default_provider()?;
    MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), provider.crypto())
        .add_to(&mut message)?;
    FINGERPRINT.add_to(&mut message)?;
    Ok(message.raw.to_vec())
}
