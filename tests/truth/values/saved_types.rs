//! The types that one engine has and another has not.

/// JSON, as serde reads and writes it.
#[derive(
    Debug, Clone, PartialEq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Json)]
pub struct Doc(pub serde_json::Value);

/// A type that the derive of Diesel stores as another one.
#[allow(unused_macros)]
macro_rules! doc_of {
    ($backend:ty, $text:ty) => {
        impl diesel::deserialize::FromSql<diesel::sql_types::Json, $backend> for Doc {
            fn from_sql(
                value: <$backend as diesel::backend::Backend>::RawValue<'_>,
            ) -> diesel::deserialize::Result<Self> {
                let text =
                    <String as diesel::deserialize::FromSql<$text, $backend>>::from_sql(value)?;
                Ok(Self(serde_json::from_str(&text)?))
            }
        }
    };
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use super::Doc;
    use crate::support::{Db, Done};
    use diesel::pg::data_types::PgNumeric;
    use diesel::prelude::*;
    use diesel::serialize::{IsNull, Output, ToSql};
    use handleref::Outcome;
    use handleref::prelude::*;
    use std::io::Write as _;

    doc_of!(diesel::pg::Pg, diesel::sql_types::Text);

    impl ToSql<diesel::sql_types::Json, diesel::pg::Pg> for Doc {
        fn to_sql<'b>(
            &'b self,
            out: &mut Output<'b, '_, diesel::pg::Pg>,
        ) -> diesel::serialize::Result {
            out.write_all(self.0.to_string().as_bytes())?;
            Ok(IsNull::No)
        }
    }

    diesel::table! {
        things (id) {
            id -> Integer,
            short -> Text,
            name -> Text,
            insensitive -> Citext,
            price -> Numeric,
            loose -> Numeric,
            ratio -> Float,
            doc -> Json,
            moments -> Array<Timestamp>,
            zoned -> Timestamptz,
            bytes -> Binary,
            span -> Interval,
            number -> Integer,
            code -> Text,
            version -> SmallInt,
        }
    }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef)]
    #[diesel(table_name = things)]
    struct Thing {
        id: i32,
        short: String,
        name: String,
        insensitive: String,
        price: PgNumeric,
        loose: PgNumeric,
        ratio: f32,
        doc: Doc,
        moments: Vec<chrono::NaiveDateTime>,
        zoned: chrono::DateTime<chrono::Utc>,
        bytes: Vec<u8>,
        span: diesel::data_types::PgInterval,
        number: i32,
        code: String,
        version: i16,
    }

    fn number(digits: &[i16], scale: u16) -> PgNumeric {
        PgNumeric::Positive {
            weight: 0,
            scale,
            digits: digits.to_vec(),
        }
    }

    fn tables(db: &Db) {
        crate::citext(db);
        db.execute(
            "CREATE DOMAIN code AS VARCHAR(4);
             CREATE DOMAIN needed AS INTEGER NOT NULL;
             CREATE TABLE \"things\" (id INTEGER PRIMARY KEY, other needed DEFAULT 1, place POINT, short VARCHAR(3) NOT NULL,
             name NAME NOT NULL, insensitive handleref_types.citext NOT NULL, price NUMERIC(6, 2) NOT NULL, loose NUMERIC NOT NULL,
             ratio REAL NOT NULL, doc JSON NOT NULL, moments TIMESTAMP(0)[] NOT NULL,
             zoned TIMESTAMPTZ(0) NOT NULL, bytes BYTEA NOT NULL, span INTERVAL NOT NULL, number INTEGER NOT NULL,
             code code NOT NULL, version SMALLINT NOT NULL DEFAULT 1);
             INSERT INTO things (id, short, name, insensitive, price, loose, ratio, doc, moments, zoned, bytes, span, number, code)
             VALUES (1, 'abc', 'n', 'Ann', 1.5, 1.500, 0.1, '{\"b\" : 1, \"a\":[ ]}', '{2026-01-01 12:00}', '2026-01-01 12:00Z',
             'x', '1 day', 5, 'x')",
        );
    }

    fn get(conn: &mut diesel::PgConnection) -> Thing {
        things::table
            .find(1)
            .select(Thing::as_select())
            .first(conn)
            .unwrap()
    }

    #[test]
    fn postgres() -> Done {
        let db = Db::postgres();
        tables(&db);
        let conn = &mut db.connect::<diesel::PgConnection>();
        diesel::connection::SimpleConnection::batch_execute(
            conn,
            "SELECT set_config('search_path', current_setting('search_path') || ', handleref_types', false)",
        )?;
        for style in ["ISO, MDY", "SQL, DMY", "German"] {
            diesel::sql_query(format!("SET DateStyle = '{style}'")).execute(conn)?;
            diesel::sql_query("SET TimeZone = 'Asia/Kolkata'").execute(conn)?;
            let mut thing = get(conn);
            assert_eq!(thing.save(conn)?, Outcome::Unchanged, "{style}");
            let loaded = thing.clone();
            thing.short = "abc  ".to_owned();
            thing.price = number(&[1, 5010], 3);
            thing.moments = vec!["2026-01-01T12:00:00.4".parse()?];
            thing.zoned = "2026-01-01T12:00:00.4Z".parse()?;
            thing.doc = Doc(serde_json::json!({"a": [], "b": 1}));
            assert_eq!(thing.save(conn)?, Outcome::Unchanged, "{style}");
            assert_eq!(thing, loaded);
        }

        // Each of these is a change.
        let changes: [fn(&mut Thing); 12] = [
            |it| it.insensitive = "ann".to_owned(),
            |it| it.short = "ABC".to_owned(),
            |it| it.price = number(&[1, 5100], 2),
            |it| it.loose = number(&[1, 5001], 4),
            |it| it.ratio = -0.0,
            |it| it.ratio = 0.0,
            |it| it.doc = Doc(serde_json::json!({"a": [null], "b": 1})),
            |it| it.doc = Doc(serde_json::json!("\0")),
            |it| it.moments.push(it.moments[0]),
            |it| it.span = diesel::data_types::PgInterval::from_microseconds(86_400_000_000),
            |it| it.bytes.push(0),
            |it| it.code = "y".to_owned(),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut thing = get(conn);
            change(&mut thing);
            assert_eq!(thing.save(conn)?, Outcome::Written, "{at}");
            assert_eq!(thing, get(conn), "{at}");
            assert_eq!(thing.save(conn)?, Outcome::Unchanged, "{at}");
        }
        let mut thing = get(conn);
        thing.code = "too long".to_owned();
        thing.save(conn).unwrap_err();
        assert_eq!(get(conn).version, 13);

        // A session that shortens numbers hides no change.
        diesel::sql_query("SET extra_float_digits = -3").execute(conn)?;
        let mut thing = get(conn);
        thing.ratio = 0.123_456_7;
        assert_eq!(thing.save(conn)?, Outcome::Written);
        thing.ratio = 0.123_456_8;
        assert_eq!(thing.save(conn)?, Outcome::Written);
        Ok(())
    }
}

