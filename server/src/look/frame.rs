//! What `look` draws: lines of text that fit the terminal, worst first.

use std::time::Duration;

use domain::Timestamp;
use domain::judge::{Standing, Tone};
use domain::source::Outcome;
use domain::text::{count, shown};
use domain::time::{ago, span};

use super::{Line, Watch};

/// How long a change stays marked.
const FRESH: Duration = Duration::from_secs(120);

/// Where a frame must fit, and how it may look.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// Characters in a line.
    pub columns: usize,
    /// Lines; none where it may be as long as it likes.
    pub rows: Option<usize>,
    /// Whether colours may be used.
    pub colour: bool,
}

/// The fleet as of `now`. `left`: how long this goes on.
pub fn frame(watch: &Watch, now: Timestamp, left: Option<Duration>, canvas: Canvas) -> Vec<String> {
    let mut rows = rows(watch, now);
    rows.sort_by(|a, b| (a.0, !a.1, &a.2).cmp(&(b.0, !b.1, &b.2)));
    let head = head(watch, now, left);
    let foot = foot(watch, now);
    let space = canvas.rows.map_or(usize::MAX, |rows| rows.saturating_sub(head.len() + foot.len()).max(1));
    let mut lines: Vec<Painted> = head;
    let fits = if rows.len() > space { space - 1 } else { rows.len() };
    let hidden: Vec<Standing> = rows.iter().skip(fits).map(|row| row.0).collect();
    lines.extend(rows.into_iter().take(fits).map(|row| row.3));
    if !hidden.is_empty() {
        let worst = hidden.iter().min().copied().unwrap_or(Standing::Up);
        let said = if hidden.iter().all(|standing| *standing == worst) {
            format!("all {}", worst.title())
        } else {
            format!("the worst of them {}", worst.title())
        };
        lines.push(Painted::plain(format!("  … and {} more, {said}; a taller window shows them", hidden.len())));
    }
    lines.extend(foot);
    lines.into_iter().map(|line| line.finish(canvas)).collect()
}

/// A line and how its beginning is painted.
struct Painted {
    tone: Tone,
    /// Characters at the beginning that carry the tone.
    toned: usize,
    bold: bool,
    text: String,
}

impl Painted {
    fn plain(text: String) -> Self {
        Self { tone: Tone::Quiet, toned: 0, bold: false, text }
    }

    fn bold(text: String) -> Self {
        Self { bold: true, ..Self::plain(text) }
    }

    /// Cut to the canvas, painted where that is allowed.
    fn finish(self, canvas: Canvas) -> String {
        let mut cut: Vec<char> = self.text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
        if cut.len() > canvas.columns {
            cut.truncate(canvas.columns.saturating_sub(1));
            cut.push('…');
        }
        if !canvas.colour {
            return cut.into_iter().collect();
        }
        if self.bold {
            return format!("\u{1b}[1m{}\u{1b}[0m", cut.into_iter().collect::<String>());
        }
        let (toned, rest) = cut.split_at(self.toned.min(cut.len()));
        let (toned, rest): (String, String) = (toned.iter().collect(), rest.iter().collect());
        match paint(self.tone) {
            Some(code) => format!("\u{1b}[{code}m{toned}\u{1b}[0m{rest}"),
            None => format!("{toned}{rest}"),
        }
    }
}

/// The terminal's own sixteen colours, so that its theme decides what is readable.
fn paint(tone: Tone) -> Option<&'static str> {
    match tone {
        Tone::Bad => Some("1;31"),
        Tone::Warn => Some("33"),
        Tone::Move => Some("36"),
        Tone::Good => Some("32"),
        Tone::Unknown => Some("2"),
        Tone::Quiet => None,
    }
}

/// A shape of its own for every tone: colour alone says nothing to some.
fn lamp(tone: Tone) -> char {
    match tone {
        Tone::Bad => '■',
        Tone::Warn => '▲',
        Tone::Move => '◌',
        Tone::Unknown => '▒',
        Tone::Good => '●',
        Tone::Quiet => '○',
    }
}

fn head(watch: &Watch, now: Timestamp, left: Option<Duration>) -> Vec<Painted> {
    let wanted = watch.services.values().filter(|line| line.desired > 0).count();
    let up = watch.services.values().filter(|line| line.standing(stale(watch, line, now)) == Standing::Up).count();
    let running: u64 = watch.services.values().map(|line| u64::from(line.running)).sum();
    let tasks: u64 = watch.services.values().map(|line| u64::from(line.desired)).sum();
    let mut said = Vec::new();
    if watch.services.is_empty() {
        said.push("no service seen yet".to_owned());
    } else {
        said.push(format!("{up} of {} up", count(wanted as u64, "service")));
        said.push(format!("{running} of {} running", count(tasks, "task")));
    }
    if watch.alarms_in_all > 0 {
        let on = watch.alarms.values().filter(|alarm| alarm.on).count();
        said.push(format!("{on} of {} on", count(watch.alarms_in_all as u64, "alarm")));
    }
    let left = left.map(|left| format!("   q ends, or {}", span(left))).unwrap_or_default();
    vec![Painted::bold(format!("{} UTC  {}{left}", now.clock_time(), said.join(", "))), Painted::plain(String::new())]
}

