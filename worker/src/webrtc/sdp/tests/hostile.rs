//! Texts that nobody means well with.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;

#[test]
fn what_lacks_a_part_is_refused_with_its_name() {
    let without = |text: &str, start: &str| {
        text.lines().filter(|line| !line.starts_with(start)).map(|line| format!("{line}\r\n")).collect::<String>()
    };
    for (text, error) in [
        (without(CHROME, "a=group"), DescriptionError::NotBundled),
        (without(CHROME, "a=rtcp-mux"), DescriptionError::NoRtcpMux),
        (without(CHROME, "a=fingerprint"), DescriptionError::NoFingerprint),
        (without(CHROME, "a=ice-ufrag"), DescriptionError::NoIceCredentials),
        (without(CHROME, "a=ice-pwd"), DescriptionError::NoIceCredentials),
        (without(CHROME, "a=setup"), DescriptionError::NoSetup),
        (without(CHROME, "m="), DescriptionError::NoMedia),
        (CHROME.replace("sha-256", "sha-1"), DescriptionError::NoFingerprint),
        (CHROME.replace("AB:CD", "AB:C"), DescriptionError::NoFingerprint),
        (CHROME.replace("AB:CD", "AB:CD:EF"), DescriptionError::NoFingerprint),
        (CHROME.replace("AB:CD", "+B:CD"), DescriptionError::NoFingerprint),
        (CHROME.replace("a=ice-ufrag:Zt3r", "a=ice-ufrag:Zt3"), DescriptionError::NoIceCredentials),
        (CHROME.replace("a=ice-ufrag:Zt3r", "a=ice-ufrag:Zt:r"), DescriptionError::NoIceCredentials),
        (CHROME.replace("Q2yqkJk1xKzT0m0n2d3e4f5g", "short"), DescriptionError::NoIceCredentials),
        (CHROME.replace("actpass", "holdconn"), DescriptionError::NoSetup),
        (CHROME.replace("a=mid:1", "a=mid:0"), DescriptionError::SameMid),
        (
            CHROME
                .replace("m=audio 9", "m=audio 0")
                .replace("m=video 9", "m=video 0")
                .replace("m=application 9", "m=application 0"),
            DescriptionError::NoMedia,
        ),
        (CHROME.replace("BUNDLE 0 1 2", "BUNDLE"), DescriptionError::NoMedia),
    ] {
        assert_eq!(read_offer(&text).unwrap_err(), error);
    }
    assert_eq!(read_answer(CHROME).unwrap_err(), DescriptionError::NoSetup, "an answer decides");
}

#[test]
fn what_is_no_description_is_refused() {
    for text in [
        "",
        "\r\n\r\n",
        "v=1\r\n",
        "hello",
        "a=x",
        "v=0",
        "v=0\r\nm=\r\n",
        "v=0\r\nm=audio\r\n",
        "v=0\r\nnonsense\r\n",
        "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF \r\n",
        "v=0\r\nm=audio x RTP 0\r\n",
        "v=0\r\nm=audio 99999 RTP 0\r\n",
        "v=0\r\nm=audio 9 a\tb 0\r\n",
        "v=0\r\nm=audio 9 RTP/SAVPF 0\r\na=mid:\r\n",
        "v=0\r\nm=audio 9 RTP/SAVPF 0\r\na=mid:a b\r\n",
        "\u{feff}v=0\r\n",
        "v=0\r\né=1\r\n",
        "{\"sdp\":\"v=0\"}",
    ] {
        assert!(read_offer(text).is_err(), "{text:?}");
    }
}

