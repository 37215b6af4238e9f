//! What is wrong with Signalbox itself, and must stand above every page.
//!
//! Separate from the sources' health, which is kept in the store: this is for when the store cannot be written. Nothing
//! can be recorded then, so nothing can be hinted by a revision either; whoever sets or clears it bumps the live
//! revision, so that open pages ask again and read the sentence.

use std::sync::{Arc, PoisonError, RwLock};

/// The sentence, where there is one. Cheap to clone; all clones share it.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<RwLock<Option<String>>>);

impl Trouble {
    /// What every page has to say, if anything.
    pub fn said(&self) -> Option<String> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says this from now on, or nothing. Answers whether that is news.
    pub fn say(&self, sentence: Option<String>) -> bool {
        let mut said = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let news = *said != sentence;
        *said = sentence;
        news
    }
}
