//! The CloudWatch and STS faces: through the real SDKs (CBOR, Query) and as the AWS CLI asks (JSON).

use crate::support::{START, calm, code, http, open};
use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm, StateValue};
use serde_json::{Value, json};
use yard::Options;

#[tokio::test]
async fn sixty_six_alarms_notify_the_topic() {
    let site = calm().await;
    let first = site.cloudwatch.describe_alarms().send().await.unwrap();
    assert_eq!(first.metric_alarms().len(), 50, "fifty to a page unless more are asked for");
    let rest = site.cloudwatch.describe_alarms().next_token(first.next_token().unwrap()).send().await.unwrap();
    assert_eq!((rest.metric_alarms().len(), rest.next_token()), (16, None));
    for alarm in first.metric_alarms().iter().chain(rest.metric_alarms()) {
        assert_eq!(alarm.dimensions().len(), 2);
        assert!(alarm.state_updated_timestamp().unwrap().secs() < START / 1_000_000);
    }
    // all is well but for what a look at the coverage must find
    let all = || first.metric_alarms().iter().chain(rest.metric_alarms());
    let topic = ["arn:aws:sns:us-east-1:111122223333:gaming-system-alerts"];
    let named = |faulty: &dyn Fn(&MetricAlarm) -> bool| {
        all().filter(|alarm| faulty(alarm)).map(|alarm| alarm.alarm_name().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(named(&|alarm| alarm.alarm_actions() != topic), ["settings-nats-memory-high"]);
    assert_eq!(named(&|alarm| alarm.actions_enabled() != Some(true)), ["knowledge-base-nats-cpu-high"]);
    assert_eq!(named(&|alarm| alarm.state_value() != Some(&StateValue::Ok)), ["story-teller-nats-memory-high"]);
    assert!(!named(&|_| true).contains(&"payment-nats-memory-high") && named(&|_| true).contains(&"http-nats-gateway-5xx-high"));
    let blind = all().find(|alarm| alarm.alarm_name() == Some("story-teller-nats-memory-high")).unwrap();
    assert_eq!(blind.dimensions()[1].value(), Some("story_teller_nats"));
    assert!(all().any(|alarm| alarm.alarm_description().unwrap().contains("Runbook: https://")));
    let thresholds: Vec<_> =
        first.metric_alarms()[..3].iter().map(|alarm| (alarm.metric_name().unwrap(), alarm.threshold().unwrap())).collect();
    assert_eq!(thresholds, [("CPUUtilization", 80.0), ("MemoryUtilization", 80.0), ("RunningTaskCount", 2.0)]);
    let everything = site.cloudwatch.describe_alarms().alarm_types(AlarmType::MetricAlarm).alarm_types(AlarmType::CompositeAlarm);
    let everything = everything.max_records(100).send().await.unwrap();
    assert_eq!((everything.metric_alarms().len(), everything.composite_alarms().len()), (66, 0));
}

#[tokio::test]
async fn alarms_are_found_by_what_was_asked_and_refusals_are_cloudwatchs() {
    let site = calm().await;
    let ask = || site.cloudwatch.describe_alarms();
    assert_eq!(ask().alarm_name_prefix("auth-nats-").send().await.unwrap().metric_alarms().len(), 3);
    assert_eq!(ask().alarm_names("auth-nats-cpu-high").alarm_names("nothing").send().await.unwrap().metric_alarms().len(), 1);
    assert_eq!(ask().state_value(StateValue::Alarm).send().await.unwrap().metric_alarms().len(), 0);
    for (refused, expected) in [
        (code(ask().max_records(101).send().await), "ValidationError"),
        (code(ask().max_records(0).send().await), "ValidationError"),
        (code(ask().next_token("made up").send().await), "InvalidNextToken"),
        (code(ask().state_value(StateValue::from("SOSO")).send().await), "ValidationError"),
        (code(ask().alarm_names("a").alarm_name_prefix("a").send().await), "InvalidParameterCombination"),
        (code(site.cloudwatch.list_dashboards().send().await), "UnknownOperationException"),
    ] {
        assert_eq!(refused, expected);
    }
    site.advance(60);
    for _ in 0..9 {
        ask().send().await.unwrap();
    }
    // as clients of the older Query protocol know it
    assert_eq!(code(ask().send().await), "Throttling");
}

#[tokio::test]
async fn a_running_tasks_alarm_follows_its_service() {
    let site = calm().await;
    let name = "auth-nats-running-tasks-low";
    site.yard.set_desired("auth-nats", 1).unwrap();
    site.advance(61);
    assert_eq!(site.alarm(name).await.state_value(), Some(&StateValue::Ok), "one period is not enough");
    site.advance(60);
    let alarm = site.alarm(name).await;
    assert_eq!(alarm.state_value(), Some(&StateValue::Alarm));
    assert!(
        alarm.state_reason().unwrap().starts_with("Threshold Crossed: 2 out of the last 2 datapoints [1.0 ("),
        "{:?}",
        alarm.state_reason()
    );
    assert_eq!(alarm.state_updated_timestamp().unwrap().secs(), START / 1_000_000 + 120);
    site.yard.set_desired("auth-nats", 2).unwrap();
    site.advance(120);
    assert_eq!(site.alarm(name).await.state_value(), Some(&StateValue::Ok));

    site.yard.set_desired("auth-nats", 0).unwrap();
    site.advance(240);
    assert_eq!(site.alarm("auth-nats-cpu-high").await.state_value(), Some(&StateValue::InsufficientData), "nobody reports");
}

#[tokio::test]
async fn a_composite_alarm_is_there_when_asked_for_and_follows() {
    let site = open(Options { composite_alarms: true, script: false, ..Options::default() }).await;
    let ask = async || site.cloudwatch.describe_alarms().alarm_types(AlarmType::CompositeAlarm).send().await.unwrap();
    assert_eq!(site.cloudwatch.describe_alarms().send().await.unwrap().composite_alarms().len(), 0, "not unless its type is named");
    assert_eq!(ask().await.composite_alarms()[0].state_value(), Some(&StateValue::Ok));
    site.yard.set_alarm("auth-nats-running-tasks-low", "ALARM", None, Some(600)).unwrap();
    let composite = ask().await.composite_alarms()[0].clone();
    assert_eq!(composite.state_value(), Some(&StateValue::Alarm));
    assert!(composite.alarm_rule().unwrap().contains("ALARM(\"auth-nats-running-tasks-low\")"));
    site.advance(660);
    assert_eq!(ask().await.composite_alarms()[0].state_value(), Some(&StateValue::Ok));
}

const SIGNED: (&str, &str) =
    ("authorization", "AWS4-HMAC-SHA256 Credential=a/20260301/us-east-1/monitoring/aws4_request, SignedHeaders=host, Signature=0");

#[tokio::test]
async fn the_aws_clis_json_is_answered_in_json() {
    let site = calm().await;
    let url = &site.yard.endpoints().aws;
    let target = ("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms");
    let (status, head, body) = http(url, "POST", "/", &[target, SIGNED], br#"{"MaxRecords": 3}"#).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, answer["MetricAlarms"].as_array().unwrap().len()), (200, 3));
    assert!(head.contains("content-type: application/x-amz-json-1.0"), "{head}");
    assert!(answer["MetricAlarms"][0]["StateUpdatedTimestamp"].is_f64());
    let (status, head, body) = http(url, "POST", "/", &[target, SIGNED, ("x-amzn-query-mode", "true")], br#"{"MaxRecords": 300}"#).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &answer["__type"]), (400, &json!("ValidationError")));
    assert!(head.contains("x-amzn-query-error: validationerror;sender"), "{head}");
    let (status, _, body) = http(
        url,
        "POST",
        "/",
        &[SIGNED, ("content-type", "application/x-www-form-urlencoded")],
        b"Action=DescribeAlarms&Version=2010-08-01",
    )
    .await;
    assert_eq!((status, String::from_utf8(body).unwrap().contains("speaks JSON or CBOR")), (400, true), "an old AWS CLI is told why");
}

#[tokio::test]
async fn the_caller_is_who_the_account_says() {
    let site = calm().await;
    let caller = site.sts.get_caller_identity().send().await.unwrap();
    assert_eq!((caller.account(), caller.arn()), (Some("111122223333"), Some("arn:aws:iam::111122223333:user/signalbox")));
    assert_eq!(code(site.sts.get_access_key_info().access_key_id("AKIAEXAMPLEEXAMPLE00").send().await), "InvalidAction");
}
