//! The server itself: its version, its workers, what stands open, and its figures.

use async_graphql::{Context, ID, Object, SimpleObject};
use sluice_contract::{Protocol as Carried, WorkerId};

use super::application::OpenDoor;
use super::caller::Caller;
use super::connection::{DEFAULT_PAGE, SHORT_LIST};
use super::enums::Protocol;
use super::failure::Answer;
use super::id::GlobalId;
use super::limits;
use super::scalar::{DateTime, Long, int};
use super::server_settings::{Machine, ServerSettings};
use crate::manage;

/// The server that answers.
pub struct Server;

/// The server that answers.
#[Object]
impl Server {
    /// Its version.
    async fn version(&self) -> &str {
        env!("CARGO_PKG_VERSION")
    }

    /// Its clock, which rules codes and expiries.
    async fn now(&self, ctx: &Context<'_>) -> Answer<DateTime> {
        Ok(Caller::anybody(ctx)?.api().now().into())
    }

    /// The protocols that it carries.
    async fn protocols(&self) -> Vec<Protocol> {
        PROTOCOLS.into_iter().map(Into::into).collect()
    }

    /// Whether nobody can log in yet, because the first administrator is to be created.
    async fn first_administrator_missing(&self, ctx: &Context<'_>) -> Answer<bool> {
        Ok(Caller::anybody(ctx)?.api().first_administrator_needed().await?)
    }

    /// What anyone may do now without a credential, in the applications that you may see.
    #[graphql(complexity = "SHORT_LIST.saturating_mul(child_complexity)")]
    async fn open_doors(&self, ctx: &Context<'_>) -> Answer<Vec<OpenDoor>> {
        let caller = Caller::of(ctx)?;
        let applications = caller.api().applications(&caller.viewer()).await?;
        Ok(applications.iter().flat_map(OpenDoor::of).collect())
    }

    /// What this API refuses.
    async fn limits(&self) -> Limits {
        Limits {
            default_page_size: DEFAULT_PAGE,
            page_size: int(manage::MAX_PAGE),
            depth: int(limits::DEPTH),
            complexity: int(limits::COMPLEXITY),
            aliases: int(limits::ALIASES),
            fields: int(limits::FIELDS),
            directives: int(limits::DIRECTIVES),
            nesting: int(limits::NESTING),
            batch_size: int(limits::BATCH),
            request_bytes: int(limits::REQUEST_BYTES),
            message_bytes: int(limits::MESSAGE_BYTES),
            open_subscriptions: int(limits::OPEN_SUBSCRIPTIONS),
            open_sockets: int(limits::OPEN_SOCKETS),
        }
    }

    /// Its settings; null without a role over the whole server.
    async fn settings(&self, ctx: &Context<'_>) -> Option<Answer<ServerSettings>> {
        match Caller::of(ctx) {
            Ok(caller) => ServerSettings::of(caller).map(Ok),
            Err(failure) => Some(Err(failure)),
        }
    }

    /// The machine that the API runs on. Needs a role over the whole server.
    #[graphql(complexity = "50")]
    async fn machine(&self, ctx: &Context<'_>) -> Answer<Machine> {
        let caller = Caller::of(ctx)?;
        Ok(caller.api().machine(&caller.viewer()).await?.into())
    }

    /// Its figures now; null without a role over the whole server.
    async fn stats(&self, ctx: &Context<'_>) -> Option<Answer<ServerStats>> {
        match Caller::of(ctx) {
            Ok(caller) => ServerStats::of(caller).map(Ok),
            Err(failure) => Some(Err(failure)),
        }
    }
}

/// What this API refuses. A refusal names the limit and its value.
#[derive(SimpleObject)]
pub struct Limits {
    /// Entries of a page when `first` is left out.
    default_page_size: i32,
    /// Largest `first`.
    page_size: i32,
    /// Levels of fields within fields.
    depth: i32,
    /// What a request may cost: one for each field, times the entries of the pages that it is in.
    complexity: i32,
    /// Aliases in one document, its fragments unfolded.
    aliases: i32,
    /// Fields in one document, its fragments unfolded.
    fields: i32,
    /// Directives in one document, its fragments unfolded.
    directives: i32,
    /// Brackets within brackets, of any kind.
    nesting: i32,
    /// Requests in one batch.
    batch_size: i32,
    /// Bytes of one HTTP request.
    request_bytes: i32,
    /// Bytes of one WebSocket message.
    message_bytes: i32,
    /// Subscriptions that one login, or one address, may have open at a time.
    open_subscriptions: i32,
    /// WebSockets that one login, or one address, may have open at a time.
    open_sockets: i32,
}

/// A process that carries sessions.
pub struct Worker(pub manage::WorkerStatus);

