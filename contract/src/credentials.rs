//! What a peer brings to be let in, cleaned of the marks of its transport.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// The credentials of one request, whatever protocol carried them.
///
/// `None` means not given: an empty text, blanks, and the words `null` and `undefined` (which web pages produce) all
/// count as not given. CR, LF and TAB inside a value read as `_`; blanks around it are dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// A one-time token id, a JWT or a hash: the application's settings say which.
    pub token: Option<Secret<String>>,
    /// Who the peer says it is. Text from a stranger: it becomes a [`SubscriberId`](crate::SubscriberId) in the gate.
    pub subscriber_id: Option<String>,
    /// The time-based one-time password of that subscriber, six digits.
    pub subscriber_code: Option<Secret<String>>,
    /// The conference room that a token was made for.
    pub room_id: Option<String>,
    /// Further parameters, for webhooks and stream metadata. At most [`MAX_EXTRA`], the first of a name wins.
    pub extra: BTreeMap<String, String>,
}

/// Further parameters kept of one request; the rest is dropped.
pub const MAX_EXTRA: usize = 32;

/// Longest value kept; a longer one counts as wrong rather than as absent, so it is cut, not dropped.
const MAX_VALUE_BYTES: usize = 4_096;

impl Credentials {
    /// Reads a query string (without `?`). Tolerates keys without `=`, empty pairs and bad percent-encoding.
    pub fn from_query(query: &str) -> Self {
        let mut credentials = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            credentials.insert(&decode(key), &decode(value));
        }
        credentials
    }

    /// Takes one named value; the first of a name wins.
    pub fn insert(&mut self, key: &str, value: &str) {
        let Some(value) = clean(value) else { return };
        match key {
            "token" => keep_first(&mut self.token, Secret::new(value)),
            "subscriberId" => keep_first(&mut self.subscriber_id, value),
            "subscriberCode" => keep_first(&mut self.subscriber_code, Secret::new(value)),
            "roomId" | "room" => keep_first(&mut self.room_id, value),
            _ if self.extra.len() < MAX_EXTRA => {
                self.extra.entry(key.to_owned()).or_insert(value);
            }
            _ => {}
        }
    }

    /// True when the peer brought nothing that could identify it.
    pub fn is_anonymous(&self) -> bool {
        self.token.is_none() && self.subscriber_id.is_none() && self.subscriber_code.is_none()
    }
}

fn keep_first<T>(slot: &mut Option<T>, value: T) {
    if slot.is_none() {
        *slot = Some(value);
    }
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

fn clean(value: &str) -> Option<String> {
    let trimmed = value.trim();
    if trimmed.is_empty() || trimmed == "null" || trimmed == "undefined" {
        return None;
    }
    let mut end = trimmed.len().min(MAX_VALUE_BYTES);
    while !trimmed.is_char_boundary(end) {
        end -= 1;
    }
    Some(trimmed[..end].replace(['\r', '\n', '\t'], "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_gives_all_four_values() {
        let read =
            Credentials::from_query("token=T&subscriberId=user%40x.org&subscriberCode=%20440456&roomId=r&mainTrack=m");
        assert!(read.token.is_some_and(|t| t.matches("T")));
        assert_eq!(read.subscriber_id.as_deref(), Some("user@x.org"));
        assert!(read.subscriber_code.is_some_and(|c| c.matches("440456")));
        assert_eq!(read.room_id.as_deref(), Some("r"));
        assert_eq!(read.extra.get("mainTrack").map(String::as_str), Some("m"));
    }

    #[test]
    fn what_web_pages_send_for_nothing_is_nothing() {
        for nothing in ["token=", "token=null", "token=undefined", "token=%20", "token", "&&", "=x"] {
            assert!(Credentials::from_query(nothing).token.is_none(), "{nothing}");
        }
    }

    #[test]
    fn line_breaks_cannot_pass_through() {
        let read = Credentials::from_query("subscriberId=a%0D%0Ab%09c");
        assert_eq!(read.subscriber_id.as_deref(), Some("a__b_c"));
    }

    #[test]
    fn strangers_cannot_fill_memory() {
        let many = (0..1_000).map(|i| format!("k{i}=v&")).collect::<String>();
        assert_eq!(Credentials::from_query(&many).extra.len(), MAX_EXTRA);
        let long = Credentials::from_query(&format!("token={}", "x".repeat(100_000)));
        assert_eq!(long.token.map(|t| t.expose().len()), Some(MAX_VALUE_BYTES));
    }
}
