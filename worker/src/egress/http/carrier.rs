//! How a ticket travels: as `st` in the query of every address, and in one cookie per stream.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use sluice_contract::UnixTime;

use crate::StreamKey;

/// The first `st` of a query, if it has content.
pub(super) fn in_query(query: &str) -> Option<&str> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("st="));
    // Some players put the query of the page behind ours, question mark included.
    let value = value.map(|value| value.split_once('?').map_or(value, |(ours, _)| ours));
    value.filter(|ticket| !ticket.is_empty())
}

/// The query of every address that a manifest names.
pub(super) fn query_of(ticket: Option<&str>) -> String {
    ticket.map_or_else(String::new, |ticket| format!("st={ticket}"))
}

/// The cookie of one stream.
pub(super) fn in_cookie<'a>(headers: &'a HeaderMap, key: &StreamKey) -> Option<&'a str> {
    // Most players without cookies never come here with the header; the name is worth a hash only if they do.
    headers.contains_key(COOKIE).then(|| name(key)).and_then(|name| {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    })
}

/// `Set-Cookie` for one stream. On HTTPS the cookie also travels to pages of other sites (`SameSite=None` needs
/// `Secure`); it opens one stream for reading and nothing else.
pub(super) fn set_cookie(key: &StreamKey, ticket: &str, until: UnixTime, now: UnixTime, secure: bool) -> String {
    let name = name(key);
    let application = &key.application;
    let seconds = until.millis_since(now).max(0) / 1_000;
    let site = if secure { "None; Secure" } else { "Lax" };
    format!("{name}={ticket}; Path=/{application}/streams; Max-Age={seconds}; HttpOnly; SameSite={site}")
}

fn name(key: &StreamKey) -> String {
    let digest = Sha256::digest(key.to_string().as_bytes());
    let [a, b, c, d, ..]: [u8; 32] = digest.into();
    format!("sluice-{}", HEXLOWER.encode(&[a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(stream: &str) -> StreamKey {
        StreamKey { application: "LiveApp".parse().unwrap(), stream_id: stream.parse().unwrap() }
    }

    fn cookies(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, line.parse().unwrap())).collect()
    }

    #[test]
    fn a_ticket_is_found_in_query_and_cookie() {
        assert_eq!(in_query("token=x&st=abc&st=def"), Some("abc"));
        assert_eq!(in_query("st=&xst=abc"), None);
        assert_eq!(in_query("st=abc?token=x"), Some("abc"));
        let (one, two) = (name(&key("one")), name(&key("two")));
        assert_ne!(one, two);
        let headers = cookies(&[&format!("a=b; {one}=first"), &format!("{two}=second;c")]);
        assert_eq!(in_cookie(&headers, &key("one")), Some("first"));
        assert_eq!(in_cookie(&headers, &key("two")), Some("second"));
        assert_eq!(in_cookie(&headers, &key("three")), None);
    }

    #[test]
    fn the_cookie_stays_with_its_application_and_away_from_scripts() {
        let (now, until) = (UnixTime::from_secs(10), UnixTime::from_secs(70));
        let plain = set_cookie(&key("s"), "T", until, now, false);
        assert!(plain.ends_with("=T; Path=/LiveApp/streams; Max-Age=60; HttpOnly; SameSite=Lax"), "{plain}");
        assert!(set_cookie(&key("s"), "T", until, now, true).ends_with("SameSite=None; Secure"));
    }
}
