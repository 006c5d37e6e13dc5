//! A clip in real time, its pictures stamped as they leave: over RTMP, or over WHIP with silence beside them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType,
};
use rml_rtmp::time::RtmpTimestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep_until;

use crate::Outcome;
use crate::clip::{self, Tag};
use crate::dtls::Identity;
use crate::http::Address;
use crate::peer::{AUDIO, Part, Peer, VIDEO, source};

/// Publishes over RTMP until the clip is over. Stamps tell the time since `start`.
pub async fn rtmp(address: Address, clip: Vec<Tag>, start: Instant) -> Outcome<()> {
    let (application, stream) =
        address.path.trim_start_matches('/').split_once('/').ok_or("an application and a stream")?;
    let mut socket = TcpStream::connect(address.server).await?;
    socket.set_nodelay(true)?;
    let mut handshake = Handshake::new(PeerType::Client);
    socket.write_all(&handshake.generate_outbound_p0_and_p1().map_err(said)?).await?;
    let mut buffer = vec![0; 64 * 1024];
    let mut input = loop {
        let length = socket.read(&mut buffer).await?;
        match handshake.process_bytes(buffer.get(..length).unwrap_or_default()).map_err(said)? {
            HandshakeProcessResult::InProgress { response_bytes } => socket.write_all(&response_bytes).await?,
            HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                socket.write_all(&response_bytes).await?;
                break remaining_bytes;
            }
        }
    };
    let mut config = ClientSessionConfig::new();
    config.tc_url = Some(format!("rtmp://{}/{application}", address.server));
    let (mut session, greetings) = ClientSession::new(config).map_err(said)?;
    let mut results = greetings;
    results.push(session.request_connection(application.to_owned()).map_err(said)?);
    'accepted: loop {
        results.extend(session.handle_input(&input).map_err(said)?);
        for result in std::mem::take(&mut results) {
            match result {
                ClientSessionResult::OutboundResponse(packet) => socket.write_all(&packet.bytes).await?,
                ClientSessionResult::RaisedEvent(ClientSessionEvent::ConnectionRequestAccepted) => {
                    results
                        .push(session.request_publishing(stream.to_owned(), PublishRequestType::Live).map_err(said)?);
                }
                ClientSessionResult::RaisedEvent(ClientSessionEvent::PublishRequestAccepted) => break 'accepted,
                _ => {}
            }
        }
        for result in std::mem::take(&mut results) {
            if let ClientSessionResult::OutboundResponse(packet) = result {
                socket.write_all(&packet.bytes).await?;
            }
        }
        let length = socket.read(&mut buffer).await?;
        if length == 0 {
            return Err("the server hung up".into());
        }
        input = buffer.get(..length).unwrap_or_default().to_vec();
    }
    let begun = Instant::now();
    for tag in clip {
        sleep_until((begun + tag.at).into()).await;
        let body = if tag.is_video && !tag.is_config() { tag.stamped(start.elapsed()) } else { tag.body.clone() };
        let timestamp = RtmpTimestamp::new(tag.at.as_millis() as u32);
        let result = if tag.is_video {
            session.publish_video_data(body, timestamp, false)
        } else {
            session.publish_audio_data(body, timestamp, false)
        };
        if let ClientSessionResult::OutboundResponse(packet) = result.map_err(said)? {
            socket.write_all(&packet.bytes).await?;
        }
    }
    Ok(())
}

