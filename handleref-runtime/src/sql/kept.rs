//! Which statements connections keep prepared.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::RwLock;

/// How many texts of one type of statement.
const ROOM: usize = 100;

/// The texts that may be kept, by type; as hashes.
static TEXTS: RwLock<BTreeMap<u64, BTreeSet<u64>>> = RwLock::new(BTreeMap::new());

/// Whether there is room for this statement, which takes it then.
///
/// A connection keeps what it prepares for ever. Values that a changeset leaves
/// out make a text of their own, two to the power of the number of fields, so the
/// program keeps the first ones that come.
pub(crate) fn has_room(statement: &str, text: &str) -> bool {
    let (statement, text) = (hash(statement), hash(text));
    match TEXTS.read() {
        Ok(texts) => match texts.get(&statement) {
            Some(texts) if texts.contains(&text) => return true,
            Some(texts) if texts.len() >= ROOM => return false,
            _ => {}
        },
        Err(_) => return false,
    }
    let Ok(mut texts) = TEXTS.write() else {
        return false;
    };
    let texts = texts.entry(statement).or_default();
    if texts.len() < ROOM {
        texts.insert(text);
    }
    texts.contains(&text)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_texts_of_each_type_are_kept() {
        let text = |at: usize| format!("a = ? AND {at} = {at}");
        for at in 0..ROOM {
            assert!(has_room("kept_one", &text(at)), "{at}");
        }
        assert!(!has_room("kept_one", &text(ROOM)));
        assert!(has_room("kept_one", &text(0)));
        assert!(has_room("kept_two", &text(ROOM)));
    }
}
