//! Keys with which machines manage.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::caller::Caller;
use super::connection::{connection, counter, map, page, page_cost, slice};
use super::failure::{Answer, Problem, payload, settle};
use super::id::GlobalId;
use super::scalar::DateTime;
use super::viewer::{Grant, GrantInput, grants};
use crate::manage::{self, Cursor, ManageError, ProblemCode};

/// A key with which a machine manages. The key itself is shown only once, when it is created.
pub struct ApiKey(pub manage::ApiKey);

/// A key with which a machine manages. The key itself is shown only once, when it is created.
#[Object]
impl ApiKey {
    /// The global id, for caches, `node` and `revokeApiKey`.
    pub async fn id(&self) -> ID {
        GlobalId::ApiKey(self.0.id).encode()
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// All of its roles.
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants.iter().cloned().map(Into::into).collect()
    }

    /// When it was created.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it ends; null for never.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(Into::into)
    }

    /// Who created it.
    async fn created_by(&self) -> &str {
        &self.0.created_by
    }
}

connection! {
    /// One page of API keys, in order of creation.
    ApiKeyConnection,
    /// An API key with its place in the list.
    ApiKeyEdge,
    ApiKey
}

/// What `createApiKey` takes.
#[derive(InputObject)]
pub struct CreateApiKeyInput {
    /// What it is for.
    name: String,
    /// Its roles; none beyond your own.
    #[graphql(validator(max_items = 250))]
    grants: Vec<GrantInput>,
    /// When it ends; never when left out.
    expires_at: Option<DateTime>,
}

/// What `revokeApiKey` takes.
#[derive(InputObject)]
pub struct RevokeApiKeyInput {
    /// The key's global id.
    id: ID,
}

/// The new API key.
#[derive(Default, SimpleObject)]
pub struct CreateApiKeyPayload {
    /// The key's record; null if none was created.
    api_key: Option<ApiKey>,
    /// The key itself, for the header `Authorization: Bearer …`. It is not shown again.
    secret: Option<String>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// What the revocation did.
#[derive(Default, SimpleObject)]
pub struct RevokeApiKeyPayload {
    /// The global id of the key that no longer counts; null if none was revoked.
    revoked_id: Option<ID>,
    /// Why none was revoked; empty if it was.
    problems: Vec<Problem>,
}

payload!(CreateApiKeyPayload, RevokeApiKeyPayload);

#[derive(Default)]
pub struct ApiKeyQuery;

#[Object]
impl ApiKeyQuery {
    /// Every API key. Needs the admin role over the server.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<ApiKeyConnection> {
        let caller = Caller::of(ctx)?;
        let page = page(first, after)?;
        let all = caller.api().api_keys(&caller.viewer()).await?;
        let total = all.len() as u64;
        let slice =
            slice(all, &page, |key| Cursor { id: key.id, key: Some(format!("{:020}", key.created_at.as_millis())) });
        Ok(ApiKeyConnection::new(map(slice, ApiKey), counter(move || async move { Ok(total) })))
    }
}

#[derive(Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Creates a key with which a machine manages. Its roles cannot pass your own.
    async fn create_api_key(&self, ctx: &Context<'_>, input: CreateApiKeyInput) -> Answer<CreateApiKeyPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let new = manage::NewApiKey {
                    name: input.name,
                    grants: grants(input.grants)?,
                    expires_at: input.expires_at.map(|time| time.0),
                };
                let created = caller.api().create_api_key(&caller.viewer(), new).await?;
                Ok(CreateApiKeyPayload {
                    api_key: Some(ApiKey(created.key)),
                    secret: Some(created.secret.expose().clone()),
                    problems: Vec::new(),
                })
            }
            .await,
        )
    }

    /// Revokes an API key. Needs the admin role over the server.
    async fn revoke_api_key(&self, ctx: &Context<'_>, input: RevokeApiKeyInput) -> Answer<RevokeApiKeyPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let Some(GlobalId::ApiKey(id)) = GlobalId::decode(&input.id) else {
                    let text = "there is no API key of this id";
                    return Err(ManageError::problem_at(ProblemCode::NotFound, "id", text));
                };
                caller.api().revoke_api_key(&caller.viewer(), id).await?;
                Ok(RevokeApiKeyPayload { revoked_id: Some(input.id), problems: Vec::new() })
            }
            .await,
        )
    }
}
