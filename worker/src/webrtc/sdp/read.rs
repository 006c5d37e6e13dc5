//! Reads descriptions. Everything is bounded before it is kept, and what we do not know is passed over: peers say much
//! that is not meant for us.

use sluice_contract::Secret;

use super::codecs;
use super::{Direction, MediaKind, MediaLine, RemoteDescription, RemoteMedia};
use crate::webrtc::engine::{DtlsRole, RemoteTransport};

/// Why a description is of no use. The text is for the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DescriptionError {
    #[error("the description is longer than {MAX_BYTES} bytes")]
    TooLong,
    #[error("the description has more than {MAX_LINES} lines")]
    TooManyLines,
    #[error("line {line} is longer than {MAX_LINE_BYTES} bytes")]
    LineTooLong { line: usize },
    #[error("the description has more than {MAX_SECTIONS} media sections")]
    TooManySections,
    #[error("line {line} is not valid: {what}")]
    Malformed { line: usize, what: &'static str },
    #[error("the description has no media section in use")]
    NoMedia,
    #[error("the media sections are not bundled (a=group:BUNDLE)")]
    NotBundled,
    #[error("two media sections have the same a=mid")]
    SameMid,
    #[error("a=rtcp-mux is missing")]
    NoRtcpMux,
    #[error("a=fingerprint with sha-256 is missing or not valid")]
    NoFingerprint,
    #[error("a=ice-ufrag or a=ice-pwd is missing or not valid")]
    NoIceCredentials,
    #[error("a=setup is missing or not possible here")]
    NoSetup,
}

/// Reads an offer.
///
/// # Errors
/// [`DescriptionError`] says what is wrong with it.
pub(crate) fn read_offer(text: &str) -> Result<RemoteDescription, DescriptionError> {
    read(text, |setup| match setup {
        // We leave the first word to the peer, whose way to us is open once ICE has found it.
        "actpass" | "active" => Some(DtlsRole::Client),
        "passive" => Some(DtlsRole::Server),
        _ => None,
    })
}

/// Reads an answer.
///
/// # Errors
/// [`DescriptionError`] says what is wrong with it.
pub(crate) fn read_answer(text: &str) -> Result<RemoteDescription, DescriptionError> {
    read(text, |setup| match setup {
        "active" => Some(DtlsRole::Client),
        "passive" => Some(DtlsRole::Server),
        _ => None,
    })
}

fn read(text: &str, role: impl Fn(&str) -> Option<DtlsRole>) -> Result<RemoteDescription, DescriptionError> {
    let (session, sections) = split(text)?;
    if sections.is_empty() {
        return Err(DescriptionError::NoMedia);
    }
    let bundle = Bundle::of(&session, &sections)?;
    let fallback = session.direction().unwrap_or(Direction::SendRecv);
    let media = sections.iter().map(|section| section.read(&bundle, fallback)).collect::<Vec<_>>();
    let used = |section: &&Section<'_>| bundle.takes(section);
    let in_use = sections.iter().filter(used).collect::<Vec<_>>();
    let is_rtp = |section: &&&Section<'_>| matches!(section.kind(), MediaKind::Audio | MediaKind::Video);
    if in_use.iter().any(|section| is_rtp(&section)) && !in_use.iter().any(|section| section.lines.has("rtcp-mux")) {
        return Err(DescriptionError::NoRtcpMux);
    }
    let transport = transport(&session, &bundle, &in_use, role)?;
    Ok(RemoteDescription { transport, media })
}

