//! JWTs for streams (`stream-security` §8): made here, kept nowhere.

use sluice_contract::Secret;
use sluice_contract::policy::jwt::{SignError, sign};

use super::{Application, AuditRecord, ManageError, NewToken, Outcome, ProblemCode, Role};
use crate::Api;

impl Api {
    /// Signs a JWT that admits as `new` says, as often as its bearer likes. It cannot be revoked, only the secret changed.
    ///
    /// # Errors
    /// `secret-not-configured` until `jwtStreamSecretKey` is long enough, `forbidden`.
    pub fn create_stream_jwt(&self, application: &Application, new: &NewToken) -> Outcome<Secret<String>> {
        application.require(Role::Operator)?;
        let secret = &application.settings.jwt_stream_secret_key;
        match sign(&new.stream_id, new.operation, new.expires_at, new.room_id.as_deref(), secret) {
            Ok(jwt) => {
                self.record(AuditRecord::action_on(self, "create-jwt", application, &new.stream_id));
                Ok(jwt)
            }
            Err(SignError::SecretTooShort) => Err(ManageError::problem(
                ProblemCode::SecretNotConfigured,
                "Cannot create JWT token. Set jwtStreamSecretKey in the application's settings to a text of 32 \
                 characters or more",
            )),
            Err(error @ SignError::NotWritten) => Err(ManageError::Unavailable(error.to_string())),
        }
    }
}
