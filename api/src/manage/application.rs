//! Applications: the namespaces that everything else is in, and their settings.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};
use sluice_contract::message::Command;
use sluice_contract::settings::SettingsError;
use sluice_contract::{ApplicationName, ApplicationSettings, Secret, UnixTime};
use uuid::Uuid;

use super::{AuditRecord, ManageError, Outcome, Problem, ProblemCode, Role, Viewer};
use crate::Api;
use crate::directory::{self, Entry, is_secret};
use crate::fleet::Acknowledged;
use crate::outbound::parse_address;
use crate::store::{self, StoreError, applications, retried, server};

/// An application as one viewer sees it. Having one means being allowed to read it.
#[derive(Debug, Clone)]
pub struct Application {
    pub id: Uuid,
    pub name: ApplicationName,
    pub settings: Arc<ApplicationSettings>,
    pub created_at: UnixTime,
    /// What the viewer that asked for it may do in it.
    pub role: Role,
    /// That viewer's name and address, for the audit.
    pub actor: Arc<str>,
    pub address: IpAddr,
}

/// A setting as everybody may see it who may read the application.
#[derive(Debug, Clone)]
pub struct OpenSetting {
    pub name: String,
    /// `None` for secrets.
    pub value: Option<Value>,
    pub is_set: bool,
}

impl Application {
    /// # Errors
    /// `forbidden` when the viewer's role is less than `role`.
    pub fn require(&self, role: Role) -> Outcome<()> {
        if self.role >= role {
            return Ok(());
        }
        Err(ManageError::problem(ProblemCode::Forbidden, format!("this needs the role {}", role.as_str())))
    }

    fn of(entry: Entry, viewer: &Viewer) -> Option<Self> {
        Some(Self {
            id: entry.id,
            role: viewer.role_in(&entry.name)?,
            name: entry.name,
            settings: entry.settings,
            created_at: entry.created_at,
            actor: viewer.name().into(),
            address: viewer.address(),
        })
    }
}

impl Api {
    /// The application `name`, if the viewer may read it.
    ///
    /// # Errors
    /// `not-found` whether it does not exist or is not theirs.
    pub async fn application(&self, viewer: &Viewer, name: &str) -> Outcome<Application> {
        self.current_directory().await?;
        self.directory().find(name).and_then(|entry| Application::of(entry, viewer)).ok_or_else(no_application)
    }

    /// The same by id.
    ///
    /// # Errors
    /// As [`application`](Self::application).
    pub async fn application_by_id(&self, viewer: &Viewer, id: Uuid) -> Outcome<Application> {
        self.current_directory().await?;
        self.directory().find_by_id(id).and_then(|entry| Application::of(entry, viewer)).ok_or_else(no_application)
    }

    /// All applications that the viewer may read, by name.
    pub async fn applications(&self, viewer: &Viewer) -> Outcome<Vec<Application>> {
        self.current_directory().await?;
        Ok(self.directory().all().into_iter().filter_map(|entry| Application::of(entry, viewer)).collect())
    }

    /// Settings by name alone, for filters that run before anybody is recognised (CORS, `remoteAllowedCIDR`).
    pub async fn settings_of(&self, name: &str) -> Outcome<Option<Arc<ApplicationSettings>>> {
        self.current_directory().await?;
        Ok(self.directory().find(name).map(|entry| entry.settings))
    }

