//! A server of one's own on free ports, and the clients that talk to it.

mod back_end;
mod certificate;
mod clip;
mod cluster;
mod decisions;
mod ffmpeg;
mod graphql;
mod live;
mod noise;
mod process;
mod receiver;
mod rest;
mod rtmp;
mod server;
mod setup;
mod sign;
mod signaling;
mod webrtc;

use std::future::Future;
use std::time::{Duration, Instant};

pub use back_end::BackEnd;
pub use certificate::CertificateFiles;
pub use clip::clip;
pub use decisions::decisions;
pub use ffmpeg::{Player, Publisher};
pub use live::{Begins, Live};
pub use noise::Noise;
pub use process::{Process, output};
pub use receiver::{Received, Receiver};
pub use rest::Rest;
pub use rtmp::{Rtmp, Said};
pub use server::{ADMIN, Server};
pub use setup::{Face, Operation, Setup, now};
pub use sign::{jwt, jwt_with_header, sha256_hex};
pub use signaling::Signaling;
pub use webrtc::{Seen, WebRtc};

/// Waits until `check` yields a value: the event that a test waits for, seen from outside.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut check: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = check().await {
            return value;
        }
        assert!(Instant::now() < deadline, "did not happen within {PATIENCE:?}: {what}");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Longer than anything takes on a loaded machine of two cores.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The current code of a subscriber whose secret is `base32`, as an authenticator computes it (RFC 6238).
pub fn code(base32: &str, period_seconds: u64, steps_from_now: i64) -> String {
    let secret = base32_bytes(base32);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let at = now.checked_add_signed(steps_from_now * period_seconds.cast_signed()).expect("a time");
    code_of(&secret, period_seconds, at)
}

/// The code of a key at a time.
pub fn code_of(key: &[u8], period_seconds: u64, at: u64) -> String {
    totp_rs::Builder::new()
        .with_algorithm(totp_rs::Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(period_seconds)
        .with_secret(key.to_vec())
        .build_noncompliant()
        .generate(at)
        .to_string()
}

/// Waits until at least `seconds` are left of the current step, so that a code computed now is still current when it is used.
pub async fn within_step(period_seconds: u64, seconds: u64) {
    loop {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
        if period_seconds - now % period_seconds >= seconds {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn base32_bytes(text: &str) -> Vec<u8> {
    let mut bits = 0u32;
    let mut held = 0;
    let mut bytes = Vec::new();
    for character in text.trim_end_matches('=').to_ascii_uppercase().bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'2'..=b'7' => character - b'2' + 26,
            _ => panic!("not Base32: {text}"),
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    bytes
}

#[test]
fn the_harness_computes_codes_as_rfc_6238_does() {
    assert_eq!(code_of(b"12345678901234567890", 30, 59), "287082");
    assert_eq!(code_of(&base32_bytes("mysecret"), 60, 1_700_000_000), "806136");
}
