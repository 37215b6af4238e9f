//! The list of services in memory: filtered, sorted and cut into pages.
//!
//! Separate from the row and the question because this is about all rows at once. The store reads them once for every page,
//! until a service or an alarm moves; a page is then a pass over memory. The trap is comparing text: to sort ten thousand rows
//! by name costs more than all else a page needs, so names and groups are ranked once, and a page sorts numbers.

use std::collections::BTreeSet;

use super::{ServicePage, ServiceQuery, ServiceRow, ServiceSort};
use crate::Timestamp;
use crate::judge::Standing;
use crate::service::ServiceKey;
use crate::source::{SourceHealth, SourceKind};

/// Where a service without a group is sorted: behind the groups.
const NO_GROUP: &str = "~";

/// Every service that is in its cluster, as it was last read.
#[derive(Debug, Default)]
pub struct ServiceList {
    revision: u64,
    /// By name, environment and cluster: the order of rows that are equal in what is sorted by.
    rows: Vec<Listed>,
    environments: Vec<String>,
    groups: Vec<String>,
}

/// A service, with the rank of its name and its places in the lists of groups and environments.
#[derive(Debug)]
struct Listed {
    row: ServiceRow,
    name: usize,
    group: usize,
    environment: usize,
}

/// How the services of one environment are shown.
enum Sight {
    /// Not at all: no ECS source of the config reads it any more.
    Unread,
    /// As they were last read.
    Fresh,
    /// As unknown, for this reason.
    Stale(String),
}

/// What stands over the whole fleet, whatever is filtered.
struct Fleet {
    standings: Vec<(Standing, u64)>,
    groups: Vec<String>,
    environments: Vec<String>,
}

impl ServiceList {
    /// The list of these services, which were read at this revision of the store.
    pub fn new(revision: u64, mut rows: Vec<ServiceRow>) -> Self {
        rows.sort_unstable_by(|one, other| by_name(&one.key).cmp(&by_name(&other.key)));
        let environments = distinct(rows.iter().map(|row| row.key.environment.as_str()));
        let groups = distinct(rows.iter().map(group_of));
        let mut listed: Vec<Listed> = Vec::with_capacity(rows.len());
        let mut name = 0;
        for row in rows {
            if listed.last().is_some_and(|before| before.row.key.service != row.key.service) {
                name += 1;
            }
            let (group, environment) = (place(&groups, group_of(&row)), place(&environments, &row.key.environment));
            listed.push(Listed { row, name, group, environment });
        }
        Self { revision, rows: listed, environments, groups }
    }

    /// The store's revision it was read at.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// One page of it, judged by the clock. A service whose source is stale counts as unknown, in the filter as in the row, and
    /// is sorted by where it last stood; one whose environment no ECS source reads any more is left out.
    ///
    /// `sources` are those of the config; `revision` is the store's up to which these and the list are known to be true.
    pub fn page(&self, query: ServiceQuery, sources: &[SourceHealth], revision: u64, now: Timestamp) -> ServicePage {
        let ecs: Vec<&SourceHealth> = sources.iter().filter(|health| health.id.kind == SourceKind::Ecs).collect();
        let sights: Vec<Sight> = self.environments.iter().map(|environment| Sight::of(environment, &ecs, now)).collect();
        let fleet = self.fleet(&sights);
        let found = self.found(&query, &sights);
        ServicePage {
            revision,
            rows: self.cut(&found, &query, &sights),
            matching: found.len() as u64,
            total: fleet.standings.iter().map(|(_, count)| count).sum(),
            standings: fleet.standings,
            groups: fleet.groups,
            environments: fleet.environments,
            observed: ecs.iter().map(|health| health.last_success).min().flatten(),
            stale: ecs.iter().filter_map(|health| health.stale(now)).collect(),
            query,
        }
    }

    fn fleet(&self, sights: &[Sight]) -> Fleet {
        let mut counts = [0_u64; Standing::ALL.len()];
        let (mut groups, mut environments) = (vec![false; self.groups.len()], vec![false; self.environments.len()]);
        for listed in &self.rows {
            let Some(standing) = listed.standing(sights) else { continue };
            counts[standing as usize] += 1;
            groups[listed.group] |= listed.row.group.is_some();
            environments[listed.environment] = true;
        }
        let standings = Standing::ALL.map(|standing| (standing, counts[standing as usize]));
        Fleet {
            standings: standings.into_iter().filter(|(_, count)| *count > 0).collect(),
            groups: marked(&self.groups, &groups),
            environments: marked(&self.environments, &environments),
        }
    }

