//! The only way from a server function to the fleet.
//!
//! The server hands its ports over once, in the context of every page and server function; they are private to this
//! file, so nothing in the pages can reach a port without going through a function here that says who is asking.
//! Today everybody who reaches the server may look, and may act under a name they give; sign-in and role will be checked
//! here and nowhere else.

use std::sync::Arc;

use domain::port::{Actor, Observe, Operate};
use leptos::prelude::use_context;
use serde::Serialize;

use crate::answer::Answer;
use crate::error::AppError;

/// What the server lets pages ask. No getters: see the module.
#[derive(Clone)]
pub struct Ports {
    observe: Arc<dyn Observe>,
    operate: Arc<dyn Operate>,
}

impl Ports {
    /// Called once by the server, which puts it into the context of every page and server function.
    pub fn new(observe: Arc<dyn Observe>, operate: Arc<dyn Operate>) -> Self {
        Self { observe, operate }
    }
}

/// Someone who may look at the fleet.
pub(crate) struct Viewer {
    pub(crate) observe: Arc<dyn Observe>,
}

impl Viewer {
    /// An answer to this viewer, with the server's time on it.
    pub(crate) fn answer<T: Serialize + Clone + Send + Sync + 'static>(&self, revision: u64, body: T) -> Answer<T> {
        let frame = self.observe.frame();
        Answer::new(frame.now, frame.speed, revision, body)
    }
}

/// Who is asking, as someone who may look.
pub(crate) async fn viewer() -> Result<Viewer, AppError> {
    let ports = use_context::<Ports>().ok_or_else(AppError::without_ports)?;
    Ok(Viewer { observe: ports.observe })
}

/// Someone who may act, and as whom.
pub(crate) struct Operator {
    pub(crate) operate: Arc<dyn Operate>,
    pub(crate) actor: Actor,
}

/// Who is asking, as someone who may act under `name`. The name is as given until there is sign-in.
pub(crate) async fn operator(name: &str) -> Result<Operator, AppError> {
    let ports = use_context::<Ports>().ok_or_else(AppError::without_ports)?;
    let actor = Actor::named(name).map_err(AppError::failed)?;
    Ok(Operator { operate: ports.operate, actor })
}
