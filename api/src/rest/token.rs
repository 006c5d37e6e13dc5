//! One-time tokens and JWTs (`rest-v2` §4). Neither needs the broadcast to exist, nor its mode to be on.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use sluice_contract::{Operation, Secret, UnixTime};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::InApplication;
use super::answer::{Answer, Failure, Rest};
use super::extract::{JsonBody, Parameters, PathOf, Stream, StreamPage};
use super::lenient;
use crate::Api;
use crate::manage::{NewToken, Spending, Token, TokenCheck};

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create_token))
        .routes(routes!(create_jwt))
        .routes(routes!(validate_token))
        .routes(routes!(delete_tokens))
        .routes(routes!(list_tokens))
}

/// A token for one stream and one operation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
#[serde(rename_all = "camelCase")]
struct TokenObject {
    token_id: String,
    stream_id: String,
    /// Unix time in seconds.
    expire_date: i64,
    /// `publish` or `play`.
    #[serde(rename = "type")]
    kind: &'static str,
    room_id: Option<String>,
}

impl From<Token> for TokenObject {
    fn from(token: Token) -> Self {
        Self {
            token_id: token.token.expose().clone(),
            stream_id: token.stream_id.to_string(),
            expire_date: token.expires_at.as_secs(),
            kind: token.operation.as_str(),
            room_id: token.room_id,
        }
    }
}

/// A token that somebody presented. Unknown fields are ignored.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct TokenInput {
    #[serde(deserialize_with = "lenient::text")]
    token_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    stream_id: Option<String>,
    /// `publish` or `play`.
    #[serde(rename = "type", deserialize_with = "lenient::text")]
    kind: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    room_id: Option<String>,
}

impl TokenInput {
    /// `None` for what can be no token of any stream.
    fn into_check(self) -> Option<TokenCheck> {
        Some(TokenCheck {
            token: Secret::new(self.token_id?),
            stream_id: self.stream_id?.trim().parse().ok()?,
            operation: Operation::parse(&self.kind?)?,
            room_id: self.room_id,
        })
    }
}

/// Create a one-time token
///
/// It admits one client once. The time may lie in the past; such a token admits nobody.
#[utoipa::path(
    get, path = "/broadcasts/{id}/token", tag = "tokens",
    params(
        ("expireDate" = i64, Query, description = "Unix time in seconds", minimum = 1),
        ("type" = String, Query, description = "`publish` or `play`"),
        ("roomId" = Option<String>, Query, description = "Conference room that the token is for"),
    ),
    responses((status = 200, body = TokenObject), (status = 400, description = "What is missing or wrong", body = Answer)),
)]
async fn create_token(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
    parameters: Parameters,
) -> Rest<Json<TokenObject>> {
    let new = new_token(&stream, &parameters)?;
    let token = api.create_token(&application, new).await.map_err(|error| Failure::from(error).bad_request())?;
    Ok(Json(token.into()))
}

/// Create a JWT
///
/// It admits as often as its bearer likes until its time. `jwtStreamSecretKey` must have 32 characters or more.
#[utoipa::path(
    get, path = "/broadcasts/{id}/jwt-token", tag = "tokens",
    params(
        ("expireDate" = i64, Query, description = "Unix time in seconds", minimum = 1),
        ("type" = String, Query, description = "`publish` or `play`"),
        ("roomId" = Option<String>, Query, description = "Conference room that the token is for"),
    ),
    responses((status = 200, body = TokenObject), (status = 400, description = "What is missing or wrong", body = Answer)),
)]
async fn create_jwt(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
    parameters: Parameters,
) -> Rest<Json<TokenObject>> {
    let new = new_token(&stream, &parameters)?;
    let jwt = api.create_stream_jwt(&application, &new).map_err(|error| Failure::from(error).bad_request())?;
    Ok(Json(TokenObject {
        token_id: jwt.expose().clone(),
        stream_id: new.stream_id.to_string(),
        expire_date: new.expires_at.as_secs(),
        kind: new.operation.as_str(),
        room_id: new.room_id,
    }))
}

/// Check a one-time token, and spend it
///
/// A token of a conference room, presented for that room, is not spent.
#[utoipa::path(
    post, path = "/broadcasts/validate-token", tag = "tokens",
    request_body(content = TokenInput, content_type = "application/json"),
    responses((status = 200, description = "`success` is true if it admits", body = Answer)),
)]
async fn validate_token(
    State(api): State<Api>,
    InApplication(application): InApplication,
    JsonBody(token): JsonBody<TokenInput>,
) -> Rest<Answer> {
    match token.unwrap_or_default().into_check() {
        Some(check) => Ok(Answer::of(api.check_token(&application, &check, Spending::Spend).await?.admits())),
        None => Ok(Answer::of(false)),
    }
}

/// The checks that one-time tokens and JWTs share, in the documented order.
fn new_token(stream: &Stream, parameters: &Parameters) -> Rest<NewToken> {
    let expires = parameters.integer("expireDate")?.filter(|seconds| *seconds > 0);
    let (Some(expires), Some(kind)) = (expires, parameters.filled("type")) else {
        return Err(bad("Define Stream ID, Token Type and Expire Date (unix time)"));
    };
    let operation =
        Operation::parse(kind).ok_or_else(|| bad("Invalid token type. Supported types are 'play' and 'publish'"))?;
    Ok(NewToken {
        stream_id: stream.required().map_err(Failure::bad_request)?,
        operation,
        expires_at: UnixTime::from_secs(expires),
        room_id: parameters.filled("roomId").map(str::to_owned),
    })
}

fn bad(text: &str) -> Failure {
    Failure::BadRequest(text.to_owned())
}

/// List the one-time tokens of a stream that are not spent
#[utoipa::path(
    get, path = "/broadcasts/{id}/tokens/list/{offset}/{size}", tag = "tokens",
    responses((status = 200, body = Vec<TokenObject>)),
)]
async fn list_tokens(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(page): PathOf<StreamPage>,
) -> Rest<Json<Vec<TokenObject>>> {
    let Some((stream_id, page)) = page.within() else { return Ok(Json(Vec::new())) };
    let slice = api.unspent_tokens(&application, &stream_id, page).await?;
    Ok(Json(slice.into_nodes().into_iter().map(TokenObject::from).collect()))
}

/// Revoke the one-time tokens of a stream
#[utoipa::path(
    delete, path = "/broadcasts/{id}/tokens", tag = "tokens",
    responses((status = 200, description = "`success` is true if there was one", body = Answer)),
)]
async fn delete_tokens(
    State(api): State<Api>,
    InApplication(application): InApplication,
    PathOf(stream): PathOf<Stream>,
) -> Rest<Answer> {
    Ok(Answer::of(api.delete_tokens(&application, &stream.required()?).await? > 0))
}
