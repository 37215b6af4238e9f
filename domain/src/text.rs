//! Making text from outside safe to show.
//!
//! Names and reasons come from AWS, NATS and whoever configured them. HTML escaping is the pages' business; what
//! escaping cannot cure is dealt with here, once: control characters that drive a terminal, and direction marks that
//! make a line read as something else. The trap: cleaning a *key* would make two different things one, so only text
//! for display passes through here; names that identify are stored as they came and cleaned when shown.

/// The longest text kept from outside, in characters. ECS cuts stop reasons at 1,024 (API reference, `Task`).
pub const LONGEST: usize = 1_024;

/// `text` with control and direction-changing characters replaced by `·` and cut to [`LONGEST`] characters.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        out.push(if harmful(character) { '·' } else { character });
    }
    out
}

/// `text` with the same characters replaced, uncut: for what is saved rather than shown, such as a cell of a table.
pub fn plain(text: &str) -> String {
    text.chars().map(|character| if harmful(character) { '·' } else { character }).collect()
}

/// Whether a character can hide or reorder what stands around it, or drive a terminal.
pub(crate) fn harmful(character: char) -> bool {
    let spaced = matches!(character, '\n' | '\t');
    let bidi = matches!(character, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let invisible = matches!(character, '\u{200B}' | '\u{2060}' | '\u{FEFF}');
    (character.is_control() && !spaced) || bidi || invisible
}

/// `1 task`, `2 tasks`: a count with its noun.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `1240` as `1,240`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        for (number, said) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), said);
        }
    }

    #[test]
    fn what_escaping_cannot_cure_is_made_visible() {
        assert_eq!(shown("\u{1b}[2J plain"), "·[2J plain");
        assert_eq!(shown("invoice\u{202E}fdp.exe"), "invoice·fdp.exe");
        assert_eq!(shown("<img src=x onerror=alert(1)>"), "<img src=x onerror=alert(1)>");
        assert_eq!(shown(&"🚦".repeat(255)), "🚦".repeat(255));
        assert_eq!(shown(&"x".repeat(5_000)).chars().count(), LONGEST + 1);
        assert_eq!(plain(&format!("\u{1b}[2J\u{202E}\n{}", "é".repeat(5_000))), format!("·[2J·\n{}", "é".repeat(5_000)));
    }
}
