//! One record: the first, the last, those around one, and that of a deletion.

use super::{Place, PlaceRecords, Post, PostRecords, posts, put, sql, tables, utc};
use crate::support::each_engine;
use chrono::TimeDelta;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use handleref::history::Every;
use handleref::history::RecordNo;
use handleref::{GoneDsl, RecordsDsl};
use handleref::{Operation, Record, RecordSource, Recorded};

const NONE: [i64; 0] = [];

each_engine! {
    /// The records around one, of the same row.
    async fn neighbours(db: tables, conn) {
        let at = utc("2024-01-01 00:00:00");
        put(&db, &[
            (-5, 1, "baseline", at),
            (6, 2, "insert", at),
            (7, 1, "update", at),
            (8, 2, "update", at),
            (9, 1, "delete", at),
        ]);
        macro_rules! record {
            ($query:expr) => {
                go!($query.select(Record::<Post>::as_select()).get_result::<Record<Post>>(conn)).optional()?
            };
        }
        let post = Post { id: 1, topic_id: 1, title: String::new() };
        let first = record!(post.history().first_record()).unwrap();
        assert_eq!((first.id, first.operation), (-5, Operation::Baseline));
        assert_eq!(record!(first.previous()), None);
        let second = record!(first.following()).unwrap();
        assert_eq!((second.id, second.row.title.as_str()), (7, "r7"));
        let last = record!(second.following()).unwrap();
        assert_eq!((last.id, last.operation), (9, Operation::Delete));
        assert_eq!(record!(last.following()), None);
        assert_eq!(record!(last.previous()), Some(second.clone()));
        assert_eq!(record!(second.previous()), Some(first));
        assert_eq!(record!(post.history().last_record()), Some(last));
        assert_eq!(record!(post.history().record_before(RecordNo(9))), Some(second.clone()));
        assert_eq!(record!(post.history().record_after(RecordNo(-5))), Some(second.clone()));
        assert_eq!(record!(Post::records().record_after(RecordNo(7))).unwrap().id, 8);
        assert_eq!(record!(Post::records().into_boxed().last_record()).unwrap().id, 9);
        let updates = post.history().filter(PostRecords::OPERATION.eq(Operation::Update));
        assert_eq!(record!(updates.last_record()), Some(second));
        let nobody = Post { id: 3, ..post };
        assert_eq!(record!(nobody.history().first_record()), None);
    }

    /// Rows whose last record is a deletion, and no others.
    async fn gone(db: tables, conn) {
        let at = |seconds: i64| utc("2024-01-01 00:00:00") + TimeDelta::seconds(seconds);
        put(&db, &[
            (1, 1, "insert", at(1)),
            (2, 2, "insert", at(1)),
            (3, 3, "insert", at(1)),
            (4, 4, "insert", at(1)),
            (5, 1, "delete", at(2)),
            (6, 2, "delete", at(2)),
            (7, 2, "insert", at(3)),
            (8, 3, "soft_delete", at(3)),
            (9, 4, "delete", at(3)),
            (10, 4, "insert", at(4)),
            (11, 4, "delete", at(5)),
        ]);
        assert_eq!(records!(conn, Post::gone()), [5, 11]);
        let found: Option<Post> = go!(Post::gone().find(4).first(conn)).optional()?;
        assert_eq!(found.unwrap().title, "r11");
        for present in [2, 3, 9] {
            let found: Option<Post> = go!(Post::gone().find(present).first(conn)).optional()?;
            assert_eq!(found, None);
        }
        let page: Vec<Record<Post>> = go!(Post::gone()
            .filter(posts::topic_id.ge(0))
            .order(PostRecords::RECORD_ID.desc())
            .limit(1)
            .offset(1)
            .whole()
            .load(conn))?;
        assert_eq!(page.iter().map(|record| record.id).collect::<Vec<_>>(), [5]);
        assert_eq!(records!(conn, Post::records().into_boxed().filter(Post::is_gone())), [5, 11]);
        assert_eq!(records!(conn, Post::records().filter(diesel::dsl::not(Post::is_gone())).filter(posts::id.eq(1))), [1]);
        assert_eq!(records!(conn, Post::gone().created_in_days(1)), NONE);
    }

    /// Keys of several columns.
    async fn composite_keys(db: tables, conn) {
        let rows = [
            (1, 1, 1, "insert", "2024-01-01 00:00:00"),
            (2, 1, 2, "insert", "2024-01-01 00:00:10"),
            (3, 2, 1, "insert", "2024-01-01 00:00:20"),
            (4, 1, 2, "delete", "2024-01-01 00:00:30"),
            (5, 2, 1, "delete", "2024-01-01 00:01:00"),
            (6, 2, 1, "insert", "2024-01-01 00:01:10"),
        ];
        for (record, region, number, operation, at) in rows {
            sql(&db, &format!(
                "INSERT INTO place_records (record_id, record_version, record_operation, recorded_at, region, number, name) \
                 VALUES ({record}, 1, '{operation}', '{at}', {region}, {number}, 'x')"
            ));
        }
        let ids: Vec<i64> = go!(Place::records()
            .resample(Every::minutes(1))
            .select(PlaceRecords::RECORD_ID)
            .order(PlaceRecords::RECORD_ID)
            .load(conn))?;
        assert_eq!(ids, [1, 3, 4, 6]);
        let gone: Vec<i64> = go!(Place::gone().select(PlaceRecords::RECORD_ID).load(conn))?;
        assert_eq!(gone, [4]);
        let one: Place = go!(Place::gone().find((1, 2)).first(conn))?;
        let last: Record<Place> = go!(one.history().last_record().whole().get_result(conn))?;
        assert_eq!(last.id, 4);
        let before: Record<Place> = go!(last.previous().whole().get_result(conn))?;
        assert_eq!((before.id, before.row), (2, one));
    }
}
