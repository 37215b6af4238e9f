//! The table that is printed: figure, what was measured, what it is meant to be or compared with.

use std::fmt;

use crate::{run, say};

#[derive(Default)]
pub(super) struct Table {
    lines: Vec<[String; 3]>,
}

impl Table {
    pub(super) fn line(&mut self, figure: &str, measured: &str, beside: &str) {
        // said at once as well: a run that is broken off has not been for nothing
        say::note(format!("{figure}: {measured}  ({beside})"));
        self.lines.push([figure.to_owned(), measured.to_owned(), beside.to_owned()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width =
            |column: usize| self.lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
        let (first, second) = (width(0), width(1));
        writeln!(f, "{:first$}  {:second$}  target or comparison", "figure", "measured: median (range)")?;
        for [figure, measured, beside] in &self.lines {
            writeln!(f, "{figure:first$}  {measured:second$}  {beside}")?;
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        writeln!(f, "\n{cores} cores, shared by the server, the simulated fleet and the load generator. {}", commit())
    }
}

fn commit() -> String {
    let described = run::output(&mut run::program("git", &["describe", "--always", "--dirty"]));
    described.map_or_else(|_| "Not a git tree.".into(), |name| format!("Commit {}.", name.trim()))
}
