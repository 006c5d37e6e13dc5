//! Figures of WebRTC connections in the shapes that existing clients read (`rest-v2` §2.6). What is per second is the
//! average since the session began, bytes aside: of those the last second is known.

use serde::Serialize;
use sluice_contract::UnixTime;
use sluice_contract::message::SessionStats;
use utoipa::ToSchema;

use crate::manage::Session;

/// What one viewer is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WebRTCClientStats)]
#[serde(rename_all = "camelCase")]
pub struct ClientStats {
    /// What the way to the viewer is thought to carry, bits per second; 0 while it is not known.
    measured_bitrate: u64,
    /// Over the last second, bits per second.
    send_bitrate: u64,
    /// Milliseconds from one to the next; 0 before the first.
    video_frame_send_period: f64,
    audio_frame_send_period: f64,
    /// The same for as long as the viewer is connected.
    client_id: u32,
    video_packet_count: u64,
    audio_packet_count: u64,
    video_sent_stats: VideoSendStats,
    audio_sent_stats: AudioSendStats,
    /// The viewer's user agent.
    client_info: String,
    client_ip: String,
}

/// What all WebRTC viewers of an application are sent.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendStats {
    audio_send_stats: AudioSendStats,
    video_send_stats: VideoSendStats,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AudioSendStats {
    audio_packets_sent: u64,
    audio_bytes_sent: u64,
    audio_packets_per_second: u64,
    audio_bytes_sent_per_second: u64,
    /// Unix time in milliseconds.
    time_ms: i64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VideoSendStats {
    /// Always 0: counted with the other requests for a key frame.
    video_fir_count: u64,
    video_pli_count: u64,
    video_nack_count: u64,
    video_packets_sent: u64,
    video_bytes_sent: u64,
    video_frames_encoded: u64,
    video_packets_sent_per_second: u64,
    video_bytes_sent_per_second: u64,
    video_frames_encoded_per_second: u64,
    /// Unix time in milliseconds.
    time_ms: i64,
}

/// What all WebRTC publishers of an application send.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiveStats {
    audio_receive_stats: AudioReceiveStats,
    video_receive_stats: VideoReceiveStats,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AudioReceiveStats {
    audio_packets_received: u64,
    audio_bytes_received: u64,
    /// Always 0: losses are counted with the video.
    audio_packets_lost: u64,
    /// Seconds, the largest of all publishers.
    audio_jitter: f64,
    audio_fraction_lost: f64,
    audio_packets_received_per_second: u64,
    audio_bytes_received_per_second: u64,
}

#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VideoReceiveStats {
    /// Always 0: counted with the other requests for a key frame.
    video_fir_count: u64,
    video_pli_count: u64,
    video_nack_count: u64,
    video_packets_received: u64,
    video_packets_lost: u64,
    /// Share of all packets, 0 to 1.
    video_fraction_lost: f64,
    video_frame_received: u64,
    video_bytes_received: u64,
    video_packets_received_per_second: u64,
    video_bytes_received_per_second: u64,
    video_frame_received_per_second: u64,
    /// Seconds, the largest of all publishers.
    jitter: f64,
}

impl ClientStats {
    pub fn of(viewer: &Session, now: UnixTime) -> Self {
        let stats = &viewer.stats;
        let age_ms = now.millis_since(viewer.since).max(0);
        let period = |count: u64| if count == 0 { 0.0 } else { age_ms as f64 / count as f64 };
        let sum = Sum::of([viewer], now);
        Self {
            measured_bitrate: stats.available_bitrate_bps,
            send_bitrate: stats.video_bitrate_bps.saturating_add(stats.audio_bitrate_bps),
            video_frame_send_period: period(stats.video_frames),
            audio_frame_send_period: period(stats.audio_packets),
            // The random end of the id: 31 bits, since clients have signed numbers.
            client_id: (viewer.id.uuid().as_u128() as u32) & 0x7fff_ffff,
            video_packet_count: stats.video_packets,
            audio_packet_count: stats.audio_packets,
            video_sent_stats: sum.video_sent(now),
            audio_sent_stats: sum.audio_sent(now),
            client_info: viewer.peer.user_agent.clone().unwrap_or_default(),
            client_ip: viewer.peer.address.to_string(),
        }
    }
}

