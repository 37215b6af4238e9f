//! Chance that can be repeated: the same seed, purpose and number always give the same throws.
//!
//! Every purpose has dice of its own, so that stopping a task by hand does not change what the script does next.
//! The trap: this is not `rand`, because the streams of its generators may change between versions, and then every story in every screenshot would change with them.

/// One repeatable stream of throws (SplitMix64). Good enough to tell a story; never for a secret.
#[derive(Debug, Clone)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The stream for one `purpose` ("eni", "script") and one thing (`number`) under a seed.
    pub(crate) fn new(seed: u64, purpose: &str, number: u64) -> Self {
        // FNV-1a over the purpose: the standard library's hasher promises nothing between releases
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed;
        for byte in purpose.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        let mut dice = Self { state: hash ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15) };
        dice.state = dice.throw();
        dice
    }

    pub(crate) fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `sides`; 0 for no sides.
    pub(crate) fn below(&mut self, sides: u64) -> u64 {
        self.throw().checked_rem(sides).unwrap_or(0)
    }

    /// An index into something of this length; 0 for an empty one.
    pub(crate) fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// Between `low` and `high` seconds, in microseconds.
    pub(crate) fn seconds(&mut self, low: u64, high: u64) -> i64 {
        let span = (high.saturating_sub(low)).saturating_mul(1_000).max(1);
        let millis = low.saturating_mul(1_000).saturating_add(self.below(span));
        i64::try_from(millis.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }

    /// From `low` to `high`, in steps of a thousandth.
    pub(crate) fn amount(&mut self, low: f64, high: f64) -> f64 {
        let share = f64::from(u32::try_from(self.below(1_001)).unwrap_or(0)) / 1_000.0;
        low + (high - low) * share
    }

    pub(crate) fn hex(&mut self, len: usize) -> String {
        self.letters(b"0123456789abcdef", len)
    }

    /// Decimal digits, the first never 0.
    pub(crate) fn digits(&mut self, len: usize) -> String {
        let first = self.letters(b"123456789", 1);
        first + &self.letters(b"0123456789", len.saturating_sub(1))
    }

    /// Letters and digits, as AWS makes ids of.
    pub(crate) fn token(&mut self, len: usize) -> String {
        self.letters(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", len)
    }

    fn letters(&mut self, alphabet: &[u8], len: usize) -> String {
        (0..len).map(|_| alphabet.get(self.index(alphabet.len())).map_or('0', |byte| char::from(*byte))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_purpose_and_number_throw_the_same() {
        let throws = |seed, purpose, number| {
            let mut dice = Dice::new(seed, purpose, number);
            (0..8).map(|_| dice.throw()).collect::<Vec<_>>()
        };
        assert_eq!(throws(1, "task", 7), throws(1, "task", 7));
        assert_ne!(throws(1, "task", 7), throws(2, "task", 7));
        assert_ne!(throws(1, "task", 7), throws(1, "eni", 7));
        assert_ne!(throws(1, "task", 7), throws(1, "task", 8));
    }

    #[test]
    fn throws_stay_within_their_bounds() {
        let mut dice = Dice::new(3, "bounds", 0);
        for _ in 0..1_000 {
            assert!(dice.below(6) < 6);
            assert!((2_000_000..5_000_000).contains(&dice.seconds(2, 5)));
            assert!((1.0..=2.0).contains(&dice.amount(1.0, 2.0)));
        }
        assert_eq!(dice.below(0), 0);
        assert_eq!(dice.hex(32).len(), 32);
        assert_ne!(dice.digits(19).as_bytes().first(), Some(&b'0'));
    }
}
