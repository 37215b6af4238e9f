//! What is wrong with a NATS cluster, as sentences, worst first. Pure.
//!
//! Separate from the page because the Overview's "needs me now" tells the same findings, of which only the `urgent` ones
//! count there. Thresholds follow `nats audit` and the notes in the observability reference (§3.2–§3.5). The trap is
//! one cause told many times: nodes that do not answer are told by name and not once more as a broken mesh.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::jetstream::{Flow, Meta, REPLICA_LAG};
use super::{CERTIFICATE_DAYS, Node, NodeCounters};
use crate::Timestamp;
use crate::judge::Tone;
use crate::text;
use crate::time::span;

/// How long an increase of slow consumers stays a finding.
pub const SLOW_LATELY: Duration = Duration::from_secs(15 * 60);
/// Clock difference from which it is said: instants of different nodes cannot be ordered any more.
pub const CLOCK_APART_MS: u64 = 2_000;
/// Part of the connection limit from which it is said.
const CONNECTIONS_NEAR: f64 = 0.8;
/// CPU per core, in percent, from which it is said (SERVER_003).
const CPU_BUSY: f64 = 90.0;
/// Times the cluster's mean memory from which it is said (CLUSTER_001).
const MEMORY_APART: f64 = 1.5;
/// Memory below which a difference means nothing.
const MEMORY_SMALL: u64 = 256 * 1024 * 1024;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// What makes it this finding from one sweep to the next.
    pub key: String,
    /// How bad.
    pub tone: Tone,
    /// What it is about, by name.
    pub subject: String,
    /// What is wrong, as the rest of a sentence after the subject.
    pub text: String,
    /// What it means and what to do.
    pub detail: String,
    /// Whether somebody is needed now.
    pub urgent: bool,
}

/// A node as it stands.
#[derive(Clone, Debug, Default)]
pub struct NodeStanding {
    /// What it last said.
    pub node: Node,
    /// Whether it answers.
    pub answers: bool,
    /// Its newest counters.
    pub counters: NodeCounters,
    /// When slow consumers last came, and how many.
    pub slow: Option<(Timestamp, u64)>,
}

/// A stream or consumer that is not well.
#[derive(Clone, Debug)]
pub struct Ill {
    /// `stream` or `stream / consumer`.
    pub name: String,
    /// How it stands.
    pub flow: Flow,
    /// Why.
    pub why: String,
    /// The service it belongs to, if it says.
    pub owner: Option<String>,
    /// Services that depend on it.
    pub dependents: Vec<String>,
}

/// A cluster, as far as findings need it.
#[derive(Clone, Debug, Default)]
pub struct Picture<'a> {
    /// Its nodes.
    pub nodes: &'a [NodeStanding],
    /// JetStream's leadership, where it was told.
    pub meta: Option<&'a Meta>,
    /// Streams and consumers that are not well.
    pub ill: &'a [Ill],
    /// Connections whose sources contradict each other: service by the best source, and how many.
    pub conflicts: &'a [(String, u64)],
    /// Connections nobody claims that have stood longer than a task takes to be seen.
    pub unattributed: u64,
}

/// Everything wrong at `now`, worst first.
pub fn findings(picture: &Picture<'_>, now: Timestamp) -> Vec<Finding> {
    let mut found: Vec<Finding> = picture.nodes.iter().flat_map(|standing| of_node(standing, now)).collect();
    found.extend(of_mesh(picture.nodes));
    found.extend(of_drift(picture.nodes));
    found.extend(of_load(picture.nodes));
    found.extend(of_meta(picture));
    found.extend(picture.ill.iter().map(of_ill));
    found.extend(of_owners(picture));
    found.sort_by(|a, b| (a.tone, !a.urgent, &a.key).cmp(&(b.tone, !b.urgent, &b.key)));
    found
}

fn finding(what: &str, tone: Tone, subject: &str, text: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        key: format!("{what}:{subject}"),
        tone,
        subject: subject.to_owned(),
        text: text.into(),
        detail: detail.into(),
        urgent: tone == Tone::Bad,
    }
}

