//! The score card as a file: the one in the binary, or the operator's own.
//!
//! Separate from the domain's [`Card`], which says what is wrong with a card: here is where it stands, with file and line. The
//! trap is a card that is half understood; nothing of it is used unless all of it is right.

use std::path::Path;

use domain::readiness::Card;
use domain::text;

use crate::config::unknown_key;

/// The card that is used where the config names none, as it can be copied and changed.
pub const SHIPPED: &str = include_str!("scorecard.toml");
/// Largest file that is read as a card: five hundred checks with a page of text each.
const MOST_BYTES: u64 = 2 * 1024 * 1024;
/// Most mistakes told at once.
const MOST_TOLD: usize = 10;

/// A score card that cannot be used: where, what is wrong and what to do, one sentence a mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CardError(String);

/// The card of a file; without one the shipped one.
///
/// # Errors
/// It cannot be read, or something in it is wrong.
pub fn load(path: Option<&Path>) -> Result<Card, CardError> {
    let Some(path) = path else { return parse(SHIPPED, Path::new("that is shipped")) };
    let unreadable = |why: String| {
        let advice = "Name another in [readiness] scorecard, or take the key out: then the shipped one counts.";
        CardError(format!("The score card {} cannot be read: {why}. {advice}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > MOST_BYTES {
        return Err(unreadable(format!("it has {size} bytes, and a card has {MOST_BYTES} at most")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    parse(&text, path)
}

/// The card in a text; `path` is only named in errors.
///
/// # Errors
/// Something in it is wrong.
pub fn parse(written: &str, path: &Path) -> Result<Card, CardError> {
    let place = |line: Option<usize>| line.map(|line| format!(", line {line}")).unwrap_or_default();
    let wrong = |line: Option<usize>, said: &str| format!("The score card {}{} cannot be used: {said}", path.display(), place(line));
    let card: Card = toml::from_str(written).map_err(|error| {
        let line = error.span().map(|span| written.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
        let said = unknown_key(error.message()).unwrap_or_else(|| text::shown(error.message()));
        CardError(wrong(line, &said))
    })?;
    let problems = card.problems();
    if problems.is_empty() {
        return Ok(card);
    }
    let said = problems.iter().map(|problem| problem.to_string()).take(MOST_TOLD);
    let mut said: Vec<String> = said.map(|said| wrong(line_of(written, &said), &said)).collect();
    if problems.len() > MOST_TOLD {
        said.push(format!("And {} more.", text::count((problems.len() - MOST_TOLD) as u64, "mistake")));
    }
    Err(CardError(said.join("\n")))
}

/// The last line that gives the check or target its name that a mistake is about: of two by one name the second is wrong.
fn line_of(written: &str, problem: &str) -> Option<usize> {
    let (key, rest) =
        [("id", "check \""), ("name", "target \"")].into_iter().find_map(|(key, begins)| Some((key, problem.strip_prefix(begins)?)))?;
    let (name, _) = rest.split_once('"')?;
    let names = |line: &str| {
        let Some((left, right)) = line.split_once('=') else { return false };
        let value = right.trim_start().strip_prefix(['"', '\'']);
        left.trim() == key && value.is_some_and(|value| value.split(['"', '\'']).next() == Some(name))
    };
    written.lines().enumerate().filter(|(_, line)| names(line)).last().map(|(number, _)| number + 1)
}

#[cfg(test)]
mod tests {
    use domain::readiness::card::{Kind, LIVE};

    use super::*;

    fn refused(written: &str) -> String {
        parse(written, Path::new("card.toml")).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_card_is_right_and_asks_every_live_check() {
        let card = load(None).unwrap();
        let live: Vec<&str> = card.checks.iter().filter(|check| check.evidence == Kind::Live).map(|check| check.id.as_str()).collect();
        assert_eq!(live, LIVE);
        for check in &card.checks {
            let words = [&check.title, &check.why, &check.remedy, &check.category];
            assert!(words.iter().all(|words| !words.trim().is_empty()) && check.work_minutes > 0, "{}", check.id);
            assert!(check.why.ends_with('.') && check.remedy.ends_with('.') && !check.title.ends_with('.'), "{}", check.id);
            assert!(!check.soc2.is_empty() && !check.iso27001.is_empty(), "{}", check.id);
        }
        let targets: Vec<(&str, usize)> = card.targets.iter().map(|target| (target.name.as_str(), card.needed(target).len())).collect();
        assert_eq!(targets, [("A", 6), ("B", 18), ("C", 43)]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_what_to_do() {
        for (from, to, said) in [
            ("gate = 20  ", "gates = 20", "there is no key \"gates\" here; did you mean \"gate\"?"),
            ("weight = \"critical\"", "weight = 0", "a weight: \"critical\" (10)"),
            ("gate = 20  ", "gate = 120 ", "line 33 cannot be used: check \"A1\": its gate is above 100"),
            ("id = \"A2\"", "id = \"A1\"", "line 47 cannot be used: check \"A1\": the id is used twice"),
            ("id = \"A2\"", "id = \"A9\"", "check \"A9\": Signalbox has no live check of that id"),
            ("checks = [\"A1\", ", "checks = [\"Z\", ", "target \"A\": it needs check \"Z\", which the card does not have"),
            ("after = \"A\"", "after = \"C\"", "it builds on itself by way of"),
            ("name = \"Signalbox default\"", "", "missing field `name`"),
        ] {
            assert!(SHIPPED.contains(from), "{from}");
            let answer = refused(&SHIPPED.replacen(from, to, 1));
            assert!(answer.contains(said) && answer.starts_with("The score card card.toml"), "{answer}\n does not contain\n{said}");
        }
        assert!(refused("[[check\n").starts_with("The score card card.toml, line 1 cannot be used"));
        assert!(load(Some(Path::new("/nonexistent/card.toml"))).unwrap_err().to_string().contains("take the key out"));
    }
}
