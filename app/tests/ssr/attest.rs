//! Attesting, waiving, importing: without JavaScript, and with nothing typed lost.

use domain::account::Role;

use crate::ask::{function, function_as, page, page_as};
use crate::fake::Scene;

const HELD: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
const AUTH: &str = "environment=production&cluster=gaming-system-cluster&service=auth-nats";

#[tokio::test]
async fn a_check_is_attested_with_what_is_known_of_it_at_hand() {
    let page = page(Scene::Trouble, "/readiness/attest?check=load-test&environment=production").await;
    assert_eq!(page.status, 200);
    page.says("What has never been loaded breaks on the day it is.");
    page.says("It counts for 90 days at most. A summary of k6 (JSON) is held against 10,000 requests/s, a p95 of 200 ms and 1.0 % failed");
    page.says("the environment as a whole: leave service and cluster empty");
    page.has("<option value=\"load-test\" selected>");
    assert!(!page.html.contains("<option value=\"H1\""), "what Signalbox sees itself is nobody's to attest");
    page.has("value=\"2026-07-31T09:41\"");
    page.has("formaction=\"/readiness/attest/file\" formmethod=\"post\" formenctype=\"multipart/form-data\"");
    page.does_not_say("What would be kept Each");
}

#[tokio::test]
async fn what_people_stand_for_is_listed_with_its_end() {
    let page = page(Scene::Trouble, "/readiness/attest").await;
    page.says("ends within 3 days");
    page.says("load-test of production holds in part, 98.0 %");
    page.says("k6: 9,800 requests/s of 10,000 wanted; p95 180 ms of 200");
    page.has("href=\"/api/v1/attestations/7/file\"");
    page.says("taken back");
    page.has("action=\"/api/attestation_withdraw\" method=\"post\"");
    assert_eq!(page.html.matches("/api/attestation_withdraw").count(), 1, "once taken back is enough");
    crate::ask::page(Scene::Calm, "/readiness/attest").await.says("Nobody has attested anything here yet.");
}

