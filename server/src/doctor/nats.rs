//! One NATS cluster: the files its settings name, every address step by step, then whether the user sees every node.

use std::path::Path;
use std::sync::Arc;

use collectors::nats::examine::{Grade, Step, examine};
use collectors::{Collector, NatsCollector, NatsScope};
use domain::port::Clock;
use domain::reading::{Reading, Sweep};
use domain::source::{Fault, FaultKind, Outcome};
use domain::text::count;

use super::{Check, Verdict};
use crate::config::Nats;

pub(super) async fn examined(nats: &Nats, scope: NatsScope, clock: &Arc<dyn Clock>) -> Vec<Check> {
    let about = format!("nats {}", nats.name);
    let mut checks = secrets(&about, nats);
    for url in &scope.urls {
        let steps = examine(&scope, url, clock.now()).await;
        checks.extend(steps.into_iter().map(|step| of_step(&about, step)));
    }
    if !scope.urls.is_empty() {
        let by_client = NatsScope { monitor_urls: Vec::new(), ..scope.clone() };
        let sweep = NatsCollector::new(by_client, Arc::clone(clock)).sweep().await;
        checks.extend(of_sweep(&about, "system account", nats, &sweep));
    }
    for url in &scope.monitor_urls {
        let by_port = NatsScope { urls: Vec::new(), monitor_urls: vec![url.clone()], ..scope.clone() };
        let sweep = NatsCollector::new(by_port, Arc::clone(clock)).sweep().await;
        checks.extend(of_monitor(&about, url, &sweep));
    }
    checks
}

/// Files with secrets that others on the machine can read.
fn secrets(about: &str, nats: &Nats) -> Vec<Check> {
    let named = [
        ("password_file", &nats.password_file),
        ("creds_file", &nats.creds_file),
        ("nkey_file", &nats.nkey_file),
        ("key_file", &nats.key_file),
    ];
    let files = named.into_iter().filter_map(|(key, file)| Some((key, file.as_deref()?)));
    files.map(|(key, file)| secret(about, key, file)).collect()
}

fn secret(about: &str, key: &str, file: &Path) -> Check {
    use std::os::unix::fs::PermissionsExt;
    let place = file.display();
    match std::fs::metadata(file).and_then(|found| std::fs::File::open(file).map(|_| found)) {
        Ok(found) if found.permissions().mode() & 0o077 != 0 => {
            Check::warn(about, key, format!("{place} can be read by others on this machine"), format!("`chmod 600 {place}`"))
        }
        Ok(_) => Check::well(about, key, format!("{place} can be read, by this user only")),
        Err(error) => Check::bad(
            about,
            key,
            format!("{place}: {error}"),
            format!("Put the file there, readable by the user Signalbox runs as, or correct {key} in [[nats]]."),
        ),
    }
}

fn of_step(about: &str, step: Step) -> Check {
    let verdict = match step.grade {
        Grade::Well => Verdict::Well,
        Grade::Warn => Verdict::Warn,
        Grade::Bad => Verdict::Bad,
    };
    Check { fix: step.fix, ..Check::new(about, step.what, verdict, step.found) }
}

fn of_sweep(about: &str, what: &str, nats: &Nats, sweep: &Sweep) -> Vec<Check> {
    let faults: Vec<(String, &Fault)> = match &sweep.outcome {
        Outcome::Complete => Vec::new(),
        Outcome::Partial { missing } => missing.iter().map(|part| (part.what.clone(), &part.fault)).collect(),
        Outcome::Failed { fault } => vec![(what.to_owned(), fault)],
    };
    let mut checks: Vec<Check> = faults
        .into_iter()
        .map(|(part, fault)| Check { kind: Some(fault.kind), ..Check::bad(about, part, &fault.message, cure(nats, fault)) })
        .collect();
    if let Some(Reading::Nats(reading)) = &sweep.reading {
        let nodes = count(reading.nodes.items.len() as u64, "node");
        let connections = count(reading.connections.items.len() as u64, "client connection");
        let found = format!("{nodes} answered, with {connections}");
        checks.insert(0, Check::well(about, what, found));
    }
    checks
}

fn of_monitor(about: &str, url: &str, sweep: &Sweep) -> Vec<Check> {
    // never with what stands before an @
    let place = url.split_once("://").map_or(url, |(_, rest)| rest).rsplit('@').next().unwrap_or_default();
    let what = format!("monitoring port {place}");
    let of_itself = |shortfall: &&domain::source::Shortfall| shortfall.what.contains("connections of") || shortfall.what.contains(place);
    let fault = match &sweep.outcome {
        Outcome::Failed { fault } => Some(fault),
        Outcome::Partial { missing } => missing.iter().find(of_itself).map(|part| &part.fault),
        Outcome::Complete => None,
    };
    if let Some(fault) = fault {
        let fix = "Turn it on in that node's config with `http: \"10.0.1.10:8222\"` (an address only your network reaches: it has no sign-in) and restart the node, \
                   for a reload does not open it; or correct monitor_urls; or let this machine in at the security group.";
        return vec![Check { kind: Some(fault.kind), ..Check::bad(about, what, &fault.message, fix) }];
    }
    match &sweep.reading {
        Some(Reading::Nats(reading)) => {
            reading.nodes.items.iter().map(|node| Check::well(about, what.clone(), format!("node {} answered", node.0.name))).collect()
        }
        _ => Vec::new(),
    }
}

/// What to write where, for a system-account user that is refused or is none.
fn cure(nats: &Nats, fault: &Fault) -> String {
    let user = nats.user.as_deref().unwrap_or("signalbox");
    let server = format!(
        "On every node, give the system account a user, in the server's config:\n\
         accounts {{ $SYS {{ users = [ {{ user: {user}, password: \"$2a$11$…\" }} ] }} }}   # `nats server passwd` makes the hash\n\
         then `nats-server --signal reload` on each (docs/operations.md has the traps), and in signalbox.toml:\n\
         user = \"{user}\"\npassword_file = \"nats.password\""
    );
    let way = nats.creds_file.as_ref().or(nats.nkey_file.as_ref()).map(|file| file.display().to_string());
    if fault.message.contains("CertificateRequired") {
        return "The server wants a client's certificate: give cert_file and key_file in [[nats]], signed by the CA in the server's tls block.".to_owned();
    }
    match (fault.kind, way) {
        (FaultKind::AccessDenied, Some(file)) => {
            format!(
                "{file} is of a user outside the system account. Make one inside: `nsc add user --account SYS --name signalbox`, and name its file."
            )
        }
        (FaultKind::AccessDenied, None) => server,
        (FaultKind::Credentials, Some(file)) => {
            format!("The server refuses what stands in {file}, or the file cannot be used: make it anew (`nsc generate creds`).")
        }
        (FaultKind::Credentials, None) if nats.user.is_some() => {
            let variable: String =
                nats.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
            format!(
                "The server refuses user \"{user}\" with the password from password_file (or SIGNALBOX_NATS_PASSWORD_{variable}): correct it. If the server knows no such user: {server}"
            )
        }
        (FaultKind::Credentials, None) => server,
        (FaultKind::Unreachable | FaultKind::TimedOut, _) => {
            "See the steps above; a node that is down needs nothing here but to be started.".to_owned()
        }
        _ => fault.remedy(),
    }
}
