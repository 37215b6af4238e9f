//! The page in every status, what it counts, and what may be pressed.

use std::time::Duration;

use super::*;
use crate::rollout::cause::{Cause, Kind};
use crate::rollout::plan::Planned;
use crate::rollout::plan::tests::{key, planned};
use crate::rollout::{Ending, Target};

const NAMES: [&str; 4] = ["auth", "payment", "router", "settings"];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + seconds)
}

fn verified() -> Stage {
    Stage::Verified { at: at(0), revision: "x/auth:23".into(), deployment: "ecs-svc/2".into() }
}

fn baking(well_since: Option<Timestamp>) -> Stage {
    Stage::Baking { since: at(0), revision: "x/payment:23".into(), deployment: "ecs-svc/2".into(), well_since }
}

fn back(kind: Kind) -> Stage {
    Stage::PutBack { at: at(0), why: Cause::new(kind, "its check fails") }
}

fn blocked() -> Stage {
    Stage::Blocked { at: at(0), why: "it is not back".into(), next: "look at the service in AWS".into() }
}

/// A page of these stages in this status.
struct Page {
    planned: Planned,
    causes: Vec<KnownCause>,
    review: Option<String>,
    reader: Option<String>,
    times: Vec<StepTimes>,
    step: Option<usize>,
}

impl Page {
    fn of(status: Status, stages: Vec<Stage>) -> Self {
        let mut planned = planned(&NAMES[..stages.len()]);
        planned.rollout.status = status;
        for (step, stage) in planned.rollout.steps.iter_mut().zip(stages) {
            step.stage = stage;
        }
        Self { planned, causes: Vec::new(), review: None, reader: None, times: Vec::new(), step: None }
    }

    fn composed(&self) -> RolloutPage {
        let facts = RolloutFacts {
            revision: 1,
            rollout: &self.planned.rollout,
            number: 7,
            wish: &self.planned.wish,
            notes: &self.planned.notes,
            excluded: &self.planned.excluded,
            planned_by: "ann",
            planned: at(-100),
            started_by: None,
            started: None,
            ended: None,
            times: &self.times,
            record: Vec::new(),
            causes: &self.causes,
            barred: None,
            review: self.review.clone(),
            reader: self.reader.clone(),
        };
        compose(facts, &RolloutQuery { id: "7".into(), step: self.step, ignored: Vec::new() }, at(0))
    }

    fn refused(&self, command: &str) -> Option<Option<String>> {
        self.composed().buttons.into_iter().find(|button| button.command == command).map(|button| button.refused)
    }
}

/// A status and a stage; the tag, the block and its lamp, and how what to do now begins.
type Case = (Status, Stage, &'static str, BlockState, Tone, Option<&'static str>);

fn taken() -> Stage {
    let why = Cause::new(Kind::Person, "enough");
    Stage::Undoing { since: at(0), revision: "x/auth:23".into(), deployment: String::new(), why, stopped: false, told: false, steady: 0 }
}

