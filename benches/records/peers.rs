//! The same work through other history tools, each in a process of its own, which
//! `benches/peers/peers.py` is.

use crate::measure::{Goal, Samples, Turns, line};
use crate::postgres::{Conn, analyze};
use crate::tables::{Noted, recorded_notes};
use crate::{Done, Failure, Wanted, stage};
use chrono::{NaiveDateTime, Utc};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::prelude::*;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const PEERS: [&str; 6] = [
    "a trigger by hand, psycopg",
    "django-pghistory",
    "django-pghistory, statement",
    "django-simple-history",
    "django-auditlog",
    "SQLAlchemy-Continuum",
];

/// As `peers.py` has them.
const ROWS: i32 = 20_000;
const SOME: i32 = 5_000;

/// What names the Python that has the tools.
const PYTHON: &str = "HANDLEREF_PEERS_PYTHON";

/// An operation: its name for peers, what it is for people, and what is wanted of
/// ours beside each of them.
const OPERATIONS: [(&str, &str, f64); 7] = [
    ("insert", "insert of one row", 0.5),
    ("save", "one row loaded, changed and saved", 0.5),
    ("update", "update of one row by its key", 0.5),
    ("delete", "delete of one row", 0.5),
    ("bulk", "update of 20,000 rows", 1.0),
    ("history", "the history of one object", 0.5),
    ("as_of", "5,000 objects as of an instant", 0.5),
];

/// Compares with peers; with ours as the first subject.
pub(crate) fn run(wanted: &Wanted, mut conn: Conn, url: &str) -> Done {
    let python = std::env::var(PYTHON).map_err(|_| format!("{PYTHON} is not set"))?;
    let mut ours = stage("ours is filled", || Ours::prepare(&mut conn))?;
    let mut peers = Vec::new();
    for name in PEERS {
        peers.push(stage(name, || Peer::start(&python, name, url))?);
    }
    for (operation, what, goal) in OPERATIONS {
        let long = operation == "bulk";
        let turns = match long {
            true => Turns::long(wanted.budget(40)),
            false => Turns::short(wanted.budget(15)),
        };
        let mut there = Vec::new();
        for (at, peer) in peers.iter_mut().enumerate() {
            if peer.takes(operation, 0)?.is_some() {
                there.push(at);
            }
        }
        let mut turn = 0;
        let samples = stage(what, || {
            turns.timed(there.len() + 1, |subject| {
                turn += 1;
                match subject.checked_sub(1).and_then(|at| there.get(at)) {
                    None => ours.takes(&mut conn, operation, turn),
                    Some(at) => peers[*at]
                        .takes(operation, turn)?
                        .ok_or_else(|| Failure::from("a peer has forgotten what it can do")),
                }
            })
        })?;
        let (first, others) = samples.split_first().ok_or("nothing was measured")?;
        for (at, other) in there.iter().zip(others) {
            // The first one is what can be had by hand.
            let goal = if *at == 0 { 1.1 } else { goal };
            beside(what, first, (PEERS[*at], other), goal);
        }
    }
    Ok(())
}

fn beside(what: &str, ours: &Samples, peer: (&str, &Samples), goal: f64) {
    line(what, ("handleref", ours), Some(peer), Goal::Ratio(goal));
}

/// A key for a turn, and for what is inserted and deleted one that is new.
fn key(operation: &str, turn: i32, own: &mut [i32; 2]) -> i32 {
    let [inserted, deleted] = own;
    let next = |counter: &mut i32| {
        *counter += 1;
        1_000_000 + *counter
    };
    match operation {
        "insert" => next(inserted),
        "delete" => next(deleted),
        "history" => 1,
        _ => turn.wrapping_mul(7_919).rem_euclid(ROWS) + 1,
    }
}

/// Another tool, in a process of its own.
struct Peer {
    name: &'static str,
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    own: [i32; 2],
}

