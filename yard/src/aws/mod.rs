//! The AWS face: the wire protocols that the real SDKs and the AWS CLI speak, over the fleet's one truth.
//!
//! A request passes through: what is it ([`call`]), is it signed, is a fault laid on it ([`fault`]), is there a token in its bucket ([`throttle`]), what is the answer
//! ([`ecs`], [`cloudwatch`], [`logs`], [`sqs`], [`sts`]), in which protocol is it written ([`answer`]).
//! The trap: nothing here may be lenient. A request the real service refuses is refused here, in its words, or a client's mistake would only show in production.

mod answer;
mod call;
mod cbor;
mod cloudwatch;
mod ecs;
pub(crate) mod fault;
mod logs;
mod page;
mod sqs;
mod sts;
mod throttle;
pub(crate) mod writes;

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Request, State},
    http::Response,
};
use serde_json::Value;

use crate::{model::Fleet, serve::HangUp, world::World};
use answer::ApiError;
use call::{Api, Call};
use fault::{Effect, Fault, FaultKind, Faults, Lost};
use throttle::Throttle;
use writes::{Before, Write, Writes};

/// Requests larger than this are refused; no operation served here needs a tenth of it.
const LARGEST_REQUEST: usize = 1 << 20;

/// Everything the AWS face keeps besides the fleet.
pub(crate) struct AwsFace {
    world: Arc<World>,
    throttle: Option<Throttle>,
    pub(crate) faults: Faults,
    counts: Mutex<Counts>,
    writes: Mutex<Writes>,
    queue: sqs::Queue,
    /// Families in which a registration is under way.
    registering: Mutex<HashSet<String>>,
}

/// A registration under way; its end makes room for the next one in the family.
struct Registration<'a> {
    face: &'a AwsFace,
    family: String,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.face.registering.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.family);
    }
}

/// How often each operation was asked for, and how often it was refused with which code.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(crate) struct Counts {
    pub(crate) requests: BTreeMap<String, u64>,
    pub(crate) errors: BTreeMap<String, u64>,
}

impl AwsFace {
    pub(crate) fn new(world: Arc<World>, throttles: bool) -> Self {
        Self {
            world,
            throttle: throttles.then(Throttle::default),
            faults: Faults::default(),
            counts: Mutex::default(),
            writes: Mutex::default(),
            queue: sqs::Queue::default(),
            registering: Mutex::default(),
        }
    }

