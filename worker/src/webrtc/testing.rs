//! The other side in tests: a whole peer connection as a browser has one, without sockets, and a driver that keeps what
//! it hears.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use data_encoding::HEXUPPER;
use parking_lot::Mutex;
use rtc::data_channel::RTCDataChannelId;
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCConfigurationBuilder;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::{RTCDataChannelEvent, RTCPeerConnectionEvent};
use rtc::peer_connection::message::{RTCMessage, TaggedRTCMessage};
use rtc::peer_connection::sdp::RTCSessionDescription;
use rtc::peer_connection::state::RTCPeerConnectionState;
use rtc::peer_connection::transport::{CandidateConfig, CandidateHostConfig, RTCDtlsRole, RTCIceCandidate};
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::RTCRtpSenderId;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::sansio::Protocol;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use sluice_contract::Secret;

use super::engine::{
    Driver, DtlsRole, LocalTransport, Message, Outlet, PeerEnd, ReceivedRtp, RemoteTransport, Transport,
};

/// SSRCs of what the browser sends, and of what we send to it.
pub(super) const BROWSER_VIDEO: u32 = 1_001;
pub(super) const BROWSER_AUDIO: u32 = 1_002;
pub(super) const OUR_VIDEO: u32 = 2_001;
pub(super) const OUR_AUDIO: u32 = 2_002;
pub(super) const VIDEO_PAYLOAD: u8 = 102;
pub(super) const AUDIO_PAYLOAD: u8 = 111;

/// What a browser's page has seen.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub is_connected: bool,
    pub packets: Vec<rtc::rtp::Packet>,
    pub rtcp: usize,
    pub channels: Vec<RTCDataChannelId>,
    pub closed_channels: usize,
    pub messages: Vec<(RTCDataChannelId, bool, Vec<u8>)>,
}

pub(super) struct Browser {
    pc: RTCPeerConnection,
    pub address: SocketAddr,
    transport: TransportProtocol,
    pub page: Page,
    video: Option<RTCRtpSenderId>,
    audio: Option<RTCRtpSenderId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offers {
    Browser,
    Us,
}

/// How a browser connects.
pub(super) struct BrowserSetup {
    pub address: SocketAddr,
    pub offers: Offers,
    /// Which role it takes in DTLS.
    pub role: DtlsRole,
    pub profiles: Vec<SrtpProtectionProfile>,
    pub transport: Transport,
    /// A channel that it opens.
    pub channel: Option<&'static str>,
}

impl Default for BrowserSetup {
    fn default() -> Self {
        Self {
            address: SocketAddr::from(([198, 51, 100, 7], 40_000)),
            offers: Offers::Browser,
            role: DtlsRole::Client,
            // As browsers offer them: what we prefer last.
            profiles: vec![
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            ],
            transport: Transport::Udp,
            channel: Some("chat"),
        }
    }
}

impl Browser {
    /// A browser that has exchanged descriptions with the owner of `local`.
    pub fn connect(now: Instant, setup: &BrowserSetup, local: &LocalTransport) -> (Self, RemoteTransport) {
        let mut engine = MediaEngine::default();
        let (video_codec, audio_codec) = codecs();
        engine.register_codec(video_codec.clone(), RtpCodecKind::Video).unwrap();
        engine.register_codec(audio_codec.clone(), RtpCodecKind::Audio).unwrap();
        let role = match setup.role {
            DtlsRole::Client => RTCDtlsRole::Client,
            DtlsRole::Server => RTCDtlsRole::Server,
        };
        let mut settings = SettingEngineBuilder::new()
            .with_answering_dtls_role(role)
            .with_srtp_protection_profiles(setup.profiles.clone());
        if setup.transport == Transport::Tcp {
            settings = settings.with_network_types(vec![rtc::ice::network_type::NetworkType::Tcp4]);
        }
        let mut pc = RTCPeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(engine)
            .with_setting_engine(settings.build())
            .build(now)
            .unwrap();
        let video = pc.add_track(track("video", RtpCodecKind::Video, BROWSER_VIDEO, video_codec.rtp_codec)).unwrap();
        let audio = pc.add_track(track("audio", RtpCodecKind::Audio, BROWSER_AUDIO, audio_codec.rtp_codec)).unwrap();
        if let Some(label) = setup.channel {
            pc.create_data_channel(label, None).unwrap();
        }
        let is_tcp = setup.transport == Transport::Tcp;
        let candidate = CandidateHostConfig {
            base_config: CandidateConfig {
                network: if is_tcp { "tcp" } else { "udp" }.to_owned(),
                address: setup.address.ip().to_string(),
                port: if is_tcp { 9 } else { setup.address.port() },
                component: 1,
                ..CandidateConfig::default()
            },
            tcp_type: if is_tcp {
                rtc::ice::tcp_type::TcpType::Active
            } else {
                rtc::ice::tcp_type::TcpType::Unspecified
            },
        }
        .new_candidate_host()
        .unwrap();
        pc.add_local_candidate(RTCIceCandidate::from(&candidate).to_json().unwrap()).unwrap();
        let theirs = match setup.offers {
            Offers::Browser => {
                let offer = pc.create_offer(None).unwrap();
                pc.set_local_description(now, offer.clone()).unwrap();
                let our_setup = if setup.role == DtlsRole::Client { "passive" } else { "active" };
                let answer = answer(&offer.sdp, local, our_setup, setup.transport);
                pc.set_remote_description(now, RTCSessionDescription::answer(answer).unwrap()).unwrap();
                offer.sdp
            }
            Offers::Us => {
                let offer = offer(local, setup.transport);
                pc.set_remote_description(now, RTCSessionDescription::offer(offer).unwrap()).unwrap();
                let answer = pc.create_answer(None).unwrap();
                pc.set_local_description(now, answer.clone()).unwrap();
                answer.sdp
            }
        };
        let transport = if is_tcp { TransportProtocol::TCP } else { TransportProtocol::UDP };
        let browser = Self {
            pc,
            address: setup.address,
            transport,
            page: Page::default(),
            video: Some(video),
            audio: Some(audio),
        };
        (browser, remote(&theirs, setup.role))
    }

