//! The only way from a server function to the fleet.
//!
//! The server hands its ports over once, in the context of every page and server function; they are private to this
//! file, so nothing in the pages can reach a port without going through a function here that says who is asking. Who that
//! is was recognised by the server before anything of ours ran and came with the request, as an [`Actor`]; whether they may
//! is checked here. The three answers are three types: with a [`Viewer`] in hand there is no port that acts.

use std::sync::Arc;

use domain::Failure;
use domain::account::Role;
use domain::port::{Actor, Administer, Observe, Operate, OwnAccount, ReadReports, Report};
use leptos::prelude::use_context;
use serde::Serialize;

use crate::answer::Answer;
use crate::error::AppError;

/// What the server lets pages ask. No getters: see the module.
#[derive(Clone)]
pub struct Ports {
    observe: Arc<dyn Observe>,
    operate: Arc<dyn Operate>,
    reports: Arc<dyn Report>,
    own: Arc<dyn OwnAccount>,
    administer: Arc<dyn Administer>,
}

impl Ports {
    /// Called once by the server, which puts it into the context of every page and server function.
    pub fn new(
        observe: Arc<dyn Observe>,
        operate: Arc<dyn Operate>,
        reports: Arc<dyn Report>,
        own: Arc<dyn OwnAccount>,
        administer: Arc<dyn Administer>,
    ) -> Self {
        Self { observe, operate, reports, own, administer }
    }
}

/// Someone who may look at the fleet and at their own account.
pub(crate) struct Viewer {
    pub(crate) observe: Arc<dyn Observe>,
    pub(crate) reports: Arc<dyn ReadReports>,
    pub(crate) own: Arc<dyn OwnAccount>,
    pub(crate) actor: Actor,
}

impl Viewer {
    /// An answer to this viewer, with the server's time on it.
    pub(crate) fn answer<T: Serialize + Clone + Send + Sync + 'static>(&self, revision: u64, body: T) -> Answer<T> {
        let frame = self.observe.frame();
        Answer::new(frame.now, frame.speed, revision, body)
    }
}

/// Someone who may act, and as whom.
pub(crate) struct Operator {
    pub(crate) operate: Arc<dyn Operate>,
    pub(crate) reports: Arc<dyn Report>,
    pub(crate) actor: Actor,
}

/// Someone who may decide who may do what.
pub(crate) struct Admin {
    pub(crate) administer: Arc<dyn Administer>,
    pub(crate) actor: Actor,
}

/// Who is asking, as someone who may look.
pub(crate) async fn viewer() -> Result<Viewer, AppError> {
    let (ports, actor) = asking(Role::Viewer)?;
    Ok(Viewer { observe: ports.observe, reports: ports.reports, own: ports.own, actor })
}

/// Who is asking, as someone who may act.
pub(crate) async fn operator() -> Result<Operator, AppError> {
    let (ports, actor) = asking(Role::Operator)?;
    Ok(Operator { operate: ports.operate, reports: ports.reports, actor })
}

/// Who is asking, as someone who may decide who may do what.
pub(crate) async fn admin() -> Result<Admin, AppError> {
    let (ports, actor) = asking(Role::Admin)?;
    Ok(Admin { administer: ports.administer, actor })
}

fn asking(needed: Role) -> Result<(Ports, Actor), AppError> {
    let ports = use_context::<Ports>().ok_or_else(AppError::without_ports)?;
    let parts = use_context::<http::request::Parts>();
    let actor = parts.and_then(|parts| parts.extensions.get::<Arc<Actor>>().cloned());
    let actor = actor.ok_or_else(|| AppError::failed(Failure::Unauthenticated))?;
    actor.may(needed).map_err(AppError::failed)?;
    Ok((ports, Actor::clone(&actor)))
}
