//! What is measured: a simulated fleet in its own process, and a Signalbox that watches it through ordinary config.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{READY_WITHIN, apart, http};
use crate::run::Server;
use crate::{place, run, say, tools};

/// How often the measured server asks for the services.
pub(super) const POLL: Duration = Duration::from_secs(5);

/// Services whose tasks are ended in turn, and that are changed.
pub(super) const VICTIMS: [&str; 5] = ["auth-nats", "payment-nats", "settings-nats", "router-nats", "ai-router-nats"];

/// What the written config calls the environment.
pub(crate) const ENVIRONMENT: &str = "production";

pub(super) struct Fleet {
    pub(super) services: usize,
    pub(super) cluster: String,
    aws: String,
    control: String,
    config: PathBuf,
    signalbox: PathBuf,
    // dropped in this order: who asks before who answers
    serve: Option<Serve>,
    _yard: Server,
}

struct Serve {
    server: Server,
    url: String,
}

impl Fleet {
    pub(super) fn start(signalbox: &Path, services: usize, args: &[&str]) -> Result<Self> {
        Self::yard_only(signalbox, services, args)?.served(READY_WITHIN, filled)
    }

    /// Thousands of services: the fleet's throttles lifted, our share of AWS's rate the whole, no NATS.
    pub(super) fn large(signalbox: &Path, services: usize) -> Result<Self> {
        let fleet = Self::yard_only(signalbox, services, &["--no-script", "--no-throttles"])?;
        let config = place::read(&fleet.config)?.replace("[poll]\n", "[poll]\nrate_share = 1.0\n");
        place::write(&fleet.config, config)?;
        let whole = move |overview: &Value| {
            let count = |path: &str| overview.pointer(path).and_then(Value::as_u64).unwrap_or(0);
            count("/services/of") + count("/off_on_purpose") + count("/off") >= services as u64 && count("/alarms/of") > 0
        };
        fleet.served(Duration::from_secs(600), whole)
    }

    fn served(self, within: Duration, whole: impl Fn(&Value) -> bool) -> Result<Self> {
        let mut fleet = self;
        let step = say::step("starting signalbox serve on it");
        let mut serve = run::program(&fleet.signalbox, &["serve", "--config"]);
        let server = Server::start(apart(serve.arg(&fleet.config))?)?;
        let serve = Serve { server, url: listen_address(&fleet.config)? };
        sign_in(&fleet.signalbox, &fleet.config, &serve.url)?;
        wait_until_filled(&serve.url, within, whole)?;
        fleet.serve = Some(serve);
        step.done("it has the whole fleet");
        Ok(fleet)
    }

    pub(super) fn yard_only(signalbox: &Path, services: usize, args: &[&str]) -> Result<Self> {
        let step = say::step(format!("starting a simulated fleet of {services} services"));
        let mut yard = run::program(signalbox, &["yard", "--format", "json", "--services"]);
        yard.arg(services.to_string()).args(args).env("SIGNALBOX_NATS_SERVER", tools::nats_server()?);
        let mut yard = Server::start(apart(&mut yard)?)?;
        let line = yard.line()?;
        let endpoints: Value = serde_json::from_str(&line).with_context(|| format!("the yard printed {line:?}"))?;
        let config = write_config(&place::scratch(&format!("bench-{services}"))?, &endpoints)?;
        step.done("up");
        Ok(Self {
            services,
            cluster: text(&endpoints, "cluster")?,
            aws: text(&endpoints, "aws")?,
            control: text(&endpoints, "control")?,
            config,
            signalbox: signalbox.to_owned(),
            serve: None,
            _yard: yard,
        })
    }

    /// The yard's control face.
    pub(super) fn control(&self) -> &str {
        &self.control
    }

    pub(super) fn url(&self) -> &str {
        self.serve.as_ref().map_or("", |serve| &serve.url)
    }

    /// The config of the server that watches it, beside its store.
    pub(super) fn config(&self) -> &Path {
        &self.config
    }

