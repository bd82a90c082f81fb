//! The example `git_history`: its table is the repository at every commit,
//! whatever happens in it, and its proof would notice if it were not.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// The modules are the example's, which uses more of them than this file.
#![allow(dead_code, unreachable_pub)]

#[path = "../examples/git_history/args.rs"]
mod args;
#[path = "../examples/git_history/asked.rs"]
mod asked;
#[cfg(feature = "manage")]
#[path = "git_history/by_command.rs"]
mod by_command;
#[path = "../examples/git_history/git.rs"]
mod git;
#[path = "../examples/git_history/log.rs"]
mod log;
#[path = "../examples/git_history/models.rs"]
mod models;
#[path = "../examples/git_history/path.rs"]
mod path;
#[path = "../examples/git_history/progress.rs"]
mod progress;
#[path = "../examples/git_history/prove.rs"]
mod prove;
#[path = "../examples/git_history/prove_changesets.rs"]
mod prove_changesets;
#[path = "../examples/git_history/random.rs"]
mod random;
#[path = "../examples/git_history/replay.rs"]
mod replay;
#[path = "git_history/sandbox.rs"]
mod sandbox;
#[path = "../examples/git_history/scratch.rs"]
mod scratch;
#[path = "../examples/git_history/store.rs"]
mod store;
#[path = "../examples/git_history/throwaway.rs"]
mod throwaway;
#[path = "../examples/git_history/trees.rs"]
mod trees;
#[path = "../examples/git_history/undo.rs"]
mod undo;
#[path = "../examples/git_history/undo_samples.rs"]
mod undo_samples;
#[cfg(unix)]
#[path = "git_history/undo.rs"]
mod undoing;
#[path = "../examples/git_history/version.rs"]
mod version;

use args::{Args, Extent};
use diesel::SqliteConnection;
use diesel::prelude::*;
use git::Repository;
use handleref::changeset::Actor;
use handleref::history::RecordNo;
use handleref::prelude::*;
use handleref::{Operation, changesets};
use models::{File, FileRecords, commits, files};
use sandbox::{LIMIT, Sandbox, assert_proved, eventful};
use std::ffi::OsStr;
use std::path::Path;
use store::Store;

#[test]
fn every_commit_of_an_eventful_repository_is_there() {
    let sandbox = eventful();
    let (mut store, counts) = sandbox.replayed(None);
    assert_eq!(counts.commits, sandbox.repository().count().unwrap());
    assert!(
        counts.inserts > 20 && counts.updates > 8 && counts.deletes > 8,
        "{counts:?}"
    );
    let proof = sandbox.prove(&mut store, Extent::All);
    assert_proved(&proof, counts.commits);
    assert_eq!(proof.changesets, counts.commits);
    assert!(proof.authors == 1 && proof.paths > 25, "{proof:?}");
    assert!(proof.diffs >= 30 && proof.blames >= 40, "{proof:?}");
    let too_early = store.tree(RecordNo(0)).unwrap_err().to_string();
    assert!(
        too_early.contains("does not reach back so far"),
        "{too_early}"
    );
    assert!(handleref::schema![File].check(&mut store).unwrap().is_ok());

    let of = |path: &str| File::history_of(path.to_owned()).order(FileRecords::RECORD_ID);
    let operations = of("Zoë")
        .select(FileRecords::OPERATION)
        .load::<Operation>(&mut store);
    use Operation::{Delete, Insert};
    assert_eq!(operations, Ok(vec![Insert, Delete, Insert]));
    let mut content = |path: &str| {
        let contents = of(path).select((files::size, files::content));
        contents
            .load::<(Option<i64>, Option<String>)>(&mut store)
            .unwrap()
    };
    assert_eq!(content("latin1"), [(Some(5), None)]);
    assert_eq!(content("empty")[0], (Some(0), Some(String::new())));
    assert_eq!(
        content("binary"),
        [(Some(3), None), (Some(9), Some("text now\n".into()))]
    );
    assert_eq!(
        content("long"),
        [(Some(1_001), None), (Some(10), Some("short now\n".into()))]
    );
    assert_eq!(
        content("limit"),
        [(Some(1_000), Some("x".repeat(1_000))), (Some(5_000), None)]
    );
    assert_eq!(
        content("module"),
        [(None, None), (None, None), (None, None)]
    );

    let messages = changesets().oldest_first().load(&mut store).unwrap();
    let actor = messages[0].actor.clone();
    assert_eq!(actor, Some(Actor::from("Zoë <zoe@example.org>")));
    let message = messages[0].comment.clone().unwrap();
    assert!(
        message.starts_with("some files"),
        "an empty commit has none"
    );
    assert!(message.ends_with("of all sorts\n:000000 100644 no change"));
}

