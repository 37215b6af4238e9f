//! A rollout of health checks makes of the score what was promised before it, and its evidence says who wanted it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use collectors::{AlarmCollector, Collector, EcsCollector, Poller};
use domain::readiness::card::Kind;
use domain::readiness::{Answer, State};
use domain::service::ServiceKey;
use domain::source::{Outcome, SourceHealth};
use domain::view::Foretold;
use signalbox::config::Config;
use signalbox::readiness::{Judgement, Judging, scorecard};
use signalbox::store::Marks;

use crate::site::*;

const THREE: [&str; 3] = ["auth-nats", "payment-nats", "settings-nats"];
/// How often is swept: so seldom that a day between two sweeps is no gap.
const EVERY: Duration = Duration::from_secs(12 * 3_600);
/// More than a day, which whatever a health check moves looks back at most.
const DAY: Duration = Duration::from_secs(26 * 3_600);

fn keys() -> Vec<ServiceKey> {
    THREE.map(|name| key(CLUSTER, name)).into()
}

/// Who sweeps the fleet into the site's store, and judges it.
struct Watch {
    pollers: Vec<Poller>,
    judging: Arc<Judging>,
}

impl Watch {
    /// By the shipped card, without what nobody looks at here: NATS, and people.
    async fn on(site: &Site) -> Self {
        let (environment, clock) = site.onlooker();
        let collectors: [Arc<dyn Collector>; 2] =
            [Arc::new(EcsCollector::new(Arc::clone(&environment), EVERY)), Arc::new(AlarmCollector::new(environment, EVERY))];
        let pollers: Vec<Poller> = collectors.into_iter().map(|collector| Poller::new(collector, Arc::clone(&clock), 1)).collect();
        let untried: Vec<SourceHealth> = pollers.iter().map(|poller| poller.health().clone()).collect();
        site.store.sources_set(&untried).await.unwrap();
        let mut card = scorecard::load(None).unwrap();
        card.checks.retain(|check| check.evidence == Kind::Live && !check.id.starts_with(['T', 'N']));
        card.targets.clear();
        Self { pollers, judging: Arc::new(Judging::new(card, &Config::from_sdk_chain())) }
    }

    async fn judged(&mut self, site: &Site) -> Judgement {
        for poller in &mut self.pollers {
            let report = poller.turn().await;
            assert_eq!(report.health.outcome, Some(Outcome::Complete), "{:?}", report.health);
            site.store.record(&report, &Marks::default(), "group").await.unwrap();
        }
        let planned = (health_check(), keys().into_iter().collect());
        self.judging.judge_planned(&site.store, true, site.now(), planned).await.unwrap()
    }
}

/// What a check of a service comes to; none where nobody looked.
type Answers = BTreeMap<(String, String), Option<Answer>>;

fn answers(of: &Judgement) -> Answers {
    let mut all = Answers::new();
    for judged in &of.readiness.services {
        let service = judged.asked.subject.service().unwrap().service.clone();
        for assessed in &judged.checks {
            all.insert((service.clone(), assessed.check.to_string()), assessed.found.as_ref().map(|found| found.answer));
        }
    }
    all
}

/// The same, if what was promised is kept.
fn promised(of: &Judgement, settled: bool) -> Answers {
    let mut all = answers(of);
    for (key, promise) in &of.promises {
        for turn in &promise.as_ref().unwrap().turns {
            let answer = if settled { turn.settled } else { turn.verified };
            all.insert((key.service.clone(), turn.check.clone()), Some(answer));
        }
    }
    all
}

/// Where two differ, for whoever reads why the test failed.
fn differences(promised: &Answers, found: &Answers) -> Vec<String> {
    let differs = promised.iter().filter(|(place, answer)| found.get(*place) != Some(*answer));
    differs.map(|(place, answer)| format!("{place:?}: promised {answer:?}, found {:?}", found.get(place))).collect()
}

#[tokio::test]
async fn a_rollout_makes_of_the_score_what_was_promised() {
    let (_yard, mut site) = calm().await;
    let mut watch = Watch::on(&site).await;
    watch.judged(&site).await;
    // by now nothing that looks back sees the time before anybody looked
    site.stride = DAY;
    site.pass_for(DAY).await;
    site.stride = Duration::ZERO;
    let before = watch.judged(&site).await;
    let chosen = keys();
    let foretold = Foretold::of(&before.facts(), &chosen.iter().collect::<Vec<_>>(), Vec::new());
    assert_eq!((foretold.services, foretold.left_out.len()), (3, 0), "{:?}", foretold.left_out);
    let turns: Vec<&str> = foretold.turns.iter().map(|row| row.check.as_str()).collect();
    assert_eq!(turns, ["H1", "H2", "H3"], "{}", foretold.said);
    let uncapped = [&foretold.now, &foretold.verified, &foretold.settled].map(|of| of.score.uncapped.unwrap());
    assert!(uncapped.is_sorted() && uncapped[0] < uncapped[2], "{}", foretold.said);

    let number = site.started(&wish(&THREE)).await;
    site.until(number, "succeeded", succeeded).await;
    let verified = watch.judged(&site).await;
    assert_eq!(differences(&promised(&before, false), &answers(&verified)), [""; 0]);
    assert_eq!(verified.readiness.fleet, foretold.verified.score);
    for key in &chosen {
        let judged = verified.readiness.services.iter().find(|judged| judged.asked.subject.service() == Some(key)).unwrap();
        let check = judged.check("H1").unwrap();
        let brought = check.found.as_ref().unwrap().brought.as_ref().unwrap();
        assert_eq!((check.state, brought.rollout), (State::Pass, number));
        assert_eq!((brought.requester.as_str(), brought.approver.as_deref()), ("Ann", Some("Ann")), "who planned it, who started it");
        assert!(brought.verified <= site.now() && brought.title == "Health check for 3 services", "{brought:?}");
    }

    site.stride = DAY;
    site.pass_for(DAY).await;
    let settled = watch.judged(&site).await;
    assert_eq!(differences(&promised(&before, true), &answers(&settled)), [""; 0]);
    assert_eq!(settled.readiness.fleet, foretold.settled.score);
}