    /// Resident memory in MiB.
    pub(super) fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The most resident memory the server has had since it was started, in MiB.
    pub(super) fn most_memory(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> Result<f64> {
        let serve = self.serve.as_ref().context("nothing serves this fleet")?;
        let status = place::read(&PathBuf::from(format!("/proc/{}/status", serve.server.id())))?;
        let kib = status.lines().find_map(|line| line.strip_prefix(field)?.trim().strip_suffix(" kB"));
        Ok(kib.and_then(|kib| kib.trim().parse::<f64>().ok()).with_context(|| format!("no {field}"))? / 1024.0)
    }

    /// Rows of state and of the timeline, as SQLite counts them beside the running server. What happened before it began to
    /// look (alarm histories of two weeks, old events) comes in slices for hours and is no news of a sweep, so it is left out.
    pub(super) fn count_rows(&self) -> Result<u64> {
        self.counted(
            "SELECT (SELECT count(*) FROM interval) + (SELECT count(*) FROM sweep) + (SELECT count(*) FROM gap)
             + (SELECT count(*) FROM service) + (SELECT count(*) FROM alarm)
             + (SELECT count(*) FROM timeline WHERE at >= (SELECT min(valid_from) FROM interval))",
        )
    }

    /// Services of whose revision nothing was read yet: a sweep reads a hundred new ones at most.
    pub(super) fn unread(&self) -> Result<u64> {
        self.counted("SELECT count(*) FROM service WHERE present = 1 AND revision NOT IN (SELECT arn FROM task_definition)")
    }

    fn counted(&self, query: &str) -> Result<u64> {
        const COUNT: &str = "import sqlite3,sys\n\
            db=sqlite3.connect('file:'+sys.argv[1]+'?mode=ro',uri=True)\n\
            print(db.execute(sys.argv[2]).fetchone()[0])";
        let store = self.config.with_file_name("signalbox.db");
        let said = run::output(run::program("python3", &["-c", COUNT]).arg(store).arg(query))?;
        said.trim().parse().with_context(|| format!("python3 counted {said:?}"))
    }

    /// Ends a task of some service.
    pub(super) fn end_a_task(&self, turn: usize) -> Result<()> {
        let service = VICTIMS.get(turn % VICTIMS.len()).copied().unwrap_or("auth-nats");
        http::send(&self.control, "POST", "/tasks/stop", &format!("{{\"service\": \"{service}\"}}")).map(drop)
    }

    /// Asks the server to end, and says how long it took.
    pub(super) fn stop_serving(mut self) -> Result<Duration> {
        let serve = self.serve.take().context("nothing serves this fleet")?;
        let watch = say::stopwatch();
        drop(serve);
        Ok(watch.elapsed())
    }

    pub(super) fn verify(&self) -> Result<Command> {
        let mut verify = run::program(&self.signalbox, &["verify", "--config"]);
        apart(verify.arg(&self.config))?;
        Ok(verify)
    }

    pub(super) fn aws(&self, aws: &Path, args: &[&str]) -> Result<Command> {
        let mut command = run::program(aws, args);
        apart(command.args(["--output", "json", "--endpoint-url", &self.aws]))?;
        Ok(command)
    }

    /// Every service's name, as the AWS CLI lists them.
    pub(super) fn names(&self, aws: &Path) -> Result<Vec<String>> {
        let said = run::output(&mut self.aws(aws, &["ecs", "list-services", "--cluster", &self.cluster])?)?;
        let listed: Value = serde_json::from_str(&said)?;
        let arns = listed.get("serviceArns").and_then(Value::as_array).context("no serviceArns")?;
        Ok(arns.iter().filter_map(|arn| Some(arn.as_str()?.rsplit('/').next()?.to_owned())).collect())
    }

    /// Ends a task by the yard's control face, and does as an open page does: waits for a hint, asks again. How long until
    /// the hint after which the answer shows it, until that answer, and until the stop's reason is on record (which waits
    /// for the task to have ended).
    pub(super) fn stop_and_watch(&self, turn: usize) -> Result<Seen> {
        let service = VICTIMS.get(turn % VICTIMS.len()).copied().unwrap_or("auth-nats");
        let before = self.shown(service)?;
        let mut live = http::Events::open(self.url(), "/live")?;
        // it begins with where every topic stands; only then does a hint mean that something moved
        live.wait_for("hello", "")?;
        let watch = say::stopwatch();
        http::send(&self.control, "POST", "/tasks/stop", &format!("{{\"service\": \"{service}\"}}"))?;
        let mut first = None;
        loop {
            live.wait_for("hint", "\"services\"")?;
            let hint = watch.elapsed();
            let now = self.shown(service)?;
            if first.is_none() && now != before {
                first = Some((hint, watch.elapsed()));
            }
            if let Some((hint, answer)) = first.filter(|_| now.on_record > before.on_record) {
                return Ok(Seen { hint, answer, reason: watch.elapsed() });
            }
            if watch.elapsed() > READY_WITHIN {
                bail!("a stopped task of {service} did not show within {} s", READY_WITHIN.as_secs());
            }
        }
    }

    /// What the API shows of a service that a stopped task changes.
    fn shown(&self, service: &str) -> Result<Shown> {
        let path = format!("/api/v1/services/{ENVIRONMENT}/{}/{service}", self.cluster);
        let detail: Value = serde_json::from_str(&http::get(self.url(), &path)?)?;
        let figure = |path: &str| detail.pointer(path).and_then(Value::as_u64).with_context(|| format!("the API's service has no {path}"));
        Ok(Shown { running: figure("/row/running")?, on_record: figure("/stopped_on_record")? })
    }
}

#[derive(PartialEq, Eq)]
struct Shown {
    running: u64,
    on_record: u64,
}

/// When what happened in the fleet showed.
pub(super) struct Seen {
    pub(super) hint: Duration,
    pub(super) answer: Duration,
    pub(super) reason: Duration,
}

pub(crate) fn text(endpoints: &Value, name: &str) -> Result<String> {
    let value = endpoints.get(name).and_then(Value::as_str);
    value.map(str::to_owned).with_context(|| format!("the yard's endpoints lack {name}"))
}

/// A config of that fleet in a directory; the store is to be beside it.
pub(crate) fn write_config(dir: &Path, endpoints: &Value) -> Result<PathBuf> {
    let strings = |name: &str| endpoints.get(name).map_or_else(|| "[]".into(), Value::to_string);
    let mut config = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n\n[store]\npath = \"{store}\"\n\n[poll]\nservices = \"{poll}s\"\n\n\
         [[environment]]\nname = \"{ENVIRONMENT}\"\nregion = {region}\nendpoint_url = {aws}\n",
        port = free_port()?,
        store = dir.join("signalbox.db").display(),
        poll = POLL.as_secs(),
        region = strings("region"),
        aws = strings("aws"),
    );
    config.push_str(
        "\n[[environment.do_not_touch]]\nservice = \"language-system-nats\"\nreason = \"circular imports; enabling it will thrash\"\n",
    );
    if endpoints.get("nats").and_then(Value::as_array).is_some_and(|nats| !nats.is_empty()) {
        place::write(&dir.join("sys.password"), text(endpoints, "system_password")?)?;
        config.push_str(&format!(
            "\n[[nats]]\nname = \"main\"\nenvironments = [\"production\"]\nurls = {}\nuser = {}\npassword_file = \"{}\"\n",
            strings("nats"),
            strings("system_user"),
            dir.join("sys.password").display()
        ));
    }
    let path = dir.join("signalbox.toml");
    place::write(&path, config)?;
    Ok(path)
}

