//! The program under test: this test program, called again, as the `main` of a user's.

use crate::story::schema;
use crate::support::Db;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use std::io::Read;
use std::process::{Command, ExitCode, Stdio};

/// The variable that makes [`as_program`] one.
const RUNS: &str = "HANDLEREF_TEST_MANAGE";
/// What the harness has printed before the program is in front of it.
const BEGIN: &str = "\u{1e}";

/// Not a test by itself: `manage`, whose arguments are in a variable, one a line.
#[test]
fn as_program() {
    let Ok(arguments) = std::env::var(RUNS) else {
        return;
    };
    print!("{BEGIN}");
    let arguments = arguments.lines().map(str::to_owned);
    let code = handleref::manage::run_with(arguments, Some(schema()));
    // The harness shall not say that the test has passed.
    std::process::exit(match code {
        code if code == ExitCode::SUCCESS => 0,
        code => (1..=5)
            .find(|it| ExitCode::from(*it as u8) == code)
            .unwrap_or(99),
    });
}

/// What a program has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

fn called(arguments: &[&str]) -> (std::path::PathBuf, [String; 3], String) {
    let harness = ["--exact", "program::as_program", "--nocapture"];
    let mut all = vec!["manage"];
    all.extend(arguments);
    let path = std::env::current_exe().unwrap();
    (path, harness.map(str::to_owned), all.join("\n"))
}

/// Calls it with its output in a pipe.
pub fn piped(db: &Db, arguments: &[&str]) -> Said {
    piped_at(Some(&db.url), arguments)
}

/// A program that runs.
pub struct Running(std::process::Child, Vec<u8>);

impl Running {
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Waits until it has said this.
    pub fn says(&mut self, text: &str) {
        let out = self.0.stdout.as_mut().unwrap();
        let mut byte = [0];
        while !self.1.ends_with(text.as_bytes()) {
            assert_eq!(
                out.read(&mut byte).unwrap(),
                1,
                "it ended before it said {text}"
            );
            self.1.push(byte[0]);
        }
    }

    /// What it has said when it has ended.
    pub fn ended(self) -> Said {
        let mut output = self.0.wait_with_output().unwrap();
        output.stdout.splice(0..0, self.1);
        said(output)
    }
}

/// Begins it with its output in a pipe.
pub fn started(db: &Db, arguments: &[&str]) -> Running {
    let mut command = command(Some(&db.url), arguments);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    Running(command.spawn().unwrap(), Vec::new())
}

/// The same with another database, or none.
pub fn piped_at(url: Option<&str>, arguments: &[&str]) -> Said {
    said(
        command(url, arguments)
            .stdin(Stdio::null())
            .output()
            .unwrap(),
    )
}

fn command(url: Option<&str>, arguments: &[&str]) -> Command {
    let (path, harness, all) = called(arguments);
    let mut command = Command::new(path);
    command
        .args(harness)
        .env(RUNS, all)
        .env_remove("DATABASE_URL");
    if let Some(url) = url {
        command.env("DATABASE_URL", url);
    }
    command
}

fn said(output: std::process::Output) -> Said {
    let out = String::from_utf8(output.stdout).unwrap();
    Said {
        code: output.status.code().unwrap(),
        out: out.split_once(BEGIN).map_or("", |(_, it)| it).to_owned(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Calls it in a terminal that is so wide, and gives what is on its screen at the end.
pub fn screen(db: &Db, width: u16, arguments: &[&str]) -> String {
    let (path, harness, all) = called(arguments);
    let size = PtySize {
        rows: 60,
        cols: width,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(path);
    command.args(harness);
    command.env(RUNS, all);
    command.env("DATABASE_URL", &db.url);
    command.env("TERM", "xterm-256color");
    command.env_remove("NO_COLOR");
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader().unwrap();
    let mut bytes = Vec::new();
    // The end of a pseudo-terminal is an error on Linux.
    let _ = reader.read_to_end(&mut bytes);
    child.wait().unwrap();
    let begin = bytes
        .windows(BEGIN.len())
        .position(|it| it == BEGIN.as_bytes());
    let mut parser = vt100::Parser::new(60, width, 0);
    parser.process(&bytes[begin.unwrap() + BEGIN.len()..]);
    let text = parser.screen().contents();
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
        .trim_end()
        .to_owned()
}

/// Times become `2026-11-25 22:14:03`, each with as many characters as it had, so that tables stay in line.
pub fn masked(text: &str) -> String {
    let stencil = "dddd-dd-dd dd:dd";
    let mut out: Vec<char> = text.chars().collect();
    let fits = |at: usize, out: &[char]| {
        let mut pairs = stencil.chars().zip(out.iter().skip(at));
        out.len() - at >= stencil.len()
            && pairs.all(|(want, found)| match want {
                'd' => found.is_ascii_digit(),
                ' ' => *found == ' ' || *found == 'T',
                other => *found == other,
            })
    };
    let mut at = 0;
    while at < out.len() {
        if fits(at, &out) {
            for (offset, wanted) in "2026-11-25 22:14".chars().enumerate() {
                if wanted != ' ' {
                    out[at + offset] = wanted;
                }
            }
            at += stencil.len();
            // Seconds and what is behind them.
            if out.get(at) == Some(&':') {
                at += 1;
                let mut digits = "03".chars();
                while at < out.len() && (out[at].is_ascii_digit() || out[at] == '.') {
                    if out[at] != '.' {
                        out[at] = digits.next().unwrap_or('0');
                    }
                    at += 1;
                }
            }
        } else {
            at += 1;
        }
    }
    out.into_iter().collect()
}
