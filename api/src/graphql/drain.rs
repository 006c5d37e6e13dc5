//! Draining: a worker takes no new publishers, so that it can be stopped when the last has gone.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::caller::Caller;
use super::failure::{Answer, Problem, payload, settle};
use super::id::GlobalId;
use super::server::Worker;
use crate::manage::{ManageError, ProblemCode};

/// What `drainWorker` takes.
#[derive(InputObject)]
pub struct DrainWorkerInput {
    /// The worker: its global id, or its UUID.
    worker_id: ID,
    /// False lets it take publishers again.
    #[graphql(default = true)]
    on: bool,
}

/// What became of the worker.
#[derive(Default, SimpleObject)]
pub struct DrainWorkerPayload {
    /// The worker as it stands now; null if it was not told.
    worker: Option<Worker>,
    /// Why it was not told; empty if it was.
    problems: Vec<Problem>,
}

payload!(DrainWorkerPayload);

#[derive(Default)]
pub struct DrainMutation;

#[Object]
impl DrainMutation {
    /// Makes a worker take no new publishers and say that it is not ready; what it carries goes on. Needs the role admin
    /// over the whole server.
    async fn drain_worker(&self, ctx: &Context<'_>, input: DrainWorkerInput) -> Answer<DrainWorkerPayload> {
        let caller = Caller::of(ctx)?;
        settle(
            async {
                let id = match GlobalId::decode(&input.worker_id) {
                    Some(GlobalId::Worker(id)) => Some(id),
                    Some(_) => None,
                    None => input.worker_id.parse().ok(),
                };
                let id = id.ok_or_else(|| {
                    ManageError::problem_at(ProblemCode::Invalid, "workerId", "this is not the id of a worker")
                })?;
                let worker = caller.api().drain_worker(&caller.viewer(), id, input.on).await?;
                Ok(DrainWorkerPayload { worker: Some(Worker(worker)), problems: Vec::new() })
            }
            .await,
        )
    }
}
