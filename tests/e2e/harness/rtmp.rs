//! A small RTMP client (Adobe RTMP 1.0): enough to be admitted or refused, to publish, and to see media arrive. It costs
//! a socket instead of a process.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};

use super::PATIENCE;

/// An `onStatus`: what the server says to `publish` and `play`, and when it ends a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    pub level: String,
    pub code: String,
    pub description: String,
}

impl Status {
    pub fn is_error(&self) -> bool {
        self.level == "error"
    }
}

/// What a request came to, as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Yes,
    No(Status),
    /// The connection ended without a word.
    HungUp,
}

/// A connection with one message stream, on which something can be published or played.
pub struct Rtmp {
    pub(super) reader: Reader,
    pub(super) writer: Writer,
}

impl Rtmp {
    /// Connects from `from` to `application` and creates a stream. `None` when the server hangs up before that.
    pub async fn connect(server: SocketAddr, from: IpAddr, application: &str) -> Option<Self> {
        tokio::time::timeout(PATIENCE, Self::try_connect(server, from, application)).await.expect("an answer").ok()
    }

    async fn try_connect(server: SocketAddr, from: IpAddr, application: &str) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(from, 0))?;
        let mut socket = socket.connect(server).await?;
        shake_hands(&mut socket).await?;
        let (read, write) = socket.into_split();
        let mut reader = Reader { socket: read, input: Vec::new(), chunk: 128, streams: HashMap::new() };
        let mut writer = Writer { socket: write, stream: 0 };
        writer.chunk_size().await?;
        let tc_url = format!("rtmp://{server}/{application}");
        let properties = [("app", application), ("flashVer", "proof/1"), ("tcUrl", &tc_url)];
        writer.command(&[Amf::Text("connect"), Amf::Number(1.0), Amf::Object(&properties)]).await?;
        reader.result(1.0).await?;
        writer.command(&[Amf::Text("createStream"), Amf::Number(2.0), Amf::Null]).await?;
        writer.stream = reader.result(2.0).await?.ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { reader, writer })
    }

    /// Asks to publish `key` (stream id, then `?` and credentials).
    pub async fn publish(&mut self, key: &str) -> Said {
        let call = [Amf::Text("publish"), Amf::Number(3.0), Amf::Null, Amf::Text(key), Amf::Text("live")];
        if self.writer.command(&call).await.is_err() {
            return Said::HungUp;
        }
        match self.status().await {
            None => Said::HungUp,
            Some(status) if status.is_error() => Said::No(status),
            Some(_) => Said::Yes,
        }
    }

    /// Asks to play `key` (stream id, then `?` and credentials, or all of them by place).
    pub async fn play(&mut self, key: &str) -> Said {
        let call = [Amf::Text("play"), Amf::Number(3.0), Amf::Null, Amf::Text(key), Amf::Number(-2_000.0)];
        if self.writer.command(&call).await.is_err() {
            return Said::HungUp;
        }
        loop {
            match self.status().await {
                None => return Said::HungUp,
                Some(status) if status.is_error() => return Said::No(status),
                Some(status) if status.code == "NetStream.Play.Reset" => {}
                Some(_) => return Said::Yes,
            }
        }
    }

    /// The next message of audio or video; `None` when the server hangs up first.
    pub async fn media(&mut self) -> Option<Media> {
        let mut read = async || {
            loop {
                if let Incoming::Media(media) = self.reader.message().await.ok()? {
                    return Some(media);
                }
            }
        };
        tokio::time::timeout(PATIENCE, read()).await.expect("the server sends media or hangs up")
    }

    /// The next picture or frame of sound.
    pub async fn frame(&mut self) -> Option<Media> {
        loop {
            let media = self.media().await?;
            if !media.is_config {
                return Some(media);
            }
        }
    }

    /// The bytes that arrive within a time, whatever they are.
    pub async fn bytes_within(&mut self, time: Duration) -> usize {
        let deadline = tokio::time::Instant::now() + time;
        let mut bytes = 0;
        while let Ok(more) = tokio::time::timeout_at(deadline, self.reader.more()).await {
            bytes += more.expect("the connection stays");
        }
        bytes
    }

    /// Plays until the first media byte has arrived: a yes is no mere promise.
    pub async fn watch(&mut self, key: &str) -> Said {
        match self.play(key).await {
            Said::Yes if self.media().await.is_none() => Said::HungUp,
            said => said,
        }
    }

    /// Waits for the next media message; false when none comes within `patience` or the connection ends.
    pub async fn media_within(&mut self, patience: Duration) -> bool {
        tokio::time::timeout(patience, self.media()).await.is_ok_and(|media| media.is_some())
    }

    /// The next `onStatus`; `None` when the server hangs up first.
    pub async fn status(&mut self) -> Option<Status> {
        let mut read = async || {
            loop {
                if let Incoming::Status(status) = self.reader.message().await.ok()? {
                    return Some(status);
                }
            }
        };
        tokio::time::timeout(PATIENCE, read()).await.expect("the server says something or hangs up")
    }
}

