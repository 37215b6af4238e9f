//! LocalStack: a CloudWatch, Logs, SQS, EventBridge and STS that nobody here wrote. What boto3 puts there must appear.
//!
//! One LocalStack for everything, because it takes seconds and a hundred megabytes to start.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collectors::{AwsEnvironment, AwsScope, Keys, LogCollector, Owing};
use domain::Timestamp;
use domain::log::{Owed, Stream};
use serde_json::Value;
use signalbox::clock::SystemClock;

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
