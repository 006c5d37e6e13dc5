//! What viewers are offered, what they answer, and what their own offers get.

use super::*;

fn available(video: &[RtpFormat]) -> Available {
    Available { video: video.to_vec(), audio: vec![RtpFormat::Opus], ..Available::default() }
}

const HIGH: RtpFormat = RtpFormat::H264 { profile_level_id: [0x64, 0x00, 0x28] };
const SIMPLE: RtpFormat = RtpFormat::H264 { profile_level_id: [0x42, 0xe0, 0x1f] };

/// What a browser answers: everything it was offered, or what `keep` leaves of each section's formats.
fn browser(offer: &str, keep: impl Fn(&str) -> bool) -> String {
    let mut answer = String::new();
    for line in offer.lines() {
        let line = match line {
            "a=sendonly" => "a=recvonly".to_owned(),
            "a=setup:actpass" => "a=setup:active".to_owned(),
            "a=ice-lite" => continue,
            line if line.starts_with("a=ssrc") || line.starts_with("a=msid:") => continue,
            line if line.starts_with("m=") && !line.contains("webrtc-datachannel") => {
                let (head, formats) = line.split_at(line.find("SAVPF").unwrap() + 5);
                let kept = formats.split_whitespace().filter(|format| keep(format)).collect::<Vec<_>>();
                format!("{head} {}", kept.join(" "))
            }
            line => line.to_owned(),
        };
        answer.push_str(&line);
        answer.push_str("\r\n");
    }
    answer
}

#[test]
fn a_viewer_is_offered_the_stream_as_it_is_and_what_every_browser_takes() {
    let plan = Plan::propose(&available(&[HIGH]), "stream1", true, ssrcs());
    let offer = write::offer(&local(), &plan);
    let video = section(&offer, 2);
    for line in [
        "m=video 9 UDP/TLS/RTP/SAVPF 100 101 102 103",
        "a=sendonly",
        "a=setup:actpass",
        "a=rtpmap:100 H264/90000",
        "a=fmtp:100 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640028",
        "a=fmtp:101 apt=100",
        "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        "a=msid:stream1 stream1-video",
        "a=ssrc-group:FID 1002 1003",
        "a=ssrc:1002 cname:stream1",
        "a=rtcp-fb:100 transport-cc",
    ] {
        assert!(video.contains(&line), "{line} in {offer}");
    }
    let audio = section(&offer, 1);
    assert!(audio.contains(&"a=fmtp:96 minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1"), "{offer}");
    assert!(audio.contains(&"a=ssrc:1001 cname:stream1"), "{offer}");
    assert!(section(&offer, 0).contains(&"a=group:BUNDLE 0 1 2"), "{offer}");
    assert!(section(&offer, 3).contains(&"a=max-message-size:65536"), "{offer}");
}

#[test]
fn a_browsers_answer_leaves_one_codec() {
    let plan = Plan::propose(&available(&[HIGH, RtpFormat::Vp8]), "s", true, ssrcs());
    let offer = write::offer(&local(), &plan);
    for (kept, number, rtx) in [
        (vec!["96", "100", "101", "102", "103", "104", "105"], 100, Some(101)),
        (vec!["96", "102", "103"], 102, Some(103)),
        (vec!["96", "104"], 104, None),
    ] {
        let mut answer = browser(&offer, |format| kept.contains(&format));
        if rtx.is_none() {
            answer = answer.replace("a=fmtp:105 apt=104\r\n", "");
        }
        let settled = plan.clone().settle(&read_answer(&answer).unwrap()).unwrap();
        let section = settled.section(MediaKind::Video).unwrap();
        let codec = section.codec.as_ref().unwrap();
        assert_eq!((codec.payload_type, codec.rtx), (number, rtx), "{kept:?}");
        assert_eq!(section.ssrc, Some(1_002), "as it was proposed");
        assert_eq!(section.rtx_ssrc.is_some(), rtx.is_some());
        assert!(section.proposed.is_empty());
        assert_eq!(section.extensions, plan.sections[1].extensions);
        assert!(settled.section(MediaKind::Data).is_some());
    }
}

#[test]
fn a_viewer_may_refuse_parts_but_not_all() {
    let plan = Plan::propose(&available(&[SIMPLE]), "s", false, ssrcs());
    let offer = write::offer(&local(), &plan);
    let answer = browser(&offer, |_| true);
    let no_video = answer.replace("m=video 9", "m=video 0");
    let settled = plan.clone().settle(&read_answer(&no_video).unwrap()).unwrap();
    assert!(settled.section(MediaKind::Video).is_none() && settled.section(MediaKind::Audio).is_some());
    let nothing = answer.replace("a=recvonly", "a=inactive");
    assert!(plan.clone().settle(&read_answer(&nothing).unwrap()).is_err());
    let other_mid = answer.replace("a=mid:1", "a=mid:9").replace("BUNDLE 0 1", "BUNDLE 0 9");
    let settled = plan.settle(&read_answer(&other_mid).unwrap()).unwrap();
    assert!(settled.section(MediaKind::Video).is_none());
}

