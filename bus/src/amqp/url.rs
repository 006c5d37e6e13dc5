//! The address of a broker, as settings write it: `amqp://user:password@host:5672/%2Fsluice?heartbeat=5`.

use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use sluice_contract::Secret;

/// Where the broker is, and as whom to speak to it. `Display` and `Debug` show no password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusUrl {
    /// `amqps`: the connection is encrypted, and the broker's certificate checked.
    pub tls: bool,
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Secret<String>,
    pub vhost: String,
    /// Silence of twice this time is a dead link.
    pub heartbeat_seconds: u16,
}

/// What is wrong with a [`BusUrl`]. Nothing of the address itself is in here: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusUrlError {
    #[error("the address of the bus must begin with amqp:// or amqps://")]
    Scheme,
    #[error("the address of the bus names no user and password; write amqp://USER:PASSWORD@HOST/VHOST")]
    Credentials,
    #[error("the address of the bus names no host")]
    Host,
    #[error("the port in the address of the bus is no number from 1 to 65535")]
    Port,
    #[error("the vhost in the address of the bus is empty or has a slash that is not written %2F")]
    Vhost,
    #[error("the address of the bus holds a % that begins no UTF-8 character")]
    Encoding,
    #[error("the address of the bus has a parameter other than heartbeat=SECONDS (1 to 60)")]
    Parameter,
}

impl FromStr for BusUrl {
    type Err = BusUrlError;

    fn from_str(text: &str) -> Result<Self, BusUrlError> {
        let (scheme, rest) = text.trim().split_once("://").ok_or(BusUrlError::Scheme)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "amqp" => false,
            "amqps" => true,
            _ => return Err(BusUrlError::Scheme),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, vhost) = match rest.split_once('/') {
            Some((authority, vhost)) => (authority, decode(vhost)?),
            None => (rest, "/".to_owned()),
        };
        if vhost.is_empty() || rest.matches('/').count() > 1 {
            return Err(BusUrlError::Vhost);
        }
        let (credentials, address) = authority.rsplit_once('@').ok_or(BusUrlError::Credentials)?;
        let (user, password) = credentials.split_once(':').ok_or(BusUrlError::Credentials)?;
        if user.is_empty() {
            return Err(BusUrlError::Credentials);
        }
        let (host, port) = host_and_port(address)?;
        Ok(Self {
            tls,
            host,
            port: port.unwrap_or(if tls { 5671 } else { 5672 }),
            user: decode(user)?,
            password: Secret::new(decode(password)?),
            vhost,
            heartbeat_seconds: heartbeat(query)?,
        })
    }
}

/// Without the password.
impl fmt::Display for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "amqps" } else { "amqp" };
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        let vhost = self.vhost.replace('/', "%2F");
        write!(f, "{scheme}://{}@{open}{}{close}:{}/{vhost}", self.user, self.host, self.port)
    }
}

fn host_and_port(address: &str) -> Result<(String, Option<u16>), BusUrlError> {
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(BusUrlError::Host)?;
            (host, port.strip_prefix(':'))
        }
        None => match address.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (address, None),
        },
    };
    if host.is_empty() {
        return Err(BusUrlError::Host);
    }
    let port = port.map(|port| port.parse().ok().filter(|port| *port != 0).ok_or(BusUrlError::Port)).transpose()?;
    Ok((host.to_owned(), port))
}

fn heartbeat(query: &str) -> Result<u16, BusUrlError> {
    let mut heartbeat = DEFAULT_HEARTBEAT_SECONDS;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let seconds = parameter.strip_prefix("heartbeat=").ok_or(BusUrlError::Parameter)?;
        heartbeat = seconds.parse().ok().filter(|s| (1..=60).contains(s)).ok_or(BusUrlError::Parameter)?;
    }
    Ok(heartbeat)
}

fn decode(text: &str) -> Result<String, BusUrlError> {
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| BusUrlError::Encoding)
}

/// A frozen broker is given up after twice this time.
const DEFAULT_HEARTBEAT_SECONDS: u16 = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_defaults_and_escapes() {
        let url: BusUrl = "amqp://sluice-api:a%40b:c@broker/%2Fsluice".parse().expect("valid");
        assert_eq!((url.host.as_str(), url.port, url.vhost.as_str()), ("broker", 5672, "/sluice"));
        assert_eq!((url.user.as_str(), url.password.expose().as_str()), ("sluice-api", "a@b:c"));
        let url: BusUrl = "amqps://u:p@[::1]?heartbeat=9".parse().expect("valid");
        assert_eq!((url.tls, url.host.as_str(), url.port, url.vhost.as_str()), (true, "::1", 5671, "/"));
        assert_eq!(url.heartbeat_seconds, 9);
    }

    #[test]
    fn a_wrong_address_is_told_without_repeating_it() {
        for (text, error) in [
            ("broker:5672", BusUrlError::Scheme),
            ("http://u:mysecret@broker", BusUrlError::Scheme),
            ("amqp://broker/x", BusUrlError::Credentials),
            ("amqp://u@broker/x", BusUrlError::Credentials),
            ("amqp://u:mysecret@/x", BusUrlError::Host),
            ("amqp://u:mysecret@broker:0/x", BusUrlError::Port),
            ("amqp://u:mysecret@broker:x/x", BusUrlError::Port),
            ("amqp://u:mysecret@broker/", BusUrlError::Vhost),
            ("amqp://u:mysecret@broker//sluice", BusUrlError::Vhost),
            ("amqp://u:mysecret@broker/%ff", BusUrlError::Encoding),
            ("amqp://u:mysecret@broker/x?heartbeat=0", BusUrlError::Parameter),
            ("amqp://u:mysecret@broker/x?verify=none", BusUrlError::Parameter),
        ] {
            let found = text.parse::<BusUrl>().expect_err(text);
            assert_eq!(found, error, "{text}");
            assert!(!found.to_string().contains("mysecret"));
        }
    }

    #[test]
    fn an_address_is_shown_without_its_password() {
        let url: BusUrl = "amqps://u:mysecret@[::1]:99/%2Fsluice".parse().expect("valid");
        assert_eq!(url.to_string(), "amqps://u@[::1]:99/%2Fsluice");
        assert!(!format!("{url:?}").contains("mysecret"));
    }
}
