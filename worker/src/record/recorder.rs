//! One recording: follows what the packager cuts, and writes it down.

use std::sync::Arc;

use sluice_contract::UnixTime;
use sluice_contract::message::{RecordingOrder, RecordingReport};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::folder::{Draft, Folder, FolderError, base_name};
use super::mp4::{About, WriteError, Writer};
use crate::media::TrackKind;
use crate::package::Package;
use crate::package::recording::{Cursor, Cut, Supply};

/// What a recording needs to know.
pub(super) struct Recorder {
    pub folder: Folder,
    pub package: Arc<Package>,
    pub about: About,
    pub order: Option<RecordingOrder>,
    pub date_in_name: bool,
    pub cursor: Cursor,
    /// Set when it is to end with the segment that is being cut.
    pub stop: CancellationToken,
    /// Called with every file that is complete.
    pub done: Box<dyn Fn(RecordingReport) + Send + Sync>,
}

/// A file on its way.
struct Open {
    writer: Writer,
    draft: Draft,
    about: About,
}

/// Why a recording ends before its stream.
#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("the disk cannot keep up: segments were lost")]
    TooSlow,
    #[error("a task failed")]
    Task,
}

impl Recorder {
    /// Runs until the stream ends, or the recording is stopped.
    pub async fn run(mut self) {
        info!(broadcast.name = %self.about.stream_id, application.name = %self.about.application, "recording began");
        let mut open = None;
        let outcome = self.follow(&mut open).await;
        if let Err(cause) = outcome {
            warn!(broadcast.name = %self.about.stream_id, error = %cause, "the recording ends early; what was written is kept");
        }
        if let Some(open) = open {
            self.finish(open).await;
        }
    }

    async fn follow(&mut self, open: &mut Option<Open>) -> Result<(), Cause> {
        let mut changes = self.package.changes();
        let mut last: Option<Cursor> = None;
        let mut tracks = Vec::new();
        loop {
            // Whatever changes from here on is seen below.
            changes.mark_unchanged();
            let (cuts, supply) = self.package.cut_since(&mut self.cursor);
            for kind in [TrackKind::Video, TrackKind::Audio] {
                if !tracks.contains(&kind) && cuts.iter().any(|cut| cut.kind == kind) {
                    tracks.push(kind);
                }
            }
            if !cuts.is_empty() {
                *open = self.write(open.take(), cuts).await?;
            }
            match supply {
                Supply::More => {}
                Supply::Over => return Ok(()),
                Supply::Lost => return Err(Cause::TooSlow),
            }
            if last.as_ref().is_some_and(|last| self.cursor.is_past(last, &tracks)) {
                return Ok(());
            }
            tokio::select! {
                changed = changes.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                }
                () = self.stop.cancelled(), if last.is_none() => last = Some(self.package.cursor()),
            }
        }
    }

    /// Writes segments, to as many files as they need.
    async fn write(&mut self, mut open: Option<Open>, mut cuts: Vec<Cut>) -> Result<Option<Open>, Cause> {
        while !cuts.is_empty() {
            let mut file = match open.take() {
                Some(file) => file,
                None => self.create().await?,
            };
            let fit = cuts.iter().position(|cut| !file.writer.takes(cut)).unwrap_or(cuts.len());
            let rest = cuts.split_off(fit);
            let folder = self.folder.clone();
            let (file, written) = spawn_blocking(move || {
                let written = folder.check_room().map_err(Cause::from).and_then(|()| Ok(file.writer.write(&cuts)?));
                (file, written)
            })
            .await
            .map_err(|_| Cause::Task)?;
            cuts = rest;
            if let Err(cause) = written {
                self.finish(file).await;
                return Err(cause);
            }
            if cuts.is_empty() {
                return Ok(Some(file));
            }
            self.finish(file).await;
        }
        Ok(open)
    }

    async fn create(&mut self) -> Result<Open, Cause> {
        let about = self.about.clone();
        let base = base_name(&about, self.order.as_ref(), self.date_in_name);
        // What comes behind this file is another recording.
        self.about = About { vod: super::new_vod(), ..about.clone() };
        let folder = self.folder.clone();
        let opened = spawn_blocking(move || {
            let (file, draft) = folder.create(&about, &base)?;
            let writer = Writer::begin(file, &about).map_err(WriteError::from)?;
            Ok(Open { writer, draft, about })
        });
        opened.await.map_err(|_| Cause::Task)?
    }

    async fn finish(&self, open: Open) {
        let folder = self.folder.clone();
        let stream = open.about.stream_id.clone();
        let finished = spawn_blocking(move || {
            let Open { writer, draft, about } = open;
            folder.finish(&writer.into_file(), &draft, &about)
        });
        match finished.await {
            Ok(Ok(Some(report))) => {
                info!(
                    broadcast.name = %stream, file = report.file_name, bytes = report.bytes,
                    duration_ms = report.duration_ms, "recording ended"
                );
                (self.done)(report);
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                warn!(broadcast.name = %stream, %error, "a recording is not complete; it will be at the next start")
            }
            Err(_) => warn!(broadcast.name = %stream, "a recording is not complete; it will be at the next start"),
        }
    }
}

/// When a recording began: when it was asked for, or its stream came.
pub(super) fn began_at(order: Option<&RecordingOrder>, since: UnixTime) -> UnixTime {
    order.map_or(since, |order| order.at)
}
