//! Long random stories of a family, compared step by step with a model of it
//! in memory; and what a cascade costs in statements.

use crate::support::ddl::family;
use crate::support::models::{Article, Comment, Topic, articles, comments, topics};
use crate::support::{Db, Done};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, RunQueryDsl};
use handleref::Error;
use handleref::prelude::*;
use std::collections::BTreeMap;

/// A row as it should be: its parent, its version and which deletion removed it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Expected {
    parent: i32,
    version: i64,
    deletion: Option<u32>,
}

type Table = BTreeMap<i32, Expected>;

/// The family as it should be.
#[derive(Debug, Default)]
struct Model {
    tables: [Table; 3],
    deletions: u32,
}

impl Model {
    fn delete(&mut self, level: usize, ids: &[i32]) -> usize {
        self.deletions += 1;
        let gone = self.remove(level, |id, _| ids.contains(&id));
        let rows = gone.len();
        let mut parents = gone;
        for below in level + 1..3 {
            parents = self.remove(below, |_, row| parents.contains(&row.parent));
        }
        rows
    }

    fn remove(&mut self, level: usize, which: impl Fn(i32, &Expected) -> bool) -> Vec<i32> {
        let mut gone = Vec::new();
        for (id, row) in &mut self.tables[level] {
            if row.deletion.is_none() && which(*id, row) {
                (row.deletion, row.version) = (Some(self.deletions), row.version + 1);
                gone.push(*id);
            }
        }
        gone
    }

    /// `Err`: a parent is deleted.
    fn restore(&mut self, level: usize, ids: &[i32]) -> Result<usize, ()> {
        let dead: Vec<i32> = ids
            .iter()
            .copied()
            .filter(|id| {
                self.tables[level]
                    .get(id)
                    .is_some_and(|row| row.deletion.is_some())
            })
            .collect();
        if level > 0 {
            let parents = &self.tables[level - 1];
            if dead
                .iter()
                .any(|id| parents[&self.tables[level][id].parent].deletion.is_some())
            {
                return Err(());
            }
        }
        let mut back: Vec<(i32, u32)> = Vec::new();
        for id in dead {
            let row = self.tables[level].get_mut(&id).unwrap();
            back.push((id, row.deletion.take().unwrap()));
            row.version += 1;
        }
        let rows = back.len();
        for below in level + 1..3 {
            let mut next = Vec::new();
            for (id, row) in &mut self.tables[below] {
                if let Some(deletion) = row
                    .deletion
                    .filter(|deletion| back.contains(&(row.parent, *deletion)))
                {
                    (row.deletion, row.version) = (None, row.version + 1);
                    next.push((*id, deletion));
                }
            }
            back = next;
        }
        Ok(rows)
    }
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: i32) -> i32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i32::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

