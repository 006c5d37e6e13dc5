//! The REST v2 face.

use axum::Router;

use crate::Api;

/// Serves `/{app}/rest/v2` and `/rest/v2`.
pub fn router(_api: Api) -> Router {
    Router::new()
}
