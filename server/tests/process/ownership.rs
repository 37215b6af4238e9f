//! Whose connection it is, compared with those who opened it: shared hosts, a proxy, an address used before, a name that
//! lies, and a connection of nobody.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{config_for, get, nats_for, serve, until, yard};

/// What must be made of a connection that is hard to tell for this reason.
fn expected(kind: &str) -> &'static str {
    match kind {
        "own" | "reused" => "confirmed",
        "bridge" | "proxy" => "attributed",
        "lies" => "conflicting",
        "nobody" => "unattributed",
        other => panic!("the yard knows a case that this test does not: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_is_owned_doubtful_or_nobodys_exactly_as_scripted() {
    let (_yard, endpoints) = yard(&["--scenario", "ownership"]);
    let directory = tempfile::tempdir().unwrap();
    let nats = nats_for(&endpoints, directory.path());
    let (_serve, url) = serve(&config_for(&endpoints, directory.path(), &nats));
    let truth = get(&format!("{}/ownership", endpoints["control"].as_str().unwrap())).await;
    let truth = truth.as_array().unwrap();
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let wanted: BTreeMap<(String, String), (String, String)> = truth
        .iter()
        .map(|one| ((text(one, "address"), text(one, "name")), (text(one, "owner"), expected(&text(one, "kind")).to_owned())))
        .collect();
    assert!(["bridge", "proxy", "reused", "lies", "nobody"].iter().all(|kind| truth.iter().any(|one| one["kind"] == *kind)));
    let ask = || async {
        let seen = get(&format!("{url}/api/v1/nats?per=100")).await;
        let of_one = |one: &Value| {
            let address = text(one, "address");
            let address = address.rsplit_once(':').map_or(address.clone(), |(address, _)| address.to_owned());
            ((address, text(one, "name")), (text(&one["owner"], "service"), text(one, "certainty")))
        };
        let found: BTreeMap<_, _> = seen["connections"].as_array().into_iter().flatten().map(of_one).collect();
        let missed = wanted.iter().filter(|(which, owner)| found.get(*which) != Some(*owner));
        let missed = missed.map(|(which, owner)| format!("{which:?} is {owner:?}, but was taken for {:?}", found.get(which)));
        let invented = found.keys().filter(|which| !wanted.contains_key(*which)).map(|which| format!("{which:?} is nothing real"));
        missed.chain(invented).collect::<Vec<String>>().into()
    };
    until("every connection as scripted", ask, |wrong| wrong.as_array().is_some_and(Vec::is_empty)).await;
}
