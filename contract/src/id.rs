//! Names and identifiers: newtypes, never bare strings, checked where outside text becomes ours.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    #[error("the name is empty")]
    Empty,
    #[error("the name is longer than {MAX_NAME_BYTES} bytes")]
    TooLong,
    #[error("the name has a character that is not allowed")]
    Character,
    #[error("the name is reserved")]
    Reserved,
}

/// Names are path segments, file names and database keys: 255 bytes fit all three.
pub const MAX_NAME_BYTES: usize = 255;

/// First path segments that the server itself answers, which therefore no application may take.
const RESERVED_APPLICATIONS: &[&str] =
    &["admin", "graphql", "rest", "docs", "metrics", "assets", "healthz", "readyz", "openapi"];

/// A peer's own word for an application or a stream, for logs and the audit. Of a text that is no name only its
/// beginning is kept, up to the first character that no name has: encoders put credentials behind it in more ways than
/// anybody can list.
pub fn shown_name(text: &str) -> String {
    let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let begin: String = text.chars().take_while(is_part).take(MAX_NAME_BYTES).collect();
    if begin.len() < text.len() { format!("{begin}…") } else { begin }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if text.is_empty() {
                    return Err(InvalidName::Empty);
                }
                if text.len() > MAX_NAME_BYTES {
                    return Err(InvalidName::TooLong);
                }
                let check: fn(&str) -> Result<(), InvalidName> = $check;
                check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}

name! {
    /// The name of an application: `[A-Za-z0-9_-]`, case-sensitive, the first path segment of every address.
    ApplicationName, |text| {
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            return Err(InvalidName::Character);
        }
        if RESERVED_APPLICATIONS.contains(&text) {
            return Err(InvalidName::Reserved);
        }
        Ok(())
    }
}

name! {
    /// The name of a broadcast within its application: `[A-Za-z0-9._-]`, but not dots alone, which a path would read
    /// as a folder.
    StreamId, |text| {
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
            return Err(InvalidName::Character);
        }
        if text.bytes().all(|b| b == b'.') {
            return Err(InvalidName::Reserved);
        }
        Ok(())
    }
}

name! {
    /// The name of a subscriber within a broadcast: any text without control characters.
    SubscriberId, |text| {
        if text.chars().any(char::is_control) { Err(InvalidName::Character) } else { Ok(()) }
    }
}

name! {
    /// Names a recording: 24 letters and digits.
    VodId, |text| {
        let is_part = |b: u8| b.is_ascii_alphanumeric();
        if text.len() == VOD_ID_BYTES && text.bytes().all(is_part) { Ok(()) } else { Err(InvalidName::Character) }
    }
}

impl VodId {
    /// The id that goes with 16 bytes, such as a UUID's: its first 96 bits.
    pub fn of(id: Uuid) -> Self {
        let mut text = id.simple().to_string();
        text.truncate(VOD_ID_BYTES);
        Self(text.into())
    }
}

/// What clients expect.
const VOD_ID_BYTES: usize = 24;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an identifier that the caller made (this crate has no randomness of its own).
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

uuid_id! {
    /// One admitted connection of one peer on one worker. UUIDv7, made by the worker before it asks.
    SessionId
}
uuid_id! {
    /// One run of a streaming worker.
    WorkerId
}
uuid_id! {
    /// One question to the gate. Asking again with the same id gets the same answer.
    RequestId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stream_ids_take_the_documented_characters() {
        for good in ["stream1", "cam_1", "a.b-c_d", "..a", "f6867e64-c9a1-a7dd-1d14-6b4312c8c8ee"] {
            assert!(good.parse::<StreamId>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a/b", "a b", "ä", "a%2F", "a\0"] {
            assert!(bad.parse::<StreamId>().is_err(), "{bad}");
        }
        assert_eq!("x".repeat(256).parse::<StreamId>(), Err(InvalidName::TooLong));
    }

    #[test]
    fn an_application_cannot_take_a_path_of_the_server() {
        assert_eq!("graphql".parse::<ApplicationName>(), Err(InvalidName::Reserved));
        assert!("LiveApp".parse::<ApplicationName>().is_ok());
        assert!("Live.App".parse::<ApplicationName>().is_err());
    }

    #[test]
    fn a_vod_id_is_24_letters_and_digits() {
        assert_eq!(VodId::of(Uuid::nil()).as_str(), "0".repeat(24));
        for bad in ["", "0123456789", "0123456789abcdef0123456!", "0123456789abcdef012345678"] {
            assert!(bad.parse::<VodId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn subscriber_ids_are_free_text_without_control_characters() {
        assert!("user@x.org".parse::<SubscriberId>().is_ok());
        assert_eq!("a\tb".parse::<SubscriberId>(), Err(InvalidName::Character));
    }

    #[test]
    fn shown_names_end_before_whatever_no_name_has() {
        assert_eq!(shown_name("stream1"), "stream1");
        assert_eq!(shown_name("stream1,token=abc"), "stream1…");
        assert_eq!(shown_name("stream1?token=abc"), "stream1…");
        assert_eq!(shown_name("?abc"), "…");
        assert_eq!(shown_name(&"x".repeat(300)).chars().count(), 256);
    }
}
