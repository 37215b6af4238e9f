//! Numbers by seed: SplitMix64 (Steele, Lea, Flood 2014), because what it draws must stay the same for as long as figures
//! are compared, which no random crate promises over its versions.

pub(crate) struct Draw(u64);

impl Draw {
    /// A source of its own for each `stream`, so that one thing more to draw moves nothing else.
    pub(crate) fn of(stream: u64) -> Self {
        let mut draw = Self(0x5167_6e61_6c62_6f78 ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        draw.bits();
        draw
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 to below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.bits() % end.max(1)
    }

    /// As [`Draw::below`], for instants.
    pub(crate) fn seconds(&mut self, end: i64) -> i64 {
        i64::try_from(self.below(end.unsigned_abs())).unwrap_or(0)
    }

    /// A part from 0 to below 1.
    pub(crate) fn part(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About normal around 0 with a deviation of 1: the sum of twelve parts.
    pub(crate) fn around(&mut self) -> f64 {
        (0..12).map(|_| self.part()).sum::<f64>() - 6.0
    }

    /// One of them.
    pub(crate) fn of_these<'a, T: ?Sized>(&mut self, all: &[&'a T], otherwise: &'a T) -> &'a T {
        let index = usize::try_from(self.below(all.len() as u64)).unwrap_or(0);
        all.get(index).copied().unwrap_or(otherwise)
    }

    /// As many hexadecimal digits as a task's id has.
    pub(crate) fn id(&mut self) -> String {
        format!("{:016x}{:016x}", self.bits(), self.bits())
    }
}
