//! Rollouts as they were committed.
//!
//! The engine's one way to the disk: [`Store::rollout_commit`] writes state, events, what is owed, causes, timeline and audit
//! in one transaction, and only under the newest epoch and the turn it was decided from; so two engines, or a decision on
//! what has moved since, cannot both be written. Steps are rows of their own, in a part that never changes and one that does:
//! a look every five seconds must not write every task definition again.
//!
//! | module | holds |
//! |---|---|
//! | `commit` | the transaction |
//! | `list` | reading them back, whole or as rows of a list |
//! | `around` | stops, freezes and causes: what holds for every rollout |
//! | `earlier` | what came of earlier calls and starts, for whoever plans the next |

mod around;
mod commit;
mod earlier;
mod list;

use domain::Timestamp;
use domain::rollout::cause::Marks;
use domain::rollout::floor::Floor;
use domain::rollout::judge::Statement;
use domain::rollout::plan::{Excluded, StepNote, Wish};
use domain::rollout::{Bound, Doubts, Owed, Rollout, Stage, Target};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};

pub use around::{Around, Bar, BarKind, Lifted};
pub use commit::{Commit, Committed, Doing, Recorded};
pub use list::Kept;

/// What was planned, beside the steps: what was wished for, what was noted of each, and who was left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The wish.
    pub wish: Wish,
    /// One for each step.
    pub notes: Vec<StepNote>,
    /// Services that are not among the steps, and why.
    pub excluded: Vec<Excluded>,
}

/// What never changes of a step.
#[derive(Serialize, Deserialize)]
struct Fixed {
    wave: u32,
    bound: Bound,
    target: Target,
    floor: Floor,
    bake: std::time::Duration,
    marks: Marks,
}

/// What does.
#[derive(Serialize, Deserialize)]
struct Moving {
    stage: Stage,
    owed: Option<Owed>,
    evidence: Vec<Statement>,
    looked: Option<Timestamp>,
    doubts: Option<Doubts>,
    #[serde(default)]
    patience: Option<Timestamp>,
}

impl Store {
    /// Takes the next epoch: whatever another engine still wants to commit is refused from now on.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn engine_begin(&self) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        let epoch = sqlx::query_scalar!("UPDATE engine SET epoch = epoch + 1 RETURNING epoch").fetch_one(&mut *tx).await?;
        tx.commit().await?;
        Ok(super::unsigned(epoch))
    }

    /// How many times the engine committed, over all rollouts.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn engine_commits(&self) -> Result<u64, StoreError> {
        let mut snapshot = self.read().await?;
        Ok(super::unsigned(sqlx::query_scalar!("SELECT commits FROM engine").fetch_one(&mut *snapshot).await?))
    }
}

/// The word a status is searched by.
fn word(rollout: &Rollout) -> &'static str {
    rollout.status.word()
}
