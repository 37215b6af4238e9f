//! Everything the server may answer a page instead of a value.
//!
//! Safe to show and safe to put into a URL (forms without JavaScript carry it there), so it never holds a cause chain
//! or a secret: the chain is logged once, where the failure is made, under the incident id shown here.

use serde::{Deserialize, Serialize};

use crate::change::FieldProblem;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "failure", rename_all = "snake_case")]
pub enum Failure {
    /// Nothing of that name has ever been seen.
    #[error("{what} was never seen here. It may be misspelled, in another cluster, or not swept yet.")]
    NotFound {
        /// What was asked for, as the page names it.
        what: String,
    },
    /// There is no such thing among those that Signalbox itself keeps: nothing of it could have been seen in the fleet.
    #[error("There is no {what} here.")]
    NoSuch {
        /// What was asked for, in the middle of a sentence: `rollout 77`.
        what: String,
    },
    /// The question itself is wrong.
    #[error("{why}")]
    Refused {
        /// What is wrong with it and what would be right.
        why: String,
    },
    /// Fields of what was asked for are wrong, each in its way.
    #[error("{}", in_words(fields))]
    Unfit {
        /// What is wrong with which field.
        fields: Vec<FieldProblem>,
    },
    /// Nobody is known to ask.
    #[error(
        "You are not signed in, or your session has ended. Sign in at /login; a script sends an API token (Access page) as `Authorization: Bearer sbx_…`."
    )]
    Unauthenticated,
    /// Somebody is known, and may not.
    #[error("{why}")]
    Forbidden {
        /// Who may, and what the one who asked is.
        why: String,
    },
    /// Our own fault.
    #[error(
        "Signalbox could not read its own store (incident {incident}). The log has the cause under that number; the fleet is not affected."
    )]
    Internal {
        /// The number under which the cause was logged.
        incident: String,
    },
}

fn in_words(fields: &[FieldProblem]) -> String {
    fields.iter().map(|problem| format!("{}: {}", problem.field, problem.said)).collect::<Vec<_>>().join(" ")
}
