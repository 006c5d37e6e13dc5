//! The workers' events: each is handled once, in one transaction, whatever the bus repeats; messages of data channels
//! are only passed on.

use crate::store::ConnectionTrait;
use sluice_contract::message::{EndReason, EventKind, SessionReport, SessionState, StreamReport, WorkerEvent};
use sluice_contract::{Operation, UnixTime};

use super::closing::{Closed, End, close_session, close_stream, connection_event};
use super::hooks::{Said, tell_of_player, tell_of_stream, tell_what_was_said};
use super::picture::open_session;
use super::recordings::recorded;
use super::rooms;
use crate::Api;
use crate::directory::Entry;
use crate::manage::{
    BroadcastEvent, BroadcastEventKind, BroadcastStatus, ConnectionEventKind, SessionEvent, SessionEventKind,
};
use crate::store::{self, StoreError, Stored, broadcasts, events, retried, server, sessions};
use crate::webhooks::{Action, idle};

/// Records one event. An error means that it must come again.
pub async fn handle(api: &Api, event: &WorkerEvent) -> Stored<()> {
    api.current_directory().await?;
    if let EventKind::Said { .. } = &event.kind {
        return said(api, event).await;
    }
    if let EventKind::Recorded { recordings } = &event.kind {
        return recorded(api, event, recordings).await;
    }
    let written = retried(async || {
        let mut closed = Closed::default();
        let transaction = api.store().transaction().await?;
        if !server::mark_handled(&transaction, event.id, event.at.as_millis()).await? {
            return Ok(None);
        }
        let told = apply(api, &transaction, event, &mut closed).await?;
        store::commit(transaction).await?;
        Ok::<_, StoreError>(Some((closed, told)))
    });
    let Some((closed, told)) = written.await? else { return Ok(()) };
    update_picture(api, event);
    closed.announce(api);
    if told {
        announce(api, event);
    }
    Ok(())
}

/// False when the event is about nothing that we know, or changes nothing.
async fn apply(api: &Api, db: &impl ConnectionTrait, event: &WorkerEvent, closed: &mut Closed) -> Stored<bool> {
    match &event.kind {
        EventKind::SessionStarted { session } => started(api, db, event, session).await,
        EventKind::SessionSuspended { session } => changed(api, db, event, session, SessionState::Suspended).await,
        EventKind::SessionResumed { session } => changed(api, db, event, session, SessionState::Active).await,
        EventKind::SessionEnded { session, reason, .. } => {
            let Some(application) = api.directory().find(session.application.as_str()) else { return Ok(false) };
            let row = match sessions::find(db, session.session.uuid()).await? {
                Some(row) if !row.started => {
                    // Its start is still under way, by way of another API.
                    let row = sessions::Model { started: true, ..row };
                    sessions::put(db, row.clone()).await?;
                    row
                }
                Some(row) => row,
                None => {
                    let row = row_of(&application, event, session, SessionState::Active);
                    sessions::put(db, row.clone()).await?;
                    row
                }
            };
            let end = End { at: event.at, reason: *reason, stats: Some(session.stats), event: event.id };
            close_session(api, db, row, end, closed).await?;
            Ok(false)
        }
        EventKind::StreamStarted { stream } => stream_started(api, db, event, stream).await,
        EventKind::StreamEnded { stream, reason, .. } => {
            if let Some(row) = broadcasts::of_publisher(db, stream.publisher.uuid()).await? {
                close_stream(api, db, row, event.at, *reason, closed).await?;
            }
            Ok(false)
        }
        // Handled apart.
        EventKind::Said { .. } | EventKind::Recorded { .. } => Ok(false),
    }
}

/// What was said changes nothing here, and is kept for its receiver under the event's own id: without a transaction, and
/// without a mark of its own, a message costs one row.
async fn said(api: &Api, event: &WorkerEvent) -> Stored<()> {
    let EventKind::Said { session, application, stream_id, subscriber, message } = &event.kind else { return Ok(()) };
    let Some(application) = api.directory().find(application.as_str()) else { return Ok(()) };
    let said = Said { session: *session, stream_id, subscriber: subscriber.as_ref(), message, at: event.at };
    tell_what_was_said(api, &application, event.id, said).await
}

async fn started(api: &Api, db: &impl ConnectionTrait, event: &WorkerEvent, session: &SessionReport) -> Stored<bool> {
    let Some(application) = api.directory().find(session.application.as_str()) else { return Ok(false) };
    let before = sessions::find(db, session.session.uuid()).await?;
    if let Some(before) = &before
        && before.ended_at.is_some_and(|ended| ended >= event.at.as_millis())
    {
        // The end overtook the start, which is told all the same.
        if let Some(subscriber_id) = &before.subscriber_id
            && application.settings.write_subscriber_events_to_datastore
        {
            let came = connection_event(event.id, before, subscriber_id, ConnectionEventKind::Connected, event.at);
            events::insert(db, came).await?;
        }
        return Ok(false);
    }
    let was_open = before.as_ref().is_some_and(|row| row.started && row.ended_at.is_none());
    let mut row = row_of(&application, event, session, session.state);
    if let Some(before) = before {
        row.client = before.client;
    }
    if let Some(subscriber_id) = &row.subscriber_id
        && !was_open
        && application.settings.write_subscriber_events_to_datastore
    {
        let came = connection_event(event.id, &row, subscriber_id, ConnectionEventKind::Connected, event.at);
        events::insert(db, came).await?;
    }
    if !was_open && session.operation == Operation::Play {
        tell_of_player(api, db, &application, &row, Action::PlayStarted, event.at).await?;
    }
    let viewed = (session.operation == Operation::Play && !was_open).then(|| row.stream_id.clone());
    sessions::put(db, row).await?;
    if let Some(stream_id) = viewed {
        idle::viewer_changed(api, db, &application, &stream_id, event.at).await?;
    }
    Ok(!was_open)
}

