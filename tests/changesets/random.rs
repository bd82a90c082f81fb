//! Undo as a property: whatever changesets were made, undoing them from the
//! last to the first goes through every state in between, and undoing those
//! undos goes forth again.

use crate::posts::recorded as tables;
use crate::posts::{All, Post, PostTag, Tag, Topic, post_tags, posts, tags, topics};
use crate::support::dice::Dice;
use crate::support::{Db, Done};
use diesel::prelude::*;
use handleref::changeset::{ChangesetNo, current_changeset, undo_plan};
use handleref::{Changeset, Error, in_changeset};

type World = (Vec<Topic>, Vec<Post>, Vec<Tag>, Vec<PostTag>);

macro_rules! on {
    ($engine:ident, $conn:ty) => {
        mod $engine {
            use super::*;

            #[test]
            fn there_and_back() -> Done {
                let (mut undone, mut refused) = (0, 0);
                for seed in 1..=4 {
                    let db = Db::$engine();
                    tables(&db);
                    let conn = &mut db.connect::<$conn>();
                    let mut dice = Dice(seed);
                    for id in 1..=3 {
                        for _ in 0..4 {
                            step(conn, &mut dice, id)?;
                        }
                    }
                    let (mut worlds, mut made) = (vec![world(conn)?], Vec::new());
                    for _ in 0..12 {
                        let no = changeset(conn, &mut dice)?;
                        // None is stored if nothing changed in the end.
                        if Changeset::find(conn, no).is_ok() {
                            made.push(no);
                            worlds.push(world(conn)?);
                        }
                    }
                    // In any order: what is in the way is said, and then nothing is written.
                    for any in &made {
                        let plan = undo_plan::<All>(*any).load(conn)?;
                        assert_eq!(Some(&world(conn)?), worlds.last(), "a plan changes nothing");
                        if plan.blockers().count() > 0 {
                            let applied = plan.apply(conn);
                            assert!(matches!(applied, Err(Error::Undo { .. })), "{plan}");
                            refused += 1;
                        } else {
                            if let Some(no) = plan.apply(conn)? {
                                undo(conn, no)?;
                            }
                            undone += 1;
                        }
                        assert_eq!(Some(&world(conn)?), worlds.last(), "seed {seed}");
                    }
                    let mut back = Vec::new();
                    for (no, then) in made.iter().zip(&worlds).rev() {
                        back.push(undo(conn, *no)?);
                        assert_eq!(world(conn)?, *then, "seed {seed}, {no:?}");
                    }
                    for (no, then) in back.into_iter().rev().zip(&worlds[1..]) {
                        if let Some(no) = no {
                            undo(conn, no)?;
                        }
                        assert_eq!(world(conn)?, *then, "seed {seed}, forth");
                    }
                }
                assert!(undone > 9 && refused > 9, "{undone} {refused}");
                Ok(())
            }

            fn undo(conn: &mut $conn, no: ChangesetNo) -> Result<Option<ChangesetNo>, Error> {
                let plan = undo_plan::<All>(no).load(conn)?;
                assert_eq!(plan.blockers().count(), 0, "{plan}");
                plan.apply(conn)
            }

            fn changeset(conn: &mut $conn, dice: &mut Dice) -> Result<ChangesetNo, Error> {
                let steps = 1 + dice.roll(8);
                in_changeset(conn, Changeset::anonymous(), |conn| {
                    for _ in 0..steps {
                        let id = 1 + dice.roll(6);
                        step(conn, dice, id)?;
                    }
                    Ok(current_changeset(conn)?.expect("a changeset"))
                })
            }

            /// One change that the constraints allow; there may be nothing to do.
            fn step(conn: &mut $conn, dice: &mut Dice, id: i32) -> Result<(), Error> {
                let topic = topics::table.find(id).first::<Topic>(conn).optional()?;
                let post = posts::table.find(id).count().get_result::<i64>(conn)? > 0;
                let tag = tags::table.find(id).count().get_result::<i64>(conn)? > 0;
                let other = 1 + dice.roll(6);
                let text = format!("{}", dice.roll(1_000_000));
                let free = |count: i64| count == 0;
                match dice.roll(12) {
                    0 | 1 if topic.is_none() => {
                        diesel::insert_into(topics::table)
                            .values((topics::id.eq(id), topics::name.eq(text)))
                            .execute(conn)?;
                    }
                    0 => {
                        diesel::update(topics::table.find(id))
                            .set(topics::name.eq(text))
                            .execute(conn)?;
                    }
                    1 => {
                        let used = posts::table.filter(posts::topic_id.eq(id)).count();
                        if free(used.get_result(conn)?) {
                            diesel::delete(topics::table.find(id)).execute(conn)?;
                        }
                    }
                    2 | 3 if !post => {
                        let parent = posts::table.find(other).select(posts::id).first(conn);
                        let parent: Option<i32> = parent.optional()?;
                        let topic = topic.map(|topic| topic.id);
                        diesel::insert_into(posts::table)
                            .values((
                                posts::id.eq(id),
                                posts::title.eq(text),
                                posts::topic_id.eq(topic),
                                posts::parent_id.eq(parent),
                            ))
                            .execute(conn)?;
                    }
                    2 => {
                        let children =
                            posts::table.filter(posts::parent_id.eq(id).and(posts::id.ne(id)));
                        let links = post_tags::table.filter(post_tags::post_id.eq(id));
                        if free(children.count().get_result(conn)?)
                            && free(links.count().get_result(conn)?)
                        {
                            diesel::delete(posts::table.find(id)).execute(conn)?;
                        }
                    }
                    3 | 4 => {
                        diesel::update(posts::table.find(id))
                            .set(posts::title.eq(text))
                            .execute(conn)?;
                    }
                    5 => {
                        diesel::update(posts::table.find(id))
                            .set(posts::body.eq(Some(text)))
                            .execute(conn)?;
                    }
                    6 => {
                        let topic = topic.map(|topic| topic.id);
                        diesel::update(posts::table.filter(posts::id.ge(id)))
                            .set((posts::topic_id.eq(topic), posts::body.eq(None::<String>)))
                            .execute(conn)?;
                    }
                    7 => {
                        handleref::delete(posts::table.filter(posts::id.eq(id))).execute(conn)?;
                    }
                    8 => {
                        handleref::restore(posts::table.filter(posts::id.eq(id))).execute(conn)?;
                    }
                    9 if !tag => {
                        diesel::insert_into(tags::table)
                            .values((tags::id.eq(id), tags::name.eq(text)))
                            .execute(conn)?;
                    }
                    9 => {
                        let links = post_tags::table.filter(post_tags::tag_id.eq(id));
                        if free(links.count().get_result(conn)?) {
                            diesel::delete(tags::table.find(id)).execute(conn)?;
                        }
                    }
                    _ => {
                        let link = post_tags::table.find((other, id));
                        let posts = posts::table.find(other).count().get_result::<i64>(conn)?;
                        if link.count().get_result::<i64>(conn)? > 0 {
                            diesel::delete(link).execute(conn)?;
                        } else if tag && posts > 0 {
                            diesel::insert_into(post_tags::table)
                                .values((post_tags::post_id.eq(other), post_tags::tag_id.eq(id)))
                                .execute(conn)?;
                        }
                    }
                }
                Ok(())
            }

            fn world(conn: &mut $conn) -> Result<World, Error> {
                let mut posts: Vec<Post> = posts::table.order(posts::id).load(conn)?;
                for post in &mut posts {
                    post.version = 0;
                    post.created_at = Default::default();
                    post.updated_at = Default::default();
                }
                Ok((
                    topics::table.order(topics::id).load(conn)?,
                    posts,
                    tags::table.order(tags::id).load(conn)?,
                    post_tags::table
                        .order((post_tags::post_id, post_tags::tag_id))
                        .load(conn)?,
                ))
            }
        }
    };
}

#[cfg(feature = "sqlite")]
on!(sqlite, SqliteConnection);
#[cfg(feature = "postgres")]
on!(postgres, PgConnection);
#[cfg(feature = "mysql")]
on!(mysql, MysqlConnection);
