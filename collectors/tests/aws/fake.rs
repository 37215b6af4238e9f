//! A server that speaks as much of ECS, CloudWatch, SQS and STS as the collectors ask for, counts every call, and can be
//! told to misbehave per operation.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ciborium::Value as Cbor;
use collectors::{AwsEnvironment, AwsScope, Keys};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::clock::ManualClock;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const CLUSTER: &str = "gaming-system-cluster";

/// How an operation misbehaves.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// An error with this status, code and message.
    Error(u16, &'static str, &'static str),
    /// A body that is not what the protocol says.
    Body(&'static [u8]),
    /// Half the body that was announced, then the connection closes.
    CutOff,
    /// A body that never ends.
    Endless,
    /// An announced length of 1 GB, and no byte of it.
    Announced,
    /// No answer at all.
    Silence,
}

/// What the server holds and what it was asked.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) services: Vec<String>,
    pub(crate) tasks: Vec<String>,
    pub(crate) stopped: Vec<String>,
    pub(crate) alarms: usize,
    /// Events each service has besides its one.
    pub(crate) more_events: i64,
    /// Alarm history, oldest first: type, second, summary.
    pub(crate) history: Vec<(&'static str, i64, String)>,
    /// Services that are listed but gone when they are described.
    pub(crate) gone: Vec<String>,
    pub(crate) trouble: HashMap<String, Trouble>,
    /// Events of each log stream, oldest first.
    pub(crate) logs: HashMap<String, Vec<Value>>,
    /// Messages of the one queue, each its own receipt.
    pub(crate) messages: Vec<String>,
    /// The queue's policy.
    pub(crate) policy: Option<&'static str>,
    /// Which page of an operation the trouble begins with.
    pub(crate) trouble_from_call: usize,
    pub(crate) calls: HashMap<String, usize>,
    /// Bodies of all requests, by operation. The first has the id `request-1`.
    pub(crate) asked: Vec<(String, Value)>,
    /// What every request has in place of its id.
    pub(crate) strange_id: Option<&'static str>,
}

pub(crate) struct Fake {
    pub(crate) address: SocketAddr,
    pub(crate) world: Arc<Mutex<World>>,
    /// Bytes handed to the socket by an endless body.
    pub(crate) sent: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Shared {
    world: Arc<Mutex<World>>,
    sent: Arc<AtomicU64>,
}

impl Fake {
    /// Starts a server with `services` services of two tasks each.
    pub(crate) async fn start(services: usize) -> Self {
        let names: Vec<String> = (0..services).map(|number| format!("service-{number:04}")).collect();
        let tasks = names.iter().flat_map(|name| [format!("{name}-a"), format!("{name}-b")]).collect();
        let world = World { services: names, tasks, ..World::default() };
        let shared = Shared { world: Arc::new(Mutex::new(world)), sent: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, world: shared.world, sent: shared.sent }
    }

    pub(crate) fn scope(&self) -> AwsScope {
        AwsScope {
            region: Some("us-east-1".into()),
            endpoint_url: Some(format!("http://{}", self.address)),
            clusters: vec![CLUSTER.into()],
            ..AwsScope::new("test")
        }
    }

    pub(crate) fn environment(&self, clock: &Arc<ManualClock>) -> Arc<AwsEnvironment> {
        environment(self.scope(), clock)
    }

    pub(crate) fn calls(&self, operation: &str) -> usize {
        self.world.lock().unwrap().calls.get(operation).copied().unwrap_or(0)
    }

    pub(crate) fn all_calls(&self) -> usize {
        self.world.lock().unwrap().calls.values().sum()
    }

    pub(crate) fn trouble(&self, operation: &str, trouble: Trouble) {
        self.world.lock().unwrap().trouble.insert(operation.to_owned(), trouble);
    }

