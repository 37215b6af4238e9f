//! The real binary as a process: what a person, a script or a supervisor would do with it.
//!
//! One test binary, so that what they share is compiled once.

#![expect(clippy::unwrap_used, reason = "a test that cannot start what it tests has failed")]

#[path = "../handed/fleet.rs"]
mod handed;

mod access;
mod account;
mod bad_input;
mod blind;
mod carried;
mod changes_only;
mod events;
mod handed_over;
mod localstack;
mod measured;
mod ownership;
mod peers;
mod report;
mod support;
mod tables;
mod whole;
