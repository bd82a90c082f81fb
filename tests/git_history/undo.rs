//! Undo by plan, and `git revert`.

use crate::args::Extent;
use crate::models::files;
use crate::random::Random;
use crate::sandbox::{LIMIT, Sandbox, assert_proved, eventful};
use crate::undo::{Undoing, Undone, Verdict};
use crate::undo_samples::{Tally, undo_all};
use diesel::SqliteConnection;
use diesel::prelude::*;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;

/// Undoes all commits, and proves that nothing came of it.
fn undone(sandbox: &Sandbox) -> (SqliteConnection, Tally) {
    let (mut store, counts) = sandbox.replayed(None);
    let repository = sandbox.repository();
    let mut undoing = Undoing::new(&repository, &mut store, LIMIT).unwrap();
    let all = (0..undoing.len()).collect();
    let tally = undo_all(&mut undoing, &mut store, &all).unwrap();
    assert_eq!(tally.mismatches, 0, "{tally:#?}");
    let proof = sandbox.prove(&mut store, Extent::All);
    assert_proved(&proof, counts.commits);
    (store, tally)
}

/// Undoes the commit so many before the last one.
fn undo(sandbox: &Sandbox, back: usize) -> Undone {
    let (mut store, _) = sandbox.replayed(None);
    let repository = sandbox.repository();
    let mut undoing = Undoing::new(&repository, &mut store, LIMIT).unwrap();
    let at = undoing.len() - 1 - back;
    undoing.undo(&mut store, at).unwrap().unwrap()
}

/// How long the files are that lines of are changed.
const LINES: usize = 40;

fn lines(changed: &[(usize, &str)]) -> String {
    let line = |at| match changed.iter().find(|(changed, _)| *changed == at) {
        Some((_, line)) => format!("{line}\n"),
        None => format!("line {at}\n"),
    };
    (0..LINES).map(line).collect()
}

/// A file with these contents, one commit after the other.
fn versions(contents: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new(false);
    sandbox.write("beside", "b\n");
    for (at, content) in contents.iter().enumerate() {
        sandbox.write("it's a \"file\" ☃", content);
        sandbox.commit(&format!("version {at}"));
    }
    sandbox
}

#[test]
fn an_eventful_repository_is_undone_as_git_does() {
    let (_, tally) = undone(&eventful());
    assert!(tally.same > 3 && tally.both_refuse > 3, "{tally:#?}");
    assert!(tally.only_git <= 2 && tally.empty == 2, "{tally:#?}");
}

#[test]
fn contents_are_merged() {
    let clean = versions(&[
        &lines(&[]),
        &lines(&[(2, "two")]),
        &lines(&[(2, "two"), (15, "fifteen")]),
    ]);
    let undone = undo(&clean, 1);
    assert_eq!((undone.merged, &undone.verdict), (1, &Verdict::Same));
    assert!(undone.plan.contains("object: "), "{}", undone.plan);
    let conflict = versions(&[&lines(&[]), &lines(&[(2, "two")]), &lines(&[(2, "zwei")])]);
    let undone = undo(&conflict, 1);
    assert_eq!((undone.merged, &undone.verdict), (0, &Verdict::BothRefuse));
    assert!(undone.plan.contains("refused: "), "{}", undone.plan);
    let binary = versions(&["\0 1", "\0 2", "\0 3"]);
    assert_eq!(undo(&binary, 1).verdict, Verdict::BothRefuse);
}

