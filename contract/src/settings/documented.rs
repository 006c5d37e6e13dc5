//! Settings that clients know and this crate only keeps: every documented name with its default, so that a reader
//! finds the whole object (`rest-v2` §11).

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// The defaults of the fields that [`ApplicationSettings`](super::ApplicationSettings) has no Rust field for.
pub(super) static DEFAULTS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let groups =
        [hls_and_dash(), recording_and_previews(), webrtc(), ingest_and_transcoding(), storage(), bookkeeping()];
    groups
        .into_iter()
        .filter_map(|group| if let Value::Object(group) = group { Some(group) } else { None })
        .flatten()
        .collect()
});

/// Written by the server, whatever a client posts.
pub(super) const READ_ONLY: [&str; 4] = ["appName", "updateTime", "appStatus", "appInstallationTime"];

/// Other spellings: property files of older releases, and the panel.
pub(super) const ALIASES: [(&str, &str); 2] =
    [("dataChannelWebHook", "dataChannelWebHookURL"), ("webhookRetryAttemptDelay", "webhookRetryDelay")];

fn hls_and_dash() -> Value {
    json!({
        "hlsflags": "delete_segments+program_date_time",
        "hlsSegmentFileSuffixFormat": "%09d",
        "deleteHLSFilesOnEnded": true,
        "addDateTimeToHlsFileName": false,
        "hlsHttpEndpoint": "",
        "hlsEncryptionKeyInfoFile": "",
        "addOriginalMuxerIntoHLSPlaylist": true,
        "id3TagEnabled": false,
        "deleteDASHFilesOnEnded": true,
        "dashHttpEndpoint": "",
    })
}

fn recording_and_previews() -> Value {
    json!({
        "webMMuxingEnabled": false,
        "fileNameFormat": "%r%b",
        "recordingSubfolder": null,
        "subFolder": "",
        "vodUploadFinishScript": "",
        "generatePreview": false,
        "createPreviewPeriod": 5000,
        "previewHeight": 480,
        "previewFormat": "png",
        "previewQuality": 75,
        "previewOverwrite": false,
    })
}

fn webrtc() -> Value {
    json!({
        "webRTCPortRangeMin": 50000,
        "webRTCPortRangeMax": 60000,
        "replaceCandidateAddrWithServerAddr": false,
        "disableIPv6Candidates": true,
        "h265Enabled": false,
        "iceGatheringTimeoutMs": 2000,
        "maxVideoTrackCount": -1,
        "maxAudioTrackCount": -1,
        "sendAudioLevelToViewers": false,
        "audioLevelThreshold": 120,
    })
}

fn ingest_and_transcoding() -> Value {
    json!({
        "encoderSettings": [],
        "encoderSettingsString": "",
        "gopSize": 0,
        "aacEncodingEnabled": true,
    })
}

fn storage() -> Value {
    json!({
        "s3RecordingEnabled": false,
        "s3AccessKey": "",
        "s3SecretKey": "",
        "s3BucketName": "",
        "s3RegionName": "",
        "s3Endpoint": "",
        "s3Permission": "public-read",
    })
}

fn bookkeeping() -> Value {
    json!({
        "appName": "",
        "updateTime": 0,
        "appStatus": "installed",
        "appInstallationTime": 0,
        "customSettings": {},
        "participantVisibilityMatrix": {},
    })
}
