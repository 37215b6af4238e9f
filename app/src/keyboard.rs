//! The keys that work on every page.
//!
//! One listener on the window, so that no page can forget it. It keeps out of the way: no key is taken from somebody
//! who is typing, and none that is pressed together with Ctrl, Alt or Meta.

use std::time::Duration;

use leptos::ev::{self, KeyboardEvent};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDialogElement, HtmlElement};

use crate::parts::palette;

/// What each key does, as the dialog lists it.
pub(crate) const KEYS: [(&[&str], &str); 14] = [
    (&["/"], "go to any service or page"),
    (&["f"], "filter the list on this page"),
    (&["g", "o"], "go to the Overview"),
    (&["g", "s"], "go to Services"),
    (&["g", "t"], "go to the Timeline"),
    (&["g", "a"], "go to Alarms"),
    (&["g", "n"], "go to NATS"),
    (&["g", "r"], "go to Rollouts"),
    (&["g", "e"], "go to Readiness, and its evidence"),
    (&["g", "p"], "go to Reports, to be printed"),
    (&["g", "c"], "go to Sources, where the collectors are"),
    (&["t"], "on an entry of the record: what changed in the ten minutes before it"),
    (&["?"], "show these keys"),
    (&["Esc"], "close what is open, leave a field"),
];

/// The element ids the keys look for.
pub(crate) const SEARCH_ID: &str = "q";
pub(crate) const DIALOG_ID: &str = "keys";

/// Whether the list of services should put the cursor into its search field when it appears.
#[derive(Clone, Copy)]
pub(crate) struct SearchWanted(pub(crate) RwSignal<bool>);

/// Listens; called once the page has been taken over.
pub(crate) fn listen(wanted: SearchWanted) {
    let going = RwSignal::new(false);
    let navigate = use_navigate();
    let go = move |to: &str| navigate(to, NavigateOptions::default());
    let handle = window_event_listener(ev::keydown, move |event| {
        if event.key() == "k" && (event.ctrl_key() || event.meta_key()) && !event.alt_key() {
            event.prevent_default();
            show_palette();
            return;
        }
        if event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        if typing(&event) {
            if event.key() == "Escape" {
                leave_field(&event);
            }
            return;
        }
        let second = going.get_untracked();
        going.set(false);
        match (second, event.key().as_str()) {
            (true, "o") => go("/"),
            (true, "s") => go("/services"),
            (true, "t") => go("/timeline"),
            (true, "a") => go("/alarms"),
            (true, "n") => go("/nats"),
            (true, "r") => go("/rollouts"),
            (true, "e") => go("/readiness"),
            (true, "p") => go("/reports"),
            (true, "c") => go("/sources"),
            (false, "t") => {
                if let Some(to) = before_this(&event) {
                    go(&to);
                }
            }
            (false, "g") => {
                going.set(true);
                set_timeout(move || going.set(false), Duration::from_millis(1_500));
            }
            (false, "?") => show_keys(),
            (false, "/") => {
                event.prevent_default();
                show_palette();
            }
            (false, "f") => {
                event.prevent_default();
                if !focus_search() {
                    wanted.0.set(true);
                    go("/services");
                }
            }
            _ => {}
        }
    });
    on_cleanup(move || handle.remove());
}

/// Opens the dialog that lists the keys.
pub(crate) fn show_keys() {
    open(DIALOG_ID);
}

/// Closes it.
pub(crate) fn hide_keys() {
    close(DIALOG_ID);
}

/// Opens the command palette, with what was typed last selected.
pub(crate) fn show_palette() {
    open(palette::DIALOG_ID);
    focus(palette::FIELD_ID);
}

/// Closes a dialog.
pub(crate) fn close(id: &str) {
    if let Some(dialog) = dialog(id) {
        dialog.close();
    }
}

fn open(id: &str) {
    if let Some(dialog) = dialog(id).filter(|dialog| !dialog.open()) {
        // it can only fail on a dialog that is open already
        dialog.show_modal().unwrap_or_default();
    }
}

fn dialog(id: &str) -> Option<HtmlDialogElement> {
    document().get_element_by_id(id).and_then(|found| found.dyn_into::<HtmlDialogElement>().ok())
}

/// Puts the cursor into the filter of this page; false where there is none.
pub(crate) fn focus_search() -> bool {
    focus(SEARCH_ID)
}

fn focus(id: &str) -> bool {
    let field = document().get_element_by_id(id).and_then(|found| found.dyn_into::<web_sys::HtmlInputElement>().ok());
    field.is_some_and(|field| {
        field.select();
        field.focus().is_ok()
    })
}

/// Where the question "what changed before this" leads from the entry that has the focus.
fn before_this(event: &KeyboardEvent) -> Option<String> {
    let entry = target(event)?.closest("li").ok()??;
    entry.query_selector("a.before").ok()??.get_attribute("href")
}

fn typing(event: &KeyboardEvent) -> bool {
    target(event)
        .is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA") || element.is_content_editable())
}

fn leave_field(event: &KeyboardEvent) {
    if let Some(element) = target(event) {
        // a field that cannot lose the cursor keeps it
        element.blur().unwrap_or_default();
    }
}

fn target(event: &KeyboardEvent) -> Option<HtmlElement> {
    event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok())
}
