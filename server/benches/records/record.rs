//! A record of a million entries: ninety days of four hundred services, told as the collectors tell it.
//!
//! Entries come about as they do in the server: lines of ECS, stops with their last words, deployments, counts that go
//! down and up, alarms by their history. Two things are put in on purpose, because they are the hard cases of a search:
//! words that occur once, and an outage long ago that said the same a hundred thousand times and has not been heard of
//! since.

use std::time::Duration;

use anyhow::Result;
use collectors::Report;
use domain::Timestamp;
use domain::alarm::{Alarm, AlarmState, Happened, HistoryItem};
use domain::log::{Heard, Silence};
use domain::reading::{AlarmHistory, AlarmReading, ClusterReading, LogReading, ObservedService, Reading, Seen};
use domain::service::{Container, Health, Service, ServiceEvent, Task};
use domain::source::SourceKind;
use domain::view::{LastWords, LogLine};
use signalbox::store::{Marks, Store};

use crate::draw::Draw;
use crate::fleet::{self, ACCOUNT, CLUSTER, ENVIRONMENT, GROUPING, Member, REGION, report, seen, sweep, swept};

const SERVICES: usize = 400;
const DAYS: i64 = 90;
/// 2 May 2026, 10:00 UTC.
pub(crate) const UNTIL: i64 = 1_777_716_000;
pub(crate) const FROM: i64 = UNTIL - DAYS * 86_400;
/// Parts the time is told in, each about a thousand entries of twenty services.
const PARTS: i64 = 1_000;
const AT_ONCE: usize = 20;
/// Parts that fall into the outage, and what ECS says more often in them.
const OUTAGE: std::ops::Range<i64> = 150..270;
const OUTAGE_LINES: usize = 25;
pub(crate) const OUTAGE_SAID: &str = "was unable to place a task because no container instance met all of its requirements.";

/// What can be asked for and was told.
pub(crate) struct Told {
    pub(crate) services: Vec<String>,
    /// Ids of stopped tasks, some from each part of the time.
    pub(crate) tasks: Vec<String>,
    /// Words that stand in one task's last words and nowhere else.
    pub(crate) once: Vec<String>,
}

/// Writes it all.
pub(crate) async fn record(store: &Store) -> Result<Told> {
    let fleet = fleet::fleet(SERVICES, 0, FROM);
    let told = Told { services: fleet.iter().map(|member| member.service.name.clone()).collect(), tasks: Vec::new(), once: Vec::new() };
    let mut telling = Telling { fleet, draw: Draw::of(3_000_000), told, marks: Marks::default() };
    telling.begin(store).await?;
    for part in 0..PARTS {
        telling.part(store, part).await?;
    }
    Ok(telling.told)
}

struct Telling {
    fleet: Vec<Member>,
    draw: Draw,
    told: Told,
    marks: Marks,
}

impl Telling {
    /// The first sweeps, which are no news.
    async fn begin(&self, store: &Store) -> Result<()> {
        let items = self.fleet.iter().map(|member| seen(&member.service, member.at(UNTIL))).collect();
        let at = Timestamp::from_secs(FROM - 60);
        store.record(&report(sweep(at, cluster(items, Vec::new()))), &self.marks, GROUPING).await?;
        let alarms = self.fleet.iter().flat_map(|member| ["cpu-high", "memory-high"].map(|what| alarm(&member.service, what))).collect();
        store.record(&told_of_alarms(at, Seen::whole(alarms), Vec::new()), &self.marks, GROUPING).await?;
        Ok(())
    }

    async fn part(&mut self, store: &Store, part: i64) -> Result<()> {
        let first = usize::try_from(part).unwrap_or(0) * AT_ONCE % SERVICES;
        let turn = first..first + AT_ONCE;
        let outage = OUTAGE.contains(&part);
        let names: Vec<String> =
            self.fleet.get(turn.clone()).unwrap_or_default().iter().map(|member| member.service.name.clone()).collect();
        // down and moving, then well again: what is said at both looks is news
        for (end, well) in [(0.5, false), (0.95, true)] {
            let mut items = Vec::new();
            for number in turn.clone() {
                items.extend(self.observed(number, part, end, well, outage));
            }
            let stopped = (0..50).map(|_| self.stop(turn.start, part, end)).collect();
            let glance = sweep(instant(part, end), cluster(items, stopped));
            store.record_glance(&glance, &names, &self.marks, GROUPING).await?;
        }
        store.record(&self.words(store, part).await?, &self.marks, GROUPING).await?;
        let history = self.alarms(part);
        store.record(&told_of_alarms(instant(part, 0.99), Seen::partial(Vec::new()), history), &self.marks, GROUPING).await?;
        Ok(())
    }

