//! What stands between a step and its pass.
//!
//! The judge looks and never acts: it turns one reading into statements, each with what it rests on, and a verdict. "Stable"
//! is not enough, because a service is stable after a silent roll-back too; so the verdict goes by our deployment and our
//! revision. Only a pass advances: what could not be read is inconclusive, and what the reading contradicts once may be a stale
//! answer, which [`super::decide`] doubts before it believes.

use serde::{Deserialize, Serialize};

use super::cause::{self, Cause, Kind};
use super::seen::{Part, ServiceSeen};
use super::{Ending, Stage, Step};
use crate::Timestamp;
use crate::judge::Tone;
use crate::service::{Health, Task, revision_name};
use crate::text;

/// What a reading means for a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that a pass needs was seen at this instant.
    Pass,
    /// Not yet, and nothing is wrong.
    Wait,
    /// It failed, and this is why.
    Fail(Cause),
    /// It cannot be said, because something could not be read or has no data.
    Inconclusive(String),
    /// The reading contradicts what we did; believed only when it goes on.
    Doubt(String),
    /// There is no room: held, never undone.
    NoRoom(String),
}

/// One line of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statement {
    /// How it stands with the pass.
    pub tone: Tone,
    /// What was seen.
    pub text: String,
    /// By which question.
    pub source: String,
    /// When that was asked.
    pub at: Timestamp,
}

/// A verdict with its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What it means.
    pub verdict: Verdict,
    /// What it rests on, in the order of the page.
    pub statements: Vec<Statement>,
}

/// Stops that count began no earlier than this much before our update: clocks differ, and ECS stamps its own.
const CLOCKS_APART: u64 = 5;

/// Judges a look at a step that is rolling, baking or verified.
pub fn judge(step: &Step, seen: &ServiceSeen) -> Judgement {
    let Some((revision, deployment, since)) = ours(step) else {
        return Judgement { verdict: Verdict::Wait, statements: Vec::new() };
    };
    let mends = step.mends() && !matches!(step.stage, Stage::Verified { .. });
    let mut jury = Jury { seen, revision, deployment, since, mends, statements: Vec::new(), verdicts: Vec::new() };
    jury.deployment();
    jury.stops();
    jury.tasks(step);
    jury.room();
    jury.alarms();
    jury.nats();
    let verdict = worst(jury.verdicts);
    Judgement { verdict, statements: jury.statements }
}

/// Our revision, our deployment, and since when.
fn ours(step: &Step) -> Option<(&str, &str, Timestamp)> {
    match &step.stage {
        Stage::Rolling { revision, deployment, since, .. } | Stage::Baking { revision, deployment, since, .. } => {
            Some((revision, deployment, *since))
        }
        Stage::Restoring { since, then: Ending::Verified { revision, deployment }, .. } => Some((revision, deployment, *since)),
        Stage::Verified { revision, deployment, at } => Some((revision, deployment, *at)),
        _ => None,
    }
}

/// A failure outranks a doubt, a doubt the lack of an answer, that the lack of room, and all of them a mere wait.
fn worst(verdicts: Vec<Verdict>) -> Verdict {
    let rank = |verdict: &Verdict| match verdict {
        Verdict::Fail(_) => 0,
        Verdict::Doubt(_) => 1,
        Verdict::Inconclusive(_) => 2,
        Verdict::NoRoom(_) => 3,
        Verdict::Wait => 4,
        Verdict::Pass => 5,
    };
    verdicts.into_iter().min_by_key(rank).unwrap_or(Verdict::Wait)
}

struct Jury<'a> {
    seen: &'a ServiceSeen,
    revision: &'a str,
    deployment: &'a str,
    since: Timestamp,
    /// Whether what is wrong may be what the step is to mend.
    mends: bool,
    statements: Vec<Statement>,
    verdicts: Vec<Verdict>,
}

