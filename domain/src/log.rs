//! A container's log: where it is, and what of it is kept.
//!
//! A dead task's last lines are worth more than any metric of it, and ECS does not have them: they are in CloudWatch
//! Logs, in a stream whose name follows from the revision's log settings and the task's id. Log lines are the least
//! trustworthy text there is (terminal escapes, binary, lines of megabytes), so everything passes [`keep`] before it
//! is stored or shown. The trap: a log arrives seconds to minutes after its task is gone, so "nothing there" is no
//! answer yet; [`next`] says when to ask again and when to stop.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::service::{Task, TaskDefinition};
use crate::text;
use crate::view::{LastWords, LogLine};

/// Most lines kept of a task's end.
pub const MOST_LINES: usize = 50;
/// Most bytes kept of one line.
pub const LONGEST_LINE: usize = 4 * 1024;
/// Most bytes kept of all lines.
pub const MOST_BYTES: usize = 64 * 1024;
/// A task stopped less than this ago may have lines on their way.
pub const SETTLED: Duration = Duration::from_secs(30);
/// First pause before asking again; doubles each time.
const PAUSE: Duration = Duration::from_secs(5);
/// Tries before it is accepted that there is nothing: some ten minutes.
const MOST_TRIES: u32 = 8;

/// One container's log stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The container.
    pub container: String,
    /// Log group.
    pub group: String,
    /// Log stream: `prefix/container/task-id` (ECS developer guide, "awslogs").
    pub stream: String,
}

/// Where the logs of `task` are, the container that ended it first. `region` is the one that can be read.
///
/// # Errors
/// Why none of them can be read, as a sentence's end.
pub fn streams(task: &Task, definition: Option<&TaskDefinition>, region: &str) -> Result<Vec<Stream>, String> {
    let Some(definition) = definition else { return Err("its revision could not be read, so its log settings are not known".to_owned()) };
    let mut why = Vec::new();
    let mut found: Vec<(bool, Stream)> = Vec::new();
    for container in &definition.containers {
        let name = text::shown(&container.name);
        match (&container.log_group, &container.log_driver, &container.log_prefix) {
            (None, None, _) => why.push(format!("{name} has no log settings")),
            (None, Some(driver), _) => why.push(format!("{name} logs by {}, which only awslogs can be read of", text::shown(driver))),
            (Some(_), _, None) => why.push(format!("{name} has no awslogs-stream-prefix, so its stream's name is not known")),
            (Some(_), _, Some(_)) if container.log_region.as_deref().is_some_and(|other| other != region) => {
                let other = container.log_region.as_deref().unwrap_or_default();
                why.push(format!("{name} logs into region {}, which is not this environment's", text::shown(other)));
            }
            (Some(group), _, Some(prefix)) => {
                let ended = task.containers.iter().any(|own| own.name == container.name && own.exit_code.is_some_and(|code| code != 0));
                let stream = format!("{prefix}/{}/{}", container.name, task.id());
                found.push((!ended, Stream { container: container.name.clone(), group: group.clone(), stream }));
            }
        }
    }
    if found.is_empty() {
        return Err(if why.is_empty() { "its revision has no container".to_owned() } else { why.join("; ") });
    }
    found.sort_by_key(|(after, _)| *after);
    Ok(found.into_iter().map(|(_, stream)| stream).collect())
}

/// A stop whose last words are owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The task's ARN.
    pub arn: String,
    /// Whether it failed; those are asked for whatever the budget says.
    pub failed: bool,
    /// The task.
    pub task: Task,
    /// Its revision, where it was read.
    pub definition: Option<TaskDefinition>,
}

/// What asking for a stop's last words brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The task's ARN.
    pub arn: String,
    /// Its words, or why there are none.
    pub words: Result<LastWords, Silence>,
}

/// Why there were no words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// As a sentence's end.
    pub reason: String,
    /// Whether asking again can help.
    pub again: bool,
}

/// What becomes of a stop's words after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// They are kept; nothing is owed any more.
    Kept,
    /// Ask again at this instant; what was heard meanwhile is kept.
    Again(Timestamp),
    /// There are none and will be none.
    None,
}