    pub fn send_video(&mut self, now: Instant, sequence: u16, payload: &[u8]) {
        self.send(now, self.video, BROWSER_VIDEO, VIDEO_PAYLOAD, sequence, payload);
    }

    pub fn send_audio(&mut self, now: Instant, sequence: u16, payload: &[u8]) {
        self.send(now, self.audio, BROWSER_AUDIO, AUDIO_PAYLOAD, sequence, payload);
    }

    fn send(
        &mut self,
        now: Instant,
        sender: Option<RTCRtpSenderId>,
        ssrc: u32,
        payload_type: u8,
        sequence: u16,
        payload: &[u8],
    ) {
        let packet = rtc::rtp::Packet {
            header: rtc::rtp::Header {
                version: 2,
                marker: true,
                payload_type,
                sequence_number: sequence,
                timestamp: u32::from(sequence) * 3_000,
                ssrc,
                ..rtc::rtp::Header::default()
            },
            payload: payload.to_vec().into(),
        };
        self.pc.rtp_sender(sender.unwrap()).unwrap().write_rtp(now, packet).unwrap();
    }

    pub fn say(&mut self, now: Instant, channel: RTCDataChannelId, text: &str) {
        self.pc.data_channel(channel).unwrap().send_text(now, text).unwrap();
    }

    pub fn say_bytes(&mut self, now: Instant, channel: RTCDataChannelId, bytes: &[u8]) {
        self.pc.data_channel(channel).unwrap().send(now, BytesMut::from(bytes)).unwrap();
    }

    pub fn close(&mut self) {
        self.pc.close().unwrap();
    }

    pub fn take(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let message = TaggedBytesMut {
            now,
            transport: TransportContext {
                local_addr: self.address,
                peer_addr: from,
                ecn: None,
                transport_protocol: self.transport,
            },
            message: BytesMut::from(datagram),
        };
        self.pc.handle_read(message).ok();
        self.look();
    }

    pub fn time(&mut self, now: Instant) {
        self.pc.handle_timeout(now).ok();
        self.look();
    }

    /// What it sends, with whom to.
    pub fn outgoing(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.look();
        std::iter::from_fn(|| self.pc.poll_write())
            .map(|message| (message.transport.peer_addr, message.message.to_vec()))
            .collect()
    }

