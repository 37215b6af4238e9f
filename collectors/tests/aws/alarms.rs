//! What an alarm sweep brings home and what it costs.

use std::time::Duration;

use collectors::{AlarmCollector, Collector};
use domain::reading::Reading;
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
