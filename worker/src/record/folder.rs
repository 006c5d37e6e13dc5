//! The files of recordings: `{folder}/{application}/{name}.mp4`. Everything here waits for the disk, and is called where
//! waiting holds up nobody.
//!
//! Nothing is remembered of the files: each says itself whose it is. So several workers may have one folder together, and a
//! file that was brought from elsewhere is found.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use sluice_contract::message::{RecordingOrder, RecordingReport};
use sluice_contract::{ApplicationName, UnixTime, VodId};
use tracing::{info, warn};

use super::mp4::{About, Head, complete, read_complete, read_head};

/// Where recordings are kept, and how much room must be left there.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    path: PathBuf,
    min_free_bytes: u64,
}

/// A file that is being written; nobody else completes it meanwhile.
#[derive(Debug)]
pub(super) struct Draft {
    /// With its extension, as it will be called.
    pub name: String,
    path: PathBuf,
}

/// A complete recording, opened.
#[derive(Debug)]
pub(crate) struct Recording {
    pub file: File,
    pub report: RecordingReport,
}

/// Why nothing can be recorded.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("less than {0} bytes are free where recordings are kept")]
    Full(u64),
    #[error("{} cannot be used: {error}", path.display())]
    Io { path: PathBuf, error: io::Error },
    #[error("no name is free for the recording")]
    Names,
}

impl Folder {
    pub fn new(path: PathBuf, min_free_bytes: u64) -> Self {
        Self { path, min_free_bytes }
    }

    /// # Errors
    /// [`FolderError::Full`] when there is not enough room.
    pub fn check_room(&self) -> Result<(), FolderError> {
        make_folder(&self.path).map_err(self.failed())?;
        let found = rustix::fs::statvfs(&self.path).map_err(|error| self.failed()(error.into()))?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        if free < self.min_free_bytes { Err(FolderError::Full(self.min_free_bytes)) } else { Ok(()) }
    }

    /// A new file under the first name that is free.
    ///
    /// # Errors
    /// [`FolderError`].
    pub fn create(&self, about: &About, base: &str) -> Result<(File, Draft), FolderError> {
        self.check_room()?;
        let folder = self.path.join(about.application.as_str());
        make_folder(&folder).map_err(self.failed())?;
        for number in 0..MOST_OF_ONE_NAME {
            let name = if number == 0 { format!("{base}.mp4") } else { format!("{base}_{number}.mp4") };
            if folder.join(&name).try_exists().map_err(self.failed())? {
                continue;
            }
            let path = folder.join(format!("{name}{WHILE_WRITTEN}"));
            match OpenOptions::new().read(true).write(true).create_new(true).mode(0o640).open(&path) {
                Ok(file) => {
                    // A worker that starts meanwhile takes it for the leftover of a crash otherwise. Where the file system
                    // has no locks nobody else may use the folder.
                    let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
                    // Somebody took it for a leftover before it was locked.
                    if is_taken || file.metadata().map_err(self.failed())?.nlink() == 0 {
                        continue;
                    }
                    return Ok((file, Draft { name, path }));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.failed()(error)),
            }
        }
        Err(FolderError::Names)
    }

    /// Completes a file and gives it its name. `None` when nothing was in it: it is removed.
    ///
    /// # Errors
    /// When the disk refuses; the file is completed at the next start then.
    pub fn finish(&self, file: &File, draft: &Draft, about: &About) -> io::Result<Option<RecordingReport>> {
        let head = read_head(file)?.ok_or(ErrorKind::InvalidData)?;
        let Some(done) = complete(file, &head)? else {
            fs::remove_file(&draft.path)?;
            return Ok(None);
        };
        let name = give_name(draft)?;
        if let Some(folder) = draft.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(Some(report(about, &name, done.bytes, done.duration_ms, file)?))
    }

    /// Completes what a worker that was killed has left. Returns what became recordings.
    pub fn recover(&self) -> Vec<RecordingReport> {
        let mut recovered = Vec::new();
        for (_, path) in self.entries(WHILE_WRITTEN) {
            match self.recover_one(&path) {
                Ok(Some(report)) => {
                    info!(broadcast.name = %report.stream_id, "a recording that was cut short is complete");
                    recovered.push(report);
                }
                Ok(None) => {}
                Err(error) => {
                    warn!(file = %path.display(), %error, "a recording that was cut short cannot be completed")
                }
            }
        }
        recovered
    }

