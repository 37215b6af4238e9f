//! A suite a service, for a pipeline. Failure: it does not hold. Error: it is not known; a skipped case looks green, so unknown
//! is never one. Skipped: it does not apply, or somebody accepted it, with their words.
//!
//! The signed document is a property of an empty suite of its own, which every reader of JUnit files passes over.

use std::fmt::Write;

use domain::Timestamp;
use domain::readiness::assess::{Assessed, Judged};
use domain::readiness::{Check, State};
use domain::report::Document;

use super::carry::Sealed;
use super::escape::xml as safe;

/// What the carried document stands between.
const BEGIN: &str = "<property name=\"signalbox-report\" value=\"";
const END: &str = "\"/>";

/// The file.
pub(super) fn render(sealed: &Sealed) -> String {
    let document = sealed.document();
    let mut out = String::with_capacity(256 * 1024);
    // writing to a String cannot fail
    write_all(&mut out, document, &sealed.line()).unwrap_or_default();
    out
}

/// What a file carries.
pub(super) fn carried(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(BEGIN)?;
    Some(rest.split_once(END)?.0)
}

/// How many cases of each outcome.
#[derive(Clone, Copy, Default)]
struct Counted {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counted {
    fn of<'a>(checks: impl Iterator<Item = &'a Assessed>) -> Self {
        checks.fold(Self::default(), |mut counted, assessed| {
            counted.tests += 1;
            match assessed.state {
                State::Fail | State::Partial => counted.failures += 1,
                State::Unknown => counted.errors += 1,
                State::Waived | State::NotApplicable => counted.skipped += 1,
                State::Pass => {}
            }
            counted
        })
    }

    fn attributes(self) -> String {
        let Self { tests, failures, errors, skipped } = self;
        format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\"")
    }
}

fn write_all(out: &mut String, document: &Document, carried: &str) -> std::fmt::Result {
    let counted = Counted::of(document.judged().flat_map(|judged| &judged.checks));
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(out, "<testsuites name=\"signalbox readiness\" {}>", counted.attributes())?;
    let (id, at) = (safe(&document.id), document.readiness.at);
    writeln!(out, "  <testsuite name=\"signalbox report\" {} timestamp=\"{at}\">", Counted::default().attributes())?;
    writeln!(out, "    <properties>")?;
    writeln!(out, "      <property name=\"report\" value=\"{id}\"/>")?;
    writeln!(out, "      <property name=\"score\" value=\"{}\"/>", safe(&document.readiness.fleet.range()))?;
    writeln!(out, "      <property name=\"grade\" value=\"{}\"/>", safe(&document.readiness.fleet.grade()))?;
    writeln!(out, "      {BEGIN}{carried}{END}")?;
    writeln!(out, "    </properties>")?;
    writeln!(out, "  </testsuite>")?;
    for judged in document.judged() {
        write_suite(out, document, judged, at)?;
    }
    writeln!(out, "</testsuites>")
}

fn write_suite(out: &mut String, document: &Document, judged: &Judged, at: Timestamp) -> std::fmt::Result {
    let name = safe(&judged.asked.subject.to_string());
    let counted = Counted::of(judged.checks.iter());
    writeln!(out, "  <testsuite name=\"{name}\" {} timestamp=\"{at}\">", counted.attributes())?;
    for assessed in &judged.checks {
        let title = safe(&format!("{} {}", assessed.check, document.title(&assessed.check)));
        write!(out, "    <testcase classname=\"{name}\" name=\"{title}\" time=\"0\"")?;
        match outcome(document, assessed) {
            None => writeln!(out, "/>")?,
            Some(inside) => writeln!(out, ">\n      {inside}\n    </testcase>")?,
        }
    }
    writeln!(out, "  </testsuite>")
}

/// The element that says how a case ended; none where it passed.
fn outcome(document: &Document, assessed: &Assessed) -> Option<String> {
    let said = assessed.found.as_ref().map(|found| found.said_at(document.readiness.at)).unwrap_or_default();
    let check = document.card.check(&assessed.check);
    let text = |of: fn(&Check) -> &String| check.map(|check| of(check).clone()).unwrap_or_default();
    let body = || safe(&format!("{said}\nWhy it matters: {}\nWhat to do: {}", text(|check| &check.why), text(|check| &check.remedy)));
    match assessed.state {
        State::Pass => None,
        State::Fail | State::Partial => {
            let kind = assessed.state.as_str();
            Some(format!("<failure type=\"{kind}\" message=\"{}\">{}</failure>", safe(&said), body()))
        }
        State::Unknown => {
            let (kind, why) = assessed.unknown.map_or(("unknown", "not known"), |unknown| (unknown.as_str(), unknown.said()));
            let message = safe(format!("{why}: {said}").trim_end_matches(": "));
            Some(format!("<error type=\"{kind}\" message=\"{message}\">{}</error>", body()))
        }
        State::NotApplicable => Some(format!("<skipped message=\"{}\"/>", safe(format!("not applicable: {said}").trim_end_matches(": ")))),
        State::Waived => {
            let waiver = document.waivers.iter().find(|waiver| Some(waiver.id) == assessed.waiver);
            let words = waiver.map(|waiver| {
                let until = waiver.wish.expires.map_or_else(String::new, Timestamp::day);
                format!("waived until {until} by {}: {}", waiver.approver.as_deref().unwrap_or("nobody"), waiver.wish.reason)
            });
            Some(format!("<skipped message=\"{}\"/>", safe(&words.unwrap_or_else(|| "waived".to_owned()))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn unknown_is_an_error_and_never_skipped() {
        let sealed = sample::sealed();
        let text = render(&sealed);
        let of =
            |state: State| sealed.document().judged().flat_map(|judged| &judged.checks).filter(|assessed| assessed.state == state).count();
        assert!(of(State::Unknown) > 0 && of(State::Fail) > 0 && of(State::Waived) > 0);
        assert_eq!(text.matches("<error ").count(), of(State::Unknown));
        assert_eq!(text.matches("<failure ").count(), of(State::Fail) + of(State::Partial));
        assert_eq!(text.matches("<skipped ").count(), of(State::Waived) + of(State::NotApplicable));
    }

    #[test]
    fn it_is_well_formed_whatever_things_are_called() {
        let text = render(&sample::hostile());
        assert!(!text.contains("]]>") && !text.contains('\0') && !text.contains("<script"));
        let mut open = Vec::new();
        for tag in text.split('<').skip(1).map(|rest| rest.split_once('>').expect("a tag that ends").0) {
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
            match tag {
                _ if tag.starts_with('?') || tag.ends_with('/') => {}
                _ if tag.starts_with('/') => assert_eq!(open.pop(), Some(name)),
                _ => open.push(name),
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }
}
