//! A score over time: its picture as the server draws it, and the same numbers as a table.
//!
//! The picture says in words what it shows, and the table has every row of it, so nobody has to see it. Its lines are told apart
//! by their dashes as well as by their colour.

use domain::text;
use domain::view::{ReadinessTrend, TrendRow};
use leptos::prelude::*;

use super::age::At;
use crate::ui::export::export;
use crate::ui::panel::panel;

/// How the picture is read.
const KEY: &str = "Of 100; confidence in percent. A line holds until the next score on record and breaks where there was none. \
                   Upright: the measure changed. Shaded: nobody looked.";
/// Most rows of the table; the file has them all.
const MOST_ROWS: usize = 50;

/// The last thirty days, with the way to what changed in them.
pub(crate) fn lately(trend: &ReadinessTrend, more: String) -> AnyView {
    let content = view! {
        {picture(trend)}
        <p class="note"><a href=more>"What changed, check by check"</a>", with the numbers"</p>
    };
    panel("trend", "The last 30 days", (), content)
}

/// Picture, legend, and what it was and is in a sentence.
pub(crate) fn picture(trend: &ReadinessTrend) -> AnyView {
    let now = trend.now();
    let number = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    let keys = [
        ("score", number(now.and_then(|row| row.score))),
        ("at most", number(now.and_then(|row| row.upper))),
        ("confidence", now.map_or_else(|| "–".to_owned(), |row| format!("{} %", row.percent()))),
    ];
    let key = |(index, (label, value)): (usize, (&'static str, String))| {
        let class = format!("key key-{}", index + 1);
        view! { <li><i class=class aria-hidden="true"></i>{label}" "<b>{value}</b></li> }
    };
    let drawn = match &trend.svg {
        Some(svg) => view! { <div inner_html=svg.clone()></div> }.into_any(),
        None => view! { <p class="empty">{nothing(trend)}</p> }.into_any(),
    };
    let began = trend.began.filter(|began| *began >= trend.from).map(|at| view! { " Recording began "<At at/>"." });
    view! {
        <figure class="trend">
            <figcaption>
                <ul class="legend">{keys.into_iter().enumerate().map(key).collect::<Vec<_>>()}</ul>
                <p class="dim">{trend.said.clone()}</p>
            </figcaption>
            {drawn}
            <p class="dim">{KEY}{began}</p>
        </figure>
    }
    .into_any()
}

fn nothing(trend: &ReadinessTrend) -> &'static str {
    match (trend.began, trend.rows.is_empty()) {
        (None, _) => "Nothing is on record yet: the first score is recorded a minute after the start, once every source could answer.",
        (Some(_), true) => "No score is on record of it in this time.",
        (Some(_), false) => "It could not be drawn; the numbers are in the table.",
    }
}

/// The rows as a table, the newest first.
pub(crate) fn numbers(trend: &ReadinessTrend, csv: String) -> AnyView {
    if trend.rows.is_empty() {
        return ().into_any();
    }
    let all = trend.rows.len();
    let summary = if all > MOST_ROWS { format!("The newest {MOST_ROWS} of {all} scores") } else { text::count(all as u64, "score") };
    view! {
        <details class="trend-numbers">
            <summary>{summary}" as numbers"</summary>
            <table class="cards trend-rows">
                <caption class="sr">"The score from one change to the next, the newest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"From"</th><th scope="col">"Until"</th><th scope="col" class="n">"Score"</th>
                        <th scope="col" class="n">"At most"</th><th scope="col" class="n">"Confidence"</th>
                        <th scope="col">"Letter"</th><th scope="col">"Held down"</th>
                    </tr>
                </thead>
                <tbody>{trend.rows.iter().rev().take(MOST_ROWS).map(row).collect::<Vec<_>>()}</tbody>
            </table>
        </details>
        {export("These numbers as CSV", csv)}
    }
    .into_any()
}

fn row(row: &TrendRow) -> AnyView {
    let number = |value: Option<u64>| value.map_or_else(|| "–".to_owned(), |value| value.to_string());
    let until = row.to.map_or_else(|| "now".into_any(), |at| view! { <At at/> }.into_any());
    let breaks = row.breaks.map(|why| view! { <span class="line dim">{why.said()}</span> });
    let held = if row.caps.is_empty() { "–".to_owned() } else { row.held() };
    let letter = row.letter.clone().unwrap_or_else(|| "–".to_owned());
    view! {
        <tr data-key=row.from.to_string()>
            <th scope="row" data-label="From"><span><At at=row.from/>{breaks}</span></th>
            <td data-label="Until"><span>{until}</span></td>
            <td class="n" data-label="Score"><span>{number(row.score)}</span></td>
            <td class="n" data-label="At most"><span>{number(row.upper)}</span></td>
            <td class="n" data-label="Confidence"><span>{format!("{} %", row.percent())}</span></td>
            <td data-label="Letter"><span>{letter}</span></td>
            <td data-label="Held down"><span>{held}</span></td>
        </tr>
    }
    .into_any()
}
