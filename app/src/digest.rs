//! Short numbers for what a browser shows, by which it is sent only what it does not.
//!
//! The browser gets them with what it is sent and gives them back with its next question; to it they say nothing, so they
//! may be made in any way here, and another one after an update. Separate because pages and the list of services must mean
//! the same by "since". The trap is a digest of less than what is shown: what it leaves out would stand still unnoticed.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The digest of `what`. In 53 bits, because that is all many a reader of JSON keeps of a number.
pub(crate) fn of(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish() >> 11
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_things_have_equal_digests_and_others_do_not() {
        assert_eq!(of(&("a", "b")), of(&("a".to_owned(), "b".to_owned())));
        assert_ne!(of(&("a", "b")), of(&("ab", "")));
        assert!(of(&"a") < 1 << 53);
    }
}
