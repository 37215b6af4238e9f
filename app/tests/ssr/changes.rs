//! What changed of readiness, and the ways between the pages of that section; all of it without JavaScript.

use domain::account::Role;

use crate::ask::{page, page_as};
use crate::fake::Scene;

const AUTH: &str = "/readiness/production/gaming-system-cluster/auth-nats";

#[tokio::test]
async fn what_changed_is_told_with_was_and_is_and_why() {
    let page = page(Scene::Calm, "/readiness/changes").await;
    assert_eq!(page.status, 200);
    page.has("<title>What changed in readiness · Signalbox</title>");
    for words in [
        "What changed 3 answers changed since",
        "The score of the fleet",
        "score 69",
        "at most 78",
        "confidence 86 %",
        "The score was 62 to 71 and is 69 to 78.",
        "all 3 1 worse 1 better 1 neither",
        "H1 Every essential container has a health check",
        "auth-nats: its container main has no health check",
        "runbook A runbook says what to do",
        "not asked",
        "10,200 requests a second",
        "2 scores as numbers",
    ] {
        page.says(words);
    }
    page.has("<svg class=\"plot\"");
    page.has("href=\"/readiness/production/gaming-system-cluster/auth-nats#check-H1\"");
    page.has("href=\"/api/v1/readiness/changes.csv\"");
    page.has("href=\"/api/v1/readiness/trend.csv\"");
    page.has("href=\"/readiness/changes?period=30d\"");
    page.has("datetime=\"2026-05-02T08:41:03Z\"");
}

#[tokio::test]
async fn the_list_is_filtered_by_its_url_and_what_is_no_filter_is_named() {
    let worse = page(Scene::Calm, "/readiness/changes?period=90d&direction=worse&q=AUTH&colour=red").await;
    worse.says("1 of 3");
    worse.says("Ignored, because it is no filter of this list: colour=red");
    worse.does_not_say("runbook A runbook says what to do auth-nats");
    worse.has("name=\"direction\" value=\"worse\"");
    worse.has("name=\"period\" value=\"90d\"");
    worse.has("value=\"AUTH\"");
    worse.has("href=\"/api/v1/readiness/changes.csv?period=90d&amp;q=AUTH&amp;direction=worse\"");
    let since = page(Scene::Calm, "/readiness/changes?since=2026-05-01T00:00&check=H1").await;
    since.says("1 answer changed since");
    since.has("value=\"2026-05-01T00:00:00\"");
    since.has("<option value=\"H1\" selected>");
    since.says("since 2026-05-01T00:00:00Z ×");
    let none = page(Scene::Calm, "/readiness/changes?q=zzz&check=Z9").await;
    none.says("Nothing that changed matches this filter.");
    none.says("Ignored, because it is no filter of this list: check=Z9");
    let many = page(Scene::Many, "/readiness/changes?page=2").await;
    many.says("page 2 of");
    many.has("rel=\"next\"");
}

#[tokio::test]
async fn what_nobody_can_look_back_to_is_said() {
    let ahead = page(Scene::Calm, "/readiness/changes?since=2030-01-01").await;
    assert_eq!(ahead.status, 200);
    ahead.says("2030-01-01T00:00:00Z lies ahead of now. The last 7 days are shown instead.");
    ahead.says("3 answers changed");
    let young = page(Scene::Stale, "/readiness/changes").await;
    young.says("Recording began at 2026-05-02T08:41:03Z. Nothing is known from before");
    young.says("Nothing changed since recording began");
    young.says("The score was 62 to 71 and is none, for want of evidence.");
    let first = page(Scene::Empty, "/readiness/changes").await;
    first.says("Nothing is on record yet");
    assert!(!first.html.contains("<svg class=\"plot\""));
    assert_eq!(page(Scene::Broken, "/readiness/changes").await.status, 500);
}

#[tokio::test]
async fn each_way_a_check_moves_has_its_words() {
    let page = page(Scene::Trouble, "/readiness/changes").await;
    page.says("Waiver 7, asked for by Ben: it is replaced next week");
    page.says("1 became unknown");
    page.says("never collected");
    page.says("What it was asked of is gone.");
    page.says("In between stands another score card: the two are not the same measure.");
    page.says("another score card");
}

#[tokio::test]
async fn the_last_month_stands_on_the_fleet_s_page_and_a_service_s() {
    for (path, more) in [
        ("/readiness", "/readiness/changes?period=30d"),
        (AUTH, "/readiness/changes?period=30d&amp;environment=production&amp;cluster=gaming-system-cluster&amp;service=auth-nats"),
    ] {
        let page = page(Scene::Calm, path).await;
        page.says("The last 30 days score");
        page.has("<svg class=\"plot\"");
        page.has(&format!("href=\"{more}\""));
    }
    page(Scene::Empty, "/readiness").await.says("Nothing is on record yet: the first score is recorded a minute after the start");
}

#[tokio::test]
async fn a_check_that_does_not_hold_leads_to_what_people_can_do() {
    let auth = page(Scene::Calm, AUTH).await;
    auth.has("href=\"/readiness/waivers?check=H1&amp;environment=production&amp;cluster=gaming-system-cluster&amp;service=auth-nats\"");
    auth.has("aria-label=\"Accept the risk for a while: H1\"");
    auth.does_not_say("Say it with evidence");
    let other = page(Scene::Calm, "/readiness/production/gaming-system-cluster/quest-system-nats").await;
    other.has("href=\"/readiness/attest?check=runbook&amp;environment=production&amp;cluster=gaming-system-cluster&amp;service=quest-system-nats\"");
    other.says("Say it with evidence");
    // the forms say who may
    let viewer = page_as(Some(Role::Viewer), Scene::Calm, AUTH).await;
    viewer.says("Accept the risk for a while");
    let fleet = page(Scene::Trouble, "/readiness").await;
    fleet.says("1 waiver ends within 14 days");
    page(Scene::Calm, "/readiness").await.does_not_say("within 14 days");
}

#[tokio::test]
async fn the_pages_of_the_section_lead_to_each_other() {
    let ways = ["/readiness", "/readiness/changes", "/readiness/attest", "/readiness/waivers", "/readiness/checklists", "/reports"];
    for path in ways.into_iter().chain([AUTH]) {
        let page = page(Scene::Calm, path).await;
        let (_, rest) = page.html.split_once("aria-label=\"Readiness section\"").unwrap_or_else(|| panic!("{path} has no such ways"));
        let (nav, _) = rest.split_once("</nav>").expect("it ends");
        for way in ways {
            let current = if way == path { " aria-current=\"page\"" } else { "" };
            assert!(nav.contains(&format!("<a href=\"{way}\"{current}>")), "{path}: {way} in {nav}");
        }
    }
}
