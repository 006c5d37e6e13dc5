//! The GraphQL face: the first face of the product, for the admin, scripts and other people's back ends.
//!
//! Types, queries, mutations and subscriptions of one concept stand in one file. They translate between the schema
//! and [`manage`](crate::manage), and hold no rule. `schema.graphql` at the root of the repository is their export,
//! and a test keeps it current.
//!
//! | Module | What it is |
//! |---|---|
//! | [`application`], [`settings`], [`broadcast`], [`data`], [`recording`], [`live_stream`], [`subscriber`], [`token`], [`session`], [`block`], [`audit`], [`explain`], [`viewer`], [`administrator`], [`api_key`], [`webhook`], [`server`], [`server_settings`], [`node`] | the graph |
//! | [`live`] | subscriptions |
//! | [`caller`] | who asks, and the loaders of relations |
//! | [`failure`], [`errors`] | problems as data, everything else as errors with a code |
//! | [`limits`], [`open`] | what a request may ask for, and how much may be open |
//! | [`http`], [`socket`] | the transports |

mod administrator;
mod api_key;
mod application;
mod audit;
mod block;
mod broadcast;
mod caller;
mod connection;
mod data;
mod drain;
mod enums;
mod errors;
mod explain;
mod failure;
mod http;
mod id;
mod limits;
mod live;
mod live_stream;
mod node;
mod open;
mod recording;
mod scalar;
mod server;
mod server_settings;
mod session;
mod settings;
mod socket;
mod subscriber;
mod token;
mod viewer;
mod webhook;

use std::time::Duration;

use async_graphql::{MergedObject, MergedSubscription, SDLExportOptions};
use axum::Router;

use crate::Api;

/// Everything that can be asked. Start at `viewer` and `server`, or at `applications` and walk on from there.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct Query(
    viewer::ViewerQuery,
    administrator::AdministratorQuery,
    api_key::ApiKeyQuery,
    server::ServerQuery,
    application::ApplicationQuery,
    audit::AuditQuery,
    explain::ExplainQuery,
    node::NodeQuery,
);

/// Everything that can be done. What went wrong as it may be expected to stands in `problems` of each payload.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    viewer::LoginMutation,
    administrator::AdministratorMutation,
    api_key::ApiKeyMutation,
    application::ApplicationMutation,
    broadcast::BroadcastMutation,
    data::DataMutation,
    recording::RecordingMutation,
    subscriber::SubscriberMutation,
    block::BlockMutation,
    token::TokenMutation,
    webhook::WebhookMutation,
    server_settings::ServerSettingsMutation,
    session::SessionMutation,
    drain::DrainMutation,
);

/// Everything that can be watched, over WebSocket (`graphql-transport-ws`). A subscription ends with its login; who
/// reads too slowly misses entries.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(live::Live);

pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

fn schema() -> Schema {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .extension(errors::Errors)
        .extension(limits::Limits)
        // Measured by `limits`, which runs first and says which limit and its value.
        .limit_recursive_depth(limits::DEPTH * 4)
        .with_sorted_fields()
        .with_sorted_enums()
        .finish()
}

/// The schema in GraphQL's own language, sorted.
pub fn sdl() -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    schema().sdl_with_options(options.include_specified_by())
}

/// Serves `/graphql`.
pub fn router(api: Api) -> Router {
    http::router(api, CHECK_LOGINS_EVERY)
}

const CHECK_LOGINS_EVERY: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests;
