//! The pages: Leptos' routes with our ports and headers.

use std::sync::LazyLock;

use app::{App, AssetVersion, shell};
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use leptos::config::LeptosOptions;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions, generate_route_list};

use super::access::Shared;
use super::assets;
use super::kept::{self, Keeping};
use super::routes::Listed;

/// Every page's route, found once in a process: while Leptos looks for them, a flag of the whole process keeps resources from
/// being asked, and one that is first polled in that moment is never answered (leptos-rs/leptos#4773). So a second site in
/// this process, as each test has one, must not look again while the first is making a page.
static PAGES: LazyLock<Vec<AxumRouteListing>> = LazyLock::new(|| generate_route_list(App));

pub(super) fn routes(shared: &Shared) -> (Router, Vec<Listed>) {
    let options = LeptosOptions::builder().output_name("signalbox").site_root("target/site").site_pkg_dir("pkg").build();
    let version = AssetVersion(assets::version());
    let ports = shared.ports();
    let provide = move || {
        provide_context(ports.clone());
        policy();
    };
    let page = move || shell(&version);
    let fallback = {
        let (provide, page) = (provide.clone(), page.clone());
        leptos_axum::render_app_async_with_context(provide, page)
    };
    let keeping = from_fn_with_state(Keeping::new(shared.clone()), kept::overview);
    let pages = PAGES.clone();
    let mut listed: Vec<Listed> = pages.iter().map(|page| Listed { path: page.path().to_owned(), method: "GET".to_owned() }).collect();
    let functions = leptos::server_fn::axum::server_fn_paths();
    listed.extend(functions.map(|(path, method)| Listed { path: path.to_owned(), method: method.to_string() }));
    let router =
        Router::new().leptos_routes_with_context(&options, pages, provide, page).layer(keeping).fallback(fallback).with_state(options);
    (router, listed)
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
