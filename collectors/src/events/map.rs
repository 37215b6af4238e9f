//! What a message in the queue tells.
//!
//! Pure: bytes from outside to "this service may have changed", or the reason why not. The forms are those of the
//! Amazon ECS developer guide ("Amazon ECS task state change events", "… service action events", "… service deployment
//! state change events"). Two traps. A deployment's event names no cluster but in the service's ARN, a task's names no
//! service but in its `group`. And a body may hold anything, secrets of task overrides included: nothing of it is kept or
//! told on but the names of a cluster and a service, in ECS's own letters.

use std::borrow::Cow;
use std::time::Duration;

use domain::Timestamp;
use serde::Deserialize;

/// What SQS takes at most as one message (SQS quotas: 1 MiB since August 2025, 256 KiB before).
const LARGEST: usize = 1 << 20;
/// What happened longer ago than this has been seen by a sweep: it comes from a queue nobody has read for a while.
const OLD: Duration = Duration::from_secs(15 * 60);
/// What ECS allows as the name of a cluster or a service, in characters.
const LONGEST_NAME: usize = 255;

/// What a message tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Something happened to this service.
    Service { cluster: String, service: String },
    /// Something happened in another account, region or cluster.
    Elsewhere,
    /// It happened long ago.
    Old,
    /// An event that tells nothing of a service: an alarm's, a container instance's, a task's without a service.
    Other,
    /// No event; why.
    Garbled(&'static str),
}

/// What the environment consists of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ours<'a> {
    /// None: not known, so any.
    pub(super) account: Option<&'a str>,
    pub(super) region: &'a str,
    /// By name or ARN; empty: every cluster.
    pub(super) clusters: &'a [String],
}

impl Ours<'_> {
    /// Whether a thing of this region and account, in this cluster, is ours.
    fn holds(&self, arn: &Arn<'_>, cluster: &str) -> bool {
        let named = |wanted: &String| wanted.rsplit('/').next() == Some(cluster);
        arn.region == self.region
            && self.account.is_none_or(|account| account == arn.account)
            && (self.clusters.is_empty() || self.clusters.iter().any(named))
    }
}

/// The fields that tell what a message is. Everything else is skipped unread.
#[derive(Deserialize)]
struct Head<'a> {
    /// SNS's.
    #[serde(rename = "Type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(rename = "Message", borrow, default)]
    message: Option<Cow<'a, str>>,
    /// EventBridge's.
    #[serde(borrow, default)]
    source: Option<Cow<'a, str>>,
    #[serde(rename = "detail-type", borrow, default)]
    detail_type: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    detail: Detail,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    cluster_arn: Option<String>,
    group: Option<String>,
}

/// What `body` tells of `ours` at `now`.
pub(super) fn told(body: &str, ours: &Ours<'_>, now: Timestamp) -> Told {
    if body.len() > LARGEST {
        return Told::Garbled("larger than 1 MiB");
    }
    let Ok(head) = serde_json::from_str::<Head<'_>>(body) else { return Told::Garbled("not a JSON object of an event") };
    match (head.kind.as_deref(), head.message.as_deref()) {
        (Some("Notification"), Some(inner)) => match serde_json::from_str::<Head<'_>>(inner) {
            Ok(head) => event(&head, inner, ours, now),
            Err(_) => Told::Garbled("an SNS notification that holds no event"),
        },
        (Some("SubscriptionConfirmation" | "UnsubscribeConfirmation"), _) => Told::Garbled("SNS asking to confirm a subscription"),
        _ => event(&head, body, ours, now),
    }
}

fn event(head: &Head<'_>, body: &str, ours: &Ours<'_>, now: Timestamp) -> Told {
    let (Some(source), Some(kind)) = (head.source.as_deref(), head.detail_type.as_deref()) else {
        return Told::Garbled("JSON, but not an event: it has no source and detail-type");
    };
    let of_a_task = match (source, kind) {
        ("aws.ecs", "ECS Task State Change") => true,
        ("aws.ecs", "ECS Service Action" | "ECS Deployment State Change") => false,
        _ => return Told::Other,
    };
    let Ok(event) = serde_json::from_str::<Event>(body) else { return Told::Garbled("an ECS event in a form that is not ECS's") };
    let found = if of_a_task { of_task(&event.detail) } else { of_service(&event) };
    let (arn, cluster, service) = match found {
        Ok(found) => found,
        Err(told) => return told,
    };
    if !named_as_ecs_does(cluster) || !named_as_ecs_does(service) {
        return Told::Garbled("an ECS event with a name that ECS does not allow");
    }
    if !ours.holds(&arn, cluster) {
        return Told::Elsewhere;
    }
    let happened = event.time.as_deref().and_then(|time| time.parse::<Timestamp>().ok());
    if happened.is_some_and(|at| now.since(at) > OLD) {
        return Told::Old;
    }
    Told::Service { cluster: cluster.to_owned(), service: service.to_owned() }
}

