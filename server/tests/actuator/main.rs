//! The two edges to AWS of a change: the actuator, which writes, and the reading of one service whole.
//!
//! Against the yard over loopback, through the real SDK; against moto, which nobody here wrote; and against a listener that
//! keeps what came over the wire byte for byte.

#![expect(clippy::unwrap_used, reason = "a test that cannot start what it tests has failed")]

#[path = "../moto/server.rs"]
mod moto_server;

mod change;
mod intent;
mod lost;
mod moto;
mod reading;
mod refused;
mod register;
mod signature;
mod site;
mod wire;
