//! What stands in the cells: a table's rows from what its page shows. Pure.
//!
//! Words are the page's, but numbers stay numbers and instants are written in full, because a sheet sorts and adds. Names
//! come as they are: the writer makes them harmless.

use domain::coverage::Mark;
use domain::judge::Tone;
use domain::nats::Wire;
use domain::service::ServiceKey;
use domain::source::Breaker;
use domain::view::{AlarmRow, CoveragePage, NatsCluster, NatsView, NodeRow, OwnedConnection, ServiceRow, Share, SourceRow, SourcesView};

use super::super::csv::Csv;
use crate::store::{Entries, FlowBody, Flowing};

/// A cell for what may not be known.
pub(super) fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// Environment, cluster and service, each its own cell.
pub(super) fn place(key: Option<&ServiceKey>) -> [String; 3] {
    key.map_or_else(Default::default, |key| [key.environment.clone(), key.cluster.clone(), key.service.clone()])
}

fn joined<T: AsRef<str>>(all: &[T]) -> String {
    all.iter().map(AsRef::as_ref).collect::<Vec<_>>().join("; ")
}

pub(super) fn services(all: &[ServiceRow]) -> Csv {
    let mut csv = Csv::new(&[
        "environment",
        "cluster",
        "service",
        "group",
        "state",
        "since",
        "running",
        "desired",
        "pending",
        "unhealthy",
        "revision",
        "alarms",
        "alarms on",
        "reasons",
    ]);
    for row in all {
        let counts = [row.running, row.desired, row.pending, row.unhealthy].map(|count| count.to_string());
        let state = [known(row.group.as_ref()), row.standing.as_str().to_owned(), row.since.to_string()];
        let rest = [known(row.revision.as_ref()), row.alarms.to_string(), row.alarms_on.to_string(), joined(&row.reasons)];
        csv.row(place(Some(&row.key)).into_iter().chain(state).chain(counts).chain(rest));
    }
    csv
}

pub(super) fn alarms(all: &[AlarmRow]) -> Csv {
    let mut csv = Csv::new(&[
        "environment",
        "alarm",
        "kind",
        "state",
        "since",
        "cluster",
        "service",
        "watches",
        "reason",
        "notifies",
        "actions enabled",
        "only scales",
        "runbook",
        "acknowledged by",
        "acknowledged at",
        "acknowledged because",
        "changes within an hour",
        "not current because",
    ]);
    for row in all {
        let (cluster, service) = row.service.clone().unwrap_or_default();
        let by = row.acknowledged.as_ref();
        csv.row([
            row.environment.clone(),
            row.name.clone(),
            row.kind.as_str().to_owned(),
            row.state.as_str().to_owned(),
            known(row.since),
            cluster,
            service,
            known(row.condition.as_ref()),
            known(row.reason.as_ref()),
            joined(&row.told),
            yes(row.actions_enabled),
            yes(row.scales),
            known(row.runbook.as_ref()),
            known(by.map(|by| &by.by)),
            known(by.map(|by| by.at)),
            known(by.map(|by| &by.reason)),
            row.changes.to_string(),
            known(row.stale.as_ref()),
        ]);
    }
    csv
}

pub(super) fn coverage(page: &CoveragePage) -> Csv {
    let titles = page.columns.iter().flat_map(|(title, _)| [title.clone(), format!("{title}: alarms")]);
    let heads: Vec<String> = ["environment", "cluster", "service"].map(str::to_owned).into_iter().chain(titles).collect();
    let mut csv = Csv::new(&heads.iter().map(String::as_str).chain(["missing"]).collect::<Vec<_>>());
    for row in &page.rows {
        let cells = row.cells.iter().flat_map(|cell| [cell.said.clone(), joined(&cell.alarms)]);
        let missing = row.cells.iter().filter(|cell| cell.mark == Mark::Missing).map(|cell| cell.column.title());
        let missing = missing.collect::<Vec<_>>();
        csv.row(place(Some(&row.key)).into_iter().chain(cells).chain([joined(&missing)]));
    }
    csv
}

/// The entries; the last rows say what is not among them.
pub(super) fn timeline(entries: &Entries, next: Option<&str>) -> Csv {
    let mut csv = Csv::new(&["at", "kind", "tone", "subject", "text", "last line of its log", "page", "id"]);
    for entry in &entries.entries {
        let last = entry.words.as_ref().and_then(|words| words.lines.last()).map(|line| line.text.clone());
        csv.row([
            entry.at.to_string(),
            entry.kind.as_str().to_owned(),
            entry.tone.as_str().to_owned(),
            entry.subject.clone(),
            entry.text.clone(),
            known(last),
            known(entry.path.as_ref()),
            entry.id.to_string(),
        ]);
    }
    let mut note = |said: String| csv.row(["", "note", "", "this file", &said, "", "", ""].map(str::to_owned));
    if entries.cut {
        let on = next.map(|next| format!(" The older ones are at {next}.")).unwrap_or_default();
        note(format!("is cut here: it holds the newest {} entries that match, and there are more.{on}", entries.entries.len()));
    }
    if entries.unsearched > 0 {
        note(format!("may lack some: the oldest {} entries on record cannot be searched yet; that ends by itself.", entries.unsearched));
    }
    csv
}

