//! Columns that the database computes: a save leaves them out, and so does
//! what brings the past back.

use crate::support::{Db, Engine, each_engine};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, Queryable, Selectable, SelectableHelper};
use handleref::prelude::*;
use handleref::schema::ProblemKind;
use handleref::{Error, Outcome};

macro_rules! model {
    ($name:ident $(, $attr:meta)?) => {
        mod $name {
            use super::*;
            diesel::table! {
                bills (id) {
                    id -> Integer,
                    net -> Integer,
                    gross -> Nullable<Integer>,
                    label -> Nullable<Text>,
                    version -> BigInt,
                }
            }
            #[derive(Debug, Clone, PartialEq, serde::Serialize, Queryable, Selectable, HandleRef, Recorded)]
            #[diesel(table_name = bills)]
            pub struct Bill {
                pub id: i32,
                pub net: i32,
                $(#[$attr])?
                pub gross: Option<i32>,
                $(#[$attr])?
                pub label: Option<String>,
                pub version: i64,
            }
        }
    };
}
model!(marked, handleref(generated));
model!(skipped, diesel(skip_update));
model!(unmarked);

fn tables(db: &Db) {
    // PostgreSQL 15 computes when a row is written, and no later.
    let kind = if db.engine == Engine::Postgres {
        "STORED"
    } else {
        "VIRTUAL"
    };
    db.create(&format!(
        "CREATE TABLE bills (id {{KEY}} PRIMARY KEY, net INTEGER NOT NULL, gross INTEGER GENERATED ALWAYS AS (net * 2) STORED, \
         label VARCHAR(20) GENERATED ALWAYS AS (CASE WHEN net > 10 THEN 'much' ELSE 'little' END) {kind}, \
         version BIGINT NOT NULL DEFAULT 1)"
    ));
    db.install(&handleref::schema![marked::Bill]);
}

macro_rules! insert {
    ($model:ident, $conn:expr) => {{
        go!(diesel::insert_into($model::bills::table)
            .values(($model::bills::id.eq(1), $model::bills::net.eq(5)))
            .execute($conn))?;
        get!($model, $conn)
    }};
}
macro_rules! get {
    ($model:ident, $conn:expr) => {
        go!($model::bills::table
            .find(1)
            .select($model::Bill::as_select())
            .first::<$model::Bill>($conn))?
    };
}

each_engine! {
    /// With the attribute, `save` leaves them out and reads them back.
    async fn a_marked_field(db: tables, conn) {
        let report = go!(handleref::schema![marked::Bill].check(conn))?;
        assert!(report.is_ok(), "{report}");
        let mut bill = insert!(marked, conn);
        assert_eq!((bill.gross, bill.label.as_deref()), (Some(10), Some("little")));
        bill.net = 50;
        bill.gross = Some(1);
        assert_eq!(go!(bill.save(conn))?, Outcome::Written);
        assert_eq!((bill.gross, bill.label.as_deref()), (Some(100), Some("much")));
        assert_eq!(bill, get!(marked, conn));
        assert_eq!(go!(bill.save(conn))?, Outcome::Unchanged);
        go!(bill.revert(conn, 1))?;
        assert_eq!((bill.net, bill.gross, bill.version), (5, Some(10), 3));
        go!(bill.hard_delete(conn))?;
        bill = go!(marked::Bill::reinsert(conn, &1))?;
        assert_eq!((bill.net, bill.gross, bill.label.as_deref()), (5, Some(10), Some("little")));
        let gross: Vec<Option<i32>> = go!(bill.history()
            .order(marked::BillRecords::RECORD_ID)
            .select(marked::bills::gross)
            .load(conn))?;
        assert_eq!(gross, [Some(10), Some(100), Some(10), Some(10), Some(10)]);
    }

    /// Diesel's `skip_update` says as much.
    async fn a_field_that_diesel_skips(db: tables, conn) {
        let report = go!(handleref::schema![skipped::Bill].check(conn))?;
        assert!(report.is_ok(), "{report}");
        let mut bill = insert!(skipped, conn);
        bill.net = 50;
        assert_eq!(go!(bill.save(conn))?, Outcome::Written);
        assert_eq!(bill, get!(skipped, conn));
    }

    /// Without either, `check` names the fields, and a save fails in clear words.
    async fn an_unmarked_field(db: tables, conn) {
        let schema = handleref::schema![unmarked::Bill];
        let report = go!(schema.check(conn))?;
        let named: Vec<_> = report
            .iter()
            .filter(|it| it.kind == ProblemKind::Generated)
            .map(|it| it.column.clone().unwrap())
            .collect();
        assert_eq!(named, ["gross", "label"]);
        assert!(go!(schema.install(conn))?.is_empty());
        let mut bill = insert!(unmarked, conn);
        bill.net = 50;
        match go!(bill.save(conn)) {
            Err(Error::GeneratedColumn { column }) => assert!(["gross", "label"].contains(&column.as_str())),
            other => panic!("{other:?}"),
        }
        assert_eq!(get!(unmarked, conn).net, 5);
    }
}

/// An identity that is always generated is no key here, and is not written.
#[cfg(feature = "postgres")]
mod an_identity {
    use crate::support::{Db, Done};
    use diesel::prelude::*;
    use handleref::prelude::*;

    diesel::table! {
        tickets (id) {
            id -> Integer,
            number -> Integer,
            title -> Text,
            version -> BigInt,
        }
    }

    #[derive(
        Debug, Clone, PartialEq, serde::Serialize, Queryable, Selectable, HandleRef, Recorded,
    )]
    #[diesel(table_name = tickets)]
    struct Ticket {
        id: i32,
        #[handleref(generated)]
        number: i32,
        title: String,
        version: i64,
    }

    #[test]
    fn postgres() -> Done {
        let db = Db::postgres();
        db.execute(
            "CREATE TABLE tickets (id INTEGER PRIMARY KEY, number INTEGER NOT NULL GENERATED ALWAYS AS IDENTITY, title TEXT NOT NULL,
             version BIGINT NOT NULL DEFAULT 1)",
        );
        let conn = &mut db.connect::<diesel::PgConnection>();
        handleref::schema![Ticket].install(conn)?;
        diesel::insert_into(tickets::table)
            .values((tickets::id.eq(1), tickets::title.eq("one")))
            .execute(conn)?;
        let mut ticket: Ticket = tickets::table
            .find(1)
            .select(Ticket::as_select())
            .first(conn)?;
        ticket.title = "two".to_owned();
        ticket.save(conn)?;
        ticket.revert(conn, 1)?;
        assert_eq!(ticket.title, "one");
        ticket.hard_delete(conn)?;
        // The row comes back with the number that it had.
        assert_eq!(Ticket::reinsert(conn, &1)?.number, ticket.number);
        Ok(())
    }
}
