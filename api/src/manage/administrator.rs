//! People who manage: accounts and logins.

use std::net::IpAddr;
use std::time::Instant;

use sluice_contract::{Secret, UnixTime};
use uuid::Uuid;

use super::{
    AuditKind, AuditOutcome, AuditRecord, Grant, Identity, ManageError, Outcome, ProblemCode, Role, Scope, Viewer,
};
use crate::Api;
use crate::secrets::token_hash;
use crate::store::administrators::{self, access_token};
use crate::store::{self, Lock, StoreError, retried};
use crate::throttle::Key;

#[derive(Debug, Clone)]
pub struct Administrator {
    pub id: Uuid,
    pub email: String,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub grants: Vec<Grant>,
    pub created_at: UnixTime,
    pub last_login_at: Option<UnixTime>,
}

#[derive(Debug, Clone)]
pub struct NewAdministrator {
    pub email: String,
    /// Plain, or its lowercase MD5 in hexadecimal, as an existing panel sends it.
    pub password: Secret<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    /// The first administrator gets the whole system whatever is named here.
    pub grants: Vec<Grant>,
}

/// `None` keeps the value.
#[derive(Debug, Clone, Default)]
pub struct AdministratorChanges {
    pub password: Option<Secret<String>>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub grants: Option<Vec<Grant>>,
}

#[derive(Debug, Clone)]
pub struct LoginRequest {
    pub email: String,
    /// Plain or MD5, as above.
    pub password: Secret<String>,
    pub address: IpAddr,
}

/// A successful login.
#[derive(Debug, Clone)]
pub struct Login {
    /// For `Authorization: Bearer` or the cookie [`LOGIN_COOKIE`](crate::http::LOGIN_COOKIE).
    pub access_token: Secret<String>,
    pub expires_at: UnixTime,
    pub administrator: Administrator,
}

impl Api {
    /// True while no administrator exists.
    pub async fn first_administrator_needed(&self) -> Outcome<bool> {
        Ok(!administrators::exist(self.store().reader()).await?)
    }

    /// Creates the first administrator: from this machine itself, or with the set-up code that the log printed.
    ///
    /// # Errors
    /// `already-exists` once there is one, `wrong-credentials` for a wrong code, `throttled`, `invalid`.
    pub async fn create_first_administrator(
        &self,
        viewer: &Viewer,
        new: NewAdministrator,
        set_up_code: Option<Secret<String>>,
    ) -> Outcome<Administrator> {
        if !self.first_administrator_needed().await? {
            return Err(ManageError::problem(ProblemCode::AlreadyExists, "there is an administrator already"));
        }
        if *viewer.identity() != Identity::Local {
            let key = Key::Address(viewer.address());
            if self.is_paused(&key).await? {
                return Err(throttled());
            }
            let expected = self.set_up_code().await?;
            let matches =
                expected.zip(set_up_code).is_some_and(|(expected, given)| expected.matches(given.expose().trim()));
            if !matches {
                self.attempt_failed(&key).await?;
                self.record_login(None, viewer.address(), "set-up-code-wrong", AuditOutcome::Denied);
                return Err(ManageError::problem_at(
                    ProblemCode::WrongCredentials,
                    "setUpCode",
                    "this needs the set-up code that the server's log shows",
                ));
            }
        }
        self.store_first_administrator(new, Some(viewer.address())).await
    }

    /// `address`: of whoever asked for it over HTTP; `None` at start.
    pub(crate) async fn store_first_administrator(
        &self,
        new: NewAdministrator,
        address: Option<IpAddr>,
    ) -> Outcome<Administrator> {
        let grants = vec![Grant { scope: Scope::System, role: Role::Admin }];
        let row = self.new_administrator(NewAdministrator { grants, ..new }).await?;
        let transaction = self.store().locked(&[Lock::FirstStart]).await?;
        if administrators::exist(&transaction).await? {
            return Err(ManageError::problem(ProblemCode::AlreadyExists, "there is an administrator already"));
        }
        administrators::insert(&transaction, row.clone()).await?;
        store::commit(transaction).await?;
        let record = AuditRecord::action(self, "create-first-administrator", &row.email, None);
        self.record(AuditRecord { address, ..record });
        administrator_of_row(row)
    }

