//! Streams and consumers: which are behind, which are stuck, and why we think so. Pure.
//!
//! Counts alone lie: ten thousand waiting messages are a second's work for one consumer and a lost day for another. So a
//! consumer is judged by how it moved between two readings, and by what its owner wrote into its metadata
//! (`io.nats.monitor.*`, the keys the NATS CLI's own checks read). Sources: nats-server `consumer.go` (default
//! `max_ack_pending` 1,000), the NATS CLI's check defaults (replica lag 200 operations), observability notes §3.4.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::judge::Tone;
use crate::time::span;

/// Operations a replica may lack (default of the NATS CLI's stream check).
pub const REPLICA_LAG: u64 = 200;
/// Time behind from which a consumer is behind.
pub const BEHIND: Duration = Duration::from_secs(300);
/// How long messages may wait without anything moving before a consumer is stuck.
pub const STILL: Duration = Duration::from_secs(60);
/// Part of a stream's limit from which it is nearly full (`nats audit`, JETSTREAM_003).
pub const NEARLY_FULL: f64 = 0.9;

/// A copy of a stream or consumer on another node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Replica {
    /// Name of the node.
    pub node: String,
    /// Whether it has everything.
    pub current: bool,
    /// Whether it is away.
    pub offline: bool,
    /// Operations it lacks.
    pub lag: u64,
    /// Milliseconds since the leader last heard of it, where it says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard_ms: Option<u64>,
}

impl Replica {
    /// How it is drawn, and how it stands in a word.
    pub const fn standing(&self) -> (Tone, &'static str) {
        match self {
            Self { offline: true, .. } => (Tone::Bad, "offline"),
            Self { current: true, lag: 0..REPLICA_LAG, .. } => (Tone::Good, "current"),
            _ => (Tone::Warn, "behind"),
        }
    }
}

/// JetStream's own leadership, as its leader tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Meta {
    /// The node that leads; none: nothing can be created or moved.
    pub leader: Option<String>,
    /// Nodes that ought to be in it.
    pub size: u32,
    /// The others, as the leader sees them.
    pub replicas: Vec<Replica>,
}

/// A stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Stream {
    /// Account it is in.
    pub account: String,
    /// Its name.
    pub name: String,
    /// What it stores.
    pub subjects: Vec<String>,
    /// The node that leads it.
    pub leader: Option<String>,
    /// Whether it is kept on several nodes, so that it must have a leader.
    pub replicated: bool,
    /// Its copies.
    pub replicas: Vec<Replica>,
    /// Messages in it.
    pub messages: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// Most messages, where limited.
    pub max_messages: Option<u64>,
    /// Most bytes, where limited.
    pub max_bytes: Option<u64>,
    /// What its owner wrote on it.
    pub metadata: BTreeMap<String, String>,
}

/// A consumer of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Consumer {
    /// Account its stream is in.
    pub account: String,
    /// Its stream.
    pub stream: String,
    /// Its name.
    pub name: String,
    /// The node that leads it.
    pub leader: Option<String>,
    /// Whether clients ask for messages (pull) or are sent them (push).
    pub pull: bool,
    /// Whether it was paused on purpose.
    pub paused: bool,
    /// Messages not delivered yet.
    pub pending: u64,
    /// Messages delivered and not acknowledged.
    pub ack_pending: u64,
    /// Most of those; at that number delivery stops without a word.
    pub max_ack_pending: Option<u64>,
    /// Clients asking for messages (pull).
    pub waiting: u64,
    /// Messages delivered more than once and not acknowledged yet.
    pub redelivered: u64,
    /// Consumer sequence delivered last.
    pub delivered: u64,
    /// Consumer sequence up to which all is acknowledged.
    pub acked: u64,
    /// What its owner wrote on it.
    pub metadata: BTreeMap<String, String>,
}

/// How a stream or consumer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// Nothing moves although something should.
    Stuck,
    /// It moves, but not fast enough, or not everywhere.
    Behind,
    /// Well, as far as can be told.
    #[default]
    Well,
}

impl Flow {
    /// The word in the store and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Behind => "behind",
            Self::Well => "well",
        }
    }

    /// From the stored word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "stuck" => Self::Stuck,
            "behind" => Self::Behind,
            _ => Self::Well,
        }
    }

    /// How it is drawn.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Stuck => Tone::Bad,
            Self::Behind => Tone::Warn,
            Self::Well => Tone::Good,
        }
    }
}

