//! The event queue: ECS's own word, by EventBridge and SQS, that something happened to a service.
//!
//! Unlike every other source it brings no facts. A message only names a service, and whoever heeds it ([`Heeding`]) looks
//! at that service with the calls a sweep makes; so a message that is lost, late, repeated or forged costs a wait or a few
//! calls, and never a wrong record. A sweep here is one long poll: SQS holds its answer back until there is something, for
//! less than [`READ_TIMEOUT`], or each quiet poll would look like a silent server.
//!
//! Messages are taken out once their hints were handed over, those that are not understood as well: what stays would come
//! again for days. The trap is the opposite one: a queue that others read too loses their messages to us, and ours to
//! them. So what is not understood is counted and said, and two environments may not name one queue.

mod map;
mod queue;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, QueueAttributeName};
use domain::Timestamp;
use domain::port::Clock;
use domain::reading::Sweep;
use domain::service::ServiceKey;
use domain::source::{Budget, Fault, FaultKind, Outcome, Shortfall, SourceId, SourceKind};
use domain::text::{count, grouped};

use crate::Collector;
use crate::aws::{AwsEnvironment, Connection, READ_TIMEOUT};
use crate::budget::Family;
use crate::call::Tally;
use crate::operations::{DELETE_MESSAGE, GET_QUEUE_ATTRIBUTES, RECEIVE_MESSAGE};
use map::{Ours, Told, told};

pub use queue::{NoQueue, QueueUrl};

pub(crate) use queue::closed;

/// How long SQS may hold an answer back. SQS allows 20 s; the rest of our patience is for a slow network or a busy machine.
const HELD: Duration = Duration::from_secs(6);
const _: () = assert!(HELD.as_millis() + 3_000 <= READ_TIMEOUT.as_millis(), "a quiet poll must end before the client's patience");
/// The least time between two polls, wait included: looks are five seconds apart, and a fleet in which something happens
/// every second would otherwise cost a request every moment.
const PACE: Duration = Duration::from_secs(3);
/// Messages SQS gives and takes at once (API reference, `ReceiveMessage`).
const AT_ONCE: i32 = 10;
/// Answers read in one sweep, where a queue is full.
const MOST_ROUNDS: usize = 10;
/// How long a message stays hidden from others while we take it out; a queue may be set up with none at all.
const HIDDEN: Duration = Duration::from_secs(30);
/// How often the queue's own settings are looked at.
const SETTINGS_EVERY: Duration = Duration::from_secs(600);

/// Who is told that something happened to a service. The collector never sees what comes of it.
pub trait Heeding: Send + Sync {
    /// Something happened to this service that its state may not tell yet. Told perhaps twice, late, or for a service
    /// that does not exist.
    fn heed(&self, key: ServiceKey);
}

/// Reads the event queue of one environment.
pub struct EventQueue {
    id: SourceId,
    environment: Arc<AwsEnvironment>,
    queue: QueueUrl,
    heeding: Arc<dyn Heeding>,
    kept: Mutex<Kept>,
}

/// What is remembered from sweep to sweep.
#[derive(Default)]
struct Kept {
    met: Met,
    pause: Option<Duration>,
    /// When the settings are to be looked at again.
    settings_due: Option<Timestamp>,
    settings: Settings,
}

/// What the queue's settings say.
#[derive(Clone, Default)]
struct Settings {
    closed: Option<String>,
    fault: Option<Fault>,
}

/// Messages since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Met {
    all: u64,
    services: u64,
    elsewhere: u64,
    old: u64,
    other: u64,
    garbled: u64,
    /// Why the newest was not understood.
    why: Option<&'static str>,
}

