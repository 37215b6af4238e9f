//! LocalStack: a CloudWatch, Logs, SQS, EventBridge and STS that nobody here wrote. What boto3 puts there must appear.
//!
//! One LocalStack for everything, because it takes seconds and a hundred megabytes to start. Its reader of CBOR knows
//! instants as whole numbers only (4.11.1 calls `int` on the text of a float), while the SDK sends every instant as a float,
//! as the protocol wants it. So what asks for a span goes through [`whole_instants`], which writes `1794079323.686` as
//! `1794079323` and passes on everything else as it is.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use collectors::{AwsEnvironment, AwsScope, Collector, Keys, LogCollector, Owing};
use domain::Timestamp;
use domain::cost::Way;
use domain::log::{Owed, Stream};
use domain::reading::{ClusterReading, EcsReading, ObservedService, Seen};
use domain::series::Metric;
use domain::service::Service;
use domain::source::Outcome;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use signalbox::clock::SystemClock;

use crate::measured::{collector, read};
use crate::support::*;

const KEYS: &str = "region_name='us-east-1', endpoint_url=sys.argv[1], aws_access_key_id='x', aws_secret_access_key='x'";

/// Alarms put, one of them set.
const PUT: &str = r#"
cw = boto3.client("cloudwatch", **keys)
for metric in ("CPUUtilization", "MemoryUtilization"):
    cw.put_metric_alarm(AlarmName=f"games-service-1-{metric}", AlarmDescription="runbook: https://runbooks.example/x",
        Namespace="AWS/ECS", MetricName=metric, Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=80,
        ComparisonOperator="GreaterThanThreshold", AlarmActions=["arn:aws:sns:us-east-1:000000000000:alerts"],
        Dimensions=[{"Name": "ClusterName", "Value": "games"}, {"Name": "ServiceName", "Value": "games-service-1"}])
cw.set_alarm_state(AlarmName="games-service-1-CPUUtilization", StateValue="ALARM", StateReason="CPU is 97 %")
"#;

