use std::time::Duration;

use super::*;
use crate::readiness::assess::Asked as AskedOf;
use crate::readiness::{Answer, Card, Evidence, Found, Promises, Readiness, Waiver, WaiverWish, assess};
use crate::service::ServiceKey;
use crate::view::{TrendBreak, TrendFacts, TrendRow};

const DAY: u64 = 86_400;

fn now() -> Timestamp {
    "2026-05-02T09:41:00Z".parse().unwrap()
}

fn ago(seconds: u64) -> Timestamp {
    now().minus(Duration::from_secs(seconds))
}

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() }
}

fn subject(service: &str) -> Subject {
    Subject::Service(key(service))
}

fn change(service: &str, check: &str, states: [Option<State>; 2], seconds: u64) -> StateChange {
    let [before, after] = states;
    StateChange { subject: subject(service), check: check.into(), before, after, at: ago(seconds) }
}

/// auth has its health check, quest has none, of weather nothing is known; H3 of quest is waived.
struct World {
    card: Card,
    readiness: Readiness,
    waivers: Vec<Waiver>,
    promises: Promises,
}

impl World {
    fn new() -> Self {
        let card = Card::for_tests();
        let seen = |check: &str, service: &str, answer| {
            let found = Found::seen(answer, format!("{check} of {service}"), ago(10), Duration::from_secs(600), "ecs:production");
            Evidence { check: check.into(), subject: subject(service), found }
        };
        let evidence = [seen("H1", "auth", Answer::PASS), seen("H1", "quest", Answer::FAIL), seen("H3", "quest", Answer::FAIL)];
        let wish = WaiverWish {
            check: "H3".into(),
            environment: "production".into(),
            reason: "it is replaced".into(),
            expires: Some(now().plus(Duration::from_secs(DAY))),
            ..WaiverWish::default()
        };
        let (approver, approved) = (Some("omar".to_owned()), Some(ago(60)));
        let waivers = vec![Waiver { id: 7, wish, requester: "nina".into(), approver, created: ago(90), approved, ended: None }];
        let asked = ["auth", "quest", "weather"].map(|name| AskedOf { subject: subject(name), tier: None });
        let readiness = assess(&card, now(), &asked, &evidence, &waivers);
        Self { card, readiness, waivers, promises: Promises::default() }
    }

    fn facts(&self, changed: Vec<StateChange>, began: Option<Timestamp>) -> ChangesFacts<'_> {
        ChangesFacts {
            judged: ReadinessFacts {
                revision: 7,
                card: &self.card,
                readiness: &self.readiness,
                waivers: &self.waivers,
                promises: &self.promises,
            },
            revision: 7,
            now: now(),
            changed,
            trend: ReadinessTrend::compose(TrendFacts { began, ..TrendFacts::default() }),
            environments: vec!["production".into()],
        }
    }

    fn page(&self, query: &str) -> ReadinessChanges {
        let (fail, pass, unknown) = (Some(State::Fail), Some(State::Pass), Some(State::Unknown));
        let changed = vec![
            change("auth", "H1", [fail, pass], 300),
            change("quest", "H1", [pass, fail], 200),
            change("quest", "H3", [fail, Some(State::Waived)], 100),
            change("weather", "H1", [pass, unknown], 400),
            change("weather", "Z9", [pass, None], 500),
            change("gone", "H1", [pass, None], 600),
        ];
        ReadinessChanges::compose(self.facts(changed, Some(ago(90 * DAY))), &asked(query))
    }
}

fn asked(query: &str) -> ChangesQuery {
    ChangesQuery::from_pairs(query.split('&').filter_map(|pair| pair.split_once('=')))
}

fn told(page: &ReadinessChanges) -> Vec<String> {
    page.changes.iter().map(|row| format!("{} {} {} to {}", row.name, row.check, row.was, row.is)).collect()
}

#[test]
fn what_changed_is_told_newest_first_with_the_reason() {
    let page = World::new().page("");
    assert_eq!(
        told(&page),
        [
            "quest H3 fails to waived",
            "quest H1 passes to fails",
            "auth H1 fails to passes",
            "weather H1 passes to unknown",
            "weather Z9 passes to not asked",
            "gone H1 passes to not asked",
        ]
    );
    let reasons: Vec<&str> = page.changes.iter().map(|row| row.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "Waiver 7, asked for by nina: it is replaced",
            "H1 of quest",
            "H1 of auth",
            "never collected: It has not been looked at yet.",
            "It is asked no more: the score card or a checklist is another one.",
            "What it was asked of is gone.",
        ]
    );
    assert_eq!((page.headline.as_str(), page.since, page.compared), ("6 answers changed", ago(7 * DAY), ago(7 * DAY)));
    assert_eq!(page.changes[1].path, "/readiness/production/main/quest#check-H1");
    assert_eq!((page.changes[4].title.clone(), page.changes[1].title.as_deref()), (None, Some("title of H1")));
    assert_eq!((page.remarks.clone(), page.problem), (Vec::<String>::new(), None));
}

