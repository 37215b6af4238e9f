//! The routes and what stands around every page. Nothing else: this runs once at start without a request, to find the
//! routes, and anything that expects one would panic there.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::live::Live;
use crate::made::MadePage;
use crate::now::Now;
use crate::pages::services::Services;
use crate::parts::frame::Frame;

/// The pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Now::new());
    provide_context(Live::new());
    view! {
        <Title formatter=title/>
        <Router>
            <Routes fallback=|| ()>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("/services") view=Services ssr=SsrMode::Async/>
                    <Route path=path!("/") view=MadePage ssr=SsrMode::Async/>
                    <Route path=path!("/*any") view=MadePage ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}

/// A page's title. leptos_meta writes it into the document as it is, so a name must not be able to end the element;
/// what would is replaced and not escaped, because the browser's half sets the same text without reading escapes.
fn title(of: String) -> String {
    let of = of.replace('<', "‹").replace('>', "›");
    if of.is_empty() { "Signalbox".to_owned() } else { format!("{of} · Signalbox") }
}
