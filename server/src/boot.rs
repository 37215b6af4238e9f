//! Puts the server together and takes it apart again.
//!
//! Stopping has an order: no new connections, open streams say `bye`, collectors end, what they reported is recorded,
//! the store closes. None of it is needed for correctness (kill -9 loses nothing committed); it is politeness, and it
//! has a bound, because a stop that hangs is a stop by kill -9.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::port::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::collect::{Attention, Collection, Making, Recorder};
use crate::config::{Config, origin};
use crate::live::Live;
use crate::plane::{ControlPlane, Setting};
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
}

/// A running server.
pub struct Application {
    address: SocketAddr,
    plane: Arc<ControlPlane>,
    stop: CancellationToken,
    web: JoinHandle<()>,
    collection: Collection,
    store: Store,
}

impl Application {
    /// Opens the store, listens, starts collecting and serving.
    ///
    /// # Errors
    /// A sentence with the cure when the address is taken or the store cannot be used.
    pub async fn start(config: &Config, clock: Arc<dyn Clock>, making: &Making, notice: Option<String>) -> Result<Self, BootError> {
        // listen first: it is the cheapest refusal, and nothing has been written yet
        let listener = listen(config.server.listen).await?;
        let address = listener.local_addr().unwrap_or(config.server.listen);
        warn_if_open(address, config);
        let store = Store::open(&config.store.path).await?;
        let live = Live::at(store.revision().await?);
        let (trouble, attention) = (Trouble::default(), Attention::default());
        let recorder = Recorder { store: store.clone(), live: live.clone(), trouble: trouble.clone(), attention: attention.clone() };
        let collection = Collection::start(config, Arc::clone(&clock), making, recorder).await?;
        let tails = Tails::new(Arc::clone(&clock), collection.log_readers());
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
        }));
        let stop = CancellationToken::new();
        let public = config.server.public_url.as_deref().and_then(|url| origin(url).ok());
        let router = web::router(Shared::new(Arc::clone(&plane), stop.clone()), Arc::new(Origins::new(public, address)));
        let web = tokio::spawn(web::serve(listener, router, stop.clone()));
        Ok(Self { address, plane, stop, web, collection, store })
    }

    /// Where it listens; the port is the real one where the config says 0.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        self.collection.stop().await;
        self.store.close().await;
    }
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

fn warn_if_open(address: SocketAddr, config: &Config) {
    if address.ip().is_loopback() {
        return;
    }
    let behind = config.server.public_url.as_deref().map_or(
        "There is no sign-in: whoever can reach it sees the fleet",
        |_| "It answers public_url only, but there is no sign-in: the proxy in front must sign people in",
    );
    tracing::warn!(%address, "listening beyond this machine. {behind}. Listen on 127.0.0.1 to keep it to yourself.");
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
