//! Rows that keep their place while their content moves.
//!
//! A keyed list alone never looks at a row again once it stands; a plain list looks at every row but knows them only
//! by position, so that focus would stay at the third row while the service in it moves to the fifth. Here each key
//! has a signal: the row stays, and what changed in it changes. A row that moves to another place is taken out of the
//! document and put back, which makes a browser forget the focus in it; so the focus is given back.

use std::collections::HashMap;
use std::hash::Hash;

use leptos::prelude::*;
use leptos::tachys::view::keyed::SerializableKey;
use leptos::wasm_bindgen::JsCast;
use leptos::web_sys::HtmlElement;

/// Shows `items` through `row`, which is called once for each key.
pub(crate) fn rows<T, K>(
    items: impl Fn() -> Vec<T> + Send + Sync + 'static,
    key: fn(&T) -> K,
    row: fn(ArcRwSignal<T>) -> AnyView,
) -> AnyView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    K: Clone + Eq + Hash + SerializableKey + Send + Sync + 'static,
{
    let cells: StoredValue<HashMap<K, ArcRwSignal<T>>> = StoredValue::new(HashMap::new());
    let each = move || {
        keep_focus();
        let mut before = HashMap::new();
        cells.update_value(|cells| std::mem::swap(cells, &mut before));
        let now: Vec<(K, ArcRwSignal<T>)> = items()
            .into_iter()
            .map(|item| {
                let key = key(&item);
                let cell = match before.remove(&key) {
                    Some(cell) => {
                        if cell.with_untracked(|shown| *shown != item) {
                            cell.set(item);
                        }
                        cell
                    }
                    None => ArcRwSignal::new(item),
                };
                (key, cell)
            })
            .collect();
        cells.set_value(now.iter().cloned().collect());
        now
    };
    view! { <For each key=|(key, _)| key.clone() children=move |(_, cell)| row(cell)/> }.into_any()
}

/// Gives the focus back to what has it now, once the rows have found their places.
fn keep_focus() {
    if !cfg!(feature = "hydrate") {
        return;
    }
    let active = || document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    let Some(focused) = active() else { return };
    request_animation_frame(move || {
        if focused.is_connected() && active().as_ref() != Some(&focused) {
            // an element that cannot be focused any more has nothing to get back
            drop(focused.focus());
        }
    });
}