    /// # Errors
    /// `wrong-credentials`, or `throttled` after three failures for 300 s.
    pub async fn login(&self, request: LoginRequest) -> Outcome<Login> {
        let begun = Instant::now();
        let now = self.now();
        let email = request.email.trim().to_lowercase();
        let keys = [Key::Account(email.clone()), Key::Address(request.address)];
        for key in &keys {
            self.may_log_in(key, &email, request.address).await?;
        }
        let row = administrators::find(self.store().reader(), &email).await?;
        let stored = row.as_ref().map(|row| row.password_hash.clone());
        let verified = self.0.passwords.verify(&request.password, stored).await?;
        let Some(row) = row.filter(|_| verified) else {
            for key in &keys {
                self.attempt_failed(key).await?;
            }
            let record = self.login_record(Some(&email), request.address, "login-failed", AuditOutcome::Denied);
            self.record(AuditRecord { duration_us: micros(begun), ..record });
            return Err(ManageError::problem(ProblemCode::WrongCredentials, "the e-mail or the password is wrong"));
        };
        // Others may have guessed while this was being checked: the right guess among too many does not count either.
        self.may_log_in(&keys[0], &email, request.address).await?;
        self.attempt_succeeded(&keys[0]).await?;
        let access_token = self.secrets().random_token()?;
        let expires_at = now.plus_secs(LOGIN_SECS);
        let token = access_token::Model {
            id: Uuid::now_v7(),
            hash: token_hash(access_token.expose()),
            administrator_id: Some(row.id),
            name: "login".to_owned(),
            grants: serde_json::json!([]),
            created_by: email.clone(),
            created_at: now.as_millis(),
            expires_at: Some(expires_at.as_millis()),
        };
        administrators::insert_token(self.store().writer(), token).await?;
        administrators::set_last_login(self.store().writer(), row.id, now.as_millis()).await?;
        let record = self.login_record(Some(&email), request.address, "login", AuditOutcome::Allowed);
        self.record(AuditRecord { duration_us: micros(begun), ..record });
        let administrator =
            administrator_of_row(administrators::Model { last_login_at: Some(now.as_millis()), ..row })?;
        Ok(Login { access_token, expires_at, administrator })
    }

    /// Ends the viewer's own access token. False if there was none.
    pub async fn logout(&self, viewer: &Viewer) -> Outcome<bool> {
        let Identity::Administrator { access_token, email, .. } = viewer.identity() else { return Ok(false) };
        self.record_login(Some(email), viewer.address(), "logout", AuditOutcome::Allowed);
        Ok(administrators::delete_token(self.store().writer(), *access_token).await?)
    }

    /// Whether logging in with this e-mail is paused.
    pub async fn login_is_blocked(&self, email: &str) -> Outcome<bool> {
        self.is_paused(&Key::Account(email.trim().to_lowercase())).await
    }

    /// # Errors
    /// `forbidden` without the system's admin role.
    pub async fn administrators(&self, viewer: &Viewer) -> Outcome<Vec<Administrator>> {
        self.require_system_admin(viewer)?;
        administrators::all(self.store().reader()).await?.into_iter().map(administrator_of_row).collect()
    }

    /// One account.
    ///
    /// # Errors
    /// `forbidden` without the system's admin role.
    pub async fn administrator_by_id(&self, viewer: &Viewer, id: Uuid) -> Outcome<Option<Administrator>> {
        self.require_system_admin(viewer)?;
        administrators::find_by_id(self.store().reader(), id).await?.map(administrator_of_row).transpose()
    }

    /// # Errors
    /// `already-exists`, `invalid`, `forbidden`.
    pub async fn create_administrator(&self, viewer: &Viewer, new: NewAdministrator) -> Outcome<Administrator> {
        self.require_system_admin(viewer)?;
        let row = self.new_administrator(new).await?;
        match administrators::insert(self.store().writer(), row.clone()).await {
            Err(StoreError::Exists) => {
                return Err(ManageError::problem_at(
                    ProblemCode::AlreadyExists,
                    "email",
                    "User with the same e-mail already exists",
                ));
            }
            inserted => inserted?,
        }
        self.record_about(viewer, "create-administrator", &row.email);
        administrator_of_row(row)
    }

