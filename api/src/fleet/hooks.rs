//! What webhooks hear of streams and players, in the transaction that writes it down, and of messages, without one.

use serde_json::{Map, Value, json};
use sluice_contract::message::{DataMessage, RecordingReport};
use sluice_contract::{SessionId, StreamId, SubscriberId, UnixTime};

use uuid::Uuid;

use crate::Api;
use crate::directory::Entry;
use crate::store::{ConnectionTrait, Stored, broadcasts, sessions};
use crate::webhooks::{Action, BINARY_DATA, DATA, Happening, is_heard, pass_on, tell};

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

/// Tells of a recording that is complete.
pub async fn tell_of_recording(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    broadcast: Option<&broadcasts::Model>,
    recording: &RecordingReport,
) -> Stored<()> {
    let name = recording.file_name.strip_suffix(".mp4").unwrap_or(&recording.file_name);
    let fields = [
        ("vodName", name.to_owned()),
        ("vodId", recording.vod.to_string()),
        ("duration", recording.duration_ms.to_string()),
    ];
    let happening = Happening {
        action: Action::VodReady,
        stream_id: recording.stream_id.as_str(),
        broadcast,
        subscriber_id: None,
        at: recording.finished_at,
        fields: fields.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect(),
        parameters: None,
    };
    tell(api, db, application, happening).await
}

/// A message of a data channel.
pub struct Said<'a> {
    pub session: SessionId,
    pub stream_id: &'a StreamId,
    pub subscriber: Option<&'a SubscriberId>,
    pub message: &'a DataMessage,
    pub at: UnixTime,
}

/// Tells what somebody wrote to a data channel.
pub async fn tell_what_was_said(api: &Api, application: &Entry, event: Uuid, said: Said<'_>) -> Stored<()> {
    let (name, data) = match said.message {
        DataMessage::Text(text) => (DATA, text),
        DataMessage::Binary(base64) => (BINARY_DATA, base64),
    };
    let fields = [(name, data.clone()), ("sessionId", said.session.to_string())];
    let happening = Happening {
        action: Action::DataChannelMessage,
        stream_id: said.stream_id.as_str(),
        broadcast: None,
        subscriber_id: said.subscriber.map(SubscriberId::as_str),
        at: said.at,
        fields: fields.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect(),
        parameters: None,
    };
    pass_on(api, application, event, happening).await
}
