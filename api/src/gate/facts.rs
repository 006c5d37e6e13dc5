//! Loads all that a decision may depend on, from one moment of the database and the live picture.

use crate::store::ConnectionTrait;
use sluice_contract::facts::{
    ApplicationFacts, BroadcastFacts, Counts, GuessFacts, LiveFacts, OpenSession, RoomFacts, SubscriberFacts,
    TokenFacts, TokenState, TotpMark,
};
use sluice_contract::message::RecordingWish;
use sluice_contract::{
    ClientBinding, Facts, Operation, Protocol, SessionId, StreamId, StreamRequest, SubscriberId, UnixTime, WorkerId,
};
use uuid::Uuid;

use crate::Api;
use crate::directory::Entry;
use crate::manage::{BroadcastStatus, MP4_ENABLED, block_of_row};
use crate::secrets::token_hash;
use crate::store::guessing::{self, Whom};
use crate::store::{StoreError, Stored, blocks, broadcasts, sessions, subscribers, tokens, viewer_places};

/// Rows behind the facts, which the effects change.
pub struct Known {
    pub application: Option<Uuid>,
    pub stream_id: Option<StreamId>,
    /// The stream that it is a track of, or is to be one of.
    pub room: Option<StreamId>,
    pub subscriber: Option<SubscriberId>,
    pub broadcast: Option<broadcasts::Model>,
    pub token: Option<Uuid>,
    /// The step of the named subscriber's codes, seconds.
    pub totp_period_seconds: u32,
    pub live_worker: Option<WorkerId>,
    pub asking_worker: WorkerId,
    /// The kind of viewers that a limit holds for.
    pub limit: Option<&'static str>,
}

/// Wrong codes count for an hour.
pub const GUESSES_COUNT_MS: i64 = 3_600_000;
/// An address is the subscriber's own for 30 days after it was admitted from there.
pub const ADDRESS_KNOWN_MS: i64 = 30 * 86_400_000;
/// A session that was admitted this long ago and that nobody carries is dead.
const STARTS_WITHIN_MS: i64 = 10_000;
/// A viewer's place is kept for two reports and the time that they travel; later a worker has told of it, or it never
/// began.
const PLACE_KEPT_MS: i64 = 3_000;
/// Marks looked at: more steps than any window accepts, for every operation.
const MARKS: u64 = 16;
/// Sessions looked at: a subscriber with more is over every sensible limit.
const SESSIONS: u64 = 1_000;

pub async fn load(
    api: &Api,
    db: &impl ConnectionTrait,
    request: &StreamRequest,
    now: UnixTime,
) -> Stored<(Facts, Known)> {
    let mut facts = Facts::default();
    let mut known = Known {
        application: None,
        stream_id: None,
        room: None,
        subscriber: None,
        broadcast: None,
        token: None,
        totp_period_seconds: 0,
        live_worker: None,
        asking_worker: request.worker,
        limit: None,
    };
    let Some(application) = api.directory().find(&request.application) else { return Ok((facts, known)) };
    known.application = Some(application.id);
    known.totp_period_seconds = application.settings.time_token_period;
    facts.application =
        Some(ApplicationFacts { name: application.name.clone(), settings: application.settings.clone() });
    let Ok(stream_id) = request.stream_id.parse::<StreamId>() else { return Ok((facts, known)) };

    if let Some(row) = broadcasts::find(db, application.id, stream_id.as_str()).await? {
        facts.live = live_facts(api, db, &application, &stream_id, &row, request.operation, &mut known).await?;
        // Asked only where the answer may depend on it.
        let is_asked = facts.live.is_none() && request.operation == Operation::Play && request.protocol.is_webrtc();
        let has_tracks = is_asked
            && (row.room || broadcasts::subtracks_on_air(db, application.id, stream_id.as_str(), "").await? > 0);
        facts.broadcast = Some(BroadcastFacts { has_tracks, ..broadcast_facts(&row)? });
        known.broadcast = Some(row);
    }
    // What is no name, the policy refuses.
    let recorded = facts.broadcast.as_ref().and_then(|broadcast| broadcast.main_track.as_ref());
    known.room = request.main_track(recorded).ok().flatten();
    if let Some(room) = known.room.as_ref().filter(|_| request.operation == Operation::Publish)
        && let Some(row) = broadcasts::find(db, application.id, room.as_str()).await?
    {
        facts.room = Some(room_facts(db, &row, &stream_id).await?);
    }
    if let Some(subscriber) = request.credentials.subscriber_id.as_deref().and_then(|text| text.trim().parse().ok()) {
        about_subscriber(api, db, &application, &stream_id, &subscriber, request, now, &mut facts, &mut known).await?;
        known.subscriber = Some(subscriber);
    }
    if application.settings.one_time_token_on(request.operation)
        && let Some(token) = &request.credentials.token
        && let Some(row) = tokens::find(db, application.id, token_hash(token.expose().trim())).await?
    {
        known.token = Some(row.id);
        facts.token = Some(token_facts(row)?);
    }
    facts.counts = counts(api, db, &application).await?;
    if let Some(broadcast) = &facts.broadcast {
        known.limit =
            count_viewers(api, db, &application, &stream_id, broadcast, request, now, &mut facts.counts).await?;
    }
    known.stream_id = Some(stream_id);
    Ok((facts, known))
}

