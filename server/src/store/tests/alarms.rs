//! Alarms in the store: what is told once, who knows, what is watched, the list.

use domain::Timestamp;
use domain::account::Role;
use domain::alarm::{Alarm, AlarmState, Happened, HistoryItem, Watch};
use domain::coverage::Mark;
use domain::port::{Actor, SignedBy};
use domain::reading::{AlarmHistory, AlarmReading, Reading, Seen};
use domain::source::SourceKind;
use domain::view::{AlarmKey, AlarmOnly, AlarmQuery, AlarmSort, CoverageQuery, MissingQuery};

use super::build::*;
use crate::store::Acknowledging;

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:alerts";

/// An alarm that went on (or off) at a second.
fn went(service: &str, state: AlarmState, seconds: i64) -> Alarm {
    Alarm { since: Some(at(seconds)), actions: vec![TOPIC.into()], ..alarm(service, state) }
}

fn named(name: &str) -> AlarmKey {
    AlarmKey { environment: "production".into(), name: name.into() }
}

fn item(seconds: i64, what: Happened) -> HistoryItem {
    HistoryItem { name: "auth-cpu".into(), at: Timestamp::from_micros(at(seconds).as_micros() + 26_000), what }
}

fn state(after: AlarmState) -> Happened {
    Happened::State { before: None, after, reason: None }
}

/// A report of a sweep that also read history.
fn with_history(seconds: i64, alarms: Vec<Alarm>, items: Vec<HistoryItem>) -> collectors::Report {
    let mut report = super::build::alarms(seconds, alarms);
    let history = AlarmHistory { items: Seen::whole(items), next: at(seconds - 300) };
    if let Some(Reading::Alarms(AlarmReading { history: place, .. })) = report.sweep.as_mut().and_then(|sweep| sweep.reading.as_mut()) {
        *place = Some(history);
    }
    report
}

fn who(name: &str, by: SignedBy) -> Actor {
    Actor { account: Some(1), name: name.into(), role: Role::Operator, by }
}

async fn acknowledge(fixture: &Fixture, name: &str, seconds: i64) -> Acknowledging {
    let ann = who("Ann", SignedBy::Session { id: 1 });
    fixture.store.acknowledge(&ann, &named(name), "load test", at(seconds)).await.unwrap()
}

/// Who acknowledged what, as the list shows it.
async fn known(fixture: &Fixture, seconds: i64) -> Vec<String> {
    let page = fixture.store.alarm_page(AlarmQuery::default(), at(seconds)).await.unwrap();
    page.acknowledged.into_iter().map(|row| row.name).collect()
}

#[tokio::test]
async fn flaps_between_two_looks_are_told_and_nothing_twice() {
    let fixture = Fixture::new().await;
    let (off, on) = (went("auth", AlarmState::Ok, -50), went("auth", AlarmState::Alarm, 50));
    fixture.record(with_history(0, vec![off.clone()], vec![])).await;
    let flap = [item(10, state(AlarmState::Alarm)), item(20, state(AlarmState::Ok))];
    fixture.record(with_history(30, vec![off.clone()], flap.to_vec())).await;
    // the list tells the third change a sweep before the history does; the overlap brings the first two again
    fixture.record(with_history(60, vec![on.clone()], flap.to_vec())).await;
    let all: Vec<_> = flap.iter().cloned().chain([item(50, state(AlarmState::Alarm))]).collect();
    fixture.record(with_history(90, vec![on], all)).await;
    assert_eq!(fixture.timeline().await, ["auth-cpu ALARM", "auth-cpu OK", "auth-cpu OK → ALARM"]);
    assert_eq!(fixture.store.alarm_history_next(&id(SourceKind::Alarms)).await.unwrap(), Some(at(-210)));
    let before = fixture.rows().await;
    fixture.record(with_history(120, vec![went("auth", AlarmState::Alarm, 50)], vec![item(50, state(AlarmState::Alarm))])).await;
    assert_eq!(fixture.rows().await, before, "a quiet sweep adds no row");
}

