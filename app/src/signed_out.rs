//! What an open page does when the server no longer knows who is looking.
//!
//! It goes to the login page, which leads back here. The trap is what was typed and not sent: a page with a touched field
//! stays, says so above itself, and its form still works, because the server answers a form that comes too late with a
//! login page that carries it along.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use web_sys::{Element, HtmlElement};

/// Where the notice of it stands; hidden until it is so.
pub(crate) const NOTICE_ID: &str = "signed-out";

/// Goes to the login page, or tells where somebody is in the middle of a form. False where there is no browser.
pub(crate) fn leave_or_tell() -> bool {
    if !cfg!(feature = "hydrate") {
        return false;
    }
    if touched() {
        let notice = document().get_element_by_id(NOTICE_ID).and_then(|notice| notice.dyn_into::<HtmlElement>().ok());
        if let Some(notice) = notice {
            notice.remove_attribute("hidden").unwrap_or_default();
        }
    } else {
        let location = window().location();
        let here = format!("{}{}", location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
        location.assign(&format!("/login?to={}", domain::service::encoded(&here))).unwrap_or_default();
    }
    true
}

/// Whether a field of a form that changes something holds what nobody has sent.
fn touched() -> bool {
    let Ok(fields) = document().query_selector_all("form[method=post] input:not([type=hidden]), form[method=post] textarea") else {
        return false;
    };
    let differs = |field: &Element| {
        let of = |name: &str| js_sys::Reflect::get(field, &JsValue::from_str(name)).ok().and_then(|value| value.as_string());
        of("value") != of("defaultValue")
    };
    (0..fields.length()).filter_map(|index| fields.get(index)?.dyn_into::<Element>().ok()).any(|field| differs(&field))
}

/// The notice, not shown yet.
#[component]
pub(crate) fn SignedOut() -> impl IntoView {
    view! {
        <aside id=NOTICE_ID class="notice notice-bad" aria-label="Session" hidden=true>
            <p role="alert">
                "Your session has ended; what you see is from before. Nothing you typed is lost: send it, sign in, and it is sent again."
            </p>
        </aside>
    }
}
