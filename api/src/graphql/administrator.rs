//! People and machines that manage: who one is, logins, accounts, API keys.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use axum::http::header::SET_COOKIE;
use sluice_contract::Secret;

use super::caller::Caller;
use super::connection::{connection, counter, map, page, page_cost, slice};
use super::enums::Role;
use super::failure::{Answer, Problem, parse_at, payload, settle};
use super::id::GlobalId;
use super::scalar::DateTime;
use crate::http::LOGIN_COOKIE;
use crate::manage::{self, AdministratorChanges, Cursor, Identity, ManageError, Outcome, ProblemCode, Scope};

/// Who is asking, as the server sees it.
pub struct Viewer(manage::Viewer);

/// Who is asking, as the server sees it.
#[Object]
impl Viewer {
    /// An e-mail, the name of an API key, or how you were recognised.
    async fn name(&self) -> &str {
        self.0.name()
    }

    /// How you were recognised.
    async fn kind(&self) -> ViewerKind {
        match self.0.identity() {
            Identity::Anonymous => ViewerKind::Anonymous,
            Identity::Local => ViewerKind::Local,
            Identity::Administrator { .. } => ViewerKind::Administrator,
            Identity::ApiKey { .. } => ViewerKind::ApiKey,
            Identity::ApplicationFilter => ViewerKind::ApplicationFilter,
        }
    }

    /// Your role over the whole server; null if you have none, or roles in single applications only.
    async fn role(&self) -> Option<Role> {
        self.0.system_role().map(Into::into)
    }

    /// All of your roles.
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants().iter().cloned().map(Into::into).collect()
    }

    /// The address that you come from.
    async fn address(&self) -> String {
        self.0.address().to_string()
    }
}

/// How somebody was recognised.
#[derive(Debug, async_graphql::Enum, Clone, Copy, PartialEq, Eq)]
pub enum ViewerKind {
    /// Not at all. An anonymous viewer may log in, and nothing else.
    Anonymous,
    /// The request came from the server's own machine.
    Local,
    /// Logged in.
    Administrator,
    /// By an API key.
    ApiKey,
    /// Let in by an application's own filter.
    ApplicationFilter,
}

/// A role, and where it holds.
#[derive(SimpleObject, Clone)]
pub struct Grant {
    /// The application's name; null for the whole server.
    application: Option<String>,
    /// The role.
    role: Role,
}

impl From<manage::Grant> for Grant {
    fn from(grant: manage::Grant) -> Self {
        let application = match grant.scope {
            Scope::System => None,
            Scope::Application(name) => Some(name.to_string()),
        };
        Self { application, role: grant.role.into() }
    }
}

/// A role to give, and where it holds.
#[derive(InputObject)]
pub struct GrantInput {
    /// The application's name; the whole server when left out.
    application: Option<String>,
    /// The role.
    role: Role,
}

fn grants(input: Vec<GrantInput>) -> Outcome<Vec<manage::Grant>> {
    let read = |(index, grant): (usize, GrantInput)| {
        let scope = match grant.application {
            None => Scope::System,
            Some(name) => Scope::Application(parse_at(&format!("grants.{index}.application"), &name)?),
        };
        Ok(manage::Grant { scope, role: grant.role.into() })
    };
    input.into_iter().enumerate().map(read).collect()
}

/// A person who manages.
pub struct Administrator(manage::Administrator);

/// A person who manages.
#[Object]
impl Administrator {
    /// The global id, for caches.
    async fn id(&self) -> ID {
        GlobalId::Administrator(self.0.id).encode()
    }

    /// The e-mail, with which one logs in.
    async fn email(&self) -> &str {
        &self.0.email
    }

    /// The first name; null if it was not given.
    async fn first_name(&self) -> Option<&str> {
        self.0.first_name.as_deref()
    }

    /// The last name; null if it was not given.
    async fn last_name(&self) -> Option<&str> {
        self.0.last_name.as_deref()
    }

    /// All roles.
    async fn grants(&self) -> Vec<Grant> {
        self.0.grants.iter().cloned().map(Into::into).collect()
    }

    /// When the account was created.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was last used to log in; null for never.
    async fn last_login_at(&self) -> Option<DateTime> {
        self.0.last_login_at.map(Into::into)
    }
}

connection! {
    /// One page of administrators, by e-mail.
    AdministratorConnection,
    /// An administrator with the place in the list.
    AdministratorEdge,
    Administrator
}

/// A key with which a machine manages. The key itself is shown only once, when it is created.
pub struct ApiKey(manage::ApiKey);

