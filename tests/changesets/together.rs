//! Changesets of many rows, of which each is changed back in its own way.

use crate::posts::{Post, posts, recorded};
use crate::support::recorded::{Paper, papers};
use crate::support::{Db, Engine, each_engine};
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods};
use diesel::{QueryDsl, SelectableHelper};
use handleref::changeset::{ObjectRef, UndoAction, UndoPlan, current_changeset, undo_plan};
use handleref::history::Conflict;
use handleref::prelude::*;
use handleref::{Changeset, Error, in_changeset_async};

macro_rules! changeset {
    ($conn:expr, $inner:ident, $body:block) => {
        go!(in_changeset_async($conn, Changeset::by("ann"), async |$inner| {
            $body
            Ok::<_, Error>(go!(current_changeset($inner))?.expect("a changeset"))
        }))?
    };
}

macro_rules! run {
    ($conn:expr, $statement:expr) => {
        go!($statement.execute($conn))?
    };
}

/// Thirty posts and thirty papers, each with a number in its fields.
fn tables(db: &Db) {
    recorded(db);
    crate::support::recorded::papers(db);
    for id in 1..=30 {
        db.create(&format!(
            "INSERT INTO posts (id, title, body) VALUES ({id}, 'title {id}', 'body {id}')"
        ));
        db.create(&format!(
            "INSERT INTO papers (id, title, website) VALUES ({id}, 'title {id}', 'site {id}')"
        ));
    }
}

fn post(id: i32) -> ObjectRef {
    ObjectRef::new::<Post>(&id)
}

fn paper(id: i32) -> ObjectRef {
    ObjectRef::new::<Paper>(&id)
}

/// What is in the way, by object.
fn conflicts(plan: &UndoPlan) -> Vec<(ObjectRef, &Conflict)> {
    let all = plan.conflicts.iter();
    let mut all: Vec<_> = all.map(|one| (one.object.clone(), &one.conflict)).collect();
    all.sort_by_key(|(object, _)| object.key.parse::<i32>().unwrap());
    all
}

/// The keys of the rows that will be written.
fn written(plan: &UndoPlan) -> Vec<i32> {
    let mut keys: Vec<i32> = plan
        .steps
        .iter()
        .map(|step| step.object.key.parse().unwrap())
        .collect();
    keys.sort_unstable();
    keys
}

/// Somebody's own trigger: this one row is not to be changed.
fn refuse(db: &Db) {
    match db.engine {
        Engine::Sqlite => db.execute(
            "CREATE TRIGGER mine BEFORE UPDATE ON posts WHEN NEW.id = 7 BEGIN SELECT RAISE(ABORT, 'seven stays'); END",
        ),
        Engine::Postgres => db.execute(
            "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN IF NEW.id = 7 THEN RAISE EXCEPTION 'seven stays'; END IF; RETURN NEW; END$$; \
             CREATE TRIGGER mine BEFORE UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION mine()",
        ),
        Engine::Mysql => db.execute(
            "CREATE TRIGGER mine BEFORE UPDATE ON posts FOR EACH ROW \
             IF NEW.id = 7 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'seven stays'; END IF",
        ),
    }
}

macro_rules! world {
    ($conn:expr) => {{
        let rows = posts::table.order(posts::id).select((
            posts::id,
            posts::title,
            posts::body,
            posts::parent_id,
        ));
        go!(rows.load::<(i32, String, Option<String>, Option<i32>)>($conn))?
    }};
}

