use std::time::Duration;

use super::*;
use crate::readiness::assess::Asked as AskedOf;
use crate::readiness::{Answer, Brought, Evidence, Found, Promise, State, Subject, Turn, WaiverWish, assess};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + seconds)
}

fn key(service: &str) -> ServiceKey {
    ServiceKey { environment: "production".into(), cluster: "main".into(), service: service.into() }
}

fn subject(service: &str) -> Subject {
    Subject::Service(key(service))
}

fn seen(check: &str, subject: Subject, answer: Answer) -> Evidence {
    let found = Found::seen(answer, format!("{check} was looked at"), at(-10), Duration::from_secs(600), "ecs:production DescribeServices");
    Evidence { check: check.into(), subject, found }
}

/// That a rollout would make the health check hold, and nothing else.
fn promise() -> Promise {
    let turn = Turn { check: "H1".into(), verified: Answer::PASS, settled: Answer::PASS };
    Promise { turns: vec![turn], ..Promise::default() }
}

/// Two services with a health check, two without; nobody has looked whether the load test holds.
struct World {
    card: Card,
    evidence: Vec<Evidence>,
    waivers: Vec<Waiver>,
    promises: Promises,
}

impl World {
    fn new() -> Self {
        let mut evidence = Vec::new();
        for (name, answer) in [("auth", Answer::PASS), ("quest", Answer::FAIL), ("router", Answer::FAIL), ("weather", Answer::PASS)] {
            evidence.push(seen("H1", subject(name), answer));
            evidence.push(seen("H3", subject(name), Answer::PASS));
        }
        evidence.push(seen("load-test", Subject::Environment { environment: "production".into() }, Answer::PASS));
        let promises = ["quest", "router"].map(|name| (key(name), Ok(promise()))).into();
        Self { card: Card::for_tests(), evidence, waivers: Vec::new(), promises }
    }

    fn judged(&self, now: Timestamp) -> Readiness {
        let asked: Vec<AskedOf> = ["auth", "quest", "router", "weather"].map(|name| AskedOf { subject: subject(name), tier: None }).into();
        assess(&self.card, now, &asked, &self.evidence, &self.waivers)
    }

    fn page(&self, query: &str) -> ReadinessPage {
        let readiness = self.judged(at(0));
        ReadinessPage::compose(&self.facts(&readiness), &asked(query))
    }

    fn facts<'a>(&'a self, readiness: &'a Readiness) -> ReadinessFacts<'a> {
        ReadinessFacts { revision: 7, card: &self.card, readiness, waivers: &self.waivers, promises: &self.promises }
    }

    fn service(&self, name: &str, now: Timestamp) -> ServiceReadiness {
        let readiness = self.judged(now);
        ServiceReadiness::compose(&self.facts(&readiness), &key(name)).unwrap()
    }
}

fn asked(query: &str) -> ReadinessQuery {
    ReadinessQuery::from_pairs(query.split('&').filter_map(|pair| pair.split_once('=')))
}

fn names(page: &ReadinessPage) -> Vec<&str> {
    page.rows.iter().map(|row| row.key.service.as_str()).collect()
}

#[test]
fn the_page_says_the_score_and_what_holds_it_down() {
    let world = World::new();
    let page = world.page("");
    assert_eq!(page.fleet.score, world.judged(at(0)).fleet, "the same number, and not one like it");
    assert_eq!((page.fleet.score.score, page.fleet.grade.as_str(), page.headline.as_str()), (Some(69), "D", "Readiness 69, D"));
    let [held] = page.held_down.as_slice() else { panic!("{:?}", page.held_down) };
    assert_eq!((held.said.as_str(), held.path.as_str()), ("capped at 69 by H1 on 2 services", "/readiness?state=fail&check=H1#services"));
    let named: Vec<_> = held.named.iter().map(|link| (link.label.as_str(), link.path.as_str())).collect();
    assert_eq!(named, [("quest", "/readiness/production/main/quest"), ("router", "/readiness/production/main/router")]);
    assert_eq!(page.remarks, [""; 0]);
    let letters: Vec<_> = page.letters.iter().filter(|row| row.services > 0).map(|row| (row.letter, row.services)).collect();
    assert_eq!(letters.iter().map(|(_, services)| services).sum::<u64>(), 4, "{letters:?}");
}

#[test]
fn targets_say_what_is_missing_and_what_it_takes() {
    let page = World::new().page("");
    assert_eq!(page.reached, None);
    let said: Vec<_> = page.targets.iter().map(|target| (target.name.as_str(), target.said.as_str())).collect();
    assert_eq!(
        said,
        [
            ("A", "not reached: 2 of 4 answers hold; about 60 min of work is left"),
            ("B", "not reached: 3 of 5 answers hold; about 60 min of work is left"),
        ]
    );
    let gaps: Vec<_> = page.targets[1].missing.iter().map(|gap| (gap.check.as_str(), gap.failing, gap.unknown)).collect();
    assert_eq!(gaps, [("H1", 2, 0)]);
    assert_eq!(page.levers[0].said, "becomes 100, +25 before gates");
}

