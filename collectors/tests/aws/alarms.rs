//! What an alarm sweep brings home and what it costs.

use std::time::Duration;

use collectors::{AlarmCollector, Collector};
use domain::port::Clock;
use domain::reading::{AlarmReading, Reading, Sweep};
use domain::source::{FaultKind, Outcome};

use crate::clock::ManualClock;
use crate::fake::{ACCOUNT, Fake, Trouble};

const INTERVAL: Duration = Duration::from_secs(60);

#[tokio::test]
async fn every_type_is_asked_for_a_hundred_a_page() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    fake.world.lock().unwrap().alarms = 250;
    let sweep = AlarmCollector::new(fake.environment(&clock), INTERVAL).sweep().await;
    assert_eq!(sweep.outcome, Outcome::Complete);
    assert_eq!(fake.calls("DescribeAlarms"), 3);
    let Some(Reading::Alarms(reading)) = &sweep.reading else { panic!() };
    assert_eq!((reading.alarms.items.len(), reading.alarms.whole, reading.account.as_str()), (250, true, ACCOUNT));
    assert_eq!(reading.alarms.items[0].condition.as_deref(), Some("AWS/ECS CPUUtilization > 80 for 3 of 3 × 60 s"));
    let world = fake.world.lock().unwrap();
    let (_, asked) = world.asked.iter().find(|(operation, _)| operation == "DescribeAlarms").unwrap();
    assert_eq!(asked["AlarmTypes"], serde_json::json!(["MetricAlarm", "CompositeAlarm", "LogAlarm"]));
    assert_eq!(asked["MaxRecords"], 100);
}

#[tokio::test]
async fn a_second_page_that_fails_leaves_the_first() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    {
        let mut world = fake.world.lock().unwrap();
        world.alarms = 150;
        world.trouble_from_call = 1;
        world.trouble.insert(
            "DescribeAlarms".into(),
            Trouble::Error(403, "AccessDenied", "is not authorized to perform: cloudwatch:DescribeAlarms on *"),
        );
    }
    let sweep = AlarmCollector::new(fake.environment(&clock), INTERVAL).sweep().await;
    let Outcome::Partial { missing } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!((missing[0].what.as_str(), missing[0].fault.kind), ("the alarms after the first 100", FaultKind::AccessDenied));
    let Some(Reading::Alarms(reading)) = &sweep.reading else { panic!() };
    assert_eq!((reading.alarms.items.len(), reading.alarms.whole), (100, false));
}

#[tokio::test]
async fn an_endpoint_without_log_alarms_is_asked_for_the_others() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    fake.trouble("DescribeAlarms", Trouble::Error(400, "ValidationError", "Value 'LogAlarm' at 'alarmTypes' is not allowed"));
    let sweep = AlarmCollector::new(fake.environment(&clock), INTERVAL).sweep().await;
    assert!(matches!(sweep.outcome, Outcome::Failed { .. }));
    let world = fake.world.lock().unwrap();
    let types: Vec<usize> = world
        .asked
        .iter()
        .filter(|(operation, _)| operation == "DescribeAlarms")
        .map(|(_, asked)| asked["AlarmTypes"].as_array().unwrap().len())
        .collect();
    assert_eq!(types, [3, 2]);
}

/// What a sweep says of the history: the seconds of its items, whether it is whole, and the calls it took.
async fn past(collector: &AlarmCollector, fake: &Fake) -> (Vec<i64>, bool, usize) {
    let before = fake.calls("DescribeAlarmHistory");
    let sweep = collector.sweep().await;
    let Some(Reading::Alarms(AlarmReading { history: Some(history), .. })) = sweep.reading else { panic!("{:?}", sweep.outcome) };
    let seconds = history.items.items.iter().map(|item| item.at.as_micros() / 1_000_000).collect();
    (seconds, history.items.whole, fake.calls("DescribeAlarmHistory") - before)
}