fn of_node(standing: &NodeStanding, now: Timestamp) -> Vec<Finding> {
    let NodeStanding { node, answers, counters, slow } = standing;
    let name = node.name.as_str();
    if !answers {
        let detail =
            "Nothing is known of it or of its connections since. See whether its machine runs and whether the other nodes reach it.";
        // the Overview tells silent nodes by itself
        return vec![Finding { urgent: false, ..finding("silent", Tone::Bad, name, "does not answer", detail) }];
    }
    let mut found = of_certificate(node, now);
    if let Some((at, count)) = slow.filter(|(at, _)| now.since(*at) <= SLOW_LATELY) {
        let what = if counters.slow_links > 0 { " Routes or gateways are among them: the mesh itself cannot keep up." } else { "" };
        let text = format!("dropped {} lately", text::count(count, "slow consumer"));
        let detail = format!("At {}: a client did not read as fast as messages came, and was cut off.{what}", at.clock_time());
        found.push(Finding { urgent: true, ..finding("slow", Tone::Warn, name, text, detail) });
    }
    if counters.route_pending > 0 && node.max_pending > 0 && counters.route_pending >= node.max_pending / 10 {
        let text = format!("has {} bytes waiting on its routes", counters.route_pending);
        found.push(finding("route-pending", Tone::Warn, name, text, "The other nodes take messages more slowly than they come."));
    }
    let skew = counters.skew_ms.unwrap_or(0);
    if skew.unsigned_abs() >= CLOCK_APART_MS {
        let apart = span(Duration::from_millis(skew.unsigned_abs()));
        let text = format!("has a clock {apart} {} ours", if skew < 0 { "behind" } else { "ahead of" });
        found.push(finding(
            "clock",
            Tone::Warn,
            name,
            text,
            "Ages of its connections and the order of events are wrong by as much. Check NTP there.",
        ));
    }
    let (is, most) = (counters.connections as f64, node.max_connections as f64);
    if most > 0.0 && is >= most * CONNECTIONS_NEAR {
        let text = format!("holds {} of at most {} connections", counters.connections, node.max_connections);
        let detail = "At the limit new clients are refused. Raise max_connections or spread the clients.";
        found.push(Finding { urgent: true, ..finding("connections", Tone::Warn, name, text, detail) });
    }
    let busy = counters.cpu / f64::from(node.cores.max(1));
    if node.cores > 0 && busy >= CPU_BUSY {
        found.push(finding("cpu", Tone::Warn, name, format!("uses {busy:.0} % of each of its cores"), "It is about to fall behind."));
    }
    found
}

fn of_certificate(node: &Node, now: Timestamp) -> Vec<Finding> {
    let name = node.name.as_str();
    let Some(certificate) = &node.certificate else { return Vec::new() };
    let mut found = Vec::new();
    if let Some(days) = certificate.days_left(now).filter(|days| *days < CERTIFICATE_DAYS.0) {
        let urgent = days < CERTIFICATE_DAYS.1;
        let text = if days < 0 {
            format!("serves a certificate that ended {} ago", text::count(days.unsigned_abs(), "day"))
        } else {
            format!("serves a certificate that ends in {}", text::count(days.unsigned_abs(), "day"))
        };
        let tone = if urgent { Tone::Bad } else { Tone::Warn };
        found.push(finding(
            "certificate",
            tone,
            name,
            text,
            "Clients that check it are refused from then on. Put a new one there and reload the node.",
        ));
    }
    if let Some(trouble) = &certificate.trouble {
        let detail = "Clients that trust the configured CA do not come in by TLS.";
        found.push(finding("chain", Tone::Warn, name, format!("serves a certificate we would refuse: {}", text::shown(trouble)), detail));
    }
    // the node reads whole seconds, as certificates hold them
    let same = |a: Timestamp, b: Timestamp| a.as_micros().abs_diff(b.as_micros()) < 1_000_000;
    if let Some((configured, served)) = node.configured_until.zip(certificate.until).filter(|(a, b)| !same(*a, *b)) {
        let text = format!("serves a certificate until {served} but is configured with one until {configured}");
        found.push(finding(
            "reload",
            Tone::Warn,
            name,
            text,
            "It was replaced on the disk and not reloaded: `nats-server --signal reload`.",
        ));
    }
    found
}

