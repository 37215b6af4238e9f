//! Permissions that Signalbox was refused for lack of, by what is on record.
//!
//! AWS answers no question whether a call would be allowed: the only evidence is what came of calls that were made. Separate
//! from the outcome because two read it: the actuator writes the cure beside a refusal ([`cure`]), and the planner finds the
//! permission in it again; both stand here so that they cannot drift apart. The trap: what was refused may have been allowed
//! since, and nobody tells us. Whoever left such services out would never make the call that proves it, so it is something to
//! be accepted by a person who knows, and no reason to take no part.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::Target;
use super::decide::{Outcome, Refusal};
use super::definition::Described;
use crate::Timestamp;
use crate::change::Warning;
use crate::service::ServiceKey;
use crate::text;

/// How long a refusal is held against what is planned.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);
/// The one permission that is given for a role and not for a call.
const PASS_ROLE: &str = "iam:PassRole";

/// An effect that was answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When.
    pub at: Timestamp,
    /// The rollout it was of, as people call it.
    pub rollout: u64,
    /// The service it was done to.
    pub service: ServiceKey,
    /// The AWS operation: [`super::Effect::operation`].
    pub operation: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// A call that AWS refused for lack of a permission, and none like it has succeeded since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// The permission, such as `ecs:UpdateService`.
    pub permission: String,
    /// The AWS operation.
    pub operation: String,
    /// In AWS's words.
    pub said: String,
    /// The rollout it was of, as people call it.
    pub rollout: u64,
    /// The service it was to be done to.
    pub service: ServiceKey,
}

/// What a person can do about a permission that is missing.
pub fn cure(action: &str) -> String {
    format!("allow {action}: `{}` prints the statement", command(action))
}

fn command(action: &str) -> String {
    let with = if action == PASS_ROLE { " --pass-role ROLE_ARN" } else { "" };
    format!("signalbox iam-policy --change{with}")
}

/// The permission that was missing, where that is why: what [`cure`] wrote.
fn lacking(refusal: &Refusal) -> Option<&str> {
    let (action, rest) = refusal.next.strip_prefix("allow ")?.split_once(": `signalbox iam-policy")?;
    let named = action.contains(':') && !action.contains(char::is_whitespace);
    (named && !refusal.passes && !rest.is_empty()).then_some(action)
}

/// What AWS refused for lack of a permission, the newest first. A later success of the same operation in the same environment
/// says that it is there by now; another refusal, or not knowing, says nothing of it.
pub fn denied(answered: &[Answered]) -> Vec<Denied> {
    let mut newest: Vec<&Answered> = answered.iter().collect();
    newest.sort_by_key(|one| Reverse(one.at));
    let (mut done, mut denied) = (BTreeSet::new(), Vec::new());
    for one in newest {
        let place = (one.service.environment.as_str(), one.operation.as_str());
        match &one.outcome {
            Outcome::Done { .. } => {
                done.insert(place);
            }
            Outcome::Not(refusal) if !done.contains(&place) => denied.extend(lacking(refusal).map(|permission| Denied {
                permission: permission.to_owned(),
                operation: one.operation.clone(),
                said: refusal.said.clone(),
                rollout: one.rollout,
                service: one.service.clone(),
            })),
            Outcome::Not(_) | Outcome::Unknown { .. } => {}
        }
    }
    denied
}

/// What must be accepted before a service that runs this is to run that: each permission once, by its newest refusal. `denied`
/// is of the service's own environment.
pub fn warnings(denied: &[Denied], target: &Target, runs: &Described) -> Vec<Warning> {
    let mut told = BTreeSet::new();
    denied.iter().filter(|one| one.concerns(target, runs) && told.insert(one.permission.as_str())).map(Denied::warning).collect()
}

impl Denied {
    fn concerns(&self, target: &Target, runs: &Described) -> bool {
        let definition = match target {
            Target::New(copy) => &copy.request,
            // nothing is registered
            Target::There { .. } if self.operation == "RegisterTaskDefinition" => return false,
            Target::There { .. } => &runs.definition,
        };
        let role = |name: &str| definition.get(name).and_then(Value::as_str).is_some_and(|role| self.names(role));
        self.permission != PASS_ROLE || role("taskRoleArn") || role("executionRoleArn")
    }

    /// Whether AWS's words name a role, by its ARN or, as a definition may have it, by its name.
    fn names(&self, role: &str) -> bool {
        let mut words = self.said.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
        words.any(|word| word == role || word.rsplit('/').next() == Some(role))
    }

