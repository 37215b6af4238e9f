//! Texts that a whole fleet's answers share.
//!
//! Of ten thousand services there are 420,000 answers. In a fleet of the benchmark six in seven of their sentences stood in
//! others word for word, and where from nearly always; decision 0138 has the figures. The trap is a set that outlives the
//! judgement: it belongs to one, and what nobody else says any more is gone with it.

use std::collections::HashSet;
use std::sync::Arc;

use super::Assessed;

/// Every text of a judgement, once.
#[derive(Debug, Default)]
pub(super) struct Texts(HashSet<Arc<str>>);

impl Texts {
    /// Lets an answer have the texts that others have already.
    pub(super) fn share(&mut self, assessed: &mut Assessed) {
        self.share_one(&mut assessed.check);
        if let Some(found) = &mut assessed.found {
            self.share_one(&mut found.said);
            self.share_one(&mut found.source);
            if let Some(request) = &mut found.request_id {
                self.share_one(request);
            }
        }
    }

    fn share_one(&mut self, text: &mut Arc<str>) {
        match self.0.get(text) {
            Some(shared) => *text = Arc::clone(shared),
            None => drop(self.0.insert(Arc::clone(text))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use crate::readiness::{Answer, Found, State};

    fn answer(said: &str, request_id: Option<&str>) -> Assessed {
        let at = Timestamp::from_secs(1);
        let mut found = Found::seen(Answer::PASS, said, at, std::time::Duration::from_secs(60), "ecs:production DescribeServices");
        found.request_id = request_id.map(Into::into);
        Assessed { check: "A1".into(), state: State::Pass, unknown: None, freshness: 1_000, found: Some(found), waiver: None, cap: None }
    }

    #[test]
    fn what_two_say_is_kept_once_and_neither_says_anything_else() {
        let mut texts = Texts::default();
        let (mut one, mut other) = (answer("It runs.", Some("r-1")), answer("It runs.", Some("r-2")));
        let before = (one.clone(), other.clone());
        texts.share(&mut one);
        texts.share(&mut other);
        assert_eq!((&one, &other), (&before.0, &before.1));
        assert!(Arc::ptr_eq(&one.check, &other.check));
        let (one, other) = (one.found.unwrap(), other.found.unwrap());
        assert!(Arc::ptr_eq(&one.said, &other.said) && Arc::ptr_eq(&one.source, &other.source));
        assert_ne!(one.request_id, other.request_id);
    }
}
