//! How large what is remembered gets, and how soon it is read back: real stores, written by the server's own recording.
//!
//! Apart from the tests, because it takes minutes and its figures are evidence and no verdict; apart from `xtask`,
//! because the tool that builds the tree must not link it. `cargo xtask bench --only history` runs this with a directory
//! to write into (`--only readiness`: with the config of a store that a server filled), and makes its table from what is printed:
//! one JSON object a line, takings as they were taken.
//! Everything goes through doors the server itself uses ([`Store::record`], `roll_up`, `past`, `timeline_page`); only
//! the sizes are asked of SQLite directly. Same seed, same store.

mod audit;
mod beside;
mod draw;
mod fleet;
mod month;
mod numbers;
mod readiness;
mod record;
mod said;
mod search;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use signalbox::store::Store;

/// The allocator of the server: what is measured here must cost what it costs there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Cli {
    /// What `cargo bench` passes to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// A thousand services for thirty days: sizes, reading one of them, its plots
    Month {
        /// Where the store is written
        dir: PathBuf,
    },
    /// A hundred services for seven days, as a store and as OpenMetrics text for Prometheus
    Beside {
        /// Where both are written
        dir: PathBuf,
        /// When the seven days end, in seconds since 1970: a server that is started on the store tells of a past that just ended
        #[arg(long)]
        until: i64,
    },
    /// An audit of a million acts, for `signalbox audit verify` to go through
    Audit {
        /// Where the store is written
        dir: PathBuf,
    },
    /// Searching a record of a million entries
    Search {
        /// Where the store is written
        dir: PathBuf,
    },
    /// Days of CPU and memory of every service, for a store that a server filled and that is not in use
    Load {
        /// The config of that server
        config: PathBuf,
        /// How many days before its newest sweep
        #[arg(long)]
        days: i64,
    },
    /// The score of such a store's fleet, and reports on it
    Readiness {
        /// The config of that server
        config: PathBuf,
        /// How often each figure is taken
        #[arg(long)]
        runs: usize,
        /// No report
        #[arg(long)]
        score_only: bool,
    },
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &cli.part {
        Some(Part::Month { dir }) => runtime.block_on(month::month(dir)),
        Some(Part::Beside { dir, until }) => runtime.block_on(beside::beside(dir, *until)),
        Some(Part::Audit { dir }) => runtime.block_on(audit::audit(dir)),
        Some(Part::Search { dir }) => runtime.block_on(search::search(dir)),
        Some(Part::Load { config, days }) => runtime.block_on(readiness::load(config, *days)),
        Some(Part::Readiness { config, runs, score_only }) => runtime.block_on(readiness::readiness(config, *runs, *score_only)),
        None => {
            eprintln!("Nothing is measured without a part and a place: run `cargo xtask bench --only history` or `--only readiness`.");
            Ok(())
        }
    }
}

/// The store of a directory, made if need be.
async fn open(dir: &Path) -> Result<Store> {
    let path = dir.join("signalbox.db");
    Store::open(&path).await.with_context(|| format!("cannot open {}", path.display()))
}
