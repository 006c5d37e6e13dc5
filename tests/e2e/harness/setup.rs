//! One application, set up over either face: what holds when one of them was used must hold for the other.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Rest, Server};

/// The two ways to manage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    Rest,
    Graph,
}

impl Face {
    pub const BOTH: [Self; 2] = [Self::Rest, Self::Graph];
}

/// What a credential is for, as the faces write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Publish,
    Play,
}

impl Operation {
    /// In REST, hashes, JWTs and derived secrets.
    pub fn word(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Play => "play",
        }
    }

    /// In GraphQL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Play => "PLAY",
        }
    }

    pub fn other(self) -> Self {
        match self {
            Self::Publish => Self::Play,
            Self::Play => Self::Publish,
        }
    }
}

/// An application of its own, managed over one face.
#[derive(Clone)]
pub struct Setup {
    face: Face,
    pub application: String,
    rest: Rest,
}

impl Setup {
    /// Creates the application.
    pub async fn create(server: &Server, face: Face, application: &str) -> Self {
        let rest = server.rest();
        let setup = Self { face, application: application.to_owned(), rest };
        match face {
            Face::Rest => {
                let answer = setup.rest.post(&format!("/rest/v2/applications/{application}"), json!({})).await;
                assert_eq!(answer["success"], true, "{answer}");
            }
            Face::Graph => {
                setup.mutate("createApplication", "application { name }", json!({"name": application})).await;
            }
        }
        setup
    }

    /// Changes settings; the others stay.
    pub async fn settings(&self, changes: Value) {
        match self.face {
            Face::Rest => self.rest.set(&self.application, changes).await,
            Face::Graph => {
                let input = json!({"settings": changes});
                self.change("updateApplicationSettings", "application { name }", input).await;
            }
        }
    }

    /// Tries to change settings, and returns what was said against it.
    pub async fn refused_settings(&self, changes: Value) -> String {
        match self.face {
            Face::Rest => {
                let path = format!("/rest/v2/applications/settings/{}", self.application);
                let mut settings = self.rest.json(&path).await;
                for (name, value) in changes.as_object().expect("an object of changes") {
                    settings[name] = value.clone();
                }
                let answer = self.rest.post(&path, settings).await;
                assert_eq!(answer["success"], false, "{answer}");
                answer["message"].as_str().unwrap_or_default().to_owned()
            }
            Face::Graph => {
                let input = json!({"application": self.application, "settings": changes});
                let payload = self.call("updateApplicationSettings", "application { name }", input).await;
                assert!(payload["application"].is_null(), "{payload}");
                payload["problems"][0]["message"].as_str().expect("a problem").to_owned()
            }
        }
    }

    /// Creates the record of a stream. The fields are called as in GraphQL, but for REST's times.
    pub async fn broadcast(&self, stream: &str, fields: Value) {
        let mut body = fields;
        body["streamId"] = json!(stream);
        match self.face {
            Face::Rest => {
                for (graph, rest) in [("expireDurationMs", "expireDurationMS"), ("mainTrack", "mainTrackStreamId")] {
                    if let Some(value) = body.as_object_mut().and_then(|body| body.remove(graph)) {
                        body[rest] = value;
                    }
                }
                let path = format!("/{}/rest/v2/broadcasts/create", self.application);
                let answer = self.rest.post(&path, body).await;
                assert_eq!(answer["streamId"], stream, "{answer}");
            }
            Face::Graph => {
                for (rest, graph) in [("plannedStartDate", "plannedStart"), ("plannedEndDate", "plannedEnd")] {
                    if let Some(seconds) = body.as_object_mut().and_then(|body| body.remove(rest)) {
                        body[graph] = json!(date_time(seconds.as_i64().expect("seconds")));
                    }
                }
                self.change("createBroadcast", "broadcast { streamId }", body).await;
            }
        }
    }

    /// Registers a subscriber; without a secret its codes derive from the application's.
    pub async fn subscriber(&self, stream: &str, id: &str, secret: Option<&str>, operation: Option<Operation>) {
        match self.face {
            Face::Rest => {
                let kind = operation.map(Operation::word);
                let body = json!({"subscriberId": id, "b32Secret": secret, "type": kind});
                let path = format!("/{}/rest/v2/broadcasts/{stream}/subscribers", self.application);
                let answer = self.rest.post(&path, body).await;
                assert_eq!(answer["success"], true, "{answer}");
            }
            Face::Graph => {
                let kind = operation.map(Operation::name);
                let input = json!({"streamId": stream, "subscriberId": id, "b32Secret": secret, "type": kind});
                self.change("createSubscriber", "subscriber { subscriberId }", input).await;
            }
        }
    }

