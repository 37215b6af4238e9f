//! Whose connection is this? Pure: every source of an answer is asked, and what each said is kept as proof.
//!
//! A source address is the address of a task at one time and of another's an hour later, a name is whatever the client
//! wishes to be called, a user may be shared. So no source decides alone in silence: two that agree confirm, one alone
//! attributes, two that disagree are a finding, and what nobody claims stays in sight as unattributed. The traps: an
//! address is joined with *time* (a task's life), and it says nothing at all behind a proxy or where several tasks
//! share the address of their host.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::judge::Tone;
use crate::nats::Connection;
use crate::service::ServiceKey;
use crate::text;

/// How far the clocks of ECS and of a node may differ before a connection counts as outside of a task's life.
pub const CLOCKS_APART: Duration = Duration::from_secs(5);

/// A task, as far as ownership needs it: who it is, where it is, and when it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLife {
    /// Its service.
    pub service: ServiceKey,
    /// Last part of its ARN.
    pub id: String,
    /// Its private address.
    pub address: Option<String>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// When it had stopped.
    pub stopped: Option<Timestamp>,
}

impl TaskLife {
    /// Whether it lived at `at`, give or take what clocks differ.
    fn lived(&self, at: Timestamp) -> bool {
        self.created.is_none_or(|created| created <= at.plus(CLOCKS_APART))
            && self.stopped.is_none_or(|stopped| at <= stopped.plus(CLOCKS_APART))
    }
}

/// Everybody who could own a connection.
#[derive(Clone, Debug, Default)]
pub struct Register {
    /// Services by name; one name may live in several places.
    services: BTreeMap<String, BTreeSet<ServiceKey>>,
    by_address: BTreeMap<String, Vec<TaskLife>>,
    by_id: BTreeMap<String, ServiceKey>,
}

impl Register {
    /// Registers services and tasks.
    pub fn new(services: impl IntoIterator<Item = ServiceKey>, tasks: impl IntoIterator<Item = TaskLife>) -> Self {
        let mut register = Self::default();
        for key in services {
            register.services.entry(key.service.clone()).or_default().insert(key);
        }
        for task in tasks {
            register.by_id.insert(task.id.clone(), task.service.clone());
            if let Some(address) = task.address.clone() {
                register.by_address.entry(address).or_default().push(task);
            }
        }
        register
    }

    /// The services called exactly so.
    fn named(&self, name: &str) -> BTreeSet<ServiceKey> {
        self.services.get(name).cloned().unwrap_or_default()
    }

    /// The service something *named after* a service belongs to, such as a consumer: the longest name that it is or
    /// begins with (case, `_`, `.` and `-` alike).
    pub fn named_after(&self, name: &str) -> Option<&ServiceKey> {
        let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '.'], "-");
        let wanted = plain(name);
        let begins = |service: &str| wanted.strip_prefix(&plain(service)).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        let longest = self.services.iter().filter(|(service, _)| begins(service)).max_by_key(|(service, _)| service.len())?;
        Some(longest.1).filter(|keys| keys.len() == 1)?.first()
    }
}

/// Where a proof comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The source address is a task's, at that time.
    Address,
    /// The certificate the client showed names a service.
    Certificate,
    /// It came in as a user called like a service.
    User,
    /// It calls itself like a service.
    Name,
    /// Its account is called like a service.
    Account,
}

/// What one source says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Proof {
    /// Which source.
    pub by: Evidence,
    /// What it says, as a clause.
    pub says: String,
    /// Whether it speaks for the owner; false where it speaks for another.
    pub agrees: bool,
}

/// How sure we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// Two sources name different services.
    Conflicting,
    /// No source names a service.
    Unattributed,
    /// Several services fit equally.
    Ambiguous,
    /// It came through a proxy and nothing else says whose it is.
    Proxied,
    /// One source, or several of which none is hard to forge.
    Attributed,
    /// The address (or certificate) and another source agree.
    Confirmed,
}

