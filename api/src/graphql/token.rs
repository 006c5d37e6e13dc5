//! Credentials that are handed out: one-time tokens and stream JWTs.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use sluice_contract::{Secret, UnixTime};

use super::broadcast::Broadcast;
use super::caller::Caller;
use super::connection::connection;
use super::enums::{Operation, ReasonCode, TokenStatus};
use super::failure::{Answer, Problem, parse_at, payload, settle};
use super::id::GlobalId;
use super::scalar::{DateTime, int};
use crate::manage::{self, ManageError, NewToken, ProblemCode, Spending, TokenCheck};

/// A one-time token: it admits one client once. The token itself is shown when it is created and by `revealToken`.
pub struct Token {
    pub application: manage::Application,
    pub record: manage::Token,
}

/// A one-time token: it admits one client once. The token itself is shown when it is created and by `revealToken`.
#[Object]
impl Token {
    /// The global id, for caches, `node` and `revokeTokens`. It is not the token.
    pub async fn id(&self) -> ID {
        GlobalId::Token(self.application.name.clone(), self.record.id).encode()
    }

    /// The application of the stream.
    async fn application(&self) -> super::application::Application {
        super::application::Application(self.application.clone())
    }

    /// The stream that it opens, as people name it.
    async fn stream_id(&self) -> &str {
        self.record.stream_id.as_str()
    }

    /// The stream's record; null if there is none.
    async fn broadcast(&self, ctx: &Context<'_>) -> Option<Answer<Broadcast>> {
        Broadcast::load(ctx, &self.application.name, &self.record.stream_id).await
    }

    /// What it admits to.
    async fn operation(&self) -> Operation {
        self.record.operation.into()
    }

    /// What it is good for now.
    async fn status(&self) -> TokenStatus {
        self.record.status.into()
    }

    /// The last four characters of the token, to tell tokens apart.
    async fn hint(&self) -> String {
        self.record.hint()
    }

    /// The conference room whose members it opens, as often as one likes; null for none.
    async fn room_id(&self) -> Option<&str> {
        self.record.room_id.as_deref()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.record.created_at.into()
    }

    /// Who made it: an e-mail or the name of an API key; null when nobody wrote that down.
    async fn created_by(&self) -> Option<&str> {
        self.record.created_by.as_deref()
    }

    /// It admits nobody from this time on.
    async fn expires_at(&self) -> DateTime {
        self.record.expires_at.into()
    }

    /// Until when it is held for the client that asked first; null unless it is reserved.
    async fn reserved_until(&self) -> Option<DateTime> {
        self.record.reserved_until.map(Into::into)
    }

    /// When it was spent; null if it was not.
    async fn spent_at(&self) -> Option<DateTime> {
        self.record.spent_at.map(Into::into)
    }

    /// Which client holds or spent it: its address, and for HTTP players its software. Null if none, or if it was
    /// spent by `validateToken`.
    async fn client(&self) -> Option<&str> {
        self.record.client.as_deref()
    }
}

connection! {
    /// One page of tokens, in order of creation.
    TokenConnection,
    /// A token with its place in the list.
    TokenEdge,
    Token
}

/// Which tokens to list.
#[derive(InputObject, Default)]
pub struct TokenFilter {
    /// Those that admit to this alone.
    operation: Option<Operation>,
    /// Of this status alone.
    status: Option<TokenStatus>,
}

impl From<TokenFilter> for manage::TokenFilter {
    fn from(filter: TokenFilter) -> Self {
        Self { operation: filter.operation.map(Into::into), status: filter.status.map(Into::into), unspent: false }
    }
}

/// What `createToken` takes.
#[derive(InputObject)]
pub struct CreateTokenInput {
    /// The application's name.
    application: String,
    /// The stream; it need not have a record yet.
    stream_id: String,
    /// What the token admits to.
    operation: Operation,
    /// The token admits nobody from this time on.
    expires_at: DateTime,
    /// The conference room whose members it opens.
    room_id: Option<String>,
}

