//! Readiness in the JSON API: the fleet, one service, what changed, the services as CSV.

use axum::extract::{Path, RawQuery};
use axum::response::Response;
use domain::Failure;
use domain::port::Observe;
use domain::service::ServiceKey;
use domain::view::{ChangesQuery, ReadinessChanges, ReadinessPage, ReadinessQuery, ReadinessRow, ServiceReadiness};

use super::access::Viewer;
use super::alarms_api::borrowed;
use super::api::{Problem, answered, failed, not_understood, pairs};
use super::csv::Csv;
use super::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/readiness", fleet)
        .get("/readiness.csv", table)
        .get("/readiness/changes", changes)
        .get("/services/{environment}/{cluster}/{service}/readiness", service)
}

/// What was asked, if all of it was understood.
fn query(raw: Option<&str>) -> Result<ReadinessQuery, Failure> {
    let query = ReadinessQuery::from_pairs(borrowed(&pairs(raw.unwrap_or_default())));
    if query.ignored.is_empty() { Ok(query) } else { Err(not_understood(&query.ignored)) }
}

/// Only the card knows which checks there are: a script must not take a list for the one it asked for.
fn whole(page: ReadinessPage) -> Result<ReadinessPage, Failure> {
    if page.asked.ignored.is_empty() { Ok(page) } else { Err(not_understood(&page.asked.ignored)) }
}

/// How ready the fleet is: score, range, confidence, what holds it down, targets, checks, and one page of the services.
#[utoipa::path(get, path = "/api/v1/readiness",
    params(
        ("q" = Option<String>, Query, description = "part of the service's name"),
        ("environment" = Option<String>, Query, description = "only services of this environment"),
        ("state" = Option<String>, Query, description = "only services with a check that is fail (in whole or in part), partial, unknown, waived, pass or not_applicable"),
        ("check" = Option<String>, Query, description = "the check the state is of; without a state: services that do not hold it or of which it is not known"),
        ("letter" = Option<String>, Query, description = "A, B, C, D, F, or none for services without a score"),
        ("sort" = Option<String>, Query, description = "score, name, fails or unknown"),
        ("reverse" = Option<bool>, Query, description = "the other way round"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("per" = Option<u32>, Query, description = "rows on a page, 1 to 200"),
    ),
    responses((status = 200, body = ReadinessPage), (status = 400, body = Problem), (status = 500, body = Problem)))]
pub(super) async fn fleet(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let page = async { whole(viewer.plane.readiness(query(raw.as_deref())?).await?) };
    answered(page.await)
}

/// What was asked of what changed, if all of it was understood.
pub(super) fn changes_query(raw: Option<&str>) -> Result<ChangesQuery, Failure> {
    let query = ChangesQuery::from_pairs(borrowed(&pairs(raw.unwrap_or_default())));
    if query.ignored.is_empty() { Ok(query) } else { Err(not_understood(&query.ignored)) }
}

/// What a page shows otherwise than it was asked for is refused to a script: a check nobody knows, an instant that lies ahead.
pub(super) fn answerable(page: ReadinessChanges) -> Result<ReadinessChanges, Failure> {
    if !page.ignored.is_empty() {
        return Err(not_understood(&page.ignored));
    }
    match &page.problem {
        Some(problem) => Err(Failure::Refused { why: format!("{problem} Name one that is past, in UTC.") }),
        None => Ok(page),
    }
}

/// What changed since an instant, check by check and the newest first, and the score over that time, from one change to the next.
#[utoipa::path(get, path = "/api/v1/readiness/changes",
    params(
        ("period" = Option<String>, Query, description = "24h, 7d, 30d or 90d; 7d unless said otherwise"),
        ("since" = Option<String>, Query, description = "a day or an instant in UTC, instead of a period"),
        ("q" = Option<String>, Query, description = "part of the service's name"),
        ("environment" = Option<String>, Query, description = "only this environment; the score is of what is asked of it as a whole"),
        ("cluster" = Option<String>, Query, description = "only this cluster"),
        ("service" = Option<String>, Query, description = "only this service, by its whole name; with cluster and environment the score is its"),
        ("check" = Option<String>, Query, description = "only this check"),
        ("direction" = Option<String>, Query, description = "worse, unknown (it was known before), better, or other"),
        ("page" = Option<u32>, Query, description = "from 1"),
        ("per" = Option<u32>, Query, description = "rows on a page, 1 to 200"),
    ),
    responses((status = 200, body = ReadinessChanges), (status = 400, body = Problem), (status = 500, body = Problem)))]
pub(super) async fn changes(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let page = async { answerable(viewer.plane.changes(&changes_query(raw.as_deref())?).await?) };
    answered(page.await)
}

