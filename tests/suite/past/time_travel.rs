//! Queries at other moments than now.

use crate::support::each_engine;
use crate::support::recorded::papers as tables;
use crate::support::recorded::{Author, AuthorRecords, Paper, PaperRecords, authors, papers};
use diesel::prelude::{BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods};
use diesel::{JoinOnDsl, QueryDsl, SelectableHelper, TextExpressionMethods};
use handleref::Operation;
use handleref::history::{RecordNo, VersionNo};
use handleref::prelude::*;

each_engine! {
    /// Any query, at any moment.
    async fn as_of(db: tables, conn) {
        author!(conn, 1, "Ann");
        insert!(conn, 1, "one");
        go!(diesel::update(papers::table.find(1)).set(papers::author_id.eq(1)).execute(conn))?;
        let before = go!(Author::records().select(diesel::dsl::max(AuthorRecords::RECORD_ID)).get_result::<Option<i64>>(conn))?;
        let middle: i64 = go!(Paper::records().select(diesel::dsl::max(PaperRecords::RECORD_ID)).get_result::<Option<i64>>(conn))?.unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        let noon = go!(diesel::select(handleref::now::<Paper>()).get_result::<chrono::NaiveDateTime>(conn))?;
        std::thread::sleep(std::time::Duration::from_millis(5));
        go!(diesel::update(authors::table.find(1)).set(authors::name.eq("Anna")).execute(conn))?;
        go!(handleref::delete(papers::table.find(1)).execute(conn))?;
        insert!(conn, 2, "two");
        go!(diesel::delete(papers::table.find(1)).execute(conn))?;

        let joined = papers::table
            .inner_join(authors::table)
            .select((papers::title, papers::deleted_at.is_null(), authors::name));
        type Row = (String, bool, String);
        let row = |live, name: &str| ("one".to_owned(), live, name.to_owned());
        assert_eq!(go!(joined.as_of::<(Paper, Author)>(noon).load::<Row>(conn))?, [row(true, "Ann")]);
        assert_eq!(go!(joined.as_of::<(Paper, Author)>(RecordNo(middle)).load::<Row>(conn))?, [row(true, "Ann")]);
        assert!(go!(joined.as_of::<(Paper, Author)>(RecordNo(before.unwrap())).load::<Row>(conn))?.is_empty());
        // One of the two in the past, the other as it is now.
        assert_eq!(go!(joined.as_of::<Paper>(noon).load::<Row>(conn))?, [row(true, "Anna")]);
        // Soft-deleted rows are there with their mark; deleted ones are not.
        let deleted = go!(Paper::records()
            .filter(PaperRecords::OPERATION.eq(Operation::SoftDelete))
            .select(PaperRecords::RECORD_ID)
            .first::<i64>(conn))?;
        assert_eq!(go!(joined.as_of::<(Paper, Author)>(RecordNo(deleted)).load::<Row>(conn))?, [row(false, "Anna")]);
        assert!(go!(joined.as_of::<(Paper, Author)>(chrono::Utc::now() + chrono::TimeDelta::days(1)).load::<Row>(conn))?.is_empty());
        // Aggregates, subqueries, pages, struct selections.
        assert_eq!(go!(papers::table.count().as_of::<Paper>(noon).get_result::<i64>(conn))?, 1);
        let named = papers::table
            .filter(papers::author_id.eq_any(authors::table.filter(authors::name.eq("Ann")).select(authors::id.nullable())))
            .select(Paper::as_select());
        assert_eq!(go!(named.as_of::<(Paper, Author)>(noon).load::<Paper>(conn))?.len(), 1);
        assert_eq!(go!(named.as_of::<Paper>(noon).load::<Paper>(conn))?.len(), 0);
        let page = papers::table.order(papers::id.desc()).limit(1).select(papers::id);
        assert_eq!(go!(page.as_of::<Paper>(noon).first::<i32>(conn))?, 1);
        assert_eq!(go!(papers::table.select(papers::title).as_of::<Paper>(VersionNo(1)).load::<String>(conn))?.len(), 2);
        // Before recording began there is no answer, and the error says why.
        let early = go!(papers::table.select(papers::id).as_of::<Paper>(noon - chrono::TimeDelta::days(1)).load::<i32>(conn));
        let text = early.unwrap_err().to_string();
        assert!(text.contains("`paper_records` does not reach back so far; it begins at "), "{text}");
        assert!(go!(papers::table.select(papers::id).as_of::<Paper>(RecordNo(-1)).load::<i32>(conn)).is_err());
    }

    /// What a query says in texts and comments, and what it binds, stays what it is.
    async fn values(db: tables, conn) {
        insert!(conn, 1, "what?");
        insert!(conn, 2, "it's -- one ?");
        let last = go!(handleref::history::latest_record(conn))?;
        go!(diesel::update(papers::table.find(2)).set(papers::title.eq("another")).execute(conn))?;
        let said = diesel::dsl::sql::<diesel::sql_types::Bool>("/* ? ' */ 'it''s ?' <> 'its ?' AND 5 = ");
        let found = papers::table
            .filter(said.bind::<diesel::sql_types::Integer, _>(5))
            .filter(papers::id.eq(2).or(papers::id.eq_any([7, 1])).and(papers::title.like("%?")))
            .order(papers::id)
            .limit(3)
            .offset(1)
            .select((papers::id, papers::title));
        let rows = go!(found.as_of::<Paper>(last).load::<(i32, String)>(conn))?;
        assert_eq!(rows, [(2, "it's -- one ?".to_owned())]);
    }

    /// Records join the present, and other records.
    async fn joins(db: tables, conn) {
        author!(conn, 1, "Ann");
        insert!(conn, 1, "one");
        go!(diesel::update(papers::table.find(1)).set(papers::author_id.eq(1)).execute(conn))?;
        go!(diesel::update(authors::table.find(1)).set(authors::name.eq("Anna")).execute(conn))?;
        let now = Paper::records()
            .inner_join(authors::table.on(authors::id.nullable().eq(papers::author_id)))
            .filter(PaperRecords::OPERATION.eq(Operation::Update))
            .select((PaperRecords::VERSION, Paper::as_select(), authors::name));
        let found = go!(now.load::<(i64, Paper, String)>(conn))?;
        assert_eq!((found.len(), found[0].0, found[0].2.as_str()), (1, 2, "Anna"));
        let all = Paper::records()
            .left_join(authors::table.on(authors::id.nullable().eq(papers::author_id)))
            .order(PaperRecords::RECORD_ID)
            .select((PaperRecords::VERSION, authors::name.nullable()));
        assert_eq!(go!(all.load::<(i64, Option<String>)>(conn))?, [(1, None), (2, Some("Anna".to_owned()))]);
        let then = Paper::records()
            .inner_join(Author::records().on(authors::id.nullable().eq(papers::author_id)
                .and(AuthorRecords::RECORD_ID.lt(PaperRecords::RECORD_ID))))
            .select((papers::title, authors::name));
        assert_eq!(go!(then.load::<(String, String)>(conn))?, [("one".to_owned(), "Ann".to_owned())]);
    }

    /// Where the records have got to is a moment, the first one too.
    async fn the_last_record(db: tables, conn) {
        let empty = go!(handleref::history::latest_record(conn))?;
        insert!(conn, 1, "one");
        let one = go!(handleref::history::latest_record(conn))?;
        go!(diesel::delete(papers::table.find(1)).execute(conn))?;
        let count = |moment| papers::table.count().as_of::<Paper>(moment);
        assert_eq!(go!(count(empty).get_result::<i64>(conn))?, 0);
        assert_eq!(go!(count(one).get_result::<i64>(conn))?, 1);
        let none = go!(handleref::history::latest_record(conn))?;
        assert_eq!(go!(count(none).get_result::<i64>(conn))?, 0);
    }
}
