//! The diagnosis for people: what is well in one line, what is not with its cure below it.

use std::fmt::Write as _;

use super::{Diagnosis, Verdict};

/// The diagnosis as text.
pub fn table(diagnosis: &Diagnosis) -> String {
    let mut out = String::new();
    // writing to a String cannot fail
    write(&mut out, diagnosis).unwrap_or_default();
    out
}

fn write(out: &mut String, diagnosis: &Diagnosis) -> std::fmt::Result {
    let width = diagnosis.checks.iter().map(|check| check.what.chars().count()).max().unwrap_or(0).min(34);
    let mut about = "";
    for check in &diagnosis.checks {
        if check.about != about {
            about = &check.about;
            writeln!(out, "{}{about}", if out.is_empty() { "" } else { "\n" })?;
        }
        let word = match check.verdict {
            Verdict::Well => "ok   ",
            Verdict::Warn => "note ",
            Verdict::Bad => "FIX  ",
            Verdict::Untried => "?    ",
        };
        writeln!(out, "  {word} {:<width$}  {}", check.what, check.found)?;
        for line in check.fix.iter().flat_map(|fix| fix.lines()) {
            writeln!(out, "         {line}")?;
        }
    }
    let of = |verdict| diagnosis.checks.iter().filter(|check| check.verdict == verdict).count();
    let (bad, warn, untried) = (of(Verdict::Bad), of(Verdict::Warn), of(Verdict::Untried));
    write!(out, "\n{} checks: {} well", diagnosis.checks.len(), of(Verdict::Well))?;
    for (number, words) in [(warn, "to note"), (bad, "to fix"), (untried, "not tried")] {
        if number > 0 {
            write!(out, ", {number} {words}")?;
        }
    }
    writeln!(out, ".{}", if bad + untried == 0 { " Start it: signalbox serve" } else { "" })
}
