//! What connections carry, from sweeps to the lines of a plot.

use domain::nats::{Connection, ConnectionCounters};
use domain::reading::{NatsReading, Seen};
use domain::series::{DAY, Reach};
use domain::source::SourceKind;
use domain::view::History;

use super::build::*;
use crate::history::{Form, compose};
use crate::store::Store;

/// A connection of a task of auth's (10.0.4.1, 10.0.4.2) or quest's (10.0.5.1): number, address, sent, received.
type One = (u64, &'static str, u64, u64);

/// What node n1, started at `started`, says.
fn reading(started: i64, connections: &[One]) -> NatsReading {
    let node = node("n1", started);
    let of = |(cid, address, sent, received): &One| {
        let (opened, counters) = connection("n1", *cid, address, 1);
        let opened = Connection { node: node.0.id.clone(), ..opened };
        (opened, ConnectionCounters { in_messages: *sent, out_messages: *received, ..counters })
    };
    let connections = Seen::whole(connections.iter().map(of).collect());
    NatsReading { nodes: Seen::whole(vec![node.clone()]), connections, real_time: true, ..NatsReading::default() }
}

/// Both tasks of auth's send a message a second and receive two, quest's sends one in three hundred.
fn steady(second: i64) -> NatsReading {
    let count = second.unsigned_abs();
    reading(0, &[(1, "10.0.4.1", 5_000_000 + count, 2 * count), (2, "10.0.4.2", count, 2 * count), (3, "10.0.5.1", count / 300, 0)])
}

async fn history(fixture: &Fixture, service: &str, second: i64) -> History {
    let past = fixture.store.past(&key(service), Reach::Hour, at(second)).await.unwrap().unwrap();
    compose(key(service), Reach::Hour, &past, Form::Numbers, at(second))
}

/// The values of a line from the beginning on.
fn line(history: &History, plot: &str, label: &str) -> Vec<Option<f64>> {
    let plot = history.plots.iter().find(|known| known.id == plot).unwrap_or_else(|| panic!("no plot {plot}"));
    let line = plot.lines.iter().find(|line| line.label == label).unwrap();
    line.points.iter().filter(|(second, _)| *second >= at(0)).map(|(_, value)| *value).collect()
}

#[tokio::test]
async fn connections_and_messages_become_lines_and_a_quiet_sweep_adds_no_row() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    assert!(history(&fixture, "auth", 1).await.plots.iter().all(|plot| plot.id != "messages"), "nothing is claimed of what was never seen");
    for second in (0..=600).step_by(15) {
        fixture.record(nats(second, steady(second))).await;
    }
    let rows = fixture.rows().await;
    for second in (615..=885).step_by(15) {
        fixture.record(nats(second, steady(second))).await;
        assert_eq!(fixture.rows().await, rows, "within a slot");
    }
    let written = fixture.record(nats(900, steady(900))).await;
    assert!(written.topics.contains(&domain::live::Topic::Metrics));
    let auth = history(&fixture, "auth", 960).await;
    assert_eq!(line(&auth, "messages", "sent"), [Some(2.0), Some(2.0), Some(2.0), None]);
    assert_eq!(line(&auth, "messages", "received"), [Some(4.0), Some(4.0), Some(4.0), None]);
    assert_eq!(line(&auth, "connections", "fewest open"), [Some(2.0), Some(2.0), Some(2.0), None]);
    let quest = history(&fixture, "quest", 960).await;
    assert_eq!(line(&quest, "messages", "sent")[1], Some(1.0 / 300.0), "one message is not nought");
    let said = &quest.plots.iter().find(|plot| plot.id == "messages").unwrap().lines[0].newest;
    assert_eq!(said, "0.20/min");
    assert!(auth.csv().contains(",messages,sent,per second,2.0000\r\n"), "{}", auth.csv());
    // language is off and holds none: it has no line, and nobody writes one for it
    assert!(history(&fixture, "language", 960).await.plots.iter().all(|plot| plot.id != "connections"));
}