fn stale(watch: &Watch, line: &Line, now: Timestamp) -> bool {
    watch.sources.get(&line.source).is_none_or(|health| health.stale(now).is_some())
}

type Row = (Standing, bool, (String, String), Painted);

fn rows(watch: &Watch, now: Timestamp) -> Vec<Row> {
    let name = |key: &(String, String)| shown(&key.1);
    let width = watch.services.keys().map(|key| name(key).chars().count()).max().unwrap_or(0).clamp(7, 40);
    let several = watch.services.keys().map(|key| &key.0).collect::<std::collections::BTreeSet<_>>().len() > 1;
    let row = |(key, line): (&(String, String), &Line)| {
        let standing = line.standing(stale(watch, line, now));
        let moving = line.judgement.moving && standing == Standing::Up;
        let tone = if moving { Tone::Move } else { standing.tone() };
        let word = if moving { "deploying" } else { standing.title() };
        let cluster = if several { format!("{}/", shown(&key.0)) } else { String::new() };
        let changed = line.changed.as_ref().filter(|(_, at)| now.since(*at) <= FRESH);
        let change = changed.map(|(was, at)| format!("   <- was {was}, {}", ago(now, *at))).unwrap_or_default();
        let pending = if line.pending > 0 { format!(" +{}", line.pending) } else { String::new() };
        let tasks = format!("{}/{}{pending}", line.running, line.desired);
        let state = format!("{} {word:<9}", lamp(tone));
        let why = line.judgement.reasons.join(", ");
        let text = format!("{state}  {cluster}{:<width$}  {tasks:<8}  {}{change}", name(key), shown(&why));
        let painted = Painted { tone, toned: state.chars().count(), bold: false, text: text.trim_end().to_owned() };
        (standing, changed.is_some(), key.clone(), painted)
    };
    watch.services.iter().map(row).collect()
}

fn foot(watch: &Watch, now: Timestamp) -> Vec<Painted> {
    let mut lines = vec![Painted::plain(String::new())];
    let bad = |text: String| Painted { tone: Tone::Bad, toned: 1, bold: false, text };
    let mut on: Vec<_> = watch.alarms.iter().filter(|(_, alarm)| alarm.on).collect();
    on.sort_by_key(|(_, alarm)| std::cmp::Reverse(alarm.since));
    for (name, alarm) in on.iter().take(6) {
        let since = alarm.since.map(|at| format!(", since {}", span(now.since(at)))).unwrap_or_default();
        let new = if alarm.changed.is_some_and(|at| now.since(at) <= FRESH) { "   <- new" } else { "" };
        lines.push(bad(format!("■ alarm {}{since}: {}{new}", shown(name), shown(&alarm.reason))));
    }
    if on.len() > 6 {
        lines.push(Painted::plain(format!("  … and {}", count((on.len() - 6) as u64, "more alarm"))));
    }
    for (name, nats) in &watch.nats {
        let all = nats.nodes + nats.silent.len();
        let line = format!(
            "NATS {}: {} of {} answer, {}",
            shown(name),
            nats.nodes,
            count(all as u64, "node"),
            count(nats.connections as u64, "client connection")
        );
        lines.push(Painted::plain(line));
        lines.extend(nats.silent.iter().map(|silent| bad(format!("■ {} does not answer", shown(silent)))));
    }
    lines.extend(watch.sources.values().map(|health| source(health, now)));
    lines
}

fn source(health: &domain::source::SourceHealth, now: Timestamp) -> Painted {
    let id = shown(&health.id.to_string());
    let age = health.last_success.map(|at| format!("answered {}", ago(now, at)));
    match (&health.outcome, age) {
        (None, _) => Painted { tone: Tone::Move, toned: 1, bold: false, text: format!("◌ {id}: asking …") },
        (Some(Outcome::Complete), Some(age)) => {
            let calls = count(health.calls_last_sweep.into(), "call");
            Painted { tone: Tone::Good, toned: 1, bold: false, text: format!("● {id}: {age}, {calls}") }
        }
        (Some(Outcome::Partial { missing }), age) => {
            let part = missing.first().map(|part| format!("without {}: {}", shown(&part.what), part.fault.message)).unwrap_or_default();
            let text = format!("▲ {id}: {}, {part}", age.unwrap_or_else(|| "in part".to_owned()));
            Painted { tone: Tone::Warn, toned: 1, bold: false, text }
        }
        (Some(Outcome::Failed { fault }), age) => {
            let age = age.map(|age| format!(" (last {age})")).unwrap_or_default();
            let text = format!("■ {id}: {}{age}. {}", fault.message.trim_end_matches('.'), fault.remedy());
            Painted { tone: Tone::Bad, toned: 1, bold: false, text }
        }
        (Some(Outcome::Complete), None) => Painted::plain(format!("  {id}")),
    }
}
