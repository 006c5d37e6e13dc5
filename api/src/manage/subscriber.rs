//! Subscribers: named publishers and players of a broadcast, and their codes.

use std::collections::HashMap;

use sluice_contract::{ApplicationName, Operation, Secret, StreamId, SubscriberId, UnixTime};
use uuid::Uuid;

use super::problem::provisional;
use super::{Application, Outcome, Page, Slice};
use crate::Api;

/// One subscriber as it stands. Its secret cannot be read back.
#[derive(Debug, Clone)]
pub struct Subscriber {
    pub id: Uuid,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub subscriber_id: SubscriberId,
    pub name: Option<String>,
    /// What the record allows; publishers may also play. `None`: not restricted (see `decisions`).
    pub operation: Option<Operation>,
    pub has_secret: bool,
    /// Length of a step of its own codes, seconds.
    pub totp_period_seconds: u32,
    pub concurrent_connections_limit: u32,
    pub created_at: UnixTime,
    /// Open sessions over all workers.
    pub current_connections: u32,
    /// `None` when that operation is not blocked now.
    pub publish_blocked_until: Option<UnixTime>,
    pub play_blocked_until: Option<UnixTime>,
    /// The last block that was set, ended or not: REST shows it.
    pub last_block: Option<(super::BlockOperations, UnixTime)>,
    /// Over its sessions, bits per second.
    pub average_video_bitrate_bps: i64,
    pub average_audio_bitrate_bps: i64,
}

impl Subscriber {
    pub fn is_connected(&self) -> bool {
        self.current_connections > 0
    }
}

/// A whole record in REST's words: replaces one of the same id (`rest-v2` §5.1).
#[derive(Debug, Clone, Default)]
pub struct PutSubscriber {
    pub subscriber_id: Option<String>,
    pub name: Option<String>,
    pub b32_secret: Option<Secret<String>>,
    /// Anything but `publish` and `play` counts as not given.
    pub operation: Option<String>,
    pub totp_period_seconds: Option<i64>,
    pub concurrent_connections_limit: Option<i64>,
}

/// A record that must not exist yet.
#[derive(Debug, Clone, Default)]
pub struct NewSubscriber {
    pub subscriber_id: String,
    pub name: Option<String>,
    pub secret: NewSubscriberSecret,
    pub operation: Option<Operation>,
    pub totp_period_seconds: Option<i64>,
    pub concurrent_connections_limit: Option<i64>,
}

#[derive(Debug, Clone, Default)]
pub enum NewSubscriberSecret {
    /// Codes derive from the application's secrets.
    #[default]
    None,
    Base32(Secret<String>),
    /// 160 random bits.
    Generate,
}

/// Changes to a record; `None` keeps the value.
#[derive(Debug, Clone, Default)]
pub struct SubscriberChanges {
    pub name: Option<Option<String>>,
    pub secret: Option<NewSubscriberSecret>,
    pub operation: Option<Option<Operation>>,
    pub totp_period_seconds: Option<i64>,
    pub concurrent_connections_limit: Option<i64>,
}

/// A secret at the one moment when it is shown: right after it was generated.
#[derive(Debug, Clone)]
pub struct RevealedSecret {
    pub base32: Secret<String>,
    /// For authenticator apps (`otpauth://totp/…`).
    pub otpauth_url: Secret<String>,
}

/// A code that is valid now.
#[derive(Debug, Clone)]
pub struct GeneratedCode {
    pub code: Secret<String>,
    pub period_seconds: u32,
    /// The end of the code's own step; it is still accepted during the next one.
    pub step_ends_at: UnixTime,
    /// Derived from the application's secret, not the subscriber's own.
    pub derived: bool,
}

#[derive(Debug, Clone, Default)]
pub struct SubscriberFilter {
    /// Case-insensitive part of the id or the name.
    pub search: Option<String>,
    pub operation: Option<Operation>,
}

impl Api {
    /// Creates or replaces a record. Blocks are not touched.
    ///
    /// # Errors
    /// `missing`, `invalid` with REST's texts, `forbidden`.
    pub async fn put_subscriber(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _put: PutSubscriber,
    ) -> Outcome<Subscriber> {
        provisional()
    }

    /// Creates a record; the second value is a generated secret.
    ///
    /// # Errors
    /// `already-exists`, `invalid`, `forbidden`.
    pub async fn create_subscriber(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _new: NewSubscriber,
    ) -> Outcome<(Subscriber, Option<RevealedSecret>)> {
        provisional()
    }

    /// # Errors
    /// `not-found`, `invalid`, `forbidden`.
    pub async fn update_subscriber(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _subscriber_id: &SubscriberId,
        _changes: SubscriberChanges,
    ) -> Outcome<(Subscriber, Option<RevealedSecret>)> {
        provisional()
    }

    pub async fn subscriber(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _subscriber_id: &SubscriberId,
    ) -> Outcome<Option<Subscriber>> {
        provisional()
    }

    /// Several at once, for loaders; unknown ones are left out.
    pub async fn subscribers_by_keys(
        &self,
        _application: &Application,
        _keys: &[(StreamId, SubscriberId)],
    ) -> Outcome<HashMap<(StreamId, SubscriberId), Subscriber>> {
        provisional()
    }

    pub async fn subscriber_by_id(&self, _application: &Application, _id: Uuid) -> Outcome<Option<Subscriber>> {
        provisional()
    }

    /// In order of creation.
    pub async fn subscribers(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _filter: SubscriberFilter,
        _page: Page,
    ) -> Outcome<Slice<Subscriber>> {
        provisional()
    }

    pub async fn count_subscribers(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _filter: SubscriberFilter,
    ) -> Outcome<u64> {
        provisional()
    }

    /// True if there was one. Its sessions end; its blocks stay.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delete_subscriber(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _subscriber_id: &SubscriberId,
    ) -> Outcome<bool> {
        provisional()
    }

    /// Deletes all of a stream, and their connection events; returns how many. Blocks stay.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delete_all_subscribers(&self, _application: &Application, _stream_id: &StreamId) -> Outcome<u64> {
        provisional()
    }

    /// A code for a subscriber, registered or not. `operation` is the caller's own word; it matters for derived codes
    /// only, where one trailing `-H` (a slip of a published sample) is overlooked.
    ///
    /// # Errors
    /// `missing` or `invalid` operation, `secret-not-configured`, `forbidden`.
    pub async fn generate_code(
        &self,
        _application: &Application,
        _stream_id: &StreamId,
        _subscriber_id: &SubscriberId,
        _operation: Option<&str>,
    ) -> Outcome<GeneratedCode> {
        provisional()
    }
}
