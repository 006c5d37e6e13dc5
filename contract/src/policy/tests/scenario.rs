//! Builders: [`policy`] for the state of the world, [`publish`] and [`play`] for what somebody asks.

use std::sync::Arc;

use uuid::Uuid;

use crate::facts::{
    ApplicationFacts, Block, BroadcastFacts, Facts, LiveFacts, OpenSession, SubscriberFacts, TokenFacts, TokenState,
    TotpMark,
};
use crate::id::{RequestId, SessionId, StreamId, SubscriberId, WorkerId};
use crate::policy::{self, Decision, DenyReason, Effect, StreamGrant, totp};
use crate::request::{ClientBinding, Intent, Operation, Peer, Protocol, StreamRequest};
use crate::secret::Secret;
use crate::settings::ApplicationSettings;
use crate::time::UnixTime;

/// The moment of the documented vectors.
pub const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
/// `mysecret` at [`NOW`] with a step of 60 s, and its neighbours.
pub const CODE: &str = "806136";
pub const PREVIOUS_CODE: &str = "113672";
pub const NEXT_CODE: &str = "365938";

pub fn id(name: &str) -> SubscriberId {
    name.parse().expect("a subscriber id")
}

pub fn stream(name: &str) -> StreamId {
    name.parse().expect("a stream id")
}

pub fn session(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(number))
}

pub fn client(name: &str) -> ClientBinding {
    ClientBinding::new(name)
}

pub fn secret(base32: &str) -> Secret<Vec<u8>> {
    totp::decode_base32(base32).expect("a Base32 secret")
}

/// A record with the secret `mysecret`.
pub fn record(operation: Option<Operation>) -> SubscriberFacts {
    SubscriberFacts {
        secret: Some(secret("mysecret")),
        operation,
        totp_period_seconds: 60,
        concurrent_connections_limit: 1,
    }
}

/// An unused token of `stream1`, good for another hour.
pub fn one_time(operation: Operation) -> TokenFacts {
    TokenFacts {
        stream_id: stream("stream1"),
        operation,
        room_id: None,
        expires_at: NOW.plus_secs(3_600),
        state: TokenState::Unused,
    }
}

#[derive(Debug, Clone)]
pub struct Policy {
    pub facts: Facts,
}

/// An application with default settings: everything is open.
pub fn policy() -> Policy {
    let application = ApplicationFacts {
        name: "LiveApp".parse().expect("an application name"),
        settings: Arc::new(ApplicationSettings::default()),
    };
    Policy { facts: Facts { application: Some(application), ..Facts::default() } }
}

impl Policy {
    pub fn with(mut self, change: impl FnOnce(&mut ApplicationSettings)) -> Self {
        let application = self.facts.application.as_mut().expect("a policy has an application");
        change(Arc::make_mut(&mut application.settings));
        self
    }

    pub fn with_block(mut self, subscriber: &str, operation: Operation, until: UnixTime) -> Self {
        self.facts.blocks.push(Block {
            application: "LiveApp".parse().expect("an application name"),
            stream_id: stream("stream1"),
            subscriber: id(subscriber),
            operation,
            until,
        });
        self
    }

    pub fn with_subscriber(mut self, record: SubscriberFacts) -> Self {
        self.facts.subscriber = Some(record);
        self
    }

    pub fn with_broadcast(mut self, broadcast: BroadcastFacts) -> Self {
        self.facts.broadcast = Some(broadcast);
        self
    }

    pub fn with_token(mut self, token: TokenFacts) -> Self {
        self.facts.token = Some(token);
        self
    }

    pub fn with_mark(mut self, operation: Operation, counter: u64, of: &str) -> Self {
        self.facts.totp_marks.push(TotpMark { operation, counter, client: client(of) });
        self
    }

    pub fn with_session(mut self, number: u128, operation: Operation, of: &str, alive: bool) -> Self {
        self.facts.sessions.push(OpenSession { id: session(number), operation, client: client(of), alive });
        self
    }

    pub fn live_since(mut self, last_seen: UnixTime, subscriber: Option<&str>) -> Self {
        self.facts.live = Some(LiveFacts {
            session: session(900),
            subscriber: subscriber.map(id),
            client: client("10.9.9.9"),
            last_seen,
        });
        self
    }

