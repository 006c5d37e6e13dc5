//! Showing the secrets of an application, which is an act of its own and recorded as one.

use sluice_contract::Secret;

use super::problem::provisional;
use super::{Application, Outcome};
use crate::Api;

impl Api {
    /// Every secret setting that is set, by name. Recorded in the audit before anything is shown.
    ///
    /// # Errors
    /// `forbidden` without the admin role in the application.
    pub async fn reveal_secrets(&self, _application: &Application) -> Outcome<Vec<(String, Secret<String>)>> {
        provisional()
    }
}
