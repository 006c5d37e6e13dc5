//! A clip to publish: ten seconds of a moving test picture and a tone, encoded once per run of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// 320×180 at 25 frames a second, key frame every second, H.264 Main without B-frames, AAC-LC 44.1 kHz stereo, as FLV.
pub fn clip() -> &'static Path {
    static CLIP: OnceLock<PathBuf> = OnceLock::new();
    CLIP.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("clip-{}.flv", std::process::id()));
        let made = Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y", "-nostdin"])
            .args(["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"])
            .args(["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100"])
            .args(["-t", "10", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main", "-pix_fmt", "yuv420p"])
            .args(["-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-bf", "0", "-b:v", "300k"])
            .args(["-c:a", "aac", "-b:a", "64k", "-ac", "2", "-f", "flv"])
            .arg(&path)
            .status()
            .expect("ffmpeg is installed (make setup)");
        assert!(made.success(), "the clip can be made");
        path
    })
}
