//! Viewers whose tracks come and go.

use std::collections::HashMap;

use super::super::amend::Wanted;
use super::super::plan::Section;
use super::*;

fn h264(level: u8) -> Available {
    Available {
        video: vec![RtpFormat::H264 { profile_level_id: [0x42, 0xe0, level] }],
        audio: vec![RtpFormat::Opus],
        ..Available::default()
    }
}

fn vp8() -> Available {
    Available { video: vec![RtpFormat::Vp8], audio: vec![RtpFormat::Opus], ..Available::default() }
}

/// What a browser answers to all that is offered, but for sections that `declines` names by their mids.
fn answer(plan: &Plan, declines: &[&str]) -> RemoteDescription {
    let offer = write::offer(&local(), plan);
    let mut answer = String::new();
    let mut mid = "";
    for line in offer.lines().filter(|line| !line.starts_with("a=ssrc") && !line.starts_with("a=msid:")) {
        mid = line.strip_prefix("a=mid:").unwrap_or(mid);
        answer.push_str(match line {
            "a=sendonly" if declines.contains(&mid) => "a=inactive",
            "a=sendonly" => "a=recvonly",
            "a=setup:actpass" => "a=setup:active",
            "a=ice-lite" => continue,
            line => line,
        });
        answer.push_str("\r\n");
    }
    read_answer(&answer).unwrap()
}

/// A viewer and its connection.
struct Viewer {
    plan: Plan,
    ssrc: u32,
}

impl Viewer {
    fn new(data: bool) -> Self {
        Self { plan: Plan::open(data), ssrc: 1_000 }
    }

    fn amend(&self, wanted: &[(&str, &Available)]) -> Option<Plan> {
        let wanted = wanted.iter().map(|&(track, available)| Wanted { track, available }).collect::<Vec<_>>();
        let mut ssrc = self.ssrc;
        self.plan.amend(&wanted, || {
            ssrc += 1;
            ssrc
        })
    }

    /// Offers these tracks, has them answered, and returns the offer.
    fn shows(&mut self, wanted: &[(&str, &Available)], declines: &[&str]) -> String {
        let next = self.amend(wanted).expect("something changes");
        self.ssrc += 100;
        let offer = write::offer(&local(), &next);
        let answer = answer(&next, declines);
        self.plan = next.settle_any(&answer);
        offer
    }

    /// Each section's mid and track, with `-` where nothing is sent.
    fn sections(&self) -> Vec<String> {
        let one = |section: &Section| match (section.kind, section.direction) {
            (MediaKind::Data, _) => "data".to_owned(),
            (_, Direction::SendOnly) => format!("{} {}", section.mid, section.track),
            _ => format!("{} -", section.mid),
        };
        self.plan.sections.iter().map(one).collect()
    }
}

#[test]
fn tracks_come_and_go_and_sections_are_taken_over() {
    let (anna, bert) = (h264(0x1f), vp8());
    let mut viewer = Viewer::new(true);
    let empty = write::offer(&local(), &viewer.plan);
    assert!(empty.contains("a=group:BUNDLE 0\r\n") && section(&empty, 1)[0].starts_with("m=application 9"), "{empty}");
    viewer.shows(&[("anna", &anna)], &[]);
    assert_eq!(viewer.sections(), ["data", "1 anna", "2 anna"]);
    assert_eq!(viewer.amend(&[("anna", &anna)]), None, "nothing to be said");

    let offer = viewer.shows(&[("anna", &anna), ("bert", &bert)], &[]);
    assert_eq!(viewer.sections(), ["data", "1 anna", "2 anna", "3 bert", "4 bert"]);
    assert!(offer.contains("a=group:BUNDLE 0 1 2 3 4\r\n"), "{offer}");
    assert!(section(&offer, 5).contains(&"a=msid:bert bert-video"), "{offer}");
    assert!(section(&offer, 5).contains(&"a=rtpmap:102 VP8/90000"), "a type means the same everywhere: {offer}");
    let ssrc = viewer.plan.carried("bert", MediaKind::Video).unwrap().ssrc;

    let offer = viewer.shows(&[("bert", &bert)], &[]);
    assert_eq!(viewer.sections(), ["data", "1 -", "2 -", "3 bert", "4 bert"]);
    assert!(offer.contains("a=group:BUNDLE 0 1 2 3 4\r\n"), "what rests keeps its place: {offer}");
    let rests = section(&offer, 3);
    assert!(rests.contains(&"a=inactive") && rests[0].starts_with("m=video 9 "), "{offer}");
    assert!(!rests.iter().any(|line| line.starts_with("a=ssrc") || line.starts_with("a=msid:")), "{offer}");

    viewer.shows(&[("bert", &bert), ("cora", &anna)], &[]);
    assert_eq!(viewer.sections(), ["data", "1 cora", "2 cora", "3 bert", "4 bert"]);
    assert_eq!(viewer.plan.carried("bert", MediaKind::Video).unwrap().ssrc, ssrc, "what stays is as it was");
    assert_ne!(viewer.plan.carried("cora", MediaKind::Video).unwrap().ssrc, ssrc);
}

