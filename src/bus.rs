//! The bus of this process: inside it, or over a broker.

use std::sync::Arc;

use sluice_bus::{ApiLink, MemoryBus, WorkerLink};

use crate::config::Config;
use crate::serve::Role;
use crate::tools;

/// Both ends, as far as the role has them.
pub enum Bus {
    /// API and worker in this process.
    Inside(MemoryBus),
}

impl Bus {
    pub async fn connect(_config: &Config, _role: Role) -> anyhow::Result<Self> {
        Ok(Self::Inside(MemoryBus::new(tools::clock)))
    }

    /// The API's end; `None` in a process without one.
    pub fn api(&self) -> Option<Arc<dyn ApiLink>> {
        match self {
            Self::Inside(bus) => Some(Arc::new(bus.clone())),
        }
    }

    /// The worker's end; `None` in a process without one.
    pub fn worker(&self) -> Option<Arc<dyn WorkerLink>> {
        match self {
            Self::Inside(bus) => Some(Arc::new(bus.clone())),
        }
    }

    /// Waits until what the worker said last was handled, where that is this process's business.
    pub async fn settled(&self) {
        match self {
            Self::Inside(bus) => bus.settled().await,
        }
    }

    pub async fn close(&self) {}
}
