//! The filter of the service list.
//!
//! A plain GET form, so that it works without JavaScript and every view has its URL. With JavaScript it asks while
//! one types; the URL follows in place, so that Back leaves the list instead of unwinding every letter.

use std::time::Duration;

use domain::judge::Standing;
use domain::text;
use domain::view::{ServicePage, ServiceQuery};
use leptos::ev::{Event, SubmitEvent};
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement, HtmlInputElement};

use crate::keyboard::SEARCH_ID;
use crate::ui::lamp::Lamp;

/// How long after the last letter is asked.
const TYPING_PAUSE: Duration = Duration::from_millis(200);

/// The form and the chips above the list.
#[component]
pub(crate) fn Filter(page: RwSignal<ServicePage>) -> impl IntoView {
    let query = Memo::new(move |_| page.with(|page| page.query.clone()));
    let form = NodeRef::<leptos::html::Form>::new();
    let navigate = use_navigate();
    let ask = move |replace| {
        if let Some(form) = form.get_untracked() {
            navigate(&wish(&form).path(), NavigateOptions { replace, scroll: false, ..NavigateOptions::default() });
        }
    };
    let submit = {
        let ask = ask.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            ask(false);
        }
    };
    let choose = {
        let ask = ask.clone();
        move |_: Event| ask(false)
    };
    let typed = leptos::leptos_dom::helpers::debounce(TYPING_PAUSE, move |_: Event| ask(true));
    follow_url(query);
    view! {
        <form class="filter" action="/services" method="get" role="search" node_ref=form on:submit=submit>
            <label class="grow">
                <span>"Name"</span>
                <input id=SEARCH_ID name="q" type="search" autocomplete="off" spellcheck="false" placeholder="part of a name" value=move || query.with(|query| query.q.clone()) on:input=typed/>
            </label>
            {move || page.with(choices)
                .into_iter()
                .map(|(name, label, options)| view! {
                    <label>
                        <span>{label}</span>
                        <select name=name on:change=choose.clone()>{options}</select>
                    </label>
                })
                .collect::<Vec<_>>()}
            {move || query.with(kept)}
            <button class="btn" type="submit">"Filter"</button>
        </form>
        {move || page.with(chips)}
    }
    .into_any()
}

/// What the form asks for.
fn wish(form: &HtmlFormElement) -> ServiceQuery {
    let fields = FormData::new_with_form(form).ok();
    let value = |name: &str| fields.as_ref().and_then(|fields| fields.get(name).as_string()).unwrap_or_default();
    let names = ["q", "state", "group", "environment", "sort", "reverse", "per"];
    let pairs: Vec<(&str, String)> = names.into_iter().map(|name| (name, value(name))).collect();
    ServiceQuery::from_pairs(pairs.iter().map(|(name, value)| (*name, value.as_str()))).0
}

/// Puts what the URL says into the field, unless somebody is typing there: their next letter is newer than the URL.
fn follow_url(query: Memo<ServiceQuery>) {
    Effect::new(move |before: Option<()>| {
        let wanted = query.with(|query| query.q.clone());
        let field = document().get_element_by_id(SEARCH_ID).and_then(|found| found.dyn_into::<HtmlInputElement>().ok());
        let typing = document().active_element().is_some_and(|active| active.id() == SEARCH_ID);
        if let (Some(()), Some(field), false) = (before, field, typing) {
            field.set_value(&wanted);
        }
    });
}

/// The fields that hold a choice: only those in which there is one.
fn choices(page: &ServicePage) -> Vec<(&'static str, &'static str, Vec<AnyView>)> {
    let query = &page.query;
    let mut fields = Vec::new();
    if page.groups.len() > 1 || query.group.is_some() {
        fields.push(("group", "Group", options("every group", &page.groups, query.group.as_deref())));
    }
    if page.environments.len() > 1 || query.environment.is_some() {
        fields.push(("environment", "Environment", options("every environment", &page.environments, query.environment.as_deref())));
    }
    fields
}

fn options(every: &'static str, values: &[String], chosen: Option<&str>) -> Vec<AnyView> {
    let mut values: Vec<&str> = values.iter().map(String::as_str).collect();
    // a URL may name what is not there; it must be seen to be undone
    values.extend(chosen.filter(|chosen| !values.contains(chosen)));
    let option = |value: &str, words: String, selected: bool| {
        view! { <option value=value.to_owned() selected=selected prop:selected=selected>{words}</option> }.into_any()
    };
    std::iter::once(option("", every.to_owned(), chosen.is_none()))
        .chain(values.into_iter().map(|value| option(value, text::shown(value), chosen == Some(value))))
        .collect()
}

/// What the form does not show but must not forget.
fn kept(query: &ServiceQuery) -> Vec<AnyView> {
    let default = ServiceQuery::default();
    let mut fields: Vec<(&'static str, String)> = Vec::new();
    fields.extend(query.state.map(|state| ("state", state.as_str().to_owned())));
    if query.sort != default.sort {
        fields.push(("sort", query.sort.as_str().to_owned()));
    }
    if query.reverse {
        fields.push(("reverse", "true".to_owned()));
    }
    if query.per != default.per {
        fields.push(("per", query.per.to_string()));
    }
    fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }.into_any()).collect()
}

/// How many stand how, over the whole fleet; each is the link to those.
fn chips(page: &ServicePage) -> AnyView {
    let to = |state: Option<Standing>| ServiceQuery { state, page: 1, ..page.query.clone() }.path();
    let current = |state: Option<Standing>| (page.query.state == state).then_some("true");
    let chip = |standing: Standing, count: u64| {
        view! {
            <li>
                <a class="chip" href=to(Some(standing)) aria-current=current(Some(standing)) data-noscroll="true">
                    <Lamp light=standing.tone().into() worded=true/>
                    {format!("{count} {}", standing.title())}
                </a>
            </li>
        }
    };
    view! {
        <nav aria-label="By state">
            <ul class="chips">
                <li><a class="chip" href=to(None) aria-current=current(None) data-noscroll="true">{format!("all {}", page.total)}</a></li>
                {page.standings.iter().map(|(standing, count)| chip(*standing, *count)).collect::<Vec<_>>()}
            </ul>
        </nav>
    }
    .into_any()
}
