//! Subscribers: named publishers and players of a broadcast, and their codes.

use std::collections::HashMap;

use data_encoding::BASE32;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sluice_contract::message::EndReason;
use sluice_contract::policy::totp::{self, CodeError};
use sluice_contract::{ApplicationName, Operation, Secret, SessionId, StreamId, SubscriberId, UnixTime};
use uuid::Uuid;

use super::{
    Application, AuditRecord, BlockOperations, Cursor, Entry, ManageError, Outcome, Page, Problem, ProblemCode, Role,
    Slice,
};
use crate::Api;
use crate::gate::subscriber_facts;
use crate::store::{self, Lock, StoreError, events, retried, sessions, subscribers};

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
    pub last_block: Option<(BlockOperations, UnixTime)>,
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
        application: &Application,
        stream_id: &StreamId,
        put: PutSubscriber,
    ) -> Outcome<Subscriber> {
        application.require(Role::Operator)?;
        let subscriber_id = subscriber_id(put.subscriber_id.as_deref().unwrap_or_default())?;
        let secret = put.b32_secret.filter(|secret| !secret.expose().trim().is_empty());
        let secret = secret.as_ref().map(decoded).transpose()?;
        let period = self.period(application, put.totp_period_seconds)?;
        let limit = connections_limit(put.concurrent_connections_limit)?;
        let operation = put.operation.as_deref().and_then(Operation::parse);
        let row = retried(async || {
            let transaction = self.store().transaction().await?;
            let db = &transaction;
            let old = subscribers::find(db, application.id, stream_id.as_str(), subscriber_id.as_str()).await?;
            let is_new = old.is_none();
            let (id, created_at) =
                old.map_or_else(|| (Uuid::now_v7(), self.now().as_millis()), |row| (row.id, row.created_at));
            let row = subscribers::Model {
                id,
                application_id: application.id,
                stream_id: stream_id.to_string(),
                subscriber_id: subscriber_id.to_string(),
                name: put.name.clone(),
                operation: operation.map(|operation| operation.as_str().to_owned()),
                secret: self.sealed(id, secret.as_ref())?,
                totp_period_seconds: period,
                concurrent_connections_limit: limit,
                created_at,
                average_video_bps: 0,
                average_audio_bps: 0,
                measured_ms: 0,
            };
            let written = if is_new {
                subscribers::insert_if_absent(db, row.clone()).await?
            } else {
                subscribers::update(db, row.clone()).await?
            };
            if !written {
                // It came, or went, meanwhile.
                return Err(StoreError::Retry.into());
            }
            store::commit(transaction).await?;
            Ok::<_, ManageError>(row)
        })
        .await?;
        self.tell(application, stream_id, &subscriber_id, "put-subscriber");
        self.one(application, row).await
    }

    /// Creates a record; the second value is a generated secret.
    ///
    /// # Errors
    /// `already-exists`, `invalid`, `forbidden`.
    pub async fn create_subscriber(
        &self,
        application: &Application,
        stream_id: &StreamId,
        new: NewSubscriber,
    ) -> Outcome<(Subscriber, Option<RevealedSecret>)> {
        application.require(Role::Operator)?;
        let subscriber_id = subscriber_id(&new.subscriber_id)?;
        let id = Uuid::now_v7();
        let period = self.period(application, new.totp_period_seconds)?;
        let (secret, revealed) = self.chosen(new.secret, stream_id, &subscriber_id, period)?;
        let row = subscribers::Model {
            id,
            application_id: application.id,
            stream_id: stream_id.to_string(),
            subscriber_id: subscriber_id.to_string(),
            name: new.name,
            operation: new.operation.map(|operation| operation.as_str().to_owned()),
            secret: self.sealed(id, secret.as_ref())?,
            totp_period_seconds: period,
            concurrent_connections_limit: connections_limit(new.concurrent_connections_limit)?,
            created_at: self.now().as_millis(),
            average_video_bps: 0,
            average_audio_bps: 0,
            measured_ms: 0,
        };
        if !subscribers::insert_if_absent(self.store().writer(), row.clone()).await? {
            return Err(ManageError::problem_at(
                ProblemCode::AlreadyExists,
                "subscriberId",
                "the stream has a subscriber of this id already",
            ));
        }
        self.tell(application, stream_id, &subscriber_id, "create-subscriber");
        Ok((self.one(application, row).await?, revealed))
    }

    /// # Errors
    /// `not-found`, `invalid`, `forbidden`.
    pub async fn update_subscriber(
        &self,
        application: &Application,
        stream_id: &StreamId,
        subscriber_id: &SubscriberId,
        changes: SubscriberChanges,
    ) -> Outcome<(Subscriber, Option<RevealedSecret>)> {
        application.require(Role::Operator)?;
        let (row, revealed) =
            retried(|| self.change_subscriber(application, stream_id, subscriber_id, &changes)).await?;
        self.tell(application, stream_id, subscriber_id, "update-subscriber");
        Ok((self.one(application, row).await?, revealed))
    }

    async fn change_subscriber(
        &self,
        application: &Application,
        stream_id: &StreamId,
        subscriber_id: &SubscriberId,
        changes: &SubscriberChanges,
    ) -> Outcome<(subscribers::Model, Option<RevealedSecret>)> {
        let transaction = self.store().transaction().await?;
        let found = subscribers::find(&transaction, application.id, stream_id.as_str(), subscriber_id.as_str()).await?;
        let mut row = found.ok_or_else(|| {
            ManageError::problem_at(ProblemCode::NotFound, "subscriberId", "the stream has no such subscriber")
        })?;
        if let Some(name) = &changes.name {
            row.name.clone_from(name);
        }
        if let Some(operation) = changes.operation {
            row.operation = operation.map(|operation| operation.as_str().to_owned());
        }
        if changes.totp_period_seconds.is_some() {
            row.totp_period_seconds = self.period(application, changes.totp_period_seconds)?;
        }
        if changes.concurrent_connections_limit.is_some() {
            row.concurrent_connections_limit = connections_limit(changes.concurrent_connections_limit)?;
        }
        let mut revealed = None;
        if let Some(choice) = &changes.secret {
            let secret;
            (secret, revealed) = self.chosen(choice.clone(), stream_id, subscriber_id, row.totp_period_seconds)?;
            row.secret = self.sealed(row.id, secret.as_ref())?;
        }
        subscribers::update(&transaction, row.clone()).await?;
        store::commit(transaction).await?;
        Ok((row, revealed))
    }

    pub async fn subscriber(
        &self,
        application: &Application,
        stream_id: &StreamId,
        subscriber_id: &SubscriberId,
    ) -> Outcome<Option<Subscriber>> {
        let db = self.store().reader();
        match subscribers::find(db, application.id, stream_id.as_str(), subscriber_id.as_str()).await? {
            Some(row) => self.one(application, row).await.map(Some),
            None => Ok(None),
        }
    }

    /// Several at once, for loaders; unknown ones are left out.
    pub async fn subscribers_by_keys(
        &self,
        application: &Application,
        keys: &[(StreamId, SubscriberId)],
    ) -> Outcome<HashMap<(StreamId, SubscriberId), Subscriber>> {
        let mut found = HashMap::new();
        for chunk in keys.chunks(KEYS_AT_ONCE) {
            let names = chunk.iter().map(|(stream, subscriber)| (stream.as_str(), subscriber.as_str()));
            let rows = subscribers::find_many(self.store().reader(), application.id, names).await?;
            for subscriber in self.several(application, rows).await? {
                found.insert((subscriber.stream_id.clone(), subscriber.subscriber_id.clone()), subscriber);
            }
        }
        Ok(found)
    }

    pub async fn subscriber_by_id(&self, application: &Application, id: Uuid) -> Outcome<Option<Subscriber>> {
        match subscribers::find_by_id(self.store().reader(), application.id, id).await? {
            Some(row) => self.one(application, row).await.map(Some),
            None => Ok(None),
        }
    }

    /// In order of creation.
    pub async fn subscribers(
        &self,
        application: &Application,
        stream_id: &StreamId,
        filter: SubscriberFilter,
        page: Page,
    ) -> Outcome<Slice<Subscriber>> {
        let db = self.store().reader();
        let rows = subscribers::list(db, application.id, stream_id.as_str(), &filter, &page).await?;
        let nodes = self.several(application, rows).await?;
        Ok(Slice::of(&page, nodes, |node| Entry { cursor: Cursor::of(node.id), node }))
    }

    pub async fn count_subscribers(
        &self,
        application: &Application,
        stream_id: &StreamId,
        filter: SubscriberFilter,
    ) -> Outcome<u64> {
        Ok(subscribers::count(self.store().reader(), application.id, stream_id.as_str(), &filter).await?)
    }

    /// True if there was one. Its sessions end; its blocks stay.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delete_subscriber(
        &self,
        application: &Application,
        stream_id: &StreamId,
        subscriber_id: &SubscriberId,
    ) -> Outcome<bool> {
        application.require(Role::Operator)?;
        let (stream, subscriber) = (stream_id.as_str(), subscriber_id.as_str());
        // A decision that still found the record has written its session down by then, and it ends here.
        let transaction = self.store().locked(&[Lock::Subscriber(application.id, stream, subscriber)]).await?;
        let deleted = subscribers::delete(&transaction, application.id, stream, subscriber).await?;
        store::commit(transaction).await?;
        if deleted {
            self.end_sessions(application, stream_id, subscriber_id).await?;
            self.tell(application, stream_id, subscriber_id, "delete-subscriber");
        }
        Ok(deleted)
    }

    /// Deletes all of a stream, and their connection events; returns how many. Blocks stay.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delete_all_subscribers(&self, application: &Application, stream_id: &StreamId) -> Outcome<u64> {
        application.require(Role::Operator)?;
        let stream = stream_id.as_str();
        let connected = sessions::open_counts(self.store().reader(), application.id, vec![stream.to_owned()]).await?;
        let (ending, deleted) = retried(async || {
            let transaction = self.store().transaction().await?;
            let mut ending = Vec::new();
            for (_, subscriber_id, _) in &connected {
                // Only those with a record lose something; others were admitted without one.
                if subscribers::find(&transaction, application.id, stream, subscriber_id).await?.is_some() {
                    ending.extend(subscriber_id.parse::<SubscriberId>().ok());
                }
            }
            let deleted = subscribers::delete_all(&transaction, application.id, stream).await?;
            events::delete_of_stream(&transaction, application.id, stream).await?;
            store::commit(transaction).await?;
            Ok::<_, StoreError>((ending, deleted))
        })
        .await?;
        for subscriber_id in &ending {
            self.end_sessions(application, stream_id, subscriber_id).await?;
        }
        if deleted > 0 {
            self.record(AuditRecord::action_on(self, "delete-subscribers", application, stream_id));
        }
        Ok(deleted)
    }

    /// A code for a subscriber, registered or not. `operation` is the caller's own word; it matters for derived codes
    /// only, where one trailing `-H` (a slip of a published sample) is overlooked.
    ///
    /// # Errors
    /// `missing` or `invalid` operation, `secret-not-configured`, `forbidden`.
    pub async fn generate_code(
        &self,
        application: &Application,
        stream_id: &StreamId,
        subscriber_id: &SubscriberId,
        operation: Option<&str>,
    ) -> Outcome<GeneratedCode> {
        application.require(Role::Operator)?;
        let db = self.store().reader();
        let row = subscribers::find(db, application.id, stream_id.as_str(), subscriber_id.as_str()).await?;
        let record = row.as_ref().map(|row| subscriber_facts(self, row)).transpose()?;
        let derived = record.as_ref().is_none_or(|record| record.secret.is_none());
        let word = operation.map(str::trim).filter(|word| !word.is_empty());
        let parsed = word.map(|word| word.strip_suffix("-H").unwrap_or(word)).and_then(Operation::parse);
        if derived && parsed.is_none() {
            let code = if word.is_some() { ProblemCode::Invalid } else { ProblemCode::Missing };
            return Err(ManageError::problem_at(code, "type", "type must be publish or play"));
        }
        let now = self.now();
        let settings = &application.settings;
        let code = totp::generated_code(settings, record.as_ref(), subscriber_id, stream_id, parsed, now).map_err(
            |error| match error {
                CodeError::OperationMissing => Problem::new(ProblemCode::Missing, error.to_string()).at("type"),
                CodeError::SecretNotConfigured(operation) => Problem::new(
                    ProblemCode::SecretNotConfigured,
                    format!("Secret is not set in the application settings for {operation}"),
                ),
            },
        )?;
        let period_seconds = match &record {
            Some(record) if !derived => record.totp_period_seconds,
            _ => settings.time_token_period,
        };
        let step_ms = i64::from(period_seconds.max(1)) * 1_000;
        self.tell(application, stream_id, subscriber_id, "generate-code");
        Ok(GeneratedCode {
            code: Secret::new(code),
            period_seconds,
            step_ends_at: UnixTime::from_millis((now.as_millis().div_euclid(step_ms) + 1).saturating_mul(step_ms)),
            derived,
        })
    }

    async fn end_sessions(
        &self,
        application: &Application,
        stream_id: &StreamId,
        subscriber_id: &SubscriberId,
    ) -> Outcome<()> {
        let db = self.store().reader();
        let (stream, subscriber) = (stream_id.as_str(), subscriber_id.as_str());
        // Also those that ended because their player fell silent: their tickets would let it return.
        let life = i64::from(application.settings.ticket_max_life_seconds);
        let since = self.now().plus_secs(-life).as_millis();
        let rows =
            sessions::returnable_of_subscriber(db, application.id, stream, subscriber, since, MOST_SESSIONS_ENDED)
                .await?;
        let ends = rows.iter().map(|row| self.end_session(SessionId::new(row.id), EndReason::Deleted));
        futures_util::future::try_join_all(ends).await?;
        Ok(())
    }

    fn tell(&self, application: &Application, stream_id: &StreamId, subscriber_id: &SubscriberId, code: &str) {
        let mut record = AuditRecord::action_on(self, code, application, stream_id);
        record.subscriber_id = Some(subscriber_id.to_string());
        self.record(record);
    }

    /// The secret that was chosen, and its readable form if it is new.
    fn chosen(
        &self,
        choice: NewSubscriberSecret,
        stream_id: &StreamId,
        subscriber_id: &SubscriberId,
        period: i64,
    ) -> Outcome<(Option<DecodedSecret>, Option<RevealedSecret>)> {
        match choice {
            NewSubscriberSecret::None => Ok((None, None)),
            NewSubscriberSecret::Base32(text) => Ok((Some(decoded(&text)?), None)),
            NewSubscriberSecret::Generate => {
                let bytes = self.secrets().random::<20>()?;
                let base32 = BASE32.encode(&bytes);
                let label = utf8_percent_encode(&format!("{stream_id}:{subscriber_id}"), NON_ALPHANUMERIC).to_string();
                let otpauth_url = Secret::new(format!(
                    "otpauth://totp/{label}?secret={base32}&issuer=Sluice&algorithm=SHA1&digits=6&period={period}"
                ));
                Ok((
                    Some(Secret::new(bytes.to_vec())),
                    Some(RevealedSecret { base32: Secret::new(base32), otpauth_url }),
                ))
            }
        }
    }

    fn sealed(&self, id: Uuid, secret: Option<&DecodedSecret>) -> Outcome<Option<Vec<u8>>> {
        let seal = |secret: &DecodedSecret| self.secrets().seal(&subscribers::place(id), secret.expose());
        Ok(secret.map(seal).transpose()?)
    }

    fn period(&self, application: &Application, given: Option<i64>) -> Outcome<i64> {
        match given {
            None => Ok(i64::from(application.settings.time_token_period)),
            Some(period) if (10..=2_147_483_647).contains(&period) => Ok(period),
            Some(_) => Err(ManageError::problem_at(
                ProblemCode::Invalid,
                "totpPeriodSeconds",
                "Custom TOTP expiry period must be between 10 and 2147483647",
            )),
        }
    }
}

