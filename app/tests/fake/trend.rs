//! How readiness became what it is in a fleet that exists only here: told by the domain's own words.

use std::time::Duration;

use async_trait::async_trait;
use domain::port::Trended;
use domain::readiness::{State, Subject};
use domain::service::ServiceKey;
use domain::view::{
    ChangesFacts, ChangesQuery, Facts, ReadinessChanges, ReadinessTrend, StateChange, TrendFacts, TrendRow, changes_compared,
};
use domain::{Failure, Timestamp};

use super::{Fleet, Scene, before, readiness};

const DAY: u64 = 86_400;

/// When recording began: long ago, or just so in the stale scene; never before the first sweep came back.
fn began(scene: Scene, now: Timestamp) -> Option<Timestamp> {
    match scene {
        Scene::Empty => None,
        Scene::Stale => Some(before(now, 3_600)),
        _ => Some(before(now, 40 * DAY)),
    }
}

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "gaming-system-cluster".into(), service: service.into() }
}

fn change(subject: Subject, check: &str, states: [Option<State>; 2], at: Timestamp) -> StateChange {
    let [before, after] = states;
    StateChange { subject, check: check.into(), before, after, at }
}

fn changed(scene: Scene, facts: &Facts, now: Timestamp) -> Vec<StateChange> {
    let of = |service: &str| Subject::Service(key(service));
    let (pass, fail) = (Some(State::Pass), Some(State::Fail));
    match scene {
        Scene::Empty | Scene::Stale | Scene::Broken => Vec::new(),
        Scene::Calm => vec![
            change(of("auth-nats"), "H1", [pass, fail], before(now, 3_600)),
            change(of("auth-nats"), "runbook", [Some(State::Unknown), pass], before(now, 3 * DAY)),
            change(Subject::Environment { environment: "production".into() }, "load-test", [None, pass], before(now, 5 * DAY)),
        ],
        Scene::Trouble => vec![
            change(of("story-teller-nats"), "A1", [pass, fail], before(now, 900)),
            change(of("world-state-nats"), "H1", [fail, Some(State::Waived)], before(now, 600)),
            change(of("quest-system-nats"), "T1", [pass, Some(State::Unknown)], before(now, 700)),
            change(of("long-gone"), "H1", [pass, None], before(now, 2 * DAY)),
        ],
        Scene::Hostile | Scene::Many => {
            let each = facts.services.iter().map(|row| Subject::Service(row.key.clone()));
            each.map(|subject| change(subject, "H1", [pass, fail], before(now, 60))).collect()
        }
    }
}

/// Two scores, between which the card became another one where there is trouble.
fn rows(scene: Scene, now: Timestamp) -> Vec<TrendRow> {
    let row = |from: Timestamp, to: Option<Timestamp>, score: Option<u64>, card: &str| TrendRow {
        from,
        to,
        score,
        upper: score.map(|score| score + 9),
        unwaived: score,
        confidence: if score.is_some() { 860 } else { 310 },
        letter: score.map(|_| "D".to_owned()),
        caps: vec![("H1".to_owned(), 69)],
        model: 1,
        card: card.to_owned(),
        breaks: None,
    };
    let Some(began) = began(scene, now) else { return Vec::new() };
    let last = if scene == Scene::Stale { None } else { Some(69) };
    let card = if scene == Scene::Trouble { "cd" } else { "ab" };
    let then = before(now, 1_800);
    vec![row(began, Some(then), Some(62), "ab"), row(then, None, last, card)]
}

impl Fleet {
    fn told(&self, of: Option<Subject>, from: Timestamp) -> ReadinessTrend {
        let now = (self.clock)();
        let (began, rows) = (began(self.scene, now), rows(self.scene, now));
        let from = from.max(began.unwrap_or(from));
        let drawn = !rows.is_empty();
        let gaps = vec![(before(now, 1_000), before(now, 400))];
        let trend = ReadinessTrend::compose(TrendFacts { of, from, to: now, began, rows, gaps });
        let picture = "<svg class=\"plot\" viewBox=\"0 0 640 190\" role=\"img\" aria-label=\"The score over time\"></svg>";
        ReadinessTrend { svg: drawn.then(|| picture.to_owned()), ..trend }
    }
}

#[async_trait]
impl Trended for Fleet {
    async fn readiness_changes(&self, query: ChangesQuery) -> Result<ReadinessChanges, Failure> {
        let (facts, now) = (self.facts()?, (self.clock)());
        let judged = readiness::judged(self.scene, &facts, now);
        let (since, compared) = (query.behind(now).0.since(now), changes_compared(&query, began(self.scene, now), now));
        let changed = changed(self.scene, &facts, now).into_iter().filter(|change| change.at > compared).collect();
        let trend = self.told(query.subject().filter(|of| of.service().is_some()), since);
        let facts = ChangesFacts { judged: judged.facts(), revision: 412, now, changed, trend, environments: vec!["production".into()] };
        Ok(ReadinessChanges::compose(facts, &query))
    }

    async fn readiness_trend(&self, of: Option<ServiceKey>) -> Result<ReadinessTrend, Failure> {
        self.facts()?;
        let month = Duration::from_secs(30 * DAY);
        Ok(self.told(of.map(Subject::Service), (self.clock)().minus(month)))
    }
}
