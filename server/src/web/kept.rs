//! The Overview's HTML, kept for one revision and one second.
//!
//! Everybody who looks sees the same Overview but for their own name in the bar, and rendering it costs a millisecond, so it
//! is rendered once per reader, revision and second of the clock: nobody sees an age that is off by more than that. The
//! first trap is the name: what is kept is found by who is looking, and by nothing less. The second is the nonce: every
//! answer must carry one of its own, so the kept page is cut where the nonce stands and put together with a fresh one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use domain::account::Reader;
use domain::port::Actor;

use super::access::Shared;

/// A page of ours is some tens of kilobytes; with thousands of services it still stays far below.
const LARGEST: usize = 8 * 1024 * 1024;

/// What is kept, shared by all requests.
#[derive(Clone)]
pub(super) struct Keeping {
    shared: Shared,
    pages: Arc<Mutex<HashMap<Reader, Arc<Page>>>>,
}

/// Most readers whose page is kept; their scripts count as well.
const MOST: usize = 64;

struct Page {
    revision: u64,
    second: i64,
    headers: HeaderMap,
    /// The policy, and the body, cut where the nonce stands.
    policy: Vec<String>,
    body: Vec<Bytes>,
}

impl Keeping {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared, pages: Arc::default() }
    }

    fn kept(&self, reader: &Reader, current: (u64, i64)) -> Option<Arc<Page>> {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.get(reader).filter(|page| (page.revision, page.second) == current).cloned()
    }

    fn keep(&self, reader: Reader, page: Page) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MOST {
            pages.clear();
        }
        pages.insert(reader, Arc::new(page));
    }
}

/// The middleware: answers a plain request for the Overview from what is kept for who asks.
pub(super) async fn overview(State(keeping): State<Keeping>, request: Request, next: Next) -> Response {
    let plain = request.method() == Method::GET && request.uri().path() == "/" && request.uri().query().is_none();
    let Some(reader) = request.extensions().get::<Arc<Actor>>().filter(|_| plain).map(|actor| actor.reader()) else {
        return next.run(request).await;
    };
    let current = keeping.shared.current();
    if let Some(page) = keeping.kept(&reader, current) {
        return page.answer();
    }
    let (parts, body) = next.run(request).await.into_parts();
    let Ok(body) = to_bytes(body, LARGEST).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "The page grew beyond what Signalbox is willing to send.\n").into_response();
    };
    if parts.status == StatusCode::OK
        && let Some(page) = Page::cut(current, &parts.headers, &body)
    {
        keeping.keep(reader, page);
    }
    Response::from_parts(parts, Body::from(body))
}

impl Page {
    /// Cuts an answer where its nonce stands; nothing where it has none.
    fn cut((revision, second): (u64, i64), headers: &HeaderMap, body: &Bytes) -> Option<Self> {
        let policy = headers.get(header::CONTENT_SECURITY_POLICY)?.to_str().ok()?;
        let nonce = policy.split_once("'nonce-")?.1.split_once('\'')?.0;
        let text = std::str::from_utf8(body).ok()?;
        let mut at = 0;
        let mut pieces = Vec::new();
        for piece in text.split(nonce) {
            pieces.push(body.slice(at..at + piece.len()));
            at += piece.len() + nonce.len();
        }
        let mut headers = headers.clone();
        headers.remove(header::CONTENT_LENGTH);
        Some(Self { revision, second, headers, policy: policy.split(nonce).map(str::to_owned).collect(), body: pieces })
    }

    fn answer(&self) -> Response {
        let nonce = leptos::nonce::Nonce::new().to_string();
        let mut body = BytesMut::with_capacity(self.body.iter().map(|piece| piece.len() + nonce.len()).sum());
        for (index, piece) in self.body.iter().enumerate() {
            if index > 0 {
                body.extend_from_slice(nonce.as_bytes());
            }
            body.extend_from_slice(piece);
        }
        let mut response = Response::new(Body::from(body.freeze()));
        *response.headers_mut() = self.headers.clone();
        if let Ok(policy) = HeaderValue::from_str(&self.policy.join(&nonce)) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_answer_has_a_nonce_of_its_own() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("script-src 'nonce-abc' 'self'; style-src 'nonce-abc'"));
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        let body = Bytes::from_static(b"<script nonce=\"abc\">1</script><link nonce=\"abc\">");
        let page = Page::cut((1, 2), &headers, &body).unwrap();
        let mut seen = Vec::new();
        for _ in 0..2 {
            let response = page.answer();
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            let nonce = policy.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0.to_owned();
            assert_eq!(policy, format!("script-src 'nonce-{nonce}' 'self'; style-src 'nonce-{nonce}'"));
            assert_eq!(response.headers()[header::CONTENT_TYPE], "text/html");
            let text = to_bytes(response.into_body(), LARGEST).await.unwrap();
            assert_eq!(text, format!("<script nonce=\"{nonce}\">1</script><link nonce=\"{nonce}\">"));
            seen.push(nonce);
        }
        assert!(seen[0] != seen[1] && !seen.contains(&"abc".to_owned()));
        assert!(Page::cut((1, 2), &HeaderMap::new(), &body).is_none());
    }
}
