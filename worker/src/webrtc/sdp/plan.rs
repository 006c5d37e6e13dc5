//! What two peers agreed to send: the outcome of an offer and an answer.
//!
//! Of what a peer offers, at most one section of sound, one of pictures and one of data channels is used; the others are
//! rejected, which in a bundle costs nobody anything. What we offer to a viewer may have many, and change later
//! ([`amend`](super::amend)).

use sluice_contract::message::WebrtcRules;

use super::amend::{PayloadTypes, Wanted};
use super::codecs::parameter;
use super::{Direction, Feedback, MediaKind, RemoteDescription, RemoteMedia, RtpCodec, RtpFormat};

/// The sections of a connection, in the order of its descriptions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Plan {
    pub sections: Vec<Section>,
    /// How often it was amended.
    pub version: u64,
    pub(in crate::webrtc) types: PayloadTypes,
    /// What the viewer did not take of which track.
    pub(in crate::webrtc) declined: Vec<(String, MediaKind)>,
}

/// One m-section as both sides see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Section {
    pub mid: String,
    pub kind: MediaKind,
    /// From our side: publishers are received, viewers are sent to. Inactive for what was rejected, or rests.
    pub direction: Direction,
    /// It is in the bundle, carries nothing now, and may be taken over by a track.
    pub rests: bool,
    /// `None` for data, for what was rejected, and until our proposal was answered.
    pub codec: Option<RtpCodec>,
    /// What we propose, best first; empty once it is settled.
    pub proposed: Vec<RtpCodec>,
    /// Whose packets flow: the peer's when we receive (`None` when it did not announce any), ours when we send.
    pub ssrc: Option<u32>,
    pub rtx_ssrc: Option<u32>,
    pub extensions: Extensions,
    /// The track and stream that a browser shows: the stream's id, or a subtrack's.
    pub track: String,
}

