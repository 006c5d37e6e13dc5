//! Tells the figures of live streams every `webhookStreamStatusUpdatePeriodMs`.
//!
//! The id of a report follows from the stream and its time, so that several APIs that all see the stream keep one event.

use serde_json::{Map, Value, json};
use sluice_contract::UnixTime;
use uuid::Uuid;

use super::event::{Action, Happening};
use super::outbox;
use crate::Api;
use crate::directory::Entry;
use crate::manage::LiveStream;
use crate::store::{Stored, broadcasts, sessions, webhooks};

/// Writes down what is due.
pub async fn tell_figures(api: &Api) -> Stored<()> {
    let now = api.now();
    let mut rows = Vec::new();
    let mut seen = Vec::new();
    for application in api.directory().all() {
        let Some(period_ms) = period(&application) else { continue };
        for live in api.fleet().picture.streams(&application.name) {
            let slot = now.millis_since(live.since) / period_ms;
            seen.push(live.publisher);
            let last = api.0.webhooks.reported.lock().insert(live.publisher, slot);
            if slot > 0 && last.is_some_and(|last| slot > last) {
                let due = live.since.plus_millis(slot * period_ms);
                rows.extend(report(api, &application, &live, due, period_ms).await?);
            }
        }
    }
    api.0.webhooks.reported.lock().retain(|publisher, _| seen.contains(publisher));
    if rows.is_empty() {
        return Ok(());
    }
    webhooks::insert(api.store().writer(), rows).await?;
    api.0.webhooks.wake();
    Ok(())
}

/// `None` when nobody wants figures.
fn period(application: &Entry) -> Option<i64> {
    let period_ms = application.settings.webhook_stream_status_update_period_ms;
    (period_ms > 0).then(|| period_ms.clamp(SHORTEST_PERIOD_MS, LONGEST_PERIOD_MS))
}

async fn report(
    api: &Api,
    application: &Entry,
    live: &LiveStream,
    due: UnixTime,
    period_ms: i64,
) -> Stored<Option<webhooks::Model>> {
    let db = api.store().reader();
    let broadcast = broadcasts::find(db, application.id, live.stream_id.as_str()).await?;
    if !outbox::is_heard(&application.settings, broadcast.as_ref()) {
        return Ok(None);
    }
    let publisher = sessions::find(db, live.publisher.uuid()).await?;
    let happening = Happening {
        action: Action::LiveStreamStatus,
        stream_id: live.stream_id.as_str(),
        broadcast: broadcast.as_ref(),
        subscriber_id: publisher.as_ref().and_then(|session| session.subscriber_id.as_deref()),
        at: due,
        fields: fields(live),
        parameters: publisher.as_ref().and_then(|session| session.parameters.as_deref()),
    };
    // The next report makes this one worthless.
    Ok(outbox::row(application, &happening, id(api, live, due), api.now(), due.plus_millis(period_ms.max(STALE_MS))))
}

fn fields(live: &LiveStream) -> Map<String, Value> {
    let (width, height) = live.video.as_ref().map_or((0, 0), |video| (video.width, video.height));
    let fields = json!({
        "width": width,
        "height": height,
        "totalByteReceived": live.received_bytes,
        "inputQueueSize": 0,
        "encodingQueueSize": 0,
        "dropFrameCountInEncoding": 0,
        "dropPacketCountInIngestion": 0,
        "speed": live.speed,
    });
    if let Value::Object(fields) = fields { fields } else { Map::new() }
}

fn id(api: &Api, live: &LiveStream, due: UnixTime) -> Uuid {
    let millis = u64::try_from(due.as_millis()).unwrap_or(0);
    outbox::common_id(api, due, &["figures", &live.publisher.to_string(), &millis.to_string()])
}

/// Reports come from the workers once a second.
const SHORTEST_PERIOD_MS: i64 = 1_000;
const LONGEST_PERIOD_MS: i64 = 86_400_000;
/// A receiver that is slow for a moment still gets its report.
const STALE_MS: i64 = 5_000;
