//! The command palette: type part of a name, go there.
//!
//! Only where JavaScript runs; without it the same link in the bar leads to the filter of the list of services. The
//! server finds services, so the palette works alike for tens and for ten thousands of them; pages are known here.

use domain::text;
use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use crate::api;
use crate::keyboard;

/// The element ids the keys look for.
pub(crate) const DIALOG_ID: &str = "palette";
pub(crate) const FIELD_ID: &str = "palette-q";

/// Every page that has no subject of its own: words and address.
const PAGES: [(&str, &str); 15] = [
    ("Overview", "/"),
    ("Services", "/services"),
    ("Timeline", "/timeline"),
    ("Alarms", "/alarms"),
    ("What is watched by alarms", "/alarms/coverage"),
    ("NATS", "/nats"),
    ("Rollouts", "/rollouts"),
    ("Plan a health check", "/rollouts/new"),
    ("Readiness", "/readiness"),
    ("What changed in readiness", "/readiness/changes"),
    ("Attest a check", "/readiness/attest"),
    ("Waivers", "/readiness/waivers"),
    ("Checklists", "/readiness/checklists"),
    ("Reports", "/reports"),
    ("Sources", "/sources"),
];

/// One line of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hit {
    words: String,
    beside: String,
    path: String,
}

/// Pages whose words hold what was typed.
fn pages(typed: &str) -> impl Iterator<Item = Hit> {
    let typed = typed.trim().to_lowercase();
    let matching = PAGES.into_iter().filter(move |(words, _)| words.to_lowercase().contains(&typed));
    matching.map(|(words, path)| Hit { words: words.to_owned(), beside: "page".to_owned(), path: path.to_owned() })
}

/// The dialog.
#[component]
pub(crate) fn Palette() -> impl IntoView {
    let typed = RwSignal::new(String::new());
    let chosen = RwSignal::new(0_usize);
    let search = Action::new(|typed: &String| api::search(typed.clone()));
    let answer = search.value();
    let hits = Memo::new(move |_| {
        let services = answer.with(|answer| match answer {
            Some(Ok(answer)) => answer.body().unwrap_or_default().iter().map(hit).collect(),
            _ => Vec::new(),
        });
        typed.with(|typed| pages(typed).chain(services).collect::<Vec<Hit>>())
    });
    let navigate = use_navigate();
    let go = move |path: &str| {
        keyboard::close(DIALOG_ID);
        navigate(path, NavigateOptions::default());
    };
    let press = move |event: KeyboardEvent| {
        let last = hits.with(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => chosen.update(|at| *at = (*at + 1).min(last)),
            "ArrowUp" => chosen.update(|at| *at = at.saturating_sub(1)),
            "Enter" => {
                if let Some(hit) = hits.with(|hits| hits.get(chosen.get_untracked()).cloned()) {
                    go(&hit.path);
                }
            }
            // a search field would take the first Escape to empty itself
            "Escape" => keyboard::close(DIALOG_ID),
            _ => return,
        }
        event.prevent_default();
    };
    let type_on = move |event| {
        let said: String = event_target_value(&event);
        typed.set(said.clone());
        chosen.set(0);
        search.dispatch(said);
    };
    view! {
        <dialog id=DIALOG_ID class="palette" aria-label="Go to">
            <input
                id=FIELD_ID
                type="search"
                autocomplete="off"
                role="combobox"
                aria-expanded="true"
                aria-controls="palette-hits"
                aria-activedescendant=move || format!("hit-{}", chosen.get())
                aria-label="A service or a page"
                placeholder="A service or a page"
                on:input=type_on
                on:keydown=press
            />
            <ul id="palette-hits" role="listbox" aria-label="Where to go">
                {move || hits.with(|hits| hits.iter().enumerate().map(|(at, hit)| line(at, hit, chosen)).collect::<Vec<_>>())}
            </ul>
            <p class="note" role="status">{move || hits.with(Vec::is_empty).then_some("Nothing is called so.")}</p>
        </dialog>
    }
    .into_any()
}

fn hit(row: &domain::view::ServiceRow) -> Hit {
    let place = format!("{} · {}", text::shown(&row.key.environment), row.standing.title());
    Hit { words: text::shown(&row.key.service), beside: place, path: row.key.path() }
}

fn line(at: usize, hit: &Hit, chosen: RwSignal<usize>) -> AnyView {
    view! {
        <li role="option" id=format!("hit-{at}") aria-selected=move || (chosen.get() == at).to_string()>
            <a href=hit.path.clone() tabindex="-1" on:click=move |_| keyboard::close(DIALOG_ID)>
                <bdi>{hit.words.clone()}</bdi>
                <span class="dim"><bdi>{hit.beside.clone()}</bdi></span>
            </a>
        </li>
    }
    .into_any()
}
