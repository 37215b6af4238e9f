//! `cargo xtask kill`: the real server, killed with -9 again and again while it changes a simulated fleet.
//!
//! The simulation (`cargo xtask sim`) breaks the pure engine at every place it has; this breaks the whole: SQLite, the SDK, the
//! process itself, at moments nobody chose. After each start everything is held against the fleet, which runs on in a process
//! of its own and writes down every change that took effect. Both run by one fast clock (`--clock-from`), so that a
//! server that starts again finds as much time gone by as the fleet does.
//!
//! | module | holds |
//! |---|---|
//! | `scene` | the fleet and the server, as processes |
//! | `killer` | when a kill falls |
//! | `person` | what is asked of the server meanwhile, and faults |
//! | `world` | what the fleet says took effect, judged |
//! | `claims` | what the API says, held against the fleet |
//! | `tally` | what is counted and told |
//!
//! The trap is a test that kills an idle server: what counts is how many effects were begun, and how many of them nobody had
//! answered for. Both are printed.

mod asked;
mod claims;
mod dice;
mod killer;
mod person;
mod scene;
mod tally;
mod world;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;

use crate::run::Server;
use crate::{demo, run, say};
use asked::Asked;
use claims::Priors;
use dice::Dice;
use killer::{Killer, Moment};
use person::Person;
use scene::Scene;
use tally::Tally;

/// What is killed, and how often.
#[derive(Args)]
pub(crate) struct Wanted {
    /// How many kills
    #[arg(long, default_value_t = 200)]
    times: usize,
    /// Same seed, same moments and the same wishes; what falls together is the machine's affair
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many of the fleet's and the server's seconds pass in one
    #[arg(long, default_value_t = 20.0)]
    speed: f64,
    /// Services of the fleet, the one that is off on purpose included
    #[arg(long, default_value_t = 9)]
    services: usize,
    /// Kill the release build
    #[arg(long)]
    release: bool,
}

/// How long an answer may stay untrue before it counts as a lie and not as a look that came between two others.
const UNTRUE_FOR: Duration = Duration::from_secs(8);
/// How long everything may take to come to its end, when nobody kills any more.
const SETTLED_WITHIN: Duration = Duration::from_secs(180);
/// Between two acts of whoever uses the server.
const BETWEEN_ACTS: Duration = Duration::from_millis(120);
/// Kills between two lines of news.
const NEWS_EVERY: usize = 20;