async fn changed(
    api: &Api,
    db: &impl ConnectionTrait,
    event: &WorkerEvent,
    session: &SessionReport,
    state: SessionState,
) -> Stored<bool> {
    let Some(application) = api.directory().find(session.application.as_str()) else { return Ok(false) };
    let before = sessions::find(db, session.session.uuid()).await?;
    if before.as_ref().is_some_and(|row| row.ended_at.is_some()) {
        return Ok(false);
    }
    sessions::put(db, row_of(&application, event, session, state)).await?;
    Ok(true)
}

async fn stream_started(
    api: &Api,
    db: &impl ConnectionTrait,
    event: &WorkerEvent,
    stream: &StreamReport,
) -> Stored<bool> {
    let Some(application) = api.directory().find(stream.application.as_str()) else { return Ok(false) };
    let found = broadcasts::find_to_change(db, application.id, stream.stream_id.as_str()).await?;
    let Some(mut row) = found else { return Ok(false) };
    if row.publisher != Some(stream.publisher.uuid()) {
        // Somebody else publishes by now, or the end overtook the start.
        return Ok(false);
    }
    row.status = BroadcastStatus::Broadcasting.as_str().to_owned();
    row.worker = Some(event.worker.uuid());
    row.publish_protocol = Some(stream.protocol.as_str().to_owned());
    row.started_at = Some(stream.since.as_millis());
    row.updated_at = Some(api.now().as_millis());
    tell_of_stream(api, db, &application, &row, Action::LiveStreamStarted, event.at).await?;
    rooms::started(api, db, &application, &row, event.at).await?;
    idle::let_run(api, db, &application, &row, event.at).await?;
    broadcasts::update(db, row).await
}

/// A session's row as its worker reports it.
pub fn row_of(
    application: &Entry,
    event: &WorkerEvent,
    session: &SessionReport,
    state: SessionState,
) -> sessions::Model {
    sessions::Model {
        id: session.session.uuid(),
        application_id: application.id,
        stream_id: session.stream_id.to_string(),
        operation: session.operation.as_str().to_owned(),
        protocol: session.protocol.as_str().to_owned(),
        subscriber_id: session.subscriber.as_ref().map(ToString::to_string),
        address: session.peer.address.to_string(),
        user_agent: sessions::storable(session.peer.user_agent.as_deref()),
        client: session.client.as_str().to_owned(),
        admitted_by: serde_json::to_value(&session.admitted_by).unwrap_or_default(),
        state: state_word(state).to_owned(),
        started: true,
        worker: event.worker.uuid(),
        since: session.since.as_millis(),
        ended_at: None,
        end_reason: None,
        stats: serde_json::to_value(session.stats).unwrap_or_default(),
        parameters: None,
    }
}

pub const fn state_word(state: SessionState) -> &'static str {
    match state {
        SessionState::Active => "active",
        SessionState::Suspended => "suspended",
        SessionState::Ended => "ended",
    }
}

fn update_picture(api: &Api, event: &WorkerEvent) {
    let picture = &api.fleet().picture;
    picture.heard(event.worker, api.now());
    match &event.kind {
        EventKind::SessionStarted { session }
        | EventKind::SessionSuspended { session }
        | EventKind::SessionResumed { session } => picture.session_changed(event.worker, session),
        EventKind::SessionEnded { session, .. } => picture.session_ended(session.session),
        EventKind::StreamStarted { stream } => picture.stream_started(event.worker, stream),
        EventKind::StreamEnded { stream, .. } => {
            picture.stream_ended(&stream.application, &stream.stream_id, stream.publisher);
        }
        EventKind::Said { .. } | EventKind::Recorded { .. } => {}
    }
}

fn announce(api: &Api, event: &WorkerEvent) {
    let at: UnixTime = event.at;
    let session_event = |kind, session: &SessionReport| {
        api.emit_session(SessionEvent { kind, at, session: open_session(event.worker, session) });
    };
    match &event.kind {
        EventKind::SessionStarted { session } => session_event(SessionEventKind::Started, session),
        EventKind::SessionSuspended { session } => session_event(SessionEventKind::Suspended, session),
        EventKind::SessionResumed { session } => session_event(SessionEventKind::Resumed, session),
        EventKind::StreamStarted { stream } => api.emit_broadcast(BroadcastEvent {
            kind: BroadcastEventKind::Started,
            at,
            application: stream.application.clone(),
            stream_id: stream.stream_id.clone(),
            reason: None,
        }),
        // Told by what closed them, or to webhooks only.
        EventKind::SessionEnded { .. }
        | EventKind::StreamEnded { .. }
        | EventKind::Said { .. }
        | EventKind::Recorded { .. } => {}
    }
}

/// Whether a session that ended for this reason may come back when its worker does.
pub fn may_return(reason: Option<&str>, operation: &str) -> bool {
    let returns = [EndReason::WorkerLost, EndReason::Idle].map(EndReason::as_str);
    match reason {
        None => true,
        Some(reason) => {
            returns.contains(&reason)
                && (operation == Operation::Play.as_str() || reason == EndReason::WorkerLost.as_str())
        }
    }
}