    /// The code that the server would make for a subscriber now.
    pub async fn code(&self, stream: &str, id: &str, operation: Operation) -> String {
        let answer = match self.face {
            Face::Rest => {
                let (application, kind) = (&self.application, operation.word());
                let path = format!("/{application}/rest/v2/broadcasts/{stream}/subscribers/{id}/totp?type={kind}");
                self.rest.json(&path).await["dataId"].clone()
            }
            Face::Graph => {
                let input = json!({"streamId": stream, "subscriberId": id, "operation": operation.name()});
                self.change("generateCode", "code", input).await["code"].clone()
            }
        };
        answer.as_str().expect("a code").to_owned()
    }

    /// A one-time token that ends at a time in unix seconds.
    pub async fn token(&self, stream: &str, operation: Operation, expires: u64) -> String {
        self.room_token(stream, operation, expires, None).await
    }

    /// The same for the members of a room.
    pub async fn room_token(&self, stream: &str, operation: Operation, expires: u64, room: Option<&str>) -> String {
        match self.face {
            Face::Rest => self.rest_token("token", stream, operation, expires, room).await,
            Face::Graph => {
                let input = token_input(stream, operation, expires, room);
                let payload = self.change("createToken", "secret", input).await;
                payload["secret"].as_str().expect("a token").to_owned()
            }
        }
    }

    /// A JWT of the server's own making.
    pub async fn jwt(&self, stream: &str, operation: Operation, expires: u64) -> String {
        match self.face {
            Face::Rest => self.rest_token("jwt-token", stream, operation, expires, None).await,
            Face::Graph => {
                let input = token_input(stream, operation, expires, None);
                let payload = self.change("createStreamJwt", "jwt", input).await;
                payload["jwt"].as_str().expect("a JWT").to_owned()
            }
        }
    }

    async fn rest_token(
        &self,
        kind: &str,
        stream: &str,
        operation: Operation,
        expires: u64,
        room: Option<&str>,
    ) -> String {
        let (application, operation) = (&self.application, operation.word());
        let room = room.map(|room| format!("&roomId={room}")).unwrap_or_default();
        let path =
            format!("/{application}/rest/v2/broadcasts/{stream}/{kind}?expireDate={expires}&type={operation}{room}");
        let answer = self.rest.json(&path).await;
        answer["tokenId"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    /// Blocks for `seconds`; 0 lifts the block.
    pub async fn block(&self, stream: &str, id: &str, seconds: i64, operation: Operation) {
        match self.face {
            Face::Rest => self.rest.block(&self.application, stream, id, seconds, operation.word()).await,
            Face::Graph => {
                let (name, seconds) = (operation.name(), seconds);
                let input = json!({"streamId": stream, "subscriberId": id, "seconds": seconds, "operation": name});
                self.change("blockSubscriber", "workersAcknowledged", input).await;
            }
        }
    }

    /// Waits until nobody publishes the stream any more, so that somebody else may.
    pub async fn off_air(&self, stream: &str) {
        let path = format!("/{}/rest/v2/broadcasts/{stream}", self.application);
        super::eventually(&format!("{path} is off the air"), || async {
            let answer = self.rest.get(&path).await;
            if answer.status() == 404 {
                return Some(());
            }
            let record: Value = answer.json().await.expect("a record");
            let on_air = ["broadcasting", "preparing"].iter().any(|status| record["status"] == *status);
            (!on_air).then_some(())
        })
        .await;
    }

    /// A mutation about this application; problems fail the test.
    async fn change(&self, mutation: &str, fields: &str, mut input: Value) -> Value {
        input["application"] = json!(self.application);
        self.mutate(mutation, fields, input).await
    }

    async fn mutate(&self, mutation: &str, fields: &str, input: Value) -> Value {
        let payload = self.call(mutation, fields, input).await;
        assert_eq!(payload["problems"], json!([]), "{mutation}: {payload}");
        payload
    }

    async fn call(&self, mutation: &str, fields: &str, input: Value) -> Value {
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query = format!(
            "mutation Do($input: {kind}!) {{ {mutation}(input: $input) {{ {fields} problems {{ code message }} }} }}"
        );
        self.rest.graphql(&query, json!({"input": input})).await[mutation].clone()
    }
}

fn token_input(stream: &str, operation: Operation, expires: u64, room: Option<&str>) -> Value {
    let expires = date_time(i64::try_from(expires).expect("a time"));
    json!({"streamId": stream, "operation": operation.name(), "expiresAt": expires, "roomId": room})
}

/// Unix time in seconds.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Unix seconds as RFC 3339 in UTC.
fn date_time(seconds: i64) -> String {
    // Days since 1 March of the year 0, in eras of 400 years (146 097 days).
    let days = seconds.div_euclid(86_400) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, turned) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let second = seconds.rem_euclid(86_400);
    format!(
        "{:04}-{month:02}-{of_month:02}T{:02}:{:02}:{:02}Z",
        year + era * 400 + turned,
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

#[test]
fn times_are_written_as_the_standard_says() {
    assert_eq!(date_time(0), "1970-01-01T00:00:00Z");
    assert_eq!(date_time(951_782_400), "2000-02-29T00:00:00Z");
    assert_eq!(date_time(1_700_000_000), "2023-11-14T22:13:20Z");
}