each_engine! {
    /// Fields of some rows, other fields of others, rows that are new, and one of each
    /// that does not want to go back.
    async fn many_rows(db: tables, conn) {
        let before = world!(conn);
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(posts::table.filter(posts::id.le(10))).set(posts::title.eq("x")));
            run!(conn, diesel::update(posts::table.filter(posts::id.gt(5).and(posts::id.le(20)))).set(posts::body.eq(None::<String>)));
            for id in 31..=40 {
                run!(conn, diesel::insert_into(posts::table).values((
                    posts::id.eq(id), posts::title.eq("new"), posts::parent_id.eq((id > 31).then_some(id - 1)),
                )));
            }
        });
        let after = world!(conn);
        // Edited since, gone, edited where the changeset did nothing, a new one edited.
        run!(conn, diesel::update(posts::table.find(3)).set(posts::title.eq("theirs")));
        run!(conn, diesel::delete(posts::table.find(12)));
        run!(conn, diesel::update(posts::table.find(14)).set(posts::title.eq("theirs, too")));
        run!(conn, diesel::update(posts::table.find(40)).set(posts::body.eq("kept")));

        let there = world!(conn);
        let plan = go!(undo_plan::<Post>(made).load(conn))?;
        assert_eq!(world!(conn), there, "a plan changes nothing");
        let found = conflicts(&plan);
        assert_eq!(found[0].0, post(3));
        assert!(matches!(found[0].1, Conflict::EditedSince { field: "title", .. }), "{plan}");
        assert_eq!(found[1], (post(12), &Conflict::Gone));
        assert!(found.iter().any(|(object, conflict)| *object == post(40)
            && matches!(conflict, Conflict::EditedSince { field: "body", .. })), "{plan}");
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Undo { .. })));
        assert_eq!(world!(conn), there, "a refusal leaves nothing");

        // With an answer to the one and the others as they were.
        let (_, title, body, _) = after.iter().find(|row| row.0 == 12).unwrap();
        run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(12), posts::title.eq(title), posts::body.eq(body))));
        run!(conn, diesel::update(posts::table.find(40)).set(posts::body.eq(None::<String>)));
        let answered = || undo_plan::<Post>(made).resolve(&post(3), "title", "merged");
        let plan = go!(answered().load(conn))?;
        assert!(plan.conflicts.is_empty(), "{plan}");
        assert_eq!(written(&plan), (1..=20).chain(31..=40).collect::<Vec<_>>());
        let step = plan.steps.iter().find(|step| step.object == post(8)).unwrap();
        let changed: Vec<_> = step.changes.iter().map(|change| change.field).collect();
        assert_eq!((step.action, changed), (UndoAction::Update, vec!["title", "body"]));
        let undone = go!(plan.apply(conn))?.expect("a changeset");
        let mut wanted = before;
        wanted[2].1 = "merged".into();
        wanted[13].1 = "theirs, too".into();
        assert_eq!(world!(conn), wanted);
        // And forward again.
        go!(go!(undo_plan::<Post>(undone).load(conn))?.apply(conn))?;
        let mut wanted = after;
        wanted[2].1 = "theirs".into();
        wanted[13].1 = "theirs, too".into();
        assert_eq!(world!(conn), wanted);
    }

    /// What the database refuses of one row is said of that row.
    async fn one_is_refused(db: tables, conn) {
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(posts::table).set(posts::title.eq("x")));
        });
        refuse(&db);
        let plan = go!(undo_plan::<Post>(made).load(conn))?;
        let found = conflicts(&plan);
        assert_eq!(found.len(), 1, "{plan}");
        assert!(matches!(found[0], (ref object, Conflict::Refused { message }) if *object == post(7) && message.contains("seven stays")), "{plan}");
        assert_eq!(written(&plan), (1..=30).filter(|id| *id != 7).collect::<Vec<_>>());
        assert!(matches!(go!(plan.apply(conn)), Err(Error::Undo { .. })));
        assert!(world!(conn).iter().all(|row| row.1 == "x"));
    }

    /// The model does not take what one would be; what another was has been erased.
    async fn refused_by_the_model(db: tables, conn) {
        run!(conn, diesel::update(papers::table.find(4)).set(papers::title.eq("")));
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(papers::table).set((papers::website.eq("x"), papers::views.eq(5))));
        });
        let plan = go!(undo_plan::<Paper>(made).load(conn))?;
        let found = conflicts(&plan);
        assert_eq!(found.len(), 1, "{plan}");
        assert!(matches!(found[0], (ref object, Conflict::Invalid { .. }) if *object == paper(4)), "{plan}");
        assert_eq!(written(&plan).len(), 29);

        run!(conn, diesel::update(papers::table.find(4)).set(papers::title.eq("four")));
        run!(conn, Paper::erase(9).column(papers::website));
        // Nobody knows any more that its website was another one.
        let plan = go!(undo_plan::<Paper>(made).load(conn))?;
        assert!(plan.conflicts.is_empty(), "{plan}");
        assert_eq!(written(&plan), (1..=30).filter(|id| *id != 9).collect::<Vec<_>>());
        go!(plan.apply(conn))?;
        let sites = papers::table.filter(papers::website.eq("x")).select(papers::id);
        assert_eq!(go!(sites.load::<i32>(conn))?, [9]);
    }

    /// Each goes back to what it was, though all of them were changed at once: the
    /// versions rise, and the views, which are not recorded, stay.
    async fn versions_and_hidden_columns(db: tables, conn) {
        let made = changeset!(conn, conn, {
            run!(conn, handleref::update(papers::table).set((papers::website.eq("x"), papers::views.eq(5))));
        });
        go!(go!(undo_plan::<Paper>(made).load(conn))?.apply(conn))?;
        let rows = go!(papers::table.order(papers::id).select(Paper::as_select()).load::<Paper>(conn))?;
        for row in rows {
            let wanted = (Some(format!("site {}", row.id)), 5, 3);
            assert_eq!((row.website.clone(), row.views, row.version), wanted, "{row:?}");
            let last = go!(row.history().order(crate::support::recorded::PaperRecords::RECORD_ID.desc()).select(Paper::as_select()).first::<Paper>(conn))?;
            assert_eq!((last.website, last.version), (row.website, row.version));
        }
    }

    /// What the changeset did not touch is not locked by its undo.
    async fn others_are_not_locked(db: tables, conn) {
        let made = changeset!(conn, conn, {
            run!(conn, diesel::update(posts::table.filter(posts::id.lt(10))).set(posts::title.eq("x")));
            for id in 31..=40 {
                run!(conn, diesel::insert_into(posts::table).values((posts::id.eq(id), posts::title.eq("new"))));
            }
        });
        if db.engine == Engine::Sqlite {
            return Ok(()); // It has one lock for all.
        }
        let other = &mut connect!(db);
        batch!(other, match db.engine {
            Engine::Mysql => "SET SESSION innodb_lock_wait_timeout = 1",
            _ => "SET lock_timeout = '1s'",
        })?;
        let done: Result<(), Error> = transaction!(conn, inner, {
            go!(go!(undo_plan::<Post>(made).load(inner))?.apply(inner))?;
            for id in 10..=30 {
                go!(diesel::update(posts::table.find(id)).set(posts::title.eq("theirs")).execute(other))?;
            }
            Ok(())
        });
        done?;
        let rows = world!(conn);
        assert_eq!(rows.len(), 30);
        assert!(rows.iter().all(|row| (row.0 >= 10) == (row.1 == "theirs")), "{rows:?}");
    }
}

