//! Hello and welcome: a worker says what it carries and learns what it must enforce.

use std::collections::{BTreeSet, HashMap};

use crate::store::ConnectionTrait;
use sluice_contract::message::{EndReason, Hello, SessionReport, VERSION, Welcome, WorkerEvent};
use sluice_contract::{Block, Operation, SessionId, UnixTime};
use tracing::info;
use uuid::Uuid;

use super::Told;
use super::closing::connection_event;
use super::events::{may_return, row_of};
use super::hooks::tell_of_stream;
use super::rooms;
use crate::Api;
use crate::directory::Entry;
use crate::manage::{BroadcastStatus, ConnectionEventKind, block_of_row, revocation_of_row};
use crate::store::{
    self, StoreError, Stored, blocks, broadcasts, events as connection_events, retried, revocations, server, sessions,
};
use crate::webhooks::{Action, idle};

/// Takes a worker in and tells it the whole state, of one moment: revisions are committed in their order, so it holds
/// every change up to its own. A command that is on its way meanwhile is newer, or says what the worker then knows.
pub async fn welcome(api: &Api, hello: Hello) -> Stored<Welcome> {
    let now = api.now();
    api.current_directory().await?;
    let end_sessions = retried(|| reconcile(api, &hello, now)).await?;
    let snapshot = api.current_snapshot().await?;
    let revision = server::revision(&snapshot).await?;
    let blocks: Vec<Block> = blocks::active(&snapshot, now.as_millis())
        .await?
        .iter()
        .filter_map(|row| block_of_row(row, &api.directory().find_by_id(row.application_id)?.name))
        .collect();
    let revocations =
        revocations::active(&snapshot, now.as_millis()).await?.iter().filter_map(revocation_of_row).collect();
    let applications =
        api.directory().all().iter().map(|entry| entry.settings.worker_view(&entry.name, entry.created_at)).collect();
    let ticket_keys = api.ticket_keys(&snapshot).await?;
    drop(snapshot);
    api.fleet().reached(revision);
    api.fleet().picture.hello(&hello, now);
    if api.store().is_shared() {
        let (name, relay) = (hello.name.clone(), hello.relay.clone());
        api.fleet().notices.tell(Told::Joined { worker: hello.worker, name, relay });
    }
    info!(worker.id = %hello.worker, sessions = hello.sessions.len(), "a worker joined");
    Ok(Welcome { version: VERSION, revision, applications, blocks, ticket_keys, end_sessions, revocations })
}

/// Brings our records and the worker's sessions together. Returns those that have no right to go on.
async fn reconcile(api: &Api, hello: &Hello, now: UnixTime) -> Stored<Vec<(SessionId, EndReason)>> {
    if hello.sessions.is_empty() {
        return Ok(Vec::new());
    }
    let mut ending = Vec::new();
    let transaction = api.store().transaction().await?;
    for chunk in hello.sessions.chunks(CHUNK) {
        let ids = chunk.iter().map(|session| session.session.uuid()).collect();
        let rows: HashMap<Uuid, sessions::Model> =
            sessions::find_many(&transaction, ids).await?.into_iter().map(|row| (row.id, row)).collect();
        let mut going_on = Vec::with_capacity(chunk.len());
        for session in chunk {
            let Some(application) = api.directory().find(session.application.as_str()) else {
                ending.push((session.session, EndReason::Deleted));
                continue;
            };
            let row = rows.get(&session.session.uuid());
            if row.is_some_and(|row| row.ended_at.is_some() && !may_return(row.end_reason.as_deref(), &row.operation)) {
                ending.push((session.session, EndReason::Stopped));
                continue;
            }
            let event = WorkerEvent {
                id: Uuid::nil(),
                worker: hello.worker,
                at: now,
                kind: sluice_contract::message::EventKind::SessionStarted { session: session.clone() },
            };
            if session.operation == Operation::Publish
                && !return_stream(api, &transaction, &application, hello, session, row, now).await?
            {
                ending.push((session.session, EndReason::Replaced));
                continue;
            }
            let next = row_of(&application, &event, session, session.state);
            if let Some(subscriber_id) = &next.subscriber_id
                && row.is_some_and(|row| row.started && row.ended_at.is_some())
                && application.settings.write_subscriber_events_to_datastore
            {
                // Its end was written down when its worker was lost; it came back.
                let came = connection_event(Uuid::now_v7(), &next, subscriber_id, ConnectionEventKind::Connected, now);
                connection_events::insert(&transaction, came).await?;
            }
            going_on.push(next);
        }
        let watched: BTreeSet<(String, String)> = going_on
            .iter()
            .filter(|row| row.operation == Operation::Play.as_str())
            .filter_map(|row| {
                Some((api.directory().find_by_id(row.application_id)?.name.to_string(), row.stream_id.clone()))
            })
            .collect();
        sessions::put_many(&transaction, going_on).await?;
        for (application, stream_id) in watched {
            if let Some(application) = api.directory().find(&application) {
                idle::viewer_changed(api, &transaction, &application, &stream_id, now).await?;
            }
        }
    }
    store::commit(transaction).await?;
    Ok(ending)
}

/// Puts the stream of a publisher that was there all the time back on air. False if somebody else has it by now.
async fn return_stream(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    hello: &Hello,
    session: &SessionReport,
    known: Option<&sessions::Model>,
    now: UnixTime,
) -> Stored<bool> {
    let publisher = session.session.uuid();
    let mut row = match broadcasts::find_to_change(db, application.id, session.stream_id.as_str()).await? {
        Some(row) => row,
        None => {
            let row = broadcasts::Model {
                ephemeral: true,
                ..crate::manage::new_row(application.id, &session.stream_id, now)
            };
            if !broadcasts::insert_if_absent(db, row.clone()).await? {
                return Err(StoreError::Retry);
            }
            row
        }
    };
    if row.publisher.is_some_and(|other| other != publisher) {
        return Ok(false);
    }
    // Its end was told when its worker was lost.
    let comes_back = row.publisher.is_none();
    row.publisher = Some(publisher);
    row.worker = Some(hello.worker.uuid());
    row.publish_protocol = Some(session.protocol.as_str().to_owned());
    row.started_at = row.started_at.or(Some(session.since.as_millis()));
    row.updated_at = Some(now.as_millis());
    // Whoever was admitted and has sent nothing yet is not on air: the start of a stream is an event of its own.
    if comes_back {
        row.status = BroadcastStatus::Broadcasting.as_str().to_owned();
        rooms::begin_again(db, &mut row, known.and_then(|known| known.parameters.as_deref()), now).await?;
        tell_of_stream(api, db, application, &row, Action::LiveStreamStarted, now).await?;
        rooms::started(api, db, application, &row, now).await?;
        idle::let_run(api, db, application, &row, now).await?;
    }
    broadcasts::update(db, row).await
}

/// Sessions looked up in one statement.
const CHUNK: usize = 500;
