//! Who is asking, and what they get to hold.
//!
//! One middleware recognises whoever asks and turns nobody away from anything but the few paths that must be open
//! ([`open`]); it does so by default, so a new route is closed before anybody thinks of it. Handlers then take a [`Viewer`]
//! or an [`Operator`] as an argument and have no other way to the plane or to a port: the fields of [`Shared`] are private
//! to this file. The pages go the same way through `app::access`. The trap is a form that comes a moment too late: what was
//! typed must not be lost, so its answer is a login page that carries it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use app::access::Ports;
use app::entrance::{self, Carried, Login};
use app::{AppError, AssetVersion};
use axum::body::to_bytes;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Failure;
use domain::account::Role;
use domain::port::{Actor, Clock, Observe, Operate, ReadReports, Report};
use domain::service::encoded;
use tokio_util::sync::CancellationToken;

use super::api::{failed, pairs};
use super::cookie::Cookies;
use super::live::Readers;
use super::reports_api::REPORT_KEY;
use super::{LARGEST_BODY, assets, attest_forms, entrance as handlers};
use crate::accounts::{Accounts, Credential, Origin, TOKEN_PREFIX, digest};
use crate::engine::Engine;
use crate::plane::{ControlPlane, Operations, Reporting};
use crate::store::StoreError;

/// What handlers share. Nothing in it can be reached but through somebody who may.
#[derive(Clone)]
pub struct Shared {
    plane: Arc<ControlPlane>,
    operate: Arc<Operations>,
    reporting: Arc<Reporting>,
    accounts: Arc<Accounts>,
    stop: CancellationToken,
    readers: Arc<Readers>,
    cookies: Cookies,
    /// Whether a proxy stands in front, whose word is taken for the address somebody asks from.
    proxied: bool,
}

impl Shared {
    /// What handlers share. `public` is scheme and authority of the public URL, where there is one; `stop` ends the streams
    /// that would otherwise keep the server alive.
    pub fn new(
        reporting: Arc<Reporting>,
        engine: Engine,
        accounts: Arc<Accounts>,
        public: Option<&(String, String)>,
        stop: CancellationToken,
    ) -> Self {
        let secure = public.is_some_and(|(scheme, _)| scheme == "https");
        let cookies = Cookies::new(secure, accounts.lasting().longest);
        let plane = Arc::clone(reporting.plane());
        let operate = Arc::new(Operations::on(Arc::clone(&plane), engine));
        Self { plane, operate, reporting, accounts, stop, readers: Arc::default(), cookies, proxied: public.is_some() }
    }

    /// What pages reach through `app::access`.
    pub(super) fn ports(&self) -> Ports {
        let (plane, operate) = (Arc::clone(&self.plane) as Arc<dyn Observe>, Arc::clone(&self.operate) as Arc<dyn Operate>);
        let (accounts, reports) = (Arc::clone(&self.accounts), Arc::clone(&self.reporting) as Arc<dyn Report>);
        Ports::new(plane, operate, reports, Arc::clone(&accounts) as _, accounts as _)
    }

    /// Whether the store answers, which nobody needs to be known for.
    pub(super) async fn healthy(&self) -> Result<(), StoreError> {
        self.plane.store().revision().await.map(drop)
    }

    /// The public key that reports are signed with, which nobody needs to be known for.
    pub(super) fn report_key(&self) -> String {
        self.reporting.published_key()
    }

    /// The revision and the second that what is kept must be of.
    pub(super) fn current(&self) -> (u64, i64) {
        (self.plane.live().revision(), self.plane.clock().now().as_micros() / 1_000_000)
    }

    /// Open `/live` streams.
    pub(super) fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// Cancelled when the server stops.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// The clock everything is judged by.
    pub(super) fn clock(&self) -> &Arc<dyn Clock> {
        self.plane.clock()
    }

    /// Signing in and out, for the entrance.
    pub(super) fn accounts(&self) -> &Arc<Accounts> {
        &self.accounts
    }

    /// How the session's cookie is written.
    pub(super) fn cookies(&self) -> Cookies {
        self.cookies
    }

    /// What somebody shows. A token counts alone where there is one, whatever cookie came with it.
    pub(super) fn credential(&self, headers: &HeaderMap) -> Option<Credential> {
        if let Some(given) = headers.get(header::AUTHORIZATION) {
            let (scheme, secret) = given.to_str().ok()?.split_once(' ')?;
            let ours = scheme.eq_ignore_ascii_case("bearer") && secret.trim().starts_with(TOKEN_PREFIX);
            return ours.then(|| Credential::Token(digest(secret.trim())));
        }
        self.cookies.read(headers).map(|secret| Credential::Session(digest(secret)))
    }

    /// From where somebody asks: the last hop that a proxy in front wrote down itself, or the other end of the connection.
    pub(super) fn origin(&self, parts: &Parts) -> Origin {
        let text = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let told = text(header::HeaderName::from_static("x-forwarded-for")).filter(|_| self.proxied);
        let told = told.and_then(|hops| hops.rsplit(',').next()?.trim().parse().ok());
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let address = told.or(peer).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Origin { address, agent: text(header::USER_AGENT).unwrap_or_default().to_owned() }
    }
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) IpAddr);

/// Somebody who may look, with what they may look at.
pub(super) struct Viewer {
    pub(super) plane: Arc<ControlPlane>,
    pub(super) reports: Arc<dyn ReadReports>,
    /// What else they may, which some answers tell.
    pub(super) role: Role,
}

