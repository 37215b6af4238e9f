//! The pages in every situation they must be able to show, without a fleet: for whoever works on how they look.
//!
//! `cargo xtask ui && cargo run -p signalbox-app --features ssr --example gallery` serves one scene per port, from
//! 127.0.0.1:4100 on, with the real pages, the real bundle from `target/site/pkg` and a `/live` that gives a hint every
//! five seconds. Nothing in it reaches a network or a store.

#[path = "../tests/fake/mod.rs"]
mod fake;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use app::access::Ports;
use app::{App, AssetVersion, shell};
use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::Timestamp;
use domain::account::Role;
use domain::live::{Hint, Topic};
use fake::{Fleet, Scene};
use futures::stream;
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list};

const FIRST_PORT: u16 = 4100;

#[tokio::main]
async fn main() {
    for (scene, port) in Scene::ALL.into_iter().zip(FIRST_PORT..) {
        println!("{scene:?}: http://127.0.0.1:{port}/");
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a port of the gallery is taken");
        tokio::spawn(async move { axum::serve(listener, router(scene)).await });
    }
    std::future::pending::<()>().await;
}

#[expect(clippy::disallowed_methods, reason = "an edge of its own: nothing hands the gallery a clock")]
fn wall() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn router(scene: Scene) -> Router {
    let fleet = Arc::new(Fleet { scene, clock: wall });
    let ports = Ports::new(Arc::clone(&fleet) as _, Arc::clone(&fleet) as _, Arc::clone(&fleet) as _, Arc::clone(&fleet) as _, fleet as _);
    let options = LeptosOptions::builder().output_name("signalbox").build();
    let version = AssetVersion(wall().as_micros().to_string());
    Router::new()
        .route("/live", get(live))
        .route("/pkg/{*file}", get(file))
        .leptos_routes_with_context(&options, generate_route_list(App), move || provide_context(ports.clone()), move || shell(&version))
        // everybody is an admin here
        .layer(axum::Extension(Arc::new(fake::access::actor(Role::Admin))))
        .with_state(options)
}

#[expect(clippy::disallowed_methods, reason = "an edge of its own: nothing hands the gallery a clock")]
async fn live() -> impl IntoResponse {
    let event = |name: &str, topics: &[Topic]| {
        let hints: Vec<Hint> = topics.iter().map(|topic| Hint { topic: *topic, revision: 412 }).collect();
        Event::default().event(name).json_data(hints)
    };
    let hello = event("hello", &Topic::ALL);
    Sse::new(stream::unfold(Some(hello), move |first| async move {
        if let Some(first) = first {
            return Some((first, None));
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        Some((event("hint", &[Topic::Sources]), None))
    }))
}

async fn file(Path(name): Path<String>) -> Response {
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css",
        Some("js") => "text/javascript",
        _ => "application/wasm",
    };
    match tokio::fs::read(std::path::Path::new("target/site/pkg").join(name)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], Body::from(bytes)).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
