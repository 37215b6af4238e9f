//! Routes that are written down as they are made.
//!
//! axum does not tell what a router is made of; this does, so that a test can ask every route there is as everybody there
//! is, and a new one cannot be forgotten.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::MethodFilter;

use super::access::Shared;

/// One route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    /// Its path, with parameters in braces.
    pub path: String,
    /// Its method.
    pub method: String,
}

/// Routes under construction.
#[derive(Default)]
pub(super) struct Routes {
    router: Router<Shared>,
    listed: Vec<Listed>,
}

impl Routes {
    pub(super) fn get<T: 'static>(self, path: &str, handler: impl Handler<T, Shared>) -> Self {
        self.on(MethodFilter::GET, Method::GET, path, handler)
    }

    pub(super) fn post<T: 'static>(self, path: &str, handler: impl Handler<T, Shared>) -> Self {
        self.on(MethodFilter::POST, Method::POST, path, handler)
    }

    fn on<T: 'static>(mut self, filter: MethodFilter, method: Method, path: &str, handler: impl Handler<T, Shared>) -> Self {
        self.router = self.router.route(path, axum::routing::on(filter, handler));
        self.listed.push(Listed { path: path.to_owned(), method: method.to_string() });
        self
    }

    pub(super) fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.listed.extend(other.listed);
        self
    }

    pub(super) fn nest(mut self, prefix: &str, other: Self) -> Self {
        self.router = self.router.nest(prefix, other.router);
        self.listed.extend(other.listed.into_iter().map(|route| Listed { path: format!("{prefix}{}", route.path), ..route }));
        self
    }

    pub(super) fn fallback<T: 'static>(mut self, handler: impl Handler<T, Shared>) -> Self {
        self.router = self.router.fallback(handler);
        self
    }

    pub(super) fn into_parts(self) -> (Router<Shared>, Vec<Listed>) {
        (self.router, self.listed)
    }
}
