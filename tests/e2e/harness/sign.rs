//! Hashes and signed tokens made by hand, as a back end of somebody else makes them.

use serde_json::Value;

/// SHA-256 of a text.
fn sha256(bytes: &[u8]) -> Vec<u8> {
    let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
    suite.tls13().expect("a suite of TLS 1.3").common.hash_provider.hash(bytes).as_ref().to_vec()
}

/// SHA-256 in lowercase hexadecimal digits.
pub fn sha256_hex(text: &str) -> String {
    sha256(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256 (RFC 2104).
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = if key.len() > 64 { sha256(key) } else { key.to_vec() };
    block.resize(64, 0);
    let padded = |with: u8| block.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
    let inner = sha256(&[padded(0x36), message.to_vec()].concat());
    sha256(&[padded(0x5c), inner].concat())
}

/// A JWT (RFC 7519) signed with HS256.
pub fn jwt(secret: &str, claims: &Value) -> String {
    jwt_with_header(secret, r#"{"alg":"HS256","typ":"JWT"}"#, claims)
}

/// The same with a header of one's own; the signature is HS256 whatever it says.
pub fn jwt_with_header(secret: &str, header: &str, claims: &Value) -> String {
    let signed = format!("{}.{}", base64url(header.as_bytes()), base64url(claims.to_string().as_bytes()));
    let signature = base64url(&hmac_sha256(secret.as_bytes(), signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// Base64url without padding (RFC 4648 §5).
pub fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..=group.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 0x3f) as usize]));
        }
    }
    text
}

#[test]
fn the_harness_hashes_and_signs_as_the_standards_do() {
    assert_eq!(
        sha256_hex("stream1publishthis_is_secret"),
        "f980129315cb9ed4f02b615dc089eb10f9ada6a13228f28c875fcf4969eb2077"
    );
    let claims = serde_json::json!({"streamId": "stream1", "type": "play", "exp": 4_102_444_800_u64});
    assert_eq!(
        jwt("zautXStXM9iW3aD3FuyPH0TdK4GHPmHq", &claims),
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdHJlYW1JZCI6InN0cmVhbTEiLCJ0eXBlIjoicGxheSIsImV4cCI6NDEwMjQ0NDgwMH0.fUpoA0ke9-NhWE2VTty_52ebrSX92ZLmFSVqRVtSSBk"
    );
}
