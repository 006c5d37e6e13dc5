//! What a worker asks about broadcasts for the people who are connected to it: signaling answers with what only the API
//! knows. The texts are the objects of REST v2, without addresses, secrets and what lies behind a stream.

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationName, StreamId, WorkerId};

/// Worker → API, answered with a [`Description`]: what is known of this stream?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribeCall {
    pub worker: WorkerId,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub about: About,
}

/// What is asked about a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum About {
    /// Its record: [`Description::Text`].
    Broadcast,
    /// How many watch it over WebRTC, on all workers: [`Description::Count`].
    SubscriberCount,
    /// Its registered subscribers: [`Description::Texts`].
    Subscribers {
        offset: u64,
        /// At most [`MOST_DESCRIBED`] come.
        size: u64,
    },
    /// The broadcasts that are tracks of it: [`Description::Texts`].
    Subtracks {
        offset: u64,
        /// As above.
        size: u64,
        filter: SubtrackFilter,
    },
    /// How many they are: [`Description::Count`].
    SubtrackCount { filter: SubtrackFilter },
    /// Those of them that are on air now, at most [`MOST_MEMBERS`]: [`Description::Room`].
    Room,
    /// Of a kind that this release does not know; it is not answered.
    #[serde(other)]
    Unknown,
}

/// Which tracks of a stream are meant; all unless something is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SubtrackFilter {
    /// Only in this role.
    pub role: Option<String>,
    /// Only of this status, in REST's word (`broadcasting`).
    pub status: Option<String>,
}

/// API → worker: what is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Description {
    /// One object, as JSON.
    Text {
        text: String,
    },
    /// One object each, as JSON.
    Texts {
        texts: Vec<String>,
    },
    Count {
        count: u64,
    },
    Room {
        members: Vec<RoomMember>,
    },
    /// Of a kind that this release does not know.
    #[serde(other)]
    Unknown,
}

/// A stream that is a track of another one, and on air.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomMember {
    pub stream_id: StreamId,
    /// For people.
    pub name: Option<String>,
    /// The publisher's own words.
    pub meta_data: Option<String>,
    pub role: Option<String>,
}

/// Objects in one answer: a client asks for the next page.
pub const MOST_DESCRIBED: u64 = 50;
/// Members of a room that one answer names.
pub const MOST_MEMBERS: usize = 1_000;
