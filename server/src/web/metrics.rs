//! `/metrics`: Signalbox about itself, in Prometheus' text format.
//!
//! Names follow Prometheus' rules (base units, `_total` on counters). Values are read when asked for; nothing is counted
//! twice. The fleet's state is here as few gauges only: it is the API's business, and alarms on it are CloudWatch's.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Timestamp;
use domain::port::Observe;
use domain::source::{Breaker, SourceHealth};
use domain::view::{Overview, SourcesView};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::access::{Shared, Viewer};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Bucket {
    source: String,
    family: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    state: String,
}

pub(super) async fn metrics(viewer: Viewer, State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let (overview, sources) = match (viewer.plane.overview().await, viewer.plane.sources().await) {
        (Ok(overview), Ok(sources)) => (overview, sources),
        (Err(failure), _) | (_, Err(failure)) => return (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response(),
    };
    let mut registry = Registry::with_prefix("signalbox");
    own(&mut registry, &viewer, &shared);
    of_sources(&mut registry, &sources, viewer.plane.clock().now());
    of_fleet(&mut registry, &overview);
    let mut text = String::new();
    if encode(&mut text, &registry).is_err() {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written").into_response();
    }
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (kind, text) = if accepted.contains("application/openmetrics-text") {
        (HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"), text)
    } else {
        (HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"), classic(&text))
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// OpenMetrics as the older text format: there a counter's family is called as its samples are, `_total` included, and
/// there is neither a unit nor an end.
fn classic(open: &str) -> String {
    let counters: Vec<&str> = open.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(open.len());
    for line in open.lines().filter(|line| *line != "# EOF" && !line.starts_with("# UNIT ")) {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some(what), Some(name), Some(rest)) if counters.contains(&name) => {
                text.push_str(&format!("# {what} {name}_total {rest}"));
            }
            _ => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

fn own(registry: &mut Registry, viewer: &Viewer, shared: &Shared) {
    let readers = Gauge::<i64>::default();
    readers.set(i64::try_from(shared.readers().count()).unwrap_or(i64::MAX));
    registry.register("live_readers", "open /live streams", readers);
    let revision = Gauge::<i64>::default();
    revision.set(i64::try_from(viewer.plane.live().revision()).unwrap_or(i64::MAX));
    registry.register("store_revision", "the store's revision", revision);
}

fn of_sources(registry: &mut Registry, sources: &SourcesView, now: Timestamp) {
    let (up, age, open) = (
        Family::<Source, Gauge>::default(),
        Family::<Source, Gauge<f64, std::sync::atomic::AtomicU64>>::default(),
        Family::<Source, Gauge>::default(),
    );
    let rate = Family::<Bucket, Gauge<f64, std::sync::atomic::AtomicU64>>::default();
    for row in &sources.rows {
        let health: &SourceHealth = &row.health;
        let label = Source { source: health.id.to_string() };
        up.get_or_create(&label).set(i64::from(row.stale.is_none()));
        open.get_or_create(&label).set(i64::from(health.breaker != Breaker::Closed));
        if let Some(at) = health.last_success {
            age.get_or_create(&label).set(now.since(at).as_secs_f64());
        }
        for budget in &health.budgets {
            rate.get_or_create(&Bucket { source: health.id.to_string(), family: budget.family.clone() }).set(budget.rate);
        }
    }
    registry.register("source_up", "1 while what a source says is fresh", up);
    registry.register("source_age_seconds", "seconds since a source last answered", age);
    registry.register("source_breaker_open", "1 while a source's circuit breaker is open or half open", open);
    registry.register("source_rate_per_second", "calls per second allowed now, by API family", rate);
    counters(registry, sources);
}

fn counters(registry: &mut Registry, sources: &SourcesView) {
    let (sweeps, errors) = (Family::<Source, Counter>::default(), Family::<Source, Counter>::default());
    let (calls, throttled) = (Family::<Bucket, Counter>::default(), Family::<Bucket, Counter>::default());
    for row in &sources.rows {
        let health = &row.health;
        let source = health.id.to_string();
        sweeps.get_or_create(&Source { source: source.clone() }).inc_by(health.sweeps);
        errors.get_or_create(&Source { source: source.clone() }).inc_by(health.errors);
        for budget in &health.budgets {
            let bucket = Bucket { source: source.clone(), family: budget.family.clone() };
            calls.get_or_create(&bucket).inc_by(budget.calls);
            throttled.get_or_create(&bucket).inc_by(budget.throttled);
        }
    }
    registry.register("source_sweeps", "sweeps since start", sweeps);
    registry.register("source_sweep_errors", "sweeps since start that failed or were partial", errors);
    registry.register("source_calls", "calls since start, by API family", calls);
    registry.register("source_throttled", "answers since start that we were too fast, by API family", throttled);
}

fn of_fleet(registry: &mut Registry, overview: &Overview) {
    let services = Family::<Standing, Gauge>::default();
    for tile in overview.groups.iter().flat_map(|group| &group.tiles) {
        services.get_or_create(&Standing { state: tile.standing.as_str().to_owned() }).inc();
    }
    registry.register("services", "services by state", services);
    for (name, help, value) in [
        ("tasks_running", "tasks running", overview.tasks.value),
        ("tasks_wanted", "tasks wanted", overview.tasks.of.unwrap_or(0)),
        ("alarms_on", "alarms in ALARM", overview.alarms.value),
        ("nats_nodes", "NATS nodes that answer", overview.nodes.value),
        ("nats_connections", "NATS client connections", overview.connections.value),
        ("needs", "things that need a person", overview.needs.len() as u64),
    ] {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    }
}

#[cfg(test)]
mod tests {
    use super::classic;

    #[test]
    fn a_counters_family_is_called_as_its_samples_in_the_older_format() {
        let open =
            "# HELP a_b what it is.\n# TYPE a_b counter\na_b_total{x=\"# TYPE\"} 3\n# HELP c d.\n# TYPE c gauge\n# UNIT c s\nc 1\n# EOF\n";
        let text = "# HELP a_b_total what it is.\n# TYPE a_b_total counter\na_b_total{x=\"# TYPE\"} 3\n# HELP c d.\n# TYPE c gauge\nc 1\n";
        assert_eq!(classic(open), text);
    }
}
