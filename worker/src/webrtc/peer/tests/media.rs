//! Packets and reports, both ways.

use super::*;

fn media_goes_both_ways(setup: BrowserSetup) {
    let mut world = World::connected(setup);
    let now = world.now;
    world.browser.send_video(now, 65_535, b"a picture");
    world.browser.send_video(now, 0, b"another");
    world.browser.send_audio(now, 7, b"sound");
    world.act(|outlet| {
        assert_eq!(outlet.send_rtp(&video(65_535, b"body")), Sent::Yes);
        assert_eq!(outlet.send_rtp(&video(0, b"behind the rollover")), Sent::Yes);
        let sound = OutgoingRtp {
            ssrc: OUR_AUDIO,
            payload_type: AUDIO_PAYLOAD,
            head: &[],
            extensions: &[0x10, 0x55],
            ..video(9, b"opus")
        };
        assert_eq!(outlet.send_rtp(&sound), Sent::Yes);
    });
    world.run_until("media both ways", |world| {
        world.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) >= 3 && world.browser.page.packets.len() >= 3
    });
    assert!(world.memory.has_heard(&Heard::Rtp {
        ssrc: BROWSER_VIDEO,
        payload_type: VIDEO_PAYLOAD,
        sequence: 65_535,
        timestamp: 65_535 * 3_000,
        marker: true,
        payload: b"a picture".to_vec(),
    }));
    assert!(
        world
            .memory
            .heard()
            .iter()
            .any(|heard| { matches!(heard, Heard::Rtp { ssrc: BROWSER_AUDIO, payload, .. } if payload == b"sound") })
    );
    let payloads: Vec<&[u8]> = world.browser.page.packets.iter().map(|packet| &packet.payload[..]).collect();
    assert!(payloads.contains(&&b"head and body"[..]), "{payloads:?}");
    assert!(payloads.contains(&&b"head and behind the rollover"[..]));
    assert!(payloads.contains(&&b"opus"[..]));
}

#[test]
fn a_browser_that_offers_gets_media_and_sends_it_with_gcm() {
    media_goes_both_ways(BrowserSetup::default());
}

#[test]
fn a_browser_that_answers_gets_media_and_sends_it() {
    media_goes_both_ways(BrowserSetup { offers: Offers::Us, ..BrowserSetup::default() });
}

#[test]
fn media_flows_with_the_older_profile() {
    let profiles = vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80];
    media_goes_both_ways(BrowserSetup { profiles, ..BrowserSetup::default() });
}

#[test]
fn we_shake_hands_with_a_peer_that_waits_for_it() {
    media_goes_both_ways(BrowserSetup { role: DtlsRole::Server, ..BrowserSetup::default() });
    media_goes_both_ways(BrowserSetup { role: DtlsRole::Server, offers: Offers::Us, ..BrowserSetup::default() });
}

#[test]
fn gcm_is_agreed_on_though_the_browser_names_it_last() {
    let mut world = World::connected(BrowserSetup::default());
    // Twelve bytes of header, a tag of sixteen.
    world.batch.drain(|_, _| {});
    world.act(|outlet| {
        outlet.send_rtp(&video(1, b"body"));
    });
    let mut sizes = Vec::new();
    world.batch.drain(|_, bytes| sizes.push(bytes.len()));
    assert_eq!(sizes, [12 + b"head and body".len() + 16]);
}

#[test]
fn reports_go_both_ways() {
    let mut world = World::connected(BrowserSetup::default());
    // A sender report without blocks, by us.
    let mut report = vec![0x80, 200, 0, 6];
    report.extend_from_slice(&OUR_VIDEO.to_be_bytes());
    report.extend_from_slice(&[0; 20]);
    world.act(move |outlet| assert_eq!(outlet.send_rtcp(&report), Sent::Yes));
    world.run_for(Duration::from_secs(1));
    let now = world.now;
    for sequence in 0..10 {
        world.browser.send_video(now, sequence, b"a picture");
    }
    world.run_until("a picture", |world| world.memory.count(|heard| matches!(heard, Heard::Rtp { .. })) == 10);
}

#[test]
fn a_sequence_number_leaves_once() {
    let mut world = World::connected(BrowserSetup::default());
    world.act(|outlet| {
        assert_eq!(outlet.send_rtp(&video(10, b"one")), Sent::Yes);
        assert_eq!(outlet.send_rtp(&video(10, b"two")), Sent::Full);
        assert_eq!(outlet.send_rtp(&video(9, b"late")), Sent::Yes);
        assert_eq!(outlet.send_rtp(&video(9, b"late again")), Sent::Full);
    });
}

#[test]
fn nothing_leaves_before_the_peer_is_connected_or_after_it_is_closed() {
    let mut world = World::new(BrowserSetup::default());
    world.act(|outlet| assert_eq!(outlet.send_rtp(&video(1, b"early")), Sent::NotConnected));
    assert!(world.batch.is_empty());
    world.run_until("connected", |world| world.memory.has_heard(&Heard::Connected));
    world.batch.drain(|_, _| {});
    world.act(|outlet| {
        outlet.close();
        assert_eq!(outlet.send_rtp(&video(1, b"late")), Sent::NotConnected);
    });
    assert_eq!(world.memory.end(), Some(PeerEnd::Local));
}

#[test]
fn a_full_way_out_is_told() {
    let mut world = World::connected(BrowserSetup::default());
    world.batch.block(true);
    world.act(|outlet| assert_eq!(outlet.send_rtp(&video(1, b"too much")), Sent::Full));
    world.batch.block(false);
    world.act(|outlet| assert_eq!(outlet.send_rtp(&video(1, b"again")), Sent::Yes));
}

#[test]
fn a_driver_is_called_at_its_time() {
    let mut world = World::connected(BrowserSetup::default());
    world.memory.ask_for_time(world.now + Duration::from_millis(100));
    world.run_for(Duration::from_millis(90));
    assert!(!world.memory.has_heard(&Heard::Time));
    world.run_for(Duration::from_millis(20));
    assert!(world.memory.has_heard(&Heard::Time));
}
