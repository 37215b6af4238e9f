//! Standing for what no collector sees: attestations, waivers and checklists.
//!
//! Two traits, because a permission is a type: whoever may look holds [`Attested`], whoever may act holds [`Attest`]. Apart
//! from `port`, which they belong to as what [`super::Observe`] and [`super::Operate`] promise as well, because they are a
//! subject of their own. The trap is a file: it is handed in before it is kept, so it is *held* for whoever sent it, for an hour
//! and under the hash of its bytes, and what is kept in the end is certainly what was shown.

use async_trait::async_trait;

use super::Actor;
use crate::Failure;
use crate::readiness::{AttestationWish, WaiverWish};
use crate::view::{
    AttestDraft, AttestPage, AttestQuery, ChecklistKept, ChecklistPreview, ChecklistQuery, ChecklistsPage, WaiverQuery, WaiversPage,
};

/// Looking at what people say.
#[async_trait]
pub trait Attested: Send + Sync {
    /// The form by which a check is attested, what is known of that check, and what people stand for in an environment.
    async fn attestations(&self, query: AttestQuery) -> Result<AttestPage, Failure>;

    /// The file that was handed in with an attestation: its name and its bytes.
    async fn attestation_file(&self, id: i64) -> Result<(String, Vec<u8>), Failure>;

    /// Every waiver, and the form by which one is asked for.
    async fn waivers(&self, query: WaiverQuery) -> Result<WaiversPage, Failure>;

    /// The checklists that count.
    async fn checklists(&self) -> Result<ChecklistsPage, Failure>;

    /// One of them as Markdown: its name and its text.
    async fn checklist_markdown(&self, id: i64) -> Result<(String, String), Failure>;
}

/// Saying it. Every act has its row in the audit.
#[async_trait]
pub trait Attest: Send + Sync {
    /// Holds a file for an hour, for whoever hands it in. Answers the hash by which it is named from then on.
    async fn hold(&self, actor: &Actor, name: String, bytes: Vec<u8>) -> Result<String, Failure>;

    /// What would be kept, what the held file says, and everything that is wrong. Nothing is kept.
    async fn attestation_draft(&self, actor: &Actor, query: AttestQuery) -> Result<AttestDraft, Failure>;

    /// Attests a check, with the held file of that hash. Answers the number people call it by.
    async fn attest(&self, actor: Actor, wish: AttestationWish, file: Option<String>) -> Result<i64, Failure>;

    /// Takes an attestation back: it counts for nothing from now on, and stays on record.
    async fn attestation_withdraw(&self, actor: Actor, id: i64) -> Result<(), Failure>;

    /// Asks for a waiver. Answers the number people call it by.
    async fn waiver_ask(&self, actor: Actor, wish: WaiverWish) -> Result<i64, Failure>;

    /// Approves one; for a critical or high check somebody else does than who asked.
    async fn waiver_approve(&self, actor: Actor, id: i64) -> Result<(), Failure>;

    /// Ends one before its time.
    async fn waiver_end(&self, actor: Actor, id: i64, why: String) -> Result<(), Failure>;

    /// What importing the held file would change. Nothing is kept.
    async fn checklist_preview(&self, actor: &Actor, query: ChecklistQuery) -> Result<ChecklistPreview, Failure>;

    /// Imports the held file. `seen` is the state of the list that its preview was about; none: whatever is there.
    async fn checklist_keep(&self, actor: Actor, query: ChecklistQuery, seen: Option<String>) -> Result<ChecklistKept, Failure>;

    /// Stands for a list's ticks anew.
    async fn checklist_confirm(&self, actor: Actor, id: i64) -> Result<(), Failure>;

    /// Takes a list out of the score.
    async fn checklist_remove(&self, actor: Actor, id: i64) -> Result<(), Failure>;
}
