use super::*;
use crate::rollout::cause::Cause;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + seconds)
}

fn verified() -> Stage {
    Stage::Verified { at: at(0), revision: "x/auth:23".into(), deployment: String::new() }
}

fn brief(status: Status, stages: Vec<Stage>) -> RolloutBrief {
    RolloutBrief {
        id: "r1".into(),
        number: 7,
        title: "Health check".into(),
        reason: "because".into(),
        status,
        planned_by: "ann".into(),
        planned: at(0),
        started: Some(at(1)),
        ended: None,
        steps: stages.into_iter().zip(["auth", "payment"]).map(|(stage, name)| (name.to_owned(), stage)).collect(),
    }
}

#[test]
fn a_row_says_how_a_rollout_stands() {
    let back = || Stage::PutBack { at: at(0), why: Cause::new(Kind::Health, "its check fails") };
    let by_hand = || Stage::PutBack { at: at(0), why: Cause::new(Kind::Person, "enough") };
    let why = || "incident".to_owned();
    let over = || Stage::Skipped { why: why(), replan: false };
    for (status, stages, tone, said, counts) in [
        (Status::Planned, vec![Stage::Waiting, Stage::Waiting], Tone::Quiet, "Nobody has started it: 2 services.", (0, 0)),
        (
            Status::Running,
            vec![verified(), Stage::Preflight { since: at(0) }],
            Tone::Move,
            "payment: looked at once more before anything is written.",
            (1, 0),
        ),
        (Status::Paused { why: why() }, vec![verified(), Stage::Waiting], Tone::Warn, "Paused: incident.", (1, 0)),
        (
            Status::Paused { why: why() },
            vec![Stage::Preflight { since: at(0) }, Stage::Waiting],
            Tone::Warn,
            "Paused: incident. auth is finished first.",
            (0, 0),
        ),
        (Status::Held { why: why(), since: at(0) }, vec![Stage::Waiting], Tone::Warn, "Waits: incident.", (0, 0)),
        (Status::Halted { why: why() }, vec![back(), Stage::Waiting], Tone::Bad, "Halted: incident.", (0, 1)),
        (Status::Aborting { why: why() }, vec![Stage::Waiting], Tone::Warn, "Aborted: incident.", (0, 0)),
        (Status::Aborted, vec![by_hand(), Stage::Waiting], Tone::Quiet, "Ended before its end: 1 put back, 1 never begun.", (0, 0)),
        (Status::Aborted, vec![over(), over()], Tone::Quiet, "Ended, and nothing is proven: 2 passed over.", (0, 0)),
        (Status::Succeeded, vec![verified(), verified()], Tone::Good, "Every step has ended: 2 verified.", (2, 0)),
        (Status::Succeeded, vec![verified(), back()], Tone::Warn, "Every step has ended: 1 verified, 1 put back.", (1, 1)),
        (Status::Undoing { why: why() }, vec![verified()], Tone::Move, "All of it is taken back: incident.", (1, 0)),
        (Status::Undone, vec![by_hand()], Tone::Quiet, "All of it was taken back: 1 put back.", (0, 0)),
    ] {
        let row = brief(status, stages).row();
        assert_eq!((row.tone, row.said.as_str(), (row.verified, row.failed)), (tone, said, counts));
        assert_eq!(row.path, "/rollouts/7");
    }
}

#[test]
fn urls_are_saved_views() {
    let query = RolloutsQuery::from_pairs([("q", "a & b"), ("only", "open"), ("only", "sideways"), ("page", "1")]);
    assert_eq!(
        (query.path().as_str(), query.ignored.as_slice()),
        ("/rollouts?q=a%20%26%20b&only=open", &["only=sideways".to_owned(), "page=1".to_owned()][..])
    );
    assert_eq!(RolloutsQuery::default().path(), "/rollouts");
    let query = RolloutQuery::from_pairs("7", [("step", "3"), ("step", "0"), ("x", "1")]);
    assert_eq!((query.path().as_str(), query.step), ("/rollouts/7?step=3", Some(3)));
    assert_eq!(query.ignored, ["step=0", "x=1"]);
    assert_eq!(RolloutQuery::from_pairs("a/b", []).path(), "/rollouts/a%2Fb");
}

#[test]
fn a_list_holds_what_was_asked_for() {
    let all = || {
        vec![
            brief(Status::Planned, vec![Stage::Waiting]),
            brief(Status::Running, vec![Stage::Waiting, Stage::Waiting]),
            brief(Status::Succeeded, vec![verified()]),
        ]
    };
    for (pairs, found) in [
        (&[][..], &["planned", "running", "succeeded"][..]),
        (&[("only", "planned")], &["planned"]),
        (&[("only", "open")], &["running"]),
        (&[("only", "ended")], &["succeeded"]),
        (&[("q", "PAY")], &["running"]),
        (&[("q", "because"), ("only", "ended")], &["succeeded"]),
        (&[("q", "nobody")], &[]),
    ] {
        let query = RolloutsQuery::from_pairs(pairs.iter().copied());
        let page = RolloutsPage::compose(1, all(), &query, None, Vec::new(), Vec::new());
        assert_eq!(page.rollouts.iter().map(|row| row.status.as_str()).collect::<Vec<_>>(), found, "{pairs:?}");
    }
}
