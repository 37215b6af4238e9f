//! The least IAM policy Signalbox can work with, made from the operations that collectors and actuator declare: one part for
//! watching a fleet, one ([`change()`]) for changing its services.
//!
//! Separate from the command because `doctor` prints single statements of it as the cure for a missing permission. Where
//! IAM can narrow a permission and the config says to what, it is narrowed; where it cannot, `*` stands, and
//! `docs/operations.md` says why. The trap: a condition on a cluster needs the cluster's whole ARN, so where the account
//! is not known the pattern form (`ArnLike`) with `*` in its place is used.

use std::collections::BTreeMap;

use collectors::operations::{self, On, Operation};
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{Config, Environment};

mod change;

pub use change::change;

/// The most characters a managed policy may have, white space not counted (IAM quotas).
pub const MANAGED_POLICY: usize = 6_144;

/// A policy document.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    version: &'static str,
    /// In the order of [`On`].
    pub statement: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    sid: String,
    effect: &'static str,
    action: Vec<&'static str>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<Value>,
}

/// What the permissions are narrowed to. Empty lists leave them wide.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Where the clusters are: region, account and name or `*` each.
    clusters: Vec<Place>,
    /// Where the log groups are.
    log_groups: Vec<Place>,
    /// Where the event queues are. Without one, nothing of SQS is asked for: to read a queue is to empty it, and `*` would
    /// be every queue of the account.
    queues: Vec<Place>,
}

#[derive(Clone, Debug)]
struct Place {
    region: String,
    account: String,
    name: String,
}

impl Scope {
    /// What this config names. `only`: of this environment alone.
    pub fn of(config: &Config, only: Option<&str>) -> Self {
        let meant = || config.environments.iter().filter(|environment| only.is_none_or(|only| only == environment.name));
        let mut scope = Self { queues: meant().filter_map(queue).collect(), ..Self::default() };
        // one environment without named clusters reads all of them, so nothing can be narrowed for any
        if meant().all(|environment| !environment.clusters.is_empty()) {
            scope.clusters = meant().flat_map(clusters).collect();
        }
        scope
    }

    /// Of one environment.
    pub fn of_environment(environment: &Environment) -> Self {
        Self { clusters: clusters(environment).collect(), queues: queue(environment).into_iter().collect(), ..Self::default() }
    }

    /// Narrows the reading of logs to these groups.
    #[must_use]
    pub fn with_log_groups(mut self, groups: &[String]) -> Self {
        let place = self.clusters.first().map(|place| (place.region.clone(), place.account.clone()));
        let (region, account) = place.unwrap_or_else(|| ("*".to_owned(), "*".to_owned()));
        self.log_groups =
            groups.iter().map(|name| Place { region: region.clone(), account: account.clone(), name: name.clone() }).collect();
        self
    }

    fn resources(&self, on: On) -> Vec<String> {
        let named: Vec<String> = match on {
            On::Everything | On::WithinClusters => Vec::new(),
            On::Clusters => self.clusters.iter().map(|place| place.arn("ecs", &format!("cluster/{}", place.name))).collect(),
            On::Services => self.of_services(&["service/{}/*"]),
            On::ServiceDeployments => self.of_services(&["service/{}/*", "service-deployment/{}/*"]),
            On::ServiceRevisions => self.of_services(&["service/{}/*", "service-revision/{}/*"]),
            On::Tasks => self.clusters.iter().map(|place| place.arn("ecs", &format!("task/{}/*", place.name))).collect(),
            On::LogStreams => {
                self.log_groups.iter().map(|place| place.arn("logs", &format!("log-group:{}:log-stream:*", place.name))).collect()
            }
            On::Queue => self.queues.iter().map(|place| place.arn("sqs", &place.name)).collect(),
        };
        if named.is_empty() { vec!["*".to_owned()] } else { named }
    }

    /// Of every cluster, these kinds of resource; `{}` stands for its name.
    fn of_services(&self, kinds: &[&str]) -> Vec<String> {
        let of = |place: &Place| kinds.iter().map(|kind| place.arn("ecs", &kind.replace("{}", &place.name))).collect::<Vec<_>>();
        self.clusters.iter().flat_map(of).collect()
    }

    fn condition(&self, on: On) -> Option<Value> {
        if on != On::WithinClusters || self.clusters.is_empty() {
            return None;
        }
        let arns: Vec<String> = self.clusters.iter().map(|place| place.arn("ecs", &format!("cluster/{}", place.name))).collect();
        let test = if arns.iter().any(|arn| arn.contains('*')) { "ArnLike" } else { "ArnEquals" };
        Some(json!({ test: { "ecs:cluster": arns } }))
    }
}

impl Place {
    fn new(environment: &Environment, name: &str) -> Self {
        let or_any = |given: &Option<String>| given.clone().unwrap_or_else(|| "*".to_owned());
        Self { region: or_any(&environment.region), account: or_any(&environment.account_id), name: name.to_owned() }
    }

