//! `signalbox rollout watch`: a rollout in this terminal until it ends, or a line a change where the output is no terminal.
//!
//! It asks the server every two seconds and draws the whole picture anew. The trap is a server that is restarted meanwhile:
//! the engine goes on where it was, and so does this; only one that stays away is an error.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Context as _;
use domain::Timestamp;
use domain::judge::Tone;
use domain::port::Clock;
use domain::service::encoded;
use domain::text;
use domain::time::ago;
use domain::view::{Block, BlockState, RolloutPage};
use serde_json::json;

use super::server::{Server, Unanswered};
use crate::cli::{Format, asked_to_stop};
use crate::clock::SystemClock;
use crate::look::terminal::{Terminal, size};

/// Between two questions.
const PAUSE: Duration = Duration::from_secs(2);
/// So many questions in a row may stay without an answer: a restart takes some seconds.
const LOST_AT_MOST: u32 = 15;
/// The exit code of a rollout that did not succeed.
const NOT_SUCCEEDED: u8 = 1;

/// Watches a rollout.
pub(super) async fn watch(server: &Server, rollout: &str, format: Format) -> anyhow::Result<u8> {
    let path = format!("/rollouts/{}", encoded(rollout));
    if format == Format::Text && std::io::stdout().is_terminal() { drawn(server, &path).await } else { told(server, &path, format).await }
}

/// How watching ends at this status; nothing: it goes on.
fn ends(status: &str) -> Option<u8> {
    match status {
        "succeeded" => Some(0),
        "halted" | "aborted" | "undone" => Some(NOT_SUCCEEDED),
        _ => None,
    }
}

/// Asks, and goes on asking where somebody answered once, for as long as a restart takes.
struct Asking<'a> {
    server: &'a Server,
    path: &'a str,
    answered: bool,
    lost: u32,
}

impl<'a> Asking<'a> {
    fn of(server: &'a Server, path: &'a str) -> Self {
        Self { server, path, answered: false, lost: 0 }
    }

