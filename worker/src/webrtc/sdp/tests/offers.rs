//! Publishers' offers, and our answers.

use super::*;
use crate::webrtc::engine::DtlsRole;

fn receive(text: &str, wish: Wish) -> Plan {
    Plan::receive(&read_offer(text).unwrap(), wish).unwrap()
}

fn format(plan: &Plan, kind: MediaKind) -> Option<(u8, RtpFormat, Option<u8>)> {
    let codec = plan.section(kind)?.codec.as_ref()?;
    Some((codec.payload_type, codec.format, codec.rtx))
}

fn h264(profile_level_id: [u8; 3]) -> RtpFormat {
    RtpFormat::H264 { profile_level_id }
}

#[test]
fn every_publisher_is_understood() {
    let cases = [
        ("chrome", CHROME, 109, h264([0x42, 0xe0, 0x1f]), Some(114), 111, Some(2_231_627_014), Some(632_943_048)),
        ("firefox", FIREFOX, 126, h264([0x42, 0xe0, 0x1f]), Some(127), 109, Some(4_010_268_405), Some(1_466_432_829)),
        ("safari", SAFARI, 98, h264([0x42, 0xe0, 0x1f]), Some(99), 111, Some(11), Some(12)),
        ("obs", OBS, 96, h264([0x42, 0xe0, 0x1f]), None, 111, Some(1_302_982_144), None),
        ("aiortc", AIORTC, 101, h264([0x42, 0xe0, 0x1f]), Some(102), 96, Some(3_184_534_672), Some(2_766_121_945)),
        ("gstreamer", GSTREAMER, 96, h264([0x42, 0xc0, 0x1f]), Some(97), 98, Some(2_873_163_823), Some(1_463_163_214)),
        ("ffmpeg", FFMPEG, 106, h264([0x42, 0xc0, 0x1e]), None, 111, Some(2_164_260_866), None),
    ];
    for (name, text, video, video_format, rtx, audio, ssrc, rtx_ssrc) in cases {
        let plan = receive(text, EVERYTHING);
        assert_eq!(format(&plan, MediaKind::Video), Some((video, video_format, rtx)), "{name}");
        assert_eq!(format(&plan, MediaKind::Audio), Some((audio, RtpFormat::Opus, None)), "{name}");
        let section = plan.section(MediaKind::Video).unwrap();
        assert_eq!((section.ssrc, section.rtx_ssrc), (ssrc, rtx_ssrc), "{name}");
        assert_eq!(section.direction, Direction::RecvOnly, "{name}: also of what was offered in both directions");
        let role = if name == "ffmpeg" { DtlsRole::Server } else { DtlsRole::Client };
        assert_eq!(read_offer(text).unwrap().transport.role, role, "{name}");
    }
}

#[test]
fn a_description_gives_its_transport_wherever_it_says_it() {
    let remote = read_offer(OBS).unwrap().transport;
    assert_eq!(remote.ufrag, "yrmL");
    assert!(remote.pwd.matches("eGh2bVeY3rC4jDJ0MIU4oA"));
    assert_eq!(remote.fingerprint[..4], [0xab, 0xcd, 0xef, 0x01]);
    assert_eq!(read_offer(FIREFOX).unwrap().transport.ufrag, "9f8e7d6c");
    let media = &read_offer(CHROME).unwrap().media;
    assert_eq!(media[2].kind, MediaKind::Data);
    assert_eq!((media[2].sctp_port, media[2].max_message_size), (Some(5_000), Some(262_144)));
    assert_eq!(media[1].codecs.len(), 9, "formats that we carry, without retransmissions: {:?}", media[1].codecs);
    let everything = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true };
    assert_eq!(media[1].codecs[0].feedback, everything);
}

#[test]
fn the_rules_say_which_codecs_are_taken() {
    let only = |h264, vp8, vp9, av1| Wish { h264, vp8, vp9, av1, ..EVERYTHING };
    for (wish, taken) in [
        (only(true, true, true, true), Some((109, h264([0x42, 0xe0, 0x1f]), Some(114)))),
        (only(false, true, true, true), Some((96, RtpFormat::Vp8, Some(97)))),
        (only(false, false, true, true), Some((45, RtpFormat::Av1 { profile: 0 }, Some(46)))),
        (only(false, false, true, false), Some((98, RtpFormat::Vp9 { profile: 0 }, Some(99)))),
        (only(false, false, false, false), None),
        (Wish { video: false, ..EVERYTHING }, None),
    ] {
        let plan = receive(CHROME, wish);
        assert_eq!(format(&plan, MediaKind::Video), taken, "{wish:?}");
        assert!(plan.section(MediaKind::Audio).is_some());
        assert_eq!(plan.sections.len(), 3, "every section keeps its place");
    }
    let none = Wish { video: false, audio: false, ..EVERYTHING };
    assert!(Plan::receive(&read_offer(CHROME).unwrap(), none).is_err());
    assert!(Plan::receive(&read_offer(CHROME_PLAY).unwrap(), EVERYTHING).is_err(), "who only receives sends nothing");
}

#[test]
fn main_and_high_are_taken_when_nothing_simpler_is_offered() {
    let high = OBS.replace("42e01f", "64001f");
    assert_eq!(format(&receive(&high, EVERYTHING), MediaKind::Video), Some((96, h264([0x64, 0, 0x1f]), None)));
    for not_taken in ["f4001f", "58001f", "nonsense"] {
        let plan = receive(&OBS.replace("42e01f", not_taken), EVERYTHING);
        assert_eq!(format(&plan, MediaKind::Video), None, "{not_taken}");
    }
    let single_nal_units = receive(&OBS.replace("packetization-mode=1", "packetization-mode=0"), EVERYTHING);
    assert_eq!(format(&single_nal_units, MediaKind::Video), None);
}

