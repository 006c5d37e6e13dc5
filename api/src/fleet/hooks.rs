//! What webhooks hear of streams and players, in the transaction that writes it down.

use serde_json::{Map, Value, json};
use sluice_contract::UnixTime;

use crate::Api;
use crate::directory::Entry;
use crate::store::{ConnectionTrait, Stored, broadcasts, sessions};
use crate::webhooks::{Action, Happening, is_heard, tell};

/// Tells of a stream, which `broadcast` still names the publisher of.
pub async fn tell_of_stream(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    broadcast: &broadcasts::Model,
    action: Action,
    at: UnixTime,
) -> Stored<()> {
    if !is_heard(&application.settings, Some(broadcast)) {
        return Ok(());
    }
    let publisher = match broadcast.publisher {
        Some(publisher) => sessions::find(db, publisher).await?,
        None => None,
    };
    let subscriber_id = publisher.as_ref().and_then(|session| session.subscriber_id.as_deref());
    let mut fields = Map::new();
    if let (Action::PublishTimeoutError, Some(subscriber_id)) = (action, subscriber_id) {
        fields.insert("metadata".to_owned(), json!({ "subscriberId": subscriber_id }));
    }
    let happening = Happening {
        action,
        stream_id: &broadcast.stream_id,
        broadcast: Some(broadcast),
        subscriber_id,
        at,
        fields,
        parameters: publisher.as_ref().and_then(|session| session.parameters.as_deref()),
    };
    tell(api, db, application, happening).await
}

/// Tells of a player.
pub async fn tell_of_player(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    session: &sessions::Model,
    action: Action,
    at: UnixTime,
) -> Stored<()> {
    let broadcast = broadcasts::find(db, application.id, &session.stream_id).await?;
    let happening = Happening {
        action,
        stream_id: &session.stream_id,
        broadcast: broadcast.as_ref(),
        subscriber_id: session.subscriber_id.as_deref(),
        at,
        fields: Map::from_iter([("protocol".to_owned(), Value::from(session.protocol.as_str()))]),
        parameters: None,
    };
    tell(api, db, application, happening).await
}
