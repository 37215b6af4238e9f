//! Attesting, waiving and importing: what an operator says, held against the card and kept with its row in the audit.

use async_trait::async_trait;
use domain::change::FieldProblem;
use domain::port::{Actor, Attest};
use domain::readiness::{AttestationWish, KeptChecklist, WaiverWish};
use domain::view::{
    AttestDraft, AttestQuery, ChecklistKept, ChecklistPreview, ChecklistQuery, FileRead, NoticeSaid, checklist_seen, more_problems, placed,
};
use domain::{Failure, text};

use super::super::{LONGEST_REASON, Operations, internal};
use super::no_checklist;
use super::tray::Held;
use crate::checklist::{self, Imported};
use crate::evidence_file::{self, Format};
use crate::readiness::{Judgement, beside};
use crate::store::{Importing, Signed, Waiving, Written};

/// A wish, held against everything it can be held against.
struct Weighed {
    wish: AttestationWish,
    held: Option<Held>,
    read: Option<FileRead>,
    problems: Vec<FieldProblem>,
}

impl Weighed {
    /// How far the check would hold: what is said, or else what the file says.
    fn value(&self) -> Option<u16> {
        self.wish.value.or(self.read.as_ref().and_then(|read| read.value))
    }
}

#[async_trait]
impl Attest for Operations {
    async fn hold(&self, actor: &Actor, name: String, bytes: Vec<u8>) -> Result<String, Failure> {
        evidence_file::small_enough(&bytes).map_err(|unread| Failure::Refused { why: unread.to_string() })?;
        Ok(self.tray.put(&actor.name, &name, bytes, self.plane.setting.clock.now()))
    }

    async fn attestation_draft(&self, actor: &Actor, query: AttestQuery) -> Result<AttestDraft, Failure> {
        let (wish, told) = query.typed();
        let judgement = self.plane.judgement().await?;
        let weighed = self.weighed(actor, &judgement, wish, query.held(), told).await;
        let (value, subject) = (weighed.value(), weighed.wish.subject());
        Ok(AttestDraft { file: weighed.read, problems: weighed.problems, value, subject: Some(subject) })
    }

    async fn attest(&self, actor: Actor, wish: AttestationWish, file: Option<String>) -> Result<i64, Failure> {
        let judgement = self.plane.judgement().await?;
        let weighed = self.weighed(&actor, &judgement, wish, file, Vec::new()).await;
        let value = weighed.value().unwrap_or(0);
        let Weighed { wish, held, read, problems } = weighed;
        if !problems.is_empty() {
            return Err(Failure::Unfit { fields: problems });
        }
        let (store, now) = (&self.plane.setting.store, self.plane.setting.clock.now());
        let (named, said) = read.map(|read| (Some(read.file), read.said)).unwrap_or_default();
        let attestation = wish.attested(&actor.shown(), now, value, named, said);
        // a double click sends it twice
        let newest = store.attestations_before(&wish.environment, i64::MAX, 1).await.map_err(internal)?;
        let again = newest.iter().find(|newest| {
            let same = domain::readiness::Attestation { id: newest.id, at: newest.at, ..attestation.clone() };
            **newest == same
        });
        if let Some(again) = again {
            return Ok(again.id);
        }
        let bytes = held.as_ref().map(|held| held.bytes.as_ref());
        let (id, written) = store.attest(&attestation, bytes, &Signed::by(&actor, now)).await.map_err(internal)?;
        if let Some(held) = held {
            self.tray.let_go(&actor.name, &held.file.sha256);
        }
        self.woken(&written);
        Ok(id)
    }

    async fn attestation_withdraw(&self, actor: Actor, id: i64) -> Result<(), Failure> {
        let signed = Signed::by(&actor, self.plane.setting.clock.now());
        let done = self.plane.setting.store.attestation_withdraw(id, &signed).await.map_err(internal)?;
        let gone = || Failure::Refused { why: format!("There is no attestation {id}, or it was taken back already.") };
        self.woken(&done.ok_or_else(gone)?);
        Ok(())
    }

