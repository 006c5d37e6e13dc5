//! The client's half of RTMP for tests: writes chunks with every freedom that senders have, independently of the
//! server's writer, and reads the server's answers.

use bytes::BytesMut;

use super::amf0::{self, AmfLimits, Value, Writer};
use super::chunk::{ChunkLimits, ChunkReader, Message};

/// The header of one chunk, field by field.
#[derive(Debug, Clone, Copy)]
pub struct Header {
    /// 0 to 3.
    pub format: u8,
    pub chunk_stream: u32,
    /// Absolute for type 0, a delta for 1 and 2, the value to repeat for 3 if `extended`.
    pub timestamp: u32,
    pub length: u32,
    pub type_id: u8,
    pub message_stream: u32,
}

impl Header {
    /// `repeat` writes the extended timestamp of a type 3 header too.
    pub fn write(self, out: &mut Vec<u8>, repeat: bool) {
        let format = self.format << 6;
        match self.chunk_stream {
            id @ 2..=63 => out.push(format | u8::try_from(id).expect("below 64")),
            id @ 64..=319 => out.extend([format, u8::try_from(id - 64).expect("below 256")]),
            id => {
                out.push(format | 1);
                out.extend(u16::try_from(id - 64).expect("a chunk stream id").to_le_bytes());
            }
        }
        let extended = self.timestamp >= 0xFF_FFFF;
        if self.format < 3 {
            out.extend(&self.timestamp.min(0xFF_FFFF).to_be_bytes()[1..]);
        }
        if self.format < 2 {
            out.extend(&self.length.to_be_bytes()[1..]);
            out.push(self.type_id);
        }
        if self.format == 0 {
            out.extend(self.message_stream.to_le_bytes());
        }
        if extended && (self.format < 3 || repeat) {
            out.extend(self.timestamp.to_be_bytes());
        }
    }
}

/// The chunks of one message, so that tests can interleave them.
pub fn chunks(header: Header, payload: &[u8], chunk_size: usize, repeat: bool) -> Vec<Vec<u8>> {
    let header = Header { length: u32::try_from(payload.len()).expect("a short message"), ..header };
    if payload.is_empty() {
        let mut out = Vec::new();
        header.write(&mut out, repeat);
        return vec![out];
    }
    let parts = payload.chunks(chunk_size).enumerate();
    parts
        .map(|(index, part)| {
            let mut out = Vec::new();
            Header { format: if index == 0 { header.format } else { 3 }, ..header }.write(&mut out, repeat);
            out.extend_from_slice(part);
            out
        })
        .collect()
}

/// One message with full headers and chunks of 128 bytes.
pub fn message(type_id: u8, message_stream: u32, timestamp: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header { format: 0, chunk_stream: 4, timestamp, length: 0, type_id, message_stream };
    chunks(header, payload, 128, true).concat()
}

/// One command on `message_stream`; `arguments` write what follows the transaction.
pub fn command(message_stream: u32, name: &str, transaction: f64, arguments: impl FnOnce(Writer) -> Writer) -> Vec<u8> {
    let payload = arguments(Writer::new().string(name).number(transaction)).finish();
    let header = Header { format: 0, chunk_stream: 3, timestamp: 0, length: 0, type_id: 20, message_stream };
    chunks(header, &payload, 128, true).concat()
}

pub fn connect(app: &str, tc_url: &str) -> Vec<u8> {
    let object = [
        ("app", Value::String(app.to_owned())),
        ("type", Value::String("nonprivate".to_owned())),
        ("flashVer", Value::String("FMLE/3.0 (compatible; Test)".to_owned())),
        ("tcUrl", Value::String(tc_url.to_owned())),
    ];
    command(0, "connect", 1.0, |arguments| arguments.object(&object))
}

pub fn create_stream(transaction: f64) -> Vec<u8> {
    command(0, "createStream", transaction, Writer::null)
}

pub fn publish(message_stream: u32, key: &str) -> Vec<u8> {
    command(message_stream, "publish", 5.0, |arguments| arguments.null().string(key).string("live"))
}

/// Reads what the server sent.
pub struct Answers {
    reader: ChunkReader,
    input: BytesMut,
}

impl Answers {
    pub fn new() -> Self {
        Self { reader: ChunkReader::new(ChunkLimits::default()), input: BytesMut::new() }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
    }

    pub fn next_message(&mut self) -> Option<Message> {
        self.reader.next(&mut self.input).expect("the server speaks RTMP")
    }

    /// The next command, as its values.
    pub fn next_command(&mut self) -> Option<Vec<Value>> {
        loop {
            let message = self.next_message()?;
            if message.type_id == 20 {
                return Some(amf0::read_all(&message.payload, AmfLimits::default()).expect("the server writes AMF0"));
            }
        }
    }

    /// Name and, for status events, code of every command that has come.
    pub fn summary(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.next_command()).map(|values| summarise(&values)).collect()
    }
}

/// `onStatus NetStream.Publish.Start`, `_result`.
pub fn summarise(values: &[Value]) -> String {
    let name = values.first().and_then(Value::as_str).unwrap_or("?");
    match values.get(3).and_then(|information| information.property("code")).and_then(Value::as_str) {
        Some(code) => format!("{name} {code}"),
        None => name.to_owned(),
    }
}
