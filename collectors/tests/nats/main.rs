//! The NATS collector against real nats-servers, and against monitoring ports that misbehave on purpose.
//!
//! One cluster of three nodes for the whole binary; the tests that need it run as one story, because a story that
//! kills a node cannot share the cluster with another. Real servers keep real time, so here the clock is the wall.

#[cfg(test)]
mod clock;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod monitoring;
#[cfg(test)]
mod secure;
#[cfg(test)]
mod story;