/// The bundle's transport: what its first section says, else what is said for all, else what any other section says.
fn transport(
    session: &Attributes<'_>,
    bundle: &Bundle<'_>,
    in_use: &[&Section<'_>],
    role: impl Fn(&str) -> Option<DtlsRole>,
) -> Result<RemoteTransport, DescriptionError> {
    let first = bundle.first(in_use).ok_or(DescriptionError::NoMedia)?;
    let others = || in_use.iter().map(|section| &section.lines);
    let places = || std::iter::once(&first.lines).chain([session]).chain(others());
    let ufrag = places().find_map(|lines| lines.value("ice-ufrag"));
    let pwd = places().find_map(|lines| lines.value("ice-pwd"));
    let (Some(ufrag), Some(pwd)) = (ufrag, pwd) else { return Err(DescriptionError::NoIceCredentials) };
    let (ufrag, pwd) = ice_credentials(ufrag, pwd).ok_or(DescriptionError::NoIceCredentials)?;
    let fingerprint = places().find_map(|lines| lines.values("fingerprint").find_map(sha_256));
    let fingerprint = fingerprint.ok_or(DescriptionError::NoFingerprint)?;
    let setup = places().find_map(|lines| lines.value("setup")).ok_or(DescriptionError::NoSetup)?;
    let role = role(setup).ok_or(DescriptionError::NoSetup)?;
    let has_channels = in_use.iter().any(|section| section.kind() == MediaKind::Data);
    Ok(RemoteTransport { ufrag, pwd, fingerprint, role, has_channels })
}

/// User fragment and password within the lengths of RFC 8839 §5.4. Of their characters only those that would change
/// the meaning of what they are put into are refused.
pub(super) fn ice_credentials(ufrag: &str, pwd: &str) -> Option<(String, Secret<String>)> {
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && b != b':');
    let is_valid =
        (4..=256).contains(&ufrag.len()) && (22..=256).contains(&pwd.len()) && is_plain(ufrag) && is_plain(pwd);
    is_valid.then(|| (ufrag.to_owned(), Secret::from(pwd)))
}

/// `sha-256 AB:CD:…` (RFC 8122 §5).
fn sha_256(value: &str) -> Option<[u8; 32]> {
    let (hash, digest) = value.split_once(' ')?;
    if !hash.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let mut fingerprint = [0; 32];
    let mut parts = digest.trim().split(':');
    for byte in &mut fingerprint {
        let part = parts.next().filter(|part| part.len() == 2 && part.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(fingerprint)
}

/// Which sections share the one transport.
struct Bundle<'a> {
    /// In the order of the group; `None` when the only section in use belongs to no group.
    mids: Option<Vec<&'a str>>,
}

impl<'a> Bundle<'a> {
    fn of(session: &Attributes<'a>, sections: &[Section<'a>]) -> Result<Self, DescriptionError> {
        let mut known = Vec::with_capacity(sections.len());
        for mid in sections.iter().filter_map(|section| section.lines.value("mid")) {
            if known.contains(&mid) {
                return Err(DescriptionError::SameMid);
            }
            known.push(mid);
        }
        let group = session.values("group").find_map(|value| value.strip_prefix("BUNDLE"));
        let mids = group.map(|mids| mids.split_ascii_whitespace().take(MAX_SECTIONS).collect());
        if mids.is_none() && sections.iter().filter(|section| section.port != 0).count() > 1 {
            return Err(DescriptionError::NotBundled);
        }
        Ok(Self { mids })
    }

    /// True for a section that goes over the bundle's transport.
    fn takes(&self, section: &Section<'_>) -> bool {
        let has_place = section.port != 0 || section.lines.has("bundle-only");
        let is_member = match (&self.mids, section.lines.value("mid")) {
            (None, _) => true,
            (Some(mids), Some(mid)) => mids.contains(&mid),
            (Some(_), None) => false,
        };
        has_place && is_member
    }

    /// The section whose transport counts (RFC 9143 §7.2.1): the group's first.
    fn first<'s>(&self, in_use: &[&'s Section<'a>]) -> Option<&'s Section<'a>> {
        let place = |section: &Section<'_>| {
            let mids = self.mids.as_deref().unwrap_or_default();
            section.lines.value("mid").and_then(|mid| mids.iter().position(|known| *known == mid))
        };
        in_use.iter().min_by_key(|section| place(section)).copied()
    }
}

