//! The public database's own client keeps a copy of the example `peeringdb`.

use crate::changes::{self, Written};
use crate::copied::{self, EMPTY, Rows, TABLES};
use crate::generate;
use crate::models::Network;
use crate::program::{Folder, command, run};
use crate::random::Random;
use crate::schema::{self, networks};
use crate::sync::Conn;
use crate::watch::{Server, When, serve};
use chrono::{NaiveDateTime, Timelike};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The types in the order in which the client asks for them.
const ASKED: [&str; 13] = [
    "org",
    "campus",
    "fac",
    "net",
    "ix",
    "carrier",
    "carrierfac",
    "ixfac",
    "ixlan",
    "ixpfx",
    "netfac",
    "netixlan",
    "poc",
];

/// What one run of the client did.
#[derive(Debug)]
struct Synced {
    asked: Vec<String>,
    created: u32,
    updated: u32,
}

struct Story {
    folder: Folder,
    server: Server,
    source: Conn,
    /// Our rows at the first run. It is told of those alone that are `ok`.
    first: BTreeMap<&'static str, Rows>,
}

impl Story {
    fn begin() -> Self {
        let folder = Folder::new();
        let file = folder.path("source.sqlite");
        let mut source = schema::open(file.to_str().unwrap()).unwrap();
        generate::objects(40, 3).store(&mut source).unwrap();
        let server = serve(file);
        let first = BTreeMap::new();
        Self {
            folder,
            server,
            source,
            first,
        }
    }

    /// Another connection to the source, or to the client's database.
    fn open(&self, name: &str) -> Conn {
        let mut conn = Conn::establish(self.folder.path(name).to_str().unwrap()).unwrap();
        conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON")
            .unwrap();
        conn
    }

    /// Runs the client, which must be content.
    fn sync(&self) -> Synced {
        let path = |name: &str| self.folder.path(name);
        let mut client = command("peeringdb", &self.folder);
        client
            .arg("sync")
            .env("PDB_SYNC_URL", format!("http://{}/api", self.server.address))
            // Empty, or a full one would go to the public database.
            .env("PDB_SYNC_CACHE_URL", "")
            .env("PDB_SYNC_CACHE_DIR", path("cache"))
            .env("FAILED_ENTRIES_FILE", path("failed.json"))
            .env("PDB_ORM_DB_NAME", path("mirror.sqlite3"))
            .env("PDB_ORM_SECRET_KEY", "x");
        let said = run(&mut client, &self.folder, Duration::from_secs(120));
        // It ends with success whatever happened.
        assert!(!said.err.contains("Error"), "{}", said.err);
        assert!(!said.out.contains("Error") && said.success, "{}", said.out);
        let failed = std::fs::read_to_string(path("failed.json")).unwrap_or_default();
        assert!(["", "[]"].contains(&failed.trim()), "{failed}");
        assert!(self.server.watch.all_done());

        let asked = self.server.watch.asked();
        let tags = asked.iter().filter(|it| !it.contains("id="));
        let tags = tags.map(|it| it.trim_start_matches("/api/").split('?').next().unwrap());
        assert!(tags.eq(ASKED), "{asked:?}");
        // `Processed 2 objects (1 created, 1 updated, 5 unchanged)`, of each type.
        let count = |word: &str| -> u32 {
            let places = said.err.match_indices(word);
            let numbers = places.map(|(at, _)| said.err[..at].rsplit(['(', ' ']).next().unwrap());
            numbers.map(|it| it.parse::<u32>().unwrap()).sum()
        };
        assert_eq!(
            said.err.matches("Processed").count(),
            ASKED.len(),
            "{}",
            said.err
        );
        Synced {
            created: count(" created,"),
            updated: count(" updated,"),
            asked,
        }
    }

    /// What is not there as it is here.
    fn differences(&mut self) -> Vec<String> {
        let mut theirs = self.open("mirror.sqlite3");
        let mut found = Vec::new();
        for table in &TABLES {
            let tag = table.tag;
            let (ours, theirs) = table.both(&mut self.source, &mut theirs);
            let sent = self.server.watch.sent(tag);
            assert!(
                theirs.keys().eq(&sent),
                "{tag}: {:?} of {sent:?}",
                theirs.keys()
            );
            for (id, row) in &ours {
                match theirs.get(id) {
                    Some(theirs) => {
                        let unequal = copied::unequal(row, theirs).into_iter();
                        found.extend(unequal.map(|column| format!("{tag}{id} {column}")));
                    }
                    // A full answer has no such rows, and nothing happened to it since.
                    None if row["status"] != "ok" && self.first[tag].get(id) == Some(row) => {}
                    None => found.push(format!("{tag}{id} is not there")),
                }
            }
        }
        for (tag, table) in EMPTY {
            assert_eq!(copied::count(&mut theirs, table), 0, "{tag}");
        }
        found
    }

    fn is_equal(&mut self) {
        assert_eq!(self.differences(), [] as [String; 0]);
    }

    /// What is soft-deleted there.
    fn deleted(&mut self) -> BTreeSet<(&'static str, i64)> {
        let mut theirs = self.open("mirror.sqlite3");
        let mut deleted = BTreeSet::new();
        for table in &TABLES {
            let (_, rows) = table.both(&mut self.source, &mut theirs);
            let rows = rows.iter().filter(|(_, row)| row["status"] == "deleted");
            deleted.extend(rows.map(|(id, _)| (table.tag, *id)));
        }
        deleted
    }

