//! Alarms of the fleet that exists only here.

use domain::alarm::{Alarm, AlarmKind, AlarmState, Watch};
use domain::coverage::commands::{Custom, Gap, write};
use domain::coverage::{Column, Watched, cells, tally};
use domain::service::ServiceKey;
use domain::view::{
    Acknowledged, AlarmDetail, AlarmKey, AlarmPage, AlarmQuery, AlarmRow, CoveragePage, CoverageQuery, CoverageRow, Facts, MissingAlarms,
    MissingQuery,
};
use domain::{Failure, Timestamp};

use super::facts::{alarm, entry};
use super::{Scene, before};

/// An alarm somebody knows of.
pub(crate) fn known(now: Timestamp) -> AlarmRow {
    AlarmRow {
        acknowledged: Some(Acknowledged { by: "Ann".into(), reason: "load test until 11".into(), at: before(now, 1_200) }),
        told: vec!["gaming-system-alerts".into()],
        runbook: Some("https://wiki.example/quest".into()),
        changes: 5,
        ..alarm("quest-system-nats-cpu", "quest-system-nats", AlarmState::Alarm, now)
    }
}

fn rows(scene: Scene, facts: &Facts, now: Timestamp) -> Vec<AlarmRow> {
    let mut rows: Vec<AlarmRow> = facts.alarms.iter().map(|fact| fact.row.clone()).collect();
    if scene == Scene::Hostile {
        let mut hostile = alarm("<script>alert(1)</script>\u{202E}", "a\"><img src=x>", AlarmState::Alarm, now);
        hostile.runbook = Some("https://x/\"onmouseover=alert(1)".into());
        rows.push(hostile);
    }
    if !matches!(scene, Scene::Empty) {
        rows.push(AlarmRow { told: vec!["gaming-system-alerts".into()], ..alarm("auth-nats-cpu", "auth-nats", AlarmState::Ok, now) });
    }
    rows
}

pub(crate) fn page(scene: Scene, query: &AlarmQuery, facts: &Facts, now: Timestamp) -> AlarmPage {
    let all = rows(scene, facts, now);
    let count = |state| all.iter().filter(|row| row.state == state).count() as u64;
    let states: Vec<_> =
        [AlarmState::Alarm, AlarmState::InsufficientData, AlarmState::Ok].map(|state| (state, count(state))).into_iter().collect();
    let rows: Vec<AlarmRow> =
        all.iter().filter(|row| query.state.is_none_or(|state| state == row.state) && row.name.contains(&query.q)).cloned().collect();
    AlarmPage {
        revision: 412,
        headline: format!("{} of {} alarms on", all.iter().filter(|row| row.calls()).count(), all.len()),
        asked: query.asked(),
        choices: query.choices(&states, &[], all.len() as u64),
        orders: query.orders(),
        paging: query.paging(rows.len() as u64, all.len() as u64),
        csv: query.csv_path(),
        acknowledged: all.iter().filter(|row| row.acknowledged.is_some()).cloned().collect(),
        rows,
        observed: facts.sources[1].last_success,
        stale: facts.sources[1].stale(now).into_iter().collect(),
    }
}

pub(crate) fn detail(scene: Scene, key: &AlarmKey, facts: &Facts, now: Timestamp) -> Result<AlarmDetail, Failure> {
    let found = rows(scene, facts, now).into_iter().find(|row| row.key() == *key);
    let row = found.ok_or_else(|| Failure::NotFound { what: format!("The alarm {}", domain::text::shown(&key.name)) })?;
    Ok(AlarmDetail {
        revision: 412,
        arn: format!("arn:aws:cloudwatch:us-east-1:111122223333:alarm:{}", key.name),
        description: Some("CPU above 80 %".into()),
        record: facts
            .recent
            .iter()
            .take(2)
            .cloned()
            .chain([entry(900, before(now, 480), domain::timeline::EventKind::Alarm, domain::judge::Tone::Warn, &key.name, "OK → ALARM")])
            .collect(),
        observed: facts.sources[1].last_success,
        stale: facts.sources[1].stale(now),
        row,
    })
}

/// CPU alone is watched.
fn watching(service: &str) -> Alarm {
    let watch = Watch {
        namespace: "AWS/ECS".into(),
        metric: "CPUUtilization".into(),
        statistic: "Average".into(),
        comparison: "GreaterThanThreshold".into(),
        threshold: Some(80.0),
        period: 60,
        evaluated: 2,
        to_alarm: 2,
        ..Watch::default()
    };
    Alarm {
        name: format!("{service}-cpu"),
        kind: AlarmKind::Metric,
        state: AlarmState::Ok,
        actions_enabled: true,
        actions: vec!["arn:aws:sns:us-east-1:111122223333:gaming-system-alerts".into()],
        watch: Some(watch),
        ..Alarm::default()
    }
}

pub(crate) fn coverage(scene: Scene, query: &CoverageQuery, facts: &Facts, now: Timestamp) -> CoveragePage {
    let row = |key: &ServiceKey, off: bool| {
        let alarm = watching(&key.service);
        let cells = cells(&Watched { off, ..Watched::default() }, &[&alarm], now);
        let missing = (tally(&cells).0 != 0).then(|| MissingQuery::of(key).path("/alarms/missing"));
        CoverageRow { key: key.clone(), cells, missing }
    };
    let rows: Vec<CoverageRow> = facts
        .services
        .iter()
        .filter(|service| service.key.service.contains(&query.q))
        .take(if scene == Scene::Many { 50 } else { usize::MAX })
        .map(|service| row(&service.key, service.desired == 0))
        .collect();
    let total = facts.services.len() as u64;
    CoveragePage {
        revision: 412,
        headline: format!("{} of {total} services not fully watched", rows.iter().filter(|row| row.missing.is_some()).count()),
        columns: Column::ALL.map(|of| (of.title().to_owned(), of.rule().to_owned())).into(),
        asked: query.asked(),
        choices: query.choices(&[(Column::Memory, total)], total),
        paging: query.paging(total, total),
        csv: query.csv_path(),
        rows,
        observed: facts.sources[1].last_success,
        stale: facts.sources[1].stale(now).into_iter().collect(),
    }
}

pub(crate) fn missing(query: &MissingQuery) -> MissingAlarms {
    let key = ServiceKey {
        environment: "production".into(),
        cluster: "gaming-system-cluster".into(),
        service: query.service.clone().unwrap_or_else(|| "auth-nats".into()),
    };
    let gap = Gap { key, column: Column::Memory, desired: 2, watched: Watched::default() };
    let custom = Custom::of("111122223333", "us-east-1", &[watching("auth-nats")]);
    let text = write(query.form, std::slice::from_ref(&gap), &[("production".to_owned(), custom)].into(), 10);
    MissingAlarms::new(412, query, 1, text)
}
