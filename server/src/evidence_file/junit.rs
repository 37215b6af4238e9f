//! JUnit's XML, as the many tools that say they write it do.
//!
//! There is no one schema. Shapes taken from the xUnit plugin of Jenkins (`junit-10.xsd`), Maven Surefire
//! (`surefire-test-report.xsd`) and pytest: a root `testsuites` or `testsuite`, suites within suites, cases with `failure`, `error`
//! or `skipped` in them, counts as attributes which may be missing. What counts are the cases; where a suite declares more
//! failures than its cases show, the declared ones do, because some tools leave cases out. A skipped case is no pass.
//! Surefire's `flakyFailure` and `rerunFailure` are attempts of a case and no verdict. No entity is expanded: a document that
//! declares a type is refused.

use domain::readiness::card::Thresholds;
use domain::text;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Spoken, Unread, share};

/// Elements may stand within one another so deep.
const DEEPEST: usize = 64;
/// Failed cases that are named.
const NAMED: usize = 3;

/// What the cases said.
#[derive(Default)]
struct Counted {
    cases: u32,
    failed: u32,
    skipped: u32,
    /// The first failed ones.
    names: Vec<String>,
    /// Failures and errors as the outermost suites declare them, and as the root does.
    declared: u32,
    root: Option<u32>,
}

/// A case, while it is read.
struct Case {
    name: String,
    failed: bool,
    skipped: bool,
    depth: usize,
}

/// Reads a report.
pub(super) fn read(text: &str, limits: &Thresholds) -> Result<Spoken, Unread> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let (mut depth, mut counted, mut case) = (0, Counted::default(), None::<Case>);
    loop {
        match reader.read_event().map_err(|error| broken(&error.to_string()))? {
            Event::Start(element) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(Unread(format!("Elements stand more than {DEEPEST} deep within one another: this is no test report.")));
                }
                counted.begin(&element, depth, &mut case)?;
            }
            Event::End(_) => {
                if let Some(case) = case.take_if(|case| case.depth == depth) {
                    counted.end(case);
                }
                depth = depth.saturating_sub(1);
            }
            Event::DocType(_) => {
                return Err(Unread(
                    "The file declares a document type, which a test report has no need of: take the DOCTYPE out.".to_owned(),
                ));
            }
            Event::Eof if depth > 0 => return Err(broken("it ends within an element")),
            Event::Eof => break,
            _ => {}
        }
    }
    if counted.root.is_none() {
        return Err(broken("there is no element in it"));
    }
    Ok(counted.against(limits))
}

fn broken(why: &str) -> Unread {
    Unread(format!("The file is no JUnit report ({}): hand in the XML your test runner wrote.", text::shown(why)))
}

/// An attribute's text. Entities of a document type stay as they are written.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = element.try_get_attribute(name).ok().flatten()?;
    let written = String::from_utf8_lossy(&attribute.value).into_owned();
    let read = quick_xml::escape::unescape(&written).map(|text| text.into_owned());
    Some(read.unwrap_or(written))
}

/// Failures and errors that a suite declares.
fn declared(element: &BytesStart<'_>) -> u32 {
    let count = |name| attribute(element, name).and_then(|count| count.trim().parse::<u32>().ok()).unwrap_or(0);
    count("failures").saturating_add(count("errors"))
}

impl Counted {
    fn begin(&mut self, element: &BytesStart<'_>, depth: usize, case: &mut Option<Case>) -> Result<(), Unread> {
        let name = element.local_name();
        match (name.as_ref(), case.is_some()) {
            (b"testsuites" | b"testsuite", false) if depth == 1 => self.root = Some(declared(element)),
            _ if depth == 1 => return Err(broken("its root is neither testsuites nor testsuite")),
            (b"testsuite", false) if depth == 2 => self.declared = self.declared.saturating_add(declared(element)),
            (b"testcase", false) => {
                let told = [attribute(element, "classname"), attribute(element, "name")];
                let name = told.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" › ");
                // GoogleTest says it so
                let skipped = attribute(element, "status").is_some_and(|status| status == "notrun");
                *case = Some(Case { name, failed: false, skipped, depth });
            }
            // a suite that could not be set up
            (b"failure" | b"error", false) => self.fail("a suite itself".to_owned()),
            (b"failure" | b"error", true) => case.iter_mut().for_each(|case| case.failed = true),
            (b"skipped" | b"disabled", true) => case.iter_mut().for_each(|case| case.skipped = true),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, case: Case) {
        self.cases = self.cases.saturating_add(1);
        if case.failed {
            self.fail(case.name);
        } else if case.skipped {
            self.skipped = self.skipped.saturating_add(1);
        }
    }

    fn fail(&mut self, name: String) {
        self.failed = self.failed.saturating_add(1);
        if self.names.len() < NAMED {
            self.names.push(format!("\"{}\"", text::shown(&name)));
        }
    }