/// What depends on the content goes with it, whatever it was and is: by itself
/// the size would stay, go back, or not be asked for.
#[test]
fn size_and_text_are_those_of_the_merged_content() {
    let long = |letter: &str, lines: usize| format!("{letter}\n").repeat(lines);
    for [first, second, third] in [
        // 20, 22 and 20 lines; the merge has 18.
        [(10, 10), (12, 10), (12, 8)],
        // As long as before.
        [(10, 10), (12, 10), (12, 10)],
        // 499, 501 and 502: 1000 bytes are kept.
        [(249, 250), (251, 250), (251, 251)],
        [(251, 250), (249, 250), (249, 251)],
    ] {
        let content = |(a, b): (usize, usize), word: &str| {
            format!("{}{}{word}\n{}", long("a", a), lines(&[]), long("b", b))
        };
        let texts = [
            content(first, "x"),
            content(second, "x"),
            content(third, "y"),
        ];
        let undone = undo(&versions(&[&texts[0], &texts[1], &texts[2]]), 1);
        assert_eq!((undone.merged, &undone.verdict), (1, &Verdict::Same));
    }
    // One half of the commit is undone already: the commit kept the size, and
    // the merge does not.
    let [first, second, third] = [
        lines(&[(2, "longer line")]),
        lines(&[(15, "longer line")]),
        lines(&[(2, "longer line"), (15, "longer line"), (8, "!")]),
    ];
    let undone = undo(&versions(&[&first, &second, &third]), 1);
    assert_eq!((undone.merged, &undone.verdict), (1, &Verdict::Same));
}

