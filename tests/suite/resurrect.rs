//! Inserting a unique value that a soft-deleted row holds.

use crate::support::ddl::slugs as slug_table;
use crate::support::each_engine;
use chrono::NaiveDateTime;
use diesel::prelude::ExpressionMethods;
use diesel::result::DatabaseErrorKind::UniqueViolation;
use diesel::{
    AsChangeset, Identifiable, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use handleref::Error;
use handleref::lifecycle::Resurrected;
use handleref::prelude::*;

diesel::table! {
    slugs (id) {
        id -> Integer,
        parent_id -> Nullable<Integer>,
        slug -> Text,
        title -> Text,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

/// A page; pages have sub-pages, so that values must stay with the page itself.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = slugs)]
#[handleref(cascade(Page), parent(Page, foreign_key = parent_id))]
pub struct Page {
    pub id: i32,
    pub parent_id: Option<i32>,
    pub slug: String,
    pub title: String,
    pub version: i64,
    pub created_at: NaiveDateTime,
    pub updated_at: NaiveDateTime,
    pub deleted_at: Option<NaiveDateTime>,
}

/// The same table without relatives.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, HandleRef)]
#[diesel(table_name = slugs)]
#[handleref(secondary)]
pub struct Slug {
    pub id: i32,
    pub version: i64,
    pub deleted_at: Option<NaiveDateTime>,
}

#[derive(Debug, Clone, Insertable, AsChangeset)]
#[diesel(table_name = slugs)]
struct NewPage {
    id: i32,
    parent_id: Option<i32>,
    slug: &'static str,
    title: &'static str,
}

#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = slugs)]
struct Retitle {
    slug: &'static str,
    title: &'static str,
}

each_engine! {
    /// Insert, delete, insert again: the row comes back with its key, its
    /// children and the new values.
    async fn a_deleted_value_comes_back(db: slug_table, conn) {
        let page = NewPage { id: 1, parent_id: None, slug: "intro", title: "one" };
        macro_rules! put {
            ($page:expr) => {{
                let page = $page;
                go!(handleref::resurrect(slugs::table.filter(slugs::slug.eq(page.slug)))
                    .set(Retitle { slug: page.slug, title: page.title })
                    .or_insert(page.clone())
                    .execute(conn))
            }};
        }
        macro_rules! get {
            ($id:expr) => {
                go!(slugs::table.find($id).select(Page::as_select()).first::<Page>(conn))?
            };
        }
        assert_eq!(put!(&page)?, Resurrected::Inserted);
        assert_eq!(put!(&NewPage { id: 2, parent_id: Some(1), slug: "sub", title: "child" })?, Resurrected::Inserted);
        let mut row = get!(1);
        go!(row.delete(conn))?;
        assert!(get!(2).deleted_at.is_some());
        assert_eq!(put!(&NewPage { id: 9, title: "two", ..page.clone() })?, Resurrected::Restored);
        let back = get!(1);
        assert_eq!((back.title.as_str(), back.deleted_at, back.created_at), ("two", None, row.created_at));
        assert!(back.version > row.version);
        assert_eq!((get!(2).title.as_str(), get!(2).deleted_at), ("child", None));
        // A live row holds it: the unique index refuses, and nothing changed.
        let taken = put!(&NewPage { id: 9, title: "three", ..page.clone() });
        assert!(
            matches!(&taken, Err(Error::Database(diesel::result::Error::DatabaseError(UniqueViolation, _)))),
            "{taken:?}"
        );
        assert_eq!(get!(1), back);
        let all: i64 = go!(Page::with_deleted().count().get_result(conn))?;
        assert_eq!(all, 2);
    }

    /// Without values the row comes back as it was; a managed column is
    /// refused, and a deleted parent too.
    async fn refusals(db: slug_table, conn) {
        for (id, parent_id, slug) in [(1, None, "a"), (2, Some(1), "b")] {
            go!(diesel::insert_into(slugs::table)
                .values((slugs::id.eq(id), slugs::parent_id.eq(parent_id), slugs::slug.eq(slug), slugs::title.eq("t")))
                .execute(conn))?;
        }
        go!(handleref::delete(slugs::table.find(1)).execute(conn))?;
        let refused = go!(handleref::resurrect(slugs::table.filter(slugs::slug.eq("b")))
            .or_insert((slugs::id.eq(9), slugs::slug.eq("b"), slugs::title.eq("t")))
            .execute(conn));
        assert!(matches!(refused, Err(Error::ParentDeleted { parent: "Page", .. })), "{refused:?}");
        let refused = go!(handleref::resurrect(slugs::table.filter(slugs::slug.eq("a")))
            .set(slugs::version.eq(1))
            .or_insert((slugs::id.eq(9), slugs::slug.eq("a"), slugs::title.eq("t")))
            .execute(conn));
        assert!(matches!(refused, Err(Error::ManagedColumn { column: "version", .. })), "{refused:?}");
        let done = go!(handleref::resurrect(slugs::table.filter(slugs::slug.eq("a")))
            .or_insert((slugs::id.eq(9), slugs::slug.eq("a"), slugs::title.eq("t")))
            .execute(conn))?;
        assert_eq!(done, Resurrected::Restored);
        let live: Vec<i32> = go!(Slug::undeleted().order(slugs::id).select(slugs::id).load(conn))?;
        assert_eq!(live, [1, 2]);
    }
}
