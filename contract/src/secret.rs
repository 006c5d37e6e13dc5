//! Values that must never be shown.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// A token, code, key or password. `Debug` and `Display` print nothing of it, and comparison takes the same time
/// wherever two values of one length differ.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself. Every call site is a place to check in a review.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<[u8]>> Secret<T> {
    /// True when the secret has no content at all.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_empty()
    }

    /// Compares in a time that depends on the lengths alone.
    pub fn matches(&self, other: impl AsRef<[u8]>) -> bool {
        self.0.as_ref().ct_eq(other.as_ref()).into()
    }
}

impl<T: AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl<T: AsRef<[u8]>> Eq for Secret<T> {}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        let secret = Secret::from("mysecret");
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
    }

    #[test]
    fn a_secret_equals_its_like_only() {
        assert!(Secret::from("a1").matches("a1"));
        assert!(!Secret::from("a1").matches("a2"));
        assert!(!Secret::from("a1").matches("a12"));
    }
}
