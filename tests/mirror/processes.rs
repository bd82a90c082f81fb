//! A mirror that is killed goes on where it was.

use crate::history::Writer;
use crate::pairs::{each_pair, world};
use crate::posts::All;
use crate::support::dice::Dice;
use crate::tables::{plain, recorded};
use handleref::mirror::Mirror;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const SOURCE: &str = "HANDLEREF_TEST_SOURCE";
const TARGET: &str = "HANDLEREF_TEST_TARGET";

fn mirror() -> Mirror<All> {
    Mirror::new("all").batch(5).page(20)
}

/// Pulls from the one address to the other, again and again.
macro_rules! forever {
    ($from:ident $source:ty, $to:ident $target:ty) => {{
        let (source, target) = (
            &mut connect::<$source>(&$from),
            &mut connect::<$target>(&$to),
        );
        println!("pulling");
        loop {
            mirror().pull(source, target).unwrap();
            println!("pulled");
        }
    }};
}

#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
fn connect<C: diesel::Connection>(url: &str) -> C {
    let mut conn = C::establish(url).unwrap();
    if !url.contains("://") {
        conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON")
            .unwrap();
    }
    conn
}

/// In the other process: pulls until it is killed. In this one: that an address
/// which is none ends it is noticed.
#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
#[test]
fn another_process() {
    let read = |name| std::env::var(name).ok();
    let (Some(from), Some(to)) = (read(SOURCE), read(TARGET)) else {
        let mut other = other("/nowhere/at/all", "/nowhere/at/all");
        assert!(!says(&mut other, "pulling"));
        assert!(!other.wait().unwrap().success());
        return;
    };
    if from.starts_with("postgres") {
        forever!(from diesel::PgConnection, to diesel::MysqlConnection);
    } else if from.starts_with("mysql") {
        forever!(from diesel::MysqlConnection, to diesel::SqliteConnection);
    } else {
        forever!(from diesel::SqliteConnection, to diesel::PgConnection);
    }
}

/// Runs [`another_process`] as one.
fn other(source: &str, target: &str) -> Child {
    let (_, module) = module_path!().split_once("::").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            &format!("{module}::another_process"),
        ])
        .env(SOURCE, source)
        .env(TARGET, target)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until it says something, or has ended.
fn says(other: &mut Child, word: &str) -> bool {
    let lines = BufReader::new(other.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).any(|line| line.ends_with(word))
}

#[cfg(all(feature = "sqlite", feature = "postgres", feature = "mysql"))]
each_pair! {
    /// Twenty times at any moment, in its first copy and afterwards.
    synchronous async fn at_any_moment(source, from, target, to) {
        recorded(&source);
        plain(&target);
        for id in 1000..1600 {
            source.sql(&format!("INSERT INTO topics (id, name) VALUES ({id}, 'topic {id}')"));
        }
        let mut writer = Writer::new(&source, 5);
        let mut dice = Dice(17);
        let (mut copying, mut following) = (0, 0);
        for _ in 0..20 {
            let mut other = other(&source.url, &target.url);
            // The first ones are killed in the copy, which takes a while
            // because of the rows above; the others while they follow.
            let follows = copying >= 4;
            assert!(says(&mut other, if follows { "pulled" } else { "pulling" }));
            if follows {
                writer.transactions(5 + usize::try_from(dice.roll(40))?);
            }
            other.kill()?;
            assert!(!other.wait()?.success());
            match mirror().cursor(to)? {
                None => copying += 1,
                Some(_) => following += 1,
            }
        }
        assert!(copying > 2 && following > 5, "{copying} {following}");
        let pull = mirror().pull(from, to)?;
        assert_eq!(pull.copied, None);
        assert_eq!(world!(from), world!(to));
        assert!(mirror().check(from, to)?.is_equal());
    }
}
