//! What a session says about dates, numbers and zones changes no answer.

use crate::support::recorded::{self as tables, Author, Label, Paper, PaperRecords, papers};
use crate::support::{Engine, each_engine};
use chrono::{TimeDelta, Utc};
use diesel::prelude::ExpressionMethods;
use diesel::{BoolExpressionMethods, OptionalExtension, QueryDsl};
use handleref::changeset::scan;
use handleref::history::Now;
use handleref::maintain::{events, holds};
use handleref::prelude::*;
use handleref::{Changeset, Cursor, Error, changes, changesets, in_changeset_async};

/// As far from the defaults as a session can go.
fn unusual(engine: Engine) -> &'static [&'static str] {
    match engine {
        Engine::Sqlite => &["PRAGMA case_sensitive_like = ON"],
        Engine::Postgres => &[
            "SET DateStyle = 'SQL, DMY'",
            "SET IntervalStyle = 'sql_standard'",
            "SET bytea_output = 'escape'",
            "SET extra_float_digits = -10",
            "SET TimeZone = 'America/New_York'",
            "SET xmlbinary = 'hex'",
            "SET quote_all_identifiers = on",
            "SET transform_null_equals = on",
        ],
        Engine::Mysql => &[
            "SET time_zone = '-05:00'",
            "SET lc_time_names = 'de_DE'",
            "SET sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES')",
            "SET character_set_results = utf8mb4",
            "SET div_precision_increment = 0",
        ],
    }
}

macro_rules! sql {
    ($conn:expr, $($sql:tt)*) => {
        // Not prepared: MySQL prepares no `USE` and no `BEGIN`.
        batch!($conn, &format!($($sql)*))?
    };
}

