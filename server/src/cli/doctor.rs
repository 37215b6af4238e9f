//! `signalbox doctor`.

use std::sync::Arc;

use clap::Args;
use collectors::Depth;
use domain::source::SourceKind;

use super::{ConfigFile, Format};
use crate::clock::SystemClock;
use crate::collect::Making;
use crate::config::Config;
use crate::doctor;

#[derive(Debug, Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    file: ConfigFile,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Doctor {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let config = Config::load(&self.file.config)?;
        let making = Making { kinds: SourceKind::ALL.to_vec(), keys: None, seed: u64::from(std::process::id()), depth: Depth::State };
        let diagnosis = doctor::diagnose(&config, Arc::new(SystemClock), &making).await;
        match self.format {
            Format::Text => print!("{}", doctor::table(&diagnosis)),
            Format::Json => println!("{}", serde_json::to_string(&diagnosis)?),
        }
        Ok(diagnosis.exit_code())
    }
}
