//! Planning again at the tail, and going back to something that ran before.

use super::*;

const OLDER: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:21";
const THEIRS: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:30";

impl Story {
    /// Whose second service is passed over from the start, so that only the first matters.
    fn alone() -> Self {
        let mut story = Self::new();
        story.input(&Input::Command(Command::Skip { step: 1, why: "not now".into() }));
        story
    }

    /// The service under way at `step` goes on saying that it runs somebody else's.
    fn changes(&mut self, step: usize) {
        for _ in 0..4 {
            self.now += 25;
            self.see(step, running(THEIRS, "ecs-svc/9", own(), self.now));
        }
    }

    fn planned_again(&self) -> Box<Step> {
        let mut step = self.rollout.steps[0].clone();
        step.bound.prior = THEIRS.into();
        step.stage = Stage::Verified { at: at(0), revision: NEW.into(), deployment: OURS.into() };
        Box::new(step)
    }
}

#[test]
fn a_service_that_changed_is_owed_another_plan_and_nothing_ends_before() {
    let mut story = Story::alone();
    story.changes(0);
    assert!(matches!(story.stage(), Stage::Skipped { replan: true, .. }), "{:?}", story.stage());
    assert_eq!(to_plan_again(&story.rollout), Some(0));
    let Status::Held { why, .. } = &story.rollout.status else { panic!("{:?}", story.rollout.status) };
    assert_eq!(why, "auth changed since it was planned and is to be planned again");

    let outcome = Ok(story.planned_again());
    assert_eq!(story.input(&Input::Replanned { instead_of: 0, outcome: outcome.clone() }), None);
    assert_eq!(story.said.iter().filter(|said| *said == "planned again at the tail: from auth:30").count(), 1, "{:?}", story.said);
    let last = story.rollout.steps.last().unwrap();
    assert!(matches!(last.stage, Stage::Preflight { .. }), "it waited its turn, which has come: {:?}", last.stage);
    assert_eq!((last.wave, story.rollout.steps.len()), (2, 3));
    assert!(matches!(story.stage(), Stage::Skipped { why, replan: false } if why.ends_with("; planned again at the tail")));
    assert_eq!(story.rollout.status, Status::Running);
    assert!(story.input(&Input::Replanned { instead_of: 0, outcome }).is_some(), "once is enough");
    assert_eq!(story.rollout.steps.len(), 3);
}

#[test]
fn a_service_that_cannot_be_planned_again_is_told_and_the_rollout_ends() {
    let mut story = Story::alone();
    story.changes(0);
    story.input(&Input::Replanned { instead_of: 0, outcome: Err("alarm cpu is on already".into()) });
    assert!(story.said.contains(&"not planned again: alarm cpu is on already".to_owned()), "{:?}", story.said);
    assert_eq!((to_plan_again(&story.rollout), &story.rollout.status), (None, &Status::Aborted), "the other one was passed over, too");
}

#[test]
fn a_rollout_of_which_every_step_was_passed_over_has_not_succeeded() {
    let mut story = Story::alone();
    story.input(&Input::Command(Command::Skip { step: 0, why: "nor this".into() }));
    assert_eq!((&story.rollout.status, story.rollout.rests()), (&Status::Aborted, true));
    assert_eq!(story.said.last().map(String::as_str), Some("aborted: every step was passed over; nothing was changed"));

    let mut story = Story::rolling();
    story.input(&Input::Command(Command::Skip { step: 1, why: "not now".into() }));
    story.now += 5;
    story.see(0, running(THEIRS, "ecs-svc/9", own(), story.now));
    story.input(&Input::Command(Command::Skip { step: 0, why: "theirs is right".into() }));
    assert!(matches!(story.rollout.status, Status::Halted { .. }), "a person has to look first");
    story.input(&Input::Command(Command::Resume { why: "looked".into() }));
    assert_eq!(story.rollout.status, Status::Aborted);
    assert_eq!(story.said.last().map(String::as_str), Some("aborted: every step was passed over; nothing was proven"));
}

#[test]
fn only_what_is_owed_is_planned_again() {
    let mut story = Story::alone();
    let step = Box::new(story.rollout.steps[0].clone());
    for (instead_of, said) in [(0, "no service of this rollout"), (1, "no service of this rollout")] {
        let refused = story.input(&Input::Replanned { instead_of, outcome: Ok(step.clone()) }).unwrap();
        assert!(refused.starts_with(said), "{refused}");
    }
    story.changes(0);
    let mut other = step.clone();
    other.service.service = "payment".into();
    for (instead_of, step, said) in [(1, &step, "that step is not"), (9, &step, "there is no such"), (0, &other, "the new step is about")] {
        let refused = story.input(&Input::Replanned { instead_of, outcome: Ok(step.clone()) }).unwrap();
        assert!(refused.starts_with(said), "{refused}");
    }
    story.input(&Input::Command(Command::Abort { why: "enough".into() }));
    assert_eq!(to_plan_again(&story.rollout), None);
    assert!(story.input(&Input::Replanned { instead_of: 0, outcome: Ok(step) }).is_some(), "nothing is added to what was given up");
}

#[test]
fn whoever_changes_without_end_is_left_to_a_person() {
    let mut story = Story::alone();
    let mut turns = 0;
    loop {
        let step = story.rollout.steps.iter().position(|of| of.stage.under_way()).unwrap();
        for _ in 0..4 {
            story.now += 25;
            let strange = format!("{THEIRS}{turns}");
            story.see(step, running(&strange, "ecs-svc/9", own(), story.now));
        }
        let Some(instead_of) = to_plan_again(&story.rollout) else { break };
        let outcome = Ok(story.planned_again());
        story.input(&Input::Replanned { instead_of, outcome });
        turns += 1;
    }
    assert_eq!(turns, 2);
    assert_eq!(story.rollout.status, Status::Aborted, "nothing is proven of it");
    assert!(story.said.iter().any(|said| said.contains("it has changed 3 times since it was planned")), "{:?}", story.said);
}

