//! The fleet at a glance: every service under its group.
//!
//! Tiles are for tens. Above [`MOST_TILES`] services a group becomes counts, and only what is not well is spelled out,
//! because nobody finds the one red tile among a thousand. Decided here and not on the page, so that the answer stays
//! small however large the fleet is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ServiceRow;
use crate::judge::{Standing, Tone};

/// Most services that are all spelled out.
const MOST_TILES: usize = 100;
/// Most tiles of one group of a large fleet; the rest is behind the group's link.
const MOST_UNWELL: usize = 24;

/// Services under one heading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupOfTiles {
    /// The heading.
    pub name: String,
    /// How many services stand how, worst first; only standings that occur.
    pub standings: Vec<(Standing, u64)>,
    /// Whether only what is not well is spelled out.
    pub folded: bool,
    /// The services spelled out, by name; of a folded group the worst first.
    pub tiles: Vec<TileOfService>,
    /// Services that are not well and not spelled out.
    pub more: u64,
}

/// One service as a tile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TileOfService {
    /// Its name.
    pub name: String,
    /// Its page.
    pub path: String,
    /// Where it stands.
    pub standing: Standing,
    /// How its lamp is drawn: its standing, or caution where an alarm of it is on, or moving.
    pub tone: Tone,
    /// Tasks running.
    pub running: u32,
    /// Tasks wanted.
    pub desired: u32,
}

/// The groups by name, services without one after them, those off on purpose last.
pub(super) fn groups(services: &[ServiceRow]) -> Vec<GroupOfTiles> {
    const APART: &str = "off on purpose";
    let folded = services.len() > MOST_TILES;
    let mut by_name: BTreeMap<(bool, bool, &str), Vec<&ServiceRow>> = BTreeMap::new();
    for row in services {
        let apart = row.standing == Standing::OffOnPurpose;
        let name = if apart { APART } else { row.group.as_deref().unwrap_or("other services") };
        by_name.entry((apart, row.group.is_none(), name)).or_default().push(row);
    }
    by_name.into_iter().map(|((_, _, name), rows)| group(name, rows, folded)).collect()
}

fn group(name: &str, mut rows: Vec<&ServiceRow>, folded: bool) -> GroupOfTiles {
    let counted = |standing| (standing, rows.iter().filter(|row| row.standing == standing).count() as u64);
    let standings = Standing::ALL.into_iter().map(counted).filter(|(_, count)| *count > 0).collect();
    let mut more = 0;
    if folded {
        rows.retain(|row| matches!(tone(row), Tone::Bad | Tone::Warn | Tone::Move));
        rows.sort_by(|a, b| (tone(a), &a.key.service).cmp(&(tone(b), &b.key.service)));
        more = rows.len().saturating_sub(MOST_UNWELL) as u64;
        rows.truncate(MOST_UNWELL);
    } else {
        rows.sort_by(|a, b| a.key.service.cmp(&b.key.service));
    }
    GroupOfTiles { name: name.to_owned(), standings, folded, tiles: rows.into_iter().map(tile).collect(), more }
}

fn tile(row: &ServiceRow) -> TileOfService {
    TileOfService {
        name: row.key.service.clone(),
        path: row.key.path(),
        standing: row.standing,
        tone: tone(row),
        running: row.running,
        desired: row.desired,
    }
}

fn tone(row: &ServiceRow) -> Tone {
    match row.standing {
        Standing::Up if row.alarms_on > 0 => Tone::Warn,
        Standing::Up if row.moving => Tone::Move,
        standing => standing.tone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::service::ServiceKey;

    fn fleet(size: usize, standing: impl Fn(usize) -> Standing) -> Vec<ServiceRow> {
        let row = |number: usize| ServiceRow {
            key: ServiceKey { environment: "production".into(), cluster: "main".into(), service: format!("service-{number:05}") },
            group: Some(format!("group-{}", number % 4)),
            standing: standing(number),
            since: Timestamp::from_secs(0),
            moving: false,
            reasons: Vec::new(),
            desired: 2,
            running: 2,
            pending: 0,
            unhealthy: 0,
            revision: None,
            alarms_on: 0,
            alarms: 0,
        };
        (0..size).map(row).collect()
    }

    #[test]
    fn a_fleet_of_tens_is_spelled_out() {
        let groups = groups(&fleet(100, |_| Standing::Up));
        assert_eq!(groups.iter().map(|group| group.tiles.len()).sum::<usize>(), 100);
        assert!(groups.iter().all(|group| !group.folded && group.more == 0));
    }

    #[test]
    fn a_fleet_of_thousands_is_counted_and_its_answer_stays_small() {
        let groups = groups(&fleet(10_000, |number| if number % 20 == 0 { Standing::Down } else { Standing::Up }));
        assert!(groups.iter().all(|group| group.folded && group.tiles.len() <= MOST_UNWELL));
        assert_eq!(groups[0].standings, [(Standing::Down, 500), (Standing::Up, 2_000)]);
        assert_eq!((groups[0].tiles.len(), groups[0].more), (24, 476));
        assert!(groups[0].tiles.iter().all(|tile| tile.standing == Standing::Down));
        assert!(serde_json::to_string(&groups).unwrap().len() < 32 * 1024);
    }
}
