//! ffmpeg as the publisher and the player.

use std::process::{Command, Stdio};

use super::clip;
use super::process::{Process, output};

/// A publisher that loops the clip in real time. Dropping it kills it.
pub struct Publisher(Process);

impl Publisher {
    pub fn start(url: &str) -> Self {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i"])
            .arg(clip())
            .args(["-c", "copy", "-f", "flv", url])
            .stderr(Stdio::piped());
        Self(Process::start(&mut command))
    }

    /// Publishes small pictures that are shown in another order than they are decoded in, and a tone.
    pub fn with_b_frames(url: &str) -> Self {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re"])
            .args(["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=15", "-f", "lavfi", "-i", "sine=sample_rate=48000"])
            .args(["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-b_strategy", "0", "-g", "15"])
            .args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", url])
            .stderr(Stdio::piped());
        Self(Process::start(&mut command))
    }

    /// Waits for the end and returns what ffmpeg complained of. Fails the test if it never ends.
    pub async fn complaint(self) -> String {
        let (status, complaint) = self.0.finished().await;
        assert!(!status.success(), "a refused publisher reports an error");
        complaint
    }

    pub fn is_running(&mut self) -> bool {
        self.0.ended().is_none()
    }

    /// Ends it as a person does (SIGINT): the stream is finished properly.
    pub async fn finish(self) {
        self.0.signal("INT");
        self.0.finished().await;
    }
}

/// Plays an address to the end of a time and decodes everything.
pub struct Player;

impl Player {
    /// Plays `seconds` of media and returns ffmpeg's complaints; empty when every frame decoded.
    pub async fn play(url: &str, seconds: u32) -> String {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-xerror"]).args([
            "-i",
            url,
            "-t",
            &seconds.to_string(),
            "-f",
            "null",
            "-",
        ]);
        String::from_utf8_lossy(&output(command).await.stderr).into_owned()
    }
}
