//! The record: searched, filtered, paged, and asked what came before.

use domain::judge::Tone;
use domain::reading::{NatsReading, Seen};
use domain::timeline::{EventKind, NewEvent};
use domain::view::{PlanQuery, TimelinePage, TimelineQuery};

use super::build::*;
use crate::store::timeline;

fn event(number: i64, kind: EventKind, tone: Tone, service: &str, text: &str) -> NewEvent {
    NewEvent {
        at: at(number),
        key: format!("test:{number}:{service}:{text}"),
        kind,
        tone,
        service: Some(("main".into(), service.into())),
        subject: service.into(),
        text: text.into(),
    }
}

async fn told(fixture: &Fixture, source: &str, events: Vec<NewEvent>) {
    let mut tx = fixture.store.write().await.unwrap();
    timeline::append(&mut tx, source, events, at(0)).await.unwrap();
    tx.commit().await.unwrap();
}

async fn asked(fixture: &Fixture, url: &str) -> TimelinePage {
    let pairs: Vec<(String, String)> =
        url.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).map(|(name, value)| (name.into(), value.into())).collect();
    let (query, ignored) = TimelineQuery::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    assert_eq!(ignored, Vec::<String>::new());
    fixture.store.timeline_page(query).await.unwrap()
}

async fn texts(fixture: &Fixture, url: &str) -> Vec<String> {
    asked(fixture, url).await.entries.into_iter().map(|entry| format!("{} {}", entry.subject, entry.text)).collect()
}

async fn small() -> Fixture {
    let fixture = Fixture::new().await;
    let events = vec![
        event(1, EventKind::Deployment, Tone::Move, "story-teller-nats", "deployment to story-teller-nats:19 began"),
        event(2, EventKind::TaskStopped, Tone::Bad, "story-teller-nats", "task 3f9c1a stopped: exit 137, OutOfMemoryError"),
        event(3, EventKind::ServiceEvent, Tone::Quiet, "auth-nats", "has reached a steady state."),
        event(4, EventKind::Alarm, Tone::Warn, "auth", "OK → ALARM: 100 % \"full\" (really)"),
    ];
    told(&fixture, "ecs:production", events).await;
    told(&fixture, "nats:bus", vec![event(5, EventKind::Node, Tone::Bad, "n1", "does not answer <img src=x>")]).await;
    fixture
}

#[tokio::test]
async fn words_find_what_they_begin() {
    let fixture = small().await;
    for (q, found) in [
        ("story-tel", 2),
        ("Story-Teller-Nats:", 2),
        ("teller-story", 0),
        ("began-", 1),
        ("STOPPED outofmem", 1),
        ("memory", 0),
        ("auth", 2),
        ("nats", 3),
        ("steady   auth-nats", 1),
        ("3f9c", 1),
        ("full", 1),
        ("", 5),
    ] {
        assert_eq!(texts(&fixture, &format!("q={q}")).await.len(), found, "{q}");
    }
}

#[tokio::test]
async fn search_syntax_is_only_words() {
    let fixture = small().await;
    let long = "word ".repeat(2_000) + &"x".repeat(10_000);
    for q in [
        "\"",
        "\"\"\"",
        "*",
        "auth*",
        "a AND",
        "NOT",
        "OR OR",
        "NEAR(",
        "said:auth",
        "{said}: x",
        "^auth",
        "(((",
        "-auth",
        "'; DROP TABLE timeline",
        "a\0b",
        "🚦",
        "\u{202e}auth",
        "%_",
        "\\",
        &long,
    ] {
        let query = TimelineQuery { q: q.into(), ..TimelineQuery::default() };
        fixture.store.timeline_page(query).await.unwrap_or_else(|error| panic!("{q}: {error:?}"));
    }
    assert_eq!(texts(&fixture, "q=auth*").await.len(), 2);
    assert_eq!(texts(&fixture, "q=<img").await.len(), 1);
    assert_eq!(texts(&fixture, "q=***").await.len(), 0, "signs alone find nothing");
}

