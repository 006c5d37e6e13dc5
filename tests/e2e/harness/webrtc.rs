//! A WebRTC peer inside the test: webrtc-rs's whole peer connection, as far from the server's own parts as a browser is.
//! It publishes the clip's picture with silence, or counts what it is sent.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCConfigurationBuilder;
use rtc::peer_connection::configuration::interceptor_registry::register_default_interceptors;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::RTCPeerConnectionEvent;
use rtc::peer_connection::message::RTCMessage;
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp::packetizer::Packetizer;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpSenderId, RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::Noise;
use super::live::pictures;

/// One peer. Dropping it is as if its machine were switched off.
pub struct WebRtc {
    orders: mpsc::Sender<Order>,
    seen: watch::Receiver<Seen>,
    running: JoinHandle<()>,
}

/// What came of it so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub is_connected: bool,
    pub has_ended: bool,
    pub video_packets: u64,
    pub audio_packets: u64,
    /// Packets of pictures that never came, between the first and the newest.
    pub video_lost: u64,
    /// All packets, by SSRC.
    pub sources: BTreeMap<u32, u64>,
}

impl Seen {
    /// Packets of one source.
    pub fn of(&self, source: u32) -> u64 {
        self.sources.get(&source).copied().unwrap_or_default()
    }
}

enum Order {
    Accept(String, oneshot::Sender<()>),
    Answer(String, oneshot::Sender<String>),
}

/// What it does when it is connected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Publishes,
    /// Sends packets that hold anything.
    Raves,
    Watches,
}

impl WebRtc {
    /// A publisher, and its offer.
    pub async fn publisher(from: IpAddr) -> (Self, String) {
        let mut peer = Peer::new(from, Part::Publishes).await;
        let offer = peer.offer();
        (Self::run(peer), offer)
    }

    /// A publisher whose packets, sound for SRTP, hold anything but media; and its offer.
    pub async fn raving(from: IpAddr) -> (Self, String) {
        let mut peer = Peer::new(from, Part::Raves).await;
        let offer = peer.offer();
        (Self::run(peer), offer)
    }

    /// A viewer, and its offer.
    pub async fn viewer(from: IpAddr) -> (Self, String) {
        let mut peer = Peer::new(from, Part::Watches).await;
        for kind in [RtpCodecKind::Video, RtpCodecKind::Audio] {
            let init = RTCRtpTransceiverInit {
                direction: RTCRtpTransceiverDirection::Recvonly,
                ..RTCRtpTransceiverInit::default()
            };
            peer.connection.add_transceiver_from_kind(kind, Some(init)).expect("a transceiver");
        }
        let offer = peer.offer();
        (Self::run(peer), offer)
    }

    /// A viewer who was offered, and its answer.
    pub async fn answering(from: IpAddr, offer: &str) -> (Self, String) {
        let mut peer = Peer::new(from, Part::Watches).await;
        peer.add_candidate();
        let answer = peer.answer(offer);
        (Self::run(peer), answer)
    }

    /// Answers the server's next offer.
    pub async fn answer(&self, offer: &str) -> String {
        let (done, answered) = oneshot::channel();
        self.orders.send(Order::Answer(offer.to_owned(), done)).await.expect("the peer runs");
        answered.await.expect("an answer")
    }

    fn run(peer: Peer) -> Self {
        let (orders, received) = mpsc::channel(4);
        let (seen, watched) = watch::channel(Seen::default());
        Self { orders, seen: watched, running: tokio::spawn(peer.run(received, seen)) }
    }

    /// Takes the server's answer.
    pub async fn accept(&self, answer: &str) {
        let (done, taken) = oneshot::channel();
        self.orders.send(Order::Accept(answer.to_owned(), done)).await.expect("the peer runs");
        taken.await.expect("the answer is taken");
    }

    pub fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    /// Waits until `wanted` holds.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.seen.clone();
        let waited = tokio::time::timeout(super::PATIENCE, seen.wait_for(wanted)).await;
        waited.unwrap_or_else(|_| panic!("did not happen: {what}: {:?}", self.seen())).expect("the peer runs").clone()
    }

    /// Waits for pictures and sound.
    pub async fn plays(&self) {
        self.until("pictures and sound come", |seen| seen.video_packets > 0 && seen.audio_packets > 0).await;
    }
}

impl Drop for WebRtc {
    fn drop(&mut self) {
        self.running.abort();
    }
}

struct Peer {
    connection: RTCPeerConnection,
    socket: UdpSocket,
    address: SocketAddr,
    /// Video and audio, of a publisher.
    senders: Vec<RTCRtpSenderId>,
    /// What packets of video say they are: whoever offers decides (RFC 3264 §5.1).
    video_type: u8,
    raves: bool,
}

