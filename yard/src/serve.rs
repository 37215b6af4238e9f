//! Serving one face: accept, TCP_NODELAY, answer, and let go of everything at the end.
//!
//! Separate from axum's own loop because that one leaves open connections alive when it ends, and an SDK keeps connections open: a closed yard would go on answering.

use std::net::SocketAddr;

use axum::{Extension, Router};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Closes the connection that a request came on, without a word. Every request carries its own connection's.
#[derive(Debug, Clone)]
pub(crate) struct HangUp(CancellationToken);

impl HangUp {
    /// Closes the connection; never completes, because nobody is left to answer.
    pub(crate) async fn now<T>(self) -> T {
        self.0.cancel();
        std::future::pending().await
    }
}

/// Listens at `address` and serves `router` until `end`, which cuts open connections too. All tasks are `workers`. Answers the address it got.
pub(crate) async fn listen(
    address: SocketAddr,
    router: Router,
    end: CancellationToken,
    workers: TaskTracker,
) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let tracker = workers.clone();
    workers.spawn(async move {
        let accept = async {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => drop(tracker.spawn(attend(stream, router.clone(), end.clone()))),
                    // out of files, or the peer gave up at once: the next one may do better
                    Err(error) => tracing::warn!(%error, "a connection could not be accepted"),
                }
            }
        };
        tokio::select! {
            () = accept => {}
            () = end.cancelled() => {}
        }
    });
    Ok(address)
}

async fn attend(stream: TcpStream, router: Router, end: CancellationToken) {
    // without TCP_NODELAY an answer on loopback can wait 40 ms for an acknowledgement
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection closed before it was configured");
    }
    let hung_up = CancellationToken::new();
    let router = router.layer(Extension(HangUp(hung_up.clone())));
    let server = auto::Builder::new(TokioExecutor::new());
    let served = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::select! {
        served = served => if let Err(error) = served {
            tracing::debug!(error, "a connection ended badly");
        },
        () = hung_up.cancelled() => {}
        () = end.cancelled() => {}
    }
}