    fn observed(&mut self, number: usize, part: i64, end: f64, well: bool, outage: bool) -> Option<ObservedService> {
        let moves = number.is_multiple_of(4);
        let deployment = format!("ecs-svc/{:019}", part.unsigned_abs() * 1_000 + number as u64);
        let lines = 14 + if outage { OUTAGE_LINES } else { 0 };
        let events = (0..lines).map(|line| self.line(number, part, end, line, outage && line >= 14)).collect();
        let member = self.fleet.get_mut(number)?;
        let service = &mut member.service;
        if moves && let Some(primary) = service.deployments.first_mut() {
            if !well {
                let revision = 60 + part;
                let arn = format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{}:{revision}", service.name);
                (primary.id, primary.revision) = (deployment, Some(arn.clone()));
                service.revision = Some(arn);
            }
            primary.created = None;
            primary.rollout_state = Some(if well { "COMPLETED" } else { "IN_PROGRESS" }.into());
        }
        let usual = member.at(UNTIL);
        let counts = if well { usual } else { (usual.0, usual.1 - 1, 1) };
        Some(ObservedService { events, ..seen(&member.service, counts) })
    }

    /// A line of a service's own event list.
    fn line(&mut self, number: usize, part: i64, end: f64, line: usize, outage: bool) -> ServiceEvent {
        let name = self.told.services.get(number).cloned().unwrap_or_default();
        let task = self.draw.id();
        let said = match (outage, self.draw.below(6)) {
            (true, _) => OUTAGE_SAID.to_owned(),
            (_, 0) => "has reached a steady state.".to_owned(),
            (_, 1) => format!("has stopped 1 running tasks: (task {task})."),
            (_, 2) => format!(
                "registered 1 targets in (target-group arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/{name}/{:016x})",
                self.draw.bits()
            ),
            (_, 3) => format!("(task {task}) failed container health checks."),
            _ => format!("has started 1 tasks: (task {task})."),
        };
        let at = instant(part, end - 0.45 + 0.44 * line as f64 / 40.0);
        ServiceEvent { id: format!("{}-{line}", self.draw.id()), at, message: format!("(service {name}) {said}") }
    }

    /// A task that stopped: one of four by its own fault.
    fn stop(&mut self, first: usize, part: i64, end: f64) -> Task {
        let number = first + usize::try_from(self.draw.below(AT_ONCE as u64)).unwrap_or(0);
        let (name, id) = (self.told.services.get(number).cloned().unwrap_or_default(), self.draw.id());
        if self.draw.below(100) == 0 {
            self.told.tasks.push(id.clone());
        }
        let stopped = instant(part, end - 0.02 - 0.4 * self.draw.part());
        let (code, reason, exit, container) = match self.draw.below(8) {
            0 => (
                "EssentialContainerExited",
                "Essential container in task exited",
                137,
                Some("OutOfMemoryError: Container killed due to memory usage"),
            ),
            1 => ("EssentialContainerExited", "Essential container in task exited", 1, None),
            2 => ("TaskFailedToStart", "CannotPullContainerError: pull image manifest has been retried 5 time(s): not found", 0, None),
            _ => ("ServiceSchedulerInitiated", "Scaling activity initiated by deployment", 0, None),
        };
        let revision = self.fleet.get(number).and_then(|member| member.service.revision.clone());
        Task {
            arn: format!("arn:aws:ecs:{REGION}:{ACCOUNT}:task/{CLUSTER}/{id}"),
            service: Some(name.clone()),
            revision,
            last_status: "STOPPED".into(),
            desired_status: "STOPPED".into(),
            address: Some(format!("10.0.{}.{}", self.draw.below(64), self.draw.below(250))),
            zone: Some(format!("{REGION}{}", self.draw.of_these(&["a", "b", "c"], "a"))),
            created: Some(stopped.minus(Duration::from_secs(7_200))),
            started: Some(stopped.minus(Duration::from_secs(7_140))),
            stopped: Some(stopped),
            stop_code: Some(code.into()),
            stopped_reason: Some(reason.into()),
            containers: vec![Container {
                image: Some(format!("{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}:{}", self.draw.below(900))),
                name,
                last_status: Some("STOPPED".into()),
                health: Health::Unknown,
                exit_code: Some(exit),
                reason: container.map(str::to_owned),
                ..Container::default()
            }],
            ..Task::default()
        }
    }