#[tokio::test]
async fn what_nobody_saw_is_a_gap_and_neither_a_spike_nor_nought() {
    let mut fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    for second in (0..=2_400).step_by(15) {
        let report = match second {
            // twelve minutes in which the nodes do not answer
            300..1_020 => failed(SourceKind::Nats, second),
            _ => nats(second, steady(second)),
        };
        fixture.record(report).await;
        if second == 1_500 {
            // a restart of ours loses nothing: what is metered stands in the store
            let Fixture { store, directory, marks } = fixture;
            store.close().await;
            drop(store);
            fixture = Fixture { store: Store::open(&directory.path().join("signalbox.db")).await.unwrap(), directory, marks };
        }
    }
    let auth = history(&fixture, "auth", 2_460).await;
    let values = line(&auth, "messages", "sent");
    assert_eq!(
        values,
        [Some(2.0), None, None, Some(2.0), Some(2.0), Some(2.0), Some(2.0), Some(2.0), None],
        "the slot from 900 s was seen from 1,020 s on"
    );
    assert_eq!(line(&auth, "connections", "fewest open")[..4], [Some(2.0), None, None, Some(2.0)]);
    assert!(auth.notes.iter().any(|note| note.starts_with("NATS was not read in 1 stretch")), "{:?}", auth.notes);
}

#[tokio::test]
async fn a_task_that_is_replaced_and_a_node_that_restarts_count_from_nought() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    for second in (0_i64..=900).step_by(15) {
        let count = second.unsigned_abs();
        let reading = match second {
            ..150 => reading(0, &[(1, "10.0.4.1", 5_000_000 + count, 0)]),
            150..450 => reading(0, &[(9, "10.0.4.2", count - 150, 0)]),
            _ => reading(440, &[(1, "10.0.4.2", 800_000 + count, 0)]),
        };
        fixture.record(nats(second, reading)).await;
    }
    let values = line(&history(&fixture, "auth", 960).await, "messages", "sent");
    for value in values.iter().take(3) {
        let value = value.unwrap();
        assert!((0.9..=1.0).contains(&value), "{values:?}");
    }
    // then it has no connection at all, and that is known
    for second in (915..=1_500).step_by(15) {
        fixture.record(nats(second, reading(440, &[]))).await;
    }
    let auth = history(&fixture, "auth", 1_560).await;
    assert_eq!((line(&auth, "connections", "fewest open")[4], line(&auth, "messages", "sent")[4]), (Some(0.0), Some(0.0)));
}

#[tokio::test]
async fn two_nats_clusters_are_added_where_both_are_known() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    let other = |second: i64| {
        let mut report = nats(second, steady(second));
        report.health.id.scope = "other".into();
        report.sweep.as_mut().unwrap().source.scope = "other".into();
        report
    };
    for second in (0..=1_500).step_by(15) {
        fixture.record(nats(second, steady(second))).await;
        if !(300..600).contains(&second) {
            fixture.record(other(second)).await;
        }
    }
    let auth = history(&fixture, "auth", 1_500).await;
    let values = line(&auth, "messages", "sent");
    assert_eq!((values[0], values[1], values[2]), (Some(4.0), None, Some(4.0)), "half of it is not what it sent: {values:?}");
    assert_eq!(line(&auth, "connections", "fewest open")[2], Some(4.0));
}

#[tokio::test]
async fn they_are_rolled_up_and_let_go_as_every_series() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, cluster())).await;
    for second in (0..=900).step_by(15) {
        fixture.record(nats(second, steady(second))).await;
    }
    let before = line(&history(&fixture, "auth", 960).await, "messages", "sent");
    while fixture.store.roll_up(at(5 * DAY)).await.unwrap() > 0 {}
    let rows = fixture.rows().await;
    assert!(rows.contains(&("series_hour", 0)) && rows.contains(&("series_day", 6)), "{rows:?}");
    assert_eq!(line(&history(&fixture, "auth", 960).await, "messages", "sent"), before);
}

/// A fleet of a thousand services with two connections each, whose counters stand at `second`.
fn thousand(second: u64) -> (domain::reading::ClusterReading, NatsReading) {
    let (mut fleet, node) = (domain::reading::ClusterReading { name: "main".into(), ..Default::default() }, node("n1", 0));
    let mut connections = Vec::new();
    (fleet.services.whole, fleet.tasks.whole) = (true, true);
    for number in 0..1_000_u64 {
        let name = format!("service-{number:04}");
        fleet.services.items.push(service(&name));
        for which in 0..2_u64 {
            let address = format!("10.{which}.{}.{}", number / 250, number % 250);
            let mut task = task(&name, which as u8);
            task.address = Some(address.clone());
            fleet.tasks.items.push(task);
            let (opened, counters) = connection("n1", 2 * number + which, &address, 1);
            let carried =
                ConnectionCounters { in_messages: second * (number + 1) / 7, out_messages: second * (number + 1) / 5, ..counters };
            connections.push((Connection { node: node.0.id.clone(), ..opened }, carried));
        }
    }
    let reading =
        NatsReading { nodes: Seen::whole(vec![node]), connections: Seen::whole(connections), real_time: true, ..NatsReading::default() };
    (fleet, reading)
}

