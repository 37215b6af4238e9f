//! The log collector: the last lines of tasks that stopped, and the newest lines of one that runs.
//!
//! Other collectors look at a scope and see what is there; this one is told what is owed ([`Owing`]) and brings that.
//! It asks for nothing when nothing is owed, so a calm fleet costs no call. Failed stops are always asked for, oldest
//! first; stops somebody wished only while tokens are left over, because a deployment of a large fleet stops thousands
//! of tasks within minutes. The trap: a log that is not there *yet*. Lines arrive after the task is gone, so a missing
//! or empty stream is an answer to be asked for again, and no fault of the source.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use domain::log::{self, Heard, MOST_LINES, Owed, Silence, Stream};
use domain::reading::{LogReading, Reading, Sweep};
use domain::source::{Budget, Fault, FaultKind, Shortfall, SourceId, SourceKind};
use domain::view::LastWords;

use crate::Collector;
use crate::aws::{AwsEnvironment, Connection};
use crate::budget::Family;
use crate::call::Tally;
use crate::harvest::{Read, concluded};
use crate::operations::GET_LOG_EVENTS;

/// Stops asked for in one sweep.
const AT_ONCE: usize = 30;
/// Tokens that must be left before a wished stop is asked for.
const SPARE: usize = 3;
/// Streams asked for of one task: the containers that matter.
const MOST_STREAMS: usize = 3;
/// GetLogEvents may answer an empty page although older events exist (API reference, `GetLogEvents`): so often the
/// token backwards is followed.
const MOST_PAGES: usize = 3;
/// Lines of a running task's log.
const TAIL_LINES: i32 = 100;

/// Who knows which last words are owed. The collector never sees the store.
#[async_trait]
pub trait Owing: Send + Sync {
    /// The stops of `environment` to be asked for at `now`, failed ones first, at most `most`.
    async fn owed(&self, environment: &str, now: Timestamp, most: usize) -> Vec<Owed>;
}

/// Reads the logs of one environment.
pub struct LogCollector {
    id: SourceId,
    environment: Arc<AwsEnvironment>,
    interval: Duration,
    owing: Arc<dyn Owing>,
}

impl LogCollector {
    /// A collector of what `owing` says is owed.
    pub fn new(environment: Arc<AwsEnvironment>, interval: Duration, owing: Arc<dyn Owing>) -> Self {
        let id = SourceId::new(SourceKind::Logs, environment.scope().environment.clone());
        Self { id, environment, interval, owing }
    }

    async fn read(&self, tally: &Tally) -> Read {
        let connection = self.environment.connection().await?;
        let owed = self.owing.owed(&self.id.scope, self.environment.clock().now(), AT_ONCE).await;
        if !owed.is_empty() {
            let account = self.environment.account(connection, tally).await?;
            self.environment.check(account.as_deref())?;
        }
        let (mut heard, mut faults) = (Vec::new(), Vec::<Fault>::new());
        let all = owed.len();
        for owed in owed {
            if !owed.failed && connection.caller.ready(Family::Logs) < SPARE {
                break;
            }
            let words = match last_words(connection, tally, &owed).await {
                Ok(words) => words,
                // an endpoint that is not AWS may not have this service at all; that is nothing to keep asking about
                Err(fault) if fault.message.contains("UnknownOperation") => Err(Silence { reason: fault.message, again: false }),
                Err(fault) => {
                    let reason = if fault.kind == FaultKind::AccessDenied {
                        format!("the role lacks {}", GET_LOG_EVENTS.name)
                    } else {
                        fault.message.clone()
                    };
                    faults.push(fault);
                    Err(Silence { reason, again: true })
                }
            };
            heard.push(Heard { arn: owed.arn, words });
            // what one is refused, all are: the rest stays owed and is asked for when it may be had
            if faults.last().is_some_and(|fault| fault.kind != FaultKind::Malformed) {
                break;
            }
        }
        let brought = heard.iter().any(|heard| heard.words.is_ok());
        let missing = match faults.into_iter().next() {
            Some(fault) if !brought && heard.len() <= 1 && fault.kind != FaultKind::AccessDenied => return Err(fault),
            Some(fault) => vec![Shortfall { what: format!("the last words of {all} stopped tasks"), fault }],
            None => Vec::new(),
        };
        Ok((Reading::Logs(LogReading { heard }), missing))
    }