#[test]
fn what_was_judged_anew_since_says_so() {
    let world = World::new();
    let changed = vec![change("auth", "H1", [Some(State::Pass), Some(State::Fail)], 5)];
    let page = ReadinessChanges::compose(world.facts(changed, Some(ago(DAY))), &ChangesQuery::default());
    assert_eq!(page.changes[0].reason, "It moved on since this was recorded: passes.");
}

#[test]
fn the_list_is_filtered_and_paged() {
    let world = World::new();
    for (query, wanted) in [
        ("direction=worse", vec!["quest H1 passes to fails"]),
        ("direction=better", vec!["quest H3 fails to waived", "auth H1 fails to passes"]),
        ("direction=unknown", vec!["weather H1 passes to unknown"]),
        ("direction=other", vec!["weather Z9 passes to not asked", "gone H1 passes to not asked"]),
        ("check=H3", vec!["quest H3 fails to waived"]),
        ("check=Z9", vec!["weather Z9 passes to not asked"]),
        ("q=UTH", vec!["auth H1 fails to passes"]),
        ("environment=production&cluster=main&service=auth", vec!["auth H1 fails to passes"]),
        ("service=aut", vec![]),
        ("environment=nowhere", vec![]),
        ("per=2&page=3", vec!["weather Z9 passes to not asked", "gone H1 passes to not asked"]),
        ("per=2&page=9", vec![]),
    ] {
        assert_eq!(told(&world.page(query)), wanted, "{query}");
    }
    let page = world.page("check=H1&direction=worse");
    let labels: Vec<_> = page.choices.iter().map(|choice| (choice.label.as_str(), choice.chosen)).collect();
    let all = [("all 4", false), ("1 worse", true), ("1 became unknown", false), ("1 better", false), ("1 neither", false)];
    assert_eq!(labels, [&all[..], &[("only H1 ×", true)]].concat());
    assert_eq!((page.paging.matching, page.paging.total), (1, 6));
    let strange = world.page("check=Z8&direction=sideways&per=0&since=soon&colour=red");
    assert_eq!(strange.ignored, ["direction=sideways", "per=0", "since=soon", "colour=red", "check=Z8"]);
    assert_eq!(strange.changes.len(), 6);
}

#[test]
fn ways_are_the_report_s() {
    use State::{Fail, NotApplicable, Partial, Pass, Unknown, Waived};
    for (before, after, way) in [
        (Some(Pass), Some(Partial), ChangeWay::Worse),
        (Some(Unknown), Some(Fail), ChangeWay::Worse),
        (Some(Waived), Some(Fail), ChangeWay::Worse),
        (Some(Fail), Some(Unknown), ChangeWay::Unknown),
        (Some(Partial), Some(Pass), ChangeWay::Better),
        (Some(Unknown), Some(Pass), ChangeWay::Better),
        (Some(Pass), Some(NotApplicable), ChangeWay::Other),
        (None, Some(Fail), ChangeWay::Other),
        (None, Some(Unknown), ChangeWay::Other),
        (Some(Fail), None, ChangeWay::Other),
    ] {
        assert_eq!(ChangeWay::of(before, after), way, "{before:?} to {after:?}");
    }
}

#[test]
fn nothing_is_compared_with_what_was_before_recording() {
    let world = World::new();
    let began = ago(3_600);
    let page = ReadinessChanges::compose(world.facts(Vec::new(), Some(began)), &asked("period=30d"));
    assert_eq!((page.compared, page.headline.as_str()), (began, "No answer changed"));
    assert_eq!(
        page.remarks,
        ["Recording began at 2026-05-02T08:41:00Z. Nothing is known from before, so everything is compared with that instant."]
    );
    let none = ReadinessChanges::compose(world.facts(Vec::new(), None), &ChangesQuery::default());
    assert_eq!((none.headline.as_str(), none.remarks.len()), ("Nothing is on record yet", 0));
    let ahead = asked("since=2026-06-01&period=24h");
    assert_eq!(compared(&ahead, Some(began), now()), began);
    let page = ReadinessChanges::compose(world.facts(Vec::new(), Some(ago(90 * DAY))), &ahead);
    let said = "2026-06-01T00:00:00Z lies ahead of now.";
    assert_eq!((page.problem.as_deref(), page.since), (Some(said), ago(DAY)));
    assert_eq!(compared(&ChangesQuery::default(), Some(now().plus(Duration::from_secs(5))), now()), now(), "a clock that was set back");
}