/// An alarm that flaps: five changes of state, none of which a list of alarms shows afterwards but the last.
const FLAP: &str = r#"
cw = boto3.client("cloudwatch", **keys)
cw.put_metric_alarm(AlarmName="flapping", Namespace="Custom", MetricName="queue", Statistic="Average", Period=60,
    EvaluationPeriods=1, Threshold=80, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore")
for number, state in enumerate(("ALARM", "OK", "ALARM", "OK", "ALARM")):
    cw.set_alarm_state(AlarmName="flapping", StateValue=state, StateReason=f"turn {number}: größe > 80 %")
"#;

/// What ECS and two load balancers would report: two tasks' CPU in each of three five minutes, requests of each minute, and
/// of the network load balancer its targets alone, once more by zone.
const METRICS: &str = r#"
import datetime
cw = boto3.client("cloudwatch", **keys)
begin = int(datetime.datetime.now(datetime.timezone.utc).timestamp()) // 300 * 300 - 1500
at = lambda second: datetime.datetime.fromtimestamp(begin + second, datetime.timezone.utc)
def put(namespace, dimensions, data):
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    cw.put_metric_data(Namespace=namespace, MetricData=[
        {"MetricName": metric, "Dimensions": named, "Timestamp": at(second), "Value": value, "Unit": unit}
        for metric, second, value, unit in data])
ecs = {"ClusterName": "games", "ServiceName": "games-service-1"}
put("AWS/ECS", ecs, [("CPUUtilization", minute * 60 + 5, 10.0 + 20 * task + minute // 5, "Percent") for minute in range(15) for task in range(2)])
put("AWS/ECS", ecs, [("MemoryUtilization", minute * 60 + 5, 41.5, "Percent") for minute in range(15) for task in range(2)])
elb = {"LoadBalancer": "app/games/50dc", "TargetGroup": "targetgroup/games/73e2"}
put("AWS/ApplicationELB", elb, [("RequestCount", minute * 60 + 7, 3.0, "Count") for minute in range(15) for _ in range(40)])
put("AWS/ApplicationELB", elb, [("HTTPCode_Target_5XX_Count", 7 * 60 + 7, 2.0, "Count")])
put("AWS/ApplicationELB", elb, [("TargetResponseTime", minute * 60 + 7, seconds, "Seconds") for minute in range(15) for seconds in (0.1, 0.3)])
put("AWS/ApplicationELB", elb, [(name, minute * 60 + 7, value, "Count") for minute in range(15)
    for name, value in (("HealthyHostCount", 2.0), ("HealthyHostCount", 1.0), ("UnHealthyHostCount", 0.0))])
net = {"LoadBalancer": "net/games/50dd", "TargetGroup": "targetgroup/relay/91ab"}
put("AWS/NetworkELB", net, [(name, minute * 60 + 7, value, "Count") for minute in range(15)
    for name, value in (("HealthyHostCount", 4.0), ("HealthyHostCount", 3.0), ("UnHealthyHostCount", 0.0), ("UnHealthyHostCount", 1.0))])
put("AWS/NetworkELB", net | {"AvailabilityZone": "us-east-1a"}, [(name, minute * 60 + 7, value, "Count") for minute in range(15)
    for name, value in (("HealthyHostCount", 3.0), ("UnHealthyHostCount", 1.0))])
print(begin)
"#;

/// What a task said, hostile parts included.
const LOGS: &str = r#"
import time
logs = boto3.client("logs", **keys)
logs.create_log_group(logGroupName="/ecs/games")
logs.create_log_stream(logGroupName="/ecs/games", logStreamName="app/app/0f")
now = int(time.time() * 1000)
logs.put_log_events(logGroupName="/ecs/games", logStreamName="app/app/0f", logEvents=[
    {"timestamp": now - 2000, "message": "connecting to nats"},
    {"timestamp": now - 1000, "message": "\x1b[31mpanic: no route\x1b[0m"}])
"#;

/// Nobody is owed anything: the log is asked for by name.
struct Nobody;

#[async_trait]
impl Owing for Nobody {
    async fn owed(&self, _: &str, _: Timestamp, _: usize) -> Vec<Owed> {
        Vec::new()
    }
}

pub(crate) struct LocalStack {
    _running: Running,
    pub(crate) url: String,
}

/// Starts it on a free port, in a directory of its own, with nothing that asks anything off this machine.
fn localstack(directory: &Path) -> LocalStack {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(tool("SIGNALBOX_LOCALSTACK_PYTHON"));
    quiet(&mut command);
    let mut child = command
        .args(["-m", "localstack.runtime.main"])
        .current_dir(directory)
        .env("GATEWAY_LISTEN", format!("127.0.0.1:{port}"))
        .env("SERVICES", "cloudwatch,events,logs,sqs,sts")
        .env("SKIP_SSL_CERT_DOWNLOAD", "1")
        .env("DISABLE_EVENTS", "1")
        .env("DNS_ADDRESS", "0")
        .env("FILESYSTEM_ROOT", directory)
        .env("TMPDIR", directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let running = Running(child);
    let mut said = Vec::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        if line.trim() == "Ready." {
            // read on, or it would stop at a full pipe
            std::thread::spawn(move || lines.for_each(drop));
            return LocalStack { _running: running, url: format!("http://127.0.0.1:{port}") };
        }
        said.push(line);
    }
    panic!("LocalStack did not start: {said:#?}");
}

impl LocalStack {
    /// Runs a few lines of Python that have boto3, `keys`, and these arguments from the third on.
    pub(crate) fn boto3(&self, lines: &str, arguments: &[&str]) -> String {
        let mut python = Command::new(tool("SIGNALBOX_LOCALSTACK_PYTHON"));
        quiet(&mut python);
        let script = format!("import boto3, json, sys\nkeys = dict({KEYS})\n{lines}");
        let (code, stdout, stderr) = run(python.args(["-c", &script, &self.url]).args(arguments));
        assert_eq!(code, 0, "{stderr}");
        stdout
    }
}

/// Every float that is an instant (tag 1, major type 7) as the whole number below it. Neither byte occurs in UTF-8 text.
fn whole(body: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(body.len()), body);
    while let Some((first, after)) = rest.split_first() {
        let float = after.strip_prefix(&[0xfb]).filter(|_| *first == 0xc1).and_then(|bytes| bytes.first_chunk::<8>());
        match float.map(|bytes| f64::from_be_bytes(*bytes).floor()) {
            Some(second) if (0.0..4e9).contains(&second) => {
                out.extend([0xc1, 0x1a]);
                out.extend((second as u32).to_be_bytes());
                rest = &after[9..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

/// The address of a server that passes requests on to LocalStack with whole instants.
async fn whole_instants(url: &str) -> String {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let to = url.to_owned();
    let pass = async move |request: axum::extract::Request| {
        let (mut parts, body) = request.into_parts();
        let body = whole(&body.collect().await.unwrap().to_bytes());
        parts.uri = format!("{to}{}", parts.uri).parse().unwrap();
        parts.headers.insert(http::header::CONTENT_LENGTH, body.len().into());
        let answer = client.request(http::Request::from_parts(parts, Full::from(body))).await.unwrap();
        answer.map(axum::body::Body::new)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(pass)).await });
    format!("http://{address}")
}

#[test]
fn instants_become_whole_and_nothing_else_changes() {
    let body = b"\xbfiStartDate\xc1\xfb\x41\xda\xbb\xde\x96\xeb\xe7\x6dgcaf\xc3\xa9\xfb\x40\x00\x00\x00\x00\x00\x00\x00\xff";
    let whole = whole(body);
    assert_eq!(whole, b"\xbfiStartDate\xc1\x1a\x6a\xef\x7a\x5bgcaf\xc3\xa9\xfb\x40\x00\x00\x00\x00\x00\x00\x00\xff");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_boto3_puts_into_localstack_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let there = localstack(directory.path());
    there.boto3(PUT, &[]);
    let here = tempfile::tempdir().unwrap();
    let at = |args: &[&str]| run(signalbox(args).env("AWS_ENDPOINT_URL", &there.url).current_dir(here.path()));

    let (code, seen, stderr) = at(&["look", "--once"]);
    assert_eq!(code, 0, "alarms alone are something to see: {stderr}");
    assert!(seen.contains("1 of 2 alarms on") && seen.contains("games-service-1-CPUUtilization") && seen.contains("CPU is 97 %"), "{seen}");
    assert!(seen.contains("■ ecs:default:"), "its free part has no ECS, which is said: {seen}");

    let (code, _, stderr) = at(&["init"]);
    assert_eq!(code, 0, "{stderr}");
    let text = std::fs::read_to_string(here.path().join("signalbox.toml")).unwrap();
    assert!(text.contains("# 2 CloudWatch alarms are read") && text.contains("# Could not be read: ECS"), "{text}");
    let (code, _, said) = at(&["check-config"]);
    assert_eq!(code, 0, "{said}");

    let (code, stdout, stderr) = at(&["doctor", "--format", "json"]);
    assert_eq!(code, 1, "{stdout}{stderr}");
    let diagnosis: Value = serde_json::from_str(&stdout).unwrap();
    let verdict = |what: &str| {
        let checks = diagnosis["checks"].as_array().unwrap();
        checks.iter().find(|check| check["what"] == what).map(|check| check["verdict"].clone()).unwrap_or_default()
    };
    for (what, expected) in [
        ("sts:GetCallerIdentity", "well"),
        ("cloudwatch:DescribeAlarms", "well"),
        ("ecs:ListClusters", "bad"),
        ("ecs:ListTasks", "untried"),
    ] {
        assert_eq!(verdict(what), expected, "{what}: {diagnosis:#}");
    }

    let whole = whole_instants(&there.url).await;
    flaps_are_on_record(&there, &whole).await;
    metrics_are_read(&there, &whole).await;

    there.boto3(LOGS, &[]);
    let mut scope = AwsScope::new("default");
    scope.region = Some("us-east-1".to_owned());
    scope.endpoint_url = Some(there.url.clone());
    let environment = Arc::new(AwsEnvironment::new(scope, Arc::new(SystemClock)).with_keys(Keys::dummy()));
    let reader = LogCollector::new(environment, Duration::from_secs(15), Arc::new(Nobody));
    let stream = Stream { container: "app".to_owned(), group: "/ecs/games".to_owned(), stream: "app/app/0f".to_owned() };
    let words = reader.tail(&[stream]).await.unwrap();
    let said = serde_json::to_string(&words).unwrap();
    assert!(said.contains("connecting to nats") && said.contains("panic: no route"), "{said}");
    assert!(!said.contains("\\u001b") && !said.contains('\u{1b}'), "{said}");

    crate::events::an_event_is_followed_long_before_the_next_sweep(&there).await;
}

/// Changes that came and went before the first look are on record, each once, and the alarm is called flapping.
async fn flaps_are_on_record(there: &LocalStack, whole: &str) {
    there.boto3(FLAP, &[]);
    let directory = tempfile::tempdir().unwrap();
    let (_server, url) = serve(&config_for(&serde_json::json!({ "aws": whole }), directory.path(), ""));
    let page = format!("{url}/api/v1/alarms/production/flapping");
    let changes = |page: &Value| {
        page["record"]
            .as_array()
            .map_or(0, |record| record.iter().filter(|entry| entry["text"].as_str().is_some_and(|text| text.contains('→'))).count())
    };
    let seen = until("five changes on record", || get(&page), |page| changes(page) >= 5).await;
    assert_eq!((changes(&seen), &seen["row"]["state"], &seen["row"]["changes"]), (5, &Value::from("ALARM"), &Value::from(5)), "{seen:#}");
    let said: String = seen["record"].as_array().unwrap().iter().filter_map(|entry| entry["text"].as_str()).collect::<Vec<_>>().join("\n");
    for number in 0..5 {
        assert!(said.contains(&format!("turn {number}: größe > 80 %")), "{said}");
    }
    // more of them, between two looks at most
    there.boto3("cw = boto3.client('cloudwatch', **keys)\nfor state in ('OK', 'ALARM', 'OK'):\n    cw.set_alarm_state(AlarmName='flapping', StateValue=state, StateReason='later')", &[]);
    let seen = until("three more", || get(&page), |page| changes(page) >= 8).await;
    assert_eq!((changes(&seen), &seen["row"]["state"]), (8, &Value::from("OK")), "each once: {seen:#}");
    let (_, html) = ask("GET", &format!("{url}/alarms"), &[("accept", "text/html")], "").await;
    assert!(html.contains("flapping: 8 changes within an hour"), "the page says so");
}

/// Points that were put there are read by both ways of asking, of both kinds of load balancer at once.
async fn metrics_are_read(there: &LocalStack, whole: &str) {
    let begin: i64 = there.boto3(METRICS, &[]).trim().parse().unwrap();
    let at = |second: i64| Timestamp::from_secs(begin + second);
    let (application, network) = ("targetgroup/games/73e2", "targetgroup/relay/91ab");
    let observed = |name: &str, target: &str| {
        let service = Service {
            name: name.to_owned(),
            desired: 1,
            target_groups: vec![format!("arn:aws:elasticloadbalancing:us-east-1:000000000000:{target}")],
            created: Some(at(-600)),
            ..Service::default()
        };
        ObservedService { service, events: Vec::new() }
    };
    let services = Seen::whole(vec![observed("games-service-1", application), observed("relay", network)]);
    let cluster = ClusterReading { name: "games".to_owned(), services, ..ClusterReading::default() };
    let fleet = EcsReading { clusters: Seen::whole(vec![cluster]), ..EcsReading::default() };
    for used_up in [false, true] {
        let collector = collector(whole, used_up);
        collector.watch(&fleet);
        let sweep = collector.sweep().await;
        let reading = read(&sweep);
        assert_eq!(reading.pace.way, if used_up { Way::Data } else { Way::Statistics });
        // it computes no percentiles, and that alone is missing
        let Outcome::Partial { missing } = &sweep.outcome else { panic!("{:?}", sweep.outcome) };
        assert_eq!(
            missing.iter().map(|part| part.what.as_str()).collect::<Vec<_>>(),
            ["the 99th percentile of response times"],
            "{missing:?}"
        );
        let done: Vec<&str> = reading.asked.iter().map(|asked| asked.detail.as_str()).filter(|detail| !detail.is_empty()).collect();
        assert_eq!(done, [network], "no percentile is asked for there, so nothing is missing");
        let points_of = |detail: &str, metric: Metric| -> Vec<(i64, f64)> {
            let mut points: Vec<(i64, f64)> = reading
                .series
                .iter()
                .filter(|series| series.metric == metric && (series.detail.is_empty() || series.detail == detail))
                .flat_map(|series| series.points.iter().map(|point| ((point.at.as_micros() / 1_000_000) - begin, point.value)))
                .collect();
            points.sort_by_key(|(second, _)| *second);
            points
        };
        let points = |metric: Metric| points_of(application, metric);
        assert_eq!(points(Metric::CpuAverage), [(0, 20.0), (300, 21.0), (600, 22.0)]);
        assert_eq!(points(Metric::CpuMaximum), [(0, 30.0), (300, 31.0), (600, 32.0)]);
        assert_eq!(points(Metric::TasksSampled), [(0, 2.0), (300, 2.0), (600, 2.0)], "one sample a task and minute");
        assert_eq!(points(Metric::MemoryAverage), [(0, 41.5), (300, 41.5), (600, 41.5)]);
        let minutes = |value: f64| (0..15).map(|minute| (minute * 60, value)).collect::<Vec<_>>();
        assert_eq!(points(Metric::Requests), minutes(120.0));
        assert_eq!(points(Metric::Errors), [(420, 2.0)]);
        assert_eq!((points(Metric::Healthy), points(Metric::Unhealthy)), (minutes(1.0), minutes(0.0)));
        let latency = points(Metric::Latency);
        assert!(latency.len() == 15 && latency.iter().all(|(_, value)| (value - 200.0).abs() < 1e-6), "milliseconds: {latency:?}");
        assert_eq!(points(Metric::LatencyP99), []);
        assert_eq!((points_of(network, Metric::Healthy), points_of(network, Metric::Unhealthy)), (minutes(4.0), minutes(1.0)));
        let mut told: Vec<Metric> = reading.series.iter().filter(|series| series.detail == network).map(|series| series.metric).collect();
        told.sort();
        assert_eq!(told, [Metric::Healthy, Metric::Unhealthy], "nothing else is asked there");
    }
}