/// A task's service is in its group, `service:auth`; one that was started by hand has another, or none.
fn of_task(detail: &Detail) -> Result<(Arn<'_>, &str, &str), Told> {
    let Some(service) = detail.group.as_deref().and_then(|group| group.strip_prefix("service:")) else { return Err(Told::Other) };
    let (arn, cluster) = detail.cluster().ok_or(Told::Garbled("an ECS task's event that names no cluster"))?;
    Ok((arn, cluster, service))
}

fn of_service(event: &Event) -> Result<(Arn<'_>, &str, &str), Told> {
    const NOTHING: Told = Told::Garbled("an ECS service's event that names no service");
    let mut arns = event.resources.iter().filter_map(|resource| Arn::read(resource));
    let arn = arns.find(|arn| arn.kind == "service").ok_or(NOTHING)?;
    match arn.name.split_once('/') {
        Some((cluster, service)) => Ok((arn, cluster, service)),
        // the short form of before 2018
        None => {
            let (_, cluster) = event.detail.cluster().ok_or(NOTHING)?;
            Ok((arn, cluster, arn.name))
        }
    }
}

impl Detail {
    fn cluster(&self) -> Option<(Arn<'_>, &str)> {
        let arn = Arn::read(self.cluster_arn.as_deref()?).filter(|arn| arn.kind == "cluster")?;
        Some((arn, arn.name))
    }
}

/// `arn:aws:ecs:us-east-1:111122223333:service/games/auth`
#[derive(Clone, Copy)]
struct Arn<'a> {
    region: &'a str,
    account: &'a str,
    kind: &'a str,
    name: &'a str,
}

impl<'a> Arn<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let ("arn", _, "ecs", region, account, rest) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
        else {
            return None;
        };
        let (kind, name) = rest.split_once('/')?;
        Some(Self { region, account, kind, name })
    }
}