/// A reading to compare with: what it was, and since when nothing moved.
#[derive(Clone, Copy, Debug)]
pub struct Before<'a> {
    /// The consumer then.
    pub consumer: &'a Consumer,
    /// When it was read.
    pub read: Timestamp,
    /// Since when neither delivery nor acknowledgement moved.
    pub still_since: Timestamp,
}

/// Whether anything was delivered or acknowledged between two readings, or nothing had to be.
pub fn moved(before: &Consumer, now: &Consumer) -> bool {
    let idle = now.pending == 0 && now.ack_pending == 0;
    idle || before.delivered != now.delivered || before.acked != now.acked
}

/// How a consumer stands at `now`, and why.
pub fn consumer_flow(consumer: &Consumer, before: Option<Before<'_>>, now: Timestamp) -> (Flow, String) {
    if consumer.paused {
        return (Flow::Well, "paused on purpose".to_owned());
    }
    if let Some(worse) = by_metadata(consumer) {
        return (Flow::Behind, worse);
    }
    let still = before
        .map_or(Duration::ZERO, |before| if moved(before.consumer, consumer) { Duration::ZERO } else { now.since(before.still_since) });
    let full = consumer.max_ack_pending.filter(|most| *most > 0 && consumer.ack_pending >= *most);
    if let Some(most) = full.filter(|_| still >= STILL) {
        return (Flow::Stuck, format!("{most} messages are unacknowledged, the most it may have: nothing is delivered any more"));
    }
    if still >= STILL && consumer.pull && consumer.pending > 0 && consumer.waiting == 0 {
        return (Flow::Stuck, format!("{} and nobody has asked for them for {}", waiting(consumer.pending), span(still)));
    }
    if still >= STILL && consumer.pending > 0 {
        return (Flow::Stuck, format!("{} and nothing has moved for {}", waiting(consumer.pending), span(still)));
    }
    if still >= BEHIND && consumer.ack_pending > 0 {
        return (Flow::Stuck, format!("{} delivered messages have not been acknowledged for {}", consumer.ack_pending, span(still)));
    }
    match before.and_then(|before| behind_by(before, consumer, now)) {
        Some(behind) if behind >= BEHIND => {
            (Flow::Behind, format!("{}: {} behind at its present rate", waiting(consumer.pending), span(behind)))
        }
        _ if full.is_some() => (Flow::Behind, "as many unacknowledged messages as it may have".to_owned()),
        _ => (Flow::Well, String::new()),
    }
}

fn waiting(pending: u64) -> String {
    if pending == 1 { "1 message waits".to_owned() } else { format!("{pending} messages wait") }
}

/// How long the waiting messages take at the rate between two readings.
fn behind_by(before: Before<'_>, consumer: &Consumer, now: Timestamp) -> Option<Duration> {
    let passed = now.since(before.read);
    let delivered = consumer.delivered.checked_sub(before.consumer.delivered).filter(|delivered| *delivered > 0)?;
    // in whole milliseconds a message: floats would say "0.0000001 s"
    let each = passed.as_micros() / u128::from(delivered);
    let micros = each.saturating_mul(u128::from(consumer.pending)).min(u128::from(u32::MAX) * 1_000_000);
    u64::try_from(micros).ok().map(Duration::from_micros)
}

/// What the owner's own thresholds say.
fn by_metadata(consumer: &Consumer) -> Option<String> {
    let limit = |key: &str| consumer.metadata.get(key).and_then(|value| value.trim().parse::<u64>().ok()).filter(|limit| *limit > 0);
    let over = |key: &str, is: u64, what: &str| {
        limit(key).filter(|limit| is >= *limit).map(|limit| format!("{is} {what}; its owner's limit is {limit} ({key})"))
    };
    over("io.nats.monitor.unprocessed-critical", consumer.pending, "messages wait")
        .or_else(|| over("io.nats.monitor.outstanding-ack-critical", consumer.ack_pending, "messages are unacknowledged"))
        .or_else(|| over("io.nats.monitor.redelivery-critical", consumer.redelivered, "messages are delivered again and again"))
        .or_else(|| over("io.nats.monitor.waiting-critical", consumer.waiting, "clients ask at once"))
}