#[allow(clippy::too_many_arguments, reason = "one step of `load`, which it keeps readable")]
async fn about_subscriber(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    stream_id: &StreamId,
    subscriber: &SubscriberId,
    request: &StreamRequest,
    now: UnixTime,
    facts: &mut Facts,
    known: &mut Known,
) -> Stored<()> {
    let (stream, name) = (stream_id.as_str(), subscriber.as_str());
    let on_streams = std::iter::once(stream).chain(known.room.as_ref().map(StreamId::as_str)).collect();
    let rows = blocks::of_subscriber(db, application.id, on_streams, name).await?;
    facts.blocks = rows.iter().filter_map(|row| block_of_row(row, &application.name)).collect();

    if let Some(row) = subscribers::find(db, application.id, stream, name).await? {
        let record = subscriber_facts(api, &row)?;
        if record.secret.is_some() {
            known.totp_period_seconds = record.totp_period_seconds;
        }
        facts.subscriber = Some(record);
    }
    for row in sessions::open_of_subscriber(db, application.id, stream, name, SESSIONS).await? {
        let id = SessionId::new(row.id);
        let is_new = now.millis_since(UnixTime::from_millis(row.since)) < STARTS_WITHIN_MS;
        facts.sessions.push(OpenSession {
            id,
            operation: operation(&row.operation)?,
            client: ClientBinding::new(row.client),
            alive: is_new || api.fleet().picture.carries(id),
        });
    }
    if !application.settings.totp_on(request.operation) {
        return Ok(());
    }
    let whom = Whom { application: application.id, stream_id: stream, subscriber_id: name };
    for row in guessing::marks(db, whom, MARKS).await? {
        facts.totp_marks.push(TotpMark {
            operation: operation(&row.operation)?,
            counter: u64::try_from(row.counter).unwrap_or(0),
            client: ClientBinding::new(row.client),
        });
    }
    let address = request.peer.address.to_string();
    let since = now.plus_millis(-GUESSES_COUNT_MS).as_millis();
    let all = guessing::failures(db, whom, None, since).await?;
    if all.count == 0 {
        return Ok(());
    }
    let own = guessing::failures(db, whom, Some(&address), since).await?;
    let known_since = now.plus_millis(-ADDRESS_KNOWN_MS).as_millis();
    facts.guessing = GuessFacts {
        own_failures: own.count,
        own_last_failure: own.last.map(UnixTime::from_millis),
        all_failures: all.count,
        all_last_failure: all.last.map(UnixTime::from_millis),
        address_is_known: guessing::address_is_known(db, whom, &address, known_since).await?,
    };
    Ok(())
}

async fn live_facts(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    stream_id: &StreamId,
    row: &broadcasts::Model,
    operation: Operation,
    known: &mut Known,
) -> Stored<Option<LiveFacts>> {
    let on_air = [BroadcastStatus::Broadcasting.as_str(), BroadcastStatus::Preparing.as_str()];
    let Some(publisher) = row.publisher.filter(|_| on_air.contains(&row.status.as_str())) else { return Ok(None) };
    let stored = UnixTime::from_millis(row.updated_at.unwrap_or(0));
    let reported = api.fleet().picture.stream_heard(&application.name, stream_id).map(|(_, heard)| heard);
    // Who publishes matters to other publishers alone.
    let session = match operation {
        Operation::Publish => sessions::find(db, publisher).await?,
        Operation::Play => None,
    };
    known.live_worker = row.worker.map(WorkerId::new);
    Ok(Some(LiveFacts {
        session: SessionId::new(publisher),
        subscriber: session.as_ref().and_then(|session| session.subscriber_id.as_ref()?.parse().ok()),
        client: ClientBinding::new(session.map(|session| session.client).unwrap_or_default()),
        last_seen: reported.map_or(stored, |reported| reported.max(stored)),
    }))
}

/// Limits that are off cost nothing.
async fn counts(api: &Api, db: &impl ConnectionTrait, application: &Entry) -> Stored<Counts> {
    let mut counts = Counts::default();
    if application.settings.ingesting_stream_limit >= 0 {
        let publishers = sessions::count_publishers(db, application.id).await?;
        counts.application_publishers = u32::try_from(publishers).unwrap_or(u32::MAX);
    }
    if application.settings.web_rtc_viewer_limit >= 0 {
        let viewers = api.fleet().picture.viewers(&application.name, None);
        counts.application_webrtc_viewers = viewers.of(Protocol::WebRtc) + viewers.of(Protocol::Whep);
    }
    Ok(counts)
}

