//! Pages, JSON API, `/live`, `/metrics`, `/healthz`.
//!
//! The layers stand in one place and their order matters: the guard is outermost, so that a foreign page's request is
//! refused before anything looks at it; `/live` is outside compression and the time limit, because it never ends.

mod accept;
mod alarms_api;
mod api;
mod assets;
mod csv;
mod guard;
mod health;
mod kept;
mod live;
mod metrics;
mod openapi;
mod pages;
mod tables;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

pub use accept::serve;
pub use guard::Origins;
pub use openapi::document;

use crate::plane::ControlPlane;

/// No form or query of ours is larger.
const LARGEST_BODY: usize = 64 * 1024;
/// A page that takes longer is a fault, and must not hold its connection for ever.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);
/// What a page may load, unless the page's own header says it with a nonce.
const STRICT: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";

/// What handlers share.
#[derive(Clone)]
pub struct Shared {
    /// The control plane.
    pub plane: Arc<ControlPlane>,
    /// Cancelled when the server stops: ends the streams that would otherwise keep it alive.
    pub stop: CancellationToken,
    /// Counts open `/live` streams.
    pub readers: Arc<live::Readers>,
}

impl Shared {
    /// What handlers share.
    pub fn new(plane: Arc<ControlPlane>, stop: CancellationToken) -> Self {
        Self { plane, stop, readers: Arc::default() }
    }
}

/// The whole web side.
pub fn router(shared: Shared, origins: Arc<Origins>) -> Router {
    let streams = Router::new().route("/live", get(live::stream)).with_state(shared.clone());
    let answers = Router::new()
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(metrics::metrics))
        .nest("/api/v1", api::routes())
        .with_state(shared.clone())
        .merge(assets::routes())
        .merge(pages::routes(&shared))
        .layer(
            ServiceBuilder::new()
                .layer(CompressionLayer::new().br(true).gzip(true))
                .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, LONGEST_ANSWER))
                .layer(RequestBodyLimitLayer::new(LARGEST_BODY)),
        );
    let fixed = |name: HeaderName, value: &'static str| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    Router::new().merge(streams).merge(answers).layer(
        ServiceBuilder::new()
            .layer(CatchPanicLayer::new())
            .layer(fixed(header::CONTENT_SECURITY_POLICY, STRICT))
            .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .layer(fixed(header::REFERRER_POLICY, "same-origin"))
            .layer(fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
            .layer(fixed(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
            .layer(axum::middleware::from_fn_with_state(origins, guard::refuse_foreign)),
    )
}
