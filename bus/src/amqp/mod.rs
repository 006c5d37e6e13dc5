//! The bus over RabbitMQ (AMQP 0-9-1), 3.10 or newer.

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
