//! Writes events down for delivery, in the transaction of what they tell: an event exists exactly when what it tells
//! has happened, whatever ends the process next. What is said over data channels changes nothing here and has no
//! transaction: it is kept under the id that its worker gave it ([`pass_on`]).

use serde_json::Value;
use sluice_contract::{ApplicationSettings, UnixTime};
use uuid::Uuid;

use super::event::{Action, Happening};
use crate::Api;
use crate::directory::Entry;
use crate::store::{ConnectionTrait, Stored, broadcasts, webhooks};

/// Keeps what happened for the webhook of the stream, or else of the application. Without either, nothing happens.
pub async fn tell(api: &Api, db: &impl ConnectionTrait, application: &Entry, happening: Happening<'_>) -> Stored<()> {
    let now = api.now();
    let due = match happening.action {
        // Told ahead, and due when it has happened.
        Action::IdleTimeIsExpired => now.max(happening.at),
        _ => now,
    };
    let row = row(application, &happening, Uuid::now_v7(), due, due.plus_millis(DELIVERED_WITHIN_MS));
    if let Some(row) = row {
        webhooks::insert(db, vec![row]).await?;
        api.0.webhooks.wake();
    }
    Ok(())
}

/// Keeps what a worker tells under an id of its own, once however often it comes. Nobody's transaction depends on it.
pub async fn pass_on(api: &Api, application: &Entry, id: Uuid, happening: Happening<'_>) -> Stored<()> {
    let now = api.now();
    if let Some(row) = row(application, &happening, id, now, now.plus_millis(SAID_WITHIN_MS)) {
        webhooks::insert(api.store().writer(), vec![row]).await?;
        api.0.webhooks.wake();
    }
    Ok(())
}

/// An id that every API gives to the same event, in the order of time like every other.
pub fn common_id(api: &Api, at: UnixTime, event: &[&str]) -> Uuid {
    let millis = u64::try_from(at.as_millis()).unwrap_or(0);
    let digest = api.secrets().digest(event);
    let mut random = [0; 10];
    for (to, from) in random.iter_mut().zip(digest) {
        *to = from;
    }
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// True when something may hear of the stream, so that what it would hear is worth gathering.
pub fn is_heard(settings: &ApplicationSettings, broadcast: Option<&broadcasts::Model>) -> bool {
    address(settings, broadcast).is_some()
}

/// The event as it is kept, due at `due` by our clock, whatever the worker's says; `None` when nobody wants it.
pub fn row(
    application: &Entry,
    happening: &Happening<'_>,
    id: Uuid,
    due: UnixTime,
    expires_at: UnixTime,
) -> Option<webhooks::Model> {
    let settings = &application.settings;
    if !happening.action.is_wanted(settings) {
        return None;
    }
    Some(webhooks::Model {
        id,
        application_id: application.id,
        stream_id: happening.stream_id.to_owned(),
        action: happening.action.as_str().to_owned(),
        minor: happening.action.is_minor(),
        address: receiver(settings, happening)?,
        fields: Value::Object(happening.fields(application.name.as_str())).to_string(),
        created_at: happening.at.as_millis(),
        expires_at: expires_at.as_millis(),
        attempts: 0,
        next_at: Some(due.as_millis()),
        lease: None,
        leased_until: 0,
        last_at: None,
        last_outcome: None,
        delivered_at: None,
    })
}

fn receiver(settings: &ApplicationSettings, happening: &Happening<'_>) -> Option<String> {
    match happening.action {
        Action::DataChannelMessage => {
            Some(settings.data_channel_web_hook_url.trim().to_owned()).filter(|url| !url.is_empty())
        }
        _ => address(settings, happening.broadcast),
    }
}

/// The stream's own webhook comes before the application's.
fn address(settings: &ApplicationSettings, broadcast: Option<&broadcasts::Model>) -> Option<String> {
    let own = broadcast.and_then(|broadcast| broadcast.other.get("listenerHookURL")).and_then(Value::as_str);
    [own, Some(settings.listener_hook_url.as_str())]
        .into_iter()
        .flatten()
        .map(str::trim)
        .find(|address| !address.is_empty())
        .map(str::to_owned)
}

/// A conversation has gone on by then.
const SAID_WITHIN_MS: i64 = 3_600_000;
/// An event older than a day tells nobody anything.
const DELIVERED_WITHIN_MS: i64 = 86_400_000;
