//! RTMP commands (Adobe's RTMP 1.0, §7.2; Veovera's "Enhanced RTMP" v2 for `connect`): what clients call, and the
//! messages a server answers with.

use bytes::{Bytes, BytesMut};

use super::amf0::{self, AmfError, AmfLimits, Value, Writer};

/// One call of a client. Names that a server need not know are [`Command::Other`].
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Named by the answer; 0 asks for none.
    pub transaction: f64,
    pub command: Command,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Connect(Connect),
    ReleaseStream,
    FcPublish,
    FcUnpublish,
    CreateStream,
    DeleteStream {
        stream: f64,
    },
    CloseStream,
    /// `key` is empty when none was given.
    Publish {
        key: String,
        mode: Option<String>,
    },
    /// `key` is empty when none was given.
    Play {
        key: String,
    },
    Pause {
        paused: bool,
    },
    Seek,
    ReceiveAudio {
        wanted: bool,
    },
    ReceiveVideo {
        wanted: bool,
    },
    FcSubscribe,
    GetStreamLength,
    CheckBandwidth,
    Other,
}

/// What `connect` says of the client and its address.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Connect {
    pub app: String,
    pub tc_url: String,
    pub flash_version: Option<String>,
    /// FourCCs that the client can send; empty for one that does not speak Enhanced RTMP.
    pub four_ccs: Vec<String>,
}

/// Why a message is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("a command is malformed: {0}")]
    Amf(#[from] AmfError),
    #[error("a command lacks its name or transaction")]
    Shape,
}

impl Call {
    /// Reads the payload of a command message. An AMF3 command is the same behind one zero byte.
    ///
    /// # Errors
    /// [`CommandError`] when it is malformed.
    pub fn read(payload: &[u8]) -> Result<Self, CommandError> {
        let payload = payload.strip_prefix(&[0]).unwrap_or(payload);
        let mut values = amf0::read_all(payload, AmfLimits::default())?.into_iter();
        let name = values.next();
        let name = name.as_ref().and_then(Value::as_str).ok_or(CommandError::Shape)?;
        let transaction = match values.next() {
            // Some encoders leave out the transaction of calls that want no answer.
            None => 0.0,
            Some(value) => value.as_number().ok_or(CommandError::Shape)?,
        };
        let object = values.next().unwrap_or(Value::Null);
        let command = match name {
            "connect" => Command::Connect(Connect::read(&object)),
            "releaseStream" => Command::ReleaseStream,
            "FCPublish" => Command::FcPublish,
            "FCUnpublish" => Command::FcUnpublish,
            "createStream" => Command::CreateStream,
            "deleteStream" => {
                Command::DeleteStream { stream: values.next().as_ref().and_then(Value::as_number).unwrap_or_default() }
            }
            "closeStream" => Command::CloseStream,
            "publish" => {
                let mut text = || match values.next() {
                    Some(Value::String(text)) => Some(text),
                    _ => None,
                };
                Command::Publish { key: text().unwrap_or_default(), mode: text() }
            }
            "play" => match values.next() {
                Some(Value::String(key)) => Command::Play { key },
                _ => Command::Play { key: String::new() },
            },
            "play2" => {
                let parameters = values.next();
                let name = parameters.as_ref().and_then(|object| object.property("streamName")).and_then(Value::as_str);
                Command::Play { key: name.unwrap_or_default().to_owned() }
            }
            "pause" | "pauseRaw" => Command::Pause { paused: flag(values.next()) },
            "seek" => Command::Seek,
            "receiveAudio" => Command::ReceiveAudio { wanted: flag(values.next()) },
            "receiveVideo" => Command::ReceiveVideo { wanted: flag(values.next()) },
            "FCSubscribe" => Command::FcSubscribe,
            "getStreamLength" => Command::GetStreamLength,
            "_checkbw" | "checkBandwidth" => Command::CheckBandwidth,
            _ => Command::Other,
        };
        Ok(Self { transaction, command })
    }
}

/// A truth value; some clients say it with a number. What is missing counts as yes, as players mean it that leave it out.
fn flag(value: Option<Value>) -> bool {
    match value {
        Some(Value::Boolean(flag)) => flag,
        Some(Value::Number(number)) => number != 0.0,
        _ => true,
    }
}

