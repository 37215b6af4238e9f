//! A container health check, with a new image where its endpoint only exists there.
//!
//! On ECS such a check is no readiness probe but a kill switch: a task that fails it is stopped and replaced, in every task
//! at once if what it asks is away. Limits and defaults are those of the ECS API (`HealthCheck`), and every number is
//! written out, because tools that own the definition otherwise report a difference for ever. The trap is a check that could
//! never pass: `CMD-SHELL` in an image without a shell.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{FieldProblem, Observed, Proposal, Proposed, Warning, check_of, containers, essential, floor_of};
use crate::rollout::Target;
use crate::rollout::cause::{Marks, repository};
use crate::rollout::definition::Described;
use crate::service::{HealthCheck as Check, ServiceKey, revision_name};
use crate::text;

mod form;
mod shared;

pub use form::HealthCheckForm;

/// Seconds between two checks.
pub const INTERVAL: RangeInclusive<u32> = 5..=300;
/// Seconds a check may take.
pub const TIMEOUT: RangeInclusive<u32> = 2..=60;
/// Failures in a row.
pub const RETRIES: RangeInclusive<u32> = 1..=10;
/// Seconds after the start in which failures do not count.
pub const START_PERIOD: RangeInclusive<u32> = 0..=300;
/// The longest command, in characters over all its words: ours, so that a page can show it.
const LONGEST_COMMAND: usize = 4_096;

/// A health check for one container of each service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthCheck {
    /// The container; none: the only one, or the only essential one.
    #[serde(default)]
    pub container: Option<String>,
    /// `CMD` and its words, or `CMD-SHELL` and a line for the image's shell.
    pub command: Vec<String>,
    /// Seconds between two checks, 5 to 300.
    #[serde(default = "interval")]
    pub interval: u32,
    /// Seconds a check may take, 2 to 60.
    #[serde(default = "timeout")]
    pub timeout: u32,
    /// Failures in a row that make it UNHEALTHY, 1 to 10.
    #[serde(default = "retries")]
    pub retries: u32,
    /// Seconds after its start in which failures do not count, 0 to 300.
    #[serde(default)]
    pub start_period: u32,
    /// A new image for the container, by digest.
    #[serde(default)]
    pub image: Option<String>,
}

const fn interval() -> u32 {
    30
}

const fn timeout() -> u32 {
    5
}

const fn retries() -> u32 {
    3
}

/// A start period, and why that long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Suggestion {
    /// Seconds.
    pub start_period: u32,
    /// What it is reckoned from.
    pub said: String,
}

/// A start period by how long tasks took to start: twice what 95 of 100 stayed below, rounded up to ten seconds. Nothing
/// where no start was seen.
pub fn suggested(starts: &[Duration]) -> Option<Suggestion> {
    let mut starts: Vec<u64> = starts.iter().map(|start| start.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX)).collect();
    starts.sort_unstable();
    // nearest rank: with fewer than 20 that is the longest
    let slow = *starts.get((starts.len() * 95).div_ceil(100).checked_sub(1)?)?;
    let twice = slow.saturating_mul(2).div_ceil(10).saturating_mul(10);
    let most = u64::from(*START_PERIOD.end());
    let seen = match starts.len() {
        1 => "The one start that was seen".to_owned(),
        many => format!("Of {many} starts that were seen, 95 in 100"),
    };
    let said = format!("{seen} took {slow} s or less; twice that, rounded up, is {twice} s.");
    let said = if twice > most { format!("{said} ECS takes {most} s at most.") } else { said };
    Some(Suggestion { start_period: u32::try_from(twice.min(most)).unwrap_or(0), said })
}

impl HealthCheck {
    /// Its numbers, as the floor is reckoned from them.
    pub fn check(&self) -> Check {
        Check {
            command: self.command.clone(),
            interval: self.interval,
            timeout: self.timeout,
            retries: self.retries,
            start_period: self.start_period,
        }
    }

    /// What it costs: when a failure is seen at the earliest, for the editor. `grace` is the service's, in seconds.
    pub fn detection(&self, grace: u64) -> String {
        crate::rollout::floor::Floor::of([&self.check()], grace).reckoning()
    }

    /// As ECS takes it, with nothing left to a default.
    fn value(&self) -> Value {
        json!({
            "command": self.command, "interval": self.interval, "timeout": self.timeout,
            "retries": self.retries, "startPeriod": self.start_period,
        })
    }

