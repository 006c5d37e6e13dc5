//! Stream JWTs (`stream-security` §8): HS256 over a secret of the application.
//!
//! The algorithm is ours and never the token's; the times are compared with the decision's own `now`, without leeway.
//! `jsonwebtoken` writes; reading is done here, since its `decode` may read the clock, parses header and claims twice
//! and takes the larger part of a decision's budget (HS256 is HMAC-SHA-256 over the text before the last dot).

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::Sha256;

use crate::id::StreamId;
use crate::request::{Operation, SecurityMode};
use crate::secret::Secret;
use crate::time::UnixTime;

use super::case::{Answer, Case, Draft};
use super::decision::DenyReason;

/// Shortest secret that [`sign`] takes: the 256 bits that RFC 7518 §3.2 asks of an HS256 key, counted as clients do.
pub const MIN_SECRET_CHARS: usize = 32;

/// Why no JWT could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("the JWT secret is shorter than {MIN_SECRET_CHARS} characters")]
    SecretTooShort,
    #[error("the JWT could not be written")]
    NotWritten,
}

/// Makes a JWT that admits to `stream_id` for `operation` until `expires_at` (whole seconds), and to the members of
/// `room_id` if given.
///
/// # Errors
/// [`SignError::SecretTooShort`] until a secret of at least [`MIN_SECRET_CHARS`] is set.
pub fn sign(
    stream_id: &StreamId,
    operation: Operation,
    expires_at: UnixTime,
    room_id: Option<&str>,
    secret: &Secret<String>,
) -> Result<Secret<String>, SignError> {
    if secret.expose().chars().count() < MIN_SECRET_CHARS {
        return Err(SignError::SecretTooShort);
    }
    let claims = WrittenClaims { stream_id: stream_id.as_str(), operation, exp: expires_at.as_secs(), room_id };
    let key = EncodingKey::from_secret(secret.expose().as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
        .map(Secret::new)
        .map_err(|_| SignError::NotWritten)
}

pub(super) fn rule(case: &Case<'_>, draft: &mut Draft) -> Answer {
    if !case.settings.jwt_on(case.operation()) {
        return Answer::Skip("stream JWTs are off");
    }
    match admit(case) {
        Ok(end) => {
            draft.credential_ends = end;
            draft.admitted_by.push(SecurityMode::Jwt);
            Answer::Pass
        }
        Err(reason) => Answer::deny(reason),
    }
}

/// The end of the JWT, if it has one.
fn admit(case: &Case<'_>) -> Result<Option<UnixTime>, DenyReason> {
    let secret = &case.settings.jwt_stream_secret_key;
    if secret.expose().trim().is_empty() {
        return Err(DenyReason::SecretNotConfigured { mode: SecurityMode::Jwt });
    }
    let claims = verified(case.token().ok_or(DenyReason::JwtMissing)?, secret).ok_or(DenyReason::JwtInvalid)?;
    let end = claims.exp.map(time);
    if let Some(at) = end.filter(|end| case.now >= *end) {
        return Err(DenyReason::JwtExpired { at });
    }
    let begun = claims.nbf.is_none_or(|nbf| case.now >= time(nbf));
    if begun && claims.name_stream(case) && claims.name_operation(case) { Ok(end) } else { Err(DenyReason::JwtInvalid) }
}

/// The claims of a JWT (RFC 7515 §5.2, compact form) that `secret` signed.
fn verified(token: &str, secret: &Secret<String>) -> Option<Claims> {
    let (message, signature) = token.rsplit_once('.')?;
    let (header, payload) = message.split_once('.')?;
    let header: ReadHeader = read_part(header)?;
    if header.alg != "HS256" || header.crit.is_some() {
        return None;
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(message.as_bytes());
    let is_genuine = mac.verify_slice(&BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?).is_ok();
    // Nothing of the payload is looked at before.
    if is_genuine { read_part(payload) } else { None }
}

fn read_part<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).ok()?).ok()
}

#[derive(Deserialize)]
struct ReadHeader {
    alg: String,
    /// What a header declares critical must be understood (RFC 7515 §4.1.11), and no extension is understood here.
    #[serde(default, deserialize_with = "present")]
    crit: Option<IgnoredAny>,
}

/// The claims that bear on admission. One that is absent does not restrict (unless `jwtRequireScope`); one that is
/// there must be of its type and match, so that `null` is no way around it.
#[derive(Deserialize)]
struct Claims {
    #[serde(default, rename = "streamId", deserialize_with = "present")]
    stream_id: Option<String>,
    #[serde(default, rename = "type", deserialize_with = "present")]
    operation: Option<String>,
    #[serde(default, rename = "roomId")]
    room_id: Option<String>,
    /// Seconds since the epoch, fractions allowed (RFC 7519 §2).
    #[serde(default, deserialize_with = "present")]
    exp: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    nbf: Option<f64>,
}

impl Claims {
    fn name_stream(&self, case: &Case<'_>) -> bool {
        match (self.stream_id.as_deref(), self.room_id.as_deref()) {
            (Some(stream_id), _) if stream_id == case.stream_id.as_str() => true,
            (_, Some(room)) => {
                let asked = case.request.credentials.room_id.as_deref();
                asked.is_none_or(|asked| asked == room) && case.is_in_room(room)
            }
            (Some(_), None) => false,
            (None, None) => !case.settings.jwt_require_scope,
        }
    }

    fn name_operation(&self, case: &Case<'_>) -> bool {
        match self.operation.as_deref() {
            Some(operation) => operation == case.operation().as_str(),
            None => !case.settings.jwt_require_scope,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenClaims<'a> {
    stream_id: &'a str,
    #[serde(rename = "type")]
    operation: Operation,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    room_id: Option<&'a str>,
}

/// A claim that is there must not be `null`.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn time(seconds: f64) -> UnixTime {
    // `as` saturates, which is right for ends beyond the calendar.
    UnixTime::from_millis((seconds * 1_000.0) as i64)
}
