//! What a page of the list shows, by tables. That SQLite gave the same is tested beside the store.

use std::time::Duration;

use super::*;
use crate::source::SourceId;

const NOW: Timestamp = Timestamp::from_secs(1_000);

fn row(name: &str, standing: Standing, running: u32, group: Option<&str>) -> ServiceRow {
    ServiceRow {
        key: ServiceKey { environment: "production".into(), cluster: "main".into(), service: name.into() },
        group: group.map(str::to_owned),
        standing,
        since: Timestamp::from_secs(100 + i64::from(running)),
        moving: false,
        reasons: Vec::new(),
        desired: 2,
        running,
        pending: 0,
        unhealthy: 0,
        revision: None,
        alarms_on: 0,
        alarms: 0,
    }
}

fn elsewhere(environment: &str, cluster: &str, row: ServiceRow) -> ServiceRow {
    let key = ServiceKey { environment: environment.into(), cluster: cluster.into(), service: row.key.service };
    ServiceRow { key, ..row }
}

/// auth twice, so that something is equal in every order; two without a group.
fn fleet() -> Vec<ServiceRow> {
    vec![
        row("quest", Standing::Down, 0, None),
        row("auth", Standing::Up, 2, Some("core")),
        elsewhere("production", "side", row("auth", Standing::Off, 0, Some("game"))),
        row("Übung", Standing::Up, 2, Some("core")),
        row("language", Standing::OffOnPurpose, 0, None),
    ]
}

fn source(scope: &str, last_success: Option<Timestamp>) -> SourceHealth {
    SourceHealth { last_success, ..SourceHealth::untried(SourceId::new(SourceKind::Ecs, scope), Duration::from_secs(15)) }
}

fn page_of(rows: Vec<ServiceRow>, sources: &[SourceHealth], query: ServiceQuery) -> ServicePage {
    ServiceList::new(7, rows).page(query, sources, 9, NOW)
}

fn page(query: ServiceQuery) -> ServicePage {
    page_of(fleet(), &[source("production", Some(NOW))], query)
}

/// The rows in short, as `service` in `main` and `service/cluster` elsewhere.
fn names(page: &ServicePage) -> Vec<String> {
    let name = |row: &ServiceRow| match row.key.cluster.as_str() {
        "main" => row.key.service.clone(),
        other => format!("{}/{other}", row.key.service),
    };
    page.rows.iter().map(name).collect()
}

#[test]
fn every_order_both_ways_with_equal_rows_by_name_always() {
    for (sort, reverse, wanted) in [
        (ServiceSort::State, false, ["quest", "auth", "Übung", "auth/side", "language"]),
        (ServiceSort::State, true, ["language", "auth/side", "auth", "Übung", "quest"]),
        (ServiceSort::Name, false, ["auth", "auth/side", "language", "quest", "Übung"]),
        (ServiceSort::Name, true, ["Übung", "quest", "language", "auth", "auth/side"]),
        (ServiceSort::Group, false, ["auth", "Übung", "auth/side", "language", "quest"]),
        (ServiceSort::Group, true, ["language", "quest", "auth/side", "auth", "Übung"]),
        (ServiceSort::Running, false, ["auth/side", "language", "quest", "auth", "Übung"]),
        (ServiceSort::Running, true, ["auth", "Übung", "auth/side", "language", "quest"]),
        (ServiceSort::Since, false, ["auth", "Übung", "auth/side", "language", "quest"]),
        (ServiceSort::Since, true, ["auth/side", "language", "quest", "auth", "Übung"]),
    ] {
        let found = page(ServiceQuery { sort, reverse, ..ServiceQuery::default() });
        assert_eq!(names(&found), wanted, "{sort:?}, reverse {reverse}");
    }
}

