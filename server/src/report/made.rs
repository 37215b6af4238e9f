//! A report from wish to signature: judged, composed, redacted where that was asked, signed.
//!
//! One way for the page, the command and the schedule, so that none of them forgets a step; and it takes a judgement and makes
//! none, so that the report says the number the page says. The order matters: what is signed is the redacted document, because
//! a signature over the other would have to be left out with the names.

use domain::Timestamp;
use domain::report::{Document, Reaching, redact};
use domain::view::PreviewPart;

use super::compose::{Asked, Composing, NoReport, compose};
use super::outline::first_page;
use super::prices::Settings;
use super::{Format, Key, Sealed, render};
use crate::dice::Dice;
use crate::readiness::Judgement;
use crate::store::{Packed, Store};

/// Who wants which report.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Who.
    pub requester: String,
    /// The time it is about.
    pub reaching: Reaching,
    /// Only these environments; empty: all.
    pub environments: Vec<String>,
    /// Without accounts, addresses and names.
    pub redact: bool,
}

impl Wish {
    /// The one environment it is about, where it is about one.
    pub fn only(&self) -> Option<&str> {
        match self.environments.as_slice() {
            [one] => Some(one.as_str()),
            _ => None,
        }
    }
}

/// What a report is made with.
#[derive(Clone, Copy)]
pub struct Making<'a> {
    /// What is read.
    pub store: &'a Store,
    /// `[report]` of the config.
    pub settings: &'a Settings,
    /// Where its id comes from.
    pub dice: &'a dyn Dice,
    /// Whether NATS servers and AWS tell the same time.
    pub same_time: bool,
}

/// Makes it, of how everything stood when it was judged.
///
/// # Errors
/// When the store cannot be read, an environment is not there, or what is configured for reports is wrong.
pub async fn make(making: Making<'_>, key: &Key, judgement: &Judgement, wish: &Wish) -> Result<Sealed, NoReport> {
    let document = drafted(making, judgement, wish).await?;
    Sealed::new(document, key).map_err(|error| NoReport::Made(error.to_string()))
}

/// The document it would have, which nobody has signed.
///
/// # Errors
/// As [`make`].
pub async fn drafted(making: Making<'_>, judgement: &Judgement, wish: &Wish) -> Result<Document, NoReport> {
    let Making { store, settings, dice, same_time } = making;
    let now = judgement.readiness.at;
    let mut random = [0; 10];
    dice.fill(&mut random).map_err(|error| NoReport::Made(format!("the system has no random bytes to give: {error}")))?;
    let before = store.report_before(wish.only()).await?;
    let asked = Asked {
        id: id(now, &random),
        requester: wish.requester.clone(),
        period: wish.reaching.period(now, before.as_ref().map(|before| before.made)),
        environments: wish.environments.clone(),
    };
    let with = Composing {
        card: &judgement.card,
        readiness: &judgement.readiness,
        waivers: &judgement.waivers,
        settings,
        before: before.as_ref(),
        same_time,
    };
    let document = compose(store, &asked, with).await?;
    if wish.redact { without_names(store, &document, now).await } else { Ok(document) }
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

/// A report in every format, packed as it is kept. It takes seconds for a thousand services: beside the runtime.
pub fn drawn(sealed: &Sealed) -> Vec<(&'static str, Packed)> {
    Format::ALL.into_iter().map(|format| (format.as_str(), Packed::of(render(format, sealed).as_bytes()))).collect()
}

/// What a document says on its first page.
pub fn preview(document: &Document) -> Vec<PreviewPart> {
    first_page(document)
}
