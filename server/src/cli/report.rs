//! `signalbox report`: a report on stdout or in a file, with exit codes for pipelines; and whether a file is one.
//!
//! Reads the store itself, beside a server that runs or without one. Exit 0: made, and nothing asked for is against it. 2: it
//! could not be made. 3: something `--fail-on` names is so. 4: the score is below `--min-score`, or there is none. It is
//! written in every case but 2: whoever is refused wants to read why.
//!
//! `report verify FILE --key …` exits 0 for what was handed over, 1 for what is not, 2 for no report at all.
//!
//! The trap is the moment it is of. A store knows no time but that of its sweeps: one that a demo wrote twenty times faster than
//! the wall lies ahead of this machine's clock, one whose server is stopped has nothing fresh by it, and the score would be
//! another than the pages said. So the moment is an option (`--at`, decision 0137) and is said wherever it is not now.

mod condition;

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::Timestamp;
use domain::port::Clock as _;
use domain::report::Reaching;

use super::{ConfigFile, clock};
use crate::clock::SystemClock;
use crate::config::{Config, Span};
use crate::dice::SystemDice;
use crate::readiness::{Judging, scorecard};
use crate::report::{self, Key, Making, PublicKey, Sealed, Wish};
use crate::store::Store;
use condition::{FailOn, judged};

/// The exit code of a file that is not what was handed over.
const EDITED: u8 = 1;
/// Largest file that is checked.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// So far ahead of this machine's clock a sweep may have ended and still be of this clock.
const AHEAD: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Report {
    #[command(flatten)]
    wanted: Wanted,
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Debug, Args)]
struct Wanted {
    #[command(flatten)]
    file: ConfigFile,
    /// The store's file, instead of the config's
    #[arg(long)]
    data: Option<PathBuf>,
    /// In which format
    #[arg(long, value_enum, default_value_t)]
    format: As,
    /// How far back it reaches
    #[arg(long, default_value = "7d", value_name = "SPAN", value_parser = span)]
    period: Span,
    /// Of which moment it is
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    at: At,
    /// For a store that a simulated fleet of this speed filled: how many seconds passed in one. `signalbox demo` prints it
    #[arg(long, hide = true, default_value_t = 1.0)]
    speed: f64,
    /// Only this environment; may be given several times
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// Exit 4 when the score is lower than this, or there is not enough evidence for one
    #[arg(long, value_name = "SCORE", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_score: Option<u8>,
    /// Exit 3 when this is so
    #[arg(long, value_enum, value_delimiter = ',')]
    fail_on: Vec<FailOn>,
    /// Replace accounts, addresses and names
    #[arg(long)]
    redact: bool,
    /// Write it to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where a browser for PDF is looked for
    #[arg(long, env = "PATH", hide = true, hide_env_values = true)]
    search: Option<OsString>,
}

/// The formats, and the one that needs a browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum As {
    /// The document with all its evidence, signed
    Json,
    /// One page for a browser or a printer; carries the evidence
    Html,
    /// The HTML printed by Chromium, where there is one
    Pdf,
    /// A hand-over for a wiki or a ticket; carries the evidence
    #[default]
    #[value(alias = "md")]
    Markdown,
    /// A row a check
    Csv,
    /// A suite a service; carries the evidence
    Junit,
    /// Findings for a code scanner's page; carries the evidence
    Sarif,
    /// The scores for Prometheus
    Prometheus,
}

/// The moment everything is judged at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum At {
    /// This machine's time
    #[default]
    Now,
    /// When the newest sweep in the store ended: for a store whose server is stopped, or that another clock wrote, as a demo's does
    Newest,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Whether a file is what was handed over: exit 0 it is, 1 it was edited, 2 it is no report
    Verify {
        /// The file: JSON, HTML, Markdown, JUnit or SARIF
        file: PathBuf,
        /// The public key you trust, as text or as a file with it: what the server publishes under /.well-known/signalbox-report-key
        #[arg(long, value_name = "KEY|FILE")]
        key: String,
    },
    /// Print the public key reports are signed with
    Key {
        #[command(flatten)]
        file: ConfigFile,
        /// The store's file, instead of the config's
        #[arg(long)]
        data: Option<PathBuf>,
    },
}

