//! What is watched: service by column, worst first, with the rule of each column.

use domain::live::Topic;
use domain::text;
use domain::view::{CoveragePage, CoverageRow};
use leptos::prelude::*;

use super::alarms::{halves, pairs};
use crate::api;
use crate::live::Live;
use crate::load::{ask, load};
use crate::parts::age::Age;
use crate::parts::choices::{choices, search};
use crate::parts::stale::StaleNote;
use crate::ui::export::export;
use crate::ui::lamp::Lamp;
use crate::ui::pager::Pager;
use crate::ui::title::titled;

/// The page.
#[component]
pub(crate) fn Coverage() -> impl IntoView {
    let (live, pairs) = (Live::here(), pairs());
    let topics = [Topic::Alarms, Topic::Services, Topic::Sources];
    let asked = ask(move || (pairs.get(), live.hints(&topics)), |(pairs, _)| api::coverage(pairs));
    load(asked, body)
}

fn body(page: RwSignal<CoveragePage>) -> AnyView {
    let rows = Memo::new(move |_| page.with(|page| (page.columns.clone(), page.rows.clone())));
    let asked = Memo::new(move |_| page.with(|page| page.asked.clone()));
    let stale = Signal::derive(move || page.with(|page| (!page.stale.is_empty()).then(|| page.stale.join("; "))));
    let headline = move || page.with(|page| page.headline.clone());
    view! {
        {titled(headline)}
        <div class="headline">
            <h1><span role="status">{headline}</span></h1>
            <p class="dim">{move || page.with(|page| page.observed).map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
        {halves(true)}
        <StaleNote why=stale/>
        {move || asked.with(|asked| search("/alarms/coverage", asked))}
        {move || page.with(|page| choices("What is missing", &page.choices))}
        <p><a class="btn" href="/alarms/missing">"Write all missing alarms"</a></p>
        <section class="panel list" aria-label="Services and what watches them">{move || rows.with(|(columns, rows)| table(columns, rows))}</section>
        {move || page.with(|page| {
            let at = page.paging.clone();
            view! { <Pager page=at.page pages=at.pages previous=at.previous next=at.next/> }
        })}
        {move || page.with(|page| (page.paging.matching > 0).then(|| export("This table as CSV", page.csv.clone())))}
        <section class="panel" aria-label="What counts">
            <dl class="kv">{move || rows.with(|(columns, _)| {
                columns.iter().map(|(title, rule)| view! { <dt>{title.clone()}</dt><dd>{rule.clone()}</dd> }).collect::<Vec<_>>()
            })}</dl>
            <p class="note">"An alarm whose actions are off, that has no action or has had no data for a day covers nothing. What wants no task needs no alarm."</p>
        </section>
    }
    .into_any()
}

fn table(columns: &[(String, String)], rows: &[CoverageRow]) -> AnyView {
    if rows.is_empty() {
        return view! { <p class="empty">"No service matches. "<a href="/alarms/coverage">"All services"</a></p> }.into_any();
    }
    let heads: Vec<_> = columns.iter().map(|(title, rule)| view! { <th scope="col" title=rule.clone()>{title.clone()}</th> }).collect();
    let rows: Vec<AnyView> = rows.iter().map(|row| line(columns, row)).collect();
    view! {
        <table class="cards coverage">
            <caption class="sr">"Which alarm watches what of each service, worst first"</caption>
            <thead><tr><th scope="col">"Service"</th>{heads}<th scope="col">"Missing"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn line(columns: &[(String, String)], row: &CoverageRow) -> AnyView {
    let cells: Vec<AnyView> = row
        .cells
        .iter()
        .zip(columns)
        .map(|(cell, (title, _))| {
            let alarms = text::shown(&cell.alarms.join(", "));
            view! {
                <td data-label=title.clone() title=alarms>
                    <span class="state"><Lamp light=cell.mark.tone().into() worded=true/><bdi>{cell.said.clone()}</bdi></span>
                </td>
            }
            .into_any()
        })
        .collect();
    let write = row.missing.clone().map(|path| view! { <a href=path>"commands"</a> });
    view! {
        <tr>
            <th scope="row"><a href=format!("{}#alarms", row.key.path())><bdi>{text::shown(&row.key.service)}</bdi></a></th>
            {cells}
            <td data-label="Missing">{write}</td>
        </tr>
    }
    .into_any()
}
