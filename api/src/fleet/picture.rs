//! What every worker carries now, in memory.

use std::collections::{BTreeMap, HashMap, HashSet};

use parking_lot::RwLock;
use sluice_contract::message::{Hello, Origin, SessionReport, StatsReport, StreamReport, WorkerLoad};
use sluice_contract::{ApplicationName, Operation, Protocol, SessionId, StreamId, UnixTime, WorkerId};

use crate::manage::{LiveStream, PendingWorker, ServerStats, Session, SessionFilter, ViewerCounts, WorkerStatus};

#[derive(Default)]
pub struct Picture(RwLock<HashMap<WorkerId, Worker>>);

struct Worker {
    name: String,
    /// Where other workers reach its relay.
    relay: Option<String>,
    last_seen: UnixTime,
    revision: u64,
    load: WorkerLoad,
    /// When the publishers of this worker were last written down as heard.
    touched: UnixTime,
    sessions: HashMap<SessionId, SessionReport>,
    streams: HashMap<(ApplicationName, StreamId), StreamReport>,
    /// Viewers of streams that other workers carry and relay to this one.
    relayed: HashMap<(ApplicationName, StreamId), BTreeMap<Protocol, u32>>,
}

/// A worker that sent nothing for this long is lost: ten reports.
pub const LOST_AFTER_MS: i64 = 10_000;
/// How often a live stream is written down as heard; it counts as dead after twice as long.
const TOUCH_EVERY_MS: i64 = 10_000;

impl Picture {
    pub fn hello(&self, hello: &Hello, now: UnixTime) {
        let worker = Worker {
            name: hello.name.clone(),
            relay: hello.relay.clone(),
            last_seen: now,
            revision: hello.last_revision,
            load: WorkerLoad::default(),
            touched: UnixTime::EPOCH,
            sessions: by_id(&hello.sessions),
            streams: by_name(&hello.streams),
            relayed: viewers_elsewhere(&hello.sessions, &hello.streams),
        };
        self.0.write().insert(hello.worker, worker);
    }

    /// Takes a report over. Returns the publishers to write down as heard, when it is time.
    pub fn report(&self, report: &StatsReport, now: UnixTime) -> Vec<SessionId> {
        let mut workers = self.0.write();
        let worker = workers.entry(report.worker).or_insert_with(|| Worker::unknown(report.worker, now));
        worker.last_seen = now;
        worker.revision = report.revision;
        if !report.name.is_empty() {
            worker.name.clone_from(&report.name);
        }
        worker.relay.clone_from(&report.relay);
        worker.load = report.load;
        worker.sessions = by_id(&report.sessions);
        worker.streams = by_name(&report.streams);
        worker.relayed = viewers_elsewhere(&report.sessions, &report.streams);
        if now.millis_since(worker.touched) < TOUCH_EVERY_MS {
            return Vec::new();
        }
        worker.touched = now;
        report.streams.iter().map(|stream| stream.publisher).collect()
    }

    /// A worker said hello to another API; what it carries comes with its next report.
    pub fn joined(&self, id: WorkerId, name: String, relay: Option<String>, now: UnixTime) {
        let mut workers = self.0.write();
        let worker = workers.entry(id).or_insert_with(|| Worker::unknown(id, now));
        worker.last_seen = now;
        worker.name = name;
        worker.relay = relay;
    }

    /// A worker was told to drain, or not to, and confirmed it.
    pub fn drains(&self, id: WorkerId, on: bool) {
        if let Some(worker) = self.0.write().get_mut(&id) {
            worker.load.draining = on;
        }
    }

    /// A worker stopped in order.
    pub fn left(&self, id: WorkerId) {
        self.0.write().remove(&id);
    }

    /// All that were heard and are not forgotten.
    pub fn known(&self) -> HashSet<WorkerId> {
        self.0.read().keys().copied().collect()
    }

    pub fn heard(&self, id: WorkerId, now: UnixTime) {
        if let Some(worker) = self.0.write().get_mut(&id) {
            worker.last_seen = now;
        }
    }