fn subscriber_id(text: &str) -> Outcome<SubscriberId> {
    let text = text.trim();
    if text.chars().count() < SHORTEST_ID {
        return Err(ManageError::problem_at(
            ProblemCode::Missing,
            "subscriberId",
            "Missing parameter: subscriberId must be given and longer than 3 characters",
        ));
    }
    text.parse().map_err(|error| {
        Problem::new(ProblemCode::Invalid, format!("the subscriber id is not valid: {error}")).at("subscriberId").into()
    })
}

fn decoded(text: &Secret<String>) -> Outcome<DecodedSecret> {
    totp::decode_base32(text.expose()).map_err(|error| {
        let message = format!("Secret code is not multiple of 8 bytes length, or not valid Base32 (RFC 4648): {error}");
        Problem::new(ProblemCode::Invalid, message).at("secret").into()
    })
}

fn connections_limit(given: Option<i64>) -> Outcome<i64> {
    match given {
        None => Ok(1),
        Some(limit) if (1..=i64::from(u32::MAX)).contains(&limit) => Ok(limit),
        Some(_) => Err(ManageError::problem_at(
            ProblemCode::Invalid,
            "concurrentConnectionsLimit",
            "the limit of concurrent connections must be at least 1",
        )),
    }
}

/// The bytes that codes are made of.
type DecodedSecret = Secret<Vec<u8>>;

/// Existing clients are told "3", and need 4.
const SHORTEST_ID: usize = 4;
/// Keys in one statement: each is two parameters and a level of nesting.
pub(super) const KEYS_AT_ONCE: usize = 100;
const MOST_SESSIONS_ENDED: u64 = 1_000;
