//! `/metrics`: Signalbox about itself, in Prometheus' text format.
//!
//! Names follow Prometheus' rules (base units, `_total` on counters). Values are read when asked for; nothing is counted
//! twice. The fleet's state is here as few gauges only: it is the API's business, and alarms on it are CloudWatch's.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::port::Observe;
use domain::source::{Breaker, SourceHealth};
use domain::view::{Overview, SourcesView};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::Shared;

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

pub(super) async fn metrics(State(shared): State<Shared>) -> Response {
    let (overview, sources) = match (shared.plane.overview().await, shared.plane.sources().await) {
        (Ok(overview), Ok(sources)) => (overview, sources),
        (Err(failure), _) | (_, Err(failure)) => return (StatusCode::INTERNAL_SERVER_ERROR, failure.to_string()).into_response(),
    };
    let mut registry = Registry::with_prefix("signalbox");
    own(&mut registry, &shared);
    of_sources(&mut registry, &sources, &shared);
    of_fleet(&mut registry, &overview);
    let mut text = String::new();
    if encode(&mut text, &registry).is_err() {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written").into_response();
    }
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

fn own(registry: &mut Registry, shared: &Shared) {
    let readers = Gauge::<i64>::default();
    readers.set(i64::try_from(shared.readers.count()).unwrap_or(i64::MAX));
    registry.register("live_readers", "open /live streams", readers);
    let revision = Gauge::<i64>::default();
    revision.set(i64::try_from(shared.plane.live().revision()).unwrap_or(i64::MAX));
    registry.register("store_revision", "the store's revision", revision);
}

fn of_sources(registry: &mut Registry, sources: &SourcesView, shared: &Shared) {
    let now = shared.plane.clock().now();
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
    for row in &sources.rows {
        let health = &row.health;
        let source = [("source".into(), health.id.to_string().into())];
        let labelled = registry.sub_registry_with_labels(source.into_iter());
        labelled.register("source_sweeps", "sweeps since start", ConstCounter::new(health.sweeps));
        labelled.register("source_sweep_errors", "sweeps since start that failed or were partial", ConstCounter::new(health.errors));
        for budget in &health.budgets {
            let family = labelled.sub_registry_with_label(("family".into(), budget.family.clone().into()));
            family.register("source_calls", "calls since start, by API family", ConstCounter::new(budget.calls));
            family.register(
                "source_throttled",
                "answers since start that we were too fast, by API family",
                ConstCounter::new(budget.throttled),
            );
        }
    }
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
