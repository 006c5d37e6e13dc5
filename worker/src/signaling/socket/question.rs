//! Answers questions about streams and rooms: from what this worker carries, and from what the API knows.
//!
//! On a protected application only those are answered who have been let in, or whose credentials would be.

use sluice_contract::message::{About, DescribeCall, Description, RoomMember, SubtrackFilter};
use sluice_contract::{ClientBinding, Credentials, Intent, Operation, Peer, Protocol};
use tracing::warn;

use super::super::Signaling;
use super::command::Question;
use super::message::Message;
use crate::StreamKey;
use crate::admission::Ask;
use crate::media::TrackInfo;

/// A question and who asks it.
pub(super) struct Asked {
    pub key: StreamKey,
    /// The stream that the answer names.
    pub stream_id: String,
    pub question: Question,
    pub credentials: Credentials,
    pub peer: Peer,
    pub client: ClientBinding,
    /// It publishes or plays the stream.
    pub admitted: bool,
}

/// The definition of the error that is the answer.
#[derive(Debug, PartialEq, Eq)]
struct NoAnswer(&'static str);

impl Signaling {
    pub(super) async fn answer(&self, asked: Asked) -> Message {
        let stream_id = asked.stream_id.clone();
        self.look_up(asked).await.unwrap_or_else(|NoAnswer(definition)| Message::error(definition, &stream_id))
    }

    async fn look_up(&self, asked: Asked) -> Result<Message, NoAnswer> {
        if let Err(no) = self.entitled(&asked).await {
            return match &asked.question {
                // Whoever comes to publish joins first, and shows its credentials then.
                Question::JoinRoom { room } => Ok(Message::joined(room, &asked.stream_id, &[])),
                _ => Err(no),
            };
        }
        let Asked { key, stream_id, question, .. } = asked;
        let id = stream_id.as_str();
        Ok(match question {
            Question::StreamInfo => self.stream_information(&key, id).await?,
            Question::Debug => {
                let known = self.stream_information(&key, id).await?;
                Message::debug(id, &known)
            }
            Question::Broadcast => match self.describe(&key, About::Broadcast).await? {
                Description::Text { text } => Message::broadcast(id, &text),
                _ => return Err(UNKNOWN),
            },
            Question::SubscriberCount => {
                Message::count("subscriberCount", id, self.count(&key, About::SubscriberCount).await?)
            }
            Question::Subscribers { offset, size } => {
                Message::list("subscriberList", id, self.texts(&key, About::Subscribers { offset, size }).await?)
            }
            Question::Subtracks { offset, size, role } => {
                let filter = SubtrackFilter { role, status: None };
                let about = About::Subtracks { offset, size, filter };
                Message::list("subtrackList", id, self.texts(&key, about).await?)
            }
            Question::SubtrackCount { role, status } => {
                let about = About::SubtrackCount { filter: SubtrackFilter { role, status } };
                Message::count("subtrackCount", id, self.count(&key, about).await?)
            }
            Question::TrackList => Message::track_list(id, &self.tracks(&key).await?),
            Question::VideoTracks => Message::video_tracks(id, &self.tracks(&key).await?),
            Question::JoinRoom { room } => {
                let mut members = self.members(&key).await?;
                members.retain(|member| member.stream_id.as_str() != id);
                Message::joined(&room, id, &members)
            }
            Question::RoomInfo { room } => match self.members(&key).await? {
                members if members.is_empty() => return Err(NoAnswer("no_active_streams_in_room")),
                members => Message::room(&room, id, &members),
            },
        })
    }

    /// Asks the gate whether these credentials would let the client in, unless it is in or everybody is.
    async fn entitled(&self, asked: &Asked) -> Result<(), NoAnswer> {
        let settings = self.rules.application(&asked.key.application).ok_or(NoAnswer("unauthorized_access"))?;
        if asked.admitted || !settings.play_protected {
            return Ok(());
        }
        let ask = Ask {
            application: asked.key.application.as_str().to_owned(),
            stream_id: asked.key.stream_id.as_str().to_owned(),
            operation: Operation::Play,
            protocol: Protocol::WebRtc,
            credentials: asked.credentials.clone(),
            peer: asked.peer.clone(),
            client: asked.client.clone(),
            intent: Intent::Probe,
            publish_mode: None,
        };
        match self.admission.admit(ask.clone()).await {
            Ok(_) => Ok(()),
            Err(reason) => Err(NoAnswer(ask.refusal(&reason).definition)),
        }
    }

    async fn stream_information(&self, key: &StreamKey, stream_id: &str) -> Result<Message, NoAnswer> {
        let seat = self.reach.fetch(key).await.ok_or(UNKNOWN)?;
        let video = seat.stream.tracks().into_iter().flatten().find_map(|track| TrackInfo::video_info(&track));
        let (size, codec) = video.map_or(((0, 0), String::new()), |info| ((info.width, info.height), info.codec));
        Ok(Message::stream_information(stream_id, size, seat.stream.bitrate_bps(), &codec))
    }

    /// The members of a room, or the stream alone.
    async fn tracks(&self, key: &StreamKey) -> Result<Vec<String>, NoAnswer> {
        let members = self.members(key).await?;
        if members.is_empty() {
            return Ok(vec![key.stream_id.as_str().to_owned()]);
        }
        Ok(members.iter().map(|member| member.stream_id.as_str().to_owned()).collect())
    }

    async fn members(&self, key: &StreamKey) -> Result<Vec<RoomMember>, NoAnswer> {
        match self.describe(key, About::Room).await {
            Ok(Description::Room { members }) => Ok(members),
            // A room that nobody has entered is not known.
            Ok(_) => Ok(Vec::new()),
            Err(no) if no == UNKNOWN => Ok(Vec::new()),
            Err(no) => Err(no),
        }
    }

    async fn texts(&self, key: &StreamKey, about: About) -> Result<Vec<String>, NoAnswer> {
        match self.describe(key, about).await? {
            Description::Texts { texts } => Ok(texts),
            _ => Err(UNKNOWN),
        }
    }

    async fn count(&self, key: &StreamKey, about: About) -> Result<u64, NoAnswer> {
        match self.describe(key, about).await? {
            Description::Count { count } => Ok(count),
            _ => Err(UNKNOWN),
        }
    }

    async fn describe(&self, key: &StreamKey, about: About) -> Result<Description, NoAnswer> {
        let StreamKey { application, stream_id } = key.clone();
        let call = DescribeCall { worker: self.worker, application, stream_id, about };
        match self.link.describe(call).await {
            Ok(description) => description.ok_or(UNKNOWN),
            Err(error) => {
                warn!(%error, "a stream could not be described");
                Err(NoAnswer("data_store_not_available"))
            }
        }
    }
}

const UNKNOWN: NoAnswer = NoAnswer("no_stream_exist");
