//! The pages: Leptos' routes with our ports and headers.

use std::sync::Arc;

use app::access::Ports;
use app::{App, AssetVersion, shell};
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use leptos::config::LeptosOptions;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};

use super::kept::{self, Keeping};
use super::{Shared, assets};

pub(super) fn routes(shared: &Shared) -> Router {
    let options = LeptosOptions::builder().output_name("signalbox").site_root("target/site").site_pkg_dir("pkg").build();
    let version = AssetVersion(assets::version());
    let plane = &shared.plane;
    let ports = Ports::new(Arc::clone(plane) as Arc<dyn domain::port::Observe>, Arc::clone(plane) as Arc<dyn domain::port::Operate>);
    let provide = move || {
        provide_context(ports.clone());
        policy();
    };
    let page = move || shell(&version);
    let fallback = {
        let (provide, page) = (provide.clone(), page.clone());
        leptos_axum::render_app_async_with_context(provide, page)
    };
    let keeping = from_fn_with_state(Keeping::new(Arc::clone(&shared.plane)), kept::overview);
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), provide, page)
        .layer(keeping)
        .fallback(fallback)
        .with_state(options)
}

/// The page's content security policy, with the nonce of this very page.
fn policy() {
    let (Some(nonce), Some(response)) = (leptos::nonce::use_nonce(), use_context::<ResponseOptions>()) else { return };
    let policy = format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval' 'strict-dynamic'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
    // a page shows the state of one moment: going back must not show an older one as current
    response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
