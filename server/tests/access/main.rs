//! Who may do what, asked of the whole web side: every route and server function as everybody there is.
//!
//! In one process, with a clock that is moved by hand: no fleet, no collector, no socket.

#![expect(clippy::unwrap_used, reason = "a test that cannot start what it tests has failed")]

mod forms;
mod matrix;
mod reports;
mod said;
mod sessions;
mod site;
