//! The example `peeringdb`: its mirror is exact, whatever happens in the
//! source and whenever, and its proof would notice if it were not.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
// The modules are the example's, which uses more of them than this file.
#![allow(dead_code, unreachable_pub)]

#[path = "../examples/peeringdb/api.rs"]
mod api;
#[path = "../examples/peeringdb/args.rs"]
mod args;
#[path = "../examples/peeringdb/changes.rs"]
mod changes;
#[path = "../examples/peeringdb/generate.rs"]
mod generate;
#[path = "../examples/peeringdb/models.rs"]
mod models;
#[path = "../examples/peeringdb/random.rs"]
mod random;
#[path = "../examples/peeringdb/schema.rs"]
mod schema;
#[path = "../examples/peeringdb/stamp.rs"]
mod stamp;
#[path = "../examples/peeringdb/sync/mod.rs"]
mod sync;
#[path = "../examples/peeringdb/verify.rs"]
mod verify;

use api::Objects;
use chrono::{NaiveDateTime, TimeDelta};
use diesel::prelude::*;
use handleref::prelude::*;
use models::{Facility, Network, Organisation};
use random::Random;
use schema::{facilities, networks, organisations};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use sync::{Conn, Error, Mirror, Moved};
use verify::Difference;

/// A directory with a source and a mirror, removed at the end.
struct Pair {
    dir: PathBuf,
}

impl Pair {
    /// With a loaded source and an empty mirror.
    fn new(objects: &Objects) -> (Self, Conn, Conn) {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "handleref-mirror-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        let pair = Self { dir };
        let (mut source, mirror) = (pair.source(), pair.mirror());
        objects.store(&mut source).unwrap();
        (pair, source, mirror)
    }

    fn open(&self, name: &str) -> Conn {
        let mut conn = schema::open(self.dir.join(name).to_str().unwrap()).unwrap();
        diesel::sql_query("PRAGMA synchronous = OFF")
            .execute(&mut conn)
            .unwrap();
        conn
    }

    fn source(&self) -> Conn {
        self.open("source")
    }

    fn mirror(&self) -> Conn {
        self.open("mirror")
    }

    /// The source as it is now.
    fn copy(&self, source: &mut Conn, name: &str) -> Conn {
        let file = self.dir.join(name);
        diesel::sql_query(format!("VACUUM INTO '{}'", file.display()))
            .execute(source)
            .unwrap();
        self.open(name)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn sync() -> Mirror<'static> {
    Mirror::new("test", &models::PARENTS_FIRST)
}

/// A pull with a shorter reach; the overlap must be more than the clock's resolution.
fn sync_with(overlap: TimeDelta) -> Mirror<'static> {
    Mirror { overlap, ..sync() }
}

fn differences(one: &mut Conn, other: &mut Conn) -> Vec<Difference> {
    verify::compare(one, other).unwrap().differences
}

/// Random changes between the pulls and during them, with the reach of a day
/// and of a moment: every pull gives the state at its beginning, all of it.
#[test]
fn every_pull_is_exact() {
    for seed in 0..12 {
        let random = &mut Random::new(seed);
        let (pair, mut source, mut mirror) = Pair::new(&generate::objects(12, seed));
        let mut writer = pair.source();
        let overlap = if seed % 2 == 0 {
            TimeDelta::days(1)
        } else {
            TimeDelta::milliseconds(5)
        };
        let sync = sync_with(overlap);
        let mut all = [0; 4];
        for round in 0..10 {
            let times = random.below(12) as usize;
            changes::make(&mut source, random, times).unwrap();
            let mut now = pair.copy(&mut source, &format!("copy{round}"));
            let pull = sync
                .pull_and_tell(&mut source, &mut mirror, |_| {
                    let times = random.below(4) as usize;
                    changes::make(&mut writer, random, times)?;
                    Ok(())
                })
                .unwrap();
            assert_eq!(
                differences(&mut now, &mut mirror),
                [],
                "seed {seed}, round {round}"
            );
            if round > 0 {
                for moved in &pull.moved {
                    for (sum, count) in all.iter_mut().zip([
                        moved.added,
                        moved.changed,
                        moved.deleted,
                        moved.restored,
                    ]) {
                        *sum += count;
                    }
                }
            }
        }
        sync.pull(&mut source, &mut mirror).unwrap();
        assert_eq!(differences(&mut source, &mut mirror), [], "seed {seed}");
        assert!(
            all.iter().all(|&count| count > 0),
            "nothing of a kind happened: {all:?}"
        );
    }
}

