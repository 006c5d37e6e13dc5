//! Recordings that workers tell of: new ones are written down, and of deleted ones the files are removed.

use sluice_contract::message::{Command, RecordingReport, WorkerEvent};
use sluice_contract::{ApplicationName, VodId, WorkerId};
use tracing::warn;
use uuid::{NoContext, Timestamp, Uuid};

use super::hooks::tell_of_recording;
use crate::Api;
use crate::directory::Entry;
use crate::store::{self, StoreError, Stored, broadcasts, recordings, retried, server};

/// Records one event. An error means that it must come again.
pub async fn recorded(api: &Api, event: &WorkerEvent, reports: &[RecordingReport]) -> Stored<()> {
    let left_over = retried(async || {
        let transaction = api.store().transaction().await?;
        let mut left_over = Vec::new();
        if server::mark_handled(&transaction, event.id, event.at.as_millis()).await? {
            for report in reports {
                let Some(application) = api.directory().find(report.application.as_str()) else { continue };
                if enter(api, &transaction, &application, event.worker, report).await? {
                    continue;
                }
                let vod_id = report.vod.to_string();
                if !recordings::deleted(&transaction, application.id, vec![vod_id]).await?.is_empty() {
                    left_over.push((application, report.vod.clone(), report.file_name.clone()));
                }
            }
        }
        store::commit(transaction).await?;
        Ok::<_, StoreError>(left_over)
    })
    .await?;
    for (application, vod, file_name) in left_over {
        let api = api.clone();
        // Nobody waits for it: if it fails, the worker tells of the file again.
        tokio::spawn(async move {
            if let Err(error) = remove_files(&api, application.id, &application.name, vec![(vod, file_name)]).await {
                warn!(%error, "the file of a deleted recording is still there");
            }
        });
    }
    Ok(())
}

/// Writes a recording down and tells of it. False if it was known.
async fn enter(
    api: &Api,
    db: &impl store::ConnectionTrait,
    application: &Entry,
    worker: WorkerId,
    report: &RecordingReport,
) -> Stored<bool> {
    // Of an application of the same name that was deleted.
    if report.finished_at < application.created_at {
        return Ok(true);
    }
    let broadcast = broadcasts::find(db, application.id, report.stream_id.as_str()).await?;
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let row = recordings::Model {
        id: id_at(report.finished_at.as_millis()),
        application_id: application.id,
        vod_id: report.vod.to_string(),
        stream_id: report.stream_id.to_string(),
        stream_name: broadcast.as_ref().and_then(|broadcast| broadcast.name.clone()),
        file_name: report.file_name.clone(),
        bytes: number(report.bytes),
        duration_ms: number(report.duration_ms),
        started_at: report.started_at.as_millis(),
        created_at: report.finished_at.as_millis(),
        worker: worker.uuid(),
        deleted_at: None,
        removed_at: None,
    };
    if !recordings::insert_if_absent(db, row).await? {
        return Ok(false);
    }
    tell_of_recording(api, db, application, broadcast.as_ref(), report).await?;
    Ok(true)
}

/// Has the files of deleted recordings removed, and writes down which were: whoever has one of the others will tell of it.
/// Returns how many were removed.
pub async fn remove_files(
    api: &Api,
    application: Uuid,
    name: &ApplicationName,
    files: Vec<(VodId, String)>,
) -> Stored<usize> {
    let command = Command::RemoveRecordings { application: name.clone(), recordings: files };
    let removed = api.fleet().send(command).await.acknowledged().await.recordings;
    let vod_ids: Vec<String> = removed.iter().map(ToString::to_string).collect();
    let count = vod_ids.len();
    recordings::removed(api.store().writer(), application, vod_ids, api.now().as_millis()).await?;
    Ok(count)
}

/// A UUIDv7 of that time, so that ids are in the order in which recordings ended.
fn id_at(millis: i64) -> Uuid {
    let millis = u64::try_from(millis).unwrap_or(0);
    let nanos = u32::try_from(millis % 1_000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(Timestamp::from_unix(NoContext, millis / 1_000, nanos))
}
