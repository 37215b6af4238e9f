//! How a plain form is answered: by the page it came from, which shows what came of it.
//!
//! A refusal travels in a cookie of a few seconds and not in the URL, where a link could put a sentence into our mouth.

use domain::service::{decoded, encoded};
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use leptos::prelude::use_context;

use crate::error::AppError;

/// Why the form that was just sent was refused.
const REFUSED: &str = "signalbox-refused";
/// The longest value read back, in characters: a sentence of ours.
const LONGEST: usize = 600;

/// Sends the browser to `path` and its element `at`, with the refusal where there is one.
pub(super) fn answer(path: &str, at: &str, done: Result<(), AppError>) {
    let Some(response) = use_context::<leptos_axum::ResponseOptions>() else { return };
    if let Err(error) = done
        && let Ok(value) = HeaderValue::from_str(&refusal(path, &error.to_string()))
    {
        response.append_header(SET_COOKIE, value);
    }
    let place = if at.is_empty() { path.to_owned() } else { format!("{path}#{at}") };
    leptos_axum::redirect(&place);
    response.set_status(http::StatusCode::SEE_OTHER);
}

/// The cookie in which a refusal travels to the page at `path`.
pub fn refusal(path: &str, why: &str) -> String {
    format!("{REFUSED}={}; Path={}; Max-Age=5; HttpOnly; SameSite=Lax", encoded(why), first(path))
}

/// The first part of a path, without its query: a cookie's path is compared unescaped by nobody, so it is kept plain.
fn first(path: &str) -> String {
    format!("/{}", path.split(['/', '?', '#']).nth(1).unwrap_or_default())
}

/// Why the form that was sent a moment ago was refused, as safe to show as anything from outside.
pub(crate) fn refused() -> Option<String> {
    let parts = use_context::<http::request::Parts>()?;
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    let value = cookies.filter_map(|pair| pair.trim().split_once('=')).find(|(of, _)| *of == REFUSED)?.1.to_owned();
    let text: String = decoded(&value).chars().take(LONGEST).collect();
    (!text.is_empty()).then(|| domain::text::shown(&text))
}
