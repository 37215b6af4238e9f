//! The control face: plain JSON over HTTP on a port of its own, for tests, Playwright and curious people.
//!
//! Separate from the AWS face so that no client can mistake one for the other: nothing here exists at AWS.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET /state` | | services with counts and tasks, alarms, nodes, totals, the time |
//! | `GET /story` | | what happened so far, each line with microseconds since the start |
//! | `GET /ownership` | | every NATS connection that should be there: name, address, user, whose it is and why that is hard to tell |
//! | `GET /requests` | | how often each operation was asked for, and refused with which code |
//! | `GET /writes` | | every request that changed something, as it took effect: when, what, of which service, to which revision and from which, beside whose deployment |
//! | `GET /endpoints` | | where everything is reached |
//! | `POST /tasks/stop` | `{"service", "exit_code"?, "reason"?}` | `{"task": ARN}`; without an exit code as if by StopTask |
//! | `POST /tasks/forget-stopped` | | `{"forgotten": n}` |
//! | `POST /services/{name}/desired` | `{"count"}` | |
//! | `POST /services/{name}/check` | a [`CheckVerdict`]: `{"verdict": "evaluated"\|"never"\|"fails_after"\|"slow"\|"exits", "seconds"?, "code"?}` | |
//! | `POST /services/{name}/no-room`, `POST /no-room` | `{"for_seconds"}` | nothing new of that service, or of any, can be placed; 0 makes room |
//! | `POST /services/{name}/controller` | `{"type": "ECS"\|"CODE_DEPLOY"\|"EXTERNAL"}` | |
//! | `POST /services/{name}/foreign` | `{"act": "register"\|"update"\|"deregister_prior"}` | `{"task_definition": ARN}`: somebody else did it |
//! | `POST /images` | a [`PushedImage`]: `{"image", "gone"?, "shell"?, "exit_code"?, "exits_after_seconds"?}` | |
//! | `POST /services/{name}/crash-loop` | `{"for_seconds"}` | |
//! | `POST /alarms/{name}/state` | `{"state", "reason"?, "for_seconds"?}` | held for that time, or until `DELETE` on the same path |
//! | `POST /alarms/{name}/flap` | | rings and falls silent at once: only its history tells |
//! | `POST /logs/say` | `{"service", "text"}` | `{"stream"}`: the service's oldest running task prints it |
//! | `POST /metrics/{service}/{metric}` | `{"value", "for_seconds"}` | that metric (`CPUUtilization`, …) is so until then; alarms follow |
//! | `POST /faults` | a [`Fault`]: `{"kind", "operation"?, "for_seconds"?, "times"?, "amount"?}` | |
//! | `DELETE /faults` | | |
//! | `POST /nats/nodes/{number}/stop`, `…/start`, `…/restart` | | when it is done |
//!
//! What does not exist is answered by 404, what has no meaning by 422, NATS that is not there by 409, each with `{"error": sentence}`.
//! The trap: it is not protected. It listens on loopback.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    aws::fault::Fault,
    options::Error,
    site::{NodeAct, Site},
    wishes::{CheckVerdict, ForeignAct, PushedImage},
};

type Open = State<Arc<Site>>;

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NoSuch(_) => StatusCode::NOT_FOUND,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Nats(_) => StatusCode::CONFLICT,
            Self::Listen { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, Json(json!({"error": self.to_string()}))).into_response()
    }
}

/// The face as something that can be served.
pub(crate) fn router(site: Arc<Site>) -> Router {
    Router::new()
        .route("/state", get(state))
        .route("/story", get(story))
        .route("/ownership", get(ownership))
        .route("/requests", get(requests))
        .route("/writes", get(writes))
        .route("/endpoints", get(endpoints))
        .route("/tasks/stop", post(stop_task))
        .route("/tasks/forget-stopped", post(forget_stopped))
        .route("/services/{name}/desired", post(desired))
        .route("/services/{name}/crash-loop", post(crash_loop))
        .route("/services/{name}/check", post(set_check))
        .route("/services/{name}/no-room", post(no_room_of))
        .route("/services/{name}/controller", post(set_controller))
        .route("/services/{name}/foreign", post(meddle))
        .route("/no-room", post(no_room))
        .route("/images", post(push_image))
        .route("/alarms/{name}/state", post(set_alarm).delete(release_alarm))
        .route("/alarms/{name}/flap", post(flap))
        .route("/logs/say", post(say))
        .route("/metrics/{service}/{metric}", post(force_metric))
        .route("/faults", post(lay_fault).delete(clear_faults))
        .route("/nats/nodes/{node}/{act}", post(node))
        .with_state(site)
}

async fn state(State(site): Open) -> Json<Value> {
    Json(site.state())
}

async fn story(State(site): Open) -> Json<Value> {
    Json(json!(site.story()))
}

async fn ownership(State(site): Open) -> Json<Value> {
    Json(site.ownership())
}

async fn requests(State(site): Open) -> Json<Value> {
    Json(json!(site.counts()))
}

async fn writes(State(site): Open) -> Json<Value> {
    Json(json!(site.writes()))
}

