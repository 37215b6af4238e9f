//! What is to be asked next. Pure: the time, the pace and what was asked before are arguments.
//!
//! Of every service and every target group one span has been asked without a hole. It grows forward as time passes and
//! backward until it holds fifteen days, which is what CloudWatch keeps by the minute; so after a first start, a restart
//! or a day off the same rule fills what is missing and asks nothing twice. The trap is the newest end: CloudWatch goes
//! on completing its last minutes, so each span forward begins a little before the last one ended.

use std::collections::HashMap;
use std::time::Duration;

use domain::Timestamp;
use domain::cost::{Pace, REQUESTS_PER_SERVICE, REQUESTS_PER_TARGET};

use super::subjects::Subject;

/// Most points GetMetricStatistics answers at once (API reference, GetMetricStatistics).
const MOST_POINTS: u32 = 1_440;
/// How far back is asked: metrics by the minute are kept fifteen days (CloudWatch concepts, "Metrics retention"). A start
/// older than that by a moment is rounded down to five minutes (API reference, GetMetricStatistics, StartTime) and asks
/// for more points than allowed, so there is room for rounding and for a request on its way.
const BACK: Duration = Duration::from_secs(15 * 86_400 - 600);
/// How much of the newest end is asked again.
const OVERLAP: Duration = Duration::from_secs(10 * 60);
/// How long somebody's look at a service keeps it fresh, and how fresh.
const INTEREST: Duration = Duration::from_secs(5 * 60);
const ON_DEMAND: Duration = Duration::from_secs(60);
/// A job is due this much early, so that a sweep that comes a moment before the minute does not skip it.
const EARLY: Duration = Duration::from_secs(6);
/// Most requests of one sweep: ten seconds at our share of the rate.
const MOST_REQUESTS: u64 = 1_200;

/// Cluster, service, and the target group or nothing.
pub(super) type Key = (String, String, String);

/// A span to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Job {
    pub(super) cluster: String,
    pub(super) service: String,
    /// The target group's part of its ARN; empty for CPU and memory.
    pub(super) target: String,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

impl Job {
    pub(super) fn key(&self) -> Key {
        (self.cluster.clone(), self.service.clone(), self.target.clone())
    }

    pub(super) fn step(&self) -> u32 {
        step(&self.target)
    }

    /// How many it takes at most: which kind of load balancer it is about is not known here.
    fn requests(&self) -> u64 {
        if self.target.is_empty() { REQUESTS_PER_SERVICE } else { REQUESTS_PER_TARGET }
    }
}

/// What was asked before.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The span that was asked without a hole.
    pub(super) asked: HashMap<Key, (Timestamp, Timestamp)>,
    /// When the newest end was last asked for, whatever came of it.
    pub(super) tried: HashMap<Key, Timestamp>,
    /// Who looks at a service, and since when.
    pub(super) wanted: HashMap<(String, String), Timestamp>,
}

impl Memory {
    /// A span was asked to its end.
    pub(super) fn done(&mut self, key: Key, from: Timestamp, to: Timestamp) -> (Timestamp, Timestamp) {
        let span = self.asked.entry(key).or_insert((from, to));
        // spans that do not touch leave the newer one: the hole is asked again backwards
        *span = if from > span.1 || to < span.0 { (from, to) } else { (span.0.min(from), span.1.max(to)) };
        *span
    }
}

/// The part of a target group's ARN that CloudWatch knows it by: `targetgroup/gateway/73e2d6bc24d8a067`.
pub(super) fn target_of(arn: &str) -> Option<&str> {
    let part = arn.rsplit(':').next()?;
    part.starts_with("targetgroup/").then_some(part)
}

fn step(target: &str) -> u32 {
    if target.is_empty() { 300 } else { 60 }
}

