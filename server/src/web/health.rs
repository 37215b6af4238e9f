//! `/healthz`: whether Signalbox itself can do its work. It says nothing about the fleet: a sick fleet must not make an
//! orchestrator restart the one thing that watches it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access::Shared;

pub(super) async fn healthz(State(shared): State<Shared>) -> Response {
    match shared.healthy().await {
        Ok(()) => Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") })).into_response(),
        Err(error) => {
            tracing::error!(error = %crate::error_chain(&error), "the store does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "the store does not answer; the log has the cause" }))).into_response()
        }
    }
}