#[cfg(feature = "mysql")]
mod on_mysql {
    use super::Doc;
    use crate::support::{Db, Done};
    use diesel::deserialize::FromSql;
    use diesel::mysql::Mysql;
    use diesel::prelude::*;
    use diesel::serialize::{IsNull, Output, ToSql};
    use diesel::sql_types::{Json, Numeric};
    use handleref::Outcome;
    use handleref::prelude::*;
    use std::io::Write as _;

    doc_of!(Mysql, diesel::sql_types::Text);

    impl ToSql<Json, Mysql> for Doc {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> diesel::serialize::Result {
            out.write_all(self.0.to_string().as_bytes())?;
            Ok(IsNull::No)
        }
    }

    #[derive(
        Debug, Clone, PartialEq, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
    )]
    #[diesel(sql_type = Numeric)]
    struct Decimal(String);

    impl ToSql<Numeric, Mysql> for Decimal {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> diesel::serialize::Result {
            out.write_all(self.0.as_bytes())?;
            Ok(IsNull::No)
        }
    }
    impl FromSql<Numeric, Mysql> for Decimal {
        fn from_sql(value: diesel::mysql::MysqlValue<'_>) -> diesel::deserialize::Result<Self> {
            Ok(Self(String::from_utf8(value.as_bytes().to_vec())?))
        }
    }

    diesel::table! {
        things (id) {
            id -> Integer,
            latin -> Text,
            short -> Text,
            kind -> Text,
            kinds -> Text,
            price -> Numeric,
            narrow -> Double,
            wide -> Double,
            doc -> Json,
            filled -> Binary,
            bytes -> Nullable<Binary>,
            moment -> Datetime,
            tenth -> Nullable<Timestamp>,
            day -> Date,
            version -> BigInt,
        }
    }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef)]
    #[diesel(table_name = things)]
    struct Thing {
        id: i32,
        latin: String,
        short: String,
        kind: String,
        kinds: String,
        price: Decimal,
        narrow: f64,
        wide: f64,
        doc: Doc,
        filled: Vec<u8>,
        bytes: Option<Vec<u8>>,
        moment: chrono::NaiveDateTime,
        tenth: Option<chrono::NaiveDateTime>,
        day: chrono::NaiveDate,
        version: i64,
    }

    fn get(conn: &mut diesel::MysqlConnection) -> Thing {
        things::table
            .find(1)
            .select(Thing::as_select())
            .first(conn)
            .unwrap()
    }

    #[test]
    fn mysql() -> Done {
        let db = Db::mysql();
        db.execute(
            "CREATE TABLE things (id INTEGER PRIMARY KEY, latin VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL,
             short CHAR(5) NOT NULL, kind ENUM('Red', 'Blue') NOT NULL, kinds SET('a', 'b') NOT NULL, price DECIMAL(6, 2) NOT NULL,
             narrow FLOAT NOT NULL, wide DOUBLE NOT NULL, doc JSON NOT NULL, filled BINARY(4) NOT NULL, bytes VARBINARY(10),
             moment DATETIME NOT NULL, tenth TIMESTAMP(1) NULL, day DATE NOT NULL, version BIGINT NOT NULL DEFAULT 1)",
        );
        db.execute(
            "INSERT INTO things (id, latin, short, kind, kinds, price, narrow, wide, doc, filled, bytes, moment, tenth, day)
             VALUES (1, 'Grüße', 'ab', 'Red', 'a,b', 1.5, 0.1, 0.1, '{\"b\" : 1, \"a\":[ ]}', 'ab', 'ab', '2026-01-01 12:00:00',
             '2026-01-01 12:00:00.1', '2026-01-01')",
        );
        let conn = &mut db.connect::<diesel::MysqlConnection>();
        // By default MariaDB cuts what a column does not hold of a time, and MySQL rounds.
        let version: String =
            diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>("VERSION()"))
                .get_result(conn)?;
        let [cuts, rounds] = match version.contains("MariaDB") {
            true => ["", "TIME_ROUND_FRACTIONAL"],
            false => ["TIME_TRUNCATE_FRACTIONAL", ""],
        };
        let mode = |more| diesel::sql_query(format!("SET sql_mode = CONCAT(@before, ',{more}')"));
        diesel::sql_query("SET @before = @@sql_mode").execute(conn)?;
        mode(cuts).execute(conn)?;
        let mut thing = get(conn);
        assert_eq!(thing.save(conn)?, Outcome::Unchanged);
        let loaded = thing.clone();
        thing.short = "ab  ".to_owned();
        thing.kind = "RED".to_owned();
        thing.price = Decimal("1.501".to_owned());
        thing.narrow = 0.1;
        thing.filled = b"ab\0".to_vec();
        thing.moment = "2026-01-01T12:00:00.7".parse()?;
        thing.tenth = "2026-01-01T12:00:00.17".parse().ok();
        thing.doc = Doc(serde_json::json!({"a": [], "b": 1}));
        assert_eq!(thing.save(conn)?, Outcome::Unchanged);
        assert_eq!(thing, loaded);

        // Where the session rounds, these are other times.
        mode(rounds).execute(conn)?;
        thing.moment = "2026-01-01T12:00:00.4".parse()?;
        thing.tenth = "2026-01-01T12:00:00.14".parse().ok();
        assert_eq!(thing.save(conn)?, Outcome::Unchanged);
        thing.moment = "2026-01-01T12:00:00.7".parse()?;
        assert_eq!(thing.save(conn)?, Outcome::Written);
        assert_eq!(thing.moment, "2026-01-01T12:00:01".parse()?);
        thing.tenth = "2026-01-01T12:00:00.17".parse().ok();
        assert_eq!(thing.save(conn)?, Outcome::Written);
        assert_eq!(thing.version, 3);

        let changes: [fn(&mut Thing); 14] = [
            |it| it.latin = "GRÜSSE".to_owned(),
            |it| it.latin = "Grüsse ".to_owned(),
            |it| it.short = "AB".to_owned(),
            |it| it.kind = "blue".to_owned(),
            |it| it.kinds = "b".to_owned(),
            |it| it.price = Decimal("1.506".to_owned()),
            |it| it.narrow = 0.2,
            |it| it.wide = f64::from(0.1f32),
            |it| it.wide = 0.100_000_000_1,
            |it| it.doc = Doc(serde_json::json!({"a": [null], "b": 1})),
            |it| it.filled = b"abc".to_vec(),
            |it| it.bytes = Some(b"ab\0".to_vec()),
            |it| it.bytes = None,
            |it| it.day = it.day.succ_opt().unwrap(),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut thing = get(conn);
            change(&mut thing);
            assert_eq!(thing.save(conn)?, Outcome::Written, "{at}");
            assert_eq!(thing, get(conn), "{at}");
            assert_eq!(thing.save(conn)?, Outcome::Unchanged, "{at}");
        }
        // A character that the column's set does not have.
        let mut thing = get(conn);
        thing.latin = "漢".to_owned();
        thing.save(conn).unwrap_err();
        assert_eq!(get(conn).version, 17);
        Ok(())
    }
}

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use super::Doc;
    use crate::support::{Db, Done};
    use diesel::prelude::*;
    use diesel::serialize::{IsNull, Output, ToSql};
    use diesel::sqlite::Sqlite;
    use handleref::Outcome;
    use handleref::prelude::*;

    doc_of!(Sqlite, diesel::sql_types::Text);

    impl ToSql<diesel::sql_types::Json, Sqlite> for Doc {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> diesel::serialize::Result {
            out.set_value(self.0.to_string());
            Ok(IsNull::No)
        }
    }

    diesel::table! {
        things (id) {
            id -> Integer,
            whole -> BigInt,
            digits -> Text,
            spelled -> Integer,
            folded -> Text,
            doc -> Json,
            moment -> Timestamp,
            zoned -> TimestamptzSqlite,
            version -> BigInt,
        }
    }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef)]
    #[diesel(table_name = things)]
    struct Thing {
        id: i32,
        whole: i64,
        digits: String,
        spelled: i32,
        folded: String,
        doc: Doc,
        moment: chrono::NaiveDateTime,
        zoned: chrono::DateTime<chrono::Utc>,
        version: i64,
    }

    fn get(conn: &mut diesel::SqliteConnection) -> Thing {
        things::table
            .find(1)
            .select(Thing::as_select())
            .first(conn)
            .unwrap()
    }

    #[test]
    fn sqlite() -> Done {
        let db = Db::sqlite();
        db.execute(
            "CREATE TABLE things (id INTEGER PRIMARY KEY, whole REAL NOT NULL, digits DECIMAL(6, 2) NOT NULL, spelled TEXT NOT NULL,
             folded TEXT NOT NULL COLLATE NOCASE, doc TEXT NOT NULL, moment TIMESTAMP NOT NULL, zoned TIMESTAMP NOT NULL,
             version BIGINT NOT NULL DEFAULT 1);
             INSERT INTO things (id, whole, digits, spelled, folded, doc, moment, zoned)
             VALUES (1, 3, '1.50', 7, 'a', '{\"b\" : 1, \"a\":[ ]}', '2026-01-01T12:00:00.50', '2026-01-01 12:00:00Z')",
        );
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        let mut thing = get(conn);
        assert_eq!(thing.save(conn)?, Outcome::Unchanged);
        let loaded = thing.clone();
        thing.digits = "1.50".to_owned();
        assert_eq!(thing.save(conn)?, Outcome::Unchanged);
        assert_eq!(thing, loaded);
        let changes: [fn(&mut Thing); 7] = [
            |it| it.whole = 4,
            |it| it.digits = "1.51".to_owned(),
            |it| it.spelled = 8,
            |it| it.folded = "A".to_owned(),
            |it| it.doc = Doc(serde_json::json!({"a": [[]], "b": 1})),
            |it| it.moment += chrono::TimeDelta::microseconds(1),
            |it| it.zoned += chrono::TimeDelta::milliseconds(1),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut thing = get(conn);
            change(&mut thing);
            assert_eq!(thing.save(conn)?, Outcome::Written, "{at}");
            assert_eq!(thing, get(conn), "{at}");
            assert_eq!(thing.save(conn)?, Outcome::Unchanged, "{at}");
        }
        Ok(())
    }
}
