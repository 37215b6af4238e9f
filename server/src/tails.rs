//! The newest log lines of running tasks, for pages that show them now.
//!
//! Read only while somebody looks, at most once in two seconds a task however many look, and kept for no longer than
//! that: a log may hold anything, and nobody asked for it to be stored. The trap is a slow log: whoever waits for it
//! holds a page, so waiting has an end and the page then shows what was read before.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use collectors::LogCollector;
use domain::Timestamp;
use domain::log::streams;
use domain::port::Clock;
use domain::service::{Task, TaskDefinition};
use domain::source::FaultKind;
use domain::view::{LastWords, Tail};
use tokio::sync::Mutex;

/// How long what was read is good for everybody.
const SHARED: Duration = Duration::from_secs(2);
/// How long a page waits for a log.
const PATIENCE: Duration = Duration::from_secs(10);
/// Tasks looked at lately that are remembered.
const MOST: usize = 200;

/// One task's newest lines, read by one asker at a time.
type Place = Arc<Mutex<Option<Tail>>>;

/// Reads tails.
pub struct Tails {
    clock: Arc<dyn Clock>,
    readers: HashMap<String, Arc<LogCollector>>,
    places: Mutex<HashMap<String, Place>>,
}

impl Tails {
    /// Tails read by the log collectors of these environments.
    pub fn new(clock: Arc<dyn Clock>, readers: HashMap<String, Arc<LogCollector>>) -> Self {
        Self { clock, readers, places: Mutex::default() }
    }

    /// What `task` of `environment` says, or why that cannot be told.
    pub async fn tail(&self, environment: &str, task: &Task, definition: Option<&TaskDefinition>) -> Tail {
        let place = self.place(&task.arn).await;
        let asking = async {
            let mut kept = place.lock().await;
            let now = self.clock.now();
            if let Some(tail) = kept.as_ref().filter(|tail| tail.read <= now && now.since(tail.read) < SHARED) {
                return tail.clone();
            }
            let words = self.read(environment, task, definition).await;
            let tail = Tail { read: self.clock.now(), words };
            *kept = Some(tail.clone());
            tail
        };
        tokio::select! {
            tail = asking => tail,
            () = self.clock.sleep(PATIENCE) => silent(self.clock.now(), "CloudWatch Logs did not answer within ten seconds; reload to ask again"),
        }
    }

    async fn place(&self, arn: &str) -> Place {
        let mut places = self.places.lock().await;
        if places.len() >= MOST && !places.contains_key(arn) {
            // what nobody holds is only a memory of two seconds
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(arn.to_owned()).or_default())
    }

    async fn read(&self, environment: &str, task: &Task, definition: Option<&TaskDefinition>) -> LastWords {
        let Some(reader) = self.readers.get(environment) else { return why("the logs of this environment are not read") };
        let found = match reader.region().await {
            Ok(region) => streams(task, definition, &region),
            Err(fault) => Err(fault.message),
        };
        let streams = match found {
            Ok(streams) => streams,
            Err(reason) => return why(&reason),
        };
        match reader.tail(&streams).await {
            Ok(words) if words.lines.is_empty() => why("its log is empty so far"),
            Ok(words) => words,
            Err(fault) if fault.kind == FaultKind::AccessDenied => why(&fault.remedy()),
            Err(fault) => why(&fault.message),
        }
    }
}

fn why(reason: &str) -> LastWords {
    LastWords { reason: Some(reason.to_owned()), ..LastWords::default() }
}

fn silent(read: Timestamp, reason: &str) -> Tail {
    Tail { read, words: why(reason) }
}
