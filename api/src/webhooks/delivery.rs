//! Delivers what the outbox holds, at least once.
//!
//! One task looks for what is due, claims it for a while by a lease, and sends with bounded concurrency: a few at a time
//! to one address, and one at a time to an address that failed last. A process that dies leaves leases that run out,
//! and then the event is sent again with the same id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use data_encoding::BASE64;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use sluice_contract::{ApplicationSettings, UnixTime};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::event::{Action, BINARY_DATA, DATA, Happening};
use super::schedule::next_try;
use super::{signature, status, upkeep};
use crate::Api;
use crate::directory::Entry;
use crate::outbound::{OutboundError, Post, origin_of};
use crate::store::webhooks::{self, Tried};
use crate::store::{self, StoreError, Stored};

/// Delivers for ever.
pub async fn deliver(api: Api) {
    let mut targets = Targets::default();
    let mut running: JoinSet<Attempt> = JoinSet::new();
    loop {
        tokio::select! {
            Some(ended) = running.join_next(), if !running.is_empty() => targets.ended(&api, ended.ok()),
            () = woken(&api) => {}
        }
        while let Some(ended) = running.try_join_next() {
            targets.ended(&api, ended.ok());
        }
        match claim(&api, &mut targets, PLACES.saturating_sub(running.len())).await {
            Ok(claimed) => {
                for (row, lease) in claimed {
                    targets.begun(&row.address);
                    running.spawn(attempt(api.clone(), row, lease));
                }
            }
            // Another API claims too.
            Err(StoreError::Retry) => {}
            Err(error) => {
                warn!(%error, "events for webhooks cannot be read now");
                sleep(AGAIN_AFTER).await;
            }
        }
    }
}

/// Something was written down, or it is time to look what has become due.
async fn woken(api: &Api) {
    if timeout(LOOK_EVERY, api.0.webhooks.written.notified()).await.is_ok() {
        // Its transaction is about to commit, and others follow.
        sleep(GATHER).await;
    }
}

/// What one try brought.
struct Attempt {
    application: Uuid,
    address: String,
    result: Result<(), String>,
}

/// How an address does.
#[derive(Default)]
struct Target {
    running: usize,
    failing: Option<String>,
}

#[derive(Default)]
struct Targets(HashMap<String, Target>);

impl Targets {
    fn places(&self, address: &str) -> usize {
        let Some(target) = self.0.get(address) else { return PLACES_PER_TARGET };
        let places = if target.failing.is_some() { 1 } else { PLACES_PER_TARGET };
        places.saturating_sub(target.running)
    }

    fn begun(&mut self, address: &str) {
        self.0.entry(address.to_owned()).or_default().running += 1;
    }

    /// Tells once that an address fails, and once that it works again.
    fn ended(&mut self, api: &Api, attempt: Option<Attempt>) {
        // A try that panicked says nothing of its address; its lease runs out.
        let Some(Attempt { application, address, result }) = attempt else {
            self.0.clear();
            return;
        };
        let target = self.0.entry(address.clone()).or_default();
        target.running = target.running.saturating_sub(1);
        let shown = origin_of(&address).unwrap_or_else(|| "an unreadable address".to_owned());
        match result {
            Ok(()) => {
                if target.failing.take().is_some() {
                    info!(webhook.target = shown, "a webhook works again");
                }
            }
            Err(cause) => {
                if target.failing.as_ref() != Some(&cause) {
                    warn!(webhook.target = shown, cause, "a webhook fails; its events are kept");
                    upkeep::failing(api, application, format!("{shown}: {cause}"));
                    target.failing = Some(cause);
                }
            }
        }
        if self.0.len() > MOST_TARGETS {
            self.0.retain(|_, target| target.running > 0);
        } else if target_is_idle(self.0.get(&address)) {
            self.0.remove(&address);
        }
    }
}

fn target_is_idle(target: Option<&Target>) -> bool {
    target.is_some_and(|target| target.running == 0 && target.failing.is_none())
}

