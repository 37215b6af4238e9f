//! Attesting: the form as its address says it, what is known of the check it is about, and what people stand for.
//!
//! Everything typed stands in the URL (decision 0114); a file does not, so it is read first, held under the hash of its bytes,
//! and the URL holds that. Separate from [`crate::readiness::attest`], which says what an attestation is and what is wrong with
//! one. The trap is how far a check holds: people type percent, and it is permille in the API and in everything that is kept.
//!
//! | module | holds |
//! |---|---|
//! | `percent` | how far something holds: typed in percent, told in words |

mod percent;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::readiness_path;
use super::typed::{self, CheckOffered, EndsIn, Typed};
use crate::change::FieldProblem;
use crate::readiness::attest::FileNamed;
use crate::readiness::card::{Kind, Scope, Thresholds};
use crate::readiness::{Attestation, AttestationWish, Card, Check, Readiness, Subject, Weight};
use crate::service::ServiceKey;
use crate::{Timestamp, text};

pub use percent::held;

/// Where people attest.
const PATH: &str = "/readiness/attest";
/// Attestations on a page.
pub const ATTESTATIONS_PER_PAGE: usize = 50;
/// Letters of a hash that names a held file.
const HASH: usize = 64;

/// What is being attested; every field as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AttestQuery {
    /// The check's id.
    pub check: String,
    /// The environment.
    pub environment: String,
    /// The cluster; empty where the service alone says which.
    pub cluster: String,
    /// The service; empty for the whole environment.
    pub service: String,
    /// How far it holds, in percent; empty: as the file says.
    pub percent: String,
    /// What was seen.
    pub note: String,
    /// Where it can be seen.
    pub link: String,
    /// Until when it counts, in UTC.
    pub expires: String,
    /// The hash of the file that is held for it.
    pub file: String,
    /// The name of a file that was chosen and not read: a form that asks by GET sends nothing else of it.
    pub unread: String,
    /// Whether what would be kept is to be shown, with everything that is wrong with it.
    pub sent: bool,
    /// Of the list: only what was said before the one of this number.
    pub before: Option<i64>,
    /// What in the URL was not understood.
    pub ignored: Vec<String>,
}

impl AttestQuery {
    /// A check of one service or environment, with nothing typed yet.
    pub fn about(check: &str, subject: &Subject) -> Self {
        let (cluster, service) = subject.service().map(|key| (key.cluster.clone(), key.service.clone())).unwrap_or_default();
        Self { check: check.to_owned(), environment: subject.environment().to_owned(), cluster, service, ..Self::default() }
    }

    /// From the pairs of a URL's query; what is not understood is left at its default and named.
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        typed::of_pairs(pairs)
    }

    /// From a URL's query as [`AttestQuery::query`] writes it.
    pub fn from_query(query: &str) -> Self {
        typed::of_query(query)
    }

    /// The URL of this form.
    pub fn path(&self) -> String {
        let before = self.before.map(|before| before.to_string()).unwrap_or_default();
        typed::address(
            PATH,
            &[
                ("check", &self.check),
                ("environment", &self.environment),
                ("cluster", &self.cluster),
                ("service", &self.service),
                ("percent", &self.percent),
                ("note", &self.note),
                ("link", &self.link),
                ("expires", &self.expires),
                ("file", &self.file),
                ("upload", &self.unread),
                ("sent", if self.sent { "1" } else { "" }),
                ("before", &before),
            ],
        )
    }

    /// The query of that URL, without the question mark.
    pub fn query(&self) -> String {
        self.path().split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default()
    }

    /// The wish as far as it can be told from what was typed, and what cannot.
    pub fn typed(&self) -> (AttestationWish, Vec<FieldProblem>) {
        let mut problems = Vec::new();
        let value = typed::some(&self.percent).map(|typed| percent::permille(&typed)).transpose().unwrap_or_else(|said| {
            // under the name it has in the wish, as everything else that can be wrong with it
            problems.push(FieldProblem::new("value", said));
            None
        });
        if !self.unread.is_empty() {
            let said =
                format!("The file {} was chosen and not read yet: choose it again and press \"Read the file\".", text::shown(&self.unread));
            problems.push(FieldProblem::new("file", said));
        }
        let wish = AttestationWish {
            check: self.check.trim().to_owned(),
            environment: self.environment.trim().to_owned(),
            cluster: typed::some(&self.cluster),
            service: typed::some(&self.service),
            value,
            note: typed::prose(&self.note),
            link: typed::some(&self.link),
            expires: typed::end(&self.expires, &mut problems),
        };
        (wish, problems)
    }

    /// The wish.
    ///
    /// # Errors
    /// What cannot be told from what was typed.
    pub fn wish(&self) -> Result<AttestationWish, Vec<FieldProblem>> {
        let (wish, problems) = self.typed();
        if problems.is_empty() { Ok(wish) } else { Err(problems) }
    }

    /// The hash of the file that is held for it.
    pub fn held(&self) -> Option<String> {
        typed::some(&self.file)
    }
}