    fn warning(&self) -> Warning {
        let (service, action) = (text::shown(&self.service.service), text::shown(&self.permission));
        Warning::to_accept(format!(
            "needs {action}, which AWS refused for {service} in rollout {}, and no {} has succeeded since: allow it (`{}` prints the \
             statement), or accept this if that was done already",
            self.rollout,
            self.operation,
            command(&self.permission)
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::change::tests::described;
    use crate::rollout::plan::tests::{facts, key, wish};
    use crate::rollout::plan::{Facts, Planned, Wish, plan};

    const UPDATE: &str = "UpdateService";
    const REGISTER: &str = "RegisterTaskDefinition";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(1_000_000 + seconds)
    }

    fn refused(action: &str, said: &str) -> Outcome {
        Outcome::Not(Refusal { passes: false, said: said.into(), next: cure(action) })
    }

    fn done() -> Outcome {
        Outcome::Done { named: String::new() }
    }

    fn answered(seconds: i64, operation: &str, outcome: Outcome) -> Answered {
        Answered { at: at(seconds), rollout: 3, service: key("auth"), operation: operation.into(), outcome }
    }

    #[test]
    fn a_permission_is_found_in_what_its_cure_says() {
        for action in ["ecs:UpdateService", PASS_ROLE] {
            let Outcome::Not(refusal) = refused(action, "") else { panic!("it is refused") };
            assert_eq!(lacking(&refusal), Some(action));
            assert_eq!(lacking(&Refusal { passes: true, ..refusal }), None);
        }
        for next in
            ["", "look at the service in AWS", "allow it", "allow what it names: `signalbox iam-policy --change` prints the statement"]
        {
            assert_eq!(lacking(&Refusal { passes: false, said: String::new(), next: next.into() }), None, "{next}");
        }
        assert!(cure(PASS_ROLE).contains("iam-policy --change --pass-role ROLE_ARN`"));
    }

    #[test]
    fn a_refusal_stands_until_the_same_succeeds_in_the_same_environment() {
        let update = || refused("ecs:UpdateService", "no");
        let elsewhere = Answered { service: ServiceKey { environment: "staging".into(), ..key("auth") }, ..answered(9, UPDATE, done()) };
        let throttled = Outcome::Not(Refusal { passes: true, said: "throttled".into(), next: String::new() });
        let unknown = Outcome::Unknown { why: "cut".into() };
        for (all, expected) in [
            (vec![answered(0, UPDATE, update())], 1),
            (vec![answered(0, UPDATE, done())], 0),
            (vec![answered(0, UPDATE, update()), answered(5, UPDATE, done())], 0),
            (vec![answered(5, UPDATE, update()), answered(0, UPDATE, done())], 1),
            (vec![answered(0, UPDATE, update()), answered(5, REGISTER, done())], 1),
            (vec![answered(0, UPDATE, update()), elsewhere], 1),
            (vec![answered(0, UPDATE, update()), answered(5, UPDATE, throttled)], 1),
            (vec![answered(0, UPDATE, update()), answered(5, UPDATE, unknown)], 1),
            (vec![answered(0, UPDATE, update()), answered(5, UPDATE, update())], 2),
        ] {
            assert_eq!(denied(&all).len(), expected, "{all:?}");
        }
    }

    fn planned(denied: Vec<Denied>, accepted: bool) -> Result<Planned, String> {
        let wish = Wish { accepted, ..wish(&["auth"]) };
        let facts = Facts { denied, ..facts("auth") };
        plan(at(0), "r1".into(), &wish, vec![facts], &[]).map_err(|problems| {
            assert!(problems.iter().all(|problem| problem.field == "accepted"), "{problems:?}");
            problems.into_iter().map(|problem| problem.said).collect()
        })
    }

    #[test]
    fn what_was_refused_must_be_accepted_and_leaves_nobody_out() {
        let all =
            denied(&[answered(0, UPDATE, refused("ecs:UpdateService", "no")), answered(5, UPDATE, refused("ecs:UpdateService", "no"))]);
        let said = planned(all.clone(), false).unwrap_err();
        let words =
            "auth needs ecs:UpdateService, which AWS refused for auth in rollout 3, and no UpdateService has succeeded since: allow it";
        assert!(said.contains(words) && said.contains("(`signalbox iam-policy --change` prints the statement)"), "{said}");
        let planned = planned(all, true).unwrap();
        assert_eq!((planned.rollout.steps.len(), planned.notes[0].warnings.len()), (1, 1), "each permission once");
    }

    #[test]
    fn only_what_the_change_needs_is_held_against_it() {
        let arn = "arn:aws:ecs:us-east-1:111122223333:task-definition/auth:22";
        let mut runs = described(arn, &json!([{"name": "main", "image": "auth:1"}]));
        runs.definition["taskRoleArn"] = json!("arn:aws:iam::111122223333:role/service/auth");
        runs.definition["executionRoleArn"] = json!("pull");
        let new = Target::New(runs.copy().unwrap());
        let there = Target::There { arn: arn.into() };
        let on = |role: &str| format!("x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::111122223333:role/{role}.");
        for (operation, action, said, target, expected) in [
            (REGISTER, "ecs:RegisterTaskDefinition", String::new(), &new, 1),
            (REGISTER, "ecs:RegisterTaskDefinition", String::new(), &there, 0),
            (UPDATE, "ecs:UpdateService", String::new(), &there, 1),
            (UPDATE, PASS_ROLE, on("service/auth"), &there, 1),
            (UPDATE, PASS_ROLE, on("pull"), &new, 1),
            (UPDATE, PASS_ROLE, on("service/auth-2"), &new, 0),
            (UPDATE, PASS_ROLE, String::new(), &new, 0),
        ] {
            let all = denied(&[answered(0, operation, refused(action, &said))]);
            assert_eq!(warnings(&all, target, &runs).len(), expected, "{operation} {action} {said}");
        }
    }
}
