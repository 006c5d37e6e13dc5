//! The bus of this process: inside it, or over a broker.

use std::sync::Arc;

use anyhow::Context;
use sluice_bus::amqp::{AmqpApi, AmqpWorker, Broker, BusUrl};
use sluice_bus::{ApiLink, MemoryBus, WorkerLink};
use sluice_contract::Secret;

use crate::config::Config;
use crate::serve::Role;
use crate::tools;

/// Its ends, as far as this process has them.
pub enum Bus {
    /// API and worker are both here.
    Inside(MemoryBus),
    Broker {
        api: Option<Arc<AmqpApi>>,
        worker: Option<Arc<AmqpWorker>>,
    },
}

impl Bus {
    /// Connects the ends that the role needs.
    ///
    /// # Errors
    /// When the settings are wrong, or the broker does not let this process in: what to correct.
    pub async fn connect(config: &Config, role: Role) -> anyhow::Result<Self> {
        let Some(url) = &config.bus_url else { return Ok(Self::Inside(MemoryBus::new(tools::clock))) };
        let broker = broker(config, url)?;
        let api = match role {
            Role::Worker => None,
            Role::Both | Role::Api => Some(Arc::new(AmqpApi::connect(broker.clone(), tools::clock).await?)),
        };
        let worker = match role {
            Role::Api => None,
            Role::Both | Role::Worker => Some(Arc::new(AmqpWorker::connect(broker, tools::clock).await?)),
        };
        Ok(Self::Broker { api, worker })
    }

    /// The API's end; `None` in a process without one.
    pub fn api(&self) -> Option<Arc<dyn ApiLink>> {
        match self {
            Self::Inside(bus) => Some(Arc::new(bus.clone())),
            Self::Broker { api, .. } => api.clone().map(|end| end as _),
        }
    }

    /// The worker's end; `None` in a process without one.
    pub fn worker(&self) -> Option<Arc<dyn WorkerLink>> {
        match self {
            Self::Inside(bus) => Some(Arc::new(bus.clone())),
            Self::Broker { worker, .. } => worker.clone().map(|end| end as _),
        }
    }

    /// Waits until what the worker said last was handled, where nobody else would: a broker keeps it.
    pub async fn settled(&self) {
        if let Self::Inside(bus) = self {
            bus.settled().await;
        }
    }

    /// Ends the connections in order.
    pub async fn close(&self) {
        let Self::Broker { api, worker } = self else { return };
        if let Some(worker) = worker {
            worker.close().await;
        }
        if let Some(api) = api {
            api.close().await;
        }
    }
}

fn broker(config: &Config, url: &Secret<String>) -> anyhow::Result<Broker> {
    let url: BusUrl = url.expose().parse().context("`bus_url` cannot be used")?;
    let authorities = match &config.bus_ca {
        Some(path) => Some(std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?),
        None => None,
    };
    let name = config.worker_name.clone().unwrap_or_else(tools::process_name);
    Broker::new(url, authorities.as_deref(), name).context("`bus_ca` cannot be used")
}
