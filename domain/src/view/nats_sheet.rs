//! The NATS page as a sheet: what is wrong first, then the nodes, then whose the connections are.

mod leadership;

use std::time::Duration;

use super::nats::mode_words;
use super::{Cell, FlowRow, Link, NatsCluster, NatsQuery, NatsView, NodeRow, OwnedConnection, ServiceNats, Share, Sheet, SheetField};
use super::{SheetPanel, SheetRow};
use crate::Timestamp;
use crate::judge::Tone;
use crate::nats::jetstream::Flow;
use crate::nats::{CERTIFICATE_DAYS, TlsMode, Wire};
use crate::owner::Certainty;
use crate::service::ServiceKey;
use crate::text::{count, shown};
use crate::time::span;

impl NatsView {
    /// The page. `ignored`: what in its URL was not understood.
    pub fn sheet(&self, ignored: &[String], now: Timestamp) -> Sheet {
        let mut panels = Vec::new();
        for (index, cluster) in self.clusters.iter().enumerate() {
            panels.extend(self.of_cluster(cluster, index, now));
        }
        if !self.clusters.is_empty() {
            panels.push(self.plaintext());
            panels.push(self.connections());
            panels.push(self.ended());
        }
        let stale: Vec<String> = self.clusters.iter().filter_map(|cluster| cluster.stale.clone()).collect();
        let worst = self.clusters.iter().flat_map(|cluster| &cluster.findings).map(|(finding, _)| finding.tone).min();
        Sheet {
            title: self.headline(),
            tone: if stale.is_empty() {
                worst.unwrap_or(if self.clusters.is_empty() { Tone::Quiet } else { Tone::Good })
            } else {
                Tone::Unknown
            },
            observed: self.clusters.iter().map(|cluster| cluster.observed).min().flatten(),
            stale: (!stale.is_empty()).then(|| stale.join("; ")),
            ignored: ignored.join(" "),
            panels,
        }
    }

    fn headline(&self) -> String {
        if self.clusters.is_empty() {
            return "No NATS cluster is configured".to_owned();
        }
        let nodes = || self.clusters.iter().flat_map(|cluster| &cluster.nodes);
        let (answering, all) = (nodes().filter(|node| node.answers).count(), nodes().count());
        let wrong: usize = self.clusters.iter().map(|cluster| cluster.findings.len()).sum();
        let wrong = match wrong {
            0 => "nothing wrong".to_owned(),
            wrong => format!("{} wrong", count(wrong as u64, "thing")),
        };
        format!("NATS: {answering} of {} answer, {wrong}", count(all as u64, "node"))
    }

    fn of_cluster(&self, cluster: &NatsCluster, index: usize, now: Timestamp) -> Vec<SheetPanel> {
        let named = |what: &str| if self.clusters.len() > 1 { format!("{what} · {}", shown(&cluster.name)) } else { what.to_owned() };
        let id = |what: &str| if index == 0 { what.to_owned() } else { format!("{what}-{index}") };
        let sentence = |(finding, since): &(crate::nats::finding::Finding, Timestamp)| SheetRow {
            key: finding.key.clone(),
            cells: vec![
                Cell::lamp(finding.tone, format!("{} {}", shown(&finding.subject), shown(&finding.text)))
                    .with_lines(vec![shown(&finding.detail)])
                    .since(Some(*since)),
            ],
        };
        let findings = SheetPanel {
            id: id("wrong"),
            title: named("What is wrong"),
            rows: cluster.findings.iter().map(sentence).collect(),
            empty: "Nothing: every node answers, the mesh is whole, and nobody is behind.".to_owned(),
            ..SheetPanel::default()
        };
        let nodes = SheetPanel {
            id: id("nodes"),
            title: named("Nodes"),
            aside: count(cluster.nodes.len() as u64, "node"),
            heads: heads(&["Node", "Load", "Connections", "TLS", "Mesh", "JetStream"]),
            rows: cluster.nodes.iter().map(|node| node_row(node, cluster, now)).collect(),
            csv: csv("Every node as CSV", "/api/v1/nats/nodes.csv").filter(|_| !cluster.nodes.is_empty()),
            empty: "No node has been seen yet.".to_owned(),
            ..SheetPanel::default()
        };
        let mut panels = vec![findings, nodes];
        if let Some(panel) = leadership::panel(cluster) {
            panels.push(SheetPanel { id: id("meta"), title: named("Who leads JetStream"), ..panel });
        }
        if !cluster.flows.is_empty() {
            let well = cluster.flows.iter().filter(|flow| flow.flow == Flow::Well).count();
            panels.push(SheetPanel {
                id: id("streams"),
                title: named("Streams and consumers"),
                aside: format!("{well} of {} well", cluster.flows.len()),
                heads: heads(&["Stream or consumer", "State", "Numbers", "Whose", "Who depends on it"]),
                rows: cluster.flows.iter().map(flow_row).collect(),
                csv: csv("Every stream and consumer as CSV", "/api/v1/nats/streams.csv"),
                ..SheetPanel::default()
            });
        }
        panels
    }

