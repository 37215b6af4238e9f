//! Starts moto, an ECS that nobody here wrote, with one service: `auth` in the cluster `games`.
//!
//! For every test crate that meets it. Its services take a new revision, but their only deployment stays the old one.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

const MOTO: &str = r#"
import json, logging, sys, boto3
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel("ERROR")
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
url = f"http://{host}:{port}"
ecs = boto3.client("ecs", region_name="us-east-1", endpoint_url=url, aws_access_key_id="x", aws_secret_access_key="x")
ecs.create_cluster(clusterName="games")
ecs.register_task_definition(family="auth", tags=[{"key": "team", "value": "identity"}],
    containerDefinitions=[{"name": "app", "image": "app:1", "memory": 128, "essential": True,
        "environment": [{"name": "A", "value": "1"}]}])
ecs.create_service(cluster="games", serviceName="auth", taskDefinition="auth", desiredCount=2,
    deploymentConfiguration={"maximumPercent": 150, "minimumHealthyPercent": 50})
print(json.dumps({"url": url}), flush=True)
sys.stdin.read()
"#;

/// Ends with the test.
pub(crate) struct Moto(Child);

impl Drop for Moto {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[expect(clippy::disallowed_methods, reason = "the test command hands its tools over by the environment")]
fn python() -> std::ffi::OsString {
    std::env::var_os("SIGNALBOX_MOTO_PYTHON")
        .unwrap_or_else(|| panic!("SIGNALBOX_MOTO_PYTHON is not set: run `cargo xtask test`, which fetches what the tests need"))
}

/// Starts moto; answers where it is.
pub(crate) fn start() -> (Moto, String) {
    let mut command = Command::new(python());
    for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"] {
        command.env_remove(name);
    }
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_CONFIG_FILE", "/dev/null").env("MOTO_ECS_SERVICE_RUNNING", "2");
    // the pipe to stdin keeps it up; what it does not have it tells in a stack of Python
    let mut child = command.args(["-c", MOTO]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let moto = Moto(child);
    let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("moto did not start ({error}): {line:?}"));
    (moto, ready["url"].as_str().unwrap().to_owned())
}
