//! Rollouts: the list, one of them, a plan and a way back; all of it without JavaScript.

use domain::account::Role;

use crate::ask::{function, function_as, page, page_as};
use crate::fake::Scene;

const AUTH: &str = "production%2Fgaming-system-cluster%2Fauth-nats";
const COMMAND: &str = "CMD-SHELL+curl+-f+localhost%3A8080%2Fhealth";

fn plan(more: &str) -> String {
    format!("/rollouts/new?service={AUTH}&command={COMMAND}&reason=because&draft=1{more}")
}

fn back(more: &str) -> String {
    let revision = "arn%3Aaws%3Aecs%3Aus-east-1%3A111122223333%3Atask-definition%2Fauth-nats%3A17";
    format!("/rollouts/new?kind=put_back&service={AUTH}&revision={revision}{more}")
}

#[tokio::test]
async fn the_list_shows_what_is_under_way_and_what_holds_for_all() {
    let page = page(Scene::Trouble, "/rollouts").await;
    assert_eq!(page.status, 200);
    page.says("Health check for 4 services running");
    page.says("1 of 4 verified");
    page.says("release day");
    page.says("auth-nats its check fails");
    for form in ["stop_everything", "freeze", "lift", "release"] {
        page.has(&format!("action=\"/api/{form}\" method=\"post\""));
    }
    page.has("href=\"/rollouts/4\"");
    page.has("href=\"/rollouts?only=planned\"");
    let narrowed = crate::ask::page(Scene::Trouble, "/rollouts?only=planned&colour=red").await;
    narrowed.does_not_say("1 of 4 verified");
    narrowed.says("colour=red");
}

#[tokio::test]
async fn a_stop_is_loud_and_has_the_form_that_lifts_it() {
    let page = page(Scene::Stale, "/rollouts").await;
    page.has("<title>Rollouts: everything is stopped · Signalbox</title>");
    page.says("Everything is stopped");
    page.says("Cleo 60 s ago : nobody knows what runs");
    page.has("name=\"bar\" value=\"9\"");
    assert!(!page.html.contains("/api/stop_everything"), "it is stopped already");
    crate::ask::page(Scene::Stale, "/").await.says("Every rollout is stopped by Cleo");
}

#[tokio::test]
async fn the_overview_says_what_is_under_way() {
    page(Scene::Trouble, "/").await.has("href=\"/rollouts/4\"");
    page(Scene::Calm, "/").await.does_not_say("Under way");
}

#[tokio::test]
async fn a_rollout_shows_the_line_the_evidence_and_what_may_be_done() {
    let page = page(Scene::Trouble, "/rollouts/4").await;
    assert_eq!(page.status, 200);
    page.says("running: step 2, baking");
    page.says("1 verified · 1 proving itself · 2 wait · 1 off on purpose. One service at a time; failure budget 0.");
    page.has("aria-current=\"step\"");
    page.has("role=\"progressbar\"");
    page.says("2 of 2 tasks run our revision");
    page.says("Still needed: one connection is not back");
    page.says("+ \"healthCheck\": {");
    page.says("circuit breaker armed at");
    page.says("Its deployment settings");
    page.says("on, takes back at 3 failures; every one counts");
    page.does_not_say("this hands them back");
    page.says("RegisterTaskDefinition");
    page.says("it is off on purpose, marked do not touch: circular imports");
    page.says("everything is in place; its bake begins");
    page.has("name=\"command\" value=\"pause\"");
    page.has("aria-describedby=\"why-resume\"");
    page.says("It is running.");
    let first = crate::ask::page(Scene::Trouble, "/rollouts/4?step=1").await;
    first.says("it runs ai-integration-nats:19 and has proven itself");
}

#[tokio::test]
async fn a_plan_is_read_whole_before_it_is_started() {
    let page = page(Scene::Trouble, "/rollouts/3").await;
    page.says("Read the plan; then start it.");
    page.has("name=\"command\" value=\"start\"");
    assert_eq!(page.html.matches("class=\"plan-step\"").count(), 4);
    page.says("Floor 2 ×");
    let none = crate::ask::page(Scene::Trouble, "/rollouts/77").await;
    assert_eq!(none.status, 404);
    none.says("There is no rollout 77 here.");
}

#[tokio::test]
async fn a_viewer_sees_all_of_it_and_may_nothing() {
    for path in ["/rollouts", "/rollouts/3", "/rollouts/4", &plan(""), &back("")] {
        let page = page_as(Some(Role::Viewer), Scene::Trouble, path).await;
        assert_eq!(page.status, 200, "{path}");
        page.says("That needs the role operator; Ann is viewer.");
        page.has("disabled");
        page.has("aria-describedby=\"may-not\"");
        assert!(!page.html.contains("action=\"/api/steer\"") && !page.html.contains("plan_keep"), "{path}");
    }
}

#[tokio::test]
async fn a_restored_store_asks_for_somebody_who_has_looked() {
    let page = crate::ask::page(Scene::Trouble, "/rollouts/5").await;
    page.has("action=\"/api/reviewed\" method=\"post\"");
    page.says("Nothing is done in it now: The store was restored from a backup.");
    page.says("Look at each service, then say that you have.");
    assert!(!page.html.contains("action=\"/api/steer\""), "no command is taken before somebody has looked");
    assert!(!crate::ask::page(Scene::Trouble, "/rollouts/4").await.html.contains("/api/reviewed"));
}

