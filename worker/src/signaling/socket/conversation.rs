//! What is said on one socket, in which order: commands and outcomes in, messages and requests out. No IO and no clock.
//!
//! Every publish and play of the socket is a [`Line`]. Who stops and starts again has another line, so that an outcome
//! that comes late never concerns the wrong one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use sluice_contract::message::{EndReason, WebrtcRules};
use sluice_contract::policy::Refusal;
use sluice_contract::{Credentials, Operation, StreamId};

use super::super::ice::{self, Trust};
use super::command::{Command, Message as Said, Question};
use super::message::Message;
use super::selection::Selection;
use crate::webrtc::calls::CallEvent;

/// One publish or play of a socket. Numbers are not used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Line(pub u64);

/// What happens next, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Output {
    Say(Message),
    Do(Request),
}

/// What others have to do. Those with a line answer with the method that is named.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Request {
    /// Ask the gate: [`Conversation::allowed`].
    Publish {
        line: Line,
        stream_id: String,
        credentials: Credentials,
    },
    /// Ask the gate, find the stream, propose it: [`Conversation::proposed`].
    Play {
        line: Line,
        stream_id: String,
        credentials: Credentials,
        selection: Selection,
    },
    /// Take the publisher in: [`Conversation::answered`].
    Open {
        line: Line,
        sdp: String,
        kinds: Kinds,
    },
    /// A publisher describes itself anew: [`Conversation::answered`].
    Renew {
        line: Line,
        sdp: String,
    },
    /// Play to the viewer: [`Conversation::settled`].
    Settle {
        line: Line,
        sdp: String,
    },
    /// A viewer answers what it was offered later: [`Conversation::agreed`].
    Agree {
        line: Line,
        sdp: String,
    },
    /// Stop or go on with sending one track, or all.
    Enable {
        line: Line,
        track: Option<String>,
        kinds: Kinds,
        enabled: bool,
    },
    /// It is over; nothing is to be said about the line any more.
    Hang {
        line: Line,
    },
    /// Answer a question about a stream with a message that names `stream_id`. `admitted`: this socket publishes or
    /// plays what it asks about.
    Ask {
        stream_id: String,
        about: String,
        question: Question,
        credentials: Credentials,
        admitted: bool,
    },
    /// Say when the stream goes live: [`Conversation::live`].
    Await {
        stream_id: String,
    },
    Forget {
        stream_id: String,
    },
}

/// What a viewer is offered.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Proposal {
    pub sdp: String,
    /// Mid and track of every section with media.
    pub tracks: Vec<(String, String)>,
}

/// Why a line did not come about, as far as the client is told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refused {
    Gate(Box<Refusal>),
    /// It may be played, but is not live.
    NotLive,
    /// One of the protocol's definitions, and what a person may want to know.
    Because(&'static str, Option<String>),
}

impl Refused {
    fn message(&self, stream_id: &str) -> Message {
        match self {
            Self::Gate(refusal) if refusal.http_body == WEBRTC_DISABLED => {
                Message::error_because(refusal.definition, stream_id, WEBRTC_DISABLED)
            }
            Self::Gate(refusal) => Message::error(refusal.definition, stream_id),
            Self::NotLive => Message::not_live(stream_id),
            Self::Because(definition, None) => Message::error(definition, stream_id),
            Self::Because(definition, Some(why)) => Message::error_because(definition, stream_id, why),
        }
    }
}

/// The state of a socket.
#[derive(Default)]
pub(super) struct Conversation {
    /// By stream id: clients know nothing else.
    lines: BTreeMap<String, Held>,
    /// Streams that this socket may play and that were not live.
    awaited: BTreeSet<String>,
    next_line: u64,
    /// The gate has let this socket in at least once.
    is_trusted: bool,
    output: VecDeque<Output>,
}

struct Held {
    line: Line,
    operation: Operation,
    subscriber: String,
    main_track: String,
    /// What a publisher wants to send.
    kinds: Kinds,
    stage: Stage,
    candidates: u32,
    /// When the client must have done its part.
    deadline: Option<Instant>,
}

/// What a client begins.
enum Begin {
    Publish { kinds: Kinds, main_track: String },
    Play { selection: Selection },
}