    fn against(self, limits: &Thresholds) -> Spoken {
        let declared = self.root.unwrap_or(0).max(self.declared);
        let failed = self.failed.max(declared);
        let run = self.cases.saturating_sub(self.skipped);
        let enough = run >= limits.tests_at_least;
        let good = failed <= limits.tests_failed;
        let value = match (enough, good) {
            (true, true) => 1_000,
            // with a failure too many it never reads as all of them
            (true, false) => share(run.saturating_sub(failed), run).min(999),
            (false, _) => 0,
        };
        let cases = text::count(u64::from(self.cases), "test case");
        let mut said = format!("JUnit: {cases}, {failed} failed ({} allowed), {} skipped", limits.tests_failed, self.skipped);
        if !enough {
            said.push_str(&format!("; {run} ran, {} at least are asked", limits.tests_at_least));
        }
        if declared > self.failed {
            said.push_str(&format!("; the suites declare {declared} failures and the cases show {}", self.failed));
        }
        if !self.names.is_empty() {
            let more = if self.failed > u32::try_from(NAMED).unwrap_or(u32::MAX) { ", …" } else { "" };
            said.push_str(&format!("; failed: {}{more}", self.names.join(", ")));
        }
        Spoken { value, said }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(text: &str) -> Spoken {
        read(text, &Thresholds::default()).unwrap()
    }

    #[test]
    fn cases_count_however_suites_are_nested() {
        for (text, value, said) in [
            ("<testsuite><testcase name='a'/></testsuite>", 1_000, "JUnit: 1 test case, 0 failed (0 allowed), 0 skipped"),
            (
                "<?xml version='1.0' encoding='UTF-8'?><testsuites><testsuite name='one'><testsuite name='two'><testcase classname='auth' name='logs in'>\
                 <failure message='no'>trace</failure></testcase><testcase name='b'/><testcase name='c'><skipped/></testcase></testsuite></testsuite>\
                 <testsuite><testcase name='d'><error/></testcase><testcase name='e'><system-out><![CDATA[<failure>]]></system-out></testcase></testsuite></testsuites>",
                500,
                "JUnit: 5 test cases, 2 failed (0 allowed), 1 skipped; failed: \"auth › logs in\", \"d\"",
            ),
            (
                "<testsuite tests='1'><testcase name='flaky'><flakyFailure>once</flakyFailure></testcase></testsuite>",
                1_000,
                "JUnit: 1 test case, 0 failed (0 allowed), 0 skipped",
            ),
            (
                "<testsuites failures='2' errors='1'><testsuite failures='2' errors='1'><testcase name='a'/><testcase name='b'/></testsuite></testsuites>",
                0,
                "JUnit: 2 test cases, 3 failed (0 allowed), 0 skipped; the suites declare 3 failures and the cases show 0",
            ),
            (
                "<testsuite><error message='set-up'/><testcase name='a'/></testsuite>",
                0,
                "JUnit: 1 test case, 1 failed (0 allowed), 0 skipped; failed: \"a suite itself\"",
            ),
            ("<testsuites/>", 0, "JUnit: 0 test cases, 0 failed (0 allowed), 0 skipped; 0 ran, 1 at least are asked"),
            (
                "<testsuite><testcase name='a' status='notrun'/></testsuite>",
                0,
                "JUnit: 1 test case, 0 failed (0 allowed), 1 skipped; 0 ran, 1 at least are asked",
            ),
        ] {
            assert_eq!(spoken(text), Spoken { value, said: said.to_owned() }, "{text}");
        }
    }

    #[test]
    fn a_failure_is_never_rounded_away() {
        let many = "<testcase name='a'/>".repeat(2_000);
        let text = format!("<testsuite>{many}<testcase name='&lt;b&gt; &amp; \u{202E}c'><failure/></testcase></testsuite>");
        let spoken = spoken(&text);
        assert_eq!((spoken.value, spoken.said.ends_with("failed: \"<b> & ·c\"")), (999, true), "{spoken:?}");
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let deep = format!("<testsuites>{}", "<testsuite>".repeat(100));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]><testsuite><testcase name='&c;'/></testsuite>";
        for (text, said) in [
            ("<html><testcase/></html>", "its root is neither"),
            ("<testcase name='a'/>", "its root is neither"),
            ("<testsuite><testcase></testsuite>", "no JUnit report"),
            ("<testsuite><testcase name='a'/>", "ends within an element"),
            ("", "no element in it"),
            ("words", "no element in it"),
            (bomb, "declares a document type"),
            (deep.as_str(), "more than 64 deep"),
        ] {
            let unread = read(text, &Thresholds::default()).unwrap_err().to_string();
            assert!(unread.contains(said), "{said}: {unread}");
        }
    }
}
