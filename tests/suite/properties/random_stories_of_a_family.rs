//! Long random stories of a family, compared step by step with a model of it
//! in memory.

use crate::support::ddl::family;
use crate::support::dice::Dice;
use crate::support::models::{articles, comments, topics};
use crate::support::{Db, Done};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, RunQueryDsl};
use handleref::Error;
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

#[cfg(feature = "sqlite")]
random_stories!(sqlite, diesel::SqliteConnection, 300);
#[cfg(feature = "postgres")]
random_stories!(postgres, diesel::PgConnection, 300);
#[cfg(feature = "mysql")]
random_stories!(mysql, diesel::MysqlConnection, 300);
