//! Connections that ended, and what of them belongs in the timeline.
//!
//! A node keeps its last 10,000 (nats-server, `DEFAULT_MAX_CLOSED_CLIENTS`) with the reason. One restart of a node ends
//! every connection it held, so entries are gathered: one line for each node, owner and reason of a sweep, with a count.
//! The trap is a ring that wrapped between two readings: then the list is not complete, and that is said.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::judge::Tone;
use crate::nats::Connection;
use crate::service::ServiceKey;
use crate::text;
use crate::timeline::{EventKind, NewEvent};

/// A connection that ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClosedConnection {
    /// What it was.
    pub connection: Connection,
    /// When it ended, by the node's clock.
    pub stopped: Option<Timestamp>,
    /// The node's reason.
    pub reason: String,
}

/// What a reading of the closed connections brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClosedReading {
    /// Those that were not read before.
    pub connections: Vec<ClosedConnection>,
    /// Nodes whose ring wrapped: by name, the time from which on nothing is missing, and until when it was read before.
    pub gaps: Vec<ClosedGap>,
    /// By server id, the newest end that was read: where the next reading goes on.
    pub until: BTreeMap<String, Timestamp>,
}

/// A time for which a node no longer knows all of its closed connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedGap {
    /// Name of the node.
    pub node: String,
    /// Read until then.
    pub from: Timestamp,
    /// Its list begins here.
    pub to: Timestamp,
}

/// How an end for this reason is drawn. A client that leaves is no news; a reason nobody here knows is shown as one.
pub fn reason_tone(reason: &str) -> Tone {
    const QUIET: [&str; 5] = ["Client Closed", "Duplicate Route", "Kicked", "Minimum Version Required", "Server Shutdown"];
    match reason {
        "Slow Consumer (Pending Bytes)" | "Slow Consumer (Write Deadline)" | "TLS Handshake Failure" => Tone::Bad,
        reason if QUIET.contains(&reason) => Tone::Quiet,
        _ => Tone::Warn,
    }
}

/// What a reason means, where its words do not say.
fn meaning(reason: &str) -> &'static str {
    match reason {
        "Slow Consumer (Pending Bytes)" => " (it did not read fast enough and too much waited for it)",
        "Slow Consumer (Write Deadline)" => " (it took nothing for longer than the write deadline)",
        "Stale Connection" => " (it no longer answered pings)",
        "TLS Handshake Failure" => " (a client without TLS, or one that trusts another CA)",
        "Read Error" | "Write Error" => " (the connection broke)",
        _ => "",
    }
}

impl ClosedConnection {
    /// Whether it spoke without TLS: it told of itself what only comes after a handshake where there is one. A node keeps the
    /// version of TLS with a connection that ended (nats-server, `ConnInfo.tls_version`), so none is none.
    pub fn was_plain(&self) -> bool {
        self.connection.tls.is_none() && self.connection.lang.is_some() && !self.reason.starts_with("TLS")
    }
}

/// The timeline's lines for connections that ended, each with the service it belonged to. `real_time`: the node's
/// instants are of our own time; else `seen` stands for them. Those without TLS have lines of their own, which begin with
/// their number where they are several: readiness counts them (T2).
pub fn closed_lines(
    source: &str,
    closed: &[(ClosedConnection, Option<ServiceKey>)],
    real_time: bool,
    seen: Timestamp,
) -> Vec<(Option<ServiceKey>, NewEvent)> {
    let mut gathered: BTreeMap<(&str, Option<&ServiceKey>, &str, bool), Vec<&ClosedConnection>> = BTreeMap::new();
    for (closed, owner) in closed {
        gathered.entry((&closed.connection.node, owner.as_ref(), &closed.reason, closed.was_plain())).or_default().push(closed);
    }
    gathered
        .into_iter()
        .filter_map(|((node, owner, reason, plain), ended)| {
            let first = ended.first()?;
            let newest = ended.iter().max_by_key(|closed| (closed.stopped, closed.connection.cid))?;
            let what = match (ended.len() as u64, owner) {
                (1, Some(_)) => "its NATS connection".to_owned(),
                (1, None) => "a NATS connection of nobody we know".to_owned(),
                (count, Some(_)) => format!("{count} of its NATS connections"),
                (count, None) => format!("{count} NATS connections of nobody we know"),
            };
            let said = if reason.is_empty() { "no reason given".to_owned() } else { format!("{}{}", text::shown(reason), meaning(reason)) };
            let name = text::shown(&first.connection.node_name);
            let at = newest.stopped.filter(|at| real_time && *at <= seen).unwrap_or(seen);
            // by the newest number: a repeated reading makes the same key
            let key =
                format!("closed:{source}:{node}:{}:{reason}:{}", owner.map(ServiceKey::path).unwrap_or_default(), newest.connection.cid);
            let without = if plain { ", without TLS," } else { "" };
            let event = NewEvent {
                at,
                key,
                kind: EventKind::Connection,
                tone: reason_tone(reason),
                service: owner.map(|owner| (owner.cluster.clone(), owner.service.clone())),
                subject: owner.map_or_else(|| first.connection.node_name.clone(), |owner| owner.service.clone()),
                text: if owner.is_some() {
                    format!("{what} to {name}{without} ended: {said}")
                } else {
                    format!("{what}{without} ended: {said}")
                },
            };
            Some((owner.cloned(), event))
        })
        .collect()
}