impl Met {
    fn count(&mut self, told: &Told) {
        self.all += 1;
        match told {
            Told::Service { .. } => self.services += 1,
            Told::Elsewhere => self.elsewhere += 1,
            Told::Old => self.old += 1,
            Told::Other => self.other += 1,
            Told::Garbled(why) => {
                self.garbled += 1;
                self.why = Some(why);
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.all > 0 {
            let rest = [
                (self.elsewhere, "of another account, region or cluster"),
                (self.old, "too old to matter"),
                (self.other, "about something else than a service"),
                (self.garbled, "not understood"),
            ];
            let rest: Vec<String> =
                rest.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{} {what}", grouped(*number))).collect();
            let rest = if rest.is_empty() { String::new() } else { format!("; {}", rest.join(", ")) };
            let (all, services) = (grouped(self.all), grouped(self.services));
            notes.push(format!("Since the start it held {all} messages, of which {services} told of a service here{rest}."));
        }
        if let Some(why) = self.why {
            notes.push(format!(
                "{} not understood, the newest because it was {why}, and taken out all the same. \
                 If something else sends to or reads this queue, give Signalbox one of its own: whatever it reads is gone for others.",
                if self.garbled == 1 { "1 message was".to_owned() } else { format!("{} were", count(self.garbled, "message")) },
            ));
        }
        notes
    }
}

impl EventQueue {
    /// A reader of `queue` for `environment`, who tells `heeding`.
    pub fn new(environment: Arc<AwsEnvironment>, queue: QueueUrl, heeding: Arc<dyn Heeding>) -> Self {
        let id = SourceId::new(SourceKind::Events, environment.scope().environment.clone());
        Self { id, environment, queue, heeding, kept: Mutex::default() }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // a panic while counting leaves numbers, not broken promises
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn clock(&self) -> &Arc<dyn Clock> {
        self.environment.clock()
    }

    async fn read(&self, tally: &Tally) -> Result<Vec<Shortfall>, Fault> {
        let connection = self.environment.connection().await?;
        let account = self.environment.account(connection, tally).await?;
        self.in_reach(&connection.region)?;
        let account = account.or_else(|| self.environment.scope().account_id.clone());
        let ours = Ours { account: account.as_deref(), region: &connection.region, clusters: &self.environment.scope().clusters };
        // the first poll only finds out whether it may: who has just started it wants to know that now
        let first = self.kept().pause.is_none();
        let mut missing = Vec::new();
        for round in 0..MOST_ROUNDS {
            let messages = match self.receive(connection, tally, round == 0 && !first).await {
                Ok(messages) => messages,
                Err(fault) if round == 0 => return Err(fault),
                Err(fault) => {
                    missing.push(Shortfall { what: "the rest of the messages".to_owned(), fault });
                    break;
                }
            };
            self.hand_over(&messages, &ours);
            let full = messages.len() >= AT_ONCE.unsigned_abs() as usize;
            if let Err(fault) = self.take_out(connection, tally, messages).await {
                missing.push(Shortfall { what: "taking messages out, so they come again".to_owned(), fault });
            }
            if !full {
                break;
            }
        }
        let settings = self.settings(connection, tally).await;
        missing.extend(settings.fault.map(|fault| Shortfall { what: "the queue's settings".to_owned(), fault }));
        Ok(missing)
    }

    /// EventBridge sends within a region, and SQS is asked in the environment's.
    fn in_reach(&self, region: &str) -> Result<(), Fault> {
        match self.queue.region() {
            Some(other) if other != region => {
                let message =
                    format!("the queue {} is in {other}, but the environment is in {region}: it needs one there", self.queue.name());
                Err(Fault::new(FaultKind::NotFound, Some(RECEIVE_MESSAGE.name), &message))
            }
            _ => Ok(()),
        }
    }

    async fn receive(&self, connection: &Connection, tally: &Tally, wait: bool) -> Result<Vec<Message>, Fault> {
        let held = if wait { HELD } else { Duration::ZERO };
        let call = || {
            let receive = connection.sqs.receive_message().queue_url(self.queue.as_str()).max_number_of_messages(AT_ONCE);
            receive.wait_time_seconds(seconds(held)).visibility_timeout(seconds(HIDDEN)).send()
        };
        let answer = connection.caller.wait_for(RECEIVE_MESSAGE, tally, call).await;
        answer.map(|answer| answer.messages.unwrap_or_default()).map_err(|fault| self.named(fault))
    }

    fn hand_over(&self, messages: &[Message], ours: &Ours<'_>) {
        let now = self.clock().now();
        for message in messages {
            let told = told(message.body().unwrap_or_default(), ours, now);
            self.kept().met.count(&told);
            match told {
                Told::Service { cluster, service } => {
                    self.heeding.heed(ServiceKey { environment: self.id.scope.clone(), cluster, service });
                }
                Told::Garbled(why) => {
                    tracing::debug!(source = %self.id, message = message.message_id(), "a message was not understood: {why}")
                }
                Told::Elsewhere | Told::Old | Told::Other => {}
            }
        }
    }

    /// Takes messages out whose hints were handed over.
    async fn take_out(&self, connection: &Connection, tally: &Tally, messages: Vec<Message>) -> Result<(), Fault> {
        let entry = |(number, message): (usize, Message)| {
            DeleteMessageBatchRequestEntry::builder().id(number.to_string()).receipt_handle(message.receipt_handle?).build().ok()
        };
        let entries: Vec<_> = messages.into_iter().enumerate().filter_map(entry).collect();
        if entries.is_empty() {
            return Ok(());
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "a hint that was read is taken from the queue, which is nobody else's; no part of the fleet changes"
        )]
        let call = || connection.sqs.delete_message_batch().queue_url(self.queue.as_str()).set_entries(Some(entries.clone())).send();
        let answer = connection.caller.call(DELETE_MESSAGE, tally, call).await.map_err(|fault| self.named(fault))?;
        match answer.failed() {
            [] => Ok(()),
            [first, ..] => {
                let why = first.message().unwrap_or(first.code());
                let message = format!("{} of {} stayed in the queue: {why}", answer.failed().len(), count(entries.len() as u64, "message"));
                Err(Fault::new(FaultKind::Remote, Some(DELETE_MESSAGE.name), &message))
            }
        }
    }

    /// What the queue's settings say, read once in a while.
    async fn settings(&self, connection: &Connection, tally: &Tally) -> Settings {
        let now = self.clock().now();
        {
            let kept = self.kept();
            // a clock that was set back must not put it off for as long as the jump
            if kept.settings_due.is_some_and(|due| now < due && due.since(now) <= SETTINGS_EVERY) {
                return kept.settings.clone();
            }
        }
        let call = || {
            let get = connection.sqs.get_queue_attributes().queue_url(self.queue.as_str());
            get.attribute_names(QueueAttributeName::Policy).send()
        };
        let settings = match connection.caller.call(GET_QUEUE_ATTRIBUTES, tally, call).await {
            Ok(answer) => {
                let policy = answer.attributes().and_then(|all| all.get(&QueueAttributeName::Policy));
                Settings { closed: closed(policy.map(String::as_str)), fault: None }
            }
            Err(fault) => Settings { closed: None, fault: Some(self.named(fault)) },
        };
        let mut kept = self.kept();
        kept.settings_due = Some(now.plus(SETTINGS_EVERY));
        kept.settings = settings.clone();
        settings
    }

    /// The same fault with the queue's name, which SQS leaves out.
    fn named(&self, fault: Fault) -> Fault {
        match fault.kind {
            FaultKind::NotFound => {
                let message =
                    format!("there is no queue {} of account {} here: {}", self.queue.name(), self.queue.account(), fault.message);
                Fault::new(fault.kind, fault.operation.as_deref(), &message)
            }
            _ => fault,
        }
    }
}

/// SQS counts in whole seconds.
fn seconds(span: Duration) -> i32 {
    i32::try_from(span.as_secs()).unwrap_or(0)
}

#[async_trait]
impl Collector for EventQueue {
    fn id(&self) -> &SourceId {
        &self.id
    }

    /// A quiet poll's length: what is heard is at most so old.
    fn interval(&self) -> Duration {
        HELD
    }

    fn pause(&self) -> Duration {
        self.kept().pause.unwrap_or(HELD)
    }

    async fn sweep(&self) -> Sweep {
        let started = self.clock().now();
        let tally = Tally::default();
        let read = self.read(&tally).await;
        let finished = self.clock().now();
        let (outcome, pause) = match read {
            Ok(missing) if missing.is_empty() => (Outcome::Complete, PACE.saturating_sub(finished.since(started))),
            Ok(missing) => (Outcome::Partial { missing }, PACE.saturating_sub(finished.since(started))),
            Err(fault) => (Outcome::Failed { fault }, HELD),
        };
        self.kept().pause = Some(pause);
        Sweep { source: self.id.clone(), started, finished, calls: tally.calls(), outcome, reading: None, requests: Vec::new() }
    }

    fn budgets(&self) -> Vec<Budget> {
        self.environment.budgets(&[Family::Queue])
    }

    fn notes(&self) -> Vec<String> {
        let kept = self.kept();
        let mut notes = kept.met.notes();
        notes.extend(kept.settings.closed.clone());
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_told_in_sentences() {
        let mut met = Met::default();
        assert_eq!(met.notes(), Vec::<String>::new());
        for _ in 0..1_200 {
            met.count(&Told::Service { cluster: "games".into(), service: "auth".into() });
        }
        assert_eq!(met.notes(), ["Since the start it held 1,200 messages, of which 1,200 told of a service here."]);
        for told in [Told::Elsewhere, Told::Elsewhere, Told::Old, Told::Other, Told::Garbled("not a JSON object of an event")] {
            met.count(&told);
        }
        let notes = met.notes();
        assert_eq!(
            notes[0],
            "Since the start it held 1,205 messages, of which 1,200 told of a service here; \
             2 of another account, region or cluster, 1 too old to matter, 1 about something else than a service, 1 not understood."
        );
        assert!(
            notes[1].starts_with("1 message was not understood, the newest because it was not a JSON object of an event, and taken out")
        );
    }
}
