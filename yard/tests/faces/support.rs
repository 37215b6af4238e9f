//! What the yard's tests share: an open yard, the real SDKs' clients for it, and a bare HTTP request for what no SDK would send.

use std::{sync::Arc, time::Duration};

use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
use aws_smithy_http_client::Builder as HttpClient;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use yard::{ManualClock, Options, Yard};

pub(crate) const CLUSTER: &str = "gaming-system-cluster";
/// 2026-03-01 12:00:00 UTC, in microseconds.
pub(crate) const START: i64 = 1_772_366_400_000_000;

/// A yard whose time stands still until the test moves it.
pub(crate) struct Site {
    pub(crate) yard: Yard,
    pub(crate) clock: ManualClock,
    pub(crate) ecs: aws_sdk_ecs::Client,
    pub(crate) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) sts: aws_sdk_sts::Client,
}

/// A calm fleet without a script.
pub(crate) async fn calm() -> Site {
    open(Options { script: false, ..Options::default() }).await
}

pub(crate) async fn open(options: Options) -> Site {
    let clock = ManualClock::new(START);
    let yard = Yard::start(Options { clock: Arc::new(clock.clone()), ..options }).await.unwrap();
    let url = yard.endpoints().aws.clone();
    let credentials = || Credentials::new("test", "test", None, None, "test");
    let region = || Region::new("us-east-1");
    let (version, retry) = (BehaviorVersion::latest, RetryConfig::disabled);
    let http = || HttpClient::new().build_http();
    let ecs = aws_sdk_ecs::Config::builder();
    let ecs = ecs.behavior_version(version()).region(region()).credentials_provider(credentials()).endpoint_url(&url).http_client(http());
    let cloudwatch = aws_sdk_cloudwatch::Config::builder();
    let cloudwatch =
        cloudwatch.behavior_version(version()).region(region()).credentials_provider(credentials()).endpoint_url(&url).http_client(http());
    let logs = aws_sdk_cloudwatchlogs::Config::builder();
    let logs = logs.behavior_version(version()).region(region()).credentials_provider(credentials()).endpoint_url(&url).http_client(http());
    let sqs = aws_sdk_sqs::Config::builder();
    let sqs = sqs.behavior_version(version()).region(region()).credentials_provider(credentials()).endpoint_url(&url).http_client(http());
    let sts = aws_sdk_sts::Config::builder();
    let sts = sts.behavior_version(version()).region(region()).credentials_provider(credentials()).endpoint_url(&url).http_client(http());
    Site {
        yard,
        clock,
        ecs: aws_sdk_ecs::Client::from_conf(ecs.retry_config(retry()).build()),
        cloudwatch: aws_sdk_cloudwatch::Client::from_conf(cloudwatch.retry_config(retry()).build()),
        logs: aws_sdk_cloudwatchlogs::Client::from_conf(logs.retry_config(retry()).build()),
        sqs: aws_sdk_sqs::Client::from_conf(sqs.retry_config(retry()).build()),
        sts: aws_sdk_sts::Client::from_conf(sts.retry_config(retry()).build()),
    }
}

impl Site {
    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The code of an alarm's state now, by the SDK.
    pub(crate) async fn alarm(&self, name: &str) -> aws_sdk_cloudwatch::types::MetricAlarm {
        self.cloudwatch.describe_alarms().alarm_names(name).send().await.unwrap().metric_alarms()[0].clone()
    }

    pub(crate) async fn service(&self, name: &str) -> aws_sdk_ecs::types::Service {
        self.ecs.describe_services().cluster(CLUSTER).services(name).send().await.unwrap().services()[0].clone()
    }
}

/// One HTTP/1.1 request by hand; answers status, head and body.
pub(crate) async fn http(base: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> (u16, String, Vec<u8>) {
    let address = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), answer[end + 4..].to_vec())
}

/// A request to the control face.
pub(crate) async fn control(site: &Site, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, _, answer) =
        http(&site.yard.endpoints().control, method, path, &[("content-type", "application/json")], body.as_bytes()).await;
    (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
}

/// The error code of a refused call; panics when it was not refused.
pub(crate) fn code<T: std::fmt::Debug, E>(answer: Result<T, E>) -> String
where
    E: aws_sdk_ecs::error::ProvideErrorMetadata + std::fmt::Debug,
{
    let error = answer.unwrap_err();
    error.code().unwrap_or_else(|| panic!("no code in {error:?}")).to_owned()
}

/// Anything asked of ECS as no SDK would ask it; answers status and body.
pub(crate) async fn ecs(site: &Site, operation: &str, body: &Value) -> (u16, Value) {
    let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
    let signed = "AWS4-HMAC-SHA256 Credential=a/20260301/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=0";
    let headers = [("x-amz-target", target.as_str()), ("authorization", signed)];
    let (status, _, answer) = http(&site.yard.endpoints().aws, "POST", "/", &headers, body.to_string().as_bytes()).await;
    (status, serde_json::from_slice(&answer).unwrap())
}

/// What registering a copy of a service's definition would send, with a health check.
pub(crate) async fn copy_with_check(site: &Site, service: &str, line: &str) -> Value {
    let running = site.service(service).await.task_definition().unwrap().to_owned();
    let (_, described) = ecs(site, "DescribeTaskDefinition", &serde_json::json!({"taskDefinition": running})).await;
    let mut copy = described["taskDefinition"].clone();
    copy["containerDefinitions"][0]["healthCheck"] =
        serde_json::json!({"command": ["CMD-SHELL", line], "interval": 10, "timeout": 2, "retries": 2});
    copy
}

/// Registers such a copy; answers its ARN.
pub(crate) async fn register_with_check(site: &Site, service: &str, line: &str) -> String {
    let copy = copy_with_check(site, service, line).await;
    let (status, answer) = ecs(site, "RegisterTaskDefinition", &copy).await;
    assert_eq!(status, 200, "{answer}");
    answer["taskDefinition"]["taskDefinitionArn"].as_str().unwrap().to_owned()
}

/// A check that the applications of the fleet answer, and one that they do not.
pub(crate) const SOUND: &str = "curl -f http://localhost:8080/health || exit 1";
pub(crate) const UNSOUND: &str = "curl -f http://localhost:8080/nothing-here || exit 1";
