//! UTF-8 that was read as Windows-1252 or Latin-1 and written as UTF-8 again: `â€”` for a dash, `âœ…` for a tick, `Ã©` for é.
//!
//! Separate because it is a judgement and not decoding: the damaged text is valid and could be meant. Every run of characters
//! that, as bytes of Windows-1252, is one character of UTF-8 is looked at. It is repaired where nobody would have written it
//! (typography, symbols, emoji, accented letters; other letters only beside more of the same or in the middle of a word), and
//! flagged otherwise: `CAFÉ™` reads as a letter of Azerbaijani and is none. Repeated until nothing changes, which mends text that was
//! damaged twice.

use super::Notice;

/// What Windows-1252 puts at 0x80 to 0x9F (the WHATWG Encoding Standard, index windows-1252); the five it leaves out are the
/// control characters of Latin-1 there.
const HIGH: [(char, u8); 27] = [
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];
/// Times a text is gone through at most. Each time it becomes shorter.
const MOST_TURNS: usize = 8;

/// A text, and what was done to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repaired {
    /// The text.
    pub(super) text: String,
    /// How many characters were repaired.
    pub(super) repaired: usize,
    /// What may be damaged.
    pub(super) doubts: Vec<Notice>,
}

/// Repairs what is certainly damaged.
pub(super) fn repair(text: &str) -> Repaired {
    let mut letters: Vec<char> = text.chars().collect();
    let mut repaired = 0;
    for _ in 0..MOST_TURNS {
        let (better, times) = turn(&letters);
        if times == 0 {
            break;
        }
        (letters, repaired) = (better, repaired + times);
    }
    Repaired { doubts: doubts(&letters), text: letters.into_iter().collect(), repaired }
}

/// Goes through a text once.
fn turn(letters: &[char]) -> (Vec<char>, usize) {
    let (mut out, mut at, mut times) = (Vec::with_capacity(letters.len()), 0, 0);
    let mut joined = false;
    while let Some(letter) = letters.get(at) {
        match sequence(letters, at) {
            Some((meant, length)) if certain(letters, at, meant, length, joined) => {
                out.push(meant);
                times += 1;
                at += length;
                joined = true;
            }
            _ => {
                out.push(*letter);
                at += 1;
                joined = false;
            }
        }
    }
    (out, times)
}

/// The byte a character was, if it was read as Windows-1252 or as Latin-1.
fn byte(letter: char) -> Option<u8> {
    let high = || HIGH.iter().find(|(one, _)| *one == letter).map(|(_, byte)| *byte);
    u8::try_from(letter).ok().or_else(high)
}

/// The character that the bytes of a few others make, and how many they are.
fn sequence(letters: &[char], at: usize) -> Option<(char, usize)> {
    let length = match byte(*letters.get(at)?)? {
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let bytes: Vec<u8> = letters.get(at..at + length)?.iter().map_while(|letter| byte(*letter)).collect();
    let mut meant = std::str::from_utf8(&bytes).ok()?.chars();
    let first = meant.next()?;
    (meant.next().is_none() && bytes.len() == length).then_some((first, length))
}

/// Whether nobody would have written it so.
fn certain(letters: &[char], at: usize, meant: char, length: usize, joined: bool) -> bool {
    let after = at + length;
    let beside = || joined || sequence(letters, after).is_some();
    let inside = || letters.get(after).is_some_and(|letter| letter.is_lowercase());
    match (length, meant) {
        (2, '\u{80}'..='\u{ff}') => true,
        // what Windows-1252 has of its own is met in text that was damaged twice
        (2, meant) => (meant.is_alphabetic() || byte(meant).is_some()) && (beside() || inside()),
        // general punctuation to miscellaneous symbols, ligatures, the marks of emoji, a byte order mark, a lost character
        (3, '\u{2000}'..='\u{2bff}' | '\u{fb00}'..='\u{fb06}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fffd}') => true,
        (3, meant) => meant.is_alphanumeric() && beside(),
        (_, meant) => matches!(meant, '\u{1f000}'..='\u{1faff}'),
    }
}

/// What may be damaged in a text that is repaired as far as that is certain.
fn doubts(letters: &[char]) -> Vec<Notice> {
    let (mut line, mut doubts, mut after) = (1, Vec::new(), 0);
    for (at, letter) in letters.iter().enumerate() {
        if *letter == '\n' {
            line += 1;
        }
        if at < after {
            continue;
        }
        if let Some((meant, length)) = sequence(letters, at) {
            after = at + length;
            let seen: String = letters.get(at..after).unwrap_or_default().iter().collect();
            let said = format!(
                "\"{}\" may have been \"{meant}\" before it was decoded wrongly; it was left as it is.",
                domain::text::shown(&seen)
            );
            doubts.push(Notice { line, said });
            continue;
        }
        let said = match (letter, letters.get(at + 1)) {
            ('\u{fffd}', _) => "A character was lost here before the file came to Signalbox (�).",
            ('â', Some('€')) | ('ð', Some('Ÿ')) | ('ï', Some('¿')) | ('Ã' | 'Â', Some(' ' | '?')) => {
                "This looks like a character that was decoded wrongly and lost a part; it was left as it is."
            }
            _ => continue,
        };
        doubts.push(Notice { line, said: said.to_owned() });
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as it is after its UTF-8 was read as Windows-1252.
    fn damaged(text: &str) -> String {
        let high = |byte: u8| HIGH.iter().find(|(_, one)| *one == byte).map_or(char::from(byte), |(letter, _)| *letter);
        text.bytes().map(high).collect()
    }

    #[test]
    fn what_is_certain_is_repaired_however_often_it_was_damaged() {
        for text in [
            "Scaling — done",
            "✅ ready",
            "café, naïve, Größe",
            "🚦 signal",
            "“quoted” … ‘text’",
            "a\u{a0}b → c",
            "Привет мир",
            "wdrożenie",
            "日本語",
            "❤️",
        ] {
            let once = damaged(text);
            let twice = damaged(&once);
            for seen in [text.to_owned(), once, twice] {
                let repaired = repair(&seen);
                assert_eq!((repaired.text.as_str(), repaired.doubts.as_slice()), (text, [].as_slice()), "{seen}");
            }
        }
        assert_eq!(repair("Ã¢â‚¬â€œ").text, "–", "as it is seen in the wild");
        assert_eq!(repair("caf\u{c3}\u{a9}").repaired, 1);
    }

    #[test]
    fn what_may_be_meant_is_flagged_and_left() {
        for (text, lines) in [
            ("one\nCAFÉ™ Paris", vec![2]),
            ("â€ lost", vec![1]),
            ("Ã\u{a0} la carte", vec![]),
            ("Ã la carte", vec![1]),
            ("lost \u{fffd}", vec![1]),
        ] {
            let repaired = repair(text);
            assert_eq!(repaired.doubts.iter().map(|doubt| doubt.line).collect::<Vec<_>>(), lines, "{text}: {repaired:?}");
        }
        assert_eq!(repair("one\nCAFÉ™ Paris").text, "one\nCAFÉ™ Paris");
        assert_eq!(repair("ï¿½").doubts.len(), 1, "what was lost stays lost, and says so");
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        for text in ["", "plain", "São Paulo, Ærø, 5 €, 20 °C", "„Größe“", "naïve… “yes”", "Â", "ð"] {
            assert_eq!(repair(text), Repaired { text: text.to_owned(), repaired: 0, doubts: Vec::new() });
        }
    }
}
