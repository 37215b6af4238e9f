//! Copying a task definition without losing anything of it.
//!
//! Separate because it works on the raw JSON that ECS answered and on nothing typed: a typed copy silently drops the fields
//! its library does not know yet, and the service then runs without them. So a copy is refused at the first path that is not
//! in [`known::KNOWN`], and what was registered is read back and compared path by path. The trap: tags are not part of the
//! definition; DescribeTaskDefinition tells them beside it, and only when asked to.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

mod known;

/// What only answers hold (TaskDefinition against RegisterTaskDefinitionRequest, ECS API model).
const ONLY_IN_ANSWERS: [&str; 9] = [
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
];

/// A revision as DescribeTaskDefinition with `include=TAGS` answered it, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Described {
    /// The object `taskDefinition`.
    pub definition: Value,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Why a definition cannot be copied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCopy {
    /// ECS has a field this version does not know.
    #[error(
        "its definition has {} that this version of Signalbox does not know: {}. A copy would lose {}; update Signalbox, or change this service by other means",
        if paths.len() == 1 { "a field" } else { "fields" },
        paths.join(", "),
        if paths.len() == 1 { "it" } else { "them" }
    )]
    Unknown {
        /// The paths, in order.
        paths: Vec<String>,
    },
    /// The answer is no task definition.
    #[error("ECS's answer holds no task definition")]
    Nothing,
    /// The change names a container that is not there.
    #[error("revision {revision} has no container {container}; it has {}", there.join(", "))]
    NoContainer {
        /// The revision looked at.
        revision: String,
        /// The container asked for.
        container: String,
        /// Those it has.
        there: Vec<String>,
    },
}

/// What RegisterTaskDefinition is to be sent, and where it differs from what it was copied from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Copy {
    /// The request without its tags.
    pub request: Value,
    /// The paths that differ on purpose: JSON pointers (RFC 6901).
    pub planned: BTreeSet<String>,
    /// What it is a copy of, where that is not what the service runs: an INACTIVE revision that is wanted back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Box<Described>>,
}

impl Described {
    /// Its full ARN.
    pub fn arn(&self) -> &str {
        self.text("taskDefinitionArn")
    }

    /// Its family.
    pub fn family(&self) -> &str {
        self.text("family")
    }

    /// Whether it can be set on a service. INACTIVE ones go on running but cannot (DeregisterTaskDefinition).
    pub fn is_active(&self) -> bool {
        self.text("status") == "ACTIVE"
    }

    fn text(&self, name: &str) -> &str {
        self.definition.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Names of its containers, in its order.
    pub fn containers(&self) -> Vec<&str> {
        let all = self.definition.get("containerDefinitions").and_then(Value::as_array);
        all.into_iter().flatten().filter_map(|container| container.get("name")?.as_str()).collect()
    }

    /// Images of its containers, in its order.
    pub fn images(&self) -> Vec<&str> {
        let all = self.definition.get("containerDefinitions").and_then(Value::as_array);
        all.into_iter().flatten().filter_map(|container| container.get("image")?.as_str()).collect()
    }

    /// The same as a request to register it once more.
    ///
    /// # Errors
    /// When it holds a path this version does not know.
    pub fn copy(&self) -> Result<Copy, NoCopy> {
        let Some(answered) = self.definition.as_object().filter(|object| object.contains_key("family")) else {
            return Err(NoCopy::Nothing);
        };
        let kept = answered.iter().filter(|(name, _)| !ONLY_IN_ANSWERS.contains(&name.as_str()));
        let request: Map<String, Value> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
        let request = Value::Object(request);
        let paths = unknown(&request);
        if paths.is_empty() { Ok(Copy { request, planned: BTreeSet::new(), of: None }) } else { Err(NoCopy::Unknown { paths }) }
    }

    /// The same as a request to register it once more, for a service that runs another revision now.
    ///
    /// # Errors
    /// When it holds a path this version does not know.
    pub fn copy_again(&self) -> Result<Copy, NoCopy> {
        self.copy().map(|copy| Copy { of: Some(Box::new(self.clone())), ..copy })
    }
}

/// Whether a field of this name stands in answers alone.
pub(super) fn only_in_answers(name: &str) -> bool {
    ONLY_IN_ANSWERS.contains(&name)
}

/// Whether a tag is AWS's own: nobody else may set it (ECS API, Tag: `aws:` in any case).
pub(super) fn reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

impl Copy {
    /// What it is a copy of: `running`, unless it says otherwise.
    pub fn origin<'a>(&'a self, running: &'a Described) -> &'a Described {
        self.of.as_deref().unwrap_or(running)
    }

