//! Data channels of one peer: SCTP (RFC 8831) and the establishment protocol (RFC 8832), inside its DTLS.
//!
//! Channels are reliable and ordered. Everything is bounded: channels, messages, and what waits for a peer that does not
//! read, whose next messages are refused.

mod inspector;

use std::collections::{BTreeMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_datachannel::message::Message as Establishment;
use rtc_datachannel::message::message_channel_ack::DataChannelAck;
use rtc_datachannel::message::message_channel_open::{CHANNEL_PRIORITY_NORMAL, ChannelType, DataChannelOpen};
use rtc_sctp::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, EndpointEvent, Event,
    Payload, PayloadProtocolIdentifier, ServerConfig, StreamEvent, TransportConfig,
};
use rtc_shared::TransportProtocol;
use rtc_shared::marshal::{Marshal, Unmarshal};

use self::inspector::{Inspector, Verdict};
use super::engine::{Message, Sent};

pub(crate) struct Channels {
    endpoint: Endpoint,
    association: Option<(AssociationHandle, Association)>,
    transport: TransportConfig,
    channels: BTreeMap<u16, Channel>,
    /// Labels that wait for the association.
    waiting: VecDeque<String>,
    /// The next number of a channel that we open: even or odd by our role in DTLS (RFC 8832 §6).
    next_number: u16,
    /// When we set the association up ourselves, if the peer has not done it.
    connect_at: Option<Instant>,
    inspector: Inspector,
    is_over: bool,
}

/// A stream that carries a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Channel {
    /// We asked for it.
    Opening(String),
    Open,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChannelEvent {
    Opened { channel: u16, label: String },
    Message { channel: u16, message: Message },
}

impl Channels {
    /// `is_client`: our role in DTLS.
    pub fn new(now: Instant, is_client: bool) -> Self {
        let transport = TransportConfig::default()
            .with_max_message_size(MAX_MESSAGE_BYTES as u32)
            .with_max_receive_buffer_size(RECEIVE_WINDOW)
            .with_max_num_inbound_streams(MAX_STREAMS)
            .with_max_num_outbound_streams(MAX_STREAMS);
        let server = ServerConfig::new(transport.clone());
        let config = Arc::new(EndpointConfig::default());
        Self {
            endpoint: Endpoint::new(OURS, TransportProtocol::UDP, config, Some(Arc::new(server))),
            association: None,
            transport,
            channels: BTreeMap::new(),
            waiting: VecDeque::new(),
            next_number: u16::from(!is_client),
            // Browsers set it up themselves, whatever their role. Others do as clients alone.
            connect_at: is_client.then(|| now + CONNECT_AFTER),
            inspector: Inspector::new(),
            is_over: false,
        }
    }

    /// Opens a channel as soon as there is an association. More than the limit are not opened.
    pub fn open(&mut self, now: Instant, label: &str) {
        if label.len() <= MAX_LABEL && self.channels.len() + self.waiting.len() < MAX_CHANNELS {
            self.waiting.push_back(label.to_owned());
            self.open_waiting(now);
        }
    }

    pub fn send(&mut self, now: Instant, channel: u16, message: &Message) -> Sent {
        if self.channels.get(&channel) != Some(&Channel::Open) {
            return Sent::NotConnected;
        }
        let Some((_, association)) = &mut self.association else { return Sent::NotConnected };
        let Ok(mut stream) = association.stream(channel) else { return Sent::NotConnected };
        let (identifier, data) = match message {
            Message::Text(text) if text.is_empty() => (PayloadProtocolIdentifier::StringEmpty, EMPTY),
            Message::Text(text) => (PayloadProtocolIdentifier::String, text.clone()),
            Message::Binary(bytes) if bytes.is_empty() => (PayloadProtocolIdentifier::BinaryEmpty, EMPTY),
            Message::Binary(bytes) => (PayloadProtocolIdentifier::Binary, bytes.clone()),
        };
        let buffered = stream.buffered_amount().unwrap_or(usize::MAX);
        if data.len() > MAX_MESSAGE_BYTES || buffered.saturating_add(data.len()) > MAX_BUFFERED {
            return Sent::Full;
        }
        match stream.write_chunk_with_ppi(now, &data, identifier) {
            Ok(_) => Sent::Yes,
            Err(_) => Sent::NotConnected,
        }
    }

