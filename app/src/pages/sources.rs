//! Sources: the collectors' own health, rate and cost, and the times in which nobody could look.

use domain::judge::Tone;
use domain::live::Topic;
use domain::text;
use domain::view::SourcesView;
use leptos::prelude::*;

use crate::api;
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::bill::bills;
use crate::parts::source_card::source_card;
use crate::parts::timeline::Timeline;
use crate::ui::export::export;
use crate::ui::lamp::Lamp;
use crate::ui::panel::Panel;
use crate::ui::title::titled;

/// The page.
#[component]
pub(crate) fn Sources() -> impl IntoView {
    let live = Live::here();
    let asked = ask(move || live.hints(&[Topic::Sources, Topic::Timeline]), |_| api::sources());
    load(asked, body)
}

fn body(sources: RwSignal<SourcesView>) -> AnyView {
    let gaps = Memo::new(move |_| sources.with(|sources| sources.gaps.clone()));
    let worst = Memo::new(move |_| sources.with(|sources| sources.rows.iter().map(|row| row.tone).min().unwrap_or_default()));
    let said = Memo::new(move |_| sources.with(sentence));
    view! {
        {titled(move || said.get())}
        <div class="headline"><h1>{move || view! { <Lamp light=worst.get().into() worded=true/><span>{said}</span> }}</h1></div>
        <div class="source-cards">{move || sources.with(|sources| sources.rows.iter().map(source_card).collect::<Vec<_>>())}</div>
        {export("Every source as CSV", "/api/v1/sources.csv")}
        {export("Rates and calls by API family as CSV", "/api/v1/sources/rates.csv")}
        {move || sources.with(|sources| bills(&sources.bills))}
        <Panel id="gaps" title=|| "When a source could not be read">
            {move || gaps.with(Vec::is_empty).then(|| view! { <p class="empty">"No gap on record."</p> })}
            <Timeline entries=gaps subject=true/>
            <p class="note"><a href="/timeline?kind=source">"Every gap on record"</a></p>
        </Panel>
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