/// The line that says that closed connections are missing.
pub fn gap_line(source: &str, gap: &ClosedGap, seen: Timestamp) -> NewEvent {
    NewEvent {
        at: seen,
        key: format!("closed-gap:{source}:{}:{}", gap.node, gap.to.as_micros()),
        kind: EventKind::Connection,
        tone: Tone::Unknown,
        service: None,
        subject: gap.node.clone(),
        text: format!(
            "closed more connections than it remembers: those between {} and {} are not all known",
            gap.from.clock_time(),
            gap.to.clock_time()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(node: &str, cid: u64, reason: &str) -> ClosedConnection {
        let connection = Connection { node: format!("N{node}"), node_name: node.into(), cid, ..Connection::default() };
        ClosedConnection { connection, stopped: Some(Timestamp::from_secs(100 + i64::try_from(cid).unwrap())), reason: reason.into() }
    }

    fn owner(service: &str) -> Option<ServiceKey> {
        Some(ServiceKey { environment: "p".into(), cluster: "c".into(), service: service.into() })
    }

    #[test]
    fn a_restart_makes_one_line_for_each_service_and_reason() {
        let mut list: Vec<_> = (1..=9).map(|cid| (closed("n1", cid, "Server Shutdown"), owner("auth"))).collect();
        list.push((closed("n1", 10, "Server Shutdown"), None));
        list.push((closed("n1", 11, "Slow Consumer (Pending Bytes)"), owner("auth")));
        list.push((closed("n2", 1, "Server Shutdown"), owner("auth")));
        let lines = closed_lines("nats:main", &list, true, Timestamp::from_secs(500));
        let said: Vec<String> = lines.iter().map(|(_, line)| format!("{} {}", line.subject, line.text)).collect();
        assert_eq!(
            said,
            [
                "n1 a NATS connection of nobody we know ended: Server Shutdown",
                "auth 9 of its NATS connections to n1 ended: Server Shutdown",
                "auth its NATS connection to n1 ended: Slow Consumer (Pending Bytes) (it did not read fast enough and too much waited for it)",
                "auth its NATS connection to n2 ended: Server Shutdown",
            ]
        );
        assert_eq!(lines[1].1.at, Timestamp::from_secs(109), "when the last of them ended");
        assert_eq!(lines, closed_lines("nats:main", &list, true, Timestamp::from_secs(500)), "the same list makes the same keys");
    }

    #[test]
    fn what_spoke_without_tls_is_told_apart() {
        let spoke = |cid, tls: Option<&str>, reason: &str| {
            let mut ended = closed("n1", cid, reason);
            (ended.connection.lang, ended.connection.tls) = (Some("go".into()), tls.map(str::to_owned));
            (ended, owner("auth"))
        };
        let mut list = vec![spoke(1, None, "Client Closed"), spoke(2, Some("1.3"), "Client Closed"), spoke(3, None, "Client Closed")];
        list.extend([spoke(4, None, "TLS Handshake Failure"), (closed("n1", 5, "Client Closed"), owner("auth"))]);
        let lines = closed_lines("nats:main", &list, true, Timestamp::from_secs(500));
        let said: Vec<&str> = lines.iter().map(|(_, line)| line.text.as_str()).collect();
        assert_eq!(said[0], "2 of its NATS connections to n1 ended: Client Closed", "one with TLS, and one that never said who it is");
        assert_eq!(said[1], "2 of its NATS connections to n1, without TLS, ended: Client Closed");
        assert!(said[2].starts_with("its NATS connection to n1 ended: TLS Handshake Failure"), "it never came in: {said:?}");
        let keys: std::collections::BTreeSet<&str> = lines.iter().map(|(_, line)| line.key.as_str()).collect();
        assert_eq!(keys.len(), 3, "each is kept: {keys:?}");
    }

    #[test]
    fn a_clock_ahead_of_ours_dates_nothing_in_the_future() {
        let list = [(closed("n1", 1, ""), None)];
        assert_eq!(closed_lines("s", &list, true, Timestamp::from_secs(50))[0].1.at, Timestamp::from_secs(50));
        assert_eq!(closed_lines("s", &list, false, Timestamp::from_secs(500))[0].1.at, Timestamp::from_secs(500));
        assert!(closed_lines("s", &list, true, Timestamp::from_secs(50))[0].1.text.ends_with("ended: no reason given"));
    }

    #[test]
    fn an_unknown_reason_is_news() {
        assert_eq!(reason_tone("Client Closed"), Tone::Quiet);
        assert_eq!(reason_tone("Something Of Tomorrow"), Tone::Warn);
    }
}