/// How ready one service is: each check with what was seen, when, why it matters and what to do.
#[utoipa::path(get, path = "/api/v1/services/{environment}/{cluster}/{service}/readiness",
    params(("environment" = String, Path), ("cluster" = String, Path), ("service" = String, Path)),
    responses((status = 200, body = ServiceReadiness), (status = 404, body = Problem)))]
pub(super) async fn service(viewer: Viewer, Path((environment, cluster, service)): Path<(String, String, String)>) -> Response {
    answered(viewer.plane.service_readiness(ServiceKey { environment, cluster, service }).await)
}

/// Every service that matches with its score, on all pages, as CSV.
#[utoipa::path(get, path = "/api/v1/readiness.csv",
    params(
        ("q" = Option<String>, Query, description = "part of the service's name"),
        ("environment" = Option<String>, Query, description = "only services of this environment"),
        ("state" = Option<String>, Query, description = "only services with a check that is fail (in whole or in part), partial, unknown, waived, pass or not_applicable"),
        ("check" = Option<String>, Query, description = "the check the state is of; without a state: services that do not hold it or of which it is not known"),
        ("letter" = Option<String>, Query, description = "A, B, C, D, F, or none for services without a score"),
        ("sort" = Option<String>, Query, description = "score, name, fails or unknown"),
        ("reverse" = Option<bool>, Query, description = "the other way round"),
    ),
    responses((status = 200, content_type = "text/csv", body = String), (status = 400, body = Problem)))]
pub(super) async fn table(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let page = async { whole(viewer.plane.whole_readiness(query(raw.as_deref())?).await?) };
    page.await.map_or_else(failed, |page| rows(&page).answer("readiness"))
}

/// A cell for what may not be known.
fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn rows(page: &ReadinessPage) -> Csv {
    let mut csv = Csv::new(&[
        "environment",
        "cluster",
        "service",
        "tier",
        "grade",
        "score",
        "at most",
        "without waivers",
        "before gates",
        "confidence in percent",
        "trust",
        "gates",
        "passes",
        "partly",
        "fails",
        "unknown",
        "waived",
        "not applicable",
        "judged at",
    ]);
    for row in &page.rows {
        let ServiceKey { environment, cluster, service } = row.key.clone();
        let scored = &row.scored;
        let numbers = [scored.score.score, scored.score.upper, scored.score.unwaived, scored.score.uncapped].map(known);
        let counts = [row.passes, row.partly, row.fails, row.unknown, row.waived, row.not_applicable].map(|count| count.to_string());
        let name = [environment, cluster, service, known(row.tier.as_ref()), scored.grade.clone()];
        let sure = [scored.percent.to_string(), scored.trust.as_str().to_owned(), gates(row)];
        csv.row(name.into_iter().chain(numbers).chain(sure).chain(counts).chain([page.at.to_string()]));
    }
    csv
}

/// `69 by H1; 79 by T1, not known`
fn gates(row: &ReadinessRow) -> String {
    let said = |gate: &domain::view::GateSaid| format!("{} by {}{}", gate.at, gate.check, if gate.blind { ", not known" } else { "" });
    row.gates.iter().map(said).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::readiness::assess::Asked;
    use domain::readiness::{Answer, Evidence, Found, Promises, Subject, assess};
    use domain::view::ReadinessFacts;

    use super::*;
    use crate::readiness::scorecard;

    #[test]
    fn a_row_says_what_the_page_says() {
        let card = scorecard::load(None).unwrap();
        let now = Timestamp::from_secs(1_777_714_800);
        let key = |service: &str| ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() };
        let asked = ["=auth", "quest"].map(|name| Asked { subject: Subject::Service(key(name)), tier: None });
        let evidence: Vec<Evidence> = card
            .checks
            .iter()
            .map(|check| Evidence {
                check: check.id.clone(),
                subject: Subject::Service(key("=auth")),
                found: Found::seen(Answer::of(check.id != "H1"), "seen", now, std::time::Duration::from_secs(600), "ecs:production"),
            })
            .collect();
        let readiness = assess(&card, now, &asked, &evidence, &[]);
        let promises = Promises::new();
        let facts = ReadinessFacts { revision: 1, card: &card, readiness: &readiness, waivers: &[], promises: &promises };
        let page = ReadinessPage::compose(&facts, &query(Some("q=auth")).unwrap());
        let text = rows(&page).into_text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2, "{text}");
        assert!(lines[1].starts_with("production,main,'=auth,,D,69,69,69,"), "{text}");
        assert!(lines[1].contains(",100,high,69 by H1,") && lines[1].ends_with(",2026-05-02T09:40:00Z"), "{text}");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let why = |raw: &str| query(Some(raw)).unwrap_err().to_string();
        assert!(why("colour=red&state=sideways").contains("Not understood: colour=red, state=sideways."));
        let why = changes_query(Some("period=year&since=soon&direction=down")).unwrap_err().to_string();
        assert!(why.contains("Not understood: period=year, since=soon, direction=down."), "{why}");
    }
}
