//! How many tests passed and failed, as the runners themselves say.
//!
//! Apart, because this is where a green run could lie: everything unexpected counts as a failure.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::ops::Add;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{place, run, say};

#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// A run that went wrong though no test of it says so.
    pub(crate) const ONE_FAILURE: Self = Self { passed: 0, failed: 1 };
}

impl Add for Count {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Runs cargo test, shows what it prints as it comes, and adds up its `test result` lines.
pub(super) fn cargo_test(cargo: &mut Command) -> Result<Count> {
    let line = run::shown(cargo);
    let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{line}`"))?;
    let stdout = child.stdout.take().context("the child's stdout is piped")?;
    let mut count = Count::default();
    // bytes, not text: a failing test may print what is not UTF-8
    for line in BufReader::new(stdout).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        eprintln!("{line}");
        if let Some(result) = test_result(&line) {
            count = count + result;
        }
    }
    let status = child.wait()?;
    Ok(judged(count, status.success(), &line))
}

/// `test result: FAILED. 3 passed; 1 failed; 0 ignored; …`
fn test_result(line: &str) -> Option<Count> {
    let (_, figures) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let figure = |name: &str| -> Option<u64> {
        let part = figures.split(';').find_map(|part| part.trim().strip_suffix(name))?;
        part.trim().parse().ok()
    };
    Some(Count { passed: figure("passed")?, failed: figure("failed")? })
}

/// Playwright's own JSON report.
pub(super) fn playwright(report: &Path, succeeded: bool) -> Result<Count> {
    let name = "playwright test";
    let Ok(text) = place::read(report) else {
        say::note(format!("`{name}` ended before it wrote its report: counted as a failure"));
        return Ok(Count::ONE_FAILURE);
    };
    let report: Value = serde_json::from_str(&text).context("playwright's report is not JSON")?;
    let stat = |name: &str| report.pointer(&format!("/stats/{name}")).and_then(Value::as_u64).unwrap_or(0);
    let count = Count { passed: stat("expected"), failed: stat("unexpected") + stat("flaky") };
    Ok(judged(count, succeeded, name))
}

fn judged(count: Count, succeeded: bool, name: &str) -> Count {
    if !succeeded && count.failed == 0 {
        say::note(format!("`{name}` failed though no test of it did (it did not compile, crashed, or found none): counted as a failure"));
        return count + Count::ONE_FAILURE;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::{Count, judged, test_result};

    #[test]
    fn a_result_line_is_read_whatever_its_verdict() {
        let line = "test result: FAILED. 3 passed; 1 failed; 2 ignored; 0 measured; 4 filtered out; finished in 0.02s";
        assert_eq!(test_result(line), Some(Count { passed: 3, failed: 1 }));
        assert_eq!(
            test_result("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.0s"),
            Some(Count { passed: 12, failed: 0 })
        );
    }

    #[test]
    fn other_lines_are_not_results() {
        assert_eq!(test_result("test store::tests::test_result: ok ... ok"), None);
        assert_eq!(test_result("running 3 tests"), None);
    }

    #[test]
    fn a_failed_run_without_a_failed_test_is_a_failure() {
        let count = Count { passed: 9, failed: 0 };
        assert_eq!(judged(count, false, "x"), Count { passed: 9, failed: 1 });
        assert_eq!(judged(count, true, "x"), count);
    }
}