#[tokio::test]
async fn filters_narrow_and_kinds_are_counted_without_theirs() {
    let fixture = small().await;
    assert_eq!(texts(&fixture, "service=auth").await, ["auth OK → ALARM: 100 % \"full\" (really)"], "a whole name");
    assert_eq!(texts(&fixture, "environment=bus").await.len(), 1);
    assert_eq!(texts(&fixture, "environment=production&cluster=main&tone=bad").await.len(), 1);
    assert_eq!(texts(&fixture, "tone=notable").await.len(), 4);
    assert_eq!(texts(&fixture, "from=2026-05-02T09:40:03&to=2026-05-02T09:40:04").await.len(), 2);
    let page = asked(&fixture, "kind=deployment&environment=production").await;
    assert_eq!(page.entries.len(), 1);
    assert_eq!((page.kinds.len(), page.counted), (4, (4, false)));
    assert_eq!(page.environments, ["bus", "production"]);
    assert_eq!(page.entries[0].path.as_deref(), Some("/services/production/main/story-teller-nats"));
}

#[tokio::test]
async fn pages_meet_without_gap_or_overlap_whatever_order_entries_came_in() {
    let fixture = Fixture::new().await;
    // later instants first, and two at each instant
    let events = (0..70).rev().flat_map(|number| ["a", "b"].map(|name| event(number, EventKind::Service, Tone::Quiet, name, "moved")));
    told(&fixture, "ecs:production", events.collect()).await;
    for filter in ["", "&q=moved", "&kind=service"] {
        let (mut seen, mut url) = (Vec::new(), format!("x=&{}", filter.trim_start_matches('&')));
        loop {
            let page = asked(&fixture, &url).await;
            seen.extend(page.entries.iter().map(|entry| (entry.at, entry.id)));
            let Some(older) = page.older else { break };
            url = format!("before={older}{filter}");
        }
        assert_eq!(seen.len(), 140, "{filter}");
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "{filter}");
        // and back again
        let last = asked(&fixture, &url).await;
        let back = asked(&fixture, &format!("after={}{filter}", last.newer.unwrap())).await;
        assert_eq!(back.entries.len(), 50);
        assert_eq!(back.entries.last().map(|entry| (entry.at, entry.id)), Some(seen[99]));
        let front = asked(&fixture, &format!("after={}{filter}", back.newer.unwrap())).await;
        assert_eq!((front.entries.len(), front.newer), (50, None));
    }
}

#[tokio::test]
async fn instants_from_far_away_keep_their_order() {
    let fixture = Fixture::new().await;
    let mut events = Vec::new();
    for (number, micros) in [i64::MIN, -1, 0, at(1).as_micros(), i64::MAX].into_iter().enumerate() {
        let mut one = event(number as i64, EventKind::Service, Tone::Quiet, "far", &format!("number {number}"));
        one.at = domain::Timestamp::from_micros(micros);
        events.push(one);
    }
    told(&fixture, "ecs:production", events).await;
    assert_eq!(texts(&fixture, "q=number").await, ["far number 4", "far number 3", "far number 2", "far number 1", "far number 0"]);
}

