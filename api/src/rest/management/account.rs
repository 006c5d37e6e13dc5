//! Logging in and out, and the first administrator (`rest-v2` §10.2).

use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Map, Value};
use sluice_contract::Secret;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::user::{MailPath, NewUser, user_type};
use crate::Api;
use crate::http::LOGIN_COOKIE;
use crate::manage::{Grant, Login, LoginRequest, Scope};
use crate::rest::access::{Manager, Visitor};
use crate::rest::answer::{Answer, Failure, NOT_AUTHENTICATED, Rest};
use crate::rest::extract::{Https, JsonBody, PathOf};
use crate::rest::lenient;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(first_login_status))
        .routes(routes!(create_initial_user))
        .routes(routes!(authenticate))
        .routes(routes!(authentication_status))
        .routes(routes!(admin_status))
        .routes(routes!(logout))
        .routes(routes!(user_blocked))
        .routes(routes!(change_password))
}

/// Who logs in.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct Credentials {
    #[serde(deserialize_with = "lenient::text")]
    email: Option<String>,
    /// In plain text, or its MD5 in lowercase hexadecimal.
    #[serde(deserialize_with = "lenient::text")]
    password: Option<String>,
}

/// A password to change.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, rename_all = "camelCase")]
struct PasswordChange {
    /// The present one.
    #[serde(deserialize_with = "lenient::text")]
    password: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    new_password: Option<String>,
}

/// Ask whether the first administrator is yet to be created
#[utoipa::path(
    get, path = "/first-login-status", tag = "accounts",
    responses((status = 200, description = "`success` is true while there is none", body = Answer)),
)]
async fn first_login_status(State(api): State<Api>, _caller: Visitor) -> Rest<Answer> {
    Ok(Answer::of(api.first_administrator_needed().await?))
}

/// Create the first administrator
///
/// Only while there is none: from this machine itself, or with the `setUpCode` that the log shows.
#[utoipa::path(
    post, path = "/users/initial", tag = "accounts",
    request_body(content = NewUser, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn create_initial_user(
    State(api): State<Api>,
    Visitor(viewer): Visitor,
    JsonBody(user): JsonBody<NewUser>,
) -> Rest<Answer> {
    let (new, code) = user.unwrap_or_default().into_first();
    match api.create_first_administrator(&viewer, new, code).await.map_err(Failure::from) {
        Ok(_) => Ok(Answer::success()),
        Err(Failure::Forbidden(text)) => Ok(Answer::failure(text)),
        Err(failure) => Err(failure),
    }
}

/// Log in
///
/// Sets the cookie of the session. After the third failure the account pauses for 300 seconds.
#[utoipa::path(
    post, path = "/users/authenticate", tag = "accounts",
    request_body(content = Credentials, content_type = "application/json"),
    responses((status = 200, description = "`message` names scope and role", body = Answer)),
)]
async fn authenticate(
    State(api): State<Api>,
    Visitor(viewer): Visitor,
    Https(https): Https,
    JsonBody(credentials): JsonBody<Credentials>,
) -> Rest<Response> {
    let Credentials { email: Some(email), password: Some(password) } = credentials.unwrap_or_default() else {
        return Ok(Answer::failure("E-mail and password are required").into_response());
    };
    let request = LoginRequest { email, password: Secret::new(password), address: viewer.address() };
    let login = api.login(request).await?;
    let mut response = Answer::success_with(scope_text(&login.administrator.grants)).into_response();
    let cookie = login_cookie(&api, &login, https)
        .ok_or_else(|| Failure::Unavailable("an access token cannot be written into a cookie".to_owned()))?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// Ask whether the caller is logged in
#[utoipa::path(get, path = "/authentication-status", tag = "accounts", responses((status = 200, body = Answer)))]
async fn authentication_status(Visitor(viewer): Visitor) -> Rest<Answer> {
    Ok(Answer::of(!viewer.is_anonymous()))
}

/// Ask whether the caller administers the server
#[utoipa::path(get, path = "/admin-status", tag = "accounts", responses((status = 200, body = Answer)))]
async fn admin_status(Manager(viewer): Manager) -> Rest<Answer> {
    if viewer.may_administer_system() {
        Ok(Answer::success_with("User is admin"))
    } else {
        Ok(Answer::failure("User is not admin"))
    }
}

/// Log out
#[utoipa::path(delete, path = "/users/logout", tag = "accounts", responses((status = 200, body = Answer)))]
async fn logout(State(api): State<Api>, Manager(viewer): Manager) -> Rest<Response> {
    let mut response = Answer::of(api.logout(&viewer).await?).into_response();
    let expired = format!("{LOGIN_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    if let Ok(cookie) = HeaderValue::from_str(&expired) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Ask whether logging in is paused for an account
#[utoipa::path(
    get, path = "/users/{mail}/blocked", tag = "accounts",
    responses((status = 200, description = "`success` is true while it is paused", body = Answer)),
)]
async fn user_blocked(State(api): State<Api>, _caller: Visitor, PathOf(path): PathOf<MailPath>) -> Rest<Answer> {
    Ok(Answer::of(api.login_is_blocked(&path.mail).await?))
}

/// Change the own password
#[utoipa::path(
    post, path = "/users/password", tag = "accounts",
    request_body(content = PasswordChange, content_type = "application/json"),
    responses((status = 200, body = Answer)),
)]
async fn change_password(
    State(api): State<Api>,
    Manager(viewer): Manager,
    JsonBody(change): JsonBody<PasswordChange>,
) -> Rest<Answer> {
    let PasswordChange { password: Some(old), new_password: Some(new) } = change.unwrap_or_default() else {
        return Ok(Answer::failure("Both passwords are required"));
    };
    match api.change_password(&viewer, Secret::new(old), Secret::new(new)).await.map_err(Failure::from) {
        Ok(()) => Ok(Answer::success_with("Success")),
        // A key or this machine itself has no password.
        Err(Failure::Forbidden(NOT_AUTHENTICATED)) => Ok(Answer::failure("There is no account to change")),
        Err(failure) => Err(failure),
    }
}

/// `scope/TYPE` for one grant; a JSON object of them for several.
fn scope_text(grants: &[Grant]) -> String {
    let scope = |grant: &Grant| match &grant.scope {
        Scope::System => "system".to_owned(),
        Scope::Application(name) => name.to_string(),
    };
    match grants {
        [grant] => format!("{}/{}", scope(grant), user_type(grant.role)),
        several => {
            let map: Map<String, Value> =
                several.iter().map(|grant| (scope(grant), user_type(grant.role).into())).collect();
            Value::Object(map).to_string()
        }
    }
}

fn login_cookie(api: &Api, login: &Login, https: bool) -> Option<HeaderValue> {
    let seconds = (login.expires_at.millis_since(api.now()) / 1_000).max(0);
    let secure = if https { "; Secure" } else { "" };
    let text = format!(
        "{LOGIN_COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}",
        login.access_token.expose()
    );
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manage::Role;

    #[test]
    fn the_answer_to_a_login_names_scope_and_role() {
        let system = Grant { scope: Scope::System, role: Role::Admin };
        let live = Grant { scope: Scope::Application("LiveApp".parse().expect("a name")), role: Role::Operator };
        assert_eq!(scope_text(std::slice::from_ref(&system)), "system/ADMIN");
        assert_eq!(scope_text(&[system, live]), r#"{"system":"ADMIN","LiveApp":"USER"}"#);
    }
}
