//! Cuts out of an answer, before the SDK reads it, what the one who asked will not look at.
//!
//! ECS sends the last hundred events with every service, and every container and network interface with every task, and
//! offers no way to decline them: most of the bytes, which the SDK then turns into objects that a sweep of state throws
//! away. Separate from the HTTP client, because it knows the answers' shape. The trap: what is not exactly that shape must
//! come through untouched, so that it is the SDK that says what is wrong with it.

/// What is cut: of which operation, which fields of the things its answer lists. Only lists and objects go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cut(&'static [(&'static str, &'static [&'static str])]);

impl Cut {
    /// What only a record of the fleet keeps.
    pub(crate) const HISTORY: Self = Self(&[("DescribeServices", &["events"])]);
    /// All but what decides whether a service is up.
    pub(crate) const DETAIL: Self = Self(&[
        ("DescribeServices", &["deploymentConfiguration", "events", "loadBalancers", "networkConfiguration", "placementStrategy"]),
        ("DescribeTasks", &["attachments", "attributes", "containers", "overrides", "tags"]),
    ]);

    /// The fields to cut from the answer to a request of this target (`AmazonEC2ContainerServiceV20141113.ListTasks`).
    pub(super) fn of(self, target: &str) -> Option<&'static [&'static str]> {
        let operation = target.rsplit('.').next()?;
        self.0.iter().find(|(known, _)| *known == operation).map(|(_, fields)| *fields)
    }
}

/// Where the fields stand: in an object (3) of an array (2) of the answer (1).
const ITEM: usize = 3;

/// The answer with these fields of its items empty; nothing where there are none, or it is no JSON.
pub(super) fn without(answer: &[u8], fields: &[&str]) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let (mut from, mut at, mut depth) = (0, 0, 0_usize);
    while let Some(byte) = answer.get(at) {
        match byte {
            b'"' => {
                let end = after_string(answer, at)?;
                at = match value_to_cut(answer, end).filter(|_| depth == ITEM && named(answer, at, end, fields)) {
                    Some((value, empty)) => {
                        kept.extend_from_slice(answer.get(from..value)?);
                        kept.extend_from_slice(empty);
                        from = after_value(answer, value)?;
                        from
                    }
                    None => end,
                };
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
    if from == 0 {
        return None;
    }
    kept.extend_from_slice(answer.get(from..)?);
    Some(kept)
}

fn named(answer: &[u8], at: usize, end: usize, fields: &[&str]) -> bool {
    let name = answer.get(at + 1..end - 1).unwrap_or_default();
    fields.iter().any(|field| field.as_bytes() == name)
}

/// Where the list or object begins whose key is the string from `at` to `end`, and what is put in its place.
fn value_to_cut(answer: &[u8], end: usize) -> Option<(usize, &'static [u8])> {
    let colon = after_space(answer, end);
    let value = (answer.get(colon) == Some(&b':')).then(|| after_space(answer, colon + 1))?;
    match answer.get(value)? {
        b'[' => Some((value, b"[]")),
        b'{' => Some((value, b"{}")),
        _ => None,
    }
}

/// Behind the list or object that begins at `at`.
fn after_value(answer: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match answer.get(at)? {
            b'"' => {
                at = after_string(answer, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Behind the string whose opening quote stands at `at`.
fn after_string(answer: &[u8], at: usize) -> Option<usize> {
    let mut from = at + 1;
    loop {
        let found = from + memchr::memchr2(b'"', b'\\', answer.get(from..)?)?;
        if answer.get(found) == Some(&b'"') {
            return Some(found + 1);
        }
        from = found + 2;
    }
}

fn after_space(answer: &[u8], from: usize) -> usize {
    let rest = answer.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(answer: &str) -> Option<String> {
        without(answer.as_bytes(), &["events", "network"]).map(|kept| String::from_utf8(kept).unwrap())
    }

    #[test]
    fn only_the_named_fields_of_items_go() {
        let answer = r#"{"services": [{"a": "x", "events" : [{"m": "] \" \\"}, []], "z": {"events": [1]}, "network":{"a":[{}]}}, {"events":[]}], "events": [2]}"#;
        let left = r#"{"services": [{"a": "x", "events" : [], "z": {"events": [1]}, "network":{}}, {"events":[]}], "events": [2]}"#;
        assert_eq!(cut(answer).unwrap(), left);
    }

    #[test]
    fn what_has_none_or_is_broken_is_left_to_the_sdk() {
        for answer in [
            "",
            "[]",
            r#"{"services":[]}"#,
            r#"{"services":[{"events":null,"network":"events"}]}"#,
            r#"{"services":[{"name":"events"}]}"#,
            r#"{"services":[{"events":[{"#,
            r#"{"services":[{"events":["\"#,
            r#"{"services":[{"events"#,
            "}}}]]",
            "<html>",
        ] {
            assert_eq!(cut(answer), None, "{answer}");
        }
    }

    #[test]
    fn an_operation_has_its_own_fields() {
        assert_eq!(Cut::HISTORY.of("AmazonEC2ContainerServiceV20141113.DescribeServices"), Some(["events"].as_slice()));
        assert_eq!(Cut::HISTORY.of("AmazonEC2ContainerServiceV20141113.DescribeTasks"), None);
        assert!(Cut::DETAIL.of("AmazonEC2ContainerServiceV20141113.DescribeTasks").is_some());
        assert_eq!(Cut::default().of("AmazonEC2ContainerServiceV20141113.DescribeServices"), None);
        assert_eq!(Cut::DETAIL.of(""), None);
    }
}
