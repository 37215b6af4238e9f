//! What people say, for the pages and the API: looked at by viewers, said by operators.
//!
//! Separate from the store, which only keeps: here a wish is held against the card, the fleet and the clock, a file is read, and
//! whatever was kept wakes the pages. The trap is a check made twice in two ways: what a page shows to be wrong and what is
//! refused when it is posted come from the same functions, so that nothing is refused that a page had let pass.
//!
//! | module | holds |
//! |---|---|
//! | `tray` | files that were handed in and are not kept yet |
//! | `say` | attesting, waiving and importing |

mod say;
mod tray;

use async_trait::async_trait;
use domain::Failure;
use domain::port::Attested;
use domain::view::{ATTESTATIONS_PER_PAGE, AttestFacts, AttestPage, AttestQuery, ChecklistsPage, WaiverFacts, WaiverQuery, WaiversPage};

use super::{ControlPlane, internal};
use crate::readiness::Judgement;

pub(super) use tray::Tray;

#[async_trait]
impl Attested for ControlPlane {
    async fn attestations(&self, query: AttestQuery) -> Result<AttestPage, Failure> {
        let judgement = self.judgement().await?;
        let facts = self.attest_facts(&judgement);
        let wanted = query.environment.trim();
        let known = facts.environments.iter().find(|name| *name == wanted).or_else(|| facts.environments.first());
        let environment = known.cloned().unwrap_or_default();
        // one more than is shown tells whether there are older ones
        let most = i64::try_from(ATTESTATIONS_PER_PAGE).unwrap_or(i64::MAX).saturating_add(1);
        let before = query.before.unwrap_or(i64::MAX);
        let said = self.setting.store.attestations_before(&environment, before, most).await.map_err(internal)?;
        Ok(AttestPage::compose(facts, &query, environment, said))
    }

    async fn attestation_file(&self, id: i64) -> Result<(String, Vec<u8>), Failure> {
        let found = self.setting.store.attestation_file(id).await.map_err(internal)?;
        found.ok_or_else(|| Failure::NoSuch { what: format!("file of an attestation with the number {id}") })
    }

    async fn waivers(&self, query: WaiverQuery) -> Result<WaiversPage, Failure> {
        let judgement = self.judgement().await?;
        Ok(WaiversPage::compose(self.waiver_facts(&judgement), &query))
    }

    async fn checklists(&self) -> Result<ChecklistsPage, Failure> {
        let revision = self.setting.live.revision();
        let lists = self.setting.store.checklists().await.map_err(internal)?;
        let environments = self.environment_names();
        Ok(ChecklistsPage::compose(revision, environments, &lists, self.setting.clock.now()))
    }

    async fn checklist_markdown(&self, id: i64) -> Result<(String, String), Failure> {
        let lists = self.setting.store.checklists().await.map_err(internal)?;
        let found = lists.into_iter().find(|list| list.id == id).ok_or_else(|| no_checklist(id))?;
        Ok((found.name, found.checklist.to_markdown()))
    }
}

impl ControlPlane {
    /// What is attested is of the card itself: the checks that checklists make are ticked and not attested.
    fn attest_facts<'a>(&'a self, judgement: &'a Judgement) -> AttestFacts<'a> {
        AttestFacts {
            revision: self.setting.live.revision(),
            now: self.setting.clock.now(),
            card: self.setting.judging.card(),
            readiness: &judgement.readiness,
            environments: self.environment_names(),
        }
    }

    /// What is waived may be any check there is.
    fn waiver_facts<'a>(&'a self, judgement: &'a Judgement) -> WaiverFacts<'a> {
        WaiverFacts {
            revision: self.setting.live.revision(),
            now: self.setting.clock.now(),
            card: &judgement.card,
            readiness: &judgement.readiness,
            waivers: &judgement.waivers,
            environments: self.environment_names(),
        }
    }
}

fn no_checklist(id: i64) -> Failure {
    Failure::NoSuch { what: format!("checklist with the number {id}") }
}
