//! Which page answers at which path, and making its HTML.

use std::any::Any;

use super::{Made, Pairs, instants};
use crate::access::{Viewer, viewer};
use crate::answer::{Answer, Written};
use crate::digest;
use crate::error::AppError;
use crate::now::{Now, Seed};
use crate::pages::access as access_page;
use crate::pages::{
    alarm, alarms, attest, checklists, coverage, missing, nats, not_found, overview, plan, readiness, reports, rollout, rollouts, service,
    sources, task, timeline, waivers,
};
use domain::Failure;
use leptos::prelude::*;
use leptos_router::location::Url;

/// A page before it is HTML.
pub(crate) struct Page {
    revision: u64,
    title: String,
    every: Option<u32>,
    view: Box<dyn FnOnce() -> AnyView + Send>,
}

impl Page {
    /// Made from what the store held at `revision`. `view` is called once, where its ages can be counted.
    pub(crate) fn new(revision: u64, title: impl Into<String>, view: impl FnOnce() -> AnyView + Send + 'static) -> Self {
        Self { revision, title: title.into(), every: None, view: Box::new(view) }
    }

    /// The same, asked for anew every so many seconds as long as it is open.
    pub(crate) fn every(self, seconds: u32) -> Self {
        Self { every: Some(seconds), ..self }
    }
}

/// What was asked for.
pub(crate) struct Wanted<'a> {
    /// Who asks.
    pub(crate) viewer: &'a Viewer,
    pairs: &'a Pairs,
}

impl Wanted<'_> {
    /// The pairs of the query.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The page at `path`, as the browser gets it: without its HTML where nothing of that has changed since what it shows.
pub(crate) async fn compose(path: String, pairs: Pairs, since: Option<u64>) -> Result<Answer<Made>, AppError> {
    let viewer = viewer().await?;
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(Url::unescape).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let wanted = Wanted { viewer: &viewer, pairs: &pairs };
    let page = page(&parts, &wanted, &path).await?;
    let now = viewer.observe.frame().now;
    // what the view makes is needed until it is text
    let owner = Owner::new();
    let html = owner.with(|| {
        provide_context(Now::new());
        provide_context(Seed(now));
        (page.view)().to_html()
    });
    let (said, instants) = instants::apart(&html);
    let digest = digest::of(&(&path, said));
    let (html, instants) = if since == Some(digest) { (String::new(), instants) } else { (html, Vec::new()) };
    Ok(viewer.answer(page.revision, Made { path, title: page.title, html, instants, every: page.every, digest }))
}

async fn page(parts: &[&str], wanted: &Wanted<'_>, path: &str) -> Result<Page, AppError> {
    let answered = match parts {
        [] => overview::page(wanted).await,
        ["services", environment, cluster, service] => service::page(wanted, [environment, cluster, service]).await,
        ["services", environment, cluster, service, "tasks", task] => task::page(wanted, [environment, cluster, service], task).await,
        ["timeline"] => timeline::page(wanted).await,
        ["alarms"] => alarms::page(wanted).await,
        ["alarms", "coverage"] => coverage::page(wanted).await,
        ["alarms", "missing"] => missing::page(wanted).await,
        ["alarms", environment, name] => alarm::page(wanted, environment, name).await,
        ["nats"] => nats::page(wanted).await,
        ["readiness"] => readiness::page(wanted).await,
        ["readiness", "changes"] => readiness::changes_page(wanted).await,
        ["readiness", "attest"] => attest::page(wanted).await,
        ["readiness", "waivers"] => waivers::page(wanted).await,
        ["readiness", "checklists"] => checklists::page(wanted).await,
        ["readiness", environment, cluster, service] => readiness::service_page(wanted, [environment, cluster, service]).await,
        ["rollouts"] => rollouts::page(wanted).await,
        ["rollouts", "new"] => plan::page(wanted).await,
        ["rollouts", id] => rollout::page(wanted, id).await,
        ["reports"] => reports::page(wanted).await,
        ["sources"] => sources::page(wanted).await,
        ["access"] => access_page::page(wanted).await,
        _ => return Ok(not_found::page(path)),
    };
    answered.map_err(AppError::failed)
}

/// How the answer is written into the page it came with: its HTML stands there already.
pub(crate) fn without_html(made: &(dyn Any + Send + Sync)) -> Written {
    let made = made.downcast_ref::<Made>().cloned().unwrap_or_default();
    serde_json::value::to_raw_value(&Made { html: String::new(), ..made })
}

/// What a page answers.
pub(crate) type Answered = Result<Page, Failure>;