async fn endpoints(State(site): Open) -> Json<Value> {
    Json(json!(site.endpoints.get()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StopTask {
    service: String,
    exit_code: Option<i32>,
    reason: Option<String>,
}

async fn stop_task(State(site): Open, Json(body): Json<StopTask>) -> Result<Json<Value>, Error> {
    let arn = site.stop_task(&body.service, body.exit_code, body.reason)?;
    Ok(Json(json!({"task": arn})))
}

async fn forget_stopped(State(site): Open) -> Json<Value> {
    Json(json!({"forgotten": site.forget_stopped()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Desired {
    count: u32,
}

async fn desired(State(site): Open, Path(service): Path<String>, Json(body): Json<Desired>) -> Result<Json<Value>, Error> {
    site.set_desired(&service, body.count)?;
    Ok(Json(json!({"service": service, "desired": body.count})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CrashLoop {
    for_seconds: u32,
}

async fn crash_loop(State(site): Open, Path(service): Path<String>, Json(body): Json<CrashLoop>) -> Result<Json<Value>, Error> {
    site.crash_loop(&service, body.for_seconds)?;
    Ok(Json(json!({"service": service, "for_seconds": body.for_seconds})))
}

async fn set_check(State(site): Open, Path(service): Path<String>, Json(verdict): Json<CheckVerdict>) -> Result<Json<Value>, Error> {
    let said = json!({"service": service, "check": verdict});
    site.set_check(&service, verdict)?;
    Ok(Json(said))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoRoom {
    for_seconds: u32,
}

async fn no_room_of(State(site): Open, Path(service): Path<String>, Json(body): Json<NoRoom>) -> Result<Json<Value>, Error> {
    site.no_room(Some(&service), body.for_seconds)?;
    Ok(Json(json!({"service": service, "for_seconds": body.for_seconds})))
}

async fn no_room(State(site): Open, Json(body): Json<NoRoom>) -> Result<Json<Value>, Error> {
    site.no_room(None, body.for_seconds)?;
    Ok(Json(json!({"for_seconds": body.for_seconds})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Controller {
    #[serde(rename = "type")]
    kind: String,
}

async fn set_controller(State(site): Open, Path(service): Path<String>, Json(body): Json<Controller>) -> Result<Json<Value>, Error> {
    site.set_controller(&service, &body.kind)?;
    Ok(Json(json!({"service": service, "type": body.kind})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Meddle {
    act: ForeignAct,
}

async fn meddle(State(site): Open, Path(service): Path<String>, Json(body): Json<Meddle>) -> Result<Json<Value>, Error> {
    Ok(Json(json!({"task_definition": site.meddle(&service, body.act)?})))
}

async fn push_image(State(site): Open, Json(image): Json<PushedImage>) -> Json<Value> {
    let said = json!(image);
    site.push_image(image);
    Json(said)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAlarm {
    state: String,
    reason: Option<String>,
    /// Seconds of the yard's clock; absent: until it is released.
    for_seconds: Option<u32>,
}

async fn set_alarm(State(site): Open, Path(alarm): Path<String>, Json(body): Json<SetAlarm>) -> Result<Json<Value>, Error> {
    site.set_alarm(&alarm, &body.state, body.reason, body.for_seconds)?;
    Ok(Json(json!({"alarm": alarm, "state": body.state})))
}

async fn release_alarm(State(site): Open, Path(alarm): Path<String>) -> Result<Json<Value>, Error> {
    site.release_alarm(&alarm)?;
    Ok(Json(json!({"alarm": alarm})))
}

async fn flap(State(site): Open, Path(alarm): Path<String>) -> Result<Json<Value>, Error> {
    site.flap(&alarm)?;
    Ok(Json(json!({"alarm": alarm})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    service: String,
    text: String,
}

async fn say(State(site): Open, Json(body): Json<Say>) -> Result<Json<Value>, Error> {
    Ok(Json(json!({"stream": site.say(&body.service, body.text)?})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ForceMetric {
    value: f64,
    /// Seconds of the yard's clock.
    for_seconds: u32,
}

async fn force_metric(
    State(site): Open,
    Path((service, metric)): Path<(String, String)>,
    Json(body): Json<ForceMetric>,
) -> Result<Json<Value>, Error> {
    site.force_metric(&service, &metric, body.value, body.for_seconds)?;
    Ok(Json(json!({"service": service, "metric": metric, "value": body.value})))
}

async fn lay_fault(State(site): Open, Json(fault): Json<Fault>) -> Json<Value> {
    let laid = json!(fault);
    site.lay_fault(fault);
    Json(laid)
}

async fn clear_faults(State(site): Open) -> Json<Value> {
    site.clear_faults();
    Json(json!({}))
}

async fn node(State(site): Open, Path((node, act)): Path<(usize, String)>) -> Result<Json<Value>, Error> {
    let act_on = match act.as_str() {
        "stop" => NodeAct::Stop,
        "start" => NodeAct::Start,
        "restart" => NodeAct::Restart,
        _ => {
            return Err(Error::Invalid(format!(
                "a node can be stopped, started or restarted, not {act:?}: POST /nats/nodes/{node}/stop|start|restart"
            )));
        }
    };
    site.node(node, act_on).await?;
    Ok(Json(json!({"node": node, "done": act})))
}
