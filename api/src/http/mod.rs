//! What both faces share of HTTP: who is asking, and health.

pub mod pages;
mod viewer;

pub use viewer::{LOGIN_COOKIE, ViewerRejection, client_address};