/// Every node of a full mesh has routes to all others. `remotes` counts distinct servers; `routes` would count pooled
/// connections.
fn of_mesh(nodes: &[NodeStanding]) -> Vec<Finding> {
    let mut clusters: BTreeMap<Option<&str>, Vec<&NodeStanding>> = BTreeMap::new();
    for standing in nodes.iter().filter(|standing| standing.answers) {
        clusters.entry(standing.node.cluster.as_deref()).or_default().push(standing);
    }
    let mut found = Vec::new();
    for (cluster, members) in clusters.iter().filter(|(cluster, members)| cluster.is_some() && members.len() > 1) {
        let others = members.len() as u32 - 1;
        for standing in members.iter().filter(|standing| standing.node.remotes < others) {
            let text = format!("has routes to {} of the {} other nodes of {}", standing.node.remotes, others, cluster.unwrap_or_default());
            let detail = "Messages between it and the others are lost to their clients. Look into its log and at its route port.";
            found.push(finding("mesh", Tone::Bad, &standing.node.name, text, detail));
        }
    }
    found
}

fn of_drift(nodes: &[NodeStanding]) -> Vec<Finding> {
    let answering = || nodes.iter().filter(|standing| standing.answers).map(|standing| &standing.node);
    let mut found = Vec::new();
    let versions: BTreeSet<&str> = answering().map(|node| node.version.as_str()).filter(|version| !version.is_empty()).collect();
    if versions.len() > 1 {
        let detail =
            format!("{}. Fine during an upgrade, not after it.", versions.into_iter().map(text::shown).collect::<Vec<_>>().join(", "));
        found.push(finding("versions", Tone::Warn, "The nodes", "run different versions", detail));
    }
    let modes: BTreeSet<&str> = answering().filter_map(|node| node.tls).map(super::TlsMode::as_str).collect();
    if modes.len() > 1 {
        let detail = format!("{}: where a client gets in depends on the node it meets.", modes.into_iter().collect::<Vec<_>>().join(", "));
        found.push(finding("modes", Tone::Warn, "The nodes", "differ in their TLS mode", detail));
    }
    // a digest covers the whole file, names and addresses of the node's own included: only where most are equal does an
    // odd one mean anything
    let mut digests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in answering() {
        if let Some(digest) = &node.config_digest {
            digests.entry(digest).or_default().push(&node.name);
        }
    }
    let largest = digests.values().map(Vec::len).max().unwrap_or(0);
    if digests.len() > 1 && largest > 1 {
        for name in digests.values().filter(|names| names.len() < largest).flatten() {
            let detail = "Its configuration differs from that of the others: the digest is another.";
            found.push(finding("drift", Tone::Warn, name, "runs another configuration than the others", detail));
        }
    }
    found
}

fn of_load(nodes: &[NodeStanding]) -> Vec<Finding> {
    let answering: Vec<&NodeStanding> = nodes.iter().filter(|standing| standing.answers).collect();
    let mean = answering.iter().map(|standing| standing.counters.memory as f64).sum::<f64>() / answering.len().max(1) as f64;
    let heavy = |standing: &&&NodeStanding| {
        answering.len() > 2 && standing.counters.memory > MEMORY_SMALL && standing.counters.memory as f64 > mean * MEMORY_APART
    };
    let told = |standing: &&NodeStanding| {
        let times = standing.counters.memory as f64 / mean;
        finding(
            "memory",
            Tone::Warn,
            &standing.node.name,
            format!("uses {times:.1} times the memory of the others"),
            "Clients or streams are spread unevenly.",
        )
    };
    answering.iter().filter(heavy).map(told).collect()
}

fn of_meta(picture: &Picture<'_>) -> Vec<Finding> {
    let with: Vec<&Node> =
        picture.nodes.iter().filter(|standing| standing.answers && standing.node.jetstream).map(|standing| &standing.node).collect();
    let leaders: BTreeSet<&str> = with.iter().filter_map(|node| node.meta_leader.as_deref()).collect();
    let mut found = Vec::new();
    if leaders.len() > 1 {
        let names = leaders.iter().map(|name| text::shown(name)).collect::<Vec<_>>().join(", ");
        let detail = "During an election this lasts seconds. If it stays, the mesh is split.";
        found.push(finding("leaders", Tone::Bad, "The nodes", format!("disagree about who leads JetStream: {names}"), detail));
    }
    let Some(meta) = picture.meta else { return found };
    if meta.leader.is_none() && meta.size > 1 {
        let detail = "Streams and consumers can be used but not created or moved. More than half of the nodes must reach each other.";
        found.push(finding("leaderless", Tone::Bad, "JetStream", "has no leader", detail));
    }
    for replica in &meta.replicas {
        let silent = picture.nodes.iter().any(|standing| standing.node.name == replica.node && !standing.answers);
        if replica.offline && !silent {
            let detail = "Its streams are kept by fewer nodes than was wished.";
            found.push(finding("meta-offline", Tone::Bad, &replica.node, "is away from JetStream", detail));
        }
        if !replica.offline && replica.lag >= REPLICA_LAG {
            let text = format!("lacks {} of JetStream's own leadership", text::count(replica.lag, "operation"));
            found.push(finding(
                "meta-lag",
                Tone::Warn,
                &replica.node,
                text,
                "Until it has them it cannot lead, and does not know what was created since.",
            ));
        }
    }
    found
}