    /// # Errors
    /// `not-found`, `conflict` on the own account, `forbidden`.
    pub async fn update_administrator(
        &self,
        viewer: &Viewer,
        email: &str,
        changes: AdministratorChanges,
    ) -> Outcome<Administrator> {
        self.require_system_admin(viewer)?;
        let id = self.other_administrator(viewer, email, "User cannot edit itself").await?.id;
        let password_hash = match &changes.password {
            Some(password) => Some(self.0.passwords.hash(check_password(password)?).await?),
            None => None,
        };
        let row = retried(async || {
            let transaction = self.store().transaction().await?;
            let mut row = administrators::find_by_id(&transaction, id).await?.ok_or_else(no_administrator)?;
            if let Some(hash) = &password_hash {
                row.password_hash.clone_from(hash);
                administrators::end_logins(&transaction, id, None).await?;
            }
            row.first_name = changes.first_name.clone().or(row.first_name);
            row.last_name = changes.last_name.clone().or(row.last_name);
            if let Some(grants) = &changes.grants {
                row.grants = written_grants(grants);
            }
            administrators::update(&transaction, row.clone()).await?;
            store::commit(transaction).await?;
            Ok::<_, ManageError>(row)
        })
        .await?;
        self.record_about(viewer, "update-administrator", &row.email);
        administrator_of_row(row)
    }

    /// # Errors
    /// `not-found`, `conflict` on the own account, `forbidden`.
    pub async fn delete_administrator(&self, viewer: &Viewer, email: &str) -> Outcome<()> {
        self.require_system_admin(viewer)?;
        let row = self.other_administrator(viewer, email, "You cannot delete yourself").await?;
        retried(async || {
            let transaction = self.store().transaction().await?;
            administrators::delete(&transaction, row.id).await?;
            store::commit(transaction).await
        })
        .await?;
        self.record_about(viewer, "delete-administrator", &row.email);
        Ok(())
    }

    /// Changes the viewer's own password and ends its other logins.
    ///
    /// # Errors
    /// `wrong-credentials`, `invalid`, `unauthenticated`.
    pub async fn change_password(&self, viewer: &Viewer, old: Secret<String>, new: Secret<String>) -> Outcome<()> {
        let Identity::Administrator { id, access_token, .. } = viewer.identity() else {
            return Err(ManageError::problem(ProblemCode::Unauthenticated, "this needs a login"));
        };
        let row = administrators::find_by_id(self.store().reader(), *id).await?.ok_or_else(no_administrator)?;
        let key = Key::Account(row.email.clone());
        if self.is_paused(&key).await? {
            return Err(throttled());
        }
        if !self.0.passwords.verify(&old, Some(row.password_hash.clone())).await? {
            self.attempt_failed(&key).await?;
            self.record_login(Some(&row.email), viewer.address(), "change-password-failed", AuditOutcome::Denied);
            return Err(ManageError::problem_at(ProblemCode::WrongCredentials, "password", "the password is wrong"));
        }
        let password_hash = self.0.passwords.hash(check_password(&new)?).await?;
        retried(async || {
            let transaction = self.store().transaction().await?;
            let now = administrators::find_by_id(&transaction, *id).await?.ok_or_else(no_administrator)?;
            // The old password was checked against what was stored then.
            if now.password_hash != row.password_hash {
                return Err(ManageError::problem(ProblemCode::Conflict, "the password was changed meanwhile"));
            }
            let changed = administrators::Model { password_hash: password_hash.clone(), ..now };
            administrators::update(&transaction, changed).await?;
            administrators::end_logins(&transaction, *id, Some(*access_token)).await?;
            Ok(store::commit(transaction).await?)
        })
        .await?;
        self.record_about(viewer, "change-password", &row.email);
        Ok(())
    }

    /// # Errors
    /// `throttled`, and the audit tells of it.
    async fn may_log_in(&self, key: &Key, email: &str, address: IpAddr) -> Outcome<()> {
        if self.is_paused(key).await? {
            self.record_login(Some(email), address, "login-throttled", AuditOutcome::Denied);
            return Err(throttled());
        }
        Ok(())
    }