    fn recover_one(&self, path: &Path) -> io::Result<Option<RecordingReport>> {
        let file = OpenOptions::new().read(true).write(true).custom_flags(NO_SURPRISES).open(path)?;
        let about = file.metadata()?;
        if !about.is_file() {
            return Ok(None);
        }
        match file.try_lock() {
            Ok(()) => {}
            // Somebody writes it.
            Err(TryLockError::WouldBlock) => return Ok(None),
            // Without locks only its age tells whether somebody does.
            Err(TryLockError::Error(_)) if is_young(&about, UNLOCKED_IS_LEFT_AFTER) => return Ok(None),
            Err(TryLockError::Error(_)) => {}
        }
        // Made a moment ago, and about to be locked.
        if is_young(&about, EMPTY_IS_LEFT_AFTER) && about.len() < SHORTEST_HEAD {
            return Ok(None);
        }
        let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(WHILE_WRITTEN));
        let (Some(name), Some(head)) = (name, read_head(&file)?) else {
            // Not even its head was written, or it is none of ours.
            if file.metadata()?.len() < SHORTEST_HEAD {
                fs::remove_file(path)?;
            }
            return Ok(None);
        };
        let draft = Draft { name: name.to_owned(), path: path.to_owned() };
        self.finish(&file, &draft, &head.about)
    }

    /// A complete recording by its place behind `/{application}/streams/`. What leads out of the folder is not found.
    pub fn find(&self, application: &ApplicationName, name: &str) -> Option<Recording> {
        let base = name.strip_suffix(".mp4")?;
        if base.is_empty() || base.starts_with('.') || name.contains(['/', '\\', '\0']) {
            return None;
        }
        let path = self.path.join(application.as_str()).join(name);
        let recording = open(&path, name).ok()??;
        (recording.report.application == *application).then_some(recording)
    }

    /// Removes the recording of that name, if it is the one that is meant. True when it was here.
    pub fn remove(&self, application: &ApplicationName, name: &str, vod: &VodId) -> bool {
        let Some(found) = self.find(application, name).filter(|found| found.report.vod == *vod) else { return false };
        let path = self.path.join(application.as_str()).join(&found.report.file_name);
        match fs::remove_file(&path) {
            Ok(()) => true,
            Err(error) => {
                warn!(file = %path.display(), %error, "a recording cannot be removed");
                false
            }
        }
    }

    /// Every complete recording that is here.
    pub fn list(&self) -> impl Iterator<Item = RecordingReport> {
        self.entries(".mp4").into_iter().filter_map(|(application, path)| {
            let name = path.file_name()?.to_str()?;
            Some(self.find(&application, name)?.report)
        })
    }

    /// Files with this ending, and their applications.
    fn entries(&self, ending: &str) -> Vec<(ApplicationName, PathBuf)> {
        let read = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut found = Vec::new();
        for folder in read(&self.path) {
            let name = folder.file_name().and_then(|name| name.to_str());
            let Some(application) = name.and_then(|name| name.parse::<ApplicationName>().ok()) else { continue };
            let ends = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending));
            found.extend(read(&folder).filter(ends).map(|path| (application.clone(), path)));
        }
        found
    }

    fn failed(&self) -> impl Fn(io::Error) -> FolderError {
        |error| FolderError::Io { path: self.path.clone(), error }
    }
}

/// What a file is called (`urls-and-files` §6.2), without number and extension.
pub(super) fn base_name(about: &About, order: Option<&RecordingOrder>, date_in_name: bool) -> String {
    let asked = order.and_then(|order| order.file_name.as_deref()).and_then(sanitised);
    let base = asked.unwrap_or_else(|| about.stream_id.as_str().trim_start_matches('.').to_owned());
    // The number, the date and the extensions must fit too.
    let base: String = base.chars().take(MAX_BASE_BYTES).collect();
    if date_in_name { format!("{base}-{}", date(about.started_at)) } else { base }
}

/// `yyyy-MM-dd_HH-mm-ss.SSS`, in UTC.
fn date(at: UnixTime) -> String {
    at.to_string().trim_end_matches('Z').replace('T', "_").replace(':', "-")
}

/// A name that somebody chose, without extension and without what no file name of ours has; `None` when nothing is left.
fn sanitised(name: &str) -> Option<String> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name).trim();
    let name = name.strip_suffix(".mp4").unwrap_or(name);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let kept: String = name.chars().map(|c| if is_part(c) { c } else { '_' }).collect();
    let kept = kept.trim_start_matches('.');
    (!kept.is_empty()).then(|| kept.to_owned())
}

fn open(path: &Path, name: &str) -> io::Result<Option<Recording>> {
    let file = OpenOptions::new().read(true).custom_flags(NO_SURPRISES).open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let Some(Head { about, media_at }) = read_head(&file)? else { return Ok(None) };
    let head = Head { about, media_at };
    let Some(done) = read_complete(&file, &head)? else { return Ok(None) };
    let report = report(&head.about, name, done.bytes, done.duration_ms, &file)?;
    Ok(Some(Recording { file, report }))
}