    /// Random changes.
    fn change(&mut self, seed: u64, times: usize) -> Written {
        changes::make(&mut self.source, &mut Random::new(seed), times).unwrap()
    }
}

fn rename(conn: &mut Conn, id: i32, name: &str) -> NaiveDateTime {
    let mut net = networks::table
        .find(id)
        .select(Network::as_select())
        .first(conn)
        .unwrap();
    net.aka = Some(name.to_owned());
    net.save(conn).unwrap();
    net.updated
}

/// Waits for the beginning of a second, so that what follows happens in this one.
fn new_second() {
    let past = chrono::Utc::now().timestamp_subsec_millis();
    std::thread::sleep(Duration::from_millis(u64::from(1000 - past.min(999)) + 20));
}

#[test]
fn follows_the_example() {
    let mut story = Story::begin();

    // All rows.
    story.sync();
    let (mut theirs, mut untold) = (story.open("mirror.sqlite3"), 0);
    for table in &TABLES {
        let (ours, theirs) = table.both(&mut story.source, &mut theirs);
        let of = |status: &str| -> BTreeSet<i64> {
            let rows = ours.iter().filter(|(_, row)| row["status"] == status);
            rows.map(|(id, _)| *id).collect()
        };
        let (living, deleted) = (of("ok"), of("deleted"));
        assert!(living.len() > 5, "{}", table.tag);
        untold += deleted.len();
        // What waits for its approval is asked for, row by row, where it is a parent.
        let there = |id: &i64| theirs.contains_key(id);
        assert!(living.iter().all(there), "{}", table.tag);
        assert!(!deleted.iter().any(there), "{}", table.tag);
        story.first.insert(table.tag, ours);
    }
    drop(theirs);
    assert!(untold > 20);
    story.is_equal();
    assert!(story.deleted().is_empty());
    let times = story.first.values().flat_map(BTreeMap::values);
    let fractions = times.filter(|row| row["updated"].as_str().unwrap().contains('.'));
    assert!(fractions.count() > 100);

    // Renames, new rows, and organisations that are deleted with all that belongs to them.
    let written = story.change(1, 120);
    assert!(
        written.inserted > 5 && written.updated > 5 && written.deleted > 20,
        "{written}"
    );
    let synced = story.sync();
    assert!(synced.created > 5 && synced.updated > 20, "{synced:?}");
    story.is_equal();
    let deleted = story.deleted();
    for tag in ["org", "net", "netfac", "netixlan"] {
        assert!(deleted.iter().any(|it| it.0 == tag), "{tag}: {deleted:?}");
    }

    // Restores. While it reads, a parent comes when parents have been read, and a row changes
    // twice in one second, before it is read and after.
    let written = story.change(2, 60);
    assert!(written.restored > 1, "{written}");
    let watch = story.server.watch.clone();
    let (late, renamed) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
    let (mut conn, made) = (story.open("source.sqlite"), late.clone());
    watch.at(When::Before("/api/fac"), move || {
        *made.lock().unwrap() = Some(changes::new_organisation(&mut conn, "Latecomer").unwrap());
    });
    let net = Network::undeleted()
        .select(networks::id)
        .first(&mut story.source)
        .unwrap();
    for (when, name) in [
        (When::Before("/api/net"), "Once"),
        (When::After("/api/net"), "Twice"),
    ] {
        let (mut conn, times) = (story.open("source.sqlite"), renamed.clone());
        watch.at(when, move || {
            if name == "Once" {
                new_second();
            }
            times.lock().unwrap().push(rename(&mut conn, net, name));
        });
    }
    let synced = story.sync();
    let (org, _) = late.lock().unwrap().unwrap();
    let single = format!("/api/org?since=1&id={org}&depth=0");
    assert!(synced.asked.contains(&single), "{synced:?}");
    let differences = story.differences();
    let of_net = differences
        .iter()
        .filter(|it| it.starts_with(&format!("net{net} ")));
    assert_eq!(
        (of_net.count(), differences.len()),
        (2, 2),
        "{differences:?}"
    );
    let restored: Vec<_> = deleted.difference(&story.deleted()).cloned().collect();
    assert!(restored.iter().any(|it| it.0 == "org"), "{restored:?}");
    let renamed = renamed.lock().unwrap().clone();
    assert_eq!(renamed[0].with_nanosecond(0), renamed[1].with_nanosecond(0));
    let synced = story.sync();
    assert_eq!((synced.created, synced.updated), (0, 1), "{synced:?}");
    story.is_equal();

    // A transaction that was open while it read, and is older then than the last answer.
    let mut slow = story.open("source.sqlite");
    slow.batch_execute("BEGIN IMMEDIATE").unwrap();
    rename(&mut slow, net, "Late");
    changes::new_organisation(&mut slow, "Slow").unwrap();
    let synced = story.sync();
    assert_eq!((synced.created, synced.updated), (0, 0), "{synced:?}");
    story.is_equal();
    slow.batch_execute("COMMIT").unwrap();
    assert!(!story.differences().is_empty());
    let synced = story.sync();
    assert_eq!((synced.created, synced.updated), (2, 1), "{synced:?}");
    story.is_equal();

    // Nothing.
    let synced = story.sync();
    assert_eq!((synced.created, synced.updated), (0, 0), "{synced:?}");
    for (asked, tag) in synced.asked.iter().zip(ASKED) {
        let known = TABLES.iter().any(|table| table.tag == tag);
        assert_eq!(asked.contains("?since="), known, "{asked}");
    }
    story.is_equal();
}
