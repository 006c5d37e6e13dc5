//! API keys: access for machines. The key is shown once and kept as a hash.

use sluice_contract::{Secret, UnixTime};
use uuid::Uuid;

use super::administrator::{read_grants, written_grants};
use super::{AuditRecord, Grant, ManageError, Outcome, ProblemCode, Scope, Viewer};
use crate::Api;
use crate::secrets::token_hash;
use crate::store::administrators::{self, access_token};

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
    /// # Errors
    /// `forbidden`, also for grants beyond the viewer's own.
    pub async fn create_api_key(&self, viewer: &Viewer, new: NewApiKey) -> Outcome<CreatedApiKey> {
        self.require_system_admin(viewer)?;
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(ManageError::problem_at(ProblemCode::Invalid, "name", "a name has 1 to 100 characters"));
        }
        let beyond = |grant: &Grant| match &grant.scope {
            Scope::System => viewer.system_role() < Some(grant.role),
            Scope::Application(name) => viewer.role_in(name) < Some(grant.role),
        };
        if new.grants.iter().any(beyond) {
            return Err(ManageError::problem_at(
                ProblemCode::Forbidden,
                "grants",
                "a key cannot do more than whoever makes it",
            ));
        }
        let secret = self.secrets().random_token()?;
        let row = access_token::Model {
            id: Uuid::now_v7(),
            hash: token_hash(secret.expose()),
            administrator_id: None,
            name,
            grants: written_grants(&new.grants),
            created_by: viewer.name().to_owned(),
            created_at: self.now().as_millis(),
            expires_at: new.expires_at.map(UnixTime::as_millis),
        };
        administrators::insert_token(self.store().writer(), row.clone()).await?;
        self.record_key(viewer, "create-api-key", &row.name);
        Ok(CreatedApiKey { key: key_of_row(row)?, secret })
    }

    /// # Errors
    /// `forbidden` without the system's admin role.
    pub async fn api_keys(&self, viewer: &Viewer) -> Outcome<Vec<ApiKey>> {
        self.require_system_admin(viewer)?;
        administrators::keys(self.store().reader()).await?.into_iter().map(key_of_row).collect()
    }

    /// One key.
    ///
    /// # Errors
    /// `forbidden` without the system's admin role.
    pub async fn api_key_by_id(&self, viewer: &Viewer, id: Uuid) -> Outcome<Option<ApiKey>> {
        self.require_system_admin(viewer)?;
        administrators::find_key(self.store().reader(), id).await?.map(key_of_row).transpose()
    }

    /// # Errors
    /// `not-found`, `forbidden`.
    pub async fn revoke_api_key(&self, viewer: &Viewer, id: Uuid) -> Outcome<()> {
        self.require_system_admin(viewer)?;
        if !administrators::delete_key(self.store().writer(), id).await? {
            return Err(ManageError::problem_at(ProblemCode::NotFound, "id", "there is no such API key"));
        }
        self.record_key(viewer, "revoke-api-key", &id.to_string());
        Ok(())
    }

    fn record_key(&self, viewer: &Viewer, code: &str, which: &str) {
        let mut record = AuditRecord::action(self, code, viewer.name(), None);
        record.address = Some(viewer.address());
        record.detail = Some(which.to_owned());
        self.record(record);
    }
}

fn key_of_row(row: access_token::Model) -> Outcome<ApiKey> {
    Ok(ApiKey {
        id: row.id,
        name: row.name,
        grants: read_grants(row.grants)?,
        created_at: UnixTime::from_millis(row.created_at),
        expires_at: row.expires_at.map(UnixTime::from_millis),
        created_by: row.created_by,
    })
}
