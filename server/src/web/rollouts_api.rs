//! Rollouts in the JSON API: planning and steering them, and what holds for all of them.
//!
//! The command line speaks this and nothing else, so that a script can do what it does. The trap is a wish: what is wrong with
//! it is told field by field with 422, never as a bad request, because the question itself was understood.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use domain::change::Change;
use domain::change::health_check::Suggestion;
use domain::port::Observe;
use domain::rollout::decide::Command;
use domain::rollout::plan::{Excluded, Planned, Window, Wish};
use domain::service::ServiceKey;
use domain::view::{Foretold, RolloutPage, RolloutQuery, RolloutsPage, RolloutsQuery, StepView, compose_draft};
use domain::{Failure, Timestamp};
use serde::{Deserialize, Serialize};

use super::access::{Operator, Viewer};
use super::alarms_api::{borrowed, refused};
use super::api::{Problem, answered, failed, not_understood, pairs};
use super::routes::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get("/rollouts", rollouts)
        .post("/rollouts", keep)
        .post("/rollouts/draft", draft)
        .get("/rollouts/{id}", rollout)
        .post("/rollouts/{id}/commands", steer)
        .post("/rollouts/{id}/reviewed", reviewed)
        .post("/stop", stop)
        .post("/freezes", freeze)
        .post("/bars/{id}/lifted", lift)
        .post("/causes/{id}/released", release)
}

/// A body, or its refusal said as every other.
type Sent<T> = Result<Json<T>, JsonRejection>;

/// The rollouts, newest first; the stop, freezes and failures on record.
#[utoipa::path(get, path = "/api/v1/rollouts",
    params(
        ("q" = Option<String>, Query, description = "part of the title, the reason or a service's name"),
        ("only" = Option<String>, Query, description = "planned, open or ended"),
    ),
    responses((status = 200, body = RolloutsPage), (status = 400, body = Problem)))]
pub(super) async fn rollouts(viewer: Viewer, RawQuery(raw): RawQuery) -> Response {
    let query = RolloutsQuery::from_pairs(borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    answered(viewer.plane.rollouts(query).await)
}

/// One rollout, by its id or number: the line, a step with its evidence, and what whoever asks may do.
#[utoipa::path(get, path = "/api/v1/rollouts/{id}",
    params(("id" = String, Path), ("step" = Option<usize>, Query, description = "the step that is shown whole, from 1")),
    responses((status = 200, body = RolloutPage), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn rollout(viewer: Viewer, Path(id): Path<String>, RawQuery(raw): RawQuery) -> Response {
    let query = RolloutQuery::from_pairs(&id, borrowed(&pairs(raw.as_deref().unwrap_or_default())));
    if !query.ignored.is_empty() {
        return failed(not_understood(&query.ignored));
    }
    answered(viewer.plane.rollout(query, viewer.role).await)
}

/// What somebody asks for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wished {
    /// The change.
    change: Change,
    /// The chosen services, in any order.
    services: Vec<ServiceKey>,
    /// Why.
    reason: String,
    /// Seconds each is watched; absent: as long as proves something.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    bake: Option<Bake>,
    /// Failures that are a service's own and may be set aside.
    #[serde(default)]
    budget: u32,
    /// Whether what must be accepted is.
    #[serde(default)]
    accepted: bool,
    /// When steps may begin; absent: at any time.
    #[serde(default)]
    window: Option<Window>,
    /// A UUID that the rollout is to have, such as a draft's: sent twice under one, it is kept once. Absent: one of its own.
    #[serde(default)]
    request: Option<String>,
}

/// A span in seconds, or as it is kept.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Bake {
    /// Seconds.
    Seconds(u64),
    /// `{"secs": 720, "nanos": 0}`
    Span(Duration),
}

impl From<Wished> for Wish {
    fn from(wished: Wished) -> Self {
        let bake = wished.bake.map(|bake| match bake {
            Bake::Seconds(seconds) => Duration::from_secs(seconds),
            Bake::Span(span) => span,
        });
        let Wished { change, services, reason, budget, accepted, window, .. } = wished;
        Self { change, services, reason, bake, budget, accepted, window }
    }
}

/// A plan that was kept.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct KeptPlan {
    /// The number people call it by.
    number: u64,
    /// The path of its page.
    path: String,
}