/// Free a moment ago, which is as much as can be known without holding it.
pub(super) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn listen_address(config: &Path) -> Result<String> {
    let text = place::read(config)?;
    let listen = text.lines().find_map(|line| line.strip_prefix("listen = \"")?.strip_suffix('"'));
    Ok(format!("http://{}", listen.context("the config names no address")?))
}

/// Waits until it serves, and makes the token that everything here asks with; as its owner would, beside it.
pub(crate) fn sign_in(signalbox: &Path, config: &Path, url: &str) -> Result<()> {
    let watch = say::stopwatch();
    while let Err(error) = http::get(url, "/healthz") {
        if watch.elapsed() > READY_WITHIN {
            bail!("the server did not answer within {} s: {error:#}", READY_WITHIN.as_secs());
        }
        run::pause();
    }
    let account = |args: &[&str]| -> Result<String> {
        let mut command = run::program(signalbox, &["account", "--config"]);
        run::output(apart(command.arg(config).args(args))?)
    };
    account(&["add", "bench", "--role", "operator"])?;
    let token = account(&["token", "bench", "--called", "bench", "--role", "operator"])?;
    http::sign_in(url, token.trim());
    Ok(())
}

/// Until the Overview says that all is there.
fn wait_until_filled(url: &str, within: Duration, whole: impl Fn(&Value) -> bool) -> Result<()> {
    let watch = say::stopwatch();
    loop {
        let last = match http::get(url, "/api/v1/overview") {
            Ok(overview) if serde_json::from_str(&overview).is_ok_and(|overview| whole(&overview)) => return Ok(()),
            Ok(overview) => overview,
            Err(error) => error.to_string(),
        };
        if watch.elapsed() > within {
            bail!("the server was not ready within {} s; it last said: {last}", within.as_secs());
        }
        run::pause();
    }
}

/// Services, alarms and connections.
fn filled(overview: &Value) -> bool {
    let above_0 = |path: &str| overview.pointer(path).and_then(Value::as_u64).is_some_and(|count| count > 0);
    ["/services/value", "/alarms/of", "/connections/value"].iter().all(|path| above_0(path))
}
