//! What both faces share of HTTP: who is asking, who may read answers from elsewhere, and health.

pub mod cors;
mod health;
pub mod pages;
mod transport;
mod viewer;

pub(crate) use health::health_router;
pub use transport::OverTls;
pub(crate) use transport::{is_forwarded, strict_transport};
pub use viewer::{LOGIN_COOKIE, ViewerRejection, client_address};
