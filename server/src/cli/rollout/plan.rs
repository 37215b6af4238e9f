//! `signalbox rollout plan`.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::Args;
use domain::Timestamp;
use domain::change::{Change, HealthCheckForm, PutBack};
use domain::judge::Tone;
use domain::rollout::diff::{DiffLine, Sign};
use domain::rollout::plan::{Excluded, Window, Wish};
use domain::service::{ServiceKey, encoded};
use domain::text;
use domain::time::exact;
use domain::view::{MOST_PER_PAGE, PlanQuery, RolloutPage, ServicePage, StepView, typed_instant};
use serde::Deserialize;
use serde_json::Value;

use super::server::Server;
use crate::cli::Format;

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// A service, as environment/cluster/name or by its name where that is unique; may be given several times
    #[arg(long = "service", value_name = "SERVICE", required_unless_present = "all")]
    services: Vec<String>,
    /// Every service of the fleet; those that cannot take part are told with why
    #[arg(long)]
    all: bool,
    /// The health check: CMD-SHELL and a line, CMD and words, or a JSON list
    #[arg(long, required_unless_present = "put_back")]
    command: Option<String>,
    /// Its container; without it, the only one or the only essential one
    #[arg(long)]
    container: Option<String>,
    /// Seconds between two checks
    #[arg(long, default_value = "30")]
    interval: String,
    /// Seconds a check may take
    #[arg(long, default_value = "5")]
    timeout: String,
    /// Failures in a row that make a task unhealthy
    #[arg(long, default_value = "3")]
    retries: String,
    /// Seconds after its start in which failures do not count
    #[arg(long, default_value = "0")]
    start_period: String,
    /// A new image by digest, where the check's endpoint only exists there
    #[arg(long)]
    image: Option<String>,
    /// Instead of a check: the revision, by full ARN, to which one service is put back
    #[arg(long, value_name = "ARN", conflicts_with_all = ["command", "all"])]
    put_back: Option<String>,
    /// Why; it stays on record
    #[arg(long)]
    reason: String,
    /// How long each service is watched, such as 12m; without it, as long as proves something
    #[arg(long, value_parser = humantime::parse_duration, value_name = "SPAN")]
    bake: Option<Duration>,
    /// Failures that are a service's own and may be set aside
    #[arg(long, default_value_t = 0)]
    budget: u32,
    /// Accept what must be accepted; the plan says what that is
    #[arg(long)]
    accept: bool,
    /// When steps may begin, in UTC, such as 2026-05-02T22:00
    #[arg(long, requires = "until", value_parser = instant, value_name = "INSTANT")]
    from: Option<Timestamp>,
    /// Until when they may begin
    #[arg(long, requires = "from", value_parser = instant, value_name = "INSTANT")]
    until: Option<Timestamp>,
    /// Print the plan and keep nothing
    #[arg(long)]
    draft: bool,
}

/// An instant as it is typed at the command line.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    typed_instant(text).ok_or_else(|| "it is no instant such as 2026-05-02T22:00".to_owned())
}

/// A plan that is not kept, as the API answers it.
#[derive(Deserialize)]
struct Drafted {
    title: String,
    remarks: Vec<String>,
    steps: Vec<StepView>,
    excluded: Vec<Excluded>,
}

/// A plan that was kept.
#[derive(Deserialize)]
struct Kept {
    number: u64,
    path: String,
}

