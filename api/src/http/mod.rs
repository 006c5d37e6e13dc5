//! What both faces share of HTTP: who is asking, who may read answers from elsewhere, and health.

pub mod cors;
mod health;
pub mod pages;
mod viewer;

pub(crate) use health::health_router;
pub use viewer::{LOGIN_COOKIE, ViewerRejection, client_address};