#[test]
fn a_section_rests_before_it_is_taken_over() {
    let all = vp8();
    let mut viewer = Viewer::new(true);
    viewer.shows(&[("anna", &all)], &[]);
    viewer.shows(&[("bert", &all)], &[]);
    assert_eq!(viewer.sections(), ["data", "1 -", "2 -", "3 bert", "4 bert"], "a browser would show anna as bert");
}

#[test]
fn a_room_without_data_and_without_members_is_a_connection_all_the_same() {
    let mut viewer = Viewer::new(false);
    let empty = write::offer(&local(), &viewer.plan);
    assert!(empty.contains("a=group:BUNDLE 0\r\n") && empty.contains("a=inactive") && empty.contains("a=candidate:"));
    let answered = answer(&viewer.plan, &[]);
    viewer.plan = viewer.plan.clone().settle_any(&answered);
    viewer.shows(&[("anna", &vp8())], &[]);
    assert_eq!(viewer.sections(), ["0 anna", "1 anna"]);
}

#[test]
fn a_stream_may_begin_with_sound_and_go_on_with_pictures() {
    let sound = Available { video: Vec::new(), audio: vec![RtpFormat::Opus], ..Available::default() };
    let plan = Plan::propose(&sound, "s", true, ssrcs());
    let answered = answer(&plan, &[]);
    let mut viewer = Viewer { plan: plan.settle(&answered).unwrap(), ssrc: 2_000 };
    assert_eq!(viewer.sections(), ["0 s", "data"]);
    let offer = viewer.shows(&[("s", &vp8())], &[]);
    assert_eq!(viewer.sections(), ["0 s", "data", "2 s"]);
    assert!(offer.contains("a=group:BUNDLE 0 1 2\r\n"), "{offer}");
    let audio = section(&offer, 1);
    assert!(audio.contains(&"a=ssrc:1001 cname:s") && audio.contains(&"a=sendonly"), "as it was: {offer}");
}

#[test]
fn what_was_declined_is_not_offered_again() {
    let all = vp8();
    let mut viewer = Viewer::new(true);
    viewer.shows(&[("anna", &all)], &["2"]);
    assert_eq!(viewer.sections(), ["data", "1 anna", "2 -"]);
    assert!(viewer.plan.declines("anna"));
    assert_eq!(viewer.amend(&[("anna", &all)]), None);
    viewer.shows(&[("anna", &all), ("bert", &all)], &[]);
    assert_eq!(viewer.sections(), ["data", "1 anna", "2 bert", "3 bert"]);
    viewer.shows(&[("bert", &all)], &[]);
    viewer.shows(&[("bert", &all), ("anna", &all)], &[]);
    assert_eq!(viewer.sections(), ["data", "1 anna", "2 bert", "3 bert", "4 anna"], "who comes again is offered again");
}

#[test]
fn an_offer_has_an_end_and_its_types_mean_one_thing() {
    let formats = (0..60).map(h264).collect::<Vec<_>>();
    let names = (0..60).map(|number| format!("track{number}")).collect::<Vec<_>>();
    let wanted = names.iter().map(String::as_str).zip(&formats).collect::<Vec<_>>();
    let mut viewer = Viewer::new(true);
    let offer = viewer.shows(&wanted, &[]);
    assert_eq!(viewer.plan.sections.len(), 64);
    let mut types = HashMap::new();
    for line in offer.lines().filter(|line| line.starts_with("a=rtpmap:") || line.starts_with("a=fmtp:")) {
        let (number, meaning) = line.split_once(' ').unwrap();
        assert_eq!(*types.entry(number).or_insert(meaning), meaning, "{number}");
    }
    assert!(viewer.plan.sections.iter().all(|section| section.kind == MediaKind::Data || section.codec.is_some()));
}
