//! The change engine: drives rollouts by the pure `decide`, and lets people steer them.
//!
//! Commit, act, commit: what is decided is written with its reasons and what it owes; only then is anything sent, under a
//! [`Lease`](crate::actuator::Lease) that only a committed beginning gives; what came of it is written before anything else happens. So the process
//! may end anywhere: what was begun without an answer is looked for at the next start, never repeated blindly.
//!
//! | module | holds |
//! |---|---|
//! | `driver` | one rollout: its turn of the loop, and the one place that commits for it |
//! | `hands` | looking at a service whole, and doing what is owed |
//! | `holding` | what holds for every rollout: stops, freezes, known causes |
//! | `planning` | from a wish to a plan, by what is read now |
//! | `restored` | noticing that the store is older than what was done |
//!
//! The trap is a second writer: two processes on one store are kept apart by its lock, two engines in one by the epoch, and
//! a command beside the loop by the driver's own lock, under which every decision of a rollout is made.

mod driver;
mod hands;
mod holding;
mod planning;
mod restored;

use std::collections::HashMap;
use std::sync::Arc;

use domain::Failure;
use domain::port::{Actor, Clock};
use domain::rollout::Stage;
use domain::rollout::decide::{Command, allowed};
use domain::rollout::plan::{Draft, Wish};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::dice::Dice;
use crate::live::Live;
use crate::store::{BarKind, Kept, Lifted, Marks, Store, StoreError, Written};
use driver::Driver;

pub use hands::{Hands, Reach};
pub(crate) use holding::Holding;
pub use restored::Mark;

/// What the engine is made of.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// For ids.
    pub dice: Arc<dyn Dice>,
    /// Told of every commit.
    pub live: Live,
    /// How AWS is looked at and changed, by environment.
    pub hands: Hands,
    /// The services to be left alone.
    pub marks: Marks,
}

