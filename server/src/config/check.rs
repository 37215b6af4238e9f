//! What TOML cannot say: that names are unique, spans sensible, files there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Config, ConfigError, Environment, Nats, Secret, Span};

/// The shortest and longest a source may be left alone between two sweeps.
const POLL: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(3_600);

/// The shortest a session may be left alone, and the longest any may last.
const SESSION: std::ops::RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(90 * 86_400);

/// The shortest anything is kept.
const SHORTEST_KEEP: Duration = Duration::from_secs(86_400);

impl Config {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.environments.is_empty() && self.nats.is_empty() {
            return Err("it names nothing to watch: add an [[environment]] (an AWS account and region) or a [[nats]] cluster.".to_owned());
        }
        for (key, Span(span)) in [
            ("poll.services", self.poll.services),
            ("poll.alarms", self.poll.alarms),
            ("poll.nats", self.poll.nats),
            ("poll.metrics", self.poll.metrics),
        ] {
            if !POLL.contains(&span) {
                return Err(format!("{key} is {}; it must lie between 1s and 1h.", humantime::format_duration(span)));
            }
        }
        let keeps = [
            ("store.keep_states", Some(self.store.keep_states)),
            ("store.keep_tasks", Some(self.store.keep_tasks)),
            ("store.keep_timeline", self.store.keep_timeline),
        ];
        if let Some((key, span)) = keeps.into_iter().find_map(|(key, span)| Some((key, span?.0)).filter(|(_, span)| *span < SHORTEST_KEEP))
        {
            return Err(format!("{key} is {}; what is let go sooner than 1day is missed at once.", humantime::format_duration(span)));
        }
        if !(0.01..=1.0).contains(&self.poll.rate_share) {
            return Err(format!("poll.rate_share is {}; it is a part of AWS's rate, between 0.01 and 1.", self.poll.rate_share));
        }
        self.check_budget()?;
        self.check_access()?;
        self.report.declared().map_err(|wrong| wrong.to_string())?;
        self.report.assigned().map_err(|wrong| wrong.to_string())?;
        self.report.scheduled().map_err(|wrong| wrong.to_string())?;
        if let Some(url) = &self.server.public_url {
            origin(url)?;
        }
        unique("environment", self.environments.iter().map(|environment| environment.name.as_str()))?;
        unique("nats", self.nats.iter().map(|nats| nats.name.as_str()))?;
        self.environments.iter().try_for_each(check_environment)?;
        self.check_queues()?;
        self.nats.iter().try_for_each(|nats| self.check_nats(nats))
    }

    fn check_budget(&self) -> Result<(), String> {
        let budget = &self.budget;
        for (key, value) in [
            ("cloudwatch_usd_per_month", budget.cloudwatch_usd_per_month),
            ("usd_per_1000_requests", budget.usd_per_1000_requests),
            ("usd_per_1000_metrics", budget.usd_per_1000_metrics),
        ] {
            if !(0.0..=1e6).contains(&value) {
                return Err(format!("budget.{key} is {value}; it is an amount of US dollars, 0 or more."));
            }
        }
        let keep = self.history.keep.0;
        if keep < Duration::from_secs(3 * 86_400) {
            return Err(format!(
                "history.keep is {}; it must be 3 days or longer: plots reach back a month.",
                humantime::format_duration(keep)
            ));
        }
        Ok(())
    }

    fn check_access(&self) -> Result<(), String> {
        let (idle, longest) = (self.access.session_idle.0, self.access.session_longest.0);
        for (key, span) in [("session_idle", idle), ("session_longest", longest)] {
            if !SESSION.contains(&span) {
                return Err(format!("access.{key} is {}; it must lie between 1m and 90days.", humantime::format_duration(span)));
            }
        }
        if idle > longest {
            return Err("access.session_idle is longer than access.session_longest, and so would never end a session.".to_owned());
        }
        Ok(())
    }

    /// A message reaches one reader only, so two environments with one queue would each lose what the other reads.
    fn check_queues(&self) -> Result<(), String> {
        let mut known: BTreeMap<&str, &str> = BTreeMap::new();
        for environment in &self.environments {
            let Some(queue) = &environment.events_queue else { continue };
            if let Some(other) = known.insert(queue.as_str(), &environment.name) {
                return Err(format!(
                    "the environments \"{other}\" and \"{}\" name the same events_queue; each message reaches only one of them, so give each a queue of its own.",
                    environment.name
                ));
            }
        }
        Ok(())
    }

    fn check_nats(&self, nats: &Nats) -> Result<(), String> {
        let name = &nats.name;
        if nats.urls.is_empty() && nats.monitor_urls.is_empty() {
            return Err(format!("nats \"{name}\" has no address: give urls (with a system-account user) or monitor_urls."));
        }
        if let Some(unknown) =
            nats.environments.iter().find(|wanted| !self.environments.iter().any(|environment| environment.name == **wanted))
        {
            return Err(format!("nats \"{name}\" names the environment \"{unknown}\", which is not in this file."));
        }
        if let Some(url) = nats.urls.iter().find(|url| !["nats://", "tls://"].iter().any(|scheme| url.starts_with(scheme))) {
            return Err(format!("nats \"{name}\": \"{url}\" must begin with nats:// or tls://."));
        }
        if let Some(url) = nats.monitor_urls.iter().find(|url| !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme))) {
            return Err(format!("nats \"{name}\": the monitoring address \"{url}\" must begin with http:// or https://."));
        }
        if nats.cert_file.is_some() != nats.key_file.is_some() {
            return Err(format!("nats \"{name}\": cert_file and key_file go together; one of them is missing."));
        }
        let ways = [nats.user.is_some(), nats.creds_file.is_some(), nats.nkey_file.is_some()];
        if ways.into_iter().filter(|given| *given).count() > 1 {
            return Err(format!("nats \"{name}\": user, creds_file and nkey_file are three ways to sign in; give one."));
        }
        Ok(())
    }

    /// Makes file names relative to the config file and reads the secrets they hold.
    pub(super) fn resolve(&mut self, directory: &Path) -> Result<(), ConfigError> {
        let absolute = |path: &mut PathBuf| *path = directory.join(&*path);
        absolute(&mut self.store.path);
        self.readiness.scorecard.iter_mut().for_each(absolute);
        self.report.prices.iter_mut().for_each(absolute);
        self.report.directory.iter_mut().for_each(absolute);
        for nats in &mut self.nats {
            for file in [
                &mut nats.password_file,
                &mut nats.creds_file,
                &mut nats.nkey_file,
                &mut nats.ca_file,
                &mut nats.cert_file,
                &mut nats.key_file,
            ] {
                file.iter_mut().for_each(absolute);
            }
            nats.password = password(nats)?;
        }
        Ok(())
    }
}

