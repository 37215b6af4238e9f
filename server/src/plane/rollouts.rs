//! Rollouts for the pages and the API: read from the store, composed by the pure views.

use domain::Failure;
use domain::account::Role;
use domain::rollout::cause::KnownCause;
use domain::view::{CauseRow, Freeze, RolloutFacts, RolloutPage, RolloutQuery, RolloutsPage, RolloutsQuery, Stopped, compose_rollout};

use super::{ControlPlane, internal};
use crate::engine::Holding;
use crate::store::{Around, BarKind};

/// Most rollouts that are listed, and most lines of one's record: the newest.
const MOST: i64 = 200;

impl ControlPlane {
    pub(super) async fn rollouts_page(&self, query: &RolloutsQuery) -> Result<RolloutsPage, Failure> {
        let (store, now) = (self.store(), self.setting.clock.now());
        let revision = store.revision().await.map_err(internal)?;
        let around = store.rollouts_around(now).await.map_err(internal)?;
        let briefs = store.rollout_list(MOST).await.map_err(internal)?;
        let stop = around.bars.iter().find(|bar| bar.kind == BarKind::Stop);
        let stopped = stop.map(|bar| Stopped { id: bar.id, why: bar.why.clone(), by: bar.by.clone(), at: bar.at });
        let freezes = around.bars.iter().filter(|bar| bar.kind == BarKind::Freeze);
        let freezes =
            freezes.map(|bar| Freeze { id: bar.id, why: bar.why.clone(), by: bar.by.clone(), from: bar.from, until: bar.until }).collect();
        let causes = around.causes.into_iter().map(|(id, known, at)| CauseRow {
            id,
            rollout: known.rollout,
            service: known.service,
            kind: known.cause.kind,
            said: known.cause.said,
            at,
            released: None,
        });
        Ok(RolloutsPage::compose(revision, briefs, query, stopped, freezes, causes.collect()))
    }

    pub(super) async fn rollout_page(&self, query: &RolloutQuery, role: Role) -> Result<RolloutPage, Failure> {
        let (store, now) = (self.store(), self.setting.clock.now());
        let revision = store.revision().await.map_err(internal)?;
        let kept = store.rollout(&query.id).await.map_err(internal)?;
        let kept = kept.ok_or_else(|| Failure::NoSuch { what: format!("rollout {}", domain::text::shown(&query.id)) })?;
        let record = store.rollout_record(&kept.rollout.id, MOST).await.map_err(internal)?;
        let around: Around = store.rollouts_around(now).await.map_err(internal)?;
        let causes: Vec<KnownCause> = around.causes.iter().map(|(_, known, _)| known.clone()).collect();
        let holding = Holding::for_rollout(around, &kept, now);
        let reader = (role < Role::Operator)
            .then(|| format!("That needs the role {}; you are {role}. An admin gives roles on the Access page.", Role::Operator));
        let facts = RolloutFacts {
            revision,
            rollout: &kept.rollout,
            number: kept.number,
            wish: &kept.plan.wish,
            notes: &kept.plan.notes,
            excluded: &kept.plan.excluded,
            planned_by: &kept.planned_by,
            planned: kept.planned,
            started_by: kept.started_by.as_deref(),
            started: kept.started,
            ended: kept.ended,
            times: &kept.times,
            record,
            causes: &causes,
            barred: holding.said(),
            review: kept.review.clone(),
            reader,
        };
        Ok(compose_rollout(facts, query, now))
    }
}