impl Typed for AttestQuery {
    fn understand(&mut self, name: &str, value: &str) -> bool {
        let place = match name {
            "sent" => {
                self.sent = value == "1";
                return self.sent;
            }
            "before" => {
                self.before = value.parse().ok();
                return self.before.is_some();
            }
            "file" => {
                let hash = value.len() == HASH && value.bytes().all(|byte| byte.is_ascii_hexdigit());
                if hash {
                    value.clone_into(&mut self.file);
                }
                return hash;
            }
            "check" => &mut self.check,
            "environment" => &mut self.environment,
            "cluster" => &mut self.cluster,
            "service" => &mut self.service,
            "percent" => &mut self.percent,
            "note" => &mut self.note,
            "link" => &mut self.link,
            "expires" => &mut self.expires,
            "upload" => &mut self.unread,
            _ => return false,
        };
        value.clone_into(place);
        true
    }

    fn ignored(&mut self) -> &mut Vec<String> {
        &mut self.ignored
    }
}

/// What is known of the check somebody attests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AboutCheck {
    /// Its id.
    pub id: String,
    /// What it asks for.
    pub title: String,
    /// How heavy it is.
    pub weight: Weight,
    /// Whether it is asked of the environment as a whole.
    pub whole: bool,
    /// Why it matters.
    pub why: String,
    /// What to do when it does not hold.
    pub remedy: String,
    /// What counts as evidence.
    pub takes: String,
    /// The latest end there may be, as a form's field writes it.
    pub latest: String,
    /// How it stands where it was asked, as a sentence; none where that cannot be told.
    pub stands: Option<String>,
    /// When that was seen.
    pub seen: Option<Timestamp>,
}

/// Where an attestation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AttestationState {
    /// It counts.
    Counts,
    /// Its end has come.
    Ended,
    /// Somebody took it back.
    Withdrawn,
}

/// One attestation with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttestationRow {
    /// What was said.
    #[serde(flatten)]
    pub attestation: Attestation,
    /// What the check asks for; none where the card does not have it any more.
    pub title: Option<String>,
    /// What it is about, in a few words.
    pub place: String,
    /// The page of that.
    pub path: String,
    /// `holds`, `holds in part, 98.0 %`.
    pub held: String,
    /// Where it stands.
    pub state: AttestationState,
    /// How soon it ends.
    pub ending: EndsIn,
}

/// The page on which people attest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttestPage {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The checks that can be attested, in the card's order.
    pub checks: Vec<CheckOffered>,
    /// The environments.
    pub environments: Vec<String>,
    /// The check that was chosen.
    pub about: Option<AboutCheck>,
    /// The environment whose attestations are listed.
    pub environment: String,
    /// What people stand for there, newest first.
    pub rows: Vec<AttestationRow>,
    /// Where older ones begin, where there are any.
    pub older: Option<i64>,
}

/// What a file says that is held for an attestation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileRead {
    /// The file.
    pub file: FileNamed,
    /// How far the check holds by it, in permille; none where it is only kept.
    pub value: Option<u16>,
    /// What was read, as a sentence; none where it is only kept.
    pub said: Option<String>,
    /// Why it cannot be kept.
    pub refused: Option<String>,
}

/// What would be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttestDraft {
    /// What the file says.
    pub file: Option<FileRead>,
    /// What is wrong with which field.
    pub problems: Vec<FieldProblem>,
    /// How far the check would hold, in permille.
    pub value: Option<u16>,
    /// What it would be about.
    pub subject: Option<Subject>,
}