#[tokio::test]
async fn an_acknowledgement_ends_when_the_alarm_recovers() {
    let fixture = Fixture::new().await;
    fixture.record(super::build::alarms(0, vec![went("auth", AlarmState::Alarm, -10), went("quest", AlarmState::Ok, -10)])).await;
    assert!(matches!(acknowledge(&fixture, "auth-cpu", 5).await, Acknowledging::Done(_)));
    assert!(matches!(acknowledge(&fixture, "auth-cpu", 6).await, Acknowledging::Already(by) if by == "Ann"));
    assert!(matches!(acknowledge(&fixture, "quest-cpu", 6).await, Acknowledging::NotOn));
    assert!(matches!(acknowledge(&fixture, "nothing", 6).await, Acknowledging::NoAlarm));
    assert_eq!(known(&fixture, 7).await, ["auth-cpu"]);
    let overview = fixture.store.overview_facts(at(7)).await.unwrap().compose(at(7));
    assert_eq!((overview.needs.len(), overview.acknowledged.len()), (0, 1), "{:?}", overview.needs);
    fixture.record(super::build::alarms(30, vec![went("auth", AlarmState::Ok, 20), went("quest", AlarmState::Ok, -10)])).await;
    assert_eq!(known(&fixture, 31).await, [""; 0]);
    let told = fixture.timeline().await;
    assert!(told.contains(&"auth-cpu acknowledged by Ann: load test".to_owned()), "{told:?}");
    assert!(told.contains(&format!("auth-cpu acknowledgement by Ann ended: the alarm is OK since {}", at(20))), "{told:?}");
}

#[tokio::test]
async fn an_acknowledgement_never_speaks_for_the_next_time() {
    let made = |since, configured| Alarm { configured: Some(at(configured)), ..went("auth", AlarmState::Alarm, since) };
    for (then, why) in [
        (vec![made(20, -99)], "the alarm recovered and is on again"),
        (vec![made(40, 35)], "the alarm was deleted and made anew, or changed, and is on again"),
        (vec![], "the alarm was deleted"),
    ] {
        let fixture = Fixture::new().await;
        fixture.record(super::build::alarms(0, vec![made(-10, -99)])).await;
        acknowledge(&fixture, "auth-cpu", 5).await;
        assert_eq!(known(&fixture, 7).await, ["auth-cpu"]);
        fixture.record(super::build::alarms(60, then)).await;
        assert_eq!(known(&fixture, 61).await, [""; 0]);
        let told = fixture.timeline().await;
        assert!(told.iter().any(|line| line.ends_with(why)), "{why}: {told:?}");
    }
}

#[tokio::test]
async fn an_acknowledgement_outlives_a_change_of_words() {
    let fixture = Fixture::new().await;
    fixture.record(super::build::alarms(0, vec![went("auth", AlarmState::Alarm, -10)])).await;
    acknowledge(&fixture, "auth-cpu", 5).await;
    let reworded = Alarm { reason: Some("still over".into()), configured: Some(at(10)), ..went("auth", AlarmState::Alarm, -10) };
    fixture.record(super::build::alarms(30, vec![reworded])).await;
    assert_eq!(known(&fixture, 31).await, ["auth-cpu"]);
    let ben = who("Ben", SignedBy::Token { id: 2, name: "night shift".into() });
    assert!(matches!(fixture.store.withdraw(&ben, &named("auth-cpu"), at(40)).await.unwrap(), Acknowledging::Done(_)));
    assert!(matches!(fixture.store.withdraw(&ben, &named("auth-cpu"), at(41)).await.unwrap(), Acknowledging::NotOn));
    assert!(fixture.timeline().await.iter().any(|line| line.ends_with("taken back by Ben (token night shift)")));
}