    /// Last words of the tasks that failed; every third had none.
    async fn words(&mut self, store: &Store, part: i64) -> Result<Report> {
        let at = instant(part, 0.97);
        let owed = store.owed_words(ENVIRONMENT, at, 1_000).await?;
        let mut heard = Vec::new();
        for (number, owed) in owed.into_iter().filter(|owed| owed.failed).enumerate() {
            let silence = Silence { reason: "its log stream does not exist".into(), again: false };
            let words = if number % 3 == 0 { Err(silence) } else { Ok(self.last_words(at, number == 1 && part % 25 == 7)) };
            heard.push(Heard { arn: owed.arn, words });
        }
        Ok(report(swept(SourceKind::Logs, at, Reading::Logs(LogReading { heard }))))
    }

    fn last_words(&mut self, at: Timestamp, once: bool) -> LastWords {
        let mut texts: Vec<String> = (0..10 + self.draw.below(10)).map(|_| self.log_line()).collect();
        if once {
            let word = format!("quetzal{:08x}", self.draw.bits() >> 32);
            texts.push(format!("ERROR quest::state invariant {word} does not hold, stopping"));
            self.told.once.push(word);
        }
        let lines = texts.into_iter().map(|text| LogLine { at: at.minus(Duration::from_secs(90)), text }).collect();
        LastWords { lines, cut: false, reason: None }
    }

    fn log_line(&mut self) -> String {
        let (place, number) =
            (self.draw.of_these(&["nats::client", "http::server", "store::pool", "quest::state"], "main"), self.draw.below(9_000));
        match self.draw.below(5) {
            0 => format!("ERROR {place} connection refused by 10.0.{}.{}:4222, trying again in {number} ms", number % 64, number % 250),
            1 => format!("WARN  {place} request {:012x} took {number} ms", self.draw.bits() >> 16),
            2 => format!("INFO  {place} published {number} messages to game.events.{}", number % 40),
            3 => format!("DEBUG {place} heartbeat {number} acknowledged"),
            _ => format!("INFO  {place} player {:08x} joined world {}", self.draw.bits() >> 32, number % 300),
        }
    }

    fn alarms(&mut self, part: i64) -> Vec<HistoryItem> {
        let mut items = Vec::new();
        for number in 0..125_usize {
            let which = (number * 7 + usize::try_from(part).unwrap_or(0) * 13) % SERVICES;
            let name = self.told.services.get(which).cloned().unwrap_or_default();
            for (of_part, before, after) in [(0.2, AlarmState::Ok, AlarmState::Alarm), (0.6, AlarmState::Alarm, AlarmState::Ok)] {
                let reason = format!(
                    "Threshold Crossed: 3 out of the last 3 datapoints [{:.2}, {:.2}] were {} than the threshold (80.0).",
                    60.0 + 40.0 * self.draw.part(),
                    60.0 + 40.0 * self.draw.part(),
                    if after == AlarmState::Alarm { "greater" } else { "not greater" },
                );
                let at = instant(part, of_part + number as f64 / 1_000.0);
                let what = Happened::State { before: Some(before), after, reason: Some(reason) };
                items.push(HistoryItem { name: alarm_name(&name, what_of(number)), at, what });
            }
        }
        items
    }
}

/// An instant within a part of the time.
fn instant(part: i64, of_part: f64) -> Timestamp {
    let length = DAYS as f64 * 86_400.0 / PARTS as f64;
    Timestamp::from_micros(FROM * 1_000_000 + ((part as f64 + of_part) * length * 1e6) as i64)
}

fn what_of(number: usize) -> &'static str {
    if number.is_multiple_of(2) { "cpu-high" } else { "memory-high" }
}

fn cluster(services: Vec<ObservedService>, stopped: Vec<Task>) -> ClusterReading {
    ClusterReading { services: Seen::whole(services), tasks: Seen::whole(Vec::new()), stopped, ..ClusterReading::default() }
}

fn alarm_name(service: &str, what: &str) -> String {
    format!("{service}-{what}")
}

fn alarm(service: &Service, what: &str) -> Alarm {
    let name = alarm_name(&service.name, what);
    Alarm {
        arn: format!("arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}"),
        name,
        state: AlarmState::Ok,
        actions_enabled: true,
        dimensions: [("ClusterName".to_owned(), CLUSTER.to_owned()), ("ServiceName".to_owned(), service.name.clone())].into(),
        ..Alarm::default()
    }
}

fn told_of_alarms(at: Timestamp, alarms: Seen<Alarm>, items: Vec<HistoryItem>) -> Report {
    let history = AlarmHistory { items: Seen::whole(items), next: at };
    let reading = AlarmReading { account: ACCOUNT.into(), region: REGION.into(), alarms, history: Some(history) };
    report(swept(SourceKind::Alarms, at, Reading::Alarms(reading)))
}