    pub(crate) fn all_well(&self) {
        self.world.lock().unwrap().trouble.clear();
    }
}

pub(crate) fn environment(scope: AwsScope, clock: &Arc<ManualClock>) -> Arc<AwsEnvironment> {
    Arc::new(AwsEnvironment::new(scope, clock.clone()).with_keys(Keys::dummy()).with_seed(1))
}

async fn answer(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let (operation, asked) = asked(&uri, &headers, &body);
    let (trouble, reply, id) = {
        let mut world = shared.world.lock().unwrap();
        let calls = world.calls.entry(operation.clone()).or_default();
        *calls += 1;
        let count = *calls;
        world.asked.push((operation.clone(), asked.clone()));
        let trouble = world.trouble.get(&operation).or_else(|| world.trouble.get("*")).cloned();
        let trouble = trouble.filter(|_| count > world.trouble_from_call);
        let reply = if trouble.is_none() { world.reply(&operation, &asked) } else { Value::Null };
        let id = world.strange_id.map_or_else(|| format!("request-{}", world.asked.len()), str::to_owned);
        (trouble, reply, id)
    };
    let mut response = replied(&operation, trouble, &reply, &shared).await;
    response.headers_mut().insert("x-amzn-requestid", HeaderValue::from_str(&id).unwrap());
    response
}

async fn replied(operation: &str, trouble: Option<Trouble>, reply: &Value, shared: &Shared) -> Response {
    let cbor = operation.starts_with("DescribeAlarm");
    match trouble {
        Some(Trouble::Error(status, code, message)) if operation == "GetCallerIdentity" => refusal(status, code, message),
        None if operation == "GetLogEvents" && reply.is_null() => {
            let body = json!({"__type": "ResourceNotFoundException", "message": "The specified log stream does not exist."});
            (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.1")], body.to_string()).into_response()
        }
        None if operation == "ListTasks" && reply.is_null() => {
            let body = json!({"__type": "ServiceNotFoundException", "message": "Service not found."});
            (StatusCode::BAD_REQUEST, [("content-type", "application/x-amz-json-1.1")], body.to_string()).into_response()
        }
        Some(trouble) => misbehave(trouble, cbor, shared).await,
        None if operation == "GetCallerIdentity" => caller(reply.as_str().unwrap_or(ACCOUNT)),
        None if cbor => in_cbor(StatusCode::OK, reply),
        None => ([("content-type", "application/x-amz-json-1.1")], reply.to_string()).into_response(),
    }
}

fn asked(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> (String, Value) {
    if let Some(target) = headers.get("x-amz-target") {
        let operation = target.to_str().unwrap().rsplit('.').next().unwrap().to_owned();
        return (operation, serde_json::from_slice(body).unwrap());
    }
    if let Some((_, operation)) = uri.path().split_once("/operation/") {
        return (operation.to_owned(), from_cbor(&ciborium::from_reader(body).unwrap()));
    }
    let form = String::from_utf8_lossy(body);
    let action = form.split('&').find_map(|pair| pair.strip_prefix("Action=")).unwrap_or("?");
    (action.to_owned(), Value::Null)
}

async fn misbehave(trouble: Trouble, cbor: bool, shared: &Shared) -> Response {
    match trouble {
        Trouble::Error(status, code, message) => {
            let status = StatusCode::from_u16(status).unwrap();
            let body = json!({"__type": code, "message": message});
            if cbor { in_cbor(status, &body) } else { (status, [("x-amzn-errortype", code)], body.to_string()).into_response() }
        }
        Trouble::Body(bytes) if cbor => ([("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")], bytes).into_response(),
        Trouble::Body(bytes) => bytes.into_response(),
        Trouble::CutOff => {
            let half = futures::stream::iter([Ok(Bytes::from_static(b"{\"serviceArns\":["))]);
            let cut = futures::stream::once(async {
                // lets the server send the half before it closes
                tokio::task::yield_now().await;
                Err(std::io::Error::other("cut"))
            });
            ([("content-length", "1000")], Body::from_stream(half.chain(cut))).into_response()
        }
        Trouble::Endless => {
            let sent = shared.sent.clone();
            let piece = Bytes::from(vec![b' '; 64 * 1024]);
            let pieces = futures::stream::repeat(piece).map(move |piece| {
                sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
                Ok::<_, std::io::Error>(piece)
            });
            Body::from_stream(pieces).into_response()
        }
        Trouble::Announced => {
            let nothing = futures::stream::pending::<Result<Bytes, std::io::Error>>();
            ([("content-length", "1000000000")], Body::from_stream(nothing)).into_response()
        }
        Trouble::Silence => std::future::pending().await,
    }
}

fn caller(account: &str) -> Response {
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{account}:user/x</Arn><UserId>X</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
    );
    ([("content-type", "text/xml")], body).into_response()
}

fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = format!("<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>");
    (StatusCode::from_u16(status).unwrap(), [("content-type", "text/xml")], body).into_response()
}

impl World {
    fn reply(&mut self, operation: &str, asked: &Value) -> Value {
        match operation {
            "ListClusters" => json!({"clusterArns": [cluster_arn(CLUSTER), cluster_arn("staging")]}),
            "DescribeClusters" => {
                let known = asked["clusters"].as_array().unwrap().iter().filter(|name| name.as_str() == Some(CLUSTER));
                let known: Vec<Value> =
                    known.map(|_| json!({"clusterName": CLUSTER, "clusterArn": cluster_arn(CLUSTER), "status": "ACTIVE"})).collect();
                json!({"clusters": known, "failures": []})
            }
            "ListServices" => page(&self.services, asked, "serviceArns", |name| arn("service", name)),
            "DescribeServices" => {
                let wanted = named(asked, "services");
                let (gone, there): (Vec<String>, Vec<String>) = wanted.into_iter().partition(|name| self.gone.contains(name));
                let failures: Vec<Value> = gone.iter().map(|name| json!({"arn": arn("service", name), "reason": "MISSING"})).collect();
                json!({"services": there.iter().map(|name| service(name, self.more_events)).collect::<Vec<_>>(), "failures": failures})
            }
            "ListTasks" if asked["serviceName"].as_str().is_some_and(|name| self.gone.iter().any(|gone| gone == name)) => Value::Null,
            "ListTasks" if asked["desiredStatus"] == "STOPPED" => page(&self.stopped, asked, "taskArns", |name| arn("task", name)),
            "ListTasks" => {
                let of = asked["serviceName"].as_str().unwrap_or_default();
                let tasks: Vec<String> = self.tasks.iter().filter(|name| name.starts_with(of)).cloned().collect();
                page(&tasks, asked, "taskArns", |name| arn("task", name))
            }
            "DescribeTasks" => {
                json!({"tasks": named(asked, "tasks").iter().map(|name| self.task(name)).collect::<Vec<_>>(), "failures": []})
            }
            "DescribeTaskDefinition" => {
                json!({"taskDefinition": {"taskDefinitionArn": asked["taskDefinition"], "family": "f", "revision": 1,
                "containerDefinitions": [{"name": "main", "image": "x:1", "environment": [{"name": "PASSWORD", "value": "CANARY"}]}]}})
            }
            "DescribeAlarms" => self.alarms(asked),
            "GetLogEvents" => match self.logs.get(asked["logStreamName"].as_str().unwrap()) {
                Some(events) => {
                    let from = events.len().saturating_sub(asked["limit"].as_u64().unwrap() as usize);
                    json!({"events": &events[from..], "nextBackwardToken": "b/1", "nextForwardToken": "f/1"})
                }
                None => Value::Null,
            },
            "DescribeAlarmHistory" => self.history(asked),
            "ReceiveMessage" => self.receive(asked),
            "DeleteMessageBatch" => self.delete(asked),
            "GetQueueAttributes" => match self.policy {
                Some(policy) => json!({"Attributes": {"Policy": policy}}),
                None => json!({}),
            },
            _ => Value::Null,
        }
    }