    /// The check as the form offers it before anything is typed, for this container; what it asks is not said yet.
    pub fn offered(container: Option<String>) -> Self {
        let command = ["CMD", "true"].map(str::to_owned).to_vec();
        let (interval, timeout, retries) = (interval(), timeout(), retries());
        Self { container, command, interval, timeout, retries, start_period: 0, image: None }
    }

    /// Which of these containers it is for, each with whether it is essential: the named one, else the only one, else the only
    /// essential one.
    ///
    /// # Errors
    /// Why that cannot be told, as the rest of a sentence after what has these containers.
    pub fn place(&self, containers: &[(&str, bool)]) -> Result<usize, String> {
        let names = |vital: bool| {
            let of = containers.iter().filter(|(_, essential)| *essential || !vital);
            of.map(|(name, _)| text::shown(name)).collect::<Vec<_>>().join(", ")
        };
        if let Some(wanted) = &self.container {
            let found = containers.iter().position(|(name, _)| name == wanted);
            return found.ok_or_else(|| format!("has no container {}; it has {}", text::shown(wanted), names(false)));
        }
        let mut vital = containers.iter().enumerate().filter(|(_, (_, essential))| *essential).map(|(place, _)| place);
        match (containers.len(), vital.next(), vital.next()) {
            (0, ..) => Err("has no container".to_owned()),
            (1, ..) => Ok(0),
            (_, Some(only), None) => Ok(only),
            (_, None, _) => Err(format!("has no essential container among {}: name the one the check is for", names(false))),
            (_, Some(_), Some(_)) => Err(format!("has several essential containers, {}: name the one the check is for", names(true))),
        }
    }

    /// The container it is for.
    fn pick<'a>(&self, of: &'a Described) -> Result<(&'a str, &'a Value), String> {
        let all: Vec<(&str, &Value)> = containers(&of.definition).collect();
        let named: Vec<(&str, bool)> = all.iter().map(|(name, container)| (*name, essential(container))).collect();
        let place = self.place(&named).map_err(|why| format!("{} {why}", text::shown(revision_name(of.arn()))))?;
        all.get(place).copied().ok_or_else(|| format!("{} has no container", text::shown(revision_name(of.arn()))))
    }

    fn warnings(&self, essential: bool) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let asked = shared::shared(&self.command);
        if !asked.is_empty() {
            warnings.push(Warning::to_accept(format!(
                "asks something shared ({}): when that is away, every task fails at once and ECS kills them all",
                asked.join(", ")
            )));
        }
        if !essential {
            warnings.push(Warning::to_accept(
                "gets its check in a container that is not essential: ECS does not count it, so nothing would prove it",
            ));
        }
        if self.timeout > self.interval {
            let (timeout, interval) = (self.timeout, self.interval);
            warnings
                .push(Warning::told(format!("gets a check that may take longer ({timeout} s) than the time between two ({interval} s)")));
        }
        if self.command.first().is_some_and(|first| first == "CMD-SHELL") && self.command.len() > 2 {
            warnings.push(Warning::told(
                "gets a CMD-SHELL of several texts: the shell runs the first alone and takes the others as its arguments",
            ));
        }
        warnings
    }
}

/// Problems of a command.
fn command_problem(command: &[String]) -> Option<String> {
    let said = match command.split_first() {
        Some((first, _)) if first == "NONE" => {
            "NONE takes a check away, and nothing would prove that. The command must begin with CMD or CMD-SHELL.".to_owned()
        }
        Some((first, rest)) if first == "CMD" || first == "CMD-SHELL" => {
            let blank = rest.first().is_none_or(|word| word.trim().is_empty());
            let length: usize = command.iter().map(|word| word.chars().count()).sum();
            match (blank, length) {
                (true, _) => format!("The command has nothing to run after {first}."),
                (_, LONGEST_COMMAND..) => {
                    format!("The command must be shorter than {LONGEST_COMMAND} characters; it has {length}. Put it into the image.")
                }
                _ if command.iter().any(|word| word.contains('\0')) => "The command holds a NUL character.".to_owned(),
                _ => return None,
            }
        }
        first => format!(
            "The command must begin with CMD (a program and its words) or CMD-SHELL (a line for the image's shell); it begins with \"{}\".",
            first.map(|(first, _)| text::shown(first)).unwrap_or_default()
        ),
    };
    Some(said)
}

