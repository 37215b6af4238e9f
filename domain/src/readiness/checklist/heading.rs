//! A heading's name and its priority, in the ways people write them.
//!
//! `Scaling (Priority: Critical)`, `P0 – Authentication`, `Secrets 🔴 High`, `[Medium] Backups`, `Network - low priority`. What is
//! no priority stays in the name: guessing wrong would move every item below it.

use super::Priority;

/// What separates a name from what is said of it.
const DASHES: [char; 3] = ['-', '–', '—'];
/// Lamps, and what they mean where no word stands beside them.
const LAMPS: [(char, Priority); 5] =
    [('🔴', Priority::Critical), ('🚨', Priority::Critical), ('🟠', Priority::High), ('🟡', Priority::Medium), ('🟢', Priority::Low)];

/// A heading's name without its priority, and the priority.
pub fn read(title: &str) -> (String, Option<Priority>) {
    let (name, marked) = bracketed(title);
    if marked.is_some() {
        return (tidy(&name, title), marked);
    }
    if let Some((rest, lamp)) = lit(title) {
        let (name, word) = last_word(&rest).unwrap_or((rest.as_str(), lamp));
        return (tidy(name, title), Some(word));
    }
    let found = first_word(title).or_else(|| last_part(title));
    found.map_or_else(|| (tidy(title, title), None), |(name, priority)| (tidy(name, title), Some(priority)))
}

/// The priority an item's own text gives it: in brackets, or as its first word. Nowhere else, since a sentence may well end in
/// "high".
pub fn marked(text: &str) -> Option<Priority> {
    bracketed(text).1.or_else(|| first_word(text).map(|(_, priority)| priority))
}

/// A name without the number it begins with: `1.2 Scaling` as `Scaling`. Sections are renumbered when one is put between.
pub fn unnumbered(name: &str) -> &str {
    let rest = name.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let number = name.strip_suffix(rest).unwrap_or_default();
    let rest = rest.strip_prefix([')', ':']).unwrap_or(rest);
    let numbered = number.starts_with(|letter: char| letter.is_ascii_digit()) && rest.starts_with(char::is_whitespace);
    if numbered && !rest.trim().is_empty() { rest.trim_start() } else { name }
}