/// One m-section as it stands in the text.
struct Section<'a> {
    port: u16,
    media: &'a str,
    protocol: &'a str,
    formats: &'a str,
    lines: Attributes<'a>,
}

impl<'a> Section<'a> {
    /// `m=<media> <port>[/<count>] <protocol> <format> …`; `value` is what stands behind `m=`.
    fn begin(value: &'a str) -> Option<Self> {
        let (media, rest) = value.split_once(' ')?;
        let (port, rest) = rest.split_once(' ')?;
        let (protocol, formats) = rest.split_once(' ')?;
        let port = port.split_once('/').map_or(port, |(port, _)| port).parse().ok()?;
        let is_word = |word: &str, more: &[u8]| {
            !word.is_empty() && word.len() <= 64 && word.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b))
        };
        let is_valid = is_word(media, b"-") && is_word(protocol, b"/-") && !formats.trim().is_empty();
        is_valid.then(|| Self { port, media, protocol, formats, lines: Attributes::default() })
    }

    fn kind(&self) -> MediaKind {
        let is_rtp = self.protocol.ends_with("RTP/SAVPF") || self.protocol.ends_with("RTP/SAVP");
        let is_sctp = self.protocol.ends_with("/DTLS/SCTP") && self.first_format() == "webrtc-datachannel";
        match self.media {
            "audio" if is_rtp => MediaKind::Audio,
            "video" if is_rtp => MediaKind::Video,
            "application" if is_sctp => MediaKind::Data,
            _ => MediaKind::Other,
        }
    }

    fn first_format(&self) -> &'a str {
        self.formats.split_ascii_whitespace().next().unwrap_or_default()
    }

    fn read(&self, bundle: &Bundle<'_>, fallback: Direction) -> RemoteMedia {
        let kind = self.kind();
        let is_rtp = matches!(kind, MediaKind::Audio | MediaKind::Video);
        let number = |name| self.lines.value(name).and_then(|value| value.trim().parse::<u32>().ok());
        // What cannot be a token of ours again (`0` is always one) is only ever seen in a rejection.
        let is_token = |word: &str| word.len() <= 64 && word.bytes().all(|b| b.is_ascii_graphic());
        let format = Some(self.first_format()).filter(|word| is_token(word)).unwrap_or("0");
        RemoteMedia {
            mid: self.lines.value("mid").unwrap_or_default().to_owned(),
            kind,
            direction: self.lines.direction().unwrap_or(fallback),
            is_rejected: !bundle.takes(self),
            codecs: if is_rtp { codecs::read(self.formats, &self.lines) } else { Vec::new() },
            extensions: if is_rtp { extensions(&self.lines) } else { Vec::new() },
            ssrcs: if is_rtp { ssrcs(&self.lines) } else { Vec::new() },
            sctp_port: number("sctp-port").and_then(|port| u16::try_from(port).ok()),
            max_message_size: number("max-message-size"),
            line: MediaLine {
                media: self.media.to_owned(),
                protocol: self.protocol.to_owned(),
                format: format.to_owned(),
            },
        }
    }
}

/// `extmap:<id>[/<direction>] <uri> …`, as far as one byte can say the id (RFC 8285 §4.2).
fn extensions(lines: &Attributes<'_>) -> Vec<(u8, String)> {
    let one = |value: &str| {
        let (id, rest) = value.split_once(' ')?;
        let id = id.split_once('/').map_or(id, |(id, _)| id).parse().ok().filter(|id| (1..=14).contains(id))?;
        let uri = rest.split_ascii_whitespace().next().filter(|uri| uri.len() <= MAX_URI_BYTES)?;
        Some((id, uri.to_owned()))
    };
    lines.values("extmap").filter_map(one).take(MAX_EXTENSIONS).collect()
}

