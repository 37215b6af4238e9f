//! One environment: whose credentials, which region, whose clock, and every operation we ever call.

use std::time::Duration;

use collectors::AwsEnvironment;
use collectors::operations::{GET_CALLER_IDENTITY, On, Operation};
use collectors::probe::{Answer, Probed, Tried};
use domain::source::{Fault, FaultKind};
use domain::time::span;

use super::{Check, Verdict};
use crate::config::Environment;
use crate::policy::{self, Scope};

/// Less than this is the second that an HTTP date cuts off, and the way the answer took.
const SKEW_NOTED: Duration = Duration::from_secs(30);
/// AWS refuses signatures this old or this far ahead (Signature Version 4: five minutes).
const SKEW_REFUSED: Duration = Duration::from_secs(300);

pub(super) async fn examined(environment: &Environment, aws: &AwsEnvironment) -> Vec<Check> {
    let about = format!("environment {}", environment.name);
    let probed = match aws.probe().await {
        Ok(probed) => probed,
        Err(fault) => {
            let fix = format!(
                "In [[environment]] \"{}\" set region = \"us-east-1\" (or yours), or AWS_REGION where Signalbox runs.",
                environment.name
            );
            return vec![Check { kind: Some(fault.kind), ..Check::bad(&about, "region", &fault.message, fix) }];
        }
    };
    let mut checks = vec![Check::well(&about, "region", &probed.region)];
    checks.extend(probed.skew_ms.map(|skew| clock(&about, skew)));
    checks.extend(account(&about, environment, &probed));
    let mut operations: Vec<Operation> = Vec::new();
    for tried in &probed.tried {
        if !operations.contains(&tried.operation) {
            operations.push(tried.operation);
        }
    }
    for operation in operations {
        let tried: Vec<&Tried> = probed.tried.iter().filter(|tried| tried.operation == operation).collect();
        checks.extend(of_operation(&about, environment, &probed, operation, &tried));
    }
    if let Some(closed) = &probed.closed_queue {
        let fix = "Let the rule send, with the queue policy in docs/operations.md (\"Events\"); a rule that sends by a role needs none.";
        checks.push(Check::warn(&about, "event queue", closed, fix));
    }
    checks
}

fn clock(about: &str, skew_ms: i64) -> Check {
    let apart = Duration::from_millis(skew_ms.unsigned_abs());
    let side = if skew_ms < 0 { "ahead of" } else { "behind" };
    let fix = "Let the machine keep time: `timedatectl set-ntp true`, or chrony with Amazon's time server 169.254.169.123.";
    if apart < SKEW_NOTED {
        return Check::well(about, "clock", "agrees with AWS's");
    }
    let found = format!("this machine's clock is {} {side} AWS's", span(apart));
    if apart < SKEW_REFUSED {
        return Check::warn(about, "clock", format!("{found}: ages on the pages are wrong by as much"), fix);
    }
    Check::bad(about, "clock", format!("{found}: AWS refuses signatures that are five minutes off"), fix)
}

/// The account against the config's.
fn account(about: &str, environment: &Environment, probed: &Probed) -> Option<Check> {
    let found = probed.account.as_deref()?;
    Some(match &environment.account_id {
        Some(named) if named == found => Check::well(about, "account", format!("{found}, as the config says")),
        Some(named) => Check {
            kind: Some(FaultKind::WrongAccount),
            ..Check::bad(
                about,
                "account",
                format!("the credentials belong to account {found}, but the config says account_id = \"{named}\": nothing will be read"),
                format!("Correct account_id in [[environment]] \"{}\", or the profile or role it names.", environment.name),
            )
        },
        None => Check::well(about, "account", format!("{found}; account_id = \"{found}\" in the config would refuse any other")),
    })
}

fn of_operation(about: &str, environment: &Environment, probed: &Probed, operation: Operation, tried: &[&Tried]) -> Vec<Check> {
    let mut checks = Vec::new();
    let works: Vec<String> = tried.iter().filter_map(|tried| works(tried)).collect();
    for tried in tried {
        match &tried.answer {
            Answer::Works(_) => {}
            Answer::Untried(why) => {
                checks.push(Check::new(about, operation.name, Verdict::Untried, format!("not tried: {why}")));
            }
            Answer::Fails(fault) => {
                let on = if tried.on.is_empty() { String::new() } else { format!("{}: ", tried.on) };
                let found = format!("{on}{}", fault.message);
                let known: Option<&mut Check> =
                    checks.iter_mut().find(|check: &&mut Check| check.kind == Some(fault.kind) && fault.kind == FaultKind::AccessDenied);
                match known {
                    // the same refusal for the next cluster: one permission, one line
                    Some(check) => check.found = format!("{}; {}", check.found, domain::text::shown(&found)),
                    None => checks.push(failed(about, environment, probed, operation, fault, &found)),
                }
            }
        }
    }
    if checks.is_empty() && !works.is_empty() {
        checks.push(Check::well(about, operation.name, works.join("; ")));
    }
    checks
}

