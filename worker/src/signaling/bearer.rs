//! The token in an `Authorization` header: `Bearer T` (RFC 6750 §2.1), or `T` alone as some encoders send it.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use sluice_contract::Secret;

/// A header that says nothing we could go by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization header is not valid")]
pub(super) struct InvalidBearer;

/// The token of a request; `None` when it has none, or authenticates in another way.
///
/// # Errors
/// [`InvalidBearer`] for two headers, or a token with characters that no token has.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<Secret<String>>, InvalidBearer> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(InvalidBearer);
    }
    let value = value.to_str().map_err(|_| InvalidBearer)?.trim();
    let token = match value.split_once(' ') {
        None if value.eq_ignore_ascii_case("bearer") || value.is_empty() => return Ok(None),
        None => value,
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return Ok(None),
    };
    if token.is_empty() {
        return Ok(None);
    }
    if is_token(token) { Ok(Some(Secret::from(token))) } else { Err(InvalidBearer) }
}

/// `b64token`: letters, digits, `-._~+/`, then any number of `=`.
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_lines(lines: &[&str]) -> Result<Option<String>, InvalidBearer> {
        let headers = lines.iter().map(|line| (AUTHORIZATION, line.parse().unwrap())).collect();
        read(&headers).map(|token| token.map(|token| token.expose().clone()))
    }

    #[test]
    fn a_bearer_is_read_in_both_forms_and_nothing_else_is_one() {
        for (line, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer abc", Some("abc")),
            ("BEARER  eyJh.eyJz.-_~+/==", Some("eyJh.eyJz.-_~+/==")),
            ("abc123", Some("abc123")),
            ("Bearer", None),
            ("Bearer ", None),
            ("", None),
            ("Basic dXNlcjpwYXNz", None),
            ("Digest username=x", None),
        ] {
            assert_eq!(read_lines(&[line]), Ok(token.map(str::to_owned)), "{line}");
        }
        assert_eq!(read_lines(&[]), Ok(None));
        for line in ["Bearer a b", "Bearer a,b", "Bearer ===", "Bearer a=b", "Bearer \"a\"", "a;b"] {
            assert_eq!(read_lines(&[line]), Err(InvalidBearer), "{line}");
        }
        assert_eq!(read_lines(&["Bearer a", "Bearer b"]), Err(InvalidBearer));
    }
}
