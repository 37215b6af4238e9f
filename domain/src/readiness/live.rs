//! The live checks: what the collectors saw of one service, as answers to the card's questions.
//!
//! One pure function from facts to evidence ([`live`]). A card says what a check weighs and for how long its evidence counts;
//! what a check *computes* stands here, one function each, by category. Everything is judged as of the instant its source was
//! last read, and counts from then on: a source that falls silent lets its evidence fade and end, it changes nothing of it.
//! Three traps. A source that cannot be read must never look like one that found nothing wrong, so no check is asked before its
//! sources have answered for it ([`mod@sight`]). A question that does not arise is told by what was seen, never by what is missing.
//! And a window reaches back no further than anybody looked: [`Window`] says how much of it was seen.
//!
//! The same function answers for facts that are not there yet ([`promise`]): what a rollout would come to.

mod after;
mod alarms;
mod availability;
mod deploys;
mod facts;
mod hardening;
mod health;
mod identity;
mod requests;
mod sight;
mod tls;
mod traffic;

use std::time::Duration;

use super::card::{Card, Check, Kind, Scope};
use super::evidence::{Answer, Evidence, Found, Subject, Unknown};
use super::promise::{Promise, Turn};
use crate::Timestamp;
use crate::change::HealthCheck;
use crate::request::{DESCRIBE_ALARMS, DESCRIBE_SERVICES, DESCRIBE_TASK_DEFINITION, DESCRIBE_TASKS};
use crate::service::revision_name;
use crate::text;

pub use after::lacking;
pub use facts::{
    Count, Held, Identity, NatsSource, NodeFacts, Past, Percentile, ServiceFacts, Sources, TaskTime, Usage, Version, Watching, Window,
};
pub use identity::{floors, identity};
pub use requests::RequestIds;

use after::After;
use sight::{Need, Sight, sight};

/// A day, which most windows reach back.
pub const DAY: Duration = Duration::from_secs(86_400);
/// How far back deployments and load are looked at.
pub const WEEK: Duration = Duration::from_secs(7 * 86_400);
/// How long a service must not have been connected for "it does not use NATS".
pub const MONTH: Duration = Duration::from_secs(30 * 86_400);
/// How far back a health check must have been seen to work.
pub const HALF_YEAR: Duration = Duration::from_secs(180 * 86_400);

/// What a check came to, before it is put on record.
struct Told {
    answer: Answer,
    said: String,
    /// When it was seen, where that is before its sources were last read.
    at: Option<Timestamp>,
}

impl Told {
    fn known(answer: Answer, said: impl Into<String>) -> Self {
        Self { answer, said: said.into(), at: None }
    }

    fn unknown(reason: Unknown, said: impl Into<String>) -> Self {
        Self::known(Answer::Unknown { reason }, said)
    }

    /// The question does not arise, and this was seen that says so.
    fn none(said: impl Into<String>) -> Self {
        Self::known(Answer::NotApplicable, said)
    }
}

