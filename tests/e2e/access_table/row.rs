//! The rows: a mode or a combination, how it is switched on, and how each credential of it is made.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::column::{Column, Shown};
use super::credential::Credential;
use crate::harness::{Operation, Setup, code, code_of, jwt, now, sha256_hex};

/// A mode, or a combination of modes, in an application of its own.
pub struct Row {
    pub title: &'static str,
    pub application: &'static str,
    /// Which settings it stands for, as the page tells them.
    pub settings: Value,
    token: Token,
    codes: Codes,
    registered_only: bool,
    varies: Varies,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    None,
    OneTime,
    Hash,
    Jwt,
    /// What the back end of `webhook` knows.
    Webhook,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Codes {
    None,
    Registered,
    Derived,
}

/// Which part of a combination the credential is about; the others stay right.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Varies {
    Token,
    Code,
    Registration,
    Network,
}

/// Where nothing keeps anybody out, any token will do.
const OPEN: Row = Row {
    title: "Everything off",
    application: "Open",
    settings: Value::Null,
    token: Token::None,
    codes: Codes::None,
    registered_only: false,
    varies: Varies::Token,
};

/// All rows. `webhook` is the address of a back end that is asked.
pub fn rows(webhook: &str) -> Vec<Row> {
    let asks = json!({"webhookAuthenticateURL": webhook, "webhookPlayAuthUrl": webhook});
    let hash =
        json!({"hashControlPublishEnabled": true, "hashControlPlayEnabled": true, "tokenHashSecret": HASH_SECRET});
    let one_time = json!({"publishTokenControlEnabled": true, "playTokenControlEnabled": true});
    let codes = json!({"enableTimeTokenForPublish": true, "enableTimeTokenForPlay": true});
    let derived = json!({"timeTokenSecretForPublish": PUBLISH_SECRET, "timeTokenSecretForPlay": PLAY_SECRET});
    let registered = json!({"acceptOnlyStreamsInDataStore": true});
    let networks = json!({"allowedPublisherCIDR": ALLOWED_NETWORK});
    let jwts =
        json!({"publishJwtControlEnabled": true, "playJwtControlEnabled": true, "jwtStreamSecretKey": JWT_SECRET});
    vec![
        OPEN,
        Row {
            title: "One-time token",
            application: "OneTime",
            settings: one_time.clone(),
            token: Token::OneTime,
            ..OPEN
        },
        Row { title: "Hash", application: "Hash", settings: hash.clone(), token: Token::Hash, ..OPEN },
        Row { title: "JWT", application: "Jwt", settings: jwts, token: Token::Jwt, ..OPEN },
        Row { title: "Webhook", application: "Webhook", settings: asks.clone(), token: Token::Webhook, ..OPEN },
        Row {
            title: "Webhook and time-based code: the webhook's answer varies",
            application: "WebhookAndCode",
            settings: both(&asks, &codes),
            token: Token::Webhook,
            codes: Codes::Registered,
            ..OPEN
        },
        Row {
            title: "Time-based code, registered subscriber",
            application: "Codes",
            settings: codes.clone(),
            codes: Codes::Registered,
            varies: Varies::Code,
            ..OPEN
        },
        Row {
            title: "Time-based code, derived",
            application: "Derived",
            settings: both(&codes, &derived),
            codes: Codes::Derived,
            varies: Varies::Code,
            ..OPEN
        },
        Row {
            title: "Time-based code by the older switch",
            application: "Older",
            settings: json!({"timeTokenSubscriberOnly": true}),
            codes: Codes::Registered,
            varies: Varies::Code,
            ..OPEN
        },
        Row {
            title: "Registered streams only",
            application: "Registered",
            settings: registered.clone(),
            registered_only: true,
            varies: Varies::Registration,
            ..OPEN
        },
        Row {
            title: "Publisher networks",
            application: "Networks",
            settings: networks.clone(),
            varies: Varies::Network,
            ..OPEN
        },
        Row {
            title: "Hash and time-based code: the hash varies",
            application: "HashAndCode",
            settings: both(&hash, &codes),
            token: Token::Hash,
            codes: Codes::Registered,
            ..OPEN
        },
        Row {
            title: "Hash and time-based code: the code varies",
            application: "CodeAndHash",
            settings: both(&hash, &codes),
            token: Token::Hash,
            codes: Codes::Registered,
            varies: Varies::Code,
            ..OPEN
        },
        Row {
            title: "Registered streams and subscribers only, time-based code",
            application: "RegisteredCodes",
            settings: both(&registered, &codes),
            codes: Codes::Registered,
            registered_only: true,
            varies: Varies::Code,
            ..OPEN
        },
        Row {
            title: "Registered streams only, derived code of an unregistered subscriber",
            application: "RegisteredDerived",
            settings: both(&both(&registered, &codes), &derived),
            codes: Codes::Derived,
            registered_only: true,
            varies: Varies::Code,
            ..OPEN
        },
        Row {
            title: "Publisher networks and one-time token: the token varies",
            application: "NetworksAndToken",
            settings: both(&networks, &one_time),
            token: Token::OneTime,
            ..OPEN
        },
        Row {
            title: "Publisher networks and one-time token: the network varies",
            application: "TokenAndNetworks",
            settings: both(&networks, &one_time),
            token: Token::OneTime,
            varies: Varies::Network,
            ..OPEN
        },
    ]
}

fn both(one: &Value, other: &Value) -> Value {
    let mut all = one.clone();
    for (name, value) in other.as_object().expect("settings") {
        all[name] = value.clone();
    }
    all
}

