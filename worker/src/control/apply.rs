//! Brings what the API says into force. Nothing here waits: when a function returns, its change holds.

use std::collections::HashMap;
use std::sync::Arc;

use sluice_contract::message::{Command, EndReason, Welcome, WorkerSettings};
use sluice_contract::{ApplicationName, Operation, Protocol, StreamId, TicketKeys};

use tracing::warn;

use super::Control;
use crate::session::{Changes, Session};

impl Control {
    /// Takes over the whole state.
    pub(super) fn welcome(&self, welcome: Welcome) {
        let now = (self.clock)();
        self.rules.set_ticket_keys(TicketKeys::new(&welcome.ticket_keys));
        let next: HashMap<_, _> = welcome
            .applications
            .into_iter()
            .map(|settings| (settings.application.clone(), Arc::new(settings)))
            .collect();
        let before = self.rules.applications();
        self.rules.set_applications(next.clone());
        let mut ended = Vec::new();
        for name in before.keys().filter(|name| !next.contains_key(*name)) {
            ended.extend(self.end_application(name));
        }
        for (name, settings) in &next {
            ended.extend(self.end_unprotected(name, before.get(name).map(Arc::as_ref), settings));
            ended.extend(self.end_switched_off(settings));
        }
        ended.extend(self.sessions.replace_blocks(&welcome.blocks, now).stopped);
        self.on_air.blocks_changed();
        ended.extend(welcome.end_sessions.into_iter().filter_map(|(id, reason)| self.sessions.revoke(id, reason)));
        ended.extend(self.sessions.take_over(welcome.revocations));
        self.off_air(&ended);
        self.set_applied(welcome.revision);
    }

    /// Applies one command and says what it met.
    pub(super) fn apply(&self, command: Command) -> Changes {
        let changes = match command {
            Command::Block { block } => {
                let changes = self.sessions.block(&block, (self.clock)());
                self.on_air.blocks_changed();
                changes
            }
            Command::Settings { settings } => {
                let mut applications = HashMap::clone(&self.rules.applications());
                let settings = Arc::new(settings);
                let before = applications.insert(settings.application.clone(), Arc::clone(&settings));
                self.rules.set_applications(applications);
                let mut ended = self.end_unprotected(&settings.application, before.as_deref(), &settings);
                ended.extend(self.end_switched_off(&settings));
                Changes::stopped(ended)
            }
            Command::RemoveApplication { application } => {
                let mut applications = HashMap::clone(&self.rules.applications());
                applications.remove(&application);
                self.rules.set_applications(applications);
                Changes::stopped(self.end_application(&application))
            }
            Command::TicketKeys { keys } => {
                self.rules.set_ticket_keys(TicketKeys::new(&keys));
                Changes::default()
            }
            Command::EndSession { session, reason } => {
                Changes::stopped(self.sessions.revoke(session, reason).into_iter().collect())
            }
            Command::EndStream { application, stream_id, reason } => {
                Changes::stopped(self.end_stream(&application, &stream_id, reason))
            }
            // Done before: see `obey`.
            Command::Rejoin { .. } => Changes::default(),
            Command::Drain { worker, on } => {
                if worker == self.worker {
                    self.drain(on);
                }
                Changes::default()
            }
            Command::Data { application, stream_id, message } => {
                let reached = self.on_air.data(&application, &stream_id, &message);
                Changes { reached, ..Changes::default() }
            }
            // Carried out where waiting for the disk holds up nothing else.
            Command::Record { .. } | Command::RemoveRecordings { .. } => Changes::default(),
            Command::Unknown => {
                warn!("a command of a kind that this release does not know was passed over");
                Changes::default()
            }
        };
        self.off_air(&changes.stopped);
        changes
    }

    /// Ends the publisher. Of a deleted stream the players go too, and their tickets with them.
    fn end_stream(&self, application: &ApplicationName, stream: &StreamId, reason: EndReason) -> Vec<Arc<Session>> {
        if matches!(reason, EndReason::Blocked | EndReason::Stopped | EndReason::Deleted) {
            self.on_air.forget(application, Some(stream));
        }
        if reason == EndReason::Deleted {
            let now = (self.clock)();
            return self.sessions.revoke_scope(application, Some(stream), reason, now, |_| true);
        }
        let is_publisher = |session: &Session| {
            session.grant().operation == Operation::Publish
                && session.key().application == *application
                && session.key().stream_id == *stream
        };
        let publishers = self.sessions.all().into_iter().filter(|session| is_publisher(session));
        publishers.filter_map(|session| self.sessions.revoke(session.id(), reason)).collect()
    }

    fn end_application(&self, application: &ApplicationName) -> Vec<Arc<Session>> {
        self.on_air.forget(application, None);
        self.sessions.revoke_scope(application, None, EndReason::Deleted, (self.clock)(), |_| true)
    }

    /// When the first security mode for players is switched on, those who came in without any have to come again,
    /// whatever ticket they hold.
    fn end_unprotected(
        &self,
        application: &ApplicationName,
        before: Option<&WorkerSettings>,
        after: &WorkerSettings,
    ) -> Vec<Arc<Session>> {
        if !after.play_protected || before.is_none_or(|before| before.play_protected) {
            return Vec::new();
        }
        let now = (self.clock)();
        self.sessions.revoke_scope(application, None, EndReason::Stopped, now, Session::came_in_open)
    }

    /// Those over a protocol that is off now have to leave. Players over HTTP are refused with their next request.
    fn end_switched_off(&self, settings: &WorkerSettings) -> Vec<Arc<Session>> {
        if settings.rtmp_playback_enabled && settings.webrtc.enabled {
            return Vec::new();
        }
        let mut ended = self.sessions.all();
        ended.retain(|session| {
            let grant = session.grant();
            let is_off = match grant.protocol {
                Protocol::Rtmp => grant.operation == Operation::Play && !settings.rtmp_playback_enabled,
                protocol => protocol.is_webrtc() && !settings.webrtc.enabled,
            };
            is_off
                && session.key().application == settings.application
                && self.sessions.revoke(session.id(), EndReason::Stopped).is_some()
        });
        ended
    }
}
