//! The two long tables: the services with their scores, and every check over the fleet.

use domain::readiness::State;
use domain::readiness::card::Scope;
use domain::text;
use domain::view::{Asked, CheckRow, GateSaid, ReadinessPage, ReadinessQuery, ReadinessRow, readiness_path};
use leptos::prelude::*;

use crate::parts::choices::{choices, search};
use crate::ui::export::export;
use crate::ui::pager::Pager;
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// The services, as they were asked for.
pub(super) fn services(page: &ReadinessPage) -> AnyView {
    let at = page.paging.clone();
    // what was not understood is said above, once for the page
    let asked = Asked { ignored: Vec::new(), ..page.asked.clone() };
    let list = if page.rows.is_empty() { nothing(page) } else { list(&page.rows) };
    let content = view! {
        <div class="list-tools">
            {search("/readiness#services", &asked)}
            {choices("By state", &page.choices)}
            {choices("Order", &page.orders)}
        </div>
        {list}
        <Pager page=at.page pages=at.pages previous=at.previous next=at.next/>
        {(at.matching > 0).then(|| export("This list as CSV", page.csv.clone()))}
    };
    let count = if at.matching < at.total {
        format!("{} of {}", at.matching, text::count(at.total, "service"))
    } else {
        text::count(at.total, "service")
    };
    panel("services", "Services", count, content)
}

/// Why the list is empty and what to do about it.
fn nothing(page: &ReadinessPage) -> AnyView {
    if page.paging.total > 0 {
        return view! { <p class="empty">"None matches this filter. "<a href="/readiness#services">"Clear the filter"</a></p> }.into_any();
    }
    view! { <p class="empty">"No service has been seen yet. "<a href="/sources">"Sources"</a>" tells whether ECS was read."</p> }.into_any()
}

fn list(rows: &[ReadinessRow]) -> AnyView {
    view! {
        <table class="cards scores">
            <caption class="sr">"Services and how ready each is"</caption>
            <thead>
                <tr>
                    <th scope="col">"Service"</th><th scope="col">"Grade"</th><th scope="col" class="n">"Score"</th>
                    <th scope="col" class="n">"Confidence"</th><th scope="col">"Held down by"</th><th scope="col" class="n">"Fail"</th>
                    <th scope="col" class="n">"Unknown"</th><th scope="col" class="n">"Waived"</th>
                </tr>
            </thead>
            <tbody>{rows.iter().map(row).collect::<Vec<_>>()}</tbody>
        </table>
    }
    .into_any()
}

fn row(row: &ReadinessRow) -> AnyView {
    let place = format!("{} · {}", text::shown(&row.key.environment), text::shown(&row.key.cluster));
    let fails = if row.partly > 0 { format!("{}, {} partly", row.fails, row.partly) } else { row.fails.to_string() };
    let tier = row.tier.as_deref().map(|tier| format!(" · tier {}", text::shown(tier)));
    let grade = row.scored.grade.clone();
    view! {
        <tr data-key=row.key.path()>
            <th scope="row" data-label="Service">
                <span>
                    <a href=readiness_path(&row.key)><bdi>{text::shown(&row.key.service)}</bdi></a>
                    <span class="line faint"><bdi>{place}</bdi>{tier}</span>
                </span>
            </th>
            <td data-label="Grade"><Tag light=row.scored.tone.into()>{grade}</Tag></td>
            <td class="n" data-label="Score"><span>{row.scored.range.clone()}</span></td>
            <td class="n" data-label="Confidence"><span>{format!("{} %", row.scored.percent)}</span></td>
            <td data-label="Held down by"><span>{gates(&row.gates)}</span></td>
            <td class="n" data-label="Fail"><span>{fails}</span></td>
            <td class="n" data-label="Unknown"><span>{row.unknown.to_string()}</span></td>
            <td class="n" data-label="Waived"><span>{row.waived.to_string()}</span></td>
        </tr>
    }
    .into_any()
}

/// `H1 at 69, T1 at 79 (not known)`
fn gates(gates: &[GateSaid]) -> String {
    let said = |gate: &GateSaid| format!("{} at {}{}", text::shown(&gate.check), gate.at, if gate.blind { " (not known)" } else { "" });
    if gates.is_empty() { "–".to_owned() } else { gates.iter().map(said).collect::<Vec<_>>().join(", ") }
}

/// Every check over the fleet.
pub(super) fn checks(checks: &[CheckRow]) -> AnyView {
    let table = view! {
        <table class="cards checks">
            <caption class="sr">"Every check: how many services or environments stand how"</caption>
            <thead>
                <tr>
                    <th scope="col">"Check"</th><th scope="col">"Weight"</th><th scope="col" class="n">"Pass"</th>
                    <th scope="col" class="n">"Partly"</th><th scope="col" class="n">"Fail"</th><th scope="col" class="n">"Unknown"</th>
                    <th scope="col" class="n">"Waived"</th>
                </tr>
            </thead>
            <tbody>{checks.iter().map(check).collect::<Vec<_>>()}</tbody>
        </table>
    };
    panel("checks", "Every check", text::count(checks.len() as u64, "check"), table)
}

fn check(check: &CheckRow) -> AnyView {
    let weight = match check.gate {
        Some(gate) => format!("{}, gate {gate}", check.weight.as_str()),
        None => check.weight.as_str().to_owned(),
    };
    let mut about = vec![check.category.clone()];
    about.extend(check.attested.then(|| "attested by a person".to_owned()));
    about.extend((check.scope == Scope::Environment).then(|| "of the environment".to_owned()));
    about.extend(check.preview.then(|| "preview, does not count".to_owned()));
    about.extend((check.not_applicable > 0).then(|| format!("does not apply to {}", check.not_applicable)));
    view! {
        <tr data-key=check.id.clone()>
            <th scope="row" data-label="Check">
                <span>
                    <b>{check.id.clone()}</b>" "<bdi>{check.title.clone()}</bdi><span class="line faint"><bdi>{about.join(" · ")}</bdi></span>
                </span>
            </th>
            <td data-label="Weight"><span>{weight}</span></td>
            {count(check, "Pass", State::Pass, check.pass)}
            {count(check, "Partly", State::Partial, check.partial)}
            {count(check, "Fail", State::Fail, check.fail)}
            {count(check, "Unknown", State::Unknown, check.unknown)}
            {count(check, "Waived", State::Waived, check.waived)}
        </tr>
    }
    .into_any()
}

/// How many stand so, with where they are listed; an environment's stand on this page.
fn count(check: &CheckRow, label: &'static str, state: State, count: u64) -> AnyView {
    let listed = match check.scope {
        Scope::Service => ReadinessQuery::of_check(&check.id, Some(state)).list_path(),
        Scope::Environment => "#environments".to_owned(),
    };
    let number = match count {
        0 => view! { <span class="faint">"0"</span> }.into_any(),
        count => {
            let label = format!("{count}: {} {}", check.id, state.title());
            view! { <a href=listed aria-label=label>{count.to_string()}</a> }.into_any()
        }
    };
    view! { <td class="n" data-label=label>{number}</td> }.into_any()
}
