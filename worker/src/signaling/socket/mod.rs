//! `/{app}/websocket`: signaling for browsers in the messages of the published JavaScript SDK.
//!
//! [`command`] reads what comes, [`conversation`] knows what it leads to, [`message`] words the answers, [`question`]
//! looks them up, and [`connection`] does the rest: the gate, the calls, the socket. What a viewer is shown of a room, and
//! when it is offered anew, is in [`viewing`].

mod command;
mod connection;
mod conversation;
mod guests;
mod message;
mod question;
mod selection;
#[cfg(test)]
mod tests;
mod viewing;

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use sluice_contract::{ApplicationName, ClientBinding};
use tracing::error;

use super::Signaling;
use crate::egress::http::text;
use connection::Connection;

pub(super) use guests::{Guest, Guests};

/// Takes a socket in.
pub(super) async fn accept(State(signaling): State<Arc<Signaling>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let name = parts.uri.path().strip_prefix('/').and_then(|path| path.split('/').next());
    let application = name.and_then(|name| name.parse::<ApplicationName>().ok());
    let Some(application) = application.filter(|name| signaling.rules.application(name).is_some()) else {
        return text(StatusCode::NOT_FOUND, "Not found");
    };
    let Some(sender) = signaling.proxies.sender(&parts.headers, &parts.extensions) else {
        error!("the listener did not say who sends a request");
        return text(StatusCode::INTERNAL_SERVER_ERROR, "");
    };
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let guest = signaling.state.guests.enter(sender.peer.address).filter(|_| !signaling.shutdown.is_cancelled());
    let Some(guest) = guest else {
        let mut response = text(StatusCode::SERVICE_UNAVAILABLE, "Too many sockets");
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        return response;
    };
    // Stays the same for as long as the socket does: what was spent by this client may be shown by it again.
    let Ok(name) = signaling.state.random.name() else {
        return text(StatusCode::INTERNAL_SERVER_ERROR, "");
    };
    let client = ClientBinding::new(format!("ws-{name}"));
    let connection = Connection::new(signaling, application, sender.peer, client);
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(async move |socket| {
            connection.serve(socket).await;
            drop(guest);
        })
}

/// A socket that says nothing holds this much and little more.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// Descriptions of large conferences have some 100 KB.
const MAX_MESSAGE_BYTES: usize = 1024 * 1024;
const RETRY_SECONDS: u32 = 5;
