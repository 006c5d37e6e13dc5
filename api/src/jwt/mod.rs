//! JSON Web Tokens (RFC 7519) that let somebody manage: of an application's REST API and of the server's.
//!
//! A token is signed with a shared secret (HS256), or with one of the keys that lie at an address ([`key_set`]). Where an
//! address is set the secret counts for nothing. No claim is required; `exp` and `nbf` are honoured if present. What the
//! token itself says about keys (`jku`, `jwk`, `x5u`, `x5c`) is not looked at. Tokens of streams are the policy's matter.

mod key_set;

use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde_json::{Map, Value};
use sluice_contract::{Secret, UnixTime};

use crate::Api;

pub use key_set::KeySets;

/// What a token is verified with.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    pub secret: &'a Secret<String>,
    /// Where the public keys are; blank for none.
    pub jwks_url: &'a str,
}

/// The token does not count. Which of the checks failed is nobody's business outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct Invalid;

impl Api {
    /// Verifies a token in compact form, without the word `Bearer`. May fetch keys, a few seconds at most.
    ///
    /// # Errors
    /// [`Invalid`], also when there is nothing to verify it with.
    pub(crate) async fn verify_jwt(&self, trust: Trust<'_>, token: &str) -> Result<(), Invalid> {
        if token.len() > LONGEST_TOKEN_BYTES {
            return Err(Invalid);
        }
        let header = decode_header(token).map_err(|_| Invalid)?;
        // Extensions that must be understood (RFC 7515 §4.1.11): none is.
        if header.crit.is_some() {
            return Err(Invalid);
        }
        let jwks_url = trust.jwks_url.trim();
        if jwks_url.is_empty() {
            // Anybody can sign with an empty key.
            if trust.secret.is_empty() || header.alg != Algorithm::HS256 {
                return Err(Invalid);
            }
            let key = DecodingKey::from_secret(trust.secret.expose().as_bytes());
            return check(token, &header, &key, self.now());
        }
        let kid = header.kid.as_deref().ok_or(Invalid)?;
        let key = self.0.key_sets.key(self, jwks_url, kid, header.alg).await.ok_or(Invalid)?;
        check(token, &header, &key, self.now())
    }
}

/// Signature and times. The algorithm is one that the caller found fit for the key.
fn check(token: &str, header: &Header, key: &DecodingKey, now: UnixTime) -> Result<(), Invalid> {
    let mut rules = Validation::new(header.alg);
    rules.required_spec_claims.clear();
    rules.validate_aud = false;
    // Times are checked below, by the clock of this API.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    let claims = decode::<Map<String, Value>>(token, key, &rules).map_err(|_| Invalid)?.claims;
    if is_in_force(&claims, now) { Ok(()) } else { Err(Invalid) }
}

/// RFC 7519 §4.1.4 and §4.1.5; a time that is no number is no time to trust.
fn is_in_force(claims: &Map<String, Value>, now: UnixTime) -> bool {
    let seconds = |name: &str| claims.get(name).map(|value| value.as_f64().map(|seconds| seconds as i64));
    let not_ended = match seconds("exp") {
        None => true,
        Some(exp) => exp.is_some_and(|exp| now < UnixTime::from_secs(exp)),
    };
    let begun = match seconds("nbf") {
        None => true,
        Some(nbf) => nbf.is_some_and(|nbf| now >= UnixTime::from_secs(nbf)),
    };
    not_ended && begun
}

/// Tokens with long lists of groups reach a few kilobytes.
const LONGEST_TOKEN_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests;
