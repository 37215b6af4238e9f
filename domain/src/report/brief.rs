//! What a list tells of a report without opening it.
//!
//! Written beside the document when the report is kept, because a document of a thousand services takes longer to read than a
//! list of twenty may. The trap is a list that disagrees with the report: it is made from the document and from nothing else.

use serde::{Deserialize, Serialize};

use super::Document;
use crate::readiness::Score;

/// A report, in short.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// What the fleet came to.
    pub fleet: Score,
    /// The highest target that was reached.
    pub reached: Option<String>,
    /// Services that were judged.
    pub services: u64,
    /// The SHA-256 of the document, by which files of one report are known to belong together.
    pub digest: String,
}

impl Brief {
    /// Of a document with this digest.
    pub fn of(document: &Document, digest: String) -> Self {
        Self {
            fleet: document.readiness.fleet.clone(),
            reached: document.conclusions.reached.clone(),
            services: document.readiness.services.len() as u64,
            digest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn it_says_what_the_document_says() {
        let document = sample::document();
        let brief = Brief::of(&document, "ab".into());
        assert_eq!((&brief.fleet, brief.services), (&document.readiness.fleet, document.readiness.services.len() as u64));
        let again: Brief = serde_json::from_str(&serde_json::to_string(&brief).unwrap()).unwrap();
        assert_eq!(again, brief);
    }
}
