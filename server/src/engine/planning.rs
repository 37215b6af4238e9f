//! From a wish to a plan, by what is read now.
//!
//! A plan is bound to what it saw, so nothing here comes from a sweep that could be returned from the store: each chosen
//! service is read whole, a few at a time, within the same share of AWS's rates as everything else. What no service tells of
//! itself is read from the store once for all of them: failures, refusals and starts on record, and who reads whose streams.
//! The trap is a record that is taken for the present: it is told as what was, and where the sweep of NATS is old, not at all.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Failure;
use domain::change::health_check::suggested;
use domain::change::{Change, FieldProblem};
use domain::rollout::Step;
use domain::rollout::cause::KnownCause;
use domain::rollout::permission::{self, Denied};
use domain::rollout::plan::{self, Draft, Facts, Planned, StepNote, Wish};
use domain::rollout::seen::ServiceSeen;
use domain::rollout::shell;
use domain::service::{ServiceKey, Task};
use domain::view::FlowRow;
use futures::{StreamExt, TryStreamExt};

use super::{Inner, internal};
use crate::store::{Kept, StoreError};

/// Services read side by side.
const AT_ONCE: usize = 4;
/// Most services of one plan. Each is read by ten calls, and somebody waits for the page.
const MOST: usize = 200;
/// How far back stops are looked through for images without a shell: by then most are replaced by another build.
const STOPS_WITHIN: Duration = Duration::from_secs(30 * 86_400);

/// What is on record of all services.
struct OnRecord {
    /// Failures that were not released.
    causes: Vec<KnownCause>,
    /// What AWS refused for lack of a permission.
    denied: Vec<Denied>,
    /// Stops that may tell of a program their image does not hold.
    stops: Vec<Task>,
    /// Streams and consumers.
    flows: Vec<FlowRow>,
}

/// Plans a wish; as a draft, so that what is wrong comes beside what can be suggested all the same.
pub(super) async fn draft(inner: &Inner, wish: &Wish) -> Result<Draft, Failure> {
    if wish.services.len() > MOST {
        let said = format!("{} services are chosen; a plan takes {MOST} at most. Choose fewer.", wish.services.len());
        return Ok(Draft { planned: Err(vec![FieldProblem::new("services", said)]), suggestion: None });
    }
    let parts = &inner.parts;
    let on_record = on_record(inner).await.map_err(internal)?;
    let known = &on_record;
    let facts: Vec<Facts> = futures::stream::iter(wish.services.clone())
        .map(|key| async move { facts(inner, &key, wish, known).await })
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(internal)?;
    let starts: Vec<_> = facts.iter().flat_map(|facts| facts.starts.iter().copied()).collect();
    let suggestion = match &wish.change {
        Change::HealthCheck(_) => suggested(&starts),
        Change::PutBack(_) => None,
    };
    let mut bytes = [0; 16];
    parts.dice.fill(&mut bytes).map_err(|error| internal(StoreError::Sql(sqlx::Error::Io(error))))?;
    let now = parts.clock.now();
    Ok(Draft { planned: plan::plan(now, id(now, bytes), wish, facts, &on_record.causes), suggestion })
}

/// Plans one service of a rollout again; nothing while it cannot be read, or a deployment of it is under way.
pub(super) async fn again(inner: &Inner, kept: &Kept, index: usize) -> Option<Result<(Step, StepNote), String>> {
    let Some(step) = kept.rollout.steps.get(index) else { return Some(Err("there is no such step".to_owned())) };
    let on_record = on_record(inner).await.ok()?;
    let mut facts = facts(inner, &step.service, &kept.plan.wish, &on_record).await.ok()?;
    let settled = facts.seen.as_ref().is_ok_and(ServiceSeen::settled) && facts.described.is_ok();
    if !settled {
        return None;
    }
    // its own turn in this rollout is over; nothing else may hold it
    facts.in_rollout = None;
    let planned = Planned {
        rollout: kept.rollout.clone(),
        notes: kept.plan.notes.clone(),
        excluded: kept.plan.excluded.clone(),
        wish: kept.plan.wish.clone(),
    };
    Some(plan::replanned(&planned, &facts, &on_record.causes).map_err(|excluded| excluded.why))
}

async fn facts(inner: &Inner, key: &ServiceKey, wish: &Wish, on_record: &OnRecord) -> Result<Facts, StoreError> {
    let parts = &inner.parts;
    let wanted = match &wish.change {
        Change::PutBack(back) => Some(back.revision.as_str()),
        Change::HealthCheck(_) => None,
    };
    let facts = parts.hands.facts(key, wanted).await;
    let failed = on_record.causes.iter().find(|known| known.service == key.service);
    let shells = match (&facts.seen, &facts.described) {
        (Ok(seen), Ok(described)) => shell::known(described, seen, &on_record.stops),
        _ => BTreeMap::new(),
    };
    // of the same sweeps as its connections: where those are not known, neither is this
    let swept = facts.seen.as_ref().is_ok_and(|seen| seen.nats.read().is_some());
    let dependants = if swept { FlowRow::readers_of(&on_record.flows, key) } else { None };
    Ok(Facts {
        protected: parts.marks.reason(&key.environment, &key.cluster, &key.service).map(str::to_owned),
        in_rollout: parts.store.rollout_of(key).await?.map(|number| number.to_string()),
        last_failed: failed.map(|known| format!("in rollout {}: {}", known.rollout, known.cause.said)),
        shells,
        dependants,
        denied: on_record.denied.iter().filter(|one| one.service.environment == key.environment).cloned().collect(),
        ..facts
    })
}

async fn on_record(inner: &Inner) -> Result<OnRecord, StoreError> {
    let (store, now) = (&inner.parts.store, inner.parts.clock.now());
    let causes = store.rollouts_around(now).await?.causes.into_iter().map(|(_, known, _)| known);
    Ok(OnRecord {
        causes: causes.collect(),
        denied: permission::denied(&store.effects_answered(now.minus(permission::REMEMBERED)).await?),
        stops: store.stops_without_a_program(now.minus(STOPS_WITHIN)).await?,
        flows: store.nats_flows().await?.into_iter().map(|flow| flow.row).collect(),
    })
}

/// A UUIDv7 of the injected clock (RFC 9562, 5.7).
fn id(now: domain::Timestamp, random: [u8; 16]) -> String {
    let [_, _, _, _, _, _, a, b, c, d, e, f, g, h, i, j] = random;
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid().hyphenated().to_string()
}
