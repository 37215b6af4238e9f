//! One service: how it stands and why, its tasks, its stops, its alarms, its record.

use domain::judge::{Standing, Tone};
use domain::series::Reach;
use domain::service::ServiceKey;
use domain::text;
use domain::view::{HistoryPanel, PlanQuery, ReadinessBrief, ServiceDetail, ServiceNats, StoppedTaskRow, TimelineQuery};
use domain::{Failure, service};
use leptos::prelude::*;

use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::{Age, Since};
use crate::parts::definition::definition;
use crate::parts::stale::StaleNote;
use crate::parts::{alarms, deployments, readiness, sheet, stops, tasks, timeline};
use crate::ui::copy::copy;
use crate::ui::lamp::Lamp;
use crate::ui::panel::panel;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>, [environment, cluster, service]: [&str; 3]) -> Answered {
    let key = ServiceKey { environment: environment.to_owned(), cluster: cluster.to_owned(), service: service.to_owned() };
    let observe = &wanted.viewer.observe;
    let detail = observe.service(key.clone()).await?;
    let reach = wanted.pairs().find(|(name, _)| *name == "reach").and_then(|(_, word)| Reach::from_word(word)).unwrap_or_default();
    // what has left the cluster is asked nothing any more
    let score = observe.readiness_brief(Some(&key)).filter(|_| detail.present);
    let (history, nats) = (observe.history_panel(key.clone(), reach).await, observe.service_nats(key).await);
    let title = format!("{} is {}", text::shown(&detail.row.key.service), standing(&detail));
    Ok(Page::new(detail.revision, title, move || body(&detail, score.as_ref(), history, nats)))
}

fn body(
    detail: &ServiceDetail,
    score: Option<&ReadinessBrief>,
    history: Result<HistoryPanel, Failure>,
    nats: Result<ServiceNats, Failure>,
) -> AnyView {
    let class = if detail.stale.is_some() { "cols is-stale" } else { "cols" };
    view! {
        {head(detail)}
        <StaleNote why=detail.stale.clone()/>
        {gone(detail)}
        <div class=class>
            <div class="stack">
                {running(detail)}
                {stopped(detail)}
                {deployed(detail)}
                {record(detail)}
            </div>
            <div class="stack">
                {panel("facts", "What it is", (), view! { <dl class="kv">{terms(detail)}</dl> })}
                {readiness::of_service(score)}
                {watched(detail)}
            </div>
        </div>
        {past(history)}
        {connected(nats)}
    }
    .into_any()
}

fn standing(detail: &ServiceDetail) -> &'static str {
    if detail.present { detail.row.standing.title() } else { "no longer in the cluster" }
}

fn head(detail: &ServiceDetail) -> AnyView {
    let row = &detail.row;
    let name = text::shown(&row.key.service);
    let tone = match (detail.present, row.standing) {
        (false, _) => Tone::Unknown,
        (true, Standing::Up) if row.alarms_on > 0 => Tone::Warn,
        (true, Standing::Up) if row.moving => Tone::Move,
        (true, standing) => standing.tone(),
    };
    let reasons = (!row.reasons.is_empty() && detail.present).then(|| format!(": {}", text::shown(&row.reasons.join(", "))));
    let moving = (row.moving && detail.present).then_some(" · a deployment is under way");
    let alarms =
        (row.alarms_on > 0).then(|| view! { " · "<a href="#alarms">{format!("{} on", text::count(row.alarms_on.into(), "alarm"))}</a> });
    view! {
        <div class="headline headline-service">
            <h1><Lamp light=tone.into()/><span><bdi>{name}</bdi>" is "{standing(detail)}{reasons}</span></h1>
            <p class="dim">
                <Since at=row.since/>
                {moving}
                {alarms}
                {detail.observed.map(|at| view! { " · as seen "<Age of=at/> })}
            </p>
            {last_stop(detail)}
        </div>
    }
    .into_any()
}