#[test]
fn a_search_reads_what_is_typed_as_it_is() {
    let by_name = |q: &str| names(&page(ServiceQuery { q: q.into(), sort: ServiceSort::Name, ..ServiceQuery::default() }));
    for (q, wanted) in [
        ("", vec!["auth", "auth/side", "language", "quest", "Übung"]),
        ("UE", vec!["quest"]),
        ("u", vec!["auth", "auth/side", "language", "quest", "Übung"]),
        ("a", vec!["auth", "auth/side", "language"]),
        ("%", vec![]),
        ("a_th", vec![]),
        ("üb", vec![]),
        ("ÜB", vec!["Übung"]),
        ("longer than any of the names", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        assert_eq!(by_name(q), wanted, "{q}");
    }
}

#[test]
fn filters_leave_the_counts_of_the_fleet_alone() {
    for (query, wanted) in [
        (ServiceQuery { state: Some(Standing::Up), ..ServiceQuery::default() }, vec!["auth", "Übung"]),
        (ServiceQuery { state: Some(Standing::Unknown), ..ServiceQuery::default() }, vec![]),
        (ServiceQuery { group: Some("game".into()), ..ServiceQuery::default() }, vec!["auth/side"]),
        (ServiceQuery { group: Some("~".into()), ..ServiceQuery::default() }, vec![]),
        (ServiceQuery { environment: Some("staging".into()), ..ServiceQuery::default() }, vec![]),
    ] {
        let found = page(query);
        assert_eq!(names(&found), wanted);
        assert_eq!((found.matching, found.total, found.revision), (wanted.len() as u64, 5, 9));
        assert_eq!(found.standings, [(Standing::Down, 1), (Standing::Up, 2), (Standing::Off, 1), (Standing::OffOnPurpose, 1)]);
        assert_eq!(found.groups, ["core", "game"], "no group is no group's name");
        assert_eq!(found.environments, ["production"]);
        assert_eq!((found.observed, found.stale.len()), (Some(NOW), 0));
    }
}

#[test]
fn a_page_is_cut_where_it_ends() {
    for (per, number, wanted) in [
        (2, 1, vec!["auth", "auth/side"]),
        (2, 3, vec!["Übung"]),
        (2, 4, vec![]),
        (5, 1, vec!["auth", "auth/side", "language", "quest", "Übung"]),
        (u32::MAX, 1, vec!["auth", "auth/side", "language", "quest", "Übung"]),
        (u32::MAX, u32::MAX, vec![]),
        (2, 0, vec!["auth", "auth/side"]),
    ] {
        let found = page(ServiceQuery { sort: ServiceSort::Name, per, page: number, ..ServiceQuery::default() });
        assert_eq!(names(&found), wanted, "{per} on page {number}");
        assert_eq!(found.matching, 5);
    }
}

#[test]
fn what_is_stale_is_unknown_and_what_nobody_reads_is_left_out() {
    let mut rows = fleet();
    rows.push(elsewhere("staging", "main", row("auth", Standing::Up, 2, Some("late"))));
    rows.push(elsewhere("gone", "main", row("auth", Standing::Up, 2, Some("gone"))));
    let sources = [
        source("production", Some(NOW)),
        source("staging", Some(NOW.minus(Duration::from_secs(60)))),
        SourceHealth::untried(SourceId::new(SourceKind::Alarms, "gone"), Duration::from_secs(15)),
    ];
    let query = ServiceQuery { q: "auth".into(), sort: ServiceSort::Name, ..ServiceQuery::default() };
    let found = page_of(rows, &sources, query.clone());
    let stood: Vec<(&str, Standing)> = found.rows.iter().map(|row| (row.key.environment.as_str(), row.standing)).collect();
    assert_eq!(stood, [("production", Standing::Up), ("production", Standing::Off), ("staging", Standing::Unknown)]);
    assert!(found.rows[2].reasons[0].contains("last answered 60 s ago"), "{:?}", found.rows[2].reasons);
    assert_eq!((found.matching, found.total), (3, 6));
    assert_eq!(found.groups, ["core", "game", "late"]);
    assert_eq!(found.environments, ["production", "staging"]);
    assert_eq!(found.observed, Some(NOW.minus(Duration::from_secs(60))), "the oldest of the sources");
    assert_eq!(found.stale, [found.rows[2].reasons[0].clone()]);
    let unknown = ServiceQuery { state: Some(Standing::Unknown), ..query };
    let never = page_of(fleet(), &[source("production", None)], unknown);
    assert_eq!((never.matching, never.observed), (2, None));
}

#[test]
fn an_empty_list_has_a_page() {
    let none = page_of(Vec::new(), &[], ServiceQuery::default());
    assert_eq!((none.rows.len(), none.matching, none.total, none.pages(), none.observed), (0, 0, 0, 1, None));
}
