//! Rooms: broadcasts that only gather others. One that nobody registered is made by its first member and goes with its
//! last; the status of each says whether a member is on air.
//!
//! Everybody who enters or leaves writes the room's row, so that two who do so at the same moment never both decide on
//! what was true before the other. Webhooks hear of members from when they are on air ([`started`]) until they are not.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sluice_contract::{PublishAbout, StreamId, UnixTime};
use uuid::Uuid;

use super::hooks::tell_of_stream;
use crate::Api;
use crate::directory::Entry;
use crate::manage::{BroadcastStatus, new_row};
use crate::store::{ConnectionTrait, StoreError, Stored, broadcasts};
use crate::webhooks::{Action, Happening, idle, tell};

/// Writes down what a publisher says about its stream, and takes it into its room, `main`. What the record
/// says stays: only of an undefined stream, or where nothing is said, the publisher's word counts; the text of its own
/// that goes with the stream (`metaData`) is the publisher's each time.
pub async fn begin(
    db: &impl ConnectionTrait,
    row: &mut broadcasts::Model,
    about: PublishAbout<'_>,
    main: Option<&StreamId>,
    now: UnixTime,
) -> Stored<()> {
    if row.name.is_none() {
        row.name = kept(about.name, MOST_NAME_BYTES);
    }
    if let Some(meta_data) = kept(about.meta_data, MOST_META_DATA_BYTES) {
        row.metadata = Some(meta_data);
    }
    if let Some(role) = kept(about.role, MOST_NAME_BYTES) {
        if !row.other.is_object() {
            row.other = Value::Object(Map::new());
        }
        let is_unset = row.other.get("role").is_none_or(|role| role.as_str().is_none_or(str::is_empty));
        if is_unset {
            row.other["role"] = Value::from(role);
        }
    }
    let Some(main) = main else { return Ok(()) };
    if row.main_track.is_none() {
        row.main_track = Some(main.to_string());
        row.joined = true;
    }
    enter(db, row.application_id, main, now).await
}

/// The same for a stream that was there all the time, when its worker was thought to be lost. `parameters` are those
/// that its publisher came with, as they were kept.
pub async fn begin_again(
    db: &impl ConnectionTrait,
    row: &mut broadcasts::Model,
    parameters: Option<&str>,
    now: UnixTime,
) -> Stored<()> {
    let said = parameters.and_then(|text| serde_json::from_str::<BTreeMap<String, String>>(text).ok());
    let said = said.unwrap_or_default();
    let about = PublishAbout::of(&said);
    let recorded = row.main_track.as_deref().and_then(|main| main.parse().ok());
    let main = about.room_of(&row.stream_id, recorded.as_ref()).ok().flatten();
    begin(db, row, about, main.as_ref(), now).await
}

/// A stream came on air: webhooks hear that it is in its room, if it is in one.
pub async fn started(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    member: &broadcasts::Model,
    at: UnixTime,
) -> Stored<()> {
    let Some(main) = member.main_track.as_deref() else { return Ok(()) };
    tell_of_stream(api, db, application, member, Action::SubtrackAdded, at).await?;
    let Some(room) = broadcasts::find_to_change(db, application.id, main).await? else { return Ok(()) };
    if broadcasts::subtracks_live(db, application.id, main, &member.stream_id).await? == 0 {
        tell_of_room(api, db, application, &room, Action::FirstActiveTrackAdded, Some(member), at).await?;
        if room.room {
            idle::let_run(api, db, application, &room, at).await?;
        }
    }
    broadcasts::update(db, room).await?;
    Ok(())
}

/// A member is there no longer. Of a registered stream that joined by its publisher's word nothing of it stays.
pub async fn end(
    api: &Api,
    db: &impl ConnectionTrait,
    application: Option<&Entry>,
    row: &mut broadcasts::Model,
    at: UnixTime,
) -> Stored<()> {
    let Some(main) = row.main_track.clone() else { return Ok(()) };
    leave(api, db, application, row, &main, at).await?;
    if row.joined {
        row.main_track = None;
        row.joined = false;
    }
    Ok(())
}

