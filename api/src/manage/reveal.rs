//! Showing the secrets of an application, which is an act of its own and recorded as one.

use serde_json::Value;
use sluice_contract::Secret;
use sluice_contract::settings::SECRET_FIELDS;

use super::{Application, AuditRecord, Outcome, Role};
use crate::Api;

impl Api {
    /// Every secret setting that is set, by name. Recorded in the audit, with the names alone.
    ///
    /// # Errors
    /// `forbidden` without the admin role in the application.
    pub async fn reveal_secrets(&self, application: &Application) -> Outcome<Vec<(String, Secret<String>)>> {
        application.require(Role::Admin)?;
        let settings = application.settings.to_json();
        let secrets: Vec<_> = SECRET_FIELDS
            .iter()
            .filter_map(|name| Some((*name, settings.get(name).and_then(Value::as_str)?)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), Secret::from(value)))
            .collect();
        let names: Vec<_> = secrets.iter().map(|(name, _)| name.as_str()).collect();
        let mut record = AuditRecord::action(self, "reveal-secrets", &application.actor, Some(application));
        record.detail = Some(names.join(", "));
        self.record(record);
        Ok(secrets)
    }
}
