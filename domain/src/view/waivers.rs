//! Waivers: the form as its address says it, and every waiver there is with what is to be done about it.
//!
//! What is accepted goes on being evaluated, so a waiver whose check passes meanwhile is named: it hides nothing any more and is
//! to be ended. The trap is one that nobody looks at until it is over: those that wait for somebody stand first, the oldest
//! before the others, then those that hold, the one that ends soonest first, with a warning 14, 3 and 1 day before.

use serde::{Deserialize, Serialize};

use super::attestations::page_of;
use super::typed::{self, CheckOffered, EndsIn, Typed};
use crate::change::FieldProblem;
use crate::readiness::waiver::{LONGEST, LONGEST_CRITICAL};
use crate::readiness::{Card, Check, Readiness, State, Subject, Waiver, WaiverWish, Weight};
use crate::service::ServiceKey;
use crate::{Timestamp, text};

/// Where waivers are asked for.
const PATH: &str = "/readiness/waivers";
/// Most waivers that are over and listed, the newest.
const MOST_OVER: usize = 100;

/// What is being asked for; every field as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaiverQuery {
    /// The check's id.
    pub check: String,
    /// The environment.
    pub environment: String,
    /// The cluster; empty where the service alone says which.
    pub cluster: String,
    /// The service; empty for the whole environment.
    pub service: String,
    /// Why the failure is accepted.
    pub reason: String,
    /// What keeps the risk small meanwhile.
    pub compensating: String,
    /// Where it is tracked.
    pub ticket: String,
    /// Until when, in UTC.
    pub expires: String,
    /// Whether what would be asked for is to be shown, with everything that is wrong with it.
    pub sent: bool,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl WaiverQuery {
    /// A check of one service or environment, with nothing typed yet.
    pub fn about(check: &str, subject: &Subject) -> Self {
        let (cluster, service) = subject.service().map(|key| (key.cluster.clone(), key.service.clone())).unwrap_or_default();
        Self { check: check.to_owned(), environment: subject.environment().to_owned(), cluster, service, ..Self::default() }
    }

    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        typed::of_pairs(pairs)
    }

    /// From a URL's query as [`WaiverQuery::query`] writes it.
    pub fn from_query(query: &str) -> Self {
        typed::of_query(query)
    }

    /// The URL of this form.
    pub fn path(&self) -> String {
        typed::address(
            PATH,
            &[
                ("check", &self.check),
                ("environment", &self.environment),
                ("cluster", &self.cluster),
                ("service", &self.service),
                ("reason", &self.reason),
                ("compensating", &self.compensating),
                ("ticket", &self.ticket),
                ("expires", &self.expires),
                ("sent", if self.sent { "1" } else { "" }),
            ],
        )
    }

    /// The query of that URL, without the question mark.
    pub fn query(&self) -> String {
        self.path().split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default()
    }

    /// The wish as far as it can be told from what was typed, and what cannot.
    pub fn typed(&self) -> (WaiverWish, Vec<FieldProblem>) {
        let mut problems = Vec::new();
        let wish = WaiverWish {
            check: self.check.trim().to_owned(),
            environment: self.environment.trim().to_owned(),
            cluster: typed::some(&self.cluster),
            service: typed::some(&self.service),
            reason: typed::prose(&self.reason),
            compensating: typed::prose(&self.compensating),
            ticket: typed::some(&self.ticket),
            expires: typed::end(&self.expires, &mut problems),
        };
        (wish, problems)
    }

    /// The wish.
    ///
    /// # Errors
    /// What cannot be told from what was typed.
    pub fn wish(&self) -> Result<WaiverWish, Vec<FieldProblem>> {
        let (wish, problems) = self.typed();
        if problems.is_empty() { Ok(wish) } else { Err(problems) }
    }
}

impl Typed for WaiverQuery {
    fn understand(&mut self, name: &str, value: &str) -> bool {
        let place = match name {
            "sent" => {
                self.sent = value == "1";
                return self.sent;
            }
            "check" => &mut self.check,
            "environment" => &mut self.environment,
            "cluster" => &mut self.cluster,
            "service" => &mut self.service,
            "reason" => &mut self.reason,
            "compensating" => &mut self.compensating,
            "ticket" => &mut self.ticket,
            "expires" => &mut self.expires,
            _ => return false,
        };
        value.clone_into(place);
        true
    }

