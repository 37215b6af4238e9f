//! What must be had before AWS is changed: the word of the engine that this very effect is begun on record.
//!
//! Separate so that it can be said in one place who may make one. The trap: a lease says that it was begun, not that it may
//! still be done. Whoever holds it has seen to it that the time it was given for is not over.

/// The permission to do one effect, once.
///
/// Only the engine makes one, and only right after the transaction that marks the effect as begun was committed
/// (`cargo xtask lint` holds everybody else in the server to it). It cannot be copied.
#[derive(Debug)]
pub struct Lease {
    rollout: String,
    effect: u64,
    epoch: u64,
}

impl Lease {
    /// The lease for effect number `effect` of a rollout, which the controller of this epoch has just begun on record.
    pub fn after_commit(rollout: impl Into<String>, effect: u64, epoch: u64) -> Self {
        Self { rollout: rollout.into(), effect, epoch }
    }

    /// The rollout's id.
    pub fn rollout(&self) -> &str {
        &self.rollout
    }

    /// The effect's number within the rollout.
    pub fn effect(&self) -> u64 {
        self.effect
    }

    /// In which epoch of the store it was begun.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }
}
