//! A person's word on a check: how far it holds, who says so, where that can be seen, and until when it counts.
//!
//! Separate from [`super::evidence`] because what is kept is more than what counts: an attestation stays for ever, also when it
//! was taken back or has ended; evidence is what it amounts to at an instant ([`Attestation::evidence`]). The trap is a word
//! that never ends: the end is mandatory, and no later than the check says.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::card::{Check, Kind, Scope};
use super::evidence::{Answer, Evidence, Found, Subject};
use super::score::WHOLE;
use crate::change::FieldProblem;
use crate::service::ServiceKey;
use crate::{Timestamp, text};

/// Most characters of a note.
const MOST_NOTE: usize = 2_000;
/// Most characters of a link.
const MOST_LINK: usize = 1_000;
/// Digits of a file's hash that are shown.
const DIGITS: usize = 12;

/// What somebody wants to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AttestationWish {
    /// The check's id.
    pub check: String,
    /// The environment.
    pub environment: String,
    /// The cluster; none for the whole environment.
    #[serde(default)]
    pub cluster: Option<String>,
    /// The service; none for the whole environment.
    #[serde(default)]
    pub service: Option<String>,
    /// How far it holds, in permille: 1000 holds, 0 does not. None where the file that comes with it says so.
    #[serde(default)]
    pub value: Option<u16>,
    /// What was seen, in the person's words.
    #[serde(default)]
    pub note: String,
    /// Where it can be seen.
    #[serde(default)]
    pub link: Option<String>,
    /// From when on it no longer counts. Mandatory.
    pub expires: Option<Timestamp>,
}

/// A file that was handed in with an attestation. Its bytes are kept beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileNamed {
    /// What it was called.
    pub name: String,
    /// The SHA-256 of its bytes, in hex.
    pub sha256: String,
    /// How many bytes.
    pub bytes: u64,
}

/// A person's word on a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Attestation {
    /// The number people call it by.
    pub id: i64,
    /// The check's id.
    pub check: String,
    /// What it is about.
    pub subject: Subject,
    /// How far it holds, in permille.
    pub value: u16,
    /// What was seen, in the person's words; may be empty.
    pub note: String,
    /// Where it can be seen.
    pub link: Option<String>,
    /// The file that was handed in.
    pub file: Option<FileNamed>,
    /// What was read in the file, as a sentence.
    pub said: Option<String>,
    /// Who says so.
    pub by: String,
    /// When it was said.
    pub at: Timestamp,
    /// From then on it no longer counts.
    pub expires: Timestamp,
    /// When it was taken back, and by whom.
    pub withdrawn: Option<(Timestamp, String)>,
}

impl AttestationWish {
    /// What it is about.
    pub fn subject(&self) -> Subject {
        let environment = self.environment.clone();
        match (&self.cluster, &self.service) {
            (Some(cluster), Some(service)) => {
                Subject::Service(ServiceKey { environment, cluster: cluster.clone(), service: service.clone() })
            }
            _ => Subject::Environment { environment },
        }
    }

