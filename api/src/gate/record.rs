//! Records every decision: the audit, the log and whoever watches. Never a secret.

use std::sync::Arc;
use std::time::Duration;

use sluice_contract::StreamRequest;
use sluice_contract::id::{MAX_NAME_BYTES, shown_name};
use sluice_contract::message::AuthorizeReply;
use tracing::info;
use uuid::Uuid;

use crate::Api;
use crate::manage::{AuditKind, AuditOutcome, AuditRecord};

/// `note`: what the reason alone does not say.
pub fn decision(api: &Api, request: &StreamRequest, reply: &AuthorizeReply, note: Option<String>, took: Duration) {
    let (outcome, code, detail) = match reply {
        AuthorizeReply::Allow { grant } => {
            let modes: Vec<_> = grant.admitted_by.iter().map(|mode| mode.as_str()).collect();
            (AuditOutcome::Allowed, "allowed", (!modes.is_empty()).then(|| modes.join(", ")))
        }
        AuthorizeReply::Deny { reason } => {
            let detail = match note {
                Some(note) => format!("{reason}: {note}"),
                None => reason.to_string(),
            };
            (AuditOutcome::Denied, reason.code(), Some(detail))
        }
    };
    let record = AuditRecord {
        id: Uuid::now_v7(),
        at: api.now(),
        kind: AuditKind::Decision,
        outcome,
        code: code.to_owned(),
        actor: None,
        application: request.application.parse().ok(),
        stream_id: Some(shown_name(&request.stream_id)),
        subscriber_id: request.credentials.subscriber_id.as_deref().map(cut),
        operation: Some(request.operation),
        protocol: Some(request.protocol),
        address: Some(request.peer.address),
        session: Some(request.session),
        duration_us: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
        detail,
    };
    info!(
        session.id = %request.session,
        application.name = %shown_name(&request.application),
        broadcast.name = %shown_name(&request.stream_id),
        operation = %request.operation,
        protocol = %request.protocol,
        outcome = outcome.as_str(),
        deny.reason = code,
        duration_us = record.duration_us,
        "stream decided"
    );
    let record = Arc::new(record);
    api.record_audit(&record);
    api.emit_decision(record);
}

/// A peer's own words, as long as a name may be.
fn cut(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_NAME_BYTES).collect()
}