/// How a stream stands, and why.
pub fn stream_flow(stream: &Stream) -> (Flow, String) {
    if stream.replicated && stream.leader.is_none() {
        return (Flow::Stuck, "no node leads it: nothing can be stored or read".to_owned());
    }
    let away: Vec<&str> = stream.replicas.iter().filter(|replica| replica.offline).map(|replica| replica.node.as_str()).collect();
    if !away.is_empty() {
        return (Flow::Behind, format!("its copy on {} is away", away.join(", ")));
    }
    if let Some(slow) = stream.replicas.iter().filter(|replica| replica.lag > REPLICA_LAG).max_by_key(|replica| replica.lag) {
        return (Flow::Behind, format!("its copy on {} lacks {} operations", slow.node, slow.lag));
    }
    let full = [(stream.messages, stream.max_messages, "messages"), (stream.bytes, stream.max_bytes, "bytes")];
    for (is, most, what) in full {
        if let Some(most) = most.filter(|most| *most > 0 && is as f64 >= *most as f64 * NEARLY_FULL) {
            return (Flow::Behind, format!("{is} of at most {most} {what}: nearly full"));
        }
    }
    (Flow::Well, String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn consumer(pending: u64, delivered: u64) -> Consumer {
        Consumer { pending, delivered, acked: delivered, pull: true, waiting: 1, max_ack_pending: Some(1_000), ..Consumer::default() }
    }

    fn judged(before: &Consumer, now: &Consumer, seconds: i64) -> (Flow, String) {
        consumer_flow(now, Some(Before { consumer: before, read: at(seconds - 15), still_since: at(0) }), at(seconds))
    }

    #[test]
    fn a_count_alone_is_no_verdict() {
        assert_eq!(consumer_flow(&consumer(1_000_000, 5), None, at(0)).0, Flow::Well);
        assert_eq!(judged(&consumer(10_000, 0), &consumer(10_000, 15_000), 90).0, Flow::Well, "ten seconds' work");
        let (flow, why) = judged(&consumer(10_000, 0), &consumer(10_000, 150), 90);
        assert_eq!((flow, why.as_str()), (Flow::Behind, "10000 messages wait: 16 min behind at its present rate"));
    }

    #[test]
    fn what_does_not_move_is_stuck() {
        let nobody = Consumer { waiting: 0, ..consumer(7, 3) };
        assert_eq!(judged(&nobody, &nobody, 90), (Flow::Stuck, "7 messages wait and nobody has asked for them for 90 s".into()));
        assert_eq!(judged(&nobody, &nobody, 59).0, Flow::Well, "between two questions nobody asks");
        assert_eq!(judged(&consumer(7, 3), &consumer(7, 3), 90).0, Flow::Stuck);
        let full = Consumer { ack_pending: 1_000, ..consumer(50, 1_000) };
        assert!(judged(&full, &full, 90).1.starts_with("1000 messages are unacknowledged, the most it may have"));
        assert_eq!(judged(&full, &full, 30).0, Flow::Behind);
        let poison = Consumer { ack_pending: 1, acked: 4, ..consumer(0, 5) };
        assert_eq!((judged(&poison, &poison, 299).0, judged(&poison, &poison, 300).0), (Flow::Well, Flow::Stuck));
        assert_eq!(judged(&consumer(0, 3), &consumer(0, 3), 9_000).0, Flow::Well, "nothing to do is no trouble");
        let paused = Consumer { paused: true, ..consumer(7, 3) };
        assert_eq!(judged(&paused, &paused, 900).0, Flow::Well);
    }

    #[test]
    fn the_owners_own_limits_count() {
        let mut limited = consumer(40, 5);
        limited.metadata = [("io.nats.monitor.unprocessed-critical".to_owned(), "40".to_owned())].into();
        assert_eq!(consumer_flow(&limited, None, at(0)).0, Flow::Behind);
        limited.metadata = [("io.nats.monitor.unprocessed-critical".to_owned(), "many".to_owned())].into();
        assert_eq!(consumer_flow(&limited, None, at(0)).0, Flow::Well, "what is no number is no limit");
    }

    #[test]
    fn a_stream_needs_its_leader_and_its_copies() {
        let stream = Stream { replicated: true, leader: Some("n1".into()), ..Stream::default() };
        assert_eq!(stream_flow(&stream).0, Flow::Well);
        assert_eq!(stream_flow(&Stream { leader: None, ..stream.clone() }).0, Flow::Stuck);
        let copy = |lag, offline| vec![Replica { node: "n2".into(), current: lag == 0, offline, lag, heard_ms: None }];
        assert_eq!(stream_flow(&Stream { replicas: copy(0, true), ..stream.clone() }).1, "its copy on n2 is away");
        assert_eq!(stream_flow(&Stream { replicas: copy(201, false), ..stream.clone() }).0, Flow::Behind);
        assert_eq!(stream_flow(&Stream { replicas: copy(200, false), ..stream.clone() }).0, Flow::Well);
        assert_eq!(stream_flow(&Stream { messages: 90, max_messages: Some(100), ..stream }).0, Flow::Behind);
    }
}