    /// Creates an application with default settings, and with the records of a [retired](Self::retire_application) one
    /// of the same name. Needs the system's admin role.
    ///
    /// # Errors
    /// `invalid` name, `already-exists`, `forbidden`.
    pub async fn create_application(&self, viewer: &Viewer, name: &str) -> Outcome<Application> {
        self.require_system_admin(viewer)?;
        let name: ApplicationName = name.parse().map_err(|error| {
            Problem::new(ProblemCode::Invalid, format!("the name of an application is not valid: {error}")).at("name")
        })?;
        let settings = self.new_settings()?;
        let held = self.in_order().await?;
        let revision = retried(|| self.write_application(&name, &settings)).await?;
        self.directory_changed().await?;
        // A retired one is as old as it was.
        let since = self.directory().find(name.as_str()).map_or_else(|| self.now(), |entry| entry.created_at);
        let command = Command::Settings { settings: settings.worker_view(&name, since) };
        let sent = self.fleet().announce(&held, revision, command).await;
        drop(held);
        sent.acknowledged().await;
        let application = self.application(viewer, name.as_str()).await?;
        self.record(AuditRecord::action(self, "create-application", viewer.name(), Some(&application)));
        Ok(application)
    }

    /// Writes a new application down, over a retired one of the name. Returns the revision.
    async fn write_application(&self, name: &ApplicationName, settings: &ApplicationSettings) -> Outcome<u64> {
        let transaction = self.store().transaction().await?;
        let kept = applications::retired(&transaction, name.as_str()).await?;
        // Sealed secrets belong to an id.
        let id = kept.as_ref().map_or_else(Uuid::now_v7, |kept| kept.id);
        let (open, secrets) = directory::split(self.secrets(), id, settings)?;
        if kept.is_some() {
            applications::revive(&transaction, id, open, secrets).await?;
        } else {
            let (name, created_at) = (name.to_string(), self.now().as_millis());
            let row = applications::Model { id, name, settings: open, secrets, created_at, retired_at: None };
            match applications::insert(&transaction, row).await {
                Err(StoreError::Exists) => {
                    return Err(ManageError::problem_at(
                        ProblemCode::AlreadyExists,
                        "name",
                        "Application with the same name already exists",
                    ));
                }
                inserted => inserted?,
            }
        }
        server::next_directory_version(&transaction).await?;
        let revision = server::next_revision(&transaction).await?;
        store::commit(transaction).await?;
        Ok(revision)
    }

    /// Deletes an application with everything in it and ends its sessions. Needs the system's admin role.
    ///
    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn delete_application(&self, viewer: &Viewer, name: &str) -> Outcome<()> {
        self.remove_application(viewer, name, Records::Delete).await
    }

    /// Deletes an application with its settings, and ends its sessions. Its records (broadcasts, subscribers, blocks,
    /// tokens) are kept aside for an application of the same name. Needs the system's admin role.
    ///
    /// # Errors
    /// As [`delete_application`](Self::delete_application).
    pub async fn retire_application(&self, viewer: &Viewer, name: &str) -> Outcome<()> {
        self.remove_application(viewer, name, Records::Keep).await
    }

    async fn remove_application(&self, viewer: &Viewer, name: &str, records: Records) -> Outcome<()> {
        let application = self.application(viewer, name).await?;
        self.require_system_admin(viewer)?;
        let recordings = match records {
            Records::Delete => self.all_recordings(&application).await?,
            Records::Keep => Vec::new(),
        };
        let held = self.in_order().await?;
        let (removed, revision) = retried(async || {
            let transaction = self.store().transaction().await?;
            let removed = match records {
                Records::Delete => applications::delete(&transaction, application.id).await?,
                Records::Keep => applications::retire(&transaction, application.id, self.now().as_millis()).await?,
            };
            self.keep_scope_revoked(&transaction, &application, None, false).await?;
            server::next_directory_version(&transaction).await?;
            let revision = server::next_revision(&transaction).await?;
            if removed {
                store::commit(transaction).await?;
            }
            Ok::<_, StoreError>((removed, revision))
        })
        .await?;
        if !removed {
            return Err(no_application());
        }
        self.directory_changed().await?;
        let command = Command::RemoveApplication { application: application.name.clone() };
        let sent = self.fleet().announce(&held, revision, command).await;
        drop(held);
        sent.acknowledged().await;
        self.remove_recordings(&application, recordings).await;
        let code = match records {
            Records::Delete => "delete-application",
            Records::Keep => "retire-application",
        };
        self.record(AuditRecord::action(self, code, viewer.name(), Some(&application)));
        Ok(())
    }

