//! What changes, line by line, and the calls by which it does.
//!
//! Each line begins with its sign, so that nobody has to tell a colour.

use domain::rollout::diff::{DiffLine, Sign};
use domain::text;
use leptos::prelude::*;

/// The lines of a difference.
pub(crate) fn diff(lines: &[DiffLine]) -> AnyView {
    view! { <pre class="diff" tabindex="0">{lines.iter().map(line).collect::<Vec<_>>()}</pre> }.into_any()
}

fn line(line: &DiffLine) -> AnyView {
    let (class, sign) = match line.sign {
        Sign::Plus => ("diff-plus", "+ "),
        Sign::Minus => ("diff-minus", "- "),
        Sign::Same => ("diff-same", "  "),
    };
    view! { <span class=class>{sign}<bdi>{text::shown(&line.text)}</bdi>"\n"</span> }.into_any()
}

/// The calls, in the order in which they are made.
pub(crate) fn calls(calls: &[String]) -> AnyView {
    let each = calls.iter().map(|call| view! { <li><bdi>{text::shown(call)}</bdi></li> }).collect::<Vec<_>>();
    view! { <ol class="calls">{each}</ol> }.into_any()
}
