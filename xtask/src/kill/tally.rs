//! What was counted and what was found wrong, and how it is told.

use std::collections::BTreeSet;
use std::fmt;

use crate::bench::measure::Sample;

/// Counts of a run so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) kills: usize,
    pub(super) starts: usize,
    /// Starts that were killed before they had told the truth once.
    pub(super) cut_off: usize,
    /// From a start to the first answer of the API, in seconds.
    pub(super) answered: Vec<f64>,
    /// And to the first answer all of which is so.
    pub(super) truth: Vec<f64>,
    /// How often the audit was gone through.
    pub(super) audits: usize,
    /// Changes that took effect.
    pub(super) writes: usize,
    pub(super) rollouts: u64,
    pub(super) begun: u64,
    pub(super) unknown: u64,
    pub(super) found: u64,
    pub(super) again: u64,
    /// Steps that a person must act on: no mistake by itself, but worth a look.
    pub(super) blocked: BTreeSet<String>,
    pub(super) double: Vec<String>,
    pub(super) wrong: Vec<String>,
    pub(super) at_once: Vec<String>,
    pub(super) corrupt: Vec<String>,
    /// Whatever else must not be: a server that ended by itself, an answer that stays untrue.
    pub(super) other: Vec<String>,
}

impl Tally {
    /// Every sentence about something that must not be.
    pub(super) fn violations(&self) -> impl Iterator<Item = &String> {
        [&self.double, &self.wrong, &self.at_once, &self.corrupt, &self.other].into_iter().flatten()
    }

    pub(super) fn is_well(&self) -> bool {
        self.violations().next().is_none()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worst = |takings: &[f64]| {
            let sample = Sample::of(takings.to_vec());
            format!("median {:.2} s, worst {:.2} s (n = {})", sample.median(), sample.quantile(1.0), takings.len())
        };
        writeln!(f, "kills                       {}", self.kills)?;
        writeln!(f, "starts                      {}", self.starts)?;
        writeln!(f, "rollouts                    {}", self.rollouts)?;
        writeln!(f, "effects begun               {}", self.begun)?;
        writeln!(f, "  took effect               {}", self.writes)?;
        writeln!(f, "  unknown, and looked for   {} ({} found done, {} done again for sure)", self.unknown, self.found, self.again)?;
        writeln!(f, "double effects              {}", self.double.len())?;
        writeln!(f, "wrong writes                {}", self.wrong.len())?;
        writeln!(f, "two services at once        {}", self.at_once.len())?;
        writeln!(f, "corrupt databases           {} ({} audits gone through)", self.corrupt.len(), self.audits)?;
        writeln!(f, "other violations            {}", self.other.len())?;
        writeln!(f, "start to the first answer   {}", worst(&self.answered))?;
        writeln!(f, "start to a true state       {}; {} killed before", worst(&self.truth), self.cut_off)?;
        for blocked in &self.blocked {
            writeln!(f, "needs a person: {blocked}")?;
        }
        self.violations().try_for_each(|violation| writeln!(f, "VIOLATION: {violation}"))
    }
}