#[test]
fn a_limit_ends_the_history_there() {
    let sandbox = eventful();
    let (mut store, counts) = sandbox.replayed(Some(4));
    assert_eq!(counts.commits, 4);
    assert_proved(&sandbox.prove(&mut store, Extent::All), 4);
    assert_proved(&sandbox.prove(&mut store, Extent::Sample(2)), 2);
    // More than there is, and less than the first and the last.
    let (mut store, counts) = sandbox.replayed(Some(1_000));
    assert_proved(
        &sandbox.prove(&mut store, Extent::Sample(1_000)),
        counts.commits,
    );
    assert_proved(&sandbox.prove(&mut store, Extent::Sample(0)), 2);
}

#[test]
fn a_bare_repository_and_one_of_a_single_commit() {
    let sandbox = eventful();
    let bare = Sandbox::new(true);
    bare.git(&[
        OsStr::new("fetch"),
        OsStr::new("-q"),
        sandbox.0.as_os_str(),
        OsStr::new("main:main"),
    ]);
    let (mut store, counts) = bare.replayed(None);
    assert_proved(&bare.prove(&mut store, Extent::All), counts.commits);

    let single = Sandbox::new(false);
    single.write("dir/only", "1\n");
    single.commit("all there is");
    let (mut store, _) = single.replayed(None);
    assert_proved(&single.prove(&mut store, Extent::All), 1);
    let below = Repository::open(&single.0.join("dir")).unwrap();
    assert_eq!(below.tree("HEAD").unwrap()[0].path, "dir/only");
}

#[test]
fn the_proof_notices_what_is_not_so() {
    let sandbox = eventful();
    let (mut store, counts) = sandbox.replayed(None);
    // A row that no commit wrote, in the last tree only.
    diesel::sql_query("INSERT INTO files (path, mode, object) VALUES ('x', '100644', 'x')")
        .execute(&mut store)
        .unwrap();
    let last = store.last_record().unwrap().unwrap();
    diesel::update(commits::table.find(counts.commits as i64))
        .set(commits::record_no.eq(Some(last)))
        .execute(&mut store)
        .unwrap();
    let proof = sandbox.prove(&mut store, Extent::Sample(2));
    assert_eq!(proof.mismatches, 1, "{:#?}", proof.shown);
    assert!(
        proof.shown[0].contains("only the table has"),
        "{:#?}",
        proof.shown
    );

    // Commits that are said to be one record earlier than they were.
    let (mut store, _) = sandbox.replayed(None);
    diesel::update(commits::table.filter(commits::number.gt(4)))
        .set(commits::record_no.eq(commits::record_no - Some(1)))
        .execute(&mut store)
        .unwrap();
    let last = store.last_record().unwrap().unwrap();
    let tree = store.tree(RecordNo(last - 1)).unwrap();
    assert_ne!(tree, sandbox.repository().tree("HEAD").unwrap());
    let found = prove::prove(&sandbox.repository(), &mut store, Extent::All, LIMIT, 1);
    assert!(found.is_err() || found.is_ok_and(|proof| proof.mismatches > 5));

    // Changesets by somebody else, at another time, of another commit.
    for wrong in [
        "actor = 'nobody' WHERE id = 2",
        "occurred_at = '2001-01-01 00:00:00' WHERE id = 2",
        "comment = comment || '!' WHERE id = 2",
        "correlation_id = 'none' WHERE id = 2",
    ] {
        let (mut store, _) = sandbox.replayed(None);
        diesel::sql_query(format!("UPDATE handleref_changesets SET {wrong}"))
            .execute(&mut store)
            .unwrap();
        let proof = sandbox.prove(&mut store, Extent::All);
        assert!(proof.mismatches > 0, "{wrong}");
    }
}

