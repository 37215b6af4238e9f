//! `signalbox demo` and `signalbox yard`: the simulated fleet, with and without the server on it.
//!
//! The server does not know that the fleet is simulated: it gets an ordinary config with the yard's addresses. Only the
//! banner says so.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use collectors::Keys;
use domain::account::Role;
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
        let config = config(yard.endpoints(), self.listen, directory.join("signalbox.db"));
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
        let url = application.url();
        let DoorKeys { path, token } = application.accounts().open_door(ACCOUNT, Role::Admin).await?;
        let (sign_in, report_key) = (format!("{url}{path}"), application.report_key());
        match self.format {
            Format::Json => {
                println!(
                    "{}",
                    serde_json::json!({ "url": url, "sign_in": sign_in, "token": token, "report_key": report_key, "yard": yard.endpoints() })
                );
            }
            Format::Text => println!(
                "\nSignalbox is at {url}\nOpen this to be signed in: {sign_in}\nFor scripts: Authorization: Bearer {token}\nReports are signed; their public key: {report_key}\nCalm for {}, then alive. Ctrl-C ends it.",
                humantime::format_duration(self.fleet.calm)
            ),
        }
        asked_to_stop().await?;
        stop(application).await;
        yard.stop().await;
        Ok(0)
    }
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