#[test]
fn files_that_are_gone_or_there_again() {
    let path = "it's a \"file\" ☃";
    let sandbox = versions(&["1\n", "2\n"]);
    sandbox.remove(path);
    sandbox.commit("deleted");
    assert_eq!(undo(&sandbox, 0).verdict, Verdict::Same);
    assert_eq!(
        undo(&sandbox, 1).verdict,
        Verdict::BothRefuse,
        "changed, then deleted"
    );
    let root = undo(&sandbox, 2).verdict;
    assert_eq!(root, Verdict::Same, "the one file goes, the other is gone");
    sandbox.write(path, "3\n");
    sandbox.commit("made again");
    assert_eq!(
        undo(&sandbox, 1).verdict,
        Verdict::BothRefuse,
        "deleted, then made again"
    );
    // Git merges what was made twice, which is clean if one of them is empty.
    sandbox.write(path, "");
    sandbox.commit("empty");
    let undone = undo(&sandbox, 2);
    assert_eq!(
        (undone.merged, &undone.verdict),
        (1, &Verdict::Same),
        "{}",
        undone.plan
    );
    // But not if they differ in their modes.
    std::fs::set_permissions(sandbox.0.join(path), PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.commit("executable");
    assert_eq!(undo(&sandbox, 3).verdict, Verdict::BothRefuse);
}

#[test]
fn what_rows_do_not_know_is_told() {
    let sandbox = versions(&["1\n"]);
    sandbox.write("place", "a file\n");
    sandbox.commit("a file");
    sandbox.remove("place");
    sandbox.commit("no file");
    sandbox.write("place/inside", "a directory\n");
    sandbox.commit("a directory");
    let Verdict::OnlyGit(reasons) = undo(&sandbox, 1).verdict else {
        panic!("a directory")
    };
    assert!(
        reasons[0].contains("the directory of place/inside"),
        "{reasons:?}"
    );
}

#[test]
fn nothing_is_left_behind_and_mistakes_are_seen() {
    let sandbox = versions(&["1\n", "2\n", "3\n"]);
    // Git follows attributes, the table has never heard of them.
    sandbox.write(
        ".gitattributes",
        "* merge=union text eol=crlf filter=none\n",
    );
    sandbox.commit("attributes");
    let state = |sandbox: &Sandbox| {
        let objects = sandbox.git(&["count-objects", "-v"]);
        objects + &sandbox.git(&["status", "--porcelain"]) + &sandbox.git(&["worktree", "list"])
    };
    let before = state(&sandbox);
    let (mut store, tally) = undone(&sandbox);
    assert_eq!(state(&sandbox), before);
    assert_eq!((tally.same, tally.both_refuse), (2, 2), "{tally:#?}");

    // A row that git does not know.
    diesel::sql_query("INSERT INTO files (path, mode, object) VALUES ('x', '100644', 'x')")
        .execute(&mut store)
        .unwrap();
    let repository = sandbox.repository();
    let mut undoing = Undoing::new(&repository, &mut store, LIMIT).unwrap();
    let undone = undoing.undo(&mut store, 3).unwrap().unwrap();
    let Verdict::Mismatch(wrong) = undone.verdict else {
        panic!("a mismatch")
    };
    assert!(wrong[0].contains("only the table has"), "{wrong:?}");
    let there = files::table.count().get_result::<i64>(&mut store).unwrap();
    assert_eq!(there, 4, "rolled back");
    assert!(undoing.undo(&mut store, 99).is_err());
    assert!(repository.commit("no such commit").is_err());
    assert!(repository.commit("--all").is_err());
}

/// A repository of `count` commits whose files meet all sorts of fates.
fn generated(seed: u64, count: usize) -> Sandbox {
    const NAMES: [&str; 7] = [
        "plain",
        "with space",
        "quo\"te",
        "apo'strophe",
        "Zoë/☃",
        "deep/er/file",
        "%_*?[",
    ];
    let sandbox = Sandbox::new(false);
    let mut random = Random::new(seed);
    for name in NAMES {
        sandbox.write(name, lines(&[(0, name)]));
    }
    sandbox.write("binary", b"\0\x01\xff");
    sandbox.commit("all of them");
    for number in 1..count {
        // One or two files a commit.
        for _ in 0..=random.below(2) {
            change(
                &sandbox,
                NAMES[random.below(NAMES.len())],
                number,
                &mut random,
            );
        }
        sandbox.commit(&format!("commit {number}\n\nof seed {seed}"));
    }
    sandbox
}

fn change(sandbox: &Sandbox, name: &str, number: usize, random: &mut Random) {
    let path: PathBuf = sandbox.0.join(name);
    let is_link = path.is_symlink();
    if !is_link && !path.exists() {
        // As it was once, or another one, or empty.
        match random.below(3) {
            0 => sandbox.write(name, lines(&[(0, name)])),
            1 => sandbox.write(name, lines(&[(0, name), (9, &number.to_string())])),
            _ => sandbox.write(name, ""),
        }
        return;
    }
    match random.below(32) {
        0 => sandbox.remove(name),
        1 => {
            std::fs::rename(&path, sandbox.0.join(format!("{name} {number}"))).unwrap();
        }
        2 if !is_link => {
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            let other = PermissionsExt::from_mode(mode ^ 0o111);
            std::fs::set_permissions(&path, other).unwrap();
        }
        3 => {
            sandbox.remove(name);
            match is_link {
                true => sandbox.write(name, lines(&[(0, name)])),
                false => symlink(format!("to {number}"), &path).unwrap(),
            }
        }
        4 => sandbox.write("binary", [0, random.below(3) as u8]),
        _ if is_link => {}
        // A line of few, so that some commits meet and most do not.
        _ => {
            let text = std::fs::read_to_string(&path).unwrap();
            let at = random.below(LINES);
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            match lines.get_mut(at) {
                Some(line) => *line = format!("by {number}"),
                None => lines.push(format!("more of {number}")),
            }
            sandbox.write(name, lines.join("\n") + "\n");
        }
    }
}

/// For every commit: git reverts without a conflict if and only if the plan is
/// applied, and then the trees agree.
#[test]
fn generated_repositories_are_undone_as_git_does() {
    let mut all = Tally::default();
    for seed in 1..=3 {
        let (_, tally) = undone(&generated(seed, 40));
        assert_eq!(tally.only_git, 0, "{tally:#?}");
        all.same += tally.same;
        all.both_refuse += tally.both_refuse;
        all.merged += tally.merged;
        all.empty += tally.empty;
    }
    assert_eq!(all.same + all.both_refuse + all.empty, 3 * 40);
    assert!(
        all.same >= 25 && all.both_refuse >= 25 && all.merged >= 10,
        "{all:?}"
    );
}