    async fn new_administrator(&self, new: NewAdministrator) -> Outcome<administrators::Model> {
        let email = new.email.trim().to_lowercase();
        if !looks_like_email(&email) {
            return Err(ManageError::problem_at(ProblemCode::Invalid, "email", "the e-mail address is not valid"));
        }
        Ok(administrators::Model {
            id: Uuid::now_v7(),
            email,
            password_hash: self.0.passwords.hash(check_password(&new.password)?).await?,
            first_name: new.first_name,
            last_name: new.last_name,
            grants: written_grants(&new.grants),
            created_at: self.now().as_millis(),
            last_login_at: None,
        })
    }

    /// Somebody else's account: nobody changes or deletes their own here, so that one administrator always remains.
    async fn other_administrator(&self, viewer: &Viewer, email: &str, own: &str) -> Outcome<administrators::Model> {
        let row = administrators::find(self.store().reader(), &email.trim().to_lowercase())
            .await?
            .ok_or_else(no_administrator)?;
        if matches!(viewer.identity(), Identity::Administrator { id, .. } if *id == row.id) {
            return Err(ManageError::problem(ProblemCode::Conflict, own));
        }
        Ok(row)
    }

    fn record_about(&self, viewer: &Viewer, code: &str, whom: &str) {
        let mut record = AuditRecord::action(self, code, viewer.name(), None);
        record.address = Some(viewer.address());
        record.detail = Some(whom.to_owned());
        self.record(record);
    }

    fn record_login(&self, email: Option<&str>, address: IpAddr, code: &str, outcome: AuditOutcome) {
        self.record(self.login_record(email, address, code, outcome));
    }

    /// Names the account only if it reads like one: people type passwords into the field above.
    fn login_record(&self, email: Option<&str>, address: IpAddr, code: &str, outcome: AuditOutcome) -> AuditRecord {
        let actor = match email {
            None => "anonymous".to_owned(),
            Some(email) if looks_like_email(email) => email.to_owned(),
            Some(_) => "not an e-mail".to_owned(),
        };
        let record = AuditRecord::action(self, code, &actor, None);
        AuditRecord { kind: AuditKind::Login, outcome, address: Some(address), ..record }
    }
}

fn looks_like_email(text: &str) -> bool {
    let has_two_parts = text.split('@').filter(|part| !part.is_empty()).count() == 2 && text.matches('@').count() == 1;
    text.len() <= 254 && !text.contains(char::is_whitespace) && has_two_parts
}

fn micros(begun: Instant) -> i64 {
    i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX)
}

fn check_password(password: &Secret<String>) -> Outcome<&Secret<String>> {
    let len = password.expose().chars().count();
    if (SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&len) {
        return Ok(password);
    }
    let message = format!("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters");
    Err(ManageError::problem_at(ProblemCode::Invalid, "password", message))
}

fn administrator_of_row(row: administrators::Model) -> Outcome<Administrator> {
    Ok(Administrator {
        id: row.id,
        email: row.email,
        first_name: row.first_name,
        last_name: row.last_name,
        grants: read_grants(row.grants)?,
        created_at: UnixTime::from_millis(row.created_at),
        last_login_at: row.last_login_at.map(UnixTime::from_millis),
    })
}

pub(crate) fn read_grants(grants: serde_json::Value) -> Outcome<Vec<Grant>> {
    Ok(serde_json::from_value(grants).map_err(|_| StoreError::Corrupt("grant"))?)
}

pub(super) fn written_grants(grants: &[Grant]) -> serde_json::Value {
    serde_json::to_value(grants).unwrap_or_default()
}

fn throttled() -> ManageError {
    ManageError::problem(ProblemCode::Throttled, "Too many login attempts. User is blocked for 300 secs")
}

fn no_administrator() -> ManageError {
    ManageError::problem_at(ProblemCode::NotFound, "email", "there is no such administrator")
}

/// A working day.
const LOGIN_SECS: i64 = 12 * 3_600;
/// Eight characters are what ASVS 2.1.1 asks of passwords with throttled logins.
const SHORTEST_PASSWORD: usize = 8;
const LONGEST_PASSWORD: usize = 256;