#[tokio::test]
async fn the_table_follows_services_and_alarms() {
    let fixture = Fixture::new().await;
    let watch = Watch { namespace: "AWS/ECS".into(), metric: "CPUUtilization".into(), ..Watch::default() };
    let cpu = Alarm { watch: Some(watch), ..went("auth", AlarmState::Ok, -10) };
    let own = Alarm { name: "quests-lost".into(), dimensions: [("Service".to_owned(), "quest".to_owned())].into(), ..cpu.clone() };
    let own = Alarm { watch: None, ..own };
    let target = [("TargetGroup".to_owned(), "targetgroup/gate/0a".to_owned())];
    let unhealthy = Watch { namespace: "AWS/ApplicationELB".into(), metric: "UnHealthyHostCount".into(), ..Watch::default() };
    let health = Alarm { name: "gate".into(), dimensions: target.into(), watch: Some(unhealthy), ..cpu.clone() };
    // alarms first: whose they are is found when the services are seen
    fixture.record(super::build::alarms(0, vec![cpu, own, health])).await;
    let mut seen = cluster();
    seen.services.items[1].service.target_groups = vec!["arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/gate/0a".into()];
    fixture.record(ecs(1, seen)).await;
    let page = fixture.store.coverage_page(CoverageQuery::default(), at(2)).await.unwrap();
    let shown: Vec<(String, Vec<Mark>)> =
        page.rows.iter().map(|row| (row.key.service.clone(), row.cells.iter().map(|cell| cell.mark).collect())).collect();
    use Mark::{Covered, Missing, NotNeeded};
    assert_eq!(
        shown,
        [
            ("auth".to_owned(), vec![Missing, Covered, Missing, Missing, NotNeeded]),
            ("quest".to_owned(), vec![Missing, Missing, Missing, Covered, Covered]),
            ("language".to_owned(), vec![NotNeeded; 5]),
        ]
    );
    assert_eq!(page.headline, "2 of 3 services not fully watched");
    let lacking = fixture.store.coverage_page(CoverageQuery::from_pairs([("lacks", "cpu")]), at(2)).await.unwrap();
    assert_eq!((lacking.rows.len(), lacking.rows[0].key.service.as_str()), (1, "quest"));
    let detail = fixture.store.service_detail(&key("quest"), None, true, at(2)).await.unwrap().unwrap();
    assert_eq!(detail.alarms.len(), 2);
    assert_eq!(detail.unwatched, ["Running tasks: missing", "CPU: missing", "Memory: missing"]);
    let missing = fixture.store.missing_alarms(&MissingQuery::of(&key("quest")), at(2)).await.unwrap();
    assert_eq!(missing.headline, "3 alarms missing for quest");
    assert!(missing.text.contains("\"AlarmName\": \"quest-cpu-high\"") && missing.text.contains(TOPIC), "{}", missing.text);
}

#[tokio::test]
async fn the_list_is_filtered_sorted_and_cut() {
    let fixture = Fixture::new().await;
    let mut all: Vec<Alarm> = (0..60).map(|number| went(&format!("s{number:02}"), AlarmState::Ok, -1_000 + number)).collect();
    all[7].state = AlarmState::Alarm;
    all[9].actions.clear();
    (all[11].state, all[11].since) = (AlarmState::InsufficientData, Some(at(-100_000)));
    fixture.record(super::build::alarms(0, all)).await;
    let names = async |query: AlarmQuery| {
        let page = fixture.store.alarm_page(query, at(1)).await.unwrap();
        (page.paging.matching, page.rows.into_iter().map(|row| row.name).collect::<Vec<_>>())
    };
    let (matching, rows) = names(AlarmQuery::default()).await;
    assert_eq!((matching, rows.len(), &rows[..3]), (60, 50, &["s07-cpu".to_owned(), "s11-cpu".into(), "s59-cpu".into()][..]));
    assert_eq!(names(AlarmQuery { page: 2, ..AlarmQuery::default() }).await.1.len(), 10);
    for (query, expected) in [
        (AlarmQuery { only: Some(AlarmOnly::Untold), ..AlarmQuery::default() }, vec!["s09-cpu"]),
        (AlarmQuery { only: Some(AlarmOnly::Stuck), ..AlarmQuery::default() }, vec!["s11-cpu"]),
        (AlarmQuery { q: "S1".into(), per: 2, sort: AlarmSort::Name, ..AlarmQuery::default() }, vec!["s10-cpu", "s11-cpu"]),
        (AlarmQuery { sort: AlarmSort::Name, reverse: true, per: 1, ..AlarmQuery::default() }, vec!["s59-cpu"]),
        (AlarmQuery { sort: AlarmSort::Since, reverse: true, per: 1, ..AlarmQuery::default() }, vec!["s11-cpu"]),
        (AlarmQuery { service: Some("s08".into()), ..AlarmQuery::default() }, vec!["s08-cpu"]),
        (AlarmQuery { q: "'; DROP TABLE alarm; --".into(), ..AlarmQuery::default() }, vec![]),
    ] {
        assert_eq!(names(query.clone()).await.1, expected, "{query:?}");
    }
}
