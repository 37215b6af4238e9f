//! A row a check of each service and environment, for a spreadsheet. Carries no evidence: a spreadsheet has no place for it.

use domain::readiness::assess::{Assessed, Judged};
use domain::readiness::{Answer, Found};
use domain::report::Document;

use super::carry::Sealed;
use crate::web::csv::Csv;

const HEADS: [&str; 20] = [
    "report",
    "environment",
    "cluster",
    "service",
    "check",
    "title",
    "category",
    "weight",
    "gate",
    "state",
    "unknown_because",
    "permille",
    "freshness_permille",
    "holds_score_at",
    "waiver",
    "seen",
    "counts_until",
    "source",
    "request_id",
    "said",
];

/// The file.
pub(super) fn render(sealed: &Sealed) -> String {
    let document = sealed.document();
    let mut csv = Csv::new(&HEADS);
    for judged in document.judged() {
        for assessed in &judged.checks {
            csv.row(row(document, judged, assessed));
        }
    }
    csv.into_text()
}

fn row(document: &Document, judged: &Judged, assessed: &Assessed) -> [String; 20] {
    let (subject, check, found) = (&judged.asked.subject, document.card.check(&assessed.check), assessed.found.as_ref());
    let key = subject.service();
    let value = match found.map(|found| found.answer) {
        Some(Answer::Known { value, .. }) => value.to_string(),
        _ => String::new(),
    };
    let weight = check.map_or("", |check| if check.preview { "preview" } else { check.weight.as_str() });
    [
        document.id.clone(),
        subject.environment().to_owned(),
        key.map(|key| key.cluster.clone()).unwrap_or_default(),
        key.map(|key| key.service.clone()).unwrap_or_default(),
        assessed.check.to_string(),
        document.title(&assessed.check).to_owned(),
        check.map(|check| check.category.clone()).unwrap_or_default(),
        weight.to_owned(),
        or_empty(check.and_then(|check| check.gate)),
        assessed.state.as_str().to_owned(),
        assessed.unknown.map_or("", |unknown| unknown.as_str()).to_owned(),
        value,
        assessed.freshness.to_string(),
        or_empty(assessed.cap),
        or_empty(assessed.waiver),
        or_empty(found.and_then(|found| found.observed_at)),
        or_empty(found.and_then(|found| found.valid_until)),
        found.map(Found::source_said).unwrap_or_default(),
        found.and_then(|found| found.request_id.as_deref()).unwrap_or_default().to_owned(),
        found.map(|found| found.said.to_string()).unwrap_or_default(),
    ]
}

fn or_empty<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn there_is_a_row_a_check_and_no_cell_is_a_formula() {
        let sealed = sample::hostile();
        let text = render(&sealed);
        let checks: usize = sealed.document().judged().map(|judged| judged.checks.len()).sum();
        assert!(text.starts_with("\u{feff}report,environment,"));
        // names have line ends of their own, so rows are counted by what each begins with
        assert_eq!(text.matches(&format!("\r\n{},", sealed.document().id)).count(), checks);
        assert!(text.contains(",'=cmd()") || text.contains(",\"'=cmd()"), "{text}");
        for begins in [",=", ",\"=", ",@", ",\"@"] {
            assert!(!text.contains(begins), "{begins} in {text}");
        }
        assert!(!text.contains('\0') && !text.contains('\u{202E}'));
    }
}