impl Certainty {
    /// Every certainty, worst first.
    pub const ALL: [Self; 6] = [Self::Conflicting, Self::Unattributed, Self::Ambiguous, Self::Proxied, Self::Attributed, Self::Confirmed];

    /// The word in the store, in URLs and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Conflicting => "conflicting",
            Self::Unattributed => "unattributed",
            Self::Ambiguous => "ambiguous",
            Self::Proxied => "proxied",
            Self::Attributed => "attributed",
            Self::Confirmed => "confirmed",
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|certainty| certainty.as_str() == word)
    }

    /// How it is drawn.
    pub const fn tone(self) -> Tone {
        match self {
            Self::Conflicting => Tone::Warn,
            Self::Unattributed | Self::Ambiguous | Self::Proxied => Tone::Unknown,
            Self::Attributed | Self::Confirmed => Tone::Good,
        }
    }
}

/// A connection's owner, with proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Ownership {
    /// How sure we are.
    pub certainty: Certainty,
    /// The service it belongs to; of a conflict, the one the best source names.
    pub owner: Option<ServiceKey>,
    /// The task, where the address names one.
    pub task: Option<String>,
    /// What every source that could say something says.
    pub proof: Vec<Proof>,
}

impl Ownership {
    /// The proof in one line.
    pub fn in_words(&self) -> String {
        let part = |proof: &Proof| if proof.agrees { proof.says.clone() } else { format!("but {}", proof.says) };
        if self.proof.is_empty() {
            return "no address, certificate, user, name or account of it is known".to_owned();
        }
        self.proof.iter().map(part).collect::<Vec<_>>().join("; ")
    }
}

/// What one source claims: the services it could mean.
struct Claim {
    by: Evidence,
    services: BTreeSet<ServiceKey>,
    says: String,
}

/// Whose connection it is. `same_time`: instants of ECS and of the node can be compared (in a sped-up demo they cannot;
/// then the address decides without them).
pub fn owner_of(connection: &Connection, register: &Register, same_time: bool) -> Ownership {
    let mut notes = Vec::new();
    let (address, task) = by_address(connection, register, same_time, &mut notes);
    let mut claims: Vec<Claim> = address.into_iter().collect();
    claims.extend(by_certificate(connection, register));
    claims.extend(by_word(Evidence::User, "its user is", connection.user.as_deref(), register));
    claims.extend(by_name(connection, register));
    claims.extend(by_word(Evidence::Account, "its account is", connection.account.as_deref(), register));
    let (certainty, owner) = decide(&claims, connection.proxied);
    let speaks = |claim: &Claim| owner.as_ref().is_none_or(|owner| claim.services.contains(owner));
    let mut proof: Vec<Proof> =
        claims.iter().map(|claim| Proof { by: claim.by, says: claim.says.clone(), agrees: speaks(claim) }).collect();
    proof.extend(notes);
    proof.sort_by_key(|proof| proof.by);
    let task = task.filter(|(_, service)| owner.as_ref() == Some(service)).map(|(id, _)| id);
    Ownership { certainty, owner, task, proof }
}

fn decide(claims: &[Claim], proxied: bool) -> (Certainty, Option<ServiceKey>) {
    let Some((first, rest)) = claims.split_first() else {
        return (if proxied { Certainty::Proxied } else { Certainty::Unattributed }, None);
    };
    let common = rest.iter().fold(first.services.clone(), |common, claim| &common & &claim.services);
    match common.len() {
        0 => (Certainty::Conflicting, best(claims)),
        1 => {
            // an address that fits several tasks' services says no more than that it could be so
            let hard = |claim: &&Claim| matches!(claim.by, Evidence::Address | Evidence::Certificate) && claim.services.len() == 1;
            let sure = claims.len() > 1 && claims.iter().any(|claim| hard(&claim));
            (if sure { Certainty::Confirmed } else { Certainty::Attributed }, common.into_iter().next())
        }
        _ => (Certainty::Ambiguous, None),
    }
}