/// Ids of the header extensions that are used (RFC 8285 §5); `None` where the peers did not agree on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extensions {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid`.
    pub mid: Option<u8>,
    /// `http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01`.
    pub transport_cc: Option<u8>,
    /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`.
    pub abs_send_time: Option<u8>,
}

/// What a publisher wants to send, and what may be taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub video: bool,
    pub audio: bool,
    pub h264: bool,
    pub vp8: bool,
    pub vp9: bool,
    pub av1: bool,
}

/// The formats that a stream can be sent in, best first: as it is, then what it can be transcoded to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Available {
    pub video: Vec<RtpFormat>,
    pub audio: Vec<RtpFormat>,
    /// There are pictures that cannot be sent in any format.
    pub lacks_pictures: bool,
}

/// No section is left that both sides can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no codec in common")]
pub(crate) struct NoCommonCodec;

impl Plan {
    /// What is taken of a publisher's offer.
    ///
    /// # Errors
    /// [`NoCommonCodec`] when neither sound nor picture is left.
    pub fn receive(offer: &RemoteDescription, wish: Wish) -> Result<Self, NoCommonCodec> {
        let choose = |media: &RemoteMedia| {
            let sends = matches!(media.direction, Direction::SendRecv | Direction::SendOnly);
            let best =
                media.codecs.iter().filter(|codec| wish.takes(codec.format)).min_by_key(|codec| rank(codec.format));
            best.filter(|_| sends).cloned()
        };
        let section = |media: &RemoteMedia, mut codec: RtpCodec| {
            let extensions = Extensions::of(media);
            codec.feedback = codec.feedback.and(RECEIVING);
            codec.feedback.transport_cc &= extensions.transport_cc.is_some();
            codec.fmtp = wanted(&codec);
            let [ssrc, rtx_ssrc] = [media.ssrcs.first().copied(), media.ssrcs.get(1).copied()];
            let rtx_ssrc = rtx_ssrc.filter(|_| codec.rtx.is_some());
            Section { ssrc, rtx_ssrc, extensions, ..Section::in_use(media, Direction::RecvOnly, codec) }
        };
        Self::answer(offer, choose, section)
    }

    /// What is left of this plan after the publisher's next offer. Tracks that it adds are rejected.
    ///
    /// # Errors
    /// [`NoCommonCodec`] when neither sound nor picture is left.
    pub fn again(&self, offer: &RemoteDescription) -> Result<Self, NoCommonCodec> {
        let again = |media: &RemoteMedia| {
            let known = self.sections.iter().find(|section| section.mid == media.mid && section.kind == media.kind);
            let is_kept = |section: &&Section| {
                let number = section.codec.as_ref().map(|codec| codec.payload_type);
                let has_codec = media.codecs.iter().any(|codec| Some(codec.payload_type) == number);
                !media.is_rejected && (has_codec || section.kind == MediaKind::Data)
            };
            known.filter(is_kept).cloned().unwrap_or_else(|| Section::rejected(media))
        };
        Self { sections: offer.media.iter().map(again).collect(), ..Self::default() }.with_media()
    }

    /// What a viewer's offer (WHEP) gets of a stream. `ssrc` draws a fresh number each time.
    ///
    /// Such a viewer cannot be offered anything later, so that it is promised sound while there is none yet. Not so
    /// pictures: until the first has come, browsers do not play the sound either.
    ///
    /// # Errors
    /// [`NoCommonCodec`] when nothing is left of what there is, or no pictures where they are asked for and there are some:
    /// their sound alone would pass for a fault, and players go on to another technology when they are refused.
    pub fn send(
        offer: &RemoteDescription,
        available: &Available,
        track: &str,
        mut ssrc: impl FnMut() -> u32,
    ) -> Result<Self, NoCommonCodec> {
        let receives = |media: &RemoteMedia| matches!(media.direction, Direction::SendRecv | Direction::RecvOnly);
        let choose = |media: &RemoteMedia| {
            let formats = match (media.kind, available.of(media.kind)) {
                (MediaKind::Audio, []) => &[RtpFormat::Opus],
                (_, formats) => formats,
            };
            formats.iter().filter(|_| receives(media)).find_map(|format| matching(*format, &media.codecs)).cloned()
        };
        let section = |media: &RemoteMedia, mut codec: RtpCodec| {
            let extensions = Extensions::of(media);
            codec.feedback = codec.feedback.and(SENDING);
            codec.feedback.transport_cc &= extensions.transport_cc.is_some();
            codec.fmtp = sent(codec.format);
            let (media_ssrc, rtx_ssrc) = (ssrc(), codec.rtx.map(|_| ssrc()));
            let used = Section::in_use(media, Direction::SendOnly, codec);
            Section { ssrc: Some(media_ssrc), rtx_ssrc, extensions, track: track.to_owned(), ..used }
        };
        let plan = Self::answer(offer, choose, section)?;
        let is_there = |section: &Section| section.codec.is_some() && !available.of(section.kind).is_empty();
        let is_asked_for =
            |media: &RemoteMedia| media.kind == MediaKind::Video && !media.is_rejected && receives(media);
        let lacks_pictures = !available.video.is_empty()
            && plan.section(MediaKind::Video).is_none()
            && offer.media.iter().any(is_asked_for);
        if plan.sections.iter().any(is_there) && !lacks_pictures { Ok(plan) } else { Err(NoCommonCodec) }
    }

    /// Goes through an offer: the first section of each kind for which `choose` finds a format is used.
    fn answer(
        offer: &RemoteDescription,
        choose: impl Fn(&RemoteMedia) -> Option<RtpCodec>,
        mut section: impl FnMut(&RemoteMedia, RtpCodec) -> Section,
    ) -> Result<Self, NoCommonCodec> {
        let mut plan = Self::default();
        for media in &offer.media {
            let is_first = !media.is_rejected && plan.section(media.kind).is_none();
            let chosen = match media.kind {
                MediaKind::Audio | MediaKind::Video if is_first => choose(media).map(|codec| section(media, codec)),
                MediaKind::Data if is_first => Some(Section::of_data(&media.mid)),
                _ => None,
            };
            plan.sections.push(chosen.unwrap_or_else(|| Section::rejected(media)));
        }
        plan.with_media()
    }

    /// What we offer to a viewer (WebSocket): every available format, and a data channel if wanted.
    pub fn propose(available: &Available, track: &str, data: bool, ssrc: impl FnMut() -> u32) -> Self {
        let wanted = [Wanted { track, available }];
        let mut plan = Self::default().amend(&wanted, ssrc).unwrap_or_default();
        if data {
            plan.sections.push(Section::of_data(&plan.sections.len().to_string()));
        }
        plan
    }

    /// What a viewer's answer left of our proposal: one codec a section, with the payload types that we proposed.
    ///
    /// # Errors
    /// [`NoCommonCodec`] when neither sound nor picture is left.
    pub fn settle(self, answer: &RemoteDescription) -> Result<Self, NoCommonCodec> {
        self.settle_any(answer).with_media()
    }

    /// The first section of a kind that is in use.
    pub fn section(&self, kind: MediaKind) -> Option<&Section> {
        self.sections.iter().find(|section| section.kind == kind && section.direction != Direction::Inactive)
    }

    fn with_media(self) -> Result<Self, NoCommonCodec> {
        let has_media = [MediaKind::Audio, MediaKind::Video].into_iter().any(|kind| self.section(kind).is_some());
        if has_media { Ok(self) } else { Err(NoCommonCodec) }
    }
}

impl Section {
    pub(super) fn of_data(mid: &str) -> Self {
        Self {
            mid: mid.to_owned(),
            kind: MediaKind::Data,
            direction: Direction::SendRecv,
            rests: false,
            codec: None,
            proposed: Vec::new(),
            ssrc: None,
            rtx_ssrc: None,
            extensions: Extensions::default(),
            track: String::new(),
        }
    }

    fn rejected(media: &RemoteMedia) -> Self {
        Self { kind: media.kind, direction: Direction::Inactive, ..Self::of_data(&media.mid) }
    }

    fn in_use(media: &RemoteMedia, direction: Direction, codec: RtpCodec) -> Self {
        Self { kind: media.kind, direction, codec: Some(codec), ..Self::of_data(&media.mid) }
    }

    pub(super) fn is_in_bundle(&self) -> bool {
        self.direction != Direction::Inactive || self.rests
    }

    /// What is left of it after it was not wanted.
    pub(super) fn unused(self) -> Self {
        Self { kind: self.kind, direction: Direction::Inactive, ..Self::of_data(&self.mid) }
    }

    /// With the codec that the viewer prefers of those proposed; `None` without one in common.
    pub(super) fn settled(&self, media: &RemoteMedia) -> Option<Self> {
        let ours = |theirs: &RtpCodec| {
            let same = |ours: &&RtpCodec| ours.format.is_same_codec(theirs.format);
            let by_number = self.proposed.iter().find(|ours| ours.payload_type == theirs.payload_type && same(ours));
            by_number.or_else(|| self.proposed.iter().find(same)).cloned()
        };
        let (mut codec, theirs) = media.codecs.iter().find_map(|theirs| Some((ours(theirs)?, theirs)))?;
        let extensions = self.extensions.and(Extensions::of(media));
        codec.rtx = codec.rtx.filter(|_| theirs.rtx.is_some());
        codec.feedback = codec.feedback.and(theirs.feedback);
        codec.feedback.transport_cc &= extensions.transport_cc.is_some();
        let rtx_ssrc = self.rtx_ssrc.filter(|_| codec.rtx.is_some());
        Some(Self { codec: Some(codec), proposed: Vec::new(), rtx_ssrc, extensions, ..self.clone() })
    }
}

impl Extensions {
    /// The ids that our offers give.
    pub(super) const PROPOSED: Self = Self { mid: Some(1), abs_send_time: Some(2), transport_cc: Some(3) };

    /// Ids and URIs, as they are written.
    pub(super) fn written(self) -> impl Iterator<Item = (u8, &'static str)> {
        let all = [(self.mid, MID), (self.abs_send_time, ABS_SEND_TIME), (self.transport_cc, TRANSPORT_CC)];
        all.into_iter().filter_map(|(id, uri)| Some((id?, uri)))
    }

    fn of(media: &RemoteMedia) -> Self {
        let id = |uri| media.extensions.iter().find(|(_, known)| known == uri).map(|(id, _)| *id);
        Self { mid: id(MID), transport_cc: id(TRANSPORT_CC), abs_send_time: id(ABS_SEND_TIME) }
    }

    /// Our ids, where the peer has the extension too.
    fn and(self, theirs: Self) -> Self {
        Self {
            mid: theirs.mid.and(self.mid),
            transport_cc: theirs.transport_cc.and(self.transport_cc),
            abs_send_time: theirs.abs_send_time.and(self.abs_send_time),
        }
    }
}

impl Wish {
    /// What a publisher may send by the rules of its application.
    pub const fn of(rules: &WebrtcRules, video: bool, audio: bool) -> Self {
        Self { video, audio, h264: rules.h264, vp8: rules.vp8, vp9: rules.vp9, av1: rules.av1 }
    }

    const fn takes(&self, format: RtpFormat) -> bool {
        match format {
            RtpFormat::Opus => self.audio,
            RtpFormat::H264 { profile_level_id: [profile, ..] } => {
                self.video && self.h264 && matches!(profile, BASELINE | MAIN | HIGH)
            }
            RtpFormat::Vp8 => self.video && self.vp8,
            RtpFormat::Vp9 { .. } => self.video && self.vp9,
            RtpFormat::Av1 { .. } => self.video && self.av1,
        }
    }
}

impl Available {
    pub(super) fn of(&self, kind: MediaKind) -> &[RtpFormat] {
        match kind {
            MediaKind::Audio => &self.audio,
            MediaKind::Video => &self.video,
            MediaKind::Data | MediaKind::Other => &[],
        }
    }
}

impl RtpFormat {
    /// The same payload format; of H.264 any profile, since browsers decode more of them than they answer with.
    pub(super) fn is_same_codec(self, other: Self) -> bool {
        matches!((self, other), (Self::H264 { .. }, Self::H264 { .. })) || self == other
    }
}

/// What we would rather receive: what every player can be given unchanged comes first. Otherwise the peer's order holds.
const fn rank(format: RtpFormat) -> u8 {
    match format {
        RtpFormat::H264 { profile_level_id } if is_constrained_baseline(profile_level_id) => 0,
        RtpFormat::H264 { profile_level_id: [BASELINE, ..] } => 1,
        RtpFormat::H264 { .. } => 2,
        _ => 3,
    }
}

/// The offered format that a stream in `format` can be sent as: the same, for H.264 also a profile that contains it,
/// and at last any: browsers decode what they do not announce.
fn matching(format: RtpFormat, offered: &[RtpCodec]) -> Option<&RtpCodec> {
    let RtpFormat::H264 { profile_level_id: ours } = format else {
        return offered.iter().find(|codec| codec.format == format);
    };
    let distance = |codec: &RtpCodec| match codec.format {
        RtpFormat::H264 { profile_level_id: theirs } if is_same_profile(ours, theirs) => Some(0),
        RtpFormat::H264 { profile_level_id: theirs } if capability(theirs) >= capability(ours) => {
            Some(1 + capability(theirs) - capability(ours))
        }
        RtpFormat::H264 { .. } => Some(u8::MAX),
        _ => None,
    };
    let with_distance = offered.iter().filter_map(|codec| Some((distance(codec)?, codec)));
    with_distance.min_by_key(|(distance, _)| *distance).map(|(_, codec)| codec)
}

/// Constraint set 1 makes baseline a subset of main (ITU-T H.264 §A.2.1.1).
const fn is_constrained_baseline([profile, constraints, _]: [u8; 3]) -> bool {
    profile == BASELINE && constraints & 0x40 != 0
}

pub(super) fn is_same_profile(ours: [u8; 3], theirs: [u8; 3]) -> bool {
    ours[0] == theirs[0] && is_constrained_baseline(ours) == is_constrained_baseline(theirs)
}

/// Higher decodes what is lower.
const fn capability(profile_level_id: [u8; 3]) -> u8 {
    match profile_level_id[0] {
        BASELINE if is_constrained_baseline(profile_level_id) => 0,
        BASELINE => 1,
        MAIN => 2,
        _ => 3,
    }
}

/// What we understand from a viewer about a track.
pub(super) const fn sending_feedback(is_video: bool) -> Feedback {
    if is_video { SENDING } else { Feedback { nack: false, pli: false, fir: false, transport_cc: true, remb: false } }
}

/// The parameters of a format that we send.
pub(super) fn sent(format: RtpFormat) -> String {
    match format {
        RtpFormat::H264 { profile_level_id: [profile, constraints, level] } => format!(
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile:02x}{constraints:02x}{level:02x}"
        ),
        RtpFormat::Vp8 => String::new(),
        RtpFormat::Vp9 { profile } => format!("profile-id={profile}"),
        RtpFormat::Av1 { profile } => format!("profile={profile}"),
        RtpFormat::Opus => "minptime=10;useinbandfec=1;stereo=1;sprop-stereo=1".to_owned(),
    }
}

/// The parameters of a format that we want to receive: those that must be the same on both sides (RFC 6184 §8.2.2) as
/// they were offered.
fn wanted(codec: &RtpCodec) -> String {
    match codec.format {
        RtpFormat::Opus => "minptime=10;useinbandfec=1;stereo=1".to_owned(),
        RtpFormat::Av1 { profile } => {
            let more = ["level-idx", "tier"].map(|name| match parameter(&codec.fmtp, name) {
                Some(value) if value.bytes().all(|b| b.is_ascii_digit()) => format!(";{name}={value}"),
                _ => String::new(),
            });
            format!("profile={profile}{}", more.concat())
        }
        format => sent(format),
    }
}

/// What we do for a publisher whose packets are missing or late.
const RECEIVING: Feedback = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: false };
/// What we understand from a viewer.
const SENDING: Feedback = Feedback { nack: true, pli: true, fir: true, transport_cc: true, remb: true };

const BASELINE: u8 = 0x42;
const MAIN: u8 = 0x4d;
const HIGH: u8 = 0x64;
/// RFC 9143 §15.
const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
/// draft-holmer-rmcat-transport-wide-cc-extensions-01.
const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
