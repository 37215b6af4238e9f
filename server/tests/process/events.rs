//! An event on its way: EventBridge rule, SQS queue, our collector, a look at the service, its state on record.
//!
//! The rule and the queue are LocalStack's, made by the very commands of `docs/operations.md`; the fleet is the yard's, in
//! the same account. Real EventBridge refuses `put-events` for the source `aws.ecs`, LocalStack takes it: that is how ECS
//! is played here. The sweep interval is ten minutes, so what is seen before is seen by the event.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::localstack::LocalStack;
use crate::support::*;

const ACCOUNT: &str = "111122223333";

/// Messages beside those of the rule, as they come when an operator routes more than asked for, or something else.
const NOISE: &str = r#"
sqs = boto3.client("sqs", **mine)
alarm = {"source": "aws.cloudwatch", "detail-type": "CloudWatch Alarm State Change", "detail": {"alarmName": "x", "state": {"value": "ALARM"}}}
for body in ("hello", json.dumps(alarm), json.dumps({"Type": "Notification", "Message": json.dumps(alarm)})):
    sqs.send_message(QueueUrl=sys.argv[2], MessageBody=body)
"#;

/// What ECS says when a task stops, through the rule.
const PUT: &str = r#"
detail = {"clusterArn": "arn:aws:ecs:us-east-1:111122223333:cluster/gaming-system-cluster", "group": "service:auth-nats",
          "lastStatus": "STOPPED", "desiredStatus": "STOPPED", "version": 5}
elsewhere = dict(detail, clusterArn="arn:aws:ecs:us-east-1:444455556666:cluster/gaming-system-cluster")
entry = lambda detail: {"Source": "aws.ecs", "DetailType": "ECS Task State Change", "Detail": json.dumps(detail),
    "Resources": ["arn:aws:ecs:us-east-1:111122223333:task/gaming-system-cluster/c13b4cb40f1f4fe4a2971f76ae5a47ad"]}
put = boto3.client("events", **mine).put_events(Entries=[entry(elsewhere), entry(detail), entry(detail)])
assert put["FailedEntryCount"] == 0, put
"#;

/// The shell commands of a section of the operations guide.
fn commands_of(section: &str) -> &'static str {
    let guide = include_str!("../../../docs/operations.md");
    let (_, rest) = guide.split_once(&format!("\n## {section}\n")).unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    rest.split_once("```").unwrap().0
}

/// Runs them against LocalStack; answers what was printed last.
fn set_up(there: &LocalStack) -> String {
    // version 1 of the CLI looks for SQS at AWS whatever AWS_ENDPOINT_URL says, so the endpoint is given with every command
    let (cli, url) = (tool("SIGNALBOX_AWS_CLI"), &there.url);
    let script = format!("aws() {{ '{}' --endpoint-url '{url}' \"$@\"; }}\n{}", cli.display(), commands_of("Events"));
    let mut shell = Command::new("sh");
    quiet(&mut shell);
    let (code, stdout, stderr) = run(shell.args(["-e", "-u", "-c", &script]).env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_PAGER", ""));
    assert_eq!(code, 0, "{stderr}");
    stdout.lines().last().unwrap().to_owned()
}

struct Scene<'a> {
    there: &'a LocalStack,
    url: String,
    control: String,
    queue: String,
}

impl Scene<'_> {
    fn boto3(&self, lines: &str) -> String {
        self.there.boto3(&format!("mine = dict(keys, aws_access_key_id=\"{ACCOUNT}\")\n{lines}"), &[&self.queue])
    }

    async fn source(&self, kind: &str) -> Value {
        let sources = get(&format!("{}/api/v1/sources", self.url)).await;
        let rows = sources["rows"].as_array().unwrap();
        rows.iter().find(|row| row["id"]["kind"] == kind).cloned().unwrap_or_else(|| panic!("no source {kind} in {sources:#}"))
    }

    /// The service's running tasks as recorded, from the list: asking for its own page would be a reason to look.
    async fn running(&self, service: &str) -> Value {
        let page = get(&format!("{}/api/v1/services", self.url)).await;
        let rows = page["rows"].as_array().unwrap_or_else(|| panic!("{page:#}"));
        rows.iter().find(|row| row["service"] == service).map(|row| row["running"].clone()).unwrap_or_default()
    }

    async fn calls(&self, operation: &str) -> u64 {
        get(&format!("{}/requests", self.control)).await["requests"][operation].as_u64().unwrap_or(0)
    }
}

