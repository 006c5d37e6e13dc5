//! Messages as bytes: JSON with the AMQP properties that say what it is.
//!
//! A release one older or newer is understood: fields that are not known are ignored, fields that are missing have
//! their default. What cannot be understood is skipped, never an end of the stream that it came on.

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sluice_contract::UnixTime;
use sluice_contract::message::VERSION;
use tracing::{error, warn};
use uuid::Uuid;

use crate::BusError;

/// One kind of message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The AMQP property `type`.
    pub name: &'static str,
    /// A body beyond this is refused before it is parsed.
    pub limit_bytes: usize,
}

const fn kind(name: &'static str, limit_bytes: usize) -> Kind {
    Kind { name, limit_bytes }
}

pub(super) const AUTHORIZE: Kind = kind("authorize", 64 << 10);
/// A grant names the application's settings, never lists.
pub(super) const AUTHORIZE_REPLY: Kind = kind("authorize.reply", 64 << 10);
pub(super) const LOCATE: Kind = kind("locate", 64 << 10);
pub(super) const LOCATE_REPLY: Kind = kind("locate.reply", 64 << 10);
pub(super) const DESCRIBE: Kind = kind("describe", 64 << 10);
/// At most 50 objects, or the names of 1 000 members of a room.
pub(super) const DESCRIBE_REPLY: Kind = kind("describe.reply", 4 << 20);
/// Every session of a worker: 16 000 at 1 KiB.
pub(super) const HELLO: Kind = kind("hello", 16 << 20);
pub(super) const HELLO_REPLY: Kind = kind("hello.reply", 16 << 20);
pub(super) const REPORT: Kind = kind("report", 16 << 20);
pub(super) const CONTROL: Kind = kind("control", 1 << 20);
pub(super) const ACK: Kind = kind("ack", 64 << 10);
pub(super) const EVENT: Kind = kind("event", 1 << 20);
pub(super) const NOTICE: Kind = kind("notice", 1 << 20);
/// No answer could be made; the body is empty.
pub(super) const FAILED: Kind = kind("failed", 0);
/// Sent to see whether the right is there; nobody reads it.
pub(super) const PROBE: Kind = kind("probe", 0);

/// Why a message was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Skipped {
    #[error("a probe")]
    Probe,
    #[error("its kind is not known here")]
    Kind,
    #[error("its version is newer than this release")]
    Newer,
    #[error("its body is too large")]
    TooLarge,
    #[error("its body cannot be read: {0}")]
    Malformed(String),
}

impl Skipped {
    /// Says so, unless it was meant to be skipped. The body stays unsaid: it may hold credentials.
    pub fn log(&self, expected: &Kind, properties: &BasicProperties) {
        if *self == Self::Probe {
            return;
        }
        let kind = properties.kind().as_ref().map(ShortString::as_str);
        let sender = properties.app_id().as_ref().map(ShortString::as_str);
        warn!(reason = %self, expected = expected.name, ?kind, ?sender, "a message on the bus was skipped");
    }
}

/// The body of a message.
///
/// # Errors
/// [`BusError::Failed`] when it would be too large for its readers.
pub(super) fn encode<T: Serialize>(kind: &Kind, message: &T) -> Result<Vec<u8>, BusError> {
    let body = serde_json::to_vec(message).map_err(|_| BusError::Failed)?;
    if body.len() > kind.limit_bytes {
        error!(kind = kind.name, bytes = body.len(), limit = kind.limit_bytes, "a message is too large for the bus");
        return Err(BusError::Failed);
    }
    Ok(body)
}

/// The message in `body`.
pub(super) fn decode<T: DeserializeOwned>(
    kind: &Kind,
    properties: &BasicProperties,
    body: &[u8],
) -> Result<T, Skipped> {
    match properties.kind().as_ref().map(ShortString::as_str) {
        Some(name) if name == kind.name => {}
        Some(name) if name == PROBE.name => return Err(Skipped::Probe),
        _ => return Err(Skipped::Kind),
    }
    if number(properties, VERSION_HEADER).is_some_and(|version| version > VERSION.into()) {
        return Err(Skipped::Newer);
    }
    if body.len() > kind.limit_bytes {
        return Err(Skipped::TooLarge);
    }
    serde_json::from_slice(body).map_err(|error| {
        // The text of the error itself may quote the value that it stumbled over.
        Skipped::Malformed(format!("{:?} at line {} column {}", error.classify(), error.line(), error.column()))
    })
}

/// What every message says about itself. `id` names it; `sender` is the connection's name.
pub(super) fn properties(kind: &Kind, sender: &str, id: Uuid, now: UnixTime) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(VERSION_HEADER.into(), AMQPValue::LongUInt(VERSION));
    BasicProperties::default()
        .with_type(kind.name.into())
        .with_content_type("application/json".into())
        .with_app_id(short(sender))
        .with_message_id(id.to_string().into())
        .with_timestamp(u64::try_from(now.as_secs()).unwrap_or(0))
        .with_delivery_mode(TRANSIENT)
        .with_headers(headers)
}

/// Adds a whole number to the headers.
pub(super) fn with_number(properties: BasicProperties, header: &str, number: u64) -> BasicProperties {
    let mut headers = properties.headers().clone().unwrap_or_default();
    headers.insert(header.into(), AMQPValue::LongLongInt(i64::try_from(number).unwrap_or(i64::MAX)));
    properties.with_headers(headers)
}

/// A whole number from the headers, whatever width its sender chose.
pub(super) fn number(properties: &BasicProperties, header: &str) -> Option<u64> {
    match properties.headers().as_ref()?.inner().get(header)? {
        AMQPValue::LongUInt(number) => Some((*number).into()),
        AMQPValue::LongLongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::LongInt(number) => u64::try_from(*number).ok(),
        AMQPValue::ShortUInt(number) => Some((*number).into()),
        AMQPValue::ShortShortUInt(number) => Some((*number).into()),
        _ => None,
    }
}

/// AMQP's short strings have at most 255 bytes.
fn short(text: &str) -> ShortString {
    let end = (0..=text.len().min(255)).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default().into()
}

const VERSION_HEADER: &str = "sluice-version";
const TRANSIENT: u8 = 1;
/// Written to disk before it is confirmed.
pub(super) const PERSISTENT: u8 = 2;
