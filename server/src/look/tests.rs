//! What is drawn, from sweeps made by hand.

use domain::reading::{EcsReading, ObservedService, Seen};
use domain::service::Service;
use domain::source::{Fault, FaultKind, SourceKind};

use super::frame::{Canvas, frame};
use super::*;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + secs)
}

fn sweep(when: i64, services: &[(&str, u32, u32)]) -> Sweep {
    let items = services.iter().map(|(name, running, desired)| ObservedService {
        service: Service { name: (*name).into(), status: "ACTIVE".into(), desired: *desired, running: *running, ..Service::default() },
        events: Vec::new(),
    });
    let cluster = ClusterReading {
        name: "games".into(),
        arn: String::new(),
        services: Seen::whole(items.collect()),
        tasks: Seen::whole(Vec::new()),
        stopped: Vec::new(),
        definitions: Vec::new(),
    };
    let reading = EcsReading { account: "1".into(), region: "r".into(), clusters: Seen::whole(vec![cluster]) };
    Sweep {
        source: SourceId::new(SourceKind::Ecs, "default"),
        started: at(when),
        finished: at(when),
        calls: 4,
        outcome: Outcome::Complete,
        reading: Some(Reading::Ecs(reading)),
        requests: Vec::new(),
    }
}

const CANVAS: Canvas = Canvas { columns: 100, rows: None, colour: false };

#[test]
fn worst_comes_first_and_changes_are_marked() {
    let mut watch = Watch::default();
    watch.take(&sweep(0, &[("auth", 2, 2), ("router", 2, 2), ("idle", 0, 0)]));
    let calm = frame(&watch, at(3), None, CANVAS);
    assert!(calm[0].contains("2 of 2 services up, 4 of 4 tasks running"), "{calm:#?}");
    assert!(calm[2].starts_with("● up") && !calm.join("").contains("<-"), "{calm:#?}");
    watch.take(&sweep(15, &[("auth", 2, 2), ("router", 1, 2), ("new", 1, 1)]));
    let drawn = frame(&watch, at(20), None, CANVAS);
    assert_eq!(drawn[2], "■ down       router   1/2       runs 1 of 2 tasks   <- was up 2/2, 5 s ago");
    assert!(drawn[3].contains("new") && drawn[3].contains("<- was not there, 5 s ago"), "{drawn:#?}");
    assert!(!drawn.join("").contains("idle"), "what is gone is not shown: {drawn:#?}");
    assert!(drawn.last().unwrap().contains("● ecs:default: answered 5 s ago, 4 calls"), "{drawn:#?}");
}

#[test]
fn a_silent_source_turns_what_it_said_unknown() {
    let mut watch = Watch::default();
    watch.take(&sweep(0, &[("auth", 2, 2)]));
    let fault = Fault::new(FaultKind::Unreachable, Some("ecs:ListServices"), "no answer from 10.0.0.1");
    let failed = Sweep { outcome: Outcome::Failed { fault }, reading: None, ..sweep(60, &[]) };
    watch.take(&failed);
    let drawn = frame(&watch, at(60), None, CANVAS);
    assert!(drawn[0].contains("0 of 1 service up"), "{drawn:#?}");
    assert!(drawn[2].starts_with("▒ unknown"), "{drawn:#?}");
    assert!(drawn.last().unwrap().starts_with("■ ecs:default: no answer from 10.0.0.1 (last answered 60 s ago)"), "{drawn:#?}");
}

#[test]
fn it_fits_whatever_the_window_is() {
    let mut watch = Watch::default();
    let names: Vec<String> = (0..300).map(|number| format!("service-{number}\u{1b}[2J\n")).collect();
    let services: Vec<(&str, u32, u32)> = names.iter().map(|name| (name.as_str(), 1, 1)).collect();
    watch.take(&sweep(0, &services));
    for (columns, rows) in [(80, 24), (20, 5), (1, 1), (200, 60)] {
        let drawn = frame(&watch, at(1), Some(Duration::from_secs(90)), Canvas { columns, rows: Some(rows), colour: false });
        assert!(drawn.len() <= rows.max(5), "{} lines in {rows}", drawn.len());
        assert!(drawn.iter().all(|line| line.chars().count() <= columns && !line.contains(['\u{1b}', '\n'])), "{drawn:#?}");
    }
    let drawn = frame(&watch, at(1), None, Canvas { columns: 80, rows: Some(24), colour: false });
    assert!(drawn.iter().any(|line| line.contains("… and 281 more, all up")), "{drawn:#?}");
}

#[test]
fn colour_is_only_paint() {
    let mut watch = Watch::default();
    watch.take(&sweep(0, &[("auth", 1, 2)]));
    let plain = frame(&watch, at(1), None, CANVAS);
    let painted = frame(&watch, at(1), None, Canvas { colour: true, ..CANVAS });
    assert!(painted[2].starts_with("\u{1b}[1;31m■ down"), "{painted:#?}");
    let stripped = painted[2].replace("\u{1b}[1;31m", "").replace("\u{1b}[0m", "");
    assert_eq!(stripped, plain[2]);
}
