//! AMF0 (Adobe's "Action Message Format -- AMF 0", 2007): the values of RTMP commands and data messages.
//!
//! [`read_all`] is for bytes from strangers: depth, number of values and text lengths are capped, every length is
//! checked against what is there, and nothing is allocated for what was only announced. [`Writer`] writes the answers.

use bytes::{Buf, BufMut, BytesMut};

/// One value. Objects, typed objects and ECMA arrays are all read as [`Value::Object`]; RTMP tells them apart nowhere.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(f64),
    Boolean(bool),
    /// Also long strings and XML documents. Bytes that are not UTF-8 read as U+FFFD.
    String(String),
    /// Properties in their order; a name may come twice.
    Object(Vec<(String, Value)>),
    StrictArray(Vec<Value>),
    /// Milliseconds since 1970 (UTC). The time zone field is reserved and not kept.
    Date(f64),
    Null,
    /// Undefined, and the "unsupported" marker.
    Undefined,
}

impl Value {
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The first property of that name.
    pub fn property(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(properties) => properties.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// What one message may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AmfLimits {
    /// Objects and arrays inside one another; reading recurses that deep at most.
    pub max_depth: usize,
    /// Values of all kinds together.
    pub max_values: usize,
    pub max_string_bytes: usize,
}

impl Default for AmfLimits {
    fn default() -> Self {
        Self { max_depth: 16, max_values: 4_096, max_string_bytes: 16_384 }
    }
}

/// Why bytes are no AMF0 that we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmfError {
    #[error("the value ends too early")]
    Truncated,
    #[error("values are nested too deeply")]
    TooDeep,
    #[error("there are too many values")]
    TooManyValues,
    #[error("a text is too long")]
    StringTooLong,
    /// References, record sets, movie clips, AMF3 values, and markers that do not exist.
    #[error("a value of type {0:#04x} is not supported")]
    Unsupported(u8),
    #[error("an object has no end")]
    NoObjectEnd,
}

/// Reads every value of a message.
///
/// # Errors
/// [`AmfError`] when the bytes are malformed or exceed `limits`.
pub fn read_all(bytes: &[u8], limits: AmfLimits) -> Result<Vec<Value>, AmfError> {
    let mut reader = Reader { rest: bytes, limits, values: 0 };
    let mut values = Vec::new();
    while !reader.rest.is_empty() {
        values.push(reader.value(0)?);
    }
    Ok(values)
}