/// What is equal already is read again, but not written.
#[test]
fn a_second_pull_writes_nothing() {
    let (_pair, mut source, mut mirror) = Pair::new(&generate::objects(5, 1));
    changes::make(&mut source, &mut Random::new(1), 20).unwrap();
    sync().pull(&mut source, &mut mirror).unwrap();
    let again = sync().pull(&mut source, &mut mirror).unwrap();
    assert_eq!(again.moved.iter().map(Moved::written).sum::<usize>(), 0);
    assert!(again.moved.iter().any(|moved| moved.equal > 0));
    assert!(again.bound - again.after.unwrap() >= TimeDelta::minutes(1));
}

/// A pull that fails in the middle leaves neither rows nor bound; the next one,
/// of a new process, goes on from the last good one.
#[test]
fn a_crash_loses_nothing() {
    let (pair, mut source, mut mirror) = Pair::new(&generate::objects(6, 2));
    let crash = |moved: &Moved| {
        if moved.tag == "ix" {
            Err("the plug was pulled".into())
        } else {
            Ok(())
        }
    };

    let error = sync()
        .pull_and_tell(&mut source, &mut mirror, crash)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the pull was stopped: the plug was pulled"
    );
    assert_eq!(sync().bound(&mut mirror).unwrap(), None);
    assert_eq!(verify::rows(&mut mirror).unwrap(), 0);

    let bound = sync().pull(&mut source, &mut mirror).unwrap().bound;
    let mut before = pair.copy(&mut source, "before");
    changes::make(&mut source, &mut Random::new(2), 30).unwrap();
    sync()
        .pull_and_tell(&mut source, &mut mirror, crash)
        .unwrap_err();
    drop((source, mirror));

    let (mut source, mut mirror) = (pair.source(), pair.mirror());
    assert_eq!(sync().bound(&mut mirror).unwrap(), Some(bound));
    assert_eq!(differences(&mut before, &mut mirror), []);
    assert!(sync().pull(&mut source, &mut mirror).unwrap().bound > bound);
    assert_eq!(differences(&mut source, &mut mirror), []);
}

/// Parent and child are created when the parent's table has been read and the
/// child's has not.
#[test]
fn a_child_does_not_come_before_its_parent() {
    let (pair, mut source, mut mirror) = Pair::new(&generate::objects(3, 3));
    let mut writer = pair.source();
    let mut made = None;
    sync()
        .pull_and_tell(&mut source, &mut mirror, |moved| {
            if moved.tag == "org" {
                made = Some(changes::new_organisation(&mut writer, "Latecomer")?);
            }
            Ok(())
        })
        .unwrap();
    let (org, fac) = made.unwrap();
    let expected = [
        Difference::Missing {
            row: format!("org{org}"),
        },
        Difference::Missing {
            row: format!("fac{fac}"),
        },
    ];
    assert_eq!(differences(&mut source, &mut mirror), expected);
    sync().pull(&mut source, &mut mirror).unwrap();
    assert_eq!(differences(&mut source, &mut mirror), []);
}

/// Why the bound is no condition of the reading: a parent that has changed
/// since it is hidden by `until`, and its child is not.
#[test]
fn until_would_hide_a_parent() {
    let (_pair, mut source, _) = Pair::new(&Objects::default());
    let (org, fac) = changes::new_organisation(&mut source, "Busy").unwrap();
    let bound: Option<NaiveDateTime> = Facility::last_change().first(&mut source).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(3));
    let renamed =
        handleref::update(organisations::table.find(org)).set(organisations::name.eq("Busier"));
    renamed.execute(&mut source).unwrap();

    let bound = bound.unwrap();
    let facs = Facility::with_deleted()
        .until(bound)
        .select(facilities::id)
        .load(&mut source);
    let orgs = Organisation::with_deleted()
        .until(bound)
        .select(organisations::id)
        .load::<i32>(&mut source);
    assert_eq!((facs, orgs), (Ok(vec![fac]), Ok(vec![])));
}

