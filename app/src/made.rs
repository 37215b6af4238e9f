//! Pages that the server makes whole.
//!
//! What such a page shows is Rust that only the server compiles. The browser gets its HTML, and lays newer HTML over it
//! whenever a hint says so ([`lay`]); so a page more costs the bundle nothing, and what the first answer, a later one and
//! a browser without JavaScript show cannot differ. Everything but the frame and the list of services, whose filter
//! answers while one types, is such a page.
//!
//! Most hints change nothing that is visible. So the browser says what it shows, by the digest that came with it, and an answer
//! that would bring the same HTML leaves it out and brings the instants in it alone ([`instants`]).
//!
//! The trap is what the reader did to the page: an opened detail, half a sentence in a field, the focus. Laying over must
//! leave it alone, which is why the HTML is never simply set again.

use domain::live::Topic;
use leptos::ev::MouseEvent;
use leptos::html::Div;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::api;
use crate::error::AppError;
use crate::live::Live;
use crate::load::{ask, load};
use crate::now::Now;
use crate::pages::services;
use crate::ui::title::titled;

#[cfg(feature = "ssr")]
pub(crate) mod compose;
mod instants;
mod lay;

/// The pairs of a URL's query.
pub(crate) type Pairs = Vec<(String, String)>;

/// A page as the server made it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Made {
    /// What was asked for: pages of another path are not laid over, they replace.
    pub(crate) path: String,
    /// The title of the tab.
    pub(crate) title: String,
    /// What is on it; empty where that is shown already: in the answer that comes inside the page, and where nothing changed.
    pub(crate) html: String,
    /// The instants in HTML that was left out because nothing else changed, in microseconds since 1970.
    pub(crate) instants: Vec<i64>,
    /// Seconds after which it asks anew without a hint; for what nobody gives hints of.
    pub(crate) every: Option<u32>,
    /// By what the server tells the page at this path with this HTML from any other, but for the instants in it.
    pub(crate) digest: u64,
}

impl Made {
    /// By what a question says what is shown; nothing as long as nothing is.
    fn since(&self) -> Option<u64> {
        (!self.html.is_empty()).then_some(self.digest)
    }

    /// With its HTML, where that was left out because it is `shown`; nothing where it is not.
    fn whole(self, shown: &Self) -> Option<Self> {
        if !self.html.is_empty() {
            return Some(self);
        }
        let html = instants::put(&shown.html, &self.instants).filter(|_| shown.since() == Some(self.digest))?;
        Some(Self { html, instants: Vec::new(), ..self })
    }
}

/// The page at whatever path this is.
#[component]
pub(crate) fn MadePage() -> impl IntoView {
    let live = Live::here();
    let (path, map) = (use_location().pathname, use_query_map());
    let place = Memo::new(move |before: Option<&(String, Pairs)>| {
        let path = path.get();
        let pairs = map.with(|map| map.clone().into_iter().map(|(name, value)| (name.into_owned(), value)).collect());
        // on the way out the address changes first
        before.filter(|_| path.trim_end_matches('/') == services::PATH).cloned().unwrap_or((path, pairs))
    });
    let turns = RwSignal::new(0_u64);
    let shows = StoredValue::new(Made::default());
    let about = move || {
        let (path, pairs) = place.get();
        let hints = live.hints(topics(&path));
        (path, pairs, hints, turns.get())
    };
    let asked = ask(about, move |(path, pairs, ..)| newest(path, pairs, shows.try_get_value().unwrap_or_default()));
    load(asked, move |made| shown(made, shows, turns))
}

/// The page as it is now, whole, where `shown` is on the page.
async fn newest(path: String, pairs: Pairs, shown: Made) -> Result<Answer<Made>, AppError> {
    let since = shown.since();
    let made = api::page(path.clone(), pairs.clone(), since).await?.whole(|made: Made| made.whole(&shown));
    let made = match made {
        // what was taken from the document is not quite what the server wrote: it is asked for as if nothing were shown
        Err(_) if since.is_some() => api::page(path, pairs, None).await,
        made => made,
    };
    #[cfg(feature = "ssr")]
    let made = made.map(|made| made.written(compose::without_html));
    made
}