macro_rules! random_stories {
    ($name:ident, $conn:ty, $steps:expr) => {
        #[test]
        fn $name() -> Done {
            let db = Db::$name();
            family(&db);
            let conn = &mut db.connect::<$conn>();
            let mut model = Model::default();
            for topic in 1..=3 {
                diesel::insert_into(topics::table)
                    .values((topics::id.eq(topic), topics::name.eq("t")))
                    .execute(conn)?;
                model.tables[0].insert(
                    topic,
                    Expected {
                        parent: 0,
                        version: 1,
                        deletion: None,
                    },
                );
                for article in topic * 10..topic * 10 + 3 {
                    diesel::insert_into(articles::table)
                        .values((
                            articles::id.eq(article),
                            articles::topic_id.eq(topic),
                            articles::title.eq("a"),
                        ))
                        .execute(conn)?;
                    model.tables[1].insert(
                        article,
                        Expected {
                            parent: topic,
                            version: 1,
                            deletion: None,
                        },
                    );
                    for comment in article * 10..article * 10 + 3 {
                        diesel::insert_into(comments::table)
                            .values((
                                comments::id.eq(comment),
                                comments::article_id.eq(article),
                                comments::body.eq("c"),
                            ))
                            .execute(conn)?;
                        model.tables[2].insert(
                            comment,
                            Expected {
                                parent: article,
                                version: 1,
                                deletion: None,
                            },
                        );
                    }
                }
            }
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
            let (mut refused, mut changed) = (0, 0);
            for step in 0..$steps {
                let level = usize::try_from(dice.roll(3))?;
                let keys: Vec<i32> = model.tables[level].keys().copied().collect();
                let many = 1 + dice.roll(3);
                let ids: Vec<i32> = (0..many)
                    .map(|_| {
                        keys[usize::try_from(dice.roll(i32::try_from(keys.len()).unwrap()))
                            .unwrap()]
                    })
                    .collect::<std::collections::BTreeSet<_>>()
                    .into_iter()
                    .collect();
                let delete = dice.roll(2) == 0;
                let expected = if delete {
                    Ok(model.delete(level, &ids))
                } else {
                    model.restore(level, &ids)
                };
                let found = match (delete, level) {
                    (true, 0) => handleref::delete(topics::table.filter(topics::id.eq_any(&ids)))
                        .execute(conn),
                    (true, 1) => {
                        handleref::delete(articles::table.filter(articles::id.eq_any(&ids)))
                            .execute(conn)
                    }
                    (true, _) => {
                        handleref::delete(comments::table.filter(comments::id.eq_any(&ids)))
                            .execute(conn)
                            .map_err(Error::from)
                    }
                    (false, 0) => handleref::restore(topics::table.filter(topics::id.eq_any(&ids)))
                        .execute(conn),
                    (false, 1) => {
                        handleref::restore(articles::table.filter(articles::id.eq_any(&ids)))
                            .execute(conn)
                    }
                    (false, _) => {
                        handleref::restore(comments::table.filter(comments::id.eq_any(&ids)))
                            .execute(conn)
                    }
                };
                match (&expected, &found) {
                    (Ok(wanted), Ok(rows)) if wanted == rows => changed += rows,
                    (Err(()), Err(Error::ParentDeleted { .. })) => refused += 1,
                    _ => panic!("step {step}, level {level}, {ids:?}: {expected:?} {found:?}"),
                }
                let rows: [Vec<(i32, i64, bool)>; 3] = [
                    topics::table
                        .order(topics::id)
                        .select((
                            topics::id,
                            topics::version,
                            topics::deleted_at.is_not_null(),
                        ))
                        .load(conn)?,
                    articles::table
                        .order(articles::id)
                        .select((
                            articles::id,
                            articles::version,
                            articles::deleted_at.is_not_null(),
                        ))
                        .load(conn)?,
                    comments::table
                        .order(comments::id)
                        .select((
                            comments::id,
                            comments::version,
                            comments::deleted_at.is_not_null(),
                        ))
                        .load(conn)?,
                ];
                for (found, wanted) in rows.iter().zip(&model.tables) {
                    let wanted: Vec<_> = wanted
                        .iter()
                        .map(|(id, row)| (*id, row.version, row.deletion.is_some()))
                        .collect();
                    assert_eq!(
                        found, &wanted,
                        "step {step}, level {level}, {ids:?}, delete: {delete}"
                    );
                }
            }
            // The story was worth telling.
            assert!(refused > 5 && changed > 50, "{refused} {changed}");
            Ok(())
        }
    };
}

mod random_stories_of_a_family {
    use super::*;
    #[cfg(feature = "sqlite")]
    random_stories!(sqlite, diesel::SqliteConnection, 300);
    #[cfg(feature = "postgres")]
    random_stories!(postgres, diesel::PgConnection, 300);
    #[cfg(feature = "mysql")]
    random_stories!(mysql, diesel::MysqlConnection, 300);
}

/// The number of statements of a cascade does not depend on the number of rows.
macro_rules! statements {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            use diesel::connection::{Connection, InstrumentationEvent};
            use std::sync::Arc;
            use std::sync::atomic::{AtomicUsize, Ordering};

            let db = Db::$name();
            family(&db);
            let conn = &mut db.connect::<$conn>();
            let count = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&count);
            let mut counts = Vec::new();
            for (topic, children) in [(1, 1), (2, 40)] {
                diesel::insert_into(topics::table)
                    .values((topics::id.eq(topic), topics::name.eq("t")))
                    .execute(conn)?;
                for article in 0..children {
                    let id = topic * 100 + article;
                    diesel::insert_into(articles::table)
                        .values((
                            articles::id.eq(id),
                            articles::topic_id.eq(topic),
                            articles::title.eq("a"),
                        ))
                        .execute(conn)?;
                    diesel::insert_into(comments::table)
                        .values((
                            comments::id.eq(id),
                            comments::article_id.eq(id),
                            comments::body.eq("c"),
                        ))
                        .execute(conn)?;
                }
            }
            conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { .. } = event {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
            for topic in [1, 2] {
                handleref::delete(topics::table.find(topic)).execute(conn)?;
                handleref::restore(topics::table.find(topic)).execute(conn)?;
                counts.push(count.swap(0, Ordering::Relaxed));
            }
            assert_eq!(counts[0], counts[1]);
            assert!((6..=30).contains(&counts[0]), "{counts:?}");
            Ok(())
        }
    };
}