/// Kinds of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kinds {
    pub video: bool,
    pub audio: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// The gate is asked.
    Asking,
    /// The client is to describe itself.
    Invited,
    /// Its description is with the engine.
    Opening,
    /// Both sides are described.
    Open,
    /// A publisher's media arrives, or a viewer's connection is up.
    Flowing,
}

impl Held {
    fn finished(&self, stream_id: &str) -> Message {
        let definition = match self.operation {
            Operation::Publish => "publish_finished",
            Operation::Play => "play_finished",
        };
        Message::about_session(definition, stream_id, &self.subscriber)
    }
}

impl Conversation {
    /// The next thing to say or do.
    pub fn poll(&mut self) -> Option<Output> {
        self.output.pop_front()
    }

    /// When [`time`](Self::time) is to be called at the latest.
    pub fn next_time(&self) -> Option<Instant> {
        self.lines.values().filter_map(|held| held.deadline).min()
    }

    /// Takes a message of the client.
    pub fn command(&mut self, said: Said, rules: &WebrtcRules, now: Instant) {
        let Said { stream_id, command } = said;
        match command {
            Command::Ping => self.say(Message::pong()),
            Command::IceServers => {
                let trust = if self.is_trusted { Trust::Admitted } else { Trust::Stranger };
                self.say(Message::ice_servers(rules, trust));
            }
            Command::Ask { question: Question::JoinRoom { room } | Question::RoomInfo { room }, .. }
                if room.is_empty() =>
            {
                self.say(Message::error("no_room_specified", &stream_id));
            }
            Command::Ask { question, credentials } => {
                let about = match &question {
                    Question::JoinRoom { room } | Question::RoomInfo { room } => room.clone(),
                    _ => stream_id.clone(),
                };
                if self.is_name(&about) {
                    let admitted = self.is_admitted_to(&about, question.is_about_room());
                    self.request(Request::Ask { stream_id, about, question, credentials, admitted });
                }
            }
            Command::LeaveRoom { room } => self.leave(&stream_id, &room),
            _ if !self.is_name(&stream_id) => {}
            Command::Stop => self.stop(&stream_id),
            Command::Candidate => self.candidate(&stream_id),
            Command::Publish { credentials, video, audio, main_track } => {
                if video && !audio && rules.has_no_codec() {
                    self.say(Message::error("no_codec_enabled_in_the_server", &stream_id));
                    return;
                }
                let what = Begin::Publish { kinds: Kinds { video, audio }, main_track };
                self.begin(stream_id, what, credentials);
            }
            Command::Play { credentials, selection } => {
                self.forget(&stream_id);
                let playing = self.lines.get(&stream_id).filter(|held| held.operation == Operation::Play);
                if let Some(line) = playing.map(|held| held.line).filter(|_| !rules.play_once_for_each_session) {
                    self.end(line, None);
                }
                self.begin(stream_id, Begin::Play { selection }, credentials);
            }
            Command::Offer(sdp) => self.describe(&stream_id, Operation::Publish, sdp, now),
            Command::Answer(sdp) => self.describe(&stream_id, Operation::Play, sdp, now),
            Command::Enable { track, video, audio, enabled } => {
                if let Some(held) = self.lines.get(&stream_id).filter(|held| held.operation == Operation::Play) {
                    let line = held.line;
                    self.request(Request::Enable { line, track, kinds: Kinds { video, audio }, enabled });
                }
            }
        }
    }

    /// The gate let a publisher in, or did not.
    pub fn allowed(&mut self, line: Line, outcome: Result<(), Refused>, rules: &WebrtcRules, now: Instant) {
        let Some((stream_id, held)) = self.at(line, Stage::Asking) else { return };
        match outcome {
            Err(refused) => self.refuse(line, refused),
            Ok(()) => {
                let within = Duration::from_millis(rules.client_start_timeout_ms.into());
                (held.stage, held.deadline) = (Stage::Invited, Some(now + within));
                let start = Message::start(&stream_id, &held.subscriber);
                self.trust(rules);
                self.say(start);
            }
        }
    }

    /// The gate's word on which room a publisher is in; what it said itself counts for nothing.
    pub fn belongs_to(&mut self, line: Line, main_track: Option<&StreamId>) {
        if let Some((_, held)) = self.find(line) {
            held.main_track = main_track.map_or_else(String::new, |main| main.as_str().to_owned());
        }
    }

