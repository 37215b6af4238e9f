//! The list of services: the URL is the whole of its state, and everything works without JavaScript.

use crate::ask::page;
use crate::fake::Scene;

#[tokio::test]
async fn the_list_shows_standings_and_sorts_worst_first() {
    let page = page(Scene::Trouble, "/services").await;
    page.has("<title>23 services · Signalbox</title>");
    page.says("all 23 1 down 1 marked but running 21 up");
    let text = page.text();
    assert!(text.find("story-teller-nats runs 1 of 2 tasks").unwrap() < text.find("ai-integration-nats").unwrap());
    page.has("aria-sort=\"ascending\"");
    page.has("<form action=\"/services\" method=\"get\" role=\"search\" class=\"filter\">");
}

#[tokio::test]
async fn a_url_is_a_saved_view() {
    let page = page(Scene::Trouble, "/services?q=ATS&group=game&state=up&sort=name&reverse=true").await;
    page.says("6 of 23 services");
    page.has("value=\"ATS\"");
    page.has("<option value=\"game\" selected>game");
    page.has("name=\"state\" value=\"up\"");
    page.has("name=\"reverse\" value=\"true\"");
    page.has("aria-sort=\"descending\"");
    // a heading keeps the filter and turns its own order round
    page.has("href=\"/services?q=ATS&amp;state=up&amp;group=game&amp;sort=name\"");
}

#[tokio::test]
async fn what_is_not_understood_is_named() {
    let page = page(Scene::Calm, "/services?state=sideways&colour=red").await;
    page.says("Ignored, because it is no filter of this list: state=sideways colour=red");
    page.says("23 services");
}

#[tokio::test]
async fn an_empty_list_says_what_to_do() {
    let filtered = page(Scene::Calm, "/services?q=zzz").await;
    filtered.says("None of the 23 services matches this filter. Clear the filter");
    let unswept = page(Scene::Empty, "/services").await;
    unswept.says("No service has been seen yet. Sources tells whether the first sweep has come back.");
}

#[tokio::test]
async fn a_long_list_has_pages() {
    let page = page(Scene::Many, "/services?page=3&per=100").await;
    page.says("page 3 of 12");
    page.has("href=\"/services?page=2&amp;per=100\"");
    page.has("href=\"/services?page=4&amp;per=100\"");
    assert_eq!(page.html.matches("class=\"c-name\"").count(), 100);
}

#[tokio::test]
async fn a_stale_list_says_why() {
    let page = page(Scene::Stale, "/services").await;
    page.says("Not current: ECS of production last answered 3 min ago: connection refused");
    page.says("23 unknown");
}
