//! Judges nobody here wrote: moto as the ECS the collectors read, the AWS CLI as a reader of the yard.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::*;
use serde_json::Value;

/// Starts moto, makes clusters and services with boto3, says where, and what was made.
const MOTO: &str = r#"
import json, logging, sys, boto3
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel("ERROR")
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
ecs = boto3.client("ecs", region_name="us-east-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x")
made = {}
for cluster, count in (("games", 23), ("tools", 2), ("empty", 0)):
    ecs.create_cluster(clusterName=cluster)
    for number in range(count):
        name = f"{cluster}-service-{number}"
        ecs.register_task_definition(family=name, containerDefinitions=[{"name": "app", "image": "app:1", "memory": 128, "essential": True}])
        ecs.create_service(cluster=cluster, serviceName=name, taskDefinition=name, desiredCount=number % 3, tags=[{"key": "group", "value": "moto"}])
        made[f"{cluster}/{name}"] = number % 3
print(json.dumps({"url": url, "made": made}), flush=True)
sys.stdin.read()
"#;

#[test]
fn verify_reports_exactly_what_boto3_made_in_moto() {
    let mut command = Command::new(tool("SIGNALBOX_MOTO_PYTHON"));
    quiet(&mut command);
    // the pipe to stdin keeps moto up: it ends when this test does
    let (_moto, ready) = start(command.args(["-c", MOTO]).env("MOTO_ECS_SERVICE_RUNNING", "2").stdin(Stdio::piped()));
    let url = ready["url"].as_str().unwrap();
    let (code, stdout, stderr) =
        run(signalbox(&["verify", "--only", "ecs", "--format", "json"]).env("AWS_ENDPOINT_URL", url).current_dir(std::env::temp_dir()));
    let verdict: Value = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
    let seen: BTreeMap<String, u64> = verdict["services"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| {
            (
                format!("{}/{}", service["cluster"].as_str().unwrap(), service["service"].as_str().unwrap()),
                service["desired"].as_u64().unwrap(),
            )
        })
        .collect();
    let made: BTreeMap<String, u64> = serde_json::from_value(ready["made"].clone()).unwrap();
    assert_eq!(seen, made);
    assert_eq!(verdict["sources"][0]["outcome"], "complete", "{verdict:#}");
    assert_eq!(code, 0, "moto runs two tasks of every service, so nobody is short: {stdout}");
    // ⌈23/100⌉ + ⌈23/10⌉, ⌈2/100⌉ + ⌈2/10⌉, one for the empty cluster; the rest is identity, clusters and tasks
    assert!(verdict["sources"][0]["calls"].as_u64().is_some_and(|calls| (7..=20).contains(&calls)), "{verdict:#}");
}