    /// Time-based codes on both sides, with the secret of `mysecret` for the record.
    pub fn with_totp(self, operation: Option<Operation>) -> Self {
        self.with(|s| s.time_token_subscriber_only = true).with_subscriber(record(operation))
    }

    /// Performs the effects of an answer, as the gate does in its transaction.
    pub fn apply(&mut self, request: &StreamRequest, decision: &Decision) {
        let effects = match decision {
            Decision::Allow { effects, .. } | Decision::Deny { effects, .. } => effects.clone(),
        };
        for effect in effects {
            let token = self.facts.token.as_mut();
            match effect {
                Effect::CreateBroadcast => self.facts.broadcast = Some(BroadcastFacts::default()),
                Effect::ReserveToken { client, until } => {
                    token.expect("a token to reserve").state = TokenState::Reserved { client, until };
                }
                Effect::SpendToken => token.expect("a token to spend").state = TokenState::Spent,
                Effect::MarkTotpStep { counter, client } => {
                    self.facts.totp_marks.push(TotpMark { operation: request.operation, counter, client });
                }
                Effect::CountFailure => self.facts.guessing.own_failures += 1,
                Effect::Replace { session } => self.facts.sessions.retain(|open| open.id != session),
            }
        }
    }
}

#[derive(Debug, Clone)]
pub struct Ask {
    pub request: StreamRequest,
}

pub fn publish(stream_id: &str) -> Ask {
    ask(Operation::Publish, Protocol::Rtmp, stream_id)
}

pub fn play(stream_id: &str) -> Ask {
    ask(Operation::Play, Protocol::Hls, stream_id)
}

fn ask(operation: Operation, protocol: Protocol, stream_id: &str) -> Ask {
    let request = StreamRequest {
        id: RequestId::new(Uuid::from_u128(1)),
        session: session(1_000),
        worker: WorkerId::new(Uuid::from_u128(2)),
        application: "LiveApp".to_owned(),
        stream_id: stream_id.to_owned(),
        operation,
        protocol,
        credentials: Default::default(),
        peer: Peer::new([10, 0, 0, 1].into(), None),
        client: client("10.0.0.1"),
        intent: Intent::Start,
        publish_mode: None,
    };
    Ask { request }
}

impl Ask {
    pub fn by(mut self, subscriber: &str) -> Self {
        self.request.credentials.subscriber_id = Some(subscriber.to_owned());
        self
    }

    pub fn code(mut self, code: &str) -> Self {
        self.request.credentials.subscriber_code = Some(Secret::from(code));
        self
    }

    pub fn token(mut self, token: &str) -> Self {
        self.request.credentials.token = Some(Secret::from(token));
        self
    }

    pub fn room(mut self, room: &str) -> Self {
        self.request.credentials.room_id = Some(room.to_owned());
        self
    }

    /// One of the further parameters.
    pub fn saying(mut self, name: &str, value: &str) -> Self {
        self.request.credentials.extra.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn over(mut self, protocol: Protocol) -> Self {
        self.request.protocol = protocol;
        self
    }

    /// Another peer: its address is its binding too.
    pub fn from(mut self, address: &str) -> Self {
        self.request.peer.address = address.parse().expect("an address");
        self.request.client = client(address);
        self
    }

    pub fn probing(mut self) -> Self {
        self.request.intent = Intent::Probe;
        self
    }
}

pub fn decide(policy: &Policy, ask: &Ask, now: UnixTime) -> Decision {
    policy::decide(&policy.facts, &ask.request, now)
}

/// The grant and the effects of a yes.
#[track_caller]
pub fn allowed(decision: Decision) -> (StreamGrant, Vec<Effect>) {
    match decision {
        Decision::Allow { grant, effects, .. } => (*grant, effects),
        Decision::Deny { reason, .. } => panic!("denied: {reason}"),
    }
}

/// The reason of a no, which must spend nothing.
#[track_caller]
pub fn denied(decision: Decision) -> DenyReason {
    match decision {
        Decision::Allow { .. } => panic!("allowed"),
        Decision::Deny { reason, effects } => {
            assert!(effects.iter().all(|effect| *effect == Effect::CountFailure), "a refusal spent {effects:?}");
            reason
        }
    }
}
