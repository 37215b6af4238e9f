//! Refuses what a foreign web page makes a browser send here.
//!
//! Signalbox on loopback is reachable by every page its user opens: by name tricks (DNS rebinding, so the Host must be
//! one of ours) and by plain cross-site requests (so the Origin must be). What changes something is held to more: a browser
//! must say that it comes from our own page, and no content type is taken that a page of another site can send unasked and
//! we have no use for. Leptos' server functions check none of this themselves. The trap is a sibling host: it is same-site,
//! so no cookie attribute keeps it off, and it is refused like any other. `/healthz` tells nothing and is exempt from the Host rule, because load balancers ask it by address.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::upload;

/// Which hosts and origins are ours.
#[derive(Clone, Debug)]
pub struct Origins {
    /// Behind a proxy: scheme and authority, and nothing else is ours.
    public: Option<(String, String)>,
    port: u16,
}

impl Origins {
    /// Ours by configuration: the public URL alone, or whatever names this address.
    pub fn new(public: Option<(String, String)>, listen: SocketAddr) -> Self {
        Self { public, port: listen.port() }
    }

    /// Whether a Host header names us. Without a public URL: `localhost` or an address, which no DNS answer can forge.
    pub fn host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        if let Some((_, authority)) = &self.public {
            return host == *authority;
        }
        let (name, port) = split(&host);
        let named = name == "localhost" || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        named && port.is_none_or(|port| port == self.port)
    }

    /// Whether an Origin header names us: the same scheme and authority the request was sent to.
    fn origin(&self, origin: &str, host: &str) -> bool {
        match &self.public {
            Some((scheme, authority)) => origin.eq_ignore_ascii_case(&format!("{scheme}://{authority}")),
            None => origin.strip_prefix("http://").is_some_and(|authority| authority.eq_ignore_ascii_case(host)),
        }
    }
}

/// Name and port of an authority; `[::1]:3000` keeps its brackets.
fn split(authority: &str) -> (&str, Option<u16>) {
    match authority.rsplit_once(':') {
        Some((name, port)) if !name.is_empty() && (!name.contains(':') || name.ends_with(']')) => match port.parse() {
            Ok(port) => (name, Some(port)),
            Err(_) => (authority, None),
        },
        _ => (authority, None),
    }
}

/// The middleware: 421 for a foreign Host, 403 for a foreign Origin or a cross-site request that is no navigation.
pub(super) async fn refuse_foreign(State(origins): State<Arc<Origins>>, request: Request, next: Next) -> Response {
    match verdict(&origins, request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, why)) => (status, why).into_response(),
    }
}

fn verdict(origins: &Origins, method: &Method, uri: &axum::http::Uri, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let host = text(header::HOST).or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or_default();
    if !origins.host(host) && uri.path() != "/healthz" {
        let why = "This is Signalbox, but not under that name. Open it by its address, by localhost, or by public_url of its config.\n";
        return Err((StatusCode::MISDIRECTED_REQUEST, why.to_owned()));
    }
    if let Some(origin) = text(header::ORIGIN)
        && !origins.origin(origin, host)
    {
        return Err((StatusCode::FORBIDDEN, "Another web site sent this request through your browser; Signalbox refuses it.\n".to_owned()));
    }
    let site = text(header::HeaderName::from_static("sec-fetch-site"));
    let navigates = *method == Method::GET && text(header::HeaderName::from_static("sec-fetch-mode")) == Some("navigate");
    if matches!(site, Some("cross-site" | "same-site")) && !navigates {
        return Err((StatusCode::FORBIDDEN, "Another web site sent this request through your browser; Signalbox refuses it.\n".to_owned()));
    }
    if matches!(*method, Method::GET | Method::HEAD) { Ok(()) } else { changes(method, uri.path(), headers) }
}

/// The kinds of body that anything of ours reads.
const TAKEN: [&str; 2] = ["application/json", "application/x-www-form-urlencoded"];
/// The kind that those few paths read, and nothing else, where files are handed in.
const WITH_FILE: &str = "multipart/form-data";