/// The number of statements does not depend on that of the rows.
macro_rules! statements {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> crate::support::Done {
            use diesel::RunQueryDsl;
            use diesel::connection::{Connection, InstrumentationEvent};
            use std::sync::Arc;
            use std::sync::atomic::{AtomicUsize, Ordering};

            let db = Db::$name();
            tables(&db);
            let conn = &mut db.connect::<$conn>();
            let count = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&count);
            conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { .. } = event {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
            let mut counts = Vec::new();
            for rows in [2, 30] {
                let made = handleref::in_changeset(conn, Changeset::by("ann"), |conn| {
                    diesel::update(posts::table.filter(posts::id.le(rows)))
                        .set(posts::title.eq("x"))
                        .execute(conn)?;
                    for id in 0..rows {
                        diesel::insert_into(posts::table)
                            .values((posts::id.eq(100 + id), posts::title.eq("new")))
                            .execute(conn)?;
                    }
                    Ok::<_, Error>(current_changeset(conn)?.expect("a changeset"))
                })?;
                count.store(0, Ordering::Relaxed);
                let plan = undo_plan::<Post>(made).load(conn)?;
                plan.apply(conn)?;
                counts.push(count.load(Ordering::Relaxed));
            }
            assert_eq!(counts[0], counts[1], "{counts:?}");
            Ok(())
        }
    };
}

mod statements {
    use super::*;

    #[cfg(feature = "sqlite")]
    statements!(sqlite, diesel::SqliteConnection);
    #[cfg(feature = "postgres")]
    statements!(postgres, diesel::PgConnection);
    #[cfg(feature = "mysql")]
    statements!(mysql, diesel::MysqlConnection);
}
