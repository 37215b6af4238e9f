//! Alarms: the list, one alarm, what is watched, what is missing; all of it without JavaScript.

use domain::account::Role;

use crate::ask::{page, page_as};
use crate::fake::Scene;

#[tokio::test]
async fn the_list_says_who_is_told_and_who_knows() {
    let page = page(Scene::Trouble, "/alarms").await;
    page.says("1 of 4 alarms on");
    page.says("knowledge-base-nats-memory ALARM");
    page.says("Acknowledged by Ann: load test until 11 since");
    page.says("flapping: 5 changes within an hour");
    page.has("href=\"https://wiki.example/quest\"");
    page.says("notifies nobody");
    page.has("href=\"/alarms/production/knowledge-base-nats-memory#acknowledge\"");
    page.has("href=\"/alarms?state=insufficient_data\"");
    page.has("action=\"/alarms\" method=\"get\"");
}

#[tokio::test]
async fn a_filter_stands_in_the_url_and_what_is_none_is_named() {
    let page = page(Scene::Trouble, "/alarms?state=ok&colour=red&sort=name").await;
    page.says("Ignored, because it is no filter of this list: colour=red");
    page.has("name=\"state\" value=\"ok\"");
    page.says("auth-nats-cpu OK");
}

#[tokio::test]
async fn an_alarm_that_is_on_has_a_form_and_one_that_is_known_another() {
    let on = page(Scene::Trouble, "/alarms/production/knowledge-base-nats-memory").await;
    on.has("action=\"/api/acknowledge\" method=\"post\"");
    on.has("name=\"name\" value=\"knowledge-base-nats-memory\"");
    on.has("name=\"reason\"");
    let known = page(Scene::Trouble, "/alarms/production/quest-system-nats-cpu").await;
    known.has("action=\"/api/withdraw\" method=\"post\"");
    let off = page(Scene::Trouble, "/alarms/production/auth-nats-cpu").await;
    off.says("It does not call for anybody now.");
    for page in [&on, &known] {
        assert!(!page.html.contains("name=\"by\""), "who acts is who is signed in, and nothing that is typed");
    }
}

#[tokio::test]
async fn who_may_not_acknowledge_is_told_who_may() {
    let page = page_as(Some(Role::Viewer), Scene::Trouble, "/alarms/production/knowledge-base-nats-memory").await;
    page.says("That needs the role operator; Ann is viewer.");
    assert!(!page.html.contains("action=\"/api/acknowledge\""), "{}", page.html);
}

#[tokio::test]
async fn the_table_shows_each_column_with_its_rule() {
    let page = page(Scene::Calm, "/alarms/coverage").await;
    page.says("22 of 23 services not fully watched");
    page.says("an alarm on MemoryUtilization of the service");
    page.says("not needed");
    page.has("data-label=\"Memory\"");
    page.has("href=\"/alarms/missing?environment=production&amp;cluster=gaming-system-cluster&amp;service=auth-nats\"");
}

#[tokio::test]
async fn the_missing_alarms_are_text_to_copy_and_to_save() {
    let page = page(Scene::Calm, "/alarms/missing?service=auth-nats&form=terraform").await;
    page.says("1 alarm missing for auth-nats");
    page.says("resource \"aws_cloudwatch_metric_alarm\"");
    page.has("href=\"/api/v1/alarms/missing?service=auth-nats&amp;form=terraform\"");
}

#[tokio::test]
async fn hostile_names_stay_text() {
    let page = page(Scene::Hostile, "/alarms").await;
    assert!(!page.html.contains("<script>alert") && !page.html.contains("<img src=x"), "{}", page.html);
    page.has("&lt;script&gt;alert(1)&lt;/script&gt;");
}