#[test]
fn what_a_rollout_mends_is_planned_from_here_with_what_it_promises() {
    let world = World::new();
    let mending = world.page("").mending.unwrap();
    assert_eq!(mending.label, "Plan health checks for the 2 services that lack one");
    assert_eq!(mending.path, "/rollouts/new?service=production%2Fmain%2Fquest&service=production%2Fmain%2Frouter");
    assert_eq!(mending.said, "With that alone the fleet's score would become 100 instead of 69.");
    let service = world.service("quest", at(0));
    let check = &service.groups[0].checks[0];
    let one = check.mending.as_ref().unwrap();
    assert_eq!(one.path, "/rollouts/new?service=production%2Fmain%2Fquest");
    assert!(one.said.starts_with("With that alone the fleet's score would stay 69.") && one.said.contains("Before gates"), "{}", one.said);
    assert!(world.service("auth", at(0)).groups[0].checks.iter().all(|check| check.mending.is_none()));
}

#[test]
fn what_comes_later_and_who_is_left_out_is_told() {
    let mut world = World::new();
    let half = Turn { check: "H3".into(), verified: Answer::FAIL, settled: Answer::PASS };
    for of in &mut world.evidence {
        if of.check == "H3" && of.subject == subject("quest") {
            of.found.answer = Answer::FAIL;
        }
    }
    world.promises.insert(key("quest"), Ok(Promise { turns: vec![promise().turns[0].clone(), half], dips: true, container: None }));
    let foretold = world.page("").mending.unwrap().foretold;
    let scores = [&foretold.now, &foretold.verified, &foretold.settled].map(|of| of.score.score);
    assert_eq!(scores, [Some(69), Some(96), Some(100)]);
    assert_eq!(
        foretold.said,
        "With that alone the fleet's score would become 100 instead of 69: 96 as soon as each is verified, the rest within a day. \
         H3 looks back over 24 h, so what it adds comes by and by. \
         In 1 service a deployment may run fewer tasks than are wanted, which A1 counts for a day."
    );
    let turns: Vec<_> = foretold.turns.iter().map(|row| (row.check.as_str(), row.services, row.later)).collect();
    assert_eq!(turns, [("H1", 2, false), ("H3", 1, true)]);

    world.promises.insert(key("quest"), Err("it runs 1 of 2 tasks it wants".into()));
    world.promises.insert(key("router"), Ok(Promise { container: Some("app".into()), ..promise() }));
    let mending = world.page("").mending.unwrap();
    assert_eq!((mending.foretold.services, mending.foretold.left_out.len()), (0, 2));
    assert!(mending.said.starts_with("With that alone the fleet's score would stay 69."), "{}", mending.said);
    assert!(mending.said.contains("Reckoned without 2 services that cannot be planned now, such as router: several"), "{}", mending.said);
    let router = world.service("router", at(0));
    let alone = router.groups[0].checks[0].mending.as_ref().unwrap();
    assert_eq!(alone.path, "/rollouts/new?service=production%2Fmain%2Frouter&container=app");
    assert_eq!((alone.foretold.services, alone.foretold.left_out.len()), (1, 0));
}

#[test]
fn what_a_rollout_brought_links_to_it() {
    let mut world = World::new();
    let brought = Brought {
        rollout: 12,
        title: "Health check for auth".into(),
        verified: at(-60),
        requester: "nina".into(),
        approver: Some("omar".into()),
    };
    world.evidence[0].found.brought = Some(Box::new(brought));
    let auth = world.service("auth", at(0));
    let said = auth.groups[0].checks[0].brought.as_ref().unwrap();
    assert_eq!((said.path.as_str(), said.requester.as_str(), said.approver.as_deref()), ("/rollouts/12", "nina", Some("omar")));
    assert_eq!(auth.groups[0].checks[1].brought, None);
}

#[test]
fn the_list_is_filtered_and_sorted() {
    let world = World::new();
    for (query, wanted) in [
        ("", vec!["quest", "router", "auth", "weather"]),
        ("reverse=true", vec!["weather", "auth", "router", "quest"]),
        ("sort=name", vec!["auth", "quest", "router", "weather"]),
        ("q=UTH", vec!["auth"]),
        ("check=H1&state=fail", vec!["quest", "router"]),
        ("check=H1&state=pass", vec!["auth", "weather"]),
        ("check=H3", vec![]),
        ("state=fail", vec!["quest", "router"]),
        ("environment=nowhere", vec![]),
        ("per=3&page=2", vec!["weather"]),
        ("letter=none", vec![]),
    ] {
        assert_eq!(names(&world.page(query)), wanted, "{query}");
    }
    let page = world.page("check=Z9&state=sideways");
    assert_eq!((page.asked.ignored.clone(), page.rows.len()), (vec!["state=sideways".to_owned(), "check=Z9".to_owned()], 4));
    let chosen = world.page("check=H1&state=fail");
    let labels: Vec<_> = chosen.choices.iter().map(|choice| (choice.label.as_str(), choice.chosen)).collect();
    assert_eq!(labels, [("all 4", false), ("2 fail a check", false), ("only where H1 fails ×", true)]);
}

