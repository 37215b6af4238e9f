//! A score as it is shown wherever there is one: never alone, but with its range, its confidence and what holds it down.

use domain::text;
use domain::view::{Foretold, HeldDown, LeftOut, Link, Mending, ReadinessBrief, Scored, TurnRow, readiness_path};
use leptos::prelude::*;

use super::age::Age;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// A number that may not be known.
fn number(value: Option<u8>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| value.to_string())
}

/// What the score is at most, where that is more.
fn at_most(scored: &Scored) -> Option<String> {
    let (score, upper) = (scored.score.score?, scored.score.upper?);
    (upper > score).then(|| format!(" up to {upper}"))
}

/// One figure with its words.
pub(crate) fn figure(words: &'static str, value: String, beside: Option<String>) -> AnyView {
    let beside = beside.map(|beside| view! { <span class="of">{beside}</span> });
    view! { <div><dt>{words}</dt><dd><b>{value}</b>{beside}</dd></div> }.into_any()
}

/// The score and what belongs beside it; `more` stands at the end.
pub(crate) fn figures(scored: &Scored, more: AnyView) -> AnyView {
    let trust = format!(" {}", scored.trust.as_str());
    view! {
        <section aria-label="The score">
            <dl class="figures">
                {figure("Score", number(scored.score.score), at_most(scored))}
                {figure("Grade", scored.grade.clone(), None)}
                {figure("Confidence", format!("{} %", scored.percent), Some(trust))}
                {figure("Without waivers", number(scored.score.unwaived), None)}
                {figure("Before gates", number(scored.score.uncapped), None)}
                {more}
            </dl>
        </section>
    }
    .into_any()
}

/// What has to be known to read it.
pub(crate) fn remarks(remarks: &[String]) -> AnyView {
    let line = |said: &String| {
        view! { <p class="stale-note" role="status"><Lamp light=Light::Unknown worded=true/><span>{said.clone()}</span></p> }
    };
    remarks.iter().map(line).collect::<Vec<_>>().into_any()
}

/// What holds the score down; nothing where nothing does.
pub(crate) fn held_down(held: &[HeldDown]) -> AnyView {
    if held.is_empty() {
        return ().into_any();
    }
    view! {
        <section class="panel" id="held" aria-label="What holds the score down">
            <ul class="held">{held.iter().map(hold).collect::<Vec<_>>()}</ul>
        </section>
    }
    .into_any()
}

fn hold(of: &HeldDown) -> AnyView {
    let light = if of.blind { Light::Unknown } else { Light::Bad };
    let more = of.subjects.saturating_sub(of.named.len() as u64);
    let more = (more > 0 && !of.named.is_empty()).then(|| format!(" and {more} more"));
    view! {
        <li data-key=format!("{}-{}-{}", of.check, of.at, of.blind)>
            <Lamp light/>
            <div class="what">
                <p><a href=of.path.clone()><b><bdi>{of.said.clone()}</bdi></b></a>": "<bdi>{of.title.clone()}</bdi></p>
                <p class="dim">{names(&of.named)}{more}</p>
            </div>
        </li>
    }
    .into_any()
}

/// Names with their pages, one after another.
pub(crate) fn names(named: &[Link]) -> AnyView {
    let one = |(index, link): (usize, &Link)| {
        let between = (index > 0).then_some(", ");
        view! { {between}<a href=link.path.clone()><bdi>{link.label.clone()}</bdi></a> }
    };
    named.iter().enumerate().map(one).collect::<Vec<_>>().into_any()
}

/// What a rollout can mend, and what the score would become.
pub(crate) fn mending(of: &Mending) -> AnyView {
    view! { <p class="mending"><a class="btn btn-primary" href=of.path.clone()>{of.label.clone()}</a>" "<span>{of.said.clone()}</span></p> }
        .into_any()
}

