//! Samples that are the same on every machine for the same seed.

use std::collections::BTreeSet;

/// SplitMix64: small, fast and good enough to draw samples with.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end`, which is not among them; 0 if it is 0.
    pub fn below(&mut self, end: usize) -> usize {
        // The remainder is less than `end`, so it fits.
        (self.next() % (end.max(1) as u64)) as usize
    }

    /// `count` of the numbers below `end`, all if there are no more.
    pub fn sample(&mut self, end: usize, count: usize) -> BTreeSet<usize> {
        if count >= end {
            return (0..end).collect();
        }
        let mut chosen = BTreeSet::new();
        while chosen.len() < count {
            chosen.insert(self.below(end));
        }
        chosen
    }
}
