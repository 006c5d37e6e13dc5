//! What changes about a viewer's connection while it lasts: tracks come and go by further offers of ours (RFC 3264 §8).
//!
//! Sections are never taken away. One whose track has gone rests: it stays in the bundle and carries nothing until
//! another track takes it over. Browsers announce a track only where there was none before, so that a section rests for
//! at least one exchange. What a viewer has declined of a track is not offered to it again.

use super::plan::{Available, Extensions, Plan, Section, is_same_profile, sending_feedback, sent};
use super::read::MAX_SECTIONS;
use super::{Direction, MediaKind, RemoteDescription, RtpCodec, RtpFormat};

/// A track that a viewer is to be sent, in the formats in which it can be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub track: &'a str,
    pub available: &'a Available,
}

/// Which payload type has been offered for which format. In a bundle a type means the same everywhere (RFC 9143 §9.1),
/// and it is not given another meaning later.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct PayloadTypes(Vec<(u8, RtpFormat)>);

impl Plan {
    /// A connection to which tracks will come: with a data channel, or else one section that rests, since a bundle needs
    /// one.
    pub fn open(data: bool) -> Self {
        let mut plan = Self::default();
        if data {
            plan.sections.push(Section::of_data("0"));
        } else {
            let proposed = plan.types.codecs(MediaKind::Audio, &[RtpFormat::Opus]);
            plan.sections.push(Section {
                kind: MediaKind::Audio,
                direction: Direction::Inactive,
                rests: true,
                proposed,
                ..Section::of_data("0")
            });
        }
        plan
    }

    /// What is to be offered next so that exactly these tracks are sent, each with all that there is of it. `None` when
    /// that is so already. `ssrc` draws a fresh number each time.
    pub fn amend(&self, wanted: &[Wanted<'_>], mut ssrc: impl FnMut() -> u32) -> Option<Self> {
        let mut next = self.clone();
        let is_wanted = |track: &str| wanted.iter().any(|wanted| wanted.track == track);
        let mut is_changed = false;
        for section in next.sections.iter_mut().filter(|section| section.direction == Direction::SendOnly) {
            if !is_wanted(&section.track) {
                section.rest();
                is_changed = true;
            }
        }
        next.declined.retain(|(track, _)| is_wanted(track));
        for Wanted { track, available } in wanted {
            for kind in [MediaKind::Audio, MediaKind::Video] {
                let is_declined = next.declined.iter().any(|(known, declined)| known == track && *declined == kind);
                if is_declined || available.of(kind).is_empty() || next.carried(track, kind).is_some() {
                    continue;
                }
                let rests = |(section, before): &(&Section, Option<&Section>)| {
                    section.kind == kind && section.rests && before.is_none_or(|before| before.rests)
                };
                let before = self.sections.iter().map(Some).chain(std::iter::repeat(None));
                let place = next.sections.iter().zip(before).position(|pair| rests(&pair));
                if place.is_none() && next.sections.len() >= MAX_SECTIONS {
                    continue;
                }
                let proposed = next.types.codecs(kind, available.of(kind));
                if proposed.is_empty() {
                    continue;
                }
                let mid = place.and_then(|place| next.sections.get(place)).map(|section| section.mid.clone());
                let section = Section {
                    kind,
                    direction: Direction::SendOnly,
                    ssrc: Some(ssrc()),
                    rtx_ssrc: (kind == MediaKind::Video).then(&mut ssrc),
                    proposed,
                    extensions: Extensions::PROPOSED,
                    track: (*track).to_owned(),
                    ..Section::of_data(&mid.unwrap_or_else(|| next.sections.len().to_string()))
                };
                match place.and_then(|place| next.sections.get_mut(place)) {
                    Some(place) => *place = section,
                    None => next.sections.push(section),
                }
                is_changed = true;
            }
        }
        next.version += 1;
        is_changed.then_some(next)
    }

    /// What a viewer's answer left of the proposal; that may be nothing.
    pub fn settle_any(mut self, answer: &RemoteDescription) -> Self {
        let mut answers = answer.media.iter();
        let mut declined = Vec::new();
        let settle = |section: Section| {
            let answer = answers.next().filter(|media| media.kind == section.kind && media.mid == section.mid);
            let Some(media) = answer.filter(|media| !media.is_rejected) else {
                if section.direction == Direction::SendOnly {
                    declined.push((section.track.clone(), section.kind));
                }
                return section.unused();
            };
            if section.kind == MediaKind::Data || section.direction != Direction::SendOnly {
                return section;
            }
            let wants = matches!(media.direction, Direction::RecvOnly | Direction::SendRecv);
            let settled = match (wants, &section.codec) {
                (false, _) => None,
                // Agreed on before: what the answer says again is not looked at again.
                (true, Some(_)) => Some(section.clone()),
                (true, None) => section.settled(media),
            };
            settled.unwrap_or_else(|| {
                declined.push((section.track.clone(), section.kind));
                section.resting()
            })
        };
        self.sections = self.sections.into_iter().map(settle).collect();
        self.declined.append(&mut declined);
        self
    }

    /// The section in which this kind of a track is sent, or offered.
    pub fn carried(&self, track: &str, kind: MediaKind) -> Option<&Section> {
        let is_meant = |section: &&Section| {
            section.kind == kind && section.direction == Direction::SendOnly && section.track == track
        };
        self.sections.iter().find(is_meant)
    }

    /// True when the viewer did not take something of a track.
    pub fn declines(&self, track: &str) -> bool {
        self.declined.iter().any(|(known, _)| known == track)
    }

    /// The tracks that are sent, or offered, in the order of their first sections.
    pub fn tracks(&self) -> Vec<&str> {
        let mut tracks = Vec::new();
        for section in self.sections.iter().filter(|section| section.direction == Direction::SendOnly) {
            if !tracks.contains(&section.track.as_str()) {
                tracks.push(section.track.as_str());
            }
        }
        tracks
    }
}

impl Section {
    fn rest(&mut self) {
        self.direction = Direction::Inactive;
        self.rests = true;
        self.track.clear();
        (self.ssrc, self.rtx_ssrc) = (None, None);
    }

