//! A mirror follows its source.

use crate::history::Writer;
use crate::pairs::{each_pair, world};
use crate::posts::{All, Post, PostRecords, Topic, posts, topics};
use crate::support::recorded::{Author, Label, Paper, bare_papers, papers};
use crate::tables::{installed, plain, recorded};
use diesel::QueryDsl;
use diesel::prelude::ExpressionMethods;
use handleref::Maintain;
use handleref::maintain::EventKind;
use handleref::mirror::Mirror;
use handleref::{RecordSource, Recorded};

type Papers = (Author, Paper, Label);

each_pair! {
    /// Whatever happens to the source, and however it is cut, the target has it.
    all async fn random_histories(source, from, target, to) {
        recorded(&source);
        plain(&target);
        let mut writer = Writer::new(&source, 7);
        writer.transactions(30);
        for round in 0..20_u32 {
            let mirror = Mirror::<All>::new("all").batch([1, 2, 3, 7, 1_000][round as usize % 5]).page(3);
            let pull = go!(mirror.pull(from, to))?;
            assert_eq!(pull.copied.is_some(), round == 0);
            assert_eq!(world!(from), world!(to), "round {round}");
            let again = go!(mirror.pull(from, to))?;
            assert_eq!((again.changes, again.written), (0, 0), "{again:?}");
            assert_eq!(go!(mirror.cursor(to))?, Some(again.cursor));
            writer.transactions(12);
        }
        let verified = go!(Mirror::<All>::new("all").page(2).verify(from, to))?;
        assert!(verified.is_equal() && verified.rows > 5 && verified.different_ranges == 0, "{verified:?}");
        assert_eq!(world!(from), world!(to));
    }

    /// A target that has handleref's own triggers has the same versions, and
    /// records of its own.
    all async fn a_recorded_target(source, from, target, to) {
        recorded(&source);
        crate::tables::bare(&target);
        installed(&target);
        let mirror = Mirror::<All>::new("all").batch(4);
        let mut writer = Writer::new(&source, 3);
        for _ in 0..8 {
            go!(mirror.pull(from, to))?;
            assert_eq!(world!(from), world!(to));
            writer.transactions(10);
        }
        go!(mirror.pull(from, to))?;
        assert!(go!(mirror.check(from, to))?.is_equal());
        let records: i64 = go!(diesel::QueryDsl::count(Topic::records()).get_result(to))?;
        assert!(records > 5, "{records}");
    }

    /// A copy that starts over writes what differs, and deletes what is gone.
    few async fn starting_over(source, from, target, to) {
        recorded(&source);
        plain(&target);
        let mirror = Mirror::<All>::new("all").page(2);
        let first = go!(mirror.pull(from, to))?;
        assert_eq!((first.copied, first.written), (Some(5), 0));
        go!(mirror.forget(to))?;
        assert_eq!(go!(mirror.cursor(to))?, None);
        source.sql("UPDATE topics SET name = 'x' WHERE id = 90");
        source.sql("UPDATE topics SET name = 'old' WHERE id = 91");
        source.sql("UPDATE posts SET parent_id = NULL");
        source.sql("DELETE FROM posts WHERE id = 94");
        target.sql("INSERT INTO tags (id, name) VALUES (5, 'nobody''s')");
        let copy = go!(mirror.pull(from, to))?;
        assert_eq!(copy.copied, Some(4));
        assert_eq!(world!(from), world!(to));
        // What was pruned before it was read is gone for good.
        source.sql("UPDATE topics SET name = 'y' WHERE id = 90");
        source.sql("UPDATE topics SET name = 'z' WHERE id = 90");
        go!(Topic::prune().older_than(chrono::TimeDelta::zero()).keep_last(1).execute(from))?;
        let old = go!(mirror.pull(from, to));
        assert!(matches!(old, Err(handleref::Error::TooOld { model: "Topic" })), "{old:?}");
        let name: String = go!(diesel::QueryDsl::select(diesel::QueryDsl::filter(topics::table, topics::id.eq(90)), topics::name).first(to))?;
        assert_eq!(name, "x");
        go!(mirror.forget(to))?;
        go!(mirror.pull(from, to))?;
        assert_eq!(world!(from), world!(to));
    }

    /// What records leave out comes from the row itself; what changes alone and
    /// leaves no record, with the next change or a verification.
    few async fn left_out_columns(source, from, target, to) {
        papers(&source);
        bare_papers(&target);
        for table in ["authors", "papers"] {
            for column in ["version BIGINT", "created_at {TIME}", "updated_at {TIME}", "deleted_at {TIME}"] {
                target.create(&format!("ALTER TABLE {table} ADD COLUMN {column}"));
            }
        }
        let mirror = Mirror::<Papers>::new("papers");
        source.sql("INSERT INTO papers (id, title, secret, views) VALUES (1, 'one', 'x', 3), (2, 'two', 'y', 4)");
        go!(mirror.pull(from, to))?;
        source.sql("UPDATE papers SET title = 'new', views = 5 WHERE id = 1");
        source.sql("UPDATE papers SET secret = 'z' WHERE id = 1");
        source.sql("INSERT INTO papers (id, title, secret, views) VALUES (3, 'three', 'x', 7), (4, 'four', 'x', 8)");
        source.sql("UPDATE papers SET views = 6 WHERE id = 1");
        source.sql("DELETE FROM papers WHERE id = 4");
        go!(mirror.pull(from, to))?;
        let all = |mut rows: Vec<Paper>| { rows.sort_by_key(|row| row.id); rows };
        let here = all(go!(papers::table.load(from))?);
        assert_eq!((here[0].views, here[0].version), (6, 4));
        assert_eq!(all(go!(papers::table.load(to))?), here);
        source.sql("UPDATE papers SET views = 100 WHERE id = 2");
        assert_eq!(go!(mirror.pull(from, to))?.changes, 0);
        assert_eq!(go!(mirror.check(from, to))?.differences.len(), 1);
        source.sql("UPDATE papers SET title = 'zwei' WHERE id = 2");
        assert!(go!(mirror.check(from, to))?.is_equal());
        source.sql("UPDATE papers SET views = 200 WHERE id = 2");
        assert_eq!(go!(mirror.verify(from, to))?.repaired, 1);
        assert_eq!(all(go!(papers::table.load(to))?), all(go!(papers::table.load(from))?));
    }

    /// Values that were erased from the history stay in the row, and in its mirror.
    few async fn erased_values(source, from, target, to) {
        recorded(&source);
        plain(&target);
        let mirror = Mirror::<All>::new("all");
        go!(mirror.pull(from, to))?;
        source.sql("UPDATE posts SET body = 'secret', secret = 'more' WHERE id = 95");
        go!(crate::posts::Post::erase(95).column(crate::posts::posts::body).execute(from))?;
        go!(mirror.pull(from, to))?;
        assert_eq!(world!(from), world!(to));
        source.sql("UPDATE posts SET body = 'other' WHERE id = 95");
        go!(crate::posts::Post::erase(95).column(crate::posts::posts::body).execute(from))?;
        source.sql("DELETE FROM posts WHERE id IN (93)");
        go!(mirror.pull(from, to))?;
        assert_eq!(world!(from), world!(to));
        assert!(go!(mirror.check(from, to))?.is_equal());
    }

    /// They leave the records of a target that has some: of a row that is there,
    /// and of one that is gone.
    few async fn erased_records(source, from, target, to) {
        recorded(&source);
        crate::tables::bare(&target);
        installed(&target);
        let mirror = Mirror::<All>::new("all").batch(2);
        for (id, body) in [(95, "one"), (93, "two"), (95, "three"), (94, "four")] {
            source.sql(&format!("UPDATE posts SET body = '{body}', title = '{body}' WHERE id = {id}"));
            go!(mirror.pull(from, to))?;
        }
        let held = |id: i32| Post::history_of(id).order(PostRecords::RECORD_ID).select((posts::title, posts::body));
        type Row = (String, Option<String>);
        let bodies = |rows: &[Row]| rows.iter().filter(|(_, body)| body.is_some()).count();
        assert!(bodies(&go!(held(95).load::<Row>(to))?) >= 2);
        let erase = |id: i32| Post::erase(id).column(posts::body).column_with(posts::title, "'it''s gone'");
        go!(erase(95).live_row().execute(from))?;
        source.sql("DELETE FROM posts WHERE id = 93");
        go!(erase(93).execute(from))?;
        source.sql("UPDATE posts SET body = 'later' WHERE id = 94");
        // As at the source, a hold keeps the values, until it is released.
        let hold = go!(Post::hold(to, &95, "case 12"))?;
        let refused = go!(mirror.pull(from, to));
        assert!(matches!(refused, Err(handleref::Error::Held { .. })), "{refused:?}");
        assert!(bodies(&go!(held(95).load::<Row>(to))?) >= 2);
        go!(handleref::maintain::release(to, hold))?;
        go!(mirror.pull(from, to))?;
        for id in [95, 93] {
            let rows = go!(held(id).load::<Row>(to))?;
            assert!(rows.len() > 2 && rows.iter().all(|(title, body)| title == "it's gone" && body.is_none()), "{id} {rows:?}");
        }
        assert!(bodies(&go!(held(94).load::<Row>(to))?) > 0);
        let events = go!(handleref::maintain::events().of::<Post>().load(to))?;
        let erased = events.iter().filter(|event| event.kind == EventKind::Erase);
        let keys: Vec<_> = erased.map(|event| event.detail["key"].to_string()).collect();
        assert_eq!(keys, ["\"93\"", "\"95\""]);
        assert_eq!(world!(from), world!(to));
        assert!(go!(mirror.check(from, to))?.is_equal());
    }
}