    fn arn(&self, service: &str, rest: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{rest}", partition(&self.region), self.region, self.account)
    }
}

fn clusters(environment: &Environment) -> impl Iterator<Item = Place> {
    environment.clusters.iter().map(|cluster| Place::new(environment, last_part(cluster)))
}

fn queue(environment: &Environment) -> Option<Place> {
    let queue = environment.events_queue.as_ref()?;
    let region = queue.region().or(environment.region.as_deref()).unwrap_or("*");
    Some(Place { region: region.to_owned(), account: queue.account().to_owned(), name: queue.name().to_owned() })
}

/// AWS's own islands: China and the US government's regions have ARNs of their own.
fn partition(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "aws-cn"
    } else if region.starts_with("us-gov-") {
        "aws-us-gov"
    } else {
        "aws"
    }
}

/// The config may name a cluster by ARN.
fn last_part(cluster: &str) -> &str {
    cluster.rsplit('/').next().unwrap_or(cluster)
}

/// Everything that reading needs, in as few statements as its narrowing allows.
pub fn read(scope: &Scope) -> Policy {
    let needed = operations::ALL.iter().filter(|operation| operation.on != On::Queue || !scope.queues.is_empty());
    Policy::of(grouped(scope, "Signalbox", needed.map(|operation| (operation.name, operation.on))))
}

/// These actions in as few statements as their narrowing allows.
fn grouped(scope: &Scope, prefix: &str, actions: impl Iterator<Item = (&'static str, On)>) -> Vec<Statement> {
    let mut groups: BTreeMap<(&str, On), Vec<&'static str>> = BTreeMap::new();
    for (name, on) in actions {
        groups.entry((name.split(':').next().unwrap_or_default(), on)).or_default().push(name);
    }
    let mut statement: Vec<Statement> = Vec::new();
    for ((service, on), mut action) in groups {
        let (resource, condition) = (scope.resources(on), scope.condition(on));
        action.sort_unstable();
        // two kinds that came out alike are one statement
        let alike = statement.iter_mut().find(|known| known.resource == resource && known.condition == condition && known.is_of(service));
        match alike {
            Some(known) => known.action.extend(action),
            None => statement.push(Statement { sid: sid(prefix, service, on), effect: "Allow", action, resource, condition }),
        }
    }
    statement
}

impl Policy {
    fn of(statement: Vec<Statement>) -> Self {
        Self { version: "2012-10-17", statement }
    }

    /// Both in one document, without what the other permits by a statement of its own already.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for mut more in other.statement {
            let known = |action: &&str| self.statement.iter().any(|one| one.covers(action, &more));
            let left: Vec<&'static str> = more.action.iter().copied().filter(|action| !known(action)).collect();
            more.action = left;
            if !more.action.is_empty() {
                self.statement.push(more);
            }
        }
        self
    }
}

/// The statement that permits one operation.
pub fn statement(operation: &Operation, scope: &Scope) -> Statement {
    let action = operation.name.rsplit(':').next().unwrap_or_default();
    Statement {
        sid: format!("Signalbox{action}"),
        effect: "Allow",
        action: vec![operation.name],
        resource: scope.resources(operation.on),
        condition: scope.condition(operation.on),
    }
}

impl Statement {
    /// Whether it permits an action on everything that another statement permits it on.
    fn covers(&self, action: &str, other: &Self) -> bool {
        let everything = self.resource.iter().any(|resource| resource == "*");
        let resources = everything || other.resource.iter().all(|resource| self.resource.contains(resource));
        self.action.contains(&action)
            && resources
            && self.condition.as_ref().is_none_or(|condition| other.condition.as_ref() == Some(condition))
    }

    fn is_of(&self, service: &str) -> bool {
        self.action.iter().all(|action| action.split(':').next() == Some(service))
    }
}

