//! Readiness: the fleet, one service, and what other pages say of it; all of it without JavaScript.

use crate::ask::{CLUSTER, page};
use crate::fake::Scene;

const AUTH: &str = "/readiness/production/gaming-system-cluster/auth-nats";

#[tokio::test]
async fn the_score_stands_with_its_range_and_what_holds_it_down() {
    let page = page(Scene::Calm, "/readiness").await;
    assert_eq!(page.status, 200);
    page.has("<title>Readiness 69, D · Signalbox</title>");
    for words in [
        "Readiness 69, D",
        "by the card the gallery's, version 1 of the formula",
        "Score 69 Grade D Confidence 86 % medium Without waivers 69 Before gates 78 Target reached A",
        "capped at 69 by H1 on 8 services",
        "ai-integration-nats , auth-nats , environmental-narrative-nats and 5 more",
        "capped at 79 by T1, not known of 3 services",
        "Plan health checks for the 8 services that lack one",
        "With that alone the fleet's score would become 79 to 100 instead of 69.",
        "reached: all 44 answers hold",
        "not reached: 77 of 88 answers hold; about 7 h of work is left",
        "What is missing: 2 checks, about 7 h",
        "Risk accepted. Low: the load was not tried.",
        "What would raise the score most per hour of work",
        "Nobody has attested it.",
        "It has not been looked at yet.",
        "Asked of the environment as a whole",
        "10,200 requests a second",
    ] {
        page.says(words);
    }
    page.has("href=\"/readiness?state=fail&amp;check=H1#services\"");
    page.has("href=\"/rollouts/new?service=production%2Fgaming-system-cluster%2Fai-integration-nats&amp;service=");
    page.has("href=\"/api/v1/readiness.csv\"");
    page.has(&format!("href=\"{AUTH}\""));
}

#[tokio::test]
async fn the_list_is_filtered_by_its_url_and_what_is_no_filter_is_named() {
    let failing = page(Scene::Calm, "/readiness?check=H1&state=fail&sort=name").await;
    failing.says("8 of 23 services");
    failing.says("only where H1 fails ×");
    failing.has("name=\"check\" value=\"H1\"");
    failing.has("href=\"/api/v1/readiness.csv?state=fail&amp;check=H1&amp;sort=name\"");
    let none = page(Scene::Calm, "/readiness?q=zzz&colour=red&check=Z9").await;
    none.says("None matches this filter.");
    none.says("Ignored, because it is no filter of this list: colour=red check=Z9");
    let many = page(Scene::Many, "/readiness?page=2").await;
    many.says("page 2 of");
    many.has("rel=\"next\"");
}

#[tokio::test]
async fn each_check_of_a_service_is_answered() {
    let page = page(Scene::Calm, AUTH).await;
    assert_eq!(page.status, 200);
    page.has("<title>auth-nats: Readiness 69, D · Signalbox</title>");
    for words in [
        "capped at 69 by H1",
        "fails H1 Every essential container has a health check auth-nats: its container main has no health check",
        "Plan a health check for it",
        "With that alone the fleet's score would stay 69. Before gates it would be 79 instead of 78.",
        "Why it matters Why H1 matters.",
        "What to do What to do about H1.",
        "critical; it holds the score at 69",
        "Seen by ecs:production DescribeServices",
        "not applicable H3",
        "passes runbook",
        "1 fail · 4 pass · 1 not applicable",
    ] {
        page.says(words);
    }
    page.has("href=\"/rollouts/new?service=production%2Fgaming-system-cluster%2Fauth-nats\"");
    page.has("id=\"check-H1\"");
    page.has("datetime=\"2026-05-02T09:40:51Z\"");
    page.has(&format!("href=\"{CLUSTER}/auth-nats\""));
    assert_eq!(page.html.matches("<details open").count(), 1, "what holds is a line until it is asked");
}

#[tokio::test]
async fn what_a_rollout_brought_names_it() {
    let page = page(Scene::Calm, "/readiness/production/gaming-system-cluster/model-management-nats").await;
    for words in ["passes H1", "Brought by rollout 2", "Health check for 14 services", "planned by Ann", "started by Ben"] {
        page.says(words);
    }
    page.has("href=\"/rollouts/2\"");
}

#[tokio::test]
async fn a_service_never_seen_is_404_and_a_broken_store_500() {
    let nobody = page(Scene::Calm, "/readiness/production/gaming-system-cluster/nobody").await;
    assert_eq!(nobody.status, 404);
    nobody.says("Service nobody was never seen here.");
    assert_eq!(page(Scene::Broken, "/readiness").await.status, 500);
}

#[tokio::test]
async fn one_gate_holds_the_fleet_and_a_waiver_says_whose_it_is() {
    let fleet = page(Scene::Trouble, "/readiness").await;
    fleet.says("Readiness 20, F");
    fleet.says("capped at 20 by A1 on 1 service");
    fleet.says("capped at 69 by H1 on 7 services");
    fleet.says("the fleet's score would stay 20, where A1 caps it.");
    let waived = page(Scene::Trouble, "/readiness/production/gaming-system-cluster/world-state-nats").await;
    waived.says("Waiver 7, asked for by Ben, approved by Cleo: it is replaced next week (OPS-12).");
    waived.says("Meanwhile: Ann looks twice a day. It ends");
    waived.does_not_say("Plan a health check for it");
}

#[tokio::test]
async fn what_is_too_old_is_no_score() {
    let page = page(Scene::Stale, "/readiness").await;
    page.says("Readiness: insufficient evidence");
    page.says("There is no score: 0 % of the weight rests on evidence that still counts");
    page.says("too old to count");
    page.says("Score – Grade –");
    let service = crate::ask::page(Scene::Stale, AUTH).await;
    service.says("unknown: too old to count");
    service.says("(seen 11 min ago, counted until");
}

#[tokio::test]
async fn before_the_first_sweep_nothing_is_claimed() {
    let empty = page(Scene::Empty, "/readiness").await;
    empty.says("Nothing has been asked yet");
    empty.says("No service has been seen yet.");
    let ways = async |scene| page(scene, "/").await.html.matches("href=\"/readiness\"").count();
    assert_eq!(ways(Scene::Calm).await, ways(Scene::Empty).await + 1, "the ways there, and no figure");
}

#[tokio::test]
async fn other_pages_say_the_same_and_lead_there() {
    let overview = page(Scene::Calm, "/").await;
    overview.says("69 readiness, 24 unknown 0 s ago");
    overview.has("href=\"/readiness\"");
    let service = page(Scene::Calm, &format!("{CLUSTER}/auth-nats")).await;
    service.has("id=\"readiness\"");
    service.says("Held down capped at 69 by H1 Checks 1 fail");
    service.has(&format!("href=\"{AUTH}\""));
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let page = page(Scene::Hostile, "/readiness?q=script").await;
    assert!(!page.html.contains("<script>alert") && !page.html.contains("<img src=x"), "{}", page.html);
    page.has("&lt;script&gt;alert(4)&lt;/script&gt;");
}
