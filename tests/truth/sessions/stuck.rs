//! What a transaction says to the triggers ends with it, whatever way it ends.

use crate::support::each_engine;
use crate::support::recorded::{Author, Label, Paper, PaperRecords, papers};
use diesel::{ExpressionMethods, QueryDsl};
use handleref::changeset::current_changeset;
use handleref::maintain::without_recording_async;
use handleref::prelude::*;
use handleref::{Changeset, Error, in_changeset_async, recover};

macro_rules! rename {
    ($conn:expr, $title:expr) => {
        go!(diesel::update(papers::table.find(1))
            .set(papers::title.eq($title))
            .execute($conn))?
    };
}

/// The last thing that happens in a scope.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Commit,
    CommitAndBegin,
    Rollback,
}

macro_rules! leave {
    ($conn:expr, $way:expr) => {{
        let raw: &[&str] = match $way {
            Way::Commit => &["COMMIT"],
            Way::CommitAndBegin => &["COMMIT", "BEGIN"],
            Way::Rollback => &["ROLLBACK"],
        };
        for sql in raw {
            go!(diesel::sql_query(*sql).execute($conn))?;
        }
    }};
}

each_engine! {
    /// A `COMMIT` by SQL inside a scope, and then an error, or none: who writes
    /// next is recorded, and in no changeset.
    async fn committed_inside(db: crate::support::recorded::papers, conn) {
        go!(diesel::insert_into(papers::table).values((papers::id.eq(1), papers::title.eq("one"))).execute(conn))?;
        let mut written = 0;
        for way in [Way::Commit, Way::CommitAndBegin, Way::Rollback] {
            for fails in [true, false] {
                for (nested, pause) in [(false, false), (false, true), (true, false), (true, true)] {
                    let case = format!("{way:?}, {fails}, {nested}, {pause}");
                    let one = &mut connect!(db);
                    let end = || match fails {
                        true => Err(Error::Database(diesel::result::Error::NotFound)),
                        false => Ok(()),
                    };
                    macro_rules! scoped {
                        ($one:expr) => {
                            match pause {
                                true => go!(without_recording_async($one, "an import", async |one| {
                                    rename!(one, "inside");
                                    leave!(one, way);
                                    end()
                                })),
                                false => go!(in_changeset_async($one, Changeset::by("ann"), async |one| {
                                    rename!(one, "inside");
                                    leave!(one, way);
                                    end()
                                })).map(|_| ()),
                            }
                        };
                    }
                    let done = match nested {
                        false => scoped!(one),
                        true => transaction!(one, inner, { scoped!(inner) }),
                    };
                    assert!(done.is_err() || !fails, "{case}");
                    let before: i64 = go!(Paper::history_of(1).count().get_result(conn))?;
                    for title in ["after it", "and again"] {
                        written += 1;
                        rename!(conn, format!("{title} {written}"));
                    }
                    let after: Vec<Option<i64>> = go!(Paper::history_of(1)
                        .order(PaperRecords::RECORD_ID.desc())
                        .limit(2)
                        .select(PaperRecords::CHANGESET)
                        .load(conn))?;
                    assert_eq!(after, [None, None], "{case}");
                    assert_eq!(go!(Paper::history_of(1).count().get_result::<i64>(conn))?, before + 2, "{case}");
                    let report = go!(handleref::schema![Author, Paper, Label].check(conn))?;
                    assert!(!report.to_string().contains("is set for every writer"), "{case}: {report}");
                    // The same connection, too, if it can go on.
                    if go!(recover(one)).is_ok() {
                        assert_eq!(go!(current_changeset(one))?, None, "{case}");
                        written += 1;
                        rename!(one, format!("by the same {written}"));
                        let recorded: i64 = go!(Paper::history_of(1).count().get_result(one))?;
                        assert_eq!(recorded, before + 3, "{case}");
                    }
                }
            }
        }
    }
}

/// A process that ended between the `COMMIT` and the end of the scope.
mod left_in_the_file {
    #[cfg(feature = "sqlite")]
    #[test]
    fn sqlite() -> crate::support::Done {
        use super::*;
        use crate::support::go_sync as go;
        use diesel::RunQueryDsl;
        let schema = || handleref::schema![Author, Paper, Label];
        for (column, value) in [("paused", 1), ("door", 1), ("changeset", 7)] {
            let db = crate::support::Db::sqlite();
            crate::support::recorded::papers(&db);
            let conn = &mut db.connect::<diesel::SqliteConnection>();
            diesel::insert_into(papers::table)
                .values((papers::id.eq(1), papers::title.eq("one")))
                .execute(conn)?;
            for heals in ["install", "scope"] {
                db.execute(&format!("UPDATE handleref_context SET {column} = {value}"));
                let report = schema().check(conn)?;
                assert!(!report.is_ok(), "{column}");
                assert!(
                    report.to_string().contains(&format!("`{column}` is set")),
                    "{report}"
                );
                match heals {
                    "install" => drop(schema().install(conn)?),
                    _ => {
                        handleref::in_changeset(
                            conn,
                            Changeset::by("ann"),
                            |_| Ok::<_, Error>(()),
                        )?;
                    }
                }
                assert!(schema().check(conn)?.is_ok(), "{column}, {heals}");
                let before: i64 = Paper::history_of(1).count().get_result(conn)?;
                rename!(conn, format!("{column} {heals}"));
                let last: Option<i64> = Paper::history_of(1)
                    .order(PaperRecords::RECORD_ID.desc())
                    .select(PaperRecords::CHANGESET)
                    .first(conn)?;
                assert_eq!(last, None);
                assert_eq!(
                    Paper::history_of(1).count().get_result::<i64>(conn)?,
                    before + 1
                );
                let forged = diesel::sql_query("DELETE FROM paper_records").execute(conn);
                assert!(forged.is_err(), "{column}");
            }
        }
        Ok(())
    }
}