/// Decides that. `tries` counts this answer.
pub fn next(heard: &Heard, stopped: Timestamp, now: Timestamp, tries: u32) -> Next {
    let pause = PAUSE.saturating_mul(1 << tries.saturating_sub(1).min(10));
    match &heard.words {
        Ok(_) if now.since(stopped) >= SETTLED || tries >= MOST_TRIES => Next::Kept,
        Ok(_) => Next::Again(stopped.plus(SETTLED)),
        Err(silence) if silence.again && tries < MOST_TRIES => Next::Again(now.plus(pause)),
        Err(_) => Next::None,
    }
}

/// What is kept of `events`, which come oldest first: the newest lines, without what drives a terminal.
pub fn keep(events: impl IntoIterator<Item = (Timestamp, String)>) -> LastWords {
    keep_most(events, MOST_LINES)
}

/// The same, with another number of lines.
pub fn keep_most(events: impl IntoIterator<Item = (Timestamp, String)>, most: usize) -> LastWords {
    let mut cut = false;
    let mut lines: Vec<LogLine> = Vec::new();
    for (at, message) in events {
        // one event may be a whole stack trace; its end is what counts, and no more of it than is ever kept is read
        let parts: Vec<&str> = message.trim_end_matches(['\n', '\r']).rsplit('\n').take(most).collect();
        for part in parts.into_iter().rev() {
            let (text, shortened) = plain(part, LONGEST_LINE);
            cut |= shortened;
            lines.push(LogLine { at, text });
        }
        if lines.len() > most * 2 {
            cut = true;
            lines.drain(..lines.len() - most);
        }
    }
    let mut bytes = 0;
    let kept = lines.iter().rev().take(most).take_while(|line| {
        bytes += line.text.len() + 1;
        bytes <= MOST_BYTES
    });
    let kept = kept.count();
    cut |= kept < lines.len();
    lines.drain(..lines.len() - kept);
    LastWords { lines, cut, reason: None }
}

/// `line` without escapes and control characters, cut to `most` bytes; and whether it was cut.
pub fn plain(line: &str, most: usize) -> (String, bool) {
    let mut out = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if out.len() + character.len_utf8() > most {
            out.push('…');
            return (out, true);
        }
        match character {
            '\u{1b}' => skip_escape(&mut characters),
            '\u{9b}' => skip_sequence(&mut characters),
            '\t' => out.push(' '),
            character if character.is_control() => {}
            character if text::harmful(character) => out.push('·'),
            character => out.push(character),
        }
    }
    (out, false)
}

/// Most characters of one escape sequence: a longer one is no sequence but somebody hiding a line.
const LONGEST_ESCAPE: usize = 64;

/// What follows ESC: a control sequence, a string up to its end, or one character (ECMA-48, 5.3 to 5.6).
fn skip_escape(characters: &mut std::str::Chars<'_>) {
    match characters.next() {
        Some('[') => skip_sequence(characters),
        Some(']' | 'P' | '^' | '_' | 'X') => {
            let mut ahead = characters.clone();
            let end = ahead.by_ref().take(LONGEST_ESCAPE).any(|character| matches!(character, '\u{7}' | '\u{9c}' | '\u{1b}'));
            if end {
                // ESC \ ends a string; the backslash goes with it
                let after = ahead.clone().next();
                if after == Some('\\') {
                    ahead.next();
                }
                *characters = ahead;
            }
        }
        _ => {}
    }
}

