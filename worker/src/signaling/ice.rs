//! The STUN or TURN server that an application names to its clients.

use axum::http::HeaderValue;
use sluice_contract::message::WebrtcRules;

use crate::webrtc::engine::{Candidate, LocalTransport, Transport};

/// How much a client may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nobody has let it in: a TURN server would relay for strangers.
    Stranger,
    Admitted,
}

/// The address and, for TURN, user name and credential; `None` when there is nothing to tell, or not to this client.
pub(super) fn server(rules: &WebrtcRules, trust: Trust) -> Option<(&str, Option<(&str, &str)>)> {
    let uri = rules.stun_server_uri.trim();
    match uri.split_once(':') {
        Some(("stun", _)) => Some((uri, None)),
        Some(("turn" | "turns", _)) if trust == Trust::Admitted => {
            Some((uri, Some((&rules.turn_server_username, rules.turn_server_credential.expose()))))
        }
        _ => None,
    }
}

/// True for a server that strangers are not told of.
pub(super) fn needs_trust(rules: &WebrtcRules) -> bool {
    server(rules, Trust::Stranger).is_none() && server(rules, Trust::Admitted).is_some()
}

/// Our side as clients of the application are told of it.
pub(super) fn told(local: &LocalTransport, rules: &WebrtcRules) -> LocalTransport {
    let is_told = |candidate: &&Candidate| rules.tcp_candidates || candidate.transport == Transport::Udp;
    LocalTransport { candidates: local.candidates.iter().filter(is_told).copied().collect(), ..local.clone() }
}

/// The `Link` header of WHIP and WHEP (RFC 9725 §4.6).
pub(super) fn link(rules: &WebrtcRules, trust: Trust) -> Option<HeaderValue> {
    let (uri, login) = server(rules, trust)?;
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\"\\".contains(&b));
    let mut value = format!("<{uri}>; rel=\"ice-server\"");
    if let Some((username, credential)) = login {
        // What cannot stand between quotes is better left out than told wrong.
        if !(plain(username) && plain(credential)) {
            return None;
        }
        value
            .push_str(&format!("; username=\"{username}\"; credential=\"{credential}\"; credential-type=\"password\""));
    }
    HeaderValue::try_from(value).ok().filter(|_| plain(uri)).map(|mut value| {
        value.set_sensitive(login.is_some());
        value
    })
}

#[cfg(test)]
mod tests {
    use sluice_contract::Secret;

    use super::*;

    fn rules(uri: &str) -> WebrtcRules {
        WebrtcRules {
            stun_server_uri: uri.to_owned(),
            turn_server_username: "user".to_owned(),
            turn_server_credential: Secret::from("pass"),
            ..WebrtcRules::default()
        }
    }

    #[test]
    fn tcp_is_told_where_the_application_wants_it() {
        let candidate = |transport| Candidate { transport, address: "192.0.2.1:5000".parse().unwrap(), priority: 1 };
        let local = LocalTransport {
            ufrag: String::new(),
            pwd: Secret::default(),
            fingerprint: [0; 32],
            candidates: [candidate(Transport::Udp), candidate(Transport::Tcp)].into(),
        };
        for (tcp_candidates, count) in [(false, 1), (true, 2)] {
            let rules = WebrtcRules { tcp_candidates, ..WebrtcRules::default() };
            assert_eq!(told(&local, &rules).candidates.len(), count);
        }
    }

    #[test]
    fn a_relay_is_told_only_to_whom_the_gate_let_in() {
        for (uri, stranger, admitted) in [
            ("stun:s.example:3478", Some("<stun:s.example:3478>; rel=\"ice-server\""), None),
            (
                "turn:t.example",
                None,
                Some(
                    "<turn:t.example>; rel=\"ice-server\"; username=\"user\"; credential=\"pass\"; \
                     credential-type=\"password\"",
                ),
            ),
            ("", None, None),
            ("http://x", None, None),
            ("stun:a\"b", None, None),
        ] {
            let text = |trust| link(&rules(uri), trust).map(|value| value.to_str().unwrap().to_owned());
            assert_eq!(text(Trust::Stranger).as_deref(), stranger, "{uri}");
            assert_eq!(text(Trust::Admitted).as_deref(), admitted.or(stranger), "{uri}");
            assert_eq!(needs_trust(&rules(uri)), uri.starts_with("turn"));
        }
    }
}
