//! The one place where a call to AWS is made: token, call, classify, and perhaps again.
//!
//! The SDK's own retries are off, because they know neither our budget nor our clock. Only reads pass here, so asking
//! again is always safe. The trap: holding a place in the gate while backing off would let one throttled operation
//! stop all others; the place is given back before every pause.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_ecs::operation::RequestId;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use domain::cost::{Charge, Spent, charge};
use domain::port::Clock;
use domain::request::Answered;
use domain::source::{Budget, Fault, FaultKind};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::Semaphore;

use crate::budget::{Bucket, Budgets, Family};
use crate::classify;
use crate::operations::Operation;

/// First ceiling of the pause between tries; doubles each time.
const BACKOFF_BASE: Duration = Duration::from_millis(200);
/// Highest ceiling of that pause.
const BACKOFF_CAP: Duration = Duration::from_secs(20);
/// Calls of one environment in flight at once: enough to hide the latency, few enough not to look like an attack.
pub const IN_FLIGHT: usize = 6;

/// The longest id of a request that is kept; AWS's own have 36 characters.
const LONGEST_ID: usize = 128;

/// Counts the calls of one sweep, and keeps which request answered for what.
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU32,
    answered: Mutex<Vec<Answered>>,
}

impl Tally {
    /// Calls made so far, retries included.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// One more.
    pub(crate) fn count(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps that the request of this id answered for these names of `part`. Nothing is kept without an id, nor without names.
    pub(crate) fn answered<'n>(
        &self,
        operation: Operation,
        part: &str,
        names: impl Iterator<Item = &'n str> + Clone,
        request: Option<String>,
    ) {
        let answered = request.and_then(|id| Answered::of(operation.api(), part, names, id));
        self.kept().extend(answered);
    }

    /// What was kept, in an order that does not hang on which answer came first.
    pub(crate) fn take_answered(&self) -> Vec<Answered> {
        let mut all = std::mem::take(&mut *self.kept());
        all.sort_by(|one, other| (&one.operation, &one.part, &one.first).cmp(&(&other.operation, &other.part, &other.first)));
        all
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Answered>> {
        // a panic while one was added leaves a list, not a broken promise
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id that AWS gave the request of this answer. It comes from outside and is shown to people, so what cannot be one is none.
pub(crate) fn request_id(answer: &impl RequestId) -> Option<String> {
    let fits = |id: &&str| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    answer.request_id().filter(fits).map(str::to_owned)
}

/// Whose buckets a caller takes its tokens from.
pub struct Purse {
    budgets: Arc<Budgets>,
    account: String,
    region: String,
    share: f64,
}

impl Purse {
    /// Buckets of `account` (or what names the credentials) in `region`, at `share` of AWS's rate.
    pub fn new(budgets: Arc<Budgets>, account: &str, region: &str, share: f64) -> Self {
        Self { budgets, account: account.to_owned(), region: region.to_owned(), share }
    }

    fn bucket(&self, family: Family) -> Arc<Bucket> {
        self.budgets.bucket(&self.account, &self.region, family, self.share)
    }
}

/// Makes the calls of one environment.
pub struct Caller {
    clock: Arc<dyn Clock>,
    purse: Purse,
    gate: Semaphore,
    random: Mutex<StdRng>,
    /// Calls by operation since they were last taken: what the month's bill is made of.
    spent: Mutex<BTreeMap<&'static str, Spent>>,
}

impl Caller {
    /// A caller whose jitter is drawn from `seed`.
    pub fn new(clock: Arc<dyn Clock>, purse: Purse, seed: u64) -> Self {
        Self { clock, purse, gate: Semaphore::new(IN_FLIGHT), random: Mutex::new(StdRng::seed_from_u64(seed)), spent: Mutex::default() }
    }

    /// Makes one call, and again where that can help ([`classify::tries`]).
    ///
    /// # Errors
    /// The fault of the last try.
    pub async fn call<T, E, Call, Answer>(&self, operation: Operation, tally: &Tally, call: Call) -> Result<T, Fault>
    where
        Call: Fn() -> Answer,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.tried(operation, tally, Some(&self.gate), call).await
    }

    /// The same for a call whose answer is held back at the far side until there is one: it takes no place in the gate,
    /// where it would stand in the way of the others for most of the time.
    ///
    /// # Errors
    /// The fault of the last try.
    pub async fn wait_for<T, E, Call, Answer>(&self, operation: Operation, tally: &Tally, call: Call) -> Result<T, Fault>
    where
        Call: Fn() -> Answer,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.tried(operation, tally, None, call).await
    }

    async fn tried<T, E, Call, Answer>(&self, operation: Operation, tally: &Tally, gate: Option<&Semaphore>, call: Call) -> Result<T, Fault>
    where
        Call: Fn() -> Answer,
        Answer: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
        E: ProvideErrorMetadata + Error + 'static,
    {
        let bucket = self.purse.bucket(operation.family);
        let mut tries = 0;
        loop {
            bucket.take().await;
            tally.count();
            self.count(operation.name, |spent| {
                spent.calls += 1;
                spent.units += u64::from(charge(operation.name) != Charge::Metric);
            });
            let answer = {
                // the gate is never closed; without a place we would only be less polite
                let _place = match gate {
                    Some(gate) => gate.acquire().await.ok(),
                    None => None,
                };
                call().await
            };
            let fault = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => classify::fault(operation.name, &error),
            };
            if fault.kind == FaultKind::Throttled {
                bucket.throttled();
                self.count(operation.name, |spent| spent.throttled += 1);
            }
            tries += 1;
            tracing::debug!(operation = operation.name, kind = ?fault.kind, tries, message = %fault.message, "call failed");
            if tries >= classify::tries(fault.kind) {
                return Err(fault);
            }
            self.clock.sleep(self.pause(tries)).await;
        }
    }

    /// These many metrics were asked for: what GetMetricData is billed by.
    pub(crate) fn bill(&self, operation: Operation, metrics: u64) {
        self.count(operation.name, |spent| spent.units += metrics);
    }

    /// Every call since this was last asked, by operation.
    pub(crate) fn take_spent(&self) -> Vec<Spent> {
        std::mem::take(&mut *self.spent.lock().unwrap_or_else(PoisonError::into_inner)).into_values().collect()
    }

    fn count(&self, name: &'static str, add: impl FnOnce(&mut Spent)) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        add(spent.entry(name).or_insert_with(|| Spent { api: name.to_owned(), ..Spent::default() }));
    }

    /// Calls of `family` that could be made now without waiting.
    pub fn ready(&self, family: Family) -> usize {
        self.purse.bucket(family).ready()
    }

    /// What the Sources page shows of these families.
    pub fn budgets(&self, families: &[Family]) -> Vec<Budget> {
        families.iter().map(|family| self.purse.bucket(*family).shown()).collect()
    }

    /// Full jitter: anything between nothing and the ceiling, so that callers refused together do not return together.
    fn pause(&self, tries: u32) -> Duration {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        ceiling(tries).mul_f64(random.random_range(0.0..=1.0))
    }
}

/// The longest pause after this many tries.
fn ceiling(tries: u32) -> Duration {
    BACKOFF_BASE.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(BACKOFF_CAP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_cap() {
        for (tries, millis) in [(0, 200), (1, 200), (2, 400), (3, 800), (7, 12_800), (8, 20_000), (40, 20_000)] {
            assert_eq!(ceiling(tries), Duration::from_millis(millis), "{tries}");
        }
    }
}
