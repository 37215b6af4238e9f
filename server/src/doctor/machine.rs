//! This machine: where the store is to be, and the address to listen on.
//!
//! The trap: looking must not change anything, and must not be in the way of a server that runs. So the file written to
//! try the disk is removed at once, the store's lock is taken shared and given back in the same breath, and an address
//! that is taken is asked who has it.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Check;
use crate::config::Config;
use crate::store::guard;

const ABOUT: &str = "this machine";
/// Less than this is soon gone: the design allows a month of a thousand services 150 MB, and SQLite needs room to work in.
const ROOM_WANTED: u64 = 1 << 30;
/// Below this a write may fail any moment.
const ROOM_NEEDED: u64 = 100 << 20;
/// How long a local server may take to say who it is.
const ASKED: Duration = Duration::from_secs(2);

pub(super) async fn examined(config: &Config) -> Vec<Check> {
    let mut checks = store(&config.store.path);
    checks.push(listen(config).await);
    checks
}

fn store(path: &Path) -> Vec<Check> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let place = absolute.display();
    if !directory.is_dir() {
        let found = format!("the directory {} does not exist", directory.display());
        return vec![Check::bad(
            ABOUT,
            "store",
            found,
            format!("Make it, owned by the user Signalbox runs as: `mkdir -p {}`, or correct [store] path.", directory.display()),
        )];
    }
    let mut checks = Vec::new();
    checks.push(match guard::file_system(directory) {
        Ok(None) => Check::well(ABOUT, "store", format!("{place}, on a local disk")),
        Ok(Some(kind)) => {
            let found = format!("{place} is on a network file system ({kind}), on which SQLite loses data");
            Check::bad(ABOUT, "store", found, "Point [store] path to a local disk (on AWS: EBS, not EFS).")
        }
        Err(error) => Check::bad(ABOUT, "store", format!("{}: {error}", directory.display()), "Correct [store] path."),
    });
    if let Err(error) = tempfile_in(directory) {
        let found = format!("{} cannot be written: {error}", directory.display());
        checks.push(Check::bad(
            ABOUT,
            "store: writing",
            found,
            "Give the directory to the user Signalbox runs as (`chown`), or correct [store] path.",
        ));
    } else {
        checks.push(Check::well(ABOUT, "store: writing", "the directory can be written"));
    }
    checks.extend(room(directory));
    checks.extend(held(path));
    checks
}

/// Writes a file and takes it away.
fn tempfile_in(directory: &Path) -> std::io::Result<()> {
    let name = directory.join(format!(".signalbox-doctor-{}", std::process::id()));
    let written = std::fs::OpenOptions::new().write(true).create_new(true).open(&name).and_then(|mut file| {
        use std::io::Write;
        file.write_all(b"tried by signalbox doctor")
    });
    let removed = std::fs::remove_file(&name);
    written.and(removed)
}

fn room(directory: &Path) -> Option<Check> {
    let free = guard::room(directory).ok()?;
    let found = format!("{} MiB free", free >> 20);
    let fix = "Make room on that disk, or point [store] path to another. A full disk loses nothing that is stored, but nothing new is.";
    Some(match free {
        ROOM_WANTED.. => Check::well(ABOUT, "store: room", found),
        ROOM_NEEDED.. => Check::warn(ABOUT, "store: room", found, fix),
        _ => Check::bad(ABOUT, "store: room", found, fix),
    })
}

/// Whether a process has the store.
fn held(path: &Path) -> Option<Check> {
    if !path.exists() {
        return None;
    }
    let size = std::fs::metadata(path).map(|file| file.len() >> 20).unwrap_or(0);
    Some(match guard::held(path) {
        true => {
            Check::well(ABOUT, "store: in use", format!("a running Signalbox has it ({size} MiB); a second one on it would be refused"))
        }
        false => Check::well(ABOUT, "store: in use", format!("nobody has it open ({size} MiB)")),
    })
}

async fn listen(config: &Config) -> Check {
    let address = config.server.listen;
    match TcpListener::bind(address).await {
        Ok(_) if !address.ip().is_loopback() && config.server.public_url.is_none() => Check::warn(
            ABOUT,
            "listen",
            format!(
                "{address} is free, and can be reached from outside without TLS: passwords and tokens would cross the network as they are"
            ),
            "Listen on 127.0.0.1 and forward the port, or put a proxy with TLS before it and name it in [server] public_url.",
        ),
        Ok(_) => Check::well(ABOUT, "listen", format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match who(address).await {
            Some(version) => Check::well(ABOUT, "listen", format!("Signalbox {version} listens on {address}")),
            None => Check::bad(
                ABOUT,
                "listen",
                format!("another program has {address}"),
                format!("Stop it (`ss -ltnp 'sport = :{}'` names it), or choose another port in [server] listen.", address.port()),
            ),
        },
        Err(error) => Check::bad(
            ABOUT,
            "listen",
            format!("{address}: {error}"),
            "Correct [server] listen: an address this machine has, a port above 1023.",
        ),
    }
}

/// The version of the Signalbox that has the address; none where it is something else.
async fn who(address: SocketAddr) -> Option<String> {
    let asked = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let request = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.take(16 * 1024).read_to_end(&mut answer).await.ok()?;
        let text = String::from_utf8_lossy(&answer);
        let body = text.split("\r\n\r\n").nth(1)?;
        let body: serde_json::Value = serde_json::from_str(body.trim()).ok()?;
        body.get("status")?;
        Some(domain::text::shown(body.get("version").and_then(serde_json::Value::as_str)?))
    };
    // the wall's time: it bounds a real socket
    tokio::time::timeout(ASKED, asked).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_store_is_tried_without_leaving_anything() {
        let directory = tempfile::tempdir().unwrap();
        let checks = store(&directory.path().join("signalbox.db"));
        assert!(checks.iter().all(|check| matches!(check.verdict, Verdict::Well | Verdict::Warn)), "{checks:?}");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        let missing = store(&directory.path().join("nowhere/signalbox.db"));
        assert_eq!(missing[0].verdict, Verdict::Bad);
        assert!(missing[0].fix.as_deref().unwrap().contains("mkdir -p"));
    }

    #[tokio::test]
    async fn an_address_somebody_else_has_is_told_from_our_own() {
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = other.local_addr().unwrap();
        let answering = tokio::spawn(async move {
            let (mut stream, _) = other.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n<html>").await.unwrap();
        });
        assert_eq!(who(address).await, None);
        answering.await.unwrap();
    }
}