#[test]
fn what_a_whep_player_offers_gets_the_best_that_it_takes() {
    let offer = read_offer(CHROME_PLAY).unwrap();
    let number = |formats: &[RtpFormat]| {
        let plan = Plan::send(&offer, &available(formats), "s", ssrcs()).unwrap();
        plan.section(MediaKind::Video).and_then(|section| section.codec.as_ref()).map(|codec| codec.payload_type)
    };
    let h264 = |profile_level_id| RtpFormat::H264 { profile_level_id };
    for (formats, expected) in [
        (vec![SIMPLE], Some(109)),
        (vec![h264([0x42, 0x00, 0x1e])], Some(103)),
        (vec![h264([0x4d, 0x00, 0x28])], Some(117)),
        (vec![HIGH], Some(119)),
        (vec![h264([0x6e, 0x00, 0x28])], Some(39)),
        (vec![RtpFormat::Vp8], Some(96)),
        (vec![RtpFormat::Vp9 { profile: 2 }, HIGH], Some(100)),
        (vec![RtpFormat::Vp9 { profile: 1 }, HIGH], Some(119)),
        (vec![], None),
    ] {
        assert_eq!(number(&formats), expected, "{formats:?}");
    }
    let plan = Plan::send(&offer, &available(&[HIGH]), "s", ssrcs()).unwrap();
    let answer = write::answer(&local(), &plan, &offer);
    let video = section(&answer, 2);
    assert!(video.contains(&"a=sendonly") && video.contains(&"a=msid:s s-video"), "{answer}");
    assert!(video.contains(&"a=ssrc-group:FID 1002 1003"), "{answer}");
    let nothing = Available::default();
    assert!(Plan::send(&offer, &nothing, "s", ssrcs()).is_err());
    assert!(Plan::send(&read_offer(OBS).unwrap(), &available(&[HIGH]), "s", ssrcs()).is_err(), "who only sends");

    let later = |video: &[RtpFormat], audio: &[RtpFormat]| {
        let there = Available { video: video.to_vec(), audio: audio.to_vec(), ..Available::default() };
        let plan = Plan::send(&offer, &there, "s", ssrcs()).ok()?;
        Some([MediaKind::Video, MediaKind::Audio].map(|kind| plan.section(kind).is_some()))
    };
    assert_eq!(later(&[HIGH], &[]), Some([true, true]), "sound may begin later");
    assert_eq!(later(&[], &[RtpFormat::Opus]), Some([false, true]), "pictures would be waited for");
    assert_eq!(later(&[RtpFormat::Vp9 { profile: 1 }], &[]), None, "sound that may come is nothing to see");
}

#[test]
fn a_whep_player_that_asks_for_pictures_is_not_left_with_their_sound() {
    let there = available(&[RtpFormat::Vp9 { profile: 1 }]);
    let plays = |offer: &str| Plan::send(&read_offer(offer).unwrap(), &there, "s", ssrcs()).is_ok();
    assert!(!plays(CHROME_PLAY));
    assert!(plays(&CHROME_PLAY.replace("m=video 9", "m=video 0")), "who asks for sound alone gets it");
}

#[test]
fn browsers_that_say_less_than_they_can_get_the_stream_all_the_same() {
    let simple_only = section(CHROME_PLAY, 2).into_iter().filter(|line| !line.contains("profile-level-id=64"));
    let text = [section(CHROME_PLAY, 0), section(CHROME_PLAY, 1), simple_only.collect()].concat().join("\r\n");
    let text = text.replace("profile-level-id=4d001f", "profile-level-id=42e01f").replace("f4001f", "42e01f");
    let plan = Plan::send(&read_offer(&text).unwrap(), &available(&[HIGH]), "s", ssrcs()).unwrap();
    let codec = plan.section(MediaKind::Video).unwrap().codec.clone().unwrap();
    assert!(matches!(codec.format, RtpFormat::H264 { profile_level_id: [0x42, ..] }), "{codec:?}");
}

#[test]
fn an_ice_restart_is_told_from_a_candidate() {
    let offer = read_offer(OBS).unwrap();
    let candidate = "a=ice-ufrag:yrmL\r\na=ice-pwd:eGh2bVeY3rC4jDJ0MIU4oA\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                     a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag yrmL\r\n\
                     a=end-of-candidates\r\n";
    assert!(!fragment::Fragment::read(candidate).unwrap().restarts(&offer));
    let restart = candidate.replace("yrmL", "N3wU").replace("eGh2bVeY3rC4jDJ0MIU4oA", "anotherPasswordAnother");
    let restart = fragment::Fragment::read(&restart).unwrap();
    assert!(restart.restarts(&offer));
    assert_eq!(restart.ufrag, "N3wU");
    for broken in
        ["", "a=candidate:1 1 udp 1 192.0.2.1 1 typ host", "a=ice-ufrag:abcd", "a=ice-ufrag:abcd\r\na=ice-pwd:x", "?"]
    {
        assert!(fragment::Fragment::read(broken).is_err(), "{broken}");
    }
    let ours = fragment::write(&local(), &Plan::receive(&offer, EVERYTHING).unwrap());
    for line in ["a=ice-ufrag:ourU", "m=audio 9 RTP/AVP 0", "a=mid:0", "a=end-of-candidates"] {
        assert!(ours.lines().any(|known| known == line), "{line} in {ours}");
    }
    assert!(!ours.contains("fingerprint"));
}