/// One live check.
struct Live {
    id: &'static str,
    /// What must have been read; the first names the source.
    needs: &'static [Need],
    /// The operation that answers.
    asked: &'static str,
    judge: fn(&ServiceFacts<'_>, Sight) -> Told,
}

const SERVICES: &str = DESCRIBE_SERVICES;
const TASKS: &str = DESCRIBE_TASKS;
const DEFINITION: &str = DESCRIBE_TASK_DEFINITION;
const ALARMS: &str = DESCRIBE_ALARMS;
const CONNECTIONS: &str = "CONNZ";

use Need::{Alarms, Metrics, Nats, Services, Stopped, Tasks};

/// What says that a service is off.
const ITSELF: &[Need] = &[Services];
/// For how many minutes that counts where a person would have been asked: as long as A5, which says whether it is on purpose.
const OFF_MINUTES: u64 = 10;
/// What one that is off is told for every question but A5.
const OFF: &str = "It wants no task, so there is nothing to ask of it but whether that is on purpose (A5).";
/// Checks of which a rollout that brought the revision is part of the evidence: what it brings is a health check.
const BROUGHT: [&str; 3] = ["H1", "H2", "H3"];

/// All of them, by id.
static CHECKS: [Live; super::card::LIVE.len()] = [
    Live { id: "A1", needs: &[Services], asked: SERVICES, judge: availability::runs_what_it_wants },
    Live { id: "A2", needs: &[Services, Tasks], asked: TASKS, judge: availability::survives_a_zone },
    Live { id: "A3", needs: &[Services, Stopped], asked: TASKS, judge: availability::does_not_crash },
    Live { id: "A4", needs: &[Metrics], asked: "GetMetricData", judge: availability::has_room },
    Live { id: "A5", needs: &[Services], asked: SERVICES, judge: availability::is_off_on_purpose },
    Live { id: "H1", needs: &[Services], asked: DEFINITION, judge: health::is_checked },
    Live { id: "H2", needs: &[Services, Tasks], asked: TASKS, judge: health::is_healthy },
    Live { id: "H3", needs: &[Services], asked: DEFINITION, judge: health::is_checked_sanely },
    Live { id: "H4", needs: &[Services, Stopped], asked: TASKS, judge: health::was_replaced },
    Live { id: "D1", needs: &[Services], asked: SERVICES, judge: deploys::takes_itself_back },
    Live { id: "D2", needs: &[Services], asked: SERVICES, judge: deploys::keeps_running },
    Live { id: "D3", needs: &[Services], asked: SERVICES, judge: deploys::completed },
    Live { id: "D4", needs: &[Services], asked: DEFINITION, judge: deploys::names_its_images },
    Live { id: "M1", needs: &[Alarms], asked: ALARMS, judge: alarms::is_watched },
    Live { id: "M2", needs: &[Alarms], asked: ALARMS, judge: alarms::tells_somebody },
    Live { id: "M3", needs: &[Alarms], asked: ALARMS, judge: alarms::has_data },
    Live { id: "M4", needs: &[Alarms], asked: ALARMS, judge: alarms::is_looked_after },
    Live { id: "M5", needs: &[Alarms, Services], asked: ALARMS, judge: alarms::has_a_runbook },
    Live { id: "M6", needs: &[Alarms, Services], asked: ALARMS, judge: alarms::is_covered },
    Live { id: "T1", needs: &[Nats], asked: CONNECTIONS, judge: tls::is_used },
    Live { id: "T2", needs: &[Nats], asked: CONNECTIONS, judge: tls::was_always_used },
    Live { id: "T3", needs: &[Nats], asked: "INFO", judge: tls::is_required },
    Live { id: "T4", needs: &[Nats], asked: "a TLS handshake", judge: tls::has_a_certificate },
    Live { id: "T5", needs: &[Nats], asked: CONNECTIONS, judge: identity::is_its_own },
    Live { id: "N1", needs: &[Nats, Tasks], asked: CONNECTIONS, judge: traffic::is_connected },
    Live { id: "N2", needs: &[Nats], asked: CONNECTIONS, judge: traffic::keeps_up },
    Live { id: "N3", needs: &[Nats, Tasks], asked: CONNECTIONS, judge: traffic::stays_connected },
    Live { id: "N4", needs: &[Nats], asked: "JSZ", judge: traffic::consumes },
    Live { id: "N5", needs: &[Nats], asked: CONNECTIONS, judge: identity::is_of_the_fleets_version },
    Live { id: "S1", needs: &[Services], asked: DEFINITION, judge: hardening::has_few_rights },
    Live { id: "S2", needs: &[Services], asked: DEFINITION, judge: hardening::cannot_write_its_root },
    Live { id: "S3", needs: &[Services], asked: DEFINITION, judge: hardening::keeps_its_secrets },
    Live { id: "S4", needs: &[Services], asked: DEFINITION, judge: hardening::logs },
    Live { id: "S5", needs: &[Services], asked: DEFINITION, judge: hardening::is_limited },
];

/// The evidence of every live check of the card, for one service. One that wants no task is asked for nobody's word either:
/// then there is evidence of the attested checks as well, that they do not apply.
pub fn live(card: &Card, facts: &ServiceFacts<'_>) -> Vec<Evidence> {
    let answered = card.checks.iter().filter_map(|check| Some((check, told(check, facts)?)));
    answered.map(|(check, found)| Evidence { check: check.id.clone(), subject: Subject::Service(facts.key.clone()), found }).collect()
}

/// What a check comes to; nothing where only a person can say.
fn told(check: &Check, facts: &ServiceFacts<'_>) -> Option<Found> {
    match check.evidence {
        Kind::Live => Some(found(check, of(check)?, facts)),
        Kind::Attested => off(check, facts),
    }
}

fn of(check: &Check) -> Option<&'static Live> {
    CHECKS.iter().find(|of| of.id == check.id)
}

