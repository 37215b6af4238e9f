//! One client address, step by step, for `signalbox doctor`: name, port, what answers, TLS, certificate.
//!
//! Separate from the collector's connection because a client library tells only that it failed. Here each step says what
//! it found, and a refused certificate is looked at all the same, in a second handshake that trusts anybody and over
//! which nothing is sent. The trap: NATS begins in plain text and changes to TLS after its INFO, so an ordinary TLS
//! checker sees nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::text::shown;
use rustls::ClientConfig;
use rustls::pki_types::{CertificateDer, ServerName};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::NatsScope;
use super::tls;
use certificate::{Facts, judged};

mod certificate;

/// How long a connection or an answer may take.
const WITHIN: Duration = Duration::from_secs(5);
/// Longer than any INFO: clusters list their addresses in it.
const LONGEST_INFO: usize = 1 << 20;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// As it should be.
    Well,
    /// It works; somebody should know.
    Warn,
    /// It does not work.
    Bad,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was tried, with the address.
    pub what: String,
    /// How it went.
    pub grade: Grade,
    /// What was found.
    pub found: String,
    /// What to do.
    pub fix: Option<String>,
}

/// What a server says of itself before anything is asked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Info {
    server_name: String,
    version: String,
    tls_required: bool,
    tls_available: bool,
    auth_required: bool,
}

/// Goes through the steps for `url` and stops where the next one cannot be tried.
pub async fn examine(scope: &NatsScope, url: &str, now: Timestamp) -> Vec<Step> {
    let Some(place) = Place::of(url) else {
        return vec![bad("address", "is no NATS address", "Write it as nats://host:4222 or tls://host:4222.")];
    };
    let at = place.shown();
    let mut steps = Vec::new();
    let address = match place.connected(&mut steps).await {
        Some((_, address)) => address,
        None => return steps,
    };
    let (stream, info) = match greeted(address).await {
        Ok(greeted) => greeted,
        Err(said) => {
            let fix = "Something else may listen there, or the server is set to `handshake_first`: then it says nothing before TLS, which Signalbox does not speak yet.";
            steps.push(bad(&format!("server {at}"), &said, fix));
            return steps;
        }
    };
    steps.push(server(&at, &info));
    if place.secure && !info.tls_required && !info.tls_available {
        let fix = "Give the server a tls {} block and restart it, or write nats:// in urls.";
        steps.push(bad(&format!("TLS of {at}"), "the server offers none, but the address says tls://", fix));
        return steps;
    }
    if place.secure || info.tls_required || (info.tls_available && scope.ca_file.is_some()) {
        steps.extend(secured(scope, &place, address, stream, now).await);
    }
    steps
}

struct Place {
    secure: bool,
    host: String,
    port: u16,
}

impl Place {
    fn of(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?.rsplit('@').next()?;
        let (host, port) = match authority.strip_prefix('[') {
            Some(v6) => {
                let (host, after) = v6.split_once(']')?;
                (host, after.strip_prefix(':'))
            }
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Some(4222), |port| port.parse().ok())?;
        (!host.is_empty()).then(|| Self { secure: scheme == "tls", host: host.to_owned(), port })
    }

    fn shown(&self) -> String {
        shown(&format!("{}:{}", self.host, self.port))
    }

    /// The first of the name's addresses that takes a connection.
    async fn connected(&self, steps: &mut Vec<Step>) -> Option<(TcpStream, SocketAddr)> {
        let at = self.shown();
        let found: Vec<SocketAddr> = match tokio::net::lookup_host((self.host.as_str(), self.port)).await {
            Ok(found) => found.collect(),
            Err(error) => {
                let fix = "Correct the name in urls, or let this machine use the VPC's resolver (private hosted zones answer only inside their VPC).";
                steps.push(bad(&format!("name {}", shown(&self.host)), &format!("does not resolve: {error}"), fix));
                return None;
            }
        };
        if self.host.parse::<std::net::IpAddr>().is_err() {
            let addresses: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
            steps.push(well(&format!("name {}", shown(&self.host)), &addresses.join(", ")));
        }
        let mut last = "the name has no address".to_owned();
        for address in found {
            // the wall's time: it bounds a real socket
            match tokio::time::timeout(WITHIN, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    steps.push(well(&format!("port {at}"), "takes connections"));
                    return Some((stream, address));
                }
                Ok(Err(error)) => last = format!("{address}: {error}"),
                Err(_) => last = format!("{address}: no answer within 5 s"),
            }
        }
        let fix = "Refused: no server listens there. No answer: the node's security group must let this machine in on the client port, and there must be a route.";
        steps.push(bad(&format!("port {at}"), &last, fix));
        None
    }
}

