//! What the connections of each service carry: from counters that begin anew with every connection to messages a second.
//!
//! Pure. A reading gives, for every open connection, how many messages went each way since it was opened; two readings of
//! one connection give what went between them, and a connection that was opened since the reading before gives all it
//! counted. What cannot be told is left out, never guessed: the span is then not *metered* (or, where even the number of
//! connections is not known, not *counted*) for the services it concerns, and a slot of which less than half was seen
//! stays empty. So a gap is a gap: after a pause the counters are a baseline, not a spike, and a node that does not answer
//! makes nobody's connections nought. Three traps. A connection is known by its node's id and its number there, both new
//! after a restart and never used again. One that ended between two readings takes its last seconds with it: a rate may be
//! too low by these, never too high; and what is opened on a node that does not answer is not counted until it does. And
//! whose a connection is may be found out late: counters are kept for those of nobody as well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Seconds of a slot: the step of [`crate::series::Metric::NatsSent`] and its like.
pub const SLOT: i64 = 300;
/// Seconds of a slot that must have been seen for it to have a value.
const ENOUGH: f64 = SLOT as f64 / 2.0;
const MICROS: i64 = 1_000_000;

/// Whose a connection is: the number the store has for a service.
pub type Owner = i64;

/// One connection at a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted<'a> {
    /// Id of the node that holds it.
    pub node: &'a str,
    /// The node's number for it.
    pub cid: u64,
    /// Messages from it since it was opened.
    pub sent: u64,
    /// Messages to it since it was opened.
    pub received: u64,
    /// Bytes that wait for it, in permille of what its node holds for a connection before it drops it.
    pub waiting: u32,
    /// Whose it is, if that is known.
    pub owner: Option<Owner>,
}

/// A reading of one NATS cluster.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// When it ended.
    pub at: Timestamp,
    /// How far two readings may be apart: beyond, nothing is claimed of the time between.
    pub patience: Duration,
    /// Ids of the nodes whose connections were listed to the end.
    pub nodes: Vec<&'a str>,
    /// Whether there are nodes that did not answer, or not to the end.
    pub absent: bool,
    /// The connections.
    pub connections: Vec<Counted<'a>>,
}

/// What came of one slot for one service. Nothing where too little of it was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Carried {
    /// Whose.
    pub owner: Owner,
    /// Beginning of the slot, in seconds since 1970.
    pub slot: i64,
    /// The fewest connections it held.
    pub connections: Option<u32>,
    /// Messages a second it sent, and received.
    pub rates: Option<(f64, f64)>,
}

/// What is remembered from one reading to the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Meter {
    at: Option<Timestamp>,
    /// By id of each node that was listed at the newest reading, by number of each connection.
    nodes: BTreeMap<String, BTreeMap<u64, Last>>,
    /// How many connections each held when that was last known.
    held: BTreeMap<Owner, u32>,
    /// By beginning of a slot that is not over, what was carried in it.
    slots: BTreeMap<i64, BTreeMap<Owner, Sum>>,
    /// How full the fullest connection of each was at the newest reading.
    waiting: BTreeMap<Owner, u32>,
}

/// A connection's counters: sent, received.
type Last = (u64, u64);

/// A slot under way, as an array to be short: seconds counted, fewest connections, seconds metered, sent, received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "(f64, u32, f64, f64, f64)", into = "(f64, u32, f64, f64, f64)")]
struct Sum {
    counted: f64,
    fewest: u32,
    metered: f64,
    sent: f64,
    received: f64,
}

impl From<(f64, u32, f64, f64, f64)> for Sum {
    fn from((counted, fewest, metered, sent, received): (f64, u32, f64, f64, f64)) -> Self {
        Self { counted, fewest, metered, sent, received }
    }
}

impl From<Sum> for (f64, u32, f64, f64, f64) {
    fn from(sum: Sum) -> Self {
        (sum.counted, sum.fewest, sum.metered, sum.sent, sum.received)
    }
}

/// What one reading tells of one service.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    connections: u32,
    sent: u64,
    received: u64,
}

impl Meter {
    /// Takes a reading in; answers the slots that are over.
    pub fn read(&mut self, look: &Look<'_>) -> Vec<Carried> {
        let span = self.at.filter(|before| *before < look.at && look.at.since(*before) <= look.patience).map(|before| (before, look.at));
        let mut listed: BTreeMap<String, BTreeMap<u64, Last>> = look.nodes.iter().map(|id| ((*id).to_owned(), BTreeMap::new())).collect();
        let (flows, unmetered) = self.flows(look, &mut listed);
        let everybody: BTreeSet<Owner> = self.held.keys().chain(flows.keys()).copied().collect();
        for owner in everybody {
            let flow = flows.get(&owner).copied().unwrap_or_default();
            // what is missed may be open on the node that does not answer, moved there or not
            if look.absent && self.held.get(&owner).is_some_and(|held| flow.connections < *held) {
                continue;
            }
            if let Some(span) = span {
                self.spread(span, owner, flow, !unmetered.contains(&owner));
            }
            self.held.insert(owner, flow.connections);
        }
        self.waiting.clear();
        for (owner, waiting) in look.connections.iter().filter_map(|connection| Some((connection.owner?, connection.waiting))) {
            let fullest = self.waiting.entry(owner).or_default();
            *fullest = waiting.max(*fullest);
        }
        self.nodes = listed;
        self.at = Some(look.at);
        self.finished(look.at)
    }

