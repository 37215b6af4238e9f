//! What a question means to the search index: pure, and the only place where words of a reader become FTS5 syntax.
//!
//! Every word is quoted, so nothing a reader types is ever an operator, a column or an error; it must begin some word
//! of the entry. Filters are words as well (column `facets`, see migration 0004), so that a rare combination is found
//! by intersecting lists instead of by walking the record.

use std::fmt::Write;

use domain::Timestamp;
use domain::timeline::EventKind;
use domain::view::TimelineQuery;

/// Most words of a question that are looked for; the rest cannot narrow it any more.
const MOST_WORDS: usize = 12;
/// Longest word looked for, in characters.
const LONGEST_WORD: usize = 200;
/// As in migration 0004: instants outside count as the nearer end, and one millisecond has room for so many ids.
const LATEST: i64 = 8_000_000_000_000_000;
const ROOM: i64 = 1_048_576;

/// What the index is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Nothing narrows it: the record itself is walked.
    Everything,
    /// Nothing can be found: words without a letter or digit, or no word of the record begins so.
    Nothing,
    /// An FTS5 expression.
    Match(String),
}

/// How a word goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Not at all: it must be a whole word.
    None,
    /// In any way.
    Any,
    /// Its last part is the beginning of these words of the record, and of no other.
    OneOf(Vec<String>),
}

/// A word of a question and how it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spelled {
    word: String,
    pub(super) ending: Ending,
}

impl Spelled {
    /// A word that may go on in any way. One letter alone must be a word of its own: half of all begin with it.
    pub(super) fn new(word: String) -> Self {
        let letters = word.chars().filter(|character| character.is_alphanumeric()).count();
        Self { word, ending: if letters > 1 { Ending::Any } else { Ending::None } }
    }

    /// The last part of a word that may go on, as the index spells it: of `Story-Tel` it is `tel`. Only of plain letters;
    /// what else the index counts as a letter is its own matter.
    pub(super) fn open_end(&self) -> Option<String> {
        let plain = self.ending == Ending::Any && self.word.is_ascii();
        self.parts().filter(|_| plain).map(|(_, last)| last.to_ascii_lowercase())
    }

    /// Whether the index has to gather words to answer for it.
    pub(super) fn loose(&self) -> bool {
        self.ending == Ending::Any
    }

    /// What stands before its last part, and that part.
    fn parts(&self) -> Option<(&str, &str)> {
        let plain = self.word.trim_end_matches(|character: char| !character.is_alphanumeric());
        let before = plain.trim_end_matches(char::is_alphanumeric);
        let last = plain.strip_prefix(before).filter(|last| !last.is_empty())?;
        Some((before, last))
    }

    /// The expression that finds it; nothing if no word of the record begins so.
    fn expression(&self) -> Option<String> {
        let said = |phrase: &str| format!("{{said words}} : {phrase}");
        match (&self.ending, self.parts()) {
            (Ending::OneOf(words), Some((before, _))) => {
                let phrases: Vec<String> = words.iter().map(|word| quoted(&format!("{before}{word}"))).collect();
                match phrases.as_slice() {
                    [] => None,
                    [only] => Some(said(only)),
                    several => Some(said(&format!("({})", several.join(" OR ")))),
                }
            }
            (Ending::None, _) => Some(said(&quoted(&self.word))),
            _ => Some(said(&format!("{}*", quoted(&self.word)))),
        }
    }
}

/// The words that can be looked for.
pub(super) fn words(q: &str) -> Vec<String> {
    q.split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MOST_WORDS)
        .map(|word| word.chars().take(LONGEST_WORD).collect())
        .collect()
}

/// What to ask for `query` with these words of it, with its kind or for every kind.
pub(super) fn wanted<'a>(query: &TimelineQuery, kind: Option<EventKind>, words: impl IntoIterator<Item = &'a Spelled>) -> Wanted {
    let mut parts: Vec<String> = Vec::new();
    let mut facet = |letter: char, value: &str| parts.push(format!("facets : \"{letter}{value}\""));
    if let Some(kind) = kind {
        facet('k', &kind.as_str().replace('_', ""));
    }
    if let Some(tone) = query.tone {
        facet('t', tone.as_str());
    }
    for (letter, value) in [('e', &query.environment), ('c', &query.cluster), ('s', &query.service)] {
        if let Some(value) = value {
            facet(letter, &hex(value));
        }
    }
    for word in words {
        let Some(expression) = word.expression() else { return Wanted::Nothing };
        parts.push(expression);
    }
    match (parts.is_empty(), query.notable) {
        (true, false) => Wanted::Everything,
        (true, true) => Wanted::Match("facets : \"x\" NOT facets : \"tquiet\"".to_owned()),
        (false, false) => Wanted::Match(parts.join(" AND ")),
        (false, true) => Wanted::Match(format!("({}) NOT facets : \"tquiet\"", parts.join(" AND "))),
    }
}

/// A word as a phrase: nothing in it is syntax.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// SQLite's `hex()`.
fn hex(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut out, byte| {
        // writing to a String cannot fail
        write!(out, "{byte:02X}").unwrap_or_default();
        out
    })
}

/// Where an instant begins in the record.
pub(super) fn place(at: Timestamp) -> i64 {
    at.as_micros().clamp(0, LATEST) / 1_000 * ROOM
}

/// The part of the record a question is about: from the first place to before the second.
pub(super) fn bounds(query: &TimelineQuery) -> (i64, i64) {
    let edge = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
    let from = query.from.map_or(i64::MIN, place);
    let to = query.to.map_or(i64::MAX, |to| place(to).saturating_add(ROOM));
    let after = edge(&query.after).map_or(i64::MIN, |edge| edge.saturating_add(1));
    (from.max(after), to.min(edge(&query.before).unwrap_or(i64::MAX)))
}