pub(super) fn connections(all: &[OwnedConnection]) -> Csv {
    let mut csv = Csv::new(&[
        "NATS cluster",
        "node",
        "number",
        "name",
        "user",
        "address",
        "client",
        "since",
        "wire",
        "TLS",
        "certainty",
        "environment",
        "cluster",
        "service",
        "task",
        "proof",
    ]);
    for row in all {
        let proof = row.proof.iter().map(|proof| if proof.agrees { proof.says.clone() } else { format!("but {}", proof.says) });
        let what = [row.cluster.clone(), row.node.clone(), row.cid.to_string(), known(row.name.as_ref()), known(row.user.as_ref())];
        let wire = match row.wire {
            Wire::Young => "too young to tell",
            wire => wire.as_str(),
        };
        let how = [row.address.clone(), known(row.client.as_ref()), known(row.started), wire.to_owned(), known(row.tls.as_ref())];
        let rest = [known(row.task.as_ref()), joined(&proof.collect::<Vec<_>>())];
        let sure = [row.certainty.as_str().to_owned()];
        csv.row(what.into_iter().chain(how).chain(sure).chain(place(row.owner.as_ref())).chain(rest));
    }
    csv
}

pub(super) fn owners(all: &[Share]) -> Csv {
    let mut csv = Csv::new(&["environment", "cluster", "service", "plaintext", "TLS", "too young to tell", "connections", "clients"]);
    for share in all {
        let counts = [share.plaintext, share.tls, share.young, share.all()].map(|count| count.to_string());
        csv.row(place(share.owner.as_ref()).into_iter().chain(counts).chain([joined(&share.clients)]));
    }
    csv
}

pub(super) fn nodes(view: &NatsView) -> Csv {
    let mut csv = Csv::new(&[
        "NATS cluster",
        "node",
        "answers",
        "read at",
        "version",
        "up since",
        "address",
        "restarts in 7 days",
        "CPU %",
        "memory bytes",
        "connections",
        "most connections",
        "slow consumers last at",
        "slow consumers then",
        "clock ahead ms",
        "TLS",
        "TLS unknown because",
        "certificate subject",
        "certificate until",
        "certificate trouble",
        "mesh: others reached",
        "waiting on routes bytes",
        "JetStream",
        "JetStream stored bytes",
        "JetStream group",
        "operations it lacks",
    ]);
    for (cluster, row) in view.clusters.iter().flat_map(|cluster| cluster.nodes.iter().map(move |row| (cluster, row))) {
        csv.row(node(cluster, row));
    }
    csv
}

fn node(cluster: &NatsCluster, row: &NodeRow) -> Vec<String> {
    let (node, counters) = (&row.node, &row.counters);
    let certificate = node.certificate.as_ref();
    let (slow_at, slow) = row.slow.unzip();
    let jetstream = match (node.jetstream, node.meta_leader.as_deref() == Some(node.name.as_str())) {
        (false, _) => "off",
        (true, true) => "leads",
        (true, false) => "on",
    };
    // of a node that is silent only who it is and when it last spoke is current
    let now = |said: String| if row.answers { said } else { String::new() };
    let most = Some(node.max_connections).filter(|most| *most > 0);
    // the leader's word, which is of silent nodes too
    let group = cluster.meta.as_ref().and_then(|(meta, _)| meta.replicas.iter().find(|replica| replica.node == node.name));
    vec![
        cluster.name.clone(),
        node.name.clone(),
        yes(row.answers),
        known(row.read),
        now(node.version.clone()),
        now(known(node.started)),
        known(node.address.as_ref()),
        row.restarts.to_string(),
        now(format!("{:.1}", counters.cpu)),
        now(counters.memory.to_string()),
        now(counters.connections.to_string()),
        now(known(most)),
        known(slow_at),
        known(slow),
        now(known(counters.skew_ms)),
        now(known(node.tls.map(domain::nats::TlsMode::as_str))),
        now(known(node.tls_unknown.as_ref())),
        now(known(certificate.map(|certificate| &certificate.subject))),
        now(known(certificate.and_then(|certificate| certificate.until))),
        now(known(certificate.and_then(|certificate| certificate.trouble.as_ref()))),
        now(node.remotes.to_string()),
        now(counters.route_pending.to_string()),
        now(jetstream.to_owned()),
        now(counters.storage.0.to_string()),
        known(group.map(|replica| replica.standing().1)),
        known(group.map(|replica| replica.lag)),
    ]
}

