//! One alarm: where it stands, who is told, who knows; what is on record of it.

use domain::account::Role;
use domain::text;
use domain::view::{AlarmDetail, AlarmKey, AlarmRow};
use leptos::prelude::*;

use crate::api::form;
use crate::made::compose::{Answered, Page, Wanted};
use crate::parts::age::{Age, Since};
use crate::parts::alarms::{known, light, runbook, told};
use crate::parts::stale::StaleNote;
use crate::parts::timeline::timeline;
use crate::ui::copy::copy;
use crate::ui::lamp::Lamp;
use crate::ui::panel::panel;

/// The page.
pub(crate) async fn page(wanted: &Wanted<'_>, environment: &str, name: &str) -> Answered {
    let key = AlarmKey { environment: environment.to_owned(), name: name.to_owned() };
    let detail = wanted.viewer.observe.alarm(key).await?;
    let (may_not, refused) = (wanted.viewer.actor.may(Role::Operator).err().map(|error| error.to_string()), form::refused());
    Ok(Page::new(detail.revision, text::shown(&detail.row.name), move || body(&detail, may_not, refused)))
}

fn body(detail: &AlarmDetail, may_not: Option<String>, refused: Option<String>) -> AnyView {
    let row = &detail.row;
    let none = detail.record.is_empty().then(|| view! { <p class="empty">"Nothing yet."</p> });
    let acknowledging = acknowledging(row, may_not, refused);
    view! {
        <div class="headline">
            <h1><Lamp light=light(row)/><bdi>{text::shown(&row.name)}</bdi></h1>
            <p><b>{row.state.as_str()}</b>" "{row.since.map(|at| view! { <Since at/> })}</p>
            <p class="dim">{detail.observed.map(|at| view! { "as seen "<Age of=at/> })}</p>
        </div>
        <StaleNote why=detail.stale.clone()/>
        <div class="cols">
            <div class="stack">
                <section class="panel" aria-label="What it is"><dl class="kv">{facts(detail)}</dl></section>
                {panel("record", "On record", (), (none, timeline(&detail.record, false)))}
            </div>
            {panel("acknowledge", "Who knows of it", (), acknowledging)}
        </div>
    }
    .into_any()
}

fn facts(detail: &AlarmDetail) -> Vec<AnyView> {
    let row = &detail.row;
    let plain = |words: &Option<String>| words.as_deref().map(|words| view! { <bdi>{text::shown(words)}</bdi> }.into_any());
    let service = row.service.clone().map(|(cluster, service)| {
        let name = text::shown(&service);
        let path = domain::service::ServiceKey { environment: row.environment.clone(), cluster, service }.path();
        view! { <a href=path><bdi>{name}</bdi></a> }.into_any()
    });
    [
        ("Why", plain(&row.reason)),
        ("Watches", plain(&row.condition)),
        ("Service", service),
        ("Notifies", Some(told(row))),
        ("Runbook", runbook(row)),
        ("Says", plain(&detail.description)),
        ("ARN", Some(copy(text::shown(&detail.arn)))),
    ]
    .into_iter()
    .filter_map(|(term, words)| Some(view! { <dt>{term}</dt><dd>{words?}</dd> }.into_any()))
    .collect()
}

/// Who knows of it, or the form to say that one does.
fn acknowledging(row: &AlarmRow, may_not: Option<String>, refused: Option<String>) -> AnyView {
    // said once, so it must outlive the next answer
    let refused = refused.map(|why| view! { <p class="stale-note" role="alert" data-stays="">{why}</p> });
    let (acknowledged, key) = (row.acknowledged.is_some(), row.key());
    if !row.calls() && !acknowledged {
        return view! { {refused}<p class="empty">"It does not call for anybody now."</p> }.into_any();
    }
    if let Some(why) = may_not {
        return view! { {refused}<div class="act">{known(row)}<p class="dim">{why}</p></div> }.into_any();
    }
    let (action, submit, hint) = if acknowledged {
        ("/api/withdraw", "Take it back", "Taken back, it calls for somebody again.")
    } else {
        ("/api/acknowledge", "Acknowledge", "It is then no longer counted as needing somebody, until it recovers: that ends it.")
    };
    let reason = (!acknowledged).then(|| {
        view! { <label><span>"Why it may wait"</span><textarea name="reason" rows="3" maxlength="500" required=true></textarea></label> }
    });
    view! {
        {refused}
        <form class="act" action=action method="post" data-key=action>
            {known(row)}
            <input type="hidden" name="environment" value=key.environment/>
            <input type="hidden" name="name" value=key.name/>
            {reason}
            <p class="dim">{hint}</p>
            <button class="btn" type="submit">{submit}</button>
        </form>
    }
    .into_any()
}
