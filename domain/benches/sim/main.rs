//! The pure engine against a model of the world, with every fault at every point: `cargo xtask sim`.
//!
//! First every single cell: each place in the loop at which something can go wrong (they are found by running without
//! trouble, so a new effect brings its own) × crash or not × every fault. Then seeded runs with several troubles at once. The
//! invariants (reliability, I1 to I15) are checked against the model world, not against the engine's own tables. The same seed
//! gives the same trace. It prints one line of JSON; with `--seeds 1 --from N --verbose` it tells one run.

#![allow(clippy::print_stdout, reason = "this is a program that prints")]

mod dice;
mod invariants;
mod shell;
mod sim;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use dice::Dice;
use domain::rollout::cause::{Kind, Marks};
use domain::rollout::decide::Command;
use domain::rollout::floor::Floor;
use domain::rollout::{Bound, OwedState, Rollout, Stage, Status, Step, Target};
use domain::service::{HealthCheck, ServiceKey};
use serde_json::json;
use shell::{Died, Shell};
use sim::{Fault, Sim, Trouble};
use world::{Nature, World};

/// Services of one run: enough for a verified one, one under way and one that waits.
const SERVICES: usize = 3;
/// Seconds after which a run must have ended or wait for a person.
const LONGEST: i64 = 4 * 3_600;
/// A takeover waits for the lease and for a call of the one before (reliability, L3).
const TAKEOVER: i64 = 40;

/// What is tried, without its troubles.
#[derive(Clone, Debug)]
struct Scenario {
    name: &'static str,
    nature: Vec<Nature>,
    /// A command, and after how many seconds.
    command: Option<(i64, Command)>,
    budget: u32,
}

fn scenarios() -> Vec<Scenario> {
    let good = || vec![Nature::Good; SERVICES];
    let second = |nature: Nature| vec![Nature::Good, nature, Nature::Good];
    let plain = |name, nature| Scenario { name, nature, command: None, budget: 0 };
    let why = || "enough".to_owned();
    let asked = |name, at, command| Scenario { name, nature: good(), command: Some((at, command)), budget: 0 };
    vec![
        plain("good", good()),
        plain("never healthy", second(Nature::Never(Kind::Health))),
        plain("exits", second(Nature::Never(Kind::Exit))),
        plain("no image", second(Nature::Never(Kind::Image))),
        plain("fails after 90 s", second(Nature::Late(Kind::Health, 90))),
        plain("alarm after 60 s", second(Nature::Late(Kind::Alarm, 60))),
        plain("no room for 5 min", second(Nature::NoRoom(300))),
        Scenario { budget: 1, ..plain("one failure allowed", second(Nature::Never(Kind::Health))) },
        asked("aborted while rolling", 30, Command::Abort { why: why() }),
        asked("aborted while baking", 120, Command::Abort { why: why() }),
        asked("paused and left", 60, Command::Pause { why: why() }),
        asked("undone at the end", 900, Command::Undo { why: why() }),
    ]
}

fn rollout(world: &World, budget: u32) -> Rollout {
    let check = HealthCheck { command: vec!["CMD".into(), "true".into()], interval: 5, timeout: 2, retries: 2, start_period: 0 };
    let steps = world.services.iter().enumerate().map(|(index, service)| {
        let prior = service.revisions.first().map(|revision| revision.arn.clone()).unwrap_or_default();
        let described = world.described(index, &prior).unwrap_or_else(|| panic!("a service has a revision"));
        let mut copy = described.copy().unwrap_or_else(|refused| panic!("{refused}"));
        let value = json!({"command": check.command, "interval": 5, "timeout": 2, "retries": 2, "startPeriod": 0});
        copy.set("main", "healthCheck", Some(value)).unwrap_or_else(|refused| panic!("{refused}"));
        Step {
            service: ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.name.clone() },
            wave: u32::try_from(index + 1).unwrap_or(1),
            bound: Bound { prior, described, deployment: String::new(), began: None, configuration: service.own.clone() },
            target: Target::New(copy),
            floor: Floor::of([&check], 0),
            bake: shell::bake(),
            marks: Marks { template: "CMD true".into(), images: vec![service.name.clone()] },
            stage: Stage::Waiting,
            owed: None,
            evidence: Vec::new(),
            looked: None,
            doubts: None,
            patience: None,
        }
    });
    Rollout {
        id: "0190a000-0000-7000-8000-000000000001".into(),
        title: "Health check".into(),
        reason: "a simulation".into(),
        budget,
        steps: steps.collect(),
        status: Status::Planned,
        effects: 0,
    }
}

