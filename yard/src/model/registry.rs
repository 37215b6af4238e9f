//! The account's task definitions: revisions are added, retired, found, and never changed.
//!
//! The trap: a family's revisions are numbered for ever. One that is INACTIVE still counts, and `family` alone means the latest that is ACTIVE.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::model::{
    Fleet, arn,
    definition::{self, TaskDefinition},
};

impl Fleet {
    /// All revisions of a family, in no order that means anything.
    pub(crate) fn revisions_of(&self, family: &str) -> impl Iterator<Item = &TaskDefinition> {
        let prefix = arn::task_definition_family(family);
        // the colon ends the family's name, so nothing longer can stand between
        let of_family = self.definitions.range(prefix.clone()..).take_while(move |(arn, _)| arn.starts_with(&prefix));
        of_family.map(|(_, definition)| definition.as_ref())
    }

    /// Every revision, by family and number.
    pub(crate) fn definitions_in_order(&self) -> Vec<&TaskDefinition> {
        let mut all: Vec<&TaskDefinition> = self.definitions.values().map(AsRef::as_ref).collect();
        all.sort_by(|one, other| (&one.family, one.revision).cmp(&(&other.family, other.revision)));
        all
    }

    pub(crate) fn latest_active(&self, family: &str) -> Option<&TaskDefinition> {
        self.revisions_of(family).filter(|definition| definition.is_active()).max_by_key(|definition| definition.revision)
    }

    /// By ARN, by `family:revision`, or a family's latest ACTIVE revision.
    pub(crate) fn find_definition(&self, given: &str) -> Option<&TaskDefinition> {
        if given.starts_with("arn:") {
            return self.definitions.get(given).map(AsRef::as_ref);
        }
        match given.split_once(':') {
            Some((family, revision)) => self.definitions.get(&arn::task_definition(family, revision.parse().ok()?)).map(AsRef::as_ref),
            None => self.latest_active(given),
        }
    }

    /// Registers a revision from a request (without its tags) that has been found valid; answers its ARN.
    pub(crate) fn register(&mut self, mut request: Map<String, Value>, tags: Vec<(String, String)>, by: String) -> String {
        definition::fill_in(&mut request);
        let family = request.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
        let latest = self.revisions_of(&family).map(|definition| definition.revision).max().unwrap_or(0);
        let units = |name: &str| request.get(name).and_then(Value::as_str).and_then(|text| text.parse().ok()).unwrap_or(0);
        let definition = TaskDefinition {
            revision: latest + 1,
            cpu: units("cpu"),
            memory: units("memory"),
            containers: definition::containers(&request),
            bridge: request.get("networkMode").and_then(Value::as_str).is_some_and(|mode| mode == "bridge"),
            registered: Some(request),
            registered_at: self.now,
            registered_by: by,
            deregistered_at: None,
            tags,
            family,
        };
        let arn = definition.arn();
        self.note(format!("task definition {}:{} is registered", definition.family, definition.revision));
        self.definitions.insert(arn.clone(), Arc::new(definition));
        self.changed();
        arn
    }

    /// The tags of a service, by its name, or of a task definition, by its ARN.
    pub(crate) fn tags_of(&mut self, arn: &str, service: Option<&str>) -> Option<&mut Vec<(String, String)>> {
        if let Some(index) = service.and_then(|name| self.service_index.get(name).copied()) {
            return self.services.get_mut(index).map(|service| &mut service.tags);
        }
        self.definitions.get_mut(arn).map(|definition| &mut Arc::make_mut(definition).tags)
    }

    /// Makes a revision INACTIVE: what runs of it goes on, and no service can be set to it. Answers whether there is one.
    pub(crate) fn deregister(&mut self, arn: &str) -> bool {
        let now = self.now;
        let Some(definition) = self.definitions.get_mut(arn) else { return false };
        if definition.is_active() {
            let definition = Arc::make_mut(definition);
            definition.deregistered_at = Some(now);
            let line = format!("task definition {}:{} is deregistered", definition.family, definition.revision);
            self.note(line);
            self.changed();
        }
        true
    }
}