    /// By service, how full its fullest connection was at the newest reading, in permille.
    pub fn waiting(&self) -> impl Iterator<Item = (Owner, u32)> {
        self.waiting.iter().map(|(owner, waiting)| (*owner, *waiting))
    }

    /// Forgets the services that are no more.
    pub fn keep(&mut self, is: impl Fn(Owner) -> bool) {
        self.held.retain(|owner, _| is(*owner));
    }

    /// What the connections carried since the reading before, and of whom that cannot be told. Fills `listed`.
    fn flows(&self, look: &Look<'_>, listed: &mut BTreeMap<String, BTreeMap<u64, Last>>) -> (BTreeMap<Owner, Flow>, BTreeSet<Owner>) {
        let (mut flows, mut unmetered) = (BTreeMap::<Owner, Flow>::new(), BTreeSet::new());
        for connection in &look.connections {
            let Some(node) = listed.get_mut(connection.node) else { continue };
            let (sent, received) = (connection.sent, connection.received);
            let before = self.nodes.get(connection.node).map(|node| node.get(&connection.cid).copied());
            let (high, carried) = match before {
                Some(Some((was_sent, was_received))) => {
                    // a counter that fell is an odd answer; the one after it must not be an increase from there
                    let carried = sent.checked_sub(was_sent).zip(received.checked_sub(was_received));
                    ((sent.max(was_sent), received.max(was_received)), carried)
                }
                // its node was listed to the end the last time, and without it: it was opened since
                Some(None) => ((sent, received), Some((sent, received))),
                // a node not heard the last time: a baseline
                None => ((sent, received), None),
            };
            node.insert(connection.cid, high);
            let Some(owner) = connection.owner else { continue };
            let flow = flows.entry(owner).or_default();
            flow.connections += 1;
            match carried {
                Some((sent, received)) => {
                    flow.sent = flow.sent.saturating_add(sent);
                    flow.received = flow.received.saturating_add(received);
                }
                None => drop(unmetered.insert(owner)),
            }
        }
        (flows, unmetered)
    }

    /// Lays what went in a span into the slots it touches, evenly.
    fn spread(&mut self, (from, to): (Timestamp, Timestamp), owner: Owner, flow: Flow, metered: bool) {
        let (from, to) = (from.as_micros(), to.as_micros());
        let whole = (to - from) as f64;
        let mut slot = from.div_euclid(MICROS * SLOT) * SLOT;
        while slot * MICROS < to {
            let inside = ((slot + SLOT) * MICROS).min(to) - (slot * MICROS).max(from);
            let (seconds, share) = (inside as f64 / MICROS as f64, inside as f64 / whole);
            let sum = self.slots.entry(slot).or_default().entry(owner).or_default();
            sum.fewest = if sum.counted > 0.0 { sum.fewest.min(flow.connections) } else { flow.connections };
            sum.counted += seconds;
            if metered {
                sum.metered += seconds;
                sum.sent += flow.sent as f64 * share;
                sum.received += flow.received as f64 * share;
            }
            slot += SLOT;
        }
    }

    /// Takes out the slots that are over. One from after now is of a clock that was set back; it comes again.
    fn finished(&mut self, now: Timestamp) -> Vec<Carried> {
        let second = now.as_micros().div_euclid(MICROS);
        let running = self.slots.split_off(&(second.div_euclid(SLOT) * SLOT));
        let over = std::mem::replace(&mut self.slots, running.into_iter().filter(|(slot, _)| *slot <= second).collect());
        let carried = |slot: i64, owner: Owner, sum: Sum| Carried {
            owner,
            slot,
            connections: (sum.counted >= ENOUGH).then_some(sum.fewest),
            rates: (sum.metered >= ENOUGH).then(|| (sum.sent / sum.metered, sum.received / sum.metered)),
        };
        let all = over.into_iter().flat_map(|(slot, sums)| sums.into_iter().map(move |(owner, sum)| carried(slot, owner, sum)));
        all.filter(|carried| carried.connections.is_some() || carried.rates.is_some()).collect()
    }
}

#[cfg(test)]
mod tests;