/// What `createStreamJwt` takes.
#[derive(InputObject)]
pub struct CreateStreamJwtInput {
    /// The application's name. Its setting `jwtStreamSecretKey` signs.
    application: String,
    /// The stream; it need not have a record yet.
    stream_id: String,
    /// What the JWT admits to.
    operation: Operation,
    /// The JWT admits nobody from this time on. Whole seconds.
    expires_at: DateTime,
    /// The conference room whose members it opens.
    room_id: Option<String>,
}

/// What `revealToken` takes.
#[derive(InputObject)]
pub struct RevealTokenInput {
    /// The application's name.
    application: String,
    /// The token's global id.
    id: ID,
}

/// What `revokeTokens` takes.
#[derive(InputObject)]
pub struct RevokeTokensInput {
    /// The application's name.
    application: String,
    /// The stream.
    stream_id: String,
    /// The global ids of the tokens, at most 250. Left out: all of the stream.
    #[graphql(validator(max_items = 250))]
    ids: Option<Vec<ID>>,
}

/// What `validateToken` takes.
#[derive(InputObject)]
pub struct ValidateTokenInput {
    /// The application's name.
    application: String,
    /// The stream that somebody wants to enter with it.
    stream_id: String,
    /// What they want to do there.
    operation: Operation,
    /// The token that they show.
    #[graphql(secret)]
    token: String,
    /// The conference room that they want to enter.
    room_id: Option<String>,
    /// Use the token up if it is valid, as the gate would: for a door of your own. Otherwise nothing is changed.
    #[graphql(default)]
    spend: bool,
}