    async fn waiver_ask(&self, actor: Actor, wish: WaiverWish) -> Result<i64, Failure> {
        let judgement = self.plane.judgement().await?;
        let facts = self.plane.waiver_facts(&judgement);
        let (mut wish, mut problems) = (wish, Vec::new());
        facts.wrong(&mut wish, &mut problems);
        if !problems.is_empty() {
            return Err(Failure::Unfit { fields: problems });
        }
        if let Some(id) = facts.waiting(&wish) {
            return Err(Failure::Refused { why: format!("Waiver {id} asks for the same and waits for somebody to approve it.") });
        }
        let (store, now) = (&self.plane.setting.store, self.plane.setting.clock.now());
        let (id, written) = store.waiver_ask(&wish, &actor, now).await.map_err(internal)?;
        self.woken(&written);
        Ok(id)
    }

    async fn waiver_approve(&self, actor: Actor, id: i64) -> Result<(), Failure> {
        let judgement = self.plane.judgement().await?;
        let asked = judgement.waivers.iter().find(|waiver| waiver.id == id).ok_or_else(|| no_waiver(id))?;
        let check = judgement.card.check(&asked.wish.check);
        let now = self.plane.setting.clock.now();
        let done = self.plane.setting.store.waiver_approve(id, check, &actor, now).await.map_err(internal)?;
        self.waived(id, done)
    }

    async fn waiver_end(&self, actor: Actor, id: i64, why: String) -> Result<(), Failure> {
        let why = why.trim();
        if why.is_empty() || why.chars().count() > LONGEST_REASON {
            return Err(Failure::Refused { why: format!("Say why it is ended, in 1 to {LONGEST_REASON} characters: it stays on record.") });
        }
        let now = self.plane.setting.clock.now();
        let done = self.plane.setting.store.waiver_end(id, why, &actor, now).await.map_err(internal)?;
        self.waived(id, done)
    }

    async fn checklist_preview(&self, actor: &Actor, query: ChecklistQuery) -> Result<ChecklistPreview, Failure> {
        let Imported { checklist, repaired, notices } = self.imported(actor, &query).await?;
        let kept = self.kept(&query).await?;
        let preview = ChecklistPreview::compose(&query, checklist, kept.as_ref(), self.plane.setting.clock.now());
        let notice = |notice: checklist::Notice| NoticeSaid { line: count(notice.line), said: text::shown(&notice.said) };
        Ok(ChecklistPreview { repaired: count(repaired), notices: notices.into_iter().map(notice).collect(), ..preview })
    }

    async fn checklist_keep(&self, actor: Actor, query: ChecklistQuery, seen: Option<String>) -> Result<ChecklistKept, Failure> {
        let imported = self.imported(&actor, &query).await?;
        let kept = self.kept(&query).await?;
        if seen.is_some_and(|seen| seen != checklist_seen(kept.as_ref())) {
            let by =
                kept.as_ref().map_or_else(|| "Somebody removed it".to_owned(), |kept| format!("{} imported it", text::shown(&kept.by)));
            return Err(Failure::Refused {
                why: format!("{by} since this preview was made. Look at what would change now; then keep it."),
            });
        }
        let signed = Signed::by(&actor, self.plane.setting.clock.now());
        let store = &self.plane.setting.store;
        let done = store.checklist_keep(&query.environment, query.name.trim(), &imported.checklist, &signed).await.map_err(internal)?;
        self.tray.let_go(&actor.name, &query.file);
        match done {
            Importing::Done { id, written } => {
                self.woken(&written);
                Ok(ChecklistKept { id, same: false })
            }
            Importing::Same { id } => Ok(ChecklistKept { id, same: true }),
        }
    }

    async fn checklist_confirm(&self, actor: Actor, id: i64) -> Result<(), Failure> {
        let signed = Signed::by(&actor, self.plane.setting.clock.now());
        let done = self.plane.setting.store.checklist_confirm(id, &signed).await.map_err(internal)?;
        self.woken(&done.ok_or_else(|| no_checklist(id))?);
        Ok(())
    }

