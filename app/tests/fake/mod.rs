//! A fleet that exists only here: what a server would answer in each situation a page must be able to show.
//!
//! Shared by the tests and the gallery. Judged by the domain's own functions, so that a page is never shown something
//! the product could not say.

pub(crate) mod access;
mod alarms;
mod attest;
mod facts;
mod nats;
mod readiness;
mod reports;
mod rollouts;
mod service;
mod trend;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::account::Role;
use domain::change::HealthCheck;
use domain::judge::Standing;
use domain::port::Observe;
use domain::series::Reach;
use domain::service::ServiceKey;
use domain::view::{
    AlarmDetail, AlarmKey, AlarmPage, AlarmQuery, CoveragePage, CoverageQuery, Facts, Foretold, Frame, History, HistoryPanel, LastWords,
    LogLine, MissingAlarms, MissingQuery, NatsQuery, NatsView, Overview, ReadinessBrief, ReadinessPage, ReadinessQuery, RolloutPage,
    RolloutQuery, RolloutsPage, RolloutsQuery, ServiceDetail, ServiceNats, ServicePage, ServiceQuery, ServiceReadiness, ServiceRow,
    ServiceSort, SourceBrief, SourceRow, SourcesView, Tail, TaskPage, TimelinePage, TimelineQuery,
};
use domain::{Failure, Timestamp};

/// A situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scene {
    /// Everything is up.
    Calm,
    /// A service crash-loops, an alarm is on, a node is silent, one source is partial.
    Trouble,
    /// ECS has not answered for three minutes.
    Stale,
    /// The first sweep is under way.
    Empty,
    /// Names from somebody who wishes us ill.
    Hostile,
    /// Twelve hundred services.
    Many,
    /// The store cannot be read.
    Broken,
}

impl Scene {
    pub(crate) const ALL: [Self; 7] = [Self::Calm, Self::Trouble, Self::Stale, Self::Empty, Self::Hostile, Self::Many, Self::Broken];
}

/// The port, with a clock of its own.
pub(crate) struct Fleet {
    pub(crate) scene: Scene,
    pub(crate) clock: fn() -> Timestamp,
}

impl Fleet {
    fn facts(&self) -> Result<Facts, Failure> {
        match self.scene {
            Scene::Broken => Err(Failure::Internal { incident: "7f3a".into() }),
            scene => Ok(facts::facts(scene, (self.clock)())),
        }
    }

    /// Rows as they may be shown now: the overlay for what is stale is the server's, so it is repeated here.
    fn rows(&self) -> Result<(Vec<ServiceRow>, Option<String>), Failure> {
        let facts = self.facts()?;
        let stale = facts.sources[0].stale((self.clock)());
        let mut rows = facts.services;
        if let Some(why) = &stale {
            for row in &mut rows {
                row.standing = Standing::Unknown;
                row.reasons = vec![why.clone()];
            }
        }
        Ok((rows, stale))
    }
}

#[async_trait]
impl Observe for Fleet {
    fn frame(&self) -> Frame {
        let environments: &[&str] = match self.scene {
            Scene::Hostile => &["prod<uction> · us-east-1", "\u{202E}gnigats · eu-west-1"],
            _ => &["production · us-east-1"],
        };
        Frame {
            now: (self.clock)(),
            speed: 1.0,
            notice: Some("Demo: this fleet is simulated; NATS is real. Nothing here touches an AWS account.".into()),
            trouble: None,
            environments: environments.iter().map(|name| (*name).to_owned()).collect(),
            revision: 412,
            version: "0.1.0".into(),
        }
    }

    async fn overview(&self) -> Result<Arc<Overview>, Failure> {
        Ok(Arc::new(self.facts()?.compose((self.clock)())))
    }

    async fn source_briefs(&self) -> Result<Vec<SourceBrief>, Failure> {
        Ok(self.facts()?.sources.iter().map(|health| SourceBrief::judge(health, (self.clock)())).collect())
    }

    async fn services(&self, query: ServiceQuery) -> Result<ServicePage, Failure> {
        let (rows, stale) = self.rows()?;
        let standings = Standing::ALL.map(|standing| (standing, rows.iter().filter(|row| row.standing == standing).count() as u64));
        let mut groups: Vec<String> = rows.iter().filter_map(|row| row.group.clone()).collect();
        groups.sort();
        groups.dedup();
        let total = rows.len() as u64;
        let mut matching: Vec<ServiceRow> = rows.into_iter().filter(|row| matches(row, &query)).collect();
        match query.sort {
            ServiceSort::State => matching.sort_by_key(|row| (row.standing, row.key.service.clone())),
            ServiceSort::Running => matching.sort_by_key(|row| row.running),
            _ => matching.sort_by_key(|row| row.key.service.clone()),
        }
        if query.reverse {
            matching.reverse();
        }
        let skip = (query.page - 1) * query.per;
        Ok(ServicePage {
            revision: 412,
            matching: matching.len() as u64,
            rows: matching.into_iter().skip(skip as usize).take(query.per as usize).collect(),
            total,
            standings: standings.into_iter().filter(|(_, count)| *count > 0).collect(),
            groups,
            environments: vec!["production".into()],
            observed: self.facts()?.sources[0].last_success,
            stale: stale.into_iter().collect(),
            query,
        })
    }

    async fn service(&self, key: ServiceKey) -> Result<ServiceDetail, Failure> {
        let (rows, stale) = self.rows()?;
        let found = rows.into_iter().find(|row| row.key == key);
        let row = found.ok_or_else(|| Failure::NotFound { what: format!("Service {}", domain::text::shown(&key.service)) })?;
        Ok(service::detail(self.scene, row, stale, &self.facts()?, (self.clock)()))
    }

