//! Where streams come in. Each protocol yields a request to accept or reject, then access units for the hub.

pub mod rtmp;