/// What a rollout of `planned` would make of the answers of a service, which are `now`. Every live check is asked once more, of
/// the facts as the rollout leaves them.
///
/// # Errors
/// Why none can be planned for it now, as the rest of a sentence after its name.
pub fn promise(card: &Card, facts: &ServiceFacts<'_>, planned: &HealthCheck, now: &[Evidence]) -> Result<Promise, String> {
    let after = After::of(facts, planned)?;
    let (verified, settled) = (after.verified(facts), after.settled(facts));
    let turn = |check: &Check| {
        let of = of(check).filter(|_| check.evidence == Kind::Live)?;
        let before = now.iter().find(|evidence| evidence.check == check.id)?.found.answer;
        let then = found(check, of, &settled).answer;
        // what a day of health does not move, its first minute does not either
        (then != before).then(|| Turn { check: check.id.clone(), verified: found(check, of, &verified).answer, settled: then })
    };
    Ok(Promise { container: planned.container.clone(), dips: after::dips(facts), turns: card.checks.iter().filter_map(turn).collect() })
}

/// An attested check of a service that wants no task. Nothing where it wants one, or where nobody knows.
fn off(check: &Check, facts: &ServiceFacts<'_>) -> Option<Found> {
    if check.scope != Scope::Service || facts.service.desired > 0 {
        return None;
    }
    // a person's word lasts for months; that a service is off must be seen again and again
    let brief = Check { ttl_minutes: Some(OFF_MINUTES), ..check.clone() };
    let seen = sight(facts, &brief, ITSELF).ok()?;
    let mut found = Found::seen(Answer::NotApplicable, OFF, seen.at, brief.lasts(seen.every), source(SERVICES, ITSELF, facts));
    found.request_id = facts.requests.of(SERVICES, ITSELF).map(Into::into);
    Some(found)
}

fn found(check: &Check, of: &Live, facts: &ServiceFacts<'_>) -> Found {
    // one that is off has nothing but that to be asked; what says so is the service itself
    let off = facts.service.desired == 0 && of.id != "A5";
    let (asked, needs) = if off { (SERVICES, ITSELF) } else { (of.asked, of.needs) };
    let source = source(asked, needs, facts);
    let seen = match sight(facts, check, needs) {
        Ok(seen) => seen,
        Err(blind) => return recorded(check, blind, None, source),
    };
    let told = if off {
        Told::none(OFF)
    } else if of.needs.contains(&Nats) {
        traffic::of_nats(facts, seen, of.judge)
    } else {
        (of.judge)(facts, seen)
    };
    let mut found = recorded(check, told, Some(seen), source);
    if !matches!(found.answer, Answer::Unknown { .. }) {
        found.request_id = facts.requests.of(asked, needs).map(Into::into);
    }
    if BROUGHT.contains(&of.id) && matches!(found.answer, Answer::Known { .. }) {
        found.brought = facts.brought.cloned().map(Box::new);
    }
    found
}

fn recorded(check: &Check, told: Told, seen: Option<Sight>, source: String) -> Found {
    match (told.answer, seen) {
        (Answer::Unknown { reason }, _) => Found::unknown(reason, told.said, source),
        (answer, Some(seen)) => Found::seen(answer, told.said, told.at.unwrap_or(seen.at).min(seen.at), check.lasts(seen.every), source),
        (_, None) => Found::unknown(Unknown::NeverCollected, told.said, source),
    }
}

/// `ecs:production DescribeTaskDefinition auth-nats:19`
fn source(asked: &str, needs: &[Need], facts: &ServiceFacts<'_>) -> String {
    let named = match needs.first() {
        Some(Alarms) => facts.sources.alarms.map(|health| health.id.to_string()),
        Some(Metrics) => facts.sources.metrics.map(|health| health.id.to_string()),
        Some(Nats) => Some(facts.nats_names()).filter(|names| !names.is_empty()),
        _ => facts.sources.ecs.map(|health| health.id.to_string()),
    };
    let named = named.unwrap_or_else(|| "no source".to_owned());
    match facts.service.revision.as_deref().filter(|_| asked == DEFINITION) {
        Some(revision) => text::shown(&format!("{named} {asked} {}", revision_name(revision))),
        None => text::shown(&format!("{named} {asked}")),
    }
}

/// So much of a whole, in permille and rounded down; nothing of nothing.
fn permille(part: u64, whole: u64) -> u16 {
    let value = (u128::from(part.min(whole)) * 1_000).checked_div(u128::from(whole)).unwrap_or(0);
    u16::try_from(value).unwrap_or(1_000)
}

/// `99.4 %`
fn percent(permille: u16) -> String {
    if permille.is_multiple_of(10) { format!("{} %", permille / 10) } else { format!("{}.{} %", permille / 10, permille % 10) }
}

/// Names from outside, the first few of them.
fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 5;
    let names: Vec<String> = names.into_iter().map(text::shown).collect();
    let more = names.len().saturating_sub(MOST);
    let shown = names.into_iter().take(MOST).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn count(number: usize, noun: &str) -> String {
    text::count(number as u64, noun)
}

#[cfg(test)]
mod tests;