impl Row {
    /// Makes the credential for one cell. `number` tells the cells apart: each has a stream to publish, a subscriber and
    /// two addresses of its own.
    pub async fn show(&self, setup: &Setup, column: Column, credential: Credential, number: u16) -> Shown {
        let operation = column.operation();
        let stream = match operation {
            Operation::Publish => format!("p{number}"),
            Operation::Play => LIVE.to_owned(),
        };
        let unregistered = self.varies == Varies::Registration && credential == Credential::None;
        if self.registered_only && operation == Operation::Publish && !unregistered {
            setup.broadcast(&stream, json!({})).await;
        }
        let subscriber = format!("person{number}");
        let mut credentials = Vec::new();
        let of = |part: Varies| if self.varies == part { credential } else { Credential::Right };
        if let Some(token) = self.token(setup, &stream, operation, of(Varies::Token)).await {
            credentials.push(("token", token));
        }
        if let Some(code) = self.code(setup, &stream, &subscriber, operation, of(Varies::Code)).await {
            credentials.push(("subscriberId", subscriber.clone()));
            credentials.push(("subscriberCode", code));
        } else if credential == Credential::Blocked {
            credentials.push(("subscriberId", subscriber.clone()));
        }
        if credential == Credential::Blocked {
            setup.block(&stream, &subscriber, 3_600, operation).await;
        }
        let outside = of(Varies::Network) == Credential::Wrong;
        Shown { stream, credentials, from: address(number, !outside) }
    }

    async fn token(&self, setup: &Setup, stream: &str, operation: Operation, credential: Credential) -> Option<String> {
        if credential == Credential::None {
            return None;
        }
        let stream = if credential == Credential::OtherStreams { "another" } else { stream };
        let role = if credential == Credential::OtherRoles { operation.other() } else { operation };
        let (is_wrong, is_expired) = (credential == Credential::Wrong, credential == Credential::Expired);
        match self.token {
            Token::None => is_wrong.then(|| "anything".to_owned()),
            Token::OneTime if is_wrong => Some("0123456789abcdef0123456789ABCDEF".to_owned()),
            Token::OneTime => {
                let expires = if is_expired { now() - 10 } else { now() + 3_600 };
                Some(setup.token(stream, role, expires).await)
            }
            Token::Webhook => {
                let word = if is_wrong {
                    "wrong"
                } else if is_expired {
                    "expired"
                } else {
                    "right"
                };
                Some(format!("{word}-{stream}-{}", role.word()))
            }
            Token::Hash => {
                // A hash ends when the secret changes.
                let secret = if is_wrong || is_expired { "the_secret_of_before" } else { HASH_SECRET };
                Some(sha256_hex(&format!("{stream}{}{secret}", role.word())))
            }
            Token::Jwt => {
                let secret = if is_wrong { "another-secret-of-32-characters!" } else { JWT_SECRET };
                let expires = if is_expired { now() - 10 } else { now() + 3_600 };
                Some(jwt(secret, &json!({"streamId": stream, "type": role.word(), "exp": expires})))
            }
        }
    }

    async fn code(
        &self,
        setup: &Setup,
        stream: &str,
        subscriber: &str,
        operation: Operation,
        credential: Credential,
    ) -> Option<String> {
        if credential == Credential::None || self.codes == Codes::None {
            return None;
        }
        let role = if credential == Credential::OtherRoles { operation.other() } else { operation };
        let steps = if credential == Credential::Expired { -3 } else { 0 };
        let right = if self.codes == Codes::Registered {
            setup.subscriber(stream, subscriber, Some(SECRET), Some(role)).await;
            match credential {
                Credential::OtherStreams => {
                    setup.subscriber("another", subscriber, Some(OTHER_SECRET), Some(role)).await;
                    code(OTHER_SECRET, PERIOD, 0)
                }
                _ => code(SECRET, PERIOD, steps),
            }
        } else {
            let stream = if credential == Credential::OtherStreams { "another" } else { stream };
            let secret = if role == Operation::Publish { PUBLISH_SECRET } else { PLAY_SECRET };
            let mut key = format!("{secret}{subscriber}{stream}{}", role.word());
            while key.len() % 8 != 0 {
                key.push('X');
            }
            code_of(key.as_bytes(), PERIOD, now().checked_add_signed(steps * 60).expect("a time"))
        };
        let is_wrong = credential == Credential::Wrong;
        Some(if is_wrong { next_number(&right) } else { right })
    }
}

/// A code that is right for no step nearby, but by a chance of one in hundreds of thousands.
fn next_number(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().expect("digits") + 1) % 1_000_000)
}

/// The address of a cell, in the allowed network or outside of it.
pub fn address(number: u16, inside: bool) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    IpAddr::from([127, if inside { 64 } else { 65 }, high + 1, low])
}

/// Where a used credential is shown again.
pub fn another_address(number: u16) -> IpAddr {
    let [high, low] = number.to_be_bytes();
    IpAddr::from([127, 64, high + 101, low])
}

/// The stream of each application that is on the air.
pub const LIVE: &str = "live";
const ALLOWED_NETWORK: &str = "127.64.0.0/16";
const HASH_SECRET: &str = "this_is_secret";
const JWT_SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
const PUBLISH_SECRET: &str = "pubSecret1";
const PLAY_SECRET: &str = "playSecret";
const SECRET: &str = "6qsp6qhndryqs56zjmvs37i6gqtjsdvc";
const OTHER_SECRET: &str = "mysecret";
/// The step of codes, seconds.
const PERIOD: u64 = 60;
