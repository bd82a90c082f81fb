//! The history of a repository, asked on the command line by a program that has none of the models.

use crate::replay;
use crate::sandbox::{LIMIT, Sandbox};
use crate::store::Store;
use diesel::SqliteConnection;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// The variable with the arguments of [`as_program`], one a line.
const RUNS: &str = "HANDLEREF_TEST_GENERIC";
const BEGIN: &str = "\u{1e}";

/// Not a test by itself: the program `handleref`.
#[test]
fn as_program() {
    let Ok(arguments) = std::env::var(RUNS) else {
        return;
    };
    print!("{BEGIN}");
    let code = handleref::manage::run_with(arguments.lines().map(str::to_owned), None);
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

/// What it answers.
fn data(url: &str, arguments: &[&str]) -> Value {
    let all = [&["handleref"], arguments, &["--json"]].concat().join("\n");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "by_command::as_program", "--nocapture"]);
    let output = command
        .env(RUNS, all)
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let text = out.split_once(BEGIN).unwrap().1;
    let answer: Value =
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(answer["ok"], true, "{answer}");
    answer["data"].clone()
}

/// Many commits of several people on a few files, some of which go and come back.
fn busy(commits: u32) -> Sandbox {
    let sandbox = Sandbox::new(true);
    let mut stream = String::new();
    let mut there = [false; 40];
    let mut state = 42_u32;
    let mut random = |most: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % most
    };
    for number in 1..=commits {
        let who = ["ann", "bob", "Zoë"][random(3) as usize];
        let message = format!("commit {number}\n\nwith a second paragraph\n");
        let time = 1_700_000_000 + number * 60;
        let _ = writeln!(stream, "commit refs/heads/main\nmark :{number}");
        let _ = writeln!(stream, "author {who} <{who}@example.org> {time} +0000");
        let _ = writeln!(stream, "committer {who} <{who}@example.org> {time} +0000");
        let _ = writeln!(stream, "data {}\n{message}", message.len());
        if number > 1 {
            let _ = writeln!(stream, "from :{}", number - 1);
        }
        let mut touched = Vec::new();
        for _ in 0..=random(3) {
            let file = random(40) as usize;
            if touched.contains(&file) {
                continue;
            }
            touched.push(file);
            if there[file] && random(12) == 0 {
                there[file] = false;
                let _ = writeln!(stream, "D dir{}/file {file}", file % 4);
            } else {
                there[file] = true;
                let content = format!("a line\nline of {number}\nthe end {}\n", random(1_000));
                let _ = writeln!(stream, "M 100644 inline dir{}/file {file}", file % 4);
                let _ = writeln!(stream, "data {}\n{content}", content.len());
            }
        }
    }
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(&sandbox.0)
        .args(["fast-import", "--quiet"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stream.as_bytes())
        .unwrap();
    assert!(child.wait().unwrap().success());
    sandbox
}

#[test]
fn as_git_says() {
    let commits = 2_000;
    let sandbox = busy(commits);
    let file = sandbox.0.join("history.sqlite");
    let url = file.to_str().unwrap();
    let mut store = <SqliteConnection as Store>::create(url).unwrap();
    let counts = replay::replay(&sandbox.repository(), &mut store, None, LIMIT).unwrap();
    assert_eq!(counts.commits, u64::from(commits));
    drop(store);
    let mut compared = 0;
    for number in 0..40 {
        let path = format!("dir{}/file {number}", number % 4);
        let log = data(url, &["log", "File", &path, "--limit", "10000"]);
        let ours: Vec<&str> = log["records"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["changeset"]["correlation"].as_str().unwrap())
            .collect();
        let theirs = sandbox.git(&["log", "--first-parent", "--format=%H", "--", &path]);
        assert_eq!(ours, theirs.lines().collect::<Vec<_>>(), "{path}");
        compared += ours.len();
    }
    assert!(compared > 3_000, "{compared}");
    trees(&sandbox, url);
    files(&sandbox, url);
}

/// The table as of a commit is the commit's tree.
fn trees(sandbox: &Sandbox, url: &str) {
    let all = data(url, &["changesets", "--limit", "10000"]);
    for changeset in all["changesets"].as_array().unwrap().iter().step_by(199) {
        let (no, commit) = (&changeset["no"], changeset["correlation"].as_str().unwrap());
        let then = data(
            url,
            &["as-of", &format!("#{no}"), "File", "--limit", "10000"],
        );
        let mut ours: Vec<String> = then["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let of = |name: &str| row["values"][name].as_str().unwrap();
                format!("{} {}", of("object"), of("path"))
            })
            .collect();
        let listed = sandbox.git(&["ls-tree", "-r", "--format=%(objectname) %(path)", commit]);
        let mut theirs: Vec<String> = listed.lines().map(str::to_owned).collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs, "{commit}");
    }
}

/// Each version of a file, what set it, and what differs.
fn files(sandbox: &Sandbox, url: &str) {
    for number in [3, 17, 38] {
        let path = format!("dir{}/file {number}", number % 4);
        let log = data(url, &["log", "File", &path, "--limit", "10000"]);
        let records = log["records"].as_array().unwrap();
        let written: Vec<_> = records
            .iter()
            .filter(|it| it["operation"] == "update")
            .collect();
        for record in written.iter().step_by(9) {
            let (version, commit) = (
                &record["version"],
                record["changeset"]["correlation"].as_str().unwrap(),
            );
            let shown = data(url, &["show", "File", &format!("{path}@{version}")]);
            let text = shown["object"]["values"]["content"]
                .as_str()
                .unwrap()
                .trim_end()
                .to_owned();
            assert_eq!(text, sandbox.git(&["show", &format!("{commit}:{path}")]));
            // Between two neighbours a text differs, where git says so.
            let before = format!("v{}", version.as_i64().unwrap() - 1);
            let diff = data(
                url,
                &[
                    "diff",
                    "File",
                    &path,
                    "--from",
                    &before,
                    "--to",
                    &format!("v{version}"),
                ],
            );
            let names: Vec<_> = diff["changes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["field"].as_str().unwrap())
                .collect();
            assert!(
                names.contains(&"content") && names.contains(&"object"),
                "{names:?}"
            );
        }
        let blame = data(url, &["blame", "File", &path, "--field", "object"]);
        let last = sandbox.git(&[
            "log",
            "-1",
            "--first-parent",
            "--diff-filter=AM",
            "--format=%H",
            "--",
            &path,
        ]);
        assert_eq!(
            blame["fields"][0]["changeset"]["correlation"],
            last.as_str(),
            "{path}"
        );
    }
}