#[test]
fn nothing_grows_beyond_its_bound() {
    let long = format!("{CHROME}a={}\r\n", "x".repeat(300_000));
    assert_eq!(read_offer(&long).unwrap_err(), DescriptionError::TooLong);
    let line = format!("{CHROME}a={}\r\n", "x".repeat(20_000));
    assert!(matches!(read_offer(&line).unwrap_err(), DescriptionError::LineTooLong { .. }));
    let lines = format!("{CHROME}{}", "a=x\r\n".repeat(20_000));
    assert_eq!(read_offer(&lines).unwrap_err(), DescriptionError::TooManyLines);
    let sections = format!("{CHROME}{}", "m=audio 0 RTP/SAVPF 0\r\n".repeat(100));
    assert_eq!(read_offer(&sections).unwrap_err(), DescriptionError::TooManySections);

    let mut many = CHROME.replace(
        " 9 0 8 13 110 126",
        &(0..200).fold(String::new(), |mut all, number| {
            let _ = write!(all, " {number}");
            all
        }),
    );
    for number in 0..1_000 {
        let _ = write!(
            many,
            "a=extmap:{number} urn:x:{number}\r\na=ssrc:{number} cname:x\r\na=ssrc-group:FID {number} 1\r\n"
        );
    }
    let offer = read_offer(&many).unwrap();
    for media in &offer.media {
        assert!(media.codecs.len() <= 64 && media.extensions.len() <= 32 && media.ssrcs.len() <= 2, "{media:?}");
    }
}

#[test]
fn sections_outside_of_the_bundle_are_not_used() {
    let offer = read_offer(&CHROME.replace("BUNDLE 0 1 2", "BUNDLE 1 2")).unwrap();
    assert!(offer.media[0].is_rejected && !offer.media[1].is_rejected);
    let single = section(OBS, 0).into_iter().filter(|line| !line.starts_with("a=group")).chain(section(OBS, 2));
    let single = single.filter(|line| !line.starts_with("a=mid")).collect::<Vec<_>>().join("\n");
    let offer = read_offer(&single).unwrap();
    assert!(!offer.media[0].is_rejected, "a section alone needs no bundle");
    let answer = write::answer(&local(), &Plan::receive(&offer, EVERYTHING).unwrap(), &offer);
    assert!(!answer.contains("a=mid") && !answer.contains("a=group"), "{answer}");
}

#[test]
fn who_repeats_itself_is_read_once() {
    let many = "0 ".repeat(4_000);
    let text = CHROME.replace("UDP/TLS/RTP/SAVPF 111", &format!("UDP/TLS/RTP/SAVPF {many}111 111"));
    assert_ne!(text, CHROME);
    let text = text.replace("a=rtpmap:111", &format!("a=rtpmap:0 {}\r\na=rtpmap:111", "x".repeat(8_000)));
    let codecs = |text: &str| read_offer(text).map(|offer| offer.media[0].codecs.len());
    assert_eq!(codecs(&text), codecs(CHROME));
}

proptest! {
    #[test]
    fn no_text_ends_the_reader(text in "(v=0\r\n)?([a-z]=[ -~]{0,60}\r\n|m=(audio|video|application) [0-9]{1,6} [A-Z/]{1,20}( [0-9]{1,4}){0,4}\r\n){0,30}") {
        let _ = read_offer(&text);
        let _ = read_answer(&text);
        let _ = fragment::Fragment::read(&text);
    }

    #[test]
    fn no_change_of_a_real_offer_ends_the_reader(
        which in 0..ALL.len(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), ".{0,5}", 0..8_usize), 1..6),
    ) {
        let mut text = ALL[which].to_owned();
        for (at, insert, remove) in changes {
            let starts = text.char_indices().map(|(at, _)| at).collect::<Vec<_>>();
            let first = at.index(starts.len());
            let start = starts[first];
            let end = starts.get(first + remove).copied().unwrap_or(text.len());
            text.replace_range(start..end, &insert);
        }
        if let Ok(offer) = read_offer(&text) {
            let available = Available { video: vec![RtpFormat::Vp8], audio: vec![RtpFormat::Opus], ..Available::default() };
            for plan in [Plan::receive(&offer, EVERYTHING), Plan::send(&offer, &available, "s", ssrcs())].into_iter().flatten() {
                prop_assert_eq!(plan.sections.len(), offer.media.len());
                let answer = write::answer(&local(), &plan, &offer);
                prop_assert_eq!(answer.lines().filter(|line| line.starts_with("m=")).count(), offer.media.len());
            }
        }
    }
}
