//! Chance by a seed: when a server is killed and what is asked of it. SplitMix64, which needs no crate and no state but a number.

/// Draws numbers.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From `low` to below `high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.draw() % high.saturating_sub(low).max(1)
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.between(0, 100) < chance
    }

    pub(super) fn pick<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let place = self.between(0, all.len() as u64);
        usize::try_from(place).ok().and_then(|place| all.get(place))
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn the_same_seed_draws_the_same() {
        let drawn = |seed| {
            let mut dice = Dice::new(seed);
            (0..100).map(|_| dice.between(5, 9)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        assert!(drawn(1).iter().all(|number| (5..9).contains(number)));
        assert_eq!(Dice::new(1).pick::<u8>(&[]), None);
    }
}