fn check_environment(environment: &Environment) -> Result<(), String> {
    let name = &environment.name;
    if let Some(account) = &environment.account_id
        && (account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()))
    {
        return Err(format!("environment \"{name}\": account_id \"{account}\" is not twelve digits."));
    }
    if environment.external_id.is_some() && environment.role_arn.is_none() {
        return Err(format!("environment \"{name}\": external_id belongs to a role_arn, which is missing."));
    }
    if let (Some(queue), Some(region)) = (&environment.events_queue, &environment.region)
        && let Some(other) = queue.region().filter(|other| other != region)
    {
        return Err(format!(
            "environment \"{name}\": events_queue is in {other}, but the environment is in {region}; it needs a queue there, beside its EventBridge rule."
        ));
    }
    if let Some(mark) = environment.do_not_touch.iter().find(|mark| mark.reason.trim().is_empty()) {
        return Err(format!(
            "environment \"{name}\": do_not_touch for \"{}\" needs a reason; it is shown to whoever wonders.",
            mark.service
        ));
    }
    Ok(())
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.trim().is_empty() || name.contains(['/', ':']) {
            return Err(format!(
                "the {what} name \"{name}\" cannot be used: it stands in addresses, so it must not be empty or hold / or :."
            ));
        }
        if !seen.insert(name) {
            return Err(format!("there are two [[{what}]] named \"{name}\"; names must differ."));
        }
    }
    Ok(())
}

/// The origin in a public URL: scheme and authority, nothing after.
pub(crate) fn origin(url: &str) -> Result<(String, String), String> {
    let wrong = || format!("server.public_url \"{url}\" must be an origin such as https://signalbox.example, without a path.");
    let (scheme, authority) = url.split_once("://").ok_or_else(wrong)?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let plain = !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ']);
    if plain && ["http", "https"].contains(&scheme) { Ok((scheme.to_owned(), authority.to_ascii_lowercase())) } else { Err(wrong()) }
}

/// The password of the NATS user, from its file or the environment; none where none is configured.
fn password(nats: &Nats) -> Result<Option<Secret>, ConfigError> {
    if let Some(file) = &nats.password_file {
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::wrong(file, format!("the password of nats \"{}\" is not to be read: {error}.", nats.name)))?;
        return Ok(Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())));
    }
    let name: String = nats.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    Ok(environment_secret(&format!("SIGNALBOX_NATS_PASSWORD_{name}")))
}

#[expect(clippy::disallowed_methods, reason = "secrets come from files or the environment, and config is where they enter")]
fn environment_secret(name: &str) -> Option<Secret> {
    std::env::var(name).ok().map(Secret::new)
}
