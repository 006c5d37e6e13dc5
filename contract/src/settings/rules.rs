//! What may be written (`stream-security` §2.3): rules that refuse a whole update, and values that are silently
//! corrected.

use serde_json::Value;

use crate::message::DataDistribution;
use crate::policy::cidr::CidrList;
use crate::request::Operation;

use super::ApplicationSettings;

/// Why settings were not stored. Nothing of the update took effect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    #[error("the settings must be a JSON object")]
    NotAnObject,
    #[error("{field} must be {expected}")]
    WrongType { field: String, expected: &'static str },
    #[error("a number is out of its range")]
    OutOfRange,
    #[error("only one of one-time tokens, JWT and time-based codes can be on for {operation}")]
    ModesExcludeOneAnother { operation: Operation },
    #[error("every entry of encoderSettings needs a height above 0")]
    EncoderHeight,
    #[error("no entry of {field} is a network")]
    NoNetwork { field: &'static str },
    #[error("timeTokenPeriod must be between {SHORTEST_PERIOD_SECS} and {LONGEST_PERIOD_SECS} seconds")]
    TimeTokenPeriod,
    #[error("ticketMaxLifeSeconds must be above 0")]
    TicketLife,
    #[error("credentials cannot be allowed to every origin")]
    CredentialsForEveryOrigin,
    #[error("dataChannelPlayerDistribution must be all, publisher or none")]
    DataDistribution,
    #[error("stunServerURI must be one address that begins with stun: or turn:")]
    StunServer,
    #[error("webhookEvents knows only {}", OPT_IN_EVENTS.join(", "))]
    UnknownWebhookEvent,
}

/// Shortest step of time-based codes, for the application and for subscribers alike: below it a code is gone before a
/// person has typed it.
pub const SHORTEST_PERIOD_SECS: u32 = 10;
/// Longest step, the largest number that clients can hold.
pub const LONGEST_PERIOD_SECS: u32 = 2_147_483_647;

/// Events that a webhook hears of only where `webhookEvents` names them.
pub const OPT_IN_EVENTS: [&str; 4] = ["publishRefused", "playRefused", "subscriberBlocked", "subscriberUnblocked"];

impl ApplicationSettings {
    /// Refuses what must not be stored. Call it before every write.
    ///
    /// # Errors
    /// The first rule that the settings break.
    pub fn validate(&self) -> Result<(), SettingsError> {
        for operation in [Operation::Publish, Operation::Play] {
            let exclusive = [self.one_time_token_on(operation), self.jwt_on(operation), self.totp_on(operation)];
            if exclusive.into_iter().filter(|on| *on).count() > 1 {
                return Err(SettingsError::ModesExcludeOneAnother { operation });
            }
        }
        if !self.other.get("encoderSettings").is_none_or(heights_are_positive) {
            return Err(SettingsError::EncoderHeight);
        }
        for (field, list) in
            [("allowedPublisherCIDR", &self.allowed_publisher_cidr), ("remoteAllowedCIDR", &self.remote_allowed_cidr)]
        {
            let parsed = CidrList::parse(list);
            if parsed.is_empty() && !parsed.invalid().is_empty() {
                return Err(SettingsError::NoNetwork { field });
            }
        }
        if !(SHORTEST_PERIOD_SECS..=LONGEST_PERIOD_SECS).contains(&self.time_token_period) {
            return Err(SettingsError::TimeTokenPeriod);
        }
        if self.ticket_max_life_seconds == 0 {
            return Err(SettingsError::TicketLife);
        }
        if self.cors_allow_credentials && self.cors().allowed_origins.iter().any(|origin| origin == "*") {
            return Err(SettingsError::CredentialsForEveryOrigin);
        }
        if self.opt_in_events().any(|event| !OPT_IN_EVENTS.contains(&event)) {
            return Err(SettingsError::UnknownWebhookEvent);
        }
        if DataDistribution::parse(&self.data_channel_player_distribution).is_none() {
            return Err(SettingsError::DataDistribution);
        }
        if !is_ice_server(self.stun_server_uri.trim()) {
            return Err(SettingsError::StunServer);
        }
        Ok(())
    }

    /// Silent corrections: at least 5 segments in a playlist, of at least a second each.
    pub(super) fn correct(&mut self) {
        at_least(&mut self.hls_list_size, 5.0, "5");
        at_least(&mut self.hls_time, 1.0, "1");
    }
}

/// Nothing, or an address of a form that clients understand. It is told in header lines too, so it is one word.
fn is_ice_server(uri: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b',' | b';' | b'\\');
    let is_known = |scheme: &str| uri.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty());
    uri.is_empty() || (["stun:", "turn:", "stuns:", "turns:"].into_iter().any(is_known) && uri.bytes().all(plain))
}

fn at_least(text: &mut String, smallest: f64, instead: &str) {
    // Written so that what is no number (NaN included) is corrected too.
    let is_enough = text.trim().parse::<f64>().is_ok_and(|number| number >= smallest);
    if !is_enough {
        *text = instead.to_owned();
    }
}

/// `encoderSettings` is a list, or (older panels) a list written as text.
fn heights_are_positive(value: &Value) -> bool {
    match value {
        Value::Array(entries) => {
            entries.iter().all(|entry| entry.get("height").and_then(Value::as_f64).is_some_and(|height| height > 0.0))
        }
        Value::String(text) => serde_json::from_str::<Value>(text).map_or(true, |inner| match inner {
            Value::Array(_) => heights_are_positive(&inner),
            _ => true,
        }),
        _ => true,
    }
}
