//! `signalbox iam-policy`.

use std::path::PathBuf;

use anyhow::ensure;
use clap::Args;
use collectors::operations::{self, On};

use crate::config::Config;
use crate::policy::{self, Scope};

#[derive(Debug, Args)]
pub(super) struct IamPolicy {
    /// The permissions for reading; Signalbox has no others yet
    #[arg(long, required = true)]
    read: bool,
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
            print!("{}", explained());
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
        println!("{}", serde_json::to_string_pretty(&policy::read(&scope.with_log_groups(&self.log_group)))?);
        Ok(0)
    }
}

fn names(config: &Config) -> String {
    let names: Vec<&str> = config.environments.iter().map(|environment| environment.name.as_str()).collect();
    names.join(", ")
}

fn explained() -> String {
    let width = operations::ALL.iter().map(|operation| operation.name.len()).max().unwrap_or(0);
    let mut out = String::new();
    for operation in operations::ALL {
        let narrowed = match operation.on {
            On::Everything => "cannot be narrowed",
            On::WithinClusters => "narrowed by the condition ecs:cluster",
            On::Clusters => "narrowed to clusters",
            On::Services => "narrowed to the clusters' services",
            On::Tasks => "narrowed to the clusters' tasks",
            On::LogStreams => "narrowed to log groups",
            On::Queue => "only for a queue the config names",
        };
        out.push_str(&format!("{:<width$}  {:<38}  {}\n", operation.name, narrowed, operation.gives));
    }
    out
}