/// Kills the server so many times, and says what came of it.
pub(crate) fn kill(wanted: &Wanted) -> Result<ExitCode> {
    let signalbox = if wanted.release { demo::release_server()? } else { demo::server()? };
    let asked = Asked::listen()?;
    let scene = Scene::open(&asked, &signalbox, wanted.services, wanted.speed, wanted.seed)?;
    scene.prepare(&asked)?;
    let mut all = Run {
        person: Person::of(scene.services.clone()),
        asked,
        scene,
        dice: Dice::new(wanted.seed),
        tally: Tally::default(),
        plans: BTreeMap::new(),
        priors: Priors::new(),
    };
    let step = say::step(format!("{} kills, seed {}", wanted.times, wanted.seed));
    while all.tally.kills < wanted.times && all.tally.is_well() {
        all.once()?;
        if all.tally.kills.is_multiple_of(NEWS_EVERY) {
            say::note(format!("{} killed; {} rollouts so far", all.tally.kills, all.plans.len()));
        }
    }
    all.settle()?;
    let took = step.done("settled");
    println!("{}seed                        {}, in {}", all.tally, wanted.seed, say::seconds(took));
    Ok(if all.tally.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A run so far.
struct Run {
    asked: Asked,
    scene: Scene,
    person: Person,
    dice: Dice,
    tally: Tally,
    /// By a rollout's id, its steps' services.
    plans: BTreeMap<String, Vec<String>>,
    priors: Priors,
}

/// What a start has told so far.
#[derive(Default)]
struct Start {
    answered: Option<Duration>,
    truth: Option<Duration>,
    audited: bool,
    /// What does not hold, since when.
    untrue: Option<(Duration, String)>,
}

impl Run {
    /// Starts it, uses it, and has it killed meanwhile.
    fn once(&mut self) -> Result<()> {
        self.asked.go_on()?;
        if self.dice.percent(60) {
            person::lay_fault(&mut self.dice, &self.scene.places)?;
        }
        let moment = Moment::drawn(&mut self.dice);
        let since = say::stopwatch();
        let server = self.scene.serve(&self.asked)?;
        self.tally.starts += 1;
        let killer = Killer::aim(server.id(), moment, &self.scene.places.control)?;
        let mut start = Start::default();
        while !killer.done() {
            self.asked.go_on()?;
            self.used(&mut start, &since)?;
        }
        drop(killer);
        let status = server.kill()?;
        self.asked.go_on()?;
        self.tally.kills += 1;
        self.ended(status, moment);
        self.tally.answered.extend(start.answered.map(|at| at.as_secs_f64()));
        match start.truth {
            Some(at) => self.tally.truth.push(at.as_secs_f64()),
            None => self.tally.cut_off += 1,
        }
        self.judge()
    }

    /// Was it the kill?
    fn ended(&mut self, status: ExitStatus, moment: Moment) {
        if status.signal() != Some(9) {
            let (kills, words) = (self.tally.kills, self.scene.last_words());
            self.tally.other.push(format!("the server ended by itself ({status}) before kill {kills} ({moment:?}); it last said:{words}"));
        }
    }

    /// One look at what it tells, and once that is true, one act of a person.
    fn used(&mut self, start: &mut Start, since: &say::Step) -> Result<()> {
        if start.truth.is_none() {
            self.listen(start, since);
            if start.truth.is_none() {
                run::pause();
                return Ok(());
            }
        }
        if !start.audited {
            start.audited = true;
            self.tally.audits += 1;
            if let Err(error) = self.scene.verify_audit() {
                self.tally.corrupt.push(format!("after start {}: {error:#}", self.tally.starts));
            }
        }
        // what is refused, or cut off by the kill, a person would try again as well
        if let Err(error) = self.person.act(&mut self.dice, &self.scene.places) {
            self.broken(&error);
        }
        run::wait(BETWEEN_ACTS);
        Ok(())
    }

    /// Whether what it tells is so.
    fn listen(&mut self, start: &mut Start, since: &say::Step) {
        let places = &self.scene.places;
        let told = match claims::hold(&places.url, || world::runs(&places.control), &mut self.priors) {
            Ok(told) => told,
            Err(error) => return self.broken(&error),
        };
        let now = since.elapsed();
        start.answered.get_or_insert(now);
        self.plans.extend(told.plans);
        self.tally.blocked.extend(told.blocked);
        match told.untrue {
            None => (start.truth, start.untrue) = (Some(now), None),
            Some(said) => {
                let (first, _) = start.untrue.get_or_insert((now, said.clone()));
                if now.saturating_sub(*first) >= UNTRUE_FOR {
                    self.tally.other.push(format!("after start {}, for {} s: {said}", self.tally.starts, UNTRUE_FOR.as_secs()));
                    // told once, and the run is over
                    start.truth = Some(now);
                }
            }
        }
    }

    /// An error that is more than a refusal or a kill: a server that says it is its own fault, or words that are new.
    fn broken(&mut self, error: &anyhow::Error) {
        let said = format!("{error:#}");
        if said.contains("answered HTTP/1.0 5") || said.contains("answered HTTP/1.1 5") || said.contains("the API") {
            self.tally.other.push(format!("after start {}: {said}", self.tally.starts));
        }
    }

    /// Everything that took effect so far.
    fn judge(&mut self) -> Result<()> {
        let writes = world::writes(&self.scene.places.control)?;
        let wrongs = world::judge(&writes, &self.scene.first, &self.plans);
        self.tally.writes = writes.len();
        // all of it anew each time, so what was found before is found again
        (self.tally.double, self.tally.wrong, self.tally.at_once) = (wrongs.double, wrongs.wrong, wrongs.at_once);
        Ok(())
    }

    /// Starts it once more, lets everything come to its end, and looks at all of it.
    fn settle(&mut self) -> Result<()> {
        person::clear_faults(&self.scene.places)?;
        let since = say::stopwatch();
        let server = self.scene.serve(&self.asked)?;
        self.tally.starts += 1;
        let mut start = Start::default();
        let mut ended = false;
        while !(ended && start.truth.is_some()) {
            self.asked.go_on()?;
            if since.elapsed() > SETTLED_WITHIN {
                let stuck = if ended { "does not tell the truth" } else { "still has an open rollout" };
                let said = start.untrue.as_ref().map(|(_, said)| format!(": {said}")).unwrap_or_default();
                self.tally.other.push(format!("{} after the last start the server {stuck}{said}", say::seconds(since.elapsed())));
                break;
            }
            self.listen(&mut start, &since);
            if !ended {
                ended = Person::end(&self.scene.places).unwrap_or(false);
                // what it tells then is what is held against the fleet in the end
                start.truth = start.truth.filter(|_| !ended);
            }
            run::wait(BETWEEN_ACTS);
        }
        self.count(server)
    }

    fn count(&mut self, server: Server) -> Result<()> {
        self.judge()?;
        self.tally.audits += 1;
        if let Err(error) = self.scene.verify_audit() {
            self.tally.corrupt.push(format!("in the end: {error:#}"));
        }
        let record = self.scene.record().context("the server's record cannot be counted")?;
        drop(server);
        let count = |name: &str| record.get(name).and_then(Value::as_u64).unwrap_or(0);
        (self.tally.rollouts, self.tally.begun) = (count("rollouts"), count("begun"));
        (self.tally.unknown, self.tally.found, self.tally.again) = (count("unknown"), count("found"), count("again"));
        let integrity = record.get("integrity").and_then(Value::as_str).unwrap_or_default();
        if integrity != "ok" {
            self.tally.corrupt.push(format!("SQLite finds in the store: {integrity}"));
        }
        if count("begun") == 0 {
            self.tally.other.push("no effect was begun: an idle server was killed, which proves nothing".to_owned());
        }
        Ok(())
    }
}
