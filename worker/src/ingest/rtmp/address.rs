//! Application, stream id and credentials, read from what encoders make of an RTMP address.
//!
//! An encoder cuts the address into `app` and stream key where it likes: ffmpeg after the second path segment,
//! GStreamer after the last, OBS where its user typed it; ffmpeg even cuts at a slash inside a token. So everything
//! behind the application's name is put together again and then read from the left:
//!
//! | Address | Stream id | Credentials |
//! |---|---|---|
//! | `App/S` | `S` | none |
//! | `App/S?token=T&subscriberId=A&subscriberCode=C` | `S` | the query; unknown keys are kept |
//! | `App/S/T`, `App/S/T/A/C`, `App/S%2FT%2FA%2FC` | `S` | token, subscriber id, code by place |
//! | `App?token=T` and key `S` | `S` | the query of the application |
//!
//! The key's own query counts first, then places, then the queries of `app` and `tcUrl`.

use percent_encoding::percent_decode_str;
use sluice_contract::Credentials;

use crate::StreamKey;

/// What an encoder asks for. The names are its own words: the gate says whether they name anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamAddress {
    pub application: String,
    pub stream_id: String,
    pub credentials: Credentials,
}

impl StreamAddress {
    /// Reads the `app` and `tcUrl` of `connect` and the stream key of `publish`.
    pub fn read(app: &str, tc_url: &str, stream_key: &str) -> Self {
        let app = if app.trim_matches('/').is_empty() { path_of(tc_url) } else { app };
        let (application, in_app) = split_application(app.trim_start_matches('/'));
        let (rest, app_query) = match in_app {
            AfterApplication::Path(path) => (join(path, stream_key), ""),
            AfterApplication::Query(query) => (stream_key.to_owned(), query),
        };
        let (path, query) = rest.split_once('?').unwrap_or((&rest, ""));
        let mut segments = split_path(path.trim_start_matches('/')).map(decode);
        let stream_id = segments.next().unwrap_or_default();

        let mut credentials = Credentials::default();
        insert_query(&mut credentials, query);
        for (key, value) in ["token", "subscriberId", "subscriberCode"].into_iter().zip(segments) {
            credentials.insert(key, &value);
        }
        insert_query(&mut credentials, app_query);
        insert_query(&mut credentials, tc_url.split_once('?').map_or("", |(_, query)| query));
        Self { application: decode(application), stream_id, credentials }
    }

    /// The stream that is meant; `None` when the words can be no names.
    pub fn key(&self) -> Option<StreamKey> {
        Some(StreamKey { application: self.application.parse().ok()?, stream_id: self.stream_id.trim().parse().ok()? })
    }
}

/// What stands behind the application's name in `app`.
enum AfterApplication<'a> {
    Path(&'a str),
    Query(&'a str),
}

/// Cuts `app` at its first separator or question mark.
fn split_application(app: &str) -> (&str, AfterApplication<'_>) {
    let path = app.split('?').next().unwrap_or_default();
    let name = split_path(path).next().unwrap_or_default();
    let behind = app.get(name.len()..).unwrap_or_default();
    match behind.strip_prefix('?') {
        Some(query) => (name, AfterApplication::Query(query)),
        None => (name, AfterApplication::Path(without_separators(behind))),
    }
}

/// Puts the stream's part of `app` in front of the key, as the user wrote them.
fn join(path: &str, stream_key: &str) -> String {
    match (path.is_empty(), stream_key.is_empty()) {
        (true, _) => stream_key.to_owned(),
        (_, true) => path.to_owned(),
        _ => format!("{path}/{stream_key}"),
    }
}

/// The path and query of `rtmp://host:port/path?query`.
fn path_of(tc_url: &str) -> &str {
    let behind_scheme = tc_url.split_once("://").map_or("", |(_, rest)| rest);
    behind_scheme.split_once('/').map_or("", |(_, path)| path)
}

/// Segments between `/`, `%2F` and `%2f`. Empty ones keep their place: they say "not given".
fn split_path(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(path);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((at, width)) = first_separator(text) else {
            rest = None;
            return Some(text);
        };
        rest = text.get(at + width..);
        text.get(..at)
    })
}

fn first_separator(text: &str) -> Option<(usize, usize)> {
    let plain = text.find('/').map(|at| (at, 1));
    let encoded = ["%2F", "%2f"].into_iter().filter_map(|mark| text.find(mark)).min().map(|at| (at, 3));
    plain.into_iter().chain(encoded).min()
}

/// Drops separators at both ends: `app` may end with a slash, and a second one may begin the key's part.
fn without_separators(text: &str) -> &str {
    let mut text = text;
    while let Some((0, width)) = first_separator(text) {
        text = text.get(width..).unwrap_or_default();
    }
    loop {
        let shorter = ["/", "%2F", "%2f"].into_iter().find_map(|mark| text.strip_suffix(mark));
        match shorter {
            // A slash that ends a query's value belongs to the value.
            Some(shorter) if !text.contains('?') => text = shorter,
            _ => return text,
        }
    }
}

fn insert_query(credentials: &mut Credentials, query: &str) {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        credentials.insert(&decode(key), &decode(value));
    }
}

