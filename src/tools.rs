//! The small helpers of the command line.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use clap::{Arg, ArgMatches, Command};
use sluice_contract::UnixTime;
use sluice_contract::policy::totp;

/// Writes to standard output; a closed pipe (`sluice schema | head`) is no error.
pub fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes an error and its causes to standard error as one line.
pub fn complain(error: &anyhow::Error) {
    let _ = writeln!(std::io::stderr(), "sluice: {error:#}");
}

pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot start")
}

/// The process's clock: milliseconds since 1970, never before.
pub fn clock() -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The name of this machine, for people and for other workers.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "localhost".to_owned() } else { name.trim().to_owned() }
}

pub fn totp_command() -> Command {
    Command::new("totp")
        .about("Print a subscriber's code of this moment")
        .arg(Arg::new("secret").required(true).value_name("BASE32").help("The subscriber's secret"))
        .arg(
            Arg::new("period")
                .long("period")
                .value_parser(clap::value_parser!(u32).range(1..))
                .default_value("60")
                .help("Length of a step in seconds"),
        )
        .arg(
            Arg::new("at")
                .long("at")
                .value_parser(clap::value_parser!(i64))
                .help("Unix time in seconds instead of now"),
        )
}

pub fn totp(arguments: &ArgMatches) -> anyhow::Result<()> {
    let text = arguments.get_one::<String>("secret").map_or("", String::as_str);
    let secret = totp::decode_base32(text).context("the secret cannot be read")?;
    let period = arguments.get_one::<u32>("period").copied().unwrap_or(60);
    let now = arguments.get_one::<i64>("at").map_or_else(clock, |at| UnixTime::from_secs(*at));
    print(&format!("{}\n", totp::code_at(&secret, period, now)))
}
