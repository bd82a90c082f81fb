//! Why a trigger is not the one that is needed, in words.

/// The longest piece of a text that is shown.
const LONGEST: usize = 60;

/// What tells the statements that make what is there from those that make what is needed: the
/// columns that only one of them names; otherwise a line.
pub(super) fn differs<'c>(
    found: &[String],
    wanted: &[String],
    columns: impl Iterator<Item = &'c str>,
) -> String {
    let (found, wanted) = (found.join("\n"), wanted.join("\n"));
    if found.trim().is_empty() {
        return "its text cannot be read, or the account that it runs as has lost its rights"
            .into();
    }
    let mut names: Vec<&str> = columns.collect();
    names.sort_unstable();
    names.dedup();
    let only = |one: &str, other: &str| -> Vec<String> {
        let named = names
            .iter()
            .filter(|name| has_word(one, name) && !has_word(other, name));
        named.map(|name| format!("`{name}`")).collect()
    };
    let (missing, surplus) = (only(&wanted, &found), only(&found, &wanted));
    let parts: Vec<String> = [("it does not name", missing), ("it names", surplus)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(says, names)| format!("{says} {}", names.join(", ")))
        .collect();
    if !parts.is_empty() {
        return parts.join(", and ");
    }
    match (line(&wanted, &found), line(&found, &wanted)) {
        (Some(wanted), Some(found)) => format!("it says `{found}`, and not `{wanted}`"),
        (Some(wanted), None) => format!("it does not say `{wanted}`"),
        (None, Some(found)) => format!("it says `{found}` besides"),
        (None, None) => "it is written in another way, or runs with other rights".into(),
    }
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |it: Option<char>| it.is_some_and(|it| it.is_alphanumeric() || it == '_');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        !is_part(before.chars().next_back()) && !is_part(after.chars().next())
    })
}

/// The first line of one text that the other one does not have, shortened. How an engine
/// writes a head of its own says nothing.
fn line(one: &str, other: &str) -> Option<String> {
    let plain = |line: &str| -> String {
        let line: String = line.chars().filter(|it| !"`\";".contains(*it)).collect();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let heads = [
        "CREATE ",
        "DROP ",
        "LANGUAGE ",
        "AS $",
        "$",
        "SET ",
        "BEGIN",
        "END",
        "ALTER ",
        "SECURITY ",
    ];
    let others: Vec<String> = other.lines().map(plain).collect();
    let mut lines = one.lines().map(plain).filter(|line| {
        let upper = line.to_uppercase();
        !line.is_empty() && !heads.iter().any(|head| upper.starts_with(head))
    });
    let found = lines.find(|line| !others.contains(line))?;
    Some(match found.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ..", &found[..end]),
        None => found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(found: &str, wanted: &str) -> String {
        let texts = |text: &str| vec![text.to_owned()];
        differs(&texts(found), &texts(wanted), ["title", "note"].into_iter())
    }

    #[test]
    fn a_reason_is_given() {
        assert_eq!(
            why("OLD.title", "OLD.title, OLD.note"),
            "it does not name `note`"
        );
        assert_eq!(
            why("OLD.note", "OLD.title"),
            "it does not name `title`, and it names `note`"
        );
        assert_eq!(why("subtitle", "title"), "it does not name `title`");
        assert_eq!(
            why("CREATE x\n  a := 1;", "CREATE y\n  a := 2;"),
            "it says `a := 1`, and not `a := 2`"
        );
        assert_eq!(
            why("CREATE x", "CREATE y"),
            "it is written in another way, or runs with other rights"
        );
        assert!(why("", "x").starts_with("its text cannot be read"));
    }
}
