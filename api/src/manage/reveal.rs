//! Showing the secrets of an application, which is an act of its own and recorded as one.

use serde_json::Value;
use sluice_contract::Secret;

use super::{Application, AuditRecord, Outcome, Role};
use crate::Api;
use crate::directory::is_secret;

impl Api {
    /// Every secret setting that is set, by name. Recorded in the audit, with the names alone.
    ///
    /// # Errors
    /// `forbidden` without the admin role in the application.
    pub async fn reveal_secrets(&self, application: &Application) -> Outcome<Vec<(String, Secret<String>)>> {
        application.require(Role::Admin)?;
        let Value::Object(settings) = application.settings.to_json() else { return Ok(Vec::new()) };
        let secrets: Vec<_> = settings
            .into_iter()
            .filter(|(name, _)| is_secret(name))
            .filter_map(|(name, value)| match value {
                Value::String(value) if !value.is_empty() => Some((name, Secret::new(value))),
                // Unknown settings keep whatever a client wrote.
                Value::Number(_) | Value::Array(_) | Value::Object(_) => Some((name, Secret::new(value.to_string()))),
                Value::String(_) | Value::Null | Value::Bool(_) => None,
            })
            .collect();
        let names: Vec<_> = secrets.iter().map(|(name, _)| name.as_str()).collect();
        let mut record = AuditRecord::action(self, "reveal-secrets", &application.actor, Some(application));
        record.detail = Some(names.join(", "));
        self.record(record);
        Ok(secrets)
    }
}
