//! The facts are in the HTML: in each situation, exactly.

use crate::ask::{CLUSTER, page};
use crate::fake::Scene;

#[tokio::test]
async fn a_calm_overview_says_so_and_counts_exactly() {
    let page = page(Scene::Calm, "/").await;
    assert_eq!(page.status, 200);
    page.has("<title>Nothing needs you · Signalbox</title>");
    for words in [
        "Nothing needs you",
        "every source answered within the last 30 s",
        "22 / 22 services up 4 s ago",
        "44 / 44 tasks running 4 s ago",
        "0 / 66 alarms on 11 s ago",
        "5 / 5 NATS nodes 2 s ago",
        "44 NATS connections, none with TLS 2 s ago",
        "1 off on purpose",
        "Demo: this fleet is simulated",
        "as of 09:41:03 UTC",
        "production · us-east-1",
        "Counted out of the services that want at least one task",
        "Nodes: servers that answered",
        "ECS production 4 s ago 7 calls a sweep",
        "Signalbox 0.1.0",
    ] {
        page.says(words);
    }
    page.has("datetime=\"2026-05-02T09:40:59Z\"");
    assert_eq!(page.html.matches("class=\"tile ").count(), 23);
    assert_eq!(page.html.matches("class=\"tile tile-good\"").count(), 22);
    assert!(!page.html.contains("id=\"needs\""), "nothing needs anybody, so there is no list of needs");
}

#[tokio::test]
async fn trouble_is_told_worst_first_with_its_cause_and_the_next_click() {
    let page = page(Scene::Trouble, "/").await;
    page.has("<title>5 things need you · Signalbox</title>");
    let text = page.text();
    let places: Vec<usize> = ["story-teller-nats runs 1 of 2 tasks", "nats-3 does not answer", "knowledge-base-nats has 1 alarm on"]
        .map(|words| text.find(words).unwrap_or_else(|| panic!("{words} is missing:\n{text}")))
        .to_vec();
    assert!(places.is_sorted(), "worst first");
    page.says("exit 137, OutOfMemoryError: Container killed due to memory usage.");
    page.says("since 09:27:03 · 14 min");
    page.says("The role lacks cloudwatch:DescribeAlarms: add it to the policy");
    page.says("21 / 22 services up");
    page.has(&format!("href=\"{CLUSTER}/story-teller-nats#stopped\""));
    page.has("href=\"/services?state=down\"");
}

#[tokio::test]
async fn nothing_stale_is_shown_as_well() {
    let page = page(Scene::Stale, "/").await;
    page.says("ECS of production cannot be read; what depends on it is shown grey");
    page.says("1 source does not answer; what depends on that is grey");
    page.says("? / 22 services up ECS of production last answered 3 min ago");
    page.says("0 / 66 alarms on");
    assert_eq!(page.html.matches("class=\"tile tile-unknown\"").count(), 23);
    page.does_not_say("every source answered");
}

#[tokio::test]
async fn before_the_first_sweep_nothing_is_claimed() {
    let page = page(Scene::Empty, "/").await;
    page.says("First look at the fleet under way");
    page.says("? services up ECS of production has not answered yet");
    page.says("No service has been seen yet: the first sweep has not come back.");
    page.does_not_say("Nothing needs you");
}

#[tokio::test]
async fn a_large_fleet_is_counted_by_group_and_only_what_is_not_well_is_spelled_out() {
    let page = page(Scene::Many, "/").await;
    page.says("1185 / 1199 services up");
    page.says("billing 4 down 291 up");
    let tiles = page.html.matches("class=\"tile ").count();
    assert!(tiles < 30, "{tiles} tiles");
}

#[tokio::test]
async fn a_service_says_how_it_stands_why_and_what_is_kept() {
    let page = page(Scene::Trouble, &format!("{CLUSTER}/story-teller-nats")).await;
    page.has("<title>story-teller-nats is down · Signalbox</title>");
    for words in [
        "story-teller-nats is down: runs 1 of 2 tasks",
        "Last stop 35 s ago : exit 137, OutOfMemoryError: Container killed due to memory usage",
        "wants 2, runs 1, 1 starting, 0 unhealthy",
        "256 CPU units, 512 MiB",
        "CMD-SHELL curl -f http://localhost:8080/health || exit 1",
        "every 30 s, 5 s each, unhealthy after 3 failures, not counted in the first 60 s",
        "arn:aws:ecs:us-east-1:111122223333:service/gaming-system-cluster/story-teller-nats",
        "FARGATE",
        "nats-1 #31 TLS 1.3",
        "exit 137 (killed), OutOfMemoryError",
        "exit 143 (asked to stop), Scaling activity initiated by",
        "newest 3 of 41 on record",
        "Here every stop is kept for ever.",
        "ran 4 min",
        "story-teller-nats:19 PRIMARY in progress",
        "is down: runs 1 of 2 tasks",
    ] {
        page.says(words);
    }
    for id in ["tasks", "stopped", "deployments", "alarms", "record"] {
        page.has(&format!("id=\"{id}\""));
    }
}

#[tokio::test]
async fn an_alarm_that_tells_nobody_says_so() {
    let page = page(Scene::Trouble, &format!("{CLUSTER}/knowledge-base-nats")).await;
    page.says("knowledge-base-nats-memory ALARM acknowledge Threshold Crossed");
    page.says("notifies nobody");
    page.says("1 of 2 on");
}

#[tokio::test]
async fn a_service_off_on_purpose_says_whose_wish_it_is() {
    let page = page(Scene::Calm, &format!("{CLUSTER}/language-system-nats")).await;
    page.says("language-system-nats is off on purpose");
    page.says("circular imports; enabling it will thrash");
    page.says("It wants no task and runs none.");
    page.says("No alarm watches it: nobody is told when it breaks.");
}

#[tokio::test]
async fn a_service_that_is_gone_says_what_is_kept() {
    let page = page(Scene::Many, &format!("{CLUSTER}/service-0001")).await;
    page.says("service-0001 is no longer in the cluster");
    page.says("Its record and its stopped tasks are kept here");
}

#[tokio::test]
async fn stale_parts_of_a_service_say_why() {
    let stale = page(Scene::Stale, &format!("{CLUSTER}/auth-nats")).await;
    stale.says("auth-nats is unknown: ECS of production last answered 3 min ago: connection refused");
    stale.says("Not current: ECS of production last answered 3 min ago");
    let hostile = page(Scene::Hostile, &format!("{CLUSTER}/auth-nats")).await;
    hostile.says("Not current: NATS of main last answered 3 min ago: <b>refused</b>");
}

#[tokio::test]
async fn sources_tell_health_remedy_rate_and_cost() {
    let page = page(Scene::Trouble, "/sources").await;
    for words in [
        "1 of 6 sources not answering fully",
        "CloudWatch alarms of production",
        "partial: without composite alarms",
        "What to do: The role lacks cloudwatch:DescribeAlarms",
        "15 s, current for 45 s",
        "4 of 611 sweeps, the last 4 in a row",
        "closed: asking normally",
        "slowed to 1.4 of 2.7/s",
        "agrees with ours within a second",
        "answers again; nothing was seen for 9 s",
        "1,204 messages, of which 1,200 told of a service here",
    ] {
        page.says(words);
    }
    page.has("id=\"alarms:production\"");
    let stale = crate::ask::page(Scene::Stale, "/sources").await;
    stale.says("open: not asking until the pause is over");
    stale.says("Nothing answers at that address: check endpoint, network route, security group and TLS settings.");
}
