//! `signalbox verify`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use collectors::Depth;
use domain::source::SourceKind;

use super::Format;
use crate::clock::SystemClock;
use crate::collect::Making;
use crate::config::Config;
use crate::verify;

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The config file; without one, whatever the AWS SDK's own chain leads to (AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL, …)
    #[arg(long, env = "SIGNALBOX_CONFIG")]
    config: Option<PathBuf>,
    /// Only these kinds of source: ecs, alarms, nats
    #[arg(long, value_delimiter = ',')]
    only: Vec<SourceKind>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Verify {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let standard = PathBuf::from("signalbox.toml");
        let config = match self.config.or_else(|| standard.exists().then_some(standard)) {
            Some(path) => Config::load(&path)?,
            None => Config::from_sdk_chain(),
        };
        // metrics are numbers over time, logs are owed to a server, and its queue is not ours to empty: a look judges states
        let judged = [SourceKind::Ecs, SourceKind::Alarms, SourceKind::Nats];
        let kinds: Vec<SourceKind> = judged.into_iter().filter(|kind| self.only.is_empty() || self.only.contains(kind)).collect();
        let readable = (kinds.contains(&SourceKind::Nats) && !config.nats.is_empty())
            || (kinds.iter().any(|kind| *kind != SourceKind::Nats) && !config.environments.is_empty());
        ensure!(
            readable,
            "--only leaves nothing to sweep: ecs, alarms and nats can be judged by one sweep, and the config names no such source. Add one, or ask for another kind."
        );
        let making = Making { kinds, keys: None, seed: u64::from(std::process::id()), depth: Depth::Verdict };
        let verdict = verify::verify(&config, Arc::new(SystemClock), &making).await;
        match self.format {
            Format::Text => print!("{}", verify::table(&verdict)),
            Format::Json => println!("{}", serde_json::to_string(&verdict)?),
        }
        Ok(verdict.exit_code())
    }
}
