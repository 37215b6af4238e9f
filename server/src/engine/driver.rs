//! One rollout being driven.
//!
//! Everything that is decided of it is decided and committed here, under one lock; looking and acting happen outside of it,
//! so that an abort never waits for AWS. The trap is an answer that cannot be written, because the disk is full: nothing
//! further is begun until it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::Failure;
use domain::Timestamp;
use domain::port::Actor;
use domain::rollout::decide::{Command, Decision, Input, Outcome, POLL, Refusal, decide, owed, to_plan_again, wants};
use domain::rollout::plan::Window;
use domain::rollout::seen::Look;
use domain::rollout::{Owed, Rollout, Stage};
use tokio::sync::{Mutex, Notify};

use super::holding::Holding;
use super::{Inner, internal, planning};
use crate::actuator::Lease;
use crate::store::{Commit, Committed, Doing, Kept, StoreError};

/// Between two looks at a verified service, at the least; with many of them each is looked at less often, so that
/// watching costs the same number of calls.
const WATCH: Duration = Duration::from_secs(15);
const WATCH_EACH: Duration = Duration::from_secs(3);
/// Before the disk is tried again.
const DISK: Duration = Duration::from_secs(2);
/// Between two looks at the clock for deadlines, which are minutes.
const TICK: Duration = Duration::from_secs(10);

/// Why a driver goes no further.
enum Ends {
    /// A newer engine has begun.
    Fenced,
    /// Nothing happens in this rollout any more by itself.
    Over,
}

/// Why a turn could not be finished.
enum Stuck {
    Ends(Ends),
    Store(StoreError),
}

impl From<StoreError> for Stuck {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What the lock is held for.
struct State {
    rollout: Rollout,
    turn: u64,
    /// An outcome that is not written yet.
    unwritten: Option<(u64, Outcome)>,
}

pub(super) struct Driver {
    inner: Arc<Inner>,
    number: u64,
    /// The window it may go forward in.
    window: Option<Window>,
    puts_back: bool,
    state: Mutex<State>,
    wake: Notify,
}

impl Driver {
    pub(super) fn new(inner: Arc<Inner>, kept: Kept) -> Self {
        let window = kept.plan.wish.window;
        let puts_back = kept.plan.wish.change.is_put_back();
        let state = State { rollout: kept.rollout, turn: kept.turn, unwritten: None };
        Self { inner, number: kept.number, window, puts_back, state: Mutex::new(state), wake: Notify::new() }
    }

    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Does what a person wants, or says why not.
    pub(super) async fn command(&self, actor: &Actor, command: Command) -> Result<(), Failure> {
        let (act, why) = named(&command);
        let holding = self.holding().await.map_err(internal)?;
        let mut state = self.state.lock().await;
        let doing = Doing::Command { actor, act, why: &why };
        match self.commit(&mut state, &holding, &Input::Command(command.clone()), doing).await {
            Ok(Some(why)) => Err(Failure::Refused { why }),
            Ok(None) => {
                self.wake();
                Ok(())
            }
            Err(Stuck::Store(error)) => Err(internal(error)),
            Err(Stuck::Ends(_)) => {
                Err(Failure::Refused { why: "Another Signalbox has taken over this store; this one changes nothing any more.".to_owned() })
            }
        }
    }

