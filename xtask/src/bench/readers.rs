//! Many open pages at once, one of which has stopped reading: how soon the others hear of a change, and what it costs.

use std::io::Write;
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::fleet::Fleet;
use super::measure::Sample;
use super::table::Table;
use super::{Wanted, http};
use crate::say;

/// Open pages; the issue names the number.
const READERS: usize = 500;
/// A reader only waits for lines, so it needs next to no stack.
const STACK: usize = 128 * 1024;

/// Fills the table with the figures of five hundred readers.
pub(super) fn readers(table: &mut Table, signalbox: &std::path::Path, wanted: &Wanted) -> Result<()> {
    let fleet = Fleet::start(signalbox, 23, &["--no-script"])?;
    let step = say::step(format!("{READERS} open pages, one of them stalled"));
    let before = fleet.memory()?;
    let stalled = stalled(fleet.url())?;
    let (heard, hears) = mpsc::channel();
    for reader in 0..READERS {
        let (url, heard) = (fleet.url().to_owned(), heard.clone());
        std::thread::Builder::new().stack_size(STACK).spawn(move || follow(&url, reader, &heard)).context("a reader's thread")?;
    }
    // each says once that it listens
    for _ in 0..READERS {
        hears.recv().context("a reader ended before it listened")?;
    }
    let listening = fleet.memory()?;
    let (mut spread, mut whole) = (Vec::new(), Vec::new());
    for turn in 0..wanted.runs {
        // What came before is let pass: hints of the fill, which only those heard that listened by then, and of the replacement
        // of the task before
        while hears.recv_timeout(Duration::from_secs(8)).is_ok() {}
        let watch = say::stopwatch();
        fleet.end_a_task(turn)?;
        let mut first = None;
        for _ in 0..READERS {
            hears.recv_timeout(Duration::from_secs(60)).context("a reader heard nothing for a minute")?;
            let now = watch.elapsed();
            spread.push((now - *first.get_or_insert(now)).as_secs_f64());
            whole.push(now.as_secs_f64());
        }
    }
    let after = fleet.memory()?;
    step.done("measured");
    let (spread, whole) = (Sample::of(spread), Sample::of(whole));
    table.line(
        &format!("{READERS} readers, one more stalled: after the first, all others"),
        &format!("p99 {:.3} s, worst {:.3} s", spread.quantile(0.99), spread.quantile(1.0)),
        "p99 ≤ 1 s",
    );
    table.line(&format!("{READERS} readers: a task's end to the hint"), &format!("p99 {:.2} s", whole.quantile(0.99)), "≤ poll + 1 s");
    table.line("memory without readers, with them, after the changes", &format!("{before:.1}, {listening:.1}, {after:.1} MiB"), "flat");
    let stop = fleet.stop_serving()?;
    table.line("stop with all of them open", &format!("{:.2} s", stop.as_secs_f64()), "≤ 5 s");
    drop(stalled);
    Ok(())
}

/// A page that asked for the stream and never reads a byte of it.
fn stalled(url: &str) -> Result<TcpStream> {
    let host = http::authority(url)?;
    let mut stream = TcpStream::connect(host)?;
    write!(stream, "GET /live HTTP/1.1\r\nHost: {host}\r\n{}\r\n", http::authorization(url))?;
    Ok(stream)
}

/// Tells when it listens, and then of every hint about services, until the stream or whoever is told ends.
fn follow(url: &str, reader: usize, heard: &mpsc::Sender<usize>) {
    let Ok(mut events) = http::Events::open(url, "/live") else { return };
    let mut wanted = ("hello", "");
    while events.wait_for(wanted.0, wanted.1).is_ok() && heard.send(reader).is_ok() {
        wanted = ("hint", "\"services\"");
    }
}
