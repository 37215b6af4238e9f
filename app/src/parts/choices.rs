//! Links of which one is chosen, and the form that searches a list: what every list that is filtered by the server has.

use domain::view::{Asked, Choice};
use leptos::prelude::*;

use crate::keyboard::SEARCH_ID;
use crate::ui::ignored::ignored;
use crate::ui::lamp::Lamp;

/// Links as chips.
pub(crate) fn choices(label: &'static str, choices: &[Choice]) -> AnyView {
    let chips: Vec<AnyView> = choices
        .iter()
        .map(|choice| {
            let lamp = choice.tone.map(|tone| view! { <Lamp light=tone.into() worded=true/> });
            let current = choice.chosen.then_some("true");
            view! {
                <li><a class="chip" href=choice.path.clone() aria-current=current data-noscroll="true">{lamp}<bdi>{choice.label.clone()}</bdi></a></li>
            }
            .into_any()
        })
        .collect();
    view! { <nav aria-label=label><ul class="chips">{chips}</ul></nav> }.into_any()
}

/// A search by part of a name, which keeps the rest of the question.
pub(crate) fn search(action: &'static str, asked: &Asked) -> AnyView {
    let kept: Vec<AnyView> =
        asked.kept.iter().map(|(name, value)| view! { <input type="hidden" name=name.clone() value=value.clone()/> }.into_any()).collect();
    view! {
        {ignored(&asked.ignored)}
        <form class="filter" action=action method="get" role="search">
            <label class="grow">
                <span>"Name"</span>
                <input id=SEARCH_ID name="q" type="search" autocomplete="off" spellcheck="false" placeholder="part of a name" value=asked.q.clone()/>
            </label>
            {kept}
            <button class="btn" type="submit">"Filter"</button>
        </form>
    }
    .into_any()
}