/// Somebody wrote down another main track for a stream, `row`, than it had `before`.
pub async fn moved(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    before: &broadcasts::Model,
    row: &broadcasts::Model,
    now: UnixTime,
) -> Stored<()> {
    if row.publisher.is_none() || before.main_track == row.main_track {
        return Ok(());
    }
    if let Some(main) = before.main_track.as_deref() {
        leave(api, db, Some(application), before, main, now).await?;
    }
    let Some(main) = row.main_track.as_deref().and_then(|main| main.parse().ok()) else { return Ok(()) };
    enter(db, row.application_id, &main, now).await?;
    if is_on_air(row) { started(api, db, application, row, now).await } else { Ok(()) }
}

async fn enter(db: &impl ConnectionTrait, application: Uuid, room: &StreamId, now: UnixTime) -> Stored<()> {
    let new = broadcasts::Model { ephemeral: true, room: true, ..new_row(application, room, now) };
    broadcasts::insert_if_absent(db, new).await?;
    let found = broadcasts::find_to_change(db, application, room.as_str()).await?;
    let mut row = found.ok_or(StoreError::Retry)?;
    if row.room {
        row.started_at = row.started_at.filter(|_| is_on_air(&row)).or(Some(now.as_millis()));
        row.status = BroadcastStatus::Broadcasting.as_str().to_owned();
        row.updated_at = Some(now.as_millis());
    }
    broadcasts::update(db, row).await?;
    Ok(())
}

async fn leave(
    api: &Api,
    db: &impl ConnectionTrait,
    application: Option<&Entry>,
    member: &broadcasts::Model,
    room: &str,
    at: UnixTime,
) -> Stored<()> {
    let told = application.filter(|_| is_on_air(member));
    if let Some(application) = told {
        tell_of_stream(api, db, application, member, Action::SubtrackLeft, at).await?;
    }
    let Some(mut row) = broadcasts::find_to_change(db, member.application_id, room).await? else { return Ok(()) };
    let others_live = broadcasts::subtracks_live(db, member.application_id, room, &member.stream_id).await?;
    if let Some(application) = told.filter(|_| others_live == 0) {
        tell_of_room(api, db, application, &row, Action::NoActiveSubtracksLeft, None, at).await?;
    }
    let goes_on = broadcasts::subtracks_on_air(db, member.application_id, room, &member.stream_id).await? > 0;
    if row.room && !goes_on {
        if row.ephemeral {
            idle::forget(db, &row).await?;
            broadcasts::delete(db, row.id).await?;
            return Ok(());
        }
        row.status = BroadcastStatus::Finished.as_str().to_owned();
        row.ended_at = Some(at.as_millis());
        if let Some(application) = application {
            idle::let_run(api, db, application, &row, at).await?;
        }
    }
    broadcasts::update(db, row).await?;
    Ok(())
}

/// The first member is named by its own id, with the room's name; the last has gone, and the room stands for itself.
async fn tell_of_room(
    api: &Api,
    db: &impl ConnectionTrait,
    application: &Entry,
    room: &broadcasts::Model,
    action: Action,
    first: Option<&broadcasts::Model>,
    at: UnixTime,
) -> Stored<()> {
    let named = |name: &str| (name.to_owned(), Value::from(room.stream_id.as_str()));
    let fields = first.map_or_else(Map::new, |_| Map::from_iter(["mainTrackId", "roomId"].map(named)));
    let happening = Happening {
        action,
        stream_id: first.map_or(&room.stream_id, |member| &member.stream_id),
        broadcast: Some(room),
        subscriber_id: None,
        at,
        fields,
        parameters: None,
    };
    tell(api, db, application, happening).await
}

fn is_on_air(row: &broadcasts::Model) -> bool {
    row.status == BroadcastStatus::Broadcasting.as_str()
}

/// A text that a stranger sent, as it can be stored; `None` for one that is too long.
fn kept(text: Option<&str>, most_bytes: usize) -> Option<String> {
    text.filter(|text| text.len() <= most_bytes).map(|text| text.replace('\0', "")).filter(|text| !text.is_empty())
}

/// Names and roles are for people.
const MOST_NAME_BYTES: usize = 1_024;
const MOST_META_DATA_BYTES: usize = 64 << 10;
