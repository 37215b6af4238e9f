//! What a rollout would make of the fleet's score: as numbers, and as the sentences that stand beside a button.
//!
//! Separate from the button, because the page of a plan says the same of the services and the check that are planned there. The
//! trap is a number that reads well because something is left out: whom nobody can plan for now is named, so is the gate that
//! goes on holding the score, and what takes a day is told apart from what comes at once.

use serde::{Deserialize, Serialize};

use super::{ReadinessFacts, Scored};
use crate::readiness::promise::{Instead, Promise, Turn};
use crate::readiness::{Score, promise};
use crate::service::ServiceKey;
use crate::text;

/// What a rollout would make of the fleet's score.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Foretold {
    /// The score as it is.
    pub now: Scored,
    /// As soon as each of the services is verified: at least, because what looks back only gets better from then on.
    pub verified: Scored,
    /// A day later, when what looks back sees nothing from before it.
    pub settled: Scored,
    /// For how many services that is reckoned.
    pub services: u64,
    /// Who was asked for and cannot be planned for now.
    pub left_out: Vec<LeftOut>,
    /// The checks that come to something else, in the card's order.
    pub turns: Vec<TurnRow>,
    /// All of it in sentences.
    pub said: String,
}

/// A service without a promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LeftOut {
    /// Which.
    #[serde(flatten)]
    pub service: ServiceKey,
    /// Why, as the rest of a sentence after its name.
    pub why: String,
}

/// One check that comes to something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TurnRow {
    /// The check's id.
    pub check: String,
    /// What it asks for.
    pub title: String,
    /// In how many services.
    pub services: u64,
    /// Whether it looks back, so that it takes a day in some of them.
    pub later: bool,
}

impl Foretold {
    /// For these services, by what was reckoned of each; `alone` are left out whatever was.
    pub fn of(facts: &ReadinessFacts<'_>, services: &[&ServiceKey], alone: Vec<LeftOut>) -> Self {
        let (mut kept, mut left_out) = (Vec::new(), alone);
        for key in services {
            let why = match facts.promises.get(*key) {
                Some(Ok(promise)) => {
                    kept.push((*key, promise));
                    continue;
                }
                Some(Err(why)) => why.as_str(),
                None => "what it runs is not known",
            };
            left_out.push(LeftOut { service: (*key).clone(), why: why.to_owned() });
        }
        let (verified, settled) = (score(facts, &kept, false), score(facts, &kept, true));
        let turns = turns(facts, &kept);
        let said = [Some(becomes(facts, &verified, &settled)), takes_time(&turns), dips(&kept), without(&left_out)];
        Self {
            now: Scored::from(&facts.readiness.fleet),
            verified: Scored::from(&verified),
            settled: Scored::from(&settled),
            services: kept.len() as u64,
            left_out,
            turns,
            said: said.into_iter().flatten().collect::<Vec<_>>().join(" "),
        }
    }
}

/// A service with what was reckoned of it.
type Kept<'a> = (&'a ServiceKey, &'a Promise);

/// The fleet's score with what these promise, by the one formula.
fn score(facts: &ReadinessFacts<'_>, kept: &[Kept<'_>], settled: bool) -> Score {
    let answer = |turn: &Turn| if settled { turn.settled } else { turn.verified };
    let instead: Instead<'_> =
        kept.iter().flat_map(|(key, promise)| promise.turns.iter().map(move |turn| ((*key, turn.check.as_str()), answer(turn)))).collect();
    facts.readiness.promised(facts.card, facts.waivers, &instead)
}

fn turns(facts: &ReadinessFacts<'_>, kept: &[Kept<'_>]) -> Vec<TurnRow> {
    let row = |check: &crate::readiness::Check| {
        let of: Vec<&Turn> = kept.iter().flat_map(|(_, promise)| &promise.turns).filter(|turn| turn.check == check.id).collect();
        let later = of.iter().any(|turn| turn.later());
        let row = || TurnRow { check: text::shown(&check.id), title: text::shown(&check.title), services: of.len() as u64, later };
        (!of.is_empty()).then(row)
    };
    facts.card.checks.iter().filter_map(row).collect()
}

/// `With that alone the fleet's score would become 79 instead of 69.`
fn becomes(facts: &ReadinessFacts<'_>, verified: &Score, settled: &Score) -> String {
    let now = &facts.readiness.fleet;
    match (now.score, settled.score) {
        (_, None) => "With that alone there would still be no score: too little rests on evidence.".to_owned(),
        (Some(before), Some(after)) if before == after => {
            let other = facts.readiness.caps.iter().find(|cap| cap.at == after && cap.check != super::mending::HEALTH_CHECK);
            let why = other.map(|cap| format!(", where {} caps it", text::shown(&cap.check))).unwrap_or_default();
            let gates = match (now.uncapped, settled.uncapped) {
                (Some(before), Some(after)) if before != after => {
                    let first = verified.uncapped.filter(|first| *first != after);
                    let first = first.map(|first| format!(" ({first} as soon as each is verified)")).unwrap_or_default();
                    format!(" Before gates it would be {after} instead of {before}{first}.")
                }
                _ => String::new(),
            };
            format!("With that alone the fleet's score would stay {after}{why}.{gates}")
        }
        (_, Some(_)) => {
            let first = (verified.score != settled.score).then(|| verified.range());
            let first = first.map(|first| format!(": {first} as soon as each is verified, the rest within a day")).unwrap_or_default();
            format!("With that alone the fleet's score would become {} instead of {}{first}.", settled.range(), now.range())
        }
    }
}

/// `H2 looks back over a day, so what it adds comes by and by.`
fn takes_time(turns: &[TurnRow]) -> Option<String> {
    let later: Vec<&str> = turns.iter().filter(|turn| turn.later).map(|turn| turn.check.as_str()).collect();
    let (looks, adds) = if later.len() == 1 { ("looks", "it adds") } else { ("look", "they add") };
    (!later.is_empty())
        .then(|| format!("{} {looks} back over {}, so what {adds} comes by and by.", later.join(", "), promise::SETTLES_WITHIN))
}

/// What a deployment may cost for a while.
fn dips(kept: &[Kept<'_>]) -> Option<String> {
    let few = kept.iter().filter(|(_, promise)| promise.dips).count();
    (few > 0).then(|| {
        let of = text::count(few as u64, "service");
        format!("In {of} a deployment may run fewer tasks than are wanted, which A1 counts for a day.")
    })
}

/// Whom it was not reckoned for.
fn without(left_out: &[LeftOut]) -> Option<String> {
    let first = left_out.first()?;
    let (name, why) = (text::shown(&first.service.service), text::shown(&first.why));
    Some(match left_out.len() {
        1 => format!("Reckoned without {name}: {why}."),
        many => format!("Reckoned without {} that cannot be planned now, such as {name}: {why}.", text::count(many as u64, "service")),
    })
}