struct Run {
    sim: Sim,
    seconds: i64,
}

fn run(scenario: &Scenario, troubles: Vec<Trouble>, seed: u64) -> Run {
    let world = World::new(SERVICES, Dice::new(seed));
    let rollout = rollout(&world, scenario.budget);
    let calm = troubles.iter().all(|trouble| trouble.fault == Fault::None && !trouble.crash);
    let mut sim = Sim::new(world, rollout, scenario.nature.clone());
    sim.troubles = troubles;
    let begun = sim.world.now;
    let mut shells = vec![Shell::new(1, begun)];
    let mut born_at: Option<i64> = None;
    sim.command(Command::Start);
    let mut command = scenario.command.clone();
    let mut calm_for = 0;
    while sim.world.now - begun < LONGEST && calm_for < 120 {
        sim.world.second();
        sim.arrive();
        if command.as_ref().is_some_and(|(at, _)| sim.world.now - begun >= *at)
            && let Some((_, command)) = command.take()
        {
            sim.command(command);
        }
        let epoch = sim.stored.epoch;
        let mut left = Vec::new();
        for mut shell in shells {
            match shell.second(&mut sim) {
                Ok(()) => left.push(shell),
                Err(Died::Crashed) => born_at = Some(sim.world.now + 2),
                Err(Died::LostLease | Died::Fenced) => {}
            }
        }
        shells = left;
        // one that sleeps is believed dead by the next
        let asleep = shells.iter().any(|shell| shell.asleep_until > sim.world.now);
        if sim.stored.epoch > epoch || (shells.is_empty() && born_at.is_none()) || (asleep && shells.len() == 1 && born_at.is_none()) {
            born_at.get_or_insert(sim.world.now + TAKEOVER);
        }
        if born_at.is_some_and(|at| sim.world.now >= at) {
            born_at = None;
            sim.stored.epoch += 1;
            shells.push(Shell::new(sim.stored.epoch, sim.world.now));
        }
        // halted with something owed that was not sent: it waits for a person like everything else
        let halted = matches!(sim.stored.rollout.status, Status::Halted { .. });
        let unsent = |step: &Step| step.owed.as_ref().is_some_and(|owed| owed.state == OwedState::Waiting && owed.effect.forward());
        let still = sim.stored.rollout.under_way().is_none_or(|(_, of)| halted && unsent(of));
        let waits = still && (halted || matches!(sim.stored.rollout.status, Status::Paused { .. }));
        let over = sim.stored.rollout.status.ended() || waits;
        calm_for = if over && command.is_none() { calm_for + 1 } else { 0 };
    }
    let seconds = sim.world.now - begun;
    sim.check_end();
    // I10: whatever happened, it ends or waits for a person
    if seconds >= LONGEST {
        let under_way = sim.stored.rollout.under_way().map(|(step, of)| format!("step {step}: {:?}", of.stage));
        let status = format!("{:?}", sim.stored.rollout.status);
        sim.violations.push(format!("I10: after {LONGEST} s it is {status}, {}", under_way.unwrap_or_default()));
    }
    if calm {
        check_calm(scenario, &mut sim);
    }
    Run { sim, seconds }
}