async fn shake_hands(socket: &mut TcpStream) -> io::Result<()> {
    let mut hello = vec![0; 1 + HANDSHAKE];
    hello[0] = 3;
    socket.write_all(&hello).await?;
    let mut answer = vec![0; 1 + 2 * HANDSHAKE];
    socket.read_exact(&mut answer).await?;
    socket.write_all(&answer[1..=HANDSHAKE]).await
}

/// C1 and S1 (§5.2.3).
const HANDSHAKE: usize = 1_536;
/// What we announce for our own chunks: every message fits into one.
const OUR_CHUNK: u32 = 1 << 16;

/// What arrived.
#[derive(Debug)]
pub(super) enum Incoming {
    Status(Status),
    /// `_result` of a call, with the number it carries.
    Result {
        transaction: f64,
        number: Option<f64>,
    },
    Media(Media),
    Other,
}

/// A message of audio or video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// Milliseconds.
    pub timestamp: u32,
    /// A decoder configuration.
    pub is_config: bool,
    /// A picture from which a decoder can start.
    pub is_key_frame: bool,
}

impl Media {
    fn read(kind: u8, timestamp: u32, body: &[u8]) -> Self {
        let is_config = body.get(1) == Some(&0);
        let is_key_frame = kind == 9 && !is_config && body.first().is_some_and(|first| first >> 4 == 1);
        Self { timestamp, is_config, is_key_frame }
    }
}

/// Waiting for more may be given up at any moment; nothing is lost by it.
pub(super) struct Reader {
    socket: OwnedReadHalf,
    /// Not read as chunks yet.
    input: Vec<u8>,
    /// The server's chunk size.
    chunk: usize,
    streams: HashMap<u8, Chunks>,
}

/// Type, timestamp and payload of a message.
type Whole = (u8, u32, Vec<u8>);

/// One chunk stream: the last header, and the message that is under way.
#[derive(Default)]
struct Chunks {
    length: usize,
    kind: u8,
    timestamp: u32,
    extended: bool,
    body: Vec<u8>,
}

impl Reader {
    async fn result(&mut self, wanted: f64) -> io::Result<Option<u32>> {
        loop {
            if let Incoming::Result { transaction, number } = self.message().await?
                && transaction == wanted
            {
                return Ok(number.map(|number| number as u32));
            }
        }
    }

    pub(super) async fn message(&mut self) -> io::Result<Incoming> {
        let (kind, timestamp, body) = loop {
            match self.next_chunk()? {
                Some(Some(message)) => break message,
                Some(None) => {}
                None => {
                    self.more().await?;
                }
            }
        };
        Ok(match kind {
            1 => {
                let size = body.first_chunk().ok_or(io::ErrorKind::InvalidData)?;
                self.chunk = u32::from_be_bytes(*size) as usize;
                Incoming::Other
            }
            8 | 9 => Incoming::Media(Media::read(kind, timestamp, &body)),
            20 => read_command(&body).unwrap_or(Incoming::Other),
            _ => Incoming::Other,
        })
    }

    /// Reads what has come; how much that was.
    async fn more(&mut self) -> io::Result<usize> {
        match self.socket.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => Ok(bytes),
        }
    }

    /// Reads one chunk (§5.3.1) of a server that writes full headers or none. `None` when more bytes are needed; the
    /// inner value is the message that it completes.
    fn next_chunk(&mut self) -> io::Result<Option<Option<Whole>>> {
        let mut at = self.input.as_slice();
        let Some(basic) = take(&mut at, 1) else { return Ok(None) };
        let (format, id) = (basic[0] >> 6, basic[0] & 0x3f);
        if id < 2 || matches!(format, 1 | 2) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let chunks = self.streams.entry(id).or_default();
        if format == 0 {
            let Some(head) = take(&mut at, 11) else { return Ok(None) };
            let number = |at: usize| u32::from_be_bytes([0, head[at], head[at + 1], head[at + 2]]);
            (chunks.timestamp, chunks.length, chunks.kind) = (number(0), number(3) as usize, head[6]);
            chunks.extended = chunks.timestamp == 0xff_ff_ff;
        }
        if chunks.extended && take(&mut at, 4).is_none() {
            return Ok(None);
        }
        let part = (chunks.length - chunks.body.len()).min(self.chunk);
        let Some(payload) = take(&mut at, part) else { return Ok(None) };
        chunks.body.extend_from_slice(payload);
        let complete = chunks.body.len() == chunks.length;
        let message = complete.then(|| (chunks.kind, chunks.timestamp, std::mem::take(&mut chunks.body)));
        let used = self.input.len() - at.len();
        self.input.drain(..used);
        Ok(Some(message))
    }
}

pub(super) struct Writer {
    socket: OwnedWriteHalf,
    stream: u32,
}

