//! Waivers: those that wait for somebody, those that hold with their ends, and the form by which one is asked for.
//!
//! What is to be done stands first: to approve, to end because the check passes meanwhile, to look at again because the end is
//! near. The trap is approving one's own: the button stays in sight and says beside it why somebody else has to.

use domain::Failure;
use domain::account::Role;
use domain::text;
use domain::view::{WaiverQuery, WaiverRow, WaiverStanding, WaiversPage};
use leptos::prelude::*;

use crate::api::form as forms;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::act::{Act, MAY_NOT, Refused, Weight, act, may_not, was_refused};
use crate::parts::age::{Age, At};
use crate::parts::section::{Section, section};
use crate::ui::ignored::ignored;
use crate::ui::lamp::Light;
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

mod ask;

/// What the page is made of.
struct Reading {
    query: WaiverQuery,
    /// Who looks: an account's name, as requesters are kept.
    name: String,
    /// Why whoever looks may do nothing.
    may_not: Option<String>,
    /// Why what was sent a moment ago was refused.
    refused: Option<String>,
}

impl Reading {
    fn barred(&self) -> Option<Refused> {
        self.may_not.is_some().then_some(Refused::There(MAY_NOT))
    }
}

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>) -> Answered {
    let viewer = wanted.viewer;
    let query = WaiverQuery::from_pairs(wanted.pairs());
    let may_not = viewer.actor.may(Role::Operator).err().map(|error: Failure| error.to_string());
    let page = viewer.observe.waivers(query.clone()).await?;
    let reading = Reading { query, name: viewer.actor.name.clone(), may_not, refused: forms::refused() };
    Ok(Page::new(page.revision, "Waivers", move || body(&page, reading)))
}

fn body(page: &WaiversPage, mut reading: Reading) -> AnyView {
    let refused = reading.refused.take();
    let waiting = page.open.iter().filter(|row| row.standing == WaiverStanding::Asked).count() as u64;
    let aside = if waiting > 0 { format!("{} to approve", text::count(waiting, "waiver")) } else { String::new() };
    let none = page.open.is_empty().then(|| view! { <p class="empty">"No failure is accepted, and nobody asks for it."</p> });
    let list = view! {
        {none}
        <ul class="said-list">{page.open.iter().map(|row| one(row, &reading)).collect::<Vec<_>>()}</ul>
    };
    view! {
        {ignored(&reading.query.ignored)}
        <div class="headline">
            <h1>"Waivers"</h1>
            <p class="dim">"A failure that is accepted: by whom, why, and until when. The check goes on being evaluated."</p>
        </div>
        {section(Some(Section::Waivers))}
        {was_refused(refused)}
        {may_not(reading.may_not.as_deref())}
        {panel("open", "Asked for, and holding", aside, list)}
        {ask::form(page, &reading)}
        {ask::draft(page, &reading)}
        {over(page)}
    }
    .into_any()
}

/// How one stands: in which colour and words.
fn stands(row: &WaiverRow) -> (Light, String) {
    match row.standing {
        WaiverStanding::Asked => (Light::Move, "waits for approval".to_owned()),
        WaiverStanding::Holds => (row.ending.tone().into(), row.ending.words().replace("counts", "holds")),
        WaiverStanding::Over => (Light::Quiet, "over".to_owned()),
    }
}

fn one(row: &WaiverRow, reading: &Reading) -> AnyView {
    let waiver = &row.waiver;
    let (light, words) = stands(row);
    let id = waiver.id;
    let passes = row.passes.then(|| view! { <p class="note">"The check passes meanwhile: end it."</p> });
    let approve = (row.standing == WaiverStanding::Asked).then(|| {
        let own = row.by_another && waiver.requester == reading.name;
        let why = "You asked for it: a waiver of a critical or high check is approved by somebody else. Send another operator the link to this page.";
        act(Act {
            key: format!("approve-{id}"),
            action: "/api/waiver_approve",
            fields: vec![("waiver", id.to_string())],
            label: format!("Approve waiver {id}"),
            weight: Weight::Primary,
            reason: None,
            refused: reading.barred().or(own.then(|| Refused::Here(why.to_owned()))),
        })
    });
    let end = act(Act {
        key: format!("end-{id}"),
        action: "/api/waiver_end",
        fields: vec![("waiver", id.to_string())],
        label: format!("End waiver {id}"),
        weight: Weight::Stop,
        reason: Some("Why it is ended"),
        refused: reading.barred(),
    });
    view! {
        <li id=format!("waiver-{id}")>
            <p class="stands"><Tag light=light>{words}</Tag></p>
            <div class="what">
                {what(row)}
                {passes}
            </div>
            <div class="commands"><div>{approve}{end}</div></div>
        </li>
    }
    .into_any()
}

/// What is accepted, by whom and until when.
fn what(row: &WaiverRow) -> AnyView {
    let waiver = &row.waiver;
    let wish = &waiver.wish;
    let title = row.title.clone().unwrap_or_else(|| "no check of the card any more".to_owned());
    let ticket = wish.ticket.as_deref().filter(|ticket| !ticket.is_empty());
    let ticket = ticket.map(|ticket| view! { <p class="dim">"Tracked: "<bdi>{text::shown(ticket)}</bdi></p> });
    let approver = waiver.approver.as_deref().map(|by| view! { ", approved by "<bdi>{text::shown(by)}</bdi> });
    let until = wish.expires.map(|at| view! { ", until "<At at/> });
    let ended = waiver.ended.as_ref().map(|(at, by)| view! { ", ended by "<bdi>{text::shown(by)}</bdi>" "<Age of=*at/> });
    view! {
        <p>
            {format!("{} ", waiver.id)}<b><bdi>{text::shown(&wish.check)}</bdi></b>" of "<a href=row.path.clone()><bdi>{row.place.clone()}</bdi></a>": "
            <bdi>{title}</bdi>
        </p>
        <p class="prose"><bdi>{text::shown(&wish.reason)}</bdi></p>
        <p class="dim prose">"Meanwhile: "<bdi>{text::shown(&wish.compensating)}</bdi></p>
        {ticket}
        <p class="faint">"asked for by "<bdi>{text::shown(&waiver.requester)}</bdi>" "<Age of=waiver.created/>{approver}{until}{ended}</p>
    }
    .into_any()
}

/// Those that are over, folded up.
fn over(page: &WaiversPage) -> AnyView {
    if page.over.is_empty() {
        return ().into_any();
    }
    let row = |row: &WaiverRow| view! { <li><div class="what">{what(row)}</div></li> }.into_any();
    let content = view! {
        <details class="older">
            <summary>{text::count(page.over.len() as u64, "waiver")}</summary>
            <ul class="said-list">{page.over.iter().map(row).collect::<Vec<AnyView>>()}</ul>
        </details>
    };
    panel("over", "Over", (), content)
}