/// Letters, digits, - and _: what CreateCluster and CreateService allow.
fn named_as_ecs_does(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const NOW: &str = "2026-05-02T09:41:03Z";

    fn read(body: &Value) -> Told {
        read_text(&body.to_string())
    }

    fn read_text(body: &str) -> Told {
        let clusters = ["gaming-system-cluster".to_owned()];
        let ours = Ours { account: Some("111122223333"), region: "us-west-2", clusters: &clusters };
        told(body, &ours, NOW.parse().unwrap())
    }

    /// The shape of the developer guide's example, with much left out that is not read.
    fn task(cluster: &str, group: Value) -> Value {
        json!({
            "version": "0", "id": "3317b2af-7005-947d-b652-f55e762e571a", "detail-type": "ECS Task State Change", "source": "aws.ecs",
            "account": "111122223333", "time": "2026-05-02T09:41:00Z", "region": "us-west-2",
            "resources": [format!("arn:aws:ecs:us-west-2:111122223333:task/{cluster}/c13b4cb40f1f4fe4a2971f76ae5a47ad")],
            "detail": {
                "clusterArn": format!("arn:aws:ecs:us-west-2:111122223333:cluster/{cluster}"), "group": group, "lastStatus": "STOPPED",
                "containers": [{"exitCode": 1, "name": "app"}], "overrides": {"containerOverrides": [{"environment": [{"name": "PASSWORD", "value": "CANARY"}]}]},
                "version": 4
            }
        })
    }

    fn deployment(resources: Value, detail: Value) -> Value {
        json!({
            "version": "0", "detail-type": "ECS Deployment State Change", "source": "aws.ecs", "account": "111122223333",
            "time": "2026-05-02T09:41:00Z", "region": "us-west-2", "resources": resources, "detail": detail
        })
    }

    fn service(name: &str) -> Told {
        Told::Service { cluster: "gaming-system-cluster".into(), service: name.into() }
    }

    #[test]
    fn tasks_services_and_deployments_tell_their_service() {
        assert_eq!(read(&task("gaming-system-cluster", json!("service:auth-nats"))), service("auth-nats"));
        let long = json!(["arn:aws:ecs:us-west-2:111122223333:service/gaming-system-cluster/quest"]);
        let of = json!({"eventType": "INFO", "eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS", "deploymentId": "ecs-svc/123"});
        assert_eq!(read(&deployment(long.clone(), of.clone())), service("quest"));
        let mut action = deployment(long, json!({"eventName": "SERVICE_STEADY_STATE"}));
        action["detail-type"] = json!("ECS Service Action");
        assert_eq!(read(&action), service("quest"));
        let short = json!(["arn:aws:ecs:us-west-2:111122223333:service/quest"]);
        let cluster = json!({"clusterArn": "arn:aws:ecs:us-west-2:111122223333:cluster/gaming-system-cluster"});
        assert_eq!(read(&deployment(short.clone(), cluster)), service("quest"));
        assert!(matches!(read(&deployment(short, of)), Told::Garbled(_)), "without the cluster it names no service");
    }

    #[test]
    fn sns_may_be_around_it_once() {
        let inner = task("gaming-system-cluster", json!("service:auth-nats")).to_string();
        let wrapped = json!({"Type": "Notification", "MessageId": "x", "TopicArn": "arn:aws:sns:…", "Message": inner, "Signature": "…"});
        assert_eq!(read(&wrapped), service("auth-nats"));
        let twice = json!({"Type": "Notification", "Message": wrapped.to_string()});
        assert!(matches!(read(&twice), Told::Garbled(_)));
        assert_eq!(read(&json!({"Type": "Notification", "Message": "hello"})), Told::Garbled("an SNS notification that holds no event"));
        let confirm = json!({"Type": "SubscriptionConfirmation", "Token": "t", "Message": "You have chosen to subscribe", "SubscribeURL": "https://x"});
        assert_eq!(read(&confirm), Told::Garbled("SNS asking to confirm a subscription"));
    }

    #[test]
    fn what_is_elsewhere_old_or_about_something_else_is_left_alone() {
        assert_eq!(read(&task("staging", json!("service:auth-nats"))), Told::Elsewhere);
        for (from, to) in [("111122223333", "444455556666"), ("us-west-2", "eu-west-1")] {
            let other = task("gaming-system-cluster", json!("service:auth-nats")).to_string().replace(from, to);
            assert_eq!(read_text(&other), Told::Elsewhere, "{to}");
        }
        let old = task("gaming-system-cluster", json!("service:a")).to_string().replace("2026-05-02T09:41:00Z", "2026-05-02T09:20:00Z");
        assert_eq!(read_text(&old), Told::Old);
        let ahead = old.replace("2026-05-02T09:20:00Z", "2031-01-01T00:00:00Z");
        assert_eq!(read_text(&ahead), service("a"), "a clock that is ahead makes nothing old");
        assert_eq!(read_text(&old.replace("2026-05-02T09:20:00Z", "yesterday")), service("a"));
        for group in [json!("family:batch"), Value::Null] {
            assert_eq!(read(&task("gaming-system-cluster", group)), Told::Other, "a task without a service");
        }
        // the shape of the CloudWatch user guide
        let alarm = json!({
            "version": "0", "id": "c4c1c1c9-6542-e61b-6ef0-8c4d36933a92", "detail-type": "CloudWatch Alarm State Change",
            "source": "aws.cloudwatch", "account": "111122223333", "time": NOW, "region": "us-west-2",
            "resources": ["arn:aws:cloudwatch:us-west-2:111122223333:alarm:x"],
            "detail": {"alarmName": "x", "state": {"value": "ALARM"}, "previousState": {"value": "OK"}, "configuration": {}}
        });
        assert_eq!(read(&alarm), Told::Other);
        assert_eq!(read(&json!({"source": "my.app", "detail-type": "x", "detail": "no object", "resources": null})), Told::Other);
    }

    #[test]
    fn what_is_no_event_is_told_without_a_word_of_it() {
        let name = "a".repeat(256);
        for garbled in [
            String::new(),
            "hello".to_owned(),
            "[]".to_owned(),
            "42".to_owned(),
            "{\"source\": 7, \"detail-type\": \"x\"}".to_owned(),
            "{\"source\": \"aws.ecs\"}".to_owned(),
            "{\"source\": \"aws.ecs\", \"detail-type\": \"ECS Task State Change\", \"detail\": {\"group\": 7}}".to_owned(),
            "[".repeat(100_000),
            format!("{{\"source\": \"{}\"}}", "x".repeat(LARGEST)),
            task("gaming-system-cluster", json!(format!("service:{name}"))).to_string(),
            task("gaming-system-cluster", json!("service:a/b")).to_string(),
            task("gaming-system-cluster", json!("service:a\u{1b}[2J")).to_string(),
            task("a cluster", json!("service:a")).to_string(),
            task("gaming-system-cluster", json!("service:a")).to_string().replace(":cluster/", ":clutter/"),
        ] {
            let Told::Garbled(why) = read_text(&garbled) else { panic!("{}", garbled.chars().take(300).collect::<String>()) };
            assert!(!why.contains("CANARY"));
        }
    }

    #[test]
    fn clusters_may_be_named_by_arn_and_an_unknown_account_is_any() {
        let clusters = ["arn:aws:ecs:us-west-2:111122223333:cluster/gaming-system-cluster".to_owned()];
        let body = task("gaming-system-cluster", json!("service:a")).to_string();
        let at = NOW.parse().unwrap();
        assert_eq!(told(&body, &Ours { account: None, region: "us-west-2", clusters: &clusters }, at), service("a"));
        assert_eq!(told(&body, &Ours { account: None, region: "us-west-2", clusters: &[] }, at), service("a"));
    }

    proptest! {
        /// Whatever is cut off or changed in an event: no panic, and never another name than ECS's letters.
        #[test]
        fn any_damage_is_survived(at in 0_usize..900, put in ".{0,3}", cut in 0_usize..5) {
            let body = task("gaming-system-cluster", json!("service:auth-nats")).to_string();
            let at = at.min(body.len());
            let damaged = format!("{}{put}{}", body.get(..at).unwrap_or_default(), body.get(at + cut..).unwrap_or_default());
            if let Told::Service { cluster, service } = read_text(&damaged) {
                prop_assert!(named_as_ecs_does(&cluster) && named_as_ecs_does(&service));
            }
        }
    }
}