    pub fn applied(&self, id: WorkerId, revision: u64) {
        if let Some(worker) = self.0.write().get_mut(&id) {
            worker.revision = worker.revision.max(revision);
        }
    }

    pub fn session_changed(&self, id: WorkerId, session: &SessionReport) {
        if let Some(worker) = self.0.write().get_mut(&id) {
            worker.sessions.insert(session.session, session.clone());
        }
    }

    pub fn session_ended(&self, session: SessionId) {
        for worker in self.0.write().values_mut() {
            worker.sessions.remove(&session);
        }
    }

    pub fn stream_started(&self, id: WorkerId, stream: &StreamReport) {
        if let Some(worker) = self.0.write().get_mut(&id) {
            worker.streams.insert((stream.application.clone(), stream.stream_id.clone()), stream.clone());
        }
    }

    pub fn stream_ended(&self, application: &ApplicationName, stream_id: &StreamId, publisher: SessionId) {
        for worker in self.0.write().values_mut() {
            let key = (application.clone(), stream_id.clone());
            if worker.streams.get(&key).is_some_and(|stream| stream.publisher == publisher) {
                worker.streams.remove(&key);
            }
        }
    }

    /// The workers that are lost, with the moment when each was last heard.
    pub fn lost(&self, now: UnixTime) -> Vec<(WorkerId, UnixTime)> {
        let workers = self.0.read();
        workers.iter().filter(|(_, w)| !w.is_alive(now)).map(|(id, worker)| (*id, worker.last_seen)).collect()
    }

    /// Forgets a worker, unless it was heard again.
    pub fn forget(&self, id: WorkerId, now: UnixTime) {
        let mut workers = self.0.write();
        if workers.get(&id).is_some_and(|worker| !worker.is_alive(now)) {
            workers.remove(&id);
        }
    }

    pub fn named(&self, id: WorkerId) -> PendingWorker {
        let name = self.0.read().get(&id).map_or_else(|| id.to_string(), |worker| worker.name.clone());
        PendingWorker { id, name }
    }

    pub fn workers(&self) -> Vec<WorkerStatus> {
        let workers = self.0.read();
        let mut all: Vec<_> = workers
            .iter()
            .map(|(id, worker)| WorkerStatus {
                id: *id,
                name: worker.name.clone(),
                last_seen: worker.last_seen,
                revision: worker.revision,
                sessions: count(worker.sessions.len()),
                streams: count(worker.streams.len()),
                load: worker.load,
            })
            .collect();
        all.sort_by_key(|worker| worker.id);
        all
    }

    /// True when some worker carries the session now.
    pub fn carries(&self, session: SessionId) -> bool {
        self.0.read().values().any(|worker| worker.sessions.contains_key(&session))
    }

    /// The newest figures of a session, with its worker.
    pub fn session(&self, id: SessionId) -> Option<(WorkerId, SessionReport)> {
        let workers = self.0.read();
        workers.iter().find_map(|(worker, carried)| carried.sessions.get(&id).map(|report| (*worker, report.clone())))
    }

    /// The worker that carries a stream, and when it was last heard.
    pub fn stream_heard(&self, application: &ApplicationName, stream_id: &StreamId) -> Option<(WorkerId, UnixTime)> {
        let key = (application.clone(), stream_id.clone());
        let workers = self.0.read();
        workers.iter().find(|(_, worker)| worker.streams.contains_key(&key)).map(|(id, w)| (*id, w.last_seen))
    }

    /// Where a stream can be had by `asking`, if a worker that is alive carries it and offers it to others. Of several,
    /// where its publisher came last: the others have not noticed yet that it left them.
    pub fn origin(
        &self,
        asking: WorkerId,
        application: &ApplicationName,
        stream_id: &StreamId,
        now: UnixTime,
    ) -> Option<Origin> {
        let key = (application.clone(), stream_id.clone());
        let workers = self.0.read();
        let others = workers.iter().filter(|(id, worker)| **id != asking && worker.is_alive(now));
        let carrying = others.filter_map(|(id, worker)| {
            let stream = worker.streams.get(&key)?;
            Some((stream.since, Origin { worker: *id, relay: worker.relay.clone()?, publisher: stream.publisher }))
        });
        carrying.max_by_key(|(since, origin)| (*since, origin.publisher)).map(|(_, origin)| origin)
    }

