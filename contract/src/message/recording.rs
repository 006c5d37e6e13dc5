//! What the API and the workers tell each other about recordings.

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationName, StreamId, VodId};
use crate::time::UnixTime;

/// Which streams of an application are recorded, and how the files are named. What is missing says what an application
/// without settings has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordingRules {
    /// Every stream that does not say otherwise.
    pub enabled: bool,
    /// `S-2021-05-18_11-26-26.842.mp4` and not `S.mp4`.
    pub date_in_name: bool,
    /// When the application was created: what was recorded before is of another one of its name, and not served.
    pub since: UnixTime,
}

/// Whether a stream is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordingWish {
    /// As the application's other streams.
    #[default]
    AsApplication,
    On,
    Off,
}

impl RecordingWish {
    /// Whether to record, in an application that records its streams or does not.
    pub const fn or(self, of_application: bool) -> bool {
        match self {
            Self::AsApplication => of_application,
            Self::On => true,
            Self::Off => false,
        }
    }
}

/// A recording to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingOrder {
    pub vod: VodId,
    /// When it was asked for.
    pub at: UnixTime,
    /// What the file is to be called, without extension; `None` for the stream's name.
    pub file_name: Option<String>,
}

/// A complete recording as the worker that has its file sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingReport {
    pub vod: VodId,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    /// The file's name with its extension, as it stands behind `/{application}/streams/`.
    pub file_name: String,
    pub bytes: u64,
    pub duration_ms: u64,
    pub started_at: UnixTime,
    pub finished_at: UnixTime,
}

/// Recordings in one message at most.
pub const MOST_RECORDINGS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_says_otherwise_than_its_application() {
        for of_application in [false, true] {
            assert!(RecordingWish::On.or(of_application) && !RecordingWish::Off.or(of_application));
            assert_eq!(RecordingWish::AsApplication.or(of_application), of_application);
        }
    }
}
