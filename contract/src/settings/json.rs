//! Settings as JSON: how the object is read from all the spellings that clients use, and written whole.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, map::Entry};

use super::documented::{ALIASES, DEFAULTS, READ_ONLY};
use super::{ApplicationSettings, SettingsError};

/// What stands for a secret where it must not be shown. Written back in a patch, it changes nothing.
pub const MASK: &str = "********";

/// Wire names of the fields that hold secrets.
pub const SECRET_FIELDS: [&str; 11] = [
    "tokenHashSecret",
    "jwtStreamSecretKey",
    "timeTokenSecretForPublish",
    "timeTokenSecretForPlay",
    "jwtSecretKey",
    "clusterCommunicationKey",
    "subscriberAuthenticationKey",
    "webhookSigningSecret",
    "turnServerCredential",
    "s3AccessKey",
    "s3SecretKey",
];

impl ApplicationSettings {
    /// Reads a whole object, as a client posts it or the store keeps it: what is missing takes its default. Values that
    /// only need correcting are corrected; whether the settings may be stored, [`validate`](Self::validate) says.
    ///
    /// # Errors
    /// [`SettingsError::NotAnObject`], or [`SettingsError::WrongType`] naming the field.
    pub fn from_json(value: Value) -> Result<Self, SettingsError> {
        let Value::Object(object) = value else { return Err(SettingsError::NotAnObject) };
        let mut typed = Map::new();
        let mut other = Map::new();
        for (name, value) in normalized(object) {
            if let Some(default) = TYPED.get(&name) {
                let value = coerced(&name, value, default)?;
                typed.insert(name, value);
            } else if !READ_ONLY.contains(&name.as_str()) {
                let value = match DEFAULTS.get(&name) {
                    // Only kept, so a value of another type is the client's own business.
                    Some(default) => coerced(&name, value.clone(), default).unwrap_or(value),
                    None => value,
                };
                if DEFAULTS.get(&name) != Some(&value) {
                    other.insert(name, value);
                }
            }
        }
        let mut settings = Self::deserialize(Value::Object(typed)).map_err(|_| SettingsError::OutOfRange)?;
        settings.other = other;
        settings.correct();
        Ok(settings)
    }

    /// Writes the whole object, every documented field included, secrets in clear: for the store, and for
    /// administrators of the application, who round-trip it. Everybody else is shown [`masked`](Self::masked).
    pub fn to_json(&self) -> Value {
        let mut object = self.typed_json();
        for (name, value) in DEFAULTS.iter() {
            object.entry(name).or_insert_with(|| value.clone());
        }
        Value::Object(object)
    }

    /// The object with [`MASK`] in place of every secret that is set.
    pub fn masked(&self) -> Value {
        let mut value = self.to_json();
        if let Some(object) = value.as_object_mut() {
            for (_, secret) in object.iter_mut().filter(|(name, _)| SECRET_FIELDS.contains(&name.as_str())) {
                let is_set = !secret.is_null() && secret.as_str() != Some("");
                if is_set {
                    *secret = Value::from(MASK);
                }
            }
        }
        value
    }

    /// These settings with the fields of `patch` changed: `null` restores a default, [`MASK`] leaves a secret as it is.
    ///
    /// # Errors
    /// As [`from_json`](Self::from_json) and [`validate`](Self::validate); then nothing is to be stored.
    pub fn patched(&self, patch: Value) -> Result<Self, SettingsError> {
        let Value::Object(patch) = patch else { return Err(SettingsError::NotAnObject) };
        let Value::Object(mut whole) = self.to_json() else { return Err(SettingsError::NotAnObject) };
        for (name, value) in normalized(patch) {
            let is_mask = SECRET_FIELDS.contains(&name.as_str()) && value.as_str() == Some(MASK);
            if value.is_null() {
                whole.shift_remove(&name);
            } else if !is_mask {
                whole.insert(name, value);
            }
        }
        let settings = Self::from_json(Value::Object(whole))?;
        settings.validate()?;
        Ok(settings)
    }