    /// The newest lines of a running task, for a page that shows them now. Takes its tokens from the same bucket.
    ///
    /// # Errors
    /// The fault of the call.
    pub async fn tail(&self, streams: &[Stream]) -> Result<LastWords, Fault> {
        let connection = self.environment.connection().await?;
        let tally = Tally::default();
        let mut words = LastWords::default();
        for stream in streams.iter().take(MOST_STREAMS) {
            let events = match events(connection, &tally, stream, TAIL_LINES).await {
                Ok(events) => events,
                Err(fault) if fault.kind == FaultKind::NotFound => continue,
                Err(fault) => return Err(fault),
            };
            join(&mut words, log::keep_most(events, TAIL_LINES as usize), &stream.container, streams.len() > 1, TAIL_LINES as usize);
        }
        Ok(words)
    }

    /// The region whose logs can be read, once it is known.
    pub async fn region(&self) -> Result<String, Fault> {
        Ok(self.environment.connection().await?.region.clone())
    }
}

/// What a stopped task said last, or why that cannot be told; a fault where it could not be asked.
async fn last_words(connection: &Connection, tally: &Tally, owed: &Owed) -> Result<Result<LastWords, Silence>, Fault> {
    let streams = match log::streams(&owed.task, owed.definition.as_ref(), &connection.region) {
        Ok(streams) => streams,
        // a revision is read by the same sweep as the stop, or by the next
        Err(reason) => return Ok(Err(Silence { reason, again: owed.definition.is_none() })),
    };
    let mut words = LastWords::default();
    let mut missing = 0;
    for stream in streams.iter().take(MOST_STREAMS) {
        match events(connection, tally, stream, i32::try_from(MOST_LINES).unwrap_or(50)).await {
            Ok(events) => join(&mut words, log::keep(events), &stream.container, streams.len() > 1, MOST_LINES),
            Err(fault) if fault.kind == FaultKind::NotFound => missing += 1,
            Err(fault) => return Err(fault),
        }
    }
    if !words.lines.is_empty() {
        return Ok(Ok(words));
    }
    let group = streams.first().map(|stream| stream.group.as_str()).unwrap_or_default();
    let reason = if missing > 0 { format!("it has no log stream in {group}") } else { format!("its log stream in {group} is empty") };
    Ok(Err(Silence { reason, again: true }))
}

/// Adds one container's lines behind those of the containers before it, within the limits for all.
fn join(words: &mut LastWords, mut own: LastWords, container: &str, several: bool, most: usize) {
    if several {
        own.lines.iter_mut().for_each(|line| line.text = format!("[{container}] {}", line.text));
    }
    let bytes: usize = words.lines.iter().map(|line| line.text.len()).sum();
    words.cut |= own.cut;
    if bytes >= log::MOST_BYTES {
        words.cut |= !own.lines.is_empty();
        return;
    }
    let room = most.saturating_sub(words.lines.len());
    if own.lines.len() > room {
        words.cut = true;
        own.lines.drain(..own.lines.len() - room);
    }
    words.lines.append(&mut own.lines);
}

async fn events(connection: &Connection, tally: &Tally, stream: &Stream, most: i32) -> Result<Vec<(Timestamp, String)>, Fault> {
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let call = || {
            let get = connection.logs.get_log_events().log_group_name(&stream.group).log_stream_name(&stream.stream);
            get.limit(most).start_from_head(false).set_next_token(token.clone()).send()
        };
        let answer = connection.caller.call(GET_LOG_EVENTS, tally, call).await?;
        let events = answer.events.unwrap_or_default();
        if !events.is_empty() {
            // Unix milliseconds, as the writer's clock had it
            let at = |millis: Option<i64>| Timestamp::from_micros(millis.unwrap_or(0).saturating_mul(1_000));
            return Ok(events.into_iter().map(|event| (at(event.timestamp), event.message.unwrap_or_default())).collect());
        }
        let next = answer.next_backward_token;
        if next.is_none() || next == token {
            break;
        }
        token = next;
    }
    Ok(Vec::new())
}

#[async_trait]
impl Collector for LogCollector {
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
        self.environment.budgets(&[Family::Logs])
    }
}