/// One percent-decoding. A value without `%` stays as it is: encoders send what the user typed, so that a `+` is a
/// plus and not a blank as it would be in a form.
fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Application, stream id, token, subscriber id, code.
    type Row = (&'static str, &'static str, Option<&'static str>, Option<&'static str>, Option<&'static str>);

    fn assert_reads(app: &str, tc_url: &str, key: &str, (application, id, token, subscriber, code): Row) {
        let read = StreamAddress::read(app, tc_url, key);
        let secret = |value: &Option<sluice_contract::Secret<String>>| value.as_ref().map(|v| v.expose().clone());
        let seen = (
            read.application.as_str(),
            read.stream_id.as_str(),
            secret(&read.credentials.token),
            read.credentials.subscriber_id.clone(),
            secret(&read.credentials.subscriber_code),
        );
        let wanted =
            (application, id, token.map(str::to_owned), subscriber.map(str::to_owned), code.map(str::to_owned));
        assert_eq!(seen, wanted, "app {app:?}, tcUrl {tc_url:?}, key {key:?}");
    }

    #[test]
    fn every_documented_form_is_read() {
        let plain: Row = ("LiveApp", "s1", None, None, None);
        let token: Row = ("LiveApp", "s1", Some("T"), None, None);
        let totp: Row = ("LiveApp", "s1", None, Some("A"), Some("123456"));
        let all: Row = ("LiveApp", "s1", Some("T"), Some("A"), Some("123456"));
        let table: &[(&str, &str, Row)] = &[
            ("LiveApp", "s1", plain),
            ("LiveApp/", "s1", plain),
            ("/LiveApp", "/s1", plain),
            ("LiveApp", "s1?", plain),
            ("LiveApp", "s1?token=T", token),
            ("LiveApp", "s1?subscriberId=A&subscriberCode=123456", totp),
            ("LiveApp", "s1?token=T&subscriberId=A&subscriberCode=123456", all),
            // By place, in one piece (OBS, and addresses of two segments in ffmpeg).
            ("LiveApp", "s1/T", token),
            ("LiveApp", "s1/T/A/123456", all),
            ("LiveApp", "s1//A/123456", totp),
            ("LiveApp", "s1/T//", token),
            ("LiveApp", "s1%2FT%2FA%2F123456", all),
            ("LiveApp", "s1%2fT%2fA%2f123456", all),
            ("LiveApp", "s1/T%2FA/123456", all),
            ("LiveApp", "s1/T?subscriberId=A&subscriberCode=123456", all),
            // ffmpeg takes two segments for the application, GStreamer all but the last.
            ("LiveApp/s1", "T", token),
            ("LiveApp/s1", "T/A/123456", all),
            ("LiveApp/s1/T/A", "123456", all),
            ("LiveApp%2Fs1", "T", token),
            ("LiveApp/s1", "", plain),
            ("LiveApp/s1/", "", plain),
            ("LiveApp/s1/T", "?subscriberId=A&subscriberCode=123456", all),
            // Queries of the application.
            ("LiveApp?token=T", "s1", token),
            ("LiveApp?token=T", "s1?subscriberId=A&subscriberCode=123456", all),
            ("LiveApp?token=other", "s1?token=T", token),
            ("LiveApp/s1?token=T", "", token),
        ];
        for (app, key, row) in table {
            assert_reads(app, "", key, *row);
            assert_reads(app, &format!("rtmp://media.example:1935/{}", app.trim_start_matches('/')), key, *row);
        }
    }

    #[test]
    fn a_token_survives_a_cut_at_its_own_slash() {
        // What ffmpeg makes of rtmp://host/LiveApp/s1?token=ab/cd=&subscriberId=A.
        assert_reads(
            "LiveApp/s1?token=ab",
            "rtmp://host/LiveApp/s1?token=ab",
            "cd=&subscriberId=A",
            ("LiveApp", "s1", Some("ab/cd="), Some("A"), None),
        );
    }

    #[test]
    fn the_connection_address_fills_in_what_app_leaves_out() {
        assert_reads("LiveApp", "rtmp://host/LiveApp?token=T", "s1", ("LiveApp", "s1", Some("T"), None, None));
        assert_reads("", "rtmp://host:1935/LiveApp?token=T", "s1", ("LiveApp", "s1", Some("T"), None, None));
        assert_reads("", "rtmp://host/LiveApp/s1", "T", ("LiveApp", "s1", Some("T"), None, None));
        assert_reads("", "rtmp://host", "s1", ("", "s1", None, None, None));
        assert_reads("", "", "", ("", "", None, None, None));
    }

    #[test]
    fn values_count_as_typed_or_decoded_once() {
        for (typed, meant) in [("a+b", "a+b"), ("user%40x.org", "user@x.org"), ("a%2525", "a%25"), ("%zz", "%zz")] {
            let read = StreamAddress::read("a", "", &format!("s?subscriberId={typed}"));
            assert_eq!(read.credentials.subscriber_id.as_deref(), Some(meant));
        }
    }

    #[test]
    fn further_keys_are_kept_for_webhooks() {
        let read = StreamAddress::read("a", "", "s?mainTrack=room&streamName=n&metaData=%7B%7D");
        let extra: Vec<_> = read.credentials.extra.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(extra, [("mainTrack", "room"), ("metaData", "{}"), ("streamName", "n")]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(app in ".{0,60}", tc_url in ".{0,60}", key in ".{0,60}") {
            StreamAddress::read(&app, &tc_url, &key);
        }

        #[test]
        fn the_place_of_the_cut_does_not_matter(
            parts in prop::collection::vec("[a-z0-9]{1,6}", 2..5), cut in any::<prop::sample::Index>(),
        ) {
            let cut = 1 + cut.index(parts.len());
            let whole = StreamAddress::read(&parts[0], "", &parts[1..].join("/"));
            let (app, key) = parts.split_at(cut.min(parts.len()));
            prop_assert_eq!(StreamAddress::read(&app.join("/"), "", &key.join("/")), whole);
        }
    }
}
