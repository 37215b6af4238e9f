//! What is known by its form: account numbers, ARNs, addresses, links, mail addresses, task ids.
//!
//! Wide rather than exact. A version or a file name that is taken for a host costs the reader a word; an address that is
//! missed costs its owner the redaction.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Twelve digits.
    Account,
    /// An IPv4 or IPv6 address, a host name.
    Address,
    /// An ARN.
    Arn,
    /// A URL.
    Link,
    /// A mail address.
    Mail,
    /// The id of a task or container: 32 hexadecimal digits or more.
    Task,
}

/// What a token begins with, and how long that is. A token ends at a blank, a comma, a bracket, a quote.
pub(super) fn form(token: &str) -> Option<(usize, Form)> {
    let all = token.trim_end_matches(['.', ':', '!', '?', '…', '/']).len();
    let whole = token.get(..all)?;
    if whole.starts_with("arn:") {
        return Some((all, Form::Arn));
    }
    if let Some((scheme, rest)) = whole.split_once("://")
        && !rest.is_empty()
        && scheme.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '+' | '-' | '.'))
    {
        return Some((all, Form::Link));
    }
    let (digits, hex) = (run(whole, |c| c.is_ascii_digit()), run(whole, |c| c.is_ascii_hexdigit()));
    if digits == 12 && !whole.get(12..).is_some_and(|rest| rest.starts_with(char::is_alphanumeric)) {
        return Some((12, Form::Account));
    }
    if hex >= 32 && whole.get(hex..).is_none_or(|rest| !rest.starts_with(char::is_alphanumeric)) {
        return Some((hex, Form::Task));
    }
    let mail = run(whole, |c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '@'));
    if whole.get(..mail).is_some_and(|mail| mail.split_once('@').is_some_and(|(who, host)| !who.is_empty() && is_host(host))) {
        return Some((mail, Form::Mail));
    }
    // fe80::1, with a port in brackets outside of the token
    let six = run(whole, |c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
    if whole.get(..six).is_some_and(|six| six.parse::<std::net::Ipv6Addr>().is_ok()) {
        return Some((six, Form::Address));
    }
    let host = whole.get(..run(whole, |c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_')))?.trim_end_matches(['.', '-']);
    (is_four(host) || is_host(host) || is_inner(host)).then_some((host.len(), Form::Address))
}

/// How many bytes from the beginning are such characters.
fn run(text: &str, such: impl Fn(char) -> bool) -> usize {
    text.find(|character: char| !such(character)).unwrap_or(text.len())
}

fn is_four(text: &str) -> bool {
    text.parse::<std::net::Ipv4Addr>().is_ok()
}

/// `ip-10-0-1-5`, as ECS and EC2 name machines.
fn is_inner(text: &str) -> bool {
    text.strip_prefix("ip-").is_some_and(|rest| is_four(&rest.replace('-', ".")))
}

/// `wiki.example.com`: labels of which the last is letters alone.
fn is_host(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let last = labels.last().copied().unwrap_or_default();
    labels.len() >= 2 && labels.iter().all(|label| !label.is_empty()) && last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_known() {
        for (token, found) in [
            ("111122223333", Some((12, Form::Account))),
            ("111122223333:", Some((12, Form::Account))),
            ("1111222233334", None),
            ("111122223333/x", Some((12, Form::Account))),
            ("arn:aws:ecs:us-east-1:111122223333:task/a/b.", Some((43, Form::Arn))),
            ("https://wiki.example.com/load.", Some((29, Form::Link))),
            ("nats://10.0.1.10:4222", Some((21, Form::Link))),
            ("10.0.1.10", Some((9, Form::Address))),
            ("10.0.1.10:4222", Some((9, Form::Address))),
            ("10.0.1.", None),
            ("2.10.4", None),
            ("fe80::1", Some((7, Form::Address))),
            ("09:41:03", None),
            ("ip-10-0-1-5", Some((11, Form::Address))),
            ("ip-10-0-1-5.ec2.internal", Some((24, Form::Address))),
            ("nina@example.com", Some((16, Form::Mail))),
            ("e.g.", None),
            ("3f9c1a3f9c1a3f9c1a3f9c1a3f9c1a3f", Some((32, Form::Task))),
            ("tasks", None),
            ("H1", None),
            ("", None),
        ] {
            assert_eq!(form(token), found, "{token}");
        }
    }
}
