//! Who is asking, what they may do, and logins.

use async_graphql::{Context, InputObject, Object, SimpleObject};
use axum::http::header::SET_COOKIE;
use sluice_contract::Secret;

use super::administrator::Administrator;
use super::caller::Caller;
use super::enums::Role;
use super::failure::{Answer, Problem, parse_at, payload, settle};
use super::scalar::DateTime;
use crate::http::LOGIN_COOKIE;
use crate::manage::{self, Identity, Outcome, Scope};

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

/// Reads the roles of an input.
pub fn grants(input: Vec<GrantInput>) -> Outcome<Vec<manage::Grant>> {
    let read = |(index, grant): (usize, GrantInput)| {
        let scope = match grant.application {
            None => Scope::System,
            Some(name) => Scope::Application(parse_at(&format!("grants.{index}.application"), &name)?),
        };
        Ok(manage::Grant { scope, role: grant.role.into() })
    };
    input.into_iter().enumerate().map(read).collect()
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

payload!(LoginPayload, LogoutPayload);

#[derive(Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who you are to the server, and what you may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Answer<Viewer> {
        Ok(Viewer(manage::Viewer::clone(&Caller::anybody(ctx)?.viewer())))
    }
}

#[derive(Default)]
pub struct LoginMutation;

#[Object]
impl LoginMutation {
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
}

/// Gives the login to browsers, out of reach of scripts. An age of 0 takes it away. Over a WebSocket no header can be
/// sent, and none is.
fn set_cookie(ctx: &Context<'_>, caller: &Caller, token: &str, max_age_s: i64) {
    let secure = if caller.origin().is_https { "; Secure" } else { "" };
    let cookie = format!("{LOGIN_COOKIE}={token}; Path=/; Max-Age={max_age_s}; HttpOnly; SameSite=Lax{secure}");
    ctx.append_http_header(SET_COOKIE, cookie);
}