/// A key with which a machine manages. The key itself is shown only once, when it is created.
#[Object]
impl ApiKey {
    /// The global id.
    async fn id(&self) -> ID {
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

/// What `login` takes.
#[derive(InputObject)]
pub struct LoginInput {
    /// The e-mail.
    email: String,
    /// The password.
    #[graphql(secret)]
    password: String,
}

/// What `createFirstAdministrator` takes.
#[derive(InputObject)]
pub struct CreateFirstAdministratorInput {
    /// The e-mail, with which one logs in.
    email: String,
    /// The password.
    #[graphql(secret)]
    password: String,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The set-up code that the server printed into its log at start. Not needed on the server's own machine.
    #[graphql(secret)]
    setup_code: Option<String>,
}

/// What `createAdministrator` takes.
#[derive(InputObject)]
pub struct CreateAdministratorInput {
    /// The e-mail, with which one logs in.
    email: String,
    /// The password.
    #[graphql(secret)]
    password: String,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The roles.
    #[graphql(validator(max_items = 250))]
    grants: Vec<GrantInput>,
}

/// What `updateAdministrator` takes. What is left out stays as it is.
#[derive(InputObject)]
pub struct UpdateAdministratorInput {
    /// Whose account.
    email: String,
    /// A new password. It ends all logins of the account.
    #[graphql(secret)]
    password: Option<String>,
    /// The first name.
    first_name: Option<String>,
    /// The last name.
    last_name: Option<String>,
    /// The roles, all of them.
    #[graphql(validator(max_items = 250))]
    grants: Option<Vec<GrantInput>>,
}

/// What `deleteAdministrator` takes.
#[derive(InputObject)]
pub struct DeleteAdministratorInput {
    /// Whose account.
    email: String,
}

/// What `changePassword` takes.
#[derive(InputObject)]
pub struct ChangePasswordInput {
    /// The password until now.
    #[graphql(secret)]
    old_password: String,
    /// The password from now on.
    #[graphql(secret)]
    new_password: String,
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

/// A login.
#[derive(Default, SimpleObject)]
pub struct LoginPayload {
    /// For the header `Authorization: Bearer …`. Browsers also get it as an HttpOnly cookie. Null without a login.
    access_token: Option<String>,
    /// When the login ends.
    expires_at: Option<DateTime>,
    /// Who logged in.
    administrator: Option<Administrator>,
    /// Why there is no login; empty if there is.
    problems: Vec<Problem>,
}

/// The end of a login.
#[derive(Default, SimpleObject)]
pub struct LogoutPayload {
    /// Whether there was a login to end.
    logged_out: bool,
    /// Always empty.
    problems: Vec<Problem>,
}

/// The first administrator. The next step is `login`.
#[derive(Default, SimpleObject)]
pub struct CreateFirstAdministratorPayload {
    /// The account; null if none was created.
    administrator: Option<Administrator>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// The new administrator.
#[derive(Default, SimpleObject)]
pub struct CreateAdministratorPayload {
    /// The account; null if none was created.
    administrator: Option<Administrator>,
    /// Why none was created; empty if it was.
    problems: Vec<Problem>,
}

/// The account as it stands after the change.
#[derive(Default, SimpleObject)]
pub struct UpdateAdministratorPayload {
    /// The account; null if nothing was changed.
    administrator: Option<Administrator>,
    /// Why nothing was changed; empty if it was.
    problems: Vec<Problem>,
}

/// What the deletion did.
#[derive(Default, SimpleObject)]
pub struct DeleteAdministratorPayload {
    /// The e-mail of the account that is gone; null if none was deleted.
    deleted_email: Option<String>,
    /// Why none was deleted; empty if it was.
    problems: Vec<Problem>,
}

/// Whether the password was changed.
#[derive(Default, SimpleObject)]
pub struct ChangePasswordPayload {
    /// True when the new password counts. Your other logins have ended.
    changed: bool,
    /// Why it was not changed; empty if it was.
    problems: Vec<Problem>,
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

payload!(
    LoginPayload,
    LogoutPayload,
    CreateFirstAdministratorPayload,
    CreateAdministratorPayload,
    UpdateAdministratorPayload,
    DeleteAdministratorPayload,
    ChangePasswordPayload,
    CreateApiKeyPayload,
    RevokeApiKeyPayload,
);

#[derive(Default)]
pub struct AdministratorQuery;

#[Object]
impl AdministratorQuery {
    /// Who you are to the server, and what you may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Answer<Viewer> {
        Ok(Viewer(manage::Viewer::clone(&Caller::anybody(ctx)?.viewer())))
    }

    /// Everybody who manages. Needs the admin role over the server.
    #[graphql(complexity = "page_cost(first, child_complexity)")]
    async fn administrators(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Entries of the page, at most 250; 50 when left out.")] first: Option<i32>,
        #[graphql(desc = "The cursor behind which the page begins.")] after: Option<String>,
    ) -> Answer<AdministratorConnection> {
        let caller = Caller::of(ctx)?;
        let page = page(first, after)?;
        let all = caller.api().administrators(&caller.viewer()).await?;
        let total = all.len() as u64;
        let slice =
            slice(all, &page, |administrator| Cursor { id: administrator.id, key: Some(administrator.email.clone()) });
        Ok(AdministratorConnection::new(map(slice, Administrator), counter(move || async move { Ok(total) })))
    }

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
pub struct AdministratorMutation;

#[Object]
impl AdministratorMutation {
    /// Logs in. After three failures for an e-mail, further tries are refused for a while.
    async fn login(&self, ctx: &Context<'_>, input: LoginInput) -> Answer<LoginPayload> {
        let caller = Caller::anybody(ctx)?;
        let request = manage::LoginRequest {
            email: input.email,
            password: Secret::new(input.password),
            address: caller.viewer().address(),
        };
        let login = caller.api().login(request).await;
        if let Ok(login) = &login {
            let lasts_s = login.expires_at.millis_since(caller.api().now()) / 1_000;
            set_cookie(ctx, caller, login.access_token.expose(), lasts_s);
        }
        settle(login.map(|login| LoginPayload {
            access_token: Some(login.access_token.expose().clone()),
            expires_at: Some(login.expires_at.into()),
            administrator: Some(Administrator(login.administrator)),
            problems: Vec::new(),
        }))
    }

    /// Ends your login. Its token and cookie no longer count.
    async fn logout(&self, ctx: &Context<'_>) -> Answer<LogoutPayload> {
        let caller = Caller::anybody(ctx)?;
        let logged_out = caller.api().logout(&caller.viewer()).await?;
        set_cookie(ctx, caller, "", 0);
        Ok(LogoutPayload { logged_out, problems: Vec::new() })
    }

    /// Creates the first administrator, with the admin role over the server: from the server's own machine, or with
    /// the set-up code of its log. Refused once there is one.
    async fn create_first_administrator(
        &self,
        ctx: &Context<'_>,
        input: CreateFirstAdministratorInput,
    ) -> Answer<CreateFirstAdministratorPayload> {
        let caller = Caller::anybody(ctx)?;
        let new = manage::NewAdministrator {
            email: input.email,
            password: Secret::new(input.password),
            first_name: input.first_name,
            last_name: input.last_name,
            grants: Vec::new(),
        };
        let code = input.setup_code.map(Secret::new);
        let created = caller.api().create_first_administrator(&caller.viewer(), new, code).await;
        settle(created.map(|administrator| CreateFirstAdministratorPayload {
            administrator: Some(Administrator(administrator)),
            problems: Vec::new(),
        }))
    }

    /// Creates an account. Needs the admin role over the server.
    async fn create_administrator(
        &self,
        ctx: &Context<'_>,
        input: CreateAdministratorInput,
    ) -> Answer<CreateAdministratorPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let new = manage::NewAdministrator {
                    email: input.email,
                    password: Secret::new(input.password),
                    first_name: input.first_name,
                    last_name: input.last_name,
                    grants: grants(input.grants)?,
                };
                let administrator = caller.api().create_administrator(&caller.viewer(), new).await?;
                let administrator = Some(Administrator(administrator));
                Ok(CreateAdministratorPayload { administrator, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Changes somebody else's account. Needs the admin role over the server.
    async fn update_administrator(
        &self,
        ctx: &Context<'_>,
        input: UpdateAdministratorInput,
    ) -> Answer<UpdateAdministratorPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let changes = AdministratorChanges {
                    password: input.password.map(Secret::new),
                    first_name: input.first_name,
                    last_name: input.last_name,
                    grants: input.grants.map(grants).transpose()?,
                };
                let changed = caller.api().update_administrator(&caller.viewer(), &input.email, changes).await?;
                let administrator = Some(Administrator(changed));
                Ok(UpdateAdministratorPayload { administrator, problems: Vec::new() })
            }
            .await,
        )
    }

    /// Deletes somebody else's account and ends its logins. Needs the admin role over the server.
    async fn delete_administrator(
        &self,
        ctx: &Context<'_>,
        input: DeleteAdministratorInput,
    ) -> Answer<DeleteAdministratorPayload> {
        let caller = Caller::of(ctx)?;
        let deleted = caller.api().delete_administrator(&caller.viewer(), &input.email).await;
        settle(deleted.map(|()| DeleteAdministratorPayload { deleted_email: Some(input.email), problems: Vec::new() }))
    }

    /// Changes your own password and ends your other logins.
    async fn change_password(&self, ctx: &Context<'_>, input: ChangePasswordInput) -> Answer<ChangePasswordPayload> {
        let caller = Caller::of(ctx)?;
        let (old, new) = (Secret::new(input.old_password), Secret::new(input.new_password));
        let changed = caller.api().change_password(&caller.viewer(), old, new).await;
        settle(changed.map(|()| ChangePasswordPayload { changed: true, problems: Vec::new() }))
    }

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

/// Gives the login to browsers, out of reach of scripts. An age of 0 takes it away. Over a WebSocket no header can be
/// sent, and none is.
fn set_cookie(ctx: &Context<'_>, caller: &Caller, token: &str, max_age_s: i64) {
    let secure = if caller.origin().is_https { "; Secure" } else { "" };
    let cookie = format!("{LOGIN_COOKIE}={token}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    ctx.append_http_header(SET_COOKIE, cookie);
}
