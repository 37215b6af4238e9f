//! Same seed, same story; another seed, another one; and calm before it.

use crate::support::{CLUSTER, Site, open};
use aws_sdk_ecs::types::DesiredStatus;
use yard::Options;

async fn told(seed: u64) -> Site {
    open(Options { seed, throttles: false, ..Options::default() }).await
}

/// Everything an AWS client sees of the services, as text.
async fn seen(site: &Site) -> String {
    let listed = site.ecs.list_services().cluster(CLUSTER).max_results(100).send().await.unwrap();
    let mut text = String::new();
    for batch in listed.service_arns().chunks(10) {
        let described = site.ecs.describe_services().cluster(CLUSTER).set_services(Some(batch.to_vec())).send().await.unwrap();
        text.push_str(&format!("{:?}", described.services()));
    }
    text
}

#[tokio::test]
async fn the_same_seed_tells_the_same_story_however_often_one_looks() {
    let (often, once, other) = (told(7).await, told(7).await, told(8).await);
    for _ in 0..1_200 {
        often.advance(1);
        often.yard.state();
    }
    once.advance(1_200);
    other.advance(1_200);
    assert!(once.yard.story().len() > 20, "{:?}", once.yard.story());
    assert_eq!(often.yard.story(), once.yard.story());
    assert_eq!(often.yard.state(), once.yard.state());
    assert_eq!(seen(&often).await, seen(&once).await);
    assert_ne!(often.yard.story(), other.yard.story());
}

#[tokio::test]
async fn nothing_happens_in_the_first_three_minutes_and_much_after_them() {
    let site = told(1).await;
    for _ in 0..179 {
        site.advance(1);
        let state = site.yard.state();
        assert_eq!((&state["totals"]["running"], &state["totals"]["alarms_on"]), (&44.into(), &0.into()));
    }
    assert_eq!(site.yard.story(), []);
    site.advance(1_800);
    let story = site.yard.story();
    let tells = |word: &str| story.iter().any(|(_, what)| what.contains(word));
    for word in [
        "exit code 137",
        "crash-loops",
        "is under CPU load",
        "-cpu-high is ALARM",
        "-cpu-high is OK",
        "running-tasks-low is ALARM",
        "has started 1 tasks",
    ] {
        assert!(tells(word), "{word} in {story:#?}");
    }
}

/// Without a word of explanation someone must be able to say what happened: a service that crash-loops and says why, what customers felt, an alarm.
#[tokio::test]
async fn the_first_minutes_after_the_calm_are_one_story() {
    for seed in 1..5 {
        let site = told(seed).await;
        site.advance(780);
        let story = site.yard.story();
        let line =
            |word: &str| story.iter().position(|(_, what)| what.contains(word)).unwrap_or_else(|| panic!("{seed}: {word} in {story:#?}"));
        let crash = line("crash-loops");
        let name = story[crash].1.split(' ').nth(1).unwrap().to_owned();
        assert!(line(&format!("{name}-running-tasks-low is ALARM")) < line(&format!("{name}-running-tasks-low is OK")), "{seed}");
        assert!(line("http-nats-gateway-5xx-high is ALARM") < line("http-nats-gateway-5xx-high is OK"), "{seed}");
        let stopped =
            site.ecs.list_tasks().cluster(CLUSTER).service_name(&name).desired_status(DesiredStatus::Stopped).send().await.unwrap();
        let id = stopped.task_arns()[0].rsplit('/').next().unwrap();
        let log = site.logs.get_log_events().log_group_name("/ecs/gaming-system-nats").log_stream_name(format!("{name}/app/{id}"));
        let log = log.limit(50).send().await.unwrap();
        assert_eq!(log.events().last().unwrap().message(), Some("nats.errors.NoServersError: nats: no servers available for connection"));
    }
}

#[tokio::test]
async fn ten_thousand_services_have_thirty_thousand_tasks_and_forty_thousand_alarms() {
    let site = open(Options { services: 10_000, throttles: false, script: false, ..Options::default() }).await;
    let cluster = site.ecs.describe_clusters().clusters(CLUSTER).send().await.unwrap();
    assert_eq!(cluster.clusters()[0].running_tasks_count(), 29_997);
    assert_eq!(site.yard.state()["totals"]["alarms"], 39_996);
    let page = site.cloudwatch.describe_alarms().max_records(100).send().await.unwrap();
    assert_eq!((page.metric_alarms().len(), page.next_token().is_some()), (100, true));
}

#[tokio::test]
async fn a_fleet_left_alone_recovers() {
    let site = told(3).await;
    site.advance(3_600);
    let mut whole = 0;
    for _ in 0..600 {
        site.advance(5);
        whole += usize::from(site.yard.state()["totals"]["running"] == 44);
    }
    assert!(whole > 60, "everything ran at only {whole} of 600 looks: the script leaves no peace at all");
}
