//! Performs what a decision asks for, inside the transaction that it was made in.

use crate::store::ConnectionTrait;
use sluice_contract::message::EndReason;
use sluice_contract::policy::{Effect, StreamGrant};
use sluice_contract::{Operation, StreamRequest, UnixTime};
use uuid::Uuid;

use super::facts::{GUESSES_COUNT_MS, Known};
use crate::Api;
use crate::fleet::{Closed, End, close_session, rooms};
use crate::manage::{BroadcastStatus, new_row};
use crate::store::guessing::{self, Whom, totp_mark, wrong_code};
use crate::store::{StoreError, Stored, broadcasts, sessions, tokens, viewer_places};
use crate::webhooks::parameters;

/// # Errors
/// [`StoreError::Retry`] when somebody else was first, and the decision must be made again.
pub async fn perform(
    api: &Api,
    db: &impl ConnectionTrait,
    request: &StreamRequest,
    known: &Known,
    effects: &[Effect],
    now: UnixTime,
) -> Stored<Closed> {
    let mut closed = Closed::default();
    // Every effect belongs to an application and a stream that the policy found valid.
    let (Some(application), Some(stream_id)) = (known.application, &known.stream_id) else { return Ok(closed) };
    let whom = known.subscriber.as_ref().map(|subscriber| Whom {
        application,
        stream_id: stream_id.as_str(),
        subscriber_id: subscriber.as_str(),
    });
    for effect in effects {
        match effect {
            Effect::CreateBroadcast => {
                let row = broadcasts::Model { ephemeral: true, ..new_row(application, stream_id, now) };
                first(broadcasts::insert_if_absent(db, row).await?)?;
            }
            Effect::ReserveToken { client, until } => {
                let token = known.token.ok_or(StoreError::Retry)?;
                first(tokens::reserve(db, token, client.as_str(), until.as_millis(), now.as_millis()).await?)?;
            }
            Effect::SpendToken => {
                let token = known.token.ok_or(StoreError::Retry)?;
                let client = request.client.as_str();
                first(tokens::spend(db, token, Some(client), now.as_millis()).await?)?;
            }
            Effect::MarkTotpStep { counter, client } => {
                let Some(whom) = whom else { continue };
                let step_ms = i64::from(known.totp_period_seconds).saturating_mul(1_000);
                let counter = i64::try_from(*counter).unwrap_or(i64::MAX);
                let mark = totp_mark::Model {
                    id: Uuid::now_v7(),
                    application_id: whom.application,
                    stream_id: whom.stream_id.to_owned(),
                    subscriber_id: whom.subscriber_id.to_owned(),
                    operation: request.operation.as_str().to_owned(),
                    counter,
                    client: client.as_str().to_owned(),
                    // Two steps after its own the code is accepted no more; one more for the skew of clocks.
                    expires_at: counter.saturating_add(4).saturating_mul(step_ms),
                };
                guessing::mark(db, mark).await?;
            }
            Effect::CountFailure => {
                let (Some(whom), Some(code)) = (whom, &request.credentials.subscriber_code) else { continue };
                let application = whom.application.to_string();
                let digest =
                    api.secrets().digest(&[&application, whom.stream_id, whom.subscriber_id, code.expose().trim()]);
                let row = wrong_code::Model {
                    id: Uuid::now_v7(),
                    application_id: whom.application,
                    stream_id: whom.stream_id.to_owned(),
                    subscriber_id: whom.subscriber_id.to_owned(),
                    address: request.peer.address.to_string(),
                    digest,
                    at: now.as_millis(),
                };
                guessing::count_failure(db, row, now.plus_millis(-GUESSES_COUNT_MS).as_millis()).await?;
            }
            Effect::Replace { session } => {
                if let Some(row) = sessions::find(db, session.uuid()).await? {
                    close_session(api, db, row, End::of(EndReason::Replaced, now), &mut closed).await?;
                }
            }
        }
    }
    Ok(closed)
}

/// Writes the session down that was admitted, and the stream that it publishes.
pub async fn admit(
    db: &impl ConnectionTrait,
    request: &StreamRequest,
    grant: &StreamGrant,
    known: &Known,
    now: UnixTime,
) -> Stored<()> {
    let Some(application) = known.application else { return Ok(()) };
    let address = request.peer.address.to_string();
    let row = sessions::Model {
        id: grant.session.uuid(),
        application_id: application,
        stream_id: grant.stream_id.to_string(),
        operation: grant.operation.as_str().to_owned(),
        protocol: grant.protocol.as_str().to_owned(),
        subscriber_id: grant.subscriber.as_ref().map(ToString::to_string),
        address: address.clone(),
        user_agent: sessions::storable(request.peer.user_agent.as_deref()),
        client: request.client.as_str().replace('\0', ""),
        admitted_by: serde_json::to_value(&grant.admitted_by).unwrap_or_default(),
        state: "active".to_owned(),
        started: false,
        worker: request.worker.uuid(),
        since: now.as_millis(),
        ended_at: None,
        end_reason: None,
        stats: serde_json::json!({}),
        parameters: match grant.operation {
            Operation::Publish => parameters(&request.credentials.extra),
            Operation::Play => None,
        },
    };
    sessions::put(db, row).await?;
    if let Some(subscriber) = &grant.subscriber
        && !grant.admitted_by.is_empty()
    {
        let whom = Whom { application, stream_id: grant.stream_id.as_str(), subscriber_id: subscriber.as_str() };
        guessing::know_address(db, whom, &address, now.as_millis()).await?;
    }
    if grant.operation == Operation::Publish {
        // Its effects may have created it, or closed its last publisher.
        let found = broadcasts::find_to_change(db, application, grant.stream_id.as_str()).await?;
        let mut row = match found {
            Some(row) => row,
            None => {
                let row = broadcasts::Model { ephemeral: true, ..new_row(application, &grant.stream_id, now) };
                broadcasts::insert(db, row.clone()).await?;
                row
            }
        };
        row.status = BroadcastStatus::Preparing.as_str().to_owned();
        row.publisher = Some(grant.session.uuid());
        row.worker = Some(request.worker.uuid());
        row.publish_protocol = Some(grant.protocol.as_str().to_owned());
        row.updated_at = Some(now.as_millis());
        rooms::begin(db, &mut row, request.about(), grant.main_track.as_ref(), now).await?;
        broadcasts::update(db, row).await?;
    }
    Ok(())
}

/// Counts a viewer who was let in where a limit holds, until its worker reports it.
pub async fn take_place(
    db: &impl ConnectionTrait,
    request: &StreamRequest,
    known: &Known,
    now: UnixTime,
) -> Stored<()> {
    let (Some(kind), Some(application), Some(stream_id)) = (known.limit, known.application, &known.stream_id) else {
        return Ok(());
    };
    let row = viewer_places::Model {
        id: request.session.uuid(),
        application_id: application,
        stream_id: stream_id.to_string(),
        kind: kind.to_owned(),
        since: now.as_millis(),
    };
    viewer_places::take(db, row).await
}

fn first(was_first: bool) -> Stored<()> {
    if was_first { Ok(()) } else { Err(StoreError::Retry) }
}
