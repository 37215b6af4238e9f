//! Asking one node through its monitoring port.
//!
//! The way for clusters without a system-account user, one address per node. A monitoring port has no authentication
//! of its own and whatever answers may not be a NATS server at all, so everything is read through [`super::http`]'s
//! limits.

use std::sync::Arc;

use domain::Timestamp;
use domain::port::Clock;
use domain::source::{Fault, FaultKind};

use super::http::get;
use super::jetstream::Jsz;
use super::map::Heard;
use super::system::{CLOSED, has_jetstream, millis_between};
use super::wire::{Connz, JszOptions, Routez, Varz, parsed};
use crate::call::Tally;

/// Most bytes of `varz` and `routez`.
pub(super) const SMALL: usize = 4 * 1024 * 1024;
/// Most bytes of one page of `connz`: 8,192 connections of 2 KiB, with their JWTs.
pub(super) const LARGE: usize = 16 * 1024 * 1024;
/// Connections asked for in one page.
const PAGE: u64 = 8_192;

/// Reads the node behind `base`, such as `http://10.0.1.10:8222`. With it comes when we heard its clock. `closed`: also
/// the connections that ended.
///
/// # Errors
/// `varz` could not be read; what else is missing is said in the answer.
pub(super) async fn ask(
    base: &str,
    tls: Option<Arc<rustls::ClientConfig>>,
    clock: &dyn Clock,
    closed: bool,
    tally: &Tally,
) -> Result<(Heard, Timestamp), Fault> {
    let base = base.trim_end_matches('/');
    tally.count();
    let varz: Varz = read(&format!("{base}/varz"), SMALL, tls.clone()).await?;
    let at = clock.now();
    if varz.server_id.is_empty() {
        return Err(Fault::new(FaultKind::Malformed, Some("/varz"), &format!("{base}: the answer does not say which server it is of")));
    }
    tally.count();
    let routez = format!("{base}/routez");
    let ((connections, incomplete), routes, closed, jetstream) = futures::join!(
        connections(base, tls.clone(), tally),
        read::<Routez>(&routez, SMALL, tls.clone()),
        ended(base, tls.clone(), closed, tally),
        streams(base, tls.clone(), has_jetstream(&varz), tally),
    );
    let routes = routes.map(|routez| routez.routes).unwrap_or_default();
    let skew_ms = varz.now.map(|theirs| millis_between(theirs, at));
    Ok((Heard { varz, connections, incomplete, routes, ours: None, closed, jetstream, skew_ms }, at))
}

/// The connections that ended; a node that does not tell is asked again next time.
async fn ended(base: &str, tls: Option<Arc<rustls::ClientConfig>>, wanted: bool, tally: &Tally) -> Option<Vec<super::wire::ConnInfo>> {
    if !wanted {
        return None;
    }
    tally.count();
    let closed: Result<Connz, Fault> = read(&format!("{base}/connz?state=closed&auth=1&limit={CLOSED}"), LARGE, tls).await;
    closed.ok().map(|closed| closed.connections)
}

/// What it tells of JetStream.
async fn streams(base: &str, tls: Option<Arc<rustls::ClientConfig>>, has: bool, tally: &Tally) -> Option<Jsz> {
    if !has {
        return None;
    }
    tally.count();
    let url = format!("{base}/jsz?accounts=1&streams=1&consumers=1&config=1&limit={}", JszOptions::LIMIT);
    read(&url, LARGE, tls).await.ok()
}

async fn connections(base: &str, tls: Option<Arc<rustls::ClientConfig>>, tally: &Tally) -> (Vec<super::wire::ConnInfo>, Option<Fault>) {
    let mut list = Vec::new();
    loop {
        let offset = list.len();
        tally.count();
        let page: Result<Connz, Fault> = read(&format!("{base}/connz?auth=1&limit={PAGE}&offset={offset}"), LARGE, tls.clone()).await;
        match page {
            Err(fault) => return (list, Some(fault)),
            Ok(page) => {
                let last = page.connections.is_empty() || (offset + page.connections.len()) as u64 >= page.total.unwrap_or(0);
                list.extend(page.connections);
                if last {
                    let mut seen = std::collections::BTreeSet::new();
                    list.retain(|connection| connection.cid.is_none_or(|cid| seen.insert(cid)));
                    return (list, None);
                }
            }
        }
    }
}

async fn read<T: serde::de::DeserializeOwned>(url: &str, cap: usize, tls: Option<Arc<rustls::ClientConfig>>) -> Result<T, Fault> {
    let bytes = get(url, cap, tls).await?;
    let shown = url.split('?').next().unwrap_or(url);
    parsed(&bytes).map_err(|said| Fault::new(FaultKind::Malformed, None, &format!("{}: {said}", without_password(shown))))
}

/// The address without any user information.
pub(super) fn without_password(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| rest.split_once('@').map(|(_, rest)| (scheme, rest))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => url.to_owned(),
    }
}
