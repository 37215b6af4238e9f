//! The OpenAPI document, derived from the handlers and the domain's types.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{alarms_api, api, attest_api, readiness_api, reports_api, rollouts_api, tables};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Signalbox",
        description = "What Signalbox sees of a fleet of ECS services and NATS clusters. What changes the fleet is a rollout, which an \
                       operator plans and starts; everything else only reads it. \
                       Every path needs an API token (page Access, or `signalbox account token`) or a session: 401 without, 403 \
                       where its role is too low; both say so in a sentence."
    ),
    security(("token" = [])),
    modifiers(&Bearer),
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
        attest_api::attestations,
        attest_api::attest,
        attest_api::attest_with_file,
        attest_api::withdraw,
        attest_api::file,
        attest_api::waivers,
        attest_api::ask,
        attest_api::approve,
        attest_api::end,
        attest_api::checklists,
        attest_api::markdown,
        attest_api::preview,
        attest_api::import,
        attest_api::confirm,
        attest_api::remove,
        readiness_api::fleet,
        readiness_api::changes,
        readiness_api::service,
        readiness_api::table,
        reports_api::reports,
        reports_api::make,
        reports_api::report,
        reports_api::file,
        rollouts_api::rollouts,
        rollouts_api::keep,
        rollouts_api::draft,
        rollouts_api::rollout,
        rollouts_api::steer,
        rollouts_api::reviewed,
        rollouts_api::stop,
        rollouts_api::freeze,
        rollouts_api::lift,
        rollouts_api::release,
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
        tables::cost,
        tables::changes,
        tables::trend
    )
)]
struct Api;

/// How a script says who it is.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token, `sbx_…`")).build();
        document.components.get_or_insert_default().add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The document.
pub fn document() -> utoipa::openapi::OpenApi {
    Api::openapi()
}
