//! Sources: the collectors' own health, rate and cost, and the times in which nobody could look.

use domain::judge::Tone;
use domain::text;
use domain::view::SourcesView;
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::bill::bills;
use crate::parts::source_card::source_card;
use crate::parts::timeline::timeline;
use crate::ui::export::export;
use crate::ui::lamp::Lamp;
use crate::ui::panel::panel;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let sources = wanted.viewer.observe.sources().await?;
    Ok(Page::new(sources.revision, sentence(&sources), move || body(&sources)))
}

fn body(sources: &SourcesView) -> AnyView {
    let worst = sources.rows.iter().map(|row| row.tone).min().unwrap_or_default();
    let none = sources.gaps.is_empty().then(|| view! { <p class="empty">"No gap on record."</p> });
    let gaps = view! {
        {none}
        {timeline(&sources.gaps, true)}
        <p class="note"><a href="/timeline?kind=source">"Every gap on record"</a></p>
    };
    view! {
        <div class="headline"><h1><Lamp light=worst.into() worded=true/><span>{sentence(sources)}</span></h1></div>
        <div class="source-cards">{sources.rows.iter().map(source_card).collect::<Vec<_>>()}</div>
        {export("Every source as CSV", "/api/v1/sources.csv")}
        {export("Rates and calls by API family as CSV", "/api/v1/sources/rates.csv")}
        {bills(&sources.bills)}
        {panel("gaps", "When a source could not be read", (), gaps)}
    }
    .into_any()
}

fn sentence(sources: &SourcesView) -> String {
    let all = sources.rows.len() as u64;
    let well = sources.rows.iter().filter(|row| row.tone == Tone::Good).count() as u64;
    match (all, all - well) {
        (0, _) => "No source is configured".to_owned(),
        (_, 0) => format!("All {} answer", text::count(all, "source")),
        (_, ill) => format!("{ill} of {} not answering fully", text::count(all, "source")),
    }
}
