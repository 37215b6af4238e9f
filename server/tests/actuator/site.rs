//! A yard with an actuator and a reader before it, and a listener that answers what it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use collectors::{AwsEnvironment, AwsScope, Keys, ServiceReader, Whole};
use domain::Timestamp;
use domain::port::Clock;
use domain::rollout::decide::{Outcome, Refusal, armed};
use domain::rollout::definition::Copy;
use domain::rollout::{Effect, INTENT_TAG};
use domain::service::ServiceKey;
use serde_json::{Value, json};
use signalbox::actuator::{Actuator, Lease};
use yard::{Clock as _, ManualClock, Options, Yard};

pub(crate) const CLUSTER: &str = "gaming-system-cluster";
pub(crate) const SERVICE: &str = "auth-nats";
/// 2026-03-01 12:00:00 UTC, in microseconds.
const START: i64 = 1_772_366_400_000_000;

/// The yard's clock as ours. Whoever waits is not kept: no test waits for time to pass.
pub(crate) struct Hand(pub(crate) ManualClock);

#[async_trait::async_trait]
impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.now_micros())
    }

    async fn sleep(&self, _: Duration) {
        tokio::task::yield_now().await;
    }
}

pub(crate) fn environment_at(url: &str, clock: &ManualClock) -> Arc<AwsEnvironment> {
    let scope = AwsScope {
        region: Some("us-east-1".into()),
        endpoint_url: Some(url.to_owned()),
        clusters: vec![CLUSTER.into()],
        share: 1.0,
        ..AwsScope::new("test")
    };
    Arc::new(AwsEnvironment::new(scope, Arc::new(Hand(clock.clone()))).with_keys(Keys::dummy()).with_seed(1))
}

pub(crate) fn clock() -> ManualClock {
    ManualClock::new(START)
}

pub(crate) fn key() -> ServiceKey {
    ServiceKey { environment: "test".into(), cluster: CLUSTER.into(), service: SERVICE.into() }
}

pub(crate) fn lease() -> Lease {
    Lease::after_commit("0198a1b2-0000-7000-8000-000000000001", 7, 1)
}

/// A calm yard, with everything that reads or changes it.
pub(crate) struct Site {
    pub(crate) yard: Yard,
    pub(crate) clock: ManualClock,
    pub(crate) actuator: Actuator,
    pub(crate) reader: ServiceReader,
}

impl Site {
    pub(crate) async fn calm() -> Self {
        Self::open(Options { script: false, ..Options::default() }).await
    }

    pub(crate) async fn open(options: Options) -> Self {
        let clock = clock();
        let yard = Yard::start(Options { clock: Arc::new(clock.clone()), ..options }).await.unwrap();
        let environment = environment_at(&yard.endpoints().aws, &clock);
        Self { yard, clock, actuator: Actuator::new(Arc::clone(&environment)), reader: ServiceReader::new(environment) }
    }

    pub(crate) async fn perform(&self, effect: &Effect) -> Outcome {
        self.actuator.perform(&lease(), &key(), effect).await
    }

    pub(crate) async fn read(&self) -> Whole {
        self.reader.read_service(CLUSTER, SERVICE, &[], None).await.unwrap()
    }

    /// Lets time pass until the service is so.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn(&Whole) -> bool) -> Whole {
        for _ in 0..400 {
            let whole = self.read().await;
            if holds(&whole) {
                return whole;
            }
            self.clock.advance(Duration::from_secs(5));
        }
        panic!("never {what}: {:#?}", self.read().await)
    }

    /// What registering a copy with a health check is, and the copy.
    pub(crate) async fn registration(&self) -> (Effect, Copy) {
        let described = self.reader.read_revision(&self.read().await.seen.revision).await.unwrap();
        let mut copy = described.copy().unwrap();
        let container = described.containers()[0].to_owned();
        let check =
            json!({"command": ["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"], "interval": 10, "timeout": 2, "retries": 2});
        copy.set(&container, "healthCheck", Some(check)).unwrap();
        let mut tags = described.tags;
        tags.insert(INTENT_TAG.to_owned(), "r1/0".to_owned());
        (Effect::Register { request: copy.request.clone(), tags }, copy)
    }

    /// Registers such a copy and makes the effect that tells the service to run it.
    pub(crate) async fn update(&self) -> (String, Effect) {
        let arn = done(self.perform(&self.registration().await.0).await);
        let before = self.read().await.seen;
        let effect = Effect::Update { from: before.revision, to: arn.clone(), configuration: armed(&before.configuration) };
        (arn, effect)
    }

    /// How often each operation was asked for while this ran.
    pub(crate) async fn counted<T>(&self, act: impl Future<Output = T>) -> (T, BTreeMap<String, u64>) {
        let before = self.yard.requests();
        let result = act.await;
        let mut asked = self.yard.requests();
        asked.iter_mut().for_each(|(name, count)| *count -= before.get(name).copied().unwrap_or(0));
        asked.retain(|_, count| *count > 0);
        (result, asked)
    }
}

pub(crate) fn done(outcome: Outcome) -> String {
    match outcome {
        Outcome::Done { named } => named,
        other => panic!("not done: {other:?}"),
    }
}

pub(crate) fn refused(outcome: Outcome) -> Refusal {
    match outcome {
        Outcome::Not(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Why nobody knows.
pub(crate) fn unknown(outcome: Outcome) -> String {
    match outcome {
        Outcome::Unknown { why } => why,
        other => panic!("known: {other:?}"),
    }
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Heard {
    pub(crate) operation: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Heard {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

type Answers = Box<dyn Fn(&str, &Value) -> Option<Value> + Send + Sync>;

/// Keeps every request and answers what it is told to; anything else it does not know.
pub(crate) struct Listener {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
}

struct Kept {
    answers: Answers,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Listener {
    pub(crate) async fn start(answers: impl Fn(&str, &Value) -> Option<Value> + Send + Sync + 'static) -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::new(Kept { answers: Box::new(answers), heard: Arc::clone(&heard) });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(kept);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, heard }
    }

    /// What came for this operation.
    pub(crate) fn heard(&self, operation: &str) -> Vec<Heard> {
        self.heard.lock().unwrap().iter().filter(|heard| heard.operation == operation).cloned().collect()
    }

    pub(crate) fn operations(&self) -> BTreeSet<String> {
        self.heard.lock().unwrap().iter().map(|heard| heard.operation.clone()).collect()
    }

    pub(crate) fn environment(&self) -> Arc<AwsEnvironment> {
        environment_at(&self.url, &clock())
    }
}

async fn answer(State(kept): State<Arc<Kept>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or("?.GetCallerIdentity");
    let operation = target.rsplit('.').next().unwrap().to_owned();
    let asked = serde_json::from_slice(&body).unwrap_or_default();
    let answer = (kept.answers)(&operation, &asked);
    kept.heard.lock().unwrap().push(Heard { operation, headers, body });
    let json = [("content-type", "application/x-amz-json-1.1")];
    match answer {
        Some(answer) => (json, answer.to_string()).into_response(),
        None => (StatusCode::BAD_REQUEST, json, json!({"__type": "UnknownOperationException"}).to_string()).into_response(),
    }
}
