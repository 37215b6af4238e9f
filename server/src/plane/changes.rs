//! What changed of readiness, and the score over time, for the pages and the API.
//!
//! What is on record says how a check stood and since when; the newest judgement says why it stands so. The trap is the first
//! minute of a store: before anything is on record there is nothing to compare with, so nothing is compared with an instant
//! from before that.

use std::time::Duration;

use async_trait::async_trait;
use domain::port::Trended;
use domain::readiness::Subject;
use domain::report::Period;
use domain::service::ServiceKey;
use domain::view::{
    ChangesFacts, ChangesPeriod, ChangesQuery, ReadinessChanges, ReadinessTrend, StateChange, TrendFacts, TrendRow, changes_compared,
};
use domain::{Failure, Timestamp};

use super::{ControlPlane, internal};
use crate::store::{CheckChange, ScoreOf, ScoreRow, StoreError};
use crate::trend;

/// A row that begins at the end of a span belongs to it.
const A_MOMENT: Duration = Duration::from_micros(1);

#[async_trait]
impl Trended for ControlPlane {
    async fn readiness_changes(&self, query: ChangesQuery) -> Result<ReadinessChanges, Failure> {
        let mut page = self.changes(&query).await?;
        page.trend.svg = trend::drawn(&page.trend);
        Ok(page)
    }

    async fn readiness_trend(&self, of: Option<ServiceKey>) -> Result<ReadinessTrend, Failure> {
        let now = self.setting.clock.now();
        let from = now.minus(ChangesPeriod::Month.length());
        let mut trend = self.trend(of.map(Subject::Service), from, now).await.map_err(internal)?;
        trend.svg = trend::drawn(&trend);
        Ok(trend)
    }
}

impl ControlPlane {
    /// What changed since an instant, without a picture.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn changes(&self, query: &ChangesQuery) -> Result<ReadinessChanges, Failure> {
        // taken before reading: of what is recorded meanwhile the page is told
        let revision = self.setting.live.revision();
        let judgement = self.judgement().await?;
        let now = self.setting.clock.now();
        let environments = self.environment_names();
        // with one environment it is the fleet
        let of = query.subject().filter(|of| of.service().is_some() || environments.len() > 1);
        let (asked, _) = query.behind(now);
        let trend = self.trend(of, asked.since(now), now).await.map_err(internal)?;
        let changed = match trend.began {
            Some(began) => self.setting.store.checks_changed_since(changes_compared(query, Some(began), now)).await.map_err(internal)?,
            None => Vec::new(),
        };
        let facts = ChangesFacts {
            judged: judgement.facts(),
            revision,
            now,
            changed: changed.into_iter().map(changed_state).collect(),
            trend,
            environments,
        };
        Ok(ReadinessChanges::compose(facts, query))
    }

    /// What is on record of a score, from `since` on or from when recording began.
    async fn trend(&self, of: Option<Subject>, since: Timestamp, now: Timestamp) -> Result<ReadinessTrend, StoreError> {
        let store = &self.setting.store;
        let began = store.scores_began().await?;
        let from = since.max(began.unwrap_or(since)).min(now);
        let score = of.as_ref().map(ScoreOf::from).unwrap_or_default();
        let rows = store.score_rows(&score, from, now.plus(A_MOMENT)).await?.into_iter().map(trend_row).collect();
        let wanted: Vec<String> = of.as_ref().map_or_else(|| self.environment_names(), |of| vec![of.environment().to_owned()]);
        let gaps = common(&store.ecs_gaps(Period { from, to: now }).await?, &wanted);
        Ok(ReadinessTrend::compose(TrendFacts { of, from, to: now, began, rows, gaps }))
    }
}

fn changed_state(change: CheckChange) -> StateChange {
    let CheckChange { of: ScoreOf { environment, cluster, service }, check, before, after, at } = change;
    let subject = if service.is_empty() {
        Subject::Environment { environment }
    } else {
        Subject::Service(ServiceKey { environment, cluster, service })
    };
    StateChange { subject, check, before, after, at }
}

fn trend_row(row: ScoreRow) -> TrendRow {
    let ScoreRow { from, to, model, card, score, upper, unwaived, confidence, letter, caps } = row;
    TrendRow { from, to, score, upper, unwaived, confidence, letter, caps, model, card, breaks: None }
}

/// Times in which none of these environments was read: while one of them is, something is judged. `gaps` are an environment's, in
/// seconds.
fn common(gaps: &[(String, i64, i64)], environments: &[String]) -> Vec<(Timestamp, Timestamp)> {
    let of = gaps.iter().filter(|(environment, ..)| environments.contains(environment));
    let mut edges: Vec<(i64, bool)> = of.flat_map(|(_, from, to)| [(*from, true), (*to, false)]).collect();
    // ends come before beginnings of the same second
    edges.sort_unstable();
    let (mut silent, mut since, mut all) = (0_usize, 0_i64, Vec::new());
    for (second, begins) in edges {
        let before = silent;
        silent = if begins { silent + 1 } else { silent.saturating_sub(1) };
        if begins && silent == environments.len() {
            since = second;
        } else if !begins && before == environments.len() && second > since {
            all.push((Timestamp::from_secs(since), Timestamp::from_secs(second)));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(environment: &str, from: i64, to: i64) -> (String, i64, i64) {
        (environment.to_owned(), from, to)
    }

    #[test]
    fn nobody_looked_while_no_environment_was_read() {
        let both = ["a".to_owned(), "b".to_owned()];
        let seconds = |found: Vec<(Timestamp, Timestamp)>| {
            found.into_iter().map(|(from, to)| (from.as_micros() / 1_000_000, to.as_micros() / 1_000_000)).collect::<Vec<_>>()
        };
        let gaps = [gap("a", 10, 50), gap("b", 30, 60), gap("a", 60, 70), gap("c", 0, 90)];
        assert_eq!(seconds(common(&gaps, &both)), [(30, 50)]);
        assert_eq!(seconds(common(&gaps, &both[..1])), [(10, 50), (60, 70)]);
        assert_eq!(seconds(common(&gaps[..1], &both)), []);
        assert_eq!(seconds(common(&[], &[])), []);
    }

    #[test]
    fn what_is_on_record_without_a_service_is_of_the_environment() {
        let of = |service: &str| ScoreOf { environment: "e".into(), cluster: "c".into(), service: service.into() };
        let change = |of| changed_state(CheckChange { of, check: "H1".into(), before: None, after: None, at: Timestamp::from_secs(1) });
        assert_eq!(change(of("")).subject, Subject::Environment { environment: "e".into() });
        let key = ServiceKey { environment: "e".into(), cluster: "c".into(), service: "s".into() };
        assert_eq!(change(of("s")).subject, Subject::Service(key));
    }
}