/// Gives a complete file its name, or the next one that is free: what has come to be there meanwhile stays.
fn give_name(draft: &Draft) -> io::Result<String> {
    let base = draft.name.strip_suffix(".mp4").unwrap_or(&draft.name);
    for number in 0..MOST_OF_ONE_NAME {
        let name = if number == 0 { draft.name.clone() } else { format!("{base}_{number}.mp4") };
        let path = draft.path.with_file_name(&name);
        match fs::hard_link(&draft.path, &path) {
            Ok(()) => {
                fs::remove_file(&draft.path)?;
                return Ok(name);
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                // By ourselves, before a crash.
                if is_same(&draft.path, &path)? {
                    fs::remove_file(&draft.path)?;
                    return Ok(name);
                }
            }
            // A file system without links: nobody else uses it at the same time, or it has them.
            Err(_) if !path.try_exists()? => {
                fs::rename(&draft.path, &path)?;
                return Ok(name);
            }
            Err(_) => {}
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (fs::symlink_metadata(one)?, fs::symlink_metadata(other)?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

fn is_young(about: &fs::Metadata, age: Duration) -> bool {
    about.modified().is_ok_and(|changed| changed.elapsed().map_or(true, |elapsed| elapsed < age))
}

fn report(about: &About, name: &str, bytes: u64, duration_ms: u64, file: &File) -> io::Result<RecordingReport> {
    let changed = file.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Ok(RecordingReport {
        vod: about.vod.clone(),
        application: about.application.clone(),
        stream_id: about.stream_id.clone(),
        file_name: name.to_owned(),
        bytes,
        duration_ms,
        started_at: about.started_at,
        finished_at: UnixTime::from_millis(i64::try_from(changed.as_millis()).unwrap_or(i64::MAX)),
    })
}

/// Only for the server's own account and its group: what is played passes the gate.
fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o750).create(path)
}

/// Behind the name of a file that is not complete.
const WHILE_WRITTEN: &str = ".tmp_extension";
/// Recordings of one name: far more, and looking for a free one takes longer than a segment.
const MOST_OF_ONE_NAME: u32 = 10_000;
const MAX_BASE_BYTES: usize = 200;
/// Of the boxes before the media.
const SHORTEST_HEAD: u64 = 100;
/// What is recorded grows with every segment, and a file of ours is locked as soon as it is made.
const UNLOCKED_IS_LEFT_AFTER: Duration = Duration::from_secs(120);
const EMPTY_IS_LEFT_AFTER: Duration = Duration::from_secs(10);
/// A link is not followed, and what is no file does not keep us waiting.
const NO_SURPRISES: i32 = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits().cast_signed();

#[cfg(test)]
mod tests {
    use super::*;

    fn about(stream: &str) -> About {
        About {
            vod: "0123456789abcdef01234567".parse().unwrap(),
            application: "LiveApp".parse().unwrap(),
            stream_id: stream.parse().unwrap(),
            started_at: UnixTime::from_millis(1_621_337_186_842),
        }
    }

    fn order(name: &str) -> RecordingOrder {
        RecordingOrder { vod: about("s").vod, at: UnixTime::EPOCH, file_name: Some(name.to_owned()) }
    }

    #[test]
    fn files_are_named_after_their_stream_the_date_or_a_wish() {
        assert_eq!(base_name(&about("cam_1"), None, false), "cam_1");
        assert_eq!(base_name(&about("s"), None, true), "s-2021-05-18_11-26-26.842");
        assert_eq!(base_name(&about("..s"), None, false), "s");
        for (wish, name) in [
            ("lecture", "lecture"),
            ("lecture.mp4", "lecture"),
            ("../../etc/passwd", "passwd"),
            ("..\\x", "x"),
            ("a b\u{e4}\n", "a_b_"),
            ("...", "s"),
            ("", "s"),
        ] {
            assert_eq!(base_name(&about("s"), Some(&order(wish)), false), name, "{wish:?}");
        }
        assert_eq!(base_name(&about("s"), Some(&order(&"x".repeat(999))), false).len(), MAX_BASE_BYTES);
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned(), 0);
        let name = || folder.create(&about("s"), "s").unwrap().1.name;
        assert_eq!(name(), "s.mp4");
        assert_eq!(name(), "s_1.mp4", "the first is being written");
        fs::write(place.path().join("LiveApp/s_2.mp4"), "").unwrap();
        assert_eq!(name(), "s_3.mp4");
    }

    #[test]
    fn without_room_nothing_begins() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().join("new"), u64::MAX);
        assert!(matches!(folder.create(&about("s"), "s"), Err(FolderError::Full(_))));
    }

    #[test]
    fn only_recordings_of_ours_are_found() {
        let place = tempfile::tempdir().unwrap();
        let folder = Folder::new(place.path().to_owned(), 0);
        let application = "LiveApp".parse().unwrap();
        fs::create_dir(place.path().join("LiveApp")).unwrap();
        fs::write(place.path().join("secret.mp4"), "x").unwrap();
        fs::write(place.path().join("LiveApp/other.mp4"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", place.path().join("LiveApp/link.mp4")).unwrap();
        for name in ["other.mp4", "link.mp4", "../secret.mp4", "none.mp4", ".mp4", "..mp4", "other", ""] {
            assert!(folder.find(&application, name).is_none(), "{name}");
        }
        assert_eq!(folder.list().count(), 0);
    }
}