/// The engine. Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    parts: Parts,
    epoch: u64,
    mark: Mark,
    drivers: Mutex<HashMap<String, Arc<Driver>>>,
    /// One start at a time, so that two rollouts over the same service cannot both find it free; and one plan kept at a time.
    starting: Mutex<()>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Engine {
    /// Takes the next epoch and takes up every open rollout where it was left.
    ///
    /// # Errors
    /// When the store or the mark beside it cannot be read.
    pub async fn start(parts: Parts, stop: CancellationToken) -> Result<Self, StoreError> {
        let mark = Mark::beside(parts.store.path());
        let commits = parts.store.engine_commits().await?;
        let open = parts.store.rollouts_open().await?;
        match mark.doubt(commits) {
            Some(why) if !open.is_empty() => {
                tracing::warn!(why, "open rollouts wait to be looked at; nothing is written to AWS for them");
                parts.store.rollouts_to_review(&why).await?;
            }
            // a new store has no such file
            Some(why) if commits > 0 => tracing::warn!(why, "no rollout is open in it; one that was begun after the backup is not known"),
            _ => {}
        }
        let epoch = parts.store.engine_begin().await?;
        mark.set(commits);
        let inner = Inner { parts, epoch, mark, drivers: Mutex::default(), starting: Mutex::default(), tasks: TaskTracker::new(), stop };
        let engine = Self(Arc::new(inner));
        for id in open {
            engine.driver(&id).await?;
        }
        Ok(engine)
    }

    /// Waits until every driver has seen the stop. What is on its way to AWS is given the time of one call.
    pub async fn ended(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        // each holds the engine, and with it the store and its lock
        self.0.drivers.lock().await.clear();
    }

    /// Keeps the plan of a wish. Answers its number. `request` is the id it is to have: what is asked twice under one id, by a
    /// double click or a script that got no answer, is kept once.
    ///
    /// # Errors
    /// [`Failure::Unfit`] with every field that is wrong; [`Failure::Refused`] where the id is none, or another plan has it;
    /// [`Failure::Internal`] when the store fails.
    pub async fn plan(&self, actor: &Actor, wish: Wish, request: Option<&str>) -> Result<u64, Failure> {
        let id = request.map(request_id).transpose()?;
        if let Some(number) = self.kept_before(id.as_deref(), &wish).await? {
            return Ok(number);
        }
        let mut planned = planning::draft(&self.0, &wish).await?.planned.map_err(|fields| Failure::Unfit { fields })?;
        // asked once more with the lock in hand: the other click may have been kept while AWS was read
        let _one = self.0.starting.lock().await;
        if let Some(number) = self.kept_before(id.as_deref(), &wish).await? {
            return Ok(number);
        }
        if let Some(id) = id {
            planned.rollout.id = id;
        }
        let (number, written) = self.0.parts.store.rollout_add(&planned, actor, self.0.parts.clock.now()).await.map_err(internal)?;
        self.0.hint(&written);
        Ok(number)
    }

    /// The number of the plan that was kept under this id.
    async fn kept_before(&self, id: Option<&str>, wish: &Wish) -> Result<Option<u64>, Failure> {
        let Some(id) = id else { return Ok(None) };
        let Some(kept) = self.0.parts.store.rollout(id).await.map_err(internal)? else { return Ok(None) };
        if kept.plan.wish == *wish {
            return Ok(Some(kept.number));
        }
        let why = format!("That was kept already, as rollout {}, and now asks for something else. Show the plan again.", kept.number);
        Err(Failure::Refused { why })
    }

    /// What a plan of this wish would be, without keeping it.
    ///
    /// # Errors
    /// [`Failure::Internal`] when the store fails.
    pub async fn draft(&self, wish: &Wish) -> Result<Draft, Failure> {
        planning::draft(&self.0, wish).await
    }

    /// Does what a person wants of a rollout, named by id or number.
    ///
    /// # Errors
    /// [`Failure::NoSuch`], or [`Failure::Refused`] with the reason a button would show.
    pub async fn command(&self, actor: &Actor, wanted: &str, command: Command) -> Result<(), Failure> {
        let begins = matches!(command, Command::Start | Command::Undo { .. } | Command::UndoStep { .. });
        let _one = if begins { Some(self.0.starting.lock().await) } else { None };
        // read with the lock in hand: a double click must find what the first one did
        let (kept, command) = (self.kept(wanted).await?, with_reason(command)?);
        if let Some(why) = &kept.review {
            return Err(Failure::Refused { why: format!("{why} Look at each service, then say that you have.") });
        }
        // what has ended begins anew when it is taken back; one that is open has its turn already
        if begins && (command == Command::Start || kept.rollout.status.ended()) {
            allowed(&kept.rollout, &command).map_err(|why| Failure::Refused { why })?;
            self.may_begin(&kept, &command).await?;
        }
        let driver = self.driver(&kept.rollout.id).await.map_err(internal)?;
        driver.command(actor, command).await
    }

    /// One service at a time: nothing begins beside another rollout, but what puts a service back.
    async fn may_begin(&self, kept: &Kept, command: &Command) -> Result<(), Failure> {
        let store = &self.0.parts.store;
        let refused = |why: String| Err(Failure::Refused { why });
        for (index, of) in kept.rollout.steps.iter().enumerate() {
            let moves = match command {
                Command::UndoStep { step, .. } => *step == index,
                Command::Undo { .. } => matches!(of.stage, Stage::Verified { .. }),
                _ => true,
            };
            if !moves {
                continue;
            }
            if let Some(number) = store.rollout_of(&of.service).await.map_err(internal)? {
                let name = domain::text::shown(&of.service.service);
                let or = if *command == Command::Start { format!(", or plan without {name}") } else { String::new() };
                return refused(format!("{name} is in rollout {number}, which has not ended. End that one first{or}."));
            }
        }
        if kept.plan.wish.change.is_put_back() {
            return Ok(());
        }
        for id in store.rollouts_open().await.map_err(internal)? {
            let Some(other) = store.rollout(&id).await.map_err(internal)? else { continue };
            if !other.plan.wish.change.is_put_back() {
                return refused(format!("Rollout {} has not ended. One at a time: end that one first.", other.number));
            }
        }
        Ok(())
    }

    /// Stops everything forward, in every rollout, until it is lifted.
    ///
    /// # Errors
    /// [`Failure::Refused`] where it is stopped already or no reason is given.
    pub async fn stop_everything(&self, actor: &Actor, why: &str) -> Result<(), Failure> {
        let (why, now) = (reason(why)?, self.0.parts.clock.now());
        self.bar(actor, BarKind::Stop, &why, (now, None)).await
    }

    /// Freezes everything forward from one instant to another.
    ///
    /// # Errors
    /// [`Failure::Refused`] where the span is none, or no reason is given.
    pub async fn freeze(&self, actor: &Actor, why: &str, from: domain::Timestamp, until: domain::Timestamp) -> Result<(), Failure> {
        let why = reason(why)?;
        if until <= from || until <= self.0.parts.clock.now() {
            return Err(Failure::Refused { why: "A freeze ends after it begins, and not in the past.".to_owned() });
        }
        self.bar(actor, BarKind::Freeze, &why, (from, Some(until))).await
    }

    async fn bar(
        &self,
        actor: &Actor,
        kind: BarKind,
        why: &str,
        span: (domain::Timestamp, Option<domain::Timestamp>),
    ) -> Result<(), Failure> {
        let now = self.0.parts.clock.now();
        let written = self.0.parts.store.bar_add(actor, kind, why, span, now).await.map_err(internal)?;
        let Some(written) = written else { return Err(Failure::Refused { why: "Everything is stopped already.".to_owned() }) };
        self.0.hint(&written);
        self.wake_all().await;
        Ok(())
    }

    /// Lifts a stop or a freeze.
    ///
    /// # Errors
    /// [`Failure::Refused`] where it does not hold any more.
    pub async fn lift(&self, actor: &Actor, bar: i64, why: &str) -> Result<(), Failure> {
        let lifted = self.0.parts.store.bar_lift(actor, bar, why.trim(), self.0.parts.clock.now()).await.map_err(internal)?;
        self.done(lifted, "That stop or freeze was lifted already, or is over.").await
    }

    /// Lets other services no longer expect a failure.
    ///
    /// # Errors
    /// [`Failure::Refused`] where it was released already or no reason is given.
    pub async fn release(&self, actor: &Actor, cause: i64, why: &str) -> Result<(), Failure> {
        let why = reason(why)?;
        let released = self.0.parts.store.cause_release(actor, cause, &why, self.0.parts.clock.now()).await.map_err(internal)?;
        self.done(released, "That cause was released already.").await
    }

    /// Lets a rollout go on that waited to be looked at.
    ///
    /// # Errors
    /// [`Failure::Refused`] where it does not wait, or no reason is given.
    pub async fn reviewed(&self, actor: &Actor, wanted: &str, why: &str) -> Result<(), Failure> {
        let (kept, why) = (self.kept(wanted).await?, reason(why)?);
        let done = self.0.parts.store.rollout_reviewed(actor, &kept.rollout.id, &why, self.0.parts.clock.now()).await.map_err(internal)?;
        self.done(done, "That rollout does not wait to be looked at.").await
    }

    async fn done(&self, lifted: Lifted, gone: &str) -> Result<(), Failure> {
        match lifted {
            Lifted::Done(written) => {
                self.0.hint(&written);
                self.wake_all().await;
                Ok(())
            }
            Lifted::Gone => Err(Failure::Refused { why: gone.to_owned() }),
        }
    }

    async fn kept(&self, wanted: &str) -> Result<Kept, Failure> {
        let kept = self.0.parts.store.rollout(wanted).await.map_err(internal)?;
        kept.ok_or_else(|| Failure::NoSuch { what: format!("rollout {}", domain::text::shown(wanted)) })
    }

    /// The driver of a rollout, running if there is anything to do.
    async fn driver(&self, id: &str) -> Result<Arc<Driver>, StoreError> {
        let mut drivers = self.0.drivers.lock().await;
        if let Some(driver) = drivers.get(id) {
            driver.wake();
            return Ok(Arc::clone(driver));
        }
        let Some(kept) = self.0.parts.store.rollout(id).await? else { return Err(StoreError::Sql(sqlx::Error::RowNotFound)) };
        let driver = Arc::new(Driver::new(Arc::clone(&self.0), kept));
        drivers.insert(id.to_owned(), Arc::clone(&driver));
        self.0.tasks.spawn(Arc::clone(&driver).run());
        Ok(driver)
    }

    async fn wake_all(&self) {
        for driver in self.0.drivers.lock().await.values() {
            driver.wake();
        }
    }
}

