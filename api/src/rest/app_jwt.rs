//! An application's JWT filter (`stream-security` §14.2): HS256 over the application's shared secret.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde_json::{Map, Value};
use sluice_contract::{ApplicationSettings, UnixTime};

pub const INVALID_APP_JWT: &str = "Invalid App JWT Token";
/// Keys from an address are not fetched: what cannot be verified is refused.
pub const JWKS_NOT_SUPPORTED: &str = "Invalid App JWT Token: jwksURL is set, and keys from there are not supported";

/// Checks the token of the `Authorization` header. No claim is required; `exp` and `nbf` are honoured if present.
///
/// # Errors
/// The text of the refusal.
pub fn verify(settings: &ApplicationSettings, headers: &HeaderMap, now: UnixTime) -> Result<(), &'static str> {
    if !settings.jwks_url.trim().is_empty() {
        return Err(JWKS_NOT_SUPPORTED);
    }
    // Anybody can sign with an empty key.
    if settings.jwt_secret_key.is_empty() {
        return Err(INVALID_APP_JWT);
    }
    let token = presented(headers).ok_or(INVALID_APP_JWT)?;
    let mut rules = Validation::new(Algorithm::HS256);
    rules.required_spec_claims.clear();
    rules.validate_aud = false;
    // Times are checked below, by the clock of this API.
    rules.validate_exp = false;
    rules.validate_nbf = false;
    let key = DecodingKey::from_secret(settings.jwt_secret_key.expose().as_bytes());
    let claims = decode::<Map<String, Value>>(token, &key, &rules).map_err(|_| INVALID_APP_JWT)?.claims;
    if is_in_force(&claims, now) { Ok(()) } else { Err(INVALID_APP_JWT) }
}

/// The token, with or without the word `Bearer`.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        Some(_) => None,
        None => Some(value),
    }
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

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;
    use sluice_contract::Secret;

    use super::*;

    const SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
    const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);

    fn check(settings: &ApplicationSettings, authorization: &str) -> Result<(), &'static str> {
        let value = HeaderValue::from_str(authorization).expect("a header value");
        verify(settings, &HeaderMap::from_iter([(AUTHORIZATION, value)]), NOW)
    }

    fn signed(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
    }

    #[test]
    fn any_payload_passes_that_is_signed_and_in_force() {
        let settings = ApplicationSettings { jwt_secret_key: Secret::from(SECRET), ..Default::default() };
        let now = NOW.as_secs();
        for (claims, passes) in [
            (json!({}), true),
            (json!({"sub": "token", "iat": now}), true),
            (json!({"aud": "anything"}), true),
            (json!({"exp": now + 1}), true),
            (json!({"exp": now}), false),
            (json!({"exp": "soon"}), false),
            (json!({"nbf": now + 1}), false),
        ] {
            let token = signed(Algorithm::HS256, SECRET, &claims);
            for carrier in [token.clone(), format!("Bearer {token}"), format!("bearer  {token}")] {
                assert_eq!(check(&settings, &carrier).is_ok(), passes, "{claims}");
            }
        }
    }

    #[test]
    fn other_keys_algorithms_and_schemes_are_refused() {
        let settings = ApplicationSettings { jwt_secret_key: Secret::from(SECRET), ..Default::default() };
        let good = signed(Algorithm::HS256, SECRET, &json!({}));
        let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.";
        for bad in [
            signed(Algorithm::HS256, "another secret", &json!({})),
            signed(Algorithm::HS512, SECRET, &json!({})),
            unsigned.to_owned(),
            format!("Basic {good}"),
            String::new(),
            "null".to_owned(),
        ] {
            assert_eq!(check(&settings, &bad), Err(INVALID_APP_JWT), "{bad}");
        }
        assert_eq!(verify(&settings, &HeaderMap::new(), NOW), Err(INVALID_APP_JWT));
    }

    #[test]
    fn without_a_usable_key_nobody_passes() {
        let empty = ApplicationSettings::default();
        assert_eq!(check(&empty, &signed(Algorithm::HS256, "", &json!({}))), Err(INVALID_APP_JWT));
        let fetched = ApplicationSettings {
            jwt_secret_key: Secret::from(SECRET),
            jwks_url: "https://keys.example/jwks.json".to_owned(),
            ..Default::default()
        };
        let token = signed(Algorithm::HS256, SECRET, &json!({}));
        assert_eq!(check(&fetched, &token), Err(JWKS_NOT_SUPPORTED));
    }
}