/// Takes what is due and finds a place, in one transaction.
async fn claim(api: &Api, targets: &mut Targets, mut places: usize) -> Stored<Vec<(webhooks::Model, Uuid)>> {
    if places == 0 {
        return Ok(Vec::new());
    }
    let now = api.now();
    let due = webhooks::due_addresses(api.store().reader(), now.as_millis(), ADDRESSES).await?;
    let due: Vec<_> = due.into_iter().map(|address| (targets.places(&address), address)).collect();
    if due.iter().all(|(free, _)| *free == 0) {
        return Ok(Vec::new());
    }
    let mut claimed = Vec::new();
    // Whoever changes a row has it: one that another claims at this moment is no longer due afterwards.
    let transaction = api.store().locked(&[]).await?;
    for (free, address) in due.into_iter().filter(|(free, _)| *free > 0) {
        let limit = free.min(places);
        if limit == 0 {
            break;
        }
        let lease = Uuid::now_v7();
        let until = now.plus_millis(LEASE_MS).as_millis();
        let rows = webhooks::claim(&transaction, &address, lease, now.as_millis(), until, limit as u64).await?;
        places -= rows.len().min(places);
        claimed.extend(rows.into_iter().map(|row| (row, lease)));
    }
    store::commit(transaction).await?;
    Ok(claimed)
}

async fn attempt(api: Api, row: webhooks::Model, lease: Uuid) -> Attempt {
    let attempts = row.attempts.saturating_add(1);
    let ended = |result| Attempt { application: row.application_id, address: row.address.clone(), result };
    // Deleted meanwhile, and its events with it.
    let Some(settings) = settings_of(&api, row.application_id) else { return ended(Ok(())) };
    let fields = serde_json::from_str(&row.fields).unwrap_or_default();
    let result = outcome(send(&api, &settings, &row.address, row.id, &fields).await);
    let now = api.now();
    let next = match &result {
        Ok(()) => None,
        Err(_) => next_try(&settings, attempts, now, UnixTime::from_millis(row.expires_at)),
    };
    debug!(webhook.event = %row.id, attempts, delivered = result.is_ok(), "an event was sent");
    let tried = Tried {
        at: now.as_millis(),
        outcome: result.as_ref().err().cloned().unwrap_or_else(|| "200".to_owned()),
        delivered: result.is_ok(),
        next_at: next.map(UnixTime::as_millis),
    };
    if let Err(error) = webhooks::tried(api.store().writer(), row.id, lease, attempts, tried).await {
        warn!(%error, "a delivery could not be written down, and the event will be sent again");
    } else if let (Err(cause), None) = (&result, next)
        && !Action::is_fleeting(&row.action)
    {
        let target = origin_of(&row.address).unwrap_or_default();
        let detail = format!("{} of {} for {target} after {attempts} tries: {cause}", row.action, row.stream_id);
        upkeep::dropped(&api, row.application_id, detail);
    }
    ended(result)
}

/// How events of an application, or of the server itself, are sent.
fn settings_of(api: &Api, application: Uuid) -> Option<Arc<ApplicationSettings>> {
    if application == status::SERVER {
        return Some(Arc::new(status::settings(api)));
    }
    api.directory().find_by_id(application).map(|entry| entry.settings)
}

/// Sends an event that is not kept, for somebody who tries the webhook out. Returns its id and the status.
pub async fn try_out(
    api: &Api,
    application: &Entry,
    address: &str,
    happening: &Happening<'_>,
) -> (Uuid, Result<u16, OutboundError>) {
    let id = Uuid::now_v7();
    (id, send(api, &application.settings, address, id, &happening.fields(application.name.as_str())).await)
}

async fn send(
    api: &Api,
    settings: &ApplicationSettings,
    address: &str,
    id: Uuid,
    fields: &Map<String, Value>,
) -> Result<u16, OutboundError> {
    let (content_type, body) = match fields.get("action").and_then(Value::as_str) {
        Some(action) if action == Action::DataChannelMessage.as_str() => multipart(id, fields),
        _ => rendered(settings, fields),
    };
    let headers: HeaderMap = signature::headers(&settings.webhook_signing_secret, id, &body, api.now());
    api.0.outbound.post(Post { address, content_type, headers, body, within: ANSWERED_WITHIN }).await
}

/// Only 200 says that the event has arrived.
fn outcome(answer: Result<u16, OutboundError>) -> Result<(), String> {
    match answer {
        Ok(200) => Ok(()),
        Ok(status) => Err(format!("it answered {status}")),
        Err(error) => Err(error.to_string()),
    }
}

