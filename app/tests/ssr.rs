//! What each page says in each situation, as the HTML a browser without JavaScript gets.
//!
//! Through the same router the server builds, so status codes and server functions are the real ones.

mod fake;

use std::sync::Arc;

use app::access::Ports;
use app::{App, AssetVersion, shell};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use fake::{Fleet, Scene, noon};
use http_body_util::BodyExt;
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower::ServiceExt;

fn router(scene: Scene) -> Router {
    let ports = Ports::new(Arc::new(Fleet { scene, clock: noon }));
    let options = LeptosOptions::builder().output_name("signalbox").build();
    let version = AssetVersion("v1".into());
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(App), move || provide_context(ports.clone()), move || shell(&version))
        .with_state(options)
}

async fn ask(scene: Scene, request: Request<Body>) -> (StatusCode, String) {
    let answer = router(scene).oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn html(scene: Scene, path: &str) -> (StatusCode, String) {
    ask(scene, Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn dump() {
    let (status, page) = html(Scene::Trouble, "/").await;
    println!("{status}\n{page}");
}