/// Parameters and the final character of a control sequence.
fn skip_sequence(characters: &mut std::str::Chars<'_>) {
    let mut ahead = characters.clone();
    if ahead.by_ref().take(LONGEST_ESCAPE).find(|character| !matches!(character, '\u{20}'..='\u{3f}')).is_some() {
        *characters = ahead;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Container, ContainerDefinition};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn what_drives_a_terminal_is_gone() {
        for (line, kept) in [
            ("\u{1b}[31mERROR\u{1b}[0m disk", "ERROR disk"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link", "link"),
            ("\u{1b}[2J\u{1b}[Hgone?\u{8}\u{8}", "gone?"),
            ("\u{9b}1mbold", "bold"),
            ("a\tb\r\u{0}c", "a bc"),
            ("invoice\u{202E}fdp.exe", "invoice·fdp.exe"),
            ("\u{1b}", ""),
            ("<b>é🚦</b>", "<b>é🚦</b>"),
        ] {
            assert_eq!(plain(line, 100), (kept.to_owned(), false), "{line:?}");
        }
        let hidden = format!("\u{1b}]{}", "words".repeat(100));
        assert!(plain(&hidden, 4_096).0.contains("words"), "a sequence without an end hides nothing");
    }

    #[test]
    fn ten_megabytes_are_cut_at_a_letter() {
        let (text, cut) = plain(&"é".repeat(5 * 1024 * 1024), LONGEST_LINE);
        assert!(cut && text.len() <= LONGEST_LINE + 3 && text.ends_with("é…"));
        let words = keep([(at(1), "x\n".repeat(1_000_000)), (at(2), "last".to_owned())]);
        assert_eq!((words.lines.len(), words.cut), (MOST_LINES, true));
        assert_eq!(words.lines[MOST_LINES - 1].text, "last");
    }

    #[test]
    fn the_newest_lines_are_kept_within_the_limits() {
        let long = "y".repeat(4_000);
        let words = keep((0..60).map(|number| (at(number), format!("{number} {long}"))));
        assert!(words.cut && words.lines.len() == 16, "{}", words.lines.len());
        assert!(words.lines.iter().map(|line| line.text.len() + 1).sum::<usize>() <= MOST_BYTES);
        assert_eq!(words.lines[15].at, at(59));
        let few = keep([(at(1), "a\nb\n".to_owned())]);
        assert_eq!((few.lines.len(), few.cut), (2, false));
        assert_eq!(keep([]), LastWords::default());
    }

    #[test]
    fn where_a_log_is_follows_from_the_revision() {
        let logging = |name: &str| ContainerDefinition {
            name: name.into(),
            log_driver: Some("awslogs".into()),
            log_group: Some("/ecs/x".into()),
            log_prefix: Some("ecs".into()),
            log_region: Some("us-east-1".into()),
            ..ContainerDefinition::default()
        };
        let task = Task {
            arn: "arn:aws:ecs:us-east-1:1:task/c/abc".into(),
            containers: vec![Container { name: "main".into(), exit_code: Some(1), ..Container::default() }],
            ..Task::default()
        };
        let mut definition = TaskDefinition { containers: vec![logging("sidecar"), logging("main")], ..TaskDefinition::default() };
        let found = streams(&task, Some(&definition), "us-east-1").unwrap();
        assert_eq!(found.iter().map(|stream| stream.stream.as_str()).collect::<Vec<_>>(), ["ecs/main/abc", "ecs/sidecar/abc"]);
        assert!(streams(&task, Some(&definition), "eu-west-1").unwrap_err().contains("logs into region us-east-1"));
        definition.containers =
            vec![ContainerDefinition { name: "a".into(), log_driver: Some("splunk".into()), ..ContainerDefinition::default() }];
        assert!(streams(&task, Some(&definition), "r").unwrap_err().contains("a logs by splunk"));
        assert!(streams(&task, None, "r").unwrap_err().contains("revision could not be read"));
    }

    #[test]
    fn asking_goes_on_for_some_minutes_and_ends() {
        let silent = |again| Heard { arn: "a".into(), words: Err(Silence { reason: "empty".into(), again }) };
        let mut now = at(2);
        let mut tries = 0;
        loop {
            tries += 1;
            match next(&silent(true), at(0), now, tries) {
                Next::Again(due) => now = due,
                Next::None => break,
                Next::Kept => panic!("nothing was heard"),
            }
        }
        assert_eq!((tries, now), (8, at(2 + 5 * 127)));
        assert_eq!(next(&silent(false), at(0), at(2), 1), Next::None);
        let heard = Heard { arn: "a".into(), words: Ok(LastWords::default()) };
        assert_eq!(next(&heard, at(0), at(2), 1), Next::Again(at(30)));
        assert_eq!(next(&heard, at(0), at(31), 2), Next::Kept);
    }
}