mod statements_grow_with_tables {
    use super::*;
    #[cfg(feature = "sqlite")]
    statements!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    statements!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    statements!(mysql, diesel::MysqlConnection);
}

/// Deletes and restores of parents and children from several connections at
/// once: nothing fails but by being refused or by a deadlock, and afterwards
/// a full delete and restore leaves no live child under a deleted parent.
macro_rules! concurrent_families {
    ($name:ident, $conn:ty, $rounds:expr) => {
        #[test]
        fn $name() -> Done {
            let db = Db::$name();
            family(&db);
            let admin = &mut db.connect::<$conn>();
            diesel::insert_into(topics::table)
                .values((topics::id.eq(1), topics::name.eq("t")))
                .execute(admin)?;
            diesel::insert_into(articles::table)
                .values((
                    articles::id.eq(1),
                    articles::topic_id.eq(1),
                    articles::title.eq("a"),
                ))
                .execute(admin)?;
            for id in 1..=20 {
                diesel::insert_into(comments::table)
                    .values((
                        comments::id.eq(id),
                        comments::article_id.eq(1),
                        comments::body.eq("c"),
                    ))
                    .execute(admin)?;
            }
            std::thread::scope(|scope| {
                for thread in 0..3 {
                    let db = &db;
                    scope.spawn(move || {
                        let conn = &mut db.connect::<$conn>();
                        for round in 0..$rounds {
                            let ended = match (thread, round % 2) {
                                (0, 0) => handleref::delete(topics::table).execute(conn),
                                (0, _) => handleref::restore(topics::table).execute(conn),
                                (1, 0) => {
                                    handleref::delete(comments::table.filter(comments::id.le(10)))
                                        .execute(conn)
                                        .map_err(Error::from)
                                }
                                (1, _) => {
                                    handleref::restore(comments::table.filter(comments::id.le(10)))
                                        .execute(conn)
                                }
                                (_, 0) => handleref::delete(articles::table).execute(conn),
                                (_, _) => handleref::restore(articles::table).execute(conn),
                            };
                            match ended {
                                Ok(_) | Err(Error::ParentDeleted { .. }) => {}
                                Err(Error::Database(error))
                                    if error.to_string().to_lowercase().contains("deadlock") => {}
                                Err(error) => panic!("{error:?}"),
                            }
                        }
                    });
                }
            });
            handleref::restore(topics::table).execute(admin)?;
            handleref::restore(articles::table).execute(admin)?;
            handleref::restore(comments::table).execute(admin)?;
            let before: Vec<(i32, i64)> = comments::table
                .order(comments::id)
                .select((comments::id, comments::version))
                .load(admin)?;
            assert_eq!(Comment::undeleted().count().get_result::<i64>(admin)?, 20);
            handleref::delete(topics::table).execute(admin)?;
            assert_eq!(Comment::undeleted().count().get_result::<i64>(admin)?, 0);
            assert_eq!(Article::undeleted().count().get_result::<i64>(admin)?, 0);
            handleref::restore(topics::table).execute(admin)?;
            assert_eq!(Comment::undeleted().count().get_result::<i64>(admin)?, 20);
            assert_eq!(Topic::undeleted().count().get_result::<i64>(admin)?, 1);
            let after: Vec<(i32, i64)> = comments::table
                .order(comments::id)
                .select((comments::id, comments::version))
                .load(admin)?;
            let twice: Vec<_> = before
                .into_iter()
                .map(|(id, version)| (id, version + 2))
                .collect();
            assert_eq!(after, twice);
            Ok(())
        }
    };
}

mod concurrent_families {
    use super::*;
    #[cfg(feature = "sqlite")]
    concurrent_families!(sqlite, diesel::SqliteConnection, 60);
    #[cfg(feature = "postgres")]
    concurrent_families!(postgres, diesel::PgConnection, 60);
    #[cfg(feature = "mysql")]
    concurrent_families!(mysql, diesel::MysqlConnection, 60);
}