/// Whether a request that changes something may be looked at. A script with a token says nothing of where it comes from, and
/// no other site can send a token along; a browser always does.
fn changes(method: &Method, path: &str, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    if *method != Method::POST {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "Signalbox is asked by GET and told by POST, and by nothing else.\n".to_owned()));
    }
    let says = matches!(text(header::HeaderName::from_static("sec-fetch-site")), Some("same-origin" | "none"));
    if !says && text(header::ORIGIN).is_none() && text(header::AUTHORIZATION).is_none() {
        let why = "This request would change something and does not say where it comes from. Send it from a page of Signalbox, or from a script with an API token (`Authorization: Bearer sbx_…`).\n";
        return Err((StatusCode::FORBIDDEN, why.to_owned()));
    }
    let kind = text(header::CONTENT_TYPE).map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if upload::PATHS.contains(&path) {
        let why = "A file is handed in here: send multipart/form-data.\n";
        let fits = kind.is_some_and(|kind| kind == WITH_FILE);
        return if fits { Ok(()) } else { Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why.to_owned())) };
    }
    if kind.is_some_and(|kind| TAKEN.contains(&kind.as_str())) {
        return Ok(());
    }
    let why = "Signalbox takes application/json and application/x-www-form-urlencoded only; name one of them as the Content-Type.\n";
    Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

    fn asked(public: Option<&str>, method: Method, headers: &[(&'static str, &str)]) -> u16 {
        asked_at("/", public, method, headers)
    }

    fn asked_at(path: &str, public: Option<&str>, method: Method, headers: &[(&'static str, &str)]) -> u16 {
        let public = public.map(|url| crate::config::origin(url).unwrap());
        let origins = Origins::new(public, "127.0.0.1:3000".parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        verdict(&origins, &method, &path.parse().unwrap(), &map).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn only_our_own_names_are_answered() {
        for (host, status) in [
            ("127.0.0.1:3000", 200),
            ("localhost:3000", 200),
            ("LOCALHOST:3000", 200),
            ("[::1]:3000", 200),
            ("10.1.2.3:3000", 200),
            ("localhost", 200),
            ("localhost:4000", 421),
            ("evil.test", 421),
            ("evil.test:3000", 421),
            ("127.0.0.1.evil.test:3000", 421),
            ("localhost:3000:x", 421),
            ("", 421),
        ] {
            assert_eq!(asked(None, Method::GET, &[("host", host)]), status, "{host}");
        }
        assert_eq!(asked(Some("https://signalbox.example"), Method::GET, &[("host", "signalbox.example")]), 200);
        assert_eq!(asked(Some("https://signalbox.example"), Method::GET, &[("host", "127.0.0.1:3000")]), 421);
    }

    #[test]
    fn a_foreign_page_is_refused_and_a_link_to_us_is_not() {
        let ours = ("host", "localhost:3000");
        for (method, headers, status) in [
            (Method::POST, vec![ours, FORM, ("origin", "http://localhost:3000")], 200),
            (Method::POST, vec![ours, FORM, ("sec-fetch-site", "same-origin")], 200),
            (Method::POST, vec![ours, FORM, ("authorization", "Bearer sbx_x")], 200),
            (Method::POST, vec![ours, FORM], 403),
            (Method::POST, vec![ours, FORM, ("cookie", "signalbox=x")], 403),
            (Method::POST, vec![ours, FORM, ("origin", "null")], 403),
            (Method::POST, vec![ours, FORM, ("origin", "http://sibling.localhost:3000"), ("sec-fetch-site", "same-site")], 403),
            (Method::POST, vec![ours, FORM, ("authorization", "Bearer sbx_x"), ("sec-fetch-site", "cross-site")], 403),
            (Method::POST, vec![ours, ("content-type", "text/plain"), ("origin", "http://localhost:3000")], 415),
            (Method::POST, vec![ours, ("content-type", "multipart/form-data; boundary=x"), ("sec-fetch-site", "same-origin")], 415),
            (Method::POST, vec![ours, ("content-type", "application/json; charset=utf-8"), ("sec-fetch-site", "same-origin")], 200),
            (Method::POST, vec![ours, ("sec-fetch-site", "same-origin")], 415),
            (Method::PUT, vec![ours, FORM, ("sec-fetch-site", "same-origin")], 405),
            (Method::POST, vec![ours, ("origin", "https://evil.test")], 403),
            (Method::GET, vec![ours, ("origin", "null")], 403),
            (Method::GET, vec![ours, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], 200),
            (Method::GET, vec![ours, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")], 403),
            (Method::POST, vec![ours, ("sec-fetch-site", "same-site"), ("sec-fetch-mode", "navigate")], 403),
            (Method::GET, vec![ours, ("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")], 200),
            (Method::GET, vec![ours], 200),
        ] {
            assert_eq!(asked(None, method, &headers), status, "{headers:?}");
        }
    }
    #[test]
    fn files_are_taken_where_they_are_handed_in_and_nowhere_else() {
        let (ours, site) = (("host", "localhost:3000"), ("sec-fetch-site", "same-origin"));
        let multipart = ("content-type", "multipart/form-data; boundary=x");
        for path in upload::PATHS {
            assert_eq!(asked_at(path, None, Method::POST, &[ours, site, multipart]), 200, "{path}");
            assert_eq!(asked_at(path, None, Method::POST, &[ours, site, FORM]), 415, "{path}");
            assert_eq!(asked_at(path, None, Method::POST, &[ours, multipart]), 403, "{path}");
            assert_eq!(asked_at(path, None, Method::PUT, &[ours, site, multipart]), 405, "{path}");
        }
        assert_eq!(asked_at("/api/attest", None, Method::POST, &[ours, site, multipart]), 415);
    }
}
