//! Which answers name the request that told them, and which name none.

use super::world::{World, at, card};
use super::*;
use crate::request::{Answered, Requests};

const REVISION: Option<&str> = Some("read-once");

fn answered(operation: &str, part: &str, names: &[&str], id: &str) -> Option<Answered> {
    Answered::of(operation, part, names.iter().copied(), id.to_owned())
}

/// A sweep that began at an instant.
fn requests<const N: usize>(began: i64, all: [Option<Answered>; N]) -> Requests {
    Requests::new(at(began), all.into_iter().flatten().collect())
}

/// ECS as it was swept: the service, and its two tasks by one request.
fn ecs() -> Requests {
    let tasks = answered(TASKS, "main", &["arn:aws:ecs:us-east-1:1:task/main/t1", "arn:aws:ecs:us-east-1:1:task/main/t2"], "tasks");
    requests(-5, [answered(SERVICES, "main", &["api", "auth", "billing"], "services"), tasks])
}

fn alarms() -> Requests {
    requests(-5, [answered(ALARMS, "", &["auth-CPUUtilization", "z"], "page")])
}

/// The request that each answer names, by the check's id.
fn named(world: &World, ecs: &Requests, alarms: &Requests) -> Vec<(&'static str, Option<String>)> {
    let all = world.asked(|facts| live(&card(), &facts.clone().told_by(Some(ecs), Some(alarms), REVISION)));
    LIVE.into_iter().zip(all.into_iter().map(|evidence| evidence.found.request_id.map(|id| id.to_string()))).collect()
}

fn named_by(world: &World, ecs: &Requests, alarms: &Requests, id: &str) -> Option<String> {
    named(world, ecs, alarms).into_iter().find(|(check, _)| *check == id).unwrap().1
}

#[test]
fn each_answer_names_the_request_that_told_it() {
    for (id, request) in named(&World::default(), &ecs(), &alarms()) {
        let expected = match id {
            "A1" | "A5" | "D1" | "D2" | "D3" => Some("services"),
            "A2" | "H2" => Some("tasks"),
            "H1" | "H3" | "D4" => REVISION,
            // both look back over tasks that stopped, each of which another request told of
            "A3" | "H4" => None,
            _ if id.starts_with('S') => REVISION,
            _ if id.starts_with('M') => Some("page"),
            _ => None,
        };
        assert_eq!(request.as_deref(), expected, "{id}");
    }
}

#[test]
fn what_is_not_known_names_none() {
    let mut world = World::default();
    world.definition = None;
    world.service.replacing = None;
    world.past.health = None;
    for id in ["H1", "D1", "H2"] {
        assert_eq!((state(&world, id), named_by(&world, &ecs(), &alarms(), id)), (State::Unknown, None), "{id}");
    }
    assert_eq!(named_by(&world, &ecs(), &alarms(), "A2").as_deref(), Some("tasks"), "and the others do");
    world.ecs.as_mut().unwrap().last_success = Some(at(-86_400 * 3));
    assert!(named(&world, &ecs(), &alarms()).iter().all(|(id, request)| request.is_none() || id.starts_with('M')));
}

#[test]
fn one_that_is_off_rests_on_the_service_alone() {
    let mut card = card();
    let word = Check { id: "runbook".into(), evidence: Kind::Attested, ttl_minutes: Some(259_200), ..card.checks[0].clone() };
    card.checks.push(word);
    let mut off = World::default();
    (off.service.desired, off.service.running) = (0, 0);
    let (ecs, alarms) = (ecs(), alarms());
    let all = off.asked(|facts| live(&card, &facts.clone().told_by(Some(&ecs), Some(&alarms), REVISION)));
    assert_eq!(all.len(), LIVE.len() + 1);
    for Evidence { check, found, .. } in all {
        assert_eq!(found.request_id.as_deref(), Some("services"), "{check}");
        assert_eq!(&*found.source, "ecs:production DescribeServices", "{check}: where from and which request are one");
    }
}

#[test]
fn tasks_are_told_all_or_none() {
    let world = World::default();
    let one = |number: u8, id: &str| answered(TASKS, "main", &[format!("arn:aws:ecs:us-east-1:1:task/main/t{number}").as_str()], id);
    let by = |world: &World, ecs: &Requests| named_by(world, ecs, &alarms(), "A2");
    assert_eq!(by(&world, &requests(-5, [one(1, "r1"), one(2, "r2")])).as_deref(), Some("r1, r2"));
    assert_eq!(by(&world, &requests(-5, [one(1, "r1")])), None, "the other was found by a look after the sweep");
    let mut young = World::default();
    young.tasks[1].created = Some(at(-4));
    assert_eq!(by(&young, &ecs()), None, "it began after the sweep, between two names of it");
    young.tasks[1].created = Some(at(-5));
    assert_eq!(by(&young, &ecs()).as_deref(), Some("tasks"));
    young.tasks[1].created = Some(at(-4));
    young.tasks[1].last_status = "PENDING".into();
    assert_eq!(by(&young, &ecs()).as_deref(), Some("tasks"), "only those that run count");
}

#[test]
fn a_service_made_after_the_sweep_was_told_by_none_of_it() {
    let mut world = World::default();
    world.service.created = Some(at(-4));
    assert_eq!(named_by(&world, &ecs(), &alarms(), "D1"), None);
    assert_eq!(named_by(&World::default(), &Requests::default(), &Requests::default(), "D1"), None, "nothing was kept");
}

#[test]
fn alarms_are_told_by_the_pages_that_hold_them() {
    let mut world = World::default();
    let by = |world: &World, alarms: &Requests| named_by(world, &ecs(), alarms, "M1");
    let pages = [answered(ALARMS, "", &["auth-A", "auth-Mz"], "p1"), answered(ALARMS, "", &["auth-N", "auth-Z"], "p2")];
    let pages = requests(-5, pages);
    assert_eq!(by(&world, &pages).as_deref(), Some("p2, p1"), "in the order in which its alarms stand");
    let overlapping = [answered(ALARMS, "", &["a", "z"], "p1"), answered(ALARMS, "", &["auth-N", "auth-Z"], "p2")];
    assert_eq!(by(&world, &requests(-5, overlapping)), None, "nobody can say which");
    world.alarms.clear();
    assert_eq!(by(&world, &pages), None, "that there is none was said by all pages together");
    assert_eq!(by(&world, &alarms()).as_deref(), Some("page"), "or by the only one");
}