impl Peer {
    async fn new(from: IpAddr, part: Part) -> Self {
        let socket = UdpSocket::bind((from, 0)).await.expect("a socket");
        let address = socket.local_addr().expect("its address");
        let mut media = MediaEngine::default();
        for (codec, kind) in [(video_codec(), RtpCodecKind::Video), (audio_codec(), RtpCodecKind::Audio)] {
            media.register_codec(codec, kind).expect("a codec");
        }
        let interceptors = register_default_interceptors(Default::default(), &mut media).expect("interceptors");
        let connection = RTCPeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_setting_engine(SettingEngineBuilder::new().with_include_loopback_candidate(true).build())
            .with_media_engine(media)
            .with_interceptor_registry(interceptors)
            .build(Instant::now())
            .expect("a peer connection");
        let video_type = video_codec().payload_type;
        let raves = part == Part::Raves;
        let mut peer = Self { connection, socket, address, senders: Vec::new(), video_type, raves };
        if part != Part::Watches {
            peer.add_tracks();
        }
        peer
    }

    fn add_tracks(&mut self) {
        for (number, (codec, kind)) in
            [(video_codec(), RtpCodecKind::Video), (audio_codec(), RtpCodecKind::Audio)].into_iter().enumerate()
        {
            let ssrc = 0x1000 + u32::try_from(number).expect("two");
            let track = MediaStreamTrack::new(
                "clip".to_owned(),
                format!("track-{number}"),
                format!("track-{number}"),
                kind,
                vec![RTCRtpEncodingParameters {
                    rtp_coding_parameters: RTCRtpCodingParameters {
                        ssrc: Some(ssrc),
                        ..RTCRtpCodingParameters::default()
                    },
                    codec: codec.rtp_codec,
                    ..RTCRtpEncodingParameters::default()
                }],
            );
            self.senders.push(self.connection.add_track(track).expect("a track"));
        }
    }

    fn offer(&mut self) -> String {
        self.add_candidate();
        let offer = self.connection.create_offer(None).expect("an offer");
        self.connection.set_local_description(Instant::now(), offer.clone()).expect("the own offer");
        offer.sdp
    }

    fn answer(&mut self, offer: &str) -> String {
        // The first type of the first section of pictures: there is one codec.
        if let Some(formats) = offer.lines().find_map(|line| line.strip_prefix("m=video ")) {
            let first = formats.split(' ').nth(2).and_then(|first| first.parse().ok());
            self.video_type = first.expect("a payload type");
        }
        let offer = RTCSessionDescription::offer(offer.to_owned()).expect("an offer");
        self.connection.set_remote_description(Instant::now(), offer).expect("the offer is taken");
        let answer = self.connection.create_answer(None).expect("an answer");
        self.connection.set_local_description(Instant::now(), answer.clone()).expect("the own answer");
        answer.sdp
    }

    fn add_candidate(&mut self) {
        let host = CandidateHostConfig {
            base_config: CandidateConfig {
                network: "udp".to_owned(),
                address: self.address.ip().to_string(),
                port: self.address.port(),
                component: 1,
                ..CandidateConfig::default()
            },
            ..CandidateHostConfig::default()
        };
        let candidate = host.new_candidate_host().expect("a candidate");
        let candidate = RTCIceCandidate::from(&candidate).to_json().expect("its text");
        self.connection.add_local_candidate(candidate).expect("the own candidate");
    }

    async fn run(mut self, mut orders: mpsc::Receiver<Order>, seen: watch::Sender<Seen>) {
        let mut buffer = vec![0; 2_048];
        let mut media = None;
        let mut pictures = Sequence::default();
        loop {
            while let Some(datagram) = self.connection.poll_write() {
                // Lost datagrams are the network's business.
                let _ = self.socket.send_to(&datagram.message, datagram.transport.peer_addr).await;
            }
            while let Some(event) = self.connection.poll_event() {
                if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) = event {
                    match state {
                        RTCPeerConnectionState::Connected => {
                            seen.send_modify(|seen| seen.is_connected = true);
                            media = (!self.senders.is_empty()).then(|| Media::new(self.raves));
                        }
                        RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed => {
                            seen.send_modify(|seen| seen.has_ended = true);
                        }
                        _ => {}
                    }
                }
            }
            while let Some(message) = self.connection.poll_read() {
                if let RTCMessage::RtpPacket(_, packet) = message.message {
                    let is_video = packet.header.payload_type == self.video_type;
                    if is_video {
                        pictures.take(packet.header.sequence_number);
                    }
                    seen.send_modify(|seen| {
                        *seen.sources.entry(packet.header.ssrc).or_default() += 1;
                        if is_video {
                            seen.video_packets += 1;
                            seen.video_lost = pictures.lost();
                        } else {
                            seen.audio_packets += 1;
                        }
                    });
                }
            }
            let now = Instant::now();
            let soon = now + Duration::from_millis(100);
            let due = [self.connection.poll_timeout(), media.as_ref().map(|media: &Media| media.due)];
            let due = due.into_iter().flatten().min().map_or(soon, |due| due.min(soon));
            tokio::select! {
                () = sleep_until(due.into()) => {
                    let now = Instant::now();
                    let _ = self.connection.handle_timeout(now);
                    if let Some(media) = &mut media {
                        media.send(&mut self.connection, &self.senders, now);
                    }
                }
                received = self.socket.recv_from(&mut buffer) => {
                    let Ok((length, peer_addr)) = received else { continue };
                    let transport = TransportContext {
                        local_addr: self.address,
                        peer_addr,
                        ecn: None,
                        transport_protocol: TransportProtocol::UDP,
                    };
                    let message = BytesMut::from(&buffer[..length]);
                    let _ = self.connection.handle_read(TaggedBytesMut { now: Instant::now(), transport, message });
                }
                Some(order) = orders.recv() => {
                    match order {
                        Order::Accept(answer, done) => {
                            let answer = RTCSessionDescription::answer(answer).expect("an answer");
                            self.connection.set_remote_description(Instant::now(), answer).expect("the answer is taken");
                            let _ = done.send(());
                        }
                        Order::Answer(offer, done) => {
                            let _ = done.send(self.answer(&offer));
                        }
                    }
                }
            }
        }
    }
}

