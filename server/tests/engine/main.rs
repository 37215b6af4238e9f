//! The change engine as it runs: the real one, over a real store file, through the real SDK, against a fleet.
//!
//! | module | asks |
//! |---|---|
//! | `proven` | a good change over three services, one at a time, with everything on record |
//! | `promised` | what the score becomes by it is what was promised before |
//! | `failing` | a check that fails, at once or in the bake, and what that means for others |
//! | `foreign` | somebody else deploys meanwhile |
//! | `stopped` | everything is stopped, and what still goes |
//! | `undone` | one service of a rollout that has ended |
//! | `crashed` | the process ends between an effect and its answer |
//! | `restored` | the store is older than what was done |
//! | `asked` | what is refused before anything begins |
//! | `known` | what is on record of earlier rollouts, and what that means for the next plan |
//! | `moto` | an ECS that nobody here wrote, on which nothing can be proven |
//!
//! Engine and yard live by one clock, which a test moves; nothing here waits for time to pass.

#![expect(clippy::unwrap_used, reason = "a test that cannot start what it tests has failed")]

#[path = "../moto/server.rs"]
mod moto_server;

mod asked;
mod crashed;
mod failing;
mod foreign;
mod known;
mod moto;
mod promised;
mod proven;
mod restored;
mod site;
mod stopped;
mod undone;