    fn resting(mut self) -> Self {
        self.rest();
        self
    }
}

impl PayloadTypes {
    /// The codecs that we propose for one section, best first.
    pub fn codecs(&mut self, kind: MediaKind, available: &[RtpFormat]) -> Vec<RtpCodec> {
        let mut formats = Vec::<RtpFormat>::new();
        for format in available {
            let mut add = |format: RtpFormat| {
                if !formats.iter().any(|known| is_alike(*known, format)) {
                    formats.push(format);
                }
            };
            add(*format);
            if matches!(format, RtpFormat::H264 { .. }) {
                // For those who decode the stream's profile, but do not say so.
                add(RtpFormat::H264 { profile_level_id: CONSTRAINED_BASELINE_3_1 });
            }
        }
        let is_video = kind == MediaKind::Video;
        let mut codecs = Vec::<RtpCodec>::new();
        for (payload_type, format) in formats.into_iter().filter_map(|format| self.of(kind, format)) {
            if codecs.iter().any(|known| known.payload_type == payload_type) {
                continue;
            }
            let rtx = is_video.then_some(payload_type + 1);
            codecs.push(RtpCodec {
                payload_type,
                format,
                fmtp: sent(format),
                rtx,
                feedback: sending_feedback(is_video),
            });
        }
        codecs
    }

    /// The type of a format, and the format that it stands for: when there are no more types, one that is played by the
    /// same decoder.
    fn of(&mut self, kind: MediaKind, format: RtpFormat) -> Option<(u8, RtpFormat)> {
        let known = |is_meant: &dyn Fn(RtpFormat) -> bool| self.0.iter().find(|(_, known)| is_meant(*known)).copied();
        if let Some(found) = known(&|known| known == format) {
            return Some(found);
        }
        // Retransmissions have the number behind their video's.
        let (mut numbers, step) = match kind {
            MediaKind::Audio => (FIRST_AUDIO_TYPE..FIRST_VIDEO_TYPE, 1),
            _ => (FIRST_VIDEO_TYPE..127, 2),
        };
        let is_free = |number: &u8| !self.0.iter().any(|(taken, _)| taken == number);
        let free = numbers.by_ref().step_by(step).find(is_free);
        match free {
            Some(number) => {
                self.0.push((number, format));
                Some((number, format))
            }
            None => known(&|known| is_alike(known, format)).or_else(|| known(&|known| known.is_same_codec(format))),
        }
    }
}

/// The same for decoders, whatever the level.
fn is_alike(a: RtpFormat, b: RtpFormat) -> bool {
    match (a, b) {
        (RtpFormat::H264 { profile_level_id: a }, RtpFormat::H264 { profile_level_id: b }) => is_same_profile(a, b),
        (a, b) => a == b,
    }
}

/// What every browser has.
const CONSTRAINED_BASELINE_3_1: [u8; 3] = [0x42, 0xe0, 0x1f];

/// Dynamic payload types (RFC 3551 §6), apart from one another in a bundle.
const FIRST_AUDIO_TYPE: u8 = 96;
const FIRST_VIDEO_TYPE: u8 = 100;