/// Which sequence numbers came (RFC 3550 §A.1).
#[derive(Default)]
struct Sequence {
    first: Option<i64>,
    newest: i64,
    received: i64,
}

impl Sequence {
    fn take(&mut self, sequence: u16) {
        if self.first.is_none() {
            self.newest = i64::from(sequence);
            self.first = Some(self.newest);
        }
        self.newest += i64::from(sequence.wrapping_sub(self.newest as u16) as i16).max(0);
        self.received += 1;
    }

    fn lost(&self) -> u64 {
        u64::try_from(self.first.map_or(0, |first| self.newest + 1 - first - self.received)).unwrap_or_default()
    }
}

/// The clip's pictures in real time, and silence beside them.
struct Media {
    /// Anything instead.
    raves: bool,
    noise: Noise,
    begun: Instant,
    due: Instant,
    picture: usize,
    silence: u32,
    packetizers: Vec<Box<dyn Packetizer>>,
}

impl Media {
    fn new(raves: bool) -> Self {
        let now = Instant::now();
        let packetizers = [video_codec(), audio_codec()].into_iter().map(|codec| {
            let payloader = codec.rtp_codec.payloader().expect("a payloader");
            let sequencer = rtc::rtp::sequence::new_random_sequencer();
            let clock = codec.rtp_codec.clock_rate;
            Box::new(rtc::rtp::packetizer::new_packetizer(
                now,
                1_200,
                codec.payload_type,
                0,
                payloader,
                Box::new(sequencer),
                clock,
            )) as Box<dyn Packetizer>
        });
        let packetizers = packetizers.collect();
        Self { raves, noise: Noise::new(0xbad), begun: now, due: now, picture: 0, silence: 0, packetizers }
    }

    fn send(&mut self, connection: &mut RTCPeerConnection, senders: &[RTCRtpSenderId], now: Instant) {
        let pictures = pictures();
        while self.begun + PICTURE * u32::try_from(self.picture).expect("a short test") <= now {
            let picture = &pictures[self.picture % pictures.len()];
            self.packets(0, picture, 3_600, connection, senders, now);
            self.picture += 1;
        }
        while self.begun + SILENCE * self.silence <= now {
            self.packets(1, &Bytes::from_static(&[0xf8, 0xff, 0xfe]), 960, connection, senders, now);
            self.silence += 1;
        }
        self.due = now + Duration::from_millis(5);
    }

    fn packets(
        &mut self,
        track: usize,
        data: &Bytes,
        ticks: u32,
        connection: &mut RTCPeerConnection,
        senders: &[RTCRtpSenderId],
        now: Instant,
    ) {
        let packets = self.packetizers[track].packetize(now, data, ticks).expect("packets");
        for mut packet in packets {
            let Some(mut sender) = connection.rtp_sender(senders[track]) else { return };
            let Some(ssrc) = sender.track().ssrcs().last() else { return };
            packet.header.ssrc = ssrc;
            let parameters = sender.get_parameters();
            let Some(codec) = parameters.rtp_parameters.codecs.first() else { return };
            packet.header.payload_type = codec.payload_type;
            if self.raves {
                let anything = self.noise.bytes(8);
                packet.header.marker = anything[0] & 1 == 0;
                packet.header.timestamp = u32::from_be_bytes([anything[1], anything[2], anything[3], anything[4]]);
                let length = 1 + usize::from(anything[5]) * 4;
                packet.payload = self.noise.bytes(length).into();
                if anything[6] & 3 == 0 {
                    packet.header.sequence_number ^= u16::from(anything[7]) << 5;
                }
            }
            let _ = sender.write_rtp(now, packet);
        }
    }
}

fn video_codec() -> RTCRtpCodecParameters {
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: MIME_TYPE_H264.to_owned(),
            clock_rate: 90_000,
            channels: 0,
            sdp_fmtp_line: "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f".to_owned(),
            rtcp_feedback: vec![],
        },
        payload_type: 102,
    }
}

fn audio_codec() -> RTCRtpCodecParameters {
    RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: MIME_TYPE_OPUS.to_owned(),
            clock_rate: 48_000,
            channels: 2,
            sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
            rtcp_feedback: vec![],
        },
        payload_type: 111,
    }
}

/// The clip's rate.
const PICTURE: Duration = Duration::from_millis(40);
const SILENCE: Duration = Duration::from_millis(20);