pub(crate) async fn an_event_is_followed_long_before_the_next_sweep(there: &LocalStack) {
    let printed = set_up(there);
    let queue = printed.strip_prefix("events_queue = \"").and_then(|rest| rest.strip_suffix('"')).unwrap().to_owned();
    let (_yard, endpoints) = yard(&["--nats-nodes", "0", "--no-throttles"]);
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("signalbox.toml");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"signalbox.db\"\n[poll]\nservices = \"10m\"\n\
         [[environment]]\nname = \"production\"\nregion = \"us-east-1\"\naccount_id = \"{ACCOUNT}\"\n{printed}\n"
    );
    std::fs::write(&config, text).unwrap();
    let surroundings =
        [("AWS_ENDPOINT_URL", endpoints["aws"].as_str().unwrap()), ("AWS_ENDPOINT_URL_SQS", &there.url), ("AWS_ACCESS_KEY_ID", ACCOUNT)];
    doctor_finds_it_well(&config, &surroundings);

    let (_server, url) = serve_in(&config, &surroundings);
    let scene = Scene { there, url, control: endpoints["control"].as_str().unwrap().to_owned(), queue };
    let overview = format!("{}/api/v1/overview", scene.url);
    until("a first sweep", || get(&overview), |seen| seen["services"]["value"] == 22).await;
    until("a first poll", || scene.source("events"), |source| source["outcome"]["outcome"] == "complete").await;
    let before = (scene.calls("ecs:ListServices").await, scene.calls("ecs:DescribeServices").await);

    for service in ["auth-nats", "quest-system-nats"] {
        post(&format!("{}/tasks/stop", scene.control), json!({ "service": service, "exit_code": 1 })).await;
    }
    scene.boto3(NOISE);
    scene.boto3(PUT);
    until("the stop that an event told of", || scene.running("auth-nats"), |running| *running == 1).await;
    assert_eq!(scene.running("quest-system-nats").await, 2, "of the other stop no event told, so it waits for the sweep");
    assert_eq!(scene.source("ecs").await["sweeps"], 1, "there was no second sweep");
    let looks = scene.calls("ecs:DescribeServices").await - before.1;
    assert!((1..=3).contains(&looks), "{looks} looks of one DescribeServices each");
    assert_eq!(scene.calls("ecs:ListServices").await, before.0, "a look lists no services");

    let told = "6 messages, of which 2 told of a service here; 1 of another account, region or cluster, 2 about something else than a service, 1 not understood";
    let noted = |source: &Value| source["notes"][0].as_str().is_some_and(|note| note.contains(told));
    let source = until("all six messages", || scene.source("events"), noted).await;
    assert!(source["notes"][1].as_str().is_some_and(|note| note.contains("give Signalbox one of its own")), "{source:#}");
    let left = "attributes = boto3.client('sqs', **mine).get_queue_attributes(QueueUrl=sys.argv[2], AttributeNames=['All'])['Attributes']\n\
                print(attributes['ApproximateNumberOfMessages'], attributes['ApproximateNumberOfMessagesNotVisible'])";
    assert_eq!(scene.boto3(left).trim(), "0 0", "nothing is left in the queue");

    the_loss_of_the_queue_is_said_and_the_fleet_goes_on(&scene).await;
}

fn doctor_finds_it_well(config: &Path, surroundings: &[(&str, &str)]) {
    let diagnosis = || {
        let mut command = signalbox(&["doctor", "--format", "json", "--config", config.to_str().unwrap()]);
        let (_, stdout, stderr) = run(command.envs(surroundings.iter().copied()));
        serde_json::from_str::<Value>(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"))
    };
    let found = diagnosis();
    let checks = found["checks"].as_array().unwrap();
    let of_sqs: Vec<&Value> = checks.iter().filter(|check| check["what"].as_str().is_some_and(|what| what.starts_with("sqs:"))).collect();
    assert_eq!(of_sqs.len(), 3, "{found:#}");
    assert!(of_sqs.iter().all(|check| check["verdict"] == "well"), "{found:#}");
    assert!(!checks.iter().any(|check| check["what"] == "event queue"), "the guide's policy lets EventBridge send: {found:#}");

    let text = std::fs::read_to_string(config).unwrap();
    std::fs::write(config, text.replace("/signalbox-events", "/signalbox-evnets")).unwrap();
    let found = diagnosis();
    std::fs::write(config, text).unwrap();
    let bad: Vec<&Value> = found["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "bad").collect();
    assert_eq!(bad.len(), 1, "{found:#}");
    assert_eq!((&bad[0]["what"], &bad[0]["kind"]), (&json!("sqs:ReceiveMessage"), &json!("not_found")));
    assert!(bad[0]["fix"].as_str().is_some_and(|fix| fix.starts_with("Correct or remove events_queue")), "{found:#}");
}

async fn the_loss_of_the_queue_is_said_and_the_fleet_goes_on(scene: &Scene<'_>) {
    scene.boto3("boto3.client('sqs', **mine).delete_queue(QueueUrl=sys.argv[2])");
    let source = until("the loss", || scene.source("events"), |source| source["outcome"]["outcome"] == "failed").await;
    let summary = source["summary"].as_str().unwrap();
    assert!(summary.contains("there is no queue signalbox-events of account 111122223333 here"), "{summary}");
    assert_eq!((&source["outcome"]["fault"]["kind"], &source["tone"]), (&json!("not_found"), &json!("bad")));
    let overview = get(&format!("{}/api/v1/overview", scene.url)).await;
    assert_eq!((&overview["services"]["of"], &overview["services"]["stale"]), (&json!(22), &Value::Null), "nothing else goes grey");
}
