//! Laying newer HTML over what is on the page.
//!
//! What is equal stays the same element, so focus, selection, scroll positions and typing stay; what a reader opened
//! stays open; what names itself (by `id` or `data-key`) keeps its element wherever it moves. Separate from the page
//! because it knows nothing of it. The traps: an element that is moved in the document forgets the focus, so it is given
//! back; and `data-stays` marks what the newer HTML may lack without it having become untrue, such as a refusal that was
//! sent once.

use std::collections::{HashMap, HashSet};

use domain::Timestamp;
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::JsValue;
use web_sys::{Element, HtmlElement, HtmlTemplateElement, Node};

use crate::now::Now;
use crate::parts::age::Told;

/// Makes `place` hold what `html` says.
pub(super) fn over(place: &Element, html: &str) {
    let template = document().create_element("template").ok().and_then(|made| made.dyn_into::<HtmlTemplateElement>().ok());
    let Some(template) = template else { return place.set_inner_html(html) };
    template.set_inner_html(html);
    let focused = focused();
    children(place, &template.content());
    if let Some(focused) = focused
        && focused.is_connected()
        && document().active_element().as_ref() != Some(&*focused)
    {
        // what cannot be focused any more has nothing to get back
        focused.focus().unwrap_or_default();
    }
}

fn focused() -> Option<HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

fn children(old: &Node, new: &Node) {
    let wanted: HashSet<String> = each(new).filter_map(|node| key(&node)).collect();
    let mut known: HashMap<String, Node> = each(old).filter_map(|node| Some((key(&node)?, node))).collect();
    let mut at = old.first_child();
    for fresh in each(new).collect::<Vec<_>>() {
        let found = if let Some(key) = key(&fresh) {
            // what is not wanted any more goes first, so that nothing behind it has to move
            while let Some(gone) = at.clone().filter(|node| self::key(node).is_some_and(|key| !wanted.contains(&key)) && !stays(node)) {
                at = gone.next_sibling();
                remove(old, &gone);
            }
            known.remove(&key).filter(|node| node.node_name() == fresh.node_name())
        } else {
            while let Some(kept) = at.clone().filter(stays) {
                at = kept.next_sibling();
            }
            at.clone().filter(|node| key(node).is_none() && node.node_name() == fresh.node_name())
        };
        match found {
            Some(found) if at.as_ref() == Some(&found) => {
                at = found.next_sibling();
                one(&found, &fresh);
            }
            Some(found) => {
                insert(old, &found, at.as_ref());
                one(&found, &fresh);
            }
            None => insert(old, &fresh, at.as_ref()),
        }
    }
    while let Some(left) = at {
        at = left.next_sibling();
        if !stays(&left) {
            remove(old, &left);
        }
    }
}

fn one(old: &Node, new: &Node) {
    match (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
        (Some(old), Some(new)) => {
            attributes(old, new);
            children(old, new);
        }
        _ => {
            if old.node_value() != new.node_value() {
                old.set_node_value(new.node_value().as_deref());
            }
        }
    }
}

/// All but what the reader decides: whether a detail is open.
fn attributes(old: &Element, new: &Element) {
    for name in new.get_attribute_names().iter().filter_map(|name| name.as_string()) {
        let value = new.get_attribute(&name).unwrap_or_default();
        if old.get_attribute(&name).as_ref() != Some(&value) && !own(old, &name) {
            old.set_attribute(&name, &value).unwrap_or_default();
        }
    }
    for name in old.get_attribute_names().iter().filter_map(|name| name.as_string()) {
        if !new.has_attribute(&name) && !own(old, &name) {
            old.remove_attribute(&name).unwrap_or_default();
        }
    }
}

fn own(of: &Element, name: &str) -> bool {
    name == "open" && matches!(of.tag_name().as_str(), "DETAILS" | "DIALOG")
}

fn each(of: &Node) -> impl Iterator<Item = Node> + use<> {
    std::iter::successors(of.first_child(), Node::next_sibling)
}

/// By what a node is known wherever it stands.
fn key(node: &Node) -> Option<String> {
    let element = node.dyn_ref::<Element>()?;
    element.get_attribute("data-key").or_else(|| element.get_attribute("id"))
}

fn stays(node: &Node) -> bool {
    node.dyn_ref::<Element>().is_some_and(|element| element.has_attribute("data-stays"))
}

// both can fail only on a node that is not where it was just found
fn insert(into: &Node, what: &Node, before: Option<&Node>) {
    into.insert_before(what, before).map(drop).unwrap_or_default();
}

fn remove(from: &Node, what: &Node) {
    from.remove_child(what).map(drop).unwrap_or_default();
}

/// Writes every age anew, as the clock of the open page has it.
pub(super) fn ages(place: &Element, now: Now) {
    let (Some(instant), Ok(all)) = (now.instant(), place.query_selector_all("time[data-told]")) else { return };
    for time in (0..all.length()).filter_map(|index| all.get(index)?.dyn_into::<Element>().ok()) {
        let told = time.get_attribute("data-told").and_then(|word| Told::from_word(&word));
        let of = time.get_attribute("datetime").and_then(|of| of.parse::<Timestamp>().ok());
        let (Some(told), Some(of)) = (told, of) else { continue };
        let words = told.words(of, instant);
        if time.text_content().as_deref() != Some(&words) {
            time.set_text_content(Some(&words));
        }
        let exact = now.exact(of);
        if time.get_attribute("title").as_ref() != Some(&exact) {
            time.set_attribute("title", &exact).unwrap_or_default();
        }
    }
}

/// Copies what stands before a button that says so.
pub(super) fn copy(event: &MouseEvent) -> Option<()> {
    let button = event.target()?.dyn_into::<Element>().ok()?.closest("button.copy-it").ok()??;
    let text = button.previous_element_sibling()?.text_content()?;
    let clipboard = clipboard()?;
    let write: js_sys::Function = js_sys::Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into().ok()?;
    write.call1(&clipboard, &text.into()).ok()?;
    button.set_text_content(Some("copied"));
    Some(())
}

/// The browser's clipboard. A page that is neither local nor under https has none.
fn clipboard() -> Option<JsValue> {
    let of = |whose: &JsValue, name: &str| js_sys::Reflect::get(whose, &name.into()).ok().filter(JsValue::is_object);
    of(&of(&web_sys::window()?.into(), "navigator")?, "clipboard")
}

/// Says on the page whether there is a clipboard, so that buttons which need one are shown.
pub(super) fn offer_copying(place: &Element) {
    if clipboard().is_some() {
        place.class_list().add_1("can-copy").unwrap_or_default();
    }
}
