//! A command as a plain form: its button, with the reason it asks for or the reason why it may not be given.
//!
//! What may not be done now stays in sight: a button that is gone is one somebody looks for. The trap is the reason why not,
//! which must stand as text beside the button, because a tooltip is read by nobody on a phone; where several buttons have the
//! same one it stands once on the page and they point at it.

use domain::text;
use leptos::prelude::*;

/// The longest reason that is kept, in characters.
pub(crate) const LONGEST_REASON: &str = "500";

/// Why a command may not be given, and where that is said.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// Here, beside the button.
    Here(String),
    /// At the element with this id.
    There(&'static str),
}

/// How a button is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    /// One among others.
    Plain,
    /// What one came for.
    Primary,
    /// It ends something, or takes it back.
    Stop,
}

impl Weight {
    /// The class of the button.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Plain => "btn",
            Self::Primary => "btn btn-primary",
            Self::Stop => "btn btn-stop",
        }
    }
}

/// A command.
pub(crate) struct Act {
    /// Tells it apart on the page.
    pub(crate) key: String,
    /// Where it is sent.
    pub(crate) action: &'static str,
    /// What is sent along.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// Its words.
    pub(crate) label: String,
    /// How it is drawn.
    pub(crate) weight: Weight,
    /// What its reason answers; nothing: it asks for none.
    pub(crate) reason: Option<&'static str>,
    /// Why it may not be given; nothing: it may.
    pub(crate) refused: Option<Refused>,
}

/// The command's form.
pub(crate) fn act(act: Act) -> AnyView {
    let Act { key, action, fields, label, weight, reason, refused } = act;
    if let Some(refused) = refused {
        return disabled(&key, label, weight, refused);
    }
    let class = weight.class();
    let Some(question) = reason else {
        return view! {
            <form class="command" action=action method="post" data-key=key>
                {hidden(fields)}
                <button class=class type="submit">{label}</button>
            </form>
        }
        .into_any();
    };
    let summary = label.clone();
    view! {
        <details class="command" data-key=key>
            <summary class=class>{summary}</summary>
            <form class="act" action=action method="post">
                {hidden(fields)}
                <label>
                    <span>{question}</span>
                    <textarea name="reason" rows="2" maxlength=LONGEST_REASON required=true></textarea>
                </label>
                <button class=class type="submit">{label}</button>
            </form>
        </details>
    }
    .into_any()
}

fn disabled(key: &str, label: String, weight: Weight, refused: Refused) -> AnyView {
    let class = weight.class();
    let (id, said) = match refused {
        Refused::Here(why) => {
            let id = format!("why-{key}");
            let said = view! { <span class="why" id=id.clone()><bdi>{text::shown(&why)}</bdi></span> };
            (id, Some(said))
        }
        Refused::There(id) => (id.to_owned(), None),
    };
    view! {
        <p class="command refused" data-key=key.to_owned()>
            <button class=class type="button" disabled=true aria-describedby=id>{label}</button>
            {said}
        </p>
    }
    .into_any()
}

/// What a form sends along without showing it.
pub(crate) fn hidden(fields: Vec<(&'static str, String)>) -> Vec<AnyView> {
    fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any()).collect()
}

/// Why somebody may do nothing here, once for the whole page; what is disabled by it points at this.
pub(crate) fn may_not(why: Option<&str>) -> AnyView {
    why.map(|why| view! { <p class="dim" id=MAY_NOT>{text::shown(why)}</p> }).into_any()
}

/// The id of that.
pub(crate) const MAY_NOT: &str = "may-not";

/// Why the form that was sent a moment ago was refused. Said once, so it must outlive the next answer.
pub(crate) fn was_refused(why: Option<String>) -> AnyView {
    why.map(|why| view! { <p class="stale-note" id="refused" role="alert" data-stays="">{why}</p> }).into_any()
}
