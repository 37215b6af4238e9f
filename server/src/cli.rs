//! The commands: their options, what they print, their exit codes.
//!
//! Answers go to stdout, everything else to stderr, so that output can be piped. An error is one sentence: what
//! happened, what it means, what to do. The only place that reads the environment, through clap.

mod account;
mod audit;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod iam_policy;
mod init;
mod logging;
mod look;
mod reach;
mod report;
mod rollout;
mod serve;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use domain::Timestamp;
use domain::port::Clock;

use crate::clock::{ScaledClock, at_speed};
use crate::config::Config;

/// The exit code when a command could not do its work.
const FAILED: u8 = 2;

/// Sees a fleet of Amazon ECS services that talk over NATS, live in the browser.
#[derive(Debug, Parser)]
#[command(name = "signalbox", version, max_term_width = 110)]
struct Cli {
    /// How much to log: error, warn, info, debug, or a filter such as collectors=debug
    #[arg(long, global = true, env = "SIGNALBOX_LOG", default_value = "info,async_nats=warn")]
    log: String,
    /// Log as JSON, one object a line
    #[arg(long, global = true)]
    log_json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the pages for the fleet named in the config
    Serve(serve::Serve),
    /// A simulated fleet and the ordinary server on it: nothing to configure, nothing to break
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    /// The simulated fleet alone: ECS and CloudWatch over HTTP, real NATS servers
    #[cfg(feature = "demo")]
    Yard(demo::YardAlone),
    /// Who may use Signalbox: add, list, disable, reset, role, token; works beside a running server
    Account(account::Account),
    /// Plan, start, watch and steer rollouts of a running server, over its API
    Rollout(rollout::Rollout),
    /// Whether everything that was done is still on record as it was written: audit verify
    Audit(audit::Audit),
    /// How ready the fleet is, as a report to hand over, with exit codes for pipelines: 3 a condition, 4 too low a score; verify checks one
    Report(Box<report::Report>),
    /// Sweep everything once and say how it stands: exit 0 all well, 1 something is not, 2 a source could not be read
    Verify(verify::Verify),
    /// Try everything the config needs and say what to do about what does not work: exit 0 all well, 1 something to fix
    Doctor(doctor::Doctor),
    /// Look an AWS account over and write a commented config of what is there
    Init(init::Init),
    /// The fleet in this terminal for two minutes, with nothing but an AWS profile
    Look(look::Look),
    /// Check a config file and print how it was understood
    CheckConfig(ConfigFile),
    /// Print the least-privilege IAM policy, made from the operations the code can call
    IamPolicy(iam_policy::IamPolicy),
    /// Print the OpenAPI document of the JSON API
    Openapi,
}

/// Where the config is.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The config file
    #[arg(long, env = "SIGNALBOX_CONFIG", default_value = "signalbox.toml")]
    config: PathBuf,
}

/// How an answer is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    collectors::install_crypto();
    let outcome = logging::start(&cli.log, cli.log_json).and_then(|()| run(cli.command));
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("signalbox: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

fn run(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Serve(serve) => serving()?.block_on(serve.run()),
        #[cfg(feature = "demo")]
        Command::Demo(demo) => serving()?.block_on(demo.run()),
        #[cfg(feature = "demo")]
        Command::Yard(yard) => serving()?.block_on(yard.run()),
        Command::Verify(verify) => {
            // one thread: a single sweep has no use for more, and starting them costs more than it
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("the runtime cannot start")?;
            runtime.block_on(verify.run())
        }
        Command::Account(account) => serving()?.block_on(account.run()),
        Command::Rollout(rollout) => serving()?.block_on(rollout.run()),
        Command::Audit(audit) => serving()?.block_on(audit.run()),
        Command::Report(report) => serving()?.block_on(report.run()),
        Command::CheckConfig(file) => check_config(&file),
        Command::Doctor(doctor) => serving()?.block_on(doctor.run()),
        Command::Init(init) => serving()?.block_on(init.run()),
        Command::Look(look) => serving()?.block_on(look.run()),
        Command::IamPolicy(policy) => policy.run(),
        Command::Openapi => {
            println!("{}", crate::web::document().to_pretty_json()?);
            Ok(0)
        }
    }
}

fn serving() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot start")
}

fn check_config(file: &ConfigFile) -> anyhow::Result<u8> {
    let config = Config::load(&file.config)?;
    println!("# {} is valid. As it was understood, secrets left out:\n", file.config.display());
    print!("{}", toml::to_string(&config).context("the config cannot be printed")?);
    Ok(0)
}

/// The clock that runs at this speed, since it left the machine's time (microseconds since 1970), if that was before now.
fn clock(speed: f64, from: Option<i64>) -> anyhow::Result<Arc<dyn Clock>> {
    if !ScaledClock::SPEEDS.contains(&speed) {
        bail!("--speed {speed} is out of reach; it must lie between {} and {}.", ScaledClock::SPEEDS.start(), ScaledClock::SPEEDS.end());
    }
    Ok(at_speed(speed, from.map(Timestamp::from_micros)))
}

/// Waits for the wish to stop: Ctrl-C, or SIGTERM as service supervisors send it.
async fn asked_to_stop() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