/// The jobs of one sweep, most urgent first: what customers feel, what somebody looks at, what is due, what is missing.
pub(super) fn due<'a>(subjects: impl IntoIterator<Item = &'a Subject>, memory: &Memory, pace: &Pace, now: Timestamp) -> Vec<Job> {
    let mut jobs: Vec<(u8, Option<Timestamp>, Job)> = Vec::new();
    for subject in subjects {
        for target in subject.target_groups.iter().filter_map(|arn| target_of(arn)) {
            if let Some(every) = pace.customers_every {
                jobs.extend(of_one(subject, target, (0, every), memory, now));
            }
        }
        if let Some(every) = pace.services_every {
            let looked_at = memory.wanted.get(&(subject.cluster.clone(), subject.service.clone()));
            let interest = looked_at.is_some_and(|at| now.since(*at) < INTEREST && *at <= now.plus(INTEREST));
            let urgency = if interest { (1, u32::try_from(ON_DEMAND.as_secs()).unwrap_or(60)) } else { (2, every) };
            jobs.extend(of_one(subject, "", urgency, memory, now));
        }
    }
    jobs.sort_by_key(|job| (job.0, job.1));
    let mut left = MOST_REQUESTS;
    jobs.into_iter()
        .map(|(.., job)| job)
        .take_while(|job| {
            left = left.saturating_sub(job.requests());
            left > 0
        })
        .collect()
}

/// The span forward, if it is due, and one span backward, if something is missing there.
fn of_one(
    subject: &Subject,
    target: &str,
    (urgency, every): (u8, u32),
    memory: &Memory,
    now: Timestamp,
) -> Vec<(u8, Option<Timestamp>, Job)> {
    let key: Key = (subject.cluster.clone(), subject.service.clone(), target.to_owned());
    let step = step(target);
    let most = Duration::from_secs(u64::from(step) * u64::from(MOST_POINTS));
    let oldest = now.minus(BACK).max(subject.created.unwrap_or_default());
    let job = |from: Timestamp, to: Timestamp| Job {
        cluster: subject.cluster.clone(),
        service: subject.service.clone(),
        target: target.to_owned(),
        from: aligned(from, step),
        to: aligned(to, step).plus(Duration::from_secs(step.into())),
    };
    // what was asked so long ago that CloudWatch has forgotten it joins nothing
    let asked = memory.asked.get(&key).copied().filter(|(_, to)| *to > oldest);
    let tried = memory.tried.get(&key).copied();
    let wait = Duration::from_secs(every.into()).saturating_sub(EARLY);
    let due = tried.is_none_or(|tried| now.since(tried) >= wait || tried > now);
    let mut jobs = Vec::new();
    match asked {
        None if due => jobs.push((urgency, tried, job(oldest.max(now.minus(most).plus(Duration::from_secs((2 * step).into()))), now))),
        None => {}
        Some((from, to)) => {
            if due {
                let begin = to.minus(OVERLAP);
                let end = now.min(begin.plus(most).minus(Duration::from_secs((2 * step).into())));
                jobs.push((urgency, tried, job(begin, end.max(begin))));
            }
            if from > oldest.plus(Duration::from_secs(step.into())) {
                jobs.push((
                    3,
                    Some(now.minus(now.since(from))),
                    job(oldest.max(from.minus(most).plus(Duration::from_secs(step.into()))), from.minus(Duration::from_secs(step.into()))),
                ));
            }
        }
    }
    jobs
}

