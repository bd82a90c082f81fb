//! Scopes, `since`, `until` and `last_change`, and how they compose.

use crate::support::ddl::{family, notes as note_table};
use crate::support::each_engine;
use crate::support::models::{Article, Comment, Note, Topic, articles, comments, notes, topics};
use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use diesel::prelude::{
    Associations, BelongingToDsl, BoolExpressionMethods, ExpressionMethods, HasQuery, JoinOnDsl,
    NullableExpressionMethods,
};
use diesel::{Identifiable, QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;

/// Articles by their topics; the table is [`Article`]'s.
#[derive(Debug, Queryable, Selectable, Identifiable, Associations)]
#[diesel(table_name = articles, belongs_to(Topic))]
struct Headline {
    id: i32,
    topic_id: i32,
}

/// A moment of 2020, `seconds` and `micros` after noon.
fn at(seconds: i64, micros: i64) -> NaiveDateTime {
    let noon = NaiveDate::from_ymd_opt(2020, 1, 1)
        .unwrap()
        .and_hms_opt(12, 0, 0)
        .unwrap();
    noon + TimeDelta::seconds(seconds) + TimeDelta::microseconds(micros)
}

/// Inserts a note as it stands, managed columns and all.
macro_rules! put {
    ($conn:expr, $id:expr, $version:expr, $created:expr, $updated:expr, $deleted:expr) => {
        go!(diesel::insert_into(notes::table)
            .values((
                notes::id.eq($id),
                notes::title.eq(format!("note {}", $id)),
                notes::version.eq($version),
                notes::created_at.eq($created),
                notes::updated_at.eq($updated),
                notes::deleted_at.eq($deleted),
            ))
            .execute($conn))?
    };
}

macro_rules! ids {
    ($conn:expr, $query:expr) => {
        go!($query.select(notes::id).order(notes::id).load::<i32>($conn))?
    };
}

each_engine! {
    /// The three scopes, with plain Diesel after them.
    async fn scopes(db: note_table, conn) {
        put!(conn, 1, 1_i64, at(0, 0), at(0, 0), None::<NaiveDateTime>);
        put!(conn, 2, 2_i64, at(0, 0), at(5, 0), Some(at(5, 0)));
        assert_eq!(ids!(conn, Note::undeleted()), [1]);
        assert_eq!(ids!(conn, Note::deleted()), [2]);
        assert_eq!(ids!(conn, Note::with_deleted()), [1, 2]);
        assert_eq!(ids!(conn, notes::table.filter(notes::id.gt(0)).undeleted()), [1]);
        let note: Note = go!(Note::undeleted().select(Note::as_select()).first(conn))?;
        assert_eq!(note.title, "note 1");
    }

    /// `since(updated)` of a row excludes it, one microsecond earlier includes
    /// it; soft-deleted rows come only when asked for.
    async fn since_an_instant_is_strict(db: note_table, conn) {
        put!(conn, 1, 1_i64, at(0, 0), at(10, 7), None::<NaiveDateTime>);
        put!(conn, 2, 1_i64, at(0, 0), at(10, 8), Some(at(10, 8)));
        // Created later than updated: possible in imported data, and found.
        put!(conn, 3, 1_i64, at(20, 0), at(0, 0), None::<NaiveDateTime>);
        assert_eq!(ids!(conn, Note::since(at(10, 7))), [3]);
        assert_eq!(ids!(conn, Note::since(at(10, 6))), [1, 3]);
        assert_eq!(ids!(conn, Note::with_deleted().since(at(10, 7))), [2, 3]);
        assert_eq!(ids!(conn, Note::deleted().since(at(10, 7))), [2]);
        assert_eq!(ids!(conn, Note::since(at(20, 0))), [] as [i32; 0]);
        assert_eq!(ids!(conn, Note::since(at(10, 7).and_utc())), [3]);
        let seconds = at(10, 6).and_utc().timestamp_micros() as f64 / 1e6;
        assert_eq!(ids!(conn, Note::since(handleref::time::Unix(seconds))), [1, 3]);
    }

    /// Whole seconds have one text on SQLite, so that strict means strict there too.
    async fn whole_seconds_are_strict_too(db: note_table, conn) {
        put!(conn, 1, 1_i64, at(0, 0), at(10, 0), None::<NaiveDateTime>);
        put!(conn, 2, 1_i64, at(0, 0), at(10, 500_000), None::<NaiveDateTime>);
        assert_eq!(ids!(conn, Note::since(at(10, 0))), [2]);
        assert_eq!(ids!(conn, Note::since(at(9, 999_999))), [1, 2]);
        assert_eq!(ids!(conn, Note::until(at(10, 0))), [1]);
    }

    /// A version bound, alone and together with an instant.
    async fn since_a_version(db: note_table, conn) {
        put!(conn, 1, 3_i64, at(0, 0), at(10, 0), None::<NaiveDateTime>);
        put!(conn, 2, 4_i64, at(0, 0), at(20, 0), None::<NaiveDateTime>);
        put!(conn, 3, 5_i64, at(0, 0), at(10, 0), Some(at(10, 0)));
        assert_eq!(ids!(conn, Note::since(3)), [2]);
        assert_eq!(ids!(conn, Note::since(2)), [1, 2]);
        assert_eq!(ids!(conn, Note::with_deleted().since(3)), [2, 3]);
        assert_eq!(ids!(conn, Note::with_deleted().since(2_i64).since(at(15, 0))), [2]);
        assert_eq!(ids!(conn, Note::since(4).since(at(0, 0))), [] as [i32; 0]);
    }

    /// `until` is the exact complement of `since`.
    async fn until_is_the_complement(db: note_table, conn) {
        for id in 1..=6 {
            put!(conn, id, i64::from(id), at(i64::from(id), 0), at(i64::from(6 - id), 500), None::<NaiveDateTime>);
        }
        for bound in [at(0, 0), at(3, 0), at(3, 500), at(4, 0), at(9, 0)] {
            let mut both = ids!(conn, Note::since(bound));
            both.extend(ids!(conn, Note::until(bound)));
            both.sort_unstable();
            assert_eq!(both, [1, 2, 3, 4, 5, 6], "{bound}");
        }
        assert_eq!(ids!(conn, Note::since(2).until(4)), [3, 4]);
        assert_eq!(ids!(conn, Note::since(at(3, 500)).until(at(4, 500))), [2, 4]);
    }

    /// `belonging_to` of Diesel, with the scopes after it.
    async fn children_of_a_row(db: family, conn) {
        let _ = &db;
        for topic in 1..=2 {
            go!(diesel::insert_into(topics::table).values((topics::id.eq(topic), topics::name.eq("t"))).execute(conn))?;
            for id in [10 * topic, 10 * topic + 1] {
                go!(diesel::insert_into(articles::table)
                    .values((articles::id.eq(id), articles::topic_id.eq(topic), articles::title.eq("a"))).execute(conn))?;
            }
        }
        go!(handleref::delete(articles::table.find(11)).execute(conn))?;
        let topic: Topic = go!(topics::table.find(1).select(Topic::as_select()).first(conn))?;
        macro_rules! articles {
            ($query:expr) => {
                go!($query.select(articles::id).order(articles::id).load::<i32>(conn))?
            };
        }
        assert_eq!(articles!(Headline::belonging_to(&topic)), [10, 11]);
        assert_eq!(articles!(Headline::belonging_to(&topic).undeleted()), [10]);
        assert_eq!(articles!(Headline::belonging_to(&topic).deleted()), [11]);
        assert_eq!(articles!(Headline::belonging_to(&topic).since(1)), [11]);
        let all: Vec<Topic> = go!(topics::table.select(Topic::as_select()).load(conn))?;
        assert_eq!(articles!(Headline::belonging_to(&all).undeleted()), [10, 20, 21]);
    }

    /// The newest of created and updated, deleted rows included; none for an
    /// empty set.
    async fn last_change(db: note_table, conn) {
        let last: Option<NaiveDateTime> = go!(Note::last_change().get_result(conn))?;
        assert_eq!(last, None);
        put!(conn, 1, 1_i64, at(30, 0), at(10, 0), None::<NaiveDateTime>);
        put!(conn, 2, 1_i64, at(0, 0), at(40, 3), Some(at(40, 3)));
        let last: Option<NaiveDateTime> = go!(Note::last_change().get_result(conn))?;
        assert_eq!(last, Some(at(40, 3)));
        let live: Option<NaiveDateTime> = go!(Note::undeleted().last_change().get_result(conn))?;
        assert_eq!(live, Some(at(30, 0)));
        let none: Option<NaiveDateTime> = go!(notes::table.filter(notes::id.gt(9)).last_change().get_result(conn))?;
        assert_eq!(none, None);
    }

    /// Ordering, pages, counts, groups, subqueries and boxes.
    async fn composition(db: note_table, conn) {
        for id in 1..=10 {
            let deleted = (id % 5 == 0).then(|| at(1, 0));
            put!(conn, id, 1_i64, at(0, 0), at(i64::from(id), 0), deleted);
        }
        go!(diesel::update(notes::table.filter(notes::id.le(4))).set(notes::topic_id.eq(7)).execute(conn))?;
        let count: i64 = go!(Note::undeleted().count().get_result(conn))?;
        assert_eq!(count, 8);
        let page: Vec<i32> =
            go!(Note::since(at(2, 0)).order(notes::id.desc()).limit(2).offset(1).select(notes::id).load(conn))?;
        assert_eq!(page, [8, 7]);
        let groups: Vec<(Option<i32>, i64)> = go!(Note::undeleted()
            .group_by(notes::topic_id)
            .order(notes::topic_id)
            .select((notes::topic_id, diesel::dsl::count(notes::id)))
            .load(conn))?;
        let mut groups = groups;
        groups.sort_unstable();
        assert_eq!(groups, [(None, 4), (Some(7), 4)]);
        let mut query = notes::table.filter(Note::is_live()).into_boxed();
        if count > 3 {
            query = query.filter(Note::changed_after(at(8, 0)));
        }
        assert_eq!(ids!(conn, query), [9]);
    }

    /// The live test of a left-joined table belongs in ON: the row on the left
    /// stays, its deleted partner does not.
    async fn left_join(db: family, conn) {
        for (id, name, title) in [(1, "a", "live"), (2, "b", "gone")] {
            let topic = (topics::id.eq(id), topics::name.eq(name));
            go!(diesel::insert_into(topics::table).values(topic).execute(conn))?;
            let article = (articles::id.eq(id), articles::topic_id.eq(id), articles::title.eq(title));
            go!(diesel::insert_into(articles::table).values(article).execute(conn))?;
        }
        go!(handleref::delete(articles::table.find(2)).execute(conn))?;
        let rows: Vec<(String, Option<String>)> = go!(Topic::undeleted()
            .left_join(articles::table.on(articles::topic_id.eq(topics::id).and(Article::is_live())))
            .order(topics::id)
            .select((topics::name, articles::title.nullable()))
            .load(conn))?;
        assert_eq!(rows, [("a".to_owned(), Some("live".to_owned())), ("b".to_owned(), None)]);
        let inner: Vec<(String, String)> = go!(Article::undeleted()
            .inner_join(topics::table)
            .filter(Topic::is_live())
            .select((topics::name, articles::title))
            .load(conn))?;
        assert_eq!(inner, [("a".to_owned(), "live".to_owned())]);
        let with_dead: Vec<i32> = go!(topics::table
            .filter(topics::id.eq_any(Article::deleted().select(articles::topic_id)))
            .select(topics::id)
            .load(conn))?;
        assert_eq!(with_dead, [2]);
        let changed: i64 = go!(topics::table
            .inner_join(articles::table)
            .filter(Article::changed_after(at(0, 0)).and(Topic::changed_after(0)))
            .count()
            .get_result(conn))?;
        assert_eq!(changed, 2);
        let none: i64 = go!(Comment::since(0).inner_join(articles::table).count().get_result(conn))?;
        assert_eq!(none, 0);
        let _ = comments::table;
    }

    /// Diesel's own default scope.
    async fn has_query(db: note_table, conn) {
        put!(conn, 1, 1_i64, at(0, 0), at(0, 0), None::<NaiveDateTime>);
        put!(conn, 2, 2_i64, at(0, 0), at(5, 0), Some(at(5, 0)));
        let titles: Vec<Title> = go!(Title::query().load(conn))?;
        assert_eq!(titles.iter().map(|row| row.title.as_str()).collect::<Vec<_>>(), ["note 1"]);
    }
}

#[derive(HasQuery)]
#[diesel(table_name = notes)]
#[diesel(base_query = Note::undeleted(), base_query_type = handleref::dsl::Undeleted<Note>)]
struct Title {
    title: String,
}
