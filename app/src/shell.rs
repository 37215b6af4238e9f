//! The HTML document around the pages.
//!
//! Written here and not by Leptos' `HydrationScripts`, because the addresses of the bundle carry its version: a
//! browser that kept the script of one build must never load the WASM of another. The one inline script carries the
//! nonce of the answer, which is all the content security policy lets run.

use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos_meta::MetaTags;

use crate::App;

/// Names the build of script, WASM and stylesheet; goes into their addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetVersion(pub String);

/// The signal of the word mark, as the tab's icon.
pub(crate) const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22'%3E%3Cpath d='M11 22V9' \
                    stroke='%23777' stroke-width='2'/%3E%3Crect x='6' width='10' height='16' rx='5' fill='%23333' stroke='%23999'/%3E\
                    %3Ccircle cx='11' cy='5' r='2.4' fill='%23e2483d'/%3E%3Ccircle cx='11' cy='11' r='2.4' fill='%2338c878'/%3E%3C/svg%3E";

/// The document of every page.
pub fn shell(assets: &AssetVersion) -> impl IntoView + use<> {
    let file = |name: &str| format!("/pkg/{name}?v={}", assets.0);
    let (script, wasm, style) = (file("signalbox.js"), file("signalbox_bg.wasm"), file("signalbox.css"));
    let start = format!("import init, {{ hydrate }} from {script:?}; await init({{ module_or_path: {wasm:?} }}); hydrate();");
    let nonce = use_nonce();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <link rel="icon" href=ICON/>
                <link rel="stylesheet" href=style/>
                <link rel="modulepreload" href=script nonce=nonce.clone()/>
                // low: the first picture is HTML and stylesheet alone, and must not share its line with what comes to life later
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous" fetchpriority="low"/>
                <script type="module" nonce=nonce>{start}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
