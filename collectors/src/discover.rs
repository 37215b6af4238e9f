//! What `signalbox init` looks for beyond what the collectors read: where tasks are told to find NATS.
//!
//! Separate, and the only place that looks at containers' environment values, because those hold secrets. A value is
//! looked at for `nats://` and `tls://` addresses and let go of: what leaves this module is scheme, host and port, never
//! user information, never any other part of a value, never the value of a variable that holds no address.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types as wire;
use domain::source::Fault;

use crate::aws::AwsEnvironment;
use crate::call::Tally;
use crate::operations::DESCRIBE_TASK_DEFINITION;

/// Revisions looked at. Fleets share their NATS: more would bring nothing but calls.
const MOST_REVISIONS: usize = 200;
/// Where NATS listens for clients, unless told otherwise.
const NATS_PORT: u16 = 4222;

/// The NATS addresses that task definitions name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NatsAddresses {
    /// By address (`nats://host:port`), the services whose tasks are told it.
    pub found: BTreeMap<String, BTreeSet<String>>,
    /// Revisions that were looked at.
    pub looked_at: usize,
    /// Revisions that were not, because there were too many.
    pub left_out: usize,
    /// What ended it early.
    pub fault: Option<Fault>,
}

impl AwsEnvironment {
    /// Looks through the revisions of these services.
    pub async fn nats_addresses(&self, services: &[(String, String)]) -> NatsAddresses {
        let mut by_revision: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (service, revision) in services {
            by_revision.entry(revision).or_default().push(service);
        }
        let mut addresses = NatsAddresses { left_out: by_revision.len().saturating_sub(MOST_REVISIONS), ..NatsAddresses::default() };
        let connection = match self.connection().await {
            Ok(connection) => connection,
            Err(fault) => return NatsAddresses { fault: Some(fault), ..addresses },
        };
        let tally = Tally::default();
        for (revision, services) in by_revision.into_iter().take(MOST_REVISIONS) {
            let call = || connection.ecs.describe_task_definition().task_definition(revision).send();
            match connection.caller.call(DESCRIBE_TASK_DEFINITION, &tally, call).await {
                Ok(answer) => {
                    addresses.looked_at += 1;
                    let containers = answer.task_definition.and_then(|definition| definition.container_definitions).unwrap_or_default();
                    for address in containers.iter().flat_map(in_container) {
                        addresses.found.entry(address).or_default().extend(services.iter().map(ToString::to_string));
                    }
                }
                // a revision deleted since is no reason to stop
                Err(fault) if fault.message.starts_with("ClientException") => {}
                Err(fault) => return NatsAddresses { fault: Some(fault), ..addresses },
            }
        }
        addresses
    }
}

fn in_container(container: &wire::ContainerDefinition) -> BTreeSet<String> {
    let pairs = container.environment().iter().filter_map(|pair| Some((pair.name()?, pair.value()?)));
    pairs.flat_map(|(name, value)| in_value(name, value)).collect()
}

/// The addresses in one variable. `tls://` is other systems' scheme as well, so there the variable or the port must say
/// that NATS is meant. A password may hold any character, spaces, commas and slashes too: so in a value with an `@`, only
/// pieces with one of their own count, and of those only what follows the last.
fn in_value(name: &str, value: &str) -> Vec<String> {
    let named = name.to_ascii_uppercase().contains("NATS");
    let secretive = value.contains('@');
    let pieces = value.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '"' | '\''));
    let addresses = pieces.filter(|piece| !secretive || piece.contains('@')).filter_map(|piece| {
        let (scheme, rest) = piece.split_once("://")?;
        let scheme = scheme.trim_start_matches(['[', '(']);
        let (host, port) = host_and_port(rest.rsplit('@').next().unwrap_or_default())?;
        let ours = match scheme {
            "nats" => true,
            "tls" => named || port == Some(NATS_PORT),
            _ => false,
        };
        ours.then(|| format!("{scheme}://{host}:{}", port.unwrap_or(NATS_PORT)))
    });
    addresses.collect()
}

/// `host:4222/path?x` → `host`, `4222`. Nothing that is not surely a host comes out.
fn host_and_port(place: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(v6) => {
            let (host, after) = v6.split_once(']')?;
            let address: std::net::Ipv6Addr = host.parse().ok()?;
            (format!("[{address}]"), after.strip_prefix(':'))
        }
        None => {
            let authority = place.split(['/', '?', '#', ']', ')']).next().unwrap_or_default();
            let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
            let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
            (Some(host).filter(|host| !host.is_empty() && host.len() <= 253 && host.chars().all(plain))?.to_owned(), port)
        }
    };
    match port {
        Some(port) => Some((host, Some(port.split(['/', '?', '#']).next()?.parse().ok()?))),
        None => Some((host, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_and_secrets_are_not() {
        for (name, value, found) in [
            ("NATS_URL", "nats://nats.internal:4222", vec!["nats://nats.internal:4222"]),
            ("NATS_URL", "nats://app:CANARY@nats.internal", vec!["nats://nats.internal:4222"]),
            ("NATS_URL", "nats://app:CAN@RY@10.0.1.10:4223/x?token=CANARY", vec!["nats://10.0.1.10:4223"]),
            ("NATS_URL", "nats://CANARY@a:4222,nats://CANARY@b:4222, tls://c", vec!["nats://a:4222", "nats://b:4222"]),
            ("NATS_URL", "nats://a:4222, tls://c", vec!["nats://a:4222", "tls://c:4222"]),
            ("SERVERS", "[\"nats://a:1\",\"nats://b:2\"]", vec!["nats://a:1", "nats://b:2"]),
            ("NATS_URL", "nats://x:CANARY@[fd12::1]:4222", vec!["nats://[fd12::1]:4222"]),
            ("REDIS_URL", "tls://:CANARY@redis.internal:6379", vec![]),
            ("BUS", "tls://bus.internal:4222", vec!["tls://bus.internal:4222"]),
            ("DB", "postgres://app:CANARY@db/x", vec![]),
            ("NATS_URL", "nats://", vec![]),
            ("NATS_URL", "nats://CANARY SPACE@host", vec![]),
            ("NATS_URL", "nats://CANARY/+=@host:4222", vec!["nats://host:4222"]),
            ("NATS_URL", "nats://CANARY,CANARY@host:4222", vec![]),
            ("NATS_PASSWORD", "CANARY", vec![]),
        ] {
            let got = in_value(name, value);
            assert!(!got.iter().any(|address| address.contains("CAN")), "{got:?}");
            assert_eq!(got, found, "{name}={value}");
        }
    }
}