    async fn task(&self, key: ServiceKey, task: String) -> Result<TaskPage, Failure> {
        let detail = self.service(key.clone()).await?;
        let row = detail.tasks.into_iter().find(|row| row.id == task);
        let row = row.ok_or_else(|| Failure::NotFound { what: format!("The task {task}") })?;
        let lines = ["\u{1b}[31mlistening on 8080", "<b>connected</b> to nats-1"];
        let lines = lines.map(|text| LogLine { at: (self.clock)(), text: domain::log::plain(text, 4_096).0 }).to_vec();
        let words = LastWords { lines, ..LastWords::default() };
        let tail = Some(Tail { read: (self.clock)(), words });
        let arn = format!("arn:aws:ecs:us-east-1:111122223333:task/gaming-system-cluster/{task}");
        Ok(TaskPage { revision: 412, service: key, row, arn, containers: Vec::new(), ended: None, stop: None, tail, stale: detail.stale })
    }

    async fn timeline(&self, query: TimelineQuery) -> Result<TimelinePage, Failure> {
        let entries = self.facts()?.recent;
        Ok(TimelinePage { revision: 412, query, counted: (entries.len() as u64, false), entries, ..TimelinePage::default() })
    }

    async fn history(&self, _: ServiceKey, _: Reach) -> Result<History, Failure> {
        Err(Failure::Refused { why: "pages ask for the panel".into() })
    }

    async fn history_panel(&self, _: ServiceKey, _: Reach) -> Result<HistoryPanel, Failure> {
        match self.scene {
            Scene::Broken => Err(Failure::Internal { incident: "7f3a".into() }),
            _ => Ok(HistoryPanel { revision: 412, html: "<p id=\"customers\">Customers: well</p>".into() }),
        }
    }

    async fn nats(&self, query: NatsQuery) -> Result<NatsView, Failure> {
        Ok(nats::view(self.scene, query, &self.facts()?, (self.clock)()))
    }

    async fn service_nats(&self, key: ServiceKey) -> Result<ServiceNats, Failure> {
        Ok(nats::of_service(self.scene, &key, &self.facts()?, (self.clock)()))
    }

    async fn sources(&self) -> Result<SourcesView, Failure> {
        let (facts, now) = (self.facts()?, (self.clock)());
        let gaps = facts.recent.iter().filter(|entry| entry.kind == domain::timeline::EventKind::Source).cloned().collect();
        let bill = domain::cost::Bill {
            environment: "production".into(),
            month: "2026-05".into(),
            summary: "$0.00 so far this month, about $0.00 by its end, of a budget of $5.00. 12,660 of 1,000,000 free requests used."
                .into(),
            slowed: (self.scene == Scene::Trouble)
                .then(|| "To stay within $5.00 a month CPU and memory are read every 60 min instead of every 15 min.".into()),
            lines: vec![domain::cost::CostLine {
                api: "cloudwatch:GetMetricStatistics".into(),
                calls: 12_000,
                throttled: 2,
                units: 12_000,
                price: "in the free million".into(),
            }],
        };
        let bills = if self.scene == Scene::Empty { vec![] } else { vec![bill] };
        Ok(SourcesView {
            revision: 412,
            bills,
            rows: facts.sources.into_iter().map(|health| SourceRow::judge(health, now)).collect(),
            gaps,
        })
    }

    async fn alarms(&self, query: AlarmQuery) -> Result<AlarmPage, Failure> {
        Ok(alarms::page(self.scene, &query, &self.facts()?, (self.clock)()))
    }

    async fn alarm(&self, key: AlarmKey) -> Result<AlarmDetail, Failure> {
        alarms::detail(self.scene, &key, &self.facts()?, (self.clock)())
    }

    async fn coverage(&self, query: CoverageQuery) -> Result<CoveragePage, Failure> {
        Ok(alarms::coverage(self.scene, &query, &self.facts()?, (self.clock)()))
    }

    async fn missing_alarms(&self, query: MissingQuery) -> Result<MissingAlarms, Failure> {
        Ok(alarms::missing(&query))
    }

    async fn rollouts(&self, query: RolloutsQuery) -> Result<RolloutsPage, Failure> {
        rollouts::list(self, &query)
    }

    async fn rollout(&self, query: RolloutQuery, role: Role) -> Result<RolloutPage, Failure> {
        rollouts::one(self, &query, role)
    }

    async fn readiness(&self, query: ReadinessQuery) -> Result<ReadinessPage, Failure> {
        Ok(readiness::page(self.scene, &query, &self.facts()?, (self.clock)()))
    }

    async fn service_readiness(&self, key: ServiceKey) -> Result<ServiceReadiness, Failure> {
        readiness::of_service(self.scene, &key, &self.facts()?, (self.clock)())
    }

    async fn foretold(&self, _: HealthCheck, services: Vec<ServiceKey>) -> Result<Foretold, Failure> {
        Ok(readiness::foretold(self.scene, &services, &self.facts()?, (self.clock)()))
    }

    fn readiness_brief(&self, of: Option<&ServiceKey>) -> Option<ReadinessBrief> {
        readiness::brief(self.scene, of, &self.facts().ok()?, (self.clock)())
    }
}

fn matches(row: &ServiceRow, query: &ServiceQuery) -> bool {
    row.key.service.to_lowercase().contains(&query.q.to_lowercase())
        && query.state.is_none_or(|state| state == row.standing)
        && query.group.as_ref().is_none_or(|group| row.group.as_ref() == Some(group))
}

fn before(now: Timestamp, seconds: u64) -> Timestamp {
    now.minus(Duration::from_secs(seconds))
}