    /// Takes what came inside DTLS.
    pub fn read(&mut self, now: Instant, packet: Bytes, events: &mut Vec<ChannelEvent>) {
        if self.is_over {
            return;
        }
        match self.inspector.incoming(&packet) {
            Verdict::Pass => {}
            Verdict::Drop => return,
            Verdict::End => return self.end(),
        }
        let handled = catch_unwind(AssertUnwindSafe(|| self.handle(now, packet, events)));
        if handled.is_err() {
            self.end();
        }
    }

    /// The packets to send inside DTLS.
    pub fn take_outgoing(&mut self, now: Instant, mut send: impl FnMut(&[u8])) {
        if let Some((_, association)) = &mut self.association {
            while let Some(transmit) = association.poll_transmit(now) {
                if let Payload::RawEncode(packets) = transmit.message {
                    for packet in &packets {
                        self.inspector.outgoing(packet);
                        send(packet);
                    }
                }
            }
        }
    }

    pub fn next_time(&self) -> Option<Instant> {
        match &self.association {
            Some((_, association)) => association.poll_timeout(),
            None => self.connect_at,
        }
    }

    pub fn time(&mut self, now: Instant, events: &mut Vec<ChannelEvent>) {
        if self.connect_at.is_some_and(|at| at <= now) {
            self.connect_at = None;
            if self.association.is_none() && !self.is_over {
                let config = ClientConfig::new(self.transport.clone());
                self.association = self.endpoint.connect(now, config, THEIRS).ok();
            }
        }
        if let Some((_, association)) = &mut self.association {
            association.handle_timeout(now);
            self.poll(now, events);
        }
    }

    /// Smoothed, of SCTP; `None` before it was measured.
    pub fn round_trip(&self) -> Option<Duration> {
        self.association.as_ref().map(|(_, association)| association.rtt()).filter(|rtt| !rtt.is_zero())
    }

    fn handle(&mut self, now: Instant, packet: Bytes, events: &mut Vec<ChannelEvent>) {
        match self.endpoint.handle(now, THEIRS, None, packet) {
            Some((handle, DatagramEvent::NewAssociation(association))) => self.adopt(handle, association),
            Some((handle, DatagramEvent::AssociationEvent(event))) => {
                if let Some((current, association)) = &mut self.association
                    && *current == handle
                {
                    association.handle_event(event);
                }
            }
            _ => return,
        }
        self.poll(now, events);
    }

    /// The peer sets an association up. One that is being set up by us gives way; one that is up stays the only one.
    fn adopt(&mut self, handle: AssociationHandle, association: Association) {
        let unwanted = match &self.association {
            Some((_, current)) if !current.is_handshaking() => Some(handle),
            _ => {
                self.inspector.begin_again();
                self.association.replace((handle, association)).map(|(handle, _)| handle)
            }
        };
        self.connect_at = None;
        if let Some(handle) = unwanted {
            self.endpoint.handle_event(handle, EndpointEvent::drained());
        }
    }

    fn poll(&mut self, now: Instant, events: &mut Vec<ChannelEvent>) {
        let mut streams = 0;
        while let Some((_, association)) = &mut self.association {
            while association.accept_stream().is_some() {}
            let Some(event) = association.poll() else { break };
            match event {
                Event::Connected => self.open_waiting(now),
                Event::HandshakeFailed { .. } => return self.end(),
                // The peer closed this channel, or the association with all of them.
                Event::AssociationLost { id, .. } => drop(self.channels.remove(&id)),
                Event::Stream(StreamEvent::Opened { .. }) => streams += 1,
                Event::Stream(StreamEvent::Readable { id }) => self.drain(now, id, events),
                _ => {}
            }
            if streams > 0 {
                let open = self.association.as_ref().map_or(0, |(_, association)| association.stream_ids().len());
                if open > usize::from(MAX_STREAMS) {
                    return self.end();
                }
            }
        }
        // One that is being set up by the peer counts as closed until then.
        if let Some((_, association)) = &self.association
            && association.is_closed()
            && !association.is_handshaking()
        {
            self.end();
        }
    }

    /// Reads the messages that are complete on one stream.
    fn drain(&mut self, now: Instant, id: u16, events: &mut Vec<ChannelEvent>) {
        loop {
            let Some((_, association)) = &mut self.association else { return };
            let Ok(mut stream) = association.stream(id) else { return };
            let Ok(Some(chunks)) = stream.read_sctp() else { return };
            self.inspector.read(chunks.chunks.len());
            let Ok(payload) = chunks.to_payload(MAX_MESSAGE_BYTES) else { continue };
            let payload = payload.freeze();
            let message = match chunks.ppi {
                PayloadProtocolIdentifier::Dcep => {
                    self.establish(now, id, payload, events);
                    continue;
                }
                PayloadProtocolIdentifier::String => Message::Text(payload),
                PayloadProtocolIdentifier::StringEmpty => Message::Text(Bytes::new()),
                PayloadProtocolIdentifier::Binary => Message::Binary(payload),
                PayloadProtocolIdentifier::BinaryEmpty => Message::Binary(Bytes::new()),
                _ => continue,
            };
            self.opened(id, events);
            let is_broken = matches!(&message, Message::Text(text) if std::str::from_utf8(text).is_err());
            if self.channels.contains_key(&id) && !is_broken {
                events.push(ChannelEvent::Message { channel: id, message });
            }
        }
    }