impl SendStats {
    pub fn of(viewers: &[Session], now: UnixTime) -> Self {
        let sum = Sum::of(viewers, now);
        Self { audio_send_stats: sum.audio_sent(now), video_send_stats: sum.video_sent(now) }
    }
}

impl ReceiveStats {
    pub fn of(publishers: &[Session], now: UnixTime) -> Self {
        let sum = Sum::of(publishers, now);
        let all = &sum.all;
        Self {
            audio_receive_stats: AudioReceiveStats {
                audio_packets_received: all.audio_packets,
                audio_bytes_received: all.audio_bytes,
                audio_packets_lost: 0,
                audio_jitter: f64::from(all.jitter_ms) / 1_000.0,
                audio_fraction_lost: 0.0,
                audio_packets_received_per_second: sum.audio_packets_per_second as u64,
                audio_bytes_received_per_second: all.audio_bitrate_bps / 8,
            },
            video_receive_stats: VideoReceiveStats {
                video_fir_count: 0,
                video_pli_count: all.key_frame_requests,
                video_nack_count: all.nacks,
                video_packets_received: all.video_packets,
                video_packets_lost: all.packets_lost,
                video_fraction_lost: all.loss_ratio(),
                video_frame_received: all.video_frames,
                video_bytes_received: all.video_bytes,
                video_packets_received_per_second: sum.video_packets_per_second as u64,
                video_bytes_received_per_second: all.video_bitrate_bps / 8,
                video_frame_received_per_second: sum.video_frames_per_second as u64,
                jitter: f64::from(all.jitter_ms) / 1_000.0,
            },
        }
    }
}

/// The figures of several sessions together.
#[derive(Default)]
struct Sum {
    all: SessionStats,
    video_packets_per_second: f64,
    audio_packets_per_second: f64,
    video_frames_per_second: f64,
}

impl Sum {
    fn of<'a>(sessions: impl IntoIterator<Item = &'a Session>, now: UnixTime) -> Self {
        sessions.into_iter().fold(Self::default(), |mut sum, session| {
            let (all, one) = (&mut sum.all, &session.stats);
            for (all, one) in [
                (&mut all.video_bytes, one.video_bytes),
                (&mut all.audio_bytes, one.audio_bytes),
                (&mut all.video_packets, one.video_packets),
                (&mut all.audio_packets, one.audio_packets),
                (&mut all.video_frames, one.video_frames),
                (&mut all.video_bitrate_bps, one.video_bitrate_bps),
                (&mut all.audio_bitrate_bps, one.audio_bitrate_bps),
                (&mut all.packets_lost, one.packets_lost),
                (&mut all.nacks, one.nacks),
                (&mut all.key_frame_requests, one.key_frame_requests),
            ] {
                *all = all.saturating_add(one);
            }
            all.jitter_ms = all.jitter_ms.max(one.jitter_ms);
            let seconds = (now.millis_since(session.since).max(1_000) as f64) / 1_000.0;
            sum.video_packets_per_second += one.video_packets as f64 / seconds;
            sum.audio_packets_per_second += one.audio_packets as f64 / seconds;
            sum.video_frames_per_second += one.video_frames as f64 / seconds;
            sum
        })
    }

    fn audio_sent(&self, now: UnixTime) -> AudioSendStats {
        AudioSendStats {
            audio_packets_sent: self.all.audio_packets,
            audio_bytes_sent: self.all.audio_bytes,
            audio_packets_per_second: self.audio_packets_per_second as u64,
            audio_bytes_sent_per_second: self.all.audio_bitrate_bps / 8,
            time_ms: now.as_millis(),
        }
    }

    fn video_sent(&self, now: UnixTime) -> VideoSendStats {
        VideoSendStats {
            video_fir_count: 0,
            video_pli_count: self.all.key_frame_requests,
            video_nack_count: self.all.nacks,
            video_packets_sent: self.all.video_packets,
            video_bytes_sent: self.all.video_bytes,
            video_frames_encoded: self.all.video_frames,
            video_packets_sent_per_second: self.video_packets_per_second as u64,
            video_bytes_sent_per_second: self.all.video_bitrate_bps / 8,
            video_frames_encoded_per_second: self.video_frames_per_second as u64,
            time_ms: now.as_millis(),
        }
    }
}
