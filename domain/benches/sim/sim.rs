//! What stands between the loop and the world: the store, the line, and everything that goes wrong with either.
//!
//! Separate from the loop, because it outlives every one of them. The trap is a request that times out: it may arrive, and take
//! effect, long after nobody waits for it any more.

use std::collections::BTreeMap;

use domain::rollout::cause::KnownCause;
use domain::rollout::decide::{Around, Command, Decision, Input, Outcome, Refusal, decide};
use domain::rollout::seen::{Answer, Look};
use domain::rollout::{Effect, INTENT_TAG, Rollout, Status};

use crate::shell::{Died, Named};
use crate::world::{Nature, World};

/// What goes wrong at a call or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    None,
    Throttle,
    ServerErrorBefore,
    ServerErrorAfter,
    TimeoutBefore,
    TimeoutAfter,
    StaleReads,
    ResetMidBody,
    CredentialsExpired,
    AccessDenied,
    Suspended,
    SecondController,
    ForeignDeploy,
    AwsRollsBack,
    AlarmBlind,
    StoreBusy,
    /// Everything is stopped by a person for two minutes.
    LineStopped,
    /// What is registered is not what was sent.
    AnotherRevision,
}

impl Fault {
    pub(crate) const ALL: [Self; 18] = [
        Self::None,
        Self::Throttle,
        Self::ServerErrorBefore,
        Self::ServerErrorAfter,
        Self::TimeoutBefore,
        Self::TimeoutAfter,
        Self::StaleReads,
        Self::ResetMidBody,
        Self::CredentialsExpired,
        Self::AccessDenied,
        Self::Suspended,
        Self::SecondController,
        Self::ForeignDeploy,
        Self::AwsRollsBack,
        Self::AlarmBlind,
        Self::StoreBusy,
        Self::LineStopped,
        Self::AnotherRevision,
    ];
}

/// Where something goes wrong: a place in the loop, the n-th time it is reached.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Trouble {
    pub(crate) site: String,
    pub(crate) time: u64,
    pub(crate) crash: bool,
    pub(crate) fault: Fault,
}

/// What survives a crash.
pub(crate) struct Stored {
    pub(crate) rollout: Rollout,
    pub(crate) epoch: u64,
}

/// A request that arrives late.
struct Late {
    at: i64,
    step: usize,
    effect: Effect,
    nature: Nature,
}

/// The world with what stands before it, and what is checked and counted.
pub(crate) struct Sim {
    pub(crate) world: World,
    pub(crate) stored: Stored,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) sites: BTreeMap<String, u64>,
    pub(crate) nature: Vec<Nature>,
    pub(crate) violations: Vec<String>,
    pub(crate) causes: Vec<KnownCause>,
    pub(crate) stopped: Option<String>,
    /// Successful looks at each service, to reckon what was really watched.
    pub(crate) looks: Vec<Vec<i64>>,
    pub(crate) trace: u64,
    pub(crate) effects: u64,
    late: Vec<Late>,
    throttled: u32,
    stale: u32,
    deaf_until: i64,
    cut: u32,
    busy: u32,
    denied: Vec<&'static str>,
    /// Since when nothing forward may happen.
    pub(crate) halted_at: Option<i64>,
    stopped_until: i64,
    garbled: bool,
}

impl Sim {
    pub(crate) fn new(world: World, rollout: Rollout, nature: Vec<Nature>) -> Self {
        let looks = vec![Vec::new(); world.services.len()];
        Self {
            world,
            stored: Stored { rollout, epoch: 1 },
            troubles: Vec::new(),
            sites: BTreeMap::new(),
            nature,
            violations: Vec::new(),
            causes: Vec::new(),
            stopped: None,
            looks,
            trace: 0xcbf2_9ce4_8422_2325,
            effects: 0,
            late: Vec::new(),
            throttled: 0,
            stale: 0,
            deaf_until: 0,
            cut: 0,
            busy: 0,
            denied: Vec::new(),
            halted_at: None,
            stopped_until: 0,
            garbled: false,
        }
    }

