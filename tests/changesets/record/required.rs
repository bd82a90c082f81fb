//! Tables that are changed only in a changeset.

use super::*;
use crate::support::{Engine, each_engine};
use diesel::AsChangeset;
use handleref::Outcome;

diesel::table! {
    ledgers (id) {
        id -> Integer,
        amount -> Integer,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(
    Debug,
    Clone,
    PartialEq,
    Serialize,
    Queryable,
    Selectable,
    Identifiable,
    AsChangeset,
    HandleRef,
    Recorded,
)]
#[diesel(table_name = ledgers)]
#[recorded(require_changeset)]
pub(super) struct Ledger {
    pub(super) id: i32,
    pub(super) amount: i32,
    #[diesel(skip_update)]
    pub(super) version: i64,
    #[diesel(skip_update)]
    pub(super) created_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub(super) updated_at: NaiveDateTime,
    #[diesel(skip_update)]
    pub(super) deleted_at: Option<NaiveDateTime>,
}

const WHAT_TO_DO: &str = "handleref: ledgers needs a changeset; see `in_changeset`";

/// Diesel's error says what to do, and ours is of its own kind.
fn says_what_to_do<T: std::fmt::Debug>(what: &str, result: Result<T, diesel::result::Error>) {
    let error = result.expect_err(what);
    assert_eq!(error.to_string(), WHAT_TO_DO, "{what}");
    is_required(what, Err::<(), _>(Error::from(error)));
}

fn is_required<T: std::fmt::Debug>(what: &str, result: Result<T, Error>) {
    let error = result.expect_err(what);
    assert!(
        matches!(&error, Error::ChangesetRequired { table } if table == "ledgers"),
        "{what}: {error:?}"
    );
    assert_eq!(
        error.to_string(),
        "ledgers needs a changeset; see `in_changeset`",
        "{what}"
    );
}

macro_rules! filled {
    ($conn:expr) => {
        go!(in_changeset_async(
            $conn,
            Changeset::by("opening"),
            async |conn| {
                let rows: Vec<_> = (1..=3)
                    .map(|id| (ledgers::id.eq(id), ledgers::amount.eq(100 * id)))
                    .collect();
                for row in rows {
                    go!(diesel::insert_into(ledgers::table)
                        .values(row)
                        .execute(conn))?;
                }
                Ok::<_, Error>(())
            }
        ))?
    };
}

/// The live rows, and how many records there are.
macro_rules! everything {
    ($conn:expr) => {{
        let rows = go!(ledgers::table
            .order(ledgers::id)
            .select(Ledger::as_select())
            .load::<Ledger>($conn))?;
        (
            rows,
            go!(Ledger::records().count().get_result::<i64>($conn))?,
        )
    }};
}

macro_rules! load {
    ($conn:expr, $id:expr) => {
        go!(ledgers::table
            .find($id)
            .select(Ledger::as_select())
            .first::<Ledger>($conn))?
    };
}

each_engine! {
    /// One that has ended, or never was, is none, whatever a session says.
    async fn one_that_is_not_open_is_refused(db: tables, conn) {
        filled!(conn);
        let before = everything!(conn);
        let ended = go!(handleref::changesets().load(conn))?[0].no.0;
        for number in [ended, 999] {
            let (say, unsay) = match db.engine {
                Engine::Sqlite => (
                    format!("UPDATE handleref_context SET changeset = {number}"),
                    "UPDATE handleref_context SET changeset = NULL".to_owned(),
                ),
                Engine::Postgres => (
                    format!("SELECT set_config('handleref.changeset_' || 'handleref_changesets'::regclass::oid, '{number}', false)"),
                    "SELECT set_config('handleref.changeset_' || 'handleref_changesets'::regclass::oid, '', false)".to_owned(),
                ),
                Engine::Mysql => (
                    format!("SET @handleref_changeset = {number}, @handleref_changeset_in = DATABASE()"),
                    "SET @handleref_changeset = NULL".to_owned(),
                ),
            };
            go!(diesel::sql_query(say).execute(conn))?;
            for sql in [
                "INSERT INTO ledgers (id, amount) VALUES (20, 1), (21, 2)",
                "UPDATE ledgers SET amount = amount + 1",
                "UPDATE ledgers SET amount = 5 WHERE id = 1",
                "DELETE FROM ledgers WHERE id = 1",
            ] {
                says_what_to_do(sql, go!(diesel::sql_query(sql).execute(conn)));
            }
            go!(diesel::sql_query(unsay).execute(conn))?;
            assert_eq!(everything!(conn), before);
        }
    }

    /// Outside of a changeset, the database refuses whatever would be a record.
    async fn outside_it_is_refused(db: tables, conn) {
        filled!(conn);
        let before = everything!(conn);
        assert_eq!((before.0.len(), before.1), (3, 3));
        let row = (ledgers::id.eq(9), ledgers::amount.eq(9));
        says_what_to_do("insert", go!(diesel::insert_into(ledgers::table).values(row).execute(conn)));
        says_what_to_do("update", go!(diesel::update(ledgers::table.find(1)).set(ledgers::amount.eq(1)).execute(conn)));
        says_what_to_do("updates", go!(diesel::update(ledgers::table).set(ledgers::amount.eq(1)).execute(conn)));
        // The first row has this amount already, the others have not.
        says_what_to_do("some updates", go!(diesel::update(ledgers::table).set(ledgers::amount.eq(100)).execute(conn)));
        says_what_to_do("delete", go!(diesel::delete(ledgers::table.find(1)).execute(conn)));
        says_what_to_do("deletes", go!(diesel::delete(ledgers::table).execute(conn)));
        for sql in [
            "INSERT INTO ledgers (id, amount) VALUES (20, 1), (21, 2)",
            "INSERT INTO ledgers (id, amount) SELECT id + 30, amount FROM ledgers",
            "UPDATE ledgers SET amount = amount + 1",
            "UPDATE ledgers SET deleted_at = updated_at WHERE id = 2",
            "UPDATE ledgers SET id = 40 WHERE id = 2",
            "DELETE FROM ledgers WHERE id > 1",
        ] {
            says_what_to_do(sql, go!(diesel::sql_query(sql).execute(conn)));
            assert_eq!(everything!(conn), before, "{sql}");
        }
        // The verbs of handleref.
        let mut ledger = load!(conn, 1);
        ledger.amount = 7;
        is_required("save", go!(ledger.save(conn)));
        let mut ledger = load!(conn, 1);
        is_required("soft delete", go!(ledger.delete(conn)));
        is_required("hard delete", go!(load!(conn, 1).hard_delete(conn)));
        is_required("update of a set", go!(handleref::update(ledgers::table).set(ledgers::amount.eq(1)).execute(conn)).map_err(Error::from));
        is_required("delete of a set", go!(handleref::delete(ledgers::table).execute(conn)).map_err(Error::from));
        assert_eq!(everything!(conn), before);
        // In a transaction it is an error as others are.
        let failed: Result<(), Error> = transaction!(conn, inner, {
            go!(diesel::insert_into(shelves::table)
                .values((shelves::id.eq(1), shelves::name.eq("x"))).execute(inner))?;
            go!(diesel::update(ledgers::table.find(1)).set(ledgers::amount.eq(1)).execute(inner))?;
            Ok(())
        });
        is_required("in a transaction", failed);
        assert_eq!(go!(shelves::table.count().get_result::<i64>(conn))?, 0);
        let other = &mut connect!(db);
        assert_eq!(everything!(other), before);
        assert_eq!(stored!(other).len(), 1);
        // A table beside it requires nothing.
        go!(diesel::insert_into(shelves::table)
            .values((shelves::id.eq(1), shelves::name.eq("x"))).execute(conn))?;
    }

    /// What is no record needs no changeset.
    async fn what_changes_nothing_passes(_db: tables, conn) {
        filled!(conn);
        let before = everything!(conn);
        go!(diesel::update(ledgers::table.find(1)).set(ledgers::amount.eq(100)).execute(conn))?;
        go!(diesel::update(ledgers::table).set(ledgers::amount.eq(ledgers::amount)).execute(conn))?;
        go!(diesel::update(ledgers::table.find(9)).set(ledgers::amount.eq(1)).execute(conn))?;
        go!(diesel::delete(ledgers::table.find(9)).execute(conn))?;
        let mut ledger = load!(conn, 1);
        go!(ledger.save(conn))?;
        let (rows, records) = everything!(conn);
        let amounts = |rows: &[Ledger]| rows.iter().map(|row| row.amount).collect::<Vec<_>>();
        assert_eq!((amounts(&rows), records), (amounts(&before.0), before.1));
    }

    /// Inside it works, by whatever way, and the records carry it; before and
    /// after, it is refused again.
    async fn inside_it_works(_db: tables, conn) {
        filled!(conn);
        go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            go!(diesel::insert_into(ledgers::table).values((ledgers::id.eq(9), ledgers::amount.eq(9))).execute(conn))?;
            go!(diesel::update(ledgers::table).set(ledgers::amount.eq(1)).execute(conn))?;
            let mut ledger = load!(conn, 1);
            ledger.amount = 2;
            go!(ledger.save(conn))?;
            go!(ledger.delete(conn))?;
            go!(ledger.restore(conn))?;
            go!(diesel::sql_query("UPDATE ledgers SET amount = 3 WHERE id = 2").execute(conn))?;
            go!(diesel::delete(ledgers::table.find(3)).execute(conn))?;
            Ok::<_, Error>(())
        }))?;
        let stored = stored!(conn);
        assert_eq!(stored.len(), 2);
        let records = go!(Ledger::records().order(LedgerRecords::RECORD_ID)
            .select((LedgerRecords::OPERATION, LedgerRecords::CHANGESET)).load::<(Operation, Option<i64>)>(conn))?;
        let of = |no: i64| records.iter().filter(|(_, it)| *it == Some(no)).count();
        assert_eq!((of(stored[0].id), of(stored[1].id), records.len()), (3, 10, 13));
        let before = everything!(conn);
        says_what_to_do("after", go!(diesel::delete(ledgers::table).execute(conn)));
        // One that fails, and one that is dropped, leave nothing open.
        let failed = go!(in_changeset_async(conn, Changeset::by("fails"), async |conn| {
            go!(diesel::delete(ledgers::table).execute(conn))?;
            Err::<(), Error>(refused())
        }));
        assert!(failed.is_err());
        says_what_to_do("after an error", go!(diesel::delete(ledgers::table).execute(conn)));
        go!(go!(open_changeset(conn, Changeset::by("discarded")))?.discard())?;
        says_what_to_do("after an open changeset", go!(diesel::delete(ledgers::table).execute(conn)));
        assert_eq!(everything!(conn), before);
    }

    /// What brings the past back needs a changeset as everything else, and carries it.
    async fn reverts_and_reinserts(_db: tables, conn) {
        filled!(conn);
        go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            go!(diesel::update(ledgers::table.find(1)).set(ledgers::amount.eq(1)).execute(conn))?;
            go!(diesel::delete(ledgers::table.find(2)).execute(conn))?;
            go!(diesel::delete(ledgers::table.find(3)).execute(conn))?;
            Ok::<_, Error>(())
        }))?;
        let before = everything!(conn);
        let mut ledger = load!(conn, 1);
        is_required("revert", go!(ledger.revert(conn, 1)));
        assert_eq!(ledger, load!(conn, 1));
        let plan = go!(ledger.revert_plan(conn, 1))?;
        is_required("plan", go!(plan.apply(conn)));
        is_required("reinsert", go!(Ledger::reinsert(conn, &2)));
        assert_eq!(everything!(conn), before);

        let no = go!(in_changeset_async(conn, Changeset::by("ben"), async |conn| {
            assert_eq!(go!(ledger.revert(conn, 1))?, Outcome::Written);
            let back = go!(Ledger::reinsert(conn, &2))?;
            assert_eq!((ledger.amount, ledger.version, back.amount, back.version), (100, 3, 200, 3));
            // Gone as it is, a plan inserts it again.
            let gone = Ledger { id: 3, ..back };
            let plan = go!(gone.revert_plan(conn, 1))?;
            assert!(plan.reinsert, "{plan}");
            go!(plan.apply(conn))?;
            Ok::<_, Error>(go!(current_changeset(conn))?)
        }))?;
        let records = go!(Ledger::records().filter(LedgerRecords::CHANGESET.eq(no.map(|no| no.0))).order(LedgerRecords::RECORD_ID)
            .select((ledgers::id, LedgerRecords::OPERATION, ledgers::amount)).load::<(i32, Operation, i32)>(conn))?;
        assert_eq!(records, [(1, Operation::Update, 100), (2, Operation::Insert, 200), (3, Operation::Insert, 300)]);
        let (rows, count) = everything!(conn);
        assert_eq!((rows.iter().map(|row| row.amount).collect::<Vec<_>>(), count), (vec![100, 200, 300], 9));
        is_required("after", go!(ledger.revert(conn, 2)));
    }

    /// A refusal inside of another transaction leaves the choice to the caller.
    async fn a_refusal_that_is_caught(_db: tables, conn) {
        filled!(conn);
        transaction!(conn, inner, {
            go!(diesel::insert_into(shelves::table)
                .values((shelves::id.eq(1), shelves::name.eq("x"))).execute(inner))?;
            let refused: Result<(), Error> = transaction!(inner, innermost, {
                go!(diesel::delete(ledgers::table).execute(innermost))?;
                Ok(())
            });
            is_required("in a savepoint", refused);
            go!(in_changeset_async(inner, Changeset::by("ann"), async |conn| {
                go!(diesel::delete(ledgers::table.find(1)).execute(conn))?;
                Ok::<_, Error>(())
            }))?;
            Ok(())
        })?;
        let (rows, records) = everything!(conn);
        assert_eq!((rows.len(), records), (2, 4));
        assert_eq!(go!(shelves::table.count().get_result::<i64>(conn))?, 1);
    }

    /// What is not recorded needs no changeset.
    async fn a_pause_passes(_db: tables, conn) {
        filled!(conn);
        go!(without_recording_async(conn, "import", async |conn| {
            go!(diesel::insert_into(ledgers::table).values((ledgers::id.eq(9), ledgers::amount.eq(9))).execute(conn))?;
            go!(diesel::update(ledgers::table.find(1)).set(ledgers::amount.eq(1)).execute(conn))?;
            go!(diesel::delete(ledgers::table.find(2)).execute(conn))?;
            Ok::<_, Error>(())
        }))?;
        let (rows, records) = everything!(conn);
        let amounts: Vec<_> = rows.iter().map(|row| (row.id, row.amount)).collect();
        assert_eq!((amounts, records), (vec![(1, 1), (3, 300), (9, 9)], 3));
        says_what_to_do("after", go!(diesel::delete(ledgers::table).execute(conn)));
        assert_eq!(stored!(conn).len(), 1);
    }
}
