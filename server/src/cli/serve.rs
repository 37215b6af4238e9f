//! `signalbox serve`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::{ConfigFile, asked_to_stop, clock};
use crate::boot::Application;
use crate::collect::Making;
use crate::config::Config;
use crate::dice::SystemDice;
use crate::report::pdf;

/// Longer than this, a stop is no stop: a supervisor would kill us anyway.
const STOP_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    /// Address and port, instead of the config's
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// The store's file, instead of the config's
    #[arg(long)]
    data: Option<PathBuf>,
    /// For tests against a simulated fleet of the same speed: how many seconds pass in one
    #[arg(long, hide = true, default_value_t = 1.0)]
    speed: f64,
    /// And since when, in microseconds since 1970: a server that starts again finds the fleet's time by it
    #[arg(long, hide = true)]
    clock_from: Option<i64>,
    /// Where a browser that prints reports is looked for
    #[arg(long, env = "PATH", hide = true, hide_env_values = true)]
    search: Option<OsString>,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let mut config = Config::load(&self.file.config)?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        if let Some(data) = self.data {
            config.store.path = data;
        }
        let clock = clock(self.speed, self.clock_from)?;
        let making = Making::everything(u64::from(std::process::id()));
        let browser = self.search.as_deref().and_then(pdf::browser);
        let application = Application::start(&config, clock, Arc::new(SystemDice), &making, None, browser).await?;
        if let Some(path) = application.accounts().first_link().await? {
            eprintln!("Nobody has an account yet. Make the first admin's within 24 hours, once: {}{path}", application.url());
        }
        eprintln!("Reports are signed; whoever checks one needs this public key: {}", application.report_key());
        eprintln!("Signalbox is at http://{}", application.address());
        asked_to_stop().await?;
        stop(application).await;
        Ok(0)
    }
}

/// Stops in order, or gives up on order.
pub(super) async fn stop(application: Application) {
    eprintln!("stopping …");
    if tokio::time::timeout(STOP_WITHIN, application.stop()).await.is_err() {
        tracing::warn!("some work did not end within 5 s and was cut off; nothing committed is lost");
    }
}
