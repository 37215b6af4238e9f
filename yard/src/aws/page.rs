//! Page tokens: where a listing goes on.
//!
//! Opaque and checked, as AWS's are: a token of another operation, another filter or another yard is refused.
//! The trap: a position must name a *thing* (the last task seen), not a count, or a listing skips what moved up when something before it vanished.

use crate::dice::Dice;

/// A token for `listing` (operation and filters) that goes on after `position`.
pub(crate) fn token(seed: u64, listing: &str, position: u64) -> String {
    let mut dice = Dice::new(seed, listing, 0);
    let hidden = position ^ dice.throw();
    format!("{hidden:016x}{}", check(seed, listing, position))
}

/// The position in a token made by [`token`] for the same listing; none for any other text.
pub(crate) fn position(seed: u64, listing: &str, token: &str) -> Option<u64> {
    let (hidden, given) = token.split_at_checked(16)?;
    let mut dice = Dice::new(seed, listing, 0);
    let position = u64::from_str_radix(hidden, 16).ok()? ^ dice.throw();
    (given == check(seed, listing, position)).then_some(position)
}

fn check(seed: u64, listing: &str, position: u64) -> String {
    Dice::new(seed ^ 0x7061_6765, listing, position).hex(24)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_read_back_by_its_own_listing_only(seed: u64, at: u64, listing in ".{0,40}", other in ".{0,40}", noise in ".{0,60}") {
            let token = token(seed, &listing, at);
            prop_assert_eq!(position(seed, &listing, &token), Some(at));
            prop_assert!(listing == other || position(seed, &other, &token).is_none());
            prop_assert_eq!(position(seed, &listing, &noise), None);
            prop_assert_eq!(position(seed, &listing, &format!("{token}0")), None);
        }
    }
}