#[tokio::test]
async fn a_form_offers_the_fleet_and_forgets_nothing() {
    let page = page(Scene::Calm, &format!("/rollouts/new?service={AUTH}&q=quest&bake=12&command={COMMAND}")).await;
    page.has("value=\"production/gaming-system-cluster/auth-nats\" checked");
    page.has("value=\"production/gaming-system-cluster/quest-system-nats\"");
    assert!(!page.html.contains("value=\"production/gaming-system-cluster/payment-nats\""), "narrowed");
    page.has("value=\"CMD-SHELL curl -f localhost:8080/health\"");
    page.has("name=\"bake\" value=\"12\"");
    page.says("A failing check is seen 0 + 3 × (30 + 5) = 105 s after the youngest task started");
    page.does_not_say("The plan:");
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field() {
    let page = page(Scene::Calm, &format!("/rollouts/new?service={AUTH}&command=true&interval=soon&draft=1")).await;
    page.says("3 things to put right before there is a plan");
    page.has("aria-describedby=\"problem-interval hint-interval\"");
    page.has("value=\"soon\"");
    page.says("Say why: it is kept with everything the rollout does.");
}

#[tokio::test]
async fn a_plan_that_can_be_made_is_shown_and_kept_by_one_button() {
    let page = page(Scene::Calm, &plan("")).await;
    page.says("The plan: Health check for auth-nats");
    page.says("+ \"healthCheck\": {");
    page.says("minimumHealthyPercent 100 % 100 % 100 %");
    page.has("action=\"/api/plan_keep\" method=\"post\"");
    page.has("name=\"request\" value=\"0190c5a0-0000-7000-8000-000000000000\"");
    page.says("Use 90 s");
    page.has("id=\"foretold\"");
    page.says("What it does to the fleet's readiness");
    page.says("Before gates it would be 79 instead of 78.");
    page.has("start_period=90");
}

#[tokio::test]
async fn a_service_is_put_back_in_two_clicks() {
    let service = page(Scene::Calm, "/services/production/gaming-system-cluster/auth-nats").await;
    service.has(&format!("href=\"/rollouts/new?service={AUTH}\""));
    let page = page(Scene::Calm, &back("")).await;
    page.says("Put auth-nats back to auth-nats:17");
    page.has("action=\"/api/put_back\" method=\"post\"");
    page.has("name=\"request\" value=\"0190c5a0-0000-7000-8000-000000000000\"");
    page.has("value=\"put back from auth-nats:18\"");
    page.says("Put it back now");
    let same = crate::ask::page(Scene::Calm, &back("").replace("%3A17", "%3A18")).await;
    same.says("It cannot be put back like this");
    same.says("it runs auth-nats:18 already");
}

#[tokio::test]
async fn a_deployment_in_the_timeline_leads_to_the_way_back() {
    let page = page(Scene::Calm, "/timeline").await;
    page.says("deployment to world-state-nats:18 from world-state-nats:17 began");
    page.says("Put back to world-state-nats:17");
    page.has("href=\"/rollouts/new?kind=put_back");
}

#[tokio::test]
async fn forms_are_answered_by_the_page_that_shows_what_came_of_them() {
    let query =
        format!("service={AUTH}&command=CMD-SHELL%20true&reason=because").replace('%', "%25").replace('&', "%26").replace('=', "%3D");
    let back = back("").split_once('?').map(|(_, query)| query.replace('%', "%25").replace('&', "%26").replace('=', "%3D")).unwrap();
    for (endpoint, body, to, refused) in [
        ("plan_keep", format!("plan={query}"), "/rollouts/3", false),
        ("plan_keep", format!("plan={query}&request=0190c5a0-0000-7000-8000-000000000000"), "/rollouts/3", false),
        ("plan_keep", "plan=reason%3Dr".to_owned(), "/rollouts/new?reason=r#refused", true),
        ("put_back", format!("plan={back}&reason=worse"), "/rollouts/3", false),
        ("steer", "rollout=4&command=pause&reason=lunch".to_owned(), "/rollouts/4#act", false),
        ("steer", "rollout=4&command=skip&step=2&reason=later".to_owned(), "/rollouts/4?step=3#act", false),
        ("steer", "rollout=4&command=pause&reason=+".to_owned(), "/rollouts/4#act", true),
        ("steer", "rollout=4&command=dance&reason=x".to_owned(), "/rollouts/4#act", true),
        ("reviewed", "rollout=5&reason=looked".to_owned(), "/rollouts/5#act", false),
        ("stop_everything", "reason=incident".to_owned(), "/rollouts#stop", false),
        ("stop_everything", "reason=".to_owned(), "/rollouts#stop", true),
        ("freeze", "reason=r&from=2026-05-02T22:00&until=2026-05-03T04:00".to_owned(), "/rollouts#freezes", false),
        ("freeze", "reason=r&from=tonight&until=2026-05-03T04:00".to_owned(), "/rollouts#freezes", true),
        ("lift", "bar=9&reason=over".to_owned(), "/rollouts#stop", false),
        ("lift", "bar=1&reason=over".to_owned(), "/rollouts#stop", true),
        ("release", "cause=2&reason=mended".to_owned(), "/rollouts#causes", false),
    ] {
        let answer = function(Scene::Calm, endpoint, &body).await;
        assert_eq!((answer.status.as_u16(), answer.location.as_str()), (303, to), "{endpoint} {body}: {}", answer.html);
        assert_eq!(answer.cookie.starts_with("signalbox-refused="), refused, "{endpoint} {body}: {}", answer.cookie);
        let viewer = function_as(Some(Role::Viewer), Scene::Calm, endpoint, &body).await;
        assert_eq!(viewer.status, 403, "{endpoint}");
    }
}
