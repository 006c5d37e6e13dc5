//! What the faces share of HTTP: who is asking, who may read answers from elsewhere, and health.

pub mod cors;
mod viewer;

pub use viewer::{LOGIN_COOKIE, ViewerRejection, client_address};
