//! Whose connections are, what of them belongs in the timeline, and what is wrong with a cluster.

use std::collections::BTreeMap;

use domain::nats::closed::{ClosedConnection, ClosedGap, ClosedReading};
use domain::nats::{Connection, NodeCounters, Wire};
use domain::owner::Certainty;
use domain::reading::{NatsReading, Seen};
use domain::view::{NatsQuery, NatsView, Share};

use super::build::*;

/// Two of auth's tasks and one of quest's are connected, one of them under quest's name; and one nobody knows.
fn busy() -> NatsReading {
    let from = |cid, address: &str, user: Option<&str>, tls: bool| {
        let (connection, counters) = connection("n1", cid, address, 1);
        let tls = tls.then(|| "1.3".to_owned());
        (Connection { user: user.map(str::to_owned), tls, lang: Some("go".into()), version: Some("1.40".into()), ..connection }, counters)
    };
    NatsReading {
        nodes: Seen::whole(vec![node("n1", 0)]),
        connections: Seen::whole(vec![
            from(1, "10.0.4.1", Some("auth"), true),
            from(2, "10.0.4.2", Some("quest"), false),
            from(3, "10.0.5.1", None, false),
            from(4, "192.168.7.7", None, false),
        ]),
        real_time: true,
        ..NatsReading::default()
    }
}

async fn view(fixture: &Fixture, query: &str) -> NatsView {
    let pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    fixture.store.nats_view(NatsQuery::from_pairs(pairs).0, true, at(400)).await.unwrap()
}

fn cids(view: &NatsView) -> Vec<u64> {
    view.connections.iter().map(|connection| connection.cid).collect()
}

#[tokio::test]
async fn every_connection_has_its_owner_with_proof() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    fixture.record(nats(15, busy())).await;
    let all = view(&fixture, "").await;
    assert_eq!(cids(&all), [2, 4, 1, 3], "what is in doubt comes first");
    let said = |index: usize| (all.connections[index].certainty, all.connections[index].owner.as_ref().map(|key| key.service.as_str()));
    assert_eq!(
        [said(0), said(1), said(2), said(3)],
        [
            (Certainty::Conflicting, Some("auth")),
            (Certainty::Unattributed, None),
            (Certainty::Confirmed, Some("auth")),
            (Certainty::Attributed, Some("quest"))
        ]
    );
    assert_eq!(all.connections[0].proof.len(), 2);
    assert_eq!((cids(&view(&fixture, "owner=auth&tls=tls").await), cids(&view(&fixture, "q=7.7").await)), (vec![1], vec![4]));
    assert_eq!(cids(&view(&fixture, "certainty=conflicting").await), [2]);
    assert!(cids(&view(&fixture, "node=n2").await).is_empty());
    let past = view(&fixture, "page=9&per=2").await;
    assert_eq!((past.matching, past.connections.len()), (4, 0));
    let plain: Vec<(Option<&str>, u64, u64)> = all
        .plaintext
        .iter()
        .map(|share: &Share| (share.owner.as_ref().map(|key| key.service.as_str()), share.plaintext, share.tls))
        .collect();
    assert_eq!(plain, [(None, 1, 0), (Some("auth"), 1, 1), (Some("quest"), 1, 0)]);
    let service = fixture.store.service_nats(&key("auth"), at(400)).await.unwrap();
    assert_eq!((service.tasks, service.share.all(), service.conflicting), (2, 2, 1));
    assert_eq!(service.connections.len(), 2);
}

#[tokio::test]
async fn usual_is_learned_and_a_missing_connection_is_seen() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut both = busy();
    both.connections.items[1].0.user = Some("auth".into());
    fixture.record(nats(15, both.clone())).await;
    assert_eq!(fixture.store.service_nats(&key("auth"), at(16)).await.unwrap().in_words(), "2 tasks × 1 usual = 2 connections: all seen.");
    both.connections.items.remove(1);
    fixture.record(nats(30, both)).await;
    assert_eq!(
        fixture.store.service_nats(&key("auth"), at(31)).await.unwrap().in_words(),
        "2 tasks × 1 usual = 2 connections: only 1 seen."
    );
}

