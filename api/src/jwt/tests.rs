//! Tokens against secrets and against sets of keys that a server of this test hands out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{EncodingKey, encode};
use parking_lot::Mutex;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::tests::{START, TestApi};

const SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";

async fn api() -> TestApi {
    let allow = |config: &mut crate::ApiConfig| {
        config.outbound_allowed = vec!["127.0.0.1/32".parse().expect("a network")];
    };
    TestApi::over(Arc::new(tempfile::tempdir().expect("a folder")), allow).await.expect("started")
}

/// A key pair, as a signer and as an identity provider shows it.
struct Signer {
    kid: &'static str,
    key: EncodingKey,
    public: Value,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        let random = SystemRandom::new();
        let private = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_ref(), &random).expect("a key");
        let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
        let public = json!({
            "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig",
            "x": BASE64URL_NOPAD.encode(x), "y": BASE64URL_NOPAD.encode(y),
        });
        Self { kid, key: EncodingKey::from_ec_der(private.as_ref()), public }
    }

    fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &self.key).expect("a token")
    }
}

/// Hands out a set of keys, and counts how often.
#[derive(Clone, Default)]
struct Provider {
    set: Arc<Mutex<Option<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    async fn start(keys: Value) -> (Self, String) {
        let provider = Self::default();
        provider.show(keys);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}/jwks.json", listener.local_addr().expect("bound"));
        let router = Router::new().route("/jwks.json", get(keys_of)).with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (provider, address)
    }

    fn show(&self, keys: Value) {
        *self.set.lock() = Some(json!({ "keys": keys }));
    }

    fn fail(&self) {
        *self.set.lock() = None;
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

async fn keys_of(State(provider): State<Provider>) -> Result<String, StatusCode> {
    provider.asked.fetch_add(1, Ordering::SeqCst);
    let set = provider.set.lock().clone();
    set.map(|set| set.to_string()).ok_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn shared(algorithm: Algorithm, secret: &str, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
}

async fn passes(test: &TestApi, secret: &str, jwks_url: &str, token: &str) -> bool {
    let secret = Secret::from(secret);
    test.api.verify_jwt(Trust { secret: &secret, jwks_url }, token).await.is_ok()
}

#[tokio::test]
async fn any_payload_passes_that_is_signed_and_in_force() {
    let test = api().await;
    let now = START.as_secs();
    let signer = Signer::new("k");
    let (_provider, address) = Provider::start(json!([signer.public])).await;
    for (claims, expected) in [
        (json!({}), true),
        (json!({"sub": "token", "iat": now}), true),
        (json!({"aud": "anything"}), true),
        (json!({"exp": now + 1}), true),
        (json!({"exp": now}), false),
        (json!({"exp": "soon"}), false),
        (json!({"nbf": now + 1}), false),
        (json!({"nbf": now}), true),
    ] {
        assert_eq!(passes(&test, SECRET, "", &shared(Algorithm::HS256, SECRET, &claims)).await, expected, "{claims}");
        assert_eq!(passes(&test, "", &address, &signer.sign(&claims)).await, expected, "{claims} by a fetched key");
    }
}

#[tokio::test]
async fn other_secrets_and_algorithms_are_refused() {
    let test = api().await;
    for bad in [
        shared(Algorithm::HS256, "another secret", &json!({})),
        shared(Algorithm::HS512, SECRET, &json!({})),
        "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.".to_owned(),
        String::new(),
        "null".to_owned(),
        "x".repeat(100_000),
    ] {
        assert!(!passes(&test, SECRET, "", &bad).await, "{bad:.40}");
    }
    assert!(!passes(&test, "", "", &shared(Algorithm::HS256, "", &json!({}))).await, "an empty key");
    let header = Header { crit: Some(vec!["exp".to_owned()]), ..Header::new(Algorithm::HS256) };
    let critical = encode(&header, &json!({}), &EncodingKey::from_secret(SECRET.as_bytes())).expect("a token");
    assert!(!passes(&test, SECRET, "", &critical).await, "an extension that is not understood");
}

#[tokio::test]
async fn with_an_address_the_secret_counts_for_nothing_and_keys_cannot_be_confused() {
    let test = api().await;
    let (signer, other) = (Signer::new("k"), Signer::new("k"));
    let symmetric = json!({"kty": "oct", "kid": "oct", "k": BASE64URL_NOPAD.encode(SECRET.as_bytes())});
    let encrypts = json!({
        "kty": "EC", "crv": "P-256", "kid": "enc", "use": "enc", "x": other.public["x"], "y": other.public["y"],
    });
    let unusable = json!({"kty": "something new", "kid": 7});
    let keys = json!([unusable, symmetric, encrypts, signer.public]);
    let (_provider, address) = Provider::start(keys).await;
    assert!(passes(&test, SECRET, &address, &signer.sign(&json!({}))).await);
    assert!(!passes(&test, SECRET, &address, &shared(Algorithm::HS256, SECRET, &json!({}))).await, "the secret");
    assert!(!passes(&test, SECRET, &address, &other.sign(&json!({}))).await, "another key of that name");
    let header = |kid: &str, algorithm| Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let by_secret = |kid| {
        encode(&header(kid, Algorithm::HS256), &json!({}), &EncodingKey::from_secret(SECRET.as_bytes()))
            .expect("a token")
    };
    assert!(!passes(&test, SECRET, &address, &by_secret("oct")).await, "a secret that lies at an address");
    assert!(!passes(&test, SECRET, &address, &by_secret("k")).await, "HS256 under the name of a public key");
    let as_encrypting = encode(&header("enc", Algorithm::ES256), &json!({}), &other.key).expect("a token");
    assert!(!passes(&test, SECRET, &address, &as_encrypting).await, "a key for something else");
    // A token may say where its key is, or bring it along: nobody looks.
    let mut own = header("mine", Algorithm::ES256);
    own.jku = Some(address.clone());
    own.jwk = serde_json::from_value(other.public.clone()).ok();
    let own = encode(&own, &json!({}), &other.key).expect("a token");
    assert!(!passes(&test, SECRET, &address, &own).await);
}

#[tokio::test]
async fn a_rotated_key_is_found_and_strangers_cannot_make_us_ask_often() {
    let test = api().await;
    let (old, new) = (Signer::new("old"), Signer::new("new"));
    let (provider, address) = Provider::start(json!([old.public])).await;
    assert!(passes(&test, "", &address, &old.sign(&json!({}))).await);
    provider.show(json!([old.public, new.public]));
    for _ in 0..5 {
        assert!(!passes(&test, "", &address, &Signer::new("unknown").sign(&json!({}))).await);
    }
    assert_eq!(provider.asked(), 1, "not more often than every half minute");
    test.pass(31);
    assert!(passes(&test, "", &address, &new.sign(&json!({}))).await);
    assert!(passes(&test, "", &address, &old.sign(&json!({}))).await);
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn keys_outlast_a_provider_that_is_down_but_not_for_ever() {
    let test = api().await;
    let signer = Signer::new("k");
    let (provider, address) = Provider::start(json!([signer.public])).await;
    assert!(passes(&test, "", &address, &signer.sign(&json!({}))).await);
    provider.fail();
    test.pass(3_600);
    assert!(passes(&test, "", &address, &signer.sign(&json!({}))).await, "while it is fetched again");
    assert!(passes(&test, "", &address, &signer.sign(&json!({}))).await);
    test.pass(86_400);
    assert!(!passes(&test, "", &address, &signer.sign(&json!({}))).await, "a day without a word");
    provider.show(json!([signer.public]));
    test.pass(31);
    assert!(passes(&test, "", &address, &signer.sign(&json!({}))).await);
}

#[tokio::test]
async fn keys_inside_the_network_are_not_fetched() {
    let test = TestApi::new().await;
    let signer = Signer::new("k");
    let (provider, address) = Provider::start(json!([signer.public])).await;
    assert!(!passes(&test, "", &address, &signer.sign(&json!({}))).await);
    assert_eq!(provider.asked(), 0);
}
