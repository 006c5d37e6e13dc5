//! Names to addresses, without those that may not be called. The connection is made to what this answers and to nothing
//! else, so a name that changes its addresses between a check and the call gains nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::OutboundError;
use super::guard::Guard;

pub struct GuardedResolver(pub Arc<Guard>);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let Some(first) = found.first().map(SocketAddr::ip) else {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address").into());
            };
            let permitted: Vec<_> = found.into_iter().filter(|address| guard.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(OutboundError::Internal { target: format!("{} ({first})", name.as_str()) }.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}
