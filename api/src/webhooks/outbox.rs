//! Writes events down for delivery, in the transaction of what they tell: an event exists exactly when what it tells
//! has happened, whatever ends the process next.

use serde_json::Value;
use sluice_contract::{ApplicationSettings, UnixTime};
use uuid::Uuid;

use super::event::Happening;
use crate::Api;
use crate::directory::Entry;
use crate::store::{ConnectionTrait, Stored, broadcasts, webhooks};

/// Keeps what happened for the webhook of the stream, or else of the application. Without either, nothing happens.
pub async fn tell(api: &Api, db: &impl ConnectionTrait, application: &Entry, happening: Happening<'_>) -> Stored<()> {
    let now = api.now();
    let row = row(application, &happening, Uuid::now_v7(), now, now.plus_millis(DELIVERED_WITHIN_MS));
    if let Some(row) = row {
        webhooks::insert(db, vec![row]).await?;
        api.0.webhooks.wake();
    }
    Ok(())
}

/// True when something may hear of the stream, so that what it would hear is worth gathering.
pub fn is_heard(settings: &ApplicationSettings, broadcast: Option<&broadcasts::Model>) -> bool {
    address(settings, broadcast).is_some()
}

/// The event as it is kept, due at once by our clock, whatever the worker's says; `None` when nobody wants it.
pub fn row(
    application: &Entry,
    happening: &Happening<'_>,
    id: Uuid,
    now: UnixTime,
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
        address: address(settings, happening.broadcast)?,
        fields: Value::Object(happening.fields(application.name.as_str())).to_string(),
        created_at: happening.at.as_millis(),
        expires_at: expires_at.as_millis(),
        attempts: 0,
        next_at: Some(now.as_millis()),
        lease: None,
        leased_until: 0,
        last_at: None,
        last_outcome: None,
        delivered_at: None,
    })
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

/// An event older than a day tells nobody anything.
const DELIVERED_WITHIN_MS: i64 = 86_400_000;