/// Whether `text` has all the words, as the index would find them: each must begin a word of it, and the parts of one
/// word (`story-teller`) must follow one another.
pub(super) struct Reader(Vec<(Vec<String>, bool)>);

impl Reader {
    /// Looks for these words, which may go on in any way that their spelling allows.
    pub(super) fn new<'a>(words: impl IntoIterator<Item = &'a Spelled>) -> Self {
        Self(words.into_iter().map(|word| (tokens(&word.word), word.ending != Ending::None)).collect())
    }

    /// Whether they are all in one of the texts, word by word.
    pub(super) fn finds(&self, texts: &[&str]) -> bool {
        let texts: Vec<Vec<String>> = texts.iter().map(|text| tokens(text)).collect();
        self.0.iter().all(|(parts, begins)| texts.iter().any(|text| text.windows(parts.len()).any(|at| follows(at, parts, *begins))))
    }
}

fn follows(at: &[String], parts: &[String], begins: bool) -> bool {
    let Some((last, before)) = parts.split_last() else { return true };
    let Some((found, whole)) = at.split_last() else { return false };
    whole == before && if begins { found.starts_with(last.as_str()) } else { found == last }
}

fn tokens(text: &str) -> Vec<String> {
    text.split(|character: char| !character.is_alphanumeric()).filter(|token| !token.is_empty()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(q: &str) -> Wanted {
        let words: Vec<Spelled> = words(q).into_iter().map(Spelled::new).collect();
        wanted(&TimelineQuery { q: q.to_owned(), ..TimelineQuery::default() }, None, &words)
    }

    #[test]
    fn what_a_reader_types_is_never_syntax() {
        for (q, expression) in [
            ("story-teller", "{said words} : \"story-teller\"*"),
            ("a OR b", "{said words} : \"a\" AND {said words} : \"OR\"* AND {said words} : \"b\""),
            ("said:\"x", "{said words} : \"said:\"\"x\"*"),
            ("NEAR(x,2) ^* )", "{said words} : \"NEAR(x,2)\"*"),
            ("tab\0ped", "{said words} : \"tab\"* AND {said words} : \"ped\"*"),
        ] {
            assert_eq!(asked(q), Wanted::Match(expression.into()), "{q}");
        }
        let long = "x ".repeat(500);
        assert!(matches!(asked(&long), Wanted::Match(expression) if expression.len() < 1_000));
    }

    #[test]
    fn a_beginning_is_asked_for_by_the_words_it_begins() {
        let query = TimelineQuery::default();
        let asked = |word: &str, ending: &[&str]| {
            let mut spelled = Spelled::new(word.into());
            let end = spelled.open_end();
            spelled.ending = Ending::OneOf(ending.iter().map(|word| (*word).to_owned()).collect());
            (end, wanted(&query, None, [&spelled]))
        };
        let found = |expression: &str| Wanted::Match(expression.into());
        assert_eq!(
            asked("Story-Tel:", &["teller", "tells"]),
            (Some("tel".into()), found("{said words} : (\"Story-teller\" OR \"Story-tells\")"))
        );
        assert_eq!(asked("(137", &["137"]), (Some("137".into()), found("{said words} : \"(137\"")));
        assert_eq!(asked("zzz", &[]), (Some("zzz".into()), Wanted::Nothing));
        for alone in ["é1", "x", "caf\u{e9}s", "***"] {
            assert_eq!(Spelled::new(alone.into()).open_end(), None, "{alone}");
        }
    }

    #[test]
    fn filters_are_words_of_the_index() {
        let query = TimelineQuery { notable: true, ..TimelineQuery::default() };
        assert_eq!(wanted(&query, None, []), Wanted::Match("facets : \"x\" NOT facets : \"tquiet\"".into()));
        let query = TimelineQuery { service: Some("a\"b".into()), ..query };
        let expression = "(facets : \"ktaskstopped\" AND facets : \"s612262\") NOT facets : \"tquiet\"";
        assert_eq!(wanted(&query, Some(EventKind::TaskStopped), []), Wanted::Match(expression.into()));
    }

    #[test]
    fn the_edges_of_a_question() {
        let at = |micros| Timestamp::from_micros(micros);
        let query = TimelineQuery { from: Some(at(5_000)), to: Some(at(5_000)), ..TimelineQuery::default() };
        assert_eq!(bounds(&query), (5 * ROOM, 6 * ROOM));
        let query = TimelineQuery { before: Some("77".into()), after: Some("70".into()), ..TimelineQuery::default() };
        assert_eq!(bounds(&query), (71, 77));
        assert_eq!(place(at(i64::MIN)), 0);
        assert!(place(at(i64::MAX)) > 0);
    }

    fn reader(q: &str) -> Reader {
        let words: Vec<Spelled> = words(q).into_iter().map(Spelled::new).collect();
        Reader::new(&words)
    }

    #[test]
    fn the_reader_finds_what_the_index_finds() {
        let text = "story-teller-nats task 3f9c1a stopped: exit 137, OutOfMemoryError";
        for (q, finds) in [
            ("story-tel", true),
            ("STOP outofmem", true),
            ("tel", true),
            ("teller-story", false),
            ("memory", false),
            ("1", false),
            ("137", true),
            ("task stop miss", false),
        ] {
            assert_eq!(reader(q).finds(&[text, "last words"]), finds, "{q}");
        }
        assert!(reader("task words").finds(&[text, "last words"]), "each word may be in either text");
    }
}
