//! The bus over RabbitMQ (AMQP 0-9-1), 3.10 or newer.
//!
//! [`AmqpApi`] and [`AmqpWorker`] are the two ends. Each keeps one connection for as long as it lives: when it is lost,
//! calls that wait fail at once, a worker's receiver of commands ends, and a new connection is made with pauses of 250 ms
//! to 4 s. At the start it is different: what somebody must correct ([`ConnectError`]) ends the attempt at once.
//!
//! # What is declared
//! Everything lies in one vhost, the one of the [`BusUrl`]. APIs declare; workers declare only their own queues.
//!
//! | Flow | Exchange | Queue | What bounds it |
//! |---|---|---|---|
//! | calls | `sluice.rpc`, direct | `sluice.queue.{authorize,hello,locate,describe}`, shared by the APIs that serve, gone with the last of them | 10 000 messages, then refused; each expires with its deadline |
//! | answers | the default one | none (direct reply-to) | calls in flight: 512 each of authorize, locate and describe per worker |
//! | commands | `sluice.control`, fanout | `sluice.worker.<random>`, exclusive, one per subscription | 1 024 in the worker, then the link ends; 20 000 at the broker, whose gap ends it too |
//! | acknowledgements | `sluice.acks`, fanout | `sluice.api.<random>`, exclusive | 10 000, oldest dropped |
//! | events | `sluice.events`, fanout | `sluice.queue.events`, durable, one API at a time consumes | 1 000 000, then refused: workers keep theirs |
//! | reports | `sluice.reports`, fanout | `sluice.api.<random>`, exclusive | 512 or 64 MiB, oldest dropped; 5 s old |
//! | notices | `sluice.notices`, fanout | `sluice.api.<random>`, exclusive | 1 024, oldest dropped |
//!
//! - **Calls** are published `mandatory` and confirmed: without any API there is no queue, and the caller learns it at
//!   once. An API takes a call off its queue after it has answered; when it dies before, another one answers the same
//!   call (same request id). Each expires with its deadline, wherever it is.
//! - **Commands** are confirmed before `broadcast` returns. Every API numbers its own, so that a worker sees a gap.
//! - **Events** are written to disk before they are confirmed. One API at a time consumes them, for their order; the
//!   others stand by, and the first of them takes over within moments of its end (a frozen one: within two heartbeats).
//! - Queues are of the classic kind. Those that are shared are declared durable, also where their messages are not:
//!   newer brokers know no other.
//!
//! A message is JSON with the AMQP properties `type`, `app_id` (who sent it), `message_id`, `timestamp` and the header
//! `sluice-version`. One of another type or a newer version is skipped with a warning, as is one that cannot be read.
//!
//! # Who may do what
//! Two users, with the patterns in [`rights`]; `scripts/rabbitmq-users` makes them. A worker can ask, acknowledge, tell
//! and report, and read commands. It cannot take calls or events off their queues, answer, command, or listen to other
//! workers, and an API answers to reply addresses only, never to a queue that a caller names.
//!
//! What remains to a worker that has been taken over: it can speak in the name of another worker (all of them share one
//! user), flood the queues up to their bounds, and bind exchanges that it may write to behind `sluice.control`, so that
//! APIs are sent commands, which they skip. Commands tell it what they tell every worker, ticket keys included.

mod answers;
mod api;
mod calls;
mod codec;
mod commands;
mod dial;
mod error;
mod events;
mod link;
mod listen;
pub mod rights;
mod topology;
mod url;
mod worker;

#[cfg(test)]
mod tests;

pub use api::AmqpApi;
pub use dial::Broker;
pub use error::{ConnectError, Right, Verb};
pub use url::{BusUrl, BusUrlError};
pub use worker::AmqpWorker;
