//! A report from wish to signature: judged, composed, redacted where that was asked, signed.
//!
//! One way for the page, the command and the schedule, so that none of them forgets a step. The order matters: what is signed
//! is the redacted document, because a signature over the other would have to be left out with the names.

use std::sync::Arc;
use std::time::Duration;

use domain::Timestamp;
use domain::report::{Document, redact};

use super::compose::{Asked, Composing, NoReport, compose};
use super::prices::Settings;
use super::{Key, Sealed};
use crate::dice::Dice;
use crate::readiness::Judging;
use crate::store::{Store, StoreError};

/// Who wants which report.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who.
    pub requester: String,
    /// How far back it reaches.
    pub period: Duration,
    /// Only these environments; empty: all.
    pub environments: Vec<String>,
    /// Without accounts, addresses and names.
    pub redact: bool,
}

/// What a report is made with.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// What is read.
    pub store: &'a Store,
    /// The score card and how it is asked.
    pub judging: &'a Arc<Judging>,
    /// `[report]` of the config.
    pub settings: &'a Settings,
    /// What it is signed with.
    pub key: &'a Key,
    /// Where its id comes from.
    pub dice: &'a dyn Dice,
    /// Whether NATS servers and AWS tell the same time.
    pub same_time: bool,
}

/// Makes it. Judged as the pages are, checklists included. `before`: the newest report of the same environments that was not
/// redacted.
///
/// # Errors
/// When the store cannot be read, an environment is not there, or what is configured for reports is wrong.
pub async fn make(making: Making<'_>, wish: &Wish, before: Option<&Document>, now: Timestamp) -> Result<Sealed, NoReport> {
    let Making { store, judging, settings, key, dice, same_time } = making;
    let judgement = judging.judge(store, same_time, now).await?;
    let mut random = [0; 10];
    dice.fill(&mut random).map_err(|error| NoReport::Made(format!("the system has no random bytes to give: {error}")))?;
    let asked =
        Asked { id: id(now, &random), requester: wish.requester.clone(), period: wish.period, environments: wish.environments.clone() };
    let with =
        Composing { card: &judgement.card, readiness: &judgement.readiness, waivers: &judgement.waivers, settings, before, same_time };
    let document = compose(store, &asked, with).await?;
    let document = if wish.redact { without_names(store, &document, now).await? } else { document };
    Sealed::new(document, key).map_err(|error| NoReport::Made(error.to_string()))
}

/// People stand in sentences as well as in fields: everybody who ever had an account is known by name.
async fn without_names(store: &Store, document: &Document, now: Timestamp) -> Result<Document, NoReport> {
    let people: Vec<String> = store.account_list(now).await?.into_iter().map(|account| account.name).collect();
    redact(document, &people).map_err(|error| NoReport::Made(format!("its names could not be replaced: {error}")))
}

/// A UUIDv7 of the injected clock (RFC 9562, 5.7).
fn id(now: Timestamp, random: &[u8; 10]) -> String {
    let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid().hyphenated().to_string()
}

/// What was reported before of these environments, and not redacted.
///
/// # Errors
/// When a statement fails or a row cannot be read.
pub async fn before(store: &Store, environments: &[String]) -> Result<Option<Document>, StoreError> {
    let only = match environments {
        [one] => Some(one.as_str()),
        _ => None,
    };
    store.report_before(only).await
}
