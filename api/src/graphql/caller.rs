//! What every resolver starts from: who asks, from where, and the loaders of this request.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use async_graphql::Context;
use async_graphql::dataloader::{DataLoader, Loader};
use async_graphql::runtime::{TokioSpawner, TokioTimer};
use sluice_contract::{ApplicationName, StreamId, SubscriberId};

use super::failure::{Answer, Failure};
use crate::Api;
use crate::manage::{self, ManageError, Outcome, ProblemCode, Viewer};

/// Who asks. Part of the data of every request; on a WebSocket it lives as long as the socket, which keeps the viewer
/// up to date.
pub struct Caller {
    api: Api,
    viewer: Arc<ArcSwap<Viewer>>,
    relations: DataLoader<Relations>,
    origin: Origin,
}

/// The address under which the client reached the server, for addresses that are shown to it.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    pub is_https: bool,
    /// Host and port as the client wrote them; `None` when it did not.
    pub authority: Option<String>,
}

impl Caller {
    pub fn new(api: Api, viewer: Arc<ArcSwap<Viewer>>, origin: Origin) -> Self {
        let relations = Relations { api: api.clone(), viewer: Arc::clone(&viewer) };
        // Entries of one batch are bound to one statement, and SQLite takes 32 766 variables.
        let relations = DataLoader::new(relations, TokioSpawner::current(), TokioTimer::default()).max_batch_size(500);
        Self { api, viewer, relations, origin }
    }

    /// The caller of this request, logged in or not.
    pub fn anybody<'a>(ctx: &Context<'a>) -> Answer<&'a Self> {
        let caller = ctx.data_opt::<Arc<Self>>();
        caller.map(Arc::as_ref).ok_or_else(|| Failure::new("INTERNAL", "the request has no caller"))
    }

    /// The caller of this request.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when nobody is logged in.
    pub fn of<'a>(ctx: &Context<'a>) -> Answer<&'a Self> {
        let caller = Self::anybody(ctx)?;
        if caller.viewer.load().is_anonymous() { Err(Failure::unauthenticated()) } else { Ok(caller) }
    }

    /// The same to keep, for subscriptions.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn shared(ctx: &Context<'_>) -> Answer<Arc<Self>> {
        Self::of(ctx)?;
        ctx.data_opt::<Arc<Self>>().cloned().ok_or_else(Failure::unauthenticated)
    }

    pub fn api(&self) -> &Api {
        &self.api
    }

    pub fn viewer(&self) -> Arc<Viewer> {
        self.viewer.load_full()
    }

    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// An application of the input. One that the viewer may not see looks exactly like one that is not there.
    pub async fn application(&self, name: &str) -> Outcome<manage::Application> {
        self.api.application(&self.viewer(), name).await.map_err(|error| match error {
            ManageError::Problem(problem) if problem.path.is_none() => problem.at("application").into(),
            other => other,
        })
    }

    /// The same by its parsed name, batched; `None` when it is not there.
    pub async fn application_named(&self, name: &ApplicationName) -> Answer<Option<manage::Application>> {
        Ok(self.relations.load_one(name.clone()).await?)
    }

    pub async fn broadcast(
        &self,
        application: &ApplicationName,
        stream_id: &StreamId,
    ) -> Answer<Option<(manage::Application, manage::Broadcast)>> {
        Ok(self.relations.load_one((application.clone(), stream_id.clone())).await?)
    }

    pub async fn subscriber(
        &self,
        application: &ApplicationName,
        stream_id: &StreamId,
        subscriber: &SubscriberId,
    ) -> Answer<Option<(manage::Application, manage::Subscriber)>> {
        Ok(self.relations.load_one((application.clone(), stream_id.clone(), subscriber.clone())).await?)
    }
}

/// Turns "it is not there" into `None`.
pub fn found<T>(outcome: Outcome<T>) -> Outcome<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(ManageError::Problem(problem)) if problem.code == ProblemCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Loads what objects refer to, many at once.
struct Relations {
    api: Api,
    viewer: Arc<ArcSwap<Viewer>>,
}

type BroadcastKey = (ApplicationName, StreamId);
type SubscriberKey = (ApplicationName, StreamId, SubscriberId);

impl Relations {
    async fn application(&self, name: &ApplicationName) -> Outcome<Option<manage::Application>> {
        found(self.api.application(&self.viewer.load(), name.as_str()).await)
    }
}

impl Loader<ApplicationName> for Relations {
    type Value = manage::Application;
    type Error = ManageError;

    async fn load(&self, names: &[ApplicationName]) -> Outcome<HashMap<ApplicationName, Self::Value>> {
        let mut loaded = HashMap::new();
        for name in names {
            if let Some(application) = self.application(name).await? {
                loaded.insert(name.clone(), application);
            }
        }
        Ok(loaded)
    }
}

impl Loader<BroadcastKey> for Relations {
    type Value = (manage::Application, manage::Broadcast);
    type Error = ManageError;

    async fn load(&self, keys: &[BroadcastKey]) -> Outcome<HashMap<BroadcastKey, Self::Value>> {
        let mut by_application: HashMap<_, Vec<_>> = HashMap::new();
        for (application, stream_id) in keys {
            by_application.entry(application).or_default().push(stream_id.clone());
        }
        let mut loaded = HashMap::new();
        for (name, stream_ids) in by_application {
            let Some(application) = self.application(name).await? else { continue };
            for broadcast in self.api.broadcasts_by_stream_ids(&application, &stream_ids).await? {
                loaded.insert((name.clone(), broadcast.stream_id.clone()), (application.clone(), broadcast));
            }
        }
        Ok(loaded)
    }
}

impl Loader<SubscriberKey> for Relations {
    type Value = (manage::Application, manage::Subscriber);
    type Error = ManageError;

    async fn load(&self, keys: &[SubscriberKey]) -> Outcome<HashMap<SubscriberKey, Self::Value>> {
        let mut by_application: HashMap<_, Vec<_>> = HashMap::new();
        for (application, stream_id, subscriber) in keys {
            by_application.entry(application).or_default().push((stream_id.clone(), subscriber.clone()));
        }
        let mut loaded = HashMap::new();
        for (name, keys) in by_application {
            let Some(application) = self.application(name).await? else { continue };
            for ((stream_id, subscriber), record) in self.api.subscribers_by_keys(&application, &keys).await? {
                loaded.insert((name.clone(), stream_id, subscriber), (application.clone(), record));
            }
        }
        Ok(loaded)
    }
}

impl Origin {
    /// Scheme and authority, which every address of HTTP begins with.
    pub fn base(&self) -> String {
        let scheme = if self.is_https { "https" } else { "http" };
        format!("{scheme}://{}", self.authority.as_deref().unwrap_or("localhost"))
    }

    /// The host without its port, for protocols that listen elsewhere.
    pub fn host(&self) -> &str {
        let authority = self.authority.as_deref().unwrap_or("localhost");
        match authority.rsplit_once(':') {
            // A colon inside brackets belongs to an IPv6 address.
            Some((host, port)) if !port.contains(']') => host,
            _ => authority,
        }
    }
}