fn of_ill(ill: &Ill) -> Finding {
    let owner =
        ill.owner.as_deref().map_or_else(|| "Nothing says whose it is.".to_owned(), |owner| format!("It is {}'s.", text::shown(owner)));
    let dependents: Vec<String> = ill.dependents.iter().map(|service| text::shown(service)).collect();
    let dependents = if dependents.is_empty() { String::new() } else { format!(" {} depend on it.", dependents.join(", ")) };
    let text = format!("is {}: {}", ill.flow.as_str(), text::shown(&ill.why));
    Finding { urgent: ill.flow == Flow::Stuck, ..finding("flow", ill.flow.tone(), &ill.name, text, format!("{owner}{dependents}")) }
}

fn of_owners(picture: &Picture<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = picture
        .conflicts
        .iter()
        .map(|(service, count)| {
            let text = format!("has {} whose proofs contradict each other", text::count(*count, "connection"));
            let detail =
                "By its address it is this service's; by its certificate, user or name another's. One of them lies or is misconfigured.";
            Finding { urgent: true, ..finding("conflict", Tone::Warn, service, text, detail) }
        })
        .collect();
    if picture.unattributed > 0 {
        let text = format!("{} to no service we know", if picture.unattributed == 1 { "belongs" } else { "belong" });
        let subject = text::count(picture.unattributed, "connection");
        let detail = "No task has its address, and neither certificate, user nor name is a service's: a person, a tool, or a fleet that is not configured here.";
        let one = finding("unattributed", Tone::Unknown, &subject, text, detail);
        found.push(Finding { key: "unattributed".to_owned(), urgent: false, ..one });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{Certificate, TlsMode, jetstream::Replica};
    use super::*;

    const DAY: i64 = 86_400;

    fn now() -> Timestamp {
        Timestamp::from_secs(1_000 * DAY)
    }

    fn node(name: &str) -> NodeStanding {
        let node = Node {
            name: name.into(),
            version: "2.15.1".into(),
            cluster: Some("main".into()),
            remotes: 2,
            config_digest: Some("d".into()),
            tls: Some(TlsMode::Mixed),
            jetstream: true,
            meta_leader: Some("n1".into()),
            max_connections: 100,
            cores: 2,
            ..Node::default()
        };
        NodeStanding { node, answers: true, ..NodeStanding::default() }
    }

    fn three() -> Vec<NodeStanding> {
        ["n1", "n2", "n3"].map(node).to_vec()
    }

    fn said(nodes: &[NodeStanding]) -> Vec<String> {
        let picture = Picture { nodes, ..Picture::default() };
        findings(&picture, now()).into_iter().map(|finding| format!("{} {}", finding.subject, finding.text)).collect()
    }

    #[test]
    fn a_cluster_that_is_well_has_none() {
        assert_eq!(said(&three()), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_told_once() {
        type Change = Box<dyn Fn(&mut Vec<NodeStanding>)>;
        let until =
            |days: i64| Some(Certificate { until: Some(Timestamp::from_secs((1_000 + days) * DAY + 60)), ..Certificate::default() });
        let cases: Vec<(Change, Vec<&str>)> = vec![
            (Box::new(|nodes| nodes[2].answers = false), vec!["n3 does not answer"]),
            (Box::new(|nodes| nodes[1].node.remotes = 1), vec!["n2 has routes to 1 of the 2 other nodes of main"]),
            (Box::new(|nodes| nodes[1].node.config_digest = Some("e".into())), vec!["n2 runs another configuration than the others"]),
            (Box::new(|nodes| nodes[1].node.version = "2.11.0".into()), vec!["The nodes run different versions"]),
            (Box::new(|nodes| nodes[1].node.tls = Some(TlsMode::Required)), vec!["The nodes differ in their TLS mode"]),
            (Box::new(|nodes| nodes[0].node.meta_leader = Some("n2".into())), vec!["The nodes disagree about who leads JetStream: n1, n2"]),
            (Box::new(move |nodes| nodes[0].node.certificate = until(30)), vec![]),
            (Box::new(move |nodes| nodes[0].node.certificate = until(12)), vec!["n1 serves a certificate that ends in 12 days"]),
            (Box::new(move |nodes| nodes[0].node.certificate = until(-3)), vec!["n1 serves a certificate that ended 3 days ago"]),
            (Box::new(|nodes| nodes[0].slow = Some((now(), 3))), vec!["n1 dropped 3 slow consumers lately"]),
            (Box::new(|nodes| nodes[0].slow = Some((now().minus(SLOW_LATELY * 2), 3))), vec![]),
            (Box::new(|nodes| nodes[0].counters.skew_ms = Some(-300_000)), vec!["n1 has a clock 5 min behind ours"]),
            (Box::new(|nodes| nodes[0].counters.connections = 80), vec!["n1 holds 80 of at most 100 connections"]),
            (Box::new(|nodes| nodes[0].counters.cpu = 181.0), vec!["n1 uses 90 % of each of its cores"]),
            (Box::new(|nodes| nodes[0].counters.memory = 1 << 30), vec!["n1 uses 3.0 times the memory of the others"]),
        ];
        for (change, told) in cases {
            let mut nodes = three();
            change(&mut nodes);
            assert_eq!(said(&nodes), told);
        }
    }

    #[test]
    fn configurations_that_all_differ_are_no_drift() {
        let mut nodes = three();
        for (number, standing) in nodes.iter_mut().enumerate() {
            standing.node.config_digest = Some(number.to_string());
        }
        assert_eq!(said(&nodes), Vec::<String>::new(), "each file names its own node");
    }

    #[test]
    fn what_was_replaced_but_not_reloaded_is_seen() {
        let mut nodes = three();
        let served = Some(Timestamp::from_secs(1_100 * DAY));
        nodes[0].node.certificate = Some(Certificate { until: served, ..Certificate::default() });
        nodes[0].node.configured_until = served;
        assert_eq!(said(&nodes), Vec::<String>::new());
        nodes[0].node.configured_until = Some(Timestamp::from_secs(1_400 * DAY));
        assert!(said(&nodes)[0].starts_with("n1 serves a certificate until "), "{:?}", said(&nodes));
    }

    #[test]
    fn a_replica_far_behind_is_told() {
        let replica = |lag| Replica { node: "n2".into(), current: lag == 0, lag, ..Replica::default() };
        let said = |lag| {
            let meta = Meta { leader: Some("n1".into()), size: 2, replicas: vec![replica(lag)] };
            let found = findings(&Picture { nodes: &three(), meta: Some(&meta), ..Picture::default() }, now());
            found.into_iter().map(|finding| format!("{} {}", finding.subject, finding.text)).collect::<Vec<_>>()
        };
        assert_eq!(said(0), [""; 0]);
        assert_eq!(said(199), [""; 0], "a moment's delay is no news");
        assert_eq!(said(1_240), ["n2 lacks 1240 operations of JetStream's own leadership"]);
    }

    #[test]
    fn leadership_ownership_and_flow_have_their_lines() {
        let nodes = three();
        let meta = Meta { leader: None, size: 3, replicas: vec![Replica { node: "n3".into(), offline: true, ..Replica::default() }] };
        let ill = [Ill {
            name: "QUESTS / worker".into(),
            flow: Flow::Stuck,
            why: "nobody asks".into(),
            owner: Some("quest".into()),
            dependents: vec![],
        }];
        let picture = Picture { nodes: &nodes, meta: Some(&meta), ill: &ill, conflicts: &[("auth".into(), 2)], unattributed: 1 };
        let found = findings(&picture, now());
        let said: Vec<_> = found.iter().map(|finding| format!("{} {} {}", finding.urgent, finding.subject, finding.text)).collect();
        assert_eq!(
            said,
            [
                "true QUESTS / worker is stuck: nobody asks",
                "true JetStream has no leader",
                "true n3 is away from JetStream",
                "true auth has 2 connections whose proofs contradict each other",
                "false 1 connection belongs to no service we know",
            ]
        );
        assert_eq!(found[0].detail, "It is quest's.");
    }
}
