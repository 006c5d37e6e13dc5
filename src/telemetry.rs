//! Logs: one line an event, constant message, values in fields.

use anyhow::Context;
use sluice_api::config::LogControl;
use tracing_subscriber::filter::ParseError;
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
    let configured_filter = filter(&configured).context("the log filter cannot be read")?;
    let (layer, handle) = reload::Layer::new(configured_filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines = match config.log_format {
        LogFormat::Text => lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(layer)).init();
    Ok(LogControl::new(move |level| {
        let text = level.map_or(configured.as_str(), |level| level.as_str());
        // Both texts are filters; were one not, the present filter would stay.
        if let Ok(changed) = filter(text) {
            let _ = handle.reload(changed);
        }
    }))
}

/// What is configured may say otherwise of what is quiet by default.
fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(format!("{QUIET},{text}"))
}

/// Steps of the schema are nobody's concern at any level. Nor is what strangers send to the WebRTC port, which the
/// libraries complain about datagram by datagram.
const QUIET: &str = "sea_orm_migration=warn,rtc_dtls=off,rtc_sctp=off,rtc_srtp=off,rtc_datachannel=off";
