//! What handleref manages is not written by hand: the time of the creation too.

use crate::support::each_engine;
use crate::support::recorded::{Author, authors, papers as tables};
use diesel::prelude::ExpressionMethods;
use diesel::{AsChangeset, QueryDsl, SelectableHelper};
use handleref::Error;

#[derive(AsChangeset)]
#[diesel(table_name = authors)]
struct Form {
    name: String,
    created_at: Option<chrono::NaiveDateTime>,
}

macro_rules! refused {
    ($result:expr) => {
        match Error::from($result.unwrap_err()) {
            Error::ManagedColumn {
                model: "Author",
                column: "created_at",
            } => {}
            other => panic!("{other:?}"),
        }
    };
}

each_engine! {
    /// By an assignment, a tuple, a derived changeset or a resurrection.
    async fn created_at_is_managed(db: tables, conn) {
        go!(diesel::insert_into(authors::table)
            .values((authors::id.eq(1), authors::name.eq("ann")))
            .execute(conn))?;
        let author = go!(authors::table.find(1).select(Author::as_select()).first::<Author>(conn))?;
        let then = author.created_at - chrono::TimeDelta::days(1);
        refused!(go!(handleref::update(authors::table).set(authors::created_at.eq(then)).execute(conn)));
        refused!(go!(handleref::update(authors::table.find(1))
            .set((authors::name.eq("bob"), authors::created_at.eq(then)))
            .execute(conn)));
        let form = Form { name: "bob".to_owned(), created_at: Some(then) };
        refused!(go!(handleref::update(&author).set(&form).execute(conn)));
        go!(handleref::delete(authors::table.find(1)).execute(conn))?;
        let resurrected = handleref::resurrect(authors::table.filter(authors::name.eq("ann")))
            .set(authors::created_at.eq(then))
            .or_insert((authors::id.eq(2), authors::name.eq("ann")));
        match go!(resurrected.execute(conn)) {
            Err(Error::ManagedColumn { column: "created_at", .. }) => {}
            other => panic!("{other:?}"),
        }
        let found = go!(authors::table.find(1).select(Author::as_select()).first::<Author>(conn))?;
        assert_eq!((found.created_at, found.version), (author.created_at, 2));

        // A form that leaves it alone may have the field, and an insert may set it.
        go!(handleref::restore(authors::table.find(1)).execute(conn))?;
        let form = Form { name: "bob".to_owned(), created_at: None };
        assert_eq!(go!(handleref::update(authors::table.find(1)).set(&form).execute(conn))?, 1);
        go!(diesel::insert_into(authors::table)
            .values((authors::id.eq(3), authors::name.eq("cleo"), authors::created_at.eq(then)))
            .execute(conn))?;
        let found = go!(authors::table.find(3).select(Author::as_select()).first::<Author>(conn))?;
        assert_eq!(found.created_at, then);
    }
}