#[test]
fn every_status_has_its_tag_its_block_and_its_next_step() {
    let why = || "incident".to_owned();
    let held = Status::Held { why: "alarm cpu is ALARM".into(), since: at(0) };
    let handing = |then| Stage::Restoring { since: at(0), gap: false, then };
    let skipped = |replan| Stage::Skipped { why: "not now".into(), replan };
    let cases: [Case; 15] = [
        (Status::Planned, Stage::Waiting, "planned", BlockState::Waiting, Tone::Quiet, Some("Read the plan")),
        (Status::Running, Stage::Preflight { since: at(0) }, "running: step 1, preflight", BlockState::Now, Tone::Move, None),
        (held.clone(), Stage::Preflight { since: at(0) }, "held: step 1, preflight", BlockState::Held, Tone::Warn, None),
        (held, Stage::Skipped { why: why(), replan: true }, "held", BlockState::Skipped, Tone::Quiet, None),
        (Status::Running, baking(None), "running: step 1, baking", BlockState::Now, Tone::Move, None),
        (
            Status::Paused { why: why() },
            handing(Ending::PutBack { why: Cause::new(Kind::Exit, "exit 1") }),
            "paused: step 1, handing back",
            BlockState::Now,
            Tone::Move,
            Some("Resume it when you are ready"),
        ),
        (
            Status::Halted { why: why() },
            back(Kind::Health),
            "halted",
            BlockState::Failed,
            Tone::Bad,
            Some("Look at what happened. Then resume, and it ends"),
        ),
        (
            Status::Halted { why: why() },
            blocked(),
            "halted",
            BlockState::Blocked,
            Tone::Bad,
            Some("auth needs you: it is not back. What to do: look"),
        ),
        (Status::Aborting { why: why() }, taken(), "aborting: step 1, being taken back", BlockState::Now, Tone::Warn, None),
        (Status::Aborted, back(Kind::Person), "aborted", BlockState::Failed, Tone::Warn, None),
        (Status::Aborted, Stage::Waiting, "aborted", BlockState::Skipped, Tone::Quiet, None),
        (Status::Succeeded, verified(), "succeeded", BlockState::Done, Tone::Good, None),
        (Status::Succeeded, skipped(false), "succeeded", BlockState::Skipped, Tone::Quiet, None),
        (Status::Undoing { why: why() }, taken(), "undoing: step 1, being taken back", BlockState::Now, Tone::Warn, None),
        (Status::Undone, back(Kind::Person), "undone", BlockState::Failed, Tone::Warn, None),
    ];
    for (status, stage, tag, state, tone, next) in cases {
        let page = Page::of(status, vec![stage]).composed();
        let block = &page.blocks[0];
        assert_eq!((page.tag.as_str(), block.state, block.tone), (tag, state, tone));
        assert_eq!(page.next.is_some(), next.is_some(), "{tag}: {:?}", page.next);
        assert!(next.is_none_or(|next| page.next.as_ref().is_some_and(|said| said.starts_with(next))), "{:?}", page.next);
        assert_eq!(page.plan.len(), usize::from(tag == "planned"));
        assert_eq!(page.remarks.len(), usize::from(tag == "planned"));
        assert_eq!((page.steps.len(), block.path.as_str()), (1, "/rollouts/7?step=1"));
        assert!(!page.said.is_empty() && page.now.is_some());
    }
}

#[test]
fn the_line_is_counted_as_the_looks_show_it() {
    let mut page = Page::of(Status::Running, vec![verified(), baking(Some(at(0))), Stage::Waiting, Stage::Waiting]);
    page.planned.excluded = vec![
        Excluded { service: key("language-system"), why: "it is off on purpose".into(), off: true },
        Excluded { service: key("batch"), why: "it is a DAEMON".into(), off: false },
    ];
    page.planned.rollout.steps[3].marks.template = "other".into();
    page.causes = vec![KnownCause {
        rollout: "3".into(),
        service: "ghost".into(),
        cause: Cause::new(Kind::Health, "its check fails"),
        marks: page.planned.rollout.steps[3].marks.clone(),
    }];
    let composed = page.composed();
    assert_eq!(
        composed.counted,
        "1 verified · 1 proving itself · 1 held: same cause as a failure in rollout 3 · 1 waits · 1 left out · 1 off on purpose. \
         One service at a time; failure budget 0."
    );
    let last: Vec<(&str, BlockState, Option<usize>)> =
        composed.blocks[4..].iter().map(|block| (block.name.as_str(), block.state, block.step)).collect();
    assert_eq!(last, [("language-system", BlockState::Off, None), ("batch", BlockState::Skipped, None)]);
    let held = Page {
        causes: page.causes,
        ..Page::of(Status::Held { why: "auth must expect it".into(), since: at(0) }, vec![Stage::Preflight { since: at(0) }])
    };
    let mut held = held;
    held.planned.rollout.steps[0].marks.template = "other".into();
    assert!(held.composed().next.is_some_and(|next| next.starts_with("auth is held: same cause as a failure in rollout 3. Release")));
    let ended = Page::of(Status::Aborted, vec![verified(), back(Kind::Person), Stage::Waiting]).composed().counted;
    assert_eq!(ended, "1 verified · 1 put back · 1 not done. One service at a time; failure budget 0.");
}

