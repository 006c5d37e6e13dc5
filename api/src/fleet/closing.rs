//! The end of sessions and streams in the database, however it comes: reported, ordered, or because a worker is lost.

use crate::store::ConnectionTrait;
use sluice_contract::message::{EndReason, SessionStats};
use sluice_contract::{Operation, UnixTime, WorkerId};
use tracing::warn;
use uuid::Uuid;

use super::hooks::{tell_of_player, tell_of_stream};
use super::rooms;
use crate::Api;
use crate::manage::{
    Averages, BroadcastEvent, BroadcastEventKind, BroadcastStatus, ConnectionEventKind, SessionEvent, SessionEventKind,
};
use crate::store::{self, Stored, broadcasts, events, retried, sessions, subscribers};
use crate::webhooks::{Action, idle};

/// What to tell once the transaction that closed something is committed.
#[derive(Default)]
pub struct Closed {
    pub sessions: Vec<SessionEvent>,
    pub broadcasts: Vec<BroadcastEvent>,
}

/// How a session ended.
pub struct End {
    pub at: UnixTime,
    pub reason: EndReason,
    /// Its last figures; `None` takes the newest that are known.
    pub stats: Option<SessionStats>,
    /// The id of the connection event that tells it.
    pub event: Uuid,
}

impl End {
    /// An end that no worker reported.
    pub fn of(reason: EndReason, at: UnixTime) -> Self {
        Self { at, reason, stats: None, event: Uuid::now_v7() }
    }
}

impl Closed {
    /// Tells it.
    pub fn announce(self, api: &Api) {
        for event in self.sessions {
            api.fleet().picture.session_ended(event.session.id);
            api.emit_session(event);
        }
        for event in self.broadcasts {
            api.emit_broadcast(event);
        }
    }
}

/// Ends one session, with its connection event, its share in the averages, and the stream that it published. Nothing
/// happens if it ended before.
pub async fn close_session(
    api: &Api,
    db: &impl ConnectionTrait,
    row: sessions::Model,
    end: End,
    closed: &mut Closed,
) -> Stored<()> {
    let End { at, reason, stats, event } = end;
    let stats = stats.or_else(|| {
        let id = sluice_contract::SessionId::new(row.id);
        api.fleet().picture.session(id).map(|(_, report)| report.stats)
    });
    let written = stats.and_then(|stats| serde_json::to_value(stats).ok());
    if !sessions::end(db, row.id, at.as_millis(), reason.as_str(), written).await? {
        return Ok(());
    }
    let Some(application) = api.directory().find_by_id(row.application_id) else { return Ok(()) };
    if row.started {
        if let Some(subscriber_id) = &row.subscriber_id {
            if application.settings.write_subscriber_events_to_datastore {
                let gone = connection_event(event, &row, subscriber_id, ConnectionEventKind::Disconnected, at);
                events::insert(db, gone).await?;
            }
            if let Some(stats) = stats {
                add_to_averages(db, &row, subscriber_id, at, stats).await?;
            }
        }
        if let Some(mut session) = api.session_of_row(&row) {
            session.state = sluice_contract::message::SessionState::Ended;
            session.ended_at = Some(at);
            session.end_reason = Some(reason);
            session.stats = stats.unwrap_or(session.stats);
            closed.sessions.push(SessionEvent { kind: SessionEventKind::Ended, at, session });
        }
        if row.operation == Operation::Play.as_str() {
            tell_of_player(api, db, &application, &row, Action::PlayStopped, at).await?;
            idle::viewer_changed(api, db, &application, &row.stream_id, at).await?;
        }
    }
    if let Some(broadcast) = broadcasts::of_publisher(db, row.id).await? {
        close_stream(api, db, broadcast, at, reason, closed).await?;
    }
    Ok(())
}