/// Connects and reads the INFO line.
async fn greeted(address: SocketAddr) -> Result<(TcpStream, Info), String> {
    let reading = async {
        let mut stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let mut line = Vec::new();
        // byte by byte, so that nothing behind the line is taken from the TLS handshake that may follow
        while !line.ends_with(b"\r\n") {
            let byte = stream.read_u8().await.map_err(|_| "it closed the connection without a NATS greeting".to_owned())?;
            line.push(byte);
            if line.len() > LONGEST_INFO || (line.len() == 5 && line != b"INFO ") {
                return Err("what answers there is no NATS server".to_owned());
            }
        }
        let json = line.strip_prefix(b"INFO ").unwrap_or_default();
        let info = serde_json::from_slice(json).map_err(|error| format!("its greeting cannot be understood: {error}"))?;
        Ok((stream, info))
    };
    tokio::time::timeout(WITHIN, reading).await.unwrap_or_else(|_| Err("it takes the connection and says nothing within 5 s".to_owned()))
}

fn server(at: &str, info: &Info) -> Step {
    let mode = match (info.tls_required, info.tls_available) {
        (true, _) => "TLS required",
        (false, true) => "TLS and plain text",
        (false, false) => "no TLS",
    };
    let door = if info.auth_required { "asks for credentials" } else { "lets anybody in" };
    well(&format!("server {at}"), &shown(&format!("{}, nats-server {}, {mode}, {door}", info.server_name, info.version)))
}

async fn secured(scope: &NatsScope, place: &Place, address: SocketAddr, stream: TcpStream, now: Timestamp) -> Vec<Step> {
    let what = format!("TLS of {}", place.shown());
    let config = match tls::client_config(scope).await {
        Ok(config) => config,
        Err(fault) => return vec![bad(&what, &fault.message, "Correct ca_file, cert_file or key_file in [[nats]].")],
    };
    let name = match ServerName::try_from(place.host.clone()) {
        Ok(name) => name,
        Err(error) => return vec![bad(&what, &error.to_string(), "Use a name or an address in urls.")],
    };
    match handshaken(config, name.clone(), stream).await {
        Ok(chain) => {
            let mut steps = vec![well(&what, "its certificate is trusted")];
            steps.extend(Facts::of(&chain).map(|facts| judged(&format!("certificate of {}", place.shown()), &facts, now)));
            steps
        }
        Err(said) => {
            let seen = match greeted(address).await {
                Ok((stream, _)) => handshaken(certificate::trusting_anybody(), name, stream).await.ok(),
                Err(_) => None,
            };
            let facts = seen.as_deref().and_then(Facts::of);
            vec![certificate::refused(&what, &place.host, &said, facts.as_ref(), now)]
        }
    }
}

/// Makes the handshake and lets go of the connection: nothing is sent over it.
async fn handshaken(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    stream: TcpStream,
) -> Result<Vec<CertificateDer<'static>>, String> {
    let connecting = TlsConnector::from(config).connect(name, stream);
    match tokio::time::timeout(WITHIN, connecting).await {
        Ok(Ok(mut stream)) => {
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default().iter().map(|der| der.clone().into_owned()).collect();
            // politeness only: the server may have closed already
            drop(stream.shutdown().await);
            Ok(chain)
        }
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the handshake did not end within 5 s".to_owned()),
    }
}

fn well(what: &str, found: &str) -> Step {
    Step { what: what.to_owned(), grade: Grade::Well, found: found.to_owned(), fix: None }
}

fn bad(what: &str, found: &str, fix: &str) -> Step {
    Step { what: what.to_owned(), grade: Grade::Bad, found: shown(found), fix: Some(fix.to_owned()) }
}
