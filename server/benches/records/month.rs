//! A thousand services for thirty days: how large their history is, how soon one service's is read, and drawn.

use std::path::Path;

use anyhow::{Context, Result};
use domain::Timestamp;
use domain::series::Reach;
use domain::service::ServiceKey;
use signalbox::history::{Form, compose};
use signalbox::store::Store;

use crate::draw::Draw;
use crate::fleet::Member;
use crate::{fleet, numbers, open, said};

const SERVICES: usize = 1_000;
const DAYS: i64 = 30;
/// 2 May 2026, 10:00 UTC.
const UNTIL: i64 = 1_777_716_000;
/// Services that are drawn.
const DRAWN: usize = 200;
/// Readings before the first that counts: each connection prepares its statements once.
const WARM: usize = 16;

pub(crate) async fn month(dir: &Path) -> Result<()> {
    let fleet = fleet::fleet(SERVICES, DAYS, UNTIL);
    let store = open(dir).await?;
    fleet::sources(&store).await?;
    let changes = fleet::record(&store, &fleet, UNTIL).await?;
    said::count("month: services", fleet.len() as u64);
    said::count("month: changes", changes);
    store.close().await;
    said::sizes("month: counts", store.path()).await?;
    drop(store);

    let store = open(dir).await?;
    read(&store, "month: counts read", &fleet).await?;
    said::count("month: points", numbers::record(&store, &fleet, DAYS, UNTIL).await?);
    store.close().await;
    said::sizes("month: numbers", store.path()).await?;
    drop(store);

    let store = open(dir).await?;
    read(&store, "month: read", &fleet).await?;
    plots(&store, &fleet).await?;
    store.close().await;
    Ok(())
}

/// The past of every service, in no order, as the API and the service's page ask for it.
async fn read(store: &Store, of: &str, fleet: &[Member]) -> Result<()> {
    let keys = shuffled(fleet);
    for key in keys.iter().take(WARM) {
        store.past(key, Reach::Month, Timestamp::from_secs(UNTIL)).await?;
    }
    let mut takings = Vec::new();
    for key in &keys {
        let past = said::timed(&mut takings, store.past(key, Reach::Month, Timestamp::from_secs(UNTIL))).await?;
        let past = past.with_context(|| format!("{} has no past", key.service))?;
        anyhow::ensure!(past.counts.len() == 6 * 30 + 1, "{} has {} counts", key.service, past.counts.len());
    }
    said::takings(of, &takings);
    Ok(())
}

/// All of a service's plots, as its page shows them: tasks, CPU, memory.
async fn plots(store: &Store, fleet: &[Member]) -> Result<()> {
    let now = Timestamp::from_secs(UNTIL);
    let mut takings = Vec::new();
    for key in shuffled(fleet).into_iter().take(DRAWN) {
        let past = store.past(&key, Reach::Month, now).await?.with_context(|| format!("{} has no past", key.service))?;
        let history = said::timed_here(&mut takings, || compose(key, Reach::Month, &past, Form::Picture, now));
        let drawn = history.plots.iter().filter(|plot| plot.svg.is_some()).count();
        anyhow::ensure!(drawn == 3, "{} of three plots were drawn", drawn);
    }
    said::takings("month: plots", &takings);
    Ok(())
}

fn shuffled(fleet: &[Member]) -> Vec<ServiceKey> {
    let mut draw = Draw::of(2_000_000);
    let mut keys: Vec<(u64, ServiceKey)> = fleet.iter().map(|member| (draw.bits(), member.key())).collect();
    keys.sort_by_key(|(place, _)| *place);
    keys.into_iter().map(|(_, key)| key).collect()
}