#[tokio::test]
async fn a_young_connection_is_not_called_plaintext() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let mut young = busy();
    young.connections.items.truncate(1);
    (young.connections.items[0].0.tls, young.connections.items[0].0.started) = (None, Some(at(14)));
    fixture.record(nats(15, young)).await;
    let wire = async |seconds| fixture.store.nats_view(NatsQuery::default(), true, at(seconds)).await.unwrap().connections[0].wire;
    assert_eq!((wire(16).await, wire(21).await), (Wire::Young, Wire::Plaintext), "without another sweep");
}

#[tokio::test]
async fn a_task_that_comes_later_gets_its_connections() {
    let fixture = Fixture::new().await;
    fixture.record(nats(0, busy())).await;
    assert_eq!(view(&fixture, "certainty=unattributed").await.matching, 4);
    fixture.record(ecs(5, cluster())).await;
    let written = fixture.record(nats(15, busy())).await;
    assert!(written.topics.contains(&domain::live::Topic::Nats));
    assert_eq!(view(&fixture, "certainty=unattributed").await.matching, 1);
}

#[tokio::test]
async fn another_environments_tasks_own_nothing_here() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    fixture.record(nats(15, NatsReading { environments: vec!["staging".into()], ..busy() })).await;
    assert_eq!(view(&fixture, "certainty=unattributed").await.matching, 4);
}

#[tokio::test]
async fn connections_that_end_are_told_once_and_by_service() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let ended = |cid, address: &str| ClosedConnection {
        connection: connection("n1", cid, address, 1).0,
        stopped: Some(at(20)),
        reason: "Slow Consumer (Pending Bytes)".into(),
    };
    let closed = ClosedReading {
        connections: vec![ended(7, "10.0.4.1"), ended(8, "10.0.4.2"), ended(9, "192.168.7.7")],
        gaps: vec![ClosedGap { node: "n1".into(), from: at(0), to: at(10) }],
        until: BTreeMap::from([("Nn10".to_owned(), at(20))]),
    };
    let reading = NatsReading { closed: Some(closed), ..busy() };
    fixture.record(nats(30, reading.clone())).await;
    fixture.record(nats(45, reading)).await;
    let told: Vec<String> =
        fixture.timeline().await.into_iter().filter(|line| line.contains("ended") || line.contains("remembers")).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told.iter().any(|line| line.starts_with("auth 2 of its NATS connections to n1 ended: Slow Consumer (Pending Bytes)")),
        "{told:?}"
    );
    let detail = fixture.store.service_detail(&key("auth"), None, true, at(46)).await.unwrap().unwrap();
    assert!(detail.record.iter().any(|entry| entry.text.contains("2 of its NATS connections")), "its own page tells it");
    let ended = &view(&fixture, "").await.ended;
    assert!(ended.iter().any(|entry| entry.path.as_deref() == Some("/services/production/main/auth")), "{ended:?}");
    assert_eq!(fixture.store.known_ends(&id(domain::source::SourceKind::Nats)).await.unwrap()["Nn10"], at(20));
}

#[tokio::test]
async fn what_lived_between_two_sweeps_without_tls_is_counted() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let ended = |cid, lang: Option<&str>| {
        let mut of = connection("n1", cid, "10.0.4.1", 1).0;
        of.lang = lang.map(str::to_owned);
        ClosedConnection { connection: of, stopped: Some(at(20)), reason: "Client Closed".into() }
    };
    let closed =
        ClosedReading { connections: vec![ended(7, Some("go")), ended(8, Some("go")), ended(9, None)], ..ClosedReading::default() };
    fixture.record(nats(30, NatsReading { closed: Some(closed), ..busy() })).await;
    let (facts, _) = fixture.store.readiness_facts(at(31)).await.unwrap();
    assert_eq!(facts.past[&key("auth")].plaintext, 2, "who never said who it is did not come in");
}

