//! What tasks print: lines that follow from seed, task and time, so that none but the spoken ones is kept.
//!
//! Separate from the AWS face because what a task says before it dies belongs to its death. A task prints a few lines as it starts, one now and then, and its last words.
//! The trap: a process that is killed for its memory says nothing of it. Only those that end by themselves explain why.

use jiff::Timestamp;

use crate::{
    clock::{HOUR, SECOND},
    dice::Dice,
    hostile,
    model::{
        Fleet, arn,
        task::{StopCause, Task},
    },
};

/// How long the log group keeps an event.
pub(crate) const RETENTION: i64 = 24 * HOUR;
/// A task says something about this often.
const EVERY: i64 = 45 * SECOND;
/// "The maximum event size is 1 MB" since 2025 and 256 KB before; the awslogs driver still cuts at the latter, less 26 bytes (CloudWatch Logs quotas).
pub(crate) const LARGEST_EVENT: usize = 262_144 - 26;

/// One event of a log stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Microseconds since 1970, distinct within a stream.
    pub(crate) at: i64,
    pub(crate) text: String,
}

/// Why a service's processes end by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    NoServers,
    Memory,
    Setting,
    CircularImport,
}

impl Crash {
    /// What makes the n-th crash loop of a fleet.
    pub(crate) fn thrown(dice: &mut Dice) -> Self {
        [Self::NoServers, Self::Memory, Self::Setting].get(dice.index(3)).copied().unwrap_or(Self::Memory)
    }

    /// The frames and the last line of a Python traceback.
    fn traceback(self) -> &'static [&'static str] {
        match self {
            Self::NoServers => &[
                "  File \"/app/service/main.py\", line 61, in main",
                "    nc = await nats.connect(settings.nats_url, max_reconnect_attempts=3)",
                "  File \"/usr/local/lib/python3.12/site-packages/nats/aio/client.py\", line 587, in connect",
                "    raise nats.errors.NoServersError",
                "nats.errors.NoServersError: nats: no servers available for connection",
            ],
            Self::Memory => &[
                "  File \"/app/service/main.py\", line 72, in main",
                "    await cache.warm_up(settings.cache_entries)",
                "  File \"/app/service/cache.py\", line 118, in warm_up",
                "    self._slots = bytearray(entries * SLOT_BYTES)",
                "MemoryError: 536870912 bytes for the warm-up of the cache are not there",
            ],
            Self::Setting => &[
                "  File \"/app/service/main.py\", line 44, in main",
                "    bucket = os.environ[\"SNAPSHOT_BUCKET\"]",
                "  File \"<frozen os>\", line 714, in __getitem__",
                "KeyError: 'SNAPSHOT_BUCKET'",
            ],
            Self::CircularImport => &[
                "  File \"/app/language/__init__.py\", line 3, in <module>",
                "    from language.core import Grammar",
                "  File \"/app/language/core.py\", line 9, in <module>",
                "    from language.lexicon import Lexicon",
                "ImportError: cannot import name 'Grammar' from partially initialized module 'language.core' (most likely due to a circular import)",
            ],
        }
    }
}

fn stamp(at: i64) -> String {
    Timestamp::from_microsecond(at).map(|time| time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()).unwrap_or_default()
}

impl Fleet {
    /// What a task says as it ends, first line first.
    pub(super) fn last_words(&self, task: &Task, cause: &StopCause) -> Vec<String> {
        let now = stamp(self.now);
        let said = |level: &str, text: &str| format!("{now} {level:<5} {text}");
        let mut words = match (cause.code, cause.exit_code) {
            (_, None) => Vec::new(),
            ("EssentialContainerExited", Some(137)) => {
                vec![
                    said("WARN", "memory at 94 % of its limit, dropping the cache"),
                    said("WARN", "memory at 98 % of its limit, nothing left to drop"),
                ]
            }
            ("EssentialContainerExited", Some(0)) => vec![said("INFO", "nothing left to do, leaving")],
            ("EssentialContainerExited", Some(_)) => {
                let crash = task.doomed.unwrap_or_else(|| Crash::thrown(&mut Dice::new(self.seed, "crash", task.number)));
                let mut words = vec![said("ERROR", "unhandled exception, leaving"), "Traceback (most recent call last):".to_owned()];
                words.extend(["  File \"/app/service/main.py\", line 84, in <module>", "    asyncio.run(main())"].map(str::to_owned));
                words.extend(crash.traceback().iter().map(|line| (*line).to_owned()));
                words
            }
            (_, Some(_)) => vec![said("INFO", "received SIGTERM, draining subscriptions"), said("INFO", "drained in 212 ms, leaving")],
        };
        if self.hostile && !words.is_empty() {
            words.insert(0, hostile::log_line(usize::try_from(task.number).unwrap_or(0)));
        }
        words
    }

    /// Makes a task print a line now; answers whether it could.
    pub(crate) fn say(&mut self, number: u64, text: String) -> bool {
        let now = self.now;
        let Some(task) = self.tasks.get_mut(&number).filter(|task| task.runs()) else { return false };
        let at = task.said.last().map_or(now, |line| now.max(line.at + 1));
        task.said.push(Line { at, text: cut(text) });
        self.changed();
        true
    }

    /// A task whose log stream still exists, whether or not ECS still knows the task.
    pub(crate) fn logging(&self, id: &str) -> Option<&Task> {
        let known = self.task(id).or_else(|| self.gone.iter().find(|task| task.id == id));
        known.filter(|task| task.started_at.is_some())
    }