/// The name, or all of the title where nothing of it would be left.
fn tidy(name: &str, title: &str) -> String {
    let loose = |letter: char| letter.is_whitespace() || letter == ':' || DASHES.contains(&letter);
    let name = name.trim().trim_end_matches(loose).trim();
    let name = if name.is_empty() { title.trim() } else { name };
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes out the first group in brackets that is a priority.
fn bracketed(title: &str) -> (String, Option<Priority>) {
    for (open, close) in [('(', ')'), ('[', ']')] {
        let mut from = 0;
        while let Some((before, inner, after)) = group(title, from, open, close) {
            if let Some(priority) = word(inner) {
                return (format!("{before} {after}"), Some(priority));
            }
            from = title.len() - after.len();
        }
    }
    (title.to_owned(), None)
}

/// The next group in brackets at or after `from`: what stands before it, in it and after it.
fn group(title: &str, from: usize, open: char, close: char) -> Option<(&str, &str, &str)> {
    let start = from + title.get(from..)?.find(open)?;
    let end = start + title.get(start..)?.find(close)?;
    Some((title.get(..start)?, title.get(start + 1..end)?, title.get(end + 1..)?))
}

/// Takes out the lamps; the first one's meaning.
fn lit(title: &str) -> Option<(String, Priority)> {
    let of = |letter: char| LAMPS.iter().find(|(lamp, _)| *lamp == letter).map(|(_, priority)| *priority);
    let first = title.chars().find_map(of)?;
    // with the lamp goes the mark that asks for its coloured form
    let rest = title.chars().map(|letter| if of(letter).is_some() || letter == '\u{FE0F}' { ' ' } else { letter }).collect();
    Some((rest, first))
}

/// `Secrets  High` after a lamp, or `High  Secrets`.
fn last_word(rest: &str) -> Option<(&str, Priority)> {
    let rest = rest.trim();
    let (before, last) = rest.rsplit_once(char::is_whitespace)?;
    if let Some(priority) = word(last) {
        return Some((before, priority));
    }
    let (first, after) = rest.split_once(char::is_whitespace)?;
    word(first).map(|priority| (after.trim_start_matches(separates), priority))
}

/// `P0 – Authentication`, `P1: Backups`, `P2 Docs`; the words only before a separator: "High availability" is a name.
fn first_word(title: &str) -> Option<(&str, Priority)> {
    let title = title.trim_start_matches('*');
    let (first, after) = title.split_once(char::is_whitespace)?;
    let bare = first.trim_end_matches([':', '*']);
    let priority = word(bare)?;
    let parted = bare.len() < first.len() || after.trim_start().starts_with(DASHES);
    (parted || level(bare).is_some()).then(|| (after.trim_start_matches(separates), priority))
}

/// `Network - low priority`.
fn last_part(title: &str) -> Option<(&str, Priority)> {
    let at = title.rfind(|letter: char| letter == ':' || DASHES.contains(&letter))?;
    let (before, part) = (title.get(..at)?, title.get(at..)?);
    // a dash inside of a word separates nothing: "zero-high"
    let apart = part.starts_with(':') || before.ends_with(char::is_whitespace);
    let priority = word(part.trim_start_matches(separates))?;
    apart.then(|| (unlabelled(before), priority))
}

/// Without the word "priority" at its end.
fn unlabelled(before: &str) -> &str {
    let before = before.trim_end();
    let at = before.len().saturating_sub("priority".len());
    let labelled = before.get(at..).is_some_and(|label| label.eq_ignore_ascii_case("priority"));
    if labelled { before.get(..at).unwrap_or_default() } else { before }
}

fn separates(letter: char) -> bool {
    letter.is_whitespace() || letter == ':' || DASHES.contains(&letter)
}

/// `P0` to `P4`.
fn level(text: &str) -> Option<Priority> {
    match text.trim().to_ascii_lowercase().as_str() {
        "p0" => Some(Priority::Critical),
        "p1" => Some(Priority::High),
        "p2" => Some(Priority::Medium),
        "p3" | "p4" => Some(Priority::Low),
        _ => None,
    }
}

/// The priority that a few words are, and nothing else: `High`, `Priority: High`, `high priority`, `🔴 P0`.
fn word(text: &str) -> Option<Priority> {
    let lower = text.to_lowercase();
    let lamp = |letter: char| LAMPS.iter().any(|(lamp, _)| *lamp == letter) || letter == '\u{FE0F}';
    let words: Vec<&str> = lower
        .split(|letter: char| letter.is_whitespace() || letter == ':' || letter == '=' || letter == '*' || lamp(letter))
        .filter(|word| !matches!(*word, "" | "priority" | "prio" | "severity" | "risk"))
        .collect();
    let [only] = words.as_slice() else { return None };
    level(only).or(match *only {
        "critical" | "blocker" | "highest" => Some(Priority::Critical),
        "high" => Some(Priority::High),
        "medium" | "moderate" | "normal" => Some(Priority::Medium),
        "low" | "minor" | "lowest" => Some(Priority::Low),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_is_found_where_people_write_it() {
        for (title, name, priority) in [
            ("1. Scaling (Priority: Critical)", "1. Scaling", Some(Priority::Critical)),
            ("P0 – Authentication", "Authentication", Some(Priority::Critical)),
            ("P1: Backups", "Backups", Some(Priority::High)),
            ("P3 Docs", "Docs", Some(Priority::Low)),
            ("Secrets 🔴 High", "Secrets", Some(Priority::High)),
            ("🔴 Secrets", "Secrets", Some(Priority::Critical)),
            ("🟡 Medium – Cost", "Cost", Some(Priority::Medium)),
            ("[Medium] Backups", "Backups", Some(Priority::Medium)),
            ("Recovery [P1] (RTO 15 min)", "Recovery (RTO 15 min)", Some(Priority::High)),
            ("Network - low priority", "Network", Some(Priority::Low)),
            ("Delivery — Priority: High", "Delivery", Some(Priority::High)),
            ("Critical: alerts", "alerts", Some(Priority::Critical)),
            ("High availability", "High availability", None),
            ("Cost (monthly)", "Cost (monthly)", None),
            ("Zero-low", "Zero-low", None),
            ("(High)", "(High)", Some(Priority::High)),
            ("Priority: High", "Priority: High", Some(Priority::High)),
            ("", "", None),
            ("🔴", "🔴", Some(Priority::Critical)),
            ("Performance ()", "Performance ()", None),
        ] {
            assert_eq!(read(title), (name.to_owned(), priority), "{title}");
        }
    }

    #[test]
    fn an_item_says_its_priority_first_or_in_brackets() {
        assert_eq!(marked("[P0] rotate the keys"), Some(Priority::Critical));
        assert_eq!(marked("**P1** rotate the keys"), Some(Priority::High));
        assert_eq!(marked("keep the error rate: low"), None);
        assert_eq!(marked("rotate the keys (see the runbook)"), None);
    }

    #[test]
    fn a_number_is_no_part_of_a_name() {
        for (name, bare) in
            [("1. Scaling", "Scaling"), ("1.2 Scaling", "Scaling"), ("3) Scaling", "Scaling"), ("99.9% up", "99.9% up"), ("7", "7")]
        {
            assert_eq!(unnumbered(name), bare);
        }
    }
}