    /// Of a call that registers a task definition: holds its family until the answer is there, or refuses because someone else does.
    fn register(&self, call: &Call) -> Result<Option<Registration<'_>>, ApiError> {
        let family = (call.operation == "RegisterTaskDefinition").then(|| call.text("family")).flatten();
        let Some(family) = family else { return Ok(None) };
        let mut registering = self.registering.lock().unwrap_or_else(PoisonError::into_inner);
        if !registering.insert(family.to_owned()) {
            return Err(fault::concurrent_registration());
        }
        Ok(Some(Registration { face: self, family: family.to_owned() }))
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was changed by requests, oldest first.
    pub(crate) fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner).kept()
    }

    fn count(&self, call: &Call) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry(call.name()).or_default() += 1;
    }

    fn count_error(&self, call: &Call, code: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.errors.entry(format!("{} {code}", call.name())).or_default() += 1;
    }

    /// The answer; none: the connection is to be closed without one.
    async fn respond(&self, call: &Call) -> Option<Response<Body>> {
        self.count(call);
        let effect = self.faults.effect(self.world.clock().now_micros(), call);
        let registration = self.register(call);
        if let Some(delay) = effect.delay {
            self.world.clock().sleep(delay).await;
        }
        if let Some(lost) = effect.lost_before {
            return self.lose(call, lost).await;
        }
        let decided = match registration {
            Err(refused) => Err(refused),
            Ok(_held) => self.settled(call, &effect).await,
        };
        if let Some(lost) = effect.lost_after {
            return self.lose(call, lost).await;
        }
        Some(match decided {
            Ok(mut value) => {
                if effect.empty_lists {
                    fault::empty_lists(&mut value);
                }
                answer::success(call, value, effect.spoiled)
            }
            Err(error) => self.refuse(call, &error),
        })
    }

    fn refuse(&self, call: &Call, error: &ApiError) -> Response<Body> {
        self.count_error(call, error.code);
        answer::failure(call, error)
    }

    /// Leaves a client without its answer.
    async fn lose(&self, call: &Call, lost: Lost) -> Option<Response<Body>> {
        match lost {
            Lost::Error => Some(self.refuse(call, &fault::refuse(FaultKind::ServerError, call))),
            Lost::Held(Some(time)) => {
                self.world.clock().sleep(time).await;
                None
            }
            // until the client leaves, which ends this too
            Lost::Held(None) => std::future::pending().await,
            Lost::Dropped => None,
        }
    }

    /// Decides; where a queue is asked to hold its answer back until there is something, when there is something or the time is over.
    async fn settled(&self, call: &Call, effect: &Effect) -> Result<Value, ApiError> {
        let Some(patience) = (call.api == Api::Sqs).then(|| sqs::patience(call)).flatten() else { return self.decide(call, effect) };
        let clock = self.world.clock();
        let mut over = clock.sleep(patience);
        let mut changes = self.world.changes();
        loop {
            changes.borrow_and_update();
            let answer = self.decide(call, effect)?;
            if !sqs::found_nothing(&answer) {
                return Ok(answer);
            }
            tokio::select! {
                () = &mut over => return self.decide(call, effect),
                changed = changes.changed() => if changed.is_err() {
                    return Ok(answer);
                },
            }
        }
    }

    fn decide(&self, call: &Call, effect: &Effect) -> Result<Value, ApiError> {
        if !call.signed {
            return Err(ApiError::unsigned(call.api));
        }
        if let Some(refusal) = effect.refusal {
            return Err(fault::refuse(refusal, call));
        }
        if let Some(throttle) = &self.throttle {
            throttle.take(call, self.world.clock().now_micros())?;
        }
        if call.api == Api::Ecs && ecs::changes(call) {
            return self.world.look(|fleet| {
                meddle(call, effect, fleet, false);
                let before = Before::of(call, fleet);
                let changed = ecs::change(call, fleet);
                if let Ok(answer) = &changed {
                    self.writes.lock().unwrap_or_else(PoisonError::into_inner).add(before.then(call, answer, fleet));
                }
                meddle(call, effect, fleet, true);
                changed
            });
        }
        if !effect.foreign.is_empty() {
            self.world.look(|fleet| [false, true].map(|after| meddle(call, effect, fleet, after)));
        }
        let served = match &effect.stale {
            Some(past) => serve(call, past, &self.queue)?,
            None => self.world.look(|fleet| serve(call, fleet, &self.queue))?,
        };
        Ok(match served {
            Served::Now(value) => value,
            Served::Later(work) => work(),
        })
    }

    pub(crate) fn lay_fault(&self, fault: Fault) {
        let past = (fault.kind == FaultKind::Stale).then(|| Arc::new(self.world.look(|fleet| fleet.clone())));
        self.faults.lay(self.world.clock().now_micros(), fault, past);
    }
}

/// What others do to the service that a request is about, before or after it takes effect.
fn meddle(call: &Call, effect: &Effect, fleet: &mut Fleet, after: bool) {
    let Some(service) = call.service() else { return };
    for act in &effect.foreign {
        let done = match (act, after) {
            (FaultKind::ForeignUpdate, false) => fleet.foreign_update(service),
            (FaultKind::ForeignRegister, false) => fleet.foreign_register(service),
            (FaultKind::DeregisterPrior, true) => fleet.deregister_prior(service),
            _ => continue,
        };
        if let Err(nothing) = done {
            fleet.note(format!("nobody could meddle: {nothing}"));
        }
    }
}

/// An answer, or the work that makes it from what it has taken of the fleet: nobody else shall wait for that.
enum Served {
    Now(Value),
    Later(Box<dyn FnOnce() -> Value>),
}

fn serve(call: &Call, fleet: &Fleet, queue: &sqs::Queue) -> Result<Served, ApiError> {
    match call.api {
        Api::Ecs => ecs::serve(call, fleet).map(Served::Now),
        Api::CloudWatch => cloudwatch::serve(call, fleet),
        Api::Logs => logs::serve(call, fleet).map(Served::Now),
        Api::Sqs => sqs::serve(call, fleet, queue).map(Served::Now),
        Api::Sts => sts::serve(call).map(Served::Now),
    }
}

/// The face as something that can be served.
pub(crate) fn router(face: Arc<AwsFace>) -> Router {
    Router::new().fallback(handle).with_state(face)
}

async fn handle(State(face): State<Arc<AwsFace>>, Extension(hang_up): Extension<HangUp>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, LARGEST_REQUEST).await {
        Ok(body) => body,
        Err(error) => return answer::unreadable(&error.to_string()),
    };
    match call::read(&head, &body) {
        Ok(call) => match face.respond(&call).await {
            Some(answer) => answer,
            None => hang_up.now().await,
        },
        Err(why) => answer::unreadable(&why),
    }
}