    /// The services that match, in the order asked for: what each is sorted by, and its place in the list.
    fn found(&self, query: &ServiceQuery, sights: &[Sight]) -> Vec<(i64, usize)> {
        let matching = self.rows.iter().enumerate().filter(|(_, listed)| listed.matches(query, sights));
        let mut found: Vec<(i64, usize)> = matching.map(|(place, listed)| (listed.sorted_by(query), place)).collect();
        found.sort_unstable();
        found
    }

    /// The rows of one page of what was found.
    fn cut(&self, found: &[(i64, usize)], query: &ServiceQuery, sights: &[Sight]) -> Vec<ServiceRow> {
        let before = u64::from(query.page.saturating_sub(1)) * u64::from(query.per);
        let page = found.iter().skip(usize::try_from(before).unwrap_or(usize::MAX)).take(query.per as usize);
        page.map(|(_, place)| self.rows[*place].shown(sights)).collect()
    }
}

impl Sight {
    fn of(environment: &str, ecs: &[&SourceHealth], now: Timestamp) -> Self {
        match ecs.iter().find(|health| health.id.scope == environment) {
            None => Self::Unread,
            Some(health) => health.stale(now).map_or(Self::Fresh, Self::Stale),
        }
    }
}

impl Listed {
    /// Where it stands now; nothing where nobody reads it any more.
    fn standing(&self, sights: &[Sight]) -> Option<Standing> {
        match &sights[self.environment] {
            Sight::Unread => None,
            Sight::Fresh => Some(self.row.standing),
            Sight::Stale(_) => Some(Standing::Unknown),
        }
    }

    fn matches(&self, query: &ServiceQuery, sights: &[Sight]) -> bool {
        self.standing(sights).is_some_and(|standing| query.state.is_none_or(|wanted| wanted == standing))
            && query.group.as_ref().is_none_or(|wanted| self.row.group.as_ref() == Some(wanted))
            && query.environment.as_ref().is_none_or(|wanted| self.row.key.environment == *wanted)
            && holds(&self.row.key.service, &query.q)
    }

    /// What decides its place on the page; equal ones keep the order of the list, whichever way round is sorted.
    fn sorted_by(&self, query: &ServiceQuery) -> i64 {
        let by = match query.sort {
            ServiceSort::State => self.row.standing as i64,
            ServiceSort::Name => self.name as i64,
            ServiceSort::Group => self.group as i64,
            ServiceSort::Running => i64::from(self.row.running),
            ServiceSort::Since => self.row.since.as_micros().saturating_neg(),
        };
        if query.reverse { by.saturating_neg() } else { by }
    }

    /// As a page shows it.
    fn shown(&self, sights: &[Sight]) -> ServiceRow {
        match &sights[self.environment] {
            Sight::Stale(why) => ServiceRow { standing: Standing::Unknown, reasons: vec![why.clone()], ..self.row.clone() },
            Sight::Unread | Sight::Fresh => self.row.clone(),
        }
    }
}

fn by_name(key: &ServiceKey) -> (&str, &str, &str) {
    (&key.service, &key.environment, &key.cluster)
}

fn group_of(row: &ServiceRow) -> &str {
    row.group.as_deref().unwrap_or(NO_GROUP)
}

/// Each name once, sorted.
fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let each: BTreeSet<&str> = names.collect();
    each.into_iter().map(str::to_owned).collect()
}

/// The place of a name among sorted ones.
fn place(names: &[String], name: &str) -> usize {
    names.partition_point(|before| before.as_str() < name)
}

fn marked(names: &[String], marks: &[bool]) -> Vec<String> {
    names.iter().zip(marks).filter(|(_, marked)| **marked).map(|(name, _)| name.clone()).collect()
}

/// Whether a part of the name is written so, whatever the case of its letters from a to z; every other letter counts as written.
fn holds(name: &str, part: &str) -> bool {
    part.is_empty() || name.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests;
