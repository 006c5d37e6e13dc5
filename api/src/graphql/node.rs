//! Any object by its global id.

use async_graphql::{Context, ID, Interface, Object};

use super::administrator::Administrator;
use super::api_key::ApiKey;
use super::application::Application;
use super::audit::AuditRecord;
use super::block::Block;
use super::broadcast::Broadcast;
use super::caller::{Caller, found};
use super::failure::Answer;
use super::id::GlobalId;
use super::recording::Recording;
use super::server::Worker;
use super::session::{ConnectionEvent, Session};
use super::subscriber::Subscriber;
use super::token::Token;
use crate::manage::{BlockFilter, ManageError, Outcome, Page, ProblemCode};

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id, for caches and `node`."))]
pub enum Node {
    Application(Application),
    Broadcast(Broadcast),
    Subscriber(Subscriber),
    Session(Session),
    Block(Block),
    Token(Token),
    Recording(Recording),
    ConnectionEvent(ConnectionEvent),
    AuditRecord(AuditRecord),
    Administrator(Administrator),
    ApiKey(ApiKey),
    Worker(Worker),
}

#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// An object by its global id; null if it is not there, or not yours to see.
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The global id.")] id: ID) -> Option<Answer<Node>> {
        let id = GlobalId::decode(&id)?;
        find(ctx, id).await.transpose()
    }
}

/// Not yours looks like not there.
fn visible<T>(outcome: Outcome<Option<T>>) -> Outcome<Option<T>> {
    match outcome {
        Err(ManageError::Problem(problem)) if problem.code == ProblemCode::Forbidden => Ok(None),
        other => other,
    }
}

async fn find(ctx: &Context<'_>, id: GlobalId) -> Answer<Option<Node>> {
    let caller = Caller::of(ctx)?;
    let (api, viewer) = (caller.api(), caller.viewer());
    Ok(match id {
        GlobalId::Application(id) => {
            found(api.application_by_id(&viewer, id).await)?.map(Application).map(Node::Application)
        }
        GlobalId::Broadcast(name, id) => {
            let Some(application) = caller.application_named(&name).await? else { return Ok(None) };
            let record = api.broadcast_by_id(&application, id).await?;
            record.map(|record| Node::Broadcast(Broadcast { application, record }))
        }
        GlobalId::Subscriber(name, id) => {
            let Some(application) = caller.application_named(&name).await? else { return Ok(None) };
            let record = api.subscriber_by_id(&application, id).await?;
            record.map(|record| Node::Subscriber(Subscriber { application, record }))
        }
        GlobalId::Session(id) => {
            let Some(record) = api.session(&viewer, id).await? else { return Ok(None) };
            let application = caller.application_named(&record.application).await?;
            application.map(|application| Node::Session(Session { application, record }))
        }
        GlobalId::Block(name, stream_id, subscriber, operation) => {
            let Some(application) = caller.application_named(&name).await? else { return Ok(None) };
            let filter = BlockFilter {
                stream_id: Some(stream_id),
                subscriber_id: Some(subscriber),
                operation: Some(operation),
                active: false,
            };
            let slice = api.blocks(&application, filter, Page::After { after: None, first: 1 }).await?;
            let record = slice.into_nodes().into_iter().next();
            record.map(|record| Node::Block(Block::new(caller, application, record)))
        }
        GlobalId::Worker(id) => Worker::find(ctx, id).transpose()?.map(Node::Worker),
        GlobalId::Token(name, id) => {
            let Some(application) = caller.application_named(&name).await? else { return Ok(None) };
            let record = api.token_by_id(&application, id).await?;
            record.map(|record| Node::Token(Token { application, record }))
        }
        GlobalId::Recording(name, id) => {
            let Some(application) = caller.application_named(&name).await? else { return Ok(None) };
            let record = api.recording_by_id(&application, id).await?;
            record.map(|record| Node::Recording(Recording { application, record }))
        }
        GlobalId::ConnectionEvent(name, id) => {
            let Some(application) = caller.application_named(&name).await? else { return Ok(None) };
            let record = api.connection_event_by_id(&application, id).await?;
            record.map(|record| Node::ConnectionEvent(ConnectionEvent { application, record }))
        }
        GlobalId::AuditRecord(id) => api.audit_record(&viewer, id).await?.map(AuditRecord).map(Node::AuditRecord),
        GlobalId::Administrator(id) => {
            let record = visible(api.administrator_by_id(&viewer, id).await)?;
            record.map(Administrator).map(Node::Administrator)
        }
        GlobalId::ApiKey(id) => visible(api.api_key_by_id(&viewer, id).await)?.map(ApiKey).map(Node::ApiKey),
    })
}
