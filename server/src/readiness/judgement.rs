//! Everything judged at one instant, with what it was judged by: what pages, API and reports draw from.
//!
//! Separate from the asking because here the card grows: each heading of a checklist is a check of its own (decision 0131),
//! so the card that judges is the operator's and those. The trap is the runtime's threads: judging a thousand services is a
//! fifth of a second of reckoning, in which no page would be answered, so it is done beside them.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::Timestamp;
use domain::change::HealthCheck;
use domain::readiness::live::{ServiceFacts, lacking};
use domain::readiness::{Assessing, Card, Check, Evidence, KeptChecklist, Promises, Readiness, Waiver};
use domain::service::ServiceKey;
use domain::view::ReadinessFacts;
use sha2::{Digest as _, Sha256};

use super::Judging;
use crate::store::{Store, StoreError};

/// Bytes of a digest that are kept: it tells cards apart and proves nothing.
const DIGEST_BYTES: usize = 8;

/// How everything stood at one instant.
#[derive(Debug)]
pub struct Judgement {
    /// The store's revision the fleet was read at.
    pub revision: u64,
    /// The card it was judged by, with the checks of checklists.
    pub card: Card,
    /// Tells that card from others by what it counts.
    pub digest: String,
    /// How it was judged.
    pub readiness: Readiness,
    /// Every waiver there ever was.
    pub waivers: Vec<Waiver>,
    /// What a health check would make of the services it was reckoned for.
    pub promises: Promises,
}

impl Judgement {
    /// What the views are made of.
    pub fn facts(&self) -> ReadinessFacts<'_> {
        let Self { card, readiness, waivers, promises, .. } = self;
        ReadinessFacts { revision: self.revision, card, readiness, waivers, promises }
    }
}

/// What people said: attestations and ticks, what they accepted, their checklists.
struct Said {
    attested: Vec<Evidence>,
    waivers: Vec<Waiver>,
    lists: Vec<KeptChecklist>,
}

impl Judging {
    /// Judges the fleet as it stands, with everything people said of it. It is reckoned what the health check that the form
    /// offers would make of each service that lacks one.
    ///
    /// # Errors
    /// When a statement fails or a row cannot be read.
    pub async fn judge(self: &Arc<Self>, store: &Store, same_time: bool, now: Timestamp) -> Result<Judgement, StoreError> {
        self.judge_with(store, same_time, now, lacking).await
    }

    /// The same, where it is reckoned what this health check would make of these services.
    ///
    /// # Errors
    /// As [`Judging::judge`].
    pub async fn judge_planned(
        self: &Arc<Self>,
        store: &Store,
        same_time: bool,
        now: Timestamp,
        (check, services): (HealthCheck, BTreeSet<ServiceKey>),
    ) -> Result<Judgement, StoreError> {
        let planned = move |facts: &ServiceFacts<'_>| services.contains(facts.key).then(|| check.clone());
        self.judge_with(store, same_time, now, planned).await
    }

    async fn judge_with(
        self: &Arc<Self>,
        store: &Store,
        same_time: bool,
        now: Timestamp,
        planned: impl Fn(&ServiceFacts<'_>) -> Option<HealthCheck> + Send + 'static,
    ) -> Result<Judgement, StoreError> {
        let load = self.load(store, now).await?;
        let said = Said { attested: store.attested(now).await?, waivers: store.waivers().await?, lists: store.checklists().await? };
        let (facts, mut left) = store.readiness_facts(now).await?;
        let judging = Arc::clone(self);
        // one run is read while another is judged, and no third one waits
        let (read, mut runs) = tokio::sync::mpsc::channel(1);
        let work = move || {
            let (revision, card) = (facts.revision, judging.card.clone());
            let runs = std::iter::from_fn(|| runs.blocking_recv());
            // moved in: what was read is let go of before what was judged is added up
            concluded(revision, card, said, now, move |assessing| judging.look((&facts, &load), runs, (same_time, now), planned, assessing))
        };
        let reading = async move {
            // read once there is room for it: a run that waited to be handed over would be a third one. Nobody takes any more where
            // judging failed, which is told below
            while let Ok(room) = read.reserve().await {
                match left.next().await? {
                    Some(run) => room.send(run),
                    None => break,
                }
            }
            Ok::<(), StoreError>(())
        };
        let (judgement, all_read) = tokio::join!(beside(work), reading);
        // of a fleet that could be read in part alone there is no judgement
        all_read.map(|()| judgement)
    }
}

/// `look` asks the card of every service.
fn concluded(revision: u64, mut card: Card, said: Said, now: Timestamp, look: impl FnOnce(&mut Assessing<'_>) -> Promises) -> Judgement {
    let Said { attested, waivers, lists } = said;
    let checks: Vec<Check> = lists.iter().flat_map(KeptChecklist::checks).filter(|check| card.check(&check.id).is_none()).collect();
    let digest = digest(&card, &checks);
    card.checks.extend(checks);
    let mut assessing = Assessing::new(&card, now, &attested, &waivers);
    let promises = look(&mut assessing);
    let readiness = assessing.done();
    Judgement { revision, card, digest, readiness, waivers, promises }
}

/// A name for what counts. Of a checklist's checks that is which there are and what they weigh: their words and the work that is
/// left change with every tick, and a line of scores must not break at each.
fn digest(card: &Card, lists: &[Check]) -> String {
    // a card is JSON by what it is made of
    let mut bytes = serde_json::to_vec(card).unwrap_or_default();
    for check in lists {
        bytes.extend_from_slice(format!("\n{} {}", check.id, check.weight.as_str()).as_bytes());
    }
    let hash: [u8; 32] = Sha256::digest(&bytes).into();
    hash.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// Runs what takes long where it holds up no answer.
pub(crate) async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // only a runtime that is taken down cancels it, and then nobody waits
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests {
    use domain::readiness::checklist::{ListItem, Section};
    use domain::readiness::{Checklist, Weight};

    use super::*;
    use crate::readiness::scorecard;

    fn list(done: bool, priority: Weight) -> KeptChecklist {
        let item =
            ListItem { id: "1".into(), text: "restore a backup".into(), done: Some(done), priority: Some(priority), ..ListItem::default() };
        let section = Section { level: 2, title: "Recovery".into(), items: vec![item], ..Section::default() };
        KeptChecklist {
            id: 1,
            environment: "production".into(),
            name: "sister".into(),
            attested: Timestamp::from_secs(1_000),
            by: "nina".into(),
            checklist: Checklist { sections: vec![section] },
        }
    }

    fn judged(lists: Vec<KeptChecklist>) -> Judgement {
        let card = scorecard::load(None).unwrap();
        let said = Said { attested: Vec::new(), waivers: Vec::new(), lists };
        concluded(3, card, said, Timestamp::from_secs(2_000), |_| Promises::new())
    }

    #[test]
    fn a_heading_of_a_checklist_is_a_check_and_a_tick_is_no_other_card() {
        let (none, open, done) = (judged(Vec::new()), judged(vec![list(false, Weight::High)]), judged(vec![list(true, Weight::High)]));
        assert_eq!(open.card.checks.len(), none.card.checks.len() + 1);
        assert_ne!(open.digest, none.digest);
        assert_eq!(open.digest, done.digest, "a tick must not break the line of scores");
        assert_ne!(open.digest, judged(vec![list(false, Weight::Low)]).digest);
        assert_eq!(open.digest.len(), 2 * DIGEST_BYTES);
    }

    #[tokio::test]
    async fn what_is_done_beside_comes_back() {
        assert_eq!(beside(|| 6 * 7).await, 42);
    }
}
