//! What was measured within one minute: as CloudWatch keeps it, four numbers.
//!
//! The trap: percentiles cannot be had from four numbers. Those told here follow a shape that answers of servers usually have.

/// What was measured within one minute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) count: f64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Sample {
    pub(super) fn even(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, min: value, max: value }
    }

    /// A count of something that happened: one report with that sum.
    pub(super) fn total(value: f64) -> Self {
        Self::even(value, 1.0)
    }

    pub(crate) fn average(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    /// Below which `percent` of the values lie: between the least, the mean and the greatest, with the long tail that answers of servers have.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        const SHARES: [(f64, f64); 6] = [(0.0, -1.0), (50.0, -0.06), (90.0, 0.10), (95.0, 0.20), (99.0, 0.45), (100.0, 1.0)];
        let mean = self.average();
        let upper = SHARES.iter().position(|(at, _)| *at >= percent).unwrap_or(SHARES.len() - 1).max(1);
        let (Some((low_at, low)), Some((high_at, high))) = (SHARES.get(upper - 1), SHARES.get(upper)) else { return mean };
        let share = low + (high - low) * ((percent - low_at) / (high_at - low_at)).clamp(0.0, 1.0);
        if share < 0.0 { mean + share * (mean - self.min) } else { mean + share * (self.max - mean) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_rise_from_the_least_to_the_greatest() {
        let sample = Sample { count: 1_000.0, sum: 121.0, min: 0.04, max: 0.5 };
        let all: Vec<f64> = [0.0, 10.0, 50.0, 90.0, 99.0, 99.9, 100.0].map(|percent| sample.percentile(percent)).to_vec();
        assert!(all.is_sorted(), "{all:?}");
        assert!((all[0] - 0.04).abs() < 1e-9 && (all[6] - 0.5).abs() < 1e-9);
    }
}
