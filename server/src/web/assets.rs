//! The browser's half: script, WASM, stylesheet. Inside the binary in a release build; read from `target/site` otherwise.
//!
//! Pages ask for `/pkg/NAME?v=VERSION`, where the version is a digest of all of them, so a browser may keep what it got
//! for ever and a new build is fetched at once.

use std::borrow::Cow;

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site/pkg"]
#[allow_missing = true]
struct Files;

/// The version in every page's links; `none` where the browser's half was not built.
pub(super) fn version() -> String {
    let text = Files::get("version.txt").map(|file| String::from_utf8_lossy(&file.data).trim().to_owned());
    text.filter(|version| !version.is_empty()).unwrap_or_else(|| "none".to_owned())
}

pub(super) async fn file(Path(name): Path<String>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let squeezed = if accepts.contains("br") { Files::get(&format!("{name}.br")) } else { None };
    let encoded = squeezed.is_some();
    let Some(file) = squeezed.or_else(|| Files::get(&name)) else {
        return (StatusCode::NOT_FOUND, "There is no such file. `cargo xtask ui` builds the pages' half.\n").into_response();
    };
    let body: Cow<'static, [u8]> = file.data;
    let mut response = match body {
        Cow::Borrowed(bytes) => bytes.into_response(),
        Cow::Owned(bytes) => bytes.into_response(),
    };
    let out = response.headers_mut();
    let kind = mime_guess::from_path(&name).first_or_octet_stream();
    if let Ok(kind) = HeaderValue::from_str(kind.essence_str()) {
        out.insert(header::CONTENT_TYPE, kind);
    }
    if encoded {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let named = query.is_some_and(|query| query == format!("v={}", version()));
    let keep = if named { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}