#[test]
fn a_service_answers_each_check_with_its_age() {
    let service = World::new().service("quest", at(0));
    assert_eq!((service.headline.as_str(), service.held_down[0].said.as_str()), ("Readiness 20, F", "capped at 69 by H1"));
    let check = &service.groups[0].checks[0];
    assert_eq!((check.state, check.words.as_str(), check.tone, check.cap), (State::Fail, "fails", Tone::Bad, Some(69)));
    assert_eq!((check.said.as_str(), check.seen, check.until), ("H1 was looked at", Some(at(-10)), Some(at(590))));
    assert_eq!((check.why.as_str(), check.remedy.as_str()), ("why", "remedy"));
    assert_eq!(service.states, [(State::Fail, 1), (State::Pass, 1)]);
}

#[test]
fn what_is_too_old_says_so_and_there_is_no_score() {
    let world = World::new();
    let service = world.service("auth", at(600));
    assert_eq!((service.headline.as_str(), service.scored.tone), ("Readiness: insufficient evidence", Tone::Unknown));
    assert!(service.remarks[0].starts_with("There is no score: 0 % of the weight"), "{:?}", service.remarks);
    let check = &service.groups[0].checks[0];
    assert_eq!(check.words, "unknown: too old to count");
    assert!(check.said.starts_with("H1 was looked at (seen 10 min ago"), "{}", check.said);
    let readiness = world.judged(at(600));
    let page = ReadinessPage::compose(&world.facts(&readiness), &ReadinessQuery::default());
    let first = &page.unknowns[0];
    assert_eq!((first.check.as_str(), first.subjects, first.seen, first.words.as_str()), ("H1", 4, Some(at(-10)), "too old to count"));
    assert!(page.held_down.iter().any(|held| held.said == "capped at 69 by H1, not known of 4 services"), "{:?}", page.held_down);
}

#[test]
fn a_waiver_is_told_with_who_and_until_when() {
    let mut world = World::new();
    let wish = WaiverWish {
        check: "H1".into(),
        environment: "production".into(),
        reason: "it is replaced next week".into(),
        compensating: "somebody looks".into(),
        expires: Some(at(86_400)),
        ..WaiverWish::default()
    };
    let (approver, approved) = (Some("omar".to_owned()), Some(at(-5)));
    world.waivers = vec![Waiver { id: 3, wish, requester: "nina".into(), approver, created: at(-9), approved, ended: None }];
    let service = world.service("quest", at(0));
    let check = &service.groups[0].checks[0];
    assert_eq!((check.state, check.words.as_str(), check.mending.is_none()), (State::Waived, "waived", true));
    let waiver = check.waiver.clone().unwrap();
    assert_eq!((waiver.requester.as_str(), waiver.approver.as_deref(), waiver.until), ("nina", Some("omar"), Some(at(86_400))));
    let page = world.page("");
    assert!(page.fleet.score.unwaived < page.fleet.score.score, "what is accepted still fails");
    assert_eq!(page.mending, None, "what is accepted is not pressed on anybody");
}

#[test]
fn a_brief_says_what_the_page_says() {
    let readiness = World::new().judged(at(0));
    let brief = ReadinessBrief::of_fleet(&readiness);
    assert_eq!((brief.scored.range.as_str(), brief.fails, brief.unknown), ("69", 2, 0));
    assert_eq!(brief.held().as_deref(), Some("capped at 69 by H1"));
    let judged = readiness.judged(&subject("auth")).unwrap();
    let own = ReadinessBrief::of_service(&key("auth"), judged, readiness.at);
    assert_eq!((own.scored.grade.as_str(), own.held(), own.path.as_str()), ("A", None, "/readiness/production/main/auth"));
}

#[test]
fn urls_are_saved_views() {
    let query = asked("q=a&environment=e f&state=not_applicable&check=H1&letter=c&sort=unknown&reverse=true&page=3&per=20");
    assert_eq!(
        query.path(),
        "/readiness?q=a&environment=e%20f&state=not_applicable&check=H1&letter=C&sort=unknown&reverse=true&page=3&per=20"
    );
    assert_eq!(
        query.csv_path(),
        "/api/v1/readiness.csv?q=a&environment=e%20f&state=not_applicable&check=H1&letter=C&sort=unknown&reverse=true"
    );
    assert_eq!(asked("letter=Q&page=0").ignored, ["letter=Q", "page=0"]);
}