/// A row that is stamped before a pull, and committed after it.
#[test]
fn a_late_commit_is_found_by_the_overlap() {
    for (overlap, found) in [(TimeDelta::seconds(10), true), (TimeDelta::zero(), false)] {
        let (pair, mut source, mut mirror) = Pair::new(&generate::objects(3, 4));
        let sync = sync_with(overlap);
        sync.pull(&mut source, &mut mirror).unwrap();
        let mut writer = pair.source();
        writer
            .transaction(|writer| {
                changes::new_organisation(writer, "Slow")?;
                std::thread::sleep(std::time::Duration::from_millis(3));
                let meanwhile = sync.pull(&mut source, &mut mirror).unwrap();
                assert_eq!(meanwhile.moved.iter().map(Moved::written).sum::<usize>(), 0);
                QueryResult::Ok(())
            })
            .unwrap();
        sync.pull(&mut source, &mut mirror).unwrap();
        assert_eq!(
            differences(&mut source, &mut mirror).is_empty(),
            found,
            "overlap {overlap}"
        );
        // And what to do if that has happened.
        sync.forget(&mut mirror).unwrap();
        sync.pull(&mut source, &mut mirror).unwrap();
        assert_eq!(differences(&mut source, &mut mirror), []);
    }
}

/// Each way in which two sides can differ is noticed, and named.
#[test]
fn the_proof_can_fail() {
    let (_pair, mut source, mut mirror) = Pair::new(&generate::objects(4, 5));
    sync().pull(&mut source, &mut mirror).unwrap();
    let compared = verify::compare(&mut source, &mut mirror).unwrap();
    assert_eq!(
        (compared.rows, compared.differences.len()),
        (verify::rows(&mut source).unwrap() as usize, 0)
    );

    diesel::update(networks::table.find(2))
        .set(networks::notes.eq("forged"))
        .execute(&mut mirror)
        .unwrap();
    diesel::update(networks::table.find(3))
        .set(networks::updated.eq(NaiveDateTime::default()))
        .execute(&mut mirror)
        .unwrap();
    diesel::insert_into(organisations::table)
        .values(organisations::name.eq("Extra"))
        .execute(&mut mirror)
        .unwrap();
    diesel::insert_into(organisations::table)
        .values((organisations::id.eq(99), organisations::name.eq("Missing")))
        .execute(&mut source)
        .unwrap();
    assert_eq!(
        differences(&mut source, &mut mirror),
        [
            Difference::Missing {
                row: "org99".into()
            },
            Difference::Extra { row: "org5".into() },
            Difference::Unequal {
                row: "net2".into(),
                columns: vec!["notes".into()]
            },
            Difference::Unequal {
                row: "net3".into(),
                columns: vec!["updated".into()]
            },
        ]
    );
}

