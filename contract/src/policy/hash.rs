//! Hash tokens (`stream-security` §9): SHA-256 over stream, role and a secret, without an end.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::id::StreamId;
use crate::request::{Operation, SecurityMode};
use crate::secret::Secret;

use super::case::{Answer, Case, Draft};
use super::decision::DenyReason;

/// The hash that admits to `stream_id` for `operation`, in lowercase hexadecimal.
pub fn token(stream_id: &StreamId, operation: Operation, secret: &Secret<String>) -> Secret<String> {
    let mut hasher = Sha256::new();
    for part in [stream_id.as_str(), operation.as_str(), secret.expose()] {
        hasher.update(part.as_bytes());
    }
    Secret::new(HEXLOWER.encode(&hasher.finalize()))
}

pub(super) fn rule(case: &Case<'_>, draft: &mut Draft) -> Answer {
    if !case.settings.hash_on(case.operation()) {
        return Answer::Skip("hash tokens are off");
    }
    // An empty secret would make every hash computable by anyone.
    if case.settings.token_hash_secret.expose().trim().is_empty() {
        return Answer::deny(DenyReason::SecretNotConfigured { mode: SecurityMode::Hash });
    }
    let Some(given) = case.token() else { return Answer::deny(DenyReason::HashInvalid) };
    let right = token(&case.stream_id, case.operation(), &case.settings.token_hash_secret);
    if right.matches(given.to_ascii_lowercase()) {
        draft.admitted_by.push(SecurityMode::Hash);
        Answer::Pass
    } else {
        Answer::deny(DenyReason::HashInvalid)
    }
}