each_engine! {
    /// Everything that a plain session is told, an unusual one is told as well.
    async fn an_unusual_session(db: tables::papers, conn) {
        let start = Utc::now() - TimeDelta::seconds(5);
        for sql in unusual(db.engine) {
            // `,` in `sql_mode` is MariaDB's and MySQL's alike.
            sql!(conn, "{sql}");
        }
        for (at, actor) in ["ann", "bob", "cleo"].iter().enumerate() {
            go!(in_changeset_async(conn, Changeset::by(*actor).comment("why"), async |conn| {
                sql!(conn, "INSERT INTO papers (id, title) VALUES ({at}, 'title {at}')");
                sql!(conn, "UPDATE papers SET website = 'site' WHERE id = {at}");
                Ok::<_, Error>(())
            }))?;
        }
        let plain = &mut connect!(db);
        let sets = go!(changesets().load(conn))?;
        assert_eq!(sets.len(), 3);
        assert_eq!(sets, go!(changesets().load(plain))?);
        assert_eq!(go!(Changeset::find(conn, sets[1].no))?, sets[1]);
        assert!(sets.iter().all(|one| one.at > start && one.at < Utc::now() + TimeDelta::seconds(5)), "{sets:?}");
        assert_eq!(go!(changesets().from(start).before(Utc::now() + TimeDelta::hours(1)).count(conn))?, 3);
        assert!(go!(changesets().from(Utc::now() + TimeDelta::hours(1)).load(conn))?.is_empty());
        assert_eq!(go!(sets[0].changes::<Paper>().load(conn))?, go!(sets[0].changes::<Paper>().load(plain))?);

        let paper: Paper = go!(papers::table.find(2).get_result(conn))?;
        let blame = go!(paper.blame(conn))?;
        assert!(!blame.is_empty());
        assert_eq!(blame, go!(paper.blame(plain))?);
        assert!(blame.iter().all(|one| one.at > start && one.at < Utc::now() + TimeDelta::seconds(5)));
        assert_eq!(go!(paper.diff(conn, 1, Now))?, go!(paper.diff(plain, 1, Now))?);
        let batch = go!(changes::<(Author, Paper, Label)>().since(&Cursor::beginning()).load(conn))?;
        let plainly = go!(changes::<(Author, Paper, Label)>().since(&Cursor::beginning()).load(plain))?;
        assert_eq!(serde_json::to_value(&batch.changes)?, serde_json::to_value(&plainly.changes)?);
        assert_eq!(batch.changes.len(), 6);
        assert!(go!(changes::<(Author, Paper, Label)>().since(&batch.cursor).load(conn))?.changes.is_empty());

        assert_eq!(go!(scan().model::<Paper>().execute(conn))?.total(), 0);
        let hold = go!(Paper::hold(conn, &1, "case 12"))?;
        let held = go!(holds(conn))?;
        assert_eq!(held, go!(holds(plain))?);
        assert!(held[0].placed_at > start);
        assert!(go!(handleref::maintain::release(conn, hold))?);
        go!(Paper::erase(1).column(papers::website).execute(conn))?;
        let pruned = go!(Paper::prune().older_than(TimeDelta::hours(1)).execute(conn))?;
        assert_eq!(pruned.deleted, 0);
        let pruned = go!(Paper::prune().keep_last(1).execute(conn))?;
        assert!(pruned.deleted > 0);
        let told = go!(events().load(conn))?;
        assert_eq!(serde_json::to_value(&told)?, serde_json::to_value(go!(events().load(plain))?)?);
        assert!(told.iter().all(|one| one.at > start));
        let then: Option<Paper> = go!(papers::table.find(2).as_of::<Paper>(Utc::now()).get_result(conn)).optional()?;
        assert_eq!(then.map(|it| it.website), Some(Some("site".into())));
        assert_eq!(
            go!(Paper::records().created_in(TimeDelta::hours(1)).count().get_result::<i64>(conn))?,
            go!(Paper::records().created_in(TimeDelta::hours(1)).count().get_result::<i64>(plain))?
        );
        let of = papers::id.eq(2).and(PaperRecords::AT.ge(start.naive_utc()));
        assert!(go!(Paper::records().filter(of).count().get_result::<i64>(conn))? > 0);
        let report = go!(handleref::schema![Label].check(conn))?;
        assert!(report.is_ok(), "{report}");
    }

    /// Who has written and not committed is told to an unusual session, too.
    async fn writers_are_seen(db: tables::papers, conn) {
        for sql in unusual(db.engine) {
            sql!(conn, "{sql}");
        }
        let writer = &mut connect!(db);
        sql!(writer, "BEGIN");
        sql!(writer, "INSERT INTO papers (id, title) VALUES (1, 'open')");
        if db.engine == Engine::Postgres {
            let open = go!(handleref::sync::open_transactions(conn))?;
            assert!(open.iter().any(|one| (Utc::now() - one.since).num_hours() == 0), "{open:?}");
        }
        sql!(writer, "ROLLBACK");
    }

    /// What cannot be read is an error, and not left out of an answer.
    async fn what_cannot_be_read(db: tables::papers, conn) {
        go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            sql!(conn, "INSERT INTO papers (id, title) VALUES (1, 'one')");
            Ok::<_, Error>(())
        }))?;
        let no = go!(changesets().load(conn))?[0].no;
        let wrong = match db.engine {
            Engine::Sqlite => "'yesterday'",
            Engine::Postgres => "'infinity'",
            // The only such time that it stores, and only if it is allowed to.
            Engine::Mysql => "'0000-00-00 00:00:00'",
        };
        if db.engine == Engine::Mysql {
            sql!(conn, "SET sql_mode = ''");
        }
        for (table, column) in [("handleref_changesets", "occurred_at"), ("handleref_events", "occurred_at")] {
            sql!(conn, "UPDATE {table} SET {column} = {wrong}");
        }
        assert!(go!(changesets().load(conn)).is_err());
        let found = go!(Changeset::find(conn, no));
        assert!(matches!(found, Err(Error::Database(_))), "{found:?}");
        assert!(go!(events().load(conn)).is_err());
        assert_eq!(go!(changesets().count(conn))?, 1);
    }
}
