//! The alarm collector: every CloudWatch alarm of an environment's account and region, and what happened to them.
//!
//! The list is the authority on what is; the history tells what came and went between two lists. Its being denied or late
//! makes a sweep partial, never failed.
//!
//! Two traps. DescribeAlarms answers **only metric alarms** unless the other types are asked for. And its quota, nine
//! calls a second, is the one ECS itself uses to watch the alarms that roll a deployment back: whoever exhausts it
//! makes ECS miss them, so this collector has a small bucket of its own.

mod history;
mod map;
mod named;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cloudwatch::types::{AlarmType, StateValue};
use domain::Timestamp;
use domain::alarm::Alarm;
use domain::reading::{AlarmHistory, AlarmReading, Reading, Seen, Sweep};
use domain::source::{Budget, Fault, FaultKind, Shortfall, SourceId, SourceKind};

use crate::Collector;
use crate::aws::{AwsEnvironment, Connection, Depth, account_in};
use crate::budget::Family;
use crate::call::{Tally, request_id};
use crate::ecs::pages::pages;
use crate::harvest::{Read, concluded};
use crate::operations::DESCRIBE_ALARMS;
use crate::sieve::{Brought, Sieve};

pub(crate) use named::states;

/// Every type there is; and those an endpoint knows that is older than log alarms.
const EVERY_TYPE: [AlarmType; 3] = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm, AlarmType::LogAlarm];
const OLDER_TYPES: [AlarmType; 2] = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];

/// Reads the alarms of one environment.
pub struct AlarmCollector {
    id: SourceId,
    environment: Arc<AwsEnvironment>,
    interval: Duration,
    /// None: only what is, not what was.
    history: Option<Mutex<history::Cursor>>,
    /// None: every sweep brings every alarm.
    brought: Option<Brought>,
}

impl AlarmCollector {
    /// A collector of `environment`'s alarms.
    pub fn new(environment: Arc<AwsEnvironment>, interval: Duration) -> Self {
        let id = SourceId::new(SourceKind::Alarms, environment.scope().environment.clone());
        Self { id, environment, interval, history: None, brought: None }
    }

    /// The same, reading also what happened to the alarms.
    #[must_use]
    pub fn with_history(self) -> Self {
        Self { history: Some(Mutex::default()), ..self }
    }

    /// The same, bringing home of each list only what is not as the one before had it. For who records every sweep, or says
    /// that one is lost ([`AlarmCollector::forget`]).
    #[must_use]
    pub fn changes_only(self) -> Self {
        Self { brought: Some(Brought::default()), ..self }
    }

    /// A reading of this collector could not be recorded: the next sweep brings every alarm again.
    pub fn forget(&self) {
        self.brought.iter().for_each(Brought::forget);
    }

    /// From when the history is to be read on: what the store has of it. Nothing: as far back as is worth it.
    pub fn resume(&self, from: Option<Timestamp>) {
        self.cursor(|cursor| cursor.resume(from));
    }

    fn cursor<T>(&self, with: impl FnOnce(&mut history::Cursor) -> T) -> Option<T> {
        // a panic while counting leaves an instant, not a broken promise
        let mut cursor = self.history.as_ref()?.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Some(with(&mut cursor))
    }

    async fn past(&self, connection: &Connection, tally: &Tally, now: Timestamp) -> (Option<AlarmHistory>, Option<Fault>) {
        match self.cursor(|cursor| cursor.next(now)) {
            Some(stretch) => history::read(connection, tally, stretch).await,
            None => (None, None),
        }
    }