#[tokio::test]
async fn slow_consumers_are_told_as_they_come_and_for_a_while() {
    let fixture = Fixture::new().await;
    let with = |slow_consumers| {
        let mut reading = busy();
        reading.nodes.items[0].1 = NodeCounters { slow_consumers, ..NodeCounters::default() };
        reading
    };
    fixture.record(nats(0, with(5))).await;
    fixture.record(nats(15, with(8))).await;
    assert_eq!(fixture.timeline().await, ["n1 dropped 3 slow consumers"]);
    let urgent = |facts: domain::view::Facts| facts.findings.into_iter().map(|(_, finding, _)| finding.text).collect::<Vec<_>>();
    assert_eq!(urgent(fixture.store.overview_facts(at(16)).await.unwrap()), ["dropped 3 slow consumers lately"]);
    fixture.record(nats(2_000, with(8))).await;
    assert!(urgent(fixture.store.overview_facts(at(2_001)).await.unwrap()).is_empty());
}

#[tokio::test]
async fn a_consumer_that_stands_still_is_told_with_its_owner() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let with = |pending| NatsReading { jetstream: Some(streaming(pending)), ..busy() };
    for seconds in [0, 30, 90, 120] {
        fixture.record(nats(seconds, with(7))).await;
    }
    fixture.record(nats(135, with(0))).await;
    let told: Vec<String> = fixture.timeline().await.into_iter().filter(|line| line.starts_with("QUESTS")).collect();
    assert_eq!(told, ["QUESTS / auth-work is stuck: 7 messages wait and nothing has moved for 90 s", "QUESTS / auth-work is well again"]);
    let flows = &view(&fixture, "").await.clusters[0].flows;
    assert_eq!(flows.iter().map(|flow| flow.consumer.as_str()).collect::<Vec<_>>(), ["", "auth-work"]);
    assert_eq!((flows[1].owner.as_ref(), &flows[0].dependents[..]), (Some(&key("auth")), &[key("auth")][..]));
    let mut none = with(0);
    none.jetstream.as_mut().unwrap().consumers.clear();
    fixture.record(nats(150, none)).await;
    assert_eq!(view(&fixture, "").await.clusters[0].flows.len(), 1, "a consumer that was deleted is gone");
}

#[tokio::test]
async fn a_restart_is_counted() {
    let fixture = Fixture::new().await;
    let started = |seconds| NatsReading { nodes: Seen::whole(vec![node("n1", seconds)]), ..NatsReading::default() };
    for (seconds, began) in [(0, 0), (15, 10), (30, 10), (45, 40)] {
        fixture.record(nats(seconds, started(began))).await;
    }
    assert_eq!(view(&fixture, "").await.clusters[0].nodes[0].restarts, 2);
}

#[tokio::test]
async fn who_leads_jetstream_is_kept_until_there_is_no_such_group() {
    use domain::nats::jetstream::{Meta, Replica};
    let fixture = Fixture::new().await;
    let replica = |lag| Replica { node: "n2".into(), current: lag == 0, lag, heard_ms: Some(120), ..Replica::default() };
    let led = |lag| {
        let mut jetstream = streaming(0);
        jetstream.meta = Some(Meta { leader: Some("n1".into()), size: 2, replicas: vec![replica(lag)] });
        NatsReading { jetstream: Some(jetstream), ..busy() }
    };
    fixture.record(nats(0, led(0))).await;
    let rows = fixture.rows().await;
    fixture.record(nats(15, led(7))).await;
    assert_eq!(fixture.rows().await, rows, "it is updated in place");
    let (meta, read) = view(&fixture, "").await.clusters[0].meta.clone().unwrap();
    assert_eq!((meta.replicas, read), (vec![replica(7)], at(15)));
    // nobody told of JetStream this time: what was known stays, with its age
    fixture.record(nats(30, busy())).await;
    assert_eq!(view(&fixture, "").await.clusters[0].meta.as_ref().map(|(_, read)| *read), Some(at(15)));
    fixture.record(nats(45, NatsReading { jetstream: Some(streaming(0)), ..busy() })).await;
    assert_eq!(view(&fixture, "").await.clusters[0].meta, None);
}
