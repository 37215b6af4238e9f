//! What waits too long, and what a person is told to do about a service that was left with what the step had lent it.

use super::*;

const THEIRS: &str = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:99";

fn stopped() -> Around<'static> {
    Around { stopped: Some("incident (by Ann)"), ..Around::default() }
}

#[test]
fn what_waits_between_two_steps_has_a_deadline_unless_it_has_an_end() {
    let closed = Around { frozen: Some("its window closed at noon"), ..Around::default() };
    let freeze = Around { frozen: Some("release day"), thaws: Some(at(40 * 3_600)), ..Around::default() };
    let both = Around { stopped: Some("incident (by Ann)"), ..freeze };
    for (around, halted) in [
        (stopped(), Some("no step has begun for 24 h: everything is stopped: incident (by Ann)")),
        (closed, Some("no step has begun for 24 h: frozen: its window closed at noon")),
        (both, Some("no step has begun for 24 h: everything is stopped: incident (by Ann)")),
        (freeze, None),
    ] {
        let mut story = Story { now: 0, rollout: rollout(), said: Vec::new() };
        story.around(&around, &Input::Command(Command::Start));
        for seconds in [1, 86_399] {
            story.now = seconds;
            story.around(&around, &Input::Tick);
            assert!(matches!(story.rollout.status, Status::Held { .. }), "{seconds}: {:?}", story.rollout.status);
        }
        story.now = 86_400;
        story.around(&around, &Input::Tick);
        let why = if let Status::Halted { why } = &story.rollout.status { Some(why.as_str()) } else { None };
        assert_eq!(why, halted);
        if halted.is_some() {
            // whoever resumes has looked, and it waits as long again
            story.around(&around, &Input::Command(Command::Resume { why: "still so".into() }));
            story.now += 60;
            story.around(&around, &Input::Tick);
            assert!(matches!(story.rollout.status, Status::Held { .. }), "{:?}", story.rollout.status);
        }
    }
}

#[test]
fn what_has_not_come_of_a_call_is_told_as_it_is() {
    let calm = Around::default();
    for (outcome, around, said) in [
        (None, stopped(), "RegisterTaskDefinition for auth was not sent within 10 min: everything is stopped: incident (by Ann)"),
        (None, calm, "RegisterTaskDefinition for auth could not be sent within 10 min"),
        (Some(Outcome::Unknown { why: "timed out".into() }), stopped(), "a call for auth has no answer for 10 min"),
        (Some(Story::done(NEW)), calm, "the new revision of auth could not be read back within 10 min"),
    ] {
        let mut story = Story::new();
        story.see(0, running(PRIOR, "ecs-svc/1", own(), 0));
        if let Some(outcome) = outcome {
            story.act(outcome);
        }
        story.now = 600;
        story.around(&around, &Input::Tick);
        assert!(matches!(&story.rollout.status, Status::Halted { why } if why == said), "{said}: {:?}", story.rollout.status);
    }
}

#[test]
fn a_blocked_step_says_how_its_own_settings_are_handed_back_where_it_has_not_got_them() {
    let other = json!({"maximumPercent": 150, "minimumHealthyPercent": 100});
    for (configuration, still) in [(own(), None), (armed(&own()), Some("is still")), (other, Some("may still be"))] {
        let mut story = Story::rolling();
        story.now += 5;
        story.see(0, running(THEIRS, "ecs-svc/9", configuration, story.now));
        let Stage::Blocked { next, .. } = story.stage() else { panic!("{:?}", story.stage()) };
        let Some(still) = still else {
            assert_eq!(next, "nothing was overwritten; decide what it should run, then plan it again");
            continue;
        };
        assert!(next.contains(&format!("Its circuit breaker {still} the one that was armed for the step")), "{next}");
        assert!(next.contains("by `aws ecs update-service --region 'us-east-1' --cli-input-json '{\"cluster\":\"main\""), "{next}");
        assert!(next.ends_with("}'`"), "it can be copied whole: {next}");
    }
    // what nobody could hand back says nothing else
    let mut story = Story::baking();
    for _ in 0..24 {
        story.now += 5;
        story.see(0, story.ours());
    }
    story.now += 600;
    story.input(&Input::Tick);
    let Stage::Blocked { next, .. } = story.stage() else { panic!("{:?}", story.stage()) };
    assert!(next.starts_with("hand its own deployment settings back by `aws ecs update-service "), "{next}");
}

#[test]
fn a_service_that_somebody_put_back_gets_its_own_settings_again() {
    for (configuration, handed_back) in [(own(), false), (armed(&own()), true)] {
        let mut story = Story::rolling();
        for _ in 0..4 {
            story.now += 25;
            story.see(0, running(PRIOR, "ecs-svc/3", configuration.clone(), story.now));
        }
        assert!(matches!(story.rollout.status, Status::Halted { .. }), "{:?}", story.rollout.status);
        if handed_back {
            assert!(matches!(story.stage(), Stage::Restoring { .. }), "{:?}", story.stage());
            assert!(matches!(&story.rollout.steps[0].owed, Some(Owed { effect: Effect::Restore { .. }, .. })));
            story.act(Story::done(""));
        }
        let Stage::PutBack { why, .. } = story.stage() else { panic!("{:?}", story.stage()) };
        assert_eq!(why.kind, Kind::Foreign);
    }
}