/// Whether an image is named by its digest: `repository@sha256:` and 64 hexadecimal digits.
fn by_digest(image: &str) -> bool {
    image.split_once("@sha256:").is_some_and(|(name, digest)| {
        let hex = digest.len() == 64 && digest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        hex && !name.is_empty() && !name.contains('@') && name.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

impl Proposal for HealthCheck {
    fn title(&self, services: &[&ServiceKey]) -> String {
        let with = if self.image.is_some() { " with a new image" } else { "" };
        match services {
            [only] => format!("Health check{with} for {}", text::shown(&only.service)),
            _ => format!("Health check{with} for {}", text::count(services.len() as u64, "service")),
        }
    }

    fn problems(&self) -> Vec<FieldProblem> {
        let mut problems: Vec<FieldProblem> =
            command_problem(&self.command).map(|said| FieldProblem::new("command", said)).into_iter().collect();
        for (field, value, limits, unit) in [
            ("interval", self.interval, INTERVAL, " s"),
            ("timeout", self.timeout, TIMEOUT, " s"),
            ("retries", self.retries, RETRIES, ""),
            ("start_period", self.start_period, START_PERIOD, " s"),
        ] {
            if !limits.contains(&value) {
                let said = format!("{field} must be {} to {}{unit} (ECS's limits); it is {value}{unit}.", limits.start(), limits.end());
                problems.push(FieldProblem::new(field, said));
            }
        }
        if self.container.as_ref().is_some_and(|name| name.trim().is_empty()) {
            problems.push(FieldProblem::new("container", "The container has no name; leave it out for the only essential one."));
        }
        if let Some(image) = self.image.as_ref().filter(|image| !by_digest(image)) {
            let said = format!(
                "The image must be named by its digest, repository@sha256: and 64 hexadecimal digits, so that what runs is what was \
                 planned: a tag may move. It is \"{}\".",
                text::shown(image)
            );
            problems.push(FieldProblem::new("image", said));
        }
        problems
    }

    fn propose(&self, of: &Observed<'_>) -> Result<Proposed, String> {
        if of.classic_load_balancer {
            return Err("it stands behind a Classic Load Balancer, with which ECS supports no container health check".to_owned());
        }
        let mut copy = of.running.copy().map_err(|refused| refused.to_string())?;
        let (name, container) = self.pick(of.running)?;
        let image = container.get("image").and_then(Value::as_str);
        let renewed = self.image.as_deref().filter(|new| image != Some(*new));
        if let Some((new, old)) = renewed.zip(image).filter(|(new, old)| repository(new) != repository(old)) {
            let (new, old) = (text::shown(repository(new)), text::shown(repository(old)));
            return Err(format!(
                "its container {} runs {old}, and the new image is {new}: another program, not its next build",
                text::shown(name)
            ));
        }
        // what is known of the image's shell is known of the one that runs
        let shell = self.command.first().is_some_and(|first| first == "CMD-SHELL");
        if shell && renewed.is_none() && of.shells.get(name) == Some(&false) {
            return Err(format!(
                "its image {} is known to have no shell, so CMD-SHELL could never pass: use CMD and a program of the image",
                text::shown(image.unwrap_or(name))
            ));
        }
        if check_of(container) != Some(self.check()) {
            copy.set(name, "healthCheck", Some(self.value())).map_err(|refused| refused.to_string())?;
        }
        if let Some(new) = renewed {
            copy.set(name, "image", Some(Value::from(new))).map_err(|refused| refused.to_string())?;
        }
        if !copy.changes_anything() {
            return Err("already has this check".to_owned());
        }
        let mut template = self.command.join(" ");
        if let Some(new) = &self.image {
            template.push_str(&format!(" in {new}"));
        }
        let images = containers(&copy.request).filter_map(|(_, container)| container.get("image")?.as_str());
        let marks = Marks { template, images: images.map(|image| repository(image).to_owned()).collect() };
        let (floor, warnings) = (floor_of(&copy.request, of.grace), self.warnings(essential(container)));
        Ok(Proposed { target: Target::New(copy), floor, marks, warnings })
    }

    fn repeats(&self) -> bool {
        true
    }

    fn most(&self) -> Option<usize> {
        None
    }
}

#[cfg(test)]
mod tests;