fn works(tried: &Tried) -> Option<String> {
    match &tried.answer {
        Answer::Works(what) if tried.on.is_empty() => Some(what.clone()),
        Answer::Works(what) => Some(format!("{}: {what}", tried.on)),
        Answer::Fails(_) | Answer::Untried(_) => None,
    }
}

fn failed(about: &str, environment: &Environment, probed: &Probed, operation: Operation, fault: &Fault, found: &str) -> Check {
    let missing = (fault.kind == FaultKind::AccessDenied).then(|| fault.operation.clone().unwrap_or_else(|| operation.name.to_owned()));
    let fix = match fault.kind {
        FaultKind::AccessDenied => permission(environment, probed, operation),
        FaultKind::Unreachable | FaultKind::TimedOut => route(environment, probed, operation),
        FaultKind::NotFound if operation.on == On::Queue => {
            let region = &probed.region;
            format!(
                "Correct or remove events_queue in [[environment]] \"{}\"; `aws sqs list-queues --region {region}` shows what there is.",
                environment.name
            )
        }
        FaultKind::NotFound => format!("Correct or remove the name in clusters of [[environment]] \"{}\".", environment.name),
        FaultKind::Credentials => credentials(environment, fault),
        _ => fault.remedy(),
    };
    Check { kind: Some(fault.kind), missing, ..Check::bad(about, operation.name, found, fix) }
}

fn permission(environment: &Environment, probed: &Probed, operation: Operation) -> String {
    let who =
        environment.role_arn.clone().or_else(|| probed.caller.clone()).unwrap_or_else(|| "the role or user Signalbox runs as".to_owned());
    if operation == GET_CALLER_IDENTITY {
        return format!("Nobody needs a permission for it, so a policy of {who} (or of its organisation) denies it: take that Deny out.");
    }
    let statement = policy::statement(&operation, &Scope::of_environment(environment));
    let json = serde_json::to_string_pretty(&statement).unwrap_or_else(|_| operation.name.to_owned());
    format!("Without it Signalbox cannot tell {}. Add this statement to the policy of {who}:\n{json}", operation.gives)
}

fn route(environment: &Environment, probed: &Probed, operation: Operation) -> String {
    match &environment.endpoint_url {
        Some(url) => {
            format!("Correct endpoint_url = \"{url}\" in [[environment]] \"{}\", or start what should answer there.", environment.name)
        }
        None => format!(
            "Open the way from this machine to {service}.{region}.amazonaws.com:443: a NAT gateway, a proxy (HTTPS_PROXY), or the VPC endpoint com.amazonaws.{region}.{endpoint} with a security group that lets this machine in.",
            service = if operation.service() == "cloudwatch" { "monitoring" } else { operation.service() },
            region = probed.region,
            endpoint = if operation.service() == "cloudwatch" { "monitoring" } else { operation.service() },
        ),
    }
}

fn credentials(environment: &Environment, fault: &Fault) -> String {
    let expired = fault.message.contains("xpired");
    match (&environment.profile, &environment.role_arn) {
        (Some(profile), _) if expired => format!("Sign in again: `aws sso login --profile {profile}`, or renew the keys of that profile."),
        (Some(profile), _) => format!("Check the profile \"{profile}\" in ~/.aws/config and ~/.aws/credentials of the user Signalbox runs as."),
        (None, Some(role)) => format!("Check that the machine's own credentials may assume {role} (its trust policy, and external_id if it asks for one)."),
        (None, None) => "Give Signalbox credentials: an instance role (recommended), profile = \"…\" in [[environment]], or AWS_PROFILE in its surroundings.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_judged_by_what_aws_does_about_it() {
        assert_eq!(clock("e", 1_200).verdict, Verdict::Well);
        assert_eq!(clock("e", -40_000).verdict, Verdict::Warn);
        let off = clock("e", 300_000);
        assert_eq!(off.verdict, Verdict::Bad);
        assert!(off.found.starts_with("this machine's clock is 5 min behind AWS's"), "{}", off.found);
        assert!(clock("e", -300_000).found.contains("ahead of"));
    }
}
