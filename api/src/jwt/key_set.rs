//! Public keys that lie at an address (JSON Web Key Sets, RFC 7517), fetched and kept.
//!
//! A key is used for [`FRESH_MS`] without a question. After that it is still used while the set is fetched again in the
//! background, and if that fails, until the set is [`TRUSTED_MS`] old. A token with an unknown `kid` makes the caller
//! wait for a fetch (keys are rotated), but not more often than every [`AGAIN_MS`], so that strangers cannot make this
//! server call somebody else's.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use parking_lot::Mutex;
use serde_json::Value;
use sluice_contract::UnixTime;
use tracing::{info, warn};

use crate::Api;
use crate::outbound::origin_of;

/// The sets in use, by address.
#[derive(Default)]
pub struct KeySets(DashMap<String, Arc<KeySet>>);

#[derive(Default)]
struct KeySet {
    known: Mutex<Known>,
    /// Held while the set is fetched: one fetch at a time, and whoever waits finds what it brought.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, Key>,
    /// When `keys` was fetched; `None` before the first.
    fetched: Option<UnixTime>,
    /// When it was last tried, with success or not.
    tried: Option<UnixTime>,
}

#[derive(Clone)]
struct Key {
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl KeySets {
    /// The key `kid` of the set at `address`, if it is one for `algorithm`.
    pub async fn key(&self, api: &Api, address: &str, kid: &str, algorithm: Algorithm) -> Option<DecodingKey> {
        let set = self.set(address);
        let found = match set.look_up(kid, api.now()) {
            LookUp::Fresh(key) => Some(key),
            LookUp::Old(key) => {
                if set.may_try(api.now()) {
                    let (api, address) = (api.clone(), address.to_owned());
                    tokio::spawn(async move { set.refresh(&api, &address).await });
                }
                Some(key)
            }
            LookUp::Absent => {
                set.refresh(api, address).await;
                match set.look_up(kid, api.now()) {
                    LookUp::Fresh(key) | LookUp::Old(key) => Some(key),
                    LookUp::Absent => None,
                }
            }
        };
        found.filter(|key| key.algorithms.contains(&algorithm)).map(|key| key.key)
    }

    fn set(&self, address: &str) -> Arc<KeySet> {
        // Addresses come from settings: when there are many, most are no longer in use.
        if self.0.len() >= MOST_SETS && !self.0.contains_key(address) {
            self.0.clear();
        }
        Arc::clone(&self.0.entry(address.to_owned()).or_default())
    }
}

enum LookUp {
    Fresh(Key),
    Old(Key),
    Absent,
}

impl KeySet {
    fn look_up(&self, kid: &str, now: UnixTime) -> LookUp {
        let known = self.known.lock();
        let Some(age_ms) = known.fetched.map(|fetched| now.millis_since(fetched)).filter(|age| *age < TRUSTED_MS)
        else {
            return LookUp::Absent;
        };
        match known.keys.get(kid).cloned() {
            Some(key) if age_ms < FRESH_MS => LookUp::Fresh(key),
            Some(key) => LookUp::Old(key),
            None => LookUp::Absent,
        }
    }

    fn may_try(&self, now: UnixTime) -> bool {
        self.known.lock().may_try(now)
    }

    /// Fetches the set, unless that was tried just now.
    async fn refresh(&self, api: &Api, address: &str) {
        let _fetching = self.fetching.lock().await;
        let now = api.now();
        {
            let mut known = self.known.lock();
            if !known.may_try(now) {
                return;
            }
            known.tried = Some(now);
        }
        let shown = origin_of(address).unwrap_or_else(|| "an unreadable address".to_owned());
        let read = match api.0.outbound.fetch(address, FETCHED_WITHIN).await {
            Ok(body) => read(&body).ok_or_else(|| "it is no key set, or has no key that can be used".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        match read {
            Ok(keys) => {
                info!(jwks.target = shown, keys = keys.len(), "a key set was fetched");
                let mut known = self.known.lock();
                known.keys = keys;
                known.fetched = Some(now);
            }
            Err(cause) => warn!(jwks.target = shown, cause, "a key set could not be fetched; known keys stay in use"),
        }
    }
}

impl Known {
    fn may_try(&self, now: UnixTime) -> bool {
        self.tried.is_none_or(|tried| now.millis_since(tried) >= AGAIN_MS)
    }
}

/// The usable keys of a set; `None` if there is none.
fn read(body: &[u8]) -> Option<HashMap<String, Key>> {
    let set: Value = serde_json::from_slice(body).ok()?;
    let keys: HashMap<_, _> = set.get("keys")?.as_array()?.iter().take(MOST_KEYS).filter_map(usable).collect();
    (!keys.is_empty()).then_some(keys)
}

/// One key, unless it has no name, is no public signature key, or is too weak. A set may hold others as well.
fn usable(key: &Value) -> Option<(String, Key)> {
    let key: Jwk = serde_json::from_value(key.clone()).ok()?;
    let common = &key.common;
    let signs = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
    let verifies = common.key_operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify));
    if !signs || !verifies {
        return None;
    }
    let mut algorithms = match &key.algorithm {
        AlgorithmParameters::RSA(parameters) if parameters.n.len() >= RSA_2048_TEXT => RSA.to_vec(),
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => {
            vec![Algorithm::ES256]
        }
        // Symmetric keys above all: a secret that lies at an address is none.
        _ => return None,
    };
    if let Some(only) = common.key_algorithm {
        let only = Algorithm::try_from(only).ok()?;
        algorithms.retain(|algorithm| *algorithm == only);
    }
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    Some((common.key_id.clone()?, Key { algorithms, key: decoding }))
}

const RSA: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];
/// The modulus of the smallest RSA key of RFC 7518 §3.3 in Base64.
const RSA_2048_TEXT: usize = 342;
const MOST_KEYS: usize = 64;
const MOST_SETS: usize = 1_024;
/// Identity providers publish a key long before they use it, and withdraw one within hours.
const FRESH_MS: i64 = 600_000;
const TRUSTED_MS: i64 = 86_400_000;
const AGAIN_MS: i64 = 30_000;
const FETCHED_WITHIN: Duration = Duration::from_secs(4);