impl Jury<'_> {
    fn say(&mut self, tone: Tone, source: &str, text: impl Into<String>, verdict: Verdict) {
        self.statements.push(Statement { tone, text: text.into(), source: source.to_owned(), at: self.seen.at });
        self.verdicts.push(verdict);
    }

    /// The primary deployment is ours, by id and revision, and no other is active.
    fn deployment(&mut self) {
        let Some(primary) = self.seen.primary() else {
            return self.say(
                Tone::Unknown,
                "DescribeServices",
                "no primary deployment is told",
                Verdict::Inconclusive("ECS tells no primary deployment".into()),
            );
        };
        let runs = primary.revision.as_deref().unwrap_or(&self.seen.revision).to_owned();
        if let Some(ours) = self.seen.bringing(self.revision).filter(|ours| ours.rolled_back()) {
            let why = ours.reason.clone().unwrap_or_else(|| ours.status.clone());
            let said = format!("AWS takes our deployment back: {}", text::shown(&why));
            return self.say(Tone::Bad, "DescribeServiceDeployments", said.clone(), Verdict::Fail(Cause::new(Kind::TakenBackByAws, said)));
        }
        if runs != self.revision {
            let said = format!("the primary deployment brings {}, not {}", revision_name(&runs), revision_name(self.revision));
            return self.say(Tone::Bad, "DescribeServices", said.clone(), Verdict::Doubt(said));
        }
        if primary.id != self.deployment {
            let said = format!("another deployment of our revision is primary: {}", text::shown(&primary.id));
            return self.say(Tone::Warn, "DescribeServices", said.clone(), Verdict::Doubt(said));
        }
        if primary.rollout_state.as_deref() == Some("FAILED") {
            let why = primary.rollout_reason.clone().unwrap_or_else(|| "ECS calls the deployment failed".to_owned());
            return self.say(
                Tone::Bad,
                "DescribeServices",
                text::shown(&why),
                Verdict::Fail(Cause::new(Kind::TakenBackByAws, text::shown(&why))),
            );
        }
        let ours = format!("Primary deployment is ours, {}, revision {}", text::shown(self.deployment), revision_name(self.revision));
        let others = self.seen.deployments.len().saturating_sub(1);
        if others > 0 {
            let said = format!("{ours}; {} still running", text::count(others as u64, "older deployment"));
            return self.say(Tone::Move, "DescribeServices", said, Verdict::Wait);
        }
        match primary.rollout_state.as_deref() {
            Some("COMPLETED") => self.say(Tone::Good, "DescribeServices", format!("{ours}; no other is active"), Verdict::Pass),
            // behind a Classic Load Balancer ECS tells none: the newer view must then say it
            None if self.seen.bringing(self.revision).is_some_and(|ours| ours.status == "SUCCESSFUL") => {
                self.say(Tone::Good, "DescribeServiceDeployments", format!("{ours}; AWS calls it successful"), Verdict::Pass);
            }
            _ => self.say(Tone::Move, "DescribeServices", format!("{ours}; not completed yet"), Verdict::Wait),
        }
    }

    fn is_ours(&self, task: &Task) -> bool {
        task.started_by.as_deref() == Some(self.deployment) || task.revision.as_deref() == Some(self.revision)
    }

    /// None of our tasks stopped for a reason that is the change's doing.
    fn stops(&mut self) {
        let stopped = match &self.seen.stopped {
            Part::Read(stopped) => stopped,
            Part::Missing(why) => {
                return self.say(
                    Tone::Unknown,
                    "ListTasks",
                    format!("stopped tasks could not be read: {why}"),
                    Verdict::Inconclusive(why.clone()),
                );
            }
            Part::None => return,
        };
        let after = self.since.minus(std::time::Duration::from_secs(CLOCKS_APART));
        let mine: Vec<&Task> =
            stopped.iter().filter(|task| self.is_ours(task) && task.stopping.or(task.stopped).is_none_or(|at| at >= after)).collect();
        let failed = mine.iter().map(|task| cause::of_stop(task)).find(|cause| cause.kind.failure());
        let others = mine.iter().filter(|task| cause::kind_of(task) == Kind::Host).count();
        match failed {
            Some(cause) => self.say(Tone::Bad, "DescribeTasks", cause.said.clone(), Verdict::Fail(cause)),
            None if others > 0 => {
                let said = format!("{} lost with its host; that is not the change's doing", text::count(others as u64, "task"));
                self.say(Tone::Warn, "DescribeTasks", said, Verdict::Pass);
            }
            None => self.say(Tone::Good, "DescribeTasks", format!("0 tasks failed since {}", self.since.clock_time()), Verdict::Pass),
        }
    }

    /// Everything wanted runs, on our revision, healthy, and nothing else does.
    fn tasks(&mut self, step: &Step) {
        let tasks: &[Task] = match &self.seen.tasks {
            Part::Read(tasks) => tasks,
            Part::Missing(why) => {
                return self.say(Tone::Unknown, "ListTasks", format!("tasks could not be read: {why}"), Verdict::Inconclusive(why.clone()));
            }
            Part::None => &[],
        };
        let running: Vec<&Task> = tasks.iter().filter(|task| task.last_status == "RUNNING" && task.desired_status != "STOPPED").collect();
        let ours = running.iter().filter(|task| self.is_ours(task)).count();
        let ill = running.iter().find(|task| self.is_ours(task) && task.health == Health::Unhealthy);
        if let Some(ill) = ill {
            let said = format!("task {} is UNHEALTHY", text::shown(ill.id()));
            return self.say(Tone::Bad, "DescribeTasks", said.clone(), Verdict::Fail(Cause::new(Kind::Health, said)));
        }
        let wanted = self.seen.desired as usize;
        let checked = step.floor.checked();
        let healthy = running.iter().filter(|task| self.is_ours(task) && (!checked || task.health == Health::Healthy)).count();
        let word = if checked { "run our revision and are HEALTHY" } else { "run our revision; they have no health check" };
        let all = healthy == wanted && running.len() == wanted && self.seen.running == self.seen.desired && self.seen.pending == 0;
        let said = format!("{healthy} of {wanted} tasks {word}");
        if all {
            self.say(Tone::Good, "DescribeTasks", said, Verdict::Pass);
        } else {
            let more = if ours > healthy { format!("; {} not told to be healthy yet", ours - healthy) } else { String::new() };
            self.say(Tone::Move, "DescribeTasks", format!("{said}{more}"), Verdict::Wait);
        }
    }

    /// ECS has not said that it finds no room.
    fn room(&mut self) {
        let short = self.seen.running < self.seen.desired || self.seen.deployments.len() > 1;
        let no_room = |message: &str| message.contains("unable to place a task") || message.contains("unable to consistently start");
        let said = self
            .seen
            .events
            .iter()
            .filter(|(at, _)| *at >= self.since)
            .map(|(_, message)| message.as_str())
            .find(|message| no_room(message));
        let full = self
            .seen
            .stopped
            .read()
            .into_iter()
            .flatten()
            .filter(|task| self.is_ours(task))
            .find(|task| cause::kind_of(task) == Kind::Capacity);
        let said = said.map(text::shown).or_else(|| full.map(|task| cause::of_stop(task).said));
        if let Some(said) = said.filter(|_| short) {
            self.say(Tone::Warn, "DescribeServices", format!("no room: {said}"), Verdict::NoRoom(said));
        }
    }

    /// No alarm of the service is on, and each can tell.
    fn alarms(&mut self) {
        let alarms = match &self.seen.alarms {
            Part::Read(alarms) => alarms,
            Part::Missing(why) => {
                return self.say(
                    Tone::Unknown,
                    "DescribeAlarms",
                    format!("alarms could not be read: {why}"),
                    Verdict::Inconclusive(why.clone()),
                );
            }
            Part::None => return,
        };
        if let Some((name, _)) = alarms.iter().find(|(_, state)| state == "ALARM") {
            let said = format!("alarm {} is on", text::shown(name));
            if self.mends {
                // nobody is helped by going back to what it went on for
                return self.say(Tone::Move, "DescribeAlarms", format!("{said}; a pass waits until it is not"), Verdict::Wait);
            }
            return self.say(Tone::Bad, "DescribeAlarms", said.clone(), Verdict::Fail(Cause::new(Kind::Alarm, said)));
        }
        let ok = alarms.iter().filter(|(_, state)| state == "OK").count();
        let blind = alarms.len() - ok;
        if blind > 0 {
            // a metric of new tasks takes some minutes to come; until then nobody would be told
            let said = format!("{ok} of {} alarms OK, {blind} without data", alarms.len());
            return self.say(Tone::Unknown, "DescribeAlarms", said.clone(), Verdict::Inconclusive(said));
        }
        if alarms.is_empty() {
            return self.say(Tone::Quiet, "DescribeAlarms", "no alarm watches it", Verdict::Pass);
        }
        self.say(Tone::Good, "DescribeAlarms", format!("{ok} of {ok} alarms OK, none without data"), Verdict::Pass);
    }

    /// Its tasks have their connections back.
    fn nats(&mut self) {
        let nats = match &self.seen.nats {
            Part::Read(nats) => *nats,
            Part::Missing(why) => {
                return self.say(
                    Tone::Unknown,
                    "connz",
                    format!("NATS connections could not be read: {why}"),
                    Verdict::Inconclusive(why.clone()),
                );
            }
            Part::None => return,
        };
        let Some(usual) = nats.usual else {
            return self.say(
                Tone::Quiet,
                "connz",
                format!("{} open; what is usual is not known yet", text::count(nats.open.into(), "NATS connection")),
                Verdict::Pass,
            );
        };
        let said = format!("{} of {usual} NATS connections", nats.open);
        if nats.open >= usual {
            self.say(Tone::Good, "connz", format!("{said} are there"), Verdict::Pass);
        } else {
            self.say(Tone::Move, "connz", format!("{said} are back"), Verdict::Wait);
        }
    }
}

/// When the youngest of our running tasks started: a bake counts from there.
pub fn youngest(step: &Step, seen: &ServiceSeen) -> Option<Timestamp> {
    let (revision, ..) = ours(step)?;
    let mine = seen.tasks.read()?.iter().filter(|task| task.last_status == "RUNNING" && task.revision.as_deref() == Some(revision));
    mine.map(|task| task.started).max().flatten()
}