impl Plan {
    pub(super) async fn run(self, server: &Server, format: Format) -> anyhow::Result<u8> {
        let wish = self.wish(server).await?;
        if self.draft {
            let drafted: Value = server.post("/rollouts/draft", &wish).await?;
            if format == Format::Json {
                println!("{drafted}");
                return Ok(0);
            }
            let Drafted { title, remarks, steps, excluded } = serde_json::from_value(drafted)?;
            println!("{}\n", text::shown(&title));
            print(&told(&remarks, &steps, &excluded));
            return Ok(0);
        }
        let kept: Kept = server.post("/rollouts", &wish).await?;
        let page: RolloutPage = server.get(&format!("/rollouts/{}", kept.number)).await?;
        if format == Format::Json {
            println!("{}", serde_json::to_string(&page)?);
            return Ok(0);
        }
        println!("Rollout {}: {}\n", kept.number, text::shown(&page.title));
        print(&told(&page.remarks, &page.plan, &page.excluded));
        println!("\nIt is kept and nothing was changed. `signalbox rollout start {}` starts it; {}", kept.number, server.page(&kept.path));
        Ok(0)
    }

    async fn wish(&self, server: &Server) -> anyhow::Result<Wish> {
        let change = match &self.put_back {
            Some(revision) => Change::PutBack(PutBack { revision: revision.clone() }),
            None => Change::HealthCheck(self.check().validated().map_err(|problems| {
                let each: String =
                    problems.iter().map(|problem| format!("\n  --{}: {}", problem.field.replace('_', "-"), problem.said)).collect();
                anyhow!("There is something to put right first.{each}")
            })?),
        };
        let services = if self.all { everything(server).await? } else { chosen(server, &self.services).await? };
        let window = self.from.zip(self.until).map(|(from, until)| Window { from, until });
        Ok(Wish { change, services, reason: self.reason.clone(), bake: self.bake, budget: self.budget, accepted: self.accept, window })
    }

    fn check(&self) -> HealthCheckForm {
        let given = |value: &Option<String>| value.clone().unwrap_or_default();
        HealthCheckForm {
            container: given(&self.container),
            command: given(&self.command),
            interval: self.interval.clone(),
            timeout: self.timeout.clone(),
            retries: self.retries.clone(),
            start_period: self.start_period.clone(),
            image: given(&self.image),
        }
    }
}

/// Every service there is.
async fn everything(server: &Server) -> anyhow::Result<Vec<ServiceKey>> {
    let mut found = Vec::new();
    for number in 1.. {
        let page: ServicePage = server.get(&format!("/services?sort=name&per={MOST_PER_PAGE}&page={number}")).await?;
        let last = number >= page.pages();
        found.extend(page.rows.into_iter().map(|row| row.key));
        if last {
            break;
        }
    }
    if found.is_empty() {
        bail!("The server has seen no service yet. `signalbox verify` tells why, or wait for its first sweep.");
    }
    Ok(found)
}