/// The SSRC of the media and, when a group says so, that of its retransmissions.
fn ssrcs(lines: &Attributes<'_>) -> Vec<u32> {
    let first = lines.values("ssrc").find_map(|value| value.split(' ').next()?.parse::<u32>().ok());
    let groups = lines.values("ssrc-group").take(MAX_GROUPS);
    let pairs = groups.filter_map(|value| {
        let mut words = value.strip_prefix("FID ")?.split_ascii_whitespace().map(str::parse::<u32>);
        Some((words.next()?.ok()?, words.next()?.ok()?))
    });
    let mut pairs = pairs.filter(|(media, _)| first.is_none_or(|first| first == *media));
    match (pairs.next(), first) {
        (Some((media, again)), _) => vec![media, again],
        (None, Some(media)) => vec![media],
        (None, None) => Vec::new(),
    }
}

/// The `a=` lines of one level, in order.
#[derive(Default)]
pub(super) struct Attributes<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Attributes<'a> {
    pub fn add(&mut self, line: &'a str) {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        self.0.push((name, value));
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// The first of a name, without blanks around it.
    pub fn value(&self, name: &str) -> Option<&'a str> {
        self.values(name).next().map(str::trim)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().copied()
    }

    fn direction(&self) -> Option<Direction> {
        self.0.iter().find_map(|(name, _)| match *name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
    }
}

/// Cuts a text into what is said for all and the m-sections. Nothing is copied.
fn split(text: &str) -> Result<(Attributes<'_>, Vec<Section<'_>>), DescriptionError> {
    let mut session = Attributes::default();
    let mut sections = Vec::<Section<'_>>::new();
    for (number, line) in lines(text)? {
        let malformed = |what| DescriptionError::Malformed { line: number, what };
        if number == 1 && line != "v=0" {
            return Err(malformed("a description begins with v=0"));
        }
        match line.split_at_checked(2) {
            Some(("m=", value)) => {
                if sections.len() >= MAX_SECTIONS {
                    return Err(DescriptionError::TooManySections);
                }
                sections.push(Section::begin(value).ok_or(malformed("not a media section"))?);
            }
            Some(("a=", value)) => {
                if value.strip_prefix("mid:").is_some_and(|mid| !is_mid(mid.trim())) {
                    return Err(malformed("not a mid"));
                }
                match sections.last_mut() {
                    None => session.add(value),
                    Some(section) => section.lines.add(value),
                }
            }
            Some((kind, _)) if kind.ends_with('=') && kind.starts_with(|c: char| c.is_ascii_lowercase()) => {}
            _ => return Err(malformed("not of the form <letter>=<value>")),
        }
    }
    Ok((session, sections))
}

/// The lines of a text with their numbers from 1, empty ones left out.
pub(super) fn lines(text: &str) -> Result<impl Iterator<Item = (usize, &str)>, DescriptionError> {
    if text.len() > MAX_BYTES {
        return Err(DescriptionError::TooLong);
    }
    for (at, line) in text.lines().enumerate() {
        if at >= MAX_LINES {
            return Err(DescriptionError::TooManyLines);
        }
        if line.len() > MAX_LINE_BYTES {
            return Err(DescriptionError::LineTooLong { line: at + 1 });
        }
    }
    Ok(text.lines().enumerate().map(|(at, line)| (at + 1, line)).filter(|(_, line)| !line.is_empty()))
}

/// A token (RFC 8866 §9) of a length that header extensions can carry several times over.
fn is_mid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A conference of dozens of people stays below a quarter of this.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// Browsers write about a hundred lines for a section of video.
const MAX_LINES: usize = 10_000;
const MAX_LINE_BYTES: usize = 8 * 1024;
pub(super) const MAX_SECTIONS: usize = 64;
const MAX_EXTENSIONS: usize = 32;
const MAX_URI_BYTES: usize = 256;
const MAX_GROUPS: usize = 16;
