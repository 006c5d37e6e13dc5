//! Conversations as tables: what a client says and what happens, and what is said and done then.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sluice_contract::message::{EndReason, WebrtcRules};
use sluice_contract::policy::Refusal;
use sluice_contract::{Credentials, DenyReason, Operation, Secret, UnixTime};

use super::command;
use super::conversation::{Conversation, Line, Output, Proposal, Refused, Request};
use crate::webrtc::calls::CallEvent;

/// A conversation under test: what comes out is looked at after every step.
struct Talk {
    conversation: Conversation,
    rules: WebrtcRules,
    now: Instant,
}

impl Talk {
    fn new() -> Self {
        Self { conversation: Conversation::default(), rules: WebrtcRules::default(), now: Instant::now() }
    }

    /// Says something, and returns what that led to: messages as their shortest telling words, requests as `-> name`.
    fn says(&mut self, message: Value) -> Vec<String> {
        let said = command::read(&message.to_string()).unwrap();
        self.conversation.command(said, &self.rules, self.now);
        self.outcome()
    }

    fn outcome(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.conversation.poll()).map(|output| words(&output)).collect()
    }

    fn allowed(&mut self, line: u64, outcome: Result<(), Refused>) -> Vec<String> {
        self.conversation.allowed(Line(line), outcome, &self.rules, self.now);
        self.outcome()
    }

    fn proposed(&mut self, line: u64, outcome: Result<Proposal, Refused>) -> Vec<String> {
        self.conversation.proposed(Line(line), outcome, &self.rules, self.now);
        self.outcome()
    }

    fn answered(&mut self, line: u64, outcome: Result<&str, Refused>) -> Vec<String> {
        self.conversation.answered(Line(line), outcome.map(str::to_owned));
        self.outcome()
    }

    fn settled(&mut self, line: u64, outcome: Result<(), Refused>) -> Vec<String> {
        self.conversation.settled(Line(line), outcome);
        self.outcome()
    }

    fn event(&mut self, line: u64, event: CallEvent) -> Vec<String> {
        self.conversation.event(Line(line), &event);
        self.outcome()
    }

    fn wait(&mut self, time: Duration) -> Vec<String> {
        self.now += time;
        self.conversation.time(self.now);
        self.outcome()
    }

    /// A publisher up to its answer.
    fn publishing(&mut self) {
        self.says(publish("s"));
        self.allowed(0, Ok(()));
        self.says(json!({"command": "takeConfiguration", "streamId": "s", "type": "offer", "sdp": "their offer"}));
        self.answered(0, Ok("our answer"));
    }

    /// A viewer up to its answer.
    fn playing(&mut self) {
        self.says(play("s"));
        self.proposed(0, Ok(proposal()));
        self.says(json!({"command": "takeConfiguration", "streamId": "s", "type": "answer", "sdp": "their answer"}));
        self.settled(0, Ok(()));
    }
}

fn publish(stream: &str) -> Value {
    json!({"command": "publish", "streamId": stream, "token": "T", "subscriberId": "alice", "mainTrack": ""})
}

fn play(stream: &str) -> Value {
    json!({"command": "play", "streamId": stream, "token": "", "room": "", "trackList": [], "subscriberId": "bob"})
}

fn proposal() -> Proposal {
    Proposal {
        sdp: "our offer".to_owned(),
        tracks: vec![("0".to_owned(), "s".to_owned()), ("1".to_owned(), "s".to_owned())],
    }
}

fn denied(reason: DenyReason) -> Refused {
    Refused::Gate(Box::new(Refusal::about(&reason, Operation::Publish, "s", &Credentials::default())))
}

