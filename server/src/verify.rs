//! `signalbox verify`: one sweep of everything, judged by the same rule as the pages, without a server or a store.
//!
//! Made to be run by hand, by cron and in pipelines, so it is quick, prints one table (or JSON) and answers with its exit
//! code: 0 all well, 1 something is not, 2 a configured source could not be read.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use domain::alarm::AlarmState;
use domain::judge::{Judgement, RULE, Standing, judge};
use domain::port::Clock;
use domain::reading::{Reading, Sweep};
use domain::service::Task;
use domain::source::Outcome;
use domain::text::{count, shown};
use futures::future::join_all;
use serde::Serialize;

use crate::collect::{Making, make};
use crate::config::Config;
use crate::store::Marks;

/// What one sweep of everything found.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Worst first.
    pub services: Vec<VerifiedService>,
    /// Alarms that are on.
    pub alarms_on: Vec<VerifiedAlarm>,
    /// NATS clusters.
    pub nats: Vec<VerifiedNats>,
    /// How each source's sweep ended.
    pub sources: Vec<VerifiedSource>,
    /// The rule services are counted by.
    pub rule: &'static str,
}

/// A service and where it stands.
#[derive(Debug, Serialize)]
pub struct VerifiedService {
    /// Environment.
    pub environment: String,
    /// ECS cluster.
    pub cluster: String,
    /// Name.
    pub service: String,
    /// Tasks it wants, runs, is about to run.
    pub desired: u32,
    /// Tasks in RUNNING.
    pub running: u32,
    /// Tasks in PENDING.
    pub pending: u32,
    /// The revision it is meant to run.
    pub revision: Option<String>,
    /// Where it stands and why.
    #[serde(flatten)]
    pub judgement: Judgement,
}

/// An alarm that is on.
#[derive(Debug, Serialize)]
pub struct VerifiedAlarm {
    /// Environment.
    pub environment: String,
    /// Name.
    pub name: String,
    /// CloudWatch's words.
    pub reason: Option<String>,
}

/// A NATS cluster.
#[derive(Debug, Serialize)]
pub struct VerifiedNats {
    /// Name in the config.
    pub name: String,
    /// Nodes that answered.
    pub nodes: usize,
    /// Nodes that did not.
    pub silent: Vec<String>,
    /// Client connections.
    pub connections: usize,
}

/// How one source's sweep ended.
#[derive(Debug, Serialize)]
pub struct VerifiedSource {
    /// Which source.
    pub source: String,
    /// Calls made.
    pub calls: u32,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

impl Verdict {
    /// 0 all well; 1 something is not; 2 a source could not be read, wholly or in part.
    pub fn exit_code(&self) -> u8 {
        let unread = self.sources.iter().any(|source| source.outcome != Outcome::Complete && !self.explained(source));
        let unwell = self.services.iter().any(|service| matches!(service.judgement.standing, Standing::Down | Standing::Contradiction));
        let silent = self.nats.iter().any(|nats| !nats.silent.is_empty());
        if unread { 2 } else { u8::from(unwell || silent || !self.alarms_on.is_empty()) }
    }

