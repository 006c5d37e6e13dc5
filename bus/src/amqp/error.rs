//! Why there is no link to the broker. One variant per remedy.

use std::fmt;

use lapin::ErrorKind;

use super::rights::Rights;
use super::url::BusUrl;

/// What stands between us and the broker. No variant holds the password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Start the broker, or correct the host, port or firewall.
    #[error("no broker can be reached at {at}: {cause}")]
    Unreachable { at: String, cause: String },
    /// Trust the broker's authority with `bus_ca`, or correct the host name or the broker's certificate.
    #[error("the broker at {at} cannot be trusted: {cause}")]
    Tls { at: String, cause: String },
    /// Correct the port, or write `amqps` for a broker that encrypts.
    #[error("what answers at {at} does not speak AMQP 0-9-1 here (a wrong port, or amqp where amqps is meant?)")]
    NotAmqp { at: String },
    /// Correct the user or the password.
    #[error("the broker at {at} does not accept the password of user {user:?}")]
    Refused { at: String, user: String },
    /// Make the vhost, or correct its name.
    #[error("the broker at {at} has no vhost {vhost:?}")]
    NoVhost { at: String, vhost: String },
    /// Grant the user rights in the vhost.
    #[error("user {user:?} has no rights in vhost {vhost:?}; {remedy}")]
    VhostForbidden { user: String, vhost: String, remedy: String },
    /// Grant the user the right that it lacks.
    #[error("user {user:?} lacks the right to {right} in vhost {vhost:?}; {remedy}")]
    Forbidden { user: String, vhost: String, right: Right, remedy: String },
    /// Delete what stands in the way.
    #[error("{what} is there with other properties than Sluice needs; delete it ({text})")]
    OtherProperties { what: String, text: String },
    /// Start an API; it prepares the broker.
    #[error("no API has prepared the broker yet: {what} is missing")]
    NotPrepared { what: String },
    /// The file of trusted authorities is not one.
    #[error("the file of trusted certificates holds none that can be read")]
    NoAuthority,
    /// Whatever the broker says.
    #[error("the broker at {at} refuses: {text}")]
    Broker { at: String, text: String },
}

impl ConnectError {
    /// True when trying again cannot help until somebody changes settings here or at the broker.
    pub const fn is_permanent(&self) -> bool {
        !matches!(self, Self::Unreachable { .. } | Self::NotPrepared { .. } | Self::Broker { .. })
    }
}

/// A right that is lacking, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    pub verb: Verb,
    pub what: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Configure,
    Write,
    Read,
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.verb {
            Verb::Configure => "configure",
            Verb::Write => "write to",
            Verb::Read => "read from",
        };
        write!(f, "{verb} {}", self.what)
    }
}

impl Right {
    pub(super) fn configure(what: impl Into<String>) -> Self {
        Self { verb: Verb::Configure, what: what.into() }
    }

    pub(super) fn write(what: impl Into<String>) -> Self {
        Self { verb: Verb::Write, what: what.into() }
    }

    pub(super) fn read(what: impl Into<String>) -> Self {
        Self { verb: Verb::Read, what: what.into() }
    }
}

/// Whom the errors are about.
#[derive(Clone)]
pub(super) struct Context {
    pub url: BusUrl,
    pub rights: Rights,
}

impl Context {
    /// An error of the handshake.
    pub fn opening(&self, error: &lapin::Error) -> ConnectError {
        let at = self.at();
        match error.kind() {
            ErrorKind::ProtocolError(refusal) => {
                let text = refusal.get_message().to_string();
                let (user, vhost) = (self.url.user.clone(), self.url.vhost.clone());
                match refusal.get_id() {
                    ACCESS_REFUSED => ConnectError::Refused { at, user },
                    NOT_ALLOWED if text.contains("not found") => ConnectError::NoVhost { at, vhost },
                    NOT_ALLOWED if text.contains("access to vhost") => {
                        ConnectError::VhostForbidden { user, vhost, remedy: self.remedy() }
                    }
                    _ => ConnectError::Broker { at, text },
                }
            }
            ErrorKind::InvalidProtocolVersion(_) | ErrorKind::ParsingError(_) => ConnectError::NotAmqp { at },
            _ => ConnectError::Unreachable {
                at,
                cause: "the connection ended before AMQP began (the broker is starting, or expects TLS)".to_owned(),
            },
        }
    }

    /// An error of an operation that needs `right`.
    pub fn using(&self, error: &lapin::Error, right: Right) -> ConnectError {
        let ErrorKind::ProtocolError(refusal) = error.kind() else {
            return ConnectError::Unreachable { at: self.at(), cause: error.to_string() };
        };
        let text = refusal.get_message().to_string();
        match refusal.get_id() {
            ACCESS_REFUSED => ConnectError::Forbidden {
                user: self.url.user.clone(),
                vhost: self.url.vhost.clone(),
                right,
                remedy: self.remedy(),
            },
            NOT_FOUND => ConnectError::NotPrepared { what: right.what },
            PRECONDITION_FAILED => ConnectError::OtherProperties { what: right.what, text },
            _ => ConnectError::Broker { at: self.at(), text },
        }
    }

    pub fn unreachable(&self, cause: impl Into<String>) -> ConnectError {
        ConnectError::Unreachable { at: self.at(), cause: cause.into() }
    }

    /// Host and port.
    pub fn at(&self) -> String {
        format!("{}:{}", self.url.host, self.url.port)
    }

    fn remedy(&self) -> String {
        let (vhost, user) = (&self.url.vhost, &self.url.user);
        let Rights { configure, write, read } = self.rights;
        format!("grant it: rabbitmqctl set_permissions -p '{vhost}' '{user}' '{configure}' '{write}' '{read}'")
    }
}

/// AMQP 0-9-1 §1.2.1, reply codes.
const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;
