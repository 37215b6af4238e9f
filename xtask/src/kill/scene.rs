//! Who plays: the simulated fleet in a process of its own, which lives throughout, and the server that is killed on it.
//!
//! Both run by one fast clock that counts from the same instant, so that a server that starts again is where the fleet is. What
//! the server logs goes into one file beside its store. The trap is the port: it stays the same, so it must be one that the
//! system does not give to anybody while nobody listens there.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::asked::Asked;
use super::person::Places;
use super::world;
use crate::bench::{apart, fleet, steer};
use crate::run::Server;
use crate::{place, run, say};

/// How long a server may take to have the whole fleet.
const FILLED_WITHIN: Duration = Duration::from_secs(90);
/// Below what systems hand out by themselves.
const PORTS: std::ops::Range<u16> = 21_000..29_000;
/// How much of the log is shown when a server ended by itself.
const LOG_LINES: usize = 15;

/// What holds for the whole run.
pub(super) struct Scene {
    signalbox: PathBuf,
    config: PathBuf,
    listen: String,
    /// `--speed` and `--clock-from`, for whoever lives by the same clock.
    clock: [String; 4],
    pub(super) places: Places,
    /// What every service ran before anything was changed.
    pub(super) first: BTreeMap<String, String>,
    /// Services that can be changed.
    pub(super) services: Vec<String>,
    _yard: Server,
}

impl Scene {
    pub(super) fn open(asked: &Asked, signalbox: &Path, services: usize, speed: f64, seed: u64) -> Result<Self> {
        let step = say::step(format!("a simulated fleet of {services} services, {speed} times as fast"));
        let dir = place::scratch("kill")?;
        let clock = ["--speed".to_owned(), speed.to_string(), "--clock-from".to_owned(), say::now_micros().to_string()];
        let mut yard = run::program(signalbox, &["yard", "--format", "json", "--no-script", "--no-throttles", "--nats-nodes", "0"]);
        yard.arg("--services").arg(services.to_string()).arg("--seed").arg(seed.to_string()).args(&clock);
        let mut yard = asked.letting_through(|| Server::start(apart(&mut yard)?))?;
        let line = yard.line()?;
        let endpoints: Value = serde_json::from_str(&line).with_context(|| format!("the yard printed {line:?}"))?;
        let config = fleet::write_config(&dir, &endpoints)?;
        // nothing here is about how much of AWS's rate is ours, and the clock is fast
        let text = place::read(&config)?.replace("[poll]\n", "[poll]\nrate_share = 1.0\n");
        place::write(&config, text)?;
        let listen = format!("127.0.0.1:{}", free_port()?);
        let control = fleet::text(&endpoints, "control")?;
        let places = Places { url: format!("http://{listen}"), cluster: fleet::text(&endpoints, "cluster")?, control };
        let (first, services) = (world::runs(&places.control)?, world::wanted(&places.control)?);
        step.done("up");
        Ok(Self { signalbox: signalbox.to_owned(), config, listen, clock, places, first, services, _yard: yard })
    }

    /// Starts the server, for the first time or again.
    pub(super) fn serve(&self, asked: &Asked) -> Result<Server> {
        let log = File::options().create(true).append(true).open(self.log()).context("the server's log cannot be written")?;
        let mut serve = run::program(&self.signalbox, &["serve", "--listen", &self.listen, "--config"]);
        serve.arg(&self.config).args(&self.clock).stderr(Stdio::from(log));
        asked.letting_through(|| Server::start(apart(&mut serve)?))
    }

    /// Once, before anything is killed: an account, and the whole fleet seen.
    pub(super) fn prepare(&self, asked: &Asked) -> Result<()> {
        let step = say::step("signalbox serve on it, for the first time");
        let server = self.serve(asked)?;
        fleet::sign_in(&self.signalbox, &self.config, &self.places.url)?;
        let watch = say::stopwatch();
        loop {
            asked.go_on()?;
            let overview = steer::ask(&self.places.url, "/api/v1/overview").unwrap_or(Value::Null);
            let count = |pointer: &str| overview.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
            if count("/services/of") >= self.services.len() as u64 && count("/alarms/of") > 0 {
                break;
            }
            if watch.elapsed() > FILLED_WITHIN {
                bail!("the server did not have the whole fleet within {} s; it last said: {overview}", FILLED_WITHIN.as_secs());
            }
            run::pause();
        }
        drop(server);
        step.done("it has the whole fleet");
        Ok(())
    }

    /// Goes through the audit beside the server; an error says what is wrong with it.
    pub(super) fn verify_audit(&self) -> Result<()> {
        let mut verify = run::program(&self.signalbox, &["audit", "verify", "--data"]);
        let said = apart(verify.arg(self.store()))?.output().context("`signalbox audit verify` cannot be started")?;
        let [out, error] = [&said.stdout, &said.stderr].map(|text| String::from_utf8_lossy(text).trim().to_owned());
        ensure!(said.status.success(), "`signalbox audit verify` ended with {}: {out} {error}", said.status);
        Ok(())
    }

    /// Figures of the server's own record, and SQLite's word on the file, asked for beside it.
    pub(super) fn record(&self) -> Result<Value> {
        const COUNT: &str = "import json,sqlite3,sys\n\
            db=sqlite3.connect('file:'+sys.argv[1]+'?mode=ro',uri=True)\n\
            one=lambda q: db.execute(q).fetchone()[0]\n\
            said=lambda like: one(\"SELECT count(*) FROM rollout_event WHERE said LIKE '\"+like+\"'\")\n\
            print(json.dumps({'integrity': one('PRAGMA integrity_check'), 'rollouts': one('SELECT count(*) FROM rollout'),\n\
            'begun': one(\"SELECT count(*) FROM audit WHERE act = 'began an effect'\"), 'unknown': said('%; it is looked for%'),\n\
            'found': said('found: %'), 'again': said('%; it is owed again')}))";
        let said = run::output(run::program("python3", &["-c", COUNT]).arg(self.store()))?;
        serde_json::from_str(said.trim()).with_context(|| format!("python3 printed {said:?}"))
    }

    /// The last lines that the server logged, for a sentence about its end.
    pub(super) fn last_words(&self) -> String {
        let log = place::read(&self.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines.iter().skip(lines.len().saturating_sub(LOG_LINES)).map(|line| format!("\n    {line}")).collect()
    }

    fn store(&self) -> PathBuf {
        self.config.with_file_name("signalbox.db")
    }

    fn log(&self) -> PathBuf {
        self.config.with_file_name("serve.log")
    }
}

/// Free a moment ago, and not handed out by the system meanwhile.
fn free_port() -> Result<u16> {
    // so that two of these, side by side, do not look at the same one first
    let start = u16::try_from(std::process::id() % u32::from(PORTS.end - PORTS.start)).unwrap_or(0);
    let all = (PORTS.start + start..PORTS.end).chain(PORTS.start..PORTS.start + start);
    let mut free = all.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.next().with_context(|| format!("no port from {} to {} is free", PORTS.start, PORTS.end))
}