    pub fn stream(&self, application: &ApplicationName, stream_id: &StreamId) -> Option<LiveStream> {
        let key = (application.clone(), stream_id.clone());
        let workers = self.0.read();
        workers.iter().find_map(|(id, worker)| {
            let viewers = || viewer_counts(&workers, application, Some(stream_id));
            worker.streams.get(&key).map(|stream| live_stream(*id, stream, viewers()))
        })
    }

    pub fn streams(&self, application: &ApplicationName) -> Vec<LiveStream> {
        let workers = self.0.read();
        let mut all = Vec::new();
        for (id, worker) in workers.iter() {
            for stream in worker.streams.values().filter(|stream| stream.application == *application) {
                let viewers = viewer_counts(&workers, application, Some(&stream.stream_id));
                all.push(live_stream(*id, stream, viewers));
            }
        }
        all.sort_by(|a, b| a.stream_id.cmp(&b.stream_id));
        all
    }

    pub fn sessions(&self, application: &ApplicationName, filter: &SessionFilter, limit: usize) -> Vec<Session> {
        let matches = |report: &SessionReport| {
            report.application == *application
                && filter.stream_id.as_ref().is_none_or(|id| *id == report.stream_id)
                && filter.subscriber_id.as_ref().is_none_or(|id| report.subscriber.as_ref() == Some(id))
                && filter.operation.is_none_or(|operation| operation == report.operation)
                && filter.protocol.is_none_or(|protocol| protocol == report.protocol)
                && filter.open != Some(false)
        };
        let workers = self.0.read();
        let all = workers.iter().flat_map(|(id, worker)| {
            worker.sessions.values().filter(|report| matches(report)).map(|report| open_session(*id, report))
        });
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|session| std::cmp::Reverse(session.id));
        all.truncate(limit);
        all
    }

    pub fn viewers(&self, application: &ApplicationName, stream_id: Option<&StreamId>) -> ViewerCounts {
        viewer_counts(&self.0.read(), application, stream_id)
    }

    /// The sessions of a stream's viewers, from reports and from what was told since.
    pub fn viewers_of(
        &self,
        application: &ApplicationName,
        stream_id: &StreamId,
        protocols: &[Protocol],
    ) -> HashSet<SessionId> {
        let workers = self.0.read();
        let is_viewer = |report: &&SessionReport| {
            report.operation == Operation::Play
                && report.stream_id == *stream_id
                && report.application == *application
                && protocols.contains(&report.protocol)
        };
        workers.values().flat_map(|worker| worker.sessions.values()).filter(is_viewer).map(|v| v.session).collect()
    }

    pub fn totals(&self, at: UnixTime) -> ServerStats {
        let workers = self.0.read();
        let mut totals = ServerStats { at, workers: count(workers.len()), ..ServerStats::default() };
        for worker in workers.values() {
            totals.live_streams += count(worker.streams.len());
            totals.received_bps += worker.streams.values().map(|stream| stream.bitrate_bps).sum::<u64>();
            for session in worker.sessions.values() {
                match session.operation {
                    Operation::Publish => totals.publishers += 1,
                    Operation::Play => *totals.viewers.0.entry(session.protocol).or_default() += 1,
                }
            }
        }
        totals
    }
}

impl Worker {
    /// One that nothing is known of but that it is there.
    fn unknown(id: WorkerId, now: UnixTime) -> Self {
        Self {
            name: id.to_string(),
            relay: None,
            last_seen: now,
            revision: 0,
            load: WorkerLoad::default(),
            touched: UnixTime::EPOCH,
            sessions: HashMap::new(),
            streams: HashMap::new(),
            relayed: HashMap::new(),
        }
    }