    pub(crate) fn command(&mut self, command: Command) {
        // a command is committed by whoever holds the lease
        let epoch = self.stored.epoch;
        self.commit(epoch, &Input::Command(command)).map(drop).unwrap_or(());
    }

    /// One transaction. Nothing where the store is busy, so that it must be tried again.
    pub(crate) fn commit(&mut self, epoch: u64, input: &Input) -> Result<Option<Decision>, Died> {
        if epoch < self.stored.epoch {
            return Err(Died::Fenced);
        }
        if self.busy > 0 {
            self.busy -= 1;
            return Ok(None);
        }
        let around = Around { stopped: self.stopped.as_deref(), frozen: None, thaws: None, causes: &self.causes };
        let decision = decide(self.world.at(), &self.stored.rollout, &around, input);
        for event in &decision.events {
            for byte in event.said.bytes() {
                self.trace = (self.trace ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        self.check_verified(&decision.next);
        self.check_back(&decision.next);
        self.stored.rollout = decision.next.clone();
        if matches!(self.stored.rollout.status, Status::Running | Status::Held { .. } | Status::Paused { .. }) {
            self.halted_at = None;
        } else {
            self.halted_at.get_or_insert(self.world.now);
        }
        Ok(Some(decision))
    }

    /// A place where something may go wrong. True: whoever is here is suspended for a while.
    pub(crate) fn pass(&mut self, site: &str) -> Result<bool, Died> {
        let time = self.sites.entry(site.to_owned()).or_insert(0);
        *time += 1;
        let time = *time;
        let Some(at) = self.troubles.iter().position(|trouble| trouble.site == site && trouble.time == time) else { return Ok(false) };
        let trouble = self.troubles.remove(at);
        let suspended = self.strike(trouble.fault);
        if trouble.crash { Err(Died::Crashed) } else { Ok(suspended) }
    }

    fn strike(&mut self, fault: Fault) -> bool {
        let under_way = self.stored.rollout.under_way().map_or(0, |(step, _)| step);
        let now = self.world.now;
        match fault {
            Fault::None => {}
            Fault::Throttle => self.throttled = 3,
            Fault::ServerErrorBefore | Fault::ServerErrorAfter | Fault::TimeoutBefore | Fault::TimeoutAfter => self.cut = fault as u32,
            Fault::StaleReads => self.stale = 5,
            Fault::ResetMidBody | Fault::CredentialsExpired => self.deaf_until = now + if fault == Fault::ResetMidBody { 12 } else { 120 },
            Fault::AccessDenied => self.denied = vec!["stop", "back"],
            Fault::Suspended => return true,
            Fault::SecondController => self.stored.epoch += 1,
            Fault::ForeignDeploy => self.world.foreign(under_way),
            Fault::AwsRollsBack => self.world.aws_rolls_back(under_way),
            Fault::AlarmBlind => {
                if let Some(service) = self.world.services.get_mut(under_way) {
                    service.blind = (now, now + 120);
                }
            }
            Fault::StoreBusy => self.busy = 3,
            Fault::LineStopped => (self.stopped, self.stopped_until) = (Some("incident".into()), now + 120),
            Fault::AnotherRevision => self.garbled = true,
        }
        false
    }

    pub(crate) fn read(&mut self, look: &Look) -> Answer {
        if self.world.now < self.deaf_until {
            return Answer::Nothing("the connection was reset".into());
        }
        let stale = if self.stale > 0 { usize::try_from(self.stale).unwrap_or(0) } else { 0 };
        self.stale = self.stale.saturating_sub(1);
        match look {
            Look::Service { step } => match self.world.seen(*step, stale) {
                Some(seen) => {
                    if let Some(looks) = self.looks.get_mut(*step) {
                        looks.push(self.world.now);
                    }
                    Answer::Service(Box::new(seen))
                }
                None => Answer::Nothing("no such service".into()),
            },
            Look::Revision { step, arn } => match self.world.described(*step, arn) {
                Some(described) => Answer::Revision(Box::new(described)),
                None => Answer::Nothing("no such revision".into()),
            },
            Look::Intent { step, intent, .. } => {
                let service = self.world.services.get(*step);
                let found =
                    service.and_then(|service| service.revisions.iter().rfind(|revision| revision.tags.get(INTENT_TAG) == Some(intent)));
                Answer::Intent(found.filter(|_| stale == 0).map(|revision| revision.arn.clone()))
            }
        }
    }

    /// The call itself, through whatever stands between.
    pub(crate) fn call(&mut self, step: usize, effect: &Effect) -> Outcome {
        self.check_intent(step, effect);
        self.effects += 1;
        let passes = |said: &str| Outcome::Not(Refusal { passes: true, said: said.into(), next: String::new() });
        if self.world.now < self.deaf_until {
            return passes("ExpiredTokenException");
        }
        if self.throttled > 0 {
            self.throttled -= 1;
            return passes("ThrottlingException");
        }
        if self.denied.contains(&effect.operation_of()) {
            return Outcome::Not(Refusal { passes: false, said: "AccessDeniedException".into(), next: "allow it".into() });
        }
        let cut = std::mem::take(&mut self.cut);
        let nature = self.nature.get(step).copied().unwrap_or(Nature::Good);
        if cut == Fault::ServerErrorBefore as u32 || cut == Fault::TimeoutBefore as u32 {
            return Outcome::Unknown { why: "ServerException".into() };
        }
        if cut == Fault::TimeoutAfter as u32 {
            // it may take effect long after nobody waits for it any more
            let at = self.world.now + i64::try_from(self.world.dice.below(40)).unwrap_or(0);
            self.late.push(Late { at, step, effect: effect.clone(), nature });
            return Outcome::Unknown { why: "timed out".into() };
        }
        let outcome = self.take_effect(step, effect, nature);
        if cut == Fault::ServerErrorAfter as u32 { Outcome::Unknown { why: "ServerException".into() } } else { outcome }
    }

    fn take_effect(&mut self, step: usize, effect: &Effect, nature: Nature) -> Outcome {
        self.check_effect(step, effect);
        let not = |said: &str| Outcome::Not(Refusal { passes: false, said: said.into(), next: String::new() });
        let done = |named: String| Outcome::Done { named };
        match effect {
            Effect::Register { request, tags } => {
                let mut request = request.clone();
                // ECS, or a proxy of somebody's, loses a field
                if std::mem::take(&mut self.garbled)
                    && let Some(container) = request.pointer_mut("/containerDefinitions/0").and_then(serde_json::Value::as_object_mut)
                {
                    container.remove("essential");
                }
                let arn = self.world.register(step, request, tags.clone(), nature);
                arn.map_or_else(|| not("no such family"), done)
            }
            Effect::Update { from, to, configuration } | Effect::Back { from, to, configuration } => {
                // the actuator reads before it writes
                let runs = self
                    .world
                    .services
                    .get(step)
                    .and_then(|service| service.runs())
                    .map(|revision| revision.arn.clone())
                    .unwrap_or_default();
                if runs != *from && runs != *to {
                    return not("it runs something else");
                }
                self.world.update(step, to, configuration.clone()).map_or_else(not, done)
            }
            Effect::Stop { deployment } => self.world.stop(step, deployment).map_or_else(not, |()| done(String::new())),
            Effect::Restore { configuration } => {
                self.world.configure(step, configuration.clone());
                done(String::new())
            }
        }
    }

    /// Requests that were on their way arrive; what was stopped may go on.
    pub(crate) fn arrive(&mut self) {
        let now = self.world.now;
        if now >= self.stopped_until {
            self.stopped = None;
        }
        let due: Vec<Late> = self.late.extract_if(.., |late| late.at <= now).collect();
        for late in due {
            self.take_effect(late.step, &late.effect, late.nature);
        }
    }
}
