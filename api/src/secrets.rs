//! The secret box: what lies encrypted in the database, and the keys derived from the one key that does not.
//!
//! The main key (32 bytes) comes from the environment, a file, or `<data>/secret.key`, which is made at first start.
//! From it HKDF-SHA-256 (RFC 5869) derives one key for sealing (AES-256-GCM) and one for digests. A sealed known value
//! in the database tells at start whether the key is the one that the database was written with.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hkdf, hmac};
use sluice_contract::Secret;

use crate::config::SecretKeySource;

/// Why there is no usable key. One variant per remedy.
#[derive(Debug, thiserror::Error)]
pub enum SecretKeyError {
    #[error("the secret key must be 32 bytes in Base64")]
    Malformed,
    #[error("the secret key file {path} cannot be read or made: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("the secret key is not the one that this database was written with")]
    Wrong,
    #[error("the system gives no randomness")]
    Randomness,
}

/// A sealed value that this key does not open: it was written with another key, or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a stored secret cannot be opened")]
pub struct Unopenable;

pub struct SecretBox {
    sealing: LessSafeKey,
    digests: hmac::Key,
    random: SystemRandom,
}

/// First byte of a sealed value, so that another form can follow one day.
const SEAL_VERSION: u8 = 1;

impl SecretBox {
    /// Finds or makes the main key.
    ///
    /// # Errors
    /// [`SecretKeyError`] says what to mend.
    pub fn open(source: &SecretKeySource, data_dir: &Path) -> Result<Self, SecretKeyError> {
        match source {
            SecretKeySource::Value(text) => Self::from_base64(text.expose()),
            SecretKeySource::File(path) => Self::from_base64(&read(path)?),
            SecretKeySource::DataDir => {
                let path = data_dir.join("secret.key");
                match read(&path) {
                    Err(SecretKeyError::File { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                        let mut key = [0; KEY_BYTES];
                        SystemRandom::new().fill(&mut key).map_err(|_| SecretKeyError::Randomness)?;
                        let text = BASE64.encode(&key);
                        write_private(&path, &text).map_err(|error| SecretKeyError::File { path, error })?;
                        Self::from_base64(&text)
                    }
                    text => Self::from_base64(&text?),
                }
            }
        }
    }

    fn from_base64(text: &str) -> Result<Self, SecretKeyError> {
        let key = BASE64.decode(text.trim().as_bytes()).map_err(|_| SecretKeyError::Malformed)?;
        if key.len() != KEY_BYTES {
            return Err(SecretKeyError::Malformed);
        }
        let main = hkdf::Salt::new(hkdf::HKDF_SHA256, b"sluice").extract(&key);
        let derive = |purpose: &'static [u8]| {
            let mut derived = [0; KEY_BYTES];
            main.expand(&[purpose], hkdf::HKDF_SHA256)
                .and_then(|okm| okm.fill(&mut derived))
                .map(|()| derived)
                .map_err(|_| SecretKeyError::Malformed)
        };
        let sealing = UnboundKey::new(&AES_256_GCM, &derive(b"seal v1")?).map_err(|_| SecretKeyError::Malformed)?;
        Ok(Self {
            sealing: LessSafeKey::new(sealing),
            digests: hmac::Key::new(hmac::HMAC_SHA256, &derive(b"digest v1")?),
            random: SystemRandom::new(),
        })
    }

    /// Encrypts `value` for one place: sealed bytes that are moved elsewhere do not open there.
    pub fn seal(&self, place: &str, value: &[u8]) -> Result<Vec<u8>, SecretKeyError> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| SecretKeyError::Randomness)?;
        let mut sealed = value.to_vec();
        self.sealing
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| SecretKeyError::Malformed)?;
        Ok([&[SEAL_VERSION][..], &nonce, &sealed].concat())
    }

    /// # Errors
    /// [`Unopenable`] unless `sealed` was made by [`seal`](Self::seal) for this very place with this key.
    pub fn open_sealed(&self, place: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Unopenable> {
        let (&version, rest) = sealed.split_first().ok_or(Unopenable)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Unopenable)?;
        if version != SEAL_VERSION {
            return Err(Unopenable);
        }
        let mut value = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let len =
            self.sealing.open_in_place(nonce, Aad::from(place.as_bytes()), &mut value).map_err(|_| Unopenable)?.len();
        value.truncate(len);
        Ok(Secret::new(value))
    }

    /// A keyed digest of several texts, none of which can run into the next.
    pub fn digest(&self, parts: &[&str]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.digests);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign().as_ref().to_vec()
    }

    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> Result<[u8; N], SecretKeyError> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).map_err(|_| SecretKeyError::Randomness)?;
        Ok(bytes)
    }

    /// 256 random bits as text for headers and URLs.
    pub fn random_token(&self) -> Result<Secret<String>, SecretKeyError> {
        Ok(Secret::new(BASE64URL_NOPAD.encode(&self.random::<32>()?)))
    }

    /// 128 random bits of `[0-9a-f]`.
    pub fn random_name(&self) -> Result<String, SecretKeyError> {
        Ok(HEXLOWER.encode(&self.random::<16>()?))
    }
}

/// The look-up hash of a random token. It needs no key or salt: nobody can guess 128 random bits.
pub fn token_hash(token: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec()
}

const KEY_BYTES: usize = 32;

fn read(path: &Path) -> Result<String, SecretKeyError> {
    fs::read_to_string(path).map_err(|error| SecretKeyError::File { path: path.to_owned(), error })
}

/// Writes a new file that only its owner may read, whole or not at all.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("key.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret_box(fill: u8) -> SecretBox {
        SecretBox::from_base64(&BASE64.encode(&[fill; 32])).expect("a key")
    }

    #[test]
    fn a_sealed_value_opens_in_its_own_place_with_its_own_key() {
        let sealed = secret_box(1).seal("subscriber:1", b"mysecret").expect("sealed");
        assert!(!sealed.windows(8).any(|window| window == b"mysecret"));
        let opened = secret_box(1).open_sealed("subscriber:1", &sealed);
        assert_eq!(opened.map(|value| value.expose().clone()), Ok(b"mysecret".to_vec()));
        assert!(secret_box(1).open_sealed("subscriber:2", &sealed).is_err());
        assert!(secret_box(2).open_sealed("subscriber:1", &sealed).is_err());
        for cut in 0..sealed.len() {
            assert!(secret_box(1).open_sealed("subscriber:1", &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn digests_keep_their_parts_apart() {
        let digests = secret_box(1);
        assert_eq!(digests.digest(&["ab", "c"]), digests.digest(&["ab", "c"]));
        assert_ne!(digests.digest(&["ab", "c"]), digests.digest(&["a", "bc"]));
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let first = SecretBox::open(&SecretKeySource::DataDir, dir.path()).expect("made");
        let second = SecretBox::open(&SecretKeySource::DataDir, dir.path()).expect("found");
        let sealed = first.seal("p", b"v").expect("sealed");
        assert!(second.open_sealed("p", &sealed).is_ok());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join("secret.key")).expect("a file").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(matches!(SecretBox::from_base64("c2hvcnQ="), Err(SecretKeyError::Malformed)));
    }
}
