//! What a mirror refuses, and says.

use crate::pairs::{each_pair, world};
use crate::posts::{All, Post, Tag, Topic};
use crate::support::Db;
use crate::tables::{plain, recorded};
use handleref::mirror::Mirror;
use handleref::{Error, Recorded};

mod some_tags {
    use super::*;
    use diesel::{Queryable, Selectable};

    // One struct of a `table!` has its records, so this one has its own.
    diesel::table! {
        tags (id) {
            id -> Integer,
            name -> Text,
        }
    }

    /// Tags of which not all are recorded.
    #[derive(Debug, Clone, PartialEq, serde::Serialize, Queryable, Selectable, Recorded)]
    #[diesel(table_name = tags)]
    #[recorded(table_name = "some_tag_records", when = "name <> 'draft'")]
    pub struct SomeTag {
        pub id: i32,
        pub name: String,
    }
}

each_pair! {
    /// Another source, other models, a condition, a transaction.
    few async fn wrong_sources(source, from, target, to) {
        recorded(&source);
        plain(&target);
        let mirror = Mirror::<All>::new("all");
        go!(mirror.pull(from, to))?;
        let before = world!(to);

        let fewer = go!(Mirror::<(Topic, Post)>::new("all").pull(from, to));
        assert!(matches!(fewer, Err(Error::WrongModels { .. })), "{fewer:?}");
        let some = go!(Mirror::<some_tags::SomeTag>::new("some").pull(from, to));
        let some = some.unwrap_err().to_string();
        assert!(some.starts_with("SomeTag cannot be mirrored") && some.contains("condition"), "{some}");
        assert_eq!(go!(Mirror::<Tag>::new("some").cursor(to))?, None);

        // Several mirrors of other models may live in one target.
        let tags = Mirror::<Tag>::new("it's \\ another");
        source.sql("INSERT INTO tags (id, name) VALUES (1, 'one')");
        assert_eq!(go!(tags.pull(from, to))?.copied, Some(1));
        assert_eq!(go!(tags.pull(from, to))?.copied, None);
        go!(tags.forget(to))?;
        assert!(go!(mirror.cursor(to))?.is_some());
        target.sql("DELETE FROM tags");
        go!(mirror.pull(from, to))?;

        // The source is another database now.
        source.sql("UPDATE handleref_database SET token = 'another'");
        let foreign = go!(mirror.pull(from, to));
        assert!(matches!(foreign, Err(Error::Foreign)), "{foreign:?}");
        assert_eq!(world!(to).0, before.0);
        go!(mirror.forget(to))?;
        go!(mirror.pull(from, to))?;
        assert_eq!(world!(from), world!(to));
    }

    /// A value that the target's own constraints refuse: it is said which row,
    /// and the target stays as it was.
    few async fn a_stricter_target(source, from, target, to) {
        recorded(&source);
        plain(&target);
        target.sql("CREATE UNIQUE INDEX tags_of_one_name ON tags (name)");
        let mirror = Mirror::<All>::new("all");
        go!(mirror.pull(from, to))?;
        source.sql("INSERT INTO tags (id, name) VALUES (1, 'same'), (2, 'other')");
        source.sql("UPDATE tags SET name = 'same' WHERE id = 2");
        let (before, at) = (world!(to), go!(mirror.cursor(to))?);
        let refused = go!(mirror.pull(from, to)).unwrap_err();
        assert!(matches!(refused, Error::Mirror { .. }) && refused.to_string().contains("Tag 2"), "{refused}");
        assert_eq!((world!(to), go!(mirror.cursor(to))?), (before, at));
        source.sql("UPDATE tags SET name = 'other' WHERE id = 2");
        go!(mirror.pull(from, to))?;
        assert_eq!(world!(from), world!(to));
    }
}

/// In a transaction of the caller nothing could be kept for good.
#[cfg(feature = "sqlite")]
#[test]
fn inside_a_transaction() -> crate::support::Done {
    use diesel::Connection;
    let (source, target) = (Db::sqlite(), Db::sqlite());
    recorded(&source);
    plain(&target);
    let from = &mut source.connect::<diesel::SqliteConnection>();
    let to = &mut target.connect::<diesel::SqliteConnection>();
    let mirror = Mirror::<All>::new("all");
    let refused = |result: Result<_, Error>| {
        let error = result.map(|_: handleref::mirror::Pull| ()).unwrap_err();
        assert_eq!(
            error.to_string(),
            diesel::result::Error::AlreadyInTransaction.to_string()
        );
        Ok::<_, Error>(())
    };
    from.transaction(|from| refused(mirror.pull(from, to)))?;
    to.transaction(|to| refused(mirror.pull(from, to)))?;
    assert_eq!(mirror.pull(from, to)?.copied, Some(5));
    Ok(())
}
