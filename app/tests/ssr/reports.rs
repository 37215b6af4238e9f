//! Reports: a look before, one made, those that were made, and how one is checked.

use domain::account::Role;

use crate::ask::{function, function_as, page, page_as};
use crate::fake::Scene;

#[tokio::test]
async fn the_shelf_shows_each_report_in_every_format_it_has() {
    let page = page(Scene::Trouble, "/reports").await;
    assert_eq!(page.status, 200);
    page.has("<title>Reports · Signalbox</title>");
    page.says("2 reports");
    page.says("production, 23 services, without names");
    page.says("69 to 78");
    page.says("target A, confidence 91 %");
    page.has("href=\"/api/v1/reports/0190c5a0-0000-7000-8000-00000000000b/files/html\"");
    page.has("aria-label=\"JSON of report 0190c5a0-0000-7000-8000-00000000000a, 49 KB\"");
    page.says("There is no PDF: no Chromium was found on this machine's PATH.");
    page.says("The PDF is being printed; it appears here by itself.");
    page.has("id=\"report-0190c5a0-0000-7000-8000-00000000000a\"");
    page.says("One is made by itself every 1day and written to /var/lib/signalbox/reports");
    page.says("no space left on device. It is tried again.");
    crate::ask::page(Scene::Empty, "/reports").await.says("No report was made yet.");
    crate::ask::page(Scene::Calm, "/reports").await.does_not_say("One is made by itself");
}

#[tokio::test]
async fn whoever_checks_one_finds_the_key_and_the_command() {
    let page = page(Scene::Calm, "/reports").await;
    page.has("href=\"/.well-known/signalbox-report-key\"");
    page.says("signalbox report verify FILE --key Nk0Xq1x0b9r7yYB1lXk1vXo2pGfWgk1mJ5pJb0m9Z1s=");
}

#[tokio::test]
async fn a_look_before_keeps_what_was_typed() {
    let page = page(Scene::Calm, "/reports?period=30d&environment=production&redact=1&preview=1").await;
    assert_eq!(page.status, 200);
    page.says("Readiness of production, 2 May 2026");
    page.says("Held down by gates");
    page.says("Nothing is kept of it.");
    page.has("value=\"30d\" checked");
    page.has("<option value=\"production\" selected>");
    page.has("name=\"redact\" value=\"1\" checked");
}

#[tokio::test]
async fn what_cannot_be_made_is_said_and_the_shelf_stands() {
    for (query, said) in [
        ("period=between&from=soon&to=2026-05-02T09:00", "from: Say it in UTC, as 2026-05-02T22:00"),
        ("environment=nowhere", "There is no environment \"nowhere\"."),
    ] {
        let page = page(Scene::Calm, &format!("/reports?preview=1&{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        page.says("No report can be made of this");
        page.says(said);
        page.says("2 reports");
    }
    let strange = page(Scene::Calm, "/reports?period=decade").await;
    strange.says("period=decade");
    assert_eq!(page(Scene::Broken, "/reports").await.status, 500);
}

#[tokio::test]
async fn one_is_made_by_a_form_and_a_refusal_loses_nothing() {
    for (body, to, refused) in [
        ("period=last&from=&to=&environment=", "/reports#report-0190c5a0-0000-7000-8000-00000000000b", false),
        ("period=7d&redact=1&environment=nowhere", "/reports?period=7d&environment=nowhere&redact=1#refused", true),
        (
            "period=between&from=2026-05-02T10:00&to=2026-05-01T10:00",
            "/reports?period=between&from=2026-05-02T10%3A00&to=2026-05-01T10%3A00#refused",
            true,
        ),
        ("period=decade", "/reports#refused", true),
    ] {
        let answer = function(Scene::Calm, "report_make", body).await;
        assert_eq!((answer.status.as_u16(), answer.location.as_str()), (303, to), "{body}: {}", answer.html);
        assert_eq!(answer.cookie.starts_with("signalbox-refused="), refused, "{body}: {}", answer.cookie);
        assert!(!refused || answer.cookie.contains("; Path=/reports;"), "{}", answer.cookie);
        assert_eq!(function_as(Some(Role::Viewer), Scene::Calm, "report_make", body).await.status, 403, "{body}");
    }
}

#[tokio::test]
async fn a_viewer_reads_and_makes_none() {
    let page = page_as(Some(Role::Viewer), Scene::Calm, "/reports?preview=1").await;
    assert_eq!(page.status, 200);
    page.says("That needs the role operator; Ann is viewer.");
    page.says("Readiness of production");
    page.has("formaction=\"/api/report_make\" formmethod=\"post\" disabled");
}