/// Somebody who may act, with what they may do.
pub(super) struct Operator {
    pub(super) operate: Arc<dyn Operate>,
    pub(super) reports: Arc<dyn Report>,
    pub(super) actor: Actor,
}

impl FromRequestParts<Shared> for Viewer {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Response> {
        let actor = may(parts, Role::Viewer).map_err(refused)?;
        Ok(Self { plane: Arc::clone(&shared.plane), reports: Arc::clone(&shared.reporting) as _, role: actor.role })
    }
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Self, Response> {
        let actor = may(parts, Role::Operator).map_err(refused)?;
        Ok(Self { operate: Arc::clone(&shared.operate) as _, reports: Arc::clone(&shared.reporting) as _, actor })
    }
}

/// The answer to somebody who may not.
fn refused(failure: Failure) -> Response {
    if failure == Failure::Unauthenticated { nobody() } else { failed(failure) }
}

/// Who asks, where they may what needs this role.
fn may(parts: &Parts, needed: Role) -> Result<Actor, Failure> {
    let Some(actor) = parts.extensions.get::<Arc<Actor>>() else { return Err(Failure::Unauthenticated) };
    actor.may(needed)?;
    Ok(Actor::clone(actor))
}

/// What nobody need be signed in for: the way in, what it looks like, whether the server lives, and what reports are signed with.
fn open(path: &str) -> bool {
    let one = |rest: Option<&str>| rest.is_some_and(|rest| !rest.is_empty() && !rest.contains('/'));
    matches!(path, "/healthz" | "/login" | REPORT_KEY)
        || ["/welcome/", "/enter/", "/pkg/"].iter().any(|start| one(path.strip_prefix(start)))
}

/// The middleware: recognises who asks, and lets nobody in but where everybody may go.
pub(super) async fn recognise(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let free = open(request.uri().path());
    let credential = shared.credential(request.headers());
    if let Some(credential) = credential {
        match shared.accounts.identify(credential).await {
            Ok(Some(actor)) => drop(request.extensions_mut().insert(actor)),
            Ok(None) => {}
            Err(failure) if !free => return failed(failure),
            Err(_) => {}
        }
    }
    if free || request.extensions().get::<Arc<Actor>>().is_some() {
        return next.run(request).await;
    }
    turned_away(request).await
}

/// The answer to somebody who is not known, in the form they can use.
async fn turned_away(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/v1/") || matches!(path, "/api/v1" | "/metrics" | "/live") {
        return nobody();
    }
    if attest_forms::PATHS.contains(&path) {
        return attest_forms::too_late(request).await;
    }
    if path.starts_with("/api/") {
        if plain_form(request.headers()) {
            return too_late(request).await;
        }
        let words = serde_json::to_vec(&AppError::from(Failure::Unauthenticated)).unwrap_or_default();
        return (StatusCode::UNAUTHORIZED, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], words).into_response();
    }
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let to = request.uri().path_and_query().map_or("/", |to| to.as_str());
        return handlers::redirect(&format!("/login?to={}", encoded(to)));
    }
    nobody()
}

/// Whether a browser sent a form by itself, without a script.
fn plain_form(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    text(header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded") && text(header::ACCEPT).contains("text/html")
}

/// 401, as the API says it.
fn nobody() -> Response {
    let mut answer = failed(Failure::Unauthenticated);
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Signalbox\""));
    answer
}

/// A form that was sent after its session had ended: the login page, which carries it. What is secret in it is not carried,
/// and without it there is nothing to send again.
async fn too_late(request: Request) -> Response {
    const SECRET: [&str; 3] = ["current", "new", "password"];
    let (parts, body) = request.into_parts();
    let to = {
        let referer = parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok());
        handlers::local(referer.and_then(path_of).unwrap_or("/"))
    };
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return (StatusCode::PAYLOAD_TOO_LARGE, "No form of Signalbox is that large.\n").into_response();
    };
    let fields = pairs(&String::from_utf8_lossy(&body));
    let secret = fields.iter().any(|(name, _)| SECRET.contains(&name.as_str())) || parts.uri.path() == "/api/sign_out";
    let carried = (!secret).then(|| Carried { action: parts.uri.path().to_owned(), fields });
    let page = entrance::login(&AssetVersion(assets::version()), Login { to, carried, ..Login::default() });
    handlers::page(StatusCode::UNAUTHORIZED, page)
}

/// Path and query of a URL.
fn path_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.find('/').and_then(|at| rest.get(at..))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_way_in_is_open() {
        for path in ["/healthz", "/login", "/welcome/ab12", "/enter/ab12", "/pkg/signalbox.css", REPORT_KEY] {
            assert!(open(path), "{path}");
        }
        for path in [
            "/",
            "/login/",
            "/welcome/",
            "/welcome/a/b",
            "/pkg",
            "/pkg/../api/v1/overview",
            "/metrics",
            "/live",
            "/api/v1/overview",
            "/healthz/x",
            "/.well-known",
            "/.well-known/other",
            "/api/v1/reports",
        ] {
            assert!(!open(path), "{path}");
        }
    }

    #[test]
    fn where_a_form_came_from_is_a_path() {
        assert_eq!(path_of("http://127.0.0.1:3000/alarms/a?b=c"), Some("/alarms/a?b=c"));
        assert_eq!(path_of("http://127.0.0.1:3000"), None);
    }
}
