//! The config file, with its comments.

use std::collections::BTreeSet;

use domain::source::Fault;
use domain::text::count;

use super::{Found, FoundCluster};

/// Services that want no task, proposed one by one; beyond this many they are a way of life and not an exception.
const MOST_PROPOSED: usize = 40;

/// The whole file.
pub(super) fn written(found: &Found) -> String {
    let mut out = Lines::default();
    let account = found.environment.account_id.as_deref().unwrap_or("unknown");
    let region = found.environment.region.as_deref().unwrap_or("unknown");
    out.say(&format!("Written by `signalbox init` at {} from what account {account} shows in {region}.", found.at));
    out.say("signalbox.example.toml shows every key. Next: `signalbox doctor` tries whether all of it works.");
    out.blank();
    out.put("[server]");
    out.put("listen = \"127.0.0.1:3000\"   # whoever reaches this address sees the fleet: keep it on loopback and forward the port");
    out.blank();
    out.put("[store]");
    out.put("path = \"signalbox.db\"       # on a local disk, never on NFS or EFS");
    out.blank();
    environment(&mut out, found);
    clusters(&mut out, found);
    off(&mut out, found);
    alarms(&mut out, found);
    nats(&mut out, found);
    out.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn put(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    /// A comment, which no text from outside can end.
    fn say(&mut self, text: &str) {
        self.put(&format!("# {}", commented(text)));
    }

    fn set(&mut self, key: &str, value: &str) {
        self.put(&format!("{key} = {}", quoted(value)));
    }
}

/// On one line, without what a terminal or a TOML parser would take for something else.
fn commented(text: &str) -> String {
    domain::text::shown(text).chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn environment(out: &mut Lines, found: &Found) {
    let environment = &found.environment;
    out.put("[[environment]]");
    out.put(&format!("name = {}   # what it is called on every page", quoted(&environment.name)));
    if let Some(region) = &environment.region {
        out.set("region", region);
    }
    match &environment.account_id {
        Some(account) => out.put(&format!("account_id = {}   # credentials of any other account are refused", quoted(account))),
        None => out.say("account_id = \"…\"   # could not be found out: STS did not tell; `aws sts get-caller-identity` does"),
    }
    let given = [
        ("profile", &environment.profile),
        ("role_arn", &environment.role_arn),
        ("external_id", &environment.external_id),
        ("endpoint_url", &environment.endpoint_url),
    ];
    for (key, value) in given {
        if let Some(value) = value {
            out.set(key, value);
        }
    }
    if environment.profile.is_none() && environment.role_arn.is_none() {
        out.say("credentials come the AWS SDK's own way: an instance role, AWS_PROFILE, … ; profile = \"…\" or role_arn = \"…\" would fix them here");
    }
    let region = environment.region.as_deref().unwrap_or("us-east-1");
    let account = environment.account_id.as_deref().unwrap_or("111122223333");
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    let queue = quoted(&format!("https://sqs.{region}.amazonaws.com{china}/{account}/signalbox-events"));
    out.say(&format!(
        "events_queue = {queue}   # if you make one: with ECS's events changes are seen within seconds (docs/operations.md, Events)"
    ));
}

fn clusters(out: &mut Lines, found: &Found) {
    let unread = |fault: &Fault| format!("{}. {}", fault.message.trim_end_matches('.'), fault.remedy());
    for (what, fault) in &found.unread {
        out.say(&format!("Could not be read: {what}: {}", unread(fault)));
    }
    if found.clusters.is_empty() {
        if found.unread.is_empty() {
            out.say("There is no ECS cluster in this account and region. Other regions were not looked at: `signalbox init --region …`");
        }
        out.say("clusters = [\"…\"]   # absent: all there are");
        return;
    }
    out.put("clusters = [");
    for cluster in &found.clusters {
        out.put(&format!("  {},   # {}", quoted(&cluster.name), commented(&summary(cluster))));
    }
    out.put("]   # without this line: all there are, and those made later");
}

fn summary(cluster: &FoundCluster) -> String {
    let wanting = cluster.services.iter().filter(|service| service.desired > 0).count();
    let wanted: u64 = cluster.services.iter().map(|service| u64::from(service.desired)).sum();
    let running: u64 = cluster.services.iter().map(|service| u64::from(service.running)).sum();
    format!("{}, of which {wanting} want {}; {running} run", count(cluster.services.len() as u64, "service"), count(wanted, "task"))
}

fn off(out: &mut Lines, found: &Found) {
    let services = || found.clusters.iter().flat_map(|cluster| cluster.services.iter().map(move |service| (cluster, service)));
    let off: Vec<_> = services().filter(|(_, service)| service.desired == 0).collect();
    if off.is_empty() {
        return;
    }
    out.blank();
    out.say(&format!(
        "{} no task now. Off on purpose? Say why and take the # away: it is then counted apart, and left alone.",
        wants(off.len())
    ));
    for (cluster, service) in off.iter().take(MOST_PROPOSED) {
        out.say("[[environment.do_not_touch]]");
        out.say(&format!("service = {}", quoted(&service.name)));
        out.say(&format!("cluster = {}", quoted(&cluster.name)));
        out.say("reason = \"…\"");
    }
    if off.len() > MOST_PROPOSED {
        out.say(&format!("and {} more", off.len() - MOST_PROPOSED));
    }
}

fn wants(services: usize) -> String {
    if services == 1 { "1 service wants".to_owned() } else { format!("{services} services want") }
}

fn alarms(out: &mut Lines, found: &Found) {
    out.blank();
    match &found.alarms {
        Ok(0) => out.say("There is no CloudWatch alarm here; the Alarms page will show what is not watched."),
        Ok(number) => out.say(&format!("{} are read; nothing to set.", count(*number as u64, "CloudWatch alarm"))),
        Err(fault) => out.say(&format!("Alarms could not be read: {}. {}", fault.message.trim_end_matches('.'), fault.remedy())),
    }
}

fn nats(out: &mut Lines, found: &Found) {
    out.blank();
    let addresses = &found.nats.found;
    if addresses.is_empty() {
        out.say(&format!(
            "No NATS address was found in the environment of {} (secrets are not looked into).",
            count(found.nats.looked_at as u64, "task definition")
        ));
    } else {
        out.say("Tasks are told these NATS addresses (user and password, where one stood there, were left out):");
        for (address, services) in addresses {
            let some: Vec<&str> = services.iter().take(3).map(String::as_str).collect();
            let more = if services.len() > some.len() { ", …" } else { "" };
            out.say(&format!("  {address}   by {} ({}{more})", count(services.len() as u64, "service"), some.join(", ")));
        }
    }
    if found.nats.left_out > 0 {
        out.say(&format!("{} were not looked at, there are so many.", count(found.nats.left_out as u64, "more task definition")));
    }
    if let Some(fault) = &found.nats.fault {
        out.say(&format!("Not all task definitions could be read: {}. {}", fault.message.trim_end_matches('.'), fault.remedy()));
    }
    out.say("To see nodes and connections, one of two ways in, then take the # away:");
    let urls: Vec<String> = addresses.keys().take(16).map(|address| quoted(address)).collect();
    let urls = if urls.is_empty() { "\"nats://10.0.1.10:4222\"".to_owned() } else { urls.join(", ") };
    // one host is named once, whether by nats:// or by tls://
    let hosts: BTreeSet<String> = addresses.keys().take(16).filter_map(|address| monitor(address)).map(|url| quoted(&url)).collect();
    let hosts = if hosts.is_empty() { "\"http://10.0.1.10:8222\"".to_owned() } else { hosts.into_iter().collect::<Vec<_>>().join(", ") };
    for line in [
        "[[nats]]".to_owned(),
        "name = \"main\"".to_owned(),
        format!("environments = [{}]", quoted(&found.environment.name)),
        "1. a user of the system account sees every node through one connection (docs/operations.md says how to make one)".to_owned(),
        format!("urls = [{urls}]"),
        "user = \"signalbox\"".to_owned(),
        "password_file = \"nats.password\"   # or the variable SIGNALBOX_NATS_PASSWORD_MAIN".to_owned(),
        "2. or the monitoring port of every node, one by one".to_owned(),
        format!("monitor_urls = [{hosts}]"),
    ] {
        out.say(&line);
    }
}

/// The monitoring port of the node at a client address, where it usually is.
fn monitor(address: &str) -> Option<String> {
    let (_, place) = address.split_once("://")?;
    let (host, _) = place.rsplit_once(':')?;
    Some(format!("http://{host}:8222"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use collectors::discover::NatsAddresses;
    use domain::Timestamp;
    use domain::source::FaultKind;

    use super::super::{Found, FoundCluster, FoundService};
    use super::*;
    use crate::config::{Config, Environment};

    fn found(names: &[(&str, u32)]) -> Found {
        let mut environment = Environment::from_sdk_chain("prod");
        environment.region = Some("us-east-1".into());
        environment.account_id = Some("111122223333".into());
        let services =
            names.iter().map(|(name, desired)| FoundService { name: (*name).into(), desired: *desired, running: *desired }).collect();
        Found {
            environment,
            at: Timestamp::from_secs(1_777_714_863),
            clusters: vec![FoundCluster { name: "games".into(), services }],
            unread: Vec::new(),
            alarms: Ok(66),
            nats: NatsAddresses {
                found: BTreeMap::from([("nats://nats.internal:4222".into(), BTreeSet::from(["a".into()]))]),
                looked_at: 2,
                ..NatsAddresses::default()
            },
        }
    }

    /// With the comments of the NATS and do-not-touch proposals taken away, as the file asks for.
    fn uncommented(text: &str) -> String {
        let key = |line: &str| line.contains(" = ") || line.starts_with("[[");
        let lines = text.lines().map(|line| match line.strip_prefix("# ") {
            Some(rest)
                if key(rest) && !rest.starts_with("account_id") && !rest.starts_with("credentials") && !rest.starts_with("clusters") =>
            {
                rest
            }
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n").replace("password_file", "# password_file")
    }

    #[test]
    fn the_file_is_valid_and_so_are_its_proposals() {
        let text = found(&[("a", 2), ("b", 0)]).config().unwrap();
        let config = Config::parse(&text, std::path::Path::new("x")).unwrap();
        assert_eq!(config.environments[0].clusters, ["games"]);
        assert!(text.contains("\"games\",   # 2 services, of which 1 want 2 tasks; 2 run"), "{text}");
        assert!(text.contains("# 66 CloudWatch alarms are read"), "{text}");
        let whole = uncommented(&text);
        let config = Config::parse(&whole, std::path::Path::new("x")).unwrap_or_else(|error| panic!("{error}\n{whole}"));
        assert_eq!(config.environments[0].do_not_touch[0].service, "b");
        assert_eq!(config.nats[0].urls, ["nats://nats.internal:4222"]);
        assert_eq!(config.nats[0].monitor_urls, ["http://nats.internal:8222"]);
    }

    #[test]
    fn hostile_names_stay_in_their_place() {
        let mut found = found(&[("a\"]\nname = \"x", 0), ("\u{202e}evil\u{1b}[2J", 0)]);
        found.clusters[0].name = "games\"]\n[[nats]]\nname=\"x".into();
        found.unread.push(("tasks\nlisten = 1".into(), Fault::new(FaultKind::Remote, None, "broken\r\nlisten = 2")));
        let text = found.config().unwrap();
        let config = Config::parse(&text, std::path::Path::new("x")).unwrap();
        assert_eq!(config.environments[0].clusters, ["games\"]\n[[nats]]\nname=\"x"]);
        assert!(config.nats.is_empty() && !text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn what_was_not_found_is_said_with_the_next_step() {
        let mut found = found(&[]);
        found.clusters.clear();
        found.nats = NatsAddresses::default();
        found.alarms = Err(Fault::new(FaultKind::AccessDenied, Some("cloudwatch:DescribeAlarms"), "no"));
        let text = found.config().unwrap();
        for said in [
            "There is no ECS cluster in this account and region",
            "Alarms could not be read",
            "No NATS address was found",
            "add it to the policy",
        ] {
            assert!(text.contains(said), "{said} is not in\n{text}");
        }
    }
}
