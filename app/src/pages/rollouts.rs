//! The rollouts, and what holds for all of them: the one stop, freezes, failures on record.
//!
//! Stopping everything is at hand on this page whatever else is on it, and asks for nothing but a reason.

use domain::account::Role;
use domain::text;
use domain::view::{CauseRow, Choice, Freeze, RolloutRow, RolloutsOnly, RolloutsPage, RolloutsQuery, Stopped};
use domain::{Failure, Timestamp};
use leptos::prelude::*;

use crate::api::form;
use crate::keyboard::SEARCH_ID;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::act::{Act, LONGEST_REASON, MAY_NOT, Refused, Weight, act, may_not, was_refused};
use crate::parts::age::{Age, At};
use crate::parts::choices::choices;
use crate::ui::ignored::ignored;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// Who looks, and when.
struct Reading {
    may_not: Option<String>,
    refused: Option<String>,
    now: Timestamp,
}

impl Reading {
    /// What every command of the page is refused by, if it is.
    fn barred(&self) -> Option<Refused> {
        self.may_not.is_some().then_some(Refused::There(MAY_NOT))
    }
}

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let query = RolloutsQuery::from_pairs(wanted.pairs());
    let viewer = wanted.viewer;
    let page = viewer.observe.rollouts(query.clone()).await?;
    let may_not = viewer.actor.may(Role::Operator).err().map(|error: Failure| error.to_string());
    let reading = Reading { may_not, refused: form::refused(), now: viewer.observe.frame().now };
    let title = if page.stopped.is_some() { "Rollouts: everything is stopped" } else { "Rollouts" };
    Ok(Page::new(page.revision, title, move || body(&page, &query, reading)))
}

fn body(page: &RolloutsPage, query: &RolloutsQuery, mut reading: Reading) -> AnyView {
    let refused = reading.refused.take();
    view! {
        {ignored(&query.ignored)}
        <div class="headline">
            <h1>"Rollouts"</h1>
            <p class="dim">"One change over many services, one service at a time, proven, and taken back by itself."</p>
            <p><a class="btn btn-primary" href="/rollouts/new">"Plan a health check"</a></p>
        </div>
        {was_refused(refused)}
        {may_not(reading.may_not.as_deref())}
        {stopped(page.stopped.as_ref(), &reading)}
        {search(query)}
        {choices("By status", &statuses(query))}
        <section class="panel list" id="rollouts" aria-label="List of rollouts">
            {nothing(page, query)}
            <ul class="rollouts">{page.rollouts.iter().map(row).collect::<Vec<_>>()}</ul>
        </section>
        <div class="cols">
            {panel("causes", "Failures on record", (), causes(&page.causes, &reading))}
            {panel("freezes", "Freezes", (), freezes(&page.freezes, &reading))}
        </div>
    }
    .into_any()
}

/// The one stop: loud while it holds, at hand while it does not.
fn stopped(stopped: Option<&Stopped>, reading: &Reading) -> AnyView {
    let Some(stop) = stopped else {
        let stop = Act {
            key: "stop-everything".to_owned(),
            action: "/api/stop_everything",
            fields: Vec::new(),
            label: "Stop everything".to_owned(),
            weight: Weight::Stop,
            reason: Some("Why? Nothing forward begins in any rollout until somebody lifts it; what is under way is still watched"),
            refused: reading.barred(),
        };
        return view! { <section class="commands" id="stop" aria-label="Stop everything"><div class="may">{act(stop)}</div></section> }
            .into_any();
    };
    let lift = Act {
        key: "lift-stop".to_owned(),
        action: "/api/lift",
        fields: vec![("bar", stop.id.to_string())],
        label: "Lift the stop".to_owned(),
        weight: Weight::Plain,
        reason: Some("Why it may go on"),
        refused: reading.barred(),
    };
    view! {
        <section class="callout callout-bad callout-block" id="stop" aria-labelledby="stop-heading">
            <h2 id="stop-heading"><Lamp light=Light::Bad worded=true/>" Everything is stopped"</h2>
            <p>"By "<b><bdi>{text::shown(&stop.by)}</bdi></b>" "<Age of=stop.at/>": "<bdi>{text::shown(&stop.why)}</bdi></p>
            <p>"No rollout begins anything forward. What is under way is still watched and, where it fails, taken back; putting a service back waits too."</p>
            {act(lift)}
        </section>
    }
    .into_any()
}

fn search(query: &RolloutsQuery) -> AnyView {
    let only = query.only.map(|only| view! { <input type="hidden" name="only" value=only.as_str()/> });
    view! {
        <form class="filter" action="/rollouts" method="get" role="search">
            <label class="grow">
                <span>"Title, reason or service"</span>
                <input id=SEARCH_ID name="q" type="search" autocomplete="off" spellcheck="false" placeholder="part of it" value=query.q.clone()/>
            </label>
            {only}
            <button class="btn" type="submit">"Filter"</button>
        </form>
    }
    .into_any()
}

/// The choices of a status.
fn statuses(query: &RolloutsQuery) -> Vec<Choice> {
    let choice = |label: &str, only: Option<RolloutsOnly>| Choice {
        label: label.to_owned(),
        path: RolloutsQuery { only, ignored: Vec::new(), ..query.clone() }.path(),
        chosen: query.only == only,
        tone: None,
    };
    let words = |only: RolloutsOnly| match only {
        RolloutsOnly::Planned => "planned, not started",
        RolloutsOnly::Open => "started, not ended",
        RolloutsOnly::Ended => "ended",
    };
    std::iter::once(choice("all", None)).chain(RolloutsOnly::ALL.into_iter().map(|only| choice(words(only), Some(only)))).collect()
}