/// Without trouble each scenario has one right end.
fn check_calm(scenario: &Scenario, sim: &mut Sim) {
    let steps = &sim.stored.rollout.steps;
    let is = |index: usize, wanted: fn(&Stage) -> bool| steps.get(index).is_some_and(|step| wanted(&step.stage));
    let verified: fn(&Stage) -> bool = |stage| matches!(stage, Stage::Verified { .. });
    let back: fn(&Stage) -> bool = |stage| matches!(stage, Stage::PutBack { .. });
    let untouched: fn(&Stage) -> bool = |stage| matches!(stage, Stage::Waiting | Stage::Skipped { .. });
    let ended: [fn(&Stage) -> bool; 3] = match scenario.name {
        "good" | "no room for 5 min" => [verified, verified, verified],
        "one failure allowed" => [verified, back, verified],
        "aborted while rolling" | "aborted while baking" => [back, untouched, untouched],
        "undone at the end" => [back, back, back],
        "paused and left" => [verified, untouched, untouched],
        _ => [verified, back, untouched],
    };
    let right = (0..3).all(|index| ended.get(index).is_some_and(|wanted| is(index, *wanted)));
    if !right {
        let stages: Vec<_> = steps.iter().map(|step| format!("{:?}", step.stage)).collect();
        sim.violations.push(format!("calm: \"{}\" ended as {stages:?}, {:?}", scenario.name, sim.stored.rollout.status));
    }
}

struct Asked {
    seeds: u64,
    from: u64,
    pairs: u64,
    verbose: bool,
}

fn asked() -> Asked {
    let mut asked = Asked { seeds: 1_000, from: 0, pairs: 2_000, verbose: false };
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| words.iter().position(|word| word == name).and_then(|at| words.get(at + 1)?.parse().ok());
    asked.seeds = number("--seeds").unwrap_or(asked.seeds);
    asked.from = number("--from").unwrap_or(asked.from);
    asked.pairs = number("--pairs").unwrap_or(asked.pairs);
    asked.verbose = words.iter().any(|word| word == "--verbose");
    asked
}

/// Every single cell: place × crash or not × fault, in the first scenario that reaches the place.
fn cells(scenarios: &[Scenario]) -> Vec<(usize, Trouble)> {
    let mut known = BTreeSet::new();
    let mut cells = Vec::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        for (site, times) in run(scenario, Vec::new(), 0).sim.sites {
            if !known.insert(site.clone()) {
                continue;
            }
            // in the middle of what happens there, and at its beginning
            for time in BTreeSet::from([1, times.div_ceil(2)]) {
                for fault in Fault::ALL {
                    for crash in [false, true] {
                        if crash || fault != Fault::None {
                            cells.push((index, Trouble { site: site.clone(), time, crash, fault }));
                        }
                    }
                }
            }
        }
    }
    cells
}

/// Some troubles at once, thrown.
fn thrown(dice: &mut Dice, sites: &BTreeMap<String, u64>) -> Vec<Trouble> {
    let names: Vec<&String> = sites.keys().collect();
    let count = 1 + dice.below(4);
    let trouble = |dice: &mut Dice| {
        let site = dice.pick(&names).map(|name| (*name).clone()).unwrap_or_default();
        let time = 1 + dice.below(sites.get(&site).copied().unwrap_or(1));
        let fault = dice.pick(&Fault::ALL).copied().unwrap_or(Fault::None);
        Trouble { site, time, crash: dice.below(2) == 0, fault }
    };
    (0..count).map(|_| trouble(dice)).collect()
}

#[derive(Default)]
struct Counted {
    runs: u64,
    effects: u64,
    seconds: i64,
    violations: Vec<String>,
}

impl Counted {
    fn count(&mut self, run: &Run, what: impl FnOnce() -> String) {
        self.runs += 1;
        self.effects += run.sim.effects;
        self.seconds += run.seconds;
        if let Some(first) = run.sim.violations.first()
            && self.violations.len() < 20
        {
            self.violations.push(format!("{}: {first}", what()));
        } else if !run.sim.violations.is_empty() {
            self.violations.push(String::new());
        }
    }

    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.effects += other.effects;
        self.seconds += other.seconds;
        self.violations.extend(other.violations);
    }
}

