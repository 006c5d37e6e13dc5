//! The one binary: parses arguments, loads the settings, runs a subcommand, turns errors into exit codes.

mod bus;
mod config;
mod http;
mod listening;
mod running;
mod serve;
mod telemetry;
mod tls;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::config::{Config, SETTINGS};
use crate::serve::Role;

fn main() -> ExitCode {
    let arguments = command().get_matches();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tools::complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &ArgMatches) -> anyhow::Result<()> {
    match arguments.subcommand() {
        Some(("schema", _)) => tools::print(&sluice_api::graphql::sdl()),
        Some(("openapi", _)) => tools::print(&sluice_api::rest::openapi()),
        Some(("totp", arguments)) => tools::totp(arguments),
        Some(("check-config", arguments)) if arguments.get_flag("example") => tools::print(&Config::example()),
        Some(("check-config", arguments)) => {
            let config = load(arguments)?;
            config.tls.clone().map(tls::Certificate::load).transpose()?;
            tools::print(&format!("The settings are right: {config:#?}\n"))
        }
        Some(("migrate", arguments)) => {
            let config = load(arguments)?;
            telemetry::init(&config)?;
            tools::runtime()?.block_on(serve::migrate(&config))
        }
        Some(("api", arguments)) => serve(arguments, Role::Api),
        Some(("worker", arguments)) => serve(arguments, Role::Worker),
        Some((_, arguments)) => serve(arguments, Role::Both),
        None => serve(arguments, Role::Both),
    }
}

fn serve(arguments: &ArgMatches, role: Role) -> anyhow::Result<()> {
    let config = load(arguments)?;
    let logs = telemetry::init(&config)?;
    let runtime = tools::runtime()?;
    let served = runtime.block_on(serve::serve(config, logs, role));
    // A disk that hangs holds up nobody who has been told to stop.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

fn load(arguments: &ArgMatches) -> anyhow::Result<Config> {
    let given: Option<PathBuf> = arguments.get_one::<PathBuf>("config").cloned();
    let file = given.or_else(|| Some(PathBuf::from("sluice.toml")).filter(|path| path.exists()));
    let flags = SETTINGS.iter().filter_map(|setting| {
        let value = arguments.try_get_one::<String>(setting.name).ok().flatten()?;
        Some((setting.name.to_owned(), value.clone()))
    });
    Ok(Config::load(file.as_deref(), std::env::vars(), flags)?)
}

fn command() -> Command {
    let with_settings = |command: Command| {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Settings file [default: sluice.toml, if it exists]");
        SETTINGS.iter().fold(command.arg(config), |command, setting| {
            command.arg(Arg::new(setting.name).long(setting.flag).value_name("VALUE").help(setting.help))
        })
    };
    let example = Arg::new("example").long("example").action(ArgAction::SetTrue).help("Print the example file instead");
    with_settings(
        Command::new("sluice")
            .about("A live-streaming server whose gate is the product")
            .version(env!("CARGO_PKG_VERSION"))
            .args_conflicts_with_subcommands(true),
    )
    .subcommand(with_settings(Command::new("serve").about("Run everything in this process (the default)")))
    .subcommand(with_settings(Command::new("api").about("Run an API alone; workers reach it over the broker")))
    .subcommand(with_settings(Command::new("worker").about("Run a streaming worker alone; it has no database")))
    .subcommand(with_settings(Command::new("migrate").about("Bring the database to this version's schema and exit")))
    .subcommand(with_settings(Command::new("check-config").about("Tell whether the settings are right")).arg(example))
    .subcommand(Command::new("schema").about("Print the GraphQL schema"))
    .subcommand(Command::new("openapi").about("Print the OpenAPI document of the REST API"))
    .subcommand(tools::totp_command())
}
