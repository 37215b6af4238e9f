//! `signalbox report`: a report on stdout or in a file, with exit codes for pipelines; and whether a file is one.
//!
//! Reads the store itself, beside a server that runs or without one. Exit 0: made, and nothing asked for is against it. 2: it
//! could not be made. 3: something `--fail-on` names is so. 4: the score is below `--min-score`, or there is none. It is
//! written in every case but 2: whoever is refused wants to read why.
//!
//! `report verify FILE --key …` exits 0 for what was handed over, 1 for what is not, 2 for no report at all.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use domain::port::Clock as _;
use domain::readiness::State;
use domain::report::{Document, Reaching};

use super::ConfigFile;
use crate::clock::SystemClock;
use crate::config::{Config, Span};
use crate::dice::SystemDice;
use crate::readiness::{Judging, scorecard};
use crate::report::{self, Key, Making, PublicKey, Sealed, Wish};
use crate::store::Store;

/// Exit codes beside 0 and 2.
const EDITED: u8 = 1;
const CONDITION: u8 = 3;
const TOO_LOW: u8 = 4;
/// Largest file that is checked.
const MOST_BYTES: u64 = 256 * 1024 * 1024;

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

/// What makes the exit code 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A gate holds the score down
    Gate,
    /// A check is not known
    Unknown,
    /// A waiver has ended and its check still does not hold
    ExpiredWaiver,
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
        let key = Key::open(path, &SystemDice)?;
        let making = Making { store, settings, dice: &SystemDice, same_time: true };
        let wish = Wish {
            requester: "the command line".to_owned(),
            reaching: Reaching::Back(self.period.0),
            environments: self.environment.clone(),
            redact: self.redact,
        };
        let judgement = judging.judge(store, making.same_time, SystemClock.now()).await?;
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

/// The exit code of a report that was made, and why.
fn judged(document: &Document, min_score: Option<u8>, fail_on: &[FailOn]) -> (u8, Vec<String>) {
    let mut said: Vec<String> = fail_on.iter().filter_map(|condition| against(document, *condition)).collect();
    if !said.is_empty() {
        return (CONDITION, said);
    }
    let fleet = &document.readiness.fleet;
    match (min_score, fleet.score) {
        (Some(wanted), None) => {
            said.push(format!(
                "There is not enough evidence for a score ({} % of the weight), and {wanted} was asked for.",
                fleet.percent()
            ));
            (TOO_LOW, said)
        }
        (Some(wanted), Some(score)) if score < wanted => {
            said.push(format!("The score is {score}, and {wanted} was asked for."));
            (TOO_LOW, said)
        }
        _ => (0, said),
    }
}

/// Why a condition holds against a report; none where it does not.
fn against(document: &Document, condition: FailOn) -> Option<String> {
    let at = document.readiness.at;
    match condition {
        FailOn::Gate => {
            let caps: Vec<String> =
                document.readiness.caps.iter().filter(|cap| !cap.blind).map(|cap| format!("{} at {}", cap.check, cap.at)).collect();
            (!caps.is_empty()).then(|| format!("Gates hold the score down: {}.", caps.join(", ")))
        }
        FailOn::Unknown => {
            let unknown = document.readiness.states.get(&State::Unknown).copied().unwrap_or(0);
            (unknown > 0).then(|| format!("{} not known.", domain::text::count(unknown as u64, "answer")))
        }
        FailOn::ExpiredWaiver => {
            let over = document.waivers.iter().filter(|waiver| {
                let ended = waiver.approver.is_some() && waiver.ended.is_none() && waiver.wish.expires.is_some_and(|end| end <= at);
                let open = document.judged().any(|judged| {
                    let covers = waiver.wish.covers(&waiver.wish.check, &judged.asked.subject);
                    let state = judged.check(&waiver.wish.check).map(|assessed| assessed.state);
                    covers && matches!(state, Some(State::Fail | State::Partial | State::Unknown))
                });
                ended && open
            });
            let numbers: Vec<String> = over.map(|waiver| format!("{} ({})", waiver.id, waiver.wish.check)).collect();
            (!numbers.is_empty()).then(|| format!("Waivers that ended while their check does not hold: {}.", numbers.join(", ")))
        }
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
    fn the_exit_code_says_what_is_against_it() {
        let sealed = sample::sealed();
        let document = sealed.document();
        let code = |min, fail_on: &[FailOn]| judged(document, min, fail_on).0;
        assert_eq!([code(None, &[]), code(Some(69), &[]), code(Some(70), &[])], [0, 0, TOO_LOW]);
        assert_eq!(
            [code(None, &[FailOn::Gate]), code(None, &[FailOn::Unknown]), code(None, &[FailOn::ExpiredWaiver])],
            [CONDITION, CONDITION, 0]
        );
        assert_eq!(code(Some(70), &[FailOn::Gate]), CONDITION, "a condition comes before the score");
        assert!(judged(document, Some(70), &[]).1[0].contains("The score is 69"));
    }

    #[test]
    fn a_waiver_that_ended_counts_while_its_check_does_not_hold() {
        let mut document = sample::sealed().document().clone();
        document.waivers[0].wish.expires = Some(document.readiness.at);
        for judged in &mut document.readiness.services {
            for assessed in judged.checks.iter_mut().filter(|assessed| assessed.state == State::Waived) {
                assessed.state = State::Unknown;
            }
        }
        assert_eq!(judged(&document, None, &[FailOn::ExpiredWaiver]).0, CONDITION);
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
