//! The instants a page tells, apart from the rest of its HTML.
//!
//! Every sweep moves some of them ("as seen 4 s ago") while nothing else on the page changes, and their words pass with the
//! clock. So HTML is compared without them, and where only they differ they alone are sent. Separate because it knows HTML
//! and no page. The trap is a `<time>` whose words the browser does not write anew: that one is text like any other.

use domain::Timestamp;

/// How an element begins that may tell an instant.
const BEGINS: &str = "<time ";
/// What it has where its words are written anew in the browser ([`crate::parts::age`]).
const TOLD: &str = " data-told=\"";
/// What stands before its instant.
const AT: &str = " datetime=\"";
const ENDS: &str = "</time>";

/// One instant in a page, and the HTML around it.
struct Instant<'a> {
    /// What comes before it, from where the words of the one before ended.
    before: &'a str,
    written: &'a str,
    of: Timestamp,
    /// The rest of the tag. It holds the instant once more, for the tooltip.
    tag: &'a str,
    /// How long ago that was, as it was when this was written.
    words: &'a str,
}

impl<'a> Instant<'a> {
    /// The one told by the element that begins at `at`, and where its words end. Attributes hold no `<`, `>` or `"` of anybody's
    /// names: those were escaped.
    fn at(html: &'a str, from: usize, at: usize) -> Option<(Self, usize)> {
        let (tag, _) = html.get(at..)?.split_once('>')?;
        let starts = at + tag.contains(TOLD).then(|| tag.find(AT)).flatten()? + AT.len();
        let (written, rest) = html.get(starts..)?.split_once('"')?;
        let (tag, rest) = rest.split_at_checked(rest.find('>')? + 1)?;
        let (words, rest) = rest.split_at_checked(rest.find(ENDS)?)?;
        let of = written.parse().ok()?;
        Some((Self { before: html.get(from..starts)?, written, of, tag, words }, html.len() - rest.len()))
    }
}

/// Cuts HTML into its instants and what comes after the last.
fn cut(html: &str) -> (Vec<Instant<'_>>, &str) {
    let (mut instants, mut from) = (Vec::new(), 0);
    for (at, _) in html.match_indices(BEGINS) {
        if let Some((instant, end)) = Instant::at(html, from, at) {
            instants.push(instant);
            from = end;
        }
    }
    (instants, html.get(from..).unwrap_or_default())
}

/// What HTML says besides instants, and those, in microseconds since 1970.
#[cfg(feature = "ssr")]
pub(super) fn apart(html: &str) -> (String, Vec<i64>) {
    let (instants, rest) = cut(html);
    let mut said = String::with_capacity(html.len());
    for instant in &instants {
        let tag = instant.tag.replace(instant.written, "");
        said.extend([instant.before, "\"", tag.as_str()]);
    }
    said.push_str(rest);
    (said, instants.iter().map(|instant| instant.of.as_micros()).collect())
}

/// The same HTML with other instants; nothing where it does not tell as many.
pub(super) fn put(html: &str, micros: &[i64]) -> Option<String> {
    let (instants, rest) = cut(html);
    if instants.len() != micros.len() {
        return None;
    }
    let mut out = String::with_capacity(html.len());
    for (instant, micros) in instants.iter().zip(micros) {
        let of = Timestamp::from_micros(*micros);
        if of == instant.of {
            out.extend([instant.before, instant.written, "\"", instant.tag, instant.words]);
        } else {
            // without words: those that are here are of another instant, and the browser writes them anew
            let written = of.to_string();
            let tag = instant.tag.replace(instant.written, &written);
            out.extend([instant.before, written.as_str(), "\"", tag.as_str()]);
        }
    }
    out.push_str(rest);
    Some(out)
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;

    fn time(at: &str, words: &str) -> String {
        format!("<time data-told=\"ago\" datetime=\"{at}\" title=\"{at}\" class=\"age\">{words}<!></time>")
    }

    const NOON: &str = "2026-05-02T12:00:00Z";
    const LATER: &str = "2026-05-02T12:00:15.25Z";

    #[test]
    fn pages_that_differ_in_their_instants_alone_say_the_same() {
        let page = |one: &str, other: &str| format!("<p>as seen {one}</p><p>{other} it began</p>");
        let (before, after) = (page(&time(NOON, "4 s ago"), &time(NOON, "now")), page(&time(LATER, "2 s ago"), &time(NOON, "1 min ago")));
        let ((said, instants), (again, moved)) = (apart(&before), apart(&after));
        assert_eq!(said, again);
        assert_eq!(instants, [1_777_723_200_000_000; 2]);
        assert_eq!(moved, [1_777_723_215_250_000, 1_777_723_200_000_000]);
        assert_eq!(put(&before, &moved).unwrap(), page(&time(LATER, "").replace("<!>", ""), &time(NOON, "now")));
        assert_eq!(put(&before, &instants).unwrap(), before, "what did not move stays to the letter");
        assert_eq!(put(&before, &moved[..1]), None);
    }

    #[test]
    fn what_else_is_said_counts() {
        let said = |html: &str| apart(html).0;
        assert_ne!(said(&format!("2 of 2 {}", time(NOON, "now"))), said(&format!("1 of 2 {}", time(NOON, "now"))));
        assert_ne!(said(&format!("{} up", time(NOON, "now"))), said(&format!("{} down", time(NOON, "now"))));
        assert_ne!(said(&format!("<p>{}</p>", time(NOON, "now"))), said("<p></p>"), "one that is gone is a change");
        let ago = time(NOON, "now");
        assert_ne!(said(&ago), said(&ago.replace("\"ago\"", "\"since\"")), "and so is how it is told");
    }

    #[test]
    fn a_time_that_nobody_writes_anew_is_text() {
        let still = format!("<time class=\"age\" datetime=\"{NOON}\">4 s ago</time>{}", time(NOON, "now"));
        let (said, instants) = apart(&still);
        assert!(said.contains("4 s ago"), "{said}");
        assert_eq!(instants.len(), 1);
        for odd in
            ["<time data-told=\"ago\" datetime=\"noon\">now</time>", "<time data-told=\"ago\" datetime=\"", "<time ", "é<time é>", ""]
        {
            assert_eq!(apart(odd), (odd.to_owned(), Vec::new()));
            assert_eq!(put(odd, &[]).as_deref(), Some(odd));
        }
    }
}