/// Why it is down, as far as its newest stop tells: the first thing anybody asks.
fn last_stop(detail: &ServiceDetail) -> AnyView {
    let stop = detail.stopped.first().filter(|_| detail.row.standing == Standing::Down);
    stop.map(|stop| {
        view! {
            <p>
                <a href="#stopped">"Last stop"</a>
                " "
                <Age of=stop.stopped/>
                ": "
                <bdi>{stop.phrase()}</bdi>
                {last_line(stop).map(|said| view! { ". Its last line: "<code><bdi>{said}</bdi></code> })}
            </p>
        }
    })
    .into_any()
}

/// What it said at the very end.
fn last_line(stop: &StoppedTaskRow) -> Option<String> {
    Some(text::shown(&stop.words.as_ref()?.lines.last()?.text))
}

/// What a service that left the cluster leaves behind here.
fn gone(detail: &ServiceDetail) -> AnyView {
    if detail.present {
        return ().into_any();
    }
    view! {
        <p class="stale-note">
            "ECS lists this service no longer. Its record and its stopped tasks are kept here; the tasks, deployments and figures below are the last that were seen."
        </p>
    }
    .into_any()
}

fn terms(detail: &ServiceDetail) -> AnyView {
    let row = &detail.row;
    let said = |words: &Option<String>| words.as_deref().map_or_else(|| "not told".to_owned(), text::shown);
    let place = format!("{} · {}", text::shown(&row.key.environment), text::shown(&row.key.cluster));
    let fallback = || {
        row.revision
            .as_deref()
            .map(|revision| view! { <dt>"Revision"</dt><dd><code><bdi>{text::shown(revision)}</bdi></code></dd> }.into_any())
    };
    view! {
        {detail.do_not_touch.as_deref().map(|why| view! { <dt>"Do not touch"</dt><dd class="mark"><bdi>{text::shown(why)}</bdi></dd> })}
        <dt>"Tasks"</dt>
        <dd>{format!("wants {}, runs {}, {} starting, {} unhealthy", row.desired, row.running, row.pending, row.unhealthy)}</dd>
        <dt>"Where"</dt>
        <dd><bdi>{place}</bdi></dd>
        {row.group.as_deref().map(|group| view! { <dt>"Group"</dt><dd><bdi>{text::shown(group)}</bdi></dd> })}
        {detail.definition.as_ref().map(definition).or_else(fallback)}
        <dt>"Launch type"</dt>
        <dd>{said(&detail.launch_type)}</dd>
        <dt>"Controller"</dt>
        <dd>{said(&detail.controller)}</dd>
        <dt>"ARN"</dt>
        <dd>{copy(text::shown(&detail.arn))}" "{console(&detail.arn)}</dd>
    }
    .into_any()
}

/// The way to the AWS console, where there is one.
fn console(arn: &str) -> AnyView {
    let to = domain::console::link(arn);
    to.map(|to| view! { <a class="out" href=to target="_blank" rel="noopener noreferrer">"AWS console"</a> }).into_any()
}

fn running(detail: &ServiceDetail) -> AnyView {
    let rows = if detail.tasks.is_empty() {
        let said = if detail.row.desired == 0 { "It wants no task and runs none." } else { "No task runs or is starting." };
        view! { <p class="empty">{said}</p> }.into_any()
    } else {
        tasks::tasks(&detail.tasks, &detail.row.key.path())
    };
    let count = text::count(detail.tasks.len() as u64, "task");
    panel("tasks", "Tasks", count, view! { <StaleNote why=detail.connections_stale.clone()/>{rows} })
}

fn stopped(detail: &ServiceDetail) -> AnyView {
    let on_record = match (detail.stopped.len() as u64, detail.stopped_on_record) {
        (shown, all) if shown < all => format!("newest {shown} of {all} on record"),
        (_, all) => format!("{all} on record"),
    };
    let none = detail.stopped.is_empty().then(|| view! { <p class="empty">"No stop is on record."</p> });
    let lines = view! {
        {none}
        {stops::stops(&detail.stopped)}
        <p class="note">"ECS forgets a stopped task within about an hour. Here every stop is kept for ever."</p>
    };
    panel("stopped", "Stopped tasks and why", on_record, lines)
}

