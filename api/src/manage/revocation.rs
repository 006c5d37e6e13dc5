//! Says that tickets are dead before their time, and keeps it for the workers that are not there to hear it.

use sluice_contract::message::{Command, EndReason, Revocation, Revoked};
use sluice_contract::{ApplicationName, SessionId, StreamId, UnixTime};
use uuid::Uuid;

use super::{Application, ControlOutcome, Outcome};
use crate::Api;
use crate::store::{ConnectionTrait, Stored, revocations};

impl Api {
    /// Ends a session on whatever worker carries it, kills its ticket for good, and waits for the workers.
    ///
    /// # Errors
    /// When the database cannot keep it: nothing was ended then.
    pub(crate) async fn end_session(&self, session: SessionId, reason: EndReason) -> Outcome<ControlOutcome> {
        self.keep_revoked(self.store().writer(), &[session]).await?;
        Ok(self.send_end_session(session, reason).await)
    }

    /// Writes down that the tickets of these sessions are dead. The workers are told apart.
    pub(crate) async fn keep_revoked(&self, db: &impl ConnectionTrait, sessions: &[SessionId]) -> Stored<()> {
        let (at, until) = self.revoked_now(self.longest_ticket_life());
        let row = |session: &SessionId| revocations::Model {
            id: Uuid::now_v7(),
            session: Some(session.uuid()),
            application: None,
            stream_id: None,
            spares_admitted: false,
            at,
            until,
        };
        revocations::insert(db, sessions.iter().map(row).collect()).await
    }

    /// Writes down that every ticket of a stream, or of a whole application, is dead; `spares_admitted` as in
    /// [`Revoked::Scope`].
    pub(crate) async fn keep_scope_revoked(
        &self,
        db: &impl ConnectionTrait,
        application: &Application,
        stream_id: Option<&StreamId>,
        spares_admitted: bool,
    ) -> Stored<()> {
        let (at, until) = self.revoked_now(application.settings.ticket_max_life_seconds);
        let row = revocations::Model {
            id: Uuid::now_v7(),
            session: None,
            application: Some(application.name.to_string()),
            stream_id: stream_id.map(ToString::to_string),
            spares_admitted,
            at,
            until,
        };
        revocations::insert(db, vec![row]).await
    }

    async fn send_end_session(&self, session: SessionId, reason: EndReason) -> ControlOutcome {
        let command = Command::EndSession { session, reason };
        self.fleet().send(command).await.acknowledged().await.into()
    }

    /// The longest that a ticket of any application lives, seconds.
    fn longest_ticket_life(&self) -> u32 {
        self.directory().all().iter().map(|entry| entry.settings.ticket_max_life_seconds).max().unwrap_or(0)
    }

    fn revoked_now(&self, life_seconds: u32) -> (i64, i64) {
        let now = self.now();
        (now.as_millis(), now.plus_secs(i64::from(life_seconds) + SETTINGS_MAY_CHANGE_SECS).as_millis())
    }
}

/// A stored revocation as workers get it. `None` when its names are not valid, which nothing here writes.
pub(crate) fn revocation_of_row(row: &revocations::Model) -> Option<Revocation> {
    let of = match row.session {
        Some(session) => Revoked::Session { session: SessionId::new(session) },
        None => Revoked::Scope {
            application: row.application.as_ref()?.parse::<ApplicationName>().ok()?,
            stream_id: match &row.stream_id {
                Some(stream_id) => Some(stream_id.parse().ok()?),
                None => None,
            },
            before: UnixTime::from_millis(row.at),
            spares_admitted: row.spares_admitted,
        },
    };
    Some(Revocation { of, until: UnixTime::from_millis(row.until) })
}

/// Tickets may have been given under an earlier, longer life.
const SETTINGS_MAY_CHANGE_SECS: i64 = 86_400;
