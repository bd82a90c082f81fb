//! What the verbs leave prepared on a connection: themselves, whatever their
//! values, and no more than some texts if the values decide the text.

use crate::support::kept::Kept;
use crate::support::{Db, Done};
use diesel::connection::{Connection, SimpleConnection};
use diesel::prelude::{AsChangeset, ExpressionMethods};
use diesel::{QueryDsl, Queryable, RunQueryDsl, Selectable, SelectableHelper};
use handleref::prelude::*;

diesel::table! {
    forms (id) {
        id -> Integer,
        a -> Nullable<Integer>,
        b -> Nullable<Integer>,
        c -> Nullable<Integer>,
        d -> Nullable<Integer>,
        e -> Nullable<Integer>,
        f -> Nullable<Integer>,
        g -> Nullable<Integer>,
        version -> BigInt,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef)]
#[diesel(table_name = forms)]
struct Form {
    id: i32,
    a: Option<i32>,
    b: Option<i32>,
    c: Option<i32>,
    d: Option<i32>,
    e: Option<i32>,
    f: Option<i32>,
    g: Option<i32>,
    version: i64,
    deleted_at: Option<chrono::NaiveDateTime>,
}

/// What a request says: `None` leaves a column alone.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = forms)]
struct Patch {
    a: Option<i32>,
    b: Option<i32>,
    c: Option<i32>,
    d: Option<i32>,
    e: Option<i32>,
    f: Option<i32>,
    g: Option<i32>,
}

impl Patch {
    /// The columns of the bits that are set.
    fn of(bits: i32) -> Self {
        let bit = |at: i32| (bits >> at & 1 == 1).then_some(bits);
        Self {
            a: bit(0),
            b: bit(1),
            c: bit(2),
            d: bit(3),
            e: bit(4),
            f: bit(5),
            g: bit(6),
        }
    }
}

fn tables(db: &Db) {
    db.create(
        "CREATE TABLE forms (id {KEY} PRIMARY KEY, a INTEGER, b INTEGER, c INTEGER, d INTEGER, e INTEGER, f INTEGER, \
         g INTEGER, version BIGINT NOT NULL DEFAULT 1, deleted_at {TIME})",
    );
    db.install(&handleref::schema![Form]);
    for id in 1..=4 {
        db.execute(&format!("INSERT INTO forms (id) VALUES ({id})"));
    }
}

/// The updates among what was kept.
fn updates(kept: &Kept) -> Vec<String> {
    let texts = kept.take().into_iter();
    texts.filter(|sql| sql.starts_with("UPDATE")).collect()
}

macro_rules! engines {
    ($($feature:literal $engine:ident $conn:ty;)*) => { $(
        #[cfg(feature = $feature)]
        mod $engine {
            use super::*;

            fn connect(db: &Db) -> ($conn, Kept) {
                tables(db);
                let mut conn = db.connect::<$conn>();
                let kept = Kept::default();
                conn.set_instrumentation(kept.hears());
                (conn, kept)
            }

            fn get(conn: &mut $conn, id: i32) -> diesel::QueryResult<Form> {
                forms::table.find(id).select(Form::as_select()).first(conn)
            }

            #[test]
            fn verbs_are_prepared_once() -> Done {
                let db = Db::$engine();
                let (mut conn, kept) = connect(&db);
                for round in 1..=3 {
                    let target = forms::table.find(round);
                    assert_eq!(handleref::update(target).set(forms::a.eq(round)).execute(&mut conn)?, 1);
                    let narrow = handleref::update(forms::table).set(forms::b.eq(round));
                    assert_eq!(narrow.filter(forms::id.eq(round)).execute(&mut conn)?, 1);
                    assert_eq!(handleref::delete(target).execute(&mut conn)?, 1);
                    assert_eq!(handleref::restore(target).execute(&mut conn)?, 1);
                    let (a, version) = (Some(round), 5);
                    let form = get(&mut conn, round)?;
                    assert_eq!((form.a, form.b, form.version), (a, a, version));
                    let expected = if round == 1 { 4 } else { 0 };
                    assert_eq!(updates(&kept).len(), expected, "round {round}");
                }
                Ok(())
            }

            /// Each set of columns is another text.
            #[test]
            fn there_is_an_end_of_it() -> Done {
                let db = Db::$engine();
                let (mut conn, kept) = connect(&db);
                for bits in 1..128 {
                    let patch = Patch::of(bits);
                    assert_eq!(handleref::update(forms::table.find(4)).set(patch).execute(&mut conn)?, 1);
                    let form = get(&mut conn, 4)?;
                    assert_eq!(form.version, i64::from(bits) + 1);
                    assert_eq!(form.a == Some(bits), bits & 1 == 1);
                }
                let kept = updates(&kept).len();
                assert!((1..=100).contains(&kept), "{kept}");
                Ok(())
            }

            /// Nor is each number of keys.
            #[test]
            fn lists_are_not_kept() -> Done {
                let db = Db::$engine();
                let (mut conn, kept) = connect(&db);
                for some in 1..=4 {
                    let ids: Vec<i32> = (1..=some).collect();
                    let target = forms::table.filter(forms::id.eq_any(ids));
                    let rows = handleref::update(target).set(forms::c.eq(some)).execute(&mut conn)?;
                    assert_eq!(i32::try_from(rows)?, some);
                }
                // PostgreSQL takes a list as one value.
                assert!(updates(&kept).len() <= 1);
                Ok(())
            }

            /// What is kept sees a table that has changed since.
            #[test]
            fn a_table_may_change() -> Done {
                let db = Db::$engine();
                let (mut conn, _) = connect(&db);
                let mut update = |value: i32| {
                    handleref::update(forms::table.find(1)).set(forms::a.eq(value)).execute(&mut conn)
                };
                assert_eq!(update(1)?, 1);
                assert_eq!(update(2)?, 1);
                db.connect::<$conn>().batch_execute("ALTER TABLE forms ADD COLUMN later INTEGER")?;
                assert_eq!(update(3)?, 1);
                db.install(&handleref::schema![Form]);
                assert_eq!(update(4)?, 1);
                let form = get(&mut conn, 1)?;
                assert_eq!((form.a, form.version), (Some(4), 5));
                Ok(())
            }
        }
    )* };
}

engines! {
    "sqlite" sqlite diesel::SqliteConnection;
    "postgres" postgres diesel::PgConnection;
    "mysql" mysql diesel::MysqlConnection;
}