    fn ignored(&mut self) -> &mut Vec<String> {
        &mut self.ignored
    }
}

/// What is known of the check somebody wants waived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AboutWaived {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// How heavy it is.
    pub weight: Weight,
    /// Whether somebody else than who asks has to approve it.
    pub by_another: bool,
    /// Why it matters.
    pub why: String,
    /// The latest end there may be, as a form's field writes it.
    pub latest: String,
    /// How many days a waiver of it lasts at most.
    pub days: u64,
    /// How it stands where it was asked, as a sentence; none where that cannot be told.
    pub stands: Option<String>,
}

/// Where a waiver stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WaiverStanding {
    /// Nobody has approved it.
    Asked,
    /// It holds.
    Holds,
    /// It was ended, or its end has come.
    Over,
}

/// One waiver with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaiverRow {
    /// What was asked for, by whom, and what came of it.
    #[serde(flatten)]
    pub waiver: Waiver,
    /// What the check asks for; none where the card does not have it any more.
    pub title: Option<String>,
    /// What it covers, in a few words.
    pub place: String,
    /// The page of that.
    pub path: String,
    /// Where it stands.
    pub standing: WaiverStanding,
    /// How soon it ends.
    pub ending: EndsIn,
    /// Whether somebody else than who asked has to approve it.
    pub by_another: bool,
    /// Whether the check passes everywhere it covers, so that it is to be ended.
    pub passes: bool,
}

/// The page of the waivers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WaiversPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The checks, in the card's order.
    pub checks: Vec<CheckOffered>,
    /// The environments.
    pub environments: Vec<String>,
    /// The check that was chosen.
    pub about: Option<AboutWaived>,
    /// What is wrong with which field, where the form was sent.
    pub problems: Vec<FieldProblem>,
    /// Those that wait for somebody, the oldest first; then those that hold, the one that ends soonest first.
    pub open: Vec<WaiverRow>,
    /// Those that are over, the newest first.
    pub over: Vec<WaiverRow>,
}

/// What the page is made of.
#[derive(Clone, Debug)]
pub struct WaiverFacts<'a> {
    /// The store's revision.
    pub revision: u64,
    /// What time it is.
    pub now: Timestamp,
    /// The card, with the checks of checklists.
    pub card: &'a Card,
    /// How everything stands.
    pub readiness: &'a Readiness,
    /// Every waiver there ever was.
    pub waivers: &'a [Waiver],
    /// The environments.
    pub environments: Vec<String>,
}

impl WaiversPage {
    /// The page for a question.
    pub fn compose(facts: WaiverFacts<'_>, query: &WaiverQuery) -> Self {
        let rows: Vec<WaiverRow> = facts.waivers.iter().map(|waiver| facts.row(waiver)).collect();
        let (mut over, mut open): (Vec<WaiverRow>, Vec<WaiverRow>) = rows.into_iter().partition(|row| row.standing == WaiverStanding::Over);
        open.sort_by_key(|row| match row.standing {
            WaiverStanding::Asked => (false, Some(row.waiver.created), row.waiver.id),
            WaiverStanding::Holds | WaiverStanding::Over => (true, row.waiver.wish.expires, row.waiver.id),
        });
        over.reverse();
        over.truncate(MOST_OVER);
        let offered = |check: &Check| CheckOffered { id: check.id.clone(), title: text::shown(&check.title) };
        Self {
            revision: facts.revision,
            checks: facts.card.checks.iter().map(offered).collect(),
            about: facts.card.check(query.check.trim()).map(|check| facts.about(check, query)),
            problems: if query.sent { facts.problems(query) } else { Vec::new() },
            open,
            over,
            environments: facts.environments,
        }
    }
}

