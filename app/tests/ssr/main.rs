//! What each page says in each situation, as the HTML a browser without JavaScript gets.
//!
//! Through the same router the server builds, so status codes and server functions are the real ones.

#[path = "../fake/mod.rs"]
mod fake;

mod access;
mod alarms;
mod ask;
mod attest;
mod changes;
mod facts;
mod form;
mod hostile;
mod markup;
mod nats;
mod readiness;
mod reports;
mod rollouts;
mod since;
mod status;
