//! What stands in the cells of what changed, and of a score over time.

use domain::readiness::{State, Subject};
use domain::view::{CheckChanged, ReadinessTrend, TrendBreak, TrendRow};

use super::super::csv::Csv;
use super::rows::{known, place};

/// The environment, and the cluster and service where it is of one.
fn placed(subject: &Subject) -> [String; 3] {
    match subject.service() {
        Some(key) => place(Some(key)),
        None => [subject.environment().to_owned(), String::new(), String::new()],
    }
}

pub(super) fn changes(all: &[CheckChanged]) -> Csv {
    let mut csv =
        Csv::new(&["since", "environment", "cluster", "service", "check", "asks for", "was", "is", "direction", "reason", "preview"]);
    for row in all {
        let state = |state: Option<State>| known(state.map(State::as_str));
        let what = [row.check.clone(), known(row.title.as_ref()), state(row.before), state(row.after)];
        let preview = if row.preview { "yes" } else { "no" };
        let why = [row.direction.as_str().to_owned(), row.reason.clone(), preview.to_owned()];
        csv.row([row.at.to_string()].into_iter().chain(placed(&row.subject)).chain(what).chain(why));
    }
    csv
}

pub(super) fn trend(trend: &ReadinessTrend) -> Csv {
    let mut csv = Csv::new(&[
        "of",
        "from",
        "until",
        "score",
        "at most",
        "without waivers",
        "confidence in percent",
        "letter",
        "held down",
        "version of the formula",
        "score card",
        "compared with nothing before because of",
    ]);
    for row in &trend.rows {
        csv.row(scored(&trend.of, row));
    }
    csv
}

fn scored(of: &str, row: &TrendRow) -> [String; 12] {
    [
        of.to_owned(),
        row.from.to_string(),
        known(row.to),
        known(row.score),
        known(row.upper),
        known(row.unwaived),
        row.percent().to_string(),
        known(row.letter.as_ref()),
        row.held(),
        row.model.to_string(),
        row.card.clone(),
        known(row.breaks.map(TrendBreak::said)),
    ]
}

#[cfg(test)]
mod tests {
    use domain::Timestamp;
    use domain::judge::Tone;
    use domain::service::ServiceKey;
    use domain::view::{ChangeWay, TrendFacts};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(1_777_714_800 + second)
    }

    #[test]
    fn each_change_is_a_row_and_no_name_is_a_formula() {
        let key = ServiceKey { environment: "production".into(), cluster: "main".into(), service: "=auth".into() };
        let row = CheckChanged {
            subject: Subject::Service(key),
            name: "=auth".into(),
            path: String::new(),
            check: "H1".into(),
            title: None,
            preview: false,
            before: None,
            was: "not asked".into(),
            was_tone: Tone::Quiet,
            after: Some(State::NotApplicable),
            is: "not applicable".into(),
            is_tone: Tone::Quiet,
            direction: ChangeWay::Other,
            at: at(0),
            reason: "it wants no task, or so".into(),
        };
        let whole = CheckChanged { subject: Subject::Environment { environment: "production".into() }, ..row.clone() };
        let text = changes(&[row, whole]).into_text();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "2026-05-02T09:40:00Z,production,main,'=auth,H1,,,not_applicable,other,\"it wants no task, or so\",no",
                "2026-05-02T09:40:00Z,production,,,H1,,,not_applicable,other,\"it wants no task, or so\",no",
            ]
        );
    }

    #[test]
    fn each_score_is_a_row_with_why_the_line_breaks() {
        let row = |from: i64, to: Option<i64>, card: &str| TrendRow {
            from: at(from),
            to: to.map(at),
            score: to.map(|_| 69),
            upper: to.map(|_| 79),
            unwaived: to.map(|_| 60),
            confidence: 915,
            letter: to.map(|_| "D".to_owned()),
            caps: vec![("H1".to_owned(), 69)],
            model: 1,
            card: card.to_owned(),
            breaks: None,
        };
        let rows = vec![row(0, Some(60), "ab"), row(60, None, "cd")];
        let text = trend(&ReadinessTrend::compose(TrendFacts { rows, ..TrendFacts::default() })).into_text();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "the fleet,2026-05-02T09:40:00Z,2026-05-02T09:41:00Z,69,79,60,91,D,69 by H1,1,ab,",
                "the fleet,2026-05-02T09:41:00Z,,,,,91,,69 by H1,1,cd,another score card",
            ]
        );
    }
}
