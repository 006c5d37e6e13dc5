//! The API: everything that decides, remembers and manages.
//!
//! | Module | What it is |
//! |---|---|
//! | [`manage`] | the functions behind both faces: applications, broadcasts, subscribers, blocks, … Every rule is here |
//! | [`graphql`], [`rest`] | the two faces: they translate, and hold no rule |
//! | [`http`] | who is asking ([`Viewer`](manage::Viewer)), health |
//! | `gate` | answers the workers' questions: loads facts, asks the policy, performs the effects |
//! | `outbound` | the one HTTP client, and whom it may call |
//! | `webhooks` | asks before somebody comes in, tells what happens |
//! | `jwt` | JSON Web Tokens that let somebody manage, and fetched key sets |
//! | `fleet` | the workers: who is alive, what they carry, commands and acknowledgements, their events |
//! | `directory` | the applications and their settings, in memory |
//! | `store` | the only place with SQL |
//! | `secrets` | what lies encrypted in the database, and the keys |
//! | `audit_log`, `throttle` | records in batches; slow guessing of passwords |
//! | `jobs` | what happens by itself: retention, lost workers, key rotation |
//! | `start` | from a configuration to a running API |
//!
//! [`Api`] is one cheap handle to all of it. Faces call its methods with an [`Application`](manage::Application), which
//! can only be had through a [`Viewer`](manage::Viewer) that may see it: nobody can forget to ask for the right.

mod audit_log;
pub mod config;
mod directory;
mod fleet;
mod gate;
pub mod graphql;
pub mod http;
mod jobs;
mod jwt;
pub mod manage;
pub mod outbound;
pub mod rest;
mod secrets;
mod start;
mod store;
#[cfg(test)]
mod tests;
mod throttle;
mod webhooks;

use std::fs::File;
use std::sync::Arc;

use axum::http::header::X_CONTENT_TYPE_OPTIONS;
use axum::http::{HeaderValue, StatusCode};
use axum::{Router, middleware};
use parking_lot::Mutex;
use sluice_contract::UnixTime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::set_header::SetResponseHeaderLayer;

pub use config::ApiConfig;
pub use start::{StartError, migrate};
pub use store::OpenError;

use audit_log::AuditLog;
use directory::Directory;
use fleet::Fleet;
use jwt::KeySets;
use outbound::Outbound;
use secrets::SecretBox;
use store::Store;
use webhooks::Webhooks;

/// Tells the time. One clock per process, so that tests can hold it still.
pub type Clock = Arc<dyn Fn() -> UnixTime + Send + Sync>;

/// A handle to the running API. Clones are the same API.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    clock: Clock,
    config: ApiConfig,
    store: Store,
    secrets: SecretBox,
    directory: Directory,
    fleet: Fleet,
    events: manage::Events,
    audit: AuditLog,
    outbound: Outbound,
    webhooks: Webhooks,
    key_sets: KeySets,
    passwords: manage::Passwords,
    meter: manage::Meter,
    tasks: TaskTracker,
    /// Held while this API is the only one of its data folder.
    lock: Mutex<Option<File>>,
}

impl Api {
    /// Everything that the API answers over HTTP. Serve it with `ConnectInfo<SocketAddr>`.
    pub fn http_router(&self) -> Router {
        let cors = middleware::from_fn_with_state(self.clone(), http::cors::root_cors);
        http::health_router(self.clone())
            .merge(graphql::router(self.clone()).layer(cors))
            .merge(rest::router(self.clone()))
            .merge(http::pages::router(self.clone()))
            // Here, so that the answer of addresses that nobody serves has the headers of all others.
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(middleware::from_fn_with_state(self.clone(), http::strict_transport))
            // What strangers wrote comes back in answers; no browser shall take one for a page.
            .layer(SetResponseHeaderLayer::if_not_present(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
    }

    pub fn now(&self) -> UnixTime {
        (self.0.clock)()
    }

    pub fn config(&self) -> &ApiConfig {
        &self.0.config
    }

    /// Returns once every background job has ended after the shutdown, what was recorded is written, and the database
    /// is closed.
    pub async fn stopped(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.store.close().await;
        // Dropping the file lets the next process in.
        *self.0.lock.lock() = None;
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn secrets(&self) -> &SecretBox {
        &self.0.secrets
    }

    fn directory(&self) -> &Directory {
        &self.0.directory
    }

    fn fleet(&self) -> &Fleet {
        &self.0.fleet
    }

    /// Runs `task` until it ends or `shutdown` begins.
    fn spawn(&self, shutdown: &CancellationToken, task: impl Future<Output = ()> + Send + 'static) {
        let shutdown = shutdown.clone();
        self.0.tasks.spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = task => {}
            }
        });
    }
}
