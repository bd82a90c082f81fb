//! Who, why, and what is held: to the byte, whatever a collation says.

use crate::support::recorded::{Paper, papers};
use crate::support::{Db, Engine, each_engine};
use diesel::{ExpressionMethods, QueryDsl};
use handleref::maintain::Maintain;
use handleref::maintain::without_recording_async;
use handleref::{Changeset, Error, changesets, in_changeset_async};
use serde_json::{Value, json};

/// Texts that are equal to somebody's collation.
const ALIKE: [&str; 7] = ["ann", "ANN", "änn", "ann ", "Ann", "a\u{308}nn", "anń"];

macro_rules! paper {
    ($conn:expr, $id:expr) => {
        go!(diesel::insert_into(papers::table)
            .values((
                papers::id.eq($id),
                papers::title.eq(format!("paper {}", $id))
            ))
            .execute($conn))?
    };
}

/// A list in a list, and so on.
fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| Value::from(vec![inner]))
}

/// A database whose own character set has few characters.
fn narrow(db: &Db) {
    if db.engine == Engine::Mysql {
        db.execute("ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci");
    }
    crate::support::recorded::papers(db);
}

each_engine! {
    async fn actors_and_correlations(db: crate::support::recorded::papers, conn) {
        for (id, text) in (1..).zip(ALIKE) {
            let meta = Changeset::by(text).correlation(text);
            go!(in_changeset_async(conn, meta, async |conn| { paper!(conn, id); Ok::<_, Error>(()) }))?;
        }
        for text in ALIKE {
            let found = go!(changesets().by(text).load(conn))?;
            assert_eq!(found.len(), 1, "{text:?}");
            assert_eq!(found[0].actor, Some(text.into()));
            assert_eq!(go!(changesets().correlation(text).count(conn))?, 1, "{text:?}");
        }
        for text in ["an", "ann  ", " ann", "", "ann\0", "7"] {
            assert_eq!(go!(changesets().by(text).count(conn))?, 0, "{text:?}");
            assert_eq!(go!(changesets().correlation(text).count(conn))?, 0, "{text:?}");
        }
    }

    /// What does not fit is refused before anything is written, also where the
    /// server would cut it; what fits comes back whole.
    async fn long_texts(db: narrow, conn) {
        if db.engine == Engine::Mysql {
            go!(diesel::sql_query("SET SESSION sql_mode = ''").execute(conn))?;
        }
        let (fits, long) = ("ß".repeat(191), "ß".repeat(192));
        for (meta, what) in [
            (Changeset::by(long.as_str()), "actor of a changeset"),
            (Changeset::by("ann").correlation(long.as_str()), "correlation id of a changeset"),
            (Changeset::by("a\0b"), "actor of a changeset"),
            (Changeset::by("ann").comment("a\0b"), "comment of a changeset"),
            (Changeset::by("ann").correlation("a\0b"), "correlation id of a changeset"),
            (Changeset::by("ann").metadata(&json!({ "a": ["x\0"] }))?, "metadata of a changeset"),
            (Changeset::by("ann").metadata(&json!([{ "\0": 1 }]))?, "metadata of a changeset"),
            (Changeset::by("ann").metadata(&nested(128))?, "metadata of a changeset"),
        ] {
            let refused = go!(in_changeset_async(conn, meta, async |conn| { paper!(conn, 1); Ok::<_, Error>(()) }));
            assert!(matches!(refused, Err(Error::NotStorable { what: it, .. }) if it == what), "{what}: {refused:?}");
        }
        for (refused, what) in [
            (go!(Paper::hold(conn, &1, "a\0b")).map(drop), "reason of a hold"),
            (go!(Paper::hold_all(conn, "\0")).map(drop), "reason of a hold"),
            (go!(without_recording_async(conn, "a\0b", async |conn| { paper!(conn, 1); Ok::<_, Error>(()) })), "reason of a pause"),
        ] {
            assert!(matches!(refused, Err(Error::NotStorable { what: it, .. }) if it == what), "{what}: {refused:?}");
        }
        assert_eq!(go!(papers::table.count().get_result::<i64>(conn))?, 0);
        assert_eq!(go!(changesets().count(conn))?, 0);
        assert!(go!(handleref::maintain::holds(conn))?.is_empty());
        let comment = "日本 🦀".repeat(20_000);
        let meta = Changeset::by(fits.as_str()).correlation(fits.as_str()).comment(comment.as_str()).metadata(&nested(127))?;
        go!(in_changeset_async(conn, meta, async |conn| { paper!(conn, 1); Ok::<_, Error>(()) }))?;
        let found = go!(changesets().by(fits.as_str()).correlation(fits.as_str()).load(conn))?;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actor, Some(fits.as_str().into()));
        assert_eq!(found[0].comment.as_deref(), Some(comment.as_str()));
        assert_eq!(found[0].correlation.as_deref(), Some(fits.as_str()));
        assert_eq!(found[0].metadata, Some(nested(127)));
        // Reasons, too.
        go!(Paper::hold(conn, &1, &comment))?;
        assert_eq!(go!(handleref::maintain::holds(conn))?[0].reason, comment);
    }
}
