//! S1 to S5: what the containers of a revision may do, write, are told and may use.

use std::collections::BTreeSet;

use super::facts::ServiceFacts;
use super::health::unread;
use super::sight::Sight;
use super::{Told, count, named};
use crate::readiness::evidence::{Answer, Unknown};
use crate::service::{ContainerDefinition, Hardening};
use crate::text;

/// Every container with what was read of it.
type Read<'a> = Vec<(&'a ContainerDefinition, &'a Hardening)>;

/// The containers with what was read of each.
///
/// # Errors
/// The revision was not read, or by a Signalbox that did not keep this yet.
fn read<'a>(facts: &ServiceFacts<'a>) -> Result<Read<'a>, Told> {
    let Some(containers) = facts.containers() else { return Err(unread(facts)) };
    let read: Option<Read<'a>> = containers.iter().map(|of| Some((of, of.hardening.as_ref()?))).collect();
    read.ok_or_else(|| Told::unknown(Unknown::NeverCollected, "Its revision was read before this was kept; it is read again soon."))
}

/// How many of its containers do well, where those named do not.
fn share(all: usize, wrong: &[&str]) -> Answer {
    Answer::share((all - wrong.len()) as u64, all as u64)
}

/// Those of which something is so, by name.
fn names<'a>(read: &Read<'a>, is: impl Fn(&ContainerDefinition, &Hardening) -> bool) -> Vec<&'a str> {
    read.iter().filter(|(of, hardening)| is(of, hardening)).map(|(of, _)| of.name.as_str()).collect()
}

/// Whether a user, as written (`user`, `user:group`, `uid:gid`), is root.
pub(super) fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or(user).trim();
    name == "root" || (!name.is_empty() && name.bytes().all(|digit| digit == b'0'))
}

/// S1. The gate is for the rights of the host alone.
pub(super) fn has_few_rights(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let read = match read(facts) {
        Ok(read) => read,
        Err(unread) => return unread,
    };
    let privileged = names(&read, |_, of| of.privileged);
    if !privileged.is_empty() {
        let (few, who) = (privileged.len(), named(privileged));
        return Told::known(Answer::FAIL, format!("{few} of its containers have the rights of their host (privileged): {who}."));
    }
    let root = names(&read, |_, of| of.user.as_deref().is_some_and(is_root));
    let unsaid = names(&read, |_, of| of.user.as_deref().is_none_or(|user| user.trim().is_empty()));
    let mut said = vec!["no container is privileged".to_owned()];
    if !root.is_empty() {
        said.push(format!("{} run as root: {}", root.len(), named(root.iter().copied())));
    }
    if !unsaid.is_empty() {
        said.push(format!("of {} the image decides, which is root where it says nothing: {}", unsaid.len(), named(unsaid.iter().copied())));
    }
    // what the image decides is half known: not privileged, and perhaps root
    let all = read.len();
    let points = (all - root.len() - unsaid.len()) * 2 + unsaid.len();
    let first = if root.is_empty() && unsaid.is_empty() { "; every one names a user that is not root" } else { "" };
    Told::known(Answer::share(points as u64, all as u64 * 2).mild(), format!("Of {}: {}{first}.", count(all, "container"), said.join("; ")))
}

/// S2.
pub(super) fn cannot_write_its_root(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let read = match read(facts) {
        Ok(read) => read,
        Err(unread) => return unread,
    };
    let wrong = names(&read, |_, of| !of.read_only_root);
    let said = if wrong.is_empty() {
        format!("Of {} every one has a root filesystem that cannot be written.", count(read.len(), "container"))
    } else {
        format!("{} of {} can write to the root filesystem: {}.", wrong.len(), count(read.len(), "container"), named(wrong.iter().copied()))
    };
    Told::known(share(read.len(), &wrong), said)
}

/// S3. Only names were ever read.
pub(super) fn keeps_its_secrets(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let read = match read(facts) {
        Ok(read) => read,
        Err(unread) => return unread,
    };
    let plain: Vec<&str> = read.iter().flat_map(|(_, of)| of.secret_like.iter().map(String::as_str)).collect();
    let kept: u32 = read.iter().map(|(_, of)| of.secrets).sum();
    let from = format!("{} from Secrets Manager or Parameter Store", text::count(kept.into(), "value"));
    if plain.is_empty() {
        return Told::known(Answer::PASS, format!("No environment variable in plain text is named like a secret; {from}."));
    }
    let said = format!("{} in plain text named like a secret: {}; {from}.", count(plain.len(), "environment variable"), named(plain));
    Told::known(Answer::FAIL, said)
}

/// S4.
pub(super) fn logs(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let read = match read(facts) {
        Ok(read) => read,
        Err(unread) => return unread,
    };
    let wrong = names(&read, |of, _| of.log_driver.is_none());
    let drivers = named(read.iter().filter_map(|(of, _)| of.log_driver.as_deref()).collect::<BTreeSet<_>>());
    let said = if wrong.is_empty() {
        format!("Of {} every one has log settings: {drivers}.", count(read.len(), "container"))
    } else {
        format!("{} of {} have no log settings: {}.", wrong.len(), count(read.len(), "container"), named(wrong.iter().copied()))
    };
    Told::known(share(read.len(), &wrong), said)
}

/// S5. The limit of the task is one of each container.
pub(super) fn is_limited(facts: &ServiceFacts<'_>, _: Sight) -> Told {
    let Some(definition) = facts.definition else { return unread(facts) };
    if let Some(memory) = definition.memory.as_deref().filter(|memory| !memory.trim().is_empty()) {
        return Told::known(Answer::PASS, format!("A task of it may use {} MiB of memory in all.", text::shown(memory)));
    }
    let read = match read(facts) {
        Ok(read) => read,
        Err(unread) => return unread,
    };
    let wrong = names(&read, |_, of| of.memory.is_none());
    let said = if wrong.is_empty() {
        format!("Of {} every one has a limit of memory.", count(read.len(), "container"))
    } else {
        let reserving = names(&read, |_, of| of.memory.is_none() && of.memory_reservation.is_some()).len();
        let (few, all, who) = (wrong.len(), count(read.len(), "container"), named(wrong.iter().copied()));
        format!("{few} of {all} have no limit of memory ({reserving} only reserve some): {who}.")
    };
    Told::known(share(read.len(), &wrong), said)
}
