//! Accepts connections, and lets go of them.
//!
//! Our own loop because `axum::serve` installs no timer, which leaves hyper's header deadline without effect: a client
//! that sends one byte a minute would hold a connection for ever. HTTP/1.1 only: telling it from HTTP/2 means reading
//! first bytes without any deadline, and browsers speak HTTP/2 over TLS alone, which is the proxy's. TCP_NODELAY is set because streamed pages otherwise
//! wait 40 ms for an acknowledgement.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::access::Peer;

/// How long a client may take over its request head.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Most connections at once; more wait in the kernel's queue.
const MOST: usize = 1_024;
/// How long open requests may take to end once the server stops.
const GRACE: Duration = Duration::from_secs(3);

/// Serves until `stop` is cancelled, then lets what is under way end, for three seconds at most.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let Some(place) = stop.run_until_cancelled(Arc::clone(&places).acquire_owned()).await else { break };
        let Ok(place) = place else { break };
        let Some(accepted) = stop.run_until_cancelled(listener.accept()).await else { break };
        match accepted {
            Ok((stream, peer)) => connection(stream, peer, &router, &graceful, place),
            // out of file descriptors, or a client that went away: neither ends the server
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::task::yield_now().await;
            }
        }
    }
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
}

fn connection(stream: TcpStream, peer: SocketAddr, router: &Router, graceful: &GracefulShutdown, place: OwnedSemaphorePermit) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    let told = router.clone().map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        request
    });
    let serving = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(told));
    let watched = graceful.watch(serving);
    tokio::spawn(async move {
        if let Err(error) = watched.await {
            tracing::debug!(error = %error, "a connection ended early");
        }
        drop(place);
    });
}