    /// The loop. It sleeps while there is nothing to do and ends with the process.
    pub(super) async fn run(self: Arc<Self>) {
        let stop = self.inner.stop.clone();
        let mut looked = HashMap::new();
        let mut turns = 0_u64;
        loop {
            let pause = match self.turn(&mut looked, &mut turns).await {
                Ok(pause) => pause,
                Err(Stuck::Ends(Ends::Over)) => None,
                Err(Stuck::Ends(Ends::Fenced)) => {
                    tracing::error!(
                        rollout = self.number,
                        "another Signalbox has taken over this store; this one changes nothing any more"
                    );
                    return;
                }
                Err(Stuck::Store(error)) => {
                    tracing::error!(rollout = self.number, error = %crate::error_chain(&error), "the change engine could not use the store; tried again");
                    Some(DISK)
                }
            };
            let paused = async {
                match pause {
                    Some(pause) => self.inner.parts.clock.sleep(pause).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = paused => {}
            }
        }
    }

    /// Everything there is to do now. Answers how long nothing will be to do; nothing: until it is woken.
    async fn turn(&self, looked: &mut HashMap<Look, Timestamp>, turns: &mut u64) -> Result<Option<Duration>, Stuck> {
        if self.waits_for_review().await? {
            return Ok(None);
        }
        if *turns == 0 {
            // nothing may be done before what was begun by a process that is gone is known to be unanswered
            self.input(&Input::Restarted, Doing::Nothing).await?;
            // counted once this is written, so that it is tried again where it could not be
        }
        self.write_outcome().await?;
        // nobody has looked while the process was gone: what is late is judged by what is seen now
        if *turns > 0 {
            self.input(&Input::Tick, Doing::Nothing).await?;
        }
        *turns += 1;
        while self.act().await? {}
        self.plan_again().await?;
        let (wanted, watched, over) = {
            let state = self.state.lock().await;
            let verified = state.rollout.steps.iter().filter(|step| matches!(step.stage, Stage::Verified { .. })).count();
            let watch = WATCH.max(WATCH_EACH * u32::try_from(verified).unwrap_or(u32::MAX));
            let mut every = wants(&state.rollout).into_iter().map(|look| (every(&state.rollout, &look, watch), look)).collect::<Vec<_>>();
            // the step under way before those that are verified: its proof must not wait for theirs
            every.sort_by_key(|(every, _)| *every);
            (every, state.rollout.steps.iter().find_map(|step| step.owed.as_ref().map(|owed| owed.not_before)), state.rollout.rests())
        };
        if over {
            return Err(Stuck::Ends(Ends::Over));
        }
        looked.retain(|look, _| wanted.iter().any(|(_, wanted)| wanted == look));
        let mut pause = TICK;
        for (every, look) in wanted {
            let now = self.now();
            let due = looked.get(&look).map_or(Duration::ZERO, |last| every.saturating_sub(now.since(*last)));
            if !due.is_zero() {
                pause = pause.min(due);
                continue;
            }
            looked.insert(look.clone(), now);
            self.look(look).await?;
            pause = pause.min(every.saturating_sub(self.now().since(now)));
            if every > POLL || self.act().await? {
                // what was seen may have brought about an act, and the step under way may be due again meanwhile
                return Ok(Some(Duration::ZERO));
            }
        }
        let owed_in = watched.map(|at| if at > self.now() { at.since(self.now()) } else { Duration::ZERO });
        Ok(Some(owed_in.filter(|span| !span.is_zero()).map_or(pause, |span| pause.min(span))))
    }

    fn now(&self) -> Timestamp {
        self.inner.parts.clock.now()
    }

    async fn waits_for_review(&self) -> Result<bool, StoreError> {
        let id = self.state.lock().await.rollout.id.clone();
        self.inner.parts.store.rollout_waits(&id).await
    }

    async fn holding(&self) -> Result<Holding, StoreError> {
        let now = self.now();
        let around = self.inner.parts.store.rollouts_around(now).await?;
        Ok(Holding::of(around, self.window, self.puts_back, now))
    }

    async fn input(&self, input: &Input, doing: Doing<'_>) -> Result<Option<String>, Stuck> {
        let holding = self.holding().await?;
        let mut state = self.state.lock().await;
        self.commit(&mut state, &holding, input, doing).await
    }

    /// Decides and commits. Answers why nothing followed, where that was refused.
    async fn commit(&self, state: &mut State, holding: &Holding, input: &Input, doing: Doing<'_>) -> Result<Option<String>, Stuck> {
        let now = self.now();
        let Decision { next, events, refused } = decide(now, &state.rollout, &holding.around(), input);
        if refused.is_some() {
            return Ok(refused);
        }
        let nothing = matches!(doing, Doing::Nothing) && events.is_empty() && next == state.rollout;
        if nothing {
            return Ok(None);
        }
        let (parts, epoch) = (&self.inner.parts, self.inner.epoch);
        let commit =
            Commit { epoch, turn: state.turn, number: self.number, before: &state.rollout, after: &next, events: &events, doing, at: now };
        match parts.store.rollout_commit(commit).await? {
            Committed::Done(recorded) => {
                state.rollout = next;
                state.turn = recorded.turn;
                self.inner.mark.set(recorded.commits);
                self.inner.hint(&recorded.written);
                if events.iter().any(|event| event.cause.is_some()) {
                    tracing::warn!(rollout = self.number, "a failure is kept in mind for other services");
                }
                Ok(None)
            }
            // every commit of a rollout goes through this lock: only another engine can have moved it
            Committed::Fenced | Committed::Moved => Err(Stuck::Ends(Ends::Fenced)),
        }
    }

    /// Does what is owed, if anything is and may be; whether something was.
    async fn act(&self) -> Result<bool, Stuck> {
        self.write_outcome().await?;
        let holding = self.holding().await?;
        let (of, service) = {
            let mut state = self.state.lock().await;
            let now = self.now();
            let due = owed(&state.rollout, &holding.around(), now).map(|(step, owed)| (step, owed.clone()));
            let Some((step, of)) = due else { return Ok(false) };
            let Some(service) = state.rollout.steps.get(step).map(|step| step.service.clone()) else { return Ok(false) };
            let begun = Input::Begun { effect: of.id };
            if self.commit(&mut state, &holding, &begun, Doing::Begun { effect: of.id }).await?.is_some() {
                return Ok(false);
            }
            (of, service)
        };
        // nothing has left yet: what cannot be asked now is tried again
        let barred = self.may_still(&of).await.unwrap_or_else(|_| Some("it was not sent: the store could not be read".to_owned()));
        let outcome = match barred {
            Some(said) => Outcome::Not(Refusal { passes: true, said, next: String::new() }),
            None => {
                let id = self.state.lock().await.rollout.id.clone();
                let lease = Lease::after_commit(&id, of.id, self.inner.epoch);
                self.inner.parts.hands.perform(&lease, &service, &of.effect).await
            }
        };
        self.state.lock().await.unwritten = Some((of.id, outcome));
        self.write_outcome().await?;
        Ok(true)
    }

    /// Whoever stops everything must not have to wait for what was begun a moment before: asked once more, right before the
    /// call.
    async fn may_still(&self, of: &Owed) -> Result<Option<String>, Stuck> {
        if !of.effect.forward() {
            return Ok(None);
        }
        let holding = self.holding().await?;
        Ok(holding.barred().map(|why| format!("it was not sent: {why}")))
    }

    /// Writes what came of the last call. Nothing else happens before that is written.
    async fn write_outcome(&self) -> Result<(), Stuck> {
        if self.state.lock().await.unwritten.is_none() {
            return Ok(());
        }
        let holding = self.holding().await?;
        let mut state = self.state.lock().await;
        let Some((effect, outcome)) = state.unwritten.clone() else { return Ok(()) };
        let doing = Doing::Outcome { effect, outcome: &outcome };
        self.commit(&mut state, &holding, &Input::Outcome { effect, outcome: outcome.clone() }, doing).await?;
        state.unwritten = None;
        Ok(())
    }

    async fn look(&self, look: Look) -> Result<(), Stuck> {
        let step = {
            let state = self.state.lock().await;
            let (Look::Service { step } | Look::Revision { step, .. } | Look::Intent { step, .. }) = &look;
            let Some(step) = state.rollout.steps.get(*step) else { return Ok(()) };
            step.clone()
        };
        let answer = self.inner.parts.hands.look(&step, &look).await;
        self.input(&Input::Seen { look, answer }, Doing::Nothing).await?;
        Ok(())
    }

    /// A service that changed since it was planned is planned again at the tail.
    async fn plan_again(&self) -> Result<(), Stuck> {
        let (id, index) = {
            let state = self.state.lock().await;
            let Some(index) = to_plan_again(&state.rollout) else { return Ok(()) };
            (state.rollout.id.clone(), index)
        };
        let Some(mut kept) = self.inner.parts.store.rollout(&id).await? else { return Ok(()) };
        // what passes by itself is asked again at the next turn; after half an hour the engine halts
        let Some(outcome) = planning::again(&self.inner, &kept, index).await else { return Ok(()) };
        let outcome = outcome.map(|(step, note)| {
            kept.plan.notes.push(note);
            Box::new(step)
        });
        let plan = outcome.is_ok().then_some(&kept.plan);
        self.input(&Input::Replanned { instead_of: index, outcome }, Doing::Planned { plan }).await?;
        Ok(())
    }
}

fn every(rollout: &Rollout, look: &Look, watch: Duration) -> Duration {
    match look {
        Look::Service { step } if matches!(rollout.steps.get(*step).map(|of| &of.stage), Some(Stage::Verified { .. })) => watch,
        _ => POLL,
    }
}

/// A command in the words of the audit, and its reason.
fn named(command: &Command) -> (&'static str, String) {
    match command {
        Command::Start => ("started a rollout", String::new()),
        Command::Pause { why } => ("paused a rollout", why.clone()),
        Command::Resume { why } => ("resumed a rollout", why.clone()),
        Command::Abort { why } => ("aborted a rollout", why.clone()),
        Command::Skip { why, step } => ("passed over a step", format!("step {}: {why}", step + 1)),
        Command::UndoStep { why, step } => ("took a service back", format!("step {}: {why}", step + 1)),
        Command::Undo { why } => ("took a rollout back", why.clone()),
    }
}