/// What moves a page, by the beginning of its path. Where every sweep moves a number, the sources count as well.
fn topics(path: &str) -> &'static [Topic] {
    let mut parts = path.split('/').skip(1);
    match (parts.next().unwrap_or_default(), parts.next()) {
        // a text must not change under somebody who is copying it
        ("alarms", Some("missing")) | ("access", _) => &[],
        ("alarms", _) => &[Topic::Alarms, Topic::Services, Topic::Timeline, Topic::Sources],
        ("timeline", _) => &[Topic::Timeline],
        ("nats", _) => &[Topic::Nats, Topic::Sources],
        ("sources", _) => &[Topic::Sources, Topic::Timeline],
        // a plan is read from AWS: it is made when somebody asks for it, and not whenever something moves
        ("rollouts", Some("new")) => &[],
        ("rollouts", _) => &[Topic::Rollouts],
        // judged anew after sweeps, and whenever somebody said something
        ("readiness", _) => &[Topic::Readiness],
        ("reports", _) => &[Topic::Reports],
        _ => &Topic::ALL,
    }
}

fn shown(made: RwSignal<Made>, shows: StoredValue<Made>, turns: RwSignal<u64>) -> AnyView {
    let first = made.get_untracked();
    let (place, now) = (NodeRef::<Div>::new(), Now::here());
    shows.set_value(first.clone());
    Effect::new(move |_| {
        let Some(place) = place.get() else { return };
        made.with(|made| {
            shows.update_value(|shown| {
                // it came inside the page, where nothing has touched it yet
                if shown.html.is_empty() {
                    shown.html = place.inner_html();
                }
                if made.html.is_empty() {
                    return;
                }
                if shown.path != made.path {
                    place.set_inner_html(&made.html);
                } else if shown.html != made.html {
                    lay::over(&place, &made.html);
                }
                *shown = made.clone();
            });
        });
        lay::ages(&place, now);
    });
    Effect::new(move |_| {
        now.track();
        if let Some(place) = place.get() {
            lay::ages(&place, now);
        }
    });
    // once: whether there is a clipboard does not change with the clock
    Effect::new(move |_| {
        if let Some(place) = place.get() {
            lay::offer_copying(&place);
        }
    });
    let every = Memo::new(move |_| made.with(|made| made.every));
    Effect::new(move |_| {
        let Some(every) = every.get() else { return };
        let pause = std::time::Duration::from_secs(every.into());
        let ticking = set_interval_with_handle(move || turns.update(|turns| *turns += 1), pause);
        on_cleanup(move || {
            if let Ok(ticking) = ticking {
                ticking.clear();
            }
        });
    });
    let clicked = |event: MouseEvent| lay::copy(&event).unwrap_or_default();
    view! {
        {titled(move || made.with(|made| made.title.clone()))}
        <div class="made" node_ref=place on:click=clicked inner_html=first.html></div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_copied_stands_still_and_an_unknown_page_moves_with_all() {
        assert_eq!(topics("/alarms/missing"), []);
        assert_eq!(topics("/access"), [], "what is shown once must not be laid over");
        assert_eq!(topics("/alarms"), topics("/alarms/production/missing-1"));
        assert_eq!(topics("/timeline"), [Topic::Timeline]);
        assert_eq!(topics("/rollouts/new"), [], "what is asked of AWS is asked by people");
        assert_eq!((topics("/rollouts"), topics("/rollouts/7")), (&[Topic::Rollouts][..], &[Topic::Rollouts][..]));
        assert_eq!((topics("/readiness"), topics("/readiness/a/b/c")), (&[Topic::Readiness][..], &[Topic::Readiness][..]));
        assert_eq!(topics("/reports"), [Topic::Reports], "a form must not be asked anew at every sweep");
        assert_eq!(topics("/"), Topic::ALL);
        assert_eq!(topics("/services/a/b/c"), Topic::ALL);
    }

    #[test]
    fn html_that_was_left_out_is_what_is_shown_with_the_instants_of_now() {
        let time = |at: &str, words: &str| format!("<p><time data-told=\"ago\" datetime=\"{at}\">{words}</time></p>");
        let made = |html: &str, digest| Made { path: "/nats".into(), html: html.into(), digest, ..Made::default() };
        let shown = made(&time("2026-05-02T12:00:00Z", "4 s ago"), 7);
        let unchanged = Made { title: "NATS".into(), instants: vec![1_777_723_201_000_000], ..made("", 7) };
        let whole = unchanged.clone().whole(&shown).unwrap();
        assert_eq!(whole, Made { title: "NATS".into(), ..made(&time("2026-05-02T12:00:01Z", ""), 7) });
        let newer = made("<p>newer</p>", 8);
        assert_eq!(newer.clone().whole(&shown), Some(newer.clone()), "what came whole is taken as it is");
        assert_eq!(unchanged.clone().whole(&newer), None, "what is not shown cannot be put in");
        assert_eq!(unchanged.clone().whole(&made("<p>without instants</p>", 7)), None);
        assert_eq!(unchanged.whole(&Made::default()), None);
        assert_eq!((shown.since(), Made::default().since()), (Some(7), None));
    }
}