/// The viewers of a stream whose limit the request is measured against: those whom workers carry, and those who came
/// before it but are in no report yet. Returns the kind that a limit holds for, to lock while it is counted.
#[allow(clippy::too_many_arguments, reason = "one step of `load`, which it keeps readable")]
async fn count_viewers(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    stream_id: &StreamId,
    broadcast: &BroadcastFacts,
    request: &StreamRequest,
    now: UnixTime,
    counts: &mut Counts,
) -> Stored<Option<&'static str>> {
    let (kind, limit, count) = match request.protocol {
        Protocol::Hls => ("hls", broadcast.hls_viewer_limit, &mut counts.hls_viewers),
        Protocol::Dash => ("dash", broadcast.dash_viewer_limit, &mut counts.dash_viewers),
        Protocol::WebRtc | Protocol::Whep => ("webrtc", broadcast.webrtc_viewer_limit, &mut counts.webrtc_viewers),
        Protocol::Rtmp | Protocol::Srt | Protocol::Whip | Protocol::Vod => return Ok(None),
    };
    if limit.is_none() || request.operation != Operation::Play {
        return Ok(None);
    }
    let protocols = match request.protocol {
        Protocol::WebRtc | Protocol::Whep => &[Protocol::WebRtc, Protocol::Whep][..],
        _ => std::slice::from_ref(&request.protocol),
    };
    let carried = api.fleet().picture.viewers_of(&application.name, stream_id, protocols);
    let fresh = now.plus_millis(-PLACE_KEPT_MS).as_millis();
    let places = viewer_places::since(db, application.id, stream_id.as_str(), kind, fresh).await?;
    let before = places.into_iter().map(SessionId::new).filter(|id| *id != request.session && !carried.contains(id));
    *count = u32::try_from(carried.len() + before.count()).unwrap_or(u32::MAX);
    Ok(Some(kind))
}

async fn room_facts(db: &impl ConnectionTrait, room: &broadcasts::Model, stream_id: &StreamId) -> Stored<RoomFacts> {
    let limit = room.other.get("subtracksLimit").and_then(serde_json::Value::as_i64);
    let Some(limit) = limit.and_then(|limit| u32::try_from(limit).ok()) else { return Ok(RoomFacts::default()) };
    let on_air = broadcasts::subtracks_on_air(db, room.application_id, &room.stream_id, stream_id.as_str()).await?;
    Ok(RoomFacts { members: u32::try_from(on_air).unwrap_or(u32::MAX), limit: Some(limit) })
}

fn broadcast_facts(row: &broadcasts::Model) -> Stored<BroadcastFacts> {
    let main_track = row.main_track.as_deref().map(str::parse).transpose();
    Ok(BroadcastFacts {
        created_at: UnixTime::from_millis(row.created_at),
        expire_duration_ms: row.expire_duration_ms,
        planned_start: row.planned_start.map(UnixTime::from_millis),
        planned_end: row.planned_end.map(UnixTime::from_millis),
        main_track: main_track.map_err(|_| StoreError::Corrupt("main track"))?,
        has_tracks: false,
        recording: recording_wish(row),
        webrtc_viewer_limit: u32::try_from(row.webrtc_viewer_limit).ok(),
        hls_viewer_limit: u32::try_from(row.hls_viewer_limit).ok(),
        dash_viewer_limit: u32::try_from(row.dash_viewer_limit).ok(),
    })
}

/// What the record says of recording: 1 on, -1 off, anything else as the application.
fn recording_wish(row: &broadcasts::Model) -> RecordingWish {
    match row.other.get(MP4_ENABLED).and_then(serde_json::Value::as_i64) {
        Some(1) => RecordingWish::On,
        Some(-1) => RecordingWish::Off,
        _ => RecordingWish::AsApplication,
    }
}

/// A subscriber's record as the policy reads it, its secret opened.
pub fn subscriber_facts(api: &Api, row: &subscribers::Model) -> Stored<SubscriberFacts> {
    let open = |sealed: &Vec<u8>| api.secrets().open_sealed(&subscribers::place(row.id), sealed);
    let secret = row.secret.as_ref().map(open).transpose();
    Ok(SubscriberFacts {
        secret: secret.map_err(|_| StoreError::Corrupt("subscriber secret"))?,
        operation: row.operation.as_deref().and_then(Operation::parse),
        totp_period_seconds: u32::try_from(row.totp_period_seconds).unwrap_or(u32::MAX),
        concurrent_connections_limit: u32::try_from(row.concurrent_connections_limit).unwrap_or(u32::MAX),
    })
}

fn token_facts(row: tokens::Model) -> Stored<TokenFacts> {
    let state = match (row.spent_at, row.reserved_by, row.reserved_until) {
        (Some(_), _, _) => TokenState::Spent,
        (None, Some(client), Some(until)) => {
            TokenState::Reserved { client: ClientBinding::new(client), until: UnixTime::from_millis(until) }
        }
        _ => TokenState::Unused,
    };
    Ok(TokenFacts {
        stream_id: row.stream_id.parse().map_err(|_| StoreError::Corrupt("stream id"))?,
        operation: operation(&row.operation)?,
        room_id: row.room_id,
        expires_at: UnixTime::from_millis(row.expires_at),
        state,
    })
}

fn operation(text: &str) -> Stored<Operation> {
    Operation::parse(text).ok_or(StoreError::Corrupt("operation"))
}
