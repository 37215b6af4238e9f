//! What pages get: filters, order, pages, ages. How many queries it takes is counted in `tests/queries.rs`.

use domain::alarm::AlarmState;
use domain::judge::Standing;
use domain::reading::{NatsReading, Seen};
use domain::view::{ServiceQuery, ServiceSort};

use super::build::*;

#[tokio::test]
async fn the_overview_says_what_is_down_and_why() {
    let fixture = Fixture::new().await;
    let mut trouble = cluster();
    trouble.services.items[0].service.running = 1;
    trouble.stopped = vec![stopped("auth", 8, -5), stopped("auth", 9, -2)];
    fixture.record(ecs(0, trouble)).await;
    fixture.record(alarms(0, vec![alarm("auth", AlarmState::Alarm), alarm("quest", AlarmState::Ok)])).await;
    let reading = NatsReading {
        nodes: Seen::whole(vec![node("n1", 0)]),
        connections: Seen::whole(vec![connection("n1", 1, "10.0.4.1", 1)]),
        ..NatsReading::default()
    };
    fixture.record(nats(0, reading)).await;
    let overview = fixture.store.overview_facts(at(1)).await.unwrap().compose(at(1));
    assert_eq!((overview.services.value, overview.services.of), (1, Some(2)));
    assert_eq!((overview.alarms.value, overview.alarms.of), (1, Some(2)));
    assert_eq!((overview.nodes.value, overview.connections.value, overview.off_on_purpose), (1, 1, 1));
    assert!(overview.needs[0].detail.as_deref().is_some_and(|detail| detail.starts_with("2 tasks failed in the last 15 minutes.")));
}

#[tokio::test]
async fn the_list_is_filtered_sorted_and_paged() {
    let fixture = Fixture::new().await;
    let mut fleet = cluster();
    fleet.services.items[1].service.running = 0;
    fleet.services.items[1].service.tags.clear();
    fixture.record(ecs(0, fleet)).await;
    let now = at(1);
    let query = ServiceQuery::default;
    assert_eq!(fixture.list(query(), now).await, ["quest down", "auth up", "language off_on_purpose"]);
    assert_eq!(fixture.list(ServiceQuery { reverse: true, ..query() }, now).await, ["language off_on_purpose", "auth up", "quest down"]);
    assert_eq!(
        fixture.list(ServiceQuery { sort: ServiceSort::Name, ..query() }, now).await,
        ["auth up", "language off_on_purpose", "quest down"]
    );
    assert_eq!(fixture.list(ServiceQuery { sort: ServiceSort::Name, reverse: true, ..query() }, now).await[0], "quest down");
    assert_eq!(fixture.list(ServiceQuery { q: "UES".into(), ..query() }, now).await, ["quest down"]);
    assert_eq!(fixture.list(ServiceQuery { state: Some(Standing::Up), ..query() }, now).await, ["auth up"]);
    assert_eq!(fixture.list(ServiceQuery { group: Some("game".into()), ..query() }, now).await, ["auth up", "language off_on_purpose"]);
    assert_eq!(fixture.list(ServiceQuery { q: "' OR 1=1 --".into(), ..query() }, now).await, Vec::<String>::new());
    let second = fixture.store.service_page(ServiceQuery { per: 2, page: 2, ..query() }, now).await.unwrap();
    assert_eq!((second.rows.len(), second.matching, second.pages(), second.total), (1, 3, 2, 3));
    let past = fixture.store.service_page(ServiceQuery { per: 2, page: 9, ..query() }, now).await.unwrap();
    assert_eq!((past.rows.len(), past.matching, past.pages()), (0, 3, 2), "a page past the end knows where the end is");
    assert_eq!(second.standings, [(Standing::Down, 1), (Standing::Up, 1), (Standing::OffOnPurpose, 1)]);
    assert_eq!(second.groups, ["game"]);
}

#[tokio::test]
async fn a_stale_source_makes_its_services_unknown_in_list_filter_and_page() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let late = at(60);
    assert_eq!(fixture.list(ServiceQuery { state: Some(Standing::Unknown), ..ServiceQuery::default() }, late).await.len(), 3);
    assert_eq!(fixture.list(ServiceQuery { state: Some(Standing::Up), ..ServiceQuery::default() }, late).await.len(), 0);
    let detail = fixture.store.service_detail(&key("auth"), None, true, late).await.unwrap().unwrap();
    assert_eq!(detail.row.standing, Standing::Unknown);
    assert!(detail.stale.is_some_and(|why| why.contains("last answered 60 s ago")));
}

#[tokio::test]
async fn a_task_owns_the_connections_from_its_address_opened_in_its_life() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let connections = vec![connection("n1", 1, "10.0.4.1", -80), connection("n1", 2, "10.0.4.1", -200), connection("n1", 3, "10.0.9.9", 1)];
    let reading = NatsReading { nodes: Seen::whole(vec![node("n1", 0)]), connections: Seen::whole(connections), ..NatsReading::default() };
    fixture.record(nats(0, reading)).await;
    let detail = fixture.store.service_detail(&key("auth"), Some("leave it"), true, at(1)).await.unwrap().unwrap();
    let owned: Vec<Vec<u64>> = detail.tasks.iter().map(|task| task.connections.iter().map(|connection| connection.cid).collect()).collect();
    assert_eq!(owned, [vec![1], vec![]], "an older connection belongs to whoever had the address before");
    assert_eq!(detail.do_not_touch.as_deref(), Some("leave it"));
    assert_eq!(detail.record.len(), 1);
    assert!(fixture.store.service_detail(&key("nobody"), None, true, at(1)).await.unwrap().is_none());
}

#[tokio::test]
async fn hostile_names_are_kept_as_they_are() {
    let fixture = Fixture::new().await;
    let mut fleet = cluster();
    let name = "<img src=x onerror=alert(1)>\u{202e}=cmd|' /C calc'!A0🚦";
    fleet.services.items.push(service(name));
    fixture.record(ecs(0, fleet)).await;
    let query = ServiceQuery { q: "ONERROR".into(), ..ServiceQuery::default() };
    let page = fixture.store.service_page(query, at(1)).await.unwrap();
    assert_eq!(page.rows[0].key.service, name);
    assert!(fixture.store.service_detail(&key(name), None, true, at(1)).await.unwrap().is_some());
}

#[tokio::test]
async fn what_the_config_no_longer_names_is_no_longer_shown() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    fixture.store.sources_set(&[]).await.unwrap();
    assert_eq!(fixture.list(ServiceQuery::default(), at(1)).await, Vec::<String>::new());
    assert_eq!(fixture.store.overview_facts(at(1)).await.unwrap().services, []);
}
