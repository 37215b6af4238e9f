//! Who may do what, asked of the whole web side: every route and server function as everybody there is.
//!
//! In one process, with a clock that is moved by hand: no fleet, no collector, no socket. And as everybody is told the same
//! score here, so is whoever asks for it elsewhere (`numbers`).

#![expect(clippy::unwrap_used, reason = "a test that cannot start what it tests has failed")]

#[path = "../handed/fleet.rs"]
mod handed;

mod changes;
mod forms;
mod matrix;
mod numbers;
mod reports;
mod said;
mod sessions;
mod site;