fn deployed(detail: &ServiceDetail) -> AnyView {
    let rows = if detail.deployments.is_empty() {
        view! { <p class="empty">"ECS names no deployment of it."</p> }.into_any()
    } else {
        deployments::deployments(&detail.deployments)
    };
    panel("deployments", "Deployments", (), (rows, ways(detail)))
}

/// The ways back and forward: an earlier revision, a health check.
fn ways(detail: &ServiceDetail) -> AnyView {
    if !detail.present {
        return ().into_any();
    }
    let back = |arn: &String| {
        let name = text::shown(service::revision_name(arn));
        let to = PlanQuery::put_back(&detail.row.key, arn).path();
        view! { <li data-key=arn.clone()><code><bdi>{name.clone()}</bdi></code>" "<a href=to>"Put back to this revision"<span class="sr">" "{name}</span></a></li> }
    };
    let earlier = detail.earlier();
    let list = (!earlier.is_empty())
        .then(|| view! { <ul class="earlier" aria-label="Earlier revisions">{earlier.iter().map(back).collect::<Vec<_>>()}</ul> });
    view! {
        {list}
        <p class="note"><a href=PlanQuery::health_check(&detail.row.key).path()>"Plan a health check"</a>" for it. Nothing changes by that alone."</p>
    }
    .into_any()
}

fn watched(detail: &ServiceDetail) -> AnyView {
    let on = format!("{} of {} on", detail.row.alarms_on, detail.alarms.len());
    let none = detail.alarms.is_empty().then(|| view! { <p class="empty">"No alarm watches it: nobody is told when it breaks."</p> });
    let unwatched = (!detail.unwatched.is_empty()).then(|| {
        let coverage = format!("/alarms/coverage?q={}", service::encoded(&detail.row.key.service));
        view! { <p class="note">"Not watched. "{detail.unwatched.join("; ")}". "<a href=coverage>"What counts, and commands"</a></p> }
    });
    let lines = view! {
        <StaleNote why=detail.alarms_stale.clone()/>
        {none}
        <div class="own">{alarms::alarms(&detail.alarms)}</div>
        {unwatched}
    };
    panel("alarms", "Alarms", on, lines)
}

fn record(detail: &ServiceDetail) -> AnyView {
    let whole = TimelineQuery::of_service(&detail.row.key).path();
    let none = detail.record.is_empty().then(|| view! { <p class="empty">"Nothing is on record of it yet."</p> });
    let lines = view! {
        {none}
        {timeline::timeline(&detail.record, false)}
        <p class="note"><a href=whole>"The whole record of it"</a>", searchable"</p>
    };
    panel("record", "What happened", (), lines)
}

/// Its plots, as the server draws them; how far back stands in the URL.
fn past(history: Result<HistoryPanel, Failure>) -> AnyView {
    let plots = match history {
        Ok(panel) => view! { <div inner_html=panel.html></div> }.into_any(),
        Err(failure) => without(&failure),
    };
    panel("history", "History", (), plots)
}

/// Its NATS connections. What was never there has no panel.
fn connected(nats: Result<ServiceNats, Failure>) -> AnyView {
    match nats {
        Ok(none) if none.tasks == 0 && none.connections.is_empty() => ().into_any(),
        Ok(connections) => sheet::panel(&connections.panel()),
        Err(failure) => panel("connections", "NATS connections", (), without(&failure)),
    }
}

/// Why a part has nothing to show, in one line.
fn without(failure: &Failure) -> AnyView {
    view! { <p class="stale-note" role="status"><bdi>{text::shown(&failure.to_string())}</bdi></p> }.into_any()
}
