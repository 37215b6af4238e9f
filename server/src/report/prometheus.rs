//! The scores as Prometheus's text format. Carries no evidence: whoever scrapes it would read that as a series.
//!
//! Labels are service and check and nothing else: a label with a sentence or a revision in it would be a new series each day.
//! What is not known has no value; that of a check is -1, because nothing at all would be taken for well.

use std::fmt::Write;

use domain::readiness::assess::Assessed;
use domain::readiness::{Answer, Score, State};
use domain::report::Document;
use domain::text;

use super::carry::Sealed;

/// The file.
pub(super) fn render(sealed: &Sealed) -> String {
    let mut out = String::with_capacity(64 * 1024);
    // writing to a String cannot fail
    write_all(&mut out, sealed.document()).unwrap_or_default();
    out
}

/// One number of a score.
type Number = fn(&Score) -> Option<u8>;

fn write_all(out: &mut String, document: &Document) -> std::fmt::Result {
    let fleet = &document.readiness.fleet;
    let numbers: [(&str, &str, Number); 3] = [
        ("score", "Readiness from 0 to 100, after every gate; absent without enough evidence.", |score| score.score),
        ("upper", "What it would be if everything unknown turned out well.", |score| score.upper),
        ("unwaived", "What it would be if every waived check counted as failed.", |score| score.unwaived),
    ];
    for (name, help, number) in numbers {
        head(out, &format!("signalbox_readiness_{name}"), help)?;
        if let Some(value) = number(fleet) {
            writeln!(out, "signalbox_readiness_{name} {value}")?;
        }
        head(out, &format!("signalbox_readiness_service_{name}"), help)?;
        for judged in document.judged() {
            if let Some(value) = number(&judged.score) {
                writeln!(
                    out,
                    "signalbox_readiness_service_{name}{{service=\"{}\"}} {value}",
                    label(&document.called(&judged.asked.subject))
                )?;
            }
        }
    }
    head(out, "signalbox_readiness_confidence", "The share of the weight that rests on fresh evidence.")?;
    writeln!(out, "signalbox_readiness_confidence {}", thousandths(fleet.confidence))?;
    head(
        out,
        "signalbox_readiness_check",
        "1 it holds, 0 it does not, between in part, -1 not known. A waived check has what is found meanwhile.",
    )?;
    for judged in document.judged() {
        let service = label(&document.called(&judged.asked.subject));
        for assessed in &judged.checks {
            if let Some(value) = value(assessed) {
                writeln!(out, "signalbox_readiness_check{{service=\"{service}\",check=\"{}\"}} {value}", label(&assessed.check))?;
            }
        }
    }
    head(out, "signalbox_readiness_waiver_days", "Whole days until the waiver of a check ends.")?;
    for judged in document.judged() {
        let service = label(&document.called(&judged.asked.subject));
        for assessed in &judged.checks {
            let waiver = document.waivers.iter().find(|waiver| Some(waiver.id) == assessed.waiver);
            if let Some(days) = waiver.and_then(|waiver| waiver.days_left(document.readiness.at)) {
                writeln!(out, "signalbox_readiness_waiver_days{{service=\"{service}\",check=\"{}\"}} {days}", label(&assessed.check))?;
            }
        }
    }
    head(out, "signalbox_readiness_made_seconds", "When the report was made, in seconds since 1970.")?;
    writeln!(out, "signalbox_readiness_made_seconds {}", document.made.as_micros().div_euclid(1_000_000))
}

fn head(out: &mut String, name: &str, help: &str) -> std::fmt::Result {
    writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge")
}

/// None where the question does not arise.
fn value(assessed: &Assessed) -> Option<String> {
    if assessed.state == State::Unknown {
        return Some("-1".to_owned());
    }
    match assessed.found.as_ref().map(|found| found.answer) {
        Some(Answer::Known { value, .. }) => Some(thousandths(value)),
        Some(Answer::NotApplicable) => None,
        Some(Answer::Unknown { .. }) | None => Some("-1".to_owned()),
    }
}

/// Thousandths as a number: `0.937`, `1`.
fn thousandths(permille: u16) -> String {
    let digits = format!("{}.{:03}", permille / 1_000, permille % 1_000);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A label's value.
fn label(said: &str) -> String {
    text::shown(said).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn each_line_is_a_comment_or_a_sample() {
        let text = render(&sample::hostile());
        assert!(text.ends_with('\n'));
        for line in text.lines().filter(|line| !line.starts_with("# ")) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let unescaped = series.replace("\\\\", "").replace("\\\"", "");
            assert!([0, 2, 4].contains(&unescaped.matches('"').count()), "{line}");
            assert!(!unescaped.contains("revision=") && series.starts_with("signalbox_readiness_"), "{line}");
        }
    }

    #[test]
    fn what_is_not_known_is_minus_one() {
        let text = render(&sample::sealed());
        assert!(text.contains("check=\"H3\"} -1\n"), "{text}");
        assert!(text.contains("signalbox_readiness_score 69\n"), "{text}");
        assert_eq!([thousandths(1_000), thousandths(937), thousandths(0), thousandths(50)], ["1", "0.937", "0", "0.05"]);
    }
}
