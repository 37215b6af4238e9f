//! The filter of the timeline: a plain GET form and links, so that it works without JavaScript and each view has its
//! URL. The form loads the page anew, with JavaScript too: a search is one question, and the page comes complete.

use domain::judge::Tone;
use domain::text;
use domain::view::{TimelinePage, TimelineQuery};
use leptos::prelude::*;

use crate::keyboard::SEARCH_ID;
use crate::ui::lamp::{Lamp, Light};

/// The form and the chips above the list.
pub(crate) fn record_filter(page: &TimelinePage) -> AnyView {
    let query = &page.query;
    view! {
        <form class="filter" action="/timeline" method="get" role="search">
            <label class="grow">
                <span>"Search"</span>
                <input id=SEARCH_ID name="q" type="search" autocomplete="off" spellcheck="false" placeholder="words of the entry or of a task's last words" value=query.q.clone()/>
            </label>
            {environments(page)}
            {instant("from", "From (UTC)", query.from)}
            {instant("to", "To (UTC)", query.to)}
            {kept(query)}
            <button class="btn" type="submit">"Search"</button>
        </form>
        {chips(page)}
    }
    .into_any()
}

fn instant(name: &'static str, label: &'static str, at: Option<domain::Timestamp>) -> AnyView {
    // the field's own form: no zone, no fractions
    let value = at.map(|at| at.to_string().get(..19).unwrap_or_default().to_owned());
    view! { <label class="instant"><span>{label}</span><input type="datetime-local" step="1" name=name value=value/></label> }.into_any()
}

fn environments(page: &TimelinePage) -> AnyView {
    let chosen = page.query.environment.clone();
    if page.environments.len() < 2 && chosen.is_none() {
        return ().into_any();
    }
    let option = |value: &str, words: String| {
        let selected = chosen.as_deref().unwrap_or_default() == value;
        view! { <option value=value.to_owned() selected=selected>{words}</option> }
    };
    // a URL may name what is not there; it must be seen to be undone
    let foreign = chosen.as_ref().filter(|chosen| !page.environments.contains(*chosen));
    let options: Vec<_> = page.environments.iter().chain(foreign).map(|name| option(name, text::shown(name))).collect();
    view! {
        <label>
            <span>"Where"</span>
            <select name="environment">{option("", "everywhere".to_owned())}{options}</select>
        </label>
    }
    .into_any()
}

/// What the form does not show but must not forget.
fn kept(query: &TimelineQuery) -> Vec<AnyView> {
    let tone = if query.notable { Some("notable") } else { query.tone.map(Tone::as_str) };
    let fields = [
        ("kind", query.kind.map(|kind| kind.as_str().to_owned())),
        ("tone", tone.map(str::to_owned)),
        ("cluster", query.cluster.clone()),
        ("service", query.service.clone()),
    ];
    fields.into_iter().filter_map(|(name, value)| Some(view! { <input type="hidden" name=name value=value?/> }.into_any())).collect()
}

/// Links to less and to other: the service asked for, the kinds with how many there are, the tones.
fn chips(page: &TimelinePage) -> AnyView {
    let query = page.query.newest();
    let chip = |to: TimelineQuery, current: bool, light: Option<Light>, words: String| {
        view! {
            <li>
                <a class="chip" href=to.path() aria-current=current.then_some("true") data-noscroll="true">
                    {light.map(|light| view! { <Lamp light worded=true/> })}
                    {words}
                </a>
            </li>
        }
    };
    let tone = |tone: Option<Tone>, notable: bool, words: &str| {
        let current = (query.tone, query.notable) == (tone, notable);
        chip(TimelineQuery { tone, notable, ..query.clone() }, current, tone.map(Into::into), words.to_owned())
    };
    let tones = [
        tone(None, false, "everything"),
        tone(None, true, "without routine"),
        tone(Some(Tone::Bad), false, "bad"),
        tone(Some(Tone::Warn), false, "caution"),
    ];
    let all = page.query.kind.is_none();
    let counted = match page.counted {
        (_, _) if page.kinds.is_empty() => "every kind".to_owned(),
        (count, true) => format!("every kind, newest {count}"),
        (count, false) => format!("every kind {count}"),
    };
    let mut kinds: Vec<_> = page.kinds.iter().map(|(kind, count)| (*kind, format!("{} {count}", kind.title()))).collect();
    if let Some(kind) = page.query.kind.filter(|kind| !page.kinds.iter().any(|(counted, _)| counted == kind)) {
        kinds.push((kind, kind.title().to_owned()));
    }
    let kinds = kinds
        .into_iter()
        .map(|(kind, words)| chip(TimelineQuery { kind: Some(kind), ..query.clone() }, page.query.kind == Some(kind), None, words));
    let service = query.service.as_deref().map(|service| {
        let without = TimelineQuery { service: None, cluster: None, ..query.clone() };
        chip(without, true, None, format!("only {} ✕", text::shown(service)))
    });
    view! {
        <nav aria-label="Narrow it">
            <ul class="chips">{service}{tones.into_iter().collect::<Vec<_>>()}</ul>
            <ul class="chips">{chip(TimelineQuery { kind: None, ..query.clone() }, all, None, counted)}{kinds.collect::<Vec<_>>()}</ul>
        </nav>
    }
    .into_any()
}