/// The new token.
#[derive(Default, SimpleObject)]
pub struct CreateTokenPayload {
    /// The token's record; null if none was created.
    token: Option<Token>,
    /// The token itself, for `?token=…`. Later only `revealToken` shows it.
    secret: Option<String>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// The new JWT. The server keeps no copy: it cannot be listed or revoked, only the key changed.
#[derive(Default, SimpleObject)]
pub struct CreateStreamJwtPayload {
    /// The JWT, for `?token=…`; null if none was made.
    jwt: Option<String>,
    /// When it ends.
    expires_at: Option<DateTime>,
    /// Why none was made; empty if it was.
    problems: Vec<Problem>,
}

/// A token in clear.
#[derive(Default, SimpleObject)]
pub struct RevealTokenPayload {
    /// The token's record; null if nothing is shown.
    token: Option<Token>,
    /// The token itself.
    secret: Option<String>,
    /// Why nothing is shown; empty if it is.
    problems: Vec<Problem>,
}

/// What the revocation did. Whoever was admitted by a token before stays connected.
#[derive(Default, SimpleObject)]
pub struct RevokeTokensPayload {
    /// How many tokens admit nobody any more.
    revoked_count: i32,
    /// Their global ids; empty when all of the stream were revoked.
    revoked_ids: Vec<ID>,
    /// Why the rest was not revoked; empty if everything was.
    problems: Vec<Problem>,
}

/// What the gate would say to a token.
#[derive(Default, SimpleObject)]
pub struct ValidateTokenPayload {
    /// Whether it admits.
    valid: bool,
    /// Whether this very call spent it.
    spent: bool,
    /// Why it does not admit; null if it does.
    reason: Option<ReasonCode>,
    /// The token's record as it stands now; null if there is no such token.
    token: Option<Token>,
    /// Why it was not checked; empty if it was.
    problems: Vec<Problem>,
}

payload!(CreateTokenPayload, CreateStreamJwtPayload, RevealTokenPayload, RevokeTokensPayload, ValidateTokenPayload);

fn new_token(
    stream_id: &str,
    operation: Operation,
    at: DateTime,
    room_id: Option<String>,
) -> manage::Outcome<NewToken> {
    Ok(NewToken {
        stream_id: parse_at("streamId", stream_id)?,
        operation: operation.into(),
        expires_at: at.0,
        room_id: room_id.filter(|room| !room.is_empty()),
    })
}

#[derive(Default)]
pub struct TokenMutation;

#[Object]
impl TokenMutation {
    /// Makes a one-time token. Needs the operator role.
    async fn create_token(&self, ctx: &Context<'_>, input: CreateTokenInput) -> Answer<CreateTokenPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let new = new_token(&input.stream_id, input.operation, input.expires_at, input.room_id)?;
                let record = caller.api().create_token(&application, new).await?;
                let secret = Some(record.token.expose().clone());
                Ok(CreateTokenPayload { token: Some(Token { application, record }), secret, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Signs a JWT that admits to one stream as often as its bearer likes, until it expires. Needs the operator role.
    async fn create_stream_jwt(
        &self,
        ctx: &Context<'_>,
        input: CreateStreamJwtInput,
    ) -> Answer<CreateStreamJwtPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let new = new_token(&input.stream_id, input.operation, input.expires_at, input.room_id)?;
                let jwt = caller.api().create_stream_jwt(&application, &new)?;
                let expires_at = UnixTime::from_secs(new.expires_at.as_secs());
                Ok(CreateStreamJwtPayload {
                    jwt: Some(jwt.expose().clone()),
                    expires_at: Some(expires_at.into()),
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }

    /// Shows a one-time token again. That it was shown, and to whom, is recorded in the audit. Needs the operator role.
    async fn reveal_token(&self, ctx: &Context<'_>, input: RevealTokenInput) -> Answer<RevealTokenPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let id = token_id("id", &input.id, &application)?;
                let record = caller.api().reveal_token(&application, id).await?;
                let secret = Some(record.token.expose().clone());
                Ok(RevealTokenPayload { token: Some(Token { application, record }), secret, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Makes one-time tokens of a stream worthless. Each is tried by itself. Needs the operator role.
    async fn revoke_tokens(&self, ctx: &Context<'_>, input: RevokeTokensInput) -> Answer<RevokeTokensPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let stream_id = parse_at("streamId", &input.stream_id)?;
                let Some(ids) = input.ids else {
                    let revoked = caller.api().delete_tokens(&application, &stream_id).await?;
                    return Ok(RevokeTokensPayload { revoked_count: int(revoked), ..RevokeTokensPayload::default() });
                };
                let mut payload = RevokeTokensPayload::default();
                for (index, id) in ids.into_iter().enumerate() {
                    let path = format!("ids.{index}");
                    let revoke = async {
                        let token = token_id(&path, &id, &application)?;
                        caller.api().delete_token(&application, &stream_id, token).await
                    };
                    match revoke.await {
                        Ok(()) => payload.revoked_ids.push(id),
                        Err(ManageError::Problem(problem)) if problem.code != ProblemCode::Forbidden => {
                            payload.problems.push(problem.at(path).into());
                        }
                        Err(error) => return Err(error),
                    }
                }
                payload.revoked_count = int(payload.revoked_ids.len());
                Ok(payload)
            }
            .await,
        )
    }

    /// Says whether the gate would accept a one-time token, and spends it if you ask for that. Needs the operator role.
    async fn validate_token(&self, ctx: &Context<'_>, input: ValidateTokenInput) -> Answer<ValidateTokenPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let application = caller.application(&input.application).await?;
                let check = TokenCheck {
                    token: Secret::new(input.token),
                    stream_id: parse_at("streamId", &input.stream_id)?,
                    operation: input.operation.into(),
                    room_id: input.room_id,
                };
                let spending = if input.spend { Spending::Spend } else { Spending::Keep };
                let answer = caller.api().check_token(&application, &check, spending).await?;
                Ok(ValidateTokenPayload {
                    valid: answer.admits(),
                    spent: answer.spent,
                    reason: answer.refusal.and_then(|reason| ReasonCode::of(reason.code())),
                    token: answer.token.map(|record| Token { application, record }),
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }
}

fn token_id(path: &str, id: &ID, application: &manage::Application) -> manage::Outcome<uuid::Uuid> {
    match GlobalId::decode(id) {
        Some(GlobalId::Token(name, id)) if name == application.name => Ok(id),
        _ => Err(ManageError::problem_at(ProblemCode::NotFound, path, "the application has no token of this id")),
    }
}
