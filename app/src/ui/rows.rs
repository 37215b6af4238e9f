//! Rows that keep their place while their content moves.
//!
//! A keyed list alone never looks at a row again once it stands; a plain list looks at every row but knows them only
//! by position, so that focus would stay at the third row while the service in it moves to the fifth. Here each key
//! has a signal: the row stays, and what changed in it changes.

use std::collections::HashMap;
use std::hash::Hash;

use leptos::prelude::*;
use leptos::tachys::view::keyed::SerializableKey;

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
