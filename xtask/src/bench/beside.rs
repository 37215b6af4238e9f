//! The same facts in Prometheus, in the same run: bytes on disk, and how soon one service's week is answered over HTTP.
//!
//! Where there is no Prometheus the table says so. It is given what it would have scraped every sixty seconds, as one
//! block as large as its own compaction would make it; ours is asked through a real `signalbox serve` for the same week
//! in as many steps, turn by turn with it, so that whatever else the machine does hits both.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::fleet::{free_port, sign_in};
use super::history::{COUNTS, Said, megabytes};
use super::measure::Sample;
use super::table::Table;
use super::{READY_WITHIN, apart, http};
use crate::run::Server;
use crate::{place, run, say, tools};

/// Questions to each of the two.
const QUESTIONS: usize = 400;
/// The largest block `promtool` may make: more than all there is.
const ONE_BLOCK: &str = "--max-block-duration=2400h";

pub(super) fn beside(table: &mut Table, signalbox: &Path, records: &Path) -> Result<()> {
    let step = say::step("100 services over 7 days: ours");
    let dir = place::Passing::new("bench-beside")?;
    let said = Said::of(Command::new(records).arg("beside").arg(dir.dir()).arg("--until").arg(say::now().to_string()))?;
    step.done("measured");
    let own = said.tables("beside: counts", &COUNTS);
    table.line("running, desired, pending: 100 services, 7 days", &megabytes(own), "");
    let grown = said.file("beside: counts")? - said.file("beside: empty")?;
    table.line("  whole file, less an empty store's", &megabytes(grown), "");
    table.line("  one service's 7 days from the store", &said.takings("beside: read")?.percentiles(2), "");
    let asking = Asking::of(&said)?;
    let ours = Ours::start(signalbox, dir.dir(), &asking)?;
    match Prometheus::start(dir.dir()) {
        Ok(theirs) => both(table, &asking, &ours, &theirs, own),
        Err(error) => {
            let line = error.to_string();
            table.line("  the same in Prometheus", "not measured", line.lines().next().unwrap_or_default());
            let takings = turns(&asking, &[&|service| ours.ask(&asking, service)])?;
            table.line("  one service's 7 days over HTTP", &percentiles(&takings), "");
            Ok(())
        }
    }
}

fn both(table: &mut Table, asking: &Asking, ours: &Ours, theirs: &Prometheus, own: f64) -> Result<()> {
    let step = say::step("one service's week over HTTP, from both in turn");
    let takings = turns(asking, &[&|service| ours.ask(asking, service), &|service| theirs.ask(asking, service)])?;
    step.done("measured");
    let [Some(mine), Some(other)] = [0, 1].map(|which| takings.get(which)) else { bail!("one of the two was not asked") };
    let name = &theirs.name;
    let times = format!("ours takes 1/{:.1} of it", theirs.bytes / own);
    table.line(&format!("  the same every 60 s in {name}, one block"), &megabytes(theirs.bytes), &times);
    table.line("  one service's 7 days over HTTP", &mine.percentiles(2), "");
    let ratio = |part: f64| other.quantile(part) / mine.quantile(part);
    let ratio = format!("its p50 is {:.1} times ours, its p99 {:.1} times", ratio(0.5), ratio(0.99));
    table.line(&format!("  the same from {name}"), &other.percentiles(2), &ratio);
    Ok(())
}

fn percentiles(takings: &[Sample]) -> String {
    takings.first().map(|sample| sample.percentiles(2)).unwrap_or_default()
}

/// Asks about one service.
type Ask<'a> = dyn Fn(&str) -> Result<()> + 'a;