    /// As SQS does with a message that is not hidden from anybody: it comes until it is deleted.
    fn receive(&self, asked: &Value) -> Value {
        let most = asked["MaxNumberOfMessages"].as_u64().unwrap() as usize;
        let message = |body: &String| json!({"MessageId": "m", "ReceiptHandle": body, "Body": body, "MD5OfBody": "x"});
        let messages: Vec<Value> = self.messages.iter().take(most).map(message).collect();
        // SQS leaves the list out when there is none
        if messages.is_empty() { json!({}) } else { json!({"Messages": messages}) }
    }

    fn delete(&mut self, asked: &Value) -> Value {
        let entries = asked["Entries"].as_array().unwrap();
        assert!((1..=10).contains(&entries.len()));
        for entry in entries {
            self.messages.retain(|message| message != entry["ReceiptHandle"].as_str().unwrap());
        }
        let done: Vec<Value> = entries.iter().map(|entry| json!({"Id": entry["Id"]})).collect();
        json!({"Successful": done, "Failed": []})
    }

    fn task(&self, name: &str) -> Value {
        let stopped = self.stopped.iter().any(|other| other == name);
        let service = name.rsplit_once('-').map_or(name, |(service, _)| service);
        let mut task = json!({"taskArn": arn("task", name), "group": format!("service:{service}"), "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
            "taskDefinitionArn": definition(service)});
        if stopped {
            task["lastStatus"] = json!("STOPPED");
            task["desiredStatus"] = json!("STOPPED");
            task["stoppedReason"] = json!("Essential container in task exited");
            task["containers"] = json!([{"name": "main", "exitCode": 137}]);
        }
        task
    }

    fn history(&self, asked: &Value) -> Value {
        let bound = |field: &str| asked[field].as_f64().unwrap_or_else(|| panic!("{field} of {asked}"));
        let (from, until) = (bound("StartDate"), bound("EndDate"));
        let within = |at: i64| (at as f64) >= from && (at as f64) <= until;
        let matching = self.history.iter().filter(|(kind, at, _)| asked["HistoryItemType"] == *kind && within(*at));
        let lines: Vec<String> = matching.map(|(kind, at, summary)| format!("{kind}|{at}|{summary}")).collect();
        let mut reply = page(&lines, asked, "AlarmHistoryItems", |line| line.to_owned());
        let items = reply["AlarmHistoryItems"].as_array().unwrap().iter().map(|line| {
            let parts: Vec<&str> = line.as_str().unwrap().splitn(3, '|').collect();
            let at: i64 = parts[1].parse().unwrap();
            json!({"AlarmName": "alarm-000", "HistoryItemType": parts[0], "Timestamp": {"$epoch": at}, "HistorySummary": parts[2]})
        });
        reply["AlarmHistoryItems"] = items.collect();
        if let Some(token) = reply.as_object_mut().unwrap().remove("nextToken") {
            reply["NextToken"] = token;
        }
        reply
    }