#[test]
fn an_answer_says_what_was_taken() {
    let offer = read_offer(CHROME).unwrap();
    let plan = Plan::receive(&offer, EVERYTHING).unwrap();
    let answer = write::answer(&local(), &plan, &offer);
    let session = section(&answer, 0);
    assert!(session.contains(&"a=group:BUNDLE 0 1 2") && session.contains(&"a=ice-lite"), "{answer}");
    let video = section(&answer, 2);
    for line in [
        "m=video 9 UDP/TLS/RTP/SAVPF 109 114",
        "a=mid:1",
        "a=ice-ufrag:ourU",
        "a=ice-pwd:ourPasswordOurPasswordOu",
        "a=setup:passive",
        "a=rtcp-mux",
        "a=recvonly",
        "a=rtpmap:109 H264/90000",
        "a=rtpmap:114 rtx/90000",
        "a=fmtp:114 apt=109",
        "a=fmtp:109 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        "a=rtcp-fb:109 nack pli",
        "a=rtcp-fb:109 transport-cc",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    ] {
        assert!(video.contains(&line), "{line} in {answer}");
    }
    assert_eq!(video.iter().filter(|line| line.starts_with("a=extmap")).count(), 3, "{answer}");
    assert!(!answer.contains("goog-remb") && !answer.contains("a=ssrc") && !answer.contains("a=msid:"), "{answer}");
    let audio = section(&answer, 1);
    assert!(audio.contains(&"a=fmtp:111 minptime=10;useinbandfec=1;stereo=1"), "{answer}");
    for line in [
        "a=candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
        "a=candidate:2 1 tcp 1015021823 2001:db8::1 5000 typ host tcptype passive",
        "a=end-of-candidates",
    ] {
        assert!(audio.contains(&line), "{line} in {answer}");
        assert_eq!(answer.matches(line).count(), 1, "candidates stand once");
    }
    let data = section(&answer, 3);
    assert!(data.contains(&"m=application 9 UDP/DTLS/SCTP webrtc-datachannel"), "{answer}");
    assert!(data.contains(&"a=sctp-port:5000") && data.contains(&"a=setup:passive"), "{answer}");
    assert!(answer.lines().all(|line| !line.is_empty()) && answer.ends_with("\r\n"));
    assert_eq!(answer.matches('\n').count(), answer.matches("\r\n").count());
}

#[test]
fn every_answer_can_be_read_again_and_has_the_offers_sections() {
    for text in ALL {
        let offer = read_offer(text).unwrap();
        let available =
            Available { video: vec![h264([0x64, 0, 0x1f])], audio: vec![RtpFormat::Opus], ..Available::default() };
        let plan = Plan::receive(&offer, EVERYTHING).or_else(|_| Plan::send(&offer, &available, "s", ssrcs())).unwrap();
        let answer = write::answer(&local(), &plan, &offer);
        let read = read_answer(&answer).unwrap_or_else(|error| panic!("{error} in {answer}"));
        let shape = |media: &RemoteMedia| (media.mid.clone(), media.kind);
        assert_eq!(read.media.iter().map(shape).collect::<Vec<_>>(), offer.media.iter().map(shape).collect::<Vec<_>>());
        assert_eq!(read.transport.fingerprint, [0x0f; 32]);
        let role = match offer.transport.role {
            DtlsRole::Client => DtlsRole::Server,
            DtlsRole::Server => DtlsRole::Client,
        };
        assert_eq!(read.transport.role, role, "one begins, the other waits");
    }
}

#[test]
fn what_is_not_wanted_is_rejected_in_its_place() {
    let offer = read_offer(CHROME).unwrap();
    let plan = Plan::receive(&offer, Wish { audio: false, ..EVERYTHING }).unwrap();
    let answer = write::answer(&local(), &plan, &offer);
    assert!(section(&answer, 0).contains(&"a=group:BUNDLE 1 2"), "{answer}");
    assert_eq!(section(&answer, 1).first(), Some(&"m=audio 0 UDP/TLS/RTP/SAVPF 111"), "{answer}");
    assert!(section(&answer, 2).contains(&"a=end-of-candidates"), "with the first section in use: {answer}");
    let strange =
        format!("{CHROME}m=text 9 UDP/TLS/RTP/SAVPF 98\r\na=mid:x\r\n").replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 x");
    let offer = read_offer(&strange).unwrap();
    let plan = Plan::receive(&offer, EVERYTHING).unwrap();
    let answer = write::answer(&local(), &plan, &offer);
    assert_eq!(section(&answer, 4).first(), Some(&"m=text 0 UDP/TLS/RTP/SAVPF 98"), "{answer}");
}

#[test]
fn a_publisher_who_offers_again_keeps_what_it_has() {
    let offer = read_offer(CHROME).unwrap();
    let plan = Plan::receive(&offer, EVERYTHING).unwrap();
    assert_eq!(plan.again(&offer), Ok(plan.clone()));
    let second_camera = section(CHROME, 2).join("\r\n").replace("a=mid:1", "a=mid:3");
    let more = format!("{CHROME}{second_camera}\r\n").replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3");
    let again = plan.again(&read_offer(&more).unwrap()).unwrap();
    assert_eq!(again.sections[..3], plan.sections);
    assert_eq!(again.sections[3].direction, Direction::Inactive);
}