    /// The fields that have a Rust field, and the other keys that came.
    fn typed_json(&self) -> Map<String, Value> {
        match Self::serialize(self, serde_json::value::Serializer) {
            Ok(Value::Object(object)) => object,
            // Plain fields under text keys always make an object.
            Ok(_) | Err(_) => Map::new(),
        }
    }
}

/// Prints no secret, and of unknown keys only the names: what they hold is not known.
impl fmt::Debug for ApplicationSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masked = self.masked();
        let known = |name: &str| TYPED.contains_key(name) || DEFAULTS.contains_key(name);
        let fields = masked.as_object().into_iter().flatten();
        f.debug_map()
            .entries(fields.map(|(name, value)| (name, if known(name) { value.to_string() } else { MASK.to_owned() })))
            .finish()
    }
}

impl Serialize for ApplicationSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Serialize::serialize(&self.to_json(), serializer)
    }
}

impl<'de> Deserialize<'de> for ApplicationSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = <Value as Deserialize>::deserialize(deserializer)?;
        Self::from_json(value).map_err(serde::de::Error::custom)
    }
}

/// One spelling for every name. Where an object has both, the plain name wins over the prefixed, and both over an
/// alias.
fn normalized(object: Map<String, Value>) -> Map<String, Value> {
    let mut plain = Map::new();
    let mut prefixed = Vec::new();
    for (name, value) in object {
        match name.strip_prefix("settings.") {
            Some(name) => prefixed.push((name.to_owned(), value)),
            None => {
                plain.insert(name, value);
            }
        }
    }
    for (name, value) in prefixed {
        plain.entry(name).or_insert(value);
    }
    for (alias, name) in ALIASES {
        if let Some(value) = plain.shift_remove(alias) {
            plain.entry(name).or_insert(value);
        }
    }
    if let Some(both) = plain.shift_remove(TOKENS_ON_BOTH_SIDES) {
        let is_on = boolean(&both) == Some(true);
        for name in ["publishTokenControlEnabled", "playTokenControlEnabled"] {
            match plain.entry(name) {
                // An object that was read and written back holds the sides too: what switches security on wins.
                Entry::Occupied(mut side) if is_on => {
                    side.insert(Value::Bool(true));
                }
                Entry::Occupied(_) => {}
                Entry::Vacant(side) => {
                    side.insert(both.clone());
                }
            }
        }
    }
    plain
}

/// `value` in the type of `default`; `null` is the default itself.
fn coerced(name: &str, value: Value, default: &Value) -> Result<Value, SettingsError> {
    let wrong_type = |expected| SettingsError::WrongType { field: name.to_owned(), expected };
    match (default, value) {
        // Written rules correct these two, and a `null` is to become their smallest value.
        (_, Value::Null) if matches!(name, "hlsTime" | "hlsListSize") => Ok(Value::from("0")),
        (default, Value::Null) => Ok(default.clone()),
        (Value::Bool(_), value) => boolean(&value).map(Value::Bool).ok_or_else(|| wrong_type("true or false")),
        (Value::Number(_), value) => integer(&value).map(Value::from).ok_or_else(|| wrong_type("a whole number")),
        (Value::String(_) | Value::Null, Value::String(text)) => Ok(Value::String(text)),
        (Value::String(_) | Value::Null, Value::Number(number)) => Ok(Value::String(number.to_string())),
        // `corsAllowedOrigins` is as often a list as it is a text.
        (Value::String(_), Value::Array(list)) if list.iter().all(Value::is_string) => {
            Ok(Value::String(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")))
        }
        (Value::String(_) | Value::Null, _) => Err(wrong_type("a text")),
        (Value::Array(_) | Value::Object(_), value) => Ok(value),
    }
}

fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) if text.trim().eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.trim().eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Clients with one number type write 60 as `60.0`.
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// Of the releases that knew no sides.
const TOKENS_ON_BOTH_SIDES: &str = "tokenControlEnabled";

/// Every typed field with its default, which also says its type on the wire. `null` stands for an optional text.
static TYPED: LazyLock<Map<String, Value>> = LazyLock::new(|| ApplicationSettings::default().typed_json());
