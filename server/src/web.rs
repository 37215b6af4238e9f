//! Pages, JSON API, `/live`, `/metrics`, `/healthz`.
//!
//! The layers stand in one place and their order matters: the guard is outermost, so that a foreign page's request is
//! refused before anything looks at it; then it is found out who asks, and nobody gets further than the entrance; `/live`
//! is outside compression and the time limit, because it never ends.

mod accept;
mod access;
mod alarms_api;
mod api;
mod assets;
mod attest_api;
mod attest_forms;
mod cookie;
pub(crate) mod csv;
mod entrance;
mod guard;
mod health;
mod kept;
mod live;
mod metrics;
mod openapi;
mod pages;
mod readiness_api;
mod reports_api;
mod rollouts_api;
mod routes;
mod tables;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

pub use accept::serve;
pub use access::Shared;
pub use guard::Origins;
pub use openapi::document;
pub use routes::Listed;

use routes::Routes;

/// No form or query of ours is larger.
const LARGEST_BODY: usize = 64 * 1024;
/// A page that takes longer is a fault, and must not hold its connection for ever.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);
/// How long a file may take to come in: five megabytes over a slow line.
const LONGEST_UPLOAD: Duration = Duration::from_secs(180);
/// What a page may load, unless the page's own header says it with a nonce.
const STRICT: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// The whole web side.
pub fn router(shared: Shared, origins: Arc<Origins>) -> Router {
    site(shared, origins).0
}

/// The whole web side, and what it is made of: every route, page and server function.
pub fn site(shared: Shared, origins: Arc<Origins>) -> (Router, Vec<Listed>) {
    let (streams, mut listed) = Routes::default().get("/live", live::stream).into_parts();
    let (plain, more) = Routes::default()
        .get("/healthz", health::healthz)
        .get(reports_api::REPORT_KEY, reports_api::key)
        .get("/metrics", metrics::metrics)
        .get("/pkg/{name}", assets::file)
        .get("/login", entrance::login)
        .post("/login", entrance::sign_in)
        .get("/welcome/{key}", entrance::welcome)
        .post("/welcome/{key}", entrance::set_password)
        .get("/enter/{key}", entrance::enter)
        .nest("/api/v1", api::routes())
        .into_parts();
    listed.extend(more);
    let (pages, more) = pages::routes(&shared);
    listed.extend(more);
    let (files, more) = attest_forms::routes().merge(attest_api::files()).into_parts();
    listed.extend(more);
    // what is read piece by piece has a limit of its own, which is told in a sentence and not by a closed connection
    let files = files.with_state(shared.clone()).layer(
        ServiceBuilder::new()
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LONGEST_UPLOAD))
            .layer(DefaultBodyLimit::max(upload::LARGEST)),
    );
    let answers = plain.with_state(shared.clone()).merge(pages).layer(
        ServiceBuilder::new()
            .layer(CompressionLayer::new().br(true).gzip(true))
            .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST_ANSWER))
            .layer(RequestBodyLimitLayer::new(LARGEST_BODY)),
    );
    let fixed = |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let router = Router::new().merge(streams.with_state(shared.clone())).merge(files).merge(answers).layer(
        ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .layer(fixed(header::CONTENT_SECURITY_POLICY, STRICT))
            .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(fixed(header::REFERRER_POLICY, "same-origin"))
            .layer(fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
            .layer(fixed(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
            // nothing of ours is for a cache that others look into; what is says so itself
            .layer(fixed(header::CACHE_CONTROL, "no-store"))
            .layer(axum::middleware::from_fn_with_state(origins, guard::refuse_foreign))
            .layer(axum::middleware::from_fn_with_state(shared, access::recognise)),
    );
    listed.sort();
    (router, listed)
}
