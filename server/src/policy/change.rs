//! What changing services needs: the actuator's calls, what IAM asks for besides, and what is read of a service only then.
//!
//! Separate from the part for watching so that whoever only watches grants none of it, and so that it may be granted to a
//! role of its own. The trap: `iam:PassRole` on every role would let whoever registers a revision become any of them, so it
//! is limited to the roles that are named, and to ECS's tasks.

use collectors::operations;
use serde_json::json;

use super::{Policy, Scope, Statement, grouped};
use crate::actuator::operations::{ALL, PASS_ROLE, TAG_RESOURCE};

/// Everything that changing services needs. `roles` are those that the tasks of changed services have, by ARN.
pub fn change(scope: &Scope, roles: &[String]) -> Policy {
    let reading = operations::FOR_CHANGES.iter().map(|operation| (operation.name, operation.on));
    let calls = ALL.iter().map(|operation| (operation.name, operation.on));
    let mut statement = grouped(scope, "SignalboxChange", reading.chain(calls));
    statement.push(tagging(scope));
    if !roles.is_empty() {
        statement.push(passing(roles));
    }
    Policy::of(statement)
}

/// Tags may be given to a revision as it is registered, and to nothing that is there already.
fn tagging(scope: &Scope) -> Statement {
    Statement {
        sid: "SignalboxChangeTags".to_owned(),
        effect: "Allow",
        action: vec![TAG_RESOURCE.action],
        resource: scope.task_definitions(),
        condition: Some(json!({ "StringEquals": { "ecs:CreateAction": "RegisterTaskDefinition" } })),
    }
}

fn passing(roles: &[String]) -> Statement {
    Statement {
        sid: "SignalboxChangePassRole".to_owned(),
        effect: "Allow",
        action: vec![PASS_ROLE.action],
        resource: roles.to_vec(),
        condition: Some(json!({ "StringEquals": { "iam:PassedToService": "ecs-tasks.amazonaws.com" } })),
    }
}

impl Scope {
    /// The revisions of every family, in the regions and accounts of the clusters; IAM cannot tell which cluster uses one.
    fn task_definitions(&self) -> Vec<String> {
        let mut arns: Vec<String> = self.clusters.iter().map(|place| place.arn("ecs", "task-definition/*")).collect();
        arns.sort_unstable();
        arns.dedup();
        if arns.is_empty() { vec!["*".to_owned()] } else { arns }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::super::{MANAGED_POLICY, read};
    use super::*;
    use crate::actuator::operations::BESIDES;
    use crate::config::Config;

    const NAMED: &str = "[[environment]]\nname = \"p\"\nregion = \"eu-west-1\"\naccount_id = \"111122223333\"\nclusters = [\"a\", \"b\"]\n";
    const ROLE: &str = "arn:aws:iam::111122223333:role/ecsTaskExecutionRole";

    fn named() -> Scope {
        Scope::of(&Config::parse(NAMED, Path::new("signalbox.toml")).unwrap(), None)
    }

    fn of(policy: &Value, action: &str) -> Vec<Value> {
        let statements = policy["Statement"].as_array().unwrap().iter();
        statements.filter(|one| one["Action"].as_array().unwrap().iter().any(|known| known == action)).cloned().collect()
    }

    #[test]
    fn it_holds_exactly_what_is_declared() {
        for scope in [Scope::default(), named()] {
            let policy = change(&scope, &[ROLE.to_owned()]);
            let permitted: Vec<&str> = policy.statement.iter().flat_map(|one| one.action.iter().copied()).collect();
            let reading = operations::FOR_CHANGES.iter().map(|operation| operation.name);
            let calls = ALL.iter().map(|operation| operation.name);
            let declared: BTreeSet<&str> = reading.chain(calls).chain(BESIDES.iter().map(|besides| besides.action)).collect();
            assert_eq!(permitted.iter().copied().collect::<BTreeSet<_>>(), declared);
            assert_eq!(permitted.len(), declared.len(), "nothing is permitted twice");
        }
    }

    #[test]
    fn nothing_is_wider_than_iam_makes_it() {
        let policy = serde_json::to_value(change(&named(), &[ROLE.to_owned()])).unwrap();
        let arn = |rest: &str| format!("arn:aws:ecs:eu-west-1:111122223333:{rest}");
        assert_eq!(of(&policy, "ecs:UpdateService")[0]["Resource"], json!([arn("service/a/*"), arn("service/b/*")]));
        assert_eq!(
            of(&policy, "ecs:StopServiceDeployment")[0]["Resource"],
            json!([arn("service/a/*"), arn("service-deployment/a/*"), arn("service/b/*"), arn("service-deployment/b/*")])
        );
        let tags = &of(&policy, "ecs:TagResource")[0];
        assert_eq!(tags["Resource"], json!([arn("task-definition/*")]));
        assert_eq!(tags["Condition"]["StringEquals"]["ecs:CreateAction"], "RegisterTaskDefinition");
        let roles = &of(&policy, "iam:PassRole")[0];
        assert_eq!(roles["Resource"], json!([ROLE]));
        assert_eq!(roles["Condition"]["StringEquals"]["iam:PassedToService"], "ecs-tasks.amazonaws.com");
        let without = serde_json::to_value(change(&named(), &[])).unwrap();
        assert!(of(&without, "iam:PassRole").is_empty(), "no role is named, so none may be passed");
    }

    #[test]
    fn with_the_part_for_watching_it_is_one_document() {
        for scope in [Scope::default(), named()] {
            let policy = serde_json::to_value(read(&scope).and(change(&scope, &[ROLE.to_owned()]))).unwrap();
            assert_eq!(of(&policy, "ecs:DescribeServices").len(), 1);
            let sids: Vec<&str> = policy["Statement"].as_array().unwrap().iter().map(|one| one["Sid"].as_str().unwrap()).collect();
            assert_eq!(sids.iter().collect::<BTreeSet<_>>().len(), sids.len(), "{sids:?}");
            assert!(policy.to_string().chars().filter(|letter| !letter.is_whitespace()).count() <= MANAGED_POLICY);
        }
    }
}
