//! The fleet at a glance: one number each, out of what, how old, and a link to what it counts.

use domain::judge::Standing;
use domain::source::SourceKind;
use domain::text;
use domain::view::{Overview, ReadinessBrief, ServiceQuery, Tally};
use leptos::prelude::*;

use super::age::Age;
use super::readiness;
use super::sources_line::source_path;
use crate::ui::lamp::{Lamp, Light};

/// The row of numbers; `score` is the newest that is at hand.
pub(crate) fn facts(overview: &Overview, score: Option<&ReadinessBrief>) -> AnyView {
    view! { <nav aria-label="The fleet at a glance"><ul class="facts">{all(overview)}{readiness::fact(score)}</ul></nav> }.into_any()
}

fn all(overview: &Overview) -> Vec<AnyView> {
    let state = |standing| ServiceQuery { state: Some(standing), ..ServiceQuery::default() }.path();
    let source = |kind| {
        let id = overview.sources.iter().map(|source| &source.id).find(|id| id.kind == kind);
        id.map_or_else(|| "/sources".to_owned(), source_path)
    };
    let not_up = overview.services.of.is_some_and(|of| overview.services.value < of) && overview.services.stale.is_none();
    let alarms = if overview.alarms.value > 0 { "/alarms?state=alarm" } else { "/alarms" }.to_owned();
    let tls = match (overview.connections.value, overview.connections_tls) {
        (0, _) => "NATS connections".to_owned(),
        (_, 0) => "NATS connections, none with TLS".to_owned(),
        (all, tls) if all == tls => "NATS connections, all with TLS".to_owned(),
        (_, tls) => format!("NATS connections, {tls} with TLS"),
    };
    let unknown = overview.alarms_unknown;
    let alarm_words = if unknown > 0 { format!("alarms on, {unknown} without data") } else { "alarms on".to_owned() };
    let mut facts = vec![
        fact(&overview.services, "services up", if not_up { state(Standing::Down) } else { "/services".to_owned() }),
        fact(&overview.tasks, "tasks running", if not_up { state(Standing::Down) } else { "/services".to_owned() }),
        fact(&overview.alarms, &alarm_words, alarms),
        fact(&overview.nodes, "NATS nodes", source(SourceKind::Nats)),
        fact(&overview.connections, &tls, source(SourceKind::Nats)),
        apart(overview, overview.off_on_purpose, "off on purpose", Light::Unknown, state(Standing::OffOnPurpose)),
    ];
    if overview.off > 0 {
        facts.push(apart(overview, overview.off, "off without a mark", Light::Quiet, state(Standing::Off)));
    }
    facts
}

fn fact(tally: &Tally, words: &str, path: String) -> AnyView {
    // nothing known is not nought: "0 up" of a source that is silent would read as an outage
    let unknown = tally.stale.is_some() && tally.value == 0;
    let value = if unknown { "?".to_owned() } else { tally.value.to_string() };
    let of = tally.of.filter(|of| !unknown || *of > 0).map(|of| view! { <span class="of">{format!(" / {of}")}</span> });
    let age = match (tally.stale.as_deref(), tally.observed) {
        (Some(why), _) => {
            let why = text::shown(why);
            let whole = why.clone();
            view! { <span class="why" title=whole>{why}</span> }.into_any()
        }
        (None, Some(at)) => view! { <Age of=at/> }.into_any(),
        (None, None) => ().into_any(),
    };
    view! {
        <li class:stale=tally.stale.is_some()>
            <a href=path>
                <b>{value}{of}</b>
                <span class="words"><Lamp light=tally.tone.into()/>{words.to_owned()}</span>
                {age}
            </a>
        </li>
    }
    .into_any()
}

/// A count that stands beside the others and is out of nothing.
fn apart(overview: &Overview, value: u64, words: &str, light: Light, path: String) -> AnyView {
    let unknown = overview.services.stale.is_some() && value == 0;
    let light = if overview.services.stale.is_some() { Light::Unknown } else { light };
    view! {
        <li class:stale=overview.services.stale.is_some()>
            <a href=path>
                <b>{if unknown { "?".to_owned() } else { value.to_string() }}</b>
                <span class="words"><Lamp light worded=true/>{words.to_owned()}</span>
                {overview.services.observed.map(|at| view! { <Age of=at/> })}
            </a>
        </li>
    }
    .into_any()
}
