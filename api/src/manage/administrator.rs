//! People and machines that manage: accounts, logins, API keys.

use std::net::IpAddr;

use axum::http::HeaderMap;
use sluice_contract::{Secret, UnixTime};
use uuid::Uuid;

use super::problem::provisional;
use super::{Grant, Outcome, Viewer};
use crate::Api;

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

#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: Uuid,
    pub name: String,
    pub grants: Vec<Grant>,
    pub created_at: UnixTime,
    pub expires_at: Option<UnixTime>,
    pub created_by: String,
}

#[derive(Debug, Clone)]
pub struct NewApiKey {
    pub name: String,
    pub grants: Vec<Grant>,
    pub expires_at: Option<UnixTime>,
}

/// The only moment when the key itself is shown.
#[derive(Debug, Clone)]
pub struct CreatedApiKey {
    pub key: ApiKey,
    pub secret: Secret<String>,
}

impl Api {
    /// Recognises the caller from headers and peer address. `peer` is `None` when the transport does not say.
    ///
    /// # Errors
    /// Only when the database is away; nobody recognised is an anonymous viewer.
    pub async fn viewer(&self, _peer: Option<IpAddr>, _headers: &HeaderMap) -> Outcome<Viewer> {
        provisional()
    }

    /// True while no administrator exists.
    pub async fn first_administrator_needed(&self) -> Outcome<bool> {
        provisional()
    }

    /// Creates the first administrator: from this machine itself, or with the set-up code that the log printed.
    ///
    /// # Errors
    /// `already-exists` once there is one, `wrong-credentials` for a wrong code, `throttled`, `invalid`.
    pub async fn create_first_administrator(
        &self,
        _viewer: &Viewer,
        _new: NewAdministrator,
        _set_up_code: Option<Secret<String>>,
    ) -> Outcome<Administrator> {
        provisional()
    }

    /// # Errors
    /// `wrong-credentials`, or `throttled` after three failures for 300 s.
    pub async fn login(&self, _request: LoginRequest) -> Outcome<Login> {
        provisional()
    }

    /// Ends the viewer's own access token. False if there was none.
    pub async fn logout(&self, _viewer: &Viewer) -> Outcome<bool> {
        provisional()
    }

    /// Whether logging in with this e-mail is paused.
    pub async fn login_is_blocked(&self, _email: &str) -> Outcome<bool> {
        provisional()
    }

    /// # Errors
    /// `forbidden` without the system's admin role.
    pub async fn administrators(&self, _viewer: &Viewer) -> Outcome<Vec<Administrator>> {
        provisional()
    }

    /// # Errors
    /// `already-exists`, `invalid`, `forbidden`.
    pub async fn create_administrator(&self, _viewer: &Viewer, _new: NewAdministrator) -> Outcome<Administrator> {
        provisional()
    }

    /// # Errors
    /// `not-found`, `conflict` on the own account, `forbidden`.
    pub async fn update_administrator(
        &self,
        _viewer: &Viewer,
        _email: &str,
        _changes: AdministratorChanges,
    ) -> Outcome<Administrator> {
        provisional()
    }

    /// # Errors
    /// `not-found`, `conflict` on the own account, `forbidden`.
    pub async fn delete_administrator(&self, _viewer: &Viewer, _email: &str) -> Outcome<()> {
        provisional()
    }

    /// Changes the viewer's own password and ends its other logins.
    ///
    /// # Errors
    /// `wrong-credentials`, `invalid`, `unauthenticated`.
    pub async fn change_password(&self, _viewer: &Viewer, _old: Secret<String>, _new: Secret<String>) -> Outcome<()> {
        provisional()
    }

    /// # Errors
    /// `forbidden`, also for grants beyond the viewer's own.
    pub async fn create_api_key(&self, _viewer: &Viewer, _new: NewApiKey) -> Outcome<CreatedApiKey> {
        provisional()
    }

    /// # Errors
    /// `forbidden` without the system's admin role.
    pub async fn api_keys(&self, _viewer: &Viewer) -> Outcome<Vec<ApiKey>> {
        provisional()
    }

    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn revoke_api_key(&self, _viewer: &Viewer, _id: Uuid) -> Outcome<()> {
        provisional()
    }
}
