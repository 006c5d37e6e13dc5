//! Logs: one line an event, constant message, values in fields.

use anyhow::Context;
use sluice_api::config::LogControl;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, reload};

use crate::config::{Config, LogFormat};

/// Starts logging to standard error; what is returned changes how much.
///
/// # Errors
/// When the filter cannot be read.
pub fn init(config: &Config) -> anyhow::Result<LogControl> {
    let configured = config.log.clone();
    let filter = EnvFilter::try_new(&configured).context("the log filter cannot be read")?;
    let (filter, handle) = reload::Layer::new(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(LogControl::new(move |level| {
        let text = level.map_or_else(|| configured.clone(), |level| format!("{},{QUIET}", level.as_str()));
        // Both texts are filters; were one not, the present filter would stay.
        if let Ok(filter) = EnvFilter::try_new(text) {
            let _ = handle.reload(filter);
        }
    }))
}

/// Steps of the schema are nobody's concern at any level.
const QUIET: &str = "sea_orm_migration=warn";