/// A row that the mirror cannot take stops the pull, with its name.
#[test]
fn a_refused_row_is_named() {
    let (_pair, mut source, mut mirror) = Pair::new(&generate::objects(3, 6));
    diesel::sql_query("CREATE UNIQUE INDEX one_name ON organisations (city IS NULL)")
        .execute(&mut mirror)
        .unwrap();
    let error = sync().pull(&mut source, &mut mirror).unwrap_err();
    assert!(
        matches!(&error, Error::Row { row, .. } if row == "org2"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with("org2 could not be written to the mirror: UNIQUE constraint"),
        "{error}"
    );
}

/// Written files read back equal, to the letter of every timestamp.
#[test]
fn files_read_back_equal() {
    let (pair, mut source, mut mirror) = Pair::new(&Objects::default());
    let (one, two) = (pair.dir.join("one"), pair.dir.join("two"));
    let objects = generate::objects(60, 7);
    objects.write(&one).unwrap();
    let read = Objects::read(&one, |notice| panic!("{notice}")).unwrap();
    assert_eq!(read, objects);
    read.write(&two).unwrap();
    for tag in ["org", "fac", "net", "ix", "ixlan", "netfac", "netixlan"] {
        let text = |dir: &Path| std::fs::read_to_string(dir.join(format!("{tag}-0.json"))).unwrap();
        assert_eq!(text(&one), text(&two));
    }
    // And through both databases.
    read.store(&mut source).unwrap();
    sync().pull(&mut source, &mut mirror).unwrap();
    let nets = networks::table
        .select(Network::as_select())
        .order(networks::id)
        .load(&mut mirror)
        .unwrap();
    assert_eq!(nets, objects.net);
}

/// Timestamps as the API writes them; unknown and missing fields; a part of
/// the data.
#[test]
fn other_peoples_files() {
    let (pair, mut source, mut mirror) = Pair::new(&Objects::default());
    let write = |name: &str, text: &str| std::fs::write(pair.dir.join(name), text).unwrap();
    let object = |fields: &str, updated: &str| {
        format!(
            r#"{{{fields}, "created": "2020-01-01T00:00:00Z", "updated": "{updated}", "status": "ok", "x": [{{}}]}}"#
        )
    };
    let read = |notices: &mut Vec<String>| Objects::read(&pair.dir, |notice| notices.push(notice));
    assert!(
        read(&mut vec![])
            .unwrap_err()
            .to_string()
            .starts_with("there are no objects in ")
    );

    let org = object(
        r#""id": 1, "name": "A", "notes": null"#,
        "2020-01-01T00:00:00.500000Z",
    );
    let net = |id, org| {
        object(
            &format!(r#""id": {id}, "org_id": {org}, "asn": 4200000001, "name": """#),
            "2021-02-03T04:05:06.000007Z",
        )
    };
    write(
        "org.json",
        &format!(r#"{{"data": [{org}], "meta": {{"generated": 1}}}}"#),
    );
    write(
        "net-0.json",
        &format!(
            r#"{{"meta": {{}}, "data": [{}, {}]}}"#,
            net(7, 1),
            net(8, 2)
        ),
    );
    let mut notices = vec![];
    let objects = read(&mut notices).unwrap();
    assert_eq!(
        (objects.len(), objects.net[0].id, objects.net[0].asn),
        (2, 7, 4_200_000_001)
    );
    assert_eq!(notices.len(), 6, "{notices:?}");
    assert!(notices[0].starts_with("no fac-0.json and no fac.json in "));
    assert_eq!(
        notices[5],
        "1 net left out, because what they belong to is not there"
    );
    objects.store(&mut source).unwrap();
    sync().pull(&mut source, &mut mirror).unwrap();
    let net: Network = networks::table
        .select(Network::as_select())
        .first(&mut mirror)
        .unwrap();
    assert!(
        serde_json::to_string(&net)
            .unwrap()
            .contains(r#""updated":"2021-02-03T04:05:06.000007Z""#)
    );
    let org = serde_json::to_string(&objects.org).unwrap();
    assert!(
        org.contains(r#""created":"2020-01-01T00:00:00Z","updated":"2020-01-01T00:00:00.500000Z""#),
        "{org}"
    );

    write(
        "fac.json",
        r#"{"data": [{"id": 1, "created": "yesterday"}]}"#,
    );
    let error = read(&mut vec![]).unwrap_err().to_string();
    assert!(
        error.contains("fac.json: `yesterday` is not a moment in RFC 3339"),
        "{error}"
    );
}

/// The committed set is complete and has rows of every status.
#[test]
fn the_small_set() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/peeringdb/data");
    let objects = Objects::read(&dir, |notice| panic!("{notice}")).unwrap();
    assert_eq!(objects, generate::objects(8, 1));
    for status in ["ok", "pending", "deleted"] {
        assert!(
            objects.netfac.iter().any(|link| link.status == status),
            "{status}"
        );
    }
}

#[test]
fn arguments() {
    let read = |args: &[&str]| args::Args::read(args.iter().map(Into::into));
    let args = read(&["--generate", "7", "--rounds", "2", "--mirror", "m.sqlite"]).unwrap();
    assert_eq!(
        (args.data, args.rounds, args.mirror),
        (args::Data::Generated(7), 2, Some("m.sqlite".into()))
    );
    for (args, sentence) in [
        (
            &["--rounds"][..],
            "`--rounds` needs a value behind it; see --help",
        ),
        (
            &["--rounds", "-1"],
            "`--rounds -1`: this is no number that `--rounds` can be",
        ),
        (
            &["--data", "a", "--generate", "1"],
            "`--data` and `--generate` both say where the data comes from; give one",
        ),
        (&["x"], "`x` is unknown; see --help"),
    ] {
        assert_eq!(read(args).unwrap_err(), sentence);
    }
}