    fn plaintext(&self) -> SheetPanel {
        let shown_of = self.plaintext.len() as u64;
        SheetPanel {
            id: "plaintext".to_owned(),
            title: "Who would be cut off if plaintext were refused now".to_owned(),
            aside: match self.plaintext_owners {
                owners if owners > shown_of => format!("the first {shown_of} of {owners}"),
                owners => count(owners, "owner"),
            },
            heads: heads(&["Service", "Plaintext", "TLS", "Clients"]),
            rows: self.plaintext.iter().map(share_row).collect(),
            csv: csv("Every owner, with TLS or without, as CSV", "/api/v1/nats/owners.csv").filter(|_| self.total > 0),
            empty: "Nobody: every connection uses TLS.".to_owned(),
            ..SheetPanel::default()
        }
    }

    fn connections(&self) -> SheetPanel {
        let query = &self.query;
        let to = |page| NatsQuery { page, ..query.clone() }.path();
        let pages = u32::try_from(self.matching.div_ceil(u64::from(query.per.max(1)))).unwrap_or(u32::MAX).max(1);
        let note = "Whose a connection is: the task with its address at that time, the certificate it showed, its user, its name, its account. \
                    Two that agree confirm; one attributes; two that disagree are a finding. A proxy's address is nobody's.";
        let apart = " The nodes' clocks cannot be compared with ECS's here (this fleet's time runs faster), so an address counts for whoever has it now.";
        SheetPanel {
            id: "connections".to_owned(),
            title: "Connections".to_owned(),
            aside: if self.matching == self.total {
                count(self.total, "connection")
            } else {
                format!("{} of {}", self.matching, self.total)
            },
            note: if self.same_time { note.to_owned() } else { format!("{note}{apart}") },
            fields: self.fields(),
            action: "/nats#connections".to_owned(),
            chips: self.chips(),
            heads: heads(&["Connection", "Node", "TLS", "Owner", "Proof"]),
            rows: self.connections.iter().map(connection_row).collect(),
            csv: csv("These connections as CSV", query.csv_path()).filter(|_| self.matching > 0),
            empty: if self.total == 0 { "No client is connected." } else { "None of the connections matches this filter." }.to_owned(),
            pager: (pages > 1).then(|| {
                let at = query.page;
                (at, pages, (at > 1).then(|| to(at - 1)), (at < pages).then(|| to(at + 1)))
            }),
        }
    }

