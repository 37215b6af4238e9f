//! Text that people paste somewhere else.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;

/// Text in which one click selects the whole, and nothing else; beside it, where the browser has a clipboard to offer, a
/// button that copies it. A page that is neither local nor under https has none.
#[component]
pub(crate) fn Copy(#[prop(into)] text: String) -> impl IntoView {
    let (offered, offer) = signal(false);
    let (copied, copy) = signal(false);
    Effect::new(move |_| offer.set(clipboard().is_some()));
    let whole = StoredValue::new(text.clone());
    let take = move |_| copy.set(whole.with_value(|text| write(text)).is_some());
    let button = move || {
        view! {
            <button type="button" class="btn copy-it" on:click=take on:blur=move |_| copy.set(false)>
                <span aria-live="polite">{move || if copied.get() { "copied" } else { "copy" }}</span>
            </button>
        }
    };
    view! { <code class="copy">{text}</code>" "<Show when=move || offered.get()>{button()}</Show> }
}

fn clipboard() -> Option<JsValue> {
    let of = |whose: &JsValue, name: &str| js_sys::Reflect::get(whose, &name.into()).ok().filter(JsValue::is_object);
    of(&of(&web_sys::window()?.into(), "navigator")?, "clipboard")
}

/// Copies `text`; nothing where the browser refuses at once.
fn write(text: &str) -> Option<()> {
    let clipboard = clipboard()?;
    let write: js_sys::Function = js_sys::Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into().ok()?;
    write.call1(&clipboard, &text.into()).ok().map(drop)
}
