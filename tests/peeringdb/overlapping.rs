//! The difference between a reader by time and one by a cursor.

use crate::random::Random;
use crate::{Pair, generate, models, overlap};

/// With transactions that are open during the pulls the one by time ends with
/// rows that are not as in the source, the one by cursor never.
#[test]
fn only_the_cursor_ends_equal() {
    for seed in 0..5 {
        let (pair, mut source, mut by_time) = Pair::new(&generate::objects(8, seed));
        models::recorded().install(&mut source).unwrap();
        let (mut writer, mut by_cursor) = (pair.source(), pair.open("by-cursor"));
        let mirrors = [&mut by_time, &mut by_cursor];
        let random = &mut Random::new(seed);
        let found = overlap::tell(&mut source, &mut writer, mirrors, random, 6).unwrap();
        assert!(!found.by_time.is_empty(), "seed {seed}: nothing was lost");
        assert_eq!(found.by_cursor, [], "seed {seed}");
    }
}