    fn look(&mut self) {
        while let Some(event) = self.pc.poll_event() {
            match event {
                RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => {
                    self.page.is_connected = state == RTCPeerConnectionState::Connected;
                }
                RTCPeerConnectionEvent::OnDataChannel(RTCDataChannelEvent::OnOpen(id)) => self.page.channels.push(id),
                RTCPeerConnectionEvent::OnDataChannel(RTCDataChannelEvent::OnClose(_)) => {
                    self.page.closed_channels += 1;
                }
                _ => {}
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.pc.poll_read() {
            match message {
                RTCMessage::RtpPacket(_, packet) => self.page.packets.push(packet),
                RTCMessage::RtcpPacket(..) => self.page.rtcp += 1,
                RTCMessage::DataChannelMessage(channel, message) => {
                    self.page.messages.push((channel, message.is_string, message.data.to_vec()));
                }
                _ => {}
            }
        }
    }
}

fn codecs() -> (RTCRtpCodecParameters, RTCRtpCodecParameters) {
    let codec = |mime: &str, clock_rate, channels, fmtp: &str| RTCRtpCodec {
        mime_type: mime.to_owned(),
        clock_rate,
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: vec![],
    };
    let fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
    (
        RTCRtpCodecParameters { rtp_codec: codec(MIME_TYPE_H264, 90_000, 0, fmtp), payload_type: VIDEO_PAYLOAD },
        RTCRtpCodecParameters { rtp_codec: codec(MIME_TYPE_OPUS, 48_000, 2, ""), payload_type: AUDIO_PAYLOAD },
    )
}

fn track(name: &str, kind: RtpCodecKind, ssrc: u32, codec: RTCRtpCodec) -> MediaStreamTrack {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() },
        codec,
        ..RTCRtpEncodingParameters::default()
    };
    MediaStreamTrack::new("stream".to_owned(), name.to_owned(), name.to_owned(), kind, vec![coding])
}

/// The lines of our transport in a description.
fn transport_lines(local: &LocalTransport, setup: &str, transport: Transport) -> String {
    use std::fmt::Write as _;
    let bytes: Vec<String> = local.fingerprint.iter().map(|byte| HEXUPPER.encode(&[*byte])).collect();
    let mut lines = format!(
        "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:{setup}\r\n",
        local.ufrag,
        local.pwd.expose(),
        bytes.join(":"),
    );
    for candidate in local.candidates.iter().filter(|candidate| candidate.transport == transport) {
        let (ip, port) = (candidate.address.ip(), candidate.address.port());
        let (kind, end) = match transport {
            Transport::Udp => ("udp", ""),
            Transport::Tcp => ("tcp", " tcptype passive"),
        };
        write!(lines, "a=candidate:1 1 {kind} {} {ip} {port} typ host{end}\r\n", candidate.priority).unwrap();
    }
    lines + "a=end-of-candidates\r\n"
}

fn source_lines(kind: &str) -> String {
    let ssrc = if kind == "video" { OUR_VIDEO } else { OUR_AUDIO };
    format!("a=sendrecv\r\na=msid:ours {kind}\r\na=ssrc:{ssrc} cname:ours\r\na=ssrc:{ssrc} msid:ours {kind}\r\n")
}

/// An answer that takes all that `offer` has.
fn answer(offer: &str, local: &LocalTransport, setup: &str, transport: Transport) -> String {
    let ours = ["ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "setup", "candidate", "end-of", "ssrc", "msid"];
    let directions = ["sendrecv", "sendonly", "recvonly", "inactive"];
    let mut answer = String::new();
    let mut kind = None;
    let finish = |answer: &mut String, kind: &Option<String>| {
        if let Some(kind) = kind {
            answer.push_str(&transport_lines(local, setup, transport));
            if kind != "application" {
                answer.push_str(&source_lines(kind));
            }
        }
    };
    for line in offer.lines().map(str::trim_end) {
        if let Some(media) = line.strip_prefix("m=") {
            finish(&mut answer, &kind);
            if kind.is_none() {
                answer.push_str("a=ice-lite\r\n");
            }
            kind = media.split(' ').next().map(str::to_owned);
        }
        let attribute = line.strip_prefix("a=").unwrap_or_default();
        if ours.iter().chain(&directions).any(|name| attribute.starts_with(name)) {
            continue;
        }
        answer.push_str(line);
        answer.push_str("\r\n");
    }
    finish(&mut answer, &kind);
    answer
}

fn offer(local: &LocalTransport, transport: Transport) -> String {
    let lines = transport_lines(local, "actpass", transport);
    let media = |mid: u8, kind: &str, payload: u8, map: &str| {
        let sources = source_lines(kind);
        format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {payload}\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=rtcp-mux\r\n\
             a=rtpmap:{payload} {map}\r\n{lines}{sources}"
        )
    };
    let fmtp = "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n";
    let video = media(0, "video", VIDEO_PAYLOAD, "H264/90000");
    let audio = media(1, "audio", AUDIO_PAYLOAD, "opus/48000/2");
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1 2\r\na=ice-lite\r\n\
         {video}{fmtp}{audio}m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n\
         a=sctp-port:5000\r\na=max-message-size:65536\r\n{lines}"
    )
}