    /// RFC 8832 §5.
    fn establish(&mut self, now: Instant, id: u16, mut payload: Bytes, events: &mut Vec<ChannelEvent>) {
        match Establishment::unmarshal(&mut payload) {
            Ok(Establishment::DataChannelOpen(open)) => {
                let Ok(label) = String::from_utf8(open.label) else { return };
                if label.len() > MAX_LABEL || self.channels.len() >= MAX_CHANNELS || self.channels.contains_key(&id) {
                    return;
                }
                if self.write_establishment(now, id, &Establishment::DataChannelAck(DataChannelAck)) {
                    self.channels.insert(id, Channel::Open);
                    events.push(ChannelEvent::Opened { channel: id, label });
                }
            }
            Ok(Establishment::DataChannelAck(_)) => self.opened(id, events),
            _ => {}
        }
    }

    /// The peer has accepted a channel of ours, by saying so or by using it (RFC 8832 §6).
    fn opened(&mut self, id: u16, events: &mut Vec<ChannelEvent>) {
        if let Some(channel) = self.channels.get_mut(&id)
            && let Channel::Opening(label) = std::mem::replace(channel, Channel::Open)
        {
            events.push(ChannelEvent::Opened { channel: id, label });
        }
    }

    fn open_waiting(&mut self, now: Instant) {
        while let Some((_, association)) = &mut self.association
            && !association.is_handshaking()
            && !association.is_closed()
            && let Some(label) = self.waiting.pop_front()
        {
            while association.stream(self.next_number).is_ok() {
                self.next_number = self.next_number.saturating_add(2);
            }
            let id = self.next_number;
            if association.open_stream(id, PayloadProtocolIdentifier::Binary).is_err() {
                return;
            }
            let open = Establishment::DataChannelOpen(DataChannelOpen {
                channel_type: ChannelType::Reliable,
                priority: CHANNEL_PRIORITY_NORMAL,
                reliability_parameter: 0,
                label: label.clone().into_bytes(),
                protocol: Vec::new(),
            });
            self.channels.insert(id, Channel::Opening(label));
            self.write_establishment(now, id, &open);
        }
    }

    fn write_establishment(&mut self, now: Instant, id: u16, message: &Establishment) -> bool {
        let Some((_, association)) = &mut self.association else { return false };
        let (Ok(mut stream), Ok(bytes)) = (association.stream(id), message.marshal()) else { return false };
        stream.write_chunk_with_ppi(now, &bytes.freeze(), PayloadProtocolIdentifier::Dcep).is_ok()
    }

    /// There will be no channels any more; the peer's media goes on.
    fn end(&mut self) {
        self.is_over = true;
        self.association = None;
        self.connect_at = None;
        self.channels.clear();
        self.waiting.clear();
    }
}

/// The largest message in either direction, which descriptions announce (RFC 8841 §6).
pub(crate) const MAX_MESSAGE_BYTES: usize = 64 * 1024;

pub(crate) const MAX_CHANNELS: usize = 16;

/// Streams with the numbers of those channels, and some that were closed and are not gone yet.
const MAX_STREAMS: u16 = 256;

/// Bytes of a name; browsers allow 65 535, and nobody needs them.
const MAX_LABEL: usize = 1_024;

/// What waits for a peer that does not read, in each channel.
const MAX_BUFFERED: usize = 256 * 1024;

/// What a peer may have on its way to us: two messages.
const RECEIVE_WINDOW: u32 = 2 * MAX_MESSAGE_BYTES as u32;

/// For a peer to set the association up before we do. Both at once cost one of them its work.
const CONNECT_AFTER: Duration = Duration::from_millis(500);

/// SCTP carries no empty messages: one byte that is not read stands for them (RFC 8831 §6.6).
const EMPTY: Bytes = Bytes::from_static(&[0]);

/// There is one association, inside DTLS: these are names.
const OURS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5_000);
const THEIRS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 5_000);

#[cfg(test)]
mod tests;
