//! What the two users of a broker may do: patterns for `rabbitmqctl set_permissions`, as least as they can be.
//! `scripts/rabbitmq-users` grants them.

/// Patterns of the names that a user may configure (declare, delete), write (publish to, bind) and read (consume from,
/// bind to).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    pub configure: &'static str,
    pub write: &'static str,
    pub read: &'static str,
}

/// An API declares everything that is shared, consumes what workers send, and publishes commands, notices and, through
/// the default exchange, replies.
pub const API: Rights = Rights {
    configure: r"^sluice\.(rpc|control|acks|events|reports|notices|queue\..+|api\..+)$",
    write: r"^(sluice\.(control|notices|queue\..+|api\..+)|amq\.default)$",
    read: r"^sluice\.(rpc|acks|events|reports|notices|queue\..+|api\..+)$",
};

/// A worker declares nothing but its own queue of commands. It cannot write to a queue that is not its own, and so not
/// answer anybody.
pub const WORKER: Rights = Rights {
    configure: r"^sluice\.worker\..+$",
    write: r"^sluice\.(rpc|acks|events|reports|worker\..+)$",
    read: r"^sluice\.(control|worker\..+)$",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_grants_these_rights() {
        let script = include_str!("../../../scripts/rabbitmq-users");
        for (user, rights) in [("api", API), ("worker", WORKER)] {
            for (right, pattern) in [("configure", rights.configure), ("write", rights.write), ("read", rights.read)] {
                let line = format!("{user}_{right}='{pattern}'");
                assert!(script.lines().any(|there| there == line), "{line}");
            }
        }
    }
}