    async fn checklist_remove(&self, actor: Actor, id: i64) -> Result<(), Failure> {
        let signed = Signed::by(&actor, self.plane.setting.clock.now());
        let done = self.plane.setting.store.checklist_remove(id, &signed).await.map_err(internal)?;
        self.woken(&done.ok_or_else(|| no_checklist(id))?);
        Ok(())
    }
}

impl Operations {
    /// Holds a wish against the fleet, the file and the card. `told` is what is known to be wrong with it already.
    async fn weighed(
        &self,
        actor: &Actor,
        judgement: &Judgement,
        mut wish: AttestationWish,
        file: Option<String>,
        told: Vec<FieldProblem>,
    ) -> Weighed {
        let plane = &self.plane;
        let (now, card, mut problems) = (plane.setting.clock.now(), plane.setting.judging.card(), told);
        let service = wish.service.clone();
        let environments = plane.environment_names();
        let lost = placed(&judgement.readiness, &environments, &wish.environment, &mut wish.cluster, service.as_deref());
        more_problems(&mut problems, lost);
        let held = file.as_deref().and_then(|hash| self.tray.get(&actor.name, hash, now));
        if file.is_some() && held.is_none() {
            let said = "The file is not here any more: what is handed in is held for an hour, and not through a restart. Choose it again.";
            more_problems(&mut problems, [FieldProblem::new("file", said)]);
        }
        let read = match held.clone() {
            Some(held) => Some(self.file_read(held).await),
            None => None,
        };
        if let Some(refused) = read.as_ref().and_then(|read| read.refused.clone()) {
            more_problems(&mut problems, [FieldProblem::new("file", refused)]);
        }
        let (named, value) = (read.as_ref().map(|read| &read.file), read.as_ref().and_then(|read| read.value));
        let wrong = wish.problems(now, card.check(&wish.check), named, value);
        more_problems(&mut problems, wrong);
        Weighed { wish, held, read, problems }
    }

    /// What a held file says, read where it holds up no answer.
    async fn file_read(&self, held: Held) -> FileRead {
        let (limits, bytes) = (self.plane.setting.judging.card().thresholds, held.bytes.clone());
        let spoken = beside(move || Format::guess(&bytes).map(|format| evidence_file::read(&bytes, format, &limits))).await;
        let (value, said, refused) = match spoken {
            None => (None, None, None),
            Some(Ok(spoken)) => (Some(spoken.value), Some(spoken.said), None),
            Some(Err(unread)) => (None, None, Some(unread.to_string())),
        };
        FileRead { file: held.file, value, said, refused }
    }

    /// Reads the held file as a checklist.
    async fn imported(&self, actor: &Actor, query: &ChecklistQuery) -> Result<Imported, Failure> {
        let problems = query.problems(&self.plane.environment_names());
        if !problems.is_empty() {
            return Err(Failure::Unfit { fields: problems });
        }
        let held = self.tray.get(&actor.name, &query.file, self.plane.setting.clock.now());
        let gone = "The file is not here any more: what is handed in is held for an hour, and not through a restart. Choose it again.";
        let held = held.ok_or_else(|| Failure::Refused { why: gone.to_owned() })?;
        let bytes = held.bytes;
        beside(move || checklist::import(&bytes)).await.map_err(|refused| Failure::Refused { why: refused.to_string() })
    }

    /// The list that an import would replace.
    async fn kept(&self, query: &ChecklistQuery) -> Result<Option<KeptChecklist>, Failure> {
        let lists = self.plane.setting.store.checklists().await.map_err(internal)?;
        Ok(lists.into_iter().find(|list| list.environment == query.environment && list.name == query.name.trim()))
    }

    /// Wakes the pages that show it.
    fn woken(&self, written: &Written) {
        self.plane.setting.live.changed(&written.topics, written.revision);
    }

    fn waived(&self, id: i64, done: Waiving) -> Result<(), Failure> {
        match done {
            Waiving::Done(written) => {
                self.woken(&written);
                Ok(())
            }
            Waiving::NoWaiver => Err(no_waiver(id)),
            Waiving::Refused(why) => Err(Failure::Refused { why }),
        }
    }
}

fn no_waiver(id: i64) -> Failure {
    Failure::NoSuch { what: format!("waiver with the number {id}") }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
