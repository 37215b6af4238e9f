//! The same facts twice: as a store, and as the OpenMetrics text from which `promtool` makes Prometheus' blocks.
//!
//! Prometheus knows a value only at a scrape, so it is given one every sixty seconds; the store is given what changed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use domain::Timestamp;
use domain::series::{DAY, Reach};

use crate::fleet::Member;
use crate::{fleet, open, said};

const SERVICES: usize = 100;
const DAYS: i64 = 7;
/// Seconds between two scrapes.
const SCRAPED: i64 = 60;
/// How often each service is read.
const ROUNDS: usize = 5;

pub(crate) async fn beside(dir: &Path, until: i64) -> Result<()> {
    let until = until.div_euclid(SCRAPED) * SCRAPED;
    let fleet = fleet::fleet(SERVICES, DAYS, until);
    let store = open(dir).await?;
    fleet::sources(&store).await?;
    store.close().await;
    said::sizes("beside: empty", store.path()).await?;
    drop(store);

    let store = open(dir).await?;
    said::count("beside: changes", fleet::record(&store, &fleet, until).await?);
    store.close().await;
    said::sizes("beside: counts", store.path()).await?;
    drop(store);

    let store = open(dir).await?;
    let mut takings = Vec::new();
    for _ in 0..ROUNDS {
        for member in &fleet {
            said::timed(&mut takings, store.past(&member.key(), Reach::Week, Timestamp::from_secs(until))).await?.context("no past")?;
        }
    }
    // the first reading of each connection prepares its statements
    said::takings("beside: read", takings.get(ROUNDS..).unwrap_or_default());
    store.close().await;
    let samples = open_metrics(&dir.join("facts.om"), &fleet, until).context("the OpenMetrics text could not be written")?;
    said::count("beside: samples", samples);
    println!(
        "{}",
        serde_json::json!({
            "figure": "beside", "from": until - DAYS * DAY, "until": until, "step": Reach::Week.bucket(60),
            "services": fleet.iter().map(|member| member.service.name.as_str()).collect::<Vec<_>>(),
            "environment": fleet::ENVIRONMENT, "cluster": fleet::CLUSTER,
        })
    );
    Ok(())
}

fn open_metrics(path: &Path, fleet: &[Member], until: i64) -> Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut samples = 0;
    for (metric, which) in [("desired", 0), ("running", 1), ("pending", 2)] {
        writeln!(out, "# TYPE {metric} gauge")?;
        for member in fleet {
            for second in (until - DAYS * DAY..until).step_by(usize::try_from(SCRAPED)?) {
                let counts = member.at(second);
                let value = [counts.0, counts.1, counts.2].get(which).copied().unwrap_or(0);
                writeln!(out, "{metric}{{service=\"{}\"}} {value} {second}", member.service.name)?;
                samples += 1;
            }
        }
    }
    writeln!(out, "# EOF")?;
    out.flush()?;
    Ok(samples)
}
