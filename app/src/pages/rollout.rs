//! One rollout: the line, the step whose turn it is with its evidence, what may be done about it and why not.

mod steps;

use domain::text;
use domain::view::{Button, RecordLine, RolloutPage, RolloutQuery};
use leptos::prelude::*;

use crate::api::form;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::act::{Act, MAY_NOT, Refused, Weight, act, may_not, was_refused};
use crate::parts::age::{Age, At};
use crate::parts::step_plan;
use crate::parts::track::track;
use crate::ui::ignored::ignored;
use crate::ui::lamp::{Lamp, Light};
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// Lines of the record that are open: what happened in the last step or two.
const NEWEST: usize = 40;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>, id: &str) -> Answered {
    let query = RolloutQuery::from_pairs(id, wanted.pairs());
    let viewer = wanted.viewer;
    let page = viewer.observe.rollout(query, viewer.actor.role).await?;
    let refused = form::refused();
    let title = format!("{}: {}", page.title, page.tag);
    Ok(Page::new(page.revision, title, move || body(&page, refused)))
}

fn body(page: &RolloutPage, refused: Option<String>) -> AnyView {
    let shown = page.now.as_ref().map(|step| step.step);
    view! {
        {ignored(&page.ignored)}
        {headline(page)}
        {was_refused(refused)}
        {callouts(page)}
        {commands(page)}
        <section class="panel" id="line" aria-label="The line">
            {track(&page.blocks, shown)}
            <p class="counted">{text::shown(&page.counted)}</p>
        </section>
        {if page.plan.is_empty() { steps::under_way(page) } else { planned(page) }}
        {excluded(page)}
        {record(page)}
    }
    .into_any()
}

fn headline(page: &RolloutPage) -> AnyView {
    let tag = text::shown(&page.tag);
    let by = |who: &str| view! { <b><bdi>{text::shown(who)}</bdi></b> };
    let started = page.started.map(|at| {
        let who = page.started_by.as_deref().map(|who| view! { " by "{by(who)} });
        view! { ", started"{who}" "<Age of=at/> }
    });
    let ended = page.ended.map(|at| view! { ", ended "<Age of=at/> });
    view! {
        <div class="headline">
            <h1><span><bdi>{text::shown(&page.title)}</bdi></span></h1>
            <p role="status"><Tag light=page.tone.into()>{tag}</Tag></p>
            <p class="dim">{format!("Rollout {}, planned by ", page.number)}{by(&page.planned_by)}" "<Age of=page.planned/>{started}{ended}</p>
            <p class="whole"><bdi>{text::shown(&page.said)}</bdi></p>
            <p class="whole dim">"Why: "<bdi>{text::shown(&page.reason)}</bdi></p>
        </div>
    }
    .into_any()
}

/// What must not be overlooked: why nothing goes forward, and what somebody should do now.
fn callouts(page: &RolloutPage) -> AnyView {
    let nothing = if page.review.is_some() { "Nothing is done in it now: " } else { "Nothing forward begins now: " };
    let notice = page.notice.as_deref().map(|why| {
        view! {
            <p class="callout callout-bad" id="notice" role="alert">
                <Lamp light=Light::Bad worded=true/>
                <span>{nothing}<bdi>{text::shown(why)}</bdi></span>
            </p>
        }
    });
    let next = page.next.as_deref().map(|next| {
        view! {
            <p class="callout" id="next">
                <Lamp light=Light::Warn worded=true/>
                <span><b>"What to do now. "</b><bdi>{text::shown(next)}</bdi></span>
            </p>
        }
    });
    view! { {notice}{next} }.into_any()
}