    fn fields(&self) -> Vec<SheetField> {
        let query = &self.query;
        let field = |name: &str, label: &str, value: &str, choices: Vec<(String, String)>| SheetField {
            name: name.to_owned(),
            label: label.to_owned(),
            value: value.to_owned(),
            choices,
        };
        let chosen = |every: &str, values: Vec<(String, String)>| {
            let mut choices = vec![(String::new(), every.to_owned())];
            choices.extend(values);
            choices
        };
        let wires = [(Wire::Tls, "TLS"), (Wire::Plaintext, "plaintext"), (Wire::Young, "too young to tell")];
        let wires = wires.map(|(wire, words)| (wire.as_str().to_owned(), words.to_owned())).to_vec();
        let certainties = Certainty::ALL.map(|certainty| (certainty.as_str().to_owned(), certainty.as_str().to_owned())).to_vec();
        let names = self.clusters.iter().flat_map(|cluster| &cluster.nodes).map(|node| (node.node.name.clone(), shown(&node.node.name)));
        vec![
            field("q", "Name, user, address or client", &query.q, Vec::new()),
            field("owner", "Service", query.owner.as_deref().unwrap_or_default(), Vec::new()),
            field("tls", "TLS", query.tls.map_or("", Wire::as_str), chosen("either", wires)),
            field("certainty", "Owner", query.certainty.map_or("", Certainty::as_str), chosen("any", certainties)),
            field("node", "Node", query.node.as_deref().unwrap_or_default(), chosen("every node", names.collect())),
        ]
    }

    fn chips(&self) -> Vec<(Link, bool)> {
        let to = |certainty| format!("{}#connections", NatsQuery { certainty, page: 1, ..self.query.clone() }.path());
        let all = (Link { label: format!("all {}", self.total), path: to(None) }, self.query.certainty.is_none());
        let each = self.certainties.iter().map(|(certainty, count)| {
            let link = Link { label: format!("{count} {}", certainty.as_str()), path: to(Some(*certainty)) };
            (link, self.query.certainty == Some(*certainty))
        });
        std::iter::once(all).chain(each).collect()
    }

    fn ended(&self) -> SheetPanel {
        let row = |entry: &super::TimelineEntry| SheetRow {
            key: entry.id.to_string(),
            cells: vec![
                Cell::lamp(entry.tone, format!("{}: {}", shown(&entry.subject), shown(&entry.text)))
                    .to(entry.path.clone())
                    .since(Some(entry.at)),
            ],
        };
        SheetPanel {
            id: "ended".to_owned(),
            title: "Connections that ended lately".to_owned(),
            note: "Asked for every five minutes; one line for each service, node and reason.".to_owned(),
            rows: self.ended.iter().map(row).collect(),
            empty: "None on record.".to_owned(),
            ..SheetPanel::default()
        }
    }
}

fn csv(label: &str, path: impl Into<String>) -> Option<Link> {
    Some(Link { label: label.to_owned(), path: path.into() })
}

