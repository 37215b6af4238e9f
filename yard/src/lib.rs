//! The yard: a simulated fleet of Amazon ECS services that talk over NATS, for the demo and for every test.
//!
//! It has two faces. The **AWS face** speaks the wire protocols the real SDKs and the AWS CLI use, so that clients reach it by their own code and make their own
//! mistakes. The **NATS face** is a real `nats-server` cluster with one real connection for each running task. Behind both stands one [model](crate::Yard) of a fleet that
//! lives by one [clock](crate::Clock): tasks start, stop with reasons and are replaced, alarms follow metrics, and a script makes things happen. A third, small
//! **control face** lets a test or a person interfere.
//!
//! It imports none of Signalbox's other crates: a simulation that shared their types would share their misunderstandings.
//! The trap: "same seed, same story" holds for the AWS face and the script. Real NATS nodes keep their own time.

mod aws;
mod clock;
mod control;
mod dice;
mod hostile;
mod model;
/// The NATS face.
pub mod nats;
mod options;
mod script;
mod serve;
mod site;
mod wishes;
mod world;
mod yard;

pub use aws::fault::{Fault, FaultKind};
pub use clock::{Clock, ManualClock, WallClock};
pub use nats::NatsTls;
pub use options::{Endpoints, Error, NatsOptions, Options, Progress, Scenario};
pub use wishes::{CheckVerdict, ForeignAct, PushedImage};
pub use yard::Yard;