#[tokio::test]
async fn entries_from_before_the_index_come_into_it_in_slices() {
    let fixture = small().await;
    let mut tx = fixture.store.write().await.unwrap();
    for statement in ["UPDATE timeline_unsearched SET up_to = 5", "INSERT INTO timeline_search (timeline_search) VALUES ('rebuild')"] {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    for id in 1..=5 {
        sqlx::query("DELETE FROM timeline_search WHERE rowid = (SELECT place FROM timeline WHERE id = ?)")
            .bind(id)
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let page = asked(&fixture, "q=nats").await;
    assert_eq!((page.entries.len(), page.unsearched), (0, 5));
    assert!(fixture.store.search_more(3).await.unwrap());
    assert_eq!(asked(&fixture, "q=nats").await.unsearched, 2);
    assert!(!fixture.store.search_more(3).await.unwrap());
    assert!(!fixture.store.search_more(3).await.unwrap());
    let page = asked(&fixture, "q=nats").await;
    assert_eq!((page.entries.len(), page.unsearched), (3, 0));
}

#[tokio::test]
async fn what_came_before_an_entry_and_what_its_tasks_share() {
    let fixture = Fixture::new().await;
    let mut fleet = cluster();
    for (number, task) in fleet.tasks.items.iter_mut().enumerate() {
        task.zone = Some(if number < 2 { "us-east-1b" } else { "us-east-1a" }.into());
    }
    fixture.record(ecs(0, fleet.clone())).await;
    let nodes = NatsReading {
        nodes: Seen::whole(vec![node("n1", 0), node("n2", 0)]),
        connections: Seen::whole(vec![
            connection("n1", 1, "10.0.4.1", 1),
            connection("n1", 2, "10.0.4.2", 1),
            connection("n2", 1, "10.0.5.1", 1),
        ]),
        ..NatsReading::default()
    };
    fixture.record(nats(5, nodes)).await;
    told(&fixture, "ecs:production", vec![event(20, EventKind::Deployment, Tone::Move, "quest", "deployment to quest:2 began")]).await;
    let mut trouble = fleet;
    trouble.tasks.items.drain(..2);
    trouble.services.items[0].service.running = 0;
    trouble.stopped = vec![stopped("auth", 1, 30), stopped("auth", 2, 31)];
    for task in &mut trouble.stopped {
        task.zone = Some("us-east-1b".into());
    }
    fixture.record(ecs(40, trouble)).await;
    let down = asked(&fixture, "q=is down").await.entries[0].clone();
    let page = fixture.store.timeline_around(down.id).await.unwrap().unwrap();
    let around = page.around.unwrap();
    assert_eq!(around.entry, down);
    assert_eq!(around.suspects[0].text, "deployment to quest:2 began");
    assert_eq!((around.affected, around.more), (2, false));
    assert_eq!(
        around.shared,
        ["2 of 2 in us-east-1b; 50 % of all tasks are there", "2 of 2 connected to NATS node n1; 50 % of all tasks are"]
    );
    assert!(page.entries.iter().all(|entry| entry.id != down.id) && page.entries.len() >= 3);
    assert_eq!(fixture.store.timeline_around(999).await.unwrap(), None);
}

/// More words that begin alike than are asked for by name, in a record that counts as large.
#[tokio::test]
async fn a_beginning_of_many_words_is_found_too() {
    let fixture = Fixture::new().await;
    let said = |number: i64| if number == 5 { "gone quiet".to_owned() } else { format!("wo{number:03} said") };
    let kind = |number: i64| if number % 2 == 0 { EventKind::Deployment } else { EventKind::Service };
    let events = (0..140).map(|number| event(number, kind(number), Tone::Quiet, "auth", &said(number)));
    told(&fixture, "ecs:production", events.collect()).await;
    for large in [false, true] {
        if large {
            let mut tx = fixture.store.write().await.unwrap();
            let last = "INSERT INTO timeline (id, key, at, seen, kind, tone, source, subject, text)
                        VALUES (60000, 'last', 0, 0, 'node', 'bad', 'nats:bus', 'n1', 'answers')";
            sqlx::query(last).execute(&mut *tx).await.unwrap();
            tx.commit().await.unwrap();
        }
        for (url, found, kinds) in [
            ("q=wo", 50, (139, false)),
            ("q=WO auth", 50, (139, false)),
            ("q=wo&kind=deployment", 50, (139, false)),
            ("q=wo said&kind=deployment&tone=quiet", 50, (139, false)),
            ("q=wo01", 10, (10, false)),
            ("q=wo quiet", 0, (0, false)),
            ("q=wo&service=nobody", 0, (0, false)),
            ("q=wo&to=2026-05-02T09:40:30", 30, (30, false)),
        ] {
            let page = asked(&fixture, url).await;
            assert_eq!((page.entries.len(), page.counted), (found, kinds), "{url}, large: {large}");
        }
        let second = asked(&fixture, &format!("q=wo&before={}", asked(&fixture, "q=wo").await.older.unwrap())).await;
        assert_eq!(second.entries.first().map(|entry| entry.text.as_str()), Some("wo089 said"), "large: {large}");
    }
}

#[tokio::test]
async fn a_file_holds_what_the_pages_hold_and_reads_on_where_it_was_cut() {
    let fixture = Fixture::new().await;
    // several in one second, so that the places between them are told apart
    let events = (0..130).map(|number| event(number / 3, EventKind::Deployment, Tone::Move, "auth", &format!("number {number}"))).collect();
    told(&fixture, "ecs:production", events).await;
    told(&fixture, "nats:bus", vec![event(7, EventKind::Node, Tone::Bad, "n1", "does not answer")]).await;
    let whole = TimelineQuery { kind: Some(EventKind::Deployment), ..TimelineQuery::default() };
    for query in [TimelineQuery::default(), whole.clone(), TimelineQuery { q: "numb".into(), ..TimelineQuery::default() }] {
        let mut paged = Vec::new();
        let mut next = Some(query.clone());
        while let Some(query) = next {
            let page = fixture.store.timeline_page(query.clone()).await.unwrap();
            paged.extend(page.entries);
            next = page.older.map(|before| TimelineQuery { before: Some(before), ..query });
        }
        let file = fixture.store.timeline_entries(&query, 10_000).await.unwrap();
        assert_eq!((file.entries, file.cut, file.cut_at), (paged, false, None), "{query:?}");
    }
    let (mut read, mut before) = (Vec::new(), None);
    loop {
        let query = TimelineQuery { before: before.map(|place: i64| place.to_string()), ..whole.clone() };
        let file = fixture.store.timeline_entries(&query, 40).await.unwrap();
        assert_eq!((file.cut, file.entries.len()), if read.len() < 120 { (true, 40) } else { (false, 10) });
        read.extend(file.entries.into_iter().map(|entry| entry.id));
        before = file.cut_at;
        if before.is_none() {
            break;
        }
    }
    assert_eq!((read.len(), read.windows(2).all(|pair| pair[0] > pair[1])), (130, true), "none twice, none left out");
}

#[tokio::test]
async fn a_deployment_leads_back_to_what_it_left_where_that_runs_no_more() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let of = |number, service: &str, text: &str| event(number, EventKind::Deployment, Tone::Move, service, text);
    let events = vec![
        of(1, "auth", "deployment to auth:1 from auth:7 began"),
        of(2, "auth", "deployment to auth:1 completed"),
        of(3, "auth", "deployment to auth:2 from auth:1 began"),
        of(4, "quest", "deployment to quest:1 from router:3 began"),
        of(5, "nobody", "deployment to nobody:2 from nobody:1 began"),
    ];
    told(&fixture, "ecs:production", events).await;
    let page = asked(&fixture, "kind=deployment").await;
    assert_eq!(page.entries.len(), 5);
    let led: Vec<(&str, &str)> = page.entries.iter().filter_map(|entry| Some((entry.text.as_str(), entry.back.as_deref()?))).collect();
    let to = PlanQuery::put_back(&key("auth"), "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:7").path();
    assert_eq!(led, [("deployment to auth:1 from auth:7 began", to.as_str())]);
    let asked_about = page.entries.last().unwrap().id;
    let around = fixture.store.timeline_around(asked_about).await.unwrap().unwrap().around.unwrap();
    assert_eq!(around.entry.back, Some(to), "and where it is asked about");
}
