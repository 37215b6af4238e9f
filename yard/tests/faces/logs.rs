//! CloudWatch Logs, through the real SDK.

use aws_sdk_cloudwatchlogs::{
    operation::get_log_events::{GetLogEventsOutput, builders::GetLogEventsFluentBuilder},
    types::OrderBy,
};
use serde_json::json;
use yard::{Fault, FaultKind, Options};

use crate::support::{CLUSTER, START, Site, calm, code, control, open};

const GROUP: &str = "/ecs/gaming-system-nats";
const NOW: i64 = START / 1_000;

/// The stream of a task, made from its definition's settings as ECS documents it: prefix, container, id.
fn stream(service: &str, arn: &str) -> String {
    format!("{service}/app/{}", arn.rsplit('/').next().unwrap())
}

async fn first_task(site: &Site, service: &str) -> String {
    site.ecs.list_tasks().cluster(CLUSTER).service_name(service).send().await.unwrap().task_arns()[0].clone()
}

fn ask(site: &Site, stream: &str) -> GetLogEventsFluentBuilder {
    site.logs.get_log_events().log_group_name(GROUP).log_stream_name(stream)
}

fn texts(answer: &GetLogEventsOutput) -> Vec<String> {
    answer.events().iter().map(|event| event.message().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_task_that_ends_by_itself_says_why_first() {
    let site = calm().await;
    let arn = site.yard.stop_task("auth-nats", Some(1), None).unwrap();
    let answer = ask(&site, &stream("auth-nats", &arn)).limit(50).send().await.unwrap();
    let said = texts(&answer);
    assert!(said.len() > 8 && said.iter().any(|line| line == "Traceback (most recent call last):"), "{said:#?}");
    assert!(said.last().unwrap().contains("Error"), "{said:#?}");
    assert!(answer.events().is_sorted_by_key(|event| event.timestamp()));

    let killed = site.yard.stop_task("settings-nats", Some(137), None).unwrap();
    let said = texts(&ask(&site, &stream("settings-nats", &killed)).limit(5).send().await.unwrap());
    assert!(said.last().unwrap().contains("98 % of its limit"), "a killed process gives no reason: {said:#?}");
    let asked = site.yard.stop_task("quest-system-nats", None, None).unwrap();
    let said = texts(&ask(&site, &stream("quest-system-nats", &asked)).limit(5).send().await.unwrap());
    assert!(said.iter().any(|line| line.contains("SIGTERM")), "{said:#?}");

    // the stream outlives what ECS remembers
    site.advance(7_200);
    assert_eq!(site.ecs.describe_tasks().cluster(CLUSTER).tasks(&arn).send().await.unwrap().failures().len(), 1);
    let again = ask(&site, &stream("auth-nats", &arn)).limit(50).send().await.unwrap();
    assert!(texts(&again).last().unwrap().contains("Error"));
}

#[tokio::test]
async fn a_crash_loop_prints_its_start_and_its_end() {
    let site = calm().await;
    site.yard.set_desired("language-system-nats", 1).unwrap();
    site.advance(120);
    let stopped = site.ecs.list_tasks().cluster(CLUSTER).service_name("language-system-nats");
    let stopped = stopped.desired_status(aws_sdk_ecs::types::DesiredStatus::Stopped).send().await.unwrap();
    let said = texts(&ask(&site, &stream("language-system-nats", &stopped.task_arns()[0])).start_from_head(true).send().await.unwrap());
    assert!(said[0].contains("starting language-system-nats"), "{said:#?}");
    assert!(said.last().unwrap().contains("most likely due to a circular import"), "{said:#?}");
}

#[tokio::test]
async fn tokens_lead_forward_to_what_is_new_and_backward_to_what_was() {
    let site = calm().await;
    let stream = stream("auth-nats", &first_task(&site, "auth-nats").await);
    let whole = texts(&ask(&site, &stream).start_from_head(true).send().await.unwrap());
    assert!((1_500..3_000).contains(&whole.len()), "a day of lines: {}", whole.len());
    let (mut read, mut token) = (Vec::new(), None);
    loop {
        let answer = ask(&site, &stream).start_from_head(true).limit(700).set_next_token(token.clone()).send().await.unwrap();
        read.extend(texts(&answer));
        let next = answer.next_forward_token().map(str::to_owned);
        if next == token {
            break;
        }
        token = next;
    }
    assert_eq!(read, whole, "the same token says that this was all");
    assert_eq!(site.yard.say("auth-nats", "a new line").unwrap(), stream);
    let tail = ask(&site, &stream).start_from_head(true).set_next_token(token).send().await.unwrap();
    assert_eq!(texts(&tail), ["a new line"]);

    let last = ask(&site, &stream).limit(10).send().await.unwrap();
    assert_eq!(texts(&last).last().unwrap(), "a new line", "without a direction the latest come");
    let before = ask(&site, &stream).limit(10).next_token(last.next_backward_token().unwrap()).send().await.unwrap();
    assert_eq!(texts(&before), whole[whole.len() - 19..whole.len() - 9]);
    let hour = ask(&site, &stream).start_time(NOW - 3_600_000).end_time(NOW).send().await.unwrap();
    assert!((60..100).contains(&hour.events().len()), "{}", hour.events().len());
}

#[tokio::test]
async fn what_is_not_there_and_what_is_wrong_is_refused_with_its_code() {
    let site = calm().await;
    let stream = stream("auth-nats", &first_task(&site, "auth-nats").await);
    let other = site.logs.get_log_events().log_group_name("/ecs/other").log_stream_name(&stream);
    for (refused, expected) in [
        (code(other.send().await), "ResourceNotFoundException"),
        (code(ask(&site, "auth-nats/app/00000000000000000000000000000000").send().await), "ResourceNotFoundException"),
        (code(ask(&site, &stream.replace("auth-nats", "settings-nats")).send().await), "ResourceNotFoundException"),
        (code(ask(&site, &stream).limit(10_001).send().await), "InvalidParameterException"),
        (code(ask(&site, &stream).next_token("f/made up/s").send().await), "InvalidParameterException"),
        (code(ask(&site, &stream).start_time(5).end_time(4).send().await), "InvalidParameterException"),
        (code(site.logs.describe_queries().send().await), "UnknownOperationException"),
    ] {
        assert_eq!(refused, expected);
    }
    site.yard.lay_fault(Fault::new(FaultKind::AccessDenied).on("logs:GetLogEvents"));
    let refused = ask(&site, &stream).send().await.unwrap_err();
    assert!(format!("{refused:?}").contains("is not authorized to perform: logs:GetLogEvents on resource: arn:aws:logs:"), "{refused:?}");
    site.yard.clear_faults();
    site.advance(60);
    for _ in 0..25 {
        ask(&site, &stream).limit(1).send().await.unwrap();
    }
    assert_eq!(code(ask(&site, &stream).send().await), "ThrottlingException");
}

#[tokio::test]
async fn streams_are_listed_by_name_and_by_time() {
    let site = calm().await;
    let groups = site.logs.describe_log_groups().log_group_name_prefix("/ecs/").send().await.unwrap();
    assert_eq!(groups.log_groups()[0].log_group_name(), Some(GROUP));
    let listed = site.logs.describe_log_streams().log_group_name(GROUP).limit(30).send().await.unwrap();
    let rest =
        site.logs.describe_log_streams().log_group_name(GROUP).limit(30).next_token(listed.next_token().unwrap()).send().await.unwrap();
    assert_eq!((listed.log_streams().len(), rest.log_streams().len(), rest.next_token()), (30, 14, None));
    let prefixed = site.logs.describe_log_streams().log_group_name(GROUP).log_stream_name_prefix("auth-nats/app/").send().await.unwrap();
    assert_eq!(prefixed.log_streams().len(), 2);
    let stopped = site.yard.stop_task("auth-nats", Some(1), None).unwrap();
    site.advance(30);
    let oldest = site.logs.describe_log_streams().log_group_name(GROUP).order_by(OrderBy::LastEventTime).limit(1).send().await.unwrap();
    assert_eq!(oldest.log_streams()[0].log_stream_name(), Some(stream("auth-nats", &stopped).as_str()));
}

#[tokio::test]
async fn a_hostile_fleet_prints_what_terminals_and_pages_fear() {
    let site = open(Options { hostile: true, script: false, throttles: false, ..Options::default() }).await;
    let stream = stream("ai-integration-nats", &first_task(&site, "ai-integration-nats").await);
    let (mut said, mut token, mut pages) = (Vec::new(), None, 0);
    loop {
        let answer = ask(&site, &stream).start_from_head(true).set_next_token(token.clone()).send().await.unwrap();
        said.extend(texts(&answer));
        pages += 1;
        let next = answer.next_forward_token().map(str::to_owned);
        if next == token {
            break;
        }
        token = next;
    }
    for text in ["\0", "\u{1b}[2J", "\u{202e}", "<img src=x"] {
        assert!(said.iter().any(|line| line.contains(text)), "{text:?}");
    }
    assert!(said.iter().any(|line| line.len() == 262_118), "ten megabytes, cut as the log driver does");
    assert!(said.iter().all(|line| line.len() <= 262_118) && pages > 1, "{pages}");
    let (status, answer) = control(&site, "POST", "/logs/say", json!({"service": "auth-nats", "text": "by hand"})).await;
    assert_eq!((status, answer["stream"].as_str().unwrap().starts_with("auth-nats/app/")), (200, true));
}