pub(super) fn streams(flows: &[FlowBody]) -> Csv {
    let mut csv = Csv::new(&[
        "NATS cluster",
        "account",
        "stream",
        "consumer",
        "state",
        "since",
        "why",
        "environment",
        "cluster",
        "service",
        "who depends on it",
        "led by",
        "copies",
        "messages",
        "most messages",
        "bytes",
        "most bytes",
        "waiting",
        "unacknowledged",
        "most unacknowledged",
        "asking",
        "delivered again",
        "paused",
    ]);
    for FlowBody { cluster, row, body } in flows {
        let dependents: Vec<&str> = row.dependents.iter().map(|key| key.service.as_str()).collect();
        let what = [cluster.clone(), row.account.clone(), row.stream.clone(), row.consumer.clone()];
        let how = [row.flow.as_str().to_owned(), row.since.to_string(), row.why.clone()];
        let (stream, consumer) = match body {
            Flowing::Stream(stream) => (Some(stream), None),
            Flowing::Consumer(consumer) => (None, Some(consumer)),
        };
        let led = stream.and_then(|stream| stream.leader.clone()).or_else(|| consumer.and_then(|consumer| consumer.leader.clone()));
        let numbers = [
            known(led),
            known(stream.map(|stream| stream.replicas.len() + 1)),
            known(stream.map(|stream| stream.messages)),
            known(stream.and_then(|stream| stream.max_messages)),
            known(stream.map(|stream| stream.bytes)),
            known(stream.and_then(|stream| stream.max_bytes)),
            known(consumer.map(|consumer| consumer.pending)),
            known(consumer.map(|consumer| consumer.ack_pending)),
            known(consumer.and_then(|consumer| consumer.max_ack_pending)),
            known(consumer.filter(|consumer| consumer.pull).map(|consumer| consumer.waiting)),
            known(consumer.map(|consumer| consumer.redelivered)),
            known(consumer.map(|consumer| yes(consumer.paused))),
        ];
        let whose = place(row.owner.as_ref()).into_iter().chain([joined(&dependents)]);
        csv.row(what.into_iter().chain(how).chain(whose).chain(numbers));
    }
    csv
}

pub(super) fn sources(view: &SourcesView) -> Csv {
    let mut csv = Csv::new(&[
        "source",
        "scope",
        "state",
        "said",
        "what to do",
        "not current because",
        "answered at",
        "last sweep at",
        "swept every s",
        "current for s",
        "calls a sweep",
        "took ms",
        "sweeps",
        "failed or partial",
        "failed in a row",
        "circuit breaker",
        "its clock ahead ms",
    ]);
    for row in &view.rows {
        csv.row(source(row));
    }
    csv
}

fn source(row: &SourceRow) -> [String; 17] {
    let health = &row.health;
    let state = match row.tone {
        Tone::Good | Tone::Quiet => "well",
        Tone::Move => "beginning",
        Tone::Warn => "partial",
        Tone::Bad => "failing",
        Tone::Unknown => "silent",
    };
    let breaker = match health.breaker {
        Breaker::Closed => "closed",
        Breaker::Open => "open",
        Breaker::HalfOpen => "half open",
    };
    [
        health.id.kind.title().to_owned(),
        health.id.scope.clone(),
        state.to_owned(),
        row.summary.clone(),
        joined(&row.remedies),
        known(row.stale.as_ref()),
        known(health.last_success),
        known(health.last_attempt),
        health.interval_secs.to_string(),
        health.patience().as_secs().to_string(),
        health.calls_last_sweep.to_string(),
        health.took_ms.to_string(),
        health.sweeps.to_string(),
        health.errors.to_string(),
        health.failures_in_row.to_string(),
        breaker.to_owned(),
        known(health.skew_ms),
    ]
}

pub(super) fn rates(view: &SourcesView) -> Csv {
    let mut csv = Csv::new(&["source", "scope", "API family", "rate allowed a second", "rate when not slowed", "calls", "throttled"]);
    for (row, budget) in view.rows.iter().flat_map(|row| row.health.budgets.iter().map(move |budget| (row, budget))) {
        let rate = |rate: f64| format!("{rate:.2}");
        let numbers = [rate(budget.rate), rate(budget.full_rate), budget.calls.to_string(), budget.throttled.to_string()];
        let what = [row.health.id.kind.title().to_owned(), row.health.id.scope.clone(), budget.family.clone()];
        csv.row(what.into_iter().chain(numbers));
    }
    csv
}

pub(super) fn cost(view: &SourcesView) -> Csv {
    let mut csv = Csv::new(&["environment", "month", "operation", "calls", "billed", "throttled", "price"]);
    for (bill, line) in view.bills.iter().flat_map(|bill| bill.lines.iter().map(move |line| (bill, line))) {
        let numbers = [line.calls, line.units, line.throttled].map(|number| number.to_string());
        let what = [bill.environment.clone(), bill.month.clone(), line.api.clone()];
        csv.row(what.into_iter().chain(numbers).chain([line.price.clone()]));
    }
    csv
}

#[cfg(test)]
mod tests;
