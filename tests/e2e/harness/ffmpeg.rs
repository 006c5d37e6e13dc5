//! ffmpeg as the publisher and the player.

use std::process::Stdio;

use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::{PATIENCE, clip};

/// A publisher that loops the clip in real time. Dropping it kills it.
pub struct Publisher {
    process: Child,
}

impl Publisher {
    pub fn start(url: &str) -> Self {
        let process = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-stream_loop", "-1", "-i"])
            .arg(clip())
            .args(["-c", "copy", "-f", "flv", url])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("ffmpeg is installed (make setup)");
        Self { process }
    }

    /// Waits for the end and returns what ffmpeg complained of. Fails the test if it never ends.
    pub async fn complaint(mut self) -> String {
        let mut text = String::new();
        let mut stderr = self.process.stderr.take().expect("piped");
        tokio::time::timeout(PATIENCE, stderr.read_to_string(&mut text))
            .await
            .expect("the publisher is sent away")
            .expect("its complaint can be read");
        let status = self.process.wait().await.expect("it ends");
        assert!(!status.success(), "a refused publisher reports an error");
        text
    }

    pub fn is_running(&mut self) -> bool {
        self.process.try_wait().expect("the process can be watched").is_none()
    }

    /// Ends it as a person does (SIGINT): the stream is finished properly.
    pub async fn finish(mut self) {
        let pid = self.process.id().expect("it runs").to_string();
        let _ = Command::new("kill").args(["-INT", &pid]).status().await;
        let _ = tokio::time::timeout(PATIENCE, self.process.wait()).await.expect("it ends");
    }
}

/// Plays an address to the end of a time and decodes everything.
pub struct Player;

impl Player {
    /// Plays `seconds` of media and returns ffmpeg's complaints; empty when every frame decoded.
    pub async fn play(url: &str, seconds: u32) -> String {
        let output = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-xerror"])
            .args(["-i", url, "-t", &seconds.to_string(), "-f", "null", "-"])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, output).await.expect("it plays").expect("ffmpeg is installed");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }
}