/// Asks each of them in turn about one service after another; how long each took, in milliseconds.
fn turns(asking: &Asking, all: &[&Ask<'_>]) -> Result<Vec<Sample>> {
    let mut takings = vec![Vec::new(); all.len()];
    for service in asking.services.iter().cycle().take(QUESTIONS) {
        for (ask, takings) in all.iter().zip(&mut takings) {
            let watch = say::stopwatch();
            ask(service)?;
            takings.push(watch.elapsed().as_secs_f64() * 1_000.0);
        }
    }
    Ok(takings.into_iter().map(Sample::of).collect())
}

/// What is asked for, as the benchmark says.
struct Asking {
    services: Vec<String>,
    environment: String,
    cluster: String,
    from: u64,
    until: u64,
    step: u64,
}

impl Asking {
    fn of(said: &Said) -> Result<Self> {
        let line = said.figure("beside").next().context("the benchmark does not say what it wrote")?;
        let text = |name: &str| line.get(name).and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {name}"));
        let number = |name: &str| line.get(name).and_then(Value::as_u64).with_context(|| format!("no {name}"));
        let services = line.get("services").and_then(Value::as_array).context("no services")?;
        Ok(Self {
            services: services.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect(),
            environment: text("environment")?,
            cluster: text("cluster")?,
            from: number("from")?,
            until: number("until")?,
            step: number("step")?,
        })
    }
}

/// `signalbox serve` on the store; the environment it is configured with does not answer, so that nothing is added.
struct Ours {
    url: String,
    _server: Server,
}

impl Ours {
    fn start(signalbox: &Path, dir: &Path, asking: &Asking) -> Result<Self> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        let config = format!(
            "[server]\nlisten = \"{listen}\"\n\n[store]\npath = \"{}\"\n\n[poll]\nservices = \"60s\"\n\n\
             [[environment]]\nname = \"{}\"\nregion = \"us-east-1\"\nendpoint_url = \"http://127.0.0.1:{}\"\n",
            dir.join("signalbox.db").display(),
            asking.environment,
            free_port()?,
        );
        let path = dir.join("signalbox.toml");
        place::write(&path, config)?;
        let mut serve = run::program(signalbox, &["serve", "--config"]);
        let server = Server::start(apart(serve.arg(&path).env("RUST_LOG", "off"))?)?;
        let ours = Self { url: format!("http://{listen}"), _server: server };
        sign_in(signalbox, &path, &ours.url)?;
        let any = asking.services.first().context("no services")?;
        until_ready(|| ours.ask(asking, any))?;
        Ok(ours)
    }

    fn ask(&self, asking: &Asking, service: &str) -> Result<()> {
        let path = format!("/api/v1/services/{}/{}/{service}/history?reach=week", asking.environment, asking.cluster);
        let answer: Value = serde_json::from_str(&http::get(&self.url, &path)?)?;
        let known = |line: &Value| {
            line.get("points").and_then(Value::as_array).map_or(0, |points| points.iter().filter(|point| !point[1].is_null()).count())
        };
        let running = answer.pointer("/plots/0/lines/0").map_or(0, known);
        if running < 200 { bail!("ours told {running} points of {service}") } else { Ok(()) }
    }
}

/// Prometheus on a block made from what it would have scraped.
struct Prometheus {
    url: String,
    name: String,
    bytes: f64,
    _server: Server,
}

impl Prometheus {
    fn start(dir: &Path) -> Result<Self> {
        let (promtool, prometheus) = (tools::promtool()?, tools::prometheus()?);
        let said = run::output(&mut run::program(&prometheus, &["--version"]))?;
        let version = said.split_whitespace().nth(2).unwrap_or_default();
        let name = format!("Prometheus {}", version.split('+').next().unwrap_or_default());
        let step = say::step(format!("the same facts in {name}"));
        let data = dir.join("prometheus");
        let mut blocks = run::program(&promtool, &["tsdb", "create-blocks-from", "--quiet", ONE_BLOCK, "openmetrics"]);
        run::output(blocks.arg(dir.join("facts.om")).arg(&data))?;
        let bytes = bytes_in(&data)? as f64;
        let config = dir.join("prometheus.yml");
        place::write(&config, "global: {}\n")?;
        let listen = format!("127.0.0.1:{}", free_port()?);
        let mut serve = run::program(&prometheus, &["--log.level=error", "--storage.tsdb.retention.time=10y"]);
        serve.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={listen}"));
        let server = Server::start(apart(serve.arg(format!("--storage.tsdb.path={}", data.display())))?)?;
        let theirs = Self { url: format!("http://{listen}"), name, bytes, _server: server };
        until_ready(|| http::get(&theirs.url, "/-/ready").map(drop))?;
        step.done("serves it");
        Ok(theirs)
    }

    fn ask(&self, asking: &Asking, service: &str) -> Result<()> {
        // {__name__=~"desired|running|pending",service="…"}
        let query = format!("%7B__name__%3D~%22desired%7Crunning%7Cpending%22%2Cservice%3D%22{service}%22%7D");
        let path = format!("/api/v1/query_range?query={query}&start={}&end={}&step={}", asking.from, asking.until, asking.step);
        let answer: Value = serde_json::from_str(&http::get(&self.url, &path)?)?;
        let series = answer.pointer("/data/result").and_then(Value::as_array).map_or(0, Vec::len);
        if series != 3 { bail!("Prometheus told {series} series of {service}") } else { Ok(()) }
    }
}

fn until_ready(ask: impl Fn() -> Result<()>) -> Result<()> {
    let watch = say::stopwatch();
    while let Err(error) = ask() {
        if watch.elapsed() > READY_WITHIN.max(Duration::from_secs(60)) {
            return Err(error.context("it did not get ready"));
        }
        run::pause();
    }
    Ok(())
}

/// The files below a directory, in bytes.
fn bytes_in(dir: &Path) -> Result<u64> {
    let mut open: Vec<PathBuf> = vec![dir.to_owned()];
    let mut bytes = 0;
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(&dir).with_context(|| format!("cannot list {}", dir.display()))? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() { open.push(entry.path()) } else { bytes += about.len() }
        }
    }
    Ok(bytes)
}