    /// Sets a field of one container, or takes it out, and remembers that this was meant.
    ///
    /// # Errors
    /// When there is no such container.
    pub fn set(&mut self, container: &str, field: &str, value: Option<Value>) -> Result<(), NoCopy> {
        let missing = |copy: &Self| NoCopy::NoContainer {
            revision: copy.request.get("family").and_then(Value::as_str).unwrap_or_default().to_owned(),
            container: container.to_owned(),
            there: copy.containers(),
        };
        let place = self.containers().iter().position(|name| name == container).ok_or_else(|| missing(self))?;
        let found = self.request.pointer_mut(&format!("/containerDefinitions/{place}")).and_then(Value::as_object_mut);
        let Some(found) = found else { return Err(missing(self)) };
        let before = match value.clone() {
            Some(value) => found.insert(field.to_owned(), value),
            None => found.remove(field),
        };
        if before != value {
            self.planned.insert(format!("/containerDefinitions/{place}/{field}"));
        }
        Ok(())
    }

    fn containers(&self) -> Vec<String> {
        let all = self.request.get("containerDefinitions").and_then(Value::as_array);
        all.into_iter().flatten().filter_map(|container| container.get("name")?.as_str().map(str::to_owned)).collect()
    }

    /// Whether anything is different from what was copied.
    pub fn changes_anything(&self) -> bool {
        !self.planned.is_empty()
    }

    /// What was registered against what it was copied from and what was sent: every path that is otherwise than planned, as
    /// sentences; empty where the copy is true. `tags` are those that were meant to be on it, our own included.
    pub fn differences(&self, from: &Described, back: &Described, tags: &BTreeMap<String, String>) -> Vec<String> {
        let (sent, original, got) = (leaves(&self.request), stripped(from), stripped(back));
        let mut wrong = BTreeSet::new();
        for path in sent.keys().chain(got.keys()).collect::<BTreeSet<_>>() {
            let planned = self.planned.iter().any(|planned| path == planned || path.starts_with(&format!("{planned}/")));
            let meant = if planned { sent.get(path) } else { original.get(path) };
            if meant != got.get(path) {
                wrong.insert(format!("{path} is {}, meant was {}", said(got.get(path)), said(meant)));
            }
        }
        for (key, value) in tags {
            if back.tags.get(key) != Some(value) {
                wrong.insert(format!(
                    "the tag {key} is {}, meant was {value:?}",
                    said(back.tags.get(key).map(|tag| Value::from(tag.as_str())).as_ref())
                ));
            }
        }
        wrong.into_iter().collect()
    }

    /// How many paths of what was registered had to be equal and were compared.
    pub fn compared(&self) -> usize {
        leaves(&self.request).len()
    }
}

fn said(value: Option<&Value>) -> String {
    value.map_or_else(|| "absent".to_owned(), |value| value.to_string().chars().take(120).collect())
}

fn stripped(of: &Described) -> BTreeMap<String, Value> {
    let mut definition = of.definition.clone();
    if let Some(object) = definition.as_object_mut() {
        object.retain(|name, _| !ONLY_IN_ANSWERS.contains(&name.as_str()));
    }
    leaves(&definition)
}

/// Every value that holds no other, by its JSON pointer. What is empty or null is the same as absent: ECS answers empty
/// lists for what was never sent.
fn leaves(of: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    walk(of, "", &mut |path, value| {
        found.insert(path.to_owned(), value.clone());
    });
    found
}

fn walk(of: &Value, path: &str, found: &mut impl FnMut(&str, &Value)) {
    match of {
        Value::Null => {}
        // off, which is what its absence means as well (ECS API, HealthCheck); ECS need not tell it back
        Value::Number(number) if number.as_u64() == Some(0) && path.ends_with("/healthCheck/startPeriod") => {}
        Value::Object(object) => {
            for (name, value) in object {
                walk(value, &format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                walk(value, &format!("{path}/{index}"), found);
            }
        }
        leaf => found(path, leaf),
    }
}

/// The paths of a request that are in no list of ours.
fn unknown(request: &Value) -> Vec<String> {
    let mut strange = BTreeSet::new();
    shapes(request, "", &mut |path| {
        if !known::KNOWN.contains(&path) {
            strange.insert(path.to_owned());
        }
    });
    strange.into_iter().collect()
}

/// The paths of everything that is not null, as `known` writes them. An empty object or list has a path as well: it may be a
/// field nobody knows.
fn shapes(of: &Value, path: &str, found: &mut impl FnMut(&str)) {
    match of {
        Value::Null => {}
        // a map takes any key, also one with a dot in it
        Value::Object(_) if known::KNOWN.iter().any(|known| known.strip_suffix(".*") == Some(path)) => {}
        Value::Object(object) if !object.is_empty() => {
            for (name, value) in object {
                let under = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                shapes(value, &under, found);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for value in list {
                shapes(value, &format!("{path}[]"), found);
            }
        }
        Value::Object(_) | Value::Array(_) => {
            // nothing is in it: known if anything below it is
            if !known::KNOWN
                .iter()
                .any(|known| known.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']) || rest.is_empty()))
            {
                found(path);
            }
        }
        _ => found(path),
    }
}

#[cfg(test)]
mod tests;
