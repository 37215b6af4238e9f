//! The steps of a rollout that was started: the one that is shown, whole, and all of them in a table.

use domain::rollout::judge::Statement;
use domain::text;
use domain::view::{RolloutPage, StepRow, StepView};
use leptos::prelude::*;

use crate::parts::age::Age;
use crate::parts::diff::{calls, diff};
use crate::parts::settings::settings;
use crate::parts::track::clock;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// The shown step beside what it changes, and the table.
pub(super) fn under_way(page: &RolloutPage) -> AnyView {
    let (left, right) = match &page.now {
        Some(step) => (now(step), beside(step)),
        None => (().into_any(), ().into_any()),
    };
    view! {
        <div class="cols">
            <div class="stack">{left}{table(&page.steps)}</div>
            <div class="stack">{right}</div>
        </div>
    }
    .into_any()
}

/// What the verdict on the shown step rests on, and what a pass still needs.
fn now(step: &StepView) -> AnyView {
    let evidence = step.evidence.iter().map(statement).collect::<Vec<_>>();
    let none = step.evidence.is_empty().then(|| view! { <p class="empty">"Nothing was seen of it for a verdict yet."</p> });
    let needs = step
        .needs
        .iter()
        .map(|need| view! { <li><Lamp light=Light::Move/><span>"Still needed: "<bdi>{text::shown(need)}</bdi></span></li> })
        .collect::<Vec<_>>();
    let title =
        if step.needs.is_empty() { format!("{}: {}", step.name, step.stage) } else { format!("{}: what a pass still needs", step.name) };
    let content = view! {
        <p class="pad" role="status"><Lamp light=step.tone.into()/>" "<bdi>{text::shown(&step.said)}</bdi>" "<a href=step.service.path()>"Its own page"</a></p>
        {step.bake.as_ref().map(clock)}
        {none}
        <ul class="evid">{evidence}{needs}</ul>
    };
    let looked = step.looked.map(|at| view! { "looked at "<Age of=at/> });
    let borrowed = settings(&step.settings, step.hand_back.as_deref());
    view! {
        {panel("step", text::shown(&title), looked, content)}
        {panel("settings", "Its deployment settings", (), borrowed)}
    }
    .into_any()
}

fn statement(statement: &Statement) -> AnyView {
    view! {
        <li>
            <Lamp light=statement.tone.into()/>
            <span><bdi>{text::shown(&statement.text)}</bdi></span>
            <span class="age">{text::shown(&statement.source)}" "<Age of=statement.at/></span>
        </li>
    }
    .into_any()
}

fn beside(step: &StepView) -> AnyView {
    let undo = step
        .undo
        .iter()
        .map(|(word, what)| view! { <dt>{text::shown(word)}</dt><dd><bdi>{text::shown(what)}</bdi></dd> }.into_any())
        .collect::<Vec<_>>();
    let warnings = step
        .warnings
        .iter()
        .map(|warning| {
            view! { <li><Lamp light=Light::Warn/><span><bdi>{format!("{} {}", text::shown(&step.name), text::shown(&warning.said))}</bdi></span></li> }
        })
        .collect::<Vec<_>>();
    let warnings = (!warnings.is_empty()).then(|| view! { <ul class="evid">{warnings}</ul> });
    view! {
        {panel("changes", "What changes", (), view! { {diff(&step.diff)}{warnings} })}
        {panel("undo", "If it goes wrong", (), view! { <dl class="kv">{undo}</dl> })}
        {panel("calls", "The calls, in order", (), calls(&step.calls))}
    }
    .into_any()
}

fn table(rows: &[StepRow]) -> AnyView {
    let lines = rows.iter().map(row).collect::<Vec<_>>();
    let content = view! {
        <table class="cards">
            <caption class="sr">"Every step, in order"</caption>
            <thead>
                <tr>
                    <th scope="col">"Service"</th>
                    <th scope="col">"Verdict"</th>
                    <th scope="col" class="n">"Deploy"</th>
                    <th scope="col" class="n">"Bake"</th>
                    <th scope="col">"Why"</th>
                </tr>
            </thead>
            <tbody>{lines}</tbody>
        </table>
    };
    panel("steps", "Every step", text::count(rows.len() as u64, "step"), content)
}

fn row(row: &StepRow) -> AnyView {
    let verdict = text::shown(&row.verdict);
    view! {
        <tr data-key=row.step.to_string()>
            <th scope="row" data-label="Service"><a href=row.path.clone()><bdi>{text::shown(&row.service.service)}</bdi></a></th>
            <td data-label="Verdict"><Tag light=row.tone.into()>{verdict}</Tag></td>
            <td class="n" data-label="Deploy">{minutes(row.deploy)}</td>
            <td class="n" data-label="Bake">{minutes(row.bake)}</td>
            <td data-label="Why"><bdi>{text::shown(&row.why)}</bdi></td>
        </tr>
    }
    .into_any()
}

/// `1:38`, as a stop-watch says it.
fn minutes(seconds: Option<u64>) -> String {
    seconds.map_or_else(|| "—".to_owned(), |seconds| format!("{}:{:02}", seconds / 60, seconds % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_as_a_stop_watch_tells_them() {
        assert_eq!([Some(0), Some(98), Some(720), Some(7_325), None].map(minutes), ["0:00", "1:38", "12:00", "122:05", "—"]);
    }
}
