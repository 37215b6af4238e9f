//! Which clusters a sweep reads.
//!
//! Named ones are checked by DescribeClusters, one call, because a misspelt name would otherwise look like a cluster
//! without services. Where that call is denied the names are believed: ListServices will tell soon enough.

use aws_sdk_ecs::types as wire;
use domain::source::{Fault, FaultKind, Shortfall};

use super::map::last_part;
use super::pages::pages;
use crate::aws::Connection;
use crate::call::Tally;
use crate::operations::{DESCRIBE_CLUSTERS, LIST_CLUSTERS};

/// A cluster to read.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) name: String,
    /// Empty when only its name is known; the services' ARNs will tell.
    pub(super) arn: String,
}

/// The clusters to read, and what of the wanted ones could not be found.
pub(super) async fn clusters(connection: &Connection, tally: &Tally, wanted: &[String]) -> Result<(Vec<Cluster>, Vec<Shortfall>), Fault> {
    if !wanted.is_empty() {
        return named(connection, tally, wanted).await;
    }
    let (arns, fault) = list(connection, tally).await;
    let found: Vec<Cluster> = arns.into_iter().filter_map(|arn| Some(Cluster { name: last_part(&arn)?, arn })).collect();
    match fault {
        Some(fault) if found.is_empty() => Err(fault),
        Some(fault) => Ok((found, vec![Shortfall { what: "the rest of the clusters".to_owned(), fault }])),
        None => Ok((found, Vec::new())),
    }
}

async fn list(connection: &Connection, tally: &Tally) -> (Vec<String>, Option<Fault>) {
    pages(|token| async move {
        let call = || connection.ecs.list_clusters().max_results(100).set_next_token(token.clone()).send();
        let answer = connection.caller.call(LIST_CLUSTERS, tally, call).await?;
        Ok((answer.cluster_arns.unwrap_or_default(), answer.next_token))
    })
    .await
}

async fn named(connection: &Connection, tally: &Tally, wanted: &[String]) -> Result<(Vec<Cluster>, Vec<Shortfall>), Fault> {
    let mut found = Vec::new();
    for hundred in wanted.chunks(100) {
        let call = || connection.ecs.describe_clusters().set_clusters(Some(hundred.to_vec())).send();
        match connection.caller.call(DESCRIBE_CLUSTERS, tally, call).await {
            Ok(answer) => found.extend(answer.clusters.unwrap_or_default().into_iter().filter_map(existing)),
            Err(fault) if fault.kind == FaultKind::AccessDenied => found.extend(hundred.iter().map(|name| believed(name))),
            Err(fault) => return Err(fault),
        }
    }
    let missing: Vec<&String> = wanted.iter().filter(|name| !found.iter().any(|cluster| is(cluster, name))).collect();
    if missing.is_empty() {
        return Ok((found, Vec::new()));
    }
    let existing: Vec<String> = list(connection, tally).await.0.iter().filter_map(|arn| last_part(arn)).collect();
    let shortfalls: Vec<Shortfall> = missing.into_iter().map(|name| not_found(name, &existing)).collect();
    match shortfalls.first() {
        Some(first) if found.is_empty() => Err(first.fault.clone()),
        _ => Ok((found, shortfalls)),
    }
}

/// A deleted cluster is still described for a while, as INACTIVE.
fn existing(from: wire::Cluster) -> Option<Cluster> {
    if from.status.as_deref() == Some("INACTIVE") {
        return None;
    }
    let arn = from.cluster_arn.unwrap_or_default();
    Some(Cluster { name: from.cluster_name.or_else(|| last_part(&arn))?, arn })
}

fn believed(name: &str) -> Cluster {
    let arn = if name.starts_with("arn:") { name.to_owned() } else { String::new() };
    Cluster { name: last_part(name).unwrap_or_else(|| name.to_owned()), arn }
}

/// The config may name a cluster by ARN as well.
fn is(cluster: &Cluster, wanted: &str) -> bool {
    cluster.name == wanted || cluster.arn == wanted
}

fn not_found(name: &str, existing: &[String]) -> Shortfall {
    let nearest = existing.iter().max_by(|a, b| strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b)));
    let message = match nearest {
        Some(nearest) => format!("there is no ECS cluster \"{name}\"; the nearest existing name is \"{nearest}\""),
        None => format!("there is no ECS cluster \"{name}\""),
    };
    Shortfall { what: format!("cluster {name}"), fault: Fault::new(FaultKind::NotFound, Some(DESCRIBE_CLUSTERS.name), &message) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_cluster_names_its_nearest_neighbour() {
        let existing = ["staging".to_owned(), "gaming-system-cluster".to_owned()];
        let shortfall = not_found("gaming-sytem-cluster", &existing);
        assert_eq!(
            shortfall.fault.message,
            "there is no ECS cluster \"gaming-sytem-cluster\"; the nearest existing name is \"gaming-system-cluster\""
        );
        assert_eq!(not_found("x", &[]).fault.message, "there is no ECS cluster \"x\"");
    }

    #[test]
    fn a_deleted_cluster_does_not_exist() {
        let gone = wire::Cluster::builder().cluster_name("old").status("INACTIVE").build();
        assert!(existing(gone).is_none());
        let there = wire::Cluster::builder().cluster_arn("arn:aws:ecs:r:1:cluster/here").status("ACTIVE").build();
        assert_eq!(existing(there).unwrap().name, "here");
    }
}