    /// A viewer can be offered the stream, or cannot.
    pub fn proposed(&mut self, line: Line, outcome: Result<Proposal, Refused>, rules: &WebrtcRules, now: Instant) {
        let Some((stream_id, held)) = self.at(line, Stage::Asking) else { return };
        match outcome {
            Err(refused) => self.refuse(line, refused),
            Ok(Proposal { sdp, tracks }) => {
                (held.stage, held.deadline) = (Stage::Invited, Some(now + CONNECT_WITHIN));
                let offer = Message::offer(&stream_id, &held.subscriber, &sdp, &tracks);
                self.trust(rules);
                self.say(offer);
            }
        }
    }

    /// A publisher's offer was answered, or was of no use. If it was not its first, all stays as it was.
    pub fn answered(&mut self, line: Line, outcome: Result<String, Refused>) {
        let Some((stream_id, held)) = self.find(line) else { return };
        match outcome {
            Err(refused) if held.stage < Stage::Open => self.refuse(line, refused),
            Err(refused) => self.say(refused.message(&stream_id)),
            Ok(sdp) => {
                (held.stage, held.deadline) = (held.stage.max(Stage::Open), None);
                let answer = Message::answer(&stream_id, &held.subscriber, &sdp);
                self.say(answer);
            }
        }
    }

    /// A viewer's answer was taken, or was of no use.
    pub fn settled(&mut self, line: Line, outcome: Result<(), Refused>) {
        match outcome {
            Err(refused) => self.refuse(line, refused),
            Ok(()) => {
                if let Some((_, held)) = self.find(line) {
                    (held.stage, held.deadline) = (held.stage.max(Stage::Open), None);
                }
            }
        }
    }

    /// A viewer is to be offered something else than before.
    pub fn amended(&mut self, line: Line, proposal: &Proposal) {
        let Some((stream_id, held)) = self.find(line).filter(|(_, held)| held.stage >= Stage::Open) else { return };
        let offer = Message::offer(&stream_id, &held.subscriber, &proposal.sdp, &proposal.tracks);
        self.say(offer);
    }

    /// The viewer's answer to that was taken, or was of no use: then all stays as it was.
    pub fn agreed(&mut self, line: Line, outcome: Result<(), Refused>) {
        if let (Err(refused), Some((stream_id, _))) = (outcome, self.find(line)) {
            self.say(refused.message(&stream_id));
        }
    }

    /// What this client publishes.
    pub fn publishes(&self) -> Vec<StreamId> {
        let published = self.lines.iter().filter(|(_, held)| held.operation == Operation::Publish);
        published.filter_map(|(stream_id, _)| stream_id.parse().ok()).collect()
    }

    /// True while the line is on: late outcomes of others are of no interest.
    pub fn holds(&self, line: Line) -> bool {
        self.lines.values().any(|held| held.line == line)
    }

    /// Says something that was asked for.
    pub fn tell(&mut self, message: Message) {
        self.say(message);
    }

    /// Something happened to a call.
    pub fn event(&mut self, line: Line, event: &CallEvent) {
        let Some((stream_id, held)) = self.find(line) else { return };
        let (subscriber, stage) = (held.subscriber.as_str(), held.stage);
        let message = match (event, held.operation) {
            (CallEvent::MediaFlows, Operation::Publish) if stage != Stage::Flowing => {
                held.stage = Stage::Flowing;
                Message::publish_started(&stream_id, subscriber, &held.main_track)
            }
            (CallEvent::Connected, Operation::Play) if stage != Stage::Flowing => {
                held.stage = Stage::Flowing;
                Message::about_session("play_started", &stream_id, subscriber)
            }
            (CallEvent::Suspended { until }, Operation::Play) => Message::blocked(&stream_id, subscriber, *until),
            (CallEvent::Resumed, Operation::Play) => {
                Message::about_session("subscriber_unblocked", &stream_id, subscriber)
            }
            (CallEvent::TrackSuspended { track, until }, Operation::Play) => {
                Message::blocked(track, subscriber, *until)
            }
            (CallEvent::TrackResumed { track }, Operation::Play) => {
                Message::about_session("subscriber_unblocked", track, subscriber)
            }
            (CallEvent::Bitrate { target, video, audio }, Operation::Play) => {
                Message::bitrate(&stream_id, *target, *video, *audio)
            }
            (CallEvent::Restored, Operation::Publish) => Message::notification("session_restored", &stream_id),
            (CallEvent::Ended { reason }, operation) => {
                let silent = operation == Operation::Publish && *reason == EndReason::Idle;
                let error = match stage {
                    _ if !silent => None,
                    Stage::Flowing => Some("noPacketReceivedForTimeoutDuration"),
                    _ => Some("publishTimeoutError"),
                };
                self.end(line, error.map(|definition| Message::error(definition, &stream_id)));
                return;
            }
            _ => return,
        };
        self.say(message);
    }

