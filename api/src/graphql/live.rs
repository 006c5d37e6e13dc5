//! Subscriptions: what happens, as it happens, in the types that queries return.
//!
//! The channels behind them are bounded; who reads too slowly misses the oldest entries and stalls nobody. Every
//! entry is checked against the viewer as the socket knows it at that moment, so that a role that was taken away takes
//! the entries away too.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;

use async_graphql::{Context, SimpleObject, Subscription};
use futures_util::{Stream, StreamExt};
use sluice_contract::{ApplicationName, StreamId, UnixTime};
use tokio::sync::broadcast::Receiver;
use tokio_stream::wrappers::BroadcastStream;

use super::audit::DecisionEvent;
use super::block::Block;
use super::broadcast::Broadcast;
use super::caller::Caller;
use super::connection::SHORT_LIST;
use super::enums::{AuditOutcome, BroadcastEventKind, EndReason, SessionEventKind};
use super::failure::{Answer, Failure, parse_at};
use super::live_stream::LiveStream;
use super::scalar::DateTime;
use super::server::ServerStats;
use super::session::Session;
use crate::manage::{self, MAX_PAGE, Outcome, StatsTick};

/// Something happened to a session.
#[derive(SimpleObject)]
pub struct SessionEvent {
    /// When.
    at: DateTime,
    /// What.
    kind: SessionEventKind,
    /// The session, as it stands after it.
    session: Session,
}

/// A block was set, changed or lifted.
#[derive(SimpleObject)]
pub struct BlockEvent {
    /// When.
    at: DateTime,
    /// The block, as it stands now. It was lifted if it is not active.
    block: Block,
    /// Who did it: an e-mail or the name of an API key.
    actor: String,
}

/// Something happened to a broadcast.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct BroadcastEvent {
    /// When.
    at: DateTime,
    /// What.
    kind: BroadcastEventKind,
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// Why it went off air; null for everything else.
    reason: Option<EndReason>,
    #[graphql(skip)]
    key: (ApplicationName, StreamId),
}

#[async_graphql::ComplexObject]
impl BroadcastEvent {
    /// The broadcast, as it stands now; null if it is gone.
    async fn broadcast(&self, ctx: &Context<'_>) -> Option<Answer<Broadcast>> {
        Broadcast::load(ctx, &self.key.0, &self.key.1).await
    }
}

/// The figures of one broadcast at a moment.
#[derive(SimpleObject)]
pub struct BroadcastStats {
    /// The moment.
    at: DateTime,
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// What is on air; null when nothing is.
    live: Option<LiveStream>,
}

type Events<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

#[derive(Default)]
pub struct Live;

#[Subscription]
impl Live {
    /// Sessions that start, are suspended by a block, resume, and end.
    async fn session_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this application alone; of all that you may see when left out.")] application: Option<
            String,
        >,
        #[graphql(desc = "Of this stream alone.")] stream_id: Option<String>,
    ) -> Result<Events<SessionEvent>, Failure> {
        let filter = Filter::read(Caller::shared(ctx)?, application, stream_id).await?;
        Ok(entries(filter.caller.api().session_events(), move |event| {
            let filter = filter.clone();
            async move {
                let record = event.session;
                let application = filter.application(&record.application, Some(record.stream_id.as_str())).await?;
                let session = Session { application, record };
                Some(SessionEvent { at: event.at.into(), kind: event.kind.into(), session })
            }
        }))
    }

    /// Blocks that are set, changed and lifted. A block that ends by its time makes no event.
    async fn block_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this application alone; of all that you may see when left out.")] application: Option<
            String,
        >,
    ) -> Result<Events<BlockEvent>, Failure> {
        let filter = Filter::read(Caller::shared(ctx)?, application, None).await?;
        Ok(entries(filter.caller.api().block_events(), move |event| {
            let filter = filter.clone();
            async move {
                let application = filter.application(&event.block.application, None).await?;
                let block = Block::new(&filter.caller, application, event.block);
                Some(BlockEvent { at: event.at.into(), block, actor: event.actor.to_string() })
            }
        }))
    }

    /// Broadcasts that are created, changed and deleted, go live, and go off air.
    async fn broadcast_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this application alone; of all that you may see when left out.")] application: Option<
            String,
        >,
    ) -> Result<Events<BroadcastEvent>, Failure> {
        let filter = Filter::read(Caller::shared(ctx)?, application, None).await?;
        Ok(entries(filter.caller.api().broadcast_events(), move |event| {
            let passes = filter.passes(&event.application, None);
            ready(passes.then(|| BroadcastEvent {
                at: event.at.into(),
                kind: event.kind.into(),
                application: event.application.to_string(),
                stream_id: event.stream_id.to_string(),
                reason: event.reason.map(Into::into),
                key: (event.application, event.stream_id),
            }))
        }))
    }

    /// Every decision of the gate, as it is made.
    async fn decisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of this application alone; of all that you may see when left out.")] application: Option<
            String,
        >,
        #[graphql(desc = "Of this stream alone.")] stream_id: Option<String>,
        #[graphql(desc = "Allowed ones alone, or refused ones alone.")] outcome: Option<AuditOutcome>,
    ) -> Result<Events<DecisionEvent>, Failure> {
        let filter = Filter::read(Caller::shared(ctx)?, application, stream_id).await?;
        let outcome = outcome.map(manage::AuditOutcome::from);
        Ok(entries(filter.caller.api().decisions(), move |record| {
            let passes = outcome.is_none_or(|outcome| record.outcome == outcome)
                && match &record.application {
                    Some(application) => filter.passes(application, record.stream_id.as_deref()),
                    None => filter.passes_server(record.stream_id.as_deref()),
                };
            ready(passes.then_some(DecisionEvent(record)))
        }))
    }

    /// The figures of one broadcast, about once a second.
    async fn broadcast_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's name.")] application: String,
        #[graphql(desc = "The stream.")] stream_id: String,
    ) -> Result<Events<BroadcastStats>, Failure> {
        let stream_id: StreamId = parse_at("streamId", &stream_id)?;
        let filter = Filter::read(Caller::shared(ctx)?, Some(application), None).await?;
        Ok(seconds(filter.caller.api().stats_ticks(), move |at| {
            let (filter, stream_id) = (filter.clone(), stream_id.clone());
            async move {
                let application = filter.application(filter.named.as_ref()?, None).await?;
                let live = filter.caller.api().live_stream(&application, &stream_id);
                Some(BroadcastStats {
                    at: at.into(),
                    application: application.name.to_string(),
                    stream_id: stream_id.to_string(),
                    live: live.map(|record| LiveStream { application, record }),
                })
            }
        }))
    }

    /// The open sessions of one broadcast with their figures, about once a second.
    #[graphql(complexity = "SHORT_LIST.saturating_mul(child_complexity.max(1))")]
    async fn session_stats(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The application's name.")] application: String,
        #[graphql(desc = "The stream.")] stream_id: String,
        #[graphql(default = 100, desc = "Sessions at most, up to 250.")] limit: i32,
    ) -> Result<Events<Vec<Session>>, Failure> {
        let limit = usize::try_from(limit).map_err(|_| Failure::invalid("`limit` cannot be negative"))?;
        if limit as u64 > MAX_PAGE {
            return Err(Failure::new("LIMIT_PAGE_SIZE", format!("`limit` is {limit}; the limit is {MAX_PAGE}")));
        }
        let wanted = manage::SessionFilter {
            stream_id: Some(parse_at("streamId", &stream_id)?),
            open: Some(true),
            ..manage::SessionFilter::default()
        };
        let filter = Filter::read(Caller::shared(ctx)?, Some(application), None).await?;
        Ok(seconds(filter.caller.api().stats_ticks(), move |_| {
            let (filter, wanted) = (filter.clone(), wanted.clone());
            async move {
                let application = filter.application(filter.named.as_ref()?, None).await?;
                let sessions = filter.caller.api().open_sessions(&application, &wanted, limit).into_iter();
                Some(sessions.map(|record| Session { application: application.clone(), record }).collect())
            }
        }))
    }

    /// The figures of the whole server, about once a second. Needs a role over the whole server.
    async fn server_stats(&self, ctx: &Context<'_>) -> Result<Events<ServerStats>, Failure> {
        let caller = Caller::shared(ctx)?;
        if ServerStats::of(&caller).is_none() {
            return Err(Failure::new("FORBIDDEN", "this needs a role over the whole server"));
        }
        Ok(seconds(caller.api().stats_ticks(), move |_| ready(ServerStats::of(&caller))))
    }
}