/// Keeps the plan of a wish as a rollout that nobody has started. An operator may.
#[utoipa::path(post, path = "/api/v1/rollouts", request_body = Wished,
    responses((status = 201, body = KeptPlan), (status = 400, body = Problem), (status = 403, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn keep(operator: Operator, body: Sent<Wished>) -> Response {
    let Json(wished) = match body {
        Ok(wished) => wished,
        Err(rejection) => return refused(&rejection),
    };
    let request = wished.request.clone();
    match operator.operate.plan(operator.actor, wished.into(), request).await {
        Ok(number) => {
            let path = RolloutQuery { id: number.to_string(), ..RolloutQuery::default() }.path();
            (StatusCode::CREATED, Json(KeptPlan { number, path })).into_response()
        }
        Err(failure) => failed(failure),
    }
}

/// A plan that is not kept.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct DraftedPlan {
    /// A UUID under which it can be kept, once.
    request: String,
    /// What it is, in a few words.
    title: String,
    /// What is to be known of it as a whole, and what it would make of the fleet's score.
    remarks: Vec<String>,
    /// Every step in its order, whole.
    steps: Vec<StepView>,
    /// Who takes no part, and why.
    excluded: Vec<Excluded>,
    /// Seconds all of it takes, as reckoned.
    estimate: u64,
    /// A start period for the check, from how long tasks took to start.
    suggestion: Option<Suggestion>,
    /// What it would make of the fleet's score, as numbers; of a health check only.
    foretold: Option<Foretold>,
}

/// What a plan of this wish would be, read from AWS now and not kept. An operator may.
#[utoipa::path(post, path = "/api/v1/rollouts/draft", request_body = Wished,
    responses((status = 200, body = DraftedPlan), (status = 403, body = Problem), (status = 415, body = Problem), (status = 422, body = Problem)))]
pub(super) async fn draft(operator: Operator, viewer: Viewer, body: Sent<Wished>) -> Response {
    let Json(wished) = match body {
        Ok(wished) => wished,
        Err(rejection) => return refused(&rejection),
    };
    let draft = match operator.operate.draft(wished.into()).await {
        Ok(draft) => draft,
        Err(failure) => return failed(failure),
    };
    let planned = match draft.planned {
        Ok(planned) => planned,
        Err(fields) => return failed(Failure::Unfit { fields }),
    };
    let foretold = match foretold(&planned, &viewer).await {
        Ok(foretold) => foretold,
        Err(failure) => return failed(failure),
    };
    let drafted = drafted(&planned, &operator.actor.shown(), viewer.plane.clock().now());
    answered(Ok(DraftedPlan { suggestion: draft.suggestion, ..drafted.promising(foretold) }))
}

/// What a planned health check would make of the fleet's score.
async fn foretold(planned: &Planned, viewer: &Viewer) -> Result<Option<Foretold>, Failure> {
    let Change::HealthCheck(check) = &planned.wish.change else { return Ok(None) };
    let services = planned.rollout.steps.iter().map(|step| step.service.clone()).collect();
    viewer.plane.foretold(check.clone(), services).await.map(Some)
}

/// As the page of a rollout of this plan would tell it.
fn drafted(planned: &Planned, who: &str, now: Timestamp) -> DraftedPlan {
    let page = compose_draft(planned, who, now);
    DraftedPlan {
        request: page.id,
        title: page.title,
        remarks: page.remarks,
        steps: page.plan,
        excluded: page.excluded,
        estimate: planned.estimate().as_secs(),
        suggestion: None,
        foretold: None,
    }
}

impl DraftedPlan {
    /// With what it would make of the score, which whoever reads the remarks alone is told as well.
    fn promising(mut self, foretold: Option<Foretold>) -> Self {
        self.remarks.extend(foretold.as_ref().map(|foretold| foretold.said.clone()));
        Self { foretold, ..self }
    }
}

/// Gives a rollout a command: `{"do": "start"}`, `{"do": "skip", "step": 2, "why": "…"}`. Steps count from 0. An operator may.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/commands", params(("id" = String, Path)), request_body = Command,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 415, body = Problem)))]
pub(super) async fn steer(operator: Operator, Path(id): Path<String>, body: Sent<Command>) -> Response {
    let Json(command) = match body {
        Ok(command) => command,
        Err(rejection) => return refused(&rejection),
    };
    done(operator.operate.steer(operator.actor, id, command).await)
}

