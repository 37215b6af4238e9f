//! The transaction: state and intent together, or neither.

use std::collections::BTreeSet;

use domain::Timestamp;
use domain::live::Topic;
use domain::port::Actor;
use domain::rollout::decide::{Event, Outcome};
use domain::rollout::plan::Planned;
use domain::rollout::{Rollout, Stage, Status, Step};
use domain::timeline::{rolled, turned};
use sqlx::SqliteConnection;

use super::super::audit::{self, Act, OURSELVES};
use super::super::record::Written;
use super::super::{Store, StoreError, advance, json, timeline};
use super::{Fixed, Moving, Plan, word};

/// What is to be committed: where a rollout goes from where it was.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// Whose decision it is.
    pub epoch: u64,
    /// The turn it was decided from.
    pub turn: u64,
    /// Its number, for the record.
    pub number: u64,
    /// As it was.
    pub before: &'a Rollout,
    /// As it is from now on.
    pub after: &'a Rollout,
    /// What happened.
    pub events: &'a [Event],
    /// What brought it about, where that is an act.
    pub doing: Doing<'a>,
    /// When.
    pub at: Timestamp,
}

/// What brought a commit about.
#[derive(Clone, Copy, Debug)]
pub enum Doing<'a> {
    /// Looking, or time.
    Nothing,
    /// A person's command.
    Command {
        /// Who.
        actor: &'a Actor,
        /// What, in a few words.
        act: &'a str,
        /// Why.
        why: &'a str,
    },
    /// A service was planned again, or could not be.
    Planned {
        /// The plan with the note of the new step.
        plan: Option<&'a Plan>,
    },
    /// An effect is begun.
    Begun {
        /// Which.
        effect: u64,
    },
    /// An effect was answered for.
    Outcome {
        /// Which.
        effect: u64,
        /// What came of it.
        outcome: &'a Outcome,
    },
}

/// What came of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It is written.
    Done(Recorded),
    /// A newer engine has begun: whoever decided this must stop.
    Fenced,
    /// The rollout has moved since; decide again from what it is now.
    Moved,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The next turn.
    pub turn: u64,
    /// How many times the engine has committed.
    pub commits: u64,
    /// For the hint.
    pub written: Written,
}

impl Store {
    /// Keeps a plan as a rollout nobody has started. Answers its number.
    ///
    /// # Errors
    /// When a statement fails; nothing is kept then.
    pub async fn rollout_add(&self, planned: &Planned, actor: &Actor, at: Timestamp) -> Result<(u64, Written), StoreError> {
        let rollout = &planned.rollout;
        let plan = Plan { wish: planned.wish.clone(), notes: planned.notes.clone(), excluded: planned.excluded.clone() };
        let (plan, status) = (json("plan", &plan)?, json("status", &rollout.status)?);
        let (word, by, now, effects) = (word(rollout), actor.shown(), at.as_micros(), signed(rollout.effects));
        let mut tx = self.write().await?;
        let number = sqlx::query_scalar!(
            r#"INSERT INTO rollout (id, number, title, status, word, open, turn, effects, plan, planned_by, planned_at)
               SELECT ?, coalesce(max(number), 0) + 1, ?, ?, ?, 0, 0, ?, ?, ?, ? FROM rollout RETURNING number"#,
            rollout.id,
            rollout.title,
            status,
            word,
            effects,
            plan,
            by,
            now,
        )
        .fetch_one(&mut *tx)
        .await?;
        for (index, step) in rollout.steps.iter().enumerate() {
            insert(&mut tx, &rollout.id, index, step).await?;
        }
        let said = format!("planned by {by}: {}", rollout.reason);
        sqlx::query!("INSERT INTO rollout_event (rollout, step, at, actor, said) VALUES (?, NULL, ?, ?, ?)", rollout.id, now, by, said)
            .execute(&mut *tx)
            .await?;
        audit::of(&mut tx, actor, "planned a rollout", &format!("rollout {number}: {}", rollout.title), &rollout.reason, at).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        Ok((super::super::unsigned(number), Written { revision, topics: [Topic::Rollouts].into() }))
    }