fn words(output: &Output) -> String {
    let message = match output {
        Output::Say(message) => message.json(),
        Output::Do(request) => {
            return match request {
                Request::Publish { line, .. } => format!("-> publish {}", line.0),
                Request::Play { line, .. } => format!("-> play {}", line.0),
                Request::Open { line, sdp, .. } => format!("-> open {} {sdp}", line.0),
                Request::Renew { line, sdp } => format!("-> renew {} {sdp}", line.0),
                Request::Settle { line, sdp } => format!("-> settle {} {sdp}", line.0),
                Request::Agree { line, sdp } => format!("-> agree {} {sdp}", line.0),
                Request::Enable { line, track, kinds, enabled } => {
                    let track = track.as_deref().unwrap_or("all");
                    format!("-> enable {} {track} {} {} {enabled}", line.0, kinds.video, kinds.audio)
                }
                Request::Hang { line } => format!("-> hang {}", line.0),
                Request::Ask { about, admitted, .. } => format!("-> ask {about} {admitted}"),
                Request::Await { stream_id } => format!("-> await {stream_id}"),
                Request::Forget { stream_id } => format!("-> forget {stream_id}"),
            };
        }
    };
    let field = |name: &str| message.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    ["command", "definition", "streamId", "type", "sdp", "information", "stunServerUri"]
        .iter()
        .filter_map(|name| field(name))
        .filter(|word| !["error", "notification"].contains(word))
        .collect::<Vec<_>>()
        .join(" ")
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_publish_goes_the_way_that_the_sdk_expects() {
    let mut talk = Talk::new();
    assert_eq!(talk.says(json!({"command": "ping"})), ["pong"]);
    assert_eq!(talk.says(publish("s")), ["-> publish 0"]);
    assert_eq!(talk.says(json!({"command": "getIceServerConfig"})), ["iceServerConfig"]);
    assert_eq!(talk.allowed(0, Ok(())), ["start s"]);
    let offer = json!({"command": "takeConfiguration", "streamId": "s", "type": "offer", "sdp": "their offer"});
    assert_eq!(talk.says(offer.clone()), ["-> open 0 their offer"]);
    assert_eq!(talk.says(offer.clone()), NOTHING, "while it is looked at");
    assert_eq!(talk.answered(0, Ok("our answer")), ["takeConfiguration s answer our answer"]);
    assert_eq!(talk.says(json!({"command": "takeCandidate", "streamId": "s", "label": 0, "candidate": "x"})), NOTHING);
    assert_eq!(talk.event(0, CallEvent::Connected), NOTHING);
    assert_eq!(talk.event(0, CallEvent::MediaFlows), ["publish_started s"]);
    assert_eq!(talk.event(0, CallEvent::MediaFlows), NOTHING);
    assert_eq!(talk.says(offer), ["-> renew 0 their offer"]);
    assert_eq!(talk.answered(0, Err(Refused::Because("notSetRemoteDescription", None))), ["notSetRemoteDescription s"]);
    assert_eq!(talk.event(0, CallEvent::Interrupted), NOTHING);
    assert_eq!(talk.event(0, CallEvent::Restored), ["session_restored s"]);
    assert_eq!(talk.says(json!({"command": "stop", "streamId": "s"})), ["publish_finished s", "-> hang 0"]);
    assert_eq!(talk.says(json!({"command": "stop", "streamId": "s"})), NOTHING, "before each retry");
    assert_eq!(talk.says(publish("s")), ["-> publish 1"], "at once");
}

#[test]
fn a_play_goes_the_way_that_the_sdk_expects() {
    let mut talk = Talk::new();
    assert_eq!(talk.says(play("s")), ["-> play 0"]);
    assert_eq!(talk.proposed(0, Ok(proposal())), ["takeConfiguration s offer our offer"]);
    let answer = json!({"command": "takeConfiguration", "streamId": "s", "type": "answer", "sdp": "their answer"});
    assert_eq!(talk.says(answer.clone()), ["-> settle 0 their answer"]);
    assert_eq!(talk.settled(0, Ok(())), NOTHING);
    assert_eq!(talk.event(0, CallEvent::Connected), ["play_started s"]);
    assert_eq!(
        talk.says(json!({"command": "toggleAudio", "streamId": "s", "enabled": false})),
        ["-> enable 0 all false true false"]
    );
    assert_eq!(talk.event(0, CallEvent::Bitrate { target: 3, video: 2, audio: 1 }), ["bitrateMeasurement s"]);
    let until = Some(UnixTime::from_secs(5));
    talk.conversation.event(Line(0), &CallEvent::Suspended { until });
    let Some(Output::Say(message)) = talk.conversation.poll() else { panic!("silence") };
    let blocked = json!({"command": "notification", "definition": "subscriber_blocked", "streamId": "s",
        "subscriberId": "bob", "blockedUntil": 5_000});
    assert_eq!(*message.json(), blocked);
    assert_eq!(talk.event(0, CallEvent::Resumed), ["subscriber_unblocked s"]);
    assert_eq!(talk.event(0, CallEvent::Ended { reason: EndReason::StreamEnded }), ["play_finished s", "-> hang 0"]);
    assert_eq!(talk.event(0, CallEvent::Ended { reason: EndReason::StreamEnded }), NOTHING);
}

#[test]
fn an_offer_names_the_track_of_every_section() {
    let mut talk = Talk::new();
    talk.says(play("s"));
    talk.conversation.proposed(Line(0), Ok(proposal()), &talk.rules, talk.now);
    let Some(Output::Say(message)) = talk.conversation.poll() else { panic!("silence") };
    assert_eq!(message.json()["idMapping"], json!({"0": "s", "1": "s"}));
}

#[test]
fn every_refusal_is_worded_as_documented_and_leaves_the_socket_usable() {
    for (refused, word) in [
        (denied(DenyReason::TokenMissing), "unauthorized_access s"),
        (denied(DenyReason::AddressNotAllowed), "unauthorized_access s"),
        (denied(DenyReason::Blocked { until: UnixTime::EPOCH }), "user_blocked s"),
        (denied(DenyReason::UnregisteredStream), "not_allowed_unregistered_streams s"),
        (denied(DenyReason::StreamNotActive), "stream_not_active_or_expired s"),
        (denied(DenyReason::StreamInUse), "streamIdInUse s"),
        (denied(DenyReason::ViewerLimit), "viewerLimitReached s"),
        (denied(DenyReason::ResourceLimit), "highResourceUsage s"),
        (denied(DenyReason::AuthorityUnreachable), "data_store_not_available s"),
        (denied(DenyReason::WebrtcDisabled), "no_stream_exist s webrtc_not_enabled"),
        (Refused::Because("server_error_check_logs", None), "server_error_check_logs s"),
    ] {
        let mut talk = Talk::new();
        talk.says(publish("s"));
        assert_eq!(talk.allowed(0, Err(refused.clone())), [word.to_owned(), "-> hang 0".to_owned()]);
        assert_eq!(talk.says(play("s")), ["-> play 1"]);
        assert_eq!(talk.proposed(1, Err(refused)), [word.to_owned(), "-> hang 1".to_owned()]);
        assert_eq!(talk.says(publish("s")), ["-> publish 2"]);
    }
    let mut talk = Talk::new();
    talk.says(publish("s"));
    talk.allowed(0, Ok(()));
    talk.says(json!({"command": "takeConfiguration", "streamId": "s", "type": "offer", "sdp": ""}));
    let why = Refused::Because("notSetRemoteDescription", Some("why".to_owned()));
    assert_eq!(talk.answered(0, Err(why)), ["notSetRemoteDescription s why", "-> hang 0"]);
}

#[test]
fn names_are_looked_at_first() {
    let mut talk = Talk::new();
    for command in
        ["publish", "play", "stop", "takeConfiguration", "getStreamInfo", "getBroadcastObject", "toggleVideo"]
    {
        let without = json!({"command": command, "type": "offer", "streamId": null});
        assert_eq!(talk.says(without), ["noStreamNameSpecified"], "{command}");
        let broken = json!({"command": command, "type": "offer", "streamId": "a/../b"});
        assert_eq!(talk.says(broken), ["invalidStreamName"], "{command}");
    }
    assert_eq!(talk.says(json!({"command": "joinRoom"})), ["no_room_specified"]);
    assert_eq!(talk.says(json!({"command": "getRoomInfo", "room": "r"})), ["-> ask r false"]);
    assert_eq!(talk.says(json!({"command": "leaveFromRoom", "room": "r"})), ["leavedFromRoom"]);
}

#[test]
fn a_stream_is_published_and_played_once_on_a_socket() {
    let mut talk = Talk::new();
    talk.publishing();
    assert_eq!(talk.says(publish("s")), ["already_publishing s"]);
    assert_eq!(talk.says(play("s")), ["already_publishing s"]);
    let mut talk = Talk::new();
    talk.playing();
    assert_eq!(talk.says(play("s")), ["already_playing s"]);
    talk.rules.play_once_for_each_session = false;
    assert_eq!(talk.says(play("s")), ["play_finished s", "-> hang 0", "-> play 1"]);
    for number in 1..64 {
        assert_eq!(talk.says(play(&format!("s{number}"))), [format!("-> play {}", number + 1)]);
    }
    assert_eq!(talk.says(play("one-more")), ["highResourceUsage one-more"]);
}

#[test]
fn a_stream_that_is_not_live_is_waited_for() {
    let mut talk = Talk::new();
    talk.says(play("s"));
    let not_live = ["no_stream_exist s stream_not_exist_or_not_streaming", "-> hang 0", "-> await s"];
    assert_eq!(talk.proposed(0, Err(Refused::NotLive)), not_live);
    talk.conversation.live("other");
    talk.conversation.prepares("other");
    assert_eq!(talk.outcome(), NOTHING);
    talk.conversation.prepares("s");
    assert_eq!(talk.outcome(), ["streaming_starts_soon s"]);
    talk.conversation.live("s");
    assert_eq!(talk.outcome(), ["streaming_started s"]);
    talk.conversation.live("s");
    assert_eq!(talk.outcome(), NOTHING, "once");
    assert_eq!(talk.says(play("s")), ["-> play 1"]);
    talk.proposed(1, Err(Refused::NotLive));
    assert_eq!(talk.says(json!({"command": "stop", "streamId": "s"})), ["-> forget s"]);
    talk.says(play("s"));
    talk.proposed(2, Err(Refused::NotLive));
    assert_eq!(talk.says(play("s")), ["-> forget s", "-> play 3"]);
}

#[test]
fn an_outcome_that_comes_late_concerns_nobody() {
    let mut talk = Talk::new();
    talk.says(publish("s"));
    assert_eq!(talk.says(json!({"command": "stop", "streamId": "s"})), ["-> hang 0"], "nothing had begun");
    assert!(!talk.conversation.holds(Line(0)));
    talk.says(publish("s"));
    assert_eq!(talk.allowed(0, Ok(())), NOTHING);
    assert_eq!(talk.allowed(0, Err(denied(DenyReason::TokenSpent))), NOTHING);
    assert_eq!(talk.event(0, CallEvent::MediaFlows), NOTHING);
    assert_eq!(talk.allowed(1, Ok(())), ["start s"]);
}

#[test]
fn who_does_not_go_on_is_let_go() {
    let mut talk = Talk::new();
    talk.says(publish("s"));
    talk.allowed(0, Ok(()));
    assert_eq!(talk.wait(Duration::from_millis(9_999)), NOTHING);
    assert!(talk.conversation.next_time().is_some());
    let timeout = ["publishTimeoutError s", "publish_finished s", "-> hang 0"];
    assert_eq!(talk.wait(Duration::from_millis(1)), timeout);
    assert_eq!(talk.conversation.next_time(), None);
    talk.says(play("s"));
    talk.proposed(1, Ok(proposal()));
    assert_eq!(talk.wait(Duration::from_secs(30)), ["play_finished s", "-> hang 1"]);
}

#[test]
fn silence_has_two_names() {
    let mut talk = Talk::new();
    talk.publishing();
    let idle = CallEvent::Ended { reason: EndReason::Idle };
    assert_eq!(talk.event(0, idle.clone()), ["publishTimeoutError s", "publish_finished s", "-> hang 0"]);
    talk.says(publish("s"));
    talk.allowed(1, Ok(()));
    talk.event(1, CallEvent::MediaFlows);
    let silent = ["noPacketReceivedForTimeoutDuration s", "publish_finished s", "-> hang 1"];
    assert_eq!(talk.event(1, idle), silent);
}

#[test]
fn a_blocked_or_expired_publisher_hears_that_it_is_over() {
    for reason in [EndReason::Blocked, EndReason::Expired, EndReason::Stopped, EndReason::Deleted, EndReason::Replaced]
    {
        let mut talk = Talk::new();
        talk.publishing();
        assert_eq!(talk.event(0, CallEvent::Ended { reason }), ["publish_finished s", "-> hang 0"], "{reason:?}");
        talk.says(publish("s"));
        talk.allowed(1, Ok(()));
        talk.conversation.ended(Line(1), reason);
        assert_eq!(talk.outcome(), ["publish_finished s", "-> hang 1"], "before it described itself");
    }
}

#[test]
fn candidates_are_counted() {
    let mut talk = Talk::new();
    let candidate =
        json!({"command": "takeCandidate", "streamId": "s", "label": 0, "id": "0", "candidate": "candidate:1"});
    assert_eq!(talk.says(candidate.clone()), NOTHING, "of a stream that nobody knows");
    talk.publishing();
    for _ in 0..200 {
        assert_eq!(talk.says(candidate.clone()), NOTHING);
    }
    assert_eq!(talk.says(candidate), ["highResourceUsage s", "publish_finished s", "-> hang 0"]);
}

#[test]
fn questions_tell_whether_the_socket_was_let_in() {
    let mut talk = Talk::new();
    let ask = |stream: &str| json!({"command": "getBroadcastObject", "streamId": stream});
    assert_eq!(talk.says(ask("s")), ["-> ask s false"]);
    talk.says(play("s"));
    assert_eq!(talk.says(ask("s")), ["-> ask s false"], "not yet");
    talk.proposed(0, Ok(proposal()));
    assert_eq!(talk.says(ask("s")), ["-> ask s true"]);
    assert_eq!(talk.says(ask("t")), ["-> ask t false"]);
    talk.says(json!({"command": "publish", "streamId": "me", "mainTrack": "room"}));
    talk.conversation.belongs_to(Line(1), Some(&"room".parse().unwrap()));
    talk.allowed(1, Ok(()));
    let members = |room: &str| json!({"command": "getSubtracks", "streamId": room});
    assert_eq!(talk.says(members("room")), ["-> ask room true"], "a member of it");
    assert_eq!(talk.says(ask("room")), ["-> ask room false"], "which opens nothing else of it");

    talk.says(json!({"command": "publish", "streamId": "me2", "mainTrack": "elsewhere"}));
    talk.conversation.belongs_to(Line(2), None);
    talk.allowed(2, Ok(()));
    assert_eq!(talk.says(members("elsewhere")), ["-> ask elsewhere false"], "its own word");
}

#[test]
fn a_relay_is_named_once_the_gate_has_let_somebody_in() {
    let mut talk = Talk::new();
    talk.rules.stun_server_uri = "turn:t.example".to_owned();
    talk.rules.turn_server_credential = Secret::from("c");
    assert_eq!(talk.says(json!({"command": "getIceServerConfig"})), ["iceServerConfig"]);
    talk.says(publish("s"));
    assert_eq!(talk.allowed(0, Ok(())), ["iceServerConfig turn:t.example", "start s"]);
    assert_eq!(talk.says(json!({"command": "getIceServerConfig"})), ["iceServerConfig turn:t.example"]);
    talk.rules.stun_server_uri = "stun:s.example".to_owned();
    let mut talk = Talk { rules: talk.rules, ..Talk::new() };
    assert_eq!(talk.says(json!({"command": "getIceServerConfig"})), ["iceServerConfig stun:s.example"]);
    talk.says(publish("s"));
    assert_eq!(talk.allowed(0, Ok(())), ["start s"]);
}

#[test]
fn pictures_need_a_codec() {
    let mut talk = Talk::new();
    talk.rules = WebrtcRules { h264: false, vp9: false, ..WebrtcRules::default() };
    let video = json!({"command": "publish", "streamId": "s", "audio": false});
    assert_eq!(talk.says(video), ["no_codec_enabled_in_the_server s"]);
    assert_eq!(talk.says(publish("s")), ["-> publish 0"], "sound is left");
}

#[test]
fn a_viewer_is_offered_something_else_while_it_watches() {
    let mut talk = Talk::new();
    talk.says(play("s"));
    talk.conversation.amended(Line(0), &proposal());
    assert_eq!(talk.outcome(), NOTHING, "not before its first answer");
    let mut talk = Talk::new();
    talk.playing();
    talk.conversation.amended(Line(0), &proposal());
    assert_eq!(talk.outcome(), ["takeConfiguration s offer our offer"]);
    let answer = json!({"command": "takeConfiguration", "streamId": "s", "type": "answer", "sdp": "their next"});
    assert_eq!(talk.says(answer.clone()), ["-> agree 0 their next"]);
    talk.conversation.agreed(Line(0), Err(Refused::Because("notSetRemoteDescription", None)));
    assert_eq!(talk.outcome(), ["notSetRemoteDescription s"], "it goes on as it was");
    talk.conversation.agreed(Line(0), Ok(()));
    assert_eq!(talk.outcome(), NOTHING);
    let track = "anna".to_owned();
    assert_eq!(
        talk.event(0, CallEvent::TrackSuspended { track: track.clone(), until: None }),
        ["subscriber_blocked anna"]
    );
    assert_eq!(talk.event(0, CallEvent::TrackResumed { track }), ["subscriber_unblocked anna"]);
    let one = json!({"command": "enableTrack", "streamId": "s", "trackId": "anna", "enabled": true});
    assert_eq!(talk.says(one), ["-> enable 0 anna true true true"]);
}
