//! `<data>/running`: is there while a process runs on the data folder, so that the next one knows whether it was stopped
//! or killed.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// The file while the process runs. Only a stop in order removes it: what fails or crashes leaves it to the next process,
/// which may get further.
pub struct Running {
    path: PathBuf,
    /// Held as long as the process lives; `None` when another one has it.
    lock: Option<File>,
    /// A process before this one never removed it.
    pub follows_a_kill: bool,
}

impl Running {
    /// # Errors
    /// When the data folder cannot be written.
    pub fn begin(data_dir: &Path) -> std::io::Result<Self> {
        let path = data_dir.join("running");
        let was_there = path.try_exists()?;
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        // Whoever is turned away because another process runs here takes nothing from it.
        let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        let lock = (!is_taken).then_some(file);
        Ok(Self { path, follows_a_kill: was_there && lock.is_some(), lock })
    }

    /// The process was stopped in order, or refuses to start for a reason that it gives.
    pub fn stopped(self) {
        if self.lock.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_knows_whether_the_one_before_it_was_killed() {
        let folder = tempfile::tempdir().unwrap();
        let begin = || Running::begin(folder.path()).unwrap();
        let first = begin();
        let turned_away = begin();
        assert!(!first.follows_a_kill && !turned_away.follows_a_kill);
        turned_away.stopped();
        assert!(folder.path().join("running").exists());
        first.stopped();
        let again = begin();
        assert!(!again.follows_a_kill, "it was stopped in order");
        drop(again);
        assert!(begin().follows_a_kill, "the one before said nothing of a stop");
        assert!(Running::begin(&folder.path().join("nowhere")).is_err());
    }
}
