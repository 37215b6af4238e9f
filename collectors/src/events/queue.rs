//! A queue's URL, and whether anything can reach the queue.
//!
//! Separate because the config is checked with it before anything is asked. The trap: the SDK does not connect to this
//! URL. It finds SQS the standard way (region, endpoint) and only *names* the queue by the URL, so a URL of another region
//! would be looked for in ours and not be found; that is refused here, in words.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where SQS's own hosts end.
const AWS_HOSTS: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];
/// What SQS allows in a queue's name, in characters, `.fifo` included (SQS developer guide, "Queue and message identifiers").
const LONGEST_NAME: usize = 80;

/// What a person is shown.
const EXAMPLE: &str = "https://sqs.us-east-1.amazonaws.com/111122223333/signalbox-events";

/// The URL of a queue: `https://sqs.us-east-1.amazonaws.com/111122223333/signalbox-events`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueueUrl {
    url: String,
    region: Option<String>,
    account: String,
    name: String,
}

/// The text is no queue's URL: a sentence that says why not, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoQueue(String);

impl fmt::Display for NoQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for NoQueue {}

impl QueueUrl {
    /// The URL as it was given.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Region, where the host tells it; LocalStack's and a VPC's own names need not.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The account that owns it.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl TryFrom<String> for QueueUrl {
    type Error = NoQueue;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<QueueUrl> for String {
    fn from(queue: QueueUrl) -> Self {
        queue.url
    }
}

impl FromStr for QueueUrl {
    type Err = NoQueue;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no = |why: String| Err(NoQueue(format!("\"{}\" {why}", domain::text::shown(text))));
        if let Some(rest) = text.strip_prefix("arn:") {
            let parts: Vec<&str> = rest.split(':').collect();
            return match parts.as_slice() {
                [partition, "sqs", region, account, name] => no(format!(
                    "is the queue's ARN; write its URL: https://sqs.{region}.amazonaws.com{}/{account}/{name}",
                    if *partition == "aws-cn" { ".cn" } else { "" }
                )),
                _ => no("is the ARN of something else than a queue; write the URL of an SQS queue".to_owned()),
            };
        }
        let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
            return no("is no URL of a queue; `aws sqs get-queue-url --queue-name NAME` prints it".to_owned());
        };
        if rest.contains(['@', '?', '#']) || rest.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            return no("holds more than the URL of a queue: no user, no question mark, no fragment, no blank".to_owned());
        }
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let segments: Vec<&str> = path.split('/').collect();
        let of_aws = AWS_HOSTS.iter().any(|end| host.ends_with(end));
        // LocalStack may write more before the account
        let (account, name) = match segments.as_slice() {
            [account, name] => (*account, *name),
            [.., account, name] if !of_aws => (*account, *name),
            _ => return no(format!("does not end in an account and the name of a queue: {EXAMPLE}")),
        };
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return no(format!("names the account \"{account}\", which is not twelve digits"));
        }
        if !named_as_queues_are(name) {
            return no(format!("names the queue \"{name}\"; a queue's name has up to {LONGEST_NAME} letters, digits, - and _"));
        }
        let region = region(host);
        if of_aws && region.is_none() {
            return no(format!("is not at SQS: {host} is none of its hosts, which are named like sqs.us-east-1.amazonaws.com"));
        }
        Ok(Self { url: text.to_owned(), region, account: account.to_owned(), name: name.to_owned() })
    }
}