/// Takes a broadcast off air; one that was made by publishing is deleted.
pub async fn close_stream(
    api: &Api,
    db: &impl ConnectionTrait,
    mut row: broadcasts::Model,
    at: UnixTime,
    reason: EndReason,
    closed: &mut Closed,
) -> Stored<()> {
    let application = api.directory().find_by_id(row.application_id);
    if let Some(application) = &application {
        // A stream that never came to be live did not end either.
        let action = match (BroadcastStatus::parse(&row.status), reason) {
            (Some(BroadcastStatus::Broadcasting), _) => Some(Action::LiveStreamEnded),
            (Some(BroadcastStatus::Preparing), EndReason::Idle) => Some(Action::PublishTimeoutError),
            _ => None,
        };
        if let Some(action) = action {
            tell_of_stream(api, db, application, &row, action, at).await?;
        }
    }
    rooms::end(api, db, application.as_ref(), &mut row, at).await?;
    let names = application.as_ref().map(|entry| entry.name.clone()).zip(row.stream_id.parse().ok());
    if row.ephemeral {
        idle::forget(db, &row).await?;
        broadcasts::delete(db, row.id).await?;
    } else {
        let status = match reason {
            EndReason::WorkerLost => BroadcastStatus::TerminatedUnexpectedly,
            _ => BroadcastStatus::Finished,
        };
        row.status = status.as_str().to_owned();
        row.publisher = None;
        row.worker = None;
        row.ended_at = Some(at.as_millis());
        if let Some(application) = &application {
            idle::let_run(api, db, application, &row, at).await?;
        }
        broadcasts::update(db, row).await?;
    }
    if let Some((application, stream_id)) = names {
        let reason = Some(reason);
        let kind = BroadcastEventKind::Ended;
        closed.broadcasts.push(BroadcastEvent { kind, at, application, stream_id, reason });
    }
    Ok(())
}

/// Ends in the database what `worker` carried, or what anybody carried: its process is gone.
pub async fn clear_ghosts(api: &Api, worker: Option<WorkerId>, at: UnixTime) -> Stored<()> {
    let worker = worker.map(WorkerId::uuid);
    let mut count = 0;
    loop {
        let (closed, ended) = retried(|| clear_some(api, worker, at)).await?;
        closed.announce(api);
        count += ended;
        if ended < AT_ONCE {
            break;
        }
    }
    if count > 0 {
        warn!(sessions = count, "sessions of a lost worker were ended");
    }
    Ok(())
}

/// The same for at most [`AT_ONCE`] sessions, and with the last of them the streams. Returns how many sessions.
async fn clear_some(api: &Api, worker: Option<Uuid>, at: UnixTime) -> Stored<(Closed, u64)> {
    let mut closed = Closed::default();
    let transaction = api.store().transaction().await?;
    let ghosts = sessions::open(&transaction, worker, AT_ONCE).await?;
    let count = ghosts.len() as u64;
    for row in ghosts {
        close_session(api, &transaction, row, End::of(EndReason::WorkerLost, at), &mut closed).await?;
    }
    if count < AT_ONCE {
        for row in broadcasts::on_air(&transaction, worker).await? {
            close_stream(api, &transaction, row, at, EndReason::WorkerLost, &mut closed).await?;
        }
    }
    store::commit(transaction).await?;
    Ok((closed, count))
}

/// Sessions ended in one transaction: others wait for it, or it for them.
const AT_ONCE: u64 = 200;

pub fn connection_event(
    id: Uuid,
    row: &sessions::Model,
    subscriber_id: &str,
    kind: ConnectionEventKind,
    at: UnixTime,
) -> events::Model {
    events::Model {
        id,
        application_id: row.application_id,
        stream_id: row.stream_id.clone(),
        subscriber_id: subscriber_id.to_owned(),
        kind: kind.as_str().to_owned(),
        operation: row.operation.clone(),
        protocol: row.protocol.clone(),
        session: row.id,
        worker: row.worker,
        address: row.address.clone(),
        at: at.as_millis(),
    }
}

/// Adds an ended session to what its subscriber came to.
async fn add_to_averages(
    db: &impl ConnectionTrait,
    row: &sessions::Model,
    subscriber_id: &str,
    at: UnixTime,
    stats: SessionStats,
) -> Stored<()> {
    let lasted = at.millis_since(UnixTime::from_millis(row.since)).max(0);
    let found = subscribers::find_to_change(db, row.application_id, &row.stream_id, subscriber_id).await?;
    let Some(mut subscriber) = found.filter(|_| lasted > 0) else { return Ok(()) };
    let averages = Averages::of_row(&subscriber).with(lasted, &stats);
    subscriber.average_video_bps = averages.video_bps;
    subscriber.average_audio_bps = averages.audio_bps;
    subscriber.measured_ms = averages.measured_ms;
    subscribers::update(db, subscriber).await?;
    Ok(())
}