    /// Commits where a rollout goes, in one transaction.
    ///
    /// # Errors
    /// When a statement fails; nothing is changed then.
    pub async fn rollout_commit(&self, commit: Commit<'_>) -> Result<Committed, StoreError> {
        let mut tx = self.write().await?;
        let engine = sqlx::query!("SELECT epoch FROM engine").fetch_one(&mut *tx).await?;
        if engine.epoch != signed(commit.epoch) {
            return Ok(Committed::Fenced);
        }
        if !head(&mut tx, &commit).await? {
            return Ok(Committed::Moved);
        }
        let mut topics = BTreeSet::from([Topic::Rollouts]);
        for (index, after) in commit.after.steps.iter().enumerate() {
            match commit.before.steps.get(index) {
                None => insert(&mut tx, &commit.after.id, index, after).await?,
                Some(before) if before != after => moved(&mut tx, &commit, index, before, after).await?,
                Some(_) => {}
            }
        }
        effects(&mut tx, &commit).await?;
        record(&mut tx, &commit, &mut topics).await?;
        acts(&mut tx, &commit).await?;
        let commits = sqlx::query_scalar!("UPDATE engine SET commits = commits + 1 RETURNING commits").fetch_one(&mut *tx).await?;
        let revision = advance(&mut tx).await?;
        tx.commit().await?;
        let written = Written { revision, topics };
        Ok(Committed::Done(Recorded { turn: commit.turn + 1, commits: super::super::unsigned(commits), written }))
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn number(index: usize) -> i64 {
    i64::try_from(index).unwrap_or(i64::MAX)
}

/// The rollout's own row; false where it is not at the turn this was decided from.
async fn head(connection: &mut SqliteConnection, commit: &Commit<'_>) -> Result<bool, StoreError> {
    let after = commit.after;
    let (status, word, at) = (json("status", &after.status)?, word(after), commit.at.as_micros());
    let open = i64::from(!after.rests());
    let started = (commit.before.status == Status::Planned && open == 1).then_some(at);
    let by = match commit.doing {
        Doing::Command { actor, .. } if started.is_some() => Some(actor.shown()),
        _ => None,
    };
    let ended = (after.status.ended() && after.rests() && !(commit.before.status.ended() && commit.before.rests())).then_some(at);
    // taken up again: an undo of what had ended
    let reopened = i64::from(commit.before.status.ended() && !after.rests());
    let (turn, effects) = (signed(commit.turn), signed(after.effects));
    let done = sqlx::query!(
        "UPDATE rollout SET status = ?, word = ?, open = ?, turn = turn + 1, effects = ?,
             started_at = coalesce(started_at, ?), started_by = coalesce(started_by, ?),
             ended_at = CASE WHEN ? THEN NULL ELSE coalesce(?, ended_at) END
         WHERE id = ? AND turn = ?",
        status,
        word,
        open,
        effects,
        started,
        by,
        reopened,
        ended,
        after.id,
        turn,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn moving(step: &Step) -> Moving {
    Moving {
        stage: step.stage.clone(),
        owed: step.owed.clone(),
        evidence: step.evidence.clone(),
        looked: step.looked,
        doubts: step.doubts,
        patience: step.patience,
    }
}

async fn insert(connection: &mut SqliteConnection, rollout: &str, index: usize, step: &Step) -> Result<(), StoreError> {
    let fixed = Fixed {
        wave: step.wave,
        bound: step.bound.clone(),
        target: step.target.clone(),
        floor: step.floor,
        bake: step.bake,
        marks: step.marks.clone(),
    };
    let (index, plan, state) = (number(index), json("step", &fixed)?, json("step", &moving(step))?);
    let ended = i64::from(step.stage.ended());
    sqlx::query!(
        "INSERT INTO rollout_step (rollout, step, environment, cluster, service, ended, plan, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        rollout,
        index,
        step.service.environment,
        step.service.cluster,
        step.service.service,
        ended,
        plan,
        state,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A step that is not as it was, with the first time it reached each point of its way.
async fn moved(
    connection: &mut SqliteConnection,
    commit: &Commit<'_>,
    index: usize,
    before: &Step,
    after: &Step,
) -> Result<(), StoreError> {
    let (index, state, at) = (number(index), json("step", &moving(after))?, commit.at.as_micros());
    let (stage, was) = (&after.stage, &before.stage);
    let ended = i64::from(stage.ended());
    let began = stage.under_way().then_some(at);
    let rolled = matches!(stage, Stage::Rolling { .. }).then_some(at);
    let baked = matches!(stage, Stage::Baking { .. }).then_some(at);
    let over = (stage.ended() && !was.ended()).then_some(at);
    sqlx::query!(
        "UPDATE rollout_step SET state = ?, ended = ?, began_at = coalesce(began_at, ?), rolled_at = coalesce(rolled_at, ?),
             baked_at = coalesce(baked_at, ?), ended_at = coalesce(?, ended_at)
         WHERE rollout = ? AND step = ?",
        state,
        ended,
        began,
        rolled,
        baked,
        over,
        commit.after.id,
        index,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What is owed newly, was begun, or answered for.
async fn effects(connection: &mut SqliteConnection, commit: &Commit<'_>) -> Result<(), StoreError> {
    let at = commit.at.as_micros();
    for (index, step) in commit.after.steps.iter().enumerate() {
        let Some(owed) = step.owed.as_ref().filter(|owed| owed.id >= commit.before.effects) else { continue };
        let (effect, index, operation) = (signed(owed.id), number(index), owed.effect.operation());
        sqlx::query!(
            "INSERT INTO effect (rollout, effect, step, operation, owed_at, attempts) VALUES (?, ?, ?, ?, ?, 0)",
            commit.after.id,
            effect,
            index,
            operation,
            at,
        )
        .execute(&mut *connection)
        .await?;
    }
    match commit.doing {
        Doing::Begun { effect } => {
            let effect = signed(effect);
            sqlx::query!(
                "UPDATE effect SET begun_at = ?, attempts = attempts + 1, answered_at = NULL, outcome = NULL WHERE rollout = ? AND effect = ?",
                at,
                commit.after.id,
                effect,
            )
            .execute(connection)
            .await?;
        }
        Doing::Outcome { effect, outcome } => {
            let (effect, outcome) = (signed(effect), json("outcome", outcome)?);
            sqlx::query!(
                "UPDATE effect SET answered_at = ?, outcome = ? WHERE rollout = ? AND effect = ?",
                at,
                outcome,
                commit.after.id,
                effect,
            )
            .execute(connection)
            .await?;
        }
        Doing::Planned { plan: Some(plan) } => {
            let plan = json("plan", plan)?;
            sqlx::query!("UPDATE rollout SET plan = ? WHERE id = ?", plan, commit.after.id).execute(connection).await?;
        }
        Doing::Nothing | Doing::Planned { .. } | Doing::Command { .. } => {}
    }
    Ok(())
}

/// What happened: in the rollout's own record, its turns in the timeline, and causes to be kept in mind.
async fn record(connection: &mut SqliteConnection, commit: &Commit<'_>, topics: &mut BTreeSet<Topic>) -> Result<(), StoreError> {
    let (at, id) = (commit.at.as_micros(), &commit.after.id);
    let actor = match commit.doing {
        Doing::Command { actor, .. } => Some(actor.shown()),
        _ => None,
    };
    for event in commit.events {
        let step = event.step.map(number);
        sqlx::query!("INSERT INTO rollout_event (rollout, step, at, actor, said) VALUES (?, ?, ?, ?, ?)", id, step, at, actor, event.said)
            .execute(&mut *connection)
            .await?;
        let Some((cause, of)) = event.cause.as_ref().zip(event.step.and_then(|step| commit.after.steps.get(step))) else { continue };
        let (cause, marks) = (json("cause", cause)?, json("marks", &of.marks)?);
        sqlx::query!(
            "INSERT INTO known_cause (rollout, service, cause, marks, at) VALUES (?, ?, ?, ?, ?)",
            id,
            of.service.service,
            cause,
            marks,
            at,
        )
        .execute(&mut *connection)
        .await?;
    }
    let name = format!("rollout {}", commit.number);
    for (index, after) in commit.after.steps.iter().enumerate() {
        let before = commit.before.steps.get(index);
        if before.is_some_and(|before| std::mem::discriminant(&before.stage) == std::mem::discriminant(&after.stage)) {
            continue;
        }
        if let Some(event) = turned(&name, id, index, after, commit.at) {
            let source = format!("ecs:{}", after.service.environment);
            timeline::append(&mut *connection, &source, vec![event], commit.at).await?;
            topics.insert(Topic::Timeline);
        }
    }
    if commit.before.status != commit.after.status
        && let Some(event) = rolled(&name, &commit.before.status, commit.after, actor.as_deref(), commit.at)
    {
        timeline::append(connection, "rollouts", vec![event], commit.at).await?;
        topics.insert(Topic::Timeline);
    }
    Ok(())
}

/// No act without its row.
async fn acts(connection: &mut SqliteConnection, commit: &Commit<'_>) -> Result<(), StoreError> {
    let name = format!("rollout {}", commit.number);
    let operation = |wanted: u64| {
        let owed = commit.before.steps.iter().filter_map(|step| Some((step, step.owed.as_ref()?)));
        let mut owed = owed.filter(|(_, owed)| owed.id == wanted);
        owed.next().map(|(step, owed)| (owed.effect.operation(), format!("{name}, {}, effect {wanted}", step.service.service)))
    };
    match commit.doing {
        Doing::Nothing => Ok(()),
        Doing::Planned { plan } => {
            let detail = if plan.is_some() { "a step was added at the tail" } else { "it takes no part any more" };
            let act = Act { actor: OURSELVES, act: "planned a service again", subject: &name, detail };
            audit::append(connection, act, commit.at).await
        }
        Doing::Command { actor, act, why } => audit::of(connection, actor, act, &name, why, commit.at).await,
        Doing::Begun { effect } => {
            let Some((operation, subject)) = operation(effect) else { return Ok(()) };
            let act = Act { actor: OURSELVES, act: "began an effect", subject: &subject, detail: operation };
            audit::append(connection, act, commit.at).await
        }
        Doing::Outcome { effect, outcome } => {
            let Some((operation, subject)) = operation(effect) else { return Ok(()) };
            let detail = match outcome {
                Outcome::Done { named } if named.is_empty() => format!("{operation} was done"),
                Outcome::Done { named } => format!("{operation} was done: {named}"),
                Outcome::Not(refusal) => format!("{operation} was refused: {}", refusal.said),
                Outcome::Unknown { why } => format!("what came of {operation} is unknown: {why}"),
            };
            audit::append(connection, Act { actor: OURSELVES, act: "an effect ended", subject: &subject, detail: &detail }, commit.at).await
        }
    }
}