/// Publishes over WHIP until the clip is over.
pub async fn whip(address: Address, clip: Vec<Tag>, start: Instant, identity: Arc<Identity>) -> Outcome<()> {
    let mut peer = Peer::connect(&address, &identity, Part::Publishes).await?;
    let begun = Instant::now();
    let mut video = Track { payload_type: VIDEO, ssrc: source("video"), sequence: 0, packets: 0, bytes: 0 };
    let mut audio = Track { payload_type: AUDIO, ssrc: source("audio"), ..video };
    let mut sets = Vec::new();
    let (mut silence, mut reports, mut checks) = (0_u32, 0_u32, 0_u32);
    let mut buffer = [0; 2_048];
    for tag in clip.iter().filter(|tag| tag.is_video) {
        if tag.is_config() {
            sets = tag.parameter_sets();
            continue;
        }
        while SILENCE * silence < tag.at {
            sleep_until((begun + SILENCE * silence).into()).await;
            audio.send(&mut peer, silence * 960, true, &[0xf8, 0xff, 0xfe])?;
            silence += 1;
        }
        sleep_until((begun + tag.at).into()).await;
        let ticks = (tag.at.as_millis() * 90) as u32;
        let units = tag.stamped_units(start.elapsed());
        let slices: Vec<Vec<u8>> = units.into_iter().filter(|unit| clip::is_slice(unit)).collect();
        let before = if tag.is_key_frame() { sets.clone() } else { Vec::new() };
        let units: Vec<Vec<u8>> = before.into_iter().chain(slices).collect();
        for (index, unit) in units.iter().enumerate() {
            video.send_unit(&mut peer, ticks, index + 1 == units.len(), unit)?;
        }
        if tag.at >= Duration::from_secs(1) * reports {
            reports += 1;
            video.report(&mut peer, ticks, tag.at)?;
            audio.report(&mut peer, (tag.at.as_millis() * 48) as u32, tag.at)?;
        }
        if tag.at >= Duration::from_millis(2_500) * checks {
            checks += 1;
            peer.check()?;
        }
        // Checks of the server's are answered; what it asks for is not, as nothing is lost here.
        while peer.read(&mut buffer).is_some() {}
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Track {
    payload_type: u8,
    ssrc: u32,
    sequence: u16,
    packets: u32,
    bytes: u32,
}

impl Track {
    /// One NAL unit, whole or in fragments (RFC 6184 §5.6, §5.8).
    fn send_unit(&mut self, peer: &mut Peer, ticks: u32, is_last: bool, unit: &[u8]) -> Outcome<()> {
        let Some((&header, body)) = unit.split_first() else { return Ok(()) };
        if unit.len() <= PAYLOAD {
            return self.send(peer, ticks, is_last, unit);
        }
        let count = body.len().div_ceil(PAYLOAD - 2);
        for (index, part) in body.chunks(PAYLOAD - 2).enumerate() {
            let (begins, ends) = (index == 0, index + 1 == count);
            let mut payload =
                vec![header & 0xE0 | clip::FU_A, u8::from(begins) << 7 | u8::from(ends) << 6 | clip::kind(unit)];
            payload.extend_from_slice(part);
            self.send(peer, ticks, is_last && ends, &payload)?;
        }
        Ok(())
    }

    fn send(&mut self, peer: &mut Peer, ticks: u32, marker: bool, payload: &[u8]) -> Outcome<()> {
        let mut packet = vec![0x80, u8::from(marker) << 7 | self.payload_type];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(ticks.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.packets += 1;
        self.bytes += payload.len() as u32;
        let datagram: Bytes = peer.contexts.outgoing.encrypt_rtp(&packet)?.freeze();
        peer.send(&datagram);
        Ok(())
    }

    /// A sender report (RFC 3550 §6.4.1), on a clock that began with the clip.
    fn report(&self, peer: &mut Peer, ticks: u32, at: Duration) -> Outcome<()> {
        let mut report = vec![0x80, 200, 0, 6];
        report.extend(self.ssrc.to_be_bytes());
        report.extend((at.as_secs() as u32 + NTP_EPOCH).to_be_bytes());
        report.extend(
            (((u64::from(at.subsec_nanos())) << 32) / 1_000_000_000).to_be_bytes().get(4..).unwrap_or_default(),
        );
        report.extend(ticks.to_be_bytes());
        report.extend(self.packets.to_be_bytes());
        report.extend(self.bytes.to_be_bytes());
        let datagram = peer.contexts.outgoing.encrypt_rtcp(&report)?;
        peer.send(&datagram);
        Ok(())
    }
}

/// Errors of the RTMP library are not all errors of the standard library's kind.
fn said(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

const PAYLOAD: usize = 1_150;
const SILENCE: Duration = Duration::from_millis(20);
/// Any time will do.
const NTP_EPOCH: u32 = 0xE000_0000;
