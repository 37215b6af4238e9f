//! A service's history: which plots there are, what their lines are made of, and each of them in words.
//!
//! Separate from the store, which only reads, and from [`crate::plot`], which only draws. The trap is time nobody looked:
//! counts hold until they change, so without emptying the gaps a plot would claim a quiet night for a collector that was
//! down.

mod panel;

pub(crate) use panel::safe;

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::customers::milliseconds;
use domain::series::{Join, Line, Metric, Reach};
use domain::service::ServiceKey;
use domain::text;
use domain::timeline::EventKind;
use domain::view::{History, Plot, PlotLine};

use crate::plot::{self, Mark, Picture};
use crate::store::Past;

/// A history as a piece of its service's page.
pub fn panel(history: &History) -> String {
    panel::html(history)
}

/// Draws pictures, or gives the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// SVG, for a page.
    Picture,
    /// Points, for JSON and CSV.
    Numbers,
}

/// Composes the history of a service.
pub fn compose(key: ServiceKey, reach: Reach, past: &Past, form: Form, now: Timestamp) -> History {
    let to = now.as_micros().div_euclid(1_000_000);
    let making = Making { past, reach, from: to - reach.seconds(), to, form, marks: marks(past) };
    let mut plots = Vec::new();
    if past.felt.is_some() {
        // what its load balancer never measured would be an empty plot for ever: a network load balancer knows no requests
        let measured = |all: [Metric; 2]| past.points.iter().any(|(metric, _)| all.contains(metric));
        plots.extend(measured([Metric::Requests, Metric::Errors]).then(|| making.requests()));
        plots.extend(measured([Metric::Latency, Metric::LatencyP99]).then(|| making.latency()));
        plots.push(making.targets());
    }
    plots.extend([making.tasks(), making.cpu(), making.memory()]);
    if past.points.iter().any(|(metric, _)| metric.of_nats()) {
        plots.extend([making.connections(), making.messages()]);
    }
    let stale = past.metrics.as_ref().and_then(|health| health.stale(now));
    let known = past.felt.as_ref().filter(|felt| felt.unknown(stale.as_deref(), now).is_none());
    History {
        revision: past.revision,
        key,
        reach,
        from: Timestamp::from_secs(making.from),
        to: now,
        plots,
        customers: past.felt.as_ref().map(|felt| felt.shown(stale.as_deref(), now)),
        feeling: known.map(domain::customers::Felt::judged),
        notes: notes(past, stale),
    }
}

fn notes(past: &Past, stale: Option<String>) -> Vec<String> {
    let unread = |what: &str, gaps: &[(i64, i64)]| match gaps.len() {
        0 => None,
        1 => Some(format!("{what} was not read in 1 stretch of this time: shaded, and nothing is claimed for it.")),
        many => Some(format!("{what} was not read in {many} stretches of this time: shaded, and nothing is claimed for them.")),
    };
    let gaps = [unread("ECS", &past.gaps), unread("NATS", &past.nats_gaps)].into_iter().flatten();
    let none = past.metrics.is_none().then(|| "CloudWatch metrics are not read for this environment.".to_owned());
    let slowed = past.pace.as_ref().and_then(|pace| pace.slowed.clone());
    stale.into_iter().chain(none).chain(slowed).chain(gaps).collect()
}

fn marks(past: &Past) -> Vec<(i64, Mark)> {
    let mark = |kind: EventKind| match kind {
        EventKind::Deployment => Some(Mark::Deployment),
        EventKind::TaskStopped => Some(Mark::Stop),
        EventKind::Alarm => Some(Mark::Alarm),
        _ => None,
    };
    past.marks.iter().filter_map(|(at, kind, _)| Some((at.as_micros().div_euclid(1_000_000), mark(*kind)?))).collect()
}

struct Making<'a> {
    past: &'a Past,
    reach: Reach,
    from: i64,
    to: i64,
    form: Form,
    marks: Vec<(i64, Mark)>,
}

/// A plot about to be made.
struct Drawing<'a> {
    id: &'a str,
    title: &'a str,
    unit: &'a str,
    lines: Vec<(&'a str, Line)>,
    steps: bool,
    say: fn(f64) -> String,
    /// When nobody looked at what it shows.
    gaps: &'a [(i64, i64)],
}

fn percent(value: f64) -> String {
    format!("{value:.1} %")
}

/// What is rarer than every ten seconds is said by the minute.
fn per_second(value: f64) -> String {
    if value > 0.0 && value < 0.1 { per_minute(value * 60.0) } else { format!("{}/s", plot::number(value)) }
}

fn per_minute(value: f64) -> String {
    format!("{}/min", plot::number(value))
}

