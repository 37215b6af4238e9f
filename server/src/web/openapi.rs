//! The OpenAPI document, derived from the handlers and the domain's types.

use utoipa::OpenApi;

use super::api;

#[derive(OpenApi)]
#[openapi(
    info(title = "Signalbox", description = "What Signalbox sees of a fleet of ECS services and NATS clusters. Read-only."),
    paths(api::overview, api::services, api::services_csv, api::service, api::task, api::timeline, api::sources)
)]
struct Api;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}