/// Whom the best source names that names one: they come in the order of their worth.
fn best(claims: &[Claim]) -> Option<ServiceKey> {
    claims.iter().find(|claim| claim.services.len() == 1).and_then(|claim| claim.services.first().cloned())
}

fn by_address(
    connection: &Connection,
    register: &Register,
    same_time: bool,
    notes: &mut Vec<Proof>,
) -> (Option<Claim>, Option<(String, ServiceKey)>) {
    let address = text::shown(&connection.address);
    let mut note = |says: String| notes.push(Proof { by: Evidence::Address, says, agrees: true });
    if connection.proxied {
        note(format!("it came through a proxy at {address}, which says nothing of whose it is"));
        return (None, None);
    }
    let there: &[TaskLife] = register.by_address.get(&connection.address).map_or(&[], Vec::as_slice);
    let alive = |task: &&TaskLife| match connection.started {
        Some(started) if same_time => task.lived(started),
        // without an instant only who is there now can be meant
        _ => task.stopped.is_none(),
    };
    let fitting: Vec<&TaskLife> = there.iter().filter(alive).collect();
    let services: BTreeSet<ServiceKey> = fitting.iter().map(|task| task.service.clone()).collect();
    let Some(first) = fitting.first() else {
        if !there.is_empty() {
            note(format!("no task lived at {address} when it was opened"));
        }
        return (None, None);
    };
    let says = match services.len() {
        1 if fitting.len() == 1 => {
            format!("{address} is the address of task {} of {}", short(&first.id), text::shown(&first.service.service))
        }
        1 => format!("{address} is the address of {} tasks of {}", fitting.len(), text::shown(&first.service.service)),
        several => format!("{several} services have tasks at {address}: {}", names(&services)),
    };
    let task = (fitting.len() == 1).then(|| (first.id.clone(), first.service.clone()));
    (Some(Claim { by: Evidence::Address, services, says }), task)
}

fn by_certificate(connection: &Connection, register: &Register) -> Option<Claim> {
    let subject = connection.certificate.as_deref()?;
    // CN=auth-nats,O=… or CN=auth-nats.internal
    let common = subject.split([',', '+']).find_map(|part| part.trim().strip_prefix("CN="))?;
    let host = common.split('.').next().unwrap_or(common);
    let services = [common, host].into_iter().map(|name| register.named(name)).find(|found| !found.is_empty())?;
    Some(Claim { by: Evidence::Certificate, services, says: format!("its certificate is of {}", text::shown(common)) })
}

fn by_word(by: Evidence, says: &str, word: Option<&str>, register: &Register) -> Option<Claim> {
    let word = word?;
    let services = register.named(word);
    (!services.is_empty()).then(|| Claim { by, services, says: format!("{says} {}", text::shown(word)) })
}

/// `service`, or `service/task-id`; the task's own service goes before what is written in front of it.
fn by_name(connection: &Connection, register: &Register) -> Option<Claim> {
    let name = connection.name.as_deref()?;
    let (service, task) = name.split_once('/').map_or((name, None), |(service, task)| (service, Some(task)));
    let mut services = register.named(service);
    let mut says = format!("it calls itself {}", text::shown(service));
    if let Some(of_task) = task.and_then(|id| register.by_id.get(id)) {
        if services.is_empty() || services.contains(of_task) {
            says = format!("it calls itself task {} of {}", short(task.unwrap_or_default()), text::shown(&of_task.service));
            services = BTreeSet::from([of_task.clone()]);
        } else {
            says = format!("{says}, but the task it names is of {}", text::shown(&of_task.service));
        }
    }
    (!services.is_empty()).then_some(Claim { by: Evidence::Name, services, says })
}

fn short(id: &str) -> String {
    text::shown(id).chars().take(8).collect()
}

fn names(services: &BTreeSet<ServiceKey>) -> String {
    services.iter().map(|key| text::shown(&key.service)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
