//! Pieces of a description that come with a PATCH (RFC 8840 §9): candidates, and the credentials of an ICE restart.
//!
//! We are ICE-lite and learn where a peer is from its checks, so that its candidates are read over.

use sluice_contract::Secret;

use super::RemoteDescription;
use super::plan::Plan;
use super::read::{Attributes, DescriptionError, ice_credentials, lines};
use super::write::{first_section, transport, word};
use crate::webrtc::engine::LocalTransport;

/// What a peer sends after its description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub ufrag: String,
    pub pwd: Secret<String>,
}

impl Fragment {
    /// Reads a fragment.
    ///
    /// # Errors
    /// [`DescriptionError`] when it is too long, not made of `<letter>=<value>` lines, or lacks the credentials that
    /// say what it belongs to (RFC 8840 §9).
    pub fn read(text: &str) -> Result<Self, DescriptionError> {
        let mut attributes = Attributes::default();
        for (line, text) in lines(text)? {
            match text.split_at_checked(2) {
                Some(("a=", value)) => attributes.add(value),
                Some((kind, _)) if kind.ends_with('=') && kind.starts_with(|c: char| c.is_ascii_lowercase()) => {}
                _ => return Err(DescriptionError::Malformed { line, what: "not of the form <letter>=<value>" }),
            }
        }
        let (Some(ufrag), Some(pwd)) = (attributes.value("ice-ufrag"), attributes.value("ice-pwd")) else {
            return Err(DescriptionError::NoIceCredentials);
        };
        let (ufrag, pwd) = ice_credentials(ufrag, pwd).ok_or(DescriptionError::NoIceCredentials)?;
        Ok(Self { ufrag, pwd })
    }

    /// True when it begins a new ICE session instead of adding to the one that `remote` describes.
    pub fn restarts(&self, remote: &RemoteDescription) -> bool {
        self.ufrag != remote.transport.ufrag || self.pwd != remote.transport.pwd
    }
}

/// Our side of a restarted ICE session.
pub(crate) fn write(local: &LocalTransport, plan: &Plan) -> String {
    let mut text = String::from("a=ice-lite\r\na=ice-options:trickle\r\n");
    if let Some(section) = first_section(plan) {
        // Only its mid counts; the rest is what RFC 8840 §9 writes in examples.
        text.push_str(&format!("m={} 9 RTP/AVP 0\r\na=mid:{}\r\n", word(section.kind), section.mid));
    }
    text.push_str(&transport(local));
    text
}
