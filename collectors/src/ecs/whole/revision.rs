//! Revisions as ECS answers them: read whole to be copied, and found again by the tag that says which step meant them.
//!
//! Separate from the sweep's reading of revisions, which keeps what pages show and never looks at a value of an environment.
//! A copy needs all of it, so what leaves this module holds secrets: it goes to the store of a plan and back to AWS, and to
//! no log. The trap of a search: "none carries the tag" leads to registering once more, so a revision that could not be read
//! is an error and never "none".

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{SortOrder, Tag, TaskDefinitionField};
use domain::rollout::INTENT_TAG;
use domain::rollout::definition::Described;
use domain::source::{Fault, FaultKind};
use serde_json::Value;

use super::ServiceReader;
use crate::aws::Connection;
use crate::call::Tally;
use crate::operations::{DESCRIBE_TASK_DEFINITION, LIST_TASK_DEFINITIONS};
use crate::raw::Answered;

/// The newest revisions of a family that are looked at. Ours was the newest when it was registered, and a family seldom
/// gets more than one in a minute.
const NEWEST: usize = 20;
/// What AWS's own tags begin with. They cannot be given to a revision, so they are no part of what is copied.
const OF_AWS: &str = "aws:";

impl ServiceReader {
    /// A revision as DescribeTaskDefinition answers it, with its tags (those that AWS gives by itself left out).
    ///
    /// # Errors
    /// It could not be read, or there is none.
    pub async fn read_revision(&self, arn: &str) -> Result<Described, Fault> {
        let tally = Tally::default();
        let connection = self.connection(&tally).await?;
        described(connection, &tally, arn).await
    }

    /// The revision of this family whose tag [`INTENT_TAG`] has this value, by its ARN; nothing: none of the newest twenty
    /// has it. One ListTaskDefinitions and up to twenty DescribeTaskDefinition, the newest first.
    ///
    /// # Errors
    /// Something could not be read, so that it cannot be said.
    pub async fn find_intent(&self, family: &str, intent: &str) -> Result<Option<String>, Fault> {
        let tally = Tally::default();
        let connection = self.connection(&tally).await?;
        for arn in newest(connection, &tally, family).await? {
            let revision = described(connection, &tally, &arn).await?;
            if revision.tags.get(INTENT_TAG).is_some_and(|value| value == intent) {
                return Ok(Some(arn));
            }
        }
        Ok(None)
    }
}

async fn described(connection: &Connection, tally: &Tally, arn: &str) -> Result<Described, Fault> {
    let answered = Answered::default();
    let call = || {
        let describe = connection.ecs.describe_task_definition().task_definition(arn).include(TaskDefinitionField::Tags);
        describe.customize().interceptor(answered.clone()).send()
    };
    let answer = connection.caller.call(DESCRIBE_TASK_DEFINITION, tally, call).await?;
    let definition = answered.json().and_then(|mut answer| Some(answer.get_mut("taskDefinition")?.take())).filter(Value::is_object);
    let Some(definition) = definition else {
        return Err(Fault::new(FaultKind::Malformed, Some(DESCRIBE_TASK_DEFINITION.name), "the answer holds no task definition"));
    };
    Ok(Described { definition, tags: given(answer.tags.unwrap_or_default()) })
}

fn given(tags: Vec<Tag>) -> BTreeMap<String, String> {
    let pairs = tags.into_iter().filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default())));
    pairs.filter(|(key, _)| !key.to_ascii_lowercase().starts_with(OF_AWS)).collect()
}

/// The newest ACTIVE revisions of a family, the newest first.
async fn newest(connection: &Connection, tally: &Tally, family: &str) -> Result<Vec<String>, Fault> {
    let call = || {
        let list = connection.ecs.list_task_definitions().family_prefix(family).sort(SortOrder::Desc);
        list.max_results(100).send()
    };
    let answer = connection.caller.call(LIST_TASK_DEFINITIONS, tally, call).await?;
    let more = answer.next_token.is_some_and(|token| !token.is_empty());
    in_order(answer.task_definition_arns.unwrap_or_default(), family, more).ok_or_else(|| {
        Fault::new(FaultKind::Malformed, Some(LIST_TASK_DEFINITIONS.name), "the list does not begin with the newest revisions")
    })
}

/// Those of exactly this family, the newest first; nothing where there is `more` and the newest may be among it.
fn in_order(arns: Vec<String>, family: &str, more: bool) -> Option<Vec<String>> {
    let strange = arns.len();
    let mut own: Vec<(u64, String)> =
        arns.into_iter().filter_map(|arn| numbered(&arn).filter(|(of, _)| of == family).map(|(_, number)| (number, arn))).collect();
    let strange = strange - own.len();
    let descending = own.is_sorted_by(|one, next| one.0 > next.0);
    if more && (!descending || (strange > 0 && own.len() < NEWEST)) {
        return None;
    }
    own.sort_unstable_by(|one, other| other.cmp(one));
    Some(own.into_iter().take(NEWEST).map(|(_, arn)| arn).collect())
}

/// `…:task-definition/auth:22` → `auth`, 22
fn numbered(arn: &str) -> Option<(String, u64)> {
    let (family, number) = arn.rsplit('/').next()?.rsplit_once(':')?;
    Some((family.to_owned(), number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arn(name: &str) -> String {
        format!("arn:aws:ecs:us-east-1:111122223333:task-definition/{name}")
    }

    #[test]
    fn a_family_is_not_another_that_begins_with_its_name() {
        let listed = vec![arn("auth-nats:9"), arn("auth:2"), arn("auth:10")];
        assert_eq!(in_order(listed, "auth", false), Some(vec![arn("auth:10"), arn("auth:2")]));
    }

    #[test]
    fn where_the_newest_may_be_on_another_page_nothing_is_said() {
        let up = vec![arn("auth:2"), arn("auth:10")];
        assert_eq!(in_order(up, "auth", true), None);
        let down = vec![arn("auth:10"), arn("auth:2")];
        assert!(in_order(down, "auth", true).is_some());
        assert_eq!(in_order(vec![arn("auth-nats:9")], "auth", true), None, "others may stand before ours");
        let many: Vec<String> = (1..=30).rev().map(|number| arn(&format!("auth:{number}"))).collect();
        assert_eq!(in_order(many, "auth", false).map(|found| found.len()), Some(NEWEST));
    }

    #[test]
    fn tags_that_nobody_can_give_are_no_part_of_a_copy() {
        let tag = |key: &str| Tag::builder().key(key).value("x").build();
        let kept = given(vec![tag("team"), tag("aws:cloudformation:stack-name"), tag("AWS:x")]);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["team"]);
    }
}