#[tokio::test]
async fn a_file_is_read_before_it_is_kept() {
    let typed = "check=load-test&environment=production&note=from+inside&expires=2026-06-01T00%3A00";
    let read = page(Scene::Trouble, &format!("/readiness/attest?{typed}&file={HELD}")).await;
    read.says("holds in part, 98.0 % : k6: 9,800 requests/s of 10,000 wanted; p95 180 ms of 200");
    read.has(&format!("name=\"file\" value=\"{HELD}\""));
    read.has(">from inside</textarea>");
    let draft = page(Scene::Trouble, &format!("/readiness/attest?{typed}&file={HELD}&sent=1")).await;
    draft.says("What would be kept load-test of production holds in part, 98.0 % , until 2026-06-01T00:00 UTC.");
    draft.has("action=\"/api/attest\" method=\"post\"");
    let other = page(Scene::Trouble, &format!("/readiness/attest?{typed}&file={}", "0".repeat(64))).await;
    other.says("This is no summary of k6 that Signalbox knows");
    let unread = page(Scene::Trouble, &format!("/readiness/attest?{typed}&upload=summary.json&sent=1")).await;
    unread.says("The file summary.json was chosen and not read yet");
    assert!(!unread.html.contains("action=\"/api/attest\""), "nothing is kept without it");
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() {
    let page = page(
        Scene::Calm,
        "/readiness/attest?check=load-test&environment=production&percent=most&note=%3C%2Ftextarea%3E%3Cb%3E&link=ftp%3A%2F%2Fx&expires=soon&sent=1",
    )
    .await;
    page.says("to put right before it can be kept");
    page.has("aria-describedby=\"problem-percent hint-percent\"");
    page.has("value=\"most\"");
    page.says("\"most\" is no number: type one from 0 to 100, as 97.5");
    page.has("&lt;/textarea&gt;&lt;b&gt;</textarea>");
    page.has("value=\"ftp://x\"");
    page.says("A link begins with https:// or http://.");
    page.says("\"soon\" is no instant");
}

#[tokio::test]
async fn waivers_stand_in_the_order_in_which_they_need_somebody() {
    let page = page(Scene::Trouble, "/readiness/waivers").await;
    page.says("1 waiver to approve");
    let text = page.text();
    let place = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in {text}"));
    assert!(place("waits for approval") < place("ends within 3 days"), "{text}");
    page.says("The check passes meanwhile: end it.");
    assert_eq!(page.html.matches("The check passes meanwhile").count(), 1);
    page.says("Meanwhile: watched by hand");
    page.says("Tracked: OPS-7");
    // Ann asked for it, and it is critical
    page.has("aria-describedby=\"why-approve-2\"");
    page.says("You asked for it: a waiver of a critical or high check is approved by somebody else.");
    assert_eq!(page.html.matches("action=\"/api/waiver_approve\"").count(), 0);
    page.has("action=\"/api/waiver_end\" method=\"post\"");
    page.says("Over 1 waiver");
}

#[tokio::test]
async fn a_waiver_is_asked_for_with_an_end_or_not_at_all() {
    let asked = format!("/readiness/waivers?check=H1&{AUTH}&reason=because&compensating=nothing");
    let form = page(Scene::Calm, &asked).await;
    form.says("Approved by somebody else than who asks");
    form.has("value=\"2026-06-01T09:41\"");
    form.says("mandatory: 30 days at most");
    let endless = page(Scene::Calm, &format!("{asked}&sent=1")).await;
    endless.says("1 thing to put right before it can be asked for");
    endless.says("A waiver without an end is refused: choose a day within 30 days.");
    endless.has(">because</textarea>");
    let long = page(Scene::Calm, &format!("{asked}&expires=2026-07-01&sent=1")).await;
    long.says("A waiver of a critical check lasts 30 days at most");
    let whole = page(Scene::Calm, &format!("{asked}&expires=2026-05-20T12%3A00&sent=1")).await;
    whole.says("H1 of production/gaming-system-cluster/auth-nats is accepted until 2026-05-20T12:00 UTC, once somebody has approved it.");
    whole.has("action=\"/api/waiver_ask\" method=\"post\"");
    let lost = page(Scene::Calm, "/readiness/waivers?check=H1&environment=production&service=nobody&reason=r&compensating=c&sent=1").await;
    lost.says("The service nobody was never seen there.");
}

#[tokio::test]
async fn an_import_is_looked_at_before_it_is_kept() {
    let page = page(Scene::Trouble, &format!("/readiness/checklists?environment=production&name=Launch&file={HELD}")).await;
    page.says("Launch of production: 1 of 2 items ticked, 1 check, 0 as before");
    page.says("2 characters had been decoded wrongly and were repaired.");
    page.says("Line 3: this may be damaged");
    page.says("New: 2");
    page.says("[x] restore a backup");
    page.has("action=\"/api/checklist_keep\" method=\"post\"");
    page.has("name=\"seen\" value=\"none\"");
    page.says("1 of 2 items ticked; 1 check");
    page.says("ends within a day");
    page.has("href=\"/api/v1/checklists/4/markdown\"");
    page.has("enctype=\"multipart/form-data\"");
    let refused = crate::ask::page(Scene::Trouble, "/readiness/checklists?environment=production&name=Launch&file=x").await;
    assert_eq!(refused.status, 200);
    refused.says("It cannot be imported The file has 10,000 boxes or more.");
    refused.has("value=\"Launch\"");
}

#[tokio::test]
async fn forms_are_answered_by_the_page_that_shows_what_came_of_them() {
    let twice = |query: &str| query.replace('%', "%25").replace('&', "%26").replace('=', "%3D");
    let good = twice("check=load-test&environment=production&percent=97.5&note=seen&expires=2026-06-01T00:00");
    let waiver = twice(&format!("check=H1&{AUTH}&reason=r&compensating=c&expires=2026-05-20T12:00"));
    let list = twice(&format!("environment=production&name=Launch&file={HELD}"));
    for (endpoint, body, to, refused) in [
        ("attest", format!("typed={good}"), "/readiness/attest?environment=production#said", false),
        ("attest", "typed=check%3Dload-test%26percent%3Dx".to_owned(), "/readiness/attest?check=load-test&percent=x&sent=1#refused", true),
        ("attestation_withdraw", "attestation=7&environment=production".to_owned(), "/readiness/attest?environment=production#said", false),
        ("attestation_withdraw", "attestation=6&environment=production".to_owned(), "/readiness/attest?environment=production#said", true),
        ("waiver_ask", format!("typed={waiver}"), "/readiness/waivers#waiver-5", false),
        ("waiver_ask", "typed=check%3DH1%26reason%3Dr".to_owned(), "/readiness/waivers?check=H1&reason=r&sent=1#refused", true),
        ("waiver_approve", "waiver=2".to_owned(), "/readiness/waivers#waiver-2", true),
        ("waiver_end", "waiver=1&reason=mended".to_owned(), "/readiness/waivers#open", false),
        ("waiver_end", "waiver=1&reason=+".to_owned(), "/readiness/waivers#open", true),
        ("checklist_keep", format!("typed={list}&seen=none"), "/readiness/checklists#lists", false),
        ("checklist_confirm", "checklist=4".to_owned(), "/readiness/checklists#lists", false),
        ("checklist_remove", "checklist=9".to_owned(), "/readiness/checklists#lists", true),
    ] {
        let answer = function(Scene::Trouble, endpoint, &body).await;
        assert_eq!((answer.status.as_u16(), answer.location.as_str()), (303, to), "{endpoint} {body}: {}", answer.html);
        assert_eq!(answer.cookie.starts_with("signalbox-refused="), refused, "{endpoint} {body}: {}", answer.cookie);
        let viewer = function_as(Some(Role::Viewer), Scene::Trouble, endpoint, &body).await;
        assert_eq!(viewer.status, 403, "{endpoint}");
    }
}

#[tokio::test]
async fn a_viewer_sees_all_of_it_and_may_nothing() {
    for path in ["/readiness/attest?check=load-test&sent=1", "/readiness/waivers?check=H1&sent=1", "/readiness/checklists?file=x"] {
        let page = page_as(Some(Role::Viewer), Scene::Trouble, path).await;
        assert_eq!(page.status, 200, "{path}");
        page.says("That needs the role operator; Ann is viewer.");
        page.has("aria-describedby=\"may-not\"");
        for form in ["attest\"", "waiver_ask", "waiver_end", "checklist_keep", "checklist_remove"] {
            assert!(!page.html.contains(&format!("action=\"/api/{form}")), "{path}: {form}");
        }
    }
}
