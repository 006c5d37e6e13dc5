//! Where streams go out.

pub mod http;