impl Connect {
    fn read(object: &Value) -> Self {
        let text = |name| object.property(name).and_then(Value::as_str).map(str::to_owned);
        let four_ccs = match object.property("fourCcList") {
            Some(Value::StrictArray(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        Self {
            app: text("app").unwrap_or_default(),
            tc_url: text("tcUrl").unwrap_or_default(),
            flash_version: text("flashVer"),
            four_ccs,
        }
    }
}

/// What a publisher says of its stream in `onMetaData`, for the log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    pub encoder: Option<String>,
    pub width: Option<f64>,
    pub height: Option<f64>,
    pub frame_rate: Option<f64>,
}

impl Metadata {
    /// Reads the payload of a data message; `None` for any other than stream metadata, and for what cannot be read:
    /// nothing depends on it.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let payload = payload.strip_prefix(&[0]).unwrap_or(payload);
        let mut values = amf0::read_all(payload, AmfLimits::default()).ok()?.into_iter();
        let mut name = values.next()?;
        if name.as_str() == Some("@setDataFrame") {
            name = values.next()?;
        }
        if name.as_str() != Some("onMetaData") {
            return None;
        }
        let object = values.next()?;
        let number = |name| object.property(name).and_then(Value::as_number);
        let encoder = object.property("encoder").and_then(Value::as_str);
        Some(Self {
            encoder: encoder.map(|text| text.chars().take(MAX_ENCODER_CHARS).collect()),
            width: number("width"),
            height: number("height"),
            frame_rate: number("framerate"),
        })
    }
}

const MAX_ENCODER_CHARS: usize = 128;

/// FourCCs of what a broadcast can carry to its viewers. An encoder that offers more falls back to these.
const CARRIED_VIDEO: &[&str] = &["avc1"];
const CARRIED_AUDIO: &[&str] = &["mp4a"];

/// `FourCcInfoMask` of Enhanced RTMP: the peer forwards this codec.
const CAN_FORWARD: f64 = 4.0;

/// `CapsExMask` of Enhanced RTMP: modifiers before packets are understood.
const CAPS_EX_MODIFIERS: f64 = 4.0;

pub fn connect_result(transaction: f64, connect: &Connect) -> BytesMut {
    let mut information = status_properties(Level::Status, "NetConnection.Connect.Success", "Connection succeeded.");
    information.push(("objectEncoding", Value::Number(0.0)));
    if !connect.four_ccs.is_empty() {
        let offered = |code: &&&str| connect.four_ccs.iter().any(|offer| offer == **code || offer == "*");
        let carried = CARRIED_VIDEO.iter().chain(CARRIED_AUDIO).filter(offered);
        let list = carried.map(|code| Value::String((*code).to_owned())).collect();
        let map = |codes: &[&str]| {
            let codes = codes.iter().filter(offered);
            Value::Object(codes.map(|code| ((*code).to_owned(), Value::Number(CAN_FORWARD))).collect())
        };
        information.extend([
            ("fourCcList", Value::StrictArray(list)),
            ("videoFourCcInfoMap", map(CARRIED_VIDEO)),
            ("audioFourCcInfoMap", map(CARRIED_AUDIO)),
            ("capsEx", Value::Number(CAPS_EX_MODIFIERS)),
        ]);
    }
    // Version and capabilities of the server that encoders were written against; some look for the prefix.
    let server = [
        ("fmsVer", Value::String("FMS/3,5,7,7009".to_owned())),
        ("capabilities", Value::Number(31.0)),
        ("mode", Value::Number(1.0)),
    ];
    Writer::new().string("_result").number(transaction).object(&server).object(&information).finish()
}

/// An answer without content, or with one number.
pub fn result(transaction: f64, value: Option<f64>) -> BytesMut {
    let answer = Writer::new().string("_result").number(transaction).null();
    match value {
        Some(number) => answer.number(number).finish(),
        None => answer.finish(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Status,
    /// Every encoder stops at this one.
    Error,
}

pub fn on_status(level: Level, code: &str, description: &str) -> BytesMut {
    event("onStatus", level, code, description)
}

/// `onStatus` and its older kin, `onFCPublish` and `onFCUnpublish`.
pub fn event(name: &str, level: Level, code: &str, description: &str) -> BytesMut {
    Writer::new().string(name).number(0.0).null().object(&status_properties(level, code, description)).finish()
}

fn status_properties(level: Level, code: &str, description: &str) -> Vec<(&'static str, Value)> {
    let level = match level {
        Level::Status => "status",
        Level::Error => "error",
    };
    vec![
        ("level", Value::String(level.to_owned())),
        ("code", Value::String(code.to_owned())),
        ("description", Value::String(description.to_owned())),
    ]
}

/// What the Flash player asked for before it let a page see the media; later players skip it.
pub fn sample_access() -> BytesMut {
    let yes = Value::Boolean(true);
    Writer::new().string("|RtmpSampleAccess").value(&yes).value(&yes).finish()
}

/// User control messages (§7.1.7): the event type, then its data.
pub mod user_control {
    use super::Bytes;

    /// Media of this message stream follows.
    pub const STREAM_BEGIN: u16 = 0;
    /// No media of this message stream follows.
    pub const STREAM_EOF: u16 = 1;

    /// An event about one message stream.
    pub fn of_stream(event: u16, stream: u32) -> [u8; 6] {
        let ([high, low], [a, b, c, d]) = (event.to_be_bytes(), stream.to_be_bytes());
        [high, low, a, b, c, d]
    }

    const PING_REQUEST: u16 = 6;
    const PING_RESPONSE: u16 = 7;

    /// The answer to a ping; `None` for any other event.
    pub fn pong(payload: &Bytes) -> Option<[u8; 6]> {
        let (event, rest) = payload.split_first_chunk::<2>()?;
        let [a, b, c, d] = *rest.first_chunk::<4>()?;
        let [high, low] = PING_RESPONSE.to_be_bytes();
        (u16::from_be_bytes(*event) == PING_REQUEST).then_some([high, low, a, b, c, d])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str) -> Writer {
        Writer::new().string(name).number(2.0).null()
    }

    #[test]
    fn a_publish_gives_key_and_mode() {
        let read = |bytes: BytesMut| Call::read(&bytes).map(|call| call.command);
        let publish =
            |key: &str, mode: Option<&str>| Ok(Command::Publish { key: key.to_owned(), mode: mode.map(str::to_owned) });
        assert_eq!(
            read(call("publish").string("s?token=T").string("live").finish()),
            publish("s?token=T", Some("live"))
        );
        assert_eq!(read(call("publish").string("s").finish()), publish("s", None));
        assert_eq!(read(call("publish").null().finish()), publish("", None));
        assert_eq!(read(call("publish").finish()), publish("", None));
    }

    #[test]
    fn a_player_says_what_it_wants() {
        let read = |bytes: BytesMut| Call::read(&bytes).map(|call| call.command);
        let play = |key: &str| Ok(Command::Play { key: key.to_owned() });
        assert_eq!(read(call("play").string("s?token=T").number(-2_000.0).finish()), play("s?token=T"));
        assert_eq!(read(call("play").finish()), play(""));
        assert_eq!(read(call("play2").object(&[("streamName", Value::String("s".to_owned()))]).finish()), play("s"));
        let truth = |name: &str, value: &Value| read(call(name).value(value).finish());
        assert_eq!(truth("pause", &Value::Boolean(false)), Ok(Command::Pause { paused: false }));
        assert_eq!(truth("pauseRaw", &Value::Number(1.0)), Ok(Command::Pause { paused: true }));
        assert_eq!(truth("receiveAudio", &Value::Boolean(false)), Ok(Command::ReceiveAudio { wanted: false }));
        assert_eq!(read(call("receiveVideo").finish()), Ok(Command::ReceiveVideo { wanted: true }));
    }

    #[test]
    fn an_amf3_command_reads_like_any_other() {
        let mut bytes = vec![0];
        bytes.extend_from_slice(&call("createStream").finish());
        assert_eq!(Call::read(&bytes), Ok(Call { transaction: 2.0, command: Command::CreateStream }));
    }

    #[test]
    fn what_has_no_name_is_no_command() {
        assert_eq!(Call::read(&[]), Err(CommandError::Shape));
        assert_eq!(Call::read(&Writer::new().null().finish()), Err(CommandError::Shape));
        assert_eq!(Call::read(&Writer::new().string("publish").null().finish()), Err(CommandError::Shape));
        assert_eq!(Call::read(&[0, 2, 0]), Err(CommandError::Amf(AmfError::Truncated)));
    }

    #[test]
    fn an_enhanced_client_learns_which_of_its_codecs_are_carried() {
        let answer = |offer: &[&str]| {
            let connect = Connect { four_ccs: offer.iter().map(|&c| c.to_owned()).collect(), ..Connect::default() };
            let values = amf0::read_all(&connect_result(1.0, &connect), AmfLimits::default()).expect("our own answer");
            values[3].property("fourCcList").cloned()
        };
        let list = |codes: &[&str]| {
            Some(Value::StrictArray(codes.iter().map(|&code| Value::String(code.to_owned())).collect()))
        };
        assert_eq!(answer(&[]), None);
        assert_eq!(answer(&["*"]), list(&["avc1", "mp4a"]));
        assert_eq!(answer(&["hvc1", "avc1"]), list(&["avc1"]));
        assert_eq!(answer(&["av01"]), list(&[]));
    }

    #[test]
    fn metadata_is_read_with_and_without_its_prefix() {
        let object = [("width", Value::Number(640.0)), ("encoder", Value::String("x".repeat(1_000)))];
        let direct = Writer::new().string("onMetaData").object(&object).finish();
        let prefixed = Writer::new().string("@setDataFrame").string("onMetaData").object(&object).finish();
        let read = Metadata::read(&direct).expect("metadata");
        assert_eq!(Metadata::read(&prefixed), Some(read.clone()));
        assert_eq!((read.width, read.encoder.map(|text| text.len())), (Some(640.0), Some(MAX_ENCODER_CHARS)));
        assert_eq!(Metadata::read(&Writer::new().string("@setDataFrame").finish()), None);
        assert_eq!(Metadata::read(&Writer::new().string("onTextData").finish()), None);
    }

    #[test]
    fn only_a_ping_is_answered() {
        assert_eq!(user_control::pong(&Bytes::from_static(&[0, 6, 1, 2, 3, 4])), Some([0, 7, 1, 2, 3, 4]));
        assert_eq!(user_control::pong(&Bytes::from_static(&[0, 3, 0, 0, 0, 1, 0, 0, 1, 0])), None);
        assert_eq!(user_control::pong(&Bytes::from_static(&[0, 6, 1])), None);
    }
}
