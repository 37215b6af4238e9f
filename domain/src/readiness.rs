//! How ready the fleet is for production: questions with weights, answers with their evidence and age, and what they come to.
//!
//! Pure, because a number people act on must be the same on a page, in a report and when somebody recomputes it years later:
//! integers, a fixed order, and no clock but the instant that is handed in. The trap is ignorance that looks like success.
//! What was never seen, is too old or belongs to nobody for certain earns nothing, stays in the denominator and holds the
//! score down ([`mod@score`]), so that going blind never helps.
//!
//! | module | holds |
//! |---|---|
//! | [`card`] | the score card: which checks there are, what each weighs, what the targets ask for |
//! | [`evidence`] | what was found, by whom, when, and how long it counts |
//! | [`live`] | what the collectors saw, as answers to the card's live checks |
//! | [`promise`] | what a rollout would make of those answers |
//! | [`attest`] | a person's word, and how it becomes evidence |
//! | [`checklist`] | checklists people keep in Markdown, and what they count for |
//! | [`waiver`] | an accepted failure with an end |
//! | [`mod@score`] | from standings to a number, its range, its confidence, its letter |
//! | [`mod@assess`] | all of it together: every service, the fleet, the targets, what would help most |

pub mod assess;
pub mod attest;
pub mod card;
pub mod checklist;
pub mod evidence;
pub mod live;
pub mod promise;
pub mod score;
pub mod waiver;

pub use assess::{Assessed, Assessing, Cap, Judged, Lever, Readiness, TargetStanding, assess};
pub use attest::{Attestation, AttestationWish, FileNamed};
pub use card::{Card, CardProblem, Check, Target, Weight};
pub use checklist::{Checklist, KeptChecklist};
pub use evidence::{Answer, Brought, Evidence, Found, State, Subject, Unknown};
pub use promise::{Promise, Promises, Turn};
pub use score::{Confidence, Item, Letter, Score, Standing, score};
pub use waiver::{Waiver, WaiverWish};