#[tokio::test]
async fn history_is_read_on_from_where_it_was_left() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    let now = clock.now().as_micros() / 1_000_000;
    let went = |at| ("StateUpdate", at, "Alarm updated from OK to ALARM".to_owned());
    fake.world.lock().unwrap().history = (0..250).map(|number| went(now - 1_000_000 + number)).collect();
    fake.world.lock().unwrap().history.push(("ConfigurationUpdate", now - 500, "Alarm \"alarm-000\" created".to_owned()));
    let collector = AlarmCollector::new(fake.environment(&clock), INTERVAL).with_history();
    let (first, whole, calls) = past(&collector, &fake).await;
    assert_eq!((first.len(), whole, calls), (101, false, 2), "one page of states, the one change");
    let (second, whole, calls) = past(&collector, &fake).await;
    assert_eq!((second.len(), second[0], whole, calls), (152, now - 1_000_000 + 99, true, 3), "from the last item on, to the end");
    let (third, whole, _) = past(&collector, &fake).await;
    assert_eq!((third.len(), whole), (0, true), "the overlap is five minutes, not more");
    fake.world.lock().unwrap().history.push(went(now - 100));
    assert_eq!(past(&collector, &fake).await.0, [now - 100]);
    assert_eq!(past(&collector, &fake).await.0, [now - 100], "and within it an item comes again: the store knows it");
    let world = fake.world.lock().unwrap();
    let (_, asked) = world.asked.iter().find(|(operation, _)| operation == "DescribeAlarmHistory").unwrap();
    assert_eq!((&asked["ScanBy"], &asked["MaxRecords"]), (&"TimestampAscending".into(), &100.into()));
    assert_eq!(asked["AlarmTypes"], serde_json::json!(["MetricAlarm", "CompositeAlarm", "LogAlarm"]));
}

#[tokio::test]
async fn a_denied_history_leaves_the_alarms_and_names_the_permission() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    fake.world.lock().unwrap().alarms = 3;
    let said = "User is not authorized to perform: cloudwatch:DescribeAlarmHistory on *";
    fake.trouble("DescribeAlarmHistory", Trouble::Error(403, "AccessDenied", said));
    let sweep = AlarmCollector::new(fake.environment(&clock), INTERVAL).with_history().sweep().await;
    let Outcome::Partial { missing } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
    assert_eq!((missing[0].what.as_str(), missing[0].fault.kind), ("the alarms' history", FaultKind::AccessDenied));
    assert_eq!(
        missing[0].fault.remedy(),
        "The role lacks cloudwatch:DescribeAlarmHistory: add it to the policy; the rest goes on working."
    );
    let Some(Reading::Alarms(reading)) = &sweep.reading else { panic!() };
    assert_eq!((reading.alarms.items.len(), reading.alarms.whole, reading.history.is_none()), (3, true, true));
}

#[tokio::test]
async fn malformed_cbor_is_malformed() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    for body in [
        &b"\xff\xff\xff"[..],
        b"\xbf\x6cMetricAlarms\x9f",
        b"{\"MetricAlarms\": []}",
        b"",
        b"\xa1\x6cMetricAlarms\x1b\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        fake.trouble("DescribeAlarms", Trouble::Body(body));
        let sweep = AlarmCollector::new(fake.environment(&clock), INTERVAL).sweep().await;
        let Outcome::Failed { fault } = &sweep.outcome else { panic!("{body:?}: {:?}", sweep.outcome) };
        assert_eq!(
            (fault.kind, fault.operation.as_deref()),
            (FaultKind::Malformed, Some("cloudwatch:DescribeAlarms")),
            "{body:?}: {}",
            fault.message
        );
    }
}

#[tokio::test]
async fn told_changes_only_a_quiet_sweep_names_the_alarms_and_nothing_else() {
    let (fake, clock) = (Fake::start(0).await, ManualClock::eager());
    let told = |sweep: Sweep| match sweep.reading {
        Some(Reading::Alarms(reading)) => (reading.account, reading.alarms.items.len(), reading.alarms.rest.len(), reading.alarms.whole),
        other => panic!("{other:?}"),
    };
    fake.world.lock().unwrap().alarms = 250;
    let collector = AlarmCollector::new(fake.environment(&clock), INTERVAL).changes_only();
    let account = || ACCOUNT.to_owned();
    assert_eq!(told(collector.sweep().await), (account(), 250, 0, true));
    assert_eq!(told(collector.sweep().await), (account(), 0, 250, true));
    fake.world.lock().unwrap().alarms = 249;
    assert_eq!(told(collector.sweep().await), (account(), 0, 249, true), "what is neither told nor named is gone");
    fake.world.lock().unwrap().alarms = 251;
    assert_eq!(told(collector.sweep().await), (account(), 2, 249, true), "also one that was gone for a while");
    collector.forget();
    assert_eq!(told(collector.sweep().await), (account(), 251, 0, true));
}
