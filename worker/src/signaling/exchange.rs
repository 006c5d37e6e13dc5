//! Messages between those who have a data channel with one stream: its publisher, its viewers, the back end. Who publishes
//! to a room takes part in the room as well.

use std::sync::{Arc, Weak};
use std::time::Duration;

use dashmap::DashMap;
use parking_lot::Mutex;
use sluice_contract::message::{DataDistribution, DataMessage, EventKind, WebrtcRules};
use sluice_contract::{Operation, UnixTime};
use tokio::time::Instant;
use tracing::warn;

use super::allowance::{Allowance, Rate};
use crate::StreamKey;
use crate::hub::EventSink;
use crate::session::{Gate, Session};
use crate::webrtc::calls::Call;
use crate::webrtc::engine::Message;

/// Who takes part in each stream on this worker.
pub(super) struct Exchange {
    streams: DashMap<StreamKey, Audience>,
    events: Arc<dyn EventSink>,
    /// Of what the API is told from here.
    told: Mutex<Allowance>,
}

struct Audience {
    members: Vec<Member>,
    /// Of what the API is told.
    told: Allowance,
    /// The log says once that it is not told everything.
    is_noted: bool,
}

struct Member {
    operation: Operation,
    call: Weak<Call>,
    session: Arc<Session>,
}

/// A place in the exchange; dropping it gives it up.
pub(super) struct Place {
    exchange: Arc<Exchange>,
    session: Arc<Session>,
    key: StreamKey,
    room: Option<StreamKey>,
    call: Weak<Call>,
    /// Of what the API is told of this call alone, so that nobody drowns what others say.
    told: Mutex<Allowance>,
}

impl Exchange {
    pub fn new(events: Arc<dyn EventSink>) -> Self {
        Self { streams: DashMap::new(), events, told: Mutex::new(Allowance::of(TOLD_OF_WORKER)) }
    }

    /// Enters a call that was let in as `session`.
    pub fn enter(self: &Arc<Self>, session: &Arc<Session>, call: &Arc<Call>) -> Place {
        let (key, operation) = (session.key().clone(), session.grant().operation);
        let main = session.grant().main_track.clone().filter(|_| operation == Operation::Publish);
        let room = main.map(|stream_id| StreamKey { stream_id, ..key.clone() }).filter(|room| *room != key);
        let call = Arc::downgrade(call);
        for key in [Some(&key), room.as_ref()].into_iter().flatten() {
            let member = Member { operation, call: Weak::clone(&call), session: Arc::clone(session) };
            let new = || Audience { members: Vec::new(), told: Allowance::of(TOLD), is_noted: false };
            self.streams.entry(key.clone()).or_insert_with(new).members.push(member);
        }
        Place {
            exchange: Arc::clone(self),
            session: Arc::clone(session),
            key,
            room,
            call,
            told: Mutex::new(Allowance::of(TOLD_OF_CALL)),
        }
    }

    /// Sends a text to everybody. Returns how many they are.
    pub fn tell(&self, key: &StreamKey, text: &str) -> u32 {
        let message = Message::Text(bytes::Bytes::copy_from_slice(text.as_bytes()));
        self.send(key, &message, |_| true)
    }

    fn send(&self, key: &StreamKey, message: &Message, to: impl Fn(&Member) -> bool) -> u32 {
        // Collected first: a call that ends here would come back for its place under the same lock.
        let calls = self.streams.get(key).map_or_else(Vec::new, |audience| {
            // Who is suspended hears nothing, now or later.
            let hears = |member: &&Member| member.session.gate() == Gate::Open && to(member);
            audience.members.iter().filter(hears).filter_map(|member| member.call.upgrade()).collect()
        });
        calls.iter().for_each(|call| call.control().send(message.clone()));
        u32::try_from(calls.len()).unwrap_or(u32::MAX)
    }

