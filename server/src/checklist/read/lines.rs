//! Lines and columns: where one begins, how far a text is indented, and a note without the indentation of its item.

use std::ops::Range;

/// A tab goes to the next column that is a multiple of this (CommonMark 0.31, 2.2).
const TAB: usize = 4;

/// Where the line of a place begins.
pub(super) fn start_of_line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(..at).unwrap_or_default();
    before.iter().rposition(|byte| *byte == b'\n').map_or(0, |feed| feed + 1)
}

/// Where the line of a place ends, without its line feed.
pub(super) fn end_of_line(text: &str, at: usize) -> usize {
    let after = text.as_bytes().get(at..).unwrap_or_default();
    after.iter().position(|byte| *byte == b'\n').map_or(text.len(), |feed| at + feed)
}

/// The column of a place in its line.
pub(super) fn column(text: &str, at: usize) -> usize {
    width(text.get(start_of_line(text, at)..at).unwrap_or_default())
}

/// Where the content of a list item begins whose marker is at this place or after white space.
pub(super) fn content(text: &str, at: usize) -> usize {
    let item = text.get(at..).unwrap_or_default().trim_start();
    let marker = item.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let marker = marker.strip_prefix(['-', '*', '+', '.', ')']).unwrap_or(marker);
    text.len() - marker.trim_start().len()
}

/// How many columns a text takes from the beginning of a line.
fn width(text: &str) -> usize {
    text.chars().fold(0, |at, letter| if letter == '\t' { at + TAB - at % TAB } else { at + 1 })
}

/// How far a line is indented, and the line without that.
fn indented(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches([' ', '\t']);
    (width(line.strip_suffix(rest).unwrap_or_default()), rest)
}

/// Whether a place stands in one of these ranges, which are in order.
pub(super) fn within(ranges: &[Range<usize>], at: usize) -> bool {
    let before = ranges.get(..ranges.partition_point(|range| range.start <= at)).unwrap_or_default();
    before.last().is_some_and(|range| at < range.end)
}

/// Lines without the indentation of the item they stand below, and without empty ones around them. A line that is indented less
/// stands outside of the item, and what comes after it keeps its place beside it. At column 0 they stay as they are. Tabs become
/// the spaces they stand for, since they stand for others in another place; in `code` they stay, being somebody's.
pub(super) fn dedent(text: &str, lines: Range<usize>, column: usize, code: &[Range<usize>]) -> String {
    let (mut strip, mut at) = (column, lines.start);
    let mut out: Vec<String> = Vec::new();
    for line in text.get(lines).unwrap_or_default().split('\n') {
        let (indent, rest) = indented(line);
        let start = at;
        at += line.len() + 1;
        if rest.is_empty() {
            out.push(String::new());
            continue;
        }
        strip = strip.min(indent);
        // what could be taken for the end of the code must not come nearer to it
        let kept = within(code, start) && !rest.starts_with(['`', '~']);
        out.push(match (column, kept) {
            (0, _) => line.to_owned(),
            (_, true) => cut(line, strip),
            (_, false) => format!("{}{rest}", " ".repeat(indent - strip)),
        });
    }
    let first = out.iter().position(|line| !line.is_empty()).unwrap_or(out.len());
    let last = out.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    out.get(first..last).unwrap_or_default().join("\n")
}

/// A line without so many columns of white space. Of a tab that is cut into, the rest stays as spaces.
fn cut(line: &str, columns: usize) -> String {
    let mut at = 0;
    let mut rest = line;
    while at < columns {
        let Some(after) = rest.strip_prefix([' ', '\t']) else { break };
        at = if rest.starts_with('\t') { at + TAB - at % TAB } else { at + 1 };
        rest = after;
    }
    format!("{}{rest}", " ".repeat(at.saturating_sub(columns)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_lose_the_indentation_of_their_item_and_no_more() {
        for (source, column, note) in [
            ("\n  one\n    two\n", 2, "one\n  two"),
            ("\n\n   \n  one\n\n", 2, "one"),
            ("\n  inside\n\noutside\n  more", 2, "inside\n\noutside\n  more"),
            ("\n      code", 2, "    code"),
            ("\n\tone", 2, "  one"),
            ("\n  \tone", 2, "  one"),
            ("\n \n", 2, ""),
            ("\tas it is", 0, "\tas it is"),
        ] {
            assert_eq!(dedent(source, 0..source.len(), column, &[]), note, "{source:?}");
        }
        for (source, kept) in [("```\n\tmake\n\t```\n```", "```\n\tmake\n    ```\n```"), ("  ```\n  \tmake\n  ```", "```\n\tmake\n```")] {
            assert_eq!(dedent(source, 0..source.len(), 2, std::slice::from_ref(&(2..source.len()))), kept, "{source:?}");
        }
    }

    #[test]
    fn the_content_of_an_item_is_found_behind_its_marker() {
        for (text, at, found) in [("- words", 0, 2), ("x\n  12) words", 1, 8), ("*   words", 0, 4), ("-", 0, 1)] {
            assert_eq!(content(text, at), found, "{text:?}");
        }
        assert_eq!((column("a\n\t- x", 5), column("- x", 2)), (6, 2));
    }
}
