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

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::Response,
};
use serde_json::Value;

use crate::{model::Fleet, world::World};
use answer::ApiError;
use call::{Api, Call};
use fault::{Effect, Fault, FaultKind, Faults};
use throttle::Throttle;

/// Requests larger than this are refused; no operation served here needs a tenth of it.
const LARGEST_REQUEST: usize = 1 << 20;

/// Everything the AWS face keeps besides the fleet.
pub(crate) struct AwsFace {
    world: Arc<World>,
    throttle: Option<Throttle>,
    pub(crate) faults: Faults,
    counts: Mutex<Counts>,
    queue: sqs::Queue,
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
            queue: sqs::Queue::default(),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, call: &Call) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.requests.entry(call.name()).or_default() += 1;
    }

    fn count_error(&self, call: &Call, code: &str) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.errors.entry(format!("{} {code}", call.name())).or_default() += 1;
    }

    async fn respond(&self, call: &Call) -> Response<Body> {
        self.count(call);
        let effect = self.faults.effect(self.world.clock().now_micros(), call);
        if let Some(delay) = effect.delay {
            self.world.clock().sleep(delay).await;
        }
        match self.settled(call, &effect).await {
            Ok(mut value) => {
                if effect.empty_lists {
                    fault::empty_lists(&mut value);
                }
                answer::success(call, value, effect.spoiled)
            }
            Err(error) => {
                self.count_error(call, error.code);
                answer::failure(call, &error)
            }
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

async fn handle(State(face): State<Arc<AwsFace>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = match axum::body::to_bytes(body, LARGEST_REQUEST).await {
        Ok(body) => body,
        Err(error) => return answer::unreadable(&error.to_string()),
    };
    match call::read(&head, &body) {
        Ok(call) => face.respond(&call).await,
        Err(why) => answer::unreadable(&why),
    }
}