#[test]
fn a_bake_is_counted_by_what_was_seen() {
    for (well_since, looked, percent, said, left) in [
        (Some(at(0)), Some(at(33)), 10, "Bake 33 s of 5 min 30 s. A failing check", "4 min 57 s more of the same"),
        (Some(at(0)), Some(at(9_999)), 100, "Bake 5 min 30 s of 5 min 30 s.", "0 s more of the same"),
        (Some(at(0)), None, 0, "Bake 0 s of", "5 min 30 s more of the same"),
        (None, Some(at(33)), 0, "Bake 0 s of", "5 min 30 s more of the same"),
    ] {
        let mut page = Page::of(Status::Running, vec![verified(), baking(well_since)]);
        page.planned.rollout.steps[1].looked = looked;
        let step = page.composed().now.unwrap();
        let bake = step.bake.unwrap();
        assert_eq!((bake.percent, bake.floor_percent, bake.seen_percent, bake.until), (percent, 100, 50, well_since.map(|_| at(330))));
        assert!(bake.said.starts_with(said), "{}", bake.said);
        assert_eq!(bake.said.ends_with("seen to be well again."), well_since.is_none());
        assert_eq!(step.needs, [left]);
    }
    let mut chosen = Page::of(Status::Running, vec![baking(Some(at(0)))]);
    chosen.planned.rollout.steps[0].bake = Duration::from_secs(660);
    assert_eq!(chosen.composed().now.unwrap().bake.unwrap().floor_percent, 50);
}

#[test]
fn a_step_tells_its_evidence_what_is_missing_and_the_way_back() {
    let line = |tone, text: &str| Statement { tone, text: text.into(), source: "DescribeTasks".into(), at: at(0) };
    let rolling = Stage::Rolling { since: at(0), revision: "x/auth:23".into(), deployment: "ecs-svc/2".into(), steady: 0 };
    let mut page = Page::of(Status::Running, vec![rolling, Stage::Waiting]);
    page.planned.rollout.steps[0].evidence =
        vec![line(Tone::Good, "0 tasks failed"), line(Tone::Move, "1 of 2 tasks"), line(Tone::Quiet, "no alarm")];
    let step = page.composed().now.unwrap();
    assert_eq!((step.step, step.stage.as_str(), step.evidence.len()), (0, "rolling", 3));
    assert_eq!(step.needs, ["1 of 2 tasks", "then 5 min 30 s without a gap"]);
    assert_eq!(step.diff[0].text, "auth:22 → a new revision, container main");
    assert_eq!(step.calls.len(), 7);
    assert_eq!(
        step.undo,
        [
            ("undo", "to auth:22, looked up to be ACTIVE before the first write"),
            ("by us", "at the first bad sign, within one look: 5 s"),
            ("by AWS", "circuit breaker armed at 3 failures, in case we are gone"),
            ("then", "the rollout halts; you are told"),
        ]
        .map(|(word, what)| (word.to_owned(), what.to_owned()))
    );
    assert!(step.order.starts_with("2 tasks") && step.estimate == Some(490) && step.reckoning.contains("Floor 2 ×"));
    page.planned.rollout.budget = 1;
    page.step = Some(2);
    let asked = page.composed().now.unwrap();
    assert_eq!((asked.step, asked.name.as_str(), asked.stage.as_str()), (1, "payment", "waiting"));
    assert!(asked.undo[3].1.starts_with("it is set aside: failure 1 of 1"), "{:?}", asked.undo);
    page.step = Some(9);
    assert_eq!(page.composed().now.unwrap().step, 0, "there is no such step");
}

#[test]
fn a_step_without_a_note_tells_what_can_be_told() {
    let mut page = Page::of(Status::Running, vec![verified(), baking(None)]);
    page.planned.notes.truncate(1);
    let step = page.composed().now.unwrap();
    assert!(step.estimate.is_none() && step.order.is_empty() && step.reckoning.contains("Floor 2 ×") && !step.diff.is_empty());
    page.planned.rollout.steps[1].target = Target::There { arn: "x/payment:21".into() };
    assert_eq!(page.composed().now.unwrap().diff[0].text, "payment:22 → payment:21, which was not read here");
}

#[test]
fn what_took_how_long_is_told_where_it_is_known() {
    let whole = StepTimes { began: Some(at(0)), rolled: Some(at(10)), baked: Some(at(108)), ended: Some(at(828)) };
    let mut page = Page::of(Status::Running, vec![verified(), back(Kind::Health), back(Kind::Person), baking(None)]);
    page.times = vec![whole, whole, StepTimes { baked: None, ..whole }];
    let rows: Vec<(String, Tone, Option<u64>, Option<u64>)> =
        page.composed().steps.into_iter().map(|row| (row.verdict, row.tone, row.deploy, row.bake)).collect();
    assert_eq!(
        rows,
        [
            ("pass".to_owned(), Tone::Good, Some(98), Some(720)),
            ("fail".to_owned(), Tone::Bad, Some(98), None),
            ("put back".to_owned(), Tone::Warn, None, None),
            ("baking".to_owned(), Tone::Move, None, None),
        ]
    );
}

