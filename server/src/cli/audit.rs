//! `signalbox audit`: whether what was done is still what was written down.
//!
//! Reads the store itself, beside a server that runs or without one: whoever doubts the record does not ask the server for it.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{ConfigFile, Format};
use crate::config::Config;
use crate::store::{Chain, Store};

/// The exit code of a chain that is broken.
const BROKEN: u8 = 1;

#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(flatten)]
    file: ConfigFile,
    /// The store's file, instead of the config's
    #[arg(long, global = true)]
    data: Option<PathBuf>,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Go through the whole audit: exit 0 every row is what was written, 1 one is not. Keep the head it prints somewhere else
    Verify {
        /// How to print
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

impl Audit {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let path = match self.data {
            Some(path) => path,
            None => {
                let config = Config::read(&self.file.config)?;
                self.file.config.parent().map_or_else(|| config.store.path.clone(), |directory| directory.join(&config.store.path))
            }
        };
        let store = Store::beside(&path).await?;
        let chain = store.audit_verify().await;
        store.close().await;
        let Act::Verify { format } = self.act;
        let (code, said) = told(&chain?, format);
        println!("{said}");
        Ok(code)
    }
}

/// What is printed, and the exit code.
fn told(chain: &Chain, format: Format) -> (u8, String) {
    match (chain, format) {
        (Chain::Whole { rows, head }, Format::Json) => (0, json!({ "whole": true, "rows": rows, "head": head }).to_string()),
        (Chain::Whole { rows, head }, Format::Text) => {
            let rows = domain::text::count(*rows, "row");
            (
                0,
                format!(
                    "{rows}, each as it was written. The head is {head}: kept elsewhere, it shows later that no older row was changed."
                ),
            )
        }
        (Chain::Broken { row, why }, Format::Json) => (BROKEN, json!({ "whole": false, "row": row, "why": why }).to_string()),
        (Chain::Broken { row, why }, Format::Text) => {
            (BROKEN, format!("Row {row} of the audit is not in order: {why}. Everything before it is. Look at a backup from before."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_chain_names_its_row() {
        let whole = Chain::Whole { rows: 2, head: "ab".into() };
        let broken = Chain::Broken { row: 2, why: "it is missing" };
        assert!(told(&whole, Format::Text).1.starts_with("2 rows, each as it was written. The head is ab"));
        assert_eq!(told(&whole, Format::Json), (0, "{\"head\":\"ab\",\"rows\":2,\"whole\":true}".to_owned()));
        assert_eq!(told(&broken, Format::Json), (1, "{\"row\":2,\"whole\":false,\"why\":\"it is missing\"}".to_owned()));
        assert!(told(&broken, Format::Text).1.starts_with("Row 2 of the audit is not in order: it is missing."));
    }
}