fn aws(endpoint: &str, args: &[&str]) -> Value {
    let mut command = Command::new(tool("SIGNALBOX_AWS_CLI"));
    quiet(&mut command);
    command.args(["--endpoint-url", endpoint, "--output", "json"]).args(args).env("AWS_PAGER", "");
    let (code, stdout, stderr) = run(&mut command);
    assert_eq!(code, 0, "aws {args:?}: {stderr}");
    // what only waits says nothing
    if stdout.is_empty() { Value::Null } else { serde_json::from_str(&stdout).unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_and_the_page_agree_on_the_yard() {
    const CLUSTER: &str = "gaming-system-cluster";
    let directory = tempfile::tempdir().unwrap();
    let (_yard, endpoints) = yard(&["--nats-nodes", "0"]);
    let endpoint = endpoints["aws"].as_str().unwrap();
    let (_server, url) = serve(&config_for(&endpoints, directory.path(), ""));
    let overview = format!("{url}/api/v1/overview");
    until("a first sweep", || get(&overview), |seen| seen["services"]["value"] == 22 && seen["alarms"]["of"] == 66).await;

    let services = aws(
        endpoint,
        &[
            "ecs",
            "describe-services",
            "--cluster",
            CLUSTER,
            "--services",
            "auth-nats",
            "http-nats-gateway",
            "language-system-nats",
            "nobody",
        ],
    );
    assert_eq!(services["failures"][0]["reason"], "MISSING");
    for service in services["services"].as_array().unwrap() {
        let page = get(&format!("{url}/api/v1/services/production/{CLUSTER}/{}", service["serviceName"].as_str().unwrap())).await;
        assert_eq!(page["arn"], service["serviceArn"]);
        assert_eq!((&page["row"]["desired"], &page["row"]["running"]), (&service["desiredCount"], &service["runningCount"]));
        assert!(service["taskDefinition"].as_str().unwrap().ends_with(page["row"]["revision"].as_str().unwrap()));
    }

    let arns = aws(endpoint, &["ecs", "list-tasks", "--cluster", CLUSTER, "--service-name", "auth-nats"]);
    let arns: Vec<&str> = arns["taskArns"].as_array().unwrap().iter().map(|arn| arn.as_str().unwrap()).collect();
    let tasks = aws(endpoint, &[&["ecs", "describe-tasks", "--cluster", CLUSTER, "--tasks"], arns.as_slice()].concat());
    let page = get(&format!("{url}/api/v1/services/production/{CLUSTER}/auth-nats")).await;
    let mut told: Vec<&str> =
        tasks["tasks"].as_array().unwrap().iter().map(|task| task["taskArn"].as_str().unwrap().rsplit('/').next().unwrap()).collect();
    let mut shown: Vec<&str> = page["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    told.sort_unstable();
    shown.sort_unstable();
    assert_eq!(told, shown);

    let all = aws(endpoint, &["ecs", "list-services", "--cluster", CLUSTER]);
    assert_eq!(all["serviceArns"].as_array().unwrap().len(), 23, "the CLI follows the pages");
    let alarms = aws(endpoint, &["cloudwatch", "describe-alarms"]);
    assert_eq!(alarms["MetricAlarms"].as_array().unwrap().len(), 66);
    let mine: Vec<&str> = alarms["MetricAlarms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|alarm| alarm["AlarmName"].as_str().unwrap())
        .filter(|name| name.starts_with("auth-nats"))
        .collect();
    let mut shown: Vec<&str> = page["alarms"].as_array().unwrap().iter().map(|alarm| alarm["name"].as_str().unwrap()).collect();
    shown.sort_unstable();
    assert_eq!(shown, {
        let mut mine = mine;
        mine.sort_unstable();
        mine
    });
    assert_eq!(aws(endpoint, &["sts", "get-caller-identity"])["Account"], endpoints["account"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_reads_the_yards_events() {
    let (_yard, endpoints) = yard(&["--nats-nodes", "0"]);
    let (endpoint, queue) = (endpoints["aws"].as_str().unwrap(), endpoints["events_queue"].as_str().unwrap());
    let stop = format!("{}/tasks/stop", endpoints["control"].as_str().unwrap());
    post(&stop, serde_json::json!({ "service": "auth-nats", "exit_code": 1 })).await;
    let told = aws(endpoint, &["sqs", "receive-message", "--queue-url", queue, "--wait-time-seconds", "5"]);
    let event: Value = serde_json::from_str(told["Messages"][0]["Body"].as_str().unwrap()).unwrap();
    assert_eq!((&event["detail-type"], &event["detail"]["group"]), (&"ECS Task State Change".into(), &"service:auth-nats".into()));
    let receipt = told["Messages"][0]["ReceiptHandle"].as_str().unwrap();
    let entries = format!("Id=one,ReceiptHandle={receipt}");
    let done = aws(endpoint, &["sqs", "delete-message-batch", "--queue-url", queue, "--entries", &entries]);
    assert_eq!(done["Successful"][0]["Id"], "one", "{done:#}");
    let attributes = aws(endpoint, &["sqs", "get-queue-attributes", "--queue-url", queue, "--attribute-names", "All"]);
    assert!(attributes["Attributes"]["Policy"].as_str().unwrap().contains("events.amazonaws.com"), "{attributes:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_aws_cli_changes_a_service_of_the_yard() {
    const CLUSTER: &str = "gaming-system-cluster";
    let (_yard, endpoints) = yard(&["--nats-nodes", "0", "--speed", "40"]);
    let ecs = |args: &[&str]| aws(endpoints["aws"].as_str().unwrap(), &[&["ecs"], args].concat());
    let mut copy = ecs(&["describe-task-definition", "--task-definition", "auth-nats"])["taskDefinition"].clone();
    for of_answers in ["taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities", "registeredAt", "registeredBy"] {
        copy.as_object_mut().unwrap().remove(of_answers);
    }
    copy["containerDefinitions"][0]["healthCheck"] = serde_json::json!({
        "command": ["CMD-SHELL", "curl -f http://localhost:8080/health || exit 1"], "interval": 10, "timeout": 5, "retries": 3, "startPeriod": 10
    });
    copy["tags"] = serde_json::json!([{"key": "intent", "value": "42"}]);
    let registered = ecs(&["register-task-definition", "--cli-input-json", &copy.to_string()]);
    let arn = registered["taskDefinition"]["taskDefinitionArn"].as_str().unwrap();
    assert_eq!((&registered["taskDefinition"]["status"], &registered["tags"]), (&"ACTIVE".into(), &copy["tags"]), "{registered:#}");
    assert_eq!(registered["taskDefinition"]["containerDefinitions"], copy["containerDefinitions"]);

    let breaker = "deploymentCircuitBreaker={enable=true,rollback=true},minimumHealthyPercent=100,maximumPercent=200";
    let update =
        ["update-service", "--cluster", CLUSTER, "--service", "auth-nats", "--task-definition", arn, "--deployment-configuration", breaker];
    let updated = ecs(&update);
    let statuses: Vec<&Value> = updated["service"]["deployments"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, ["PRIMARY", "ACTIVE"], "{updated:#}");
    let listed = ecs(&["list-service-deployments", "--cluster", CLUSTER, "--service", "auth-nats"]);
    let mine = listed["serviceDeployments"][0]["serviceDeploymentArn"].as_str().unwrap();
    ecs(&["wait", "services-stable", "--cluster", CLUSTER, "--services", "auth-nats"]);
    let described = ecs(&["describe-service-deployments", "--service-deployment-arns", mine]);
    let deployment = &described["serviceDeployments"][0];
    assert_eq!(
        (&deployment["status"], &deployment["deploymentCircuitBreaker"]["failureCount"]),
        (&"SUCCESSFUL".into(), &0.into()),
        "{deployment:#}"
    );
    let revision = deployment["targetServiceRevision"]["arn"].as_str().unwrap();
    let revisions = ecs(&["describe-service-revisions", "--service-revision-arns", revision]);
    assert_eq!(revisions["serviceRevisions"][0]["taskDefinition"], arn);
}

#[test]
fn the_example_in_the_yards_own_words_works() {
    let mut child = signalbox(&["yard", "--nats-nodes", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _yard = Running(child);
    let example = lines.find_map(|line| line.unwrap().strip_prefix("Try: ").map(str::to_owned)).unwrap();
    let example = example.replacen(" aws ", &format!(" {} ", tool("SIGNALBOX_AWS_CLI").display()), 1);
    let mut shell = Command::new("sh");
    quiet(&mut shell);
    let (code, stdout, stderr) = run(shell.args(["-c", &example]).env("AWS_PAGER", ""));
    assert_eq!(code, 0, "{example}: {stderr}");
    assert!(stdout.contains("service/gaming-system-cluster/auth-nats"), "{stdout}");
}

#[test]
fn init_doctor_and_look_work_on_moto() {
    let mut command = Command::new(tool("SIGNALBOX_MOTO_PYTHON"));
    quiet(&mut command);
    let (_moto, ready) = start(command.args(["-c", MOTO]).env("MOTO_ECS_SERVICE_RUNNING", "2").stdin(Stdio::piped()));
    let directory = tempfile::tempdir().unwrap();
    let url = ready["url"].as_str().unwrap();
    let at = |args: &[&str]| run(signalbox(args).env("AWS_ENDPOINT_URL", url).current_dir(directory.path()));
    let (code, _, stderr) = at(&["init"]);
    assert_eq!(code, 0, "{stderr}");
    let text = std::fs::read_to_string(directory.path().join("signalbox.toml")).unwrap();
    for cluster in ["\"games\",   # 23 services", "\"tools\",   # 2 services", "\"empty\",   # 0 services"] {
        assert!(text.contains(cluster), "{cluster}: {text}");
    }
    let (code, stdout, _) = at(&["doctor"]);
    assert_eq!(code, 1, "its CloudWatch does not speak the SDK's protocol: {stdout}");
    assert!(stdout.contains("ok    ecs:DescribeServices") && stdout.contains("FIX   cloudwatch:DescribeAlarms"), "{stdout}");
    let (code, stdout, stderr) = at(&["look", "--once"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("games/games-service-1 ") && stdout.contains("alarms:default"), "{stdout}");
}
