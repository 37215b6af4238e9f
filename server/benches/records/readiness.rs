//! How ready a fleet is: judging it, and reporting on it in every format, on a store that a server filled.
//!
//! The server is stopped by then, so that no sweep is measured along, and everything is judged at the end of its newest one, as
//! `signalbox report --at newest` does. The load of a week is written apart ([`load`]), by the server's own recording: CloudWatch's
//! free million brings it in days. In a process of its own too, because the peak of memory is asked of the process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::Timestamp;
use domain::report::Reaching;
use signalbox::config::Config;
use signalbox::dice::SystemDice;
use signalbox::readiness::{Judgement, Judging, scorecard};
use signalbox::report::{Format, Key, Making, Sealed, Wish, make, render};
use signalbox::store::Store;

use crate::fleet::{CLUSTER, ENVIRONMENT, Member};
use crate::{numbers, said};

/// The time a report is about.
const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// How long before the newest sweep the written load ends, in seconds: none of it lies ahead.
const BEFORE: i64 = 10;

/// A store, by the config of the server that filled it.
struct Filled {
    config: Config,
    store: Store,
    /// When its newest sweep ended.
    at: Timestamp,
}

impl Filled {
    async fn open(path: &Path) -> Result<Self> {
        let config = Config::read(path)?;
        let place = path.parent().map_or_else(|| config.store.path.clone(), |directory| directory.join(&config.store.path));
        let store = Store::open(&place).await.with_context(|| format!("cannot open {}", place.display()))?;
        let at = store.newest_success().await?.context("nothing was ever read into this store")?;
        Ok(Self { config, store, at })
    }

    /// What has judged nothing yet.
    fn judging(&self) -> Result<Arc<Judging>> {
        Ok(Arc::new(Judging::new(scorecard::load(None)?, &self.config)))
    }

    async fn judged(&self, judging: &Arc<Judging>) -> Result<Judgement> {
        Ok(judging.judge(&self.store, true, self.at).await?)
    }

    /// A report of the last week, composed and signed.
    async fn reported(&self, judgement: &Judgement, key: &Key) -> Result<Sealed> {
        let making = Making { store: &self.store, settings: &self.config.report, dice: &SystemDice, same_time: true };
        let wish = Wish { requester: "a benchmark".to_owned(), reaching: Reaching::Back(WEEK), environments: Vec::new(), redact: false };
        Ok(make(making, key, judgement, &wish).await?)
    }
}

/// Writes CPU and memory of every service of the store for so many days before its newest sweep.
pub(crate) async fn load(config: &Path, days: i64) -> Result<()> {
    let filled = Filled::open(config).await?;
    let (facts, _) = filled.store.readiness_facts(filled.at).await?;
    let mut members = Vec::new();
    for standing in facts.services {
        let key = &standing.key;
        ensure!(key.environment == ENVIRONMENT && key.cluster == CLUSTER, "{} is not of the yard's one cluster", key.path());
        let counts = (standing.service.desired, standing.service.running, standing.service.pending);
        members.push(Member { service: standing.service, counts: vec![(0, counts)] });
    }
    let until = filled.at.as_micros().div_euclid(1_000_000) - BEFORE;
    said::count("readiness: points", numbers::record(&filled.store, &members, days, until).await?);
    filled.store.close().await;
    Ok(())
}

/// Takes every figure `runs` times: the score, and unless that alone is wanted, reports.
pub(crate) async fn readiness(config: &Path, runs: usize, score_only: bool) -> Result<()> {
    let filled = Filled::open(config).await?;
    let judging = filled.judging()?;
    let before = memory("VmRSS:")?;
    // the peak that is told from here on is that of what follows; a kernel without it tells that of opening the store, which is less
    drop(std::fs::write("/proc/self/clear_refs", "5"));
    let judgement = filled.judged(&judging).await?;
    said::count("readiness: memory of a score", memory("VmHWM:")?.saturating_sub(before));
    told(&judgement);
    drop(judgement);
    scores(&filled, &judging, runs).await?;
    if !score_only {
        reports(&filled, &judging, runs).await?;
        said::count("readiness: memory of it all", memory("VmHWM:")?);
    }
    filled.store.close().await;
    Ok(())
}

/// What there was to judge. A score over evidence that nobody had would be quick to reckon.
fn told(judgement: &Judgement) {
    let readiness = &judgement.readiness;
    let answers: usize = readiness.services.iter().chain(&readiness.environments).map(|judged| judged.checks.len()).sum();
    said::count("readiness: services", readiness.services.len() as u64);
    said::count("readiness: answers", answers as u64);
    said::count("readiness: confidence", u64::from(readiness.fleet.percent()));
}

async fn scores(filled: &Filled, judging: &Arc<Judging>, runs: usize) -> Result<()> {
    let (mut facts, mut first, mut scored) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        said::timed(&mut facts, read(filled)).await?;
        // whoever has judged nothing yet reads the load of the week as well, and keeps it for an hour
        let new = filled.judging()?;
        said::timed(&mut first, filled.judged(&new)).await?;
        said::timed(&mut scored, filled.judged(judging)).await?;
    }
    said::takings("readiness: facts", &facts);
    said::takings("readiness: first score", &first);
    said::takings("readiness: score", &scored);
    Ok(())
}

/// Reads everything that services are judged by.
async fn read(filled: &Filled) -> Result<()> {
    let (_facts, mut left) = filled.store.readiness_facts(filled.at).await?;
    while left.next().await?.is_some() {}
    Ok(())
}

async fn reports(filled: &Filled, judging: &Arc<Judging>, runs: usize) -> Result<()> {
    let key = Key::open(filled.store.path(), &SystemDice)?;
    for format in [Format::Json, Format::Html] {
        let mut whole = Vec::new();
        for _ in 0..runs {
            let work = async {
                let judgement = filled.judged(judging).await?;
                let sealed = filled.reported(&judgement, &key).await?;
                anyhow::Ok(render(format, &sealed))
            };
            said::timed(&mut whole, work).await?;
        }
        said::takings(&format!("readiness: whole {}", format.as_str()), &whole);
    }
    let judgement = filled.judged(judging).await?;
    let mut composed = Vec::new();
    for _ in 0..runs {
        said::timed(&mut composed, filled.reported(&judgement, &key)).await?;
    }
    said::takings("readiness: composed", &composed);
    let sealed = filled.reported(&judgement, &key).await?;
    for format in Format::ALL {
        let (mut drawn, mut bytes) = (Vec::new(), 0);
        for _ in 0..runs {
            // what one format packs the next would find packed
            let fresh = sealed.clone();
            bytes = said::timed_here(&mut drawn, || render(format, &fresh)).len();
        }
        said::takings(&format!("readiness: drawn {}", format.as_str()), &drawn);
        said::file(&format!("readiness: {}", format.as_str()), bytes as u64);
    }
    Ok(())
}

/// A figure of this process's memory, in bytes.
fn memory(figure: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("the system tells nothing of this process's memory")?;
    let kib = status.lines().find_map(|line| line.strip_prefix(figure)?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    Ok(kib.with_context(|| format!("the system tells no {figure}"))? * 1_024)
}