fn named_as_queues_are(name: &str) -> bool {
    let plain = name.strip_suffix(".fifo").unwrap_or(name);
    !plain.is_empty() && name.len() <= LONGEST_NAME && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// `sqs.R.…`, `sqs-fips.R.…`, `x.sqs.R.vpce.…`, and the older `R.queue.…` and `queue.amazonaws.com`.
fn region(host: &str) -> Option<String> {
    let labels: Vec<&str> = host.split(':').next().unwrap_or(host).split('.').collect();
    let after_sqs = labels.iter().position(|label| ["sqs", "sqs-fips"].contains(label)).and_then(|at| labels.get(at + 1));
    let found = match labels.as_slice() {
        ["queue", "amazonaws", "com"] => Some("us-east-1"),
        [region, "queue", "amazonaws", ..] => Some(*region),
        _ => after_sqs.copied(),
    };
    // `us-east-1`, `us-gov-west-1`: words and a number
    let looks_like_one = |label: &&str| label.contains('-') && label.ends_with(|last: char| last.is_ascii_digit());
    found.filter(looks_like_one).map(str::to_owned)
}

/// Whether this policy lets EventBridge or SNS send to the queue; a sentence where it does not.
///
/// A queue without such a policy looks exactly like a fleet in which nothing happens.
pub(crate) fn closed(policy: Option<&str>) -> Option<String> {
    let document: Value = policy.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let statements = match document.get("Statement") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let open = statements.iter().any(|statement| statement.get("Effect").and_then(Value::as_str) == Some("Allow") && sends(statement));
    (!open).then(|| {
        "The queue's policy lets neither EventBridge nor SNS send to it, so nothing arrives unless the rule sends by a role of its own."
            .to_owned()
    })
}

fn sends(statement: &Value) -> bool {
    let principal = statement.get("Principal");
    let any = principal.is_some_and(|principal| words(principal).contains(&"*"))
        || principal.and_then(|principal| principal.get("AWS")).is_some_and(|principal| words(principal).contains(&"*"));
    let service = principal
        .and_then(|principal| principal.get("Service"))
        .is_some_and(|service| words(service).iter().any(|word| ["events.amazonaws.com", "sns.amazonaws.com"].contains(word)));
    let action = statement.get("Action").map(words).unwrap_or_default();
    (any || service)
        && action.iter().any(|action| ["*", "sqs:*", "sqs:send*", "sqs:sendmessage"].contains(&action.to_ascii_lowercase().as_str()))
}

/// One word or a list of them, as IAM allows everywhere.
fn words(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_a_queue_url_has() {
        for (url, region, name) in [
            ("https://sqs.us-east-1.amazonaws.com/111122223333/signalbox-events", Some("us-east-1"), "signalbox-events"),
            ("https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q", Some("cn-north-1"), "q"),
            ("https://sqs-fips.us-gov-west-1.amazonaws.com/111122223333/q.fifo", Some("us-gov-west-1"), "q.fifo"),
            ("https://sqs.eu-west-1.api.aws/111122223333/q", Some("eu-west-1"), "q"),
            ("https://vpce-0a1b-x.sqs.eu-west-1.vpce.amazonaws.com/111122223333/q", Some("eu-west-1"), "q"),
            ("https://eu-west-1.queue.amazonaws.com/111122223333/q", Some("eu-west-1"), "q"),
            ("https://queue.amazonaws.com/111122223333/q", Some("us-east-1"), "q"),
            ("http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/q", Some("us-east-1"), "q"),
            ("http://127.0.0.1:4566/000000000000/q", None, "q"),
            ("http://localhost:4566/queue/us-east-1/000000000000/q", None, "q"),
        ] {
            let queue: QueueUrl = url.parse().unwrap();
            assert_eq!((queue.region(), queue.name(), queue.account().len()), (region, name, 12), "{url}");
            assert_eq!(queue.to_string(), url);
        }
    }

    #[test]
    fn what_is_no_queue_is_told_with_the_cure() {
        for (text, sentence) in [
            ("signalbox-events", "`aws sqs get-queue-url --queue-name NAME` prints it"),
            ("", "is no URL of a queue"),
            ("ftp://sqs.us-east-1.amazonaws.com/111122223333/q", "is no URL of a queue"),
            ("arn:aws:sqs:us-east-1:111122223333:q", "write its URL: https://sqs.us-east-1.amazonaws.com/111122223333/q"),
            ("arn:aws-cn:sqs:cn-north-1:111122223333:q", "https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q"),
            ("arn:aws:sns:us-east-1:111122223333:topic", "the ARN of something else than a queue"),
            ("https://sqs.us-east-1.amazonaws.com", "does not end in an account and the name of a queue"),
            ("https://sqs.us-east-1.amazonaws.com/111122223333/q/", "does not end in an account and the name of a queue"),
            ("https://sqs.us-east-1.amazonaws.com/queue/q", "names the account \"queue\", which is not twelve digits"),
            ("https://sqs.us-east-1.amazonaws.com/111122223333/", "names the queue \"\""),
            ("https://sqs.us-east-1.amazonaws.com/111122223333/a.b", "names the queue \"a.b\""),
            ("https://sns.us-east-1.amazonaws.com/111122223333/q", "is not at SQS: sns.us-east-1.amazonaws.com"),
            ("https://u:secret@sqs.us-east-1.amazonaws.com/111122223333/q", "no user"),
            ("https://sqs.us-east-1.amazonaws.com/111122223333/q?Action=Purge", "no question mark"),
            ("https://sqs.us-east-1.amazonaws.com/111122223333/q\u{7}", "no blank"),
        ] {
            let said = text.parse::<QueueUrl>().unwrap_err().to_string();
            assert!(said.contains(sentence), "{said}\n does not contain\n{sentence}");
            assert!(!said.contains('\u{7}'));
        }
    }

    #[test]
    fn a_queue_that_nothing_can_reach_is_told() {
        let allowing = |principal: &str, action: &str| {
            format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":{action},"Resource":"*"}}]}}"#
            )
        };
        for open in [
            allowing(r#"{"Service":"events.amazonaws.com"}"#, r#""sqs:SendMessage""#),
            allowing(r#"{"Service":["x.amazonaws.com","sns.amazonaws.com"]}"#, r#"["SQS:SendMessage"]"#),
            allowing(r#""*""#, r#""sqs:*""#),
            allowing(r#"{"AWS":"*"}"#, r#""sqs:SendMessage""#),
            r#"{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage"}}"#.to_owned(),
        ] {
            assert_eq!(closed(Some(&open)), None, "{open}");
        }
        for shut in [
            allowing(r#"{"AWS":"arn:aws:iam::111122223333:root"}"#, r#""sqs:*""#),
            allowing(r#"{"Service":"events.amazonaws.com"}"#, r#""sqs:ReceiveMessage""#),
            allowing(r#"{"Service":"events.amazonaws.com"}"#, r#""sqs:SendMessage""#).replace("Allow", "Deny"),
            "not JSON".to_owned(),
            "{}".to_owned(),
        ] {
            assert!(closed(Some(&shut)).is_some(), "{shut}");
        }
        assert!(closed(None).is_some());
    }
}