#[test]
fn a_git_that_is_too_old_is_told() {
    for good in [
        "git version 2.39.5",
        "git version 2.39.2.windows.1",
        "git version 2.39.5 (Apple Git-154)",
        "git version 2.100.0",
        "git version 3.0",
    ] {
        version::check(good).unwrap();
    }
    for (bad, why) in [
        ("git version 2.38.9", "`git` is version 2.38.9"),
        ("git version 1.99.0", "`git` is version 1.99.0"),
        ("hub version 2.14", "says `hub version 2.14`"),
        ("", "says ``"),
    ] {
        let error = version::check(bad).unwrap_err().to_string();
        assert!(error.starts_with("git 2.39 or later is needed"), "{error}");
        assert!(error.ends_with(why), "{error}");
    }
}

#[test]
fn what_cannot_be_replayed_is_refused() {
    let sandbox = Sandbox::new(false);
    let mut store = <SqliteConnection as Store>::create(":memory:").unwrap();
    let empty = replay::replay(&sandbox.repository(), &mut store, None, LIMIT);
    assert!(
        empty
            .unwrap_err()
            .to_string()
            .contains("the history cannot be read")
    );
    let nowhere = Repository::open(&sandbox.0.join("nowhere")).unwrap_err();
    assert!(nowhere.to_string().contains("nowhere"), "{nowhere}");

    // A content that is not there: nothing of its commit is, either.
    sandbox.write("a", "1\n");
    sandbox.commit("good");
    sandbox.write("b", "2\n");
    sandbox.write("c", "3\n");
    sandbox.commit("will be bad");
    let lost = sandbox.git(&["rev-parse", "HEAD:c"]);
    sandbox.remove(format!(".git/objects/{}/{}", &lost[..2], &lost[2..]));
    let error = replay::replay(&sandbox.repository(), &mut store, None, LIMIT).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("c: git has no such file content"),
        "{error}"
    );
    assert_eq!(store.sizes().unwrap().records, 1);
    assert_eq!(store.commits().unwrap().len(), 1);

    let file = sandbox.0.join("history");
    let file = file.to_str().unwrap();
    <SqliteConnection as Store>::create(file).unwrap();
    let again = <SqliteConnection as Store>::create(file)
        .map(drop)
        .unwrap_err();
    assert!(
        again.to_string().contains("a new database is needed"),
        "{again}"
    );
}

#[test]
fn arguments_and_paths_are_read_as_written() {
    let read = |args: &[&str]| Args::read(args.iter().map(Into::into));
    let args = read(&["r", "--undo", "HEAD~2", "--undo-samples", "4"]).unwrap();
    assert_eq!(
        (args.undo.as_deref(), args.undo_samples),
        (Some("HEAD~2"), 4)
    );
    let args = read(&["--all", "repo", "--limit-commits", "7", "--seed", "3"]).unwrap();
    assert_eq!(
        (args.extent, args.limit_commits, args.seed),
        (Extent::All, Some(7), 3)
    );
    assert_eq!(args.repository, Path::new("repo"));
    for wrong in [
        &["a", "b"][..],
        &["a", "--sample"],
        &["a", "--seed", "x"],
        &["a", "--what"],
        &[],
    ] {
        assert!(read(wrong).is_err(), "{wrong:?}");
    }
    for bytes in [
        &b"plain"[..],
        b"\\",
        b"\\xff",
        b"\xff",
        b"a\\\xc3\x28",
        "Zo\u{eb}".as_bytes(),
        b"\\\xf0\x9f",
    ] {
        assert_eq!(path::bytes(&path::text(bytes)), bytes);
    }
    assert_ne!(path::text(b"\\xff"), path::text(b"\xff"));
}
