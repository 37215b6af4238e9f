//! The OpenAPI document, derived from the handlers and the domain's types.

use utoipa::OpenApi;

use super::{alarms_api, api, tables};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Signalbox",
        description = "What Signalbox sees of a fleet of ECS services and NATS clusters. The fleet itself is only read."
    ),
    paths(
        api::overview,
        api::services,
        api::service,
        api::task,
        api::history,
        api::history_csv,
        api::timeline,
        api::sources,
        alarms_api::alarms,
        alarms_api::alarm,
        alarms_api::coverage,
        alarms_api::missing,
        alarms_api::acknowledge,
        alarms_api::withdraw,
        api::service_nats,
        api::nats,
        tables::services,
        tables::alarms,
        tables::coverage,
        tables::timeline,
        tables::connections,
        tables::owners,
        tables::nodes,
        tables::streams,
        tables::sources,
        tables::rates,
        tables::cost
    )
)]
struct Api;

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}
