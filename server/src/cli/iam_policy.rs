//! `signalbox iam-policy`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use collectors::operations::{self, On};

use crate::actuator;
use crate::config::Config;
use crate::policy::{self, Scope};

#[derive(Debug, Args)]
pub(super) struct IamPolicy {
    /// The permissions for watching a fleet: all that Signalbox needs as long as it changes nothing
    #[arg(long, required_unless_present = "change")]
    read: bool,
    /// The permissions for changing services. With --read both, in one policy; they may as well belong to two roles' policies
    #[arg(long)]
    change: bool,
    /// A role that the tasks of changed services have (taskRoleArn, executionRoleArn); may be given several times
    #[arg(long, requires = "change", value_name = "ROLE_ARN")]
    pass_role: Vec<String>,
    /// Narrow it to the clusters this config names, and add what its event queue needs
    #[arg(long, env = "SIGNALBOX_CONFIG")]
    config: Option<PathBuf>,
    /// Of this environment of the config only: with several accounts, one policy each
    #[arg(long, requires = "config")]
    environment: Option<String>,
    /// Narrow the reading of logs to this CloudWatch log group; may be given several times
    #[arg(long)]
    log_group: Vec<String>,
    /// Instead of the policy, say what each permission is for and how far it can be narrowed
    #[arg(long)]
    explain: bool,
}

impl IamPolicy {
    pub(super) fn run(&self) -> anyhow::Result<u8> {
        if self.explain {
            print!("{}", self.explained());
            return Ok(0);
        }
        let scope = match &self.config {
            Some(path) => {
                // only what it names matters here: secrets it points to need not be there
                let config = Config::read(path)?;
                let known = |name: &String| config.environments.iter().any(|environment| environment.name == *name);
                ensure!(self.environment.iter().all(known), "the config names no such environment; it names {}.", names(&config));
                if let Some(role) = config.environments.iter().find_map(|environment| environment.role_arn.as_deref()) {
                    eprintln!("This policy is for the role {role}. Whoever assumes it needs sts:AssumeRole on that role besides.");
                }
                Scope::of(&config, self.environment.as_deref())
            }
            None => Scope::default(),
        };
        let scope = scope.with_log_groups(&self.log_group);
        if self.change && self.pass_role.is_empty() {
            eprintln!(
                "No --pass-role was given, so this policy lets no role be passed: registering a revision whose tasks have a role \
                 will be refused. Name the taskRoleArn and the executionRoleArn of the services to be changed."
            );
        }
        let policy = match (self.read, self.change) {
            (true, false) => policy::read(&scope),
            (true, true) => policy::read(&scope).and(policy::change(&scope, &self.pass_role)),
            (false, _) => policy::change(&scope, &self.pass_role),
        };
        println!("{}", serde_json::to_string_pretty(&policy)?);
        Ok(0)
    }

    /// Every permission asked for, how it is narrowed, and what it is for.
    fn explained(&self) -> String {
        let mut lines: Vec<(&str, &str, &str)> = Vec::new();
        if self.read {
            lines.extend(operations::ALL.iter().map(|operation| (operation.name, narrowed(operation.on), operation.gives)));
        }
        if self.change {
            lines.extend(operations::FOR_CHANGES.iter().map(|operation| (operation.name, narrowed(operation.on), operation.gives)));
            lines.extend(actuator::operations::ALL.iter().map(|operation| (operation.name, narrowed(operation.on), operation.gives)));
            lines.extend(actuator::operations::BESIDES.iter().map(|besides| (besides.action, besides.narrowed, besides.gives)));
        }
        let width = lines.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        lines.into_iter().map(|(name, narrowed, gives)| format!("{name:<width$}  {narrowed:<44}  {gives}\n")).collect()
    }
}

fn names(config: &Config) -> String {
    let names: Vec<&str> = config.environments.iter().map(|environment| environment.name.as_str()).collect();
    names.join(", ")
}

fn narrowed(on: On) -> &'static str {
    match on {
        On::Everything => "cannot be narrowed",
        On::WithinClusters => "narrowed by the condition ecs:cluster",
        On::Clusters => "narrowed to clusters",
        On::Services => "narrowed to the clusters' services",
        On::ServiceDeployments => "narrowed to the services' deployments",
        On::ServiceRevisions => "narrowed to the services' service revisions",
        On::Tasks => "narrowed to the clusters' tasks",
        On::LogStreams => "narrowed to log groups",
        On::Queue => "only for a queue the config names",
    }
}
