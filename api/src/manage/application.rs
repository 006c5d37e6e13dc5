//! Applications: the namespaces that everything else is in, and their settings.

use std::sync::Arc;

use serde_json::{Map, Value};
use sluice_contract::{ApplicationName, ApplicationSettings, UnixTime};
use uuid::Uuid;

use super::problem::provisional;
use super::{Outcome, Role, Viewer};
use crate::Api;

/// An application as one viewer sees it. Having one means being allowed to read it.
#[derive(Debug, Clone)]
pub struct Application {
    pub id: Uuid,
    pub name: ApplicationName,
    pub settings: Arc<ApplicationSettings>,
    pub created_at: UnixTime,
    /// What the viewer that asked for it may do in it.
    pub role: Role,
    /// That viewer's name, for the audit.
    pub actor: Arc<str>,
}

impl Api {
    /// The application `name`, if the viewer may read it.
    ///
    /// # Errors
    /// `not-found` whether it does not exist or is not theirs.
    pub async fn application(&self, _viewer: &Viewer, _name: &str) -> Outcome<Application> {
        provisional()
    }

    /// The same by id.
    ///
    /// # Errors
    /// As [`application`](Self::application).
    pub async fn application_by_id(&self, _viewer: &Viewer, _id: Uuid) -> Outcome<Application> {
        provisional()
    }

    /// All applications that the viewer may read, by name.
    pub async fn applications(&self, _viewer: &Viewer) -> Outcome<Vec<Application>> {
        provisional()
    }

    /// Settings by name alone, for filters that run before anybody is recognised (CORS, `remoteAllowedCIDR`).
    pub async fn settings_of(&self, _name: &str) -> Outcome<Option<Arc<ApplicationSettings>>> {
        provisional()
    }

    /// Creates an application with default settings. Needs the system's admin role.
    ///
    /// # Errors
    /// `invalid` name, `already-exists`, `forbidden`.
    pub async fn create_application(&self, _viewer: &Viewer, _name: &str) -> Outcome<Application> {
        provisional()
    }

    /// Deletes an application with everything in it and ends its sessions. Needs the system's admin role.
    ///
    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn delete_application(&self, _viewer: &Viewer, _name: &str) -> Outcome<()> {
        provisional()
    }

    /// The whole settings object as REST shows it. Secrets are shown to admins of the application, and empty for
    /// others.
    pub fn settings_object(&self, _application: &Application) -> Map<String, Value> {
        Map::new()
    }

    /// Replaces the settings by `body`; what is missing takes its default (`stream-security` §2.3). In force on every
    /// worker when this returns, or with its next hello.
    ///
    /// # Errors
    /// `conflict` or `invalid` with the rule that it breaks, and then nothing is stored; `forbidden`.
    pub async fn replace_settings(
        &self,
        _application: &Application,
        _body: Map<String, Value>,
    ) -> Outcome<Application> {
        provisional()
    }

    /// Changes the named settings and keeps the others. `null` resets one to its default.
    ///
    /// # Errors
    /// As [`replace_settings`](Self::replace_settings), with the path of the setting.
    pub async fn patch_settings(&self, _application: &Application, _patch: Map<String, Value>) -> Outcome<Application> {
        provisional()
    }
}
