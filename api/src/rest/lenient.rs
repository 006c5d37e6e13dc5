//! Reads scalars as existing clients send them: a number where a text belongs, a text where a number or a truth value
//! belongs, as long as nothing is lost. `null` and absence are the same.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// # Errors
/// On arrays and objects.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(Value::Array(_) | Value::Object(_)) => Err(D::Error::custom("not a text")),
    }
}

/// # Errors
/// On what is no whole number of 64 bits.
pub fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let number = match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => None,
    };
    number.map(Some).ok_or_else(|| D::Error::custom("not a whole number"))
}

/// # Errors
/// On what is neither true nor false.
pub fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    match Option::<Value>::deserialize(deserializer)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(flag)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(_) => Err(D::Error::custom("neither true nor false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default, Debug, PartialEq)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "text")]
        text: Option<String>,
        #[serde(deserialize_with = "integer")]
        integer: Option<i64>,
        #[serde(deserialize_with = "flag")]
        flag: Option<bool>,
    }

    #[test]
    fn scalars_of_another_type_are_read_when_nothing_is_lost() {
        let read = |json: &str| serde_json::from_str::<Sample>(json);
        let full = Sample { text: Some("7".to_owned()), integer: Some(60), flag: Some(true) };
        assert_eq!(read(r#"{"text":7,"integer":"60","flag":"TRUE"}"#).expect("readable"), full);
        assert_eq!(read(r#"{"text":null,"integer":"","flag":null}"#).expect("readable"), Sample::default());
        for bad in [r#"{"text":[]}"#, r#"{"integer":1.5}"#, r#"{"integer":"x"}"#, r#"{"flag":2}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
