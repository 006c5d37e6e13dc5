//! What carries broadcasts to their players.

pub mod http;
pub(crate) mod rtmp;
mod tune;

pub use tune::{hold_little, tune};