impl WaiverFacts<'_> {
    /// Everything that is wrong with what was typed.
    fn problems(&self, query: &WaiverQuery) -> Vec<FieldProblem> {
        let (mut wish, mut problems) = query.typed();
        self.wrong(&mut wish, &mut problems);
        problems
    }

    /// Names the cluster where the service alone says which, and adds everything that is wrong with a wish.
    pub fn wrong(&self, wish: &mut WaiverWish, problems: &mut Vec<FieldProblem>) {
        let service = wish.service.clone();
        let lost = typed::placed(self.readiness, &self.environments, &wish.environment, &mut wish.cluster, service.as_deref());
        typed::more(problems, lost);
        typed::more(problems, wish.problems(self.now, self.card.check(&wish.check)));
    }

    /// The number of one that asks for the same and waits for somebody.
    pub fn waiting(&self, wish: &WaiverWish) -> Option<i64> {
        let same = |waiver: &&Waiver| waiver.wish == *wish && self.standing(waiver) == WaiverStanding::Asked;
        self.waivers.iter().find(same).map(|waiver| waiver.id)
    }

    fn standing(&self, waiver: &Waiver) -> WaiverStanding {
        if waiver.holds(self.now) {
            WaiverStanding::Holds
        } else if waiver.ended.is_some() || waiver.wish.expires.is_none_or(|end| end <= self.now) {
            WaiverStanding::Over
        } else {
            WaiverStanding::Asked
        }
    }

    fn row(&self, waiver: &Waiver) -> WaiverRow {
        let wish = &waiver.wish;
        let check = self.card.check(&wish.check);
        let place = [Some(&wish.environment), wish.cluster.as_ref(), wish.service.as_ref()].into_iter().flatten();
        let place: Vec<String> = place.map(|part| text::shown(part)).collect();
        let standing = self.standing(waiver);
        WaiverRow {
            title: check.map(|check| text::shown(&check.title)),
            place: place.join("/"),
            path: page_of(service_of(wish).as_ref()),
            standing,
            ending: wish.expires.map_or(EndsIn::Over, |end| EndsIn::of(end, self.now)),
            by_another: check.is_some_and(by_another),
            passes: standing != WaiverStanding::Over && self.passes(wish),
            waiver: waiver.clone(),
        }
    }

    /// Whether the check passes everywhere the wish covers and it applies.
    fn passes(&self, wish: &WaiverWish) -> bool {
        let judged = self.readiness.services.iter().chain(&self.readiness.environments);
        let covered =
            judged.filter(|judged| wish.covers(&wish.check, &judged.asked.subject)).filter_map(|judged| judged.check(&wish.check));
        let states = covered.map(|assessed| assessed.found.as_ref().map_or(State::Unknown, |found| found.at(self.now).0.state()));
        let applies: Vec<State> = states.filter(|state| *state != State::NotApplicable).collect();
        !applies.is_empty() && applies.iter().all(|state| *state == State::Pass)
    }

    fn about(&self, check: &Check, query: &WaiverQuery) -> AboutWaived {
        let (mut wish, _) = query.typed();
        let service = wish.service.clone();
        let lost = typed::placed(self.readiness, &self.environments, &wish.environment, &mut wish.cluster, service.as_deref());
        let subject = service_of(&wish).map_or_else(|| Subject::Environment { environment: wish.environment.clone() }, Subject::Service);
        let judged = self.readiness.judged(&subject).filter(|_| lost.is_none());
        let stands = judged.and_then(|judged| judged.check(&check.id)).map(|assessed| {
            let said = assessed.found.as_ref().map_or_else(|| "nothing was seen".to_owned(), |found| found.said_at(self.now));
            format!("{}: {said}", assessed.state.title())
        });
        let longest = if check.weight == Weight::Critical { LONGEST_CRITICAL } else { LONGEST };
        AboutWaived {
            id: check.id.clone(),
            title: text::shown(&check.title),
            weight: check.weight,
            by_another: by_another(check),
            why: text::shown(&check.why),
            latest: typed::latest(self.now, longest),
            days: longest.as_secs() / 86_400,
            stands,
        }
    }
}

/// Whether somebody else than who asks has to approve a waiver of it.
const fn by_another(check: &Check) -> bool {
    matches!(check.weight, Weight::Critical | Weight::High)
}

fn service_of(wish: &WaiverWish) -> Option<ServiceKey> {
    let (cluster, service) = wish.cluster.clone().zip(wish.service.clone())?;
    Some(ServiceKey { environment: wish.environment.clone(), cluster, service })
}

#[cfg(test)]
mod tests;