    /// A session ended before its call began.
    pub fn ended(&mut self, line: Line, reason: EndReason) {
        self.event(line, &CallEvent::Ended { reason });
    }

    /// A stream that is awaited has a publisher, who sends nothing yet.
    pub fn prepares(&mut self, stream_id: &str) {
        if self.awaited.contains(stream_id) {
            self.say(Message::notification("streaming_starts_soon", stream_id));
        }
    }

    /// A stream that was awaited is live now.
    pub fn live(&mut self, stream_id: &str) {
        if self.awaited.remove(stream_id) {
            self.say(Message::notification("streaming_started", stream_id));
        }
    }

    /// Ends what the client has not gone on with.
    pub fn time(&mut self, now: Instant) {
        let is_due = |held: &&Held| held.deadline.is_some_and(|deadline| deadline <= now);
        let due = self.lines.values().filter(is_due).map(|held| (held.line, held.operation)).collect::<Vec<_>>();
        for (line, operation) in due {
            let error = |stream_id: &str| match operation {
                Operation::Publish => Some(Message::error("publishTimeoutError", stream_id)),
                Operation::Play => None,
            };
            let message = self.find(line).and_then(|(stream_id, _)| error(&stream_id));
            self.end(line, message);
        }
    }

    /// True for a word that can name a stream; tells the client otherwise.
    fn is_name(&mut self, word: &str) -> bool {
        if word.is_empty() {
            self.say(Message::error("noStreamNameSpecified", ""));
            return false;
        }
        let is_name = word.parse::<StreamId>().is_ok();
        if !is_name {
            // Not said back: whatever it is, it is no name.
            self.say(Message::error("invalidStreamName", ""));
        }
        is_name
    }

    /// True when this socket has been let in to the stream, or, where it is asked who else is in the room, to a track of it.
    fn is_admitted_to(&self, stream_id: &str, as_room: bool) -> bool {
        let is_in = |held: &Held| held.stage > Stage::Asking;
        self.lines.get(stream_id).is_some_and(is_in)
            || (as_room && self.lines.values().any(|held| is_in(held) && held.main_track == stream_id))
    }

    fn begin(&mut self, stream_id: String, what: Begin, credentials: Credentials) {
        if let Some(held) = self.lines.get(&stream_id) {
            let definition = match held.operation {
                Operation::Publish => "already_publishing",
                Operation::Play => "already_playing",
            };
            return self.say(Message::error(definition, &stream_id));
        }
        if self.lines.len() >= MAX_LINES {
            return self.say(Message::error("highResourceUsage", &stream_id));
        }
        let line = Line(self.next_line);
        self.next_line += 1;
        let subscriber = credentials.subscriber_id.clone().unwrap_or_default();
        let stage = Stage::Asking;
        let (operation, main_track, kinds) = match &what {
            Begin::Publish { kinds, main_track } => (Operation::Publish, main_track.clone(), *kinds),
            Begin::Play { .. } => (Operation::Play, String::new(), Kinds { video: true, audio: true }),
        };
        let held = Held { line, operation, subscriber, main_track, kinds, stage, candidates: 0, deadline: None };
        self.lines.insert(stream_id.clone(), held);
        self.request(match what {
            Begin::Publish { .. } => Request::Publish { line, stream_id, credentials },
            Begin::Play { selection } => Request::Play { line, stream_id, credentials, selection },
        });
    }