    fn alarms(&self, asked: &Value) -> Value {
        let names: Vec<String> = (0..self.alarms).map(|number| format!("alarm-{number:03}")).collect();
        let mut reply = page(&names, asked, "MetricAlarms", |name| name.to_owned());
        let alarms: Vec<Value> = reply["MetricAlarms"].as_array().unwrap().iter().map(alarm).collect();
        reply["MetricAlarms"] = json!(alarms);
        if let Some(token) = reply.as_object_mut().unwrap().remove("nextToken") {
            reply["NextToken"] = token;
        }
        reply
    }
}

fn alarm(name: &Value) -> Value {
    let arn = format!("arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{}", name.as_str().unwrap());
    json!({"AlarmName": name, "AlarmArn": arn, "StateValue": "OK", "Namespace": "AWS/ECS", "MetricName": "CPUUtilization",
        "ComparisonOperator": "GreaterThanThreshold", "Threshold": 80.0, "EvaluationPeriods": 3, "Period": 60, "ActionsEnabled": true})
}

fn service(name: &str, more_events: i64) -> Value {
    let event = |number: i64| json!({"id": format!("{name}-{number}"), "createdAt": 1_777_714_801.5 - number as f64, "message": "has reached a steady state."});
    json!({"serviceName": name, "serviceArn": arn("service", name), "status": "ACTIVE", "desiredCount": 2, "runningCount": 2, "pendingCount": 0,
        "taskDefinition": definition(name), "tags": [{"key": "team", "value": "core"}],
        "events": (1..=1 + more_events).map(event).collect::<Vec<_>>(),
        "deployments": [{"id": format!("ecs-svc/{name}"), "status": "PRIMARY", "taskDefinition": definition(name), "rolloutState": "COMPLETED"}]})
}

fn page(all: &[String], asked: &Value, field: &str, show: impl Fn(&str) -> String) -> Value {
    let token = asked["nextToken"].as_str().or(asked["NextToken"].as_str());
    let from: usize = token.map_or(0, |token| token.parse().unwrap());
    let size = asked["maxResults"].as_u64().or(asked["MaxRecords"].as_u64()).unwrap_or(10).min(100) as usize;
    let to = (from + size).min(all.len());
    let items: Vec<String> = all[from..to].iter().map(|name| show(name)).collect();
    let mut reply = json!({ field: items });
    if to < all.len() {
        reply["nextToken"] = json!(to.to_string());
    }
    reply
}

fn named(asked: &Value, field: &str) -> Vec<String> {
    let wanted = asked[field].as_array().unwrap();
    wanted.iter().map(|arn| arn.as_str().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

pub(crate) fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:ecs:us-east-1:{ACCOUNT}:{kind}/{CLUSTER}/{name}")
}

fn cluster_arn(name: &str) -> String {
    format!("arn:aws:ecs:us-east-1:{ACCOUNT}:cluster/{name}")
}

fn definition(service: &str) -> String {
    format!("arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/{service}:1")
}

fn in_cbor(status: StatusCode, body: &Value) -> Response {
    let mut bytes = Vec::new();
    ciborium::into_writer(&to_cbor(body), &mut bytes).unwrap();
    (status, [("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor")], bytes).into_response()
}

/// JSON as CBOR; `{"$epoch": seconds}` as a timestamp, which in CBOR is a tag.
fn to_cbor(value: &Value) -> Cbor {
    match value {
        Value::Object(fields) => match fields.get("$epoch").and_then(Value::as_i64) {
            Some(seconds) => Cbor::Tag(1, Box::new(Cbor::Integer(seconds.into()))),
            None => Cbor::Map(fields.iter().map(|(name, value)| (Cbor::Text(name.clone()), to_cbor(value))).collect()),
        },
        Value::Array(items) => Cbor::Array(items.iter().map(to_cbor).collect()),
        plain => Cbor::serialized(plain).unwrap(),
    }
}

fn from_cbor(value: &Cbor) -> Value {
    match value {
        Cbor::Map(entries) => {
            let pairs = entries.iter().map(|(key, value)| (key.as_text().unwrap().to_owned(), from_cbor(value)));
            Value::Object(pairs.collect())
        }
        Cbor::Array(items) => Value::Array(items.iter().map(from_cbor).collect()),
        Cbor::Text(text) => json!(text),
        Cbor::Integer(number) => json!(i128::from(*number) as i64),
        Cbor::Float(number) => json!(number),
        Cbor::Tag(_, inner) => from_cbor(inner),
        _ => Value::Null,
    }
}
