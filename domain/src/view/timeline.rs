//! The whole record: what to show of it, a page of it, and what happened just before one entry.
//!
//! The URL is the whole of the question, so a search is a link that can be sent to somebody. The trap is the position:
//! entries arrive late and out of order (alarm histories, stops of an hour ago), so a page is found by where its edge
//! stands in the record and never by a number of pages.

use serde::{Deserialize, Serialize};

use super::{TimelineEntry, typed};
use crate::Timestamp;
use crate::judge::Tone;
use crate::service::{ServiceKey, encoded};
use crate::timeline::EventKind;

/// Entries on a page.
pub const ENTRIES_PER_PAGE: usize = 50;

/// What to show of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelineQuery {
    /// Words, each of which must occur (as a word or the beginning of one) in the entry or in a task's last words.
    pub q: String,
    /// Only this kind.
    pub kind: Option<EventKind>,
    /// Only this tone.
    pub tone: Option<Tone>,
    /// Without what is routine: leaves out the tone `quiet`.
    pub notable: bool,
    /// Only this environment or NATS cluster, by its name in the config.
    pub environment: Option<String>,
    /// Only this ECS cluster.
    pub cluster: Option<String>,
    /// Only about this service.
    pub service: Option<String>,
    /// Not before this instant.
    pub from: Option<Timestamp>,
    /// Not after this instant.
    pub to: Option<Timestamp>,
    /// Entries older than this place in the record ([`TimelinePage::older`]).
    pub before: Option<String>,
    /// Entries newer than this place.
    pub after: Option<String>,
    /// What happened in the ten minutes before the entry with this id; everything else is then ignored.
    pub around: Option<i64>,
}

impl TimelineQuery {
    /// Everything on record about one service.
    pub fn of_service(key: &ServiceKey) -> Self {
        Self {
            environment: Some(key.environment.clone()),
            cluster: Some(key.cluster.clone()),
            service: Some(key.service.clone()),
            ..Self::default()
        }
    }

    /// From the pairs of a URL's query; what means nothing is named in the second part.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let mut query = Self::default();
        let ignored = typed::ignored(pairs, |name, value| query.understand(name, value).is_some());
        (query, ignored)
    }

    fn understand(&mut self, name: &str, value: &str) -> Option<()> {
        let text = || Some(value.to_owned());
        let place = || value.parse::<i64>().ok().map(|_| value.to_owned());
        match name {
            "q" => self.q = value.to_owned(),
            "kind" => self.kind = Some(EventKind::from_word(value)?),
            "tone" if value == "notable" => self.notable = true,
            "tone" => self.tone = Some(Tone::from_word(value)).filter(|tone| tone.as_str() == value).map(Some)?,
            "environment" => self.environment = text(),
            "cluster" => self.cluster = text(),
            "service" => self.service = text(),
            "from" => self.from = Some(instant(value, "00:00:00")?),
            "to" => self.to = Some(instant(value, "23:59:59")?),
            "before" => self.before = Some(place()?),
            "after" => self.after = Some(place()?),
            "around" => self.around = Some(value.parse().ok()?),
            _ => return None,
        }
        Some(())
    }

    /// The URL of this view; what stands at its default is left out.
    pub fn path(&self) -> String {
        self.in_url("/timeline")
    }

    /// The same question as CSV: the newest entries that match, wherever in the record the page stands.
    pub fn csv_path(&self) -> String {
        Self { before: None, after: None, ..self.clone() }.in_url("/api/v1/timeline.csv")
    }

    /// Where a script reads on, when the file was cut before the entry at `place`.
    pub fn csv_path_before(&self, place: i64) -> String {
        Self { before: Some(place.to_string()), ..self.clone() }.in_url("/api/v1/timeline.csv")
    }

    fn in_url(&self, path: &str) -> String {
        let tone = if self.notable { Some("notable") } else { self.tone.map(Tone::as_str) };
        let said = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let pairs = [
            ("q", Some(self.q.clone()).filter(|q| !q.is_empty())),
            ("kind", self.kind.map(|kind| kind.as_str().to_owned())),
            ("tone", tone.map(str::to_owned)),
            ("environment", self.environment.clone()),
            ("cluster", self.cluster.clone()),
            ("service", self.service.clone()),
            ("from", said(self.from)),
            ("to", said(self.to)),
            ("before", self.before.clone()),
            ("after", self.after.clone()),
            ("around", self.around.map(|id| id.to_string())),
        ];
        let pairs: Vec<String> = pairs.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", encoded(&value?)))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }

    /// The same question without a position: the newest entries that match.
    #[must_use]
    pub fn newest(&self) -> Self {
        Self { before: None, after: None, around: None, ..self.clone() }
    }

    /// Whether it asks for less than everything, positions apart.
    pub fn filters(&self) -> bool {
        self.newest() != Self::default()
    }
}

