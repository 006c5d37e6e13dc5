//! Runs every fuzz target's body over its seeds: inputs that reach deep, and whatever a fuzzer has found.

#[path = "../../fuzz/bodies.rs"]
mod bodies;

use std::path::Path;

#[expect(clippy::print_stdout, reason = "shown when a test fails: the input that it belongs to")]
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("every target has seeds") {
        let path = entry.expect("a readable folder").path();
        println!("{}", path.display());
        body(&std::fs::read(&path).expect("a readable seed"));
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn chunk_seeds_are_read_without_harm() {
    replay("rtmp_chunk", bodies::rtmp_chunk);
}

#[test]
fn amf0_seeds_are_read_without_harm() {
    replay("amf0", bodies::amf0);
}

#[test]
fn media_seeds_are_read_without_harm() {
    replay("flv", bodies::flv);
}

#[test]
fn session_seeds_are_handled_without_harm() {
    replay("rtmp_session", bodies::rtmp_session);
}

#[test]
fn ticket_seeds_open_nothing() {
    replay("ticket", bodies::ticket);
}

#[test]
fn stun_seeds_are_read_without_harm() {
    replay("stun", bodies::stun);
}

#[test]
fn description_seeds_are_answered_in_kind() {
    replay("sdp", bodies::sdp);
}

#[test]
fn publisher_seeds_end_nothing() {
    replay("webrtc_publisher", bodies::webrtc_publisher);
}

#[test]
fn viewer_seeds_end_nothing() {
    replay("webrtc_viewer", bodies::webrtc_viewer);
}
