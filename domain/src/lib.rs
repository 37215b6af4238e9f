//! What things are and what may happen to them.
//!
//! Three promises, kept by the compiler and a lint: no I/O, no clock, no runtime. The crate compiles to WASM (the
//! pages share these types) and natively (collectors and server share them), so whatever is decided here is decided
//! the same way everywhere and can be tested with a table.
//!
//! | module | holds |
//! |---|---|
//! | [`account`] | roles, and what a name and a password must be |
//! | [`time`] | instants and how long ago they are; there is no `now()` here |
//! | [`source`] | which outside system a fact came from, how a sweep of it ended, how well it answers |
//! | [`coverage`] | which alarm watches what of a service, and the missing ones as commands |
//! | [`cause`] | alarms that have one cause, told once |
//! | [`service`], [`alarm`], [`nats`] | what the collectors read, in the field's own terms |
//! | [`owner`] | whose a NATS connection is, with proof |
//! | [`reading`] | one sweep's harvest, and what it could not see |
//! | [`request`] | which request of a sweep answered for what |
//! | [`change`] | what a rollout does to one service: a health check, back to an earlier revision |
//! | [`readiness`] | the score card, evidence, waivers, and the score they come to |
//! | [`report`] | the document that every format of a report is drawn from, and adding it up again |
//! | [`rollout`] | one change over many services: planning it, and the pure engine |
//! | [`series`], [`customers`], [`cost`] | numbers over time and how they are packed; what customers feel; what asking costs |
//! | [`timeline`] | the append-only record, and the pure comparison that finds what belongs in it |
//! | [`console`] | where the AWS console shows what an ARN names |
//! | [`log`] | where a container's log is, what of it is kept, when to ask for it again |
//! | [`judge`] | the one counting rule: up, down, off on purpose, unknown |
//! | [`view`] | what a page or the JSON API shows, composed from stored facts |
//! | [`live`] | the names of things that can change under an open page |
//! | [`port`] | (feature `ports`) what the pages may ask the server for; the clock everyone is given |

pub mod account;
pub mod alarm;
pub mod cause;
pub mod change;
pub mod console;
pub mod cost;
pub mod coverage;
pub mod customers;
pub mod failure;
pub mod judge;
pub mod live;
pub mod log;
pub mod nats;
pub mod owner;
#[cfg(feature = "ports")]
pub mod port;
pub mod readiness;
pub mod reading;
pub mod report;
pub mod request;
pub mod rollout;
pub mod series;
pub mod service;
pub mod source;
pub mod text;
pub mod time;
pub mod timeline;
pub mod view;

pub use failure::Failure;
pub use time::Timestamp;
