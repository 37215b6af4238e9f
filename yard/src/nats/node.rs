//! One `nats-server` process.
//!
//! It never outlives the yard, not even when the yard is killed: a small shell beside it holds the read end of a pipe whose write end only the yard has. When that end
//! closes, for whatever reason, the shell ends the node. (Asking the kernel for the same needs unsafe code.) Without a shell the node is a plain child process.
//! The trap: the shell starts the watch first and then *becomes* the node, so that the child's process id is the node's own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStderr, ChildStdin, Command},
    sync::watch,
};

use crate::nats::{NatsError, config::Ports};

const SHELL: &str = "/bin/sh";
/// Reads a line (the yard took the node down itself) or the pipe's end (the yard is gone: so must the node be, and the files of all nodes).
const WATCHED: &str = r#"folder=$1; shift; exec 3<&0
( read -r line <&3 || { kill -9 $$; rm -rf "$folder"; } ) >/dev/null 2>&1 &
exec "$@" 3<&- </dev/null"#;

/// What a node's log has said so far.
#[derive(Debug, Clone, Default)]
struct Said {
    ready: bool,
    ended: bool,
    /// The latest line that tells of an error, else the latest line.
    last: String,
}

pub(crate) struct Node {
    number: usize,
    server: PathBuf,
    /// Of all nodes.
    folder: PathBuf,
    config: PathBuf,
    pub(crate) ports: Ports,
    process: Option<Process>,
}

struct Process {
    child: Child,
    lifeline: Option<ChildStdin>,
    said: watch::Receiver<Said>,
}

/// Whether a node is ended with the yard even if the yard is killed.
pub(crate) fn is_watched() -> bool {
    Path::new(SHELL).is_file()
}

impl Node {
    pub(crate) fn new(number: usize, server: PathBuf, folder: PathBuf, config: PathBuf, ports: Ports) -> Self {
        Self { number, server, folder, config, ports, process: None }
    }

    pub(crate) fn runs(&self) -> bool {
        self.process.is_some()
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.ports.client)
    }

    /// Starts the process and waits until it says that it is ready. A node that runs is left alone.
    pub(crate) async fn start(&mut self) -> Result<(), NatsError> {
        if self.runs() {
            return Ok(());
        }
        let mut process = self.spawn().map_err(|error| self.failed(error.to_string()))?;
        let said = process.said.wait_for(|said| said.ready || said.ended).await.map(|said| said.clone());
        let why = match said {
            Ok(said) if said.ready => {
                self.process = Some(process);
                return Ok(());
            }
            Ok(said) => said.last,
            Err(_) => "its log could not be read".to_owned(),
        };
        process.end(self.number).await;
        Err(self.failed(why))
    }

    fn failed(&self, why: String) -> NatsError {
        NatsError::Node { node: self.number, why }
    }

    fn spawn(&self) -> std::io::Result<Process> {
        let mut command = if is_watched() {
            let mut shell = Command::new(SHELL);
            shell.args(["-c", WATCHED, "nats-server"]).arg(&self.folder).arg(&self.server);
            shell
        } else {
            Command::new(&self.server)
        };
        // a group of its own: Ctrl-C is for the yard, which then takes the nodes down in order
        command.arg("-c").arg(&self.config).process_group(0).kill_on_drop(true);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let (says, said) = watch::channel(Said::default());
        if let Some(log) = child.stderr.take() {
            tokio::spawn(listen(log, says));
        }
        Ok(Process { lifeline: child.stdin.take(), child, said })
    }

    /// Kills the process and waits until it is gone. A node that is down is left alone.
    pub(crate) async fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end(self.number).await;
        }
    }
}

impl Process {
    /// Kills it, waits until it is gone, and tells the shell beside it that this was meant: the other nodes' files must stay.
    async fn end(mut self, number: usize) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(%error, node = number, "a NATS node had ended before it was stopped");
        }
        if let Some(mut lifeline) = self.lifeline.take()
            && let Err(error) = lifeline.write_all(b"done\n").await
        {
            tracing::debug!(%error, node = number, "nobody watched this NATS node");
        }
    }
}

/// Follows a node's log to its end.
async fn listen(log: ChildStderr, says: watch::Sender<Said>) {
    let mut lines = BufReader::new(log).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::debug!(target: "yard::nats", "{line}");
        says.send_modify(|said| {
            said.ready |= line.contains("Server is ready");
            let grave = line.contains("[FTL]") || line.contains("[ERR]");
            if grave || !said.last.contains("[FTL]") {
                said.last = line;
            }
        });
    }
    says.send_modify(|said| said.ended = true);
}
