//! Running other programs: to the end, for what they print, or as a server for a while.
//!
//! Every child is waited for by its own id. A server is ended by SIGTERM and then, if it does not listen, SIGKILL:
//! also when the step that wanted it fails half-way, which is why it is a guard and not two calls. And also when this tool is
//! ended where it stands, by a signal nobody here hears: then a shell beside each server sends the SIGTERM.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::{place, say};

/// A cargo command in the tree's root, by the same cargo that runs this tool.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = program(place::setting("CARGO").unwrap_or_else(|| "cargo".into()), args);
    // set by `cargo run` for this tool; a cargo below would take them for its own package's
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn program(name: impl AsRef<OsStr>, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(args).current_dir(place::root());
    command
}

pub(crate) fn shown(command: &Command) -> String {
    let mut line = Path::new(command.get_program()).file_name().unwrap_or(command.get_program()).to_string_lossy().into_owned();
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// Runs to the end with the terminal's own streams (stdout joins stderr: see `say`); an error unless it exits 0.
pub(crate) fn to_end(command: &mut Command) -> Result<()> {
    let line = shown(command);
    let status = command.stdin(Stdio::null()).stdout(std::io::stderr()).status().with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` failed: {status}");
    }
    Ok(())
}

/// Runs to the end and gives what it printed; its stderr is shown only when it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = shown(command);
    let out = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
    if !out.status.success() {
        bail!("`{line}` failed: {}\n{}", out.status, String::from_utf8_lossy(&out.stderr).trim_end());
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// A server that this tool started, and ends when it goes out of scope.
pub(crate) struct Server {
    child: Child,
    name: String,
    first_lines: BufReader<ChildStdout>,
    lifeline: Option<Lifeline>,
}

impl Server {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = shown(command);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{name}`"))?;
        let stdout = child.stdout.take().context("the child's stdout is piped")?;
        let mut server = Self { child, name, first_lines: BufReader::new(stdout), lifeline: None };
        server.lifeline = Some(Lifeline::of(server.id())?);
        Ok(server)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once and unasked, as a machine that is lost. Answers how it had ended, if it had.
    pub(crate) fn kill(mut self) -> Result<ExitStatus> {
        self.child.kill().with_context(|| format!("cannot kill `{}`", self.name))?;
        self.child.wait().with_context(|| format!("cannot wait for `{}`", self.name))
    }

    /// The next line it prints; an error when it ends instead.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.first_lines.read_line(&mut line).with_context(|| format!("cannot read what `{}` prints", self.name))?;
        if read == 0 {
            let status = self.child.wait()?;
            bail!("`{}` ended before it was ready: {status}", self.name);
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Ok(id) = i32::try_from(self.child.id()) else {
            return;
        };
        // ended and waited for: its number may be another's by now
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let asked = say::stopwatch();
        // an error means that it has ended by itself: then the wait below returns at once
        if kill(Pid::from_raw(id), Signal::SIGTERM).is_ok() {
            while asked.elapsed() < Duration::from_secs(10) {
                if !matches!(self.child.try_wait(), Ok(None)) {
                    return;
                }
                pause();
            }
            say::note(format!("`{}` did not end within 10 s of SIGTERM: killed", self.name));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads a line (its server was ended here, and its number may be another's by now) or the end of the pipe (this tool is gone).
const WATCH: &str = r#"read -r line || kill "$1""#;

/// A shell that ends a server when this tool is gone, however it went: it waits at a pipe whose other end only this tool
/// has. (Asking the kernel for the same needs unsafe code.)
struct Lifeline {
    shell: Child,
    held: Option<ChildStdin>,
}

impl Lifeline {
    fn of(id: u32) -> Result<Self> {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", WATCH, "watch"]).arg(id.to_string()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = shell.spawn().context("cannot start the shell that watches over a server")?;
        let held = shell.stdin.take();
        Ok(Self { shell, held })
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        if let Some(mut held) = self.held.take() {
            // an error means that the shell has ended before, by Ctrl-C for example
            drop(held.write_all(b"done\n"));
        }
        drop(self.shell.wait());
    }
}

pub(crate) fn pause() {
    wait(Duration::from_millis(20));
}

#[expect(clippy::disallowed_methods, reason = "waits for real processes")]
pub(crate) fn wait(span: Duration) {
    std::thread::sleep(span);
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn server() -> Child {
        Command::new("sleep").arg("600").spawn().unwrap()
    }

    #[test]
    fn a_server_ends_with_the_tool_that_started_it() {
        let mut child = server();
        let mut lifeline = Lifeline::of(child.id()).unwrap();
        // what the system does when this tool is killed
        drop(lifeline.held.take());
        assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGTERM as i32));
    }

    #[test]
    fn a_number_that_may_be_anothers_is_left_alone() {
        let mut child = server();
        drop(Lifeline::of(child.id()).unwrap());
        assert!(matches!(child.try_wait(), Ok(None)), "the shell is gone, and this is not");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