    /// The whole settings object as REST shows it. Secrets are shown to admins of the application, and masked for
    /// others.
    pub fn settings_object(&self, application: &Application) -> Map<String, Value> {
        let shown = match application.require(Role::Admin) {
            Ok(()) => application.settings.to_json(),
            Err(_) => application.settings.masked(),
        };
        let Value::Object(mut object) = shown else { return Map::new() };
        if application.role < Role::Admin {
            // Unknown keys may be secret too, going by their names.
            for (name, value) in object.iter_mut().filter(|(name, value)| is_secret(name) && !value.is_null()) {
                let masked = sluice_contract::settings::SECRET_FIELDS.contains(&name.as_str());
                if !masked {
                    *value = Value::from(sluice_contract::settings::MASK);
                }
            }
        }
        object
    }

    /// The settings object with the secrets left out, of which one learns whether they are set.
    pub fn open_settings(&self, application: &Application) -> Vec<OpenSetting> {
        let Value::Object(object) = application.settings.to_json() else { return Vec::new() };
        let open = object.into_iter().map(|(name, value)| {
            if is_secret(&name) {
                let is_set = !value.is_null() && value.as_str() != Some("");
                OpenSetting { name, value: None, is_set }
            } else {
                let is_set = !value.is_null();
                OpenSetting { name, value: Some(value), is_set }
            }
        });
        open.collect()
    }

    /// Replaces the settings by `body`; what is missing takes its default (`stream-security` §2.3). In force on every
    /// worker when this returns, or with its next hello.
    ///
    /// # Errors
    /// `conflict` or `invalid` with the rule that it breaks, and then nothing is stored; `forbidden`.
    pub async fn replace_settings(&self, application: &Application, body: Map<String, Value>) -> Outcome<Application> {
        application.require(Role::Admin)?;
        let settings = ApplicationSettings::from_json(Value::Object(body)).map_err(broken_rule)?;
        settings.validate().map_err(broken_rule)?;
        self.store_settings(application, |_| Ok(settings)).await
    }

    /// Changes the named settings and keeps the others. `null` resets one to its default.
    ///
    /// # Errors
    /// As [`replace_settings`](Self::replace_settings), with the path of the setting.
    pub async fn patch_settings(&self, application: &Application, patch: Map<String, Value>) -> Outcome<Application> {
        application.require(Role::Admin)?;
        self.store_settings(application, |current| {
            current.patched(Value::Object(patch)).map_err(|error| broken_rule(error).into())
        })
        .await
    }

