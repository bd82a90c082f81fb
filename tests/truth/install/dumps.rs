//! A dump of the data is loaded into an installed database, and nothing of the
//! load is recorded: with the engines' own tools, as `docs/history.md` says it.

#[allow(unused_imports)]
use super::replacing::count;
#[allow(unused_imports)]
use crate::support::recorded::{Author, Label, Paper, bare_papers};
#[allow(unused_imports)]
use crate::support::{Db, Engine};
#[allow(unused_imports)]
use diesel::connection::SimpleConnection;
#[allow(unused_imports)]
use std::process::{Command, Stdio};

/// Runs a tool with a text as its input, and gives what it says.
#[allow(dead_code)]
fn run(command: &mut Command, input: &str) -> String {
    use std::io::Write;
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut pipe = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    drop(writer.join());
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// What was written before the dump.
#[allow(dead_code)]
const WRITES: &str = "INSERT INTO authors (id, name) VALUES (1, 'Ann'), (2, 'Bob');
    INSERT INTO papers (id, author_id, title, secret) VALUES (1, 1, 'it''s', 'x'), (2, 1, 'b', NULL);
    UPDATE papers SET title = 'c' WHERE id = 2;
    DELETE FROM authors WHERE id = 2;
    INSERT INTO labels (paper_id, label) VALUES (1, 'new')";

#[allow(dead_code)]
const OURS: [&str; 5] = [
    "handleref_database",
    "handleref_recordings",
    "handleref_events",
    "handleref_holds",
    "handleref_changesets",
];

/// Two databases with the same models; the first one has rows and records.
#[allow(unused_macros)]
macro_rules! two_databases {
    ($conn:ty, $new:expr) => {{
        let (from, to): (Db, Db) = ($new, $new);
        let schema = handleref::schema![Author, Paper, Label];
        for db in [&from, &to] {
            bare_papers(db);
            db.install(&schema);
        }
        db_writes(&from);
        (from, to, schema)
    }};
}

#[allow(dead_code)]
fn db_writes(db: &Db) {
    for write in WRITES.split(';') {
        db.create(write);
    }
}

/// The copy has what the first one has, and goes on after it.
#[allow(unused_macros)]
macro_rules! is_loaded {
    ($conn:ty, $from:expr, $to:expr, $schema:expr) => {{
        let (one, other): (&mut $conn, &mut $conn) = (&mut $from.connect(), &mut $to.connect());
        for table in ["authors", "papers", "labels", "author_records", "paper_records", "label_history"].iter().chain(&OURS) {
            assert_eq!(count(one, table), count(other, table), "{table}");
        }
        let (report, plan) = ($schema.check(other).unwrap(), $schema.plan(other).unwrap());
        assert!(report.is_ok() && plan.is_empty(), "{report} {plan}");
        other.batch_execute("UPDATE papers SET title = 'after' WHERE id = 2").unwrap();
        let newest = "paper_records WHERE record_id = (SELECT max(record_id) FROM paper_records) AND record_version = 3 AND title = 'after'";
        assert_eq!(count(other, newest), 1);
        assert_eq!(count(other, "paper_records"), 4);
    }};
}

#[cfg(feature = "postgres")]
mod without_recording_the_load {
    use super::*;

    #[test]
    fn postgres() {
        let (from, to, schema) = two_databases!(diesel::PgConnection, Db::postgres());
        let name = |db: &Db| db.url.rsplit("%3D").next().unwrap().to_owned();
        let server = from.url.split('?').next().unwrap();
        let dump = run(
            Command::new("pg_dump").args(["--data-only", "--schema", &name(&from), server]),
            "",
        );
        // Two schemas of one database here; else it is loaded as it is.
        let dump = dump.replace(&name(&from), &name(&to));
        let empty: String = OURS
            .iter()
            .map(|table| format!("DELETE FROM {}.{table};\n", name(&to)))
            .collect();
        let mut psql = Command::new("psql");
        psql.args(["-q", "-v", "ON_ERROR_STOP=1", server])
            .env("PGOPTIONS", "-c handleref.paused=1");
        run(&mut psql, &(empty + &dump));
        is_loaded!(diesel::PgConnection, from, to, schema);
    }
}

#[cfg(feature = "mysql")]
mod without_recording_the_load_either {
    use super::*;

    fn tool(name: &str, db: &Db) -> Command {
        let rest = db.url.strip_prefix("mysql://").unwrap();
        let (login, place) = rest.split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let (host, port) = place.split('/').next().unwrap().split_once(':').unwrap();
        let mut command = Command::new(name);
        command
            .args([
                "--no-defaults",
                "--protocol=TCP",
                "-h",
                host,
                "-P",
                port,
                "-u",
                user,
            ])
            .arg(format!("--password={password}"));
        command
    }

    #[test]
    fn mysql() {
        let (from, to, schema) = two_databases!(diesel::MysqlConnection, Db::mysql());
        let version = run(
            tool("mariadb", &from).args(["-N", "-e", "SELECT VERSION()"]),
            "",
        );
        if !version.contains("MariaDB") {
            // What MariaDB's tool writes of generated columns MySQL does not load.
            eprintln!("not run on MySQL {version}: it takes MySQL's own mysqldump");
            return;
        }
        let database = |db: &Db| db.url.rsplit('/').next().unwrap().to_owned();
        let dump = run(
            tool("mariadb-dump", &from).args([
                "--no-create-info",
                "--skip-triggers",
                "--single-transaction",
                &database(&from),
            ]),
            "",
        );
        let empty: String = OURS
            .iter()
            .map(|table| format!("DELETE FROM {table};\n"))
            .collect();
        let load = format!("SET @handleref_paused = 1;\n{empty}{dump}");
        run(tool("mariadb", &to).arg(database(&to)), &load);
        // Data alone has no sequence in it: `check` says so, and `install` raises it.
        let conn = &mut to.connect::<diesel::MysqlConnection>();
        let report = schema.check(conn).unwrap();
        assert!(
            report.to_string().contains("next record would be number"),
            "{report}"
        );
        schema.install(conn).unwrap();
        is_loaded!(diesel::MysqlConnection, from, to, schema);
    }
}

#[cfg(feature = "sqlite")]
mod without_recording_the_load_as_well {
    use super::*;

    /// What `sqlite3 file ".dump --data-only .."` writes, by SQL alone where the
    /// program is not there.
    fn dump(from: &Db, to: &Db, tables: &[&str]) {
        let conn: &mut diesel::SqliteConnection = &mut to.connect();
        let found = Command::new("sqlite3").arg("--version").output().is_ok();
        if found {
            let dump = run(
                Command::new("sqlite3").args([
                    &from.url,
                    &format!(".dump --data-only {}", tables.join(" ")),
                ]),
                "",
            );
            return conn.batch_execute(&dump).unwrap();
        }
        conn.batch_execute(&format!("ATTACH '{}' AS source", from.url))
            .unwrap();
        for table in tables {
            conn.batch_execute(&format!("INSERT INTO {table} SELECT * FROM source.{table}"))
                .unwrap();
        }
    }

    #[test]
    fn sqlite() {
        let (from, to, schema) = two_databases!(diesel::SqliteConnection, Db::sqlite());
        // First the tables, with the switch on; then the history and its counter,
        // with which the switch comes back as it was.
        to.execute("UPDATE handleref_context SET paused = 1");
        dump(&from, &to, &["authors", "papers", "labels"]);
        let ours: Vec<&str> = OURS.into_iter().chain(["handleref_context"]).collect();
        let empty: String = ours
            .iter()
            .map(|table| format!("DELETE FROM {table};"))
            .collect();
        to.execute(&empty);
        dump(
            &from,
            &to,
            &[
                &ours[..],
                &["author_records", "paper_records", "label_history"],
            ]
            .concat(),
        );
        is_loaded!(diesel::SqliteConnection, from, to, schema);
    }
}