fn heads(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn node_row(row: &NodeRow, cluster: &NatsCluster, now: Timestamp) -> SheetRow {
    let (node, counters) = (&row.node, &row.counters);
    if !row.answers {
        let name = Cell::lamp(Tone::Bad, shown(&node.name)).with_lines(vec!["does not answer".to_owned()]).since(row.read);
        return SheetRow { key: node.name.clone(), cells: std::iter::once(name).chain((0..5).map(|_| Cell::text("unknown"))).collect() };
    }
    let uptime = [Some(shown(&node.version)), node.started.map(|started| format!("up {}", span(now.since(started))))];
    let restarts = (row.restarts > 0).then(|| format!("{} in 7 days", count(row.restarts.into(), "restart")));
    let name = Cell::lamp(row.tone, shown(&node.name)).with_lines(vec![
        uptime.into_iter().flatten().chain(restarts).collect::<Vec<_>>().join(", "),
        node.address.as_deref().map(shown).unwrap_or_default(),
    ]);
    let slow = row.slow.map(|(at, slow)| format!("{} at {}", count(slow, "slow consumer"), at.clock_or_date(now)));
    let load = Cell::text(format!("{:.0} % CPU", counters.cpu)).with_lines(vec![
        format!("{} memory", bytes(counters.memory)),
        slow.unwrap_or_default(),
        counters
            .skew_ms
            .filter(|skew| skew.abs() >= 1_000)
            .map(|skew| format!("clock {} off", span(Duration::from_millis(skew.unsigned_abs()))))
            .unwrap_or_default(),
    ]);
    let most = if node.max_connections > 0 { format!("of at most {}", node.max_connections) } else { String::new() };
    let connections = Cell::text(counters.connections.to_string()).with_lines(vec![most]);
    let others = cluster.nodes.iter().filter(|other| other.node.cluster == node.cluster).count().saturating_sub(1);
    let mesh = if node.cluster.is_none() { "stands alone".to_owned() } else { format!("{} of {others} others", node.remotes) };
    let pending = if counters.route_pending > 0 { format!("{} waiting", bytes(counters.route_pending)) } else { String::new() };
    let jetstream = if node.jetstream {
        leadership::of_node(cluster, node).with_lines(vec![format!("{} stored", bytes(counters.storage.0))])
    } else {
        Cell::text("off")
    };
    SheetRow {
        key: node.name.clone(),
        cells: vec![name, load, connections, tls_cell(row, now), Cell::text(mesh).with_lines(vec![pending]), jetstream],
    }
}

fn tls_cell(row: &NodeRow, now: Timestamp) -> Cell {
    let node = &row.node;
    let certificate = node.certificate.as_ref();
    let days = certificate.and_then(|certificate| certificate.days_left(now));
    let tone = match (node.tls, days, certificate.and_then(|certificate| certificate.trouble.as_ref())) {
        (None, ..) => Tone::Unknown,
        (_, _, Some(_)) => Tone::Warn,
        (_, Some(days), _) if days < CERTIFICATE_DAYS.1 => Tone::Bad,
        (_, Some(days), _) if days < CERTIFICATE_DAYS.0 => Tone::Warn,
        (Some(TlsMode::Required), ..) => Tone::Good,
        _ => Tone::Quiet,
    };
    let left = days.map(|days| match days {
        ..0 => "certificate has ended".to_owned(),
        days => format!("certificate: {} left", count(days.unsigned_abs(), "day")),
    });
    let names = certificate
        .filter(|certificate| !certificate.names.is_empty())
        .map(|certificate| format!("for {}", shown(&certificate.names.join(", "))));
    let lines = [
        node.tls_unknown.as_deref().map(shown),
        left,
        names,
        certificate.and_then(|certificate| certificate.trouble.as_deref()).map(shown),
    ];
    Cell::lamp(tone, mode_words(node)).with_lines(lines.into_iter().flatten().collect())
}

/// Binary units, one decimal from a thousand on.
fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = number as f64;
    let mut unit = 0;
    while value >= 1_024.0 && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    if unit == 0 { format!("{number} B") } else { format!("{value:.1} {}", UNITS[unit.min(4)]) }
}

fn flow_row(row: &FlowRow) -> SheetRow {
    let name = if row.consumer.is_empty() { shown(&row.stream) } else { format!("{} / {}", shown(&row.stream), shown(&row.consumer)) };
    let kind = if row.consumer.is_empty() { "stream" } else { "consumer" };
    let dependents: Vec<String> = row.dependents.iter().map(|key| shown(&key.service)).collect();
    let dependents = if row.consumer.is_empty() && dependents.is_empty() { "nobody we know".to_owned() } else { dependents.join(", ") };
    SheetRow {
        key: format!("{}/{}/{}", row.account, row.stream, row.consumer),
        cells: vec![
            Cell::text(name).with_lines(vec![format!("{kind} of account {}", shown(&row.account))]),
            Cell::lamp(row.flow.tone(), row.flow.as_str())
                .with_lines(vec![shown(&row.why)])
                .since((row.flow != Flow::Well).then_some(row.since)),
            Cell::text(row.numbers.clone()),
            owner_cell(row.owner.as_ref(), "not told"),
            Cell::text(dependents),
        ],
    }
}

fn owner_cell(owner: Option<&ServiceKey>, nobody: &str) -> Cell {
    owner.map_or_else(|| Cell::text(nobody), |key| Cell::text(shown(&key.service)).to(Some(key.path())))
}

fn share_row(share: &Share) -> SheetRow {
    let key = share.owner.as_ref().map(ServiceKey::path).unwrap_or_default();
    let young = if share.young > 0 { format!("{} too young to tell", share.young) } else { String::new() };
    SheetRow {
        cells: vec![
            owner_cell(share.owner.as_ref(), "nobody we know"),
            Cell::lamp(Tone::Warn, count(share.plaintext, "connection")).with_lines(vec![young]),
            Cell::text(share.tls.to_string()),
            Cell::text(shown(&share.clients.join(", "))),
        ],
        key,
    }
}