/// An instant in UTC as people and form fields write it: `2026-05-02`, `2026-05-02T09:41`, RFC 3339. A bare day means
/// its beginning or its end, whichever `time` says.
pub(super) fn instant(text: &str, time: &str) -> Option<Timestamp> {
    let whole = match text.len() {
        10 => format!("{text}T{time}Z"),
        16 => format!("{text}:{}Z", time.get(6..).unwrap_or_default()),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    };
    whole.parse().ok()
}

/// A page of the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TimelinePage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The question, as it was understood.
    pub query: TimelineQuery,
    /// The entries, newest first: at most [`ENTRIES_PER_PAGE`].
    pub entries: Vec<TimelineEntry>,
    /// Where the next older entries begin, where there are any.
    pub older: Option<String>,
    /// Where the next newer entries begin, where there are any.
    pub newer: Option<String>,
    /// How many of the newest matching entries are of which kind, whatever kind is asked for. Empty on older pages.
    pub kinds: Vec<(EventKind, u64)>,
    /// How many entries that counted, and whether there are more.
    pub counted: (u64, bool),
    /// The environments and NATS clusters there are entries of.
    pub environments: Vec<String>,
    /// Entries that are not in the search index yet and so may be missing from a filtered list.
    pub unsearched: u64,
    /// What there is to say of the ten minutes before one entry, where that was the question.
    pub around: Option<Around>,
}

/// What happened before one entry. The page's own list is then everything within the ten minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Around {
    /// The entry.
    pub entry: TimelineEntry,
    /// What changed in that time and so may be the cause, likeliest first.
    pub suspects: Vec<TimelineEntry>,
    /// Tasks that stopped or became unhealthy in that time.
    pub affected: u64,
    /// What those have in common, as sentences, most telling first.
    pub shared: Vec<String>,
    /// Whether more happened than the list holds.
    pub more: bool,
}

/// What a stopped task said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LastWords {
    /// Its last lines, oldest first; at most 50.
    pub lines: Vec<LogLine>,
    /// Whether something was left out of them: longer lines, or more than is kept.
    pub cut: bool,
    /// Why there are none, or none yet.
    pub reason: Option<String>,
}

impl LastWords {
    /// Tells two states of one task's words apart: they come after its stop, and once more after that.
    pub fn state(&self) -> usize {
        self.lines.len() * 1_000 + self.reason.as_ref().map_or(0, String::len)
    }
}

/// One line of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogLine {
    /// When it was written, as its writer says.
    pub at: Timestamp,
    /// The line, without control characters.
    pub text: String,
}

/// Most suspects named.
const MOST_SUSPECTS: usize = 8;

/// Those of `before` that may be the cause of `of`, likeliest first: deployments, then nodes, then what was wished of a
/// service, alarms and blind spots; within each, what concerns the same service, then what is nearest in time.
pub fn suspects(of: &TimelineEntry, before: &[TimelineEntry]) -> Vec<TimelineEntry> {
    let mut found: Vec<(u8, bool, Timestamp, &TimelineEntry)> =
        before.iter().filter_map(|entry| Some((suspicion(entry)?, of.path.is_none() || entry.path != of.path, entry.at, entry))).collect();
    found.sort_by(|a, b| (a.0, a.1, b.2).cmp(&(b.0, b.1, a.2)));
    found.into_iter().take(MOST_SUSPECTS).map(|(.., entry)| entry.clone()).collect()
}

