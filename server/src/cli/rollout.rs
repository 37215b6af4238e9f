//! `signalbox rollout`: planning, steering and watching rollouts of a running server, over its JSON API.
//!
//! Whatever may be done here may be done on the pages, by the same rules and under the name of the token's account. Steps are
//! counted from 1, as on the pages; the API counts from 0.
//!
//! | module | holds |
//! |---|---|
//! | `server` | asking the server |
//! | `plan` | a plan from the command line, and as it is printed |
//! | `watch` | a rollout in this terminal until it ends |

mod plan;
mod server;
mod watch;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use domain::Timestamp;
use domain::rollout::decide::Command;
use domain::service::encoded;
use domain::text;
use domain::view::{RolloutPage, RolloutRow, RolloutsPage};
use serde_json::json;

use super::Format;
use server::Server;

#[derive(Debug, Args)]
pub(super) struct Rollout {
    /// The running server
    #[arg(long, global = true, env = "SIGNALBOX_URL", default_value = "http://127.0.0.1:3000", value_name = "URL")]
    url: String,
    /// File with an API token; without it, the variable SIGNALBOX_TOKEN
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[arg(long, global = true, env = "SIGNALBOX_TOKEN", hide = true, hide_env_values = true)]
    token: Option<String>,
    /// How to print
    #[arg(long, global = true, value_enum, default_value_t)]
    format: Format,
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Plan a rollout, keep it and print it; nothing is changed until it is started
    Plan(Box<plan::Plan>),
    /// Start a rollout that was planned
    Start(Of),
    /// Watch a rollout until it ends: exit 0 succeeded, 1 halted, aborted or taken back, 2 the server cannot be reached
    Watch(Of),
    /// Begin no further step after the one that is under way
    Pause(Why),
    /// Go on
    Resume(Why),
    /// Nothing forward any more, and the step under way is taken back
    Abort(Why),
    /// Take every verified service back, the last first; with --step one alone
    Undo {
        #[command(flatten)]
        why: Why,
        /// This step alone: its place from 1, or its service
        #[arg(long)]
        step: Option<String>,
    },
    /// Pass over a step that has not begun to write
    Skip {
        #[command(flatten)]
        why: Why,
        /// Its place from 1, or its service
        #[arg(long)]
        step: String,
    },
    /// Print the rollouts, and what holds for all of them
    List {
        /// Part of the title, the reason or a service's name
        #[arg(long, default_value = "")]
        q: String,
        /// planned, open or ended
        #[arg(long)]
        only: Option<String>,
    },
    /// Stop everything forward, in every rollout, until it is lifted
    Stop {
        /// Why; it stays on record
        #[arg(long)]
        reason: String,
    },
    /// Let nothing forward begin from one instant to another, in any rollout; what puts a service back may
    Freeze {
        /// From when, in UTC, such as 2026-05-02T22:00
        #[arg(long, value_parser = plan::instant, value_name = "INSTANT")]
        from: Timestamp,
        /// Until when
        #[arg(long, value_parser = plan::instant, value_name = "INSTANT")]
        until: Timestamp,
        /// Why; it stays on record
        #[arg(long)]
        reason: String,
    },
    /// Lift the stop, or a freeze
    Lift {
        /// The freeze, by the number `list` prints; without it, the stop
        #[arg(long, value_name = "NUMBER")]
        freeze: Option<i64>,
        /// Why; it stays on record
        #[arg(long)]
        reason: String,
    },
    /// Let other services no longer expect a failure that is on record, once it is mended
    Release {
        /// The failure, by the number `list` prints
        #[arg(value_name = "NUMBER")]
        cause: i64,
        /// Why; it stays on record
        #[arg(long)]
        reason: String,
    },
    /// Say that you have looked at each service of a rollout whose store was restored, so that it goes on
    Reviewed(Why),
}

/// Which rollout.
#[derive(Debug, Args)]
struct Of {
    /// Its number, or its id
    rollout: String,
}

/// Which rollout, and why.
#[derive(Debug, Args)]
struct Why {
    /// Its number, or its id
    rollout: String,
    /// Why; it stays on record
    #[arg(long)]
    reason: String,
}

impl Rollout {
    pub(super) async fn run(self) -> anyhow::Result<u8> {
        let server = Server::at(&self.url, self.token_file.as_deref(), self.token)?;
        let desk = Desk { server, format: self.format };
        match self.act {
            Act::Plan(plan) => plan.run(&desk.server, desk.format).await,
            Act::Watch(of) => watch::watch(&desk.server, &of.rollout, desk.format).await,
            Act::Start(of) => desk.steer(&of.rollout, &Command::Start, "started").await,
            Act::Pause(Why { rollout, reason: why }) => {
                desk.steer(&rollout, &Command::Pause { why }, "paused after the step under way").await
            }
            Act::Resume(Why { rollout, reason: why }) => desk.steer(&rollout, &Command::Resume { why }, "goes on").await,
            Act::Abort(Why { rollout, reason: why }) => desk.steer(&rollout, &Command::Abort { why }, "aborted").await,
            Act::Undo { why: Why { rollout, reason: why }, step: None } => {
                desk.steer(&rollout, &Command::Undo { why }, "all of it is taken back").await
            }
            Act::Undo { why: Why { rollout, reason: why }, step: Some(step) } => {
                let step = desk.step(&rollout, &step).await?;
                desk.steer(&rollout, &Command::UndoStep { step, why }, "that service is taken back").await
            }
            Act::Skip { why: Why { rollout, reason: why }, step } => {
                let step = desk.step(&rollout, &step).await?;
                desk.steer(&rollout, &Command::Skip { step, why }, "that service is passed over").await
            }
            Act::List { q, only } => desk.list(&q, only.as_deref()).await,
            Act::Stop { reason } => desk.stop(&reason).await,
            Act::Freeze { from, until, reason } => desk.freeze(from, until, &reason).await,
            Act::Lift { freeze, reason } => desk.lift(freeze, &reason).await,
            Act::Release { cause, reason } => desk.release(cause, &reason).await,
            Act::Reviewed(Why { rollout, reason }) => desk.reviewed(&rollout, &reason).await,
        }
    }
}

