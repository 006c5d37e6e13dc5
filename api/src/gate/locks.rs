//! What a decision that writes must have for itself, so that two APIs never decide on the same thing at once: the stream
//! that is to be published, the subscriber with sessions, codes and failures, the token, and whatever is counted. All
//! else that it reads may change meanwhile, and then it was decided just before.

use sluice_contract::{Operation, StreamId, StreamRequest, SubscriberId};

use crate::Api;
use crate::secrets::token_hash;
use crate::store::{Lock, Stored, Transaction};

/// Begins the transaction of a decision. `limit`: the kind of viewers that are counted.
pub async fn locked(api: &Api, request: &StreamRequest, limit: Option<&str>) -> Stored<Transaction> {
    let Some(application) = api.directory().find(&request.application) else { return api.store().locked(&[]).await };
    let Ok(stream_id) = request.stream_id.parse::<StreamId>() else { return api.store().locked(&[]).await };
    let stream = stream_id.as_str();
    let subscriber: Option<SubscriberId> =
        request.credentials.subscriber_id.as_deref().and_then(|text| text.trim().parse().ok());
    let hash = request.credentials.token.as_ref().map(|token| token_hash(token.expose().trim()));
    let mut locks = Vec::with_capacity(4);
    if request.operation == Operation::Publish {
        locks.push(Lock::Stream(application.id, stream));
        if application.settings.ingesting_stream_limit >= 0 {
            locks.push(Lock::Publishers(application.id));
        }
    }
    if let Some(subscriber) = &subscriber {
        locks.push(Lock::Subscriber(application.id, stream, subscriber.as_str()));
    }
    if application.settings.one_time_token_on(request.operation)
        && let Some(hash) = &hash
    {
        locks.push(Lock::Token(hash));
    }
    if let Some(kind) = limit {
        locks.push(Lock::Viewers(application.id, stream, kind));
    }
    api.store().locked(&locks).await
}