    /// Tells the API what was said, unless too much is: by this call, about the stream, or on this worker.
    fn report(&self, session: &Session, of_call: &Mutex<Allowance>, message: &Message) {
        let Some(mut audience) = self.streams.get_mut(session.key()) else { return };
        let (now, length) = (Instant::now(), message.len());
        let (mut of_call, mut of_worker) = (of_call.lock(), self.told.lock());
        let mut allowances = [&mut *of_call, &mut audience.told, &mut *of_worker];
        if length > MOST_TOLD_BYTES || !allowances.iter().all(|allowance| allowance.is_ready(now)) {
            if !std::mem::replace(&mut audience.is_noted, true) {
                let key = session.key();
                warn!(broadcast.name = %key, "not every message is told to the webhook: too much is said");
            }
            return;
        }
        allowances.iter_mut().for_each(|allowance| allowance.take(length, now));
        drop((of_call, of_worker, audience));
        let message = match message {
            Message::Text(text) => DataMessage::Text(String::from_utf8_lossy(text).into_owned()),
            Message::Binary(bytes) => DataMessage::Binary(data_encoding::BASE64.encode(bytes)),
        };
        let StreamKey { application, stream_id } = session.key().clone();
        let subscriber = session.grant().subscriber.clone();
        self.events.emit(EventKind::Said { session: session.id(), application, stream_id, subscriber, message });
    }
}

impl Place {
    /// Passes on what came over this call's channel, if it may say anything now: from the publisher to all viewers, from a
    /// viewer to whom the application says. The API hears of it where the application asks for that.
    pub fn say(&self, from: Operation, message: &Message, rules: &WebrtcRules, now: UnixTime) {
        if !rules.data_channel_enabled || !self.session.may_speak(now) {
            return;
        }
        if rules.data_channel_reported {
            self.exchange.report(&self.session, &self.told, message);
        }
        self.pass_on(from, message, rules.data_channel_distribution);
    }

    fn pass_on(&self, from: Operation, message: &Message, distribution: DataDistribution) {
        let reaches = |to: Operation| match (from, distribution) {
            (Operation::Publish, _) => to == Operation::Play,
            (Operation::Play, DataDistribution::All) => true,
            (Operation::Play, DataDistribution::Publisher) => to == Operation::Publish,
            (Operation::Play, DataDistribution::None) => false,
        };
        let is_other = |member: &Member| !Weak::ptr_eq(&member.call, &self.call);
        self.exchange.send(&self.key, message, |member| is_other(member) && reaches(member.operation));
        if let Some(room) = &self.room {
            // Whoever takes part with two calls does not hear itself.
            let is_other = |member: &Member| member.session.client() != self.session.client();
            self.exchange.send(room, message, |member| is_other(member) && reaches(member.operation));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for key in [Some(&self.key), self.room.as_ref()].into_iter().flatten() {
            if let dashmap::mapref::entry::Entry::Occupied(mut audience) = self.exchange.streams.entry(key.clone()) {
                audience.get_mut().members.retain(|member| !Weak::ptr_eq(&member.call, &self.call));
                if audience.get().members.is_empty() {
                    audience.remove();
                }
            }
        }
    }
}

/// Of each call, what webhooks are told: five messages and 20 kB a second, after 25 messages at once. More than a person writes.
const TOLD_OF_CALL: Rate =
    Rate { message: Duration::from_millis(200), byte: Duration::from_micros(50), burst: Duration::from_secs(5) };
/// Of each stream: 20 messages and 100 kB a second, after 100 messages at once.
const TOLD: Rate =
    Rate { message: Duration::from_millis(50), byte: Duration::from_micros(10), burst: Duration::from_secs(5) };
/// Of the worker, whose other events go the same way: 100 messages and 500 kB a second.
const TOLD_OF_WORKER: Rate =
    Rate { message: Duration::from_millis(10), byte: Duration::from_micros(2), burst: Duration::from_secs(5) };
/// Longer ones are files; they are passed on, not told.
const MOST_TOLD_BYTES: usize = 16 * 1024;
