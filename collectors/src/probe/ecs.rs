//! ECS: every cluster of the config, or of the account.

use domain::log::{self, Stream};
use domain::service::Task;
use domain::source::{Fault, FaultKind};
use domain::text::count;

use super::{Answer, Trial, Tried};
use crate::aws::Connection;
use crate::ecs::map;
use crate::operations::{
    DESCRIBE_CLUSTERS, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS, LIST_CLUSTERS, LIST_SERVICES, LIST_TASKS,
};

/// Clusters tried where the config names none: permissions do not differ between them then.
const MOST_CLUSTERS: usize = 3;
/// A name nobody has.
const NOBODY: &str = "signalbox-doctor";
/// A task id in ECS's form that nobody has.
const NO_TASK: &str = "00000000000000000000000000000000";
/// ECS on a revision that does not exist.
const NO_SUCH_REVISION: [&str; 2] = ["ClientException", "InvalidParameterException"];
/// ECS on a cluster that does not exist.
const NO_SUCH_CLUSTER: &str = "ClusterNotFoundException";

/// The trials, and where the log of a task that runs is.
pub(super) async fn tried(connection: &Connection, named: &[String]) -> (Vec<Tried>, Option<Stream>) {
    let mut trial = Trial::new(connection);
    let listed = trial
        .ask(
            LIST_CLUSTERS,
            "",
            &[],
            || connection.ecs.list_clusters().max_results(100).send(),
            |answer| count(answer.cluster_arns().len() as u64, "cluster"),
        )
        .await;
    let listed: Vec<String> = listed.and_then(|answer| answer.cluster_arns).unwrap_or_default();
    let clusters = match (named.is_empty(), listed.is_empty()) {
        (false, _) => named.to_vec(),
        (true, false) => listed.iter().take(MOST_CLUSTERS).cloned().collect(),
        // what ECS takes where no cluster is named
        (true, true) => vec!["default".to_owned()],
    };
    describe_clusters(&mut trial, connection, &clusters, named, &listed).await;
    let (mut revision, mut task) = (None, None);
    for cluster in &clusters {
        services(&mut trial, connection, cluster, &mut revision).await;
        let found = tasks(&mut trial, connection, cluster).await;
        task = task.or(found);
    }
    // a task's own revision says where its log is
    let wanted = task.as_ref().and_then(|task: &Task| task.revision.clone()).or(revision).unwrap_or_else(|| NOBODY.to_owned());
    let describe = || connection.ecs.describe_task_definition().task_definition(&wanted).send();
    let read = trial.ask(DESCRIBE_TASK_DEFINITION, "", &NO_SUCH_REVISION, describe, |_| format!("read {}", short(&wanted))).await;
    let definition = read.and_then(|answer| answer.task_definition).and_then(map::definition);
    let streams = task.and_then(|task| log::streams(&task, definition.as_ref(), &connection.region).ok());
    (trial.tried, streams.and_then(|streams| streams.into_iter().next()))
}

async fn describe_clusters(trial: &mut Trial<'_>, connection: &Connection, clusters: &[String], named: &[String], listed: &[String]) {
    let describe = || connection.ecs.describe_clusters().set_clusters(Some(clusters.to_vec())).send();
    let answer = trial.ask(DESCRIBE_CLUSTERS, "", &[], describe, |answer| count(answer.clusters().len() as u64, "cluster")).await;
    let Some(answer) = answer else { return };
    for wanted in named {
        let there = answer.clusters().iter().filter(|cluster| cluster.status() != Some("INACTIVE"));
        if !there.into_iter().any(|cluster| cluster.cluster_arn() == Some(wanted) || cluster.cluster_name() == Some(short(wanted))) {
            let existing: Vec<&str> = listed.iter().map(|arn| short(arn)).collect();
            let there_are = if existing.is_empty() { "there is none".to_owned() } else { format!("there are {}", existing.join(", ")) };
            let message = format!("there is no ECS cluster \"{wanted}\" in this region; {there_are}");
            let fault = Fault::new(FaultKind::NotFound, Some(DESCRIBE_CLUSTERS.name), &message);
            trial.tried.push(Tried { operation: DESCRIBE_CLUSTERS, on: wanted.clone(), answer: Answer::Fails(fault) });
        }
    }
}

async fn services(trial: &mut Trial<'_>, connection: &Connection, cluster: &str, revision: &mut Option<String>) {
    let list = || connection.ecs.list_services().cluster(cluster).max_results(100).send();
    let listed = trial
        .ask(LIST_SERVICES, short(cluster), &[NO_SUCH_CLUSTER], list, |answer| {
            let more = if answer.next_token().is_some() { " and more" } else { "" };
            format!("{}{more}", count(answer.service_arns().len() as u64, "service"))
        })
        .await;
    let first = listed.and_then(|answer| answer.service_arns.unwrap_or_default().into_iter().next());
    let wanted = first.unwrap_or_else(|| NOBODY.to_owned());
    let describe = || connection.ecs.describe_services().cluster(cluster).services(&wanted).send();
    let described = trial
        .ask(DESCRIBE_SERVICES, short(cluster), &[NO_SUCH_CLUSTER], describe, |answer| match answer.services().first() {
            Some(service) => format!("read {}", service.service_name().unwrap_or_default()),
            None => "permitted; there was no service to read".to_owned(),
        })
        .await;
    let service = described.and_then(|answer| answer.services.unwrap_or_default().into_iter().next());
    *revision = revision.take().or_else(|| service.and_then(|service| service.task_definition));
}

async fn tasks(trial: &mut Trial<'_>, connection: &Connection, cluster: &str) -> Option<Task> {
    let list = || connection.ecs.list_tasks().cluster(cluster).max_results(100).send();
    let listed = trial
        .ask(LIST_TASKS, short(cluster), &[NO_SUCH_CLUSTER], list, |answer| {
            let more = if answer.next_token().is_some() { " and more" } else { "" };
            format!("{}{more}", count(answer.task_arns().len() as u64, "task"))
        })
        .await;
    let first = listed.and_then(|answer| answer.task_arns.unwrap_or_default().into_iter().next());
    let wanted = first.unwrap_or_else(|| NO_TASK.to_owned());
    let describe = || connection.ecs.describe_tasks().cluster(cluster).tasks(&wanted).send();
    let described = trial
        .ask(DESCRIBE_TASKS, short(cluster), &[NO_SUCH_CLUSTER], describe, |answer| match answer.tasks().first() {
            Some(task) => format!("read task {}", map::last_part(task.task_arn().unwrap_or_default()).unwrap_or_default()),
            None => "permitted; there was no task to read".to_owned(),
        })
        .await;
    described.and_then(|answer| answer.tasks.unwrap_or_default().into_iter().next()).and_then(map::task)
}

/// The name at the end of an ARN, or the name itself.
fn short(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