    async fn read(&self, tally: &Tally) -> Read {
        let connection = self.environment.connection().await?;
        let account = self.environment.account(connection, tally).await?;
        let now = self.environment.clock().now();
        let list = List {
            collector: self,
            connection,
            tally,
            sieve: self.brought.as_ref().map(|brought| brought.sieve("")),
            account: OnceLock::new(),
        };
        let ((alarms, fault), past) = tokio::join!(list.read(), self.past(connection, tally, now));
        let rest: Vec<String> = list.sieve.iter().flat_map(Sieve::take_rest).map(|rest| rest.name).collect();
        let account = account.or_else(|| list.account.get().cloned()).unwrap_or_default();
        self.environment.check((!account.is_empty()).then_some(account.as_str()))?;
        let whole = fault.is_none();
        let mut missing = match fault {
            Some(fault) if alarms.is_empty() && rest.is_empty() => return Err(fault),
            Some(fault) => vec![Shortfall { what: format!("the alarms after the first {}", alarms.len() + rest.len()), fault }],
            None => Vec::new(),
        };
        let (history, fault) = past;
        if let Some(history) = &history {
            self.resume(Some(history.next));
        }
        missing.extend(fault.map(|fault| Shortfall { what: "the alarms' history".to_owned(), fault }));
        if let (Some(brought), Some(sieve)) = (&self.brought, list.sieve) {
            brought.finish(sieve, whole);
        }
        let alarms = Seen { items: alarms, rest, whole };
        Ok((Reading::Alarms(AlarmReading { account, region: connection.region.clone(), alarms, history }), missing))
    }
}

/// One reading of the list.
struct List<'a> {
    collector: &'a AlarmCollector,
    connection: &'a Connection,
    tally: &'a Tally,
    sieve: Option<Sieve>,
    /// As the first alarm says.
    account: OnceLock<String>,
}

impl List<'_> {
    /// All alarms of all types, 100 records a page.
    async fn read(&self) -> (Vec<Alarm>, Option<Fault>) {
        let with_log = self.pages(&EVERY_TYPE).await;
        match &with_log {
            // an endpoint older than log alarms refuses the word; what it knows is asked again
            (alarms, Some(fault)) if alarms.is_empty() && refuses_a_type(fault) => {
                let without = self.pages(&OLDER_TYPES).await;
                if without.1.is_none() { without } else { with_log }
            }
            _ => with_log,
        }
    }

    async fn pages(&self, types: &[AlarmType]) -> (Vec<Alarm>, Option<Fault>) {
        let Self { collector, connection, tally, .. } = self;
        let depth = collector.environment.depth();
        // a verdict is told by the alarms that are on: one call, where all would be one a hundred
        let state = (depth == Depth::Verdict).then_some(StateValue::Alarm);
        let state = &state;
        let traced = depth == Depth::Record;
        pages(|token| async move {
            let call = || {
                let describe = connection.cloudwatch.describe_alarms().set_alarm_types(Some(types.to_vec()));
                describe.set_state_value(state.clone()).max_records(100).set_next_token(token.clone()).send()
            };
            let answer = connection.caller.call(DESCRIBE_ALARMS, tally, call).await?;
            let request = request_id(&answer);
            let metric = answer.metric_alarms.unwrap_or_default().into_iter().filter_map(map::metric);
            let composite = answer.composite_alarms.unwrap_or_default().into_iter().filter_map(map::composite);
            let log = answer.log_alarms.unwrap_or_default().into_iter().filter_map(map::log);
            let mut alarms: Vec<Alarm> = metric.chain(composite).chain(log).collect();
            if traced {
                tally.answered(DESCRIBE_ALARMS, "", alarms.iter().map(|alarm| alarm.name.as_str()), request);
            }
            if let Some(account) = alarms.iter().find_map(|alarm| account_in(&alarm.arn)) {
                self.account.get_or_init(|| account.to_owned());
            }
            if let Some(sieve) = &self.sieve {
                alarms.retain(|alarm| sieve.carries(&alarm.name, None, alarm, false));
            }
            Ok((alarms, answer.next_token))
        })
        .await
    }
}

fn refuses_a_type(fault: &Fault) -> bool {
    let said = ["alarmTypes", "AlarmTypes", "LogAlarm", "ValidationError", "InvalidParameterValue"];
    fault.kind == FaultKind::Malformed && said.iter().any(|word| fault.message.contains(word))
}

#[async_trait]
impl Collector for AlarmCollector {
    fn id(&self) -> &SourceId {
        &self.id
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn sweep(&self) -> Sweep {
        let started = self.environment.clock().now();
        let tally = Tally::default();
        let read = self.read(&tally).await;
        concluded(&self.id, started, self.environment.clock().now(), &tally, read)
    }

    fn budgets(&self) -> Vec<Budget> {
        self.environment.budgets(&[Family::Alarms, Family::AlarmHistory])
    }
}