#[test]
fn a_plan_nobody_makes_has_a_deadline() {
    let mut story = Story::alone();
    story.changes(0);
    story.now += 29 * 60;
    story.input(&Input::Tick);
    assert!(matches!(story.rollout.status, Status::Held { .. }));
    story.now += 60;
    story.input(&Input::Tick);
    assert!(matches!(&story.rollout.status, Status::Halted { why } if why == "auth waits for 30 min to be planned again"));
    story.input(&Input::Command(Command::Resume { why: "looked".into() }));
    assert!(matches!(story.rollout.status, Status::Held { .. }), "still owed");
}

/// A story of one service that goes back to what ran before.
fn mending() -> Story {
    let mut story = Story::new();
    story.rollout = rollout();
    story.rollout.steps.truncate(1);
    story.rollout.steps[0].target = Target::There { arn: OLDER.into() };
    story.rollout.steps[0].bound.began = Some(at(-100));
    story.input(&Input::Command(Command::Start));
    story
}

/// What brought the older revision long ago, and was rolled back.
fn past() -> ServiceDeployment {
    ServiceDeployment {
        arn: "past".into(),
        status: "ROLLBACK_SUCCESSFUL".into(),
        revision: Some(OLDER.into()),
        created: Some(at(-5_000)),
        ..ServiceDeployment::default()
    }
}

#[test]
fn what_is_wrong_with_a_service_does_not_keep_it_from_being_put_back() {
    let mut story = mending();
    let mut bad = running(PRIOR, "ecs-svc/1", own(), 0);
    bad.running = 1;
    bad.alarms = Part::Read(vec![("cpu".into(), "ALARM".into())]);
    story.see(0, bad);
    assert_eq!(story.act(Story::done(OURS)), "UpdateService", "nothing is registered");
    // the alarm is on for a while after everything is in place, and ECS tells the past before the present
    for (turn, alarm) in [(1, "ALARM"), (2, "ALARM"), (3, "OK"), (4, "OK")] {
        story.now += 5;
        let mut seen = running(OLDER, OURS, armed(&own()), story.now);
        seen.alarms = Part::Read(vec![("cpu".into(), alarm.into())]);
        seen.service_deployments = Part::Read(vec![past()]);
        story.see(0, seen);
        let baking = matches!(story.stage(), Stage::Baking { .. });
        assert_eq!(baking, turn == 4, "{turn}: {:?}", story.stage());
    }
}

#[test]
fn an_alarm_that_comes_back_after_the_pass_is_told() {
    let mut story = mending();
    story.see(0, running(PRIOR, "ecs-svc/1", own(), 0));
    story.act(Story::done(OURS));
    for _ in 0..30 {
        story.now += 5;
        story.see(0, running(OLDER, OURS, own(), story.now));
    }
    assert!(matches!(story.stage(), Stage::Verified { .. }), "{:?}", story.stage());
    story.rollout.status = Status::Running;
    let mut seen = running(OLDER, OURS, own(), story.now + 5);
    seen.alarms = Part::Read(vec![("cpu".into(), "ALARM".into())]);
    story.see(0, seen);
    assert!(
        matches!(&story.rollout.status, Status::Halted { why } if why.contains("fails now: alarm cpu is on")),
        "{:?}",
        story.rollout.status
    );
}

#[test]
fn an_inactive_revision_is_copied_with_its_own_tags_and_compared_with_itself() {
    let mut older = described();
    older.definition["taskDefinitionArn"] = json!(OLDER);
    older.definition["status"] = json!("INACTIVE");
    older.definition["containerDefinitions"][0]["image"] = json!("auth:0");
    older.tags = [("of", "older"), (crate::rollout::INTENT_TAG, "r0/3")].map(|(key, tag)| (key.to_owned(), tag.to_owned())).into();
    let mut story = mending();
    story.rollout.steps[0].target = Target::New(older.copy_again().unwrap());
    story.see(0, running(PRIOR, "ecs-svc/1", own(), 0));
    let Some(Owed { effect: Effect::Register { tags, request }, .. }) = story.rollout.steps[0].owed.clone() else {
        panic!("{:?}", story.stage())
    };
    assert_eq!(tags.get(crate::rollout::INTENT_TAG).map(String::as_str), Some("r1/0"), "ours, not that of another rollout");
    assert_eq!(tags.get("of").map(String::as_str), Some("older"));
    story.act(Story::done(NEW));
    let back = Described { definition: request, tags };
    story.input(&Input::Seen { look: Look::Revision { step: 0, arn: NEW.into() }, answer: Answer::Revision(Box::new(back)) });
    assert!(matches!(story.stage(), Stage::Updating { .. }), "{:?}", story.stage());
}

#[test]
fn a_revision_of_another_rollout_can_be_changed_again() {
    let mut story = Story::new();
    story.rollout.steps[0].bound.described.tags.insert(crate::rollout::INTENT_TAG.into(), "r0/0".into());
    story.see(0, running(PRIOR, "ecs-svc/1", own(), 0));
    story.act(Story::done(NEW));
    let Target::New(copy) = &story.rollout.steps[0].target else { panic!("a new revision") };
    let tags = story.rollout.steps[0].tags("r1/0".into());
    let back = Described { definition: copy.request.clone(), tags };
    story.input(&Input::Seen { look: Look::Revision { step: 0, arn: NEW.into() }, answer: Answer::Revision(Box::new(back)) });
    assert!(matches!(story.stage(), Stage::Updating { .. }), "{:?}", story.stage());
}
