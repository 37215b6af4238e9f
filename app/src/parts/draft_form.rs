//! A form that asks by GET for what would come of it: nothing is done by it, and everything typed stands in the address.
//!
//! The trap is Enter in one of its fields, which presses the first button there is: whatever else can be pressed in the panels
//! has to be harmless as well.

use domain::text;
use leptos::prelude::*;

use super::act::MAY_NOT;
use crate::ui::panel::panel;

/// The form.
pub(crate) struct DraftForm {
    /// `plan`; `plan attest` where fields have several lines.
    pub(crate) class: &'static str,
    /// Where it leads to: the page itself, at the draft.
    pub(crate) action: &'static str,
    /// What the fields are about, for those who do not see them.
    pub(crate) legend: &'static str,
    /// Whether whoever looks may only look; the page says why above.
    pub(crate) barred: bool,
    /// The name of the button, whose value is `1`, and what it says.
    pub(crate) button: (&'static str, &'static str),
    /// What is said beside the button.
    pub(crate) beside: &'static str,
}

/// The form around these panels.
pub(crate) fn draft_form(form: DraftForm, panels: AnyView) -> AnyView {
    let DraftForm { class, action, legend, barred, button: (name, label), beside } = form;
    view! {
        <form class=class action=action method="get" novalidate=true>
            <fieldset class="fields stack" disabled=barred aria-describedby=barred.then_some(MAY_NOT)>
                <legend class="sr">{legend}</legend>
                {panels}
                <p class="ways">
                    <button class="btn btn-primary" type="submit" name=name value="1">{label}</button>
                    <span class="dim">{beside}</span>
                </p>
            </fieldset>
        </form>
    }
    .into_any()
}

/// What stands where the draft would: that something is wrong with it first, before it can be `done`.
pub(crate) fn put_right(problems: usize, done: &str) -> AnyView {
    let title = format!("{} to put right before it can be {done}", text::count(problems as u64, "thing"));
    panel("draft", title, (), view! { <p class="empty" role="status">"Each stands at its field."</p> })
}
