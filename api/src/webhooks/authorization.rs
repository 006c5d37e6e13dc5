//! Asks an application's own server before somebody publishes or plays.
//!
//! The question is asked outside of every transaction, in the task of the request that waits for it: a receiver that
//! hangs holds up those who need its answer and nobody else. Questions are bounded, per application and in all; one
//! that finds no place is refused at once. Only status 200 is a yes.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use dashmap::DashMap;
use percent_encoding::{AsciiSet, CONTROLS, PercentEncode, utf8_percent_encode};
use serde_json::{Map, Value};
use sluice_contract::facts::WebhookFact;
use sluice_contract::{Credentials, Intent, Operation, Secret, StreamRequest, UnixTime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;
use uuid::Uuid;

use super::signature;
use crate::Api;
use crate::directory::Entry;
use crate::outbound::{OutboundError, Post};

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who was asked: the answer counts only as long as this is whom the settings name.
    pub address: String,
    pub fact: WebhookFact,
    /// For the audit and the log: why there was no yes.
    pub note: Option<String>,
}

/// The places for questions, and answers that are still good.
pub struct Authorization {
    all: Arc<Semaphore>,
    places: DashMap<Uuid, Arc<Semaphore>>,
    /// A yes to a probe, for the request that follows it.
    kept: DashMap<Vec<u8>, UnixTime>,
}

impl Default for Authorization {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(QUESTIONS)), places: DashMap::new(), kept: DashMap::new() }
    }
}

impl Authorization {
    /// Asks `address` about `request`, until `deadline` less the time that deciding takes.
    pub async fn ask(
        &self,
        api: &Api,
        application: &Entry,
        address: &str,
        request: &StreamRequest,
        deadline: UnixTime,
    ) -> Asked {
        let asked = |fact, note| Asked { address: address.to_owned(), fact, note };
        let key = question(api, address, request);
        if self.has_kept(&key, request.intent, api.now()) {
            return asked(WebhookFact::Allowed, None);
        }
        let Some(_place) = self.place(application.id) else {
            return asked(WebhookFact::Unreachable, Some("too many questions wait for the webhook".to_owned()));
        };
        let now = api.now();
        let left_ms = deadline.millis_since(now).saturating_sub(DECIDING_MS).clamp(0, LONGEST_MS);
        let body = Value::Object(body(request)).to_string().into_bytes();
        let headers = signature::headers(&application.settings.webhook_signing_secret, request.id.uuid(), &body, now);
        let within = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        let content_type = HeaderValue::from_static("application/json");
        let post = Post { address, content_type, headers, body, within };
        match api.0.outbound.post(post).await {
            Ok(200) => {
                if request.intent == Intent::Probe {
                    self.keep(key, api.now());
                }
                asked(WebhookFact::Allowed, None)
            }
            Ok(status) => asked(WebhookFact::Refused, Some(format!("the webhook answered {status}"))),
            Err(error) => {
                warn!(application.name = %application.name, %error, "an authorization webhook gave no answer");
                asked(WebhookFact::Unreachable, Some(no_answer(&error)))
            }
        }
    }

    fn place(&self, application: Uuid) -> Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)> {
        if self.places.len() >= PLACES_KEPT {
            self.places.retain(|_, places| places.available_permits() < QUESTIONS_PER_APPLICATION);
        }
        let own = Arc::clone(
            &self.places.entry(application).or_insert_with(|| Arc::new(Semaphore::new(QUESTIONS_PER_APPLICATION))),
        );
        Some((own.try_acquire_owned().ok()?, Arc::clone(&self.all).try_acquire_owned().ok()?))
    }

    /// A start uses the answer up; further probes may rest on it.
    fn has_kept(&self, key: &[u8], intent: Intent, now: UnixTime) -> bool {
        let until = match intent {
            Intent::Probe => self.kept.get(key).map(|until| *until),
            Intent::Start => self.kept.remove(key).map(|(_, until)| until),
        };
        until.is_some_and(|until| now < until)
    }

    fn keep(&self, key: Vec<u8>, now: UnixTime) {
        if self.kept.len() >= MOST_KEPT {
            self.kept.retain(|_, until| now < *until);
        }
        if self.kept.len() < MOST_KEPT {
            self.kept.insert(key, now.plus_millis(KEPT_MS));
        }
    }
}