/// Every command there is: those that may be given as forms, the others disabled with why.
fn commands(page: &RolloutPage) -> AnyView {
    let (may, others): (Vec<&Button>, Vec<&Button>) = page.buttons.iter().partition(|button| button.refused.is_none());
    // a role that is too low, or a store that was restored, is one reason for all of them
    let first = others.first().and_then(|button| button.refused.as_deref());
    let shared = first.filter(|why| others.len() > 1 && others.iter().all(|of| of.refused.as_deref() == Some(*why)));
    let drawn = |of: Vec<&Button>| of.into_iter().map(|button| act(command(page, button, shared.is_some()))).collect::<Vec<_>>();
    let (may, others) = (drawn(may), drawn(others));
    view! {
        <section class="commands" id="act" aria-label="What may be done">
            <div class="may">{may}</div>
            {may_not(shared)}
            <div class="others">{others}</div>
        </section>
    }
    .into_any()
}

fn command(page: &RolloutPage, button: &Button, shared: bool) -> Act {
    // somebody has looked at a rollout of a restored store: that is no command of the engine's
    let reviewed = button.command == "reviewed";
    let (action, question) =
        if reviewed { ("/api/reviewed", "What you found: from then on it goes on") } else { ("/api/steer", "Why, for the record") };
    let mut fields = vec![("rollout", page.number.to_string())];
    fields.extend((!reviewed).then(|| ("command", button.command.clone())));
    fields.extend(button.step.map(|step| ("step", step.to_string())));
    let weight = match (button.stop, button.command.as_str()) {
        (true, _) => Weight::Stop,
        (false, "start" | "reviewed") => Weight::Primary,
        (false, _) => Weight::Plain,
    };
    Act {
        key: button.command.clone(),
        action,
        fields,
        label: text::shown(&button.label),
        weight,
        reason: button.reason.then_some(question),
        refused: button.refused.clone().map(|why| if shared { Refused::There(MAY_NOT) } else { Refused::Here(why) }),
    }
}

/// The whole plan of a rollout that nobody has started.
fn planned(page: &RolloutPage) -> AnyView {
    let remarks = page.remarks.iter().map(|remark| view! { <li>{text::shown(remark)}</li> }).collect::<Vec<_>>();
    let all = view! {
        <ul class="remarks">{remarks}</ul>
        {step_plan::steps(&page.plan)}
    };
    panel("plan", "The plan, in its order", text::count(page.plan.len() as u64, "service"), all)
}

fn excluded(page: &RolloutPage) -> AnyView {
    if page.excluded.is_empty() {
        return ().into_any();
    }
    panel("excluded", "Chosen, and left out", page.excluded.len().to_string(), step_plan::left_out(&page.excluded))
}

fn record(page: &RolloutPage) -> AnyView {
    let none = page.record.is_empty().then(|| view! { <p class="empty">"Nothing is on record of it yet."</p> });
    let lines = |of: &[RecordLine]| of.iter().map(|line| entry(page, line)).collect::<Vec<_>>();
    let (newest, older) = page.record.split_at(page.record.len().min(NEWEST));
    // a rollout of twenty services has some three hundred lines; whoever wants the oldest asks for them
    let older = (!older.is_empty()).then(|| {
        view! {
            <details class="older" id="record-older">
                <summary>{format!("{} before", text::count(older.len() as u64, "line"))}</summary>
                <ol class="timeline">{lines(older)}</ol>
            </details>
        }
    });
    panel("record", "Its record, newest first", (), view! { {none}<ol class="timeline">{lines(newest)}</ol>{older} })
}

fn entry(page: &RolloutPage, line: &RecordLine) -> AnyView {
    let step = line.step.and_then(|step| page.steps.iter().find(|row| row.step == step));
    let about = step.map(|row| view! { <a href=row.path.clone()><bdi>{text::shown(&row.service.service)}</bdi></a>" " });
    let who = line.actor.as_deref().map(|who| view! { " "<span class="faint">"by "<bdi>{text::shown(who)}</bdi></span> });
    view! {
        <li>
            <At at=line.at/>
            <Lamp light=Light::Quiet worded=true/>
            <div class="said">{about}<bdi>{text::shown(&line.said)}</bdi>{who}" "<Age of=line.at/></div>
        </li>
    }
    .into_any()
}