impl Peer {
    fn start(python: &str, name: &'static str, url: &str) -> Result<Self, Failure> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/peers.py");
        let mut process = Command::new(python)
            .arg("-B")
            .arg(script)
            .args([name, url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().ok_or("no input")?;
        let output = BufReader::new(process.stdout.take().ok_or("no output")?);
        let own = [0; 2];
        let mut peer = Self {
            name,
            process,
            input,
            output,
            own,
        };
        while peer.line()? != "ready" {}
        Ok(peer)
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err(format!("{} has ended: {}", self.name, self.process.wait()?).into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }

    /// How long an operation takes, if there is such a one.
    fn takes(&mut self, operation: &str, turn: i32) -> Result<Option<Duration>, Failure> {
        let key = key(operation, turn, &mut self.own);
        let command = match operation {
            "insert" | "delete" | "history" => format!("{operation}\t{key}"),
            "save" | "update" => format!("{operation}\t{key}\ttitle {turn}"),
            "bulk" => format!("{operation}\ttitle {turn}"),
            _ => operation.to_owned(),
        };
        writeln!(self.input, "{command}")?;
        match self.line()?.as_str() {
            "none" => Ok(None),
            seconds => Ok(Some(Duration::from_secs_f64(seconds.parse()?))),
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The same through Diesel.
struct Ours {
    moment: NaiveDateTime,
    own: [i32; 2],
}

impl Ours {
    fn prepare(conn: &mut Conn) -> Result<Self, Failure> {
        conn.batch_execute(
            "DROP TABLE IF EXISTS recorded_notes, noted_records; CREATE TABLE recorded_notes \
             (id INTEGER PRIMARY KEY, title VARCHAR(255) NOT NULL, body TEXT NOT NULL)",
        )?;
        handleref::schema![Noted].install(conn)?;
        conn.batch_execute(&format!(
            "INSERT INTO recorded_notes (id, title, body) SELECT i, 'a title', repeat('x', 40) FROM generate_series(1, {ROWS}) AS s (i)"
        ))?;
        let pause = || std::thread::sleep(Duration::from_millis(10));
        let all = |conn: &mut Conn, title: &str| {
            handleref::update(recorded_notes::table)
                .set(recorded_notes::title.eq(title))
                .execute(conn)
        };
        all(conn, "second")?;
        pause();
        let moment = Utc::now().naive_utc();
        pause();
        all(conn, "third")?;
        for count in 0..7 {
            save(conn, 1, &format!("title {count}"))?;
        }
        analyze(conn, "recorded_notes")?;
        analyze(conn, "noted_records")?;
        Ok(Self {
            moment,
            own: [0; 2],
        })
    }

    fn takes(&mut self, conn: &mut Conn, operation: &str, turn: i32) -> Result<Duration, Failure> {
        let key = key(operation, turn, &mut self.own);
        let title = format!("title {turn}");
        let start = Instant::now();
        match operation {
            "insert" => {
                let values = (
                    recorded_notes::id.eq(key),
                    recorded_notes::title.eq("a title"),
                    recorded_notes::body.eq("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
                );
                diesel::insert_into(recorded_notes::table)
                    .values(values)
                    .execute(conn)?;
            }
            "save" => save(conn, key, &title)?,
            "update" => {
                handleref::update(recorded_notes::table.find(key))
                    .set(recorded_notes::title.eq(&title))
                    .execute(conn)?;
            }
            "delete" => {
                diesel::delete(recorded_notes::table.find(key)).execute(conn)?;
            }
            "bulk" => {
                handleref::update(recorded_notes::table)
                    .set(recorded_notes::title.eq(&title))
                    .execute(conn)?;
            }
            "history" => {
                let history = Noted::history_of(key).select(Noted::as_select());
                let found = history.load::<Noted>(conn)?;
                if found.len() < 7 {
                    return Err("versions are missing".into());
                }
            }
            _ => {
                let then = recorded_notes::table
                    .filter(recorded_notes::id.le(SOME))
                    .select(Noted::as_select())
                    .as_of::<Noted>(self.moment)
                    .load::<Noted>(conn)?;
                if then.len() != 5_000 {
                    return Err(format!("{} objects as of then", then.len()).into());
                }
            }
        }
        Ok(start.elapsed())
    }
}

fn save(conn: &mut Conn, key: i32, title: &str) -> Result<(), Failure> {
    let note = recorded_notes::table.find(key).select(Noted::as_select());
    let mut note: Noted = note.first(conn)?;
    title.clone_into(&mut note.title);
    note.save(conn)?;
    Ok(())
}