fn main() {
    let asked = asked();
    let scenarios = scenarios();
    let mut all = Counted::default();
    let mut sites = Vec::new();
    for scenario in &scenarios {
        let calm = run(scenario, Vec::new(), 0);
        all.count(&calm, || scenario.name.to_owned());
        sites.push(calm.sim.sites.clone());
    }
    let cells = cells(&scenarios);
    let places = cells.iter().map(|(_, trouble)| (&trouble.site, trouble.time)).collect::<BTreeSet<_>>().len();
    let single = shared(&cells, |(index, trouble)| {
        let mut counted = Counted::default();
        if let Some(scenario) = scenarios.get(*index) {
            let run = run(scenario, vec![trouble.clone()], 0);
            counted.count(&run, || format!("{} with {trouble:?}", scenario.name));
        }
        counted
    });
    let cells_run = single.runs;
    all.add(single);
    let pairs: Vec<u64> = (0..asked.pairs).collect();
    let paired = shared(&pairs, |pair| {
        let mut dice = Dice::new(pair ^ 0x5151);
        let mut counted = Counted::default();
        let two: Vec<&(usize, Trouble)> = (0..2).filter_map(|_| dice.pick(&cells)).collect();
        if let Some(scenario) = two.first().and_then(|(index, _)| scenarios.get(*index)) {
            let troubles: Vec<Trouble> = two.iter().map(|(_, trouble)| trouble.clone()).collect();
            let run = run(scenario, troubles.clone(), *pair);
            counted.count(&run, || format!("pair {pair}: {} with {troubles:?}", scenario.name));
        }
        counted
    });
    let pairs_run = paired.runs;
    all.add(paired);
    let seeds: Vec<u64> = (asked.from..asked.from + asked.seeds).collect();
    let seeded = shared(&seeds, |seed| {
        let mut counted = Counted::default();
        let (run, said) = seeded(*seed, &scenarios, &sites);
        // one in a hundred twice: the same seed, the same trace
        if seed % 100 == 0 && seeded_trace(*seed, &scenarios, &sites) != run.sim.trace {
            counted.violations.push(format!("seed {seed}: another trace the second time"));
        }
        counted.count(&run, || format!("seed {seed}: {said}"));
        if asked.verbose {
            println!("seed {seed}: {said}; {:?}; {:?}", run.sim.stored.rollout.status, run.sim.violations);
            for step in &run.sim.stored.rollout.steps {
                println!(
                    "  {}: {:?}, owed {:?}",
                    step.service.service,
                    step.stage,
                    step.owed.as_ref().map(|owed| (owed.effect.operation(), owed.state))
                );
            }
        }
        counted
    });
    let seeds_run = seeded.runs;
    all.add(seeded);
    let violations = all.violations.len();
    for said in all.violations.iter().filter(|said| !said.is_empty()).take(20) {
        println!("VIOLATION {said}");
    }
    println!(
        "{}",
        json!({
            "scenarios": scenarios.len(), "places": places, "cells": cells.len(), "cells_run": cells_run, "pairs": pairs_run,
            "seeds": seeds_run, "from": asked.from, "effects": all.effects, "simulated_hours": all.seconds / 3_600, "violations": violations,
        })
    );
    if violations > 0 {
        std::process::exit(1);
    }
}

fn seeded(seed: u64, scenarios: &[Scenario], sites: &[BTreeMap<String, u64>]) -> (Run, String) {
    let mut dice = Dice::new(seed);
    let index = usize::try_from(dice.below(scenarios.len() as u64)).unwrap_or(0);
    let (Some(scenario), Some(sites)) = (scenarios.get(index), sites.get(index)) else { panic!("there are scenarios") };
    let troubles = thrown(&mut dice, sites);
    let said = format!("{} with {troubles:?}", scenario.name);
    (run(scenario, troubles, seed), said)
}

fn seeded_trace(seed: u64, scenarios: &[Scenario], sites: &[BTreeMap<String, u64>]) -> u64 {
    seeded(seed, scenarios, sites).0.sim.trace
}

/// Runs each, on every core.
fn shared<T: Sync>(all: &[T], each: impl Fn(&T) -> Counted + Sync) -> Counted {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let part = all.len().div_ceil(cores).max(1);
    let each = &each;
    std::thread::scope(|scope| {
        let parts: Vec<_> = all
            .chunks(part)
            .map(|part| {
                scope.spawn(move || {
                    let mut counted = Counted::default();
                    for one in part {
                        counted.add(each(one));
                    }
                    counted
                })
            })
            .collect();
        let mut whole = Counted::default();
        for part in parts {
            match part.join() {
                Ok(counted) => whole.add(counted),
                Err(_) => whole.violations.push("a run panicked".to_owned()),
            }
        }
        whole
    })
}