fn nothing(page: &RolloutsPage, query: &RolloutsQuery) -> AnyView {
    if !page.rollouts.is_empty() {
        return ().into_any();
    }
    if query.only.is_some() || !query.q.is_empty() {
        return view! { <p class="empty">"None matches this filter. "<a href="/rollouts">"All rollouts"</a></p> }.into_any();
    }
    view! { <p class="empty">"Nothing was ever planned here. A plan changes nothing until somebody starts it."</p> }.into_any()
}

fn row(row: &RolloutRow) -> AnyView {
    let failed = (row.failed > 0).then(|| format!(", {} failed", row.failed));
    let status = text::shown(&row.status);
    let started = row.started.map(|at| view! { ", started "<Age of=at/> });
    let ended = row.ended.map(|at| view! { ", ended "<Age of=at/> });
    view! {
        <li data-key=row.id.clone()>
            <div class="what">
                <p>
                    <a href=row.path.clone()><b><bdi>{text::shown(&row.title)}</bdi></b></a>
                    " "
                    <Tag light=row.tone.into()>{status}</Tag>
                </p>
                <p><bdi>{text::shown(&row.said)}</bdi></p>
                <p class="dim"><bdi>{text::shown(&row.reason)}</bdi></p>
                <p class="faint">
                    {format!("Rollout {}, planned by ", row.number)}<bdi>{text::shown(&row.planned_by)}</bdi>" "<Age of=row.planned/>{started}{ended}
                </p>
            </div>
            <p class="count">{format!("{} of {} verified", row.verified, row.steps)}{failed}</p>
        </li>
    }
    .into_any()
}

fn freezes(freezes: &[Freeze], reading: &Reading) -> AnyView {
    let none = freezes.is_empty().then(|| view! { <p class="empty">"None holds and none is to come."</p> });
    let each = freezes.iter().map(|one| freeze(one, reading)).collect::<Vec<_>>();
    // the field's own form: no zone, no seconds
    let now = reading.now.to_string().get(..16).unwrap_or_default().to_owned();
    let (disabled, described) = (reading.may_not.is_some(), reading.may_not.is_some().then_some(MAY_NOT));
    view! {
        {none}
        <ul class="access-list">{each}</ul>
        <form class="act" action="/api/freeze" method="post" data-key="freeze">
            <fieldset class="fields" disabled=disabled aria-describedby=described>
                <legend>"A new freeze: nothing forward begins in it, and taking back always may"</legend>
                <label><span>"Why"</span><input type="text" name="reason" required=true maxlength=LONGEST_REASON autocomplete="off"/></label>
                <div class="row">
                    <label class="instant"><span>"From (UTC)"</span><input type="datetime-local" name="from" required=true value=now/></label>
                    <label class="instant"><span>"Until (UTC)"</span><input type="datetime-local" name="until" required=true/></label>
                    <button class="btn" type="submit">"Freeze"</button>
                </div>
            </fieldset>
        </form>
    }
    .into_any()
}

fn freeze(freeze: &Freeze, reading: &Reading) -> AnyView {
    let until = freeze.until.map_or_else(|| "until it is lifted".into_any(), |at| view! { "until "<At at/> }.into_any());
    let state = if freeze.from <= reading.now { "holds" } else { "is to come" };
    let lift = Act {
        key: format!("lift-{}", freeze.id),
        action: "/api/lift",
        fields: vec![("bar", freeze.id.to_string())],
        label: "Lift it".to_owned(),
        weight: Weight::Plain,
        reason: Some("Why it may go on"),
        refused: reading.barred(),
    };
    view! {
        <li data-key=freeze.id.to_string()>
            <p>
                <b>{state}</b>": "<bdi>{text::shown(&freeze.why)}</bdi>
                <span class="dim line">"from "<At at=freeze.from/>", "{until}", by "<bdi>{text::shown(&freeze.by)}</bdi></span>
            </p>
            {act(lift)}
        </li>
    }
    .into_any()
}

fn causes(causes: &[CauseRow], reading: &Reading) -> AnyView {
    let none =
        causes.is_empty().then(|| view! { <p class="empty">"No service has failed in a rollout, or every failure was released."</p> });
    let each = causes.iter().map(|one| cause(one, reading)).collect::<Vec<_>>();
    view! {
        {none}
        <ul class="access-list">{each}</ul>
        <p class="note">"A service that would meet the same is held before its first write, until the failure is released here."</p>
    }
    .into_any()
}

fn cause(cause: &CauseRow, reading: &Reading) -> AnyView {
    let rollout = format!("/rollouts/{}", domain::service::encoded(&cause.rollout));
    let release = match &cause.released {
        Some(released) => view! { <p class="dim">"Released: "<bdi>{text::shown(released)}</bdi></p> }.into_any(),
        None => act(Act {
            key: format!("release-{}", cause.id),
            action: "/api/release",
            fields: vec![("cause", cause.id.to_string())],
            label: "Release it".to_owned(),
            weight: Weight::Plain,
            reason: Some("Why others need no longer expect it"),
            refused: reading.barred(),
        }),
    };
    view! {
        <li data-key=cause.id.to_string()>
            <p>
                <b><bdi>{text::shown(&cause.service)}</bdi></b>" "<bdi>{text::shown(&cause.said)}</bdi>
                <span class="dim line">{cause.kind.as_str()}", in "<a href=rollout>"rollout "<bdi>{text::shown(&cause.rollout)}</bdi></a>" "<Age of=cause.at/></span>
            </p>
            {release}
        </li>
    }
    .into_any()
}