/// `cargo test --release -p signalbox --lib month_of_a_thousand -- --ignored --nocapture` prints the figures of decision 0075.
#[tokio::test]
#[ignore = "a measurement: a month of a thousand services"]
#[expect(clippy::disallowed_methods, reason = "what is measured is the wall's time")]
async fn what_a_month_of_a_thousand_services_costs() {
    let fixture = Fixture::new().await;
    fixture.record(ecs(0, thousand(0).0)).await;
    let mut took = (Vec::new(), Vec::new());
    for second in (0..=1_200_u64).step_by(15) {
        let report = nats(second as i64, thousand(second).1);
        let before = std::time::Instant::now();
        fixture.record(report).await;
        if second > 15 {
            if second % 300 == 0 { &mut took.1 } else { &mut took.0 }.push(before.elapsed());
        }
    }
    took.0.sort();
    let mut tx = fixture.store.write().await.unwrap();
    let meter: i64 = sqlx::query_scalar("SELECT length(body) FROM nats_meter").fetch_one(&mut *tx).await.unwrap();
    println!("a sweep {:.1?}, one that ends a slot {:.1?}; the meter's row {} KB", took.0[took.0.len() / 2], took.1, meter / 1_000);
    sqlx::query("DELETE FROM series_hour").execute(&mut *tx).await.unwrap();
    let rows: Vec<(i64, i64, String)> = sqlx::query_as("SELECT id, subject, metric FROM series").fetch_all(&mut *tx).await.unwrap();
    let mut seed = 7_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / (1_u64 << 31) as f64
    };
    for (series, subject, word) in rows {
        let metric = domain::series::Metric::from_word(&word).unwrap();
        // from three messages a minute to two hundred a second, half as many at night, with the noise of counting
        let usual = 0.05 * 4_000_f64.powf((subject % 1_000) as f64 / 1_000.0);
        for day in 0..30 {
            let point = |slot: i64| {
                let here = day * DAY + slot * 300;
                let rate = usual * (0.75 + 0.25 * (slot as f64 / 288.0 * std::f64::consts::TAU).sin());
                let noise = (0..6).map(|_| random()).sum::<f64>() - 3.0;
                let messages = (rate * 300.0 + noise * 1.4 * (rate * 300.0).sqrt()).max(0.0);
                // six changes a day
                let connections = if slot % 48 == 7 { 1.0 } else { 2.0 };
                let value = if metric == domain::series::Metric::NatsConnections { connections } else { messages / 300.0 };
                domain::series::Point { at: at(here), value }
            };
            let points: Vec<_> = (0..288).map(point).collect();
            crate::store::series::put(&mut tx, series, metric, &points, at(30 * DAY)).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    let mut snapshot = fixture.store.read().await.unwrap();
    for table in ["series_day", "series_hour"] {
        let query =
            format!("SELECT s.metric, count(*), sum(length(d.body)) FROM {table} d JOIN series s ON s.id = d.series GROUP BY 1 ORDER BY 1");
        let sizes: Vec<(String, i64, i64)> = sqlx::query_as(sqlx::AssertSqlSafe(query)).fetch_all(&mut *snapshot).await.unwrap();
        let pages: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT sum(pgsize) FROM dbstat WHERE name = '{table}'")))
            .fetch_one(&mut *snapshot)
            .await
            .unwrap_or_default();
        println!("{table}: {pages} bytes on disk; {sizes:?}");
    }
    drop(snapshot);
    let mut reads = Vec::new();
    for number in 0..200 {
        let before = std::time::Instant::now();
        fixture.store.past(&key(&format!("service-{number:04}")), Reach::Month, at(30 * DAY)).await.unwrap().unwrap();
        reads.push(before.elapsed());
    }
    reads.sort();
    println!("a month of one service from the store: p50 {:.2?}, p99 {:.2?}", reads[100], reads[197]);
}
