//! `signalbox demo` and `signalbox yard`: the simulated fleet, with and without the server on it.
//!
//! The server does not know that the fleet is simulated: it gets an ordinary config with the yard's addresses. Only the
//! banner says so. The demo writes that config beside its store, so that every command that reads a store works on it too; the
//! trap is its clock, which may run faster than the wall, so the command it prints says of which moment a report is to be.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use collectors::Keys;
use domain::account::Role;
use domain::coverage::commands::quoted;
use domain::port::Clock;

use super::serve::stop;
use super::{Format, asked_to_stop, clock};
use crate::accounts::Keys as DoorKeys;
use crate::boot::Application;
use crate::clock::YardClock;
use crate::collect::Making;
use crate::config::{
    Access, BudgetOfMonth, Config, DoNotTouch, Environment, HistoryKept, Nats, Poll, Readiness, Secret, Server, Span, StoreFile,
};
use crate::dice::SystemDice;
use crate::report::pdf;

/// The one service of every simulated fleet that must not run: the first user's.
const OFF_ON_PURPOSE: &str = "language-system-nats";
/// Who the demo's link signs in.
const ACCOUNT: &str = "demo";
/// The store's file in the demo's directory, and the config's.
const STORE: &str = "signalbox.db";
const CONFIG: &str = "signalbox-demo.toml";
const CONFIG_HEAD: &str = "# Written by `signalbox demo` at each start: the config in effect, secrets left out. For commands that read the store beside it,\n# such as `signalbox report --config`; the addresses in it hold while that demo runs.\n\n";
const NOTICE: &str = "Demo: this fleet is simulated; NATS is real. Nothing here touches an AWS account.";

/// The fleet.
#[derive(Debug, Args)]
struct Fleet {
    /// Services, the one that is off on purpose included
    #[arg(long, default_value_t = 23)]
    services: usize,
    /// Same seed, same story
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many of the fleet's seconds pass in one of yours
    #[arg(long, default_value_t = 1.0)]
    speed: f64,
    /// When the clock left the machine's time, in microseconds since 1970, so that a server beside it tells the same
    #[arg(long, hide = true)]
    clock_from: Option<i64>,
    /// How long nothing happens at first
    #[arg(long, default_value = "3m", value_parser = humantime::parse_duration)]
    calm: Duration,
    /// Nothing ever happens by itself
    #[arg(long)]
    no_script: bool,
    /// Add names that try to break the pages
    #[arg(long)]
    hostile: bool,
    /// NATS nodes; 0 for none
    #[arg(long, default_value_t = 5)]
    nats_nodes: usize,
    /// Whether the NATS nodes speak TLS: off, mixed or required
    #[arg(long, default_value = "mixed")]
    nats_tls: yard::NatsTls,
    /// A fleet made for one question: ownership
    #[arg(long)]
    scenario: Option<yard::Scenario>,
    /// Answer as fast as asked, without AWS's rate limits
    #[arg(long)]
    no_throttles: bool,
    /// The nats-server to run, 2.10 or newer; otherwise the one on PATH
    #[arg(long, env = "SIGNALBOX_NATS_SERVER")]
    nats_server: Option<PathBuf>,
}

impl Fleet {
    async fn start(&self, clock: &Arc<dyn Clock>, aws: Option<SocketAddr>, control: Option<SocketAddr>) -> anyhow::Result<yard::Yard> {
        let default = yard::Options::default();
        let options = yard::Options {
            services: self.services,
            seed: self.seed,
            calm: self.calm,
            aws_listen: aws.unwrap_or(default.aws_listen),
            control_listen: control.unwrap_or(default.control_listen),
            throttles: !self.no_throttles,
            script: !self.no_script,
            hostile: self.hostile,
            scenario: self.scenario,
            nats: (self.nats_nodes > 0).then(|| yard::NatsOptions {
                nodes: self.nats_nodes,
                server: self.nats_server.clone(),
                tls: self.nats_tls,
            }),
            clock: Arc::new(YardClock(Arc::clone(clock))),
            progress: Some(Arc::new(|said| eprintln!("  {said}"))),
            ..default
        };
        Ok(yard::Yard::start(options).await?)
    }
}

/// The demo.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Address and port of the pages
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Directory to keep what was seen in; without it, forgotten at the end
    #[arg(long)]
    data: Option<PathBuf>,
    /// How to print the address
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Where a browser that prints reports is looked for
    #[arg(long, env = "PATH", hide = true, hide_env_values = true)]
    search: Option<OsString>,
    #[command(flatten)]
    fleet: Fleet,
}