fn span(text: &str) -> Result<Span, String> {
    match humantime::parse_duration(text) {
        Ok(span) if !span.is_zero() => Ok(Span(span)),
        _ => Err("write a duration such as 24h, 7d or 30d".to_owned()),
    }
}

impl Report {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        match self.act {
            Some(Act::Verify { file, key }) => verify(&file, &key),
            Some(Act::Key { file, data }) => {
                let (_, path) = place(&file, data)?;
                print!("{}", Key::open(&path, &SystemDice)?.public().published());
                Ok(0)
            }
            None => self.wanted.make().await,
        }
    }
}

/// The config, and where the store is.
fn place(file: &ConfigFile, data: Option<PathBuf>) -> anyhow::Result<(Config, PathBuf)> {
    let config = Config::read(&file.config)?;
    let beside = file.config.parent().map_or_else(|| config.store.path.clone(), |directory| directory.join(&config.store.path));
    Ok((config, data.unwrap_or(beside)))
}

/// When everything is judged, and what whoever reads the report has to know of that. `newest`: when the newest sweep ended.
fn moment(at: At, now: Timestamp, newest: Option<Timestamp>) -> anyhow::Result<(Timestamp, Option<String>)> {
    match (at, newest) {
        (At::Now, Some(newest)) if newest > now.plus(AHEAD) => {
            let said = format!(
                "The newest sweep in this store ended at {newest}, which lies ahead of this machine's clock: another clock wrote it, as that of a demo with --speed does, and this report may say another score than its pages. Add --at newest."
            );
            Ok((now, Some(said)))
        }
        (At::Now, _) => Ok((now, None)),
        (At::Newest, Some(newest)) => {
            Ok((newest, Some(format!("Judged at {newest}, when the newest sweep in the store ended, and not now."))))
        }
        (At::Newest, None) => bail!(
            "Nothing was ever read into this store, so there is no newest sweep to judge at. Start `signalbox serve` first, or leave --at out for a report that says so."
        ),
    }
}

impl Wanted {
    async fn make(self) -> anyhow::Result<u8> {
        let (config, path) = place(&self.file, self.data.clone())?;
        let beside = |file: &PathBuf| self.file.config.parent().map_or_else(|| file.clone(), |directory| directory.join(file));
        let card = scorecard::load(config.readiness.scorecard.as_ref().map(beside).as_deref())?;
        let mut settings = config.report.clone();
        settings.prices = settings.prices.as_ref().map(beside);
        let judging = Arc::new(Judging::new(card, &config));
        let store = Store::beside(&path).await?;
        let made = self.made(&store, &judging, &settings, &path).await;
        store.close().await;
        let sealed = made?;
        self.write(&sealed).await?;
        let (code, said) = judged(sealed.document(), self.min_score, &self.fail_on);
        said.iter().for_each(|said| eprintln!("{said}"));
        Ok(code)
    }

    async fn made(&self, store: &Store, judging: &Arc<Judging>, settings: &report::Settings, path: &Path) -> anyhow::Result<Sealed> {
        // as the server has it: in a fleet that runs faster than the wall, real NATS servers keep the wall's time
        let same_time = (clock(self.speed, None)?.speed() - 1.0).abs() < f64::EPSILON;
        let (at, said) = moment(self.at, SystemClock.now(), store.newest_success().await?)?;
        said.iter().for_each(|said| eprintln!("{said}"));
        let key = Key::open(path, &SystemDice)?;
        let making = Making { store, settings, dice: &SystemDice, same_time };
        let wish = Wish {
            requester: "the command line".to_owned(),
            reaching: Reaching::Back(self.period.0),
            environments: self.environment.clone(),
            redact: self.redact,
        };
        let judgement = judging.judge(store, same_time, at).await?;
        Ok(report::make(making, &key, &judgement, &wish).await?)
    }

    async fn write(&self, sealed: &Sealed) -> anyhow::Result<()> {
        let bytes = match self.format.format() {
            Some(format) => report::render(format, sealed).into_bytes(),
            None => self.printed(sealed).await?,
        };
        match &self.output {
            Some(file) => std::fs::write(file, bytes).with_context(|| format!("the report cannot be written to {}", file.display())),
            None => std::io::stdout().write_all(&bytes).context("the report cannot be printed"),
        }
    }

