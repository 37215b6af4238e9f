//! Which closed connections are news.
//!
//! A node remembers a ring of them; every reading brings the whole ring again. So the newest end that was read is
//! remembered for each server, and what ended later is news. The trap is a ring that went once around in between: the
//! connection read last is then no longer in it, and what was between is lost, which must be said.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Timestamp;
use domain::nats::closed::{ClosedGap, ClosedReading};

use super::map::Heard;

/// How far back a first reading goes: what ended before is history that nobody watched.
const FIRST: Duration = Duration::from_secs(3_600);
/// Connections a node remembers unless told otherwise (nats-server, `DEFAULT_MAX_CLOSED_CLIENTS`).
const RING: usize = 10_000;

/// Up to where each server's closed connections were read.
#[derive(Debug, Default)]
pub(super) struct Ends {
    read: BTreeMap<String, Mark>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    until: Timestamp,
    /// Whether a connection that ended then was in the list, so that it is missed when it is not.
    listed: bool,
}

impl Ends {
    /// What an earlier process read.
    pub(super) fn know(&mut self, known: BTreeMap<String, Timestamp>) {
        for (server, until) in known {
            self.read.entry(server).or_insert(Mark { until, listed: false });
        }
    }

    /// What is new in the lists of the nodes that told theirs.
    pub(super) fn news(&mut self, heard: &[Heard], looked_from: &BTreeMap<String, Vec<u16>>, now: Timestamp) -> Option<ClosedReading> {
        let mut reading = ClosedReading::default();
        let mut told = false;
        for node in heard {
            let Some(ring) = &node.closed else { continue };
            told = true;
            let id = node.varz.server_id.as_str();
            let theirs = node.varz.now.unwrap_or(now);
            let mark = self.read.get(id).copied();
            let ends = || ring.iter().filter_map(|info| info.stop);
            let (oldest, newest) = (ends().min(), ends().max());
            let began = node.varz.start.unwrap_or_else(|| theirs.minus(FIRST));
            let from = mark.map_or_else(|| began.max(theirs.minus(FIRST)), |mark| mark.until);
            if let (Some(mark), Some(oldest)) = (mark, oldest)
                && oldest > mark.until
                && (mark.listed || ring.len() >= RING)
            {
                reading.gaps.push(ClosedGap { node: node.name().to_owned(), from: mark.until, to: oldest });
            }
            let ours = looked_from.get(id).map_or(&[][..], Vec::as_slice);
            reading.connections.extend(node.ended(ours).into_iter().filter(|closed| closed.stopped.is_some_and(|at| at > from)));
            let until = newest.filter(|newest| *newest >= from);
            let next = Mark { until: until.unwrap_or(from), listed: until.is_some() || mark.is_some_and(|mark| mark.listed) };
            self.read.insert(id.to_owned(), next);
            reading.until.insert(id.to_owned(), next.until);
        }
        // ids change with every restart of a node
        self.read.retain(|id, _| heard.iter().any(|node| node.varz.server_id == *id) || heard.is_empty());
        told.then_some(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{ConnInfo, Varz};
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(100_000 + seconds)
    }

    fn node(stops: &[i64]) -> Heard {
        let ended = |stop: &i64| ConnInfo {
            cid: Some(u64::try_from(*stop).unwrap()),
            kind: "Client".into(),
            lang: "go".into(),
            account: "APP".into(),
            stop: Some(at(*stop)),
            reason: "Client Closed".into(),
            ..ConnInfo::default()
        };
        let varz = Varz { server_id: "N1".into(), server_name: "n1".into(), now: Some(at(1_000)), start: Some(at(0)), ..Varz::default() };
        Heard { varz, closed: Some(stops.iter().map(ended).collect()), ..Heard::default() }
    }

    fn news(ends: &mut Ends, stops: &[i64]) -> (Vec<u64>, usize) {
        let reading = ends.news(&[node(stops)], &BTreeMap::new(), at(1_000)).unwrap();
        (reading.connections.iter().map(|closed| closed.connection.cid).collect(), reading.gaps.len())
    }

    #[test]
    fn each_end_is_news_once() {
        let mut ends = Ends::default();
        assert_eq!(news(&mut ends, &[10, 20]), (vec![10, 20], 0));
        assert_eq!(news(&mut ends, &[10, 20, 30]), (vec![30], 0));
        assert_eq!(news(&mut ends, &[10, 20, 30]), (vec![], 0));
    }

    #[test]
    fn a_ring_that_went_around_leaves_a_gap() {
        let mut ends = Ends::default();
        news(&mut ends, &[10, 20]);
        assert_eq!(news(&mut ends, &[50, 60]), (vec![50, 60], 1));
        assert_eq!(news(&mut ends, &[50, 60, 70]), (vec![70], 0));
    }

    #[test]
    fn what_an_earlier_process_read_is_no_news() {
        let mut ends = Ends::default();
        ends.know([("N1".to_owned(), at(20))].into());
        assert_eq!(news(&mut ends, &[10, 20, 30]), (vec![30], 0));
        let mut ends = Ends::default();
        ends.know([("N1".to_owned(), at(20))].into());
        assert_eq!(news(&mut ends, &[30]), (vec![30], 0), "it may have read a list that was empty");
    }

    #[test]
    fn a_first_reading_goes_back_an_hour() {
        let mut old = node(&[10]);
        old.varz.now = Some(at(10_000));
        assert!(Ends::default().news(&[old], &BTreeMap::new(), at(10_000)).unwrap().connections.is_empty());
        assert!(Ends::default().news(&[Heard::default()], &BTreeMap::new(), at(0)).is_none(), "nobody was asked");
    }
}
