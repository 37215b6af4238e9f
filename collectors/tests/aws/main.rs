//! The ECS and alarm collectors and the poller, through the real SDK, against servers that misbehave on purpose.
//!
//! Loopback only, credentials that open nothing, and a clock moved by hand: no test waits for real time to pass.

#[cfg(test)]
mod alarms;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod ecs;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod poller;
#[cfg(test)]
mod requests;
