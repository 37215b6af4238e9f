//! Every wrong config gets a sentence with the cure.

use std::path::Path;

use super::Config;

const QUEUE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/q";

fn refused(text: &str) -> String {
    Config::parse(text, Path::new("signalbox.toml")).unwrap_err().to_string()
}

#[test]
fn the_example_is_valid_and_complete() {
    let text = include_str!("../../../signalbox.example.toml");
    let config = Config::parse(text, Path::new("signalbox.example.toml")).unwrap();
    assert_eq!(config.environments[0].do_not_touch[0].service, "language-system-nats");
    // a key that exists but is not in the example would never be found by anyone
    let shown: toml::Table = text.parse().unwrap();
    let known = toml::Table::try_from(&config).unwrap();
    let missing = keys(&known, "").into_iter().filter(|key| !keys(&shown, "").contains(key)).collect::<Vec<_>>();
    assert_eq!(missing, Vec::<String>::new());
}

/// Every key of a table, by dotted path; the first entry stands for a list.
fn keys(table: &toml::Table, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in table {
        let path = format!("{prefix}{name}");
        match value {
            toml::Value::Table(inner) => found.extend(keys(inner, &format!("{path}."))),
            toml::Value::Array(items) => match items.first() {
                Some(toml::Value::Table(inner)) => found.extend(keys(inner, &format!("{path}."))),
                _ => found.push(path),
            },
            _ => found.push(path),
        }
    }
    found
}

#[test]
fn what_is_wrong_is_named_with_the_cure() {
    let environment = "[[environment]]\nname = \"production\"\n";
    for (text, sentence) in [
        ("[server]\nlistn = \"x\"", "line 2 cannot be used: there is no key \"listn\" here; did you mean \"listen\"?"),
        ("[poll]\nservices = \"15x\"", "line 2 cannot be used: \"15x\" is not a duration; write one such as \"15s\" or \"2m\""),
        ("[poll]\nzebra = 1", "there is no key \"zebra\" here; the keys are services, alarms, nats, metrics, rate_share."),
        ("", "names nothing to watch"),
        (&format!("{environment}[access]\nsession_idle = \"10s\""), "access.session_idle is 10s; it must lie between 1m and 90days."),
        (&format!("{environment}[access]\nsession_idle = \"8days\""), "access.session_idle is longer than access.session_longest"),
        (&format!("{environment}[access]\nenabled = false"), "there is no key \"enabled\" here"),
        ("[poll]\nservices = \"10ms\"\n[[environment]]\nname = \"p\"", "poll.services is 10ms; it must lie between 1s and 1h."),
        (&format!("{environment}{environment}"), "two [[environment]] named \"production\""),
        (&format!("{environment}account_id = \"12\""), "account_id \"12\" is not twelve digits"),
        (&format!("{environment}external_id = \"x\""), "external_id belongs to a role_arn"),
        (&format!("{environment}[[environment.do_not_touch]]\nservice = \"a\"\nreason = \" \""), "do_not_touch for \"a\" needs a reason"),
        (&format!("{environment}events_queue = \"signalbox-events\""), "line 3 cannot be used: \"signalbox-events\" is no URL of a queue"),
        (
            &format!("{environment}events_queue = \"arn:aws:sqs:us-east-1:111122223333:q\""),
            "write its URL: https://sqs.us-east-1.amazonaws.com/111122223333/q",
        ),
        (
            &format!("{environment}region = \"us-east-1\"\nevents_queue = \"https://sqs.eu-west-1.amazonaws.com/111122223333/q\""),
            "events_queue is in eu-west-1, but the environment is in us-east-1",
        ),
        (
            &format!("{environment}events_queue = \"{QUEUE}\"\n[[environment]]\nname = \"staging\"\nevents_queue = \"{QUEUE}\""),
            "the environments \"production\" and \"staging\" name the same events_queue",
        ),
        ("[[nats]]\nname = \"bus\"", "nats \"bus\" has no address"),
        ("[[nats]]\nname = \"bus\"\nurls = [\"10.0.0.1:4222\"]", "must begin with nats:// or tls://"),
        (
            "[[nats]]\nname = \"bus\"\nenvironments = [\"x\"]\nurls = [\"nats://h\"]",
            "names the environment \"x\", which is not in this file",
        ),
        (
            "[server]\npublic_url = \"signalbox.example\"\n[[environment]]\nname = \"p\"",
            "must be an origin such as https://signalbox.example",
        ),
        ("[server\n", "line 1 cannot be used"),
    ] {
        let said = refused(text);
        assert!(said.contains(sentence), "{said}\n does not contain\n{sentence}");
    }
}

#[test]
fn secrets_are_never_printed() {
    let mut config = Config::from_sdk_chain();
    let text = "[[nats]]\nname = \"bus\"\nurls = [\"nats://h\"]\nuser = \"sys\"";
    config.nats = Config::parse(text, Path::new("x")).unwrap().nats;
    config.nats[0].password = Some(super::Secret::new("CANARY-1".into()));
    assert!(!format!("{config:?}").contains("CANARY"));
    assert!(!toml::to_string(&config).unwrap().contains("CANARY"));
}

#[test]
fn environments_of_one_account_share_what_it_may_spend() {
    let three = r#"
        [[environment]]
        name = "production"
        region = "us-east-1"
        account_id = "111122223333"
        [[environment]]
        name = "staging"
        region = "us-east-1"
        account_id = "111122223333"
        [[environment]]
        name = "elsewhere"
        region = "us-east-1"
        account_id = "444455556666"
    "#;
    let config = Config::parse(three, Path::new("signalbox.toml")).unwrap();
    let spent = |config: &Config| {
        config
            .environments
            .iter()
            .map(|of| (config.allowance(of).usd_per_month, config.allowance(of).prices.free_requests))
            .collect::<Vec<_>>()
    };
    assert_eq!(spent(&config), [(2.5, 500_000), (2.5, 500_000), (5.0, 1_000_000)]);
    // which account an environment is in may be left to its credentials; it then takes its part everywhere
    let config = Config::parse(&three.replacen("account_id = \"111122223333\"", "", 1), Path::new("signalbox.toml")).unwrap();
    assert_eq!(spent(&config), [(5.0 / 3.0, 333_333), (2.5, 500_000), (2.5, 500_000)]);
}
