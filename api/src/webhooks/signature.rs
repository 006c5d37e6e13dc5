//! The signature of everything that is sent to a webhook: `X-Sluice-Signature: t=<seconds>,v1=<hex>`.
//!
//! The HMAC-SHA256 (RFC 2104) over `<t>.<body>` with the application's `webhookSigningSecret` tells a receiver that the
//! body is ours and unchanged; the time inside of it lets the receiver refuse an old one that is sent again.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use data_encoding::HEXLOWER;
use ring::hmac;
use sluice_contract::{Secret, UnixTime};
use uuid::Uuid;

const SIGNATURE: HeaderName = HeaderName::from_static("x-sluice-signature");
/// The same for every repetition of one event.
const EVENT: HeaderName = HeaderName::from_static("x-sluice-event");

/// The headers of a signed request; without a secret it is only numbered.
pub fn headers(secret: &Secret<String>, id: Uuid, body: &[u8], now: UnixTime) -> HeaderMap {
    let signed = (!secret.expose().is_empty()).then(|| (SIGNATURE, signature(secret, body, now)));
    let texts = signed.into_iter().chain([(EVENT, id.to_string())]);
    // Digits, hex and punctuation are always header values.
    texts.filter_map(|(name, text)| Some((name, HeaderValue::from_str(&text).ok()?))).collect()
}

fn signature(secret: &Secret<String>, body: &[u8], now: UnixTime) -> String {
    let seconds = now.as_secs();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    format!("t={seconds},v1={}", HEXLOWER.encode(context.sign().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_computes_the_same_signature() {
        // echo -n '1700000000.{"action":"liveStreamStarted"}' | openssl dgst -sha256 -hmac whsec
        let signed =
            signature(&Secret::from("whsec"), br#"{"action":"liveStreamStarted"}"#, UnixTime::from_secs(1_700_000_000));
        assert_eq!(signed, "t=1700000000,v1=0c9560137ceac42e2fe6515e5eabab1bd346bbede00125d7fdab7d7ba600c032");
    }

    #[test]
    fn secret_body_and_time_all_count() {
        let at = UnixTime::from_secs(1);
        let one = signature(&Secret::from("a"), b"x", at);
        assert_ne!(one, signature(&Secret::from("b"), b"x", at));
        assert_ne!(one, signature(&Secret::from("a"), b"y", at));
        assert_ne!(one, signature(&Secret::from("a"), b"x", UnixTime::from_secs(2)));
    }
}