impl Worker {
    /// One of the living workers that the viewer may see.
    pub fn find(ctx: &Context<'_>, id: WorkerId) -> Option<Answer<Self>> {
        let find = Caller::of(ctx).map(|caller| caller.api().workers(&caller.viewer()).into_iter());
        find.map(|mut workers| workers.find(|worker| worker.id == id).map(Self)).transpose()
    }
}

/// A process that carries sessions.
#[Object]
impl Worker {
    /// The global id, for caches and `node`.
    pub async fn id(&self) -> ID {
        GlobalId::Worker(self.0.id).encode()
    }

    /// Its own id, a UUID; a new one with every start.
    async fn worker_id(&self) -> String {
        self.0.id.to_string()
    }

    /// Host and process, for people.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// When it was last heard.
    async fn last_seen(&self) -> DateTime {
        self.0.last_seen.into()
    }

    /// The newest change of blocks and settings that it enforces.
    async fn revision(&self) -> Long {
        self.0.revision.into()
    }

    /// Its open sessions.
    async fn sessions(&self) -> i32 {
        int(self.0.sessions)
    }

    /// Its live streams.
    async fn streams(&self) -> i32 {
        int(self.0.streams)
    }

    /// What it uses of its machine.
    async fn load(&self) -> WorkerLoad {
        let load = self.0.load;
        WorkerLoad {
            cores: load.cores.into(),
            cores_available: load.cores_available.into(),
            memory: load.memory_bytes.into(),
            sent_bitrate: load.sent_bps.into(),
            received_bitrate: load.received_bps.into(),
        }
    }

    /// Whether it takes no new publishers, because it is to stop.
    async fn draining(&self) -> bool {
        self.0.load.draining
    }
}

/// What a worker uses of its machine, over the last second.
#[derive(SimpleObject)]
pub struct WorkerLoad {
    /// Processor time; 1.0 is one core busy all the time.
    cores: f64,
    /// Cores that it may use.
    cores_available: f64,
    /// Resident memory, bytes.
    memory: Long,
    /// Media sent, bits per second.
    sent_bitrate: Long,
    /// Media received, bits per second.
    received_bitrate: Long,
}

/// The whole server at a moment.
#[derive(SimpleObject)]
pub struct ServerStats {
    /// The moment.
    at: DateTime,
    /// Streams on air.
    live_streams: i32,
    /// Publishing sessions.
    publishers: i32,
    /// Playing sessions.
    viewers: ViewerCounts,
    /// Workers that are alive.
    workers: i32,
    /// Media received from publishers, bits per second.
    received_bitrate: Long,
}

impl ServerStats {
    /// `None` when they are not the caller's to see.
    pub fn of(caller: &Caller) -> Option<Self> {
        caller.viewer().system_role()?;
        let stats = caller.api().server_stats();
        Some(Self {
            at: stats.at.into(),
            live_streams: int(stats.live_streams),
            publishers: int(stats.publishers),
            viewers: ViewerCounts(stats.viewers),
            workers: int(stats.workers),
            received_bitrate: stats.received_bps.into(),
        })
    }
}

/// Who watches, by protocol.
pub struct ViewerCounts(pub manage::ViewerCounts);

/// Who watches, by protocol.
#[Object]
impl ViewerCounts {
    /// Over all protocols.
    async fn total(&self) -> i32 {
        int(self.0.total())
    }

    /// With HLS.
    async fn hls(&self) -> i32 {
        int(self.0.of(Carried::Hls))
    }

    /// With DASH.
    async fn dash(&self) -> i32 {
        int(self.0.of(Carried::Dash))
    }

    /// With RTMP.
    async fn rtmp(&self) -> i32 {
        int(self.0.of(Carried::Rtmp))
    }

    /// With SRT.
    async fn srt(&self) -> i32 {
        int(self.0.of(Carried::Srt))
    }

    /// With WebRTC, however it was signaled.
    async fn webrtc(&self) -> i32 {
        int(self.0.of(Carried::WebRtc).saturating_add(self.0.of(Carried::Whep)))
    }
}

#[derive(Default)]
pub struct ServerQuery;

#[Object]
impl ServerQuery {
    /// The server: its version, what it carries, what stands open.
    async fn server(&self) -> Server {
        Server
    }

    /// The workers that are alive; empty without a role over the whole server.
    #[graphql(complexity = "SHORT_LIST.saturating_mul(child_complexity.max(1))")]
    async fn workers(&self, ctx: &Context<'_>) -> Answer<Vec<Worker>> {
        let caller = Caller::of(ctx)?;
        Ok(caller.api().workers(&caller.viewer()).into_iter().map(Worker).collect())
    }
}

/// What this release carries.
const PROTOCOLS: [Carried; 3] = [Carried::Rtmp, Carried::Hls, Carried::Dash];
