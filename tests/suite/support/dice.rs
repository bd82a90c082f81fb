//! Numbers that look random, and are the same in every run.

pub struct Dice(pub u64);

impl Dice {
    /// From 0 up to, but not, `sides`.
    pub fn roll(&mut self, sides: i32) -> i32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i32::try_from((self.0 >> 33) % u64::from(sides.unsigned_abs())).unwrap()
    }
}