    async fn printed(&self, sealed: &Sealed) -> anyhow::Result<Vec<u8>> {
        let browser = self.search.as_deref().and_then(report::pdf::browser).ok_or(report::pdf::NoPdf::NoBrowser)?;
        let html = report::render(report::Format::Html, sealed);
        Ok(report::pdf::print(&browser, &html, &std::env::temp_dir(), &sealed.document().id).await?)
    }
}

impl As {
    const fn format(self) -> Option<report::Format> {
        Some(match self {
            Self::Json => report::Format::Json,
            Self::Html => report::Format::Html,
            Self::Markdown => report::Format::Markdown,
            Self::Csv => report::Format::Csv,
            Self::Junit => report::Format::Junit,
            Self::Sarif => report::Format::Sarif,
            Self::Prometheus => report::Format::Prometheus,
            Self::Pdf => return None,
        })
    }
}

fn verify(file: &Path, key: &str) -> anyhow::Result<u8> {
    let key = trusted(key)?;
    let length = std::fs::metadata(file).with_context(|| format!("{} cannot be read", file.display()))?.len();
    if length > MOST_BYTES {
        bail!("{} has {length} bytes; no report is larger than {MOST_BYTES}.", file.display());
    }
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let verdict = report::verify(&bytes, &key).map_err(|error| anyhow!("{}: {error}", file.display()))?;
    println!("{}", verdict.said());
    Ok(if verdict.holds() { 0 } else { EDITED })
}

/// A key as text, or a file in which one stands.
fn trusted(key: &str) -> anyhow::Result<PublicKey> {
    if let Some(key) = PublicKey::parse(key) {
        return Ok(key);
    }
    let text = std::fs::read_to_string(key).ok();
    text.as_deref()
        .and_then(PublicKey::parse)
        .ok_or_else(|| anyhow!("--key is neither a public key (64 hexadecimal digits or base64) nor a file in which one stands. `signalbox report key` prints it where the report was made."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_moment_is_now_or_the_newest_sweep_and_is_said() {
        let now = Timestamp::from_secs(1_777_714_800);
        let (before, soon, ahead) = (now.minus(7 * AHEAD), now.plus(AHEAD), now.plus(2 * AHEAD));
        for newest in [None, Some(before), Some(soon)] {
            assert_eq!(moment(At::Now, now, newest).unwrap(), (now, None), "{newest:?}");
        }
        let (at, said) = moment(At::Now, now, Some(ahead)).unwrap();
        assert_eq!(at, now);
        assert!(said.is_some_and(|said| said.contains("2026-05-02T09:42:00Z") && said.contains("Add --at newest")));
        for newest in [before, ahead] {
            let (at, said) = moment(At::Newest, now, Some(newest)).unwrap();
            assert!(at == newest && said.is_some_and(|said| said.contains("and not now")), "{newest}");
        }
        assert!(moment(At::Newest, now, None).unwrap_err().to_string().contains("Nothing was ever read into this store"));
    }

    #[test]
    fn a_key_is_text_or_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let (sealed, file) = (sample::sealed(), directory.path().join("key.txt"));
        std::fs::write(&file, sealed.key().published()).unwrap();
        for key in [sealed.key().to_string(), file.display().to_string()] {
            assert_eq!(&trusted(&key).unwrap(), sealed.key());
        }
        assert!(trusted("nowhere").is_err());
    }

    #[test]
    fn a_file_that_was_edited_exits_with_one() {
        let directory = tempfile::tempdir().unwrap();
        let (sealed, file) = (sample::sealed(), directory.path().join("report.html"));
        let text = report::render(report::Format::Html, &sealed);
        std::fs::write(&file, &text).unwrap();
        assert_eq!(verify(&file, &sealed.key().to_string()).unwrap(), 0);
        std::fs::write(&file, text.replacen("69", "96", 1)).unwrap();
        assert_eq!(verify(&file, &sealed.key().to_string()).unwrap(), EDITED);
        std::fs::write(&file, "hello").unwrap();
        assert!(verify(&file, &sealed.key().to_string()).is_err());
    }
}
