//! Explains a decision without making it.

use sluice_contract::StreamRequest;
use sluice_contract::policy::Explanation;

use super::{Application, Outcome, Role};
use crate::{Api, gate};

impl Api {
    /// What the gate would answer to `request` now, rule by rule. Nothing is spent, counted or recorded. The request's
    /// application is the one given.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn explain_access(&self, application: &Application, mut request: StreamRequest) -> Outcome<Explanation> {
        application.require(Role::Operator)?;
        request.application = application.name.to_string();
        Ok(gate::explain(self, &request).await?)
    }

    /// True when the database answers.
    pub async fn is_ready(&self) -> bool {
        self.store().is_ready().await
    }
}