fn rendered(settings: &ApplicationSettings, fields: &Map<String, Value>) -> (HeaderValue, Vec<u8>) {
    if settings.webhook_content_type.trim().eq_ignore_ascii_case(FORM) {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let pair = |(name, value): (&String, &Value)| match value {
            Value::String(text) => format!("{}={}", encode(name), encode(text)),
            other => format!("{}={}", encode(name), encode(&other.to_string())),
        };
        return (HeaderValue::from_static(FORM), fields.iter().map(pair).collect::<Vec<_>>().join("&").into_bytes());
    }
    (HeaderValue::from_static("application/json"), serde_json::to_vec(fields).unwrap_or_default())
}

/// The fields as `multipart/form-data` (RFC 7578), whatever the settings say: receivers of messages expect it. Bytes that
/// are no text stand in `data` too, with a type that says so.
fn multipart(id: Uuid, fields: &Map<String, Value>) -> (HeaderValue, Vec<u8>) {
    // Made after what it separates, and random for the most part: nobody can have written it.
    let boundary = id.simple();
    let mut body = Vec::new();
    let mut part = |name: &str, rest: &str, content: &[u8]| {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"{rest}\r\n\r\n");
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    };
    for (name, value) in fields {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match BASE64.decode(text.as_bytes()) {
            Ok(bytes) if name == BINARY_DATA => part(DATA, BINARY_PART, &bytes),
            _ => part(name, "", text.as_bytes()),
        }
    }
    body.extend(format!("--{boundary}--\r\n").into_bytes());
    let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    // Hexadecimal digits are always a header's value.
    (content_type.unwrap_or_else(|_| HeaderValue::from_static("multipart/form-data")), body)
}

const BINARY_PART: &str = "; filename=\"message\"\r\nContent-Type: application/octet-stream";
const FORM: &str = "application/x-www-form-urlencoded";
/// Two seconds to connect and two to answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(4);
/// Longer than any try takes, the writing down included.
const LEASE_MS: i64 = 30_000;
/// Deliveries under way at a time, of all applications.
const PLACES: usize = 32;
const PLACES_PER_TARGET: usize = 4;
/// Addresses looked at in one round.
const ADDRESSES: u64 = 256;
/// Failing addresses remembered.
const MOST_TARGETS: usize = 4_096;
/// How often what has become due is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const GATHER: Duration = Duration::from_millis(20);
const AGAIN_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod rendering {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_a_part_of_its_own() {
        let id = Uuid::from_u128(7);
        let Value::Object(fields) = json!({"action": "dataChannelMessage", "data": "{\"a\": 1}\r\n--x"}) else {
            return;
        };
        let (content_type, body) = multipart(id, &fields);
        let boundary = "00000000000000000000000000000007";
        assert_eq!(content_type, format!("multipart/form-data; boundary={boundary}"));
        let head = |name| format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        let (action, data) = (head("action"), head("data"));
        let expected = format!("{action}dataChannelMessage\r\n{data}{{\"a\": 1}}\r\n--x\r\n--{boundary}--\r\n");
        assert_eq!(String::from_utf8(body).as_deref(), Ok(expected.as_str()));

        let Value::Object(fields) = json!({"binaryData": "AP8="}) else { return };
        let (_, body) = multipart(id, &fields);
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"data\"{BINARY_PART}\r\n\r\n");
        let end = format!("\r\n--{boundary}--\r\n");
        assert_eq!(body, [head.as_bytes(), &[0, 255], end.as_bytes()].concat());
    }

    #[test]
    fn a_form_holds_what_json_holds() {
        let Value::Object(fields) = json!({"id": "s 1", "width": 320, "metadata": {"a": "b&c"}}) else { return };
        let form = ApplicationSettings { webhook_content_type: FORM.to_owned(), ..Default::default() };
        let (content_type, body) = rendered(&form, &fields);
        assert_eq!(content_type, FORM);
        let expected = "id=s%201&width=320&metadata=%7B%22a%22%3A%22b%26c%22%7D";
        assert_eq!(String::from_utf8(body).as_deref(), Ok(expected));
        let (content_type, body) = rendered(&ApplicationSettings::default(), &fields);
        assert_eq!(content_type, "application/json");
        assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON"), Value::Object(fields));
    }
}