impl Demo {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let clock = clock(self.fleet.speed, self.fleet.clock_from)?;
        eprintln!("starting a simulated fleet of {} services …", self.fleet.services);
        let yard = self.fleet.start(&clock, None, None).await?;
        let forgotten; // deleted when dropped
        let directory = match &self.data {
            Some(directory) => {
                std::fs::create_dir_all(directory).with_context(|| format!("--data {} cannot be made", directory.display()))?;
                directory.clone()
            }
            None => {
                forgotten = tempfile::tempdir().context("no temporary directory can be made; name one with --data")?;
                forgotten.path().to_owned()
            }
        };
        let config = config(yard.endpoints(), self.listen, directory.join(STORE));
        let keys = Keys::dummy();
        let making = Making { keys: Some(keys), ..Making::everything(self.fleet.seed) };
        let (notice, browser) = (Some(NOTICE.to_owned()), self.search.as_deref().and_then(pdf::browser));
        let application = match Application::start(&config, Arc::clone(&clock), Arc::new(SystemDice), &making, notice, browser).await {
            Ok(application) => application,
            Err(error) => {
                yard.stop().await;
                return Err(error.into());
            }
        };
        let kept = written(&config, application.address(), &directory)?;
        let keys = application.accounts().open_door(ACCOUNT, Role::Admin).await?;
        println!("{}", self.ready(&application, keys, &kept, yard.endpoints()));
        asked_to_stop().await?;
        stop(application).await;
        yard.stop().await;
        Ok(0)
    }

    /// What is printed once it serves.
    fn ready(&self, application: &Application, keys: DoorKeys, config: &Path, endpoints: &yard::Endpoints) -> String {
        let (url, DoorKeys { path, token }) = (application.url(), keys);
        let (sign_in, report_key) = (format!("{url}{path}"), application.report_key());
        match self.format {
            Format::Json => serde_json::json!({
                "url": url, "sign_in": sign_in, "token": token, "report_key": report_key,
                "config": config.display().to_string(), "yard": endpoints,
            })
            .to_string(),
            Format::Text => format!(
                "\nSignalbox is at {url}\nOpen this to be signed in: {sign_in}\nFor scripts: Authorization: Bearer {token}\nReports are signed; their public key: {report_key}\nA report of what its store holds: {}\nCalm for {}, then alive. Ctrl-C ends it.",
                report_command(config, self.fleet.speed),
                humantime::format_duration(self.fleet.calm)
            ),
        }
    }
}

/// Writes the config in effect beside the store; answers where, from the root.
fn written(config: &Config, listen: SocketAddr, directory: &Path) -> anyhow::Result<PathBuf> {
    let mut config = config.clone();
    config.server.listen = listen;
    // beside it, wherever both are moved to
    config.store.path = PathBuf::from(STORE);
    let path = directory.join(CONFIG);
    let text = toml::to_string(&config).context("the demo's config cannot be written as TOML")?;
    std::fs::write(&path, format!("{CONFIG_HEAD}{text}"))
        .with_context(|| format!("the demo's config {} cannot be written", path.display()))?;
    Ok(std::path::absolute(&path).unwrap_or(path))
}

/// A command to paste into a shell, that makes a report beside the demo, or after it where its directory stays.
fn report_command(config: &Path, speed: f64) -> String {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("signalbox"));
    let [program, config] = [program.as_path(), config].map(|path| quoted(&path.display().to_string()));
    let pace = if (speed - 1.0).abs() < f64::EPSILON { String::new() } else { format!(" --speed {speed}") };
    format!("{program} report --config {config} --at newest{pace}")
}

/// An ordinary config with the yard's addresses.
fn config(endpoints: &yard::Endpoints, listen: SocketAddr, store: PathBuf) -> Config {
    let mark =
        DoNotTouch { service: OFF_ON_PURPOSE.to_owned(), cluster: None, reason: "circular imports; enabling it will thrash".to_owned() };
    let environment = Environment {
        region: Some(endpoints.region.clone()),
        account_id: Some(endpoints.account.clone()),
        endpoint_url: Some(endpoints.aws.clone()),
        clusters: vec![endpoints.cluster.clone()],
        events_queue: endpoints.events_queue.parse().ok(),
        do_not_touch: vec![mark],
        ..Environment::from_sdk_chain("production")
    };
    let nats = Nats {
        name: "main".to_owned(),
        environments: vec![environment.name.clone()],
        urls: endpoints.nats.clone(),
        user: Some(endpoints.system_user.clone()),
        password_file: None,
        creds_file: None,
        nkey_file: None,
        ca_file: endpoints.ca_file.clone(),
        cert_file: None,
        key_file: None,
        monitor_urls: Vec::new(),
        password: Some(Secret::new(endpoints.system_password.clone())),
    };
    Config {
        server: Server { listen, public_url: None },
        access: Access::default(),
        store: StoreFile { path: store, ..StoreFile::default() },
        poll: Poll {
            services: Span(Duration::from_secs(5)),
            alarms: Span(Duration::from_secs(10)),
            nats: Span(Duration::from_secs(5)),
            metrics: Span(Duration::from_secs(30)),
            ..Poll::default()
        },
        budget: BudgetOfMonth::default(),
        history: HistoryKept::default(),
        readiness: Readiness::default(),
        report: crate::report::Settings::default(),
        environments: vec![environment],
        nats: if endpoints.nats.is_empty() { Vec::new() } else { vec![nats] },
    }
}