    /// Everything that is wrong with it. `check` is the card's check of that id, `file` what comes with it, `read` how far the
    /// check holds by what the file says, where it is one that is understood.
    pub fn problems(&self, now: Timestamp, check: Option<&Check>, file: Option<&FileNamed>, read: Option<u16>) -> Vec<FieldProblem> {
        let Some(check) = check else {
            let said = format!("\"{}\" is no check of the score card; nothing was kept.", text::shown(&self.check));
            return vec![FieldProblem::new("check", said)];
        };
        if check.evidence == Kind::Live {
            let said = format!("{} is computed from what is seen, so nobody's word counts; a waiver can accept its failing.", check.id);
            return vec![FieldProblem::new("check", said)];
        }
        let link = self.link.as_deref().map(str::trim).filter(|link| !link.is_empty());
        let note = self.note.trim();
        [
            self.environment.trim().is_empty().then(|| FieldProblem::new("environment", "Say which environment it is about.")),
            self.wrong_subject(check).map(|said| FieldProblem::new("service", said)),
            self.wrong_value(read).map(|said| FieldProblem::new("value", said)),
            wrong_note(note).map(|said| FieldProblem::new("note", said)),
            link.and_then(wrong_link).map(|said| FieldProblem::new("link", said)),
            (note.is_empty() && link.is_none() && file.is_none()).then(|| {
                FieldProblem::new("note", "Say what was seen, or give a link or a file: a word without anything behind it proves nothing.")
            }),
            self.wrong_end(now, check).map(|said| FieldProblem::new("expires", said)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The attestation it becomes; `at` and `by` are not the asker's to say.
    pub fn attested(&self, by: &str, at: Timestamp, value: u16, file: Option<FileNamed>, said: Option<String>) -> Attestation {
        let link = self.link.as_deref().map(str::trim).filter(|link| !link.is_empty()).map(str::to_owned);
        Attestation {
            id: 0,
            check: self.check.clone(),
            subject: self.subject(),
            value: value.min(WHOLE),
            note: self.note.trim().to_owned(),
            link,
            file,
            said,
            by: by.to_owned(),
            at,
            expires: self.expires.unwrap_or(at),
            withdrawn: None,
        }
    }

    fn wrong_subject(&self, check: &Check) -> Option<&'static str> {
        let empty = |name: &Option<String>| name.as_ref().is_some_and(|name| name.trim().is_empty());
        if self.service.is_some() != self.cluster.is_some() || empty(&self.service) || empty(&self.cluster) {
            return Some("A service is named with its cluster; leave both out for the whole environment.");
        }
        (self.service.is_some() && check.scope == Scope::Environment)
            .then_some("This check is asked of the environment as a whole: leave cluster and service out.")
    }

    fn wrong_value(&self, read: Option<u16>) -> Option<String> {
        match (self.value, read) {
            (None, None) => Some("Say how far it holds: 100 % (1000 permille) where it does, 0 where it does not.".to_owned()),
            (Some(value), _) if value > WHOLE => Some(format!("{value} is more than all of it; 1000 permille is the most.")),
            (Some(value), Some(read)) if value > read => Some(format!(
                "The file says {}.{} % ({read} permille); it may be judged worse than that, not better. Leave it out to take the file's.",
                read / 10,
                read % 10
            )),
            _ => None,
        }
    }

    fn wrong_end(&self, now: Timestamp, check: &Check) -> Option<String> {
        let longest = check.lasts(Duration::ZERO);
        match self.expires {
            None => Some(format!("Say until when it counts, within {} days: nobody's word counts for ever.", days(longest))),
            Some(end) if end <= now => Some("That end is past already: choose a later day.".to_owned()),
            Some(end) if end.since(now) > longest => Some(format!(
                "A word on {} counts for {} days at most: choose an earlier day, and look again then.",
                check.id,
                days(longest)
            )),
            Some(_) => None,
        }
    }
}

fn days(span: Duration) -> u64 {
    span.as_secs() / 86_400
}

fn wrong_note(note: &str) -> Option<String> {
    let length = note.chars().count();
    (length > MOST_NOTE).then(|| format!("{length} characters are too many; {MOST_NOTE} are kept at most. Give a link or a file instead."))
}

/// What is wrong with a link. It is shown as one that can be followed, so that it must be what it looks like: only http, and
/// nothing in it that hides or reorders.
fn wrong_link(link: &str) -> Option<&'static str> {
    let rest = ["https://", "http://"].iter().find_map(|scheme| {
        let head = link.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| link.get(scheme.len()..).unwrap_or_default())
    });
    let Some(rest) = rest else { return Some("A link begins with https:// or http://.") };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() {
        return Some("This link names no host.");
    }
    if host.contains('@') {
        return Some("Leave the user and the password out of the link: it is shown to everybody who reads the report.");
    }
    if link.chars().count() > MOST_LINK {
        return Some("A link has 1,000 characters at most.");
    }
    let odd = |letter: char| {
        letter.is_whitespace() || letter.is_control() || matches!(letter, '<' | '>' | '"' | '\\' | '`') || text::harmful(letter)
    };
    link.chars().any(odd).then_some("A link has no spaces, quotes or hidden characters; write them as %20 and the like.")
}

impl Attestation {
    /// Whether it counts at `now`: said, not taken back, not past its end.
    pub fn holds(&self, now: Timestamp) -> bool {
        !self.taken_back(now) && now < self.expires
    }

    fn taken_back(&self, now: Timestamp) -> bool {
        self.withdrawn.as_ref().is_some_and(|(at, _)| *at <= now)
    }

    /// What it amounts to. One that has ended is evidence that is too old, which the assessment says; one that was taken back
    /// is none.
    pub fn evidence(&self, now: Timestamp) -> Option<Evidence> {
        if self.taken_back(now) {
            return None;
        }
        let answer = Answer::share(u64::from(self.value), u64::from(WHOLE));
        let found = Found {
            answer,
            said: self.sentence().into(),
            observed_at: Some(self.at),
            valid_until: Some(self.expires),
            source: self.source().into(),
            request_id: None,
            brought: None,
        };
        Some(Evidence { check: self.check.clone(), subject: self.subject.clone(), found })
    }

    /// What was seen, as one sentence: what the file says first, then the person's words.
    fn sentence(&self) -> String {
        let judged = match self.value {
            WHOLE.. => "it holds".to_owned(),
            0 => "it does not hold".to_owned(),
            part => format!("it holds in part, {}.{} %", part / 10, part % 10),
        };
        let said = self.said.as_deref().filter(|said| !said.is_empty());
        let note = Some(self.note.as_str()).filter(|note| !note.is_empty());
        let words: Vec<String> = [said, note].into_iter().flatten().map(text::shown).collect();
        if words.is_empty() { format!("{} says {judged}", text::shown(&self.by)) } else { format!("{judged}: {}", words.join("; ")) }
    }

    /// `attested by nina, https://…`.
    fn source(&self) -> String {
        let link = self.link.as_deref().map(text::shown);
        let file = self.file.as_ref().map(|file| {
            let digits = file.sha256.get(..DIGITS).unwrap_or(&file.sha256);
            format!("file {} (sha256 {digits}…)", text::shown(&file.name))
        });
        let parts: Vec<String> = [Some(format!("attested by {}", text::shown(&self.by))), link, file].into_iter().flatten().collect();
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests;