    /// Stores what `change` makes of the settings that are in force then.
    async fn store_settings(
        &self,
        application: &Application,
        change: impl FnOnce(&ApplicationSettings) -> Outcome<ApplicationSettings>,
    ) -> Outcome<Application> {
        let begun = Instant::now();
        let held = self.in_order().await?;
        let current = self.directory().find_by_id(application.id).ok_or_else(no_application)?;
        let mut settings = change(&current.settings)?;
        addresses_can_be_called(&settings)?;
        if settings.webhook_signing_secret.is_empty() {
            // Nothing is sent unsigned. Objects of clients that do not know the setting leave it as it is.
            settings.webhook_signing_secret = match &current.settings.webhook_signing_secret {
                secret if secret.is_empty() => Secret::new(self.secrets().random_name()?),
                secret => secret.clone(),
            };
        }
        let (open, secrets) = directory::split(self.secrets(), application.id, &settings)?;
        let view = |settings: &ApplicationSettings| settings.worker_view(&application.name, application.created_at);
        let (was, is) = (view(&current.settings), view(&settings));
        let revision = retried(async || {
            let transaction = self.store().transaction().await?;
            let (open, secrets) = (open.clone(), secrets.clone());
            if !applications::update_settings(&transaction, application.id, open, secrets).await? {
                return Err(no_application());
            }
            if is.play_protected && !was.play_protected {
                // Workers end those who came in without showing anything; what those hold is worth nothing anywhere.
                self.keep_scope_revoked(&transaction, application, None, true).await?;
            }
            server::next_directory_version(&transaction).await?;
            let revision = server::next_revision(&transaction).await?;
            store::commit(transaction).await?;
            Ok(revision)
        })
        .await?;
        self.directory_changed().await?;
        let command = Command::Settings { settings: is };
        let sent = self.fleet().announce(&held, revision, command).await;
        drop(held);
        let Acknowledged { pending, .. } = sent.acknowledged().await;
        let mut record = AuditRecord::action(self, "update-settings", &application.actor, Some(application));
        let mut detail = changed_names(&current.settings, &settings).join(", ");
        if !pending.is_empty() {
            detail = format!("{detail}; {} workers have not confirmed yet", pending.len());
        }
        record.detail = Some(detail).filter(|detail| !detail.is_empty());
        record.duration_us = i64::try_from(begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        self.record(record);
        Ok(Application { settings: Arc::new(settings), ..application.clone() })
    }

    pub(super) fn require_system_admin(&self, viewer: &Viewer) -> Outcome<()> {
        if viewer.may_administer_system() {
            return Ok(());
        }
        Err(ManageError::problem(ProblemCode::Forbidden, "this needs the role admin over the system"))
    }
}

/// What becomes of the records of an application that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Records {
    Delete,
    Keep,
}

/// Names of the settings that differ, never their values.
fn changed_names(old: &ApplicationSettings, new: &ApplicationSettings) -> Vec<String> {
    let (Value::Object(old), Value::Object(new)) = (old.to_json(), new.to_json()) else { return Vec::new() };
    let removed = old.keys().filter(|name| !new.contains_key(*name));
    let written = new.iter().filter(|(name, value)| old.get(*name) != Some(value)).map(|(name, _)| name);
    written.chain(removed).cloned().collect()
}

fn no_application() -> ManageError {
    ManageError::problem(ProblemCode::NotFound, "no such application")
}

/// As far as their texts tell: whether a receiver may be called is known when its name is resolved.
fn addresses_can_be_called(settings: &ApplicationSettings) -> Outcome<()> {
    for (field, address) in [
        ("webhookAuthenticateURL", &settings.webhook_authenticate_url),
        ("webhookPlayAuthUrl", &settings.webhook_play_auth_url),
        ("listenerHookURL", &settings.listener_hook_url),
        ("dataChannelWebHookURL", &settings.data_channel_web_hook_url),
        ("jwksURL", &settings.jwks_url),
    ] {
        if !address.trim().is_empty()
            && let Err(error) = parse_address(address)
        {
            let path = format!("settings.{field}");
            return Err(Problem::new(ProblemCode::Invalid, format!("{field}: {error}")).at(path).into());
        }
    }
    Ok(())
}

fn broken_rule(error: SettingsError) -> Problem {
    match &error {
        SettingsError::ModesExcludeOneAnother { .. } => Problem::new(ProblemCode::Conflict, error.to_string()),
        SettingsError::WrongType { field, .. } => {
            Problem::new(ProblemCode::Invalid, error.to_string()).at(format!("settings.{field}"))
        }
        SettingsError::NoNetwork { field } => {
            Problem::new(ProblemCode::Invalid, error.to_string()).at(format!("settings.{field}"))
        }
        SettingsError::UnknownWebhookEvent => {
            Problem::new(ProblemCode::Invalid, error.to_string()).at("settings.webhookEvents")
        }
        SettingsError::TimeTokenPeriod => {
            Problem::new(ProblemCode::Invalid, error.to_string()).at("settings.timeTokenPeriod")
        }
        _ => Problem::new(ProblemCode::Invalid, error.to_string()),
    }
}