impl Writer {
    async fn chunk_size(&mut self) -> io::Result<()> {
        self.message(2, 1, 0, 0, &OUR_CHUNK.to_be_bytes()).await
    }

    pub(super) async fn command(&mut self, values: &[Amf<'_>]) -> io::Result<()> {
        let mut body = Vec::new();
        for value in values {
            value.write(&mut body);
        }
        self.message(3, 20, 0, self.stream, &body).await
    }

    /// One FLV tag as a message of the publication.
    pub(super) async fn tag(&mut self, kind: u8, timestamp: u32, body: &[u8]) -> io::Result<()> {
        self.message(4, kind, timestamp, self.stream, body).await
    }

    /// One message in one chunk of type 0.
    async fn message(&mut self, chunk: u8, kind: u8, timestamp: u32, stream: u32, body: &[u8]) -> io::Result<()> {
        let length = u32::try_from(body.len()).ok().filter(|length| *length <= OUR_CHUNK).expect("a short message");
        let mut bytes = vec![chunk];
        bytes.extend_from_slice(&timestamp.min(0xff_ff_ff).to_be_bytes()[1..]);
        bytes.extend_from_slice(&length.to_be_bytes()[1..]);
        bytes.push(kind);
        bytes.extend_from_slice(&stream.to_le_bytes());
        bytes.extend_from_slice(body);
        self.socket.write_all(&bytes).await
    }
}

/// A value of AMF0, as far as this client writes it.
pub(super) enum Amf<'a> {
    Number(f64),
    Text(&'a str),
    Null,
    Object(&'a [(&'a str, &'a str)]),
}

impl Amf<'_> {
    fn write(&self, to: &mut Vec<u8>) {
        let short = |to: &mut Vec<u8>, text: &str| {
            to.extend_from_slice(&u16::try_from(text.len()).expect("a short text").to_be_bytes());
            to.extend_from_slice(text.as_bytes());
        };
        match self {
            Self::Number(number) => {
                to.push(0);
                to.extend_from_slice(&number.to_be_bytes());
            }
            Self::Text(text) => {
                to.push(2);
                short(to, text);
            }
            Self::Null => to.push(5),
            Self::Object(properties) => {
                to.push(3);
                for (name, value) in *properties {
                    short(to, name);
                    Self::Text(value).write(to);
                }
                to.extend_from_slice(&[0, 0, 9]);
            }
        }
    }
}

/// Reads `_result` and `onStatus`; other commands are nothing to this client.
fn read_command(body: &[u8]) -> Option<Incoming> {
    let mut at = body;
    let name = read_value(&mut at)?;
    let transaction = read_value(&mut at)?.number?;
    match name.text.as_deref()? {
        "_result" => {
            read_value(&mut at);
            Some(Incoming::Result { transaction, number: read_value(&mut at).and_then(|value| value.number) })
        }
        "onStatus" => {
            read_value(&mut at);
            let information = read_value(&mut at)?.properties;
            let text = |name: &str| information.get(name).cloned().unwrap_or_default();
            Some(Incoming::Status(Status {
                level: text("level"),
                code: text("code"),
                description: text("description"),
            }))
        }
        _ => Some(Incoming::Other),
    }
}

#[derive(Default)]
struct Value {
    number: Option<f64>,
    text: Option<String>,
    /// Those that are texts.
    properties: HashMap<String, String>,
}

fn read_value(at: &mut &[u8]) -> Option<Value> {
    let mut value = Value::default();
    match take(at, 1)?[0] {
        0 => value.number = Some(f64::from_be_bytes(take(at, 8)?.try_into().ok()?)),
        1 => {
            take(at, 1)?;
        }
        2 => value.text = Some(read_short(at)?),
        5 | 6 => {}
        marker @ (3 | 8) => {
            if marker == 8 {
                take(at, 4)?;
            }
            loop {
                let name = read_short(at)?;
                if name.is_empty() {
                    take(at, 1)?;
                    break;
                }
                if let Some(text) = read_value(at)?.text {
                    value.properties.insert(name, text);
                }
            }
        }
        _ => return None,
    }
    Some(value)
}

fn read_short(at: &mut &[u8]) -> Option<String> {
    let length = u16::from_be_bytes(take(at, 2)?.try_into().ok()?);
    String::from_utf8(take(at, usize::from(length))?.to_vec()).ok()
}

fn take<'a>(at: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (front, rest) = at.split_at_checked(length)?;
    *at = rest;
    Some(front)
}

/// Waits for the server to hang up, letting pass what it still says.
pub(super) async fn hung_up(reader: &mut Reader) -> Option<Status> {
    let mut last = None;
    loop {
        match tokio::time::timeout(Duration::from_secs(60), reader.message()).await.expect("the server hangs up") {
            Ok(Incoming::Status(status)) => last = Some(status),
            Ok(_) => {}
            Err(_) => return last,
        }
    }
}
