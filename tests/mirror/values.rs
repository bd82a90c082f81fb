//! Values of many types, keys that engines sort differently, and columns that
//! the database computes.

use crate::pairs::each_pair;
use crate::support::{Db, Engine};
use chrono::{NaiveDate, NaiveDateTime};
use diesel::{Queryable, Selectable};
use handleref::Recorded;
use handleref::mirror::Mirror;
use serde::Serialize;

diesel::table! {
    words (word, part) {
        word -> Text,
        part -> Integer,
        weight -> Double,
        share -> Nullable<Float>,
        small -> Nullable<SmallInt>,
        big -> BigInt,
        seen -> Bool,
        born -> Nullable<Date>,
        at -> Nullable<Timestamp>,
        bytes -> Nullable<Binary>,
        tags -> Text,
        doubled -> Nullable<BigInt>,
    }
}

/// A text on the way to the database, and a list in Rust.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tags(Vec<String>);

impl From<Tags> for String {
    fn from(tags: Tags) -> Self {
        tags.0.join(" ")
    }
}
impl From<String> for Tags {
    fn from(text: String) -> Self {
        Self(text.split(' ').map(str::to_owned).collect())
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Queryable, Selectable, Recorded)]
#[diesel(table_name = words, primary_key(word, part))]
pub struct Word {
    pub word: String,
    pub part: i32,
    pub weight: f64,
    pub share: Option<f32>,
    pub small: Option<i16>,
    pub big: i64,
    pub seen: bool,
    pub born: Option<NaiveDate>,
    pub at: Option<NaiveDateTime>,
    pub bytes: Option<Vec<u8>>,
    #[diesel(serialize_as = String, deserialize_as = String)]
    pub tags: Tags,
    /// Computed by the database.
    pub doubled: Option<i64>,
}

fn words(db: &Db) {
    let (bytes, double, stored) = match db.engine {
        Engine::Sqlite => ("BLOB", "DOUBLE", ""),
        Engine::Postgres => ("BYTEA", "DOUBLE PRECISION", " STORED"),
        Engine::Mysql => ("VARBINARY(100)", "DOUBLE", " STORED"),
    };
    let float = if db.engine == Engine::Postgres {
        "REAL"
    } else {
        "FLOAT"
    };
    db.create(&format!(
        "CREATE TABLE words (word VARCHAR(40) NOT NULL, part INTEGER NOT NULL, weight {double} NOT NULL, \
         share {float}, small SMALLINT, big BIGINT NOT NULL, seen BOOLEAN NOT NULL, born DATE, at {{TIME}}, \
         bytes {bytes}, tags {{TEXT}} NOT NULL, doubled BIGINT GENERATED ALWAYS AS (part * 2){stored}, \
         PRIMARY KEY (word, part))"
    ));
}

each_pair! {
    /// They are the same on every engine, and so are their digests.
    all async fn of_all_types(source, from, target, to) {
        words(&source);
        words(&target);
        source.install(&handleref::schema![Word]);
        let bytes = |hex: &str| match source.engine {
            Engine::Postgres => format!("'\\x{hex}'"),
            _ => format!("X'{hex}'"),
        };
        // Bytes, languages and cases disagree about their order.
        for (at, word) in ["b", "A1", "c", "Äb", "_x", "z-1", "zz", "a''b", "a\\\\b", "Z", "ß", "日本", "0"].iter().enumerate() {
            let word = if source.engine == Engine::Mysql { (*word).to_owned() } else { word.replace("\\\\", "\\") };
            for part in [-1, 0, 7] {
                source.sql(&format!(
                    "INSERT INTO words (word, part, weight, share, small, big, seen, born, at, bytes, tags) VALUES \
                     ('{word}', {part}, {at}.1, 0.1, {part}, 9007199254740993, {}, '2024-02-29', \
                     '2024-02-29 23:59:59.123456', {}, 'a b')",
                    if part == 0 { "TRUE" } else { "FALSE" },
                    bytes("00ff275c")
                ));
            }
        }
        source.sql("UPDATE words SET share = NULL, small = NULL, born = NULL, at = NULL, bytes = NULL, tags = '' WHERE part = 7");
        let mirror = Mirror::<Word>::new("words").page(4);
        assert_eq!(go!(mirror.pull(from, to))?.copied, Some(39));
        source.sql("UPDATE words SET weight = 1e300, big = -9007199254740993, tags = 'x y z' WHERE part = -1");
        source.sql("UPDATE words SET part = 8 WHERE part = 0");
        source.sql("DELETE FROM words WHERE part = 7 AND word > 'b'");
        go!(mirror.pull(from, to))?;
        let (mut here, mut there): (Vec<Word>, Vec<Word>) = (go!(words::table.load(from))?, go!(words::table.load(to))?);
        here.sort_by_key(|it| (it.word.clone(), it.part));
        there.sort_by_key(|it| (it.word.clone(), it.part));
        assert_eq!(here, there);
        assert!(here.len() > 26 && here[0].doubled == Some(i64::from(here[0].part) * 2));
        assert!(here.iter().any(|it| it.word == "a\\b") && here.iter().any(|it| it.word == "a'b"));
        let verified = go!(mirror.verify(from, to))?;
        assert!(verified.is_equal() && verified.different_ranges == 0, "{verified:?}");
        target.sql("DELETE FROM words WHERE word = '日本'");
        target.sql("UPDATE words SET share = 0.2 WHERE word = 'Äb' AND part = 8");
        let repaired = go!(mirror.verify(from, to))?;
        assert_eq!(repaired.repaired, repaired.differences.len() as u64);
        assert!(repaired.repaired > 1, "{repaired:?}");
        assert!(go!(mirror.check(from, to))?.is_equal());
    }
}