/// What the page is made of.
#[derive(Clone, Debug)]
pub struct AttestFacts<'a> {
    /// The store's revision.
    pub revision: u64,
    /// What time it is.
    pub now: Timestamp,
    /// The card, without the checks of checklists: those are ticked and not attested.
    pub card: &'a Card,
    /// How everything stands.
    pub readiness: &'a Readiness,
    /// The environments.
    pub environments: Vec<String>,
}

impl AttestPage {
    /// The page for a question; `said` are the attestations of `environment`, one more than fit where there are older ones.
    pub fn compose(facts: AttestFacts<'_>, query: &AttestQuery, environment: String, mut said: Vec<Attestation>) -> Self {
        let older = (said.len() > ATTESTATIONS_PER_PAGE).then(|| said.get(ATTESTATIONS_PER_PAGE - 1).map(|last| last.id)).flatten();
        said.truncate(ATTESTATIONS_PER_PAGE);
        let attested = facts.card.checks.iter().filter(|check| check.evidence == Kind::Attested);
        let offered = |check: &Check| CheckOffered { id: check.id.clone(), title: text::shown(&check.title) };
        let about = facts.card.check(query.check.trim()).filter(|check| check.evidence == Kind::Attested);
        Self {
            revision: facts.revision,
            checks: attested.map(offered).collect(),
            about: about.map(|check| facts.about(check, query)),
            rows: said.into_iter().map(|said| facts.row(said)).collect(),
            environments: facts.environments,
            environment,
            older,
        }
    }
}

impl AttestFacts<'_> {
    fn about(&self, check: &Check, query: &AttestQuery) -> AboutCheck {
        let (mut wish, _) = query.typed();
        let service = wish.service.clone();
        let lost = typed::placed(self.readiness, &self.environments, &wish.environment, &mut wish.cluster, service.as_deref());
        let judged = self.readiness.judged(&wish.subject()).filter(|_| lost.is_none());
        let assessed = judged.and_then(|judged| judged.check(&check.id));
        let found = assessed.and_then(|assessed| assessed.found.as_ref());
        let stands = assessed.map(|assessed| match &found {
            Some(found) => format!("{}: {}", assessed.state.title(), found.said_at(self.now)),
            None => format!("{}: nobody has attested it", assessed.state.title()),
        });
        AboutCheck {
            id: check.id.clone(),
            title: text::shown(&check.title),
            weight: check.weight,
            whole: check.scope == Scope::Environment,
            why: text::shown(&check.why),
            remedy: text::shown(&check.remedy),
            takes: takes(&self.card.thresholds, check.lasts(Duration::ZERO)),
            latest: typed::latest(self.now, check.lasts(Duration::ZERO)),
            stands,
            seen: found.and_then(|found| found.observed_at),
        }
    }

    fn row(&self, said: Attestation) -> AttestationRow {
        let state = match &said.withdrawn {
            Some(_) => AttestationState::Withdrawn,
            None if said.holds(self.now) => AttestationState::Counts,
            None => AttestationState::Ended,
        };
        AttestationRow {
            title: self.card.check(&said.check).map(|check| text::shown(&check.title)),
            place: text::shown(&said.subject.to_string()),
            path: page_of(said.subject.service()),
            held: held(said.value),
            state,
            ending: EndsIn::of(said.expires, self.now),
            attestation: said,
        }
    }
}

/// The page that tells how something stands.
pub(super) fn page_of(service: Option<&ServiceKey>) -> String {
    service.map_or_else(|| "/readiness".to_owned(), readiness_path)
}

/// What counts as evidence.
fn takes(limits: &Thresholds, lasts: Duration) -> String {
    format!(
        "A note, a link or a file; one of them at least. It counts for {} days at most. A summary of k6 (JSON) is held against {} \
         requests/s, a p95 of {} ms and {}.{} % failed requests; a JUnit file (XML) against {} failed of {} tests at least. Any other file \
         is kept as it is, and you say how far the check holds.",
        lasts.as_secs() / 86_400,
        text::grouped(limits.load_requests_per_second.into()),
        text::grouped(limits.load_p95_ms.into()),
        limits.load_failed_permille / 10,
        limits.load_failed_permille % 10,
        limits.tests_failed,
        limits.tests_at_least,
    )
}

#[cfg(test)]
mod tests;
