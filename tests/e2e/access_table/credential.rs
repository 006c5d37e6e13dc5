//! The lines of each mode: what somebody may bring.

/// How good a credential is. What a mode has no such thing of is left out (`rules`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    None,
    Wrong,
    Right,
    Expired,
    /// Right for another stream of the same application.
    OtherStreams,
    /// Right for the other of publishing and playing.
    OtherRoles,
    /// Right, but its subscriber is blocked.
    Blocked,
    /// Right, and used before from another address.
    Replayed,
}

impl Credential {
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Wrong,
        Self::Right,
        Self::Expired,
        Self::OtherStreams,
        Self::OtherRoles,
        Self::Blocked,
        Self::Replayed,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Wrong => "wrong",
            Self::Right => "right",
            Self::Expired => "expired",
            Self::OtherStreams => "other stream's",
            Self::OtherRoles => "other role's",
            Self::Blocked => "right, but blocked",
            Self::Replayed => "replayed",
        }
    }
}
