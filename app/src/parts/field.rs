//! A field of a form that asks: its label, what was typed, what is wrong with it, and how to fill it in.
//!
//! What is wrong stands at its field and is read out with it; what was typed stays. The trap is a field of several lines: Leptos
//! writes the children of a `<textarea>` as they are, so what was typed could end it and go on as markup. It is escaped here.

use domain::text;
use leptos::prelude::*;

/// The longest text of several lines that is kept, in characters.
const MOST_PROSE: &str = "2000";
/// The same of one line.
const MOST_LINE: &str = "1000";

/// How a field is filled in.
pub(crate) enum Kind {
    /// One line.
    Line,
    /// A number, with a point in it or without; typed as text, so that what is none can be shown with what is wrong with it.
    Number,
    /// An instant in UTC.
    Instant,
    /// Several lines.
    Prose,
    /// One of these: the value, and its words.
    OneOf(Vec<(String, String)>),
}

/// A field.
pub(crate) struct Field {
    /// Its name in the address.
    pub(crate) name: &'static str,
    /// What it asks.
    pub(crate) label: &'static str,
    /// How it is filled in.
    pub(crate) kind: Kind,
    /// What was typed.
    pub(crate) value: String,
    /// How to fill it in; may be empty.
    pub(crate) hint: String,
    /// What is wrong with it.
    pub(crate) wrong: Option<String>,
}

/// The field.
pub(crate) fn field(of: Field) -> AnyView {
    let Field { name, label, kind, value, hint, wrong } = of;
    let (id, hint_id, problem_id) = (format!("f-{name}"), format!("hint-{name}"), format!("problem-{name}"));
    // both are read out with the field, what is wrong with it first
    let described = [wrong.is_some().then_some(&problem_id), (!hint.is_empty()).then_some(&hint_id)].into_iter().flatten();
    let described = Some(described.cloned().collect::<Vec<_>>().join(" ")).filter(|ids| !ids.is_empty());
    let invalid = wrong.is_some().then_some("true");
    let said = wrong.map(|wrong| view! { <p class="problem" id=problem_id>{text::shown(&wrong)}</p> });
    let line = |kind: &'static str, mode: Option<&'static str>, value: String, described: Option<String>| {
        view! {
            <input id=format!("f-{name}") type=kind inputmode=mode name=name value=value maxlength=MOST_LINE autocomplete="off" spellcheck="false" aria-invalid=invalid aria-describedby=described/>
        }
        .into_any()
    };
    let input = match kind {
        Kind::Line => line("text", None, value, described),
        Kind::Number => line("text", Some("decimal"), value, described),
        Kind::Instant => line("datetime-local", None, value, described),
        Kind::Prose => view! {
            <textarea id=format!("f-{name}") name=name rows="3" maxlength=MOST_PROSE aria-invalid=invalid aria-describedby=described inner_html=escaped(&value)></textarea>
        }
        .into_any(),
        Kind::OneOf(all) => {
            // what was typed into the address and is none of them stays to be seen
            let strange = (!value.is_empty() && !all.iter().any(|(one, _)| *one == value)).then(|| (value.clone(), text::shown(&value)));
            let options: Vec<AnyView> = std::iter::once((String::new(), "choose one".to_owned()))
                .chain(strange)
                .chain(all)
                .map(|(one, words)| {
                    let chosen = one == value;
                    view! { <option value=one selected=chosen>{words}</option> }.into_any()
                })
                .collect();
            view! { <select id=format!("f-{name}") name=name aria-invalid=invalid aria-describedby=described>{options}</select> }.into_any()
        }
    };
    let hint = (!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> });
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {input}
            {said}
            {hint}
        </div>
    }
    .into_any()
}

/// Text that stays text where nothing else escapes it.
fn escaped(typed: &str) -> String {
    // browsers end a line with two characters, of which one would be made visible
    let plain = text::plain(&typed.replace("\r\n", "\n"));
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_cannot_end_its_field() {
        assert_eq!(escaped("</textarea><script>\"&lt;"), "&lt;/textarea&gt;&lt;script&gt;&quot;&amp;lt;");
        assert_eq!(escaped("one\r\ntwo\u{202E}"), "one\ntwo·");
    }
}