#[test]
fn urls_are_saved_views() {
    let query = asked("period=90d&q=a&environment=e f&cluster=c&service=s&check=H1&direction=unknown&page=3&per=20");
    let rest = "environment=e%20f&cluster=c&service=s&check=H1&direction=unknown";
    assert_eq!(query.path(), format!("/readiness/changes?period=90d&q=a&{rest}&page=3&per=20"));
    assert_eq!(query.csv_path(), format!("/api/v1/readiness/changes.csv?period=90d&q=a&{rest}"));
    assert_eq!(query.trend_path(), "/api/v1/readiness/trend.csv?period=90d&environment=e%20f&cluster=c&service=s");
    let kept: Vec<_> = query.kept().into_iter().map(|(name, _)| name).collect();
    assert_eq!(kept, ["period", "cluster", "service", "direction", "per"]);
    let since = asked("since=2026-04-01T12:30&period=30d");
    assert_eq!(since.path(), "/readiness/changes?since=2026-04-01T12%3A30%3A00Z", "an instant goes before a period");
    let periods: Vec<_> = since.periods().into_iter().filter(|choice| choice.chosen).map(|choice| choice.path).collect();
    assert_eq!(periods, ["/readiness/changes?period=30d"], "out of the instant");
    assert_eq!(ChangesQuery::default().path(), "/readiness/changes");
    let of = ChangesQuery::of_service(&key("auth"));
    assert_eq!(of.path(), "/readiness/changes?environment=production&cluster=main&service=auth");
    assert_eq!(of.subject(), Some(subject("auth")));
}

fn scored(from: u64, to: Option<u64>, score: Option<u64>, measure: (u64, &str)) -> TrendRow {
    TrendRow {
        from: ago(from),
        to: to.map(ago),
        score,
        upper: score.map(|score| score + 9),
        unwaived: score,
        confidence: 915,
        letter: score.map(|_| "D".to_owned()),
        caps: vec![("H1".to_owned(), 69), ("T1".to_owned(), 79)],
        model: measure.0,
        card: measure.1.to_owned(),
        breaks: None,
    }
}

fn trend(rows: Vec<TrendRow>) -> ReadinessTrend {
    ReadinessTrend::compose(TrendFacts { rows, from: ago(DAY), to: now(), began: Some(ago(DAY)), ..TrendFacts::default() })
}

#[test]
fn a_trend_is_told_by_its_rows_and_breaks_where_the_measure_changes() {
    let all = trend(vec![
        scored(900, Some(800), Some(60), (1, "ab")),
        scored(800, Some(700), None, (1, "ab")),
        scored(700, Some(600), Some(69), (1, "cd")),
        scored(600, None, Some(72), (2, "ef")),
    ]);
    let breaks: Vec<_> = all.rows.iter().map(|row| row.breaks).collect();
    assert_eq!(breaks, [None, None, Some(TrendBreak::Card), Some(TrendBreak::Formula)]);
    assert_eq!(
        all.said,
        "The score was 60 to 69 and is 72 to 81. In between stands another version of the formula: the two are not the same measure."
    );
    assert_eq!(
        all.summary,
        "The score of the fleet in this time: between 60 and 72, now 72 to 81 with a confidence of 91 %. It breaks 2 times, where the measure changed."
    );
    assert_eq!((all.rows[1].range().as_str(), all.rows[0].held().as_str()), ("insufficient evidence", "69 by H1, 79 by T1"));
    assert_eq!(all.now().and_then(|row| row.score), Some(72));
}

#[test]
fn a_trend_says_when_there_is_none_and_when_it_ended() {
    assert_eq!(trend(Vec::new()).said, "No score is on record in this time.");
    assert_eq!(trend(Vec::new()).summary, "The score of the fleet: there was none in this time.");
    let same = trend(vec![scored(900, None, Some(60), (1, "ab"))]);
    assert_eq!(same.said, "The score is 60 to 69 and was so all the time.");
    let back = [Some(60), Some(50), Some(60)].into_iter().zip([(900, Some(800)), (800, Some(700)), (700, None)]);
    let back = trend(back.map(|(score, (from, to))| scored(from, to, score, (1, "ab"))).collect());
    assert_eq!(back.said, "The score was 60 to 69 and is so again.");
    let lost = trend(vec![scored(900, Some(800), Some(60), (1, "ab")), scored(800, None, None, (1, "ab"))]);
    assert_eq!(lost.said, "The score was 60 to 69 and is none, for want of evidence.");
    let over = trend(vec![scored(900, Some(800), Some(60), (1, "ab"))]);
    assert_eq!((over.said.as_str(), over.now()), ("The score was 60 to 69 in the end and is recorded no more.", None));
}
