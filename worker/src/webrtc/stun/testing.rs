//! Checks as a controlling agent sends them, written by another hand: `rtc-stun`.

use rtc_stun::attributes::{
    ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_PRIORITY, ATTR_USE_CANDIDATE, ATTR_USERNAME,
};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};

use crate::webrtc::engine::{LocalTransport, RemoteTransport};

#[derive(Debug, Clone)]
pub(in crate::webrtc) struct Check {
    pub receiver: String,
    pub sender: String,
    pub password: String,
    is_controlled: bool,
    nominates: bool,
}

impl Check {
    /// A check that the owner of `local` has to answer.
    pub fn new(local: &LocalTransport, remote: &RemoteTransport) -> Self {
        Self {
            receiver: local.ufrag.clone(),
            sender: remote.ufrag.clone(),
            password: local.pwd.expose().clone(),
            is_controlled: false,
            nominates: false,
        }
    }

    pub fn nominating(mut self) -> Self {
        self.nominates = true;
        self
    }

    pub fn controlled(mut self) -> Self {
        self.is_controlled = true;
        self
    }

    pub fn write(&self) -> Vec<u8> {
        let mut message = Message::new();
        message.set_type(BINDING_REQUEST);
        message.transaction_id = TransactionId([7; 12]);
        message.write_header();
        message.add(ATTR_USERNAME, format!("{}:{}", self.receiver, self.sender).as_bytes());
        message.add(ATTR_PRIORITY, &1_853_824_767_u32.to_be_bytes());
        message.add(if self.is_controlled { ATTR_ICE_CONTROLLED } else { ATTR_ICE_CONTROLLING }, &[1; 8]);
        if self.nominates {
            message.add(ATTR_USE_CANDIDATE, &[]);
        }
        let provider = rtc_crypto::default_provider().unwrap();
        let integrity =
            MessageIntegrity::new_short_term_integrity_with_provider(self.password.clone(), provider.crypto());
        integrity.add_to(&mut message).unwrap();
        FINGERPRINT.add_to(&mut message).unwrap();
        message.raw.to_vec()
    }

    /// The answer to a request of ours, of somebody with this password.
    pub fn answer(request: &[u8], password: &str) -> Vec<u8> {
        let mut asked = Message::new();
        asked.unmarshal_binary(request).unwrap();
        assert_eq!(asked.typ, BINDING_REQUEST);
        let mut message = Message::new();
        message.set_type(BINDING_SUCCESS);
        message.transaction_id = asked.transaction_id;
        message.write_header();
        let provider = rtc_crypto::default_provider().unwrap();
        let integrity =
            MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), provider.crypto());
        integrity.add_to(&mut message).unwrap();
        FINGERPRINT.add_to(&mut message).unwrap();
        message.raw.to_vec()
    }
}