/// The services of these words.
async fn chosen(server: &Server, words: &[String]) -> anyhow::Result<Vec<ServiceKey>> {
    let mut keys = Vec::new();
    let mut seen = BTreeSet::new();
    for word in words {
        let key = match PlanQuery::service(word) {
            Some(key) => key,
            None => by_name(server, word).await?,
        };
        if seen.insert(key.clone()) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// The one service of a name.
async fn by_name(server: &Server, name: &str) -> anyhow::Result<ServiceKey> {
    let page: ServicePage = server.get(&format!("/services?q={}&per={MOST_PER_PAGE}", encoded(name))).await?;
    one_of(name, page.rows.into_iter().map(|row| row.key).collect())
}

/// The only one that is called so, or why there is none.
fn one_of(name: &str, found: Vec<ServiceKey>) -> anyhow::Result<ServiceKey> {
    let near: Vec<String> = found.iter().take(5).map(|key| text::shown(&key.service)).collect();
    let mut exact: Vec<ServiceKey> = found.into_iter().filter(|key| key.service == name).collect();
    match (exact.pop(), exact.len()) {
        (Some(only), 0) => Ok(only),
        (Some(last), _) => {
            let all: Vec<String> = exact.iter().chain(std::iter::once(&last)).map(PlanQuery::word).collect();
            bail!("{} is the name of several services. Say which: {}.", text::shown(name), all.join(" or "))
        }
        (None, _) if near.is_empty() => {
            bail!("No service is called {}. `signalbox rollout plan --all` takes every one.", text::shown(name))
        }
        (None, _) => bail!("No service is called {}. With that in their name: {}.", text::shown(name), near.join(", ")),
    }
}

fn print(lines: &[String]) {
    for line in lines {
        println!("{line}");
    }
}

/// A plan in lines: what is to be known of it, each step with its reason and what changes, who is left out and why.
fn told(remarks: &[String], steps: &[StepView], excluded: &[Excluded]) -> Vec<String> {
    let mut lines: Vec<String> = remarks.iter().map(|remark| text::shown(remark)).collect();
    for step in steps {
        let estimate = step.estimate.map(|seconds| format!(", about {}", exact(Duration::from_secs(seconds)))).unwrap_or_default();
        lines.push(String::new());
        lines.push(format!("{:>3}. {}: {}{estimate}", step.step + 1, text::shown(&step.name), text::shown(&step.order)));
        lines.extend(step.diff.iter().map(changed));
        for of in step.settings.iter().filter(|of| of.during != of.before) {
            let [name, before, during, after] = [&of.name, &of.before, &of.during, &of.after].map(|said| text::shown(said));
            lines.push(format!("     {name}: {before} · during the step: {during} · after: {after}"));
        }
        let notable = step.findings.iter().filter(|(tone, _)| !matches!(tone, Tone::Good | Tone::Quiet));
        lines.extend(notable.map(|(_, said)| format!("     ! {}", text::shown(said))));
        lines.extend(step.warnings.iter().map(|warning| format!("     ! {} {}", text::shown(&step.name), text::shown(&warning.said))));
        lines.push(format!("     {}", text::shown(&step.reckoning)));
    }
    if !excluded.is_empty() {
        lines.push(String::new());
        lines.push("Left out:".to_owned());
        lines.extend(excluded.iter().map(|one| format!("     {} {}", text::shown(&one.service.service), text::shown(&one.why))));
    }
    lines
}

fn changed(line: &DiffLine) -> String {
    let sign = match line.sign {
        Sign::Plus => '+',
        Sign::Minus => '-',
        Sign::Same => ' ',
    };
    format!("     {sign} {}", text::shown(&line.text)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(environment: &str, service: &str) -> ServiceKey {
        ServiceKey { environment: environment.into(), cluster: "main".into(), service: service.into() }
    }

    #[test]
    fn a_name_must_be_one_services() {
        let found = || vec![key("production", "auth"), key("production", "auth-nats")];
        assert_eq!(one_of("auth", found()).unwrap(), key("production", "auth"));
        for (name, found, said) in [
            ("aut", found(), "No service is called aut. With that in their name: auth, auth-nats."),
            ("zzz", Vec::new(), "No service is called zzz. `signalbox rollout plan --all` takes every one."),
            (
                "auth",
                vec![key("production", "auth"), key("test", "auth")],
                "auth is the name of several services. Say which: production/main/auth or test/main/auth.",
            ),
        ] {
            assert_eq!(one_of(name, found).unwrap_err().to_string(), said);
        }
    }

    #[test]
    fn a_change_begins_with_its_sign() {
        let line = |sign, text: &str| changed(&DiffLine { sign, text: text.into() });
        assert_eq!(line(Sign::Plus, "  \"interval\": 30"), "     +   \"interval\": 30");
        assert_eq!(line(Sign::Minus, "}"), "     - }");
        assert_eq!(line(Sign::Same, "auth:22 → \u{1b}[2J"), "       auth:22 → ·[2J");
    }

    #[test]
    fn who_is_left_out_is_told() {
        let excluded = [Excluded { service: key("production", "batch"), why: "it is a DAEMON".into(), off: false }];
        assert_eq!(told(&["0 services".into()], &[], &excluded), ["0 services", "", "Left out:", "     batch it is a DAEMON"]);
    }
}
