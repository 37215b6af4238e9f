//! The real binary as a process, asked over HTTP: what a person or a script would do.
//!
//! Every process is ended by its own handle when the test ends, however it ends. Nothing sleeps: [`until`] asks again
//! until a condition holds, and fails after a bound with what it last saw.

use std::collections::HashMap;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long a condition may take to hold on a slow, busy machine.
const BOUND: Duration = Duration::from_secs(60);

/// The binary, with nothing of the machine's own AWS settings and nothing that leaves it.
pub(crate) fn signalbox(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signalbox"));
    command.args(args);
    quiet(&mut command);
    command
}

/// Takes away what the machine would add to an AWS client.
pub(crate) fn quiet(command: &mut Command) {
    for name in ["AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN", "SIGNALBOX_CONFIG"] {
        command.env_remove(name);
    }
    command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "dummy")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
}

/// A tool the tests need; `cargo xtask test` fetches it and says where it is.
#[expect(clippy::disallowed_methods, reason = "the test command hands its tools over by the environment")]
pub(crate) fn tool(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `cargo xtask test`, which fetches what the tests need"));
    PathBuf::from(path)
}

/// Runs to the end.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned())
}

/// A process that is killed when dropped.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Asks politely, as a supervisor does.
    pub(crate) fn terminate(&self) {
        let done = Command::new("kill").args(["-TERM", &self.pid().to_string()]).status().unwrap();
        assert!(done.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts a command that prints one line of JSON when it is ready.
pub(crate) fn start(command: &mut Command) -> (Running, Value) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let running = Running(child);
    let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("no JSON line came ({error}); it printed {line:?}"));
    (running, ready)
}

/// The yard alone.
pub(crate) fn yard(args: &[&str]) -> (Running, Value) {
    let mut words = vec!["yard", "--format", "json", "--no-script"];
    words.extend(args);
    start(signalbox(&words).env("SIGNALBOX_NATS_SERVER", tool("SIGNALBOX_NATS_SERVER")))
}

/// A config for a yard, in a file.
pub(crate) fn config_for(yard: &Value, directory: &std::path::Path, more: &str) -> PathBuf {
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"signalbox.db\"\n[poll]\nservices = \"1s\"\nalarms = \"1s\"\nnats = \"1s\"\n\
         [[environment]]\nname = \"production\"\nregion = \"us-east-1\"\nendpoint_url = {aws}\n{more}",
        aws = yard["aws"],
    );
    let path = directory.join("signalbox.toml");
    std::fs::write(&path, text).unwrap();
    path
}

/// The NATS part of a config for a yard.
pub(crate) fn nats_for(yard: &Value, directory: &std::path::Path) -> String {
    std::fs::write(directory.join("sys.password"), yard["system_password"].as_str().unwrap()).unwrap();
    format!("[[nats]]\nname = \"main\"\nurls = {}\nuser = {}\npassword_file = \"sys.password\"\n", yard["nats"], yard["system_user"])
}

/// `serve`, and its address from what it says when it is ready.
pub(crate) fn serve(config: &std::path::Path) -> (Running, String) {
    serve_in(config, &[])
}

/// The same with these variables around it.
pub(crate) fn serve_in(config: &std::path::Path, surroundings: &[(&str, &str)]) -> (Running, String) {
    let mut command = signalbox(&["serve", "--config", config.to_str().unwrap()]);
    let mut child = command.envs(surroundings.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let running = Running(child);
    let mut said = Vec::new();
    for line in lines.by_ref() {
        let line = line.unwrap();
        if let Some(url) = line.strip_prefix("Signalbox is at ") {
            let url = url.to_owned();
            signed_in_as(&url, &token(config));
            std::thread::spawn(move || lines.for_each(|line| eprintln!("serve: {}", line.unwrap_or_default())));
            return (running, url);
        }
        said.push(line);
    }
    panic!("serve did not start: {said:?}");
}

/// A new API token of an admin, made beside the running server as its owner would.
pub(crate) fn token(config: &std::path::Path) -> String {
    static MADE: AtomicUsize = AtomicUsize::new(0);
    let called = format!("{} of {}", MADE.fetch_add(1, Ordering::Relaxed), std::process::id());
    // at a second start on the same store the account is there already
    run(&mut account(config, &["add", "tests", "--role", "admin"]));
    let (code, token, stderr) = run(&mut account(config, &["token", "tests", "--called", &called, "--role", "admin"]));
    assert_eq!(code, 0, "{stderr}");
    token.trim().to_owned()
}

/// `signalbox account` on the store of a config.
pub(crate) fn account(config: &std::path::Path, args: &[&str]) -> Command {
    let mut command = signalbox(&["account", "--config", config.to_str().unwrap()]);
    command.args(args);
    command
}

/// What is sent to whom, by address.
static TOKENS: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);

/// Sends this token along with whatever is asked of that server.
pub(crate) fn signed_in_as(url: &str, token: &str) {
    let mut tokens = TOKENS.lock().unwrap_or_else(PoisonError::into_inner);
    tokens.get_or_insert_default().insert(authority(url).to_owned(), token.to_owned());
}

/// What to send as `Authorization` to whoever is at that URL, where it is a server of ours.
pub(crate) fn bearer(url: &str) -> Option<String> {
    let tokens = TOKENS.lock().unwrap_or_else(PoisonError::into_inner);
    Some(format!("Bearer {}", tokens.as_ref()?.get(authority(url))?))
}

fn authority(url: &str) -> &str {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    rest.split('/').next().unwrap_or(rest)
}

/// Status and body of a request, with the server's token unless the headers say otherwise.
pub(crate) async fn ask(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut request = http::Request::builder().method(method).uri(url);
    if let Some(bearer) = bearer(url).filter(|_| !headers.iter().any(|(name, _)| *name == "authorization")) {
        request = request.header("authorization", bearer);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = client.request(request.body(Full::from(body.to_owned())).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// The JSON at a URL.
pub(crate) async fn get(url: &str) -> Value {
    let (status, body) = ask("GET", url, &[], "").await;
    serde_json::from_str(&body).unwrap_or_else(|error| panic!("{url} answered {status}, no JSON ({error}): {body}"))
}

/// Posts JSON.
pub(crate) async fn post(url: &str, body: Value) -> Value {
    let (status, answer) = ask("POST", url, &[("content-type", "application/json")], &body.to_string()).await;
    assert!((200..300).contains(&status), "{url} answered {status}: {answer}");
    serde_json::from_str(&answer).unwrap_or(Value::Null)
}

/// Asks until the answer satisfies, and answers it.
pub(crate) async fn until<F: Future<Output = Value>>(
    what: &str,
    mut ask: impl FnMut() -> F,
    mut holds: impl FnMut(&Value) -> bool,
) -> Value {
    let mut last = Value::Null;
    let asking = async {
        loop {
            last = ask().await;
            if holds(&last) {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(BOUND, asking).await.is_err() {
        panic!("{what} did not come to be within {BOUND:?}; last seen: {last:#}");
    }
    last
}
