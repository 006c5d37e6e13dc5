//! Management below `/rest/v2` (`rest-v2` §10).

mod account;
mod application;
mod resources;
mod server;
mod settings;
mod user;

use utoipa_axum::router::OpenApiRouter;

use crate::Api;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .merge(account::routes())
        .merge(user::routes())
        .merge(application::routes())
        .merge(settings::routes())
        .merge(server::routes())
        .merge(resources::routes())
}