impl Making<'_> {
    fn empty(&self, step: u32) -> Line {
        Line::between(self.from, self.to, self.reach.bucket(step))
    }

    /// Points of a metric, of several target groups those of each second together.
    fn together(&self, metric: Metric) -> BTreeMap<i64, f64> {
        let mut all: BTreeMap<i64, f64> = BTreeMap::new();
        for (second, value) in self.past.points.iter().filter(|(known, _)| *known == metric).flat_map(|(_, points)| points) {
            let slot = all.entry(*second).or_insert(0.0);
            *slot = if matches!(metric, Metric::Latency | Metric::LatencyP99) { slot.max(*value) } else { *slot + value };
        }
        all
    }

    fn line(&self, metric: Metric) -> Line {
        self.empty(metric.step()).gathered(self.together(metric), metric.joined())
    }

    /// A count of a load balancer, which is not reported where it is nought.
    fn counted(&self, metric: Metric) -> Line {
        let mut all: BTreeMap<i64, f64> = self.together(Metric::Healthy).into_keys().map(|second| (second, 0.0)).collect();
        all.extend(self.together(metric));
        self.empty(metric.step()).gathered(all, metric.joined())
    }

    fn tasks(&self) -> Plot {
        let mut lines = [self.empty(60), self.empty(60), self.empty(60)];
        let sampled = self.empty(300).gathered(self.together(Metric::TasksSampled), Join::Lowest);
        let first = self.past.counts.first().map_or(i64::MAX, |counts| counts.at.as_micros().div_euclid(1_000_000));
        for (index, value) in (0_i64..).zip(&sampled.values) {
            // before we looked ourselves: what CloudWatch remembers
            let begins = sampled.start + index * sampled.width;
            for second in (begins..(begins + sampled.width).min(first)).step_by(usize::try_from(lines[0].width).unwrap_or(60)) {
                if let (Some(value), Some(bucket)) = (value, lines[0].bucket_of(second)) {
                    lines[0].values[bucket] = Some(value.round());
                }
            }
        }
        let ends = self.past.counts.iter().skip(1).map(|counts| counts.at).chain([Timestamp::from_secs(self.to)]);
        for (counts, end) in self.past.counts.iter().zip(ends) {
            let Some((desired, running, pending)) = counts.tasks else { continue };
            let begins = counts.at.as_micros().div_euclid(1_000_000).max(lines[0].start);
            let last = lines[0].bucket_of(end.as_micros().div_euclid(1_000_000)).unwrap_or(lines[0].values.len().saturating_sub(1));
            let Some(first) = lines[0].bucket_of(begins) else { continue };
            for bucket in first..=last.max(first) {
                // what hurts survives the bucket: the fewest running, the most wanted and starting
                join(&mut lines[0].values[bucket], running, f64::min);
                join(&mut lines[1].values[bucket], desired, f64::max);
                join(&mut lines[2].values[bucket], pending, f64::max);
            }
        }
        for line in &mut lines {
            self.past.gaps.iter().for_each(|(from, to)| line.blank(*from, *to));
        }
        let [running, desired, mut pending] = lines;
        if pending.values.iter().flatten().all(|value| *value < 0.5) {
            pending.values.clear();
        }
        let all = [("running", running), ("wanted", desired), ("starting", pending)];
        let lines = all.into_iter().filter(|(_, line)| !line.values.is_empty()).collect();
        self.finish(Drawing { id: "tasks", title: "Tasks", unit: "tasks", lines, steps: true, say: plot::number, gaps: &self.past.gaps })
    }

    /// Of several NATS clusters all together, where all of them are known: one that was not read would be a fall that was none.
    fn over_clusters(&self, metric: Metric) -> Line {
        let every: Vec<BTreeMap<i64, f64>> = self
            .past
            .points
            .iter()
            .filter(|(known, points)| *known == metric && !points.is_empty())
            .map(|(_, points)| points.iter().copied().collect())
            .collect();
        let lives = |points: &BTreeMap<i64, f64>, second: i64| {
            points.first_key_value().is_some_and(|(first, _)| *first <= second)
                && points.last_key_value().is_some_and(|(last, _)| second <= *last)
        };
        let seconds: BTreeSet<i64> = every.iter().flat_map(|points| points.keys().copied()).collect();
        let known = seconds.into_iter().filter_map(|second| {
            let alive = every.iter().filter(|points| lives(points, second));
            alive.map(|points| points.get(&second).copied()).sum::<Option<f64>>().map(|sum| (second, sum))
        });
        self.empty(metric.step()).gathered(known, metric.joined())
    }

    fn connections(&self) -> Plot {
        let lines = vec![("fewest open", self.over_clusters(Metric::NatsConnections))];
        let (gaps, unit) = (&self.past.nats_gaps, "connections");
        self.finish(Drawing { id: "connections", title: "NATS connections", unit, lines, steps: true, say: plot::number, gaps })
    }

    fn messages(&self) -> Plot {
        let lines = vec![("sent", self.over_clusters(Metric::NatsSent)), ("received", self.over_clusters(Metric::NatsReceived))];
        let (gaps, unit) = (&self.past.nats_gaps, "per second");
        self.finish(Drawing { id: "messages", title: "NATS messages", unit, lines, steps: false, say: per_second, gaps })
    }

    fn cpu(&self) -> Plot {
        let lines = vec![("average", self.line(Metric::CpuAverage)), ("busiest task", self.line(Metric::CpuMaximum))];
        self.finish(Drawing { id: "cpu", title: "CPU", unit: "%", lines, steps: false, say: percent, gaps: &self.past.gaps })
    }

    fn memory(&self) -> Plot {
        let lines = vec![("average", self.line(Metric::MemoryAverage)), ("fullest task", self.line(Metric::MemoryMaximum))];
        self.finish(Drawing { id: "memory", title: "Memory", unit: "%", lines, steps: false, say: percent, gaps: &self.past.gaps })
    }

    fn requests(&self) -> Plot {
        let lines = vec![("requests", self.counted(Metric::Requests)), ("failed (5xx)", self.counted(Metric::Errors))];
        self.finish(Drawing {
            id: "requests",
            title: "Requests",
            unit: "per minute",
            lines,
            steps: false,
            say: per_minute,
            gaps: &self.past.gaps,
        })
    }

    fn latency(&self) -> Plot {
        let lines = vec![("p99", self.line(Metric::LatencyP99)), ("average", self.line(Metric::Latency))];
        self.finish(Drawing {
            id: "latency",
            title: "Response time",
            unit: "ms",
            lines,
            steps: false,
            say: milliseconds,
            gaps: &self.past.gaps,
        })
    }

    fn targets(&self) -> Plot {
        let lines = vec![("healthy", self.line(Metric::Healthy)), ("unhealthy", self.line(Metric::Unhealthy))];
        self.finish(Drawing {
            id: "targets",
            title: "Targets",
            unit: "targets",
            lines,
            steps: true,
            say: plot::number,
            gaps: &self.past.gaps,
        })
    }

    fn finish(&self, drawing: Drawing<'_>) -> Plot {
        let summary = self.words(&drawing);
        // a bucket tells of its whole width, of which the last one has only a part behind it
        let ends = drawing.lines.iter().filter_map(|(_, line)| Some(Timestamp::from_secs(line.newest()?.0 + line.width)));
        let newest = ends.max().map(|end| end.min(Timestamp::from_secs(self.to)));
        let told = |(label, line): &(&str, Line)| PlotLine {
            label: (*label).to_owned(),
            newest: line.newest().map_or_else(|| "not known".to_owned(), |(_, value)| (drawing.say)(value)),
            points: match self.form {
                Form::Picture => Vec::new(),
                Form::Numbers => (0_i64..)
                    .zip(&line.values)
                    .map(|(index, value)| (Timestamp::from_secs(line.start + index * line.width), *value))
                    .collect(),
            },
        };
        let told = drawing.lines.iter().map(told).collect();
        let lines: Vec<Line> = drawing.lines.into_iter().map(|(_, line)| line).collect();
        let picture = Picture {
            reach: self.reach,
            span: (self.from, self.to),
            lines: &lines,
            steps: drawing.steps,
            whole: drawing.steps,
            top: None,
            gaps: drawing.gaps,
            marks: &self.marks,
            words: &summary,
        };
        let svg = if self.form == Form::Picture { plot::svg(&picture) } else { None };
        Plot {
            id: drawing.id.to_owned(),
            title: drawing.title.to_owned(),
            summary,
            unit: drawing.unit.to_owned(),
            svg,
            lines: told,
            newest,
        }
    }

    /// What a picture shows, for whoever cannot see it.
    fn words(&self, drawing: &Drawing<'_>) -> String {
        let line = |(label, line): &(&str, Line)| {
            let ((low, high), (_, now)) = (line.range()?, line.newest()?);
            Some(format!("{label} between {} and {}, last {}", (drawing.say)(low), (drawing.say)(high), (drawing.say)(now)))
        };
        let lines: Vec<String> = drawing.lines.iter().filter_map(line).collect();
        if lines.is_empty() {
            return format!("{} over the last {}: nothing is known.", drawing.title, self.reach.as_str());
        }
        let count = |mark: Mark, noun: &str| {
            let many = self.marks.iter().filter(|(_, known)| *known == mark).count() as u64;
            (many > 0).then(|| text::count(many, noun))
        };
        let marked: Vec<String> =
            [count(Mark::Deployment, "deployment event"), count(Mark::Stop, "stop"), count(Mark::Alarm, "alarm change")]
                .into_iter()
                .flatten()
                .collect();
        let marked = if marked.is_empty() { String::new() } else { format!(" Marked: {}.", marked.join(", ")) };
        format!("{} over the last {}: {}.{marked}", drawing.title, self.reach.as_str(), lines.join("; "))
    }
}

fn join(slot: &mut Option<f64>, value: u32, how: fn(f64, f64) -> f64) {
    let value = f64::from(value);
    *slot = Some(slot.map_or(value, |known| how(known, value)));
}