/// What a plan would make of the fleet's score: now, as soon as it is verified, and later.
pub(crate) fn foretold(of: &Foretold) -> AnyView {
    let score = |words, scored: &Scored| {
        figure(words, number(scored.score.score), Some(format!(", {} before gates", number(scored.score.uncapped))))
    };
    let count = text::count(of.services, "service");
    let moves = of.turns.iter().map(turn).collect::<Vec<_>>().join(", ");
    let moves = (!moves.is_empty()).then(|| view! { <p class="note">"What comes to something else: "<bdi>{moves}</bdi>"."</p> });
    let left_out = (!of.left_out.is_empty()).then(|| {
        let each = of.left_out.iter().map(left_out).collect::<Vec<_>>();
        view! { <ul class="remarks">{each}</ul> }
    });
    let content = view! {
        <dl class="figures">
            {score("Now", &of.now)}
            {score("Once verified", &of.verified)}
            {score("A day later", &of.settled)}
        </dl>
        <p class="note">{of.said.clone()}</p>
        {moves}
        {left_out}
    };
    panel("foretold", "What it does to the fleet's readiness", count, content)
}

/// `H2 in 3 services`
fn turn(row: &TurnRow) -> String {
    let later = if row.later { ", in time" } else { "" };
    format!("{} in {}{later}", row.check, text::count(row.services, "service"))
}

fn left_out(of: &LeftOut) -> AnyView {
    let (path, name, why) = (readiness_path(&of.service), text::shown(&of.service.service), text::shown(&of.why));
    view! { <li>"Without "<a href=path><bdi>{name}</bdi></a>": "<bdi>{why}</bdi></li> }.into_any()
}

/// So much of a whole, as a bar; the numbers stand beside it.
pub(crate) fn share(part: u64, whole: u64, light: Light) -> AnyView {
    let width = (part.min(whole) * 100).checked_div(whole).unwrap_or(0);
    view! {
        <svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect class="ground" x="0" y="0" width="100" height="6"></rect>
            <rect class=format!("share-{}", light.word()) x="0" y="0" width=width.to_string() height="6"></rect>
        </svg>
    }
    .into_any()
}

/// A service's score on its own page; nothing before there was a first.
pub(crate) fn of_service(brief: Option<&ReadinessBrief>) -> AnyView {
    let Some(brief) = brief else { return ().into_any() };
    let (grade, range) = (brief.scored.grade.clone(), brief.scored.range.clone());
    let held = brief.held().map(|held| view! { <dt>"Held down"</dt><dd><bdi>{held}</bdi></dd> });
    let content = view! {
        <dl class="kv">
            <dt>"Score"</dt>
            <dd><Tag light=brief.scored.tone.into()>{grade}</Tag>" "{range}</dd>
            <dt>"Confidence"</dt>
            <dd>{format!("{} %, {}", brief.scored.percent, brief.scored.trust.as_str())}</dd>
            {held}
            <dt>"Checks"</dt>
            <dd>{open(brief)}</dd>
        </dl>
        <p class="note"><a href=brief.path.clone()>"Each check answered: what was seen, why it matters, what to do"</a></p>
    };
    panel("readiness", "Readiness", view! { <Age of=brief.at/> }, content)
}

/// `3 fail, 4 unknown, 1 waived`
fn open(brief: &ReadinessBrief) -> String {
    let parts = [(brief.fails, "fail"), (brief.unknown, "unknown"), (brief.waived, "waived")];
    let said: Vec<String> = parts.iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}")).collect();
    if said.is_empty() { "all that apply hold".to_owned() } else { said.join(", ") }
}

/// The fleet's score among the Overview's figures; nothing before there was a first.
pub(crate) fn fact(brief: Option<&ReadinessBrief>) -> AnyView {
    let Some(brief) = brief else { return ().into_any() };
    let unknown = (brief.unknown > 0).then(|| format!(", {} unknown", text::grouped(brief.unknown)));
    let of = at_most(&brief.scored).map(|of| view! { <span class="of">{of}</span> });
    view! {
        <li>
            <a href=brief.path.clone()>
                <b>{number(brief.scored.score.score)}{of}</b>
                <span class="words"><Lamp light=brief.scored.tone.into()/>"readiness"{unknown}</span>
                <Age of=brief.at/>
            </a>
        </li>
    }
    .into_any()
}
