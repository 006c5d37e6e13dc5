//! What must come of each cell, written down by hand and not derived from anything: `in`, the reason of a refusal, or
//! `-` where the mode knows no such credential.

use super::credential::Credential;
use crate::harness::Operation;

const IN: &str = "in";
const NO_SUCH: &str = "-";

/// Title of the mode; then for publishing and for playing, in the order of [`Credential::ALL`].
type Rule = (&'static str, [&'static str; 8], [&'static str; 8]);

#[rustfmt::skip]
const RULES: [Rule; 17] = [
    // Mode, and what is varied.
    //          none                   wrong                  right       expired                other stream's
    //          other role's           blocked                replayed
    ("Everything off",
        [IN,                    IN,                    NO_SUCH,    NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             IN],
        [IN,                    IN,                    NO_SUCH,    NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             IN]),
    ("One-time token",
        ["token-missing",       "token-invalid",       IN,         "token-expired",       "token-invalid",
         "token-invalid",       "blocked",             "token-spent"],
        ["token-missing",       "token-invalid",       IN,         "token-expired",       "token-invalid",
         "token-invalid",       "blocked",             "token-spent"]),
    ("Hash",
        ["hash-invalid",        "hash-invalid",        IN,         "hash-invalid",        "hash-invalid",
         "hash-invalid",        "blocked",             IN],
        ["hash-invalid",        "hash-invalid",        IN,         "hash-invalid",        "hash-invalid",
         "hash-invalid",        "blocked",             IN]),
    ("JWT",
        ["jwt-missing",         "jwt-invalid",         IN,         "jwt-expired",         "jwt-invalid",
         "jwt-invalid",         "blocked",             IN],
        ["jwt-missing",         "jwt-invalid",         IN,         "jwt-expired",         "jwt-invalid",
         "jwt-invalid",         "blocked",             IN]),
    ("Webhook",
        ["webhook-refused",     "webhook-refused",     IN,         "webhook-refused",     "webhook-refused",
         "webhook-refused",     "blocked",             IN],
        ["webhook-refused",     "webhook-refused",     IN,         "webhook-refused",     "webhook-refused",
         "webhook-refused",     "blocked",             IN]),
    ("Webhook and time-based code: the webhook's answer varies",
        ["webhook-refused",     "webhook-refused",     IN,         "webhook-refused",     "webhook-refused",
         "webhook-refused",     "blocked",             "code-replayed"],
        ["webhook-refused",     "webhook-refused",     IN,         "webhook-refused",     "webhook-refused",
         "webhook-refused",     "blocked",             "code-replayed"]),
    ("Time-based code, registered subscriber",
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         "subscriber-type-mismatch", "blocked",        "code-replayed"],
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         IN,                    "blocked",             "code-replayed"]),
    ("Time-based code, derived",
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         "code-invalid",        "blocked",             "code-replayed"],
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         IN,                    "blocked",             "code-replayed"]),
    ("Time-based code by the older switch",
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         "subscriber-type-mismatch", "blocked",        "code-replayed"],
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         IN,                    "blocked",             "code-replayed"]),
    ("Registered streams only",
        ["unregistered-stream", NO_SUCH,               IN,         NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             IN],
        [NO_SUCH,               NO_SUCH,               IN,         NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             IN]),
    ("Publisher networks",
        [NO_SUCH,               "address-not-allowed", IN,         NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             NO_SUCH],
        [NO_SUCH,               IN,                    IN,         NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             NO_SUCH]),
    ("Hash and time-based code: the hash varies",
        ["hash-invalid",        "hash-invalid",        IN,         "hash-invalid",        "hash-invalid",
         "hash-invalid",        "blocked",             "code-replayed"],
        ["hash-invalid",        "hash-invalid",        IN,         "hash-invalid",        "hash-invalid",
         "hash-invalid",        "blocked",             "code-replayed"]),
    ("Hash and time-based code: the code varies",
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         "subscriber-type-mismatch", "blocked",        "code-replayed"],
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         IN,                    "blocked",             "code-replayed"]),
    ("Registered streams and subscribers only, time-based code",
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         "subscriber-type-mismatch", "blocked",        "code-replayed"],
        ["code-missing",        "code-invalid",        IN,         "code-invalid",        "code-invalid",
         IN,                    "blocked",             "code-replayed"]),
    ("Registered streams only, derived code of an unregistered subscriber",
        ["code-missing",        "subscriber-unknown",  "subscriber-unknown", "subscriber-unknown", "subscriber-unknown",
         "subscriber-unknown",  "blocked",             "subscriber-unknown"],
        ["code-missing",        "subscriber-unknown",  "subscriber-unknown", "subscriber-unknown", "subscriber-unknown",
         "subscriber-unknown",  "blocked",             "subscriber-unknown"]),
    ("Publisher networks and one-time token: the token varies",
        ["token-missing",       "token-invalid",       IN,         "token-expired",       "token-invalid",
         "token-invalid",       "blocked",             "token-spent"],
        ["token-missing",       "token-invalid",       IN,         "token-expired",       "token-invalid",
         "token-invalid",       "blocked",             "token-spent"]),
    ("Publisher networks and one-time token: the network varies",
        [NO_SUCH,               "address-not-allowed", IN,         NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             NO_SUCH],
        [NO_SUCH,               IN,                    IN,         NO_SUCH,               NO_SUCH,
         NO_SUCH,               "blocked",             NO_SUCH]),
];

/// What must come of a cell: `Ok` for in, the reason otherwise; `None` if there is no such cell.
pub fn expected(mode: &str, operation: Operation, credential: Credential) -> Option<Result<(), &'static str>> {
    let (_, publish, play) = RULES.iter().find(|(title, ..)| *title == mode).expect("a rule for every mode");
    let row = if operation == Operation::Publish { publish } else { play };
    let at = Credential::ALL.iter().position(|other| *other == credential).expect("one of them");
    match row[at] {
        NO_SUCH => None,
        IN => Some(Ok(())),
        reason => Some(Err(reason)),
    }
}