#[test]
fn a_button_is_what_the_engine_allows_and_the_reader_may() {
    let running = || Page::of(Status::Running, vec![verified(), baking(None), Stage::Waiting]);
    let page = running();
    for (command, refused) in [
        ("pause", None),
        ("resume", Some("It is running.")),
        ("abort", None),
        ("undo", Some("A service is under way; abort first.")),
        ("skip", Some("Its turn is over, or something was written already: it can be undone, not passed over.")),
        ("undo_step", None),
    ] {
        assert_eq!(page.refused(command), Some(refused.map(str::to_owned)), "{command}");
    }
    assert_eq!(page.refused("start"), None, "it was started");
    let labels = |page: &Page| page.composed().buttons.into_iter().map(|button| button.label).collect::<Vec<_>>();
    assert_eq!(
        labels(&page),
        ["Pause after this step", "Resume", "Abort and undo this step", "Take all of it back", "Pass over payment", "Put payment back"]
    );
    let waiting = Page { step: Some(3), ..running() };
    assert_eq!(waiting.refused("skip"), Some(None));
    let planned = Page::of(Status::Planned, vec![Stage::Waiting]);
    assert_eq!((planned.refused("start"), labels(&planned)), (Some(None), vec!["Start".to_owned(), "Give up this plan".to_owned()]));
    assert_eq!(
        planned.composed().buttons.iter().map(|button| (button.reason, button.stop)).collect::<Vec<_>>(),
        [(false, false), (true, true)]
    );
    let said = "That needs the role operator; bob is viewer.";
    let viewer = Page { reader: Some(said.into()), ..running() };
    assert!(viewer.composed().buttons.iter().all(|button| button.refused.as_deref() == Some(said)));
    let ended = Page::of(Status::Succeeded, vec![verified()]);
    assert_eq!((ended.refused("undo"), ended.refused("abort")), (Some(None), Some(Some("It has ended.".to_owned()))));
}

#[test]
fn what_waits_for_somebody_who_looks_says_so_and_offers_nothing_else() {
    let said = "The store was restored from a backup.";
    let review = || Page { review: Some(said.into()), ..Page::of(Status::Running, vec![verified(), baking(None)]) };
    let page = review().composed();
    assert_eq!((page.review.as_deref(), page.notice.as_deref()), (Some(said), Some(said)));
    assert!(page.next.is_some_and(|next| next.starts_with("Look at each of its services in AWS")));
    let (may, not): (Vec<&Button>, Vec<&Button>) = page.buttons.iter().partition(|button| button.refused.is_none());
    assert!(matches!(may.as_slice(), [button] if button.command == "reviewed" && button.reason), "{may:?}");
    let why = "The store was restored from a backup. Look at each service, then say that you have.";
    assert!(not.len() == 6 && not.iter().all(|button| button.refused.as_deref() == Some(why)), "{not:?}");
    let viewer = Page { reader: Some("no".into()), ..review() }.composed();
    assert!(viewer.buttons.iter().all(|button| button.refused.as_deref() == Some("no")));
    let plain = Page::of(Status::Running, vec![verified(), baking(None)]).composed();
    assert!(plain.review.is_none() && plain.buttons.iter().all(|button| button.command != "reviewed"));
}

#[test]
fn a_step_tells_the_settings_it_borrows_and_a_blocked_one_how_to_hand_them_back() {
    let step = Page::of(Status::Planned, vec![Stage::Waiting]).composed().plan.remove(0);
    let borrowed: Vec<&str> = step.settings.iter().filter(|of| of.during != of.before).map(|of| of.name.as_str()).collect();
    assert_eq!((borrowed, step.hand_back), (vec!["deploymentCircuitBreaker"], None));
    let step = Page::of(Status::Halted { why: "auth".into() }, vec![blocked()]).composed().now.unwrap();
    assert!(step.hand_back.is_some_and(|command| command.starts_with("aws ecs update-service ")));
}

#[test]
fn a_page_survives_json() {
    let page = Page::of(Status::Running, vec![verified(), baking(Some(at(0)))]).composed();
    let text = serde_json::to_string(&page).unwrap();
    assert_eq!(serde_json::from_str::<RolloutPage>(&text).unwrap(), page);
}
