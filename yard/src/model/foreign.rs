//! Someone else at work in the same account: a pipeline that registers revisions, updates services and retires what it takes for old.
//!
//! It acts as any client would; only who did it is another, and that stands in `registeredBy`.
//! The trap: whoever watches a deployment sees nothing of this but its results.

use serde_json::{Value, json};

use crate::model::{Fleet, NoSuch, arn, update::ServiceChange};

impl Fleet {
    /// Registers a revision of what a service runs, with one setting changed, and leaves the service alone; answers its ARN.
    pub(crate) fn foreign_register(&mut self, service: &str) -> Result<String, NoSuch> {
        let index = self.index_of(service)?;
        let primary = self.services.get(index).and_then(|service| service.primary());
        let definition = primary.and_then(|primary| self.definitions.get(&primary.definition)).cloned();
        let definition = definition.ok_or_else(|| NoSuch::Service(service.to_owned()))?;
        let mut request = definition.request();
        let containers = request.get_mut("containerDefinitions").and_then(Value::as_array_mut);
        let environment = containers.and_then(|containers| containers.first_mut()?.get_mut("environment")?.as_array_mut());
        if let Some(environment) = environment {
            environment.retain(|pair| pair.get("name").is_none_or(|name| name != "BUILD"));
            environment.push(json!({"name": "BUILD", "value": format!("pipeline-{}", self.revision)}));
        }
        Ok(self.register(request, definition.tags.clone(), arn::role("pipeline")))
    }

    /// The same, and updates the service to it; answers the revision's ARN.
    pub(crate) fn foreign_update(&mut self, service: &str) -> Result<String, NoSuch> {
        let index = self.index_of(service)?;
        let arn = self.foreign_register(service)?;
        self.update_service(index, ServiceChange { definition: Some(arn.clone()), ..ServiceChange::default() });
        Ok(arn)
    }

    /// Deregisters the revision that a service ran before its present one; answers its ARN.
    pub(crate) fn deregister_prior(&mut self, service: &str) -> Result<String, NoSuch> {
        let index = self.index_of(service)?;
        let prior = self.services.get(index).and_then(|service| {
            let now = service.primary()?.definition.clone();
            service.revisions.iter().rev().map(|revision| revision.definition.clone()).find(|definition| *definition != now)
        });
        let prior = prior.ok_or_else(|| NoSuch::Prior(service.to_owned()))?;
        self.deregister(&prior);
        Ok(prior)
    }
}