/// Letters and digits, as IAM wants it: `SignalboxEcsServices`.
fn sid(prefix: &str, service: &str, on: On) -> String {
    let service: String =
        service.chars().enumerate().map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter }).collect();
    let on = match on {
        On::Everything => "",
        On::WithinClusters => "Lists",
        On::Clusters => "Clusters",
        On::Services => "Services",
        On::ServiceDeployments => "Deployments",
        On::ServiceRevisions => "ServiceRevisions",
        On::Tasks => "Tasks",
        On::LogStreams => "Streams",
        On::Queue => "Queue",
    };
    format!("{prefix}{service}{on}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn config(text: &str) -> Config {
        Config::parse(text, Path::new("signalbox.toml")).unwrap()
    }

    fn actions(policy: &Policy) -> Vec<&'static str> {
        policy.statement.iter().flat_map(|statement| statement.action.iter().copied()).collect()
    }

    const NAMED: &str = "[[environment]]\nname = \"p\"\nregion = \"eu-west-1\"\naccount_id = \"111122223333\"\nclusters = [\"a\", \"b\"]\n";

    const WITH_QUEUE: &str =
        "[[environment]]\nname = \"p\"\nregion = \"eu-west-1\"\nevents_queue = \"http://127.0.0.1:4566/111122223333/q\"\n";

    #[test]
    fn the_policy_holds_exactly_the_declared_operations() {
        for (scope, queue) in [
            (Scope::default(), false),
            (Scope::of(&config(NAMED), None), false),
            (Scope::of(&config(WITH_QUEUE), None), true),
            (Scope::of(&config(&format!("{NAMED}{}", WITH_QUEUE.replace("\"p\"", "\"q\""))), None), true),
        ] {
            let policy = read(&scope);
            let allowed = actions(&policy);
            let needed = operations::ALL.iter().filter(|operation| operation.on != On::Queue || queue);
            let declared: BTreeSet<&str> = needed.map(|operation| operation.name).collect();
            assert_eq!(allowed.iter().copied().collect::<BTreeSet<_>>(), declared);
            assert_eq!(allowed.len(), declared.len(), "nothing is permitted twice");
        }
    }

    #[test]
    fn a_queue_is_permitted_by_its_name_alone() {
        let policy = serde_json::to_value(read(&Scope::of(&config(WITH_QUEUE), None))).unwrap();
        let statements = policy["Statement"].as_array().unwrap();
        let of_queue: Vec<&Value> = statements.iter().filter(|statement| statement.to_string().contains("sqs:")).collect();
        assert_eq!(of_queue.len(), 1);
        assert_eq!(of_queue[0]["Resource"], json!(["arn:aws:sqs:eu-west-1:111122223333:q"]));
        assert_eq!(of_queue[0]["Action"], json!(["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]));
    }

    #[test]
    fn it_is_a_document_iam_takes() {
        for scope in [Scope::default(), Scope::of(&config(NAMED), None), Scope::of(&config(WITH_QUEUE), None)] {
            let policy = serde_json::to_value(read(&scope)).unwrap();
            assert_eq!(policy["Version"], "2012-10-17");
            let statements = policy["Statement"].as_array().unwrap();
            let sids: BTreeSet<&str> = statements.iter().map(|statement| statement["Sid"].as_str().unwrap()).collect();
            assert_eq!(sids.len(), statements.len(), "{sids:?}");
            assert!(sids.iter().all(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric())), "{sids:?}");
            for statement in statements {
                assert_eq!(statement["Effect"], "Allow");
                assert!(statement["Resource"].as_array().is_some_and(|resources| !resources.is_empty()));
            }
            let length = policy.to_string().chars().filter(|letter| !letter.is_whitespace()).count();
            assert!(length <= MANAGED_POLICY, "{length}");
        }
    }

    #[test]
    fn named_clusters_narrow_what_iam_can_narrow() {
        let scope = Scope::of(&config(NAMED), None);
        let policy = serde_json::to_value(read(&scope)).unwrap();
        let of = |action: &str| {
            let statements = policy["Statement"].as_array().unwrap();
            statements.iter().find(|statement| statement["Action"].as_array().unwrap().iter().any(|known| known == action)).unwrap().clone()
        };
        assert_eq!(
            of("ecs:DescribeServices")["Resource"],
            json!(["arn:aws:ecs:eu-west-1:111122223333:service/a/*", "arn:aws:ecs:eu-west-1:111122223333:service/b/*"])
        );
        assert_eq!(of("ecs:DescribeTasks")["Resource"][1], "arn:aws:ecs:eu-west-1:111122223333:task/b/*");
        assert_eq!(of("ecs:ListTasks")["Resource"], json!(["*"]));
        assert_eq!(
            of("ecs:ListTasks")["Condition"]["ArnEquals"]["ecs:cluster"],
            json!(["arn:aws:ecs:eu-west-1:111122223333:cluster/a", "arn:aws:ecs:eu-west-1:111122223333:cluster/b"])
        );
        assert_eq!(of("cloudwatch:DescribeAlarms")["Resource"], json!(["*"]));
    }

    #[test]
    fn what_is_not_known_of_a_cluster_is_a_pattern() {
        let config = config("[[environment]]\nname = \"p\"\nregion = \"cn-north-1\"\nclusters = [\"a\"]\n");
        let statement = statement(&operations::LIST_SERVICES, &Scope::of(&config, None));
        assert_eq!(statement.condition.unwrap()["ArnLike"]["ecs:cluster"], json!(["arn:aws-cn:ecs:cn-north-1:*:cluster/a"]));
        assert_eq!(statement.sid, "SignalboxListServices");
    }

    #[test]
    fn an_environment_that_reads_all_clusters_narrows_nothing() {
        let config = config(&format!("{NAMED}[[environment]]\nname = \"q\"\n"));
        assert!(Scope::of(&config, None).clusters.is_empty());
        assert_eq!(Scope::of(&config, Some("p")).clusters.len(), 2);
    }
}
