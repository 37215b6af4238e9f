//! Puts the server together and takes it apart again.
//!
//! Stopping has an order: no new connections, open streams say `bye`, collectors end, what they reported is recorded,
//! the store closes. None of it is needed for correctness (kill -9 loses nothing committed); it is politeness, and it
//! has a bound, because a stop that hangs is a stop by kill -9.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::port::Clock;
use domain::source::{SourceId, SourceKind};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::accounts::Accounts;
use crate::collect::{Attention, Collection, Making, Recorder};
use crate::config::{Config, origin};
use crate::dice::Dice;
use crate::engine::{self, Engine, Hands, Reach};
use crate::live::Live;
use crate::plane::{self, ControlPlane, Desk, Reporting, Setting};
use crate::readiness::Judging;
use crate::readiness::scorecard::{self, CardError};
use crate::report::sign::NoKey;
use crate::report::{Key, schedule};
use crate::store::{Store, StoreError};
use crate::tails::Tails;
use crate::trouble::Trouble;
use crate::web::{self, Origins, Shared};

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The address cannot be listened on.
    #[error("Signalbox cannot listen on {address}: {why}. {advice}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        why: std::io::Error,
        /// What to do.
        advice: String,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The score card cannot be used: it was changed since the config was read.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The key that signs reports cannot be used.
    #[error(transparent)]
    Key(#[from] NoKey),
}

/// A running server.
pub struct Application {
    address: SocketAddr,
    plane: Arc<ControlPlane>,
    reporting: Arc<Reporting>,
    accounts: Arc<Accounts>,
    public_url: Option<String>,
    stop: CancellationToken,
    web: JoinHandle<()>,
    collection: Collection,
    engine: Engine,
    store: Store,
}

impl Application {
    /// Opens the store, listens, starts collecting and serving. `browser` prints reports, where there is one.
    ///
    /// # Errors
    /// A sentence with the cure when the address is taken or the store cannot be used.
    pub async fn start(
        config: &Config,
        clock: Arc<dyn Clock>,
        dice: Arc<dyn Dice>,
        making: &Making,
        notice: Option<String>,
        browser: Option<PathBuf>,
    ) -> Result<Self, BootError> {
        // listen first: it is the cheapest refusal, and nothing has been written yet
        let listener = listen(config.server.listen).await?;
        let address = listener.local_addr().unwrap_or(config.server.listen);
        warn_if_open(address, config);
        let judging = Arc::new(Judging::new(scorecard::load(config.readiness.scorecard.as_deref())?, config));
        let store = Store::open(&config.store.path).await?;
        let key = Key::open(&config.store.path, dice.as_ref())?;
        let live = Live::at(store.revision().await?);
        let (trouble, attention) = (Trouble::default(), Attention::default());
        let recorder = Recorder { store: store.clone(), live: live.clone(), trouble: trouble.clone(), attention: attention.clone() };
        let collection = Collection::start(config, Arc::clone(&clock), making, recorder).await?;
        let tails = Tails::new(Arc::clone(&clock), collection.log_readers());
        let accounts = Arc::new(Accounts::new(store.clone(), Arc::clone(&clock), Arc::clone(&dice), config.access.lasting()));
        let stop = CancellationToken::new();
        let parts = engine::Parts {
            store: store.clone(),
            clock: Arc::clone(&clock),
            dice: Arc::clone(&dice),
            live: live.clone(),
            hands: Hands::new(store.clone(), Arc::clone(&clock), reach(config, &collection)),
            marks: config.marks(),
        };
        let engine = Engine::start(parts, stop.clone()).await?;
        tokio::spawn(stop.clone().run_until_cancelled_owned(let_go(Arc::clone(&accounts), Arc::clone(&clock))));
        let plane = Arc::new(ControlPlane::new(Setting {
            tails,
            store: store.clone(),
            clock,
            live,
            marks: config.marks(),
            notice,
            trouble,
            attention,
            environments: environments(config),
            allowances: config.environments.iter().map(|environment| (environment.name.clone(), config.allowance(environment))).collect(),
            judging,
        }));
        tokio::spawn(stop.clone().run_until_cancelled_owned(plane::keep_score(Arc::clone(&plane))));
        let desk = Desk { key, settings: config.report.clone(), dice, browser };
        let reporting = Arc::new(Reporting::new(Arc::clone(&plane), desk));
        tokio::spawn(stop.clone().run_until_cancelled_owned(plane::keep_printing(Arc::clone(&reporting))));
        if let Some(wanted) = reporting.schedule() {
            tokio::spawn(stop.clone().run_until_cancelled_owned(schedule::keep(Arc::clone(&reporting), wanted)));
        }
        let public = config.server.public_url.as_deref().and_then(|url| origin(url).ok());
        let shared = Shared::new(Arc::clone(&reporting), engine.clone(), Arc::clone(&accounts), public.as_ref(), stop.clone());
        let router = web::router(shared, Arc::new(Origins::new(public, address)));
        let web = tokio::spawn(web::serve(listener, router, stop.clone()));
        let public_url = config.server.public_url.as_deref().map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self { address, plane, reporting, accounts, public_url, stop, web, collection, engine, store })
    }

    /// Where it listens; the port is the real one where the config says 0.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address people open: the public one where there is one.
    pub fn url(&self) -> String {
        self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.address))
    }

    /// Who may use it.
    pub fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// What reports are signed with, as whoever checks one needs it.
    pub fn report_key(&self) -> String {
        self.reporting.public_key()
    }

    /// The control plane, for whoever asks from inside (tests).
    pub fn plane(&self) -> &Arc<ControlPlane> {
        &self.plane
    }

    /// Stops in order.
    pub async fn stop(self) {
        self.stop.cancel();
        if self.web.await.is_err() {
            tracing::error!("the web side ended by a panic");
        }
        self.engine.ended().await;
        self.collection.stop().await;
        self.store.close().await;
    }
}

