//! The API: everything that decides, remembers and manages.
//!
//! | Module | What it is |
//! |---|---|
//! | [`manage`] | the functions behind both faces: applications, broadcasts, subscribers, blocks, … Every rule is here |
//! | [`graphql`], [`rest`] | the two faces: they translate, and hold no rule |
//! | [`http`] | who is asking ([`Viewer`](manage::Viewer)), health |
//! | `gate` | answers the workers' questions: loads facts, asks the policy, performs the effects |
//! | `fleet` | the workers: who is alive, what they carry, commands and acknowledgements, their events |
//! | `store` | the only place with SQL |
//! | `secrets` | what lies encrypted in the database, and the keys |
//! | `jobs` | what happens by itself: retention, lost workers, key rotation |
//!
//! [`Api`] is one cheap handle to all of it. Faces call its methods with an [`Application`](manage::Application), which
//! can only be had through a [`Viewer`](manage::Viewer) that may see it: nobody can forget to ask for the right.

pub mod config;
pub mod graphql;
pub mod http;
pub mod manage;
pub mod rest;

use std::sync::Arc;

use axum::Router;
use sluice_bus::ApiLink;
use sluice_contract::UnixTime;
use tokio_util::sync::CancellationToken;

pub use config::ApiConfig;

/// Tells the time. One clock per process, so that tests can hold it still.
pub type Clock = Arc<dyn Fn() -> UnixTime + Send + Sync>;

/// A handle to the running API. Clones are the same API.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    clock: Clock,
    config: ApiConfig,
    events: manage::Events,
}

/// Why the API did not start. One variant per remedy.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the database cannot be opened: {0}")]
    Database(String),
}

impl Api {
    /// Opens the database, brings its schema up to date, takes up the link to the workers, and starts the background
    /// jobs, which end with `shutdown`.
    ///
    /// # Errors
    /// [`StartError`] names what to mend.
    pub async fn start(
        config: ApiConfig,
        _link: Arc<dyn ApiLink>,
        clock: Clock,
        _shutdown: CancellationToken,
    ) -> Result<Self, StartError> {
        Ok(Self(Arc::new(Inner { clock, config, events: manage::Events::new() })))
    }

    /// Everything that the API answers over HTTP. Serve it with `ConnectInfo<SocketAddr>`.
    pub fn http_router(&self) -> Router {
        graphql::router(self.clone()).merge(rest::router(self.clone()))
    }

    pub fn now(&self) -> UnixTime {
        (self.0.clock)()
    }

    pub fn config(&self) -> &ApiConfig {
        &self.0.config
    }
}