    /// All tasks with a log stream.
    pub(crate) fn all_logging(&self) -> impl Iterator<Item = &Task> {
        self.gone.iter().chain(self.tasks.values()).filter(|task| task.started_at.is_some())
    }

    /// The name of a task's log stream: `prefix/container/task`.
    pub(crate) fn stream(&self, task: &Task) -> String {
        let family = self.definitions.get(&task.definition).map(|definition| definition.family.as_str()).unwrap_or_default();
        format!("{family}/app/{}", task.id)
    }

    /// When a stream's first event came, and its latest one (near enough: within one pause).
    pub(crate) fn stream_times(&self, task: &Task) -> (i64, i64) {
        let begun = task.started_at.unwrap_or(task.created_at);
        (begun.max(self.now - RETENTION), task.stopping_at.unwrap_or(self.now))
    }

    /// What a task printed from `from` to below `until`, as far as it has happened and is kept, in order of time.
    pub(crate) fn lines(&self, task: &Task, from: i64, until: i64) -> Vec<Line> {
        let Some(begun) = task.started_at else { return Vec::new() };
        let (from, until) = (from.max(self.now - RETENTION), until.min(self.now + 1));
        let service = self.services.get(task.service).map(|service| service.name.as_str()).unwrap_or_default();
        let mut lines = starting(task, service, begun, &self.image(task));
        let ended = task.stopping_at.unwrap_or(i64::MAX);
        let first = ((from - begun).div_euclid(EVERY) - 1).max(1);
        let last = (until.min(ended) - begun).div_euclid(EVERY);
        let periodic = (first..=last).map(|turn| self.now_and_then(task, service, begun, turn));
        lines.extend(periodic.filter(|line| line.at < ended));
        lines.extend(task.said.iter().cloned());
        lines.extend(spoken_last(task));
        lines.retain(|line| (from..until).contains(&line.at));
        lines.sort_by_key(|line| line.at);
        lines
    }

    fn image(&self, task: &Task) -> String {
        self.definitions
            .get(&task.definition)
            .and_then(|definition| Some(definition.app()?.image.rsplit(':').next()?.to_owned()))
            .unwrap_or_default()
    }

    fn now_and_then(&self, task: &Task, service: &str, begun: i64, turn: i64) -> Line {
        let mut dice = Dice::new(self.seed ^ task.number, "log", turn.unsigned_abs());
        let at = begun + turn * EVERY + dice.seconds(0, 40) + 7;
        if self.hostile && task.service < hostile::free_texts().len() && turn % 3 == 0 {
            let text = if turn % 500 == 3 { "x".repeat(10_000_000) } else { hostile::log_line(usize::try_from(turn).unwrap_or(0)) };
            return Line { at, text: cut(text) };
        }
        let (count, millis) = (40 + dice.below(400), 8 + dice.below(60));
        let text = match dice.below(12) {
            0 => format!("WARN  slow request gaming.{service}.requests: {} ms", 250 + dice.below(700)),
            1 => "INFO  NATS ping answered in 1 ms, 0 reconnects".to_owned(),
            2 => format!("INFO  cache: {} entries, {} % hits", 900 + dice.below(4_000), 81 + dice.below(18)),
            _ => format!("INFO  handled {count} requests, 95 % within {millis} ms"),
        };
        Line { at, text: format!("{} {text}", stamp(at)) }
    }
}

/// The first lines of a process.
fn starting(task: &Task, service: &str, begun: i64, version: &str) -> Vec<Line> {
    let id: String = task.id.chars().take(8).collect();
    let mut said = vec![
        (0, format!("INFO  starting {service} {version}, python 3.12.4")),
        (120, format!("INFO  settings: region {}, cluster {}", arn::REGION, arn::CLUSTER)),
    ];
    match task.doomed {
        Some(Crash::NoServers) => said.extend((1..=3).map(|attempt| {
            (
                400 + attempt * 900,
                format!("WARN  connecting to nats.gaming-system.internal:4222, attempt {attempt} of 3: connection refused"),
            )
        })),
        Some(Crash::Setting | Crash::CircularImport) => {}
        Some(Crash::Memory) | None => said.extend([
            (410, "INFO  connecting to nats.gaming-system.internal:4222".to_owned()),
            (680, format!("INFO  connected to NATS as {service}/{id}")),
            (690, format!("INFO  serving gaming.{service}.requests in queue {service}")),
            (740, "INFO  health endpoint on port 8080".to_owned()),
        ]),
    }
    if task.doomed == Some(Crash::Memory) {
        said.push((900, "INFO  warming up the cache: 4194304 entries".to_owned()));
    }
    let line = |(after, text): (i64, String)| Line { at: begun + after * 1_000, text: format!("{} {text}", stamp(begun + after * 1_000)) };
    // a process that has ended says no more
    said.into_iter().map(line).filter(|line| task.stopping_at.is_none_or(|ended| line.at < ended)).collect()
}

/// A microsecond apart, ending as the task ends.
fn spoken_last(task: &Task) -> impl Iterator<Item = Line> {
    let ended = task.stopping_at.unwrap_or_default();
    let count = i64::try_from(task.last_words.len()).unwrap_or(0);
    task.last_words.iter().zip(0..).map(move |(text, number)| Line { at: ended - count + number, text: text.clone() })
}

/// As the log driver cuts what is too long.
fn cut(mut text: String) -> String {
    if text.len() > LARGEST_EVENT {
        text.truncate(text.floor_char_boundary(LARGEST_EVENT));
    }
    text
}