impl Inner {
    fn hint(&self, written: &Written) {
        self.parts.live.changed(&written.topics, written.revision);
    }
}

/// A command with its reason as it is kept.
fn with_reason(mut command: Command) -> Result<Command, Failure> {
    match &mut command {
        Command::Start => {}
        Command::Pause { why }
        | Command::Resume { why }
        | Command::Abort { why }
        | Command::Skip { why, .. }
        | Command::UndoStep { why, .. }
        | Command::Undo { why } => *why = reason(why)?,
    }
    Ok(command)
}

/// The id a plan is asked to be kept under.
fn request_id(request: &str) -> Result<String, Failure> {
    let id = uuid::Uuid::parse_str(request.trim()).map(|id| id.hyphenated().to_string());
    id.map_err(|_| Failure::Refused { why: "The request must be a UUID, such as the one a draft names.".to_owned() })
}

/// A reason, which every act needs.
fn reason(why: &str) -> Result<String, Failure> {
    const LONGEST: usize = 500;
    let why = why.trim();
    if why.is_empty() || why.chars().count() > LONGEST {
        return Err(Failure::Refused { why: format!("Say why, in 1 to {LONGEST} characters: it stays on record.") });
    }
    Ok(why.to_owned())
}

/// Logs the cause once, under a number the reader can quote.
#[expect(clippy::disallowed_methods, reason = "an incident number is identity made at the edge; nothing is decided by it")]
fn internal(error: StoreError) -> Failure {
    let incident = uuid::Uuid::now_v7().simple().to_string();
    tracing::error!(incident, error = %crate::error_chain(&error), "the change engine could not use the store");
    Failure::Internal { incident }
}