/// One connection as a row; also on the page of its service.
pub(super) fn connection_row(row: &OwnedConnection) -> SheetRow {
    let named = row.name.as_deref().filter(|name| !name.is_empty()).map_or_else(|| "without a name".to_owned(), shown);
    let user = row.user.as_deref().map(|user| format!("user {}", shown(user)));
    let whence = [user, Some(format!("from {}", shown(&row.address))), row.client.as_deref().map(shown)];
    let whence = whence.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let (tone, wire) = match row.wire {
        Wire::Tls => (Tone::Good, format!("TLS {}", shown(row.tls.as_deref().unwrap_or_default()))),
        Wire::Plaintext => (Tone::Quiet, "plaintext".to_owned()),
        Wire::Young => (Tone::Unknown, "too young to tell".to_owned()),
    };
    let task = row.task.as_deref().map(|task| format!("task {}", shown(task).chars().take(8).collect::<String>())).unwrap_or_default();
    let proof = row.proof.iter().map(|proof| if proof.agrees { shown(&proof.says) } else { format!("but {}", shown(&proof.says)) });
    let mut owner =
        Cell::lamp(row.certainty.tone(), row.owner.as_ref().map_or_else(|| row.certainty.as_str().to_owned(), |key| shown(&key.service)));
    owner.path = row.owner.as_ref().map(ServiceKey::path);
    let sure = if row.owner.is_some() { row.certainty.as_str().to_owned() } else { String::new() };
    SheetRow {
        key: format!("{}/{}/{}", row.cluster, row.node, row.cid),
        cells: vec![
            Cell::text(named).with_lines(vec![whence]).since(row.started),
            Cell::text(shown(&row.node)).with_lines(vec![format!("#{}", row.cid)]),
            Cell::lamp(tone, wire),
            owner.with_lines(vec![[sure, task].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(", ")]),
            Cell::default().with_lines(vec![proof.collect::<Vec<_>>().join("; ")]),
        ],
    }
}

impl ServiceNats {
    /// The part of a service's page that tells of its connections.
    pub fn panel(&self) -> SheetPanel {
        let share = &self.share;
        let tls = match (share.tls, share.all()) {
            (_, 0) => String::new(),
            (tls, all) if tls == all => " All use TLS.".to_owned(),
            (0, _) if share.young == 0 => " None uses TLS.".to_owned(),
            (tls, all) => format!(" {tls} of {all} use TLS, {} plaintext, {} too young to tell.", share.plaintext, share.young),
        };
        let conflicting = match self.conflicting {
            0 => String::new(),
            count_of => format!(" The proofs of {} contradict each other.", count(count_of, "connection")),
        };
        SheetPanel {
            id: "connections".to_owned(),
            title: "NATS connections".to_owned(),
            aside: count(share.all(), "connection"),
            note: format!("{}{tls}{conflicting}", self.in_words()),
            heads: heads(&["Connection", "Node", "TLS", "Owner", "Proof"]),
            rows: self.connections.iter().map(connection_row).collect(),
            empty: "No open connection is this service's.".to_owned(),
            ..SheetPanel::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_in_their_unit() {
        assert_eq!((bytes(1_023), bytes(1_536), bytes(5 << 30)), ("1023 B".into(), "1.5 KiB".into(), "5.0 GiB".into()));
    }

    #[test]
    fn hostile_names_reach_no_cell() {
        let row = OwnedConnection {
            cluster: "main".into(),
            node: "n\u{202E}1".into(),
            cid: 1,
            name: Some("\u{1b}[2J".into()),
            user: None,
            address: "10.0.0.1:1".into(),
            client: None,
            started: None,
            wire: Wire::Plaintext,
            tls: None,
            certainty: Certainty::Unattributed,
            owner: None,
            task: None,
            proof: Vec::new(),
        };
        let said = format!("{:?}", connection_row(&row).cells);
        assert!(said.contains("·[2J") && said.contains("n·1") && said.contains("unattributed"), "{said}");
    }
}