fn no_answer(error: &OutboundError) -> String {
    format!("the webhook gave no answer: {error}")
}

/// Tells questions apart: the same client, asking for the same with the same credentials. A digest, so that no
/// credential is kept.
fn question(api: &Api, address: &str, request: &StreamRequest) -> Vec<u8> {
    let query = query(&request.credentials);
    let peer = request.peer.address.to_string();
    api.secrets().digest(&[
        "webhook",
        address,
        &request.application,
        &request.stream_id,
        request.operation.as_str(),
        request.protocol.as_str(),
        request.client.as_str(),
        &peer,
        &query,
    ])
}

/// The fields of a question. What was not given is left out.
fn body(request: &StreamRequest) -> Map<String, Value> {
    let credentials = &request.credentials;
    let secret = |secret: &Option<Secret<String>>| secret.as_ref().map(|secret| secret.expose().clone());
    let query = query(credentials);
    let mode = match request.operation {
        Operation::Publish => request.publish_mode.clone().unwrap_or_else(|| "live".to_owned()),
        Operation::Play => "play".to_owned(),
    };
    [
        ("appName", Some(request.application.clone())),
        ("name", (request.operation == Operation::Publish).then(|| request.stream_id.clone())),
        ("streamId", Some(request.stream_id.clone())),
        ("mode", Some(mode)),
        ("protocol", Some(request.protocol.as_str().to_owned())),
        ("token", secret(&credentials.token)),
        ("subscriberId", credentials.subscriber_id.clone()),
        ("subscriberCode", secret(&credentials.subscriber_code)),
        ("metaData", credentials.extra.get("metaData").cloned()),
        ("queryParams", Some(query).filter(|query| !query.is_empty())),
        ("origin", request.peer.origin.clone()),
        ("ipAddress", Some(request.peer.address.to_string())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))))
    .collect()
}

/// What came along, as `key=value&…`. Only what would make the text ambiguous is percent-encoded.
fn query(credentials: &Credentials) -> String {
    let known = [
        ("token", credentials.token.as_ref().map(|token| token.expose().as_str())),
        ("subscriberId", credentials.subscriber_id.as_deref()),
        ("subscriberCode", credentials.subscriber_code.as_ref().map(|code| code.expose().as_str())),
        ("roomId", credentials.room_id.as_deref()),
    ];
    let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let extra = credentials.extra.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    known.chain(extra).map(|(name, value)| format!("{}={}", plain(name), plain(value))).collect::<Vec<_>>().join("&")
}

fn plain(text: &str) -> PercentEncode<'_> {
    utf8_percent_encode(text, AMBIGUOUS)
}

const AMBIGUOUS: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'&').add(b'=').add(b'+').add(b'#');

/// In all applications together: fewer than a worker has questions under way, so that applications without a webhook
/// always find a place.
const QUESTIONS: usize = 192;
/// A receiver that answers within 100 ms lets 640 in a second.
const QUESTIONS_PER_APPLICATION: usize = 64;
/// Applications whose places are remembered although nobody asks.
const PLACES_KEPT: usize = 1_024;
/// What is left of the deadline for deciding again.
const DECIDING_MS: i64 = 500;
/// Two seconds to connect and five to answer are promised; the deadline of the gate ends them sooner.
const LONGEST_MS: i64 = 7_000;
/// From a HEAD, or a look whether the stream is there yet, to the request that follows it.
const KEPT_MS: i64 = 10_000;
const MOST_KEPT: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_the_parameters_names_each_once() {
        let credentials = Credentials::from_query("subscriberId=u%40x&token=T&mainTrack=m&a=1%202%26token=X");
        assert_eq!(query(&credentials), "token=T&subscriberId=u@x&a=1%202%26token%3DX&mainTrack=m");
    }

    #[test]
    fn an_application_that_fills_its_places_leaves_the_others_theirs() {
        let authorization = Authorization::default();
        let (busy, other) = (Uuid::now_v7(), Uuid::now_v7());
        let held: Vec<_> = (0..QUESTIONS_PER_APPLICATION).filter_map(|_| authorization.place(busy)).collect();
        assert_eq!(held.len(), QUESTIONS_PER_APPLICATION);
        assert!(authorization.place(busy).is_none());
        assert!(authorization.place(other).is_some());
        drop(held);
        assert!(authorization.place(busy).is_some());
    }
}
