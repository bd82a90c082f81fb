//! The greatest version that a column holds: the next change is refused by a
//! typed error, and nothing is written.

use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::schema::ProblemKind;
use handleref::{Error, Outcome};

macro_rules! ended {
    ($result:expr) => {
        match Error::from($result.unwrap_err()) {
            Error::VersionsEnd { .. } => {}
            other => panic!("{other:?}"),
        }
    };
}

macro_rules! ends {
    ($name:ident, $column:literal, $sql:ident, $rust:ty) => {
        mod $name {
            use super::*;

            diesel::table! {
                papers (id) {
                    id -> Integer,
                    title -> Text,
                    version -> $sql,
                    deleted_at -> Nullable<Timestamp>,
                }
            }

            #[derive(Debug, Clone, PartialEq, serde::Serialize, Queryable, Selectable, HandleRef, Recorded)]
            #[diesel(table_name = papers)]
            struct Paper {
                id: i32,
                title: String,
                version: $rust,
                deleted_at: Option<chrono::NaiveDateTime>,
            }

            fn tables(db: &Db) {
                db.create(concat!(
                    "CREATE TABLE papers (id {KEY} PRIMARY KEY, title {TEXT} NOT NULL, version ",
                    $column,
                    " NOT NULL DEFAULT 1, deleted_at {TIME})"
                ));
                db.install(&handleref::schema![Paper]);
            }

            macro_rules! get {
                ($conn:expr) => {
                    go!(papers::table.find(1).select(Paper::as_select()).first::<Paper>($conn))?
                };
            }
            macro_rules! insert {
                ($conn:expr, $version:expr) => {{
                    go!(diesel::insert_into(papers::table)
                        .values((papers::id.eq(1), papers::title.eq("one"), papers::version.eq($version)))
                        .execute($conn))?;
                    get!($conn)
                }};
            }

            each_engine! {
                /// By every way to change a row, and in any mode of the server.
                async fn every_change_is_refused(db: tables, conn) {
                    let paper = insert!(conn, <$rust>::MAX);
                    let modes = match db.engine {
                        Engine::Mysql => vec!["SET sql_mode = 'STRICT_TRANS_TABLES'", "SET sql_mode = ''"],
                        _ => vec![],
                    };
                    for mode in [None].into_iter().chain(modes.into_iter().map(Some)) {
                        if let Some(mode) = mode {
                            go!(diesel::sql_query(mode).execute(conn))?;
                        }
                        let mut changed = paper.clone();
                        changed.title = "two".to_owned();
                        ended!(go!(changed.save(conn)));
                        assert_eq!(changed.version, <$rust>::MAX);
                        ended!(go!(handleref::update(papers::table).set(papers::title.eq("two")).execute(conn)));
                        ended!(go!(paper.clone().delete(conn)));
                        ended!(go!(handleref::delete(papers::table).execute(conn)));
                        let erase = Paper::erase(1).column_with(papers::title, "'gone'").live_row();
                        ended!(go!(erase.execute(conn)));
                        // The guard of a writer that knows of no versions.
                        ended!(go!(diesel::update(papers::table).set(papers::title.eq("two")).execute(conn)));
                        // One that does: the engine refuses, or MySQL's lax mode
                        // cuts the sum, and then the guard sees that it did not rise.
                        let own = "UPDATE papers SET title = 'two', version = version + 1";
                        let refused = go!(diesel::sql_query(own).execute(conn));
                        refused.unwrap_err();
                        assert_eq!(get!(conn), paper);
                    }
                    // What changes nothing is no change.
                    let mut same = get!(conn);
                    assert_eq!(go!(same.save(conn))?, Outcome::Unchanged);
                }

                /// The last version is a version, and a revert and a restore need another.
                async fn the_last_one_can_be_taken(db: tables, conn) {
                    let mut paper = insert!(conn, <$rust>::MAX - 2);
                    paper.title = "two".to_owned();
                    assert_eq!(go!(paper.save(conn))?, Outcome::Written);
                    assert_eq!(go!(paper.delete(conn))?, Outcome::Written);
                    assert_eq!(paper.version, <$rust>::MAX);
                    assert_eq!(get!(conn), paper);
                    ended!(go!(paper.clone().restore(conn)));
                    ended!(go!(handleref::restore(papers::table).execute(conn)));
                    ended!(go!(paper.clone().revert(conn, i64::from(<$rust>::MAX) - 2)));
                    assert_eq!(get!(conn), paper);
                }

                /// A key that comes again would go on after the last version of it.
                async fn a_key_that_comes_again(db: tables, conn) {
                    let paper = insert!(conn, <$rust>::MAX - 1);
                    go!(paper.hard_delete(conn))?;
                    let again = go!(diesel::insert_into(papers::table)
                        .values((papers::id.eq(1), papers::title.eq("again")))
                        .execute(conn));
                    ended!(again);
                    let rows: i64 = go!(papers::table.count().get_result(conn))?;
                    assert_eq!(rows, 0);
                    let last: i64 = go!(Paper::history_of(1)
                        .select(diesel::dsl::max(PaperRecords::VERSION))
                        .first::<Option<i64>>(conn))?.unwrap();
                    assert_eq!(last, i64::from(<$rust>::MAX));
                }

                /// `check` says so when nine of ten are used, and `install` goes on.
                async fn it_is_told_before(db: tables, conn) {
                    let schema = handleref::schema![Paper];
                    insert!(conn, <$rust>::MAX / 100 * 89);
                    assert!(go!(schema.check(conn))?.is_ok());
                    go!(diesel::update(papers::table).set(papers::version.eq(<$rust>::MAX / 100 * 91)).execute(conn))?;
                    let report = go!(schema.check(conn))?;
                    let told = report.iter().any(|it| matches!(it.kind, ProblemKind::FewVersions { .. }));
                    // A version of 64 bits does not come to its end.
                    assert_eq!(told, <$rust>::BITS < 64, "{report}");
                    assert!(go!(schema.install(conn))?.is_empty());
                }
            }
        }
    };
}

ends!(smallint, "SMALLINT", SmallInt, i16);
ends!(integer, "INTEGER", Integer, i32);
ends!(bigint, "BIGINT", BigInt, i64);
