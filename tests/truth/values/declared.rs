//! `#[recorded(sql_type = "..")]`: a record column of another type than the
//! table's, and the past across a change of a column's type.

#[cfg(feature = "postgres")]
mod on_postgres {
    use crate::support::{Db, Done};
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use handleref::Error;
    use handleref::history::RecordNo;
    use handleref::prelude::*;
    use handleref::schema::ProblemKind;

    #[derive(
        Debug,
        Clone,
        Copy,
        PartialEq,
        serde::Serialize,
        diesel::expression::AsExpression,
        diesel::deserialize::FromSqlRow,
    )]
    #[diesel(sql_type = MoodSql)]
    pub enum Mood {
        Happy,
        Sad,
        Angry,
    }

    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "mood"))]
    pub struct MoodSql;

    impl diesel::serialize::ToSql<MoodSql, diesel::pg::Pg> for Mood {
        fn to_sql<'b>(
            &'b self,
            out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
        ) -> diesel::serialize::Result {
            std::io::Write::write_all(
                out,
                match self {
                    Self::Happy => b"happy",
                    Self::Sad => b"sad",
                    Self::Angry => b"angry",
                },
            )?;
            Ok(diesel::serialize::IsNull::No)
        }
    }
    impl diesel::deserialize::FromSql<MoodSql, diesel::pg::Pg> for Mood {
        fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
            match value.as_bytes() {
                b"happy" => Ok(Self::Happy),
                b"sad" => Ok(Self::Sad),
                b"angry" => Ok(Self::Angry),
                other => Err(format!("{other:?}").into()),
            }
        }
    }

    macro_rules! model {
        ($name:ident, $at:ident, $rust:ty $(, at: $at_type:literal)? $(, mood: $mood_type:literal)?) => {
            mod $name {
                use super::*;
                diesel::table! {
                    use diesel::sql_types::*;
                    use super::MoodSql;
                    visits (id) {
                        id -> Integer,
                        at -> $at,
                        mood -> MoodSql,
                        version -> BigInt,
                    }
                }
                #[derive(Debug, Clone, PartialEq, serde::Serialize, Queryable, Selectable, HandleRef, Recorded)]
                #[diesel(table_name = visits)]
                pub struct Visit {
                    pub id: i32,
                    $(#[recorded(sql_type = $at_type)])?
                    pub at: $rust,
                    $(#[recorded(sql_type = $mood_type)])?
                    pub mood: Mood,
                    pub version: i64,
                }
            }
        };
    }
    model!(plain, Timestamp, chrono::NaiveDateTime);
    model!(zoned, Timestamptz, chrono::DateTime<chrono::Utc>);
    model!(kept, Timestamptz, chrono::DateTime<chrono::Utc>, at: "timestamp without time zone");
    model!(back, Timestamp, chrono::NaiveDateTime, at: "timestamptz");
    model!(old_mood, Timestamp, chrono::NaiveDateTime, mood: "mood_old");
    model!(text_mood, Timestamp, chrono::NaiveDateTime, mood: "TEXT");
    model!(number_mood, Timestamp, chrono::NaiveDateTime, mood: "integer");

    fn table(db: &Db) {
        db.execute(
            "CREATE TYPE mood AS ENUM ('happy', 'sad');
             CREATE TABLE visits (id INTEGER PRIMARY KEY, at TIMESTAMP NOT NULL, mood mood NOT NULL, version BIGINT NOT NULL DEFAULT 1)",
        );
        db.install(&handleref::schema![plain::Visit]);
        db.execute("INSERT INTO visits (id, at, mood) VALUES (1, '2026-07-01 12:00', 'happy'); UPDATE visits SET mood = 'sad'");
    }

    fn in_new_york(db: &Db) -> diesel::PgConnection {
        let mut conn = db.connect::<diesel::PgConnection>();
        conn.batch_execute("SET TimeZone = 'America/New_York'; SET DateStyle = 'SQL, DMY'")
            .unwrap();
        conn
    }

    fn message(conn: &mut diesel::PgConnection, schema: &handleref::schema::Schema) -> String {
        let Error::Schema(problems) = schema.install(conn).unwrap_err() else {
            panic!("no problem of the schema");
        };
        problems.iter().map(ToString::to_string).collect()
    }

    mod a_time_gets_a_zone {
        use super::*;

        #[test]
        fn postgres() -> Done {
            use kept::{Visit, visits};
            let db = Db::postgres();
            table(&db);
            let conn = &mut in_new_york(&db);
            conn.batch_execute(
                "ALTER TABLE visits ALTER COLUMN at TYPE TIMESTAMPTZ USING at AT TIME ZONE 'UTC'",
            )?;
            // The advice is that of the model `kept`.
            let advice = message(conn, &handleref::schema![zoned::Visit]);
            let conn = &mut in_new_york(&db);
            assert!(
                advice.contains(r#"#[recorded(sql_type = "timestamp without time zone")]"#),
                "{advice}"
            );
            let schema = handleref::schema![Visit];
            schema.install(conn)?;
            let report = schema.check(conn)?;
            assert!(report.is_ok(), "{report}");

            let noon: chrono::DateTime<chrono::Utc> = "2026-07-01T12:00:00Z".parse()?;
            let later = noon + chrono::TimeDelta::microseconds(1);
            let mut visit: Visit = visits::table
                .find(1)
                .select(Visit::as_select())
                .first(conn)?;
            assert_eq!(visit.at, noon);
            visit.at = later;
            visit.save(conn)?;
            let times = |conn: &mut diesel::PgConnection| -> QueryResult<Vec<chrono::DateTime<chrono::Utc>>> {
                visit.history().order(kept::VisitRecords::RECORD_ID).select(visits::at).load(conn)
            };
            assert_eq!(times(conn)?, [noon, noon, later]);
            // What is compared with it is compared with its own type.
            let found: i64 = visit
                .history()
                .filter(visits::at.gt(noon))
                .count()
                .get_result(conn)?;
            assert_eq!(found, 1);
            let last: i64 = visit
                .history()
                .select(diesel::dsl::max(kept::VisitRecords::RECORD_ID))
                .first::<Option<i64>>(conn)?
                .unwrap();
            let then = |conn: &mut diesel::PgConnection, no: i64| -> QueryResult<i64> {
                visits::table
                    .filter(visits::at.eq(noon))
                    .count()
                    .as_of::<Visit>(RecordNo(no))
                    .get_result(conn)
            };
            assert_eq!((then(conn, last - 1)?, then(conn, last)?), (1, 0));
            let mut visit: Visit = visits::table
                .find(1)
                .select(Visit::as_select())
                .first(conn)?;
            visit.revert(conn, 1)?;
            assert_eq!((visit.at, visit.mood), (noon, Mood::Happy));
            visit.at = later;
            visit.save(conn)?;
            visit.hard_delete(conn)?;
            assert_eq!(Visit::reinsert(conn, &1)?.at, later);

            // And without a zone again, with records of times with a zone.
            conn.batch_execute(
                "ALTER TABLE visits ALTER COLUMN at TYPE TIMESTAMP USING at AT TIME ZONE 'UTC'",
            )?;
            // What was prepared is of the other type.
            let conn = &mut in_new_york(&db);
            let schema = handleref::schema![back::Visit];
            schema.install(conn)?;
            let report = schema.check(conn)?;
            assert!(report.is_ok(), "{report}");
            let mut visit: back::Visit = back::visits::table
                .find(1)
                .select(back::Visit::as_select())
                .first(conn)?;
            assert_eq!(visit.at, later.naive_utc());
            visit.at = noon.naive_utc();
            visit.save(conn)?;
            let last: chrono::NaiveDateTime = visit
                .history()
                .order(back::VisitRecords::RECORD_ID.desc())
                .select(back::visits::at)
                .first(conn)?;
            assert_eq!(last, noon.naive_utc());
            visit.revert(conn, visit.version - 1)?;
            assert_eq!(visit.at, later.naive_utc());
            let stored: String = diesel::select(diesel::dsl::sql::<diesel::sql_types::Text>(
                "(SELECT string_agg(DISTINCT (at AT TIME ZONE 'UTC')::time::text, ' ' ORDER BY (at AT TIME ZONE 'UTC')::time::text) FROM visit_records)",
            )).get_result(conn)?;
            assert_eq!(stored, "12:00:00 12:00:00.000001");
            Ok(())
        }
    }

    mod an_enum_is_swapped {
        use super::*;

        #[test]
        fn postgres() -> Done {
            use text_mood::{Visit, visits};
            let db = Db::postgres();
            table(&db);
            db.execute(
                "ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('sad', 'happy', 'angry');
                 ALTER TABLE visits ALTER COLUMN mood TYPE mood USING mood::text::mood",
            );
            let conn = &mut db.connect::<diesel::PgConnection>();
            // The old type would refuse the new label; a text does not, and is what is advised.
            let advice = message(conn, &handleref::schema![plain::Visit]);
            assert!(
                advice.contains(r#"#[recorded(sql_type = "TEXT")]"#),
                "{advice}"
            );
            for schema in [
                handleref::schema![old_mood::Visit],
                handleref::schema![number_mood::Visit],
            ] {
                let report = schema.check(conn)?;
                let wrong = |it: &handleref::schema::Problem| {
                    matches!(it.kind, ProblemKind::WrongDeclaration { .. })
                };
                assert!(report.iter().any(wrong), "{report}");
                message(conn, &schema);
            }
            // A value is read by way of a row that has no other.
            conn.batch_execute("CREATE DOMAIN needed AS INTEGER NOT NULL; ALTER TABLE visits ADD COLUMN more needed DEFAULT 1")?;
            assert!(message(conn, &handleref::schema![Visit]).contains("`needed` refuses null"));
            conn.batch_execute("ALTER TABLE visits DROP COLUMN more")?;
            let schema = handleref::schema![Visit];
            schema.install(conn)?;
            let report = schema.check(conn)?;
            assert!(report.is_ok(), "{report}");
            assert!(schema.plan(conn)?.is_empty());

            let mut visit: Visit = visits::table
                .find(1)
                .select(Visit::as_select())
                .first(conn)?;
            visit.mood = Mood::Angry;
            visit.save(conn)?;
            let moods: Vec<Mood> = visit
                .history()
                .order(text_mood::VisitRecords::RECORD_ID)
                .select(visits::mood)
                .load(conn)?;
            assert_eq!(moods, [Mood::Happy, Mood::Sad, Mood::Angry]);
            let happy: i64 = visit
                .history()
                .filter(visits::mood.eq(Mood::Happy))
                .count()
                .get_result(conn)?;
            assert_eq!(happy, 1);
            let last: i64 = Visit::records()
                .select(diesel::dsl::max(text_mood::VisitRecords::RECORD_ID))
                .first::<Option<i64>>(conn)?
                .unwrap();
            let then: Visit = visits::table
                .filter(visits::mood.eq(Mood::Sad))
                .select(Visit::as_select())
                .as_of::<Visit>(RecordNo(last - 1))
                .first(conn)?;
            assert_eq!(then.mood, Mood::Sad);
            visit.revert(conn, 1)?;
            assert_eq!(visit.mood, Mood::Happy);
            let no = handleref::in_changeset(
                conn,
                handleref::changeset::ChangesetMeta::new(),
                |conn| {
                    visit.mood = Mood::Angry;
                    visit.save(conn)?;
                    handleref::changeset::current_changeset(conn)
                },
            )?;
            handleref::changeset::undo_plan::<(Visit,)>(no.unwrap())
                .load(conn)?
                .apply(conn)?;
            visit.reload(conn)?;
            assert_eq!(visit.mood, Mood::Happy);
            visit.hard_delete(conn)?;
            assert_eq!(Visit::reinsert(conn, &1)?.mood, Mood::Happy);
            Ok(())
        }
    }
}

/// A type that cannot hold the column's values is named before anything is
/// written, and a text holds those of an enum that loses a label.
mod elsewhere {
    #[allow(unused_imports)]
    use crate::support::{Db, Done};
    use diesel::prelude::*;
    use handleref::prelude::*;

    macro_rules! model {
        ($name:ident $(, $sql_type:literal)?) => {
            mod $name {
                use super::*;
                diesel::table! {
                    visits (id) {
                        id -> Integer,
                        mood -> Text,
                        version -> BigInt,
                    }
                }
                #[derive(Debug, Clone, PartialEq, serde::Serialize, Queryable, Selectable, HandleRef, Recorded)]
                #[diesel(table_name = visits)]
                pub struct Visit {
                    pub id: i32,
                    $(#[recorded(sql_type = $sql_type)])?
                    pub mood: String,
                    pub version: i64,
                }
            }
        };
    }
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    model!(plain);
    #[cfg(feature = "mysql")]
    model!(long, "LONGTEXT");
    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    model!(number, "INTEGER");
    #[cfg(feature = "sqlite")]
    model!(blob, "BLOB");

    #[cfg(feature = "mysql")]
    #[test]
    fn mysql() -> Done {
        let db = Db::mysql();
        db.execute(
            "CREATE TABLE visits (id INTEGER PRIMARY KEY, mood ENUM('happy', 'sad') CHARACTER SET latin1 NOT NULL, \
             version BIGINT NOT NULL DEFAULT 1)",
        );
        db.install(&handleref::schema![plain::Visit]);
        db.execute("INSERT INTO visits (id, mood) VALUES (1, 'happy')");
        db.execute("UPDATE visits SET mood = 'sad'");
        db.execute("ALTER TABLE visits MODIFY COLUMN mood ENUM('sad', 'möde') CHARACTER SET latin1 NOT NULL");
        let conn = &mut db.connect::<diesel::MysqlConnection>();
        let advice = handleref::schema![plain::Visit]
            .install(conn)
            .unwrap_err()
            .to_string();
        assert!(
            advice.contains(r#"#[recorded(sql_type = "LONGTEXT")]"#),
            "{advice}"
        );
        handleref::schema![number::Visit].install(conn).unwrap_err();
        let schema = handleref::schema![long::Visit];
        schema.install(conn)?;
        let report = schema.check(conn)?;
        assert!(report.is_ok(), "{report}");
        use long::{Visit, visits};
        let mut visit: Visit = visits::table
            .find(1)
            .select(Visit::as_select())
            .first(conn)?;
        visit.mood = "möde".to_owned();
        visit.save(conn)?;
        let moods: Vec<String> = visit
            .history()
            .order(long::VisitRecords::RECORD_ID)
            .select(visits::mood)
            .load(conn)?;
        assert_eq!(moods, ["happy", "sad", "möde"]);
        // What the column cannot hold any more is refused, and nothing is written.
        visit.revert(conn, 1).unwrap_err();
        visit.revert(conn, 2)?;
        assert_eq!((visit.mood.as_str(), visit.version), ("sad", 4));
        visit.hard_delete(conn)?;
        assert_eq!(Visit::reinsert(conn, &1)?.mood, "sad");
        Ok(())
    }

    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() -> Done {
        let db = Db::sqlite();
        db.execute("CREATE TABLE visits (id INTEGER PRIMARY KEY, mood TEXT NOT NULL, version BIGINT NOT NULL DEFAULT 1)");
        let conn = &mut db.connect::<diesel::SqliteConnection>();
        // '007' would be 7.
        let refused = handleref::schema![number::Visit]
            .install(conn)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("sql_type = \"INTEGER\""), "{refused}");
        let tables: i64 = diesel::dsl::sql::<diesel::sql_types::BigInt>(
            "SELECT count(*) FROM sqlite_master WHERE name LIKE '%records'",
        )
        .get_result(conn)?;
        assert_eq!(tables, 0);
        let schema = handleref::schema![blob::Visit];
        schema.install(conn)?;
        let report = schema.check(conn)?;
        assert!(report.is_ok(), "{report}");
        use blob::{Visit, visits};
        diesel::insert_into(visits::table)
            .values((visits::id.eq(1), visits::mood.eq("007")))
            .execute(conn)?;
        let mut visit: Visit = visits::table
            .find(1)
            .select(Visit::as_select())
            .first(conn)?;
        visit.mood = "8".to_owned();
        visit.save(conn)?;
        visit.revert(conn, 1)?;
        assert_eq!(visit.mood, "007");
        // The type that is declared is compared with the one that is there.
        let report = handleref::schema![plain::Visit].check(conn)?;
        assert!(!report.is_ok(), "{report}");
        Ok(())
    }
}