    /// Takes a description: the first of an invited client, or one that follows.
    fn describe(&mut self, stream_id: &str, from: Operation, sdp: String, now: Instant) {
        let Some(held) = self.lines.get_mut(stream_id).filter(|held| held.operation == from) else { return };
        let (line, kinds) = (held.line, held.kinds);
        let request = match (held.stage, from) {
            (Stage::Invited, Operation::Publish) => Request::Open { line, sdp, kinds },
            (Stage::Invited, Operation::Play) => Request::Settle { line, sdp },
            (Stage::Open | Stage::Flowing, Operation::Publish) => return self.request(Request::Renew { line, sdp }),
            (Stage::Open | Stage::Flowing, Operation::Play) => return self.request(Request::Agree { line, sdp }),
            _ => return,
        };
        (held.stage, held.deadline) = (Stage::Opening, Some(now + CONNECT_WITHIN));
        self.request(request);
    }

    fn candidate(&mut self, stream_id: &str) {
        let Some(held) = self.lines.get_mut(stream_id) else { return };
        // They are not needed, since the client's checks tell where it is; but nobody may send them for ever.
        held.candidates += 1;
        if held.candidates > MAX_CANDIDATES {
            let line = held.line;
            self.end(line, Some(Message::error("highResourceUsage", stream_id)));
        }
    }

    /// Silent for what is unknown: clients stop before each retry.
    fn stop(&mut self, stream_id: &str) {
        self.forget(stream_id);
        if let Some(line) = self.lines.get(stream_id).map(|held| held.line) {
            self.end(line, None);
        }
    }

    /// Ends what the client does in a room: its own stream, and the room that it plays.
    fn leave(&mut self, stream_id: &str, room: &str) {
        if room.is_empty() {
            return self.say(Message::error("no_room_specified", ""));
        }
        if self.is_name(room) {
            for name in [stream_id, room] {
                self.stop(name);
            }
            self.say(Message::left(room));
        }
    }

    /// Takes a line off, says why if there is a reason, and that it is over if it had begun.
    fn end(&mut self, line: Line, why: Option<Message>) {
        let Some((stream_id, _)) = self.find(line) else { return };
        let Some(held) = self.lines.remove(&stream_id) else { return };
        if let Some(why) = why {
            self.say(why);
        }
        if held.stage > Stage::Asking {
            self.say(held.finished(&stream_id));
        }
        self.request(Request::Hang { line });
    }

    /// Takes a line off that did not come about.
    fn refuse(&mut self, line: Line, refused: Refused) {
        let Some((stream_id, _)) = self.find(line) else { return };
        self.lines.remove(&stream_id);
        let is_awaited = refused == Refused::NotLive && self.awaited.len() < MAX_AWAITED;
        let message = refused.message(&stream_id);
        self.say(message);
        self.request(Request::Hang { line });
        if is_awaited && self.awaited.insert(stream_id.clone()) {
            self.request(Request::Await { stream_id });
        }
    }

    fn forget(&mut self, stream_id: &str) {
        if self.awaited.remove(stream_id) {
            self.request(Request::Forget { stream_id: stream_id.to_owned() });
        }
    }

    /// The gate let this client in: now it may know the relay, which it uses from its next attempt on.
    fn trust(&mut self, rules: &WebrtcRules) {
        if !self.is_trusted && ice::needs_trust(rules) {
            self.say(Message::ice_servers(rules, Trust::Admitted));
        }
        self.is_trusted = true;
    }

    fn find(&mut self, line: Line) -> Option<(String, &mut Held)> {
        let (stream_id, held) = self.lines.iter_mut().find(|(_, held)| held.line == line)?;
        Some((stream_id.clone(), held))
    }

    fn at(&mut self, line: Line, stage: Stage) -> Option<(String, &mut Held)> {
        self.find(line).filter(|(_, held)| held.stage == stage)
    }

    fn say(&mut self, message: Message) {
        self.output.push_back(Output::Say(message));
    }

    fn request(&mut self, request: Request) {
        self.output.push_back(Output::Do(request));
    }
}

/// How [`Refusal::http_body`] says that the application has WebRTC switched off.
const WEBRTC_DISABLED: &str = "webrtc_not_enabled";
/// Publishes and plays of one socket at a time: a page full of thumbnails, a large conference.
const MAX_LINES: usize = 64;
/// Streams that one socket waits for.
const MAX_AWAITED: usize = 64;
/// A client with many interfaces, relays and both IP versions has a few dozen.
const MAX_CANDIDATES: u32 = 200;
/// From our offer to the viewer's answer, and for the engine to take a description.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