/// How likely an entry is a cause, 0 most; nothing for what is only ever an effect, or good news.
fn suspicion(entry: &TimelineEntry) -> Option<u8> {
    match (entry.kind, entry.tone) {
        (EventKind::Deployment, _) => Some(0),
        (EventKind::Node, Tone::Bad | Tone::Warn | Tone::Move) => Some(1),
        // going down and coming back are effects
        (EventKind::Service, Tone::Quiet | Tone::Warn | Tone::Move) => Some(2),
        (EventKind::Alarm, Tone::Warn | Tone::Bad) => Some(3),
        (EventKind::Source, Tone::Unknown | Tone::Bad) => Some(4),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_a_saved_search() {
        let query = TimelineQuery {
            q: "out of \"memory\" AND (".into(),
            kind: Some(EventKind::TaskStopped),
            tone: Some(Tone::Bad),
            environment: Some("production".into()),
            service: Some("auth-nats".into()),
            from: Some("2026-05-02T09:41:00Z".parse().unwrap()),
            before: Some("-5".into()),
            ..TimelineQuery::default()
        };
        let path = query.path();
        assert_eq!(
            path,
            "/timeline?q=out%20of%20%22memory%22%20AND%20%28&kind=task_stopped&tone=bad&environment=production&service=auth-nats\
             &from=2026-05-02T09%3A41%3A00Z&before=-5"
        );
        let saved = path.replace("/timeline?", "/api/v1/timeline.csv?");
        assert_eq!(query.csv_path(), saved.replace("&before=-5", ""), "the file begins at the newest entry");
        assert_eq!(query.csv_path_before(-7), saved.replace("-5", "-7"));
        let pairs = [
            ("q", "out of \"memory\" AND ("),
            ("kind", "task_stopped"),
            ("tone", "bad"),
            ("environment", "production"),
            ("service", "auth-nats"),
            ("from", "2026-05-02T09:41"),
            ("before", "-5"),
            ("to", ""),
        ];
        assert_eq!(TimelineQuery::from_pairs(pairs), (query, vec![]));
    }

    #[test]
    fn a_deployment_is_suspected_before_a_node_and_an_effect_never() {
        let entry = |id, kind, tone, path: &str| TimelineEntry {
            id,
            at: Timestamp::from_secs(id),
            kind,
            tone,
            subject: "x".into(),
            path: Some(path.into()),
            text: String::new(),
            back: None,
            words: None,
        };
        let of = entry(9, EventKind::TaskStopped, Tone::Bad, "/a");
        let before = [
            entry(8, EventKind::Service, Tone::Bad, "/a"),
            entry(7, EventKind::Node, Tone::Bad, "/n"),
            entry(6, EventKind::Deployment, Tone::Move, "/b"),
            entry(5, EventKind::Deployment, Tone::Move, "/a"),
            entry(4, EventKind::Alarm, Tone::Good, "/a"),
            entry(3, EventKind::Deployment, Tone::Good, "/b"),
        ];
        let ids: Vec<i64> = suspects(&of, &before).iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [5, 6, 3, 7]);
    }

    #[test]
    fn days_have_a_beginning_and_an_end() {
        let (query, ignored) = TimelineQuery::from_pairs([("from", "2026-05-02"), ("to", "2026-05-02"), ("tone", "notable")]);
        assert_eq!(query.from.unwrap().to_string(), "2026-05-02T00:00:00Z");
        assert_eq!(query.to.unwrap().to_string(), "2026-05-02T23:59:59Z");
        assert!(query.notable && ignored.is_empty());
    }

    #[test]
    fn what_means_nothing_is_named() {
        let (query, ignored) =
            TimelineQuery::from_pairs([("kind", "miracle"), ("tone", "blue"), ("from", "éééééyesterdayé"), ("before", "x")]);
        assert_eq!((query, ignored.len()), (TimelineQuery::default(), 4));
    }
}
