//! Scalars that the specification lacks: numbers beyond 32 bits, and points in time.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{DateTime as Chrono, Utc};
use sluice_contract::UnixTime;

/// A whole number that may pass 2³¹: bytes, bitrates, counters. Written as a text of decimal digits, because many
/// clients lose digits of large numbers; a plain number is accepted as input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Long(pub i64);

/// A whole number that may pass 2³¹: bytes, bitrates, counters. Written as a text of decimal digits, because many
/// clients lose digits of large numbers; a plain number is accepted as input.
#[Scalar]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        let number = match &value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_i64(),
            _ => None,
        };
        number.map(Self).ok_or_else(|| InputValueError::custom("not a whole number of 64 bits"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<u64> for Long {
    fn from(number: u64) -> Self {
        Self(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Long {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// A point in time, RFC 3339 in UTC with microseconds: `2026-11-22T12:02:00.000000Z`. Any offset is accepted as input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime(pub UnixTime);

/// A point in time, RFC 3339 in UTC with microseconds: `2026-11-22T12:02:00.000000Z`. Any offset is accepted as input.
#[Scalar(specified_by_url = "https://www.rfc-editor.org/rfc/rfc3339")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else {
            return Err(InputValueError::expected_type(value));
        };
        let time = Chrono::parse_from_rfc3339(text).map_err(|_| InputValueError::custom("not a time of RFC 3339"))?;
        Ok(Self(UnixTime::from_millis(time.timestamp_millis())))
    }

    fn to_value(&self) -> Value {
        // Times that no calendar holds (a peer's own claim) are shown as its end.
        let time = Chrono::<Utc>::from_timestamp_millis(self.0.as_millis()).unwrap_or(Chrono::<Utc>::MAX_UTC);
        Value::String(time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string())
    }
}

impl From<UnixTime> for DateTime {
    fn from(time: UnixTime) -> Self {
        Self(time)
    }
}

/// For counters whose GraphQL type is `Int`: 32 bits, and a larger one shows as the largest.
pub fn int(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}