/// What every act needs.
struct Desk {
    server: Server,
    format: Format,
}

impl Desk {
    async fn steer(&self, rollout: &str, command: &Command, done: &str) -> anyhow::Result<u8> {
        self.server.tell(&format!("/rollouts/{}/commands", encoded(rollout)), command).await?;
        self.said(&format!("Rollout {}: {done}. {}", text::shown(rollout), self.server.page(&format!("/rollouts/{}", encoded(rollout)))));
        Ok(0)
    }

    /// What was done, for people; a program has the exit code.
    fn said(&self, done: &str) {
        if self.format == Format::Text {
            println!("{done}");
        }
    }

    /// The step of a place counted from 1, or of a service, as commands count.
    async fn step(&self, rollout: &str, wanted: &str) -> anyhow::Result<usize> {
        let page: RolloutPage = self.server.get(&format!("/rollouts/{}", encoded(rollout))).await?;
        let place = wanted.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
        // the last one of a name: a service that changed is planned again at the tail
        let found = page.steps.iter().rev().find(|row| Some(row.step) == place || row.service.service == wanted);
        let found = found.map(|row| row.step);
        found.with_context(|| {
            let names: Vec<String> =
                page.steps.iter().map(|row| format!("{} {}", row.step + 1, text::shown(&row.service.service))).collect();
            format!("Rollout {} has no step {}. Its steps: {}.", text::shown(rollout), text::shown(wanted), names.join(", "))
        })
    }

    async fn list(&self, q: &str, only: Option<&str>) -> anyhow::Result<u8> {
        let mut path = format!("/rollouts?q={}", encoded(q));
        if let Some(only) = only {
            path.push_str(&format!("&only={}", encoded(only)));
        }
        let page: RolloutsPage = self.server.get(&path).await?;
        if self.format == Format::Json {
            println!("{}", serde_json::to_string(&page)?);
            return Ok(0);
        }
        for line in listed(&page) {
            println!("{line}");
        }
        Ok(0)
    }

    async fn stop(&self, reason: &str) -> anyhow::Result<u8> {
        self.server.tell("/stop", &json!({ "why": reason })).await?;
        self.said("Everything is stopped: nothing forward begins in any rollout. `signalbox rollout lift --reason …` ends that.");
        Ok(0)
    }

    async fn freeze(&self, from: Timestamp, until: Timestamp, reason: &str) -> anyhow::Result<u8> {
        self.server.tell("/freezes", &json!({ "why": reason, "from": from, "until": until })).await?;
        self.said(&format!("Frozen from {from} until {until}: nothing forward begins then. `signalbox rollout list` prints its number."));
        Ok(0)
    }

    async fn release(&self, cause: i64, reason: &str) -> anyhow::Result<u8> {
        self.server.tell(&format!("/causes/{cause}/released"), &json!({ "why": reason })).await?;
        self.said("Released: no other service is held for that failure any more.");
        Ok(0)
    }

    async fn reviewed(&self, rollout: &str, reason: &str) -> anyhow::Result<u8> {
        let path = format!("/rollouts/{}", encoded(rollout));
        self.server.tell(&format!("{path}/reviewed"), &json!({ "why": reason })).await?;
        self.said(&format!("Rollout {}: looked at, and it goes on. {}", text::shown(rollout), self.server.page(&path)));
        Ok(0)
    }

    async fn lift(&self, freeze: Option<i64>, reason: &str) -> anyhow::Result<u8> {
        let bar = match freeze {
            Some(freeze) => freeze,
            None => {
                let page: RolloutsPage = self.server.get("/rollouts").await?;
                page.stopped.context("Nothing is stopped, so there is nothing to lift.")?.id
            }
        };
        self.server.tell(&format!("/bars/{bar}/lifted"), &json!({ "why": reason })).await?;
        self.said("Lifted: what waited for it goes on.");
        Ok(0)
    }
}

/// The list, in lines: what holds for all of them first.
fn listed(page: &RolloutsPage) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(stop) = &page.stopped {
        lines.push(format!("EVERYTHING IS STOPPED by {} since {}: {}", text::shown(&stop.by), stop.at, text::shown(&stop.why)));
    }
    for freeze in &page.freezes {
        let until = freeze.until.map_or_else(|| "it is lifted".to_owned(), |at| at.to_string());
        let (why, by) = (text::shown(&freeze.why), text::shown(&freeze.by));
        lines.push(format!("freeze {}: {why}, by {by}, from {} until {until}", freeze.id, freeze.from));
    }
    for cause in page.causes.iter().filter(|cause| cause.released.is_none()) {
        let (service, said) = (text::shown(&cause.service), text::shown(&cause.said));
        lines.push(format!("failure {} on record: {service} {said} (rollout {})", cause.id, text::shown(&cause.rollout)));
    }
    if page.rollouts.is_empty() {
        lines.push("No rollout matches.".to_owned());
    }
    lines.extend(page.rollouts.iter().map(line));
    lines
}

fn line(row: &RolloutRow) -> String {
    let failed = if row.failed > 0 { format!(", {} failed", row.failed) } else { String::new() };
    let counts = format!("{}/{}{failed}", row.verified, row.steps);
    format!("{:>5}  {:<10} {counts:<16} {}. {}", row.number, text::shown(&row.status), text::shown(&row.title), text::shown(&row.said))
}
