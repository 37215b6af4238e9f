//! How a sweep ends: complete, partial or failed.
//!
//! One rule for all collectors, so that "partial" means the same on every page.

use domain::Timestamp;
use domain::reading::{Reading, Sweep};
use domain::source::{Fault, Outcome, Shortfall, SourceId};

use crate::call::Tally;

/// What reading a scope brings: the reading with what is missing from it, or the fault that let nothing be read.
pub(crate) type Read = Result<(Reading, Vec<Shortfall>), Fault>;

/// The sweep that `read` makes.
pub(crate) fn concluded(source: &SourceId, started: Timestamp, finished: Timestamp, tally: &Tally, read: Read) -> Sweep {
    let (outcome, reading) = match read {
        Ok((reading, missing)) if missing.is_empty() => (Outcome::Complete, Some(reading)),
        Ok((reading, missing)) => (Outcome::Partial { missing }, Some(reading)),
        Err(fault) => (Outcome::Failed { fault }, None),
    };
    // what was asked before everything failed is the evidence of nothing
    let requests = if reading.is_some() { tally.take_answered() } else { Vec::new() };
    Sweep { source: source.clone(), started, finished, calls: tally.calls(), outcome, reading, requests }
}