    fn is_alive(&self, now: UnixTime) -> bool {
        now.millis_since(self.last_seen) < LOST_AFTER_MS
    }
}

/// The figures of a session that is open on `worker`.
pub fn open_session(worker: WorkerId, report: &SessionReport) -> Session {
    Session {
        id: report.session,
        application: report.application.clone(),
        stream_id: report.stream_id.clone(),
        operation: report.operation,
        protocol: report.protocol,
        subscriber: report.subscriber.clone(),
        peer: report.peer.clone(),
        admitted_by: report.admitted_by.clone(),
        state: report.state,
        worker,
        since: report.since,
        ended_at: None,
        end_reason: None,
        stats: report.stats,
    }
}

fn viewer_counts(
    workers: &HashMap<WorkerId, Worker>,
    application: &ApplicationName,
    stream_id: Option<&StreamId>,
) -> ViewerCounts {
    let mut counts: BTreeMap<Protocol, u32> = BTreeMap::new();
    let mut add = |protocol: Protocol, viewers: u32| *counts.entry(protocol).or_default() += viewers;
    match stream_id {
        Some(stream_id) => of_stream(workers, &(application.clone(), stream_id.clone()), &mut add),
        None => {
            let carried: HashSet<_> = workers.values().flat_map(|worker| worker.streams.keys()).collect();
            for key in carried.into_iter().filter(|key| key.0 == *application) {
                of_stream(workers, key, &mut add);
            }
        }
    }
    ViewerCounts(counts)
}

/// Adds the viewers of a stream on all workers, as long as one of them carries it.
fn of_stream(
    workers: &HashMap<WorkerId, Worker>,
    key: &(ApplicationName, StreamId),
    add: &mut impl FnMut(Protocol, u32),
) {
    if !workers.values().any(|worker| worker.streams.contains_key(key)) {
        return;
    }
    for worker in workers.values() {
        if let Some(stream) = worker.streams.get(key) {
            stream.viewers.iter().for_each(|(protocol, viewers)| add(*protocol, *viewers));
        } else if let Some(relayed) = worker.relayed.get(key) {
            relayed.iter().for_each(|(protocol, viewers)| add(*protocol, *viewers));
        }
    }
}

fn live_stream(worker: WorkerId, stream: &StreamReport, viewers: ViewerCounts) -> LiveStream {
    LiveStream {
        application: stream.application.clone(),
        stream_id: stream.stream_id.clone(),
        worker,
        publisher: stream.publisher,
        protocol: stream.protocol,
        since: stream.since,
        video: stream.video.clone(),
        audio: stream.audio.clone(),
        received_bytes: stream.bytes,
        bitrate_bps: stream.bitrate_bps,
        speed: stream.speed,
        viewers,
    }
}

fn by_id(sessions: &[SessionReport]) -> HashMap<SessionId, SessionReport> {
    sessions.iter().map(|session| (session.session, session.clone())).collect()
}

fn by_name(streams: &[StreamReport]) -> HashMap<(ApplicationName, StreamId), StreamReport> {
    streams.iter().map(|stream| ((stream.application.clone(), stream.stream_id.clone()), stream.clone())).collect()
}

/// A worker counts the viewers of the streams that it carries; those of the others show by their sessions.
fn viewers_elsewhere(
    sessions: &[SessionReport],
    streams: &[StreamReport],
) -> HashMap<(ApplicationName, StreamId), BTreeMap<Protocol, u32>> {
    let carried: HashSet<_> = streams.iter().map(|stream| (&stream.application, &stream.stream_id)).collect();
    let mut viewers: HashMap<_, BTreeMap<_, _>> = HashMap::new();
    for session in sessions.iter().filter(|session| session.operation == Operation::Play) {
        if !carried.contains(&(&session.application, &session.stream_id)) {
            let key = (session.application.clone(), session.stream_id.clone());
            *viewers.entry(key).or_default().entry(session.protocol).or_default() += 1;
        }
    }
    viewers
}

fn count(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