/// How each environment is looked at and changed.
fn reach(config: &Config, collection: &Collection) -> BTreeMap<String, Reach> {
    let nats = |environment: &str| {
        let over = config.nats.iter().filter(|nats| nats.environments.iter().any(|name| name == environment));
        over.map(|nats| SourceId::new(SourceKind::Nats, nats.name.clone()).to_string()).collect()
    };
    let reach = collection.environments().iter().map(|(name, aws)| (name.clone(), Reach::new(aws, nats(name))));
    reach.collect()
}

async fn listen(address: SocketAddr) -> Result<TcpListener, BootError> {
    TcpListener::bind(address).await.map_err(|why| {
        let advice = match why.kind() {
            std::io::ErrorKind::AddrInUse => {
                "Another program has it: stop that one, or choose another with --listen (port 0 takes any free one)."
            }
            std::io::ErrorKind::PermissionDenied => "Ports below 1024 need a privilege: choose a higher one with --listen.",
            std::io::ErrorKind::AddrNotAvailable => "This machine has no such address: correct --listen or [server] listen.",
            _ => "Choose another with --listen or [server] listen.",
        };
        BootError::Listen { address, why, advice: advice.to_owned() }
    })
}

/// How often sessions, links and failures that have ended are deleted.
const LET_GO_EVERY: Duration = Duration::from_secs(600);

async fn let_go(accounts: Arc<Accounts>, clock: Arc<dyn Clock>) {
    loop {
        if let Err(error) = accounts.let_go().await {
            tracing::error!(error = %crate::error_chain(&error), "sessions that have ended could not be deleted; tried again later");
        }
        clock.sleep(LET_GO_EVERY).await;
    }
}

fn warn_if_open(address: SocketAddr, config: &Config) {
    let encrypted = config.server.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    if address.ip().is_loopback() || encrypted {
        return;
    }
    tracing::warn!(
        %address,
        "listening beyond this machine without TLS: passwords and tokens cross the network as they are. Put a proxy with TLS in front and name it with public_url, or listen on 127.0.0.1."
    );
}

fn environments(config: &Config) -> Vec<String> {
    config
        .environments
        .iter()
        .map(|environment| match &environment.region {
            Some(region) => format!("{} · {region}", environment.name),
            None => environment.name.clone(),
        })
        .collect()
}
