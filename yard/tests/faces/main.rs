//! The AWS and control faces, reached as clients reach them. One binary, so that the SDKs are linked once.

#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

mod changes;
mod cloudwatch;
mod control;
mod deployments;
mod ecs;
mod events;
mod faults;
mod history;
mod logs;
mod lost;
mod metrics;
mod story;
mod support;