    /// A NATS cluster read in part because nodes are silent was read: the silent node is the finding.
    fn explained(&self, source: &VerifiedSource) -> bool {
        let name = source.source.strip_prefix("nats:");
        matches!(source.outcome, Outcome::Partial { .. })
            && self.nats.iter().any(|nats| Some(nats.name.as_str()) == name && nats.nodes > 0 && !nats.silent.is_empty())
    }
}

/// Sweeps everything once.
pub async fn verify(config: &Config, clock: Arc<dyn Clock>, making: &Making) -> Verdict {
    let made = make(config, &clock, making, None).made;
    let sweeps = join_all(made.iter().map(|made| made.collector.sweep())).await;
    judge_sweeps(&sweeps, &config.marks())
}

fn judge_sweeps(sweeps: &[Sweep], marks: &Marks) -> Verdict {
    let mut verdict = Verdict { services: Vec::new(), alarms_on: Vec::new(), nats: Vec::new(), sources: Vec::new(), rule: RULE };
    for sweep in sweeps {
        verdict.sources.push(VerifiedSource { source: sweep.source.to_string(), calls: sweep.calls, outcome: sweep.outcome.clone() });
        match &sweep.reading {
            Some(Reading::Ecs(reading)) => {
                for cluster in &reading.clusters.items {
                    verdict.services.extend(services(&sweep.source.scope, cluster, marks));
                }
            }
            Some(Reading::Alarms(reading)) => {
                let on = reading.alarms.items.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
                verdict.alarms_on.extend(on.map(|alarm| VerifiedAlarm {
                    environment: sweep.source.scope.clone(),
                    name: alarm.name.clone(),
                    reason: alarm.reason.clone(),
                }));
            }
            // nothing is owed by a sweep that keeps nothing
            Some(Reading::Logs(_)) => {}
            Some(Reading::Nats(reading)) => verdict.nats.push(VerifiedNats {
                name: sweep.source.scope.clone(),
                nodes: reading.nodes.items.len(),
                silent: reading.silent.clone(),
                connections: reading.connections.items.len(),
            }),
            // numbers over time: nothing a single look can judge
            Some(Reading::Metrics(_)) | None => {}
        }
    }
    verdict.services.sort_by(|a, b| {
        (a.judgement.standing, &a.environment, &a.cluster, &a.service).cmp(&(b.judgement.standing, &b.environment, &b.cluster, &b.service))
    });
    verdict
}

fn services(environment: &str, cluster: &domain::reading::ClusterReading, marks: &Marks) -> Vec<VerifiedService> {
    let mut tasks: BTreeMap<&str, Vec<&Task>> = BTreeMap::new();
    for task in &cluster.tasks.items {
        tasks.entry(task.service.as_deref().unwrap_or_default()).or_default().push(task);
    }
    cluster
        .services
        .items
        .iter()
        .map(|observed| {
            let service = &observed.service;
            let marked = marks.reason(environment, &cluster.name, &service.name).is_some();
            VerifiedService {
                environment: environment.to_owned(),
                cluster: cluster.name.clone(),
                service: service.name.clone(),
                desired: service.desired,
                running: service.running,
                pending: service.pending,
                revision: service.revision.as_deref().map(|arn| domain::service::revision_name(arn).to_owned()),
                judgement: judge(service, tasks.get(service.name.as_str()).into_iter().flatten().copied(), marked),
            }
        })
        .collect()
}

/// The verdict as a table for people.
pub fn table(verdict: &Verdict) -> String {
    let mut out = String::new();
    // writing to a String cannot fail
    write_table(&mut out, verdict).unwrap_or_default();
    out
}

fn write_table(out: &mut String, verdict: &Verdict) -> std::fmt::Result {
    let width = verdict.services.iter().map(|service| shown(&service.service).chars().count()).max().unwrap_or(7).max(7);
    if !verdict.services.is_empty() {
        writeln!(out, "{:<width$}  {:<14}  {:>7}  {:<}", "SERVICE", "STATE", "TASKS", "WHY")?;
    }
    for service in &verdict.services {
        let why = if service.judgement.moving {
            [service.judgement.reasons.as_slice(), &["a deployment is under way".to_owned()]].concat()
        } else {
            service.judgement.reasons.clone()
        };
        let tasks = format!("{}/{}", service.running, service.desired);
        let line =
            format!("{:<width$}  {:<14}  {tasks:>7}  {}", shown(&service.service), service.judgement.standing.title(), why.join(", "));
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    let wanted = verdict.services.iter().filter(|service| service.desired > 0).count();
    let standing = |standing| verdict.services.iter().filter(|service| service.judgement.standing == standing).count();
    if verdict.sources.iter().any(|source| source.source.starts_with("ecs:")) {
        write!(out, "{} of {wanted} services up", standing(Standing::Up))?;
        for (count, words) in [(standing(Standing::OffOnPurpose), "off on purpose"), (standing(Standing::Off), "off")] {
            if count > 0 {
                write!(out, ", {count} {words}")?;
            }
        }
        writeln!(out)?;
    }
    let read = |source: &VerifiedSource| source.source.starts_with("alarms:") && !matches!(source.outcome, Outcome::Failed { .. });
    if verdict.sources.iter().any(read) {
        writeln!(out, "{} on", count(verdict.alarms_on.len() as u64, "alarm"))?;
        for alarm in &verdict.alarms_on {
            writeln!(out, "  {}: {}", shown(&alarm.name), shown(alarm.reason.as_deref().unwrap_or("no reason given")))?;
        }
    }
    for nats in &verdict.nats {
        writeln!(
            out,
            "NATS {}: {} of {} nodes answer, {} client connections",
            shown(&nats.name),
            nats.nodes,
            nats.nodes + nats.silent.len(),
            nats.connections
        )?;
        for silent in &nats.silent {
            writeln!(out, "  {} does not answer", shown(silent))?;
        }
    }
    write_sources(out, verdict)
}

fn write_sources(out: &mut String, verdict: &Verdict) -> std::fmt::Result {
    for source in &verdict.sources {
        match &source.outcome {
            Outcome::Complete => {}
            Outcome::Failed { fault } => {
                writeln!(out, "{} could not be read: {}. {}", shown(&source.source), fault.message.trim_end_matches('.'), fault.remedy())?
            }
            Outcome::Partial { missing } => {
                for part in missing {
                    let (what, why) = (shown(&part.what), part.fault.message.trim_end_matches('.'));
                    writeln!(out, "{} was read in part: without {what}: {why}. {}", shown(&source.source), part.fault.remedy())?;
                }
            }
        }
    }
    Ok(())
}