/// The yard alone.
#[derive(Debug, Args)]
pub(super) struct YardAlone {
    /// Address and port of the ECS, CloudWatch and STS face; any free port by default
    #[arg(long)]
    aws_listen: Option<SocketAddr>,
    /// Address and port of the control face, by which tests and people make things happen
    #[arg(long)]
    control_listen: Option<SocketAddr>,
    /// How to print the addresses
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    fleet: Fleet,
}

impl YardAlone {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let clock = clock(self.fleet.speed, self.fleet.clock_from)?;
        let yard = self.fleet.start(&clock, self.aws_listen, self.control_listen).await?;
        let endpoints = yard.endpoints();
        match self.format {
            Format::Json => println!("{}", serde_json::to_string(endpoints)?),
            Format::Text => print!("{}", described(endpoints)),
        }
        asked_to_stop().await?;
        yard.stop().await;
        Ok(0)
    }
}

fn described(endpoints: &yard::Endpoints) -> String {
    let list = |name: &str, addresses: &[String]| addresses.iter().map(|address| format!("{name:<9} {address}\n")).collect::<String>();
    format!(
        "aws       {}   (any credentials; account {}, region {}, cluster {})\nevents    {}\n{}{}system    user {}, password {}\ncontrol   {}\n\nTry: AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws --region {} --endpoint-url {} ecs list-services --cluster {}\n",
        endpoints.aws,
        endpoints.account,
        endpoints.region,
        endpoints.cluster,
        endpoints.events_queue,
        list("nats", &endpoints.nats),
        list("monitor", &endpoints.monitor),
        endpoints.system_user,
        endpoints.system_password,
        endpoints.control,
        endpoints.region,
        endpoints.aws,
        endpoints.cluster,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints() -> yard::Endpoints {
        yard::Endpoints {
            aws: "http://127.0.0.1:4500".to_owned(),
            events_queue: "http://127.0.0.1:4500/111122223333/events".to_owned(),
            nats: vec!["nats://127.0.0.1:4222".to_owned()],
            ca_file: Some(PathBuf::from("ca.pem")),
            system_user: "sys".to_owned(),
            system_password: "CANARY-1".to_owned(),
            account: "111122223333".to_owned(),
            region: "us-east-1".to_owned(),
            cluster: "gaming-system-cluster".to_owned(),
            ..yard::Endpoints::default()
        }
    }

    #[test]
    fn the_config_in_effect_is_one_without_its_secrets() {
        let directory = tempfile::tempdir().unwrap();
        let listen = SocketAddr::from(([127, 0, 0, 1], 3000));
        let config = config(&endpoints(), listen, directory.path().join(STORE));
        let other = SocketAddr::from(([127, 0, 0, 1], 41_234));
        let path = written(&config, other, directory.path()).unwrap();
        assert!(path.is_absolute());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# Written by `signalbox demo`") && !text.contains("CANARY"), "{text}");
        let read = Config::read(&path).unwrap();
        assert_eq!((read.server.listen, read.store.path.as_path()), (other, Path::new(STORE)));
        assert_eq!(read.environments[0].clusters, config.environments[0].clusters);
        assert_eq!(
            read.marks().reason("production", "gaming-system-cluster", OFF_ON_PURPOSE),
            config.environments[0].do_not_touch.first().map(|mark| mark.reason.as_str())
        );
        assert_eq!(read.nats[0].environments, config.nats[0].environments, "whom each NATS cluster serves decides what is judged");
    }

    #[test]
    fn the_printed_command_says_of_which_moment_and_of_which_clock() {
        let said = report_command(Path::new("/a b/signalbox-demo.toml"), 1.0);
        assert!(said.ends_with(" report --config '/a b/signalbox-demo.toml' --at newest"), "{said}");
        assert!(report_command(Path::new("/x"), 20.0).ends_with(" --at newest --speed 20"));
    }
}
