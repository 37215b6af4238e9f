//! DescribeAlarmHistory, through the real SDK.

use aws_sdk_cloudwatch::{
    operation::describe_alarm_history::builders::DescribeAlarmHistoryFluentBuilder,
    primitives::DateTime,
    types::{AlarmHistoryItem, AlarmType, HistoryItemType, ScanBy, StateValue},
};
use serde_json::Value;
use yard::Options;

use crate::support::{START, Site, calm, code, open};

const NOW: i64 = START / 1_000_000;

fn ask(site: &Site) -> DescribeAlarmHistoryFluentBuilder {
    site.cloudwatch.describe_alarm_history()
}

async fn items(ask: DescribeAlarmHistoryFluentBuilder) -> Vec<AlarmHistoryItem> {
    ask.send().await.unwrap().alarm_history_items().to_vec()
}

fn data(item: &AlarmHistoryItem) -> Value {
    serde_json::from_str(item.history_data().unwrap()).unwrap()
}

#[tokio::test]
async fn an_alarm_that_rings_leaves_a_change_and_a_notification() {
    let site = open(Options { script: false, throttles: false, ..Options::default() }).await;
    let name = "auth-nats-cpu-high";
    site.yard.force_metric("auth-nats", "CPUUtilization", 91.5, 120).unwrap();
    site.advance(121);
    assert_eq!(site.alarm(name).await.state_value(), Some(&StateValue::Alarm));
    site.advance(120);
    let found = items(ask(&site).alarm_name(name).start_date(DateTime::from_secs(NOW))).await;
    let summaries: Vec<_> = found.iter().map(|item| item.history_summary().unwrap()).collect();
    let action = "Successfully executed action arn:aws:sns:us-east-1:111122223333:gaming-system-alerts";
    assert_eq!(summaries, ["Alarm updated from ALARM to OK", action, "Alarm updated from OK to ALARM"], "newest first");
    let rang = data(&found[2]);
    assert_eq!(rang["newState"]["stateValue"], "ALARM");
    assert!(rang["newState"]["stateReason"].as_str().unwrap().starts_with("Threshold Crossed: 2 out of the last 2 datapoints [91.5 ("));
    assert_eq!(rang["newState"]["stateReasonData"]["recentDatapoints"], serde_json::json!([91.5, 91.5]));
    assert_eq!(rang["oldState"]["stateValue"], "OK");
    assert_eq!(data(&found[1])["actionState"], "Succeeded");
    assert_eq!(found[2].timestamp().unwrap().secs(), NOW + 120);
    let ascending = items(ask(&site).alarm_name(name).start_date(DateTime::from_secs(NOW)).scan_by(ScanBy::TimestampAscending)).await;
    assert_eq!(ascending.first(), found.last());
    let states =
        items(ask(&site).alarm_name(name).start_date(DateTime::from_secs(NOW)).history_item_type(HistoryItemType::StateUpdate)).await;
    assert_eq!(states.len(), 2);

    // one that is muted tells nobody
    site.yard.set_alarm("knowledge-base-nats-cpu-high", "ALARM", None, Some(60)).unwrap();
    let muted = items(ask(&site).alarm_name("knowledge-base-nats-cpu-high").start_date(DateTime::from_secs(NOW))).await;
    assert_eq!(muted.len(), 1);
}

#[tokio::test]
async fn what_happened_between_two_looks_is_found_here_alone() {
    let site = calm().await;
    site.yard.flap_alarm("auth-nats-memory-high").unwrap();
    site.advance(1);
    assert_eq!(site.alarm("auth-nats-memory-high").await.state_value(), Some(&StateValue::Ok));
    let found = items(ask(&site).start_date(DateTime::from_secs(NOW)).history_item_type(HistoryItemType::StateUpdate)).await;
    assert_eq!(found.len(), 2);
}

#[tokio::test]
async fn there_is_a_past_and_it_agrees_with_what_alarms_say_of_themselves() {
    let site = open(Options { script: false, throttles: false, ..Options::default() }).await;
    let mut pages = ask(&site).max_records(10).into_paginator().send();
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        all.extend(page.unwrap().alarm_history_items().to_vec());
    }
    assert!(all.len() > 20 && all.iter().rev().is_sorted_by_key(|item| item.timestamp().unwrap().secs()), "{}", all.len());
    assert!(all.iter().all(|item| item.timestamp().unwrap().secs() > NOW - 14 * 86_400 && item.timestamp().unwrap().secs() < NOW));
    for kind in [HistoryItemType::StateUpdate, HistoryItemType::Action, HistoryItemType::ConfigurationUpdate] {
        assert!(all.iter().any(|item| item.history_item_type() == Some(&kind)), "{kind:?}");
    }
    let mut alarms = site.cloudwatch.describe_alarms().into_paginator().send();
    while let Some(page) = alarms.next().await {
        for alarm in page.unwrap().metric_alarms() {
            let latest = all
                .iter()
                .find(|item| item.alarm_name() == alarm.alarm_name() && item.history_item_type() == Some(&HistoryItemType::StateUpdate));
            let Some(latest) = latest else { continue };
            assert_eq!(data(latest)["newState"]["stateValue"], alarm.state_value().unwrap().as_str());
            assert_eq!(latest.timestamp(), alarm.state_updated_timestamp());
        }
    }
    let blind = items(ask(&site).alarm_name("story-teller-nats-memory-high")).await;
    assert!(blind[0].history_summary().unwrap().ends_with("to INSUFFICIENT_DATA"));
}

#[tokio::test]
async fn composite_alarms_are_there_when_named_and_refusals_are_cloudwatchs() {
    let site = open(Options { composite_alarms: true, script: false, throttles: false, ..Options::default() }).await;
    site.yard.set_alarm("auth-nats-running-tasks-low", "ALARM", None, Some(60)).unwrap();
    let from = DateTime::from_secs(NOW);
    let composite = items(ask(&site).start_date(from).alarm_types(AlarmType::CompositeAlarm)).await;
    assert_eq!((composite.len(), composite[0].alarm_type()), (2, Some(&AlarmType::CompositeAlarm)));
    assert!(items(ask(&site).start_date(from)).await.iter().all(|item| item.alarm_type() == Some(&AlarmType::MetricAlarm)));
    for (refused, expected) in [
        (code(ask(&site).max_records(101).send().await), "ValidationError"),
        (code(ask(&site).history_item_type(HistoryItemType::from("Gossip")).send().await), "ValidationError"),
        (code(ask(&site).alarm_types(AlarmType::from("Gossip")).send().await), "ValidationError"),
        (code(ask(&site).next_token("made up").send().await), "InvalidNextToken"),
    ] {
        assert_eq!(refused, expected);
    }
    assert_eq!(items(ask(&site).alarm_name("nothing")).await, []);
}
