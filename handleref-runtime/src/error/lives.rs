//! The index over the beginnings of lives, by whose name its errors are known.

/// How the name of the index over the beginnings of lives begins; errors are
/// known by it.
pub(crate) const LIVES: &str = "lives";

/// Whether the index over the beginnings of lives has refused a record, by its
/// name as the engine says it: MySQL puts the table before it.
pub(crate) fn is_about_lives(index: &str) -> bool {
    let name = index.rsplit('.').next().unwrap_or(index);
    name.strip_prefix("handleref_")
        .and_then(|rest| rest.strip_prefix(LIVES))
        .is_some_and(|rest| rest.starts_with('_'))
}

#[cfg(test)]
mod tests {
    use super::is_about_lives;

    #[test]
    fn names_as_the_engines_say_them() {
        for name in ["handleref_lives_paper_records", "papers.handleref_lives_x"] {
            assert!(is_about_lives(name), "{name}");
        }
        for name in ["handleref_lives", "handleref_livestock_x", "lives_x", ""] {
            assert!(!is_about_lives(name), "{name}");
        }
    }
}
