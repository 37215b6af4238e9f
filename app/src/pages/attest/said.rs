//! What people stand for in an environment: newest first, each with its end.

use domain::text;
use domain::view::{AttestPage, AttestQuery, AttestationRow, AttestationState, Choice};
use leptos::prelude::*;

use super::Reading;
use crate::parts::act::{Act, MAY_NOT, Refused, Weight, act};
use crate::parts::age::{Age, At};
use crate::parts::choices::choices;
use crate::ui::lamp::Light;
use crate::ui::panel::panel;
use crate::ui::tag::Tag;

/// The list.
pub(super) fn said(page: &AttestPage, reading: &Reading) -> AnyView {
    let none = page.rows.is_empty().then(|| view! { <p class="empty">"Nobody has attested anything here yet."</p> });
    let rows: Vec<AnyView> = page.rows.iter().map(|row| one(row, page, reading)).collect();
    let at = |before| AttestQuery { environment: page.environment.clone(), before, ..AttestQuery::default() }.path();
    let older = page.older.map(|older| {
        let to = format!("{}#said", at(Some(older)));
        view! { <p class="ways pad"><a class="btn" href=to>"Older ones"</a></p> }
    });
    let newest = reading.query.before.map(|_| {
        let to = format!("{}#said", at(None));
        view! { <p class="ways pad"><a href=to>"The newest"</a></p> }
    });
    let content = view! {
        {environments(page)}
        {newest}
        {none}
        <ul class="said-list">{rows}</ul>
        {older}
    };
    panel("said", "What people stand for", text::shown(&page.environment), content)
}

/// Links to the other environments; nothing where there is one.
fn environments(page: &AttestPage) -> AnyView {
    if page.environments.len() < 2 {
        return ().into_any();
    }
    let choice = |name: &String| Choice {
        label: text::shown(name),
        path: format!("{}#said", AttestQuery { environment: name.clone(), ..AttestQuery::default() }.path()),
        chosen: *name == page.environment,
        tone: None,
    };
    let all: Vec<Choice> = page.environments.iter().map(choice).collect();
    view! { <div class="list-tools">{choices("By environment", &all)}</div> }.into_any()
}

fn one(row: &AttestationRow, page: &AttestPage, reading: &Reading) -> AnyView {
    let said = &row.attestation;
    let (light, words): (Light, &'static str) = match row.state {
        AttestationState::Counts => (row.ending.tone().into(), row.ending.words()),
        AttestationState::Ended => (Light::Unknown, "has ended"),
        AttestationState::Withdrawn => (Light::Quiet, "taken back"),
    };
    let read = said.said.as_deref().map(|said| view! { <p class="dim"><bdi>{text::shown(said)}</bdi></p> });
    let note = (!said.note.is_empty()).then(|| view! { <p class="dim prose"><bdi>{text::shown(&said.note)}</bdi></p> });
    let link = said.link.clone().map(|link| {
        let shown = text::shown(&link);
        view! { <p><a href=link rel="noreferrer nofollow external"><bdi>{shown}</bdi></a></p> }
    });
    let file = said.file.as_ref().map(|file| {
        let to = format!("/api/v1/attestations/{}/file", said.id);
        view! { <p><a href=to download="" rel="external"><bdi>{text::shown(&file.name)}</bdi></a>" "<span class="dim">{format!("{} bytes", text::grouped(file.bytes))}</span></p> }
    });
    let back =
        said.withdrawn.as_ref().map(|(at, by)| view! { <p class="dim">"Taken back by "<bdi>{text::shown(by)}</bdi>" "<Age of=*at/></p> });
    let withdraw = (row.state == AttestationState::Counts).then(|| {
        act(Act {
            key: format!("withdraw-{}", said.id),
            action: "/api/attestation_withdraw",
            fields: vec![("attestation", said.id.to_string()), ("environment", page.environment.clone())],
            label: format!("Take back attestation {}", said.id),
            weight: Weight::Stop,
            reason: None,
            refused: reading.may_not.is_some().then_some(Refused::There(MAY_NOT)),
        })
    });
    view! {
        <li id=format!("attestation-{}", said.id)>
            <p class="stands"><Tag light=light>{words}</Tag></p>
            <div class="what">
                <p>
                    <b><bdi>{text::shown(&said.check)}</bdi></b>" of "<a href=row.path.clone()><bdi>{row.place.clone()}</bdi></a>" "
                    <b>{row.held.clone()}</b>
                </p>
                {read}
                {note}
                {link}
                {file}
                <p class="faint">"by "<bdi>{text::shown(&said.by)}</bdi>" "<Age of=said.at/>", until "<At at=said.expires/></p>
                {back}
            </div>
            {withdraw}
        </li>
    }
    .into_any()
}