/// What a subscription asked for, and who asked.
#[derive(Clone)]
struct Filter {
    caller: Arc<Caller>,
    named: Option<ApplicationName>,
    stream_id: Option<String>,
}

impl Filter {
    /// An application that the viewer may not see is refused now, rather than being silent for ever.
    async fn read(caller: Arc<Caller>, application: Option<String>, stream_id: Option<String>) -> Outcome<Self> {
        let named = match application {
            Some(name) => Some(caller.application(&name).await?.name),
            None => None,
        };
        Ok(Self { caller, named, stream_id })
    }

    /// Whether an entry about `application` was asked for and may be seen.
    fn passes(&self, application: &ApplicationName, stream_id: Option<&str>) -> bool {
        self.named.as_ref().is_none_or(|named| named == application)
            && self.names_stream(stream_id)
            && self.caller.viewer().may_read(application)
    }

    /// The same for entries that no application owns.
    fn passes_server(&self, stream_id: Option<&str>) -> bool {
        self.named.is_none() && self.names_stream(stream_id) && self.caller.viewer().system_role().is_some()
    }

    fn names_stream(&self, stream_id: Option<&str>) -> bool {
        self.stream_id.is_none() || self.stream_id.as_deref() == stream_id
    }

    /// The application of an entry that passes.
    async fn application(&self, name: &ApplicationName, stream_id: Option<&str>) -> Option<manage::Application> {
        if !self.passes(name, stream_id) {
            return None;
        }
        // An application that was deleted in between, or an outage: the entry is left out.
        self.caller.application_named(name).await.ok().flatten()
    }
}

/// Makes entries of events. What the receiver missed because it was too slow is gone.
fn entries<E, T, F>(receiver: Receiver<E>, make: impl Fn(E) -> F + Send + 'static) -> Events<T>
where
    E: Clone + Send + 'static,
    T: Send + 'static,
    F: Future<Output = Option<T>> + Send + 'static,
{
    BroadcastStream::new(receiver).filter_map(|event| ready(event.ok())).filter_map(make).boxed()
}

/// Makes about one entry a second of the figures of all workers, each of which reports once a second.
fn seconds<T, F>(receiver: Receiver<StatsTick>, make: impl Fn(UnixTime) -> F + Send + 'static) -> Events<T>
where
    T: Send + 'static,
    F: Future<Output = Option<T>> + Send + 'static,
{
    let mut last = None;
    let ticks = BroadcastStream::new(receiver).filter_map(move |tick| {
        let due = tick.ok().map(|tick| tick.at).filter(|at| last.is_none_or(|last| at.millis_since(last) >= SECOND_MS));
        last = due.or(last);
        ready(due)
    });
    ticks.filter_map(make).boxed()
}

/// Shorter than a second, so that a report that comes a little early is not taken for another worker's.
const SECOND_MS: i64 = 800;
