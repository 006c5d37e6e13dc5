//! Passwords: Argon2id over the MD5 of the password in hexadecimal, because existing panels send that instead of the
//! password itself, and both must verify. The MD5 is no protection and is not meant as one.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use data_encoding::HEXLOWER;
use md5::{Digest, Md5};
use sluice_contract::Secret;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{ManageError, Outcome};

/// Hashes one password at a time on each of two threads: each takes 19 MiB, and strangers can ask for it.
pub(crate) struct Passwords(Semaphore);

impl Default for Passwords {
    fn default() -> Self {
        Self(Semaphore::new(2))
    }
}

impl Passwords {
    pub async fn hash(&self, password: &Secret<String>) -> Outcome<String> {
        let form = forms(password).remove(0);
        self.run(move || Argon2::default().hash_password(form.expose().as_bytes()).ok().map(|hash| hash.to_string()))
            .await?
            .ok_or_else(|| ManageError::Unavailable("a password cannot be hashed".to_owned()))
    }

    /// Compares with a stored hash. Without one it takes as long, and the answer is no.
    pub async fn verify(&self, password: &Secret<String>, stored: Option<String>) -> Outcome<bool> {
        let forms = forms(password);
        self.run(move || {
            let known = stored.is_some();
            let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
            let Ok(hash) = PasswordHash::new(&stored) else { return false };
            let verifies =
                |form: &Secret<String>| Argon2::default().verify_password(form.expose().as_bytes(), &hash).is_ok();
            // Every form is tried, so that the time tells nothing.
            forms.iter().map(verifies).fold(false, |any, one| any | one) && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Outcome<T> {
        let failed = |_| ManageError::Unavailable("the server is stopping".to_owned());
        let _turn = self.0.acquire().await.map_err(failed)?;
        spawn_blocking(work).await.map_err(|_| ManageError::Unavailable("a password cannot be checked".to_owned()))
    }
}

/// What may have been hashed: the MD5 of what was sent, and what was sent, if it looks like an MD5 itself. The first is
/// the one to store.
fn forms(password: &Secret<String>) -> Vec<Secret<String>> {
    let sent = password.expose();
    let looks_hashed = sent.len() == 32 && sent.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let digest = Secret::new(HEXLOWER.encode(&Md5::digest(sent.as_bytes())));
    if looks_hashed { vec![password.clone(), digest] } else { vec![digest] }
}

/// A hash that no password has: its salt and output are not of one another.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm9ib2R5bm8";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_verifies_plain_and_as_md5() {
        let passwords = Passwords::default();
        let stored = passwords.hash(&Secret::from("testtest")).await.expect("hashed");
        assert!(stored.starts_with("$argon2id$"));
        for (form, expected) in
            [("testtest", true), ("05a671c66aefea124cc08b76ea6d30bb", true), ("testtesT", false), ("", false)]
        {
            let verified = passwords.verify(&Secret::from(form), Some(stored.clone())).await.expect("checked");
            assert_eq!(verified, expected, "{form}");
        }
    }

    #[tokio::test]
    async fn nobody_has_the_password_of_nobody() {
        assert!(PasswordHash::new(NOBODY).is_ok());
        let verified = Passwords::default().verify(&Secret::from("nobody"), None).await.expect("checked");
        assert!(!verified);
    }
}
