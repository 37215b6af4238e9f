//! The little HTTP a benchmark and the killing of servers need: ask one thing, or listen to a stream. A client library would be half the tool.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Without the scheme: what `Host` says and what is connected to.
pub(crate) fn authority(url: &str) -> Result<&str> {
    let rest = url.strip_prefix("http://").with_context(|| format!("{url} is not an http:// address"))?;
    Ok(rest.split('/').next().unwrap_or(rest))
}

/// What is sent along to a server of ours that wants to know who asks; set once it serves.
static BEARER: Mutex<Option<(String, String)>> = Mutex::new(None);

/// Sends this API token along with whatever is asked of `url`, from now on.
pub(crate) fn sign_in(url: &str, token: &str) {
    *BEARER.lock().unwrap_or_else(PoisonError::into_inner) = Some((url.to_owned(), token.to_owned()));
}

/// The header that says who asks, with its line's end; empty for a server that is not ours.
pub(crate) fn authorization(url: &str) -> String {
    let known = BEARER.lock().unwrap_or_else(PoisonError::into_inner);
    known.as_ref().filter(|(of, _)| of == url).map(|(_, token)| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default()
}

fn ask(url: &str, method: &str, path: &str, body: &str) -> Result<BufReader<TcpStream>> {
    let host = authority(url)?;
    let mut stream = TcpStream::connect(host).with_context(|| format!("cannot connect to {host}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    stream.set_nodelay(true)?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\n{}Content-Length: {}\r\n\r\n{body}",
        authorization(url),
        body.len()
    )?;
    let mut answer = BufReader::new(stream);
    let mut status = String::new();
    answer.read_line(&mut status)?;
    if !status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
        let mut rest = String::new();
        // whatever there is of it: the status is the news
        drop(answer.read_to_string(&mut rest));
        bail!("{method} {path} was answered {}: {}", status.trim(), rest.split("\r\n\r\n").nth(1).unwrap_or_default());
    }
    Ok(answer)
}

/// The body of the answer. HTTP/1.0, so it ends with the connection and comes in one piece.
pub(crate) fn send(url: &str, method: &str, path: &str, body: &str) -> Result<String> {
    let mut answer = String::new();
    ask(url, method, path, body)?.read_to_string(&mut answer)?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer without a body")?;
    Ok(body.to_owned())
}

pub(crate) fn get(url: &str, path: &str) -> Result<String> {
    send(url, "GET", path, "")
}

/// An open stream of server-sent events.
pub(crate) struct Events(BufReader<TcpStream>);

impl Events {
    pub(crate) fn open(url: &str, path: &str) -> Result<Self> {
        Ok(Self(ask(url, "GET", path, "")?))
    }

    /// Waits for an event of that name whose data holds the text.
    pub(crate) fn wait_for(&mut self, name: &str, text: &str) -> Result<()> {
        let (mut line, mut event) = (String::new(), String::new());
        loop {
            line.clear();
            ensure!(self.0.read_line(&mut line)? > 0, "the stream ended before its event {name} with {text}");
            if let Some(said) = line.strip_prefix("event:") {
                said.trim().clone_into(&mut event);
            } else if event == name && line.starts_with("data:") && line.contains(text) {
                return Ok(());
            }
        }
    }
}