struct Reader<'a> {
    rest: &'a [u8],
    limits: AmfLimits,
    values: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Result<Value, AmfError> {
        self.values += 1;
        if self.values > self.limits.max_values {
            return Err(AmfError::TooManyValues);
        }
        if depth > self.limits.max_depth {
            return Err(AmfError::TooDeep);
        }
        match self.u8()? {
            marker::NUMBER => Ok(Value::Number(self.f64()?)),
            marker::BOOLEAN => Ok(Value::Boolean(self.u8()? != 0)),
            marker::STRING => Ok(Value::String(self.short_string()?)),
            marker::OBJECT => self.properties(depth, ArrayEnd::Required),
            marker::NULL => Ok(Value::Null),
            marker::UNDEFINED | marker::UNSUPPORTED => Ok(Value::Undefined),
            marker::ECMA_ARRAY => {
                // The count is a hint that senders get wrong; the end marker counts.
                self.take(4)?;
                self.properties(depth, ArrayEnd::Lenient)
            }
            marker::STRICT_ARRAY => self.strict_array(depth),
            marker::DATE => {
                let millis = self.f64()?;
                self.take(2)?;
                Ok(Value::Date(millis))
            }
            marker::LONG_STRING | marker::XML_DOCUMENT => {
                let length = self.rest.try_get_u32().map_err(|_| AmfError::Truncated)?;
                Ok(Value::String(self.string(usize::try_from(length).map_err(|_| AmfError::StringTooLong)?)?))
            }
            marker::TYPED_OBJECT => {
                self.short_string()?;
                self.properties(depth, ArrayEnd::Required)
            }
            other => Err(AmfError::Unsupported(other)),
        }
    }

    fn properties(&mut self, depth: usize, end: ArrayEnd) -> Result<Value, AmfError> {
        let mut properties = Vec::new();
        loop {
            if self.rest.is_empty() {
                // Some encoders forget the end of an ECMA array that is the last value of its message.
                return match end {
                    ArrayEnd::Lenient => Ok(Value::Object(properties)),
                    ArrayEnd::Required => Err(AmfError::NoObjectEnd),
                };
            }
            if let Some(rest) = self.rest.strip_prefix(&[0, 0, marker::OBJECT_END]) {
                self.rest = rest;
                return Ok(Value::Object(properties));
            }
            let name = self.short_string()?;
            properties.push((name, self.value(depth + 1)?));
        }
    }

    fn strict_array(&mut self, depth: usize) -> Result<Value, AmfError> {
        let count = self.rest.try_get_u32().map_err(|_| AmfError::Truncated)?;
        let count = usize::try_from(count).map_err(|_| AmfError::TooManyValues)?;
        if count > self.limits.max_values {
            return Err(AmfError::TooManyValues);
        }
        // A value takes a byte at least.
        if count > self.rest.len() {
            return Err(AmfError::Truncated);
        }
        (0..count).map(|_| self.value(depth + 1)).collect::<Result<_, _>>().map(Value::StrictArray)
    }

    fn short_string(&mut self) -> Result<String, AmfError> {
        let length = self.rest.try_get_u16().map_err(|_| AmfError::Truncated)?;
        self.string(usize::from(length))
    }

    fn string(&mut self, length: usize) -> Result<String, AmfError> {
        if length > self.limits.max_string_bytes {
            return Err(AmfError::StringTooLong);
        }
        Ok(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn u8(&mut self) -> Result<u8, AmfError> {
        self.rest.try_get_u8().map_err(|_| AmfError::Truncated)
    }

    fn f64(&mut self) -> Result<f64, AmfError> {
        self.rest.try_get_f64().map_err(|_| AmfError::Truncated)
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], AmfError> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or(AmfError::Truncated)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Whether the end marker of a list of properties may be missing at the end of the message.
#[derive(Clone, Copy)]
enum ArrayEnd {
    Required,
    Lenient,
}

/// Writes values one after another.
#[derive(Debug, Default)]
pub struct Writer {
    out: BytesMut,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn number(mut self, number: f64) -> Self {
        self.out.put_u8(marker::NUMBER);
        self.out.put_f64(number);
        self
    }

    #[must_use]
    pub fn string(mut self, text: &str) -> Self {
        match u16::try_from(text.len()) {
            Ok(length) => {
                self.out.put_u8(marker::STRING);
                self.out.put_u16(length);
            }
            Err(_) => {
                self.out.put_u8(marker::LONG_STRING);
                self.out.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
            }
        }
        self.out.put_slice(text.as_bytes());
        self
    }

    #[must_use]
    pub fn null(mut self) -> Self {
        self.out.put_u8(marker::NULL);
        self
    }

    #[must_use]
    pub fn object(mut self, properties: &[(&str, Value)]) -> Self {
        self.out.put_u8(marker::OBJECT);
        for (name, value) in properties {
            self = self.name(name).value(value);
        }
        self.out.put_slice(&[0, 0, marker::OBJECT_END]);
        self
    }

    #[must_use]
    pub fn value(mut self, value: &Value) -> Self {
        match value {
            Value::Number(number) => return self.number(*number),
            Value::String(text) => return self.string(text),
            Value::Null => return self.null(),
            Value::Boolean(flag) => self.out.put_slice(&[marker::BOOLEAN, u8::from(*flag)]),
            Value::Undefined => self.out.put_u8(marker::UNDEFINED),
            Value::Date(millis) => {
                self.out.put_u8(marker::DATE);
                self.out.put_f64(*millis);
                self.out.put_u16(0);
            }
            Value::Object(properties) => {
                self.out.put_u8(marker::OBJECT);
                for (name, value) in properties {
                    self = self.name(name).value(value);
                }
                self.out.put_slice(&[0, 0, marker::OBJECT_END]);
            }
            Value::StrictArray(values) => {
                self.out.put_u8(marker::STRICT_ARRAY);
                self.out.put_u32(u32::try_from(values.len()).unwrap_or(u32::MAX));
                for value in values {
                    self = self.value(value);
                }
            }
        }
        self
    }

    pub fn finish(self) -> BytesMut {
        self.out
    }

    /// A property name; longer ones than its 16-bit length can say are cut.
    fn name(mut self, name: &str) -> Self {
        let length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        self.out.put_u16(length);
        self.out.put_slice(name.as_bytes().get(..usize::from(length)).unwrap_or_default());
        self
    }
}

/// Type markers (AMF0 §2.1).
mod marker {
    pub const NUMBER: u8 = 0x00;
    pub const BOOLEAN: u8 = 0x01;
    pub const STRING: u8 = 0x02;
    pub const OBJECT: u8 = 0x03;
    pub const NULL: u8 = 0x05;
    pub const UNDEFINED: u8 = 0x06;
    pub const ECMA_ARRAY: u8 = 0x08;
    pub const OBJECT_END: u8 = 0x09;
    pub const STRICT_ARRAY: u8 = 0x0A;
    pub const DATE: u8 = 0x0B;
    pub const LONG_STRING: u8 = 0x0C;
    pub const UNSUPPORTED: u8 = 0x0D;
    pub const XML_DOCUMENT: u8 = 0x0F;
    pub const TYPED_OBJECT: u8 = 0x10;
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Value>, AmfError> {
        read_all(bytes, AmfLimits::default())
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn every_type_reads_as_written_in_the_standard() {
        let table: &[(&[u8], Value)] = &[
            (&[0, 0x40, 0, 0, 0, 0, 0, 0, 0], Value::Number(2.0)),
            (&[1, 1], Value::Boolean(true)),
            (&[1, 0], Value::Boolean(false)),
            (&[2, 0, 3, b'a', b'b', b'c'], text("abc")),
            (&[3, 0, 1, b'k', 5, 0, 0, 9], Value::Object(vec![("k".to_owned(), Value::Null)])),
            (&[5], Value::Null),
            (&[6], Value::Undefined),
            (&[13], Value::Undefined),
            (&[8, 0, 0, 0, 1, 0, 1, b'k', 1, 1, 0, 0, 9], Value::Object(vec![("k".to_owned(), Value::Boolean(true))])),
            (&[10, 0, 0, 0, 2, 5, 6], Value::StrictArray(vec![Value::Null, Value::Undefined])),
            (&[11, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0], Value::Date(2.0)),
            (&[12, 0, 0, 0, 1, b'x'], text("x")),
            (&[15, 0, 0, 0, 1, b'x'], text("x")),
            (&[16, 0, 1, b'C', 0, 1, b'k', 5, 0, 0, 9], Value::Object(vec![("k".to_owned(), Value::Null)])),
            (&[2, 0, 1, 0xFF], text("\u{FFFD}")),
        ];
        for (bytes, value) in table {
            assert_eq!(read(bytes).as_deref(), Ok(std::slice::from_ref(value)), "{bytes:02x?}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let table: &[(&[u8], AmfError)] = &[
            (&[0, 1, 2], AmfError::Truncated),
            (&[1], AmfError::Truncated),
            (&[2, 0, 9, b'a'], AmfError::Truncated),
            (&[2], AmfError::Truncated),
            (&[3, 0, 1, b'k', 5], AmfError::NoObjectEnd),
            (&[3, 0, 1, b'k'], AmfError::Truncated),
            (&[10, 0, 0, 16, 0, 5], AmfError::Truncated),
            (&[10, 0xFF, 0xFF, 0xFF, 0xFF, 5], AmfError::TooManyValues),
            (&[12, 0xFF, 0xFF, 0xFF, 0xFF, 5], AmfError::StringTooLong),
            (&[2, 0xFF, 0xFF, 5], AmfError::StringTooLong),
            (&[7, 0, 0], AmfError::Unsupported(7)),
            (&[4, 0, 0], AmfError::Unsupported(4)),
            (&[9], AmfError::Unsupported(9)),
            (&[14], AmfError::Unsupported(14)),
            (&[17, 4, 1], AmfError::Unsupported(17)),
            (&[0xFF], AmfError::Unsupported(0xFF)),
        ];
        for (bytes, error) in table {
            assert_eq!(read(bytes), Err(*error), "{bytes:02x?}");
        }
    }

    #[test]
    fn the_count_of_an_ecma_array_is_only_a_hint() {
        let property = [0, 1, b'k', 5];
        for count in [0u32, 1, 7, u32::MAX] {
            let mut bytes = vec![8];
            bytes.extend(count.to_be_bytes());
            bytes.extend(property);
            let without_end = bytes.clone();
            bytes.extend([0, 0, 9, 6]);
            let array = Value::Object(vec![("k".to_owned(), Value::Null)]);
            assert_eq!(read(&bytes), Ok(vec![array.clone(), Value::Undefined]));
            assert_eq!(read(&without_end), Ok(vec![array]));
        }
    }

    #[test]
    fn deep_nesting_is_refused_whatever_it_is_made_of() {
        let object = [3, 0, 1, b'k'];
        let ecma = [8, 0, 0, 0, 1, 0, 1, b'k'];
        let strict = [10, 0, 0, 0, 1];
        for opening in [&object[..], &ecma, &strict] {
            assert_eq!(read(&opening.repeat(100_000)), Err(AmfError::TooDeep));
        }
        let mut sixteen = strict.repeat(16);
        sixteen.push(5);
        assert!(read(&sixteen).is_ok());
    }

    #[test]
    fn a_message_holds_a_bounded_number_of_values() {
        assert_eq!(read(&vec![5; 4_096]).map(|values| values.len()), Ok(4_096));
        assert_eq!(read(&vec![5; 4_097]), Err(AmfError::TooManyValues));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            (-1e9..1e9f64).prop_map(Value::Number),
            any::<bool>().prop_map(Value::Boolean),
            ".{0,40}".prop_map(Value::String),
            (-1e9..1e9f64).prop_map(Value::Date),
            Just(Value::Null),
            Just(Value::Undefined),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::StrictArray),
                prop::collection::vec(("[a-z]{1,8}", inner), 0..6).prop_map(Value::Object),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(value in values()) {
            prop_assert_eq!(read(&Writer::new().value(&value).finish()), Ok(vec![value]));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes);
        }

        #[test]
        fn damaged_values_are_read_without_harm(
            value in values(), cut in any::<prop::sample::Index>(), with in any::<u8>(),
        ) {
            let mut bytes = Writer::new().value(&value).finish().to_vec();
            let cut = cut.index(bytes.len());
            bytes[cut] = with;
            let _ = read(&bytes);
            bytes.truncate(cut);
            let _ = read(&bytes);
        }
    }
}