/// What a description says of its transport.
fn remote(sdp: &str, role: DtlsRole) -> RemoteTransport {
    let value = |name: &str| {
        sdp.lines().find_map(|line| line.trim_end().strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')).unwrap()
    };
    let fingerprint = value("fingerprint").split(' ').nth(1).unwrap().replace(':', "").to_uppercase();
    RemoteTransport {
        ufrag: value("ice-ufrag").to_owned(),
        pwd: Secret::from(value("ice-pwd")),
        fingerprint: HEXUPPER.decode(fingerprint.as_bytes()).unwrap().try_into().unwrap(),
        role,
        has_channels: true,
    }
}

/// What a driver was called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Connected,
    Rtp { ssrc: u32, payload_type: u8, sequence: u16, timestamp: u32, marker: bool, payload: Vec<u8> },
    Rtcp(Vec<u8>),
    Channel(u16, String),
    Message(u16, Message),
    Woken,
    Time,
    Disconnected,
    Closed(PeerEnd),
}

type Act = Box<dyn FnOnce(&mut dyn Outlet) + Send>;

/// A driver's memory, shared with its test.
#[derive(Clone, Default)]
pub(super) struct Memory {
    heard: Arc<Mutex<Vec<Heard>>>,
    acts: Arc<Mutex<VecDeque<Act>>>,
    next_time: Arc<Mutex<Option<Instant>>>,
    holds_back: Arc<AtomicBool>,
}

impl Memory {
    pub fn driver(&self) -> Box<dyn Driver> {
        Box::new(Recorder { memory: self.clone() })
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().clone()
    }

    pub fn has_heard(&self, what: &Heard) -> bool {
        self.heard.lock().contains(what)
    }

    pub fn count(&self, of: impl Fn(&Heard) -> bool) -> usize {
        self.heard.lock().iter().filter(|heard| of(heard)).count()
    }

    pub fn end(&self) -> Option<PeerEnd> {
        self.heard.lock().iter().find_map(|heard| match heard {
            Heard::Closed(why) => Some(*why),
            _ => None,
        })
    }

    /// Has `act` done when the driver is woken next.
    pub fn act(&self, act: impl FnOnce(&mut dyn Outlet) + Send + 'static) {
        self.acts.lock().push_back(Box::new(act));
    }

    /// Whether its peer may have media no more.
    pub fn hold_back(&self, holds_back: bool) {
        self.holds_back.store(holds_back, Ordering::Release);
    }

    pub fn ask_for_time(&self, at: Instant) {
        *self.next_time.lock() = Some(at);
    }

    fn hear(&self, what: Heard) {
        self.heard.lock().push(what);
    }
}

struct Recorder {
    memory: Memory,
}

impl Driver for Recorder {
    fn connected(&mut self, _: &mut dyn Outlet) {
        self.memory.hear(Heard::Connected);
    }

    fn rtp(&mut self, packet: &ReceivedRtp<'_>, _: &mut dyn Outlet) {
        self.memory.hear(Heard::Rtp {
            ssrc: packet.ssrc,
            payload_type: packet.payload_type,
            sequence: packet.sequence,
            timestamp: packet.timestamp,
            marker: packet.marker,
            payload: packet.payload.to_vec(),
        });
    }

    fn rtcp(&mut self, compound: &[u8], _: &mut dyn Outlet) {
        self.memory.hear(Heard::Rtcp(compound.to_vec()));
    }

    fn channel_opened(&mut self, channel: u16, label: &str, _: &mut dyn Outlet) {
        self.memory.hear(Heard::Channel(channel, label.to_owned()));
    }

    fn message(&mut self, channel: u16, message: Message, _: &mut dyn Outlet) {
        self.memory.hear(Heard::Message(channel, message));
    }

    fn wake(&mut self, outlet: &mut dyn Outlet) {
        self.memory.hear(Heard::Woken);
        let acts = std::mem::take(&mut *self.memory.acts.lock());
        for act in acts {
            act(outlet);
        }
    }

    fn fence(&mut self) -> bool {
        self.memory.holds_back.load(Ordering::Acquire)
    }

    fn next_time(&self) -> Option<Instant> {
        *self.memory.next_time.lock()
    }

    fn time(&mut self, _: &mut dyn Outlet) {
        *self.memory.next_time.lock() = None;
        self.memory.hear(Heard::Time);
    }

    fn disconnected(&mut self) {
        self.memory.hear(Heard::Disconnected);
    }

    fn closed(&mut self, why: PeerEnd) {
        self.memory.hear(Heard::Closed(why));
    }
}

/// How far a test's clock moves at once.
pub(super) const STEP: Duration = Duration::from_millis(5);
