//! Answers the questions that workers have about broadcasts, for the people who are connected to them: the objects of this
//! face, without what viewers must not know.

use serde::Serialize;
use sluice_contract::message::{
    About, DescribeCall, Description, MOST_DESCRIBED, MOST_MEMBERS, RoomMember, SubtrackFilter,
};
use tracing::error;

use super::broadcast::shape::LivePicture;
use super::extract::Paging;
use super::subscriber::shape::SubscriberObject;
use crate::Api;
use crate::manage::{
    Application, Broadcast, BroadcastStatus, ManageError, Outcome, Page, ProblemCode, SubscriberFilter, Viewer,
};

/// `None` when there is no such stream, when the question is of another release, and when it cannot be answered now.
pub async fn describe(api: &Api, call: DescribeCall) -> Option<Description> {
    match described(api, call).await {
        Ok(description) => description,
        Err(ManageError::Problem(problem)) if problem.code == ProblemCode::NotFound => None,
        Err(error) => {
            error!(%error, "a worker's question about a stream could not be answered");
            None
        }
    }
}

async fn described(api: &Api, call: DescribeCall) -> Outcome<Option<Description>> {
    let viewer = Viewer::of_worker(call.application.clone());
    let application = api.application(&viewer, call.application.as_str()).await?;
    let stream_id = call.stream_id;
    Ok(match call.about {
        About::Broadcast => {
            let Some(found) = api.broadcast(&application, stream_id.as_str()).await? else { return Ok(None) };
            let mut shown = shown(api, &application, vec![found]).await?;
            shown.pop().map(|text| Description::Text { text })
        }
        About::SubscriberCount => Some(Description::Count { count: api.webrtc_viewers(&application, &stream_id) }),
        About::Subscribers { offset, size } => {
            let page = Page::Offset { offset, size: size.min(MOST_DESCRIBED) };
            let slice = api.subscribers(&application, &stream_id, SubscriberFilter::default(), page).await?;
            let objects = slice.into_nodes().into_iter().map(|found| SubscriberObject::from(found).for_viewers());
            Some(Description::Texts { texts: texts(objects) })
        }
        About::Subtracks { offset, size, filter } => {
            let tracks = api.subtracks(&application, &stream_id, &filter).await?;
            let most = usize::try_from(MOST_DESCRIBED).unwrap_or(usize::MAX);
            let page = Paging { offset: saturated(offset), size: saturated(size) }.cut(tracks, most);
            Some(Description::Texts { texts: shown(api, &application, page).await? })
        }
        About::SubtrackCount { filter } => {
            let tracks = api.subtracks(&application, &stream_id, &filter).await?;
            Some(Description::Count { count: tracks.len() as u64 })
        }
        About::Room => {
            let status = Some(BroadcastStatus::Broadcasting.as_str().to_owned());
            let filter = SubtrackFilter { role: None, status };
            let tracks = api.subtracks(&application, &stream_id, &filter).await?;
            Some(Description::Room { members: members(tracks) })
        }
        About::Unknown => None,
    })
}

async fn shown(api: &Api, application: &Application, broadcasts: Vec<Broadcast>) -> Outcome<Vec<String>> {
    let picture = LivePicture::of(api, application, String::new(), None);
    let objects = picture.show_all(api, application, broadcasts).await?;
    Ok(texts(objects.into_iter().map(|object| object.for_viewers())))
}

/// As many as fit: whoever wants more asks for the next page.
fn texts(objects: impl IntoIterator<Item = impl Serialize>) -> Vec<String> {
    let mut room = MOST_BYTES;
    let texts = objects.into_iter().filter_map(|object| serde_json::to_string(&object).ok());
    texts
        .take_while(|text| {
            let fits = text.len() <= room;
            room = room.saturating_sub(text.len());
            fits
        })
        .collect()
}

fn members(tracks: Vec<Broadcast>) -> Vec<RoomMember> {
    let mut room = MOST_BYTES;
    let member = |track: Broadcast| {
        let role = track.role().map(str::to_owned);
        RoomMember { stream_id: track.stream_id, name: track.name, meta_data: track.metadata, role }
    };
    let size = |member: &RoomMember| {
        let texts = [&member.name, &member.meta_data, &member.role];
        texts.into_iter().flatten().map(String::len).sum::<usize>() + member.stream_id.as_str().len()
    };
    let members = tracks.into_iter().map(member).take(MOST_MEMBERS);
    members
        .take_while(|member| {
            let fits = size(member) <= room;
            room = room.saturating_sub(size(member));
            fits
        })
        .collect()
}

fn saturated(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What one answer holds: below what the bus carries, even when every character is escaped.
const MOST_BYTES: usize = 512 << 10;