/// Why something is done.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    /// Why; it stays on record.
    why: String,
}

/// Says that somebody has looked at a rollout of a restored store, so that it may go on. An operator may.
#[utoipa::path(post, path = "/api/v1/rollouts/{id}/reviewed", params(("id" = String, Path)), request_body = Reason,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn reviewed(operator: Operator, Path(id): Path<String>, body: Sent<Reason>) -> Response {
    match body {
        Ok(Json(reason)) => done(operator.operate.reviewed(operator.actor, id, reason.why).await),
        Err(rejection) => refused(&rejection),
    }
}

/// Stops everything forward, in every rollout, until it is lifted. An operator may.
#[utoipa::path(post, path = "/api/v1/stop", request_body = Reason,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn stop(operator: Operator, body: Sent<Reason>) -> Response {
    match body {
        Ok(Json(reason)) => done(operator.operate.stop_everything(operator.actor, reason.why).await),
        Err(rejection) => refused(&rejection),
    }
}

/// A time in which nothing forward may begin.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Freezing {
    /// Why; it stays on record.
    why: String,
    /// From then.
    from: Timestamp,
    /// Until then.
    until: Timestamp,
}

/// Lets nothing forward begin from one instant to another. An operator may.
#[utoipa::path(post, path = "/api/v1/freezes", request_body = Freezing,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub(super) async fn freeze(operator: Operator, body: Sent<Freezing>) -> Response {
    match body {
        Ok(Json(wish)) => done(operator.operate.freeze(operator.actor, wish.why, wish.from, wish.until).await),
        Err(rejection) => refused(&rejection),
    }
}

/// Lifts the stop or a freeze, by the id it has in the list of rollouts. An operator may.
#[utoipa::path(post, path = "/api/v1/bars/{id}/lifted", params(("id" = i64, Path)), request_body = Reason,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn lift(operator: Operator, Path(id): Path<String>, body: Sent<Reason>) -> Response {
    let Ok(bar) = id.parse() else { return failed(nothing("stop or freeze", &id)) };
    match body {
        Ok(Json(reason)) => done(operator.operate.lift(operator.actor, bar, reason.why).await),
        Err(rejection) => refused(&rejection),
    }
}

/// Lets other services no longer expect a failure, by the id it has in the list of rollouts. An operator may.
#[utoipa::path(post, path = "/api/v1/causes/{id}/released", params(("id" = i64, Path)), request_body = Reason,
    responses((status = 204), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub(super) async fn release(operator: Operator, Path(id): Path<String>, body: Sent<Reason>) -> Response {
    let Ok(cause) = id.parse() else { return failed(nothing("failure on record", &id)) };
    match body {
        Ok(Json(reason)) => done(operator.operate.release(operator.actor, cause, reason.why).await),
        Err(rejection) => refused(&rejection),
    }
}

fn nothing(what: &str, id: &str) -> Failure {
    Failure::NoSuch { what: format!("{what} with the number {}", domain::text::shown(id)) }
}

fn done(outcome: Result<(), Failure>) -> Response {
    outcome.map_or_else(failed, |()| StatusCode::NO_CONTENT.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bake_is_told_in_seconds_or_as_it_is_kept() {
        let wish = |bake: &str| {
            let text = format!(
                "{{\"change\":{{\"is\":\"health_check\",\"command\":[\"CMD\",\"true\"]}},\"reason\":\"r\",\
                 \"services\":[{{\"environment\":\"e\",\"cluster\":\"c\",\"service\":\"s\"}}]{bake}}}"
            );
            serde_json::from_str::<Wished>(&text).map(Wish::from)
        };
        for (bake, told) in
            [("", None), (",\"bake\":null", None), (",\"bake\":720", Some(720)), (",\"bake\":{\"secs\":720,\"nanos\":0}", Some(720))]
        {
            assert_eq!(wish(bake).unwrap().bake, told.map(Duration::from_secs), "{bake}");
        }
        assert!(wish(",\"bake\":-1").is_err() && wish(",\"colour\":1").is_err());
        let kept = wish(",\"bake\":720").unwrap();
        let again: Wished = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert_eq!(Wish::from(again), kept, "a wish as it is kept is a wish");
    }
}