fn aligned(at: Timestamp, step: u32) -> Timestamp {
    let step = i64::from(step) * 1_000_000;
    Timestamp::from_micros(at.as_micros().div_euclid(step) * step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject {
            cluster: "main".into(),
            service: "gateway".into(),
            target_groups: vec!["arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/gateway/73e2".into(), "nonsense".into()],
            created: None,
        }
    }

    fn pace() -> Pace {
        Pace { customers_every: Some(60), services_every: Some(900), ..Pace::default() }
    }

    /// Runs sweeps a minute apart; answers every job with when it was asked.
    fn run(minutes: i64, subject: &Subject, memory: &mut Memory, from: Timestamp) -> Vec<(Timestamp, Job)> {
        let mut all = Vec::new();
        for minute in 0..minutes {
            let now = from.plus(Duration::from_secs(60 * minute.unsigned_abs()));
            for job in due(std::slice::from_ref(subject), memory, &pace(), now) {
                if job.to > now {
                    memory.tried.insert(job.key(), now);
                }
                memory.done(job.key(), job.from, job.to.min(now));
                all.push((now, job));
            }
        }
        all
    }

    #[test]
    fn fifteen_days_are_filled_once_and_then_only_the_newest_end_is_asked() {
        let start: Timestamp = "2026-05-16T10:02:30Z".parse().unwrap();
        let mut memory = Memory::default();
        let jobs = run(120, &subject(), &mut memory, start);
        for (target, step) in [("", 300), ("targetgroup/gateway/73e2", 60)] {
            let mine: Vec<&(Timestamp, Job)> = jobs.iter().filter(|(_, job)| job.target == target).collect();
            let span = memory.asked[&("main".to_owned(), "gateway".to_owned(), target.to_owned())];
            // the filling takes some sweeps, and the oldest it may ask moves on with the clock
            assert!(start.since(span.0) >= BACK - Duration::from_secs(1_800), "{target}: {}", span.0);
            assert!(mine.iter().all(|(_, job)| job.to.since(job.from) <= Duration::from_secs(step * 1_440)), "{target}");
            // fifteen days and two hours, with the overlap of each forward reading: never half of it again
            let asked: u64 = mine.iter().map(|(_, job)| job.to.since(job.from).as_secs() / step).sum();
            let whole = BACK.as_secs() / step;
            assert!(asked < whole * 3 / 2, "{target}: {asked} points for {whole}");
        }
        let forward = jobs.iter().filter(|(now, job)| job.target.is_empty() && job.to > *now).count();
        assert_eq!(forward, 8);
    }

    #[test]
    fn a_look_makes_it_fresh_for_five_minutes() {
        let start: Timestamp = "2026-05-16T10:02:30Z".parse().unwrap();
        let (mut memory, subject) = (Memory::default(), Subject { target_groups: vec![], ..subject() });
        run(20, &subject, &mut memory, start);
        let later = start.plus(Duration::from_secs(20 * 60));
        memory.wanted.insert(("main".into(), "gateway".into()), later);
        let forward = run(10, &subject, &mut memory, later).iter().filter(|(now, job)| job.to > *now).count();
        assert_eq!(forward, 5);
    }

    #[test]
    fn a_week_off_is_caught_up_in_spans_that_touch() {
        let start: Timestamp = "2026-05-16T10:02:30Z".parse().unwrap();
        let (mut memory, subject) = (Memory::default(), Subject { target_groups: vec![], ..subject() });
        run(30, &subject, &mut memory, start);
        let back = start.plus(Duration::from_secs(8 * 86_400));
        let before = memory.asked.values().next().copied().unwrap();
        run(40, &subject, &mut memory, back);
        let after = memory.asked.values().next().copied().unwrap();
        assert!(after.0 <= before.0 && after.1 >= back, "{after:?}");
    }

    #[test]
    fn nothing_is_asked_from_before_it_was_created_or_when_the_budget_is_used_up() {
        let now: Timestamp = "2026-05-16T10:02:30Z".parse().unwrap();
        let young = Subject { created: Some(now.minus(Duration::from_secs(3_600))), ..subject() };
        let jobs = run(3, &young, &mut Memory::default(), now);
        assert!(jobs.iter().all(|(_, job)| job.from >= now.minus(Duration::from_secs(4_000))), "{jobs:?}");
        assert_eq!(due(&[subject()], &Memory::default(), &Pace::default(), now), []);
    }

    #[test]
    fn a_sweep_of_many_stays_within_its_requests() {
        let many: Vec<Subject> = (0..5_000).map(|number| Subject { service: format!("s{number}"), ..subject() }).collect();
        let jobs = due(&many, &Memory::default(), &pace(), "2026-05-16T10:02:30Z".parse().unwrap());
        assert!(jobs.iter().map(Job::requests).sum::<u64>() <= MOST_REQUESTS);
        assert!(jobs.iter().all(|job| !job.target.is_empty()), "customers come first");
    }
}
