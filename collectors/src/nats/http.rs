//! One GET of a monitoring port: bounded in bytes and time, never redirected, never to a link-local address.
//!
//! Written by hand on hyper rather than with a client library because every one of those limits is a defence: the
//! address comes from the config, but what answers there may be anything, and a name may resolve to the metadata
//! service of the machine we run on.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::source::{Fault, FaultKind};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HOST};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long one GET may take from the first packet to the last byte.
pub(super) const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Reads `url`, at most `cap` bytes of it.
///
/// # Errors
/// A fault that names the address.
pub(super) async fn get(url: &str, cap: usize, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Bytes, Fault> {
    let uri: Uri = url.parse().map_err(|error| fault(FaultKind::NotFound, url, &format!("this is no address: {error}")))?;
    // the wall's time: it bounds a real socket, whatever the injected clock does
    match tokio::time::timeout(TIME_LIMIT, exchange(&uri, cap, tls)).await {
        Ok(answer) => answer,
        Err(_) => Err(fault(FaultKind::TimedOut, &place(&uri), "no complete answer within 5 s")),
    }
}

async fn exchange(uri: &Uri, cap: usize, tls: Option<Arc<rustls::ClientConfig>>) -> Result<Bytes, Fault> {
    let secure = uri.scheme_str() == Some("https");
    let host = uri.host().ok_or_else(|| fault(FaultKind::NotFound, &uri.to_string(), "the address has no host"))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = connected(uri, bare, port).await?;
    let Some(tls) = tls.filter(|_| secure) else { return ask(stream, uri, cap).await };
    let name = ServerName::try_from(bare.to_owned()).map_err(|error| fault(FaultKind::Unreachable, &place(uri), &error.to_string()))?;
    let stream = TlsConnector::from(tls).connect(name, stream).await;
    ask(stream.map_err(|error| fault(FaultKind::Unreachable, &place(uri), &format!("TLS: {error}")))?, uri, cap).await
}

/// Connects to the address that was checked: resolving again would let a name change its mind in between.
async fn connected(uri: &Uri, host: &str, port: u16) -> Result<TcpStream, Fault> {
    let unreachable = |said: &str| fault(FaultKind::Unreachable, &place(uri), said);
    let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await.map_err(|error| unreachable(&error.to_string()))?.collect();
    let allowed: Vec<&SocketAddr> = found.iter().filter(|address| !is_link_local(address.ip())).collect();
    if allowed.is_empty() && !found.is_empty() {
        return Err(unreachable("this is a link-local address, where machines keep their credentials; it is never asked"));
    }
    let mut last = unreachable("the name resolves to no address");
    for address in allowed {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = unreachable(&error.to_string()),
        }
    }
    Err(last)
}

/// 169.254.0.0/16, fe80::/10, fd00:ec2::/32 and their IPv4-mapped forms: the metadata services live there.
pub(super) fn is_link_local(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => {
            let segments = ip.segments();
            segments[0] & 0xffc0 == 0xfe80 || (segments[0] == 0xfd00 && segments[1] == 0x0ec2)
        }
    }
}

async fn ask<S>(stream: S, uri: &Uri, cap: usize) -> Result<Bytes, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| broken(uri, &error))?;
    let task = tokio::spawn(connection);
    let answer = async {
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path).header(HOST, uri.authority().map_or("", |authority| authority.as_str()));
        let request = request.body(Empty::<Bytes>::new()).map_err(|error| fault(FaultKind::NotFound, &place(uri), &error.to_string()))?;
        let response = sender.send_request(request).await.map_err(|error| broken(uri, &error))?;
        read(response, uri, cap).await
    }
    .await;
    task.abort();
    answer
}

async fn read(response: Response<Incoming>, uri: &Uri, cap: usize) -> Result<Bytes, Fault> {
    let refused = |kind, said: &str| Err(fault(kind, &place(uri), said));
    match response.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            return refused(FaultKind::AccessDenied, &format!("HTTP {}", response.status()));
        }
        status if status.is_redirection() => {
            return refused(FaultKind::Malformed, &format!("HTTP {status}: a redirect, which is not followed"));
        }
        StatusCode::NOT_FOUND => return refused(FaultKind::NotFound, "HTTP 404: no monitoring answers under this path"),
        status if status.is_server_error() => return refused(FaultKind::Remote, &format!("HTTP {status}")),
        status => return refused(FaultKind::Malformed, &format!("HTTP {status}")),
    }
    let announced = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let too_large = format!("the answer is larger than {} MiB", cap / (1024 * 1024));
    if announced.is_some_and(|length| length > cap as u64) {
        return refused(FaultKind::TooLarge, &too_large);
    }
    match Limited::new(response.into_body(), cap).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => refused(FaultKind::TooLarge, &too_large),
        Err(error) => refused(FaultKind::Malformed, &format!("the answer broke off: {error}")),
    }
}

fn broken(uri: &Uri, error: &hyper::Error) -> Fault {
    fault(FaultKind::Malformed, &place(uri), &format!("this is no HTTP: {error}"))
}

fn fault(kind: FaultKind, place: &str, said: &str) -> Fault {
    Fault::new(kind, None, &format!("{place}: {said}"))
}

/// Host and port, without any user information.
pub(super) fn place(uri: &Uri) -> String {
    let host = uri.host().unwrap_or("?");
    uri.port_u16().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_own_metadata_is_never_asked() {
        for address in ["169.254.169.254", "169.254.170.2", "fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254"] {
            assert!(is_link_local(address.parse().unwrap()), "{address}");
        }
        for address in ["127.0.0.1", "10.0.1.10", "172.16.0.1", "fd12::1", "::1", "8.8.8.8"] {
            assert!(!is_link_local(address.parse().unwrap()), "{address}");
        }
    }

    #[tokio::test]
    async fn the_ways_to_write_it_are_refused_alike() {
        for url in ["http://169.254.169.254/varz", "http://[::ffff:169.254.169.254]/varz", "http://[fd00:ec2::254]:80/varz"] {
            let fault = get(url, 1_000, None).await.unwrap_err();
            assert!(fault.message.contains("link-local"), "{url}: {}", fault.message);
        }
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        assert_eq!(place(&"http://user:secret@10.0.1.10:8222/varz".parse().unwrap()), "10.0.1.10:8222");
    }
}
