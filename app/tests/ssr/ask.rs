//! Asking the pages, and reading what they say.

use std::sync::{Arc, OnceLock};

use app::access::Ports;
use app::{App, AssetVersion, shell};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use domain::Timestamp;
use domain::account::Role;
use http_body_util::BodyExt;
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, generate_route_list};
use tower::ServiceExt;

use crate::fake::access::actor;
use crate::fake::{Fleet, Scene};

pub(crate) const CLUSTER: &str = "/services/production/gaming-system-cluster";

/// The instant the tests stand at.
pub(crate) fn noon() -> Timestamp {
    Timestamp::from_secs(1_777_714_863)
}

/// A page or a server function's answer.
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    pub(crate) location: String,
    pub(crate) cookie: String,
    pub(crate) html: String,
}

impl Page {
    /// What a reader reads: no tags, no comments, no scripts, single spaces.
    pub(crate) fn text(&self) -> String {
        let body = self.html.split_once("<body>").map_or(self.html.as_str(), |(_, body)| body);
        let mut out = String::new();
        let mut rest = body;
        while let Some((before, after)) = rest.split_once('<') {
            out.push_str(before);
            if after.starts_with("script") {
                rest = after.split_once("</script>").map_or("", |(_, after)| after);
                continue;
            }
            let tag_end = if after.starts_with("!--") { "-->" } else { ">" };
            // blocks part words, comments and inline marks do not
            let parts = ["/li", "/p", "/td", "/th", "/dt", "/dd", "/h1", "/h2", "/h3", "/b>", "/span", "/a", "/time"];
            if parts.iter().any(|part| after.starts_with(part)) {
                out.push(' ');
            }
            rest = after.split_once(tag_end).map_or("", |(_, after)| after);
        }
        out.push_str(rest);
        let plain = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'").replace("&amp;", "&");
        plain.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn says(&self, words: &str) {
        let text = self.text();
        assert!(text.contains(words), "the page does not say \"{words}\":\n{text}");
    }

    pub(crate) fn does_not_say(&self, words: &str) {
        let text = self.text();
        assert!(!text.contains(words), "the page says \"{words}\":\n{text}");
    }

    pub(crate) fn has(&self, markup: &str) {
        assert!(self.html.contains(markup), "the page has no {markup}:\n{}", self.html);
    }
}

/// The page at `path`, as an operator sees it.
pub(crate) async fn page(scene: Scene, path: &str) -> Page {
    page_as(Some(Role::Operator), scene, path).await
}

/// The page at `path`, as somebody of that role sees it, or as nobody does.
pub(crate) async fn page_as(role: Option<Role>, scene: Scene, path: &str) -> Page {
    ask(noon, scene, role, Request::get(path).body(Body::empty()).expect("a path is a URI")).await
}

/// What a server function answers the browser.
pub(crate) async fn function(scene: Scene, endpoint: &str, body: &str) -> Page {
    function_as(Some(Role::Operator), scene, endpoint, body).await
}

/// The same for somebody of that role, or for nobody.
pub(crate) async fn function_as(role: Option<Role>, scene: Scene, endpoint: &str, body: &str) -> Page {
    ask(noon, scene, role, posted(endpoint, body)).await
}

/// The same for an operator, when it is another time.
pub(crate) async fn function_at(clock: fn() -> Timestamp, scene: Scene, endpoint: &str, body: &str) -> Page {
    ask(clock, scene, Some(Role::Operator), posted(endpoint, body)).await
}

fn posted(endpoint: &str, body: &str) -> Request<Body> {
    let kind = if body.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let request = Request::post(format!("/api/{endpoint}")).header(header::CONTENT_TYPE, kind);
    request.body(Body::from(body.to_owned())).expect("an endpoint is a URI")
}

async fn ask(clock: fn() -> Timestamp, scene: Scene, role: Option<Role>, mut request: Request<Body>) -> Page {
    if let Some(role) = role {
        request.extensions_mut().insert(Arc::new(actor(role)));
    }
    let answer = router(scene, clock).oneshot(request).await.expect("a router always answers");
    let status = answer.status();
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let (location, cookie) = (header(header::LOCATION), header(header::SET_COOKIE));
    let bytes = answer.into_body().collect().await.expect("the page ends").to_bytes();
    Page { status, location, cookie, html: String::from_utf8(bytes.to_vec()).expect("pages are UTF-8") }
}

/// Found once, as a server does.
static ROUTES: OnceLock<Vec<AxumRouteListing>> = OnceLock::new();

fn router(scene: Scene, clock: fn() -> Timestamp) -> Router {
    let fleet = Arc::new(Fleet { scene, clock });
    let ports = Ports::new(Arc::clone(&fleet) as _, Arc::clone(&fleet) as _, Arc::clone(&fleet) as _, Arc::clone(&fleet) as _, fleet as _);
    let options = LeptosOptions::builder().output_name("signalbox").build();
    let version = AssetVersion("v1".into());
    Router::new()
        .leptos_routes_with_context(
            &options,
            ROUTES.get_or_init(|| generate_route_list(App)).clone(),
            move || provide_context(ports.clone()),
            move || shell(&version),
        )
        .with_state(options)
}
