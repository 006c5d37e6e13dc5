//! The GraphQL face.

use axum::Router;

use crate::Api;

/// Serves `/graphql`.
pub fn router(_api: Api) -> Router {
    Router::new()
}
