//! Accounts (`rest-v2` §10.2), which are [`Administrator`]s here: `ADMIN`, `USER` and `READ_ONLY` are the roles
//! `admin`, `operator` and `viewer`.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sluice_contract::Secret;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Api;
use crate::manage::{Administrator, AdministratorChanges, Grant, NewAdministrator, Problem, ProblemCode, Role, Scope};
use crate::rest::access::SystemManager;
use crate::rest::answer::{Answer, Failure, Rest};
use crate::rest::extract::{JsonBody, PathOf};
use crate::rest::lenient;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create_user, update_user))
        .routes(routes!(delete_user))
        .routes(routes!(list_users))
}

/// An account to create or change.
#[derive(Default, Deserialize, ToSchema)]
#[schema(as = UserInput)]
#[serde(default, rename_all = "camelCase")]
pub struct NewUser {
    #[serde(deserialize_with = "lenient::text")]
    email: Option<String>,
    /// In plain text, or its MD5 in lowercase hexadecimal.
    #[serde(deserialize_with = "lenient::text")]
    password: Option<String>,
    /// On updates: the password from now on.
    #[serde(deserialize_with = "lenient::text")]
    new_password: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    first_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    last_name: Option<String>,
    /// `ADMIN`, `USER` or `READ_ONLY`; `READ_ONLY` unless set.
    #[serde(deserialize_with = "lenient::text")]
    user_type: Option<String>,
    /// `system` or the name of an application; `system` unless set.
    #[serde(deserialize_with = "lenient::text")]
    scope: Option<String>,
    /// The type for each application, or for `system`; instead of `userType` and `scope`.
    app_name_user_type: Option<BTreeMap<String, String>>,
    /// For the first account, from another machine: the code that the log shows.
    #[serde(deserialize_with = "lenient::text")]
    set_up_code: Option<String>,
}

/// An account, without its password.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct User {
    email: String,
    user_type: Option<&'static str>,
    scope: Option<String>,
    #[schema(value_type = Object)]
    app_name_user_type: Map<String, Value>,
    first_name: Option<String>,
    last_name: Option<String>,
    full_name: Option<String>,
    picture: Option<String>,
}

#[derive(Deserialize)]
pub struct MailPath {
    pub mail: String,
}

impl NewUser {
    /// The first account administers the whole system whatever is named here.
    pub fn into_first(self) -> (NewAdministrator, Option<Secret<String>>) {
        let code = self.set_up_code.filter(|code| !code.trim().is_empty()).map(Secret::new);
        let new = NewAdministrator {
            email: self.email.unwrap_or_default(),
            password: Secret::new(self.password.unwrap_or_default()),
            first_name: self.first_name,
            last_name: self.last_name,
            grants: vec![Grant { scope: Scope::System, role: Role::Admin }],
        };
        (new, code)
    }

    /// `None` when nothing about rights was said.
    fn grants(&self) -> Result<Option<Vec<Grant>>, Failure> {
        if let Some(types) = self.app_name_user_type.as_ref().filter(|types| !types.is_empty()) {
            return types.iter().map(|(scope, kind)| grant(scope, kind)).collect::<Result<_, _>>().map(Some);
        }
        if self.user_type.is_none() && self.scope.is_none() {
            return Ok(None);
        }
        let kind = self.user_type.as_deref().unwrap_or("READ_ONLY");
        grant(self.scope.as_deref().unwrap_or("system"), kind).map(|grant| Some(vec![grant]))
    }
}

impl From<Administrator> for User {
    fn from(administrator: Administrator) -> Self {
        let system = administrator.grants.iter().find(|grant| grant.scope == Scope::System);
        let types = administrator.grants.iter().filter_map(|grant| match &grant.scope {
            Scope::System => None,
            Scope::Application(name) => Some((name.to_string(), user_type(grant.role).into())),
        });
        let names = [administrator.first_name.as_deref(), administrator.last_name.as_deref()];
        let full_name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Self {
            user_type: system.map(|grant| user_type(grant.role)),
            scope: system.map(|_| "system".to_owned()),
            app_name_user_type: types.collect(),
            full_name: (!full_name.is_empty()).then_some(full_name),
            picture: None,
            email: administrator.email,
            first_name: administrator.first_name,
            last_name: administrator.last_name,
        }
    }
}

/// The word of existing clients for a role.
pub const fn user_type(role: Role) -> &'static str {
    match role {
        Role::Admin => "ADMIN",
        Role::Operator => "USER",
        Role::Viewer => "READ_ONLY",
    }
}

fn grant(scope: &str, kind: &str) -> Result<Grant, Failure> {
    let invalid = |text: String| Failure::Refused(Problem::new(ProblemCode::Invalid, text));
    let role = [Role::Admin, Role::Operator, Role::Viewer]
        .into_iter()
        .find(|role| user_type(*role) == kind)
        .ok_or_else(|| invalid("User type must be ADMIN, USER or READ_ONLY".to_owned()))?;
    let scope = match scope {
        "system" => Scope::System,
        name => Scope::Application(
            name.parse().map_err(|_| invalid("Scope must be system or the name of an application".to_owned()))?,
        ),
    };
    Ok(Grant { scope, role })
}

/// Create an account
#[utoipa::path(
    post, path = "/users", tag = "accounts",
    request_body(content = NewUser, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn create_user(
    State(api): State<Api>,
    SystemManager(viewer): SystemManager,
    JsonBody(user): JsonBody<NewUser>,
) -> Rest<Answer> {
    let user = user.unwrap_or_default();
    let grants = match user.grants()? {
        Some(grants) => grants,
        None => vec![Grant { scope: Scope::System, role: Role::Viewer }],
    };
    let new = NewAdministrator {
        email: user.email.unwrap_or_default(),
        password: Secret::new(user.password.unwrap_or_default()),
        first_name: user.first_name,
        last_name: user.last_name,
        grants,
    };
    api.create_administrator(&viewer, new).await?;
    Ok(Answer::success())
}

/// Change an account
///
/// Absent fields keep their value.
#[utoipa::path(
    put, path = "/users", tag = "accounts",
    request_body(content = NewUser, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn update_user(
    State(api): State<Api>,
    SystemManager(viewer): SystemManager,
    JsonBody(user): JsonBody<NewUser>,
) -> Rest<Answer> {
    let user = user.unwrap_or_default();
    let grants = user.grants()?;
    let changes = AdministratorChanges {
        password: user.new_password.filter(|password| !password.is_empty()).map(Secret::new),
        first_name: user.first_name,
        last_name: user.last_name,
        grants,
    };
    let email = user.email.unwrap_or_default();
    api.update_administrator(&viewer, &email, changes).await?;
    Ok(Answer::success())
}

/// Delete an account
#[utoipa::path(
    delete, path = "/users/{mail}", tag = "accounts",
    responses((status = 200, body = Answer)),
)]
async fn delete_user(
    State(api): State<Api>,
    SystemManager(viewer): SystemManager,
    PathOf(path): PathOf<MailPath>,
) -> Rest<Answer> {
    api.delete_administrator(&viewer, &path.mail).await?;
    Ok(Answer::success())
}

/// List the accounts
#[utoipa::path(get, path = "/user-list", tag = "accounts", responses((status = 200, body = Vec<User>)))]
async fn list_users(State(api): State<Api>, SystemManager(viewer): SystemManager) -> Rest<Json<Vec<User>>> {
    Ok(Json(api.administrators(&viewer).await?.into_iter().map(User::from).collect()))
}