    async fn ask(&mut self) -> anyhow::Result<Option<RolloutPage>> {
        match self.server.get(self.path).await {
            Ok(page) => {
                (self.answered, self.lost) = (true, 0);
                Ok(Some(page))
            }
            Err(Unanswered::Unreachable { .. }) if self.answered && self.lost < LOST_AT_MOST => {
                self.lost += 1;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A line a change.
async fn told(server: &Server, path: &str, format: Format) -> anyhow::Result<u8> {
    let mut asking = Asking::of(server, path);
    let mut last = String::new();
    loop {
        if let Some(page) = asking.ask().await? {
            let line = match format {
                Format::Text => line(&page),
                Format::Json => json!({
                    "number": page.number, "status": page.status, "tag": page.tag, "said": page.said, "counted": page.counted,
                    "next": page.next, "notice": page.notice, "review": page.review,
                })
                .to_string(),
            };
            if line != last {
                println!("{line}");
                last = line;
            }
            if let Some(code) = ends(&page.status) {
                return Ok(code);
            }
        }
        SystemClock.sleep(PAUSE).await;
    }
}

/// How it stands, in one line.
fn line(page: &RolloutPage) -> String {
    let also = [&page.notice, &page.next].into_iter().flatten().map(|said| format!(" {}", text::shown(said))).collect::<String>();
    format!("{}: {} {}{also}", text::shown(&page.tag), text::shown(&page.said), text::shown(&page.counted))
}

/// The picture, until it ends, or q, Ctrl-C or SIGTERM.
async fn drawn(server: &Server, path: &str) -> anyhow::Result<u8> {
    let mut asking = Asking::of(server, path);
    // the first answer decides whether there is anything to draw
    let mut page: Option<RolloutPage> = asking.ask().await?;
    let (clock, stop) = (SystemClock, asked_to_stop());
    tokio::pin!(stop);
    let terminal = Terminal::borrow().context("the terminal cannot be drawn on; pipe the output and it is told in lines")?;
    let mut keys = terminal.keys();
    let code = loop {
        let (columns, rows) = size();
        let mut lines = page.as_ref().map(|page| frame(page, clock.now(), columns)).unwrap_or_default();
        if asking.lost > 0 {
            lines.insert(0, "The server does not answer; this is from before. Trying again.".to_owned());
        }
        lines.truncate(rows.saturating_sub(1).max(1));
        terminal.draw(&lines).context("the terminal is gone")?;
        if let Some(code) = page.as_ref().and_then(|page| ends(&page.status)) {
            break code;
        }
        tokio::select! {
            () = clock.sleep(PAUSE) => {
                if let Some(newer) = asking.ask().await? {
                    page = Some(newer);
                }
            }
            Some(key) = keys.recv() => if matches!(key, b'q' | b'Q' | 0x04) { break NOT_SUCCEEDED },
            stopped = &mut stop => { stopped?; break NOT_SUCCEEDED }
        }
    };
    drop(terminal);
    // what stays in the scroll-back
    if let Some(page) = &page {
        println!("Rollout {}: {}", page.number, line(page));
    }
    Ok(code)
}

/// A mark for a judgement, which needs no colour.
const fn mark(tone: Tone) -> char {
    match tone {
        Tone::Good => '✓',
        Tone::Bad => '✗',
        Tone::Warn => '!',
        Tone::Move => '…',
        Tone::Unknown => '?',
        Tone::Quiet => '·',
    }
}

/// A block of the line.
const fn sign(state: BlockState) -> char {
    match state {
        BlockState::Done => '■',
        BlockState::Now => '▶',
        BlockState::Waiting => '□',
        BlockState::Held => '!',
        BlockState::Failed => '✗',
        BlockState::Blocked => '#',
        BlockState::Skipped => '-',
        BlockState::Off => '/',
    }
}

/// The whole picture: how it stands, the line, the step whose turn it is with its evidence, and the services.
fn frame(page: &RolloutPage, now: Timestamp, columns: usize) -> Vec<String> {
    let mut lines = vec![
        format!("Rollout {}: {}   {}", page.number, text::shown(&page.title), text::shown(&page.tag)),
        text::shown(&page.said),
        String::new(),
    ];
    lines.extend(page.notice.iter().map(|why| format!("! Nothing forward begins now: {}", text::shown(why))));
    lines.extend(page.next.iter().map(|next| format!("! {}", text::shown(next))));
    let track: Vec<String> = page.blocks.iter().map(|block| sign(block.state).to_string()).collect();
    lines.push(track.join("─"));
    lines.push(text::shown(&page.counted));
    if let Some(step) = &page.now {
        let looked = step.looked.map(|at| format!(", looked at {}", ago(now, at))).unwrap_or_default();
        lines.push(String::new());
        lines.push(format!("{}{looked}", text::shown(&step.said)));
        lines.extend(step.bake.iter().map(|bake| format!("  {} {}", bar(bake.percent), text::shown(&bake.said))));
        lines.extend(step.evidence.iter().map(|seen| {
            format!("  {} {}   ({}, {})", mark(seen.tone), text::shown(&seen.text), text::shown(&seen.source), ago(now, seen.at))
        }));
        lines.extend(step.needs.iter().map(|need| format!("  … still needed: {}", text::shown(need))));
    }
    lines.push(String::new());
    lines.extend(page.blocks.iter().map(named));
    lines.into_iter().map(|line| cut(&line, columns)).collect()
}

fn named(block: &Block) -> String {
    let place = block.step.map_or_else(String::new, |step| format!("{}.", step + 1));
    format!("{place:>4} {} {}: {}", sign(block.state), text::shown(&block.name), text::shown(&block.said))
}

/// So many percent, as a bar of twenty.
fn bar(percent: u8) -> String {
    let done = usize::from(percent.min(100)) / 5;
    format!("[{}{}]", "█".repeat(done), "·".repeat(20 - done))
}

/// The line as far as it fits.
fn cut(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        return line.to_owned();
    }
    let kept: String = line.chars().take(columns.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(status: &str) -> RolloutPage {
        let at = Timestamp::from_secs(1_000);
        let key = domain::service::ServiceKey { environment: "production".into(), cluster: "main".into(), service: "auth".into() };
        let block = |step, state, said: &str| Block {
            name: "auth".into(),
            service: key.clone(),
            step,
            path: String::new(),
            state,
            tone: Tone::Move,
            said: said.into(),
        };
        RolloutPage {
            revision: 1,
            id: "r".into(),
            number: 7,
            title: "Health check for auth".into(),
            reason: "because".into(),
            status: status.into(),
            tag: format!("{status}: step 1, baking"),
            tone: Tone::Move,
            said: "auth: it proves itself.".into(),
            planned_by: "ann".into(),
            planned: at,
            started_by: None,
            started: None,
            ended: None,
            next: None,
            notice: Some("incident \u{1b}[2J".into()),
            review: None,
            remarks: Vec::new(),
            blocks: vec![block(Some(0), BlockState::Now, "it proves itself"), block(None, BlockState::Off, "it is off on purpose")],
            counted: "1 proving itself · 1 off on purpose.".into(),
            now: None,
            plan: Vec::new(),
            steps: Vec::new(),
            excluded: Vec::new(),
            buttons: Vec::new(),
            record: Vec::new(),
            ignored: Vec::new(),
        }
    }

    #[test]
    fn watching_ends_where_the_rollout_does() {
        for (status, code) in [
            ("succeeded", Some(0)),
            ("halted", Some(1)),
            ("aborted", Some(1)),
            ("undone", Some(1)),
            ("planned", None),
            ("running", None),
            ("paused", None),
            ("held", None),
            ("aborting", None),
            ("undoing", None),
        ] {
            assert_eq!(ends(status), code, "{status}");
        }
    }

    #[test]
    fn the_picture_needs_no_colour_and_drives_no_terminal() {
        let lines = frame(&page("running"), Timestamp::from_secs(1_004), 60);
        assert_eq!(lines[0], "Rollout 7: Health check for auth   running: step 1, baking");
        assert!(lines.contains(&"! Nothing forward begins now: incident ·[2J".to_owned()), "{lines:?}");
        assert!(lines.contains(&"▶─/".to_owned()) && lines.contains(&"  1. ▶ auth: it proves itself".to_owned()), "{lines:?}");
        assert!(frame(&page("running"), Timestamp::from_secs(0), 20).iter().all(|line| line.chars().count() <= 20));
        assert_eq!([bar(0), bar(36), bar(100)].map(|bar| bar.matches('█').count()), [0, 7, 20]);
    }

    #[test]
    fn a_line_tells_what_stands_in_the_way() {
        assert_eq!(line(&page("held")), "held: step 1, baking: auth: it proves itself. 1 proving itself · 1 off on purpose. incident ·[2J");
    }
}
