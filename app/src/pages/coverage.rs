//! What is watched: service by column, worst first, with the rule of each column.

use domain::text;
use domain::view::{CoveragePage, CoverageQuery, CoverageRow};
use leptos::prelude::*;

use super::alarms::{halves, headline, stale};
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::choices::{choices, search};
use crate::parts::stale::StaleNote;
use crate::ui::export::export;
use crate::ui::lamp::Lamp;
use crate::ui::pager::Pager;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let page = wanted.viewer.observe.coverage(CoverageQuery::from_pairs(wanted.pairs())).await?;
    Ok(Page::new(page.revision, page.headline.clone(), move || body(&page)))
}

fn body(page: &CoveragePage) -> AnyView {
    let at = page.paging.clone();
    let rules = page.columns.iter().map(|(title, rule)| view! { <dt>{title.clone()}</dt><dd>{rule.clone()}</dd> });
    view! {
        {headline(&page.headline, page.observed)}
        {halves(true)}
        <StaleNote why=stale(&page.stale)/>
        {search("/alarms/coverage", &page.asked)}
        {choices("What is missing", &page.choices)}
        <p><a class="btn" href="/alarms/missing">"Write all missing alarms"</a></p>
        <section class="panel list" aria-label="Services and what watches them">{table(&page.columns, &page.rows)}</section>
        <Pager page=at.page pages=at.pages previous=at.previous next=at.next/>
        {(at.matching > 0).then(|| export("This table as CSV", page.csv.clone()))}
        <section class="panel" aria-label="What counts">
            <dl class="kv">{rules.collect::<Vec<_>>()}</dl>
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
        <tr data-key=row.key.path()>
            <th scope="row"><a href=format!("{}#alarms", row.key.path())><bdi>{text::shown(&row.key.service)}</bdi></a></th>
            {cells}
            <td data-label="Missing">{write}</td>
        </tr>
    }
    .into_any()
}
