//! What real peers write, what hostile ones do, and what comes of it.

mod amend;
mod hostile;
mod offers;
mod viewers;

use super::plan::{Available, Plan, Wish};
use super::*;
use crate::webrtc::engine::{Candidate, LocalTransport, Transport};

const CHROME: &str = include_str!("samples/chrome-publish.sdp");
const CHROME_PLAY: &str = include_str!("samples/chrome-play.sdp");
const FIREFOX: &str = include_str!("samples/firefox-publish.sdp");
const SAFARI: &str = include_str!("samples/safari-publish.sdp");
const OBS: &str = include_str!("samples/obs.sdp");
const AIORTC: &str = include_str!("samples/aiortc.sdp");
const GSTREAMER: &str = include_str!("samples/gstreamer.sdp");
const FFMPEG: &str = include_str!("samples/ffmpeg.sdp");

const ALL: [&str; 8] = [CHROME, CHROME_PLAY, FIREFOX, SAFARI, OBS, AIORTC, GSTREAMER, FFMPEG];

const EVERYTHING: Wish = Wish { video: true, audio: true, h264: true, vp8: true, vp9: true, av1: true };

fn local() -> LocalTransport {
    LocalTransport {
        ufrag: "ourU".to_owned(),
        pwd: sluice_contract::Secret::from("ourPasswordOurPasswordOu"),
        fingerprint: [0x0f; 32],
        candidates: vec![
            Candidate {
                transport: Transport::Udp,
                address: "192.0.2.1:5000".parse().unwrap(),
                priority: 2_130_706_431,
            },
            Candidate {
                transport: Transport::Tcp,
                address: "[2001:db8::1]:5000".parse().unwrap(),
                priority: 1_015_021_823,
            },
        ]
        .into(),
    }
}

fn ssrcs() -> impl FnMut() -> u32 {
    let mut next = 1_000;
    move || {
        next += 1;
        next
    }
}

/// The lines of one section of a text, from its m-line on; section 0 is what stands before the first.
fn section(text: &str, number: usize) -> Vec<&str> {
    let mut at = 0;
    let in_section = |line: &&str| {
        at += usize::from(line.starts_with("m="));
        at == number
    };
    text.lines().filter(in_section).collect()
}
