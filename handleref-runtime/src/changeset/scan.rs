//! Recording what the triggers could not see.

use super::meta::ChangesetMeta;
use super::open::Open;
use crate::context::Scope;
use crate::error::Error;
use crate::history::any::AnyKey;
use crate::history::{ChangesetNo, Recall, Recorded};
use crate::schema::{RecordedTable, Schema};
use crate::session::{Boxed, Executor, Isolation, Session};
use place::Place;
use std::fmt;
use std::marker::PhantomData;

mod find;
mod lock;
mod place;
mod write;

/// So many keys are looked for by one statement.
const KEYS: usize = 250;

/// Compares rows with their history, and records what it does not know.
///
/// ```text
/// // The first state of everything, as one changeset.
/// scan().schema(&schema![Article, Topic])
///     .meta(Changeset::anonymous().comment("Initial data")).execute(conn)?;
/// // What no trigger saw.
/// let scanned = scan().model::<Article>().execute(conn)?;
/// println!("{scanned}");                                // changeset 7: 3 updated, 1 deleted
/// // Some rows only, and rows that are gone.
/// scan().row(&article).rows(&articles).key::<Topic>(&7).execute(conn)?;
/// // After a bulk delete.
/// scan().model::<Article>().deletions_only().execute(conn)?;
/// ```
///
/// That is for rows that are older than the recording, and for changes that
/// set off no trigger: foreign keys that act on MySQL and MariaDB, a dump that
/// was restored, triggers that were switched off,
/// [`without_recording`](crate::maintain::without_recording).
/// See [`execute`](Scan::execute) for what is recorded.
///
/// It is no [backfill](crate::maintain::Backfill): that says how rows
/// were when recording began, and is what time travel asks for; a scan says
/// that they are so now. Where both are wanted, the backfill comes first.
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct Scan<C: Executor> {
    work: Work,
    connection: PhantomData<fn(&mut C)>,
}

/// What is looked at, and how.
#[derive(Debug)]
struct Work {
    places: Vec<Place>,
    deletions_only: bool,
    meta: ChangesetMeta,
}

/// A [`Scan`] of nothing yet; say what to look at.
///
/// ```text
/// let scanned = scan().model::<Article>().execute(conn)?;
/// assert!(scan().model::<Article>().execute(conn)?.is_empty()); // now history knows
/// ```
pub fn scan<C: Executor>() -> Scan<C> {
    Scan {
        work: Work {
            places: Vec::new(),
            deletions_only: false,
            meta: ChangesetMeta::new(),
        },
        connection: PhantomData,
    }
}

/// What a [`Scan`] has recorded.
///
/// ```
/// use handleref_runtime::changeset::Scanned;
/// let scanned = Scanned::default();
/// assert!(scanned.is_empty());
/// assert_eq!(scanned.to_string(), "nothing to record");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Scanned {
    /// The changeset that has the records; none if there was nothing to record.
    pub changeset: Option<ChangesetNo>,
    /// Rows that history did not know.
    pub inserted: i64,
    /// Rows that were different.
    pub updated: i64,
    /// Rows that were soft-deleted.
    pub soft_deleted: i64,
    /// Rows that were soft-deleted, and are no more.
    pub restored: i64,
    /// Rows that are gone.
    pub deleted: i64,
}

impl Scanned {
    /// The number of records.
    pub fn total(&self) -> i64 {
        self.inserted + self.updated + self.soft_deleted + self.restored + self.deleted
    }

    /// Whether there was nothing to record.
    pub fn is_empty(&self) -> bool {
        self.total() == 0
    }

    fn count(&mut self, operation: &str, rows: i64) {
        let counter = match operation {
            "insert" => &mut self.inserted,
            "soft_delete" => &mut self.soft_deleted,
            "restore" => &mut self.restored,
            "delete" => &mut self.deleted,
            _ => &mut self.updated,
        };
        *counter += rows;
    }
}

impl fmt::Display for Scanned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing to record");
        }
        let parts = [
            (self.inserted, "inserted"),
            (self.updated, "updated"),
            (self.soft_deleted, "soft-deleted"),
            (self.restored, "restored"),
            (self.deleted, "deleted"),
        ];
        let parts = parts.iter().filter(|(rows, _)| *rows != 0);
        let parts: Vec<_> = parts.map(|(rows, what)| format!("{rows} {what}")).collect();
        if let Some(no) = self.changeset {
            write!(f, "changeset {}: ", no.0)?;
        }
        f.write_str(&parts.join(", "))
    }
}

impl<C: Executor> fmt::Debug for Scan<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("places", &self.work.places)
            .field("deletions_only", &self.work.deletions_only)
            .field("meta", &self.work.meta)
            .finish()
    }
}

impl<C: Executor + 'static> Scan<C> {
    /// All rows of a model, those that are gone as well.
    ///
    /// ```text
    /// scan().model::<Article>().model::<Topic>().execute(conn)?;
    /// ```
    pub fn model<M: Recorded>(mut self) -> Self {
        self.place(RecordedTable::of::<M>()).whole = true;
        self
    }

    /// Everything in a schema that is recorded.
    ///
    /// ```text
    /// scan().schema(&schema![Article, Topic]).execute(conn)?;
    /// ```
    pub fn schema(mut self, schema: &Schema) -> Self {
        for table in schema.recorded() {
            self.place(table).whole = true;
        }
        self
    }

    /// The row with the key of this instance, whether it is still there or not.
    /// What else the instance holds is not looked at.
    ///
    /// ```text
    /// scan().row(&article).row(&topic).execute(conn)?;
    /// ```
    pub fn row<M: Recall<C::Engine>>(self, row: &M) -> Self {
        self.key::<M>(&row.record_key())
    }

    /// The rows with the keys of these instances; as [`row`](Scan::row) for each.
    ///
    /// ```text
    /// scan().rows(&articles).execute(conn)?;
    /// ```
    pub fn rows<'m, M: Recall<C::Engine>>(self, rows: impl IntoIterator<Item = &'m M>) -> Self {
        rows.into_iter().fold(self, Self::row)
    }

    /// The row with this key, whether it is still there or not.
    ///
    /// ```text
    /// scan().key::<Article>(&7).execute(conn)?;
    /// ```
    pub fn key<M: Recall<C::Engine>>(mut self, key: &M::RecordKey) -> Self {
        let key = AnyKey::new::<M, C::Engine>(key.clone());
        self.place(RecordedTable::of::<M>())
            .keys
            .push(key.condition);
        self
    }

    /// Looks for rows that are gone, and for nothing else.
    ///
    /// ```text
    /// scan().model::<Article>().deletions_only().execute(conn)?;
    /// ```
    #[doc(alias = "delete_only")]
    pub fn deletions_only(mut self) -> Self {
        self.work.deletions_only = true;
        self
    }

    /// What the changeset says about itself. It is not used inside another
    /// changeset, which the records belong to then.
    ///
    /// ```text
    /// scan().model::<Article>().meta(Changeset::by("ann").comment("Initial data")).execute(conn)?;
    /// ```
    pub fn meta(mut self, meta: ChangesetMeta) -> Self {
        self.work.meta = meta;
        self
    }

    fn place(&mut self, facts: RecordedTable) -> &mut Place {
        let places = &mut self.work.places;
        let at = places.iter().position(|it| it.facts.same(&facts));
        let at = at.unwrap_or_else(|| {
            places.push(Place::new(facts));
            places.len() - 1
        });
        &mut places[at]
    }

    /// Compares and records, in one transaction (a savepoint, inside one).
    ///
    /// * A row that has no record, or whose last one is a `delete`, gets an
    ///   `insert`.
    /// * A row that differs from its last record, byte by byte, gets an
    ///   `update`, a `soft_delete` or a `restore`. The version and `updated_at`
    ///   do not count, nor do skipped and redacted columns and properties; but
    ///   a version that is lower than the last one recorded does.
    /// * A key whose last record is no `delete`, and that has no row, gets a
    ///   `delete` with the last state that history knows.
    ///
    /// A row for which the model's condition is not true is left out; one that
    /// is gone is not, because it is not known any more what it was then.
    ///
    /// A record has the version of its row, if that is greater than the last
    /// one recorded. Otherwise it has the next one, and so gets the row, with a
    /// new `updated_at`: versions of a row never repeat, and `since` sees what
    /// was repaired. Without a version column records are counted. All of them
    /// belong to one changeset: that which is open on the connection, or else
    /// one with what [`meta`](Scan::meta) says. They are written inside a pause
    /// too. If there is nothing to record, no changeset is stored.
    ///
    /// Each table takes a handful of statements, however many rows it has; rows
    /// that are named one by one take them for every 250.
    ///
    /// # Locks
    ///
    /// Until the end of the transaction no other session changes what is compared.
    /// On SQLite that is the whole database. On PostgreSQL the tables and their
    /// record tables are locked in the mode `SHARE ROW EXCLUSIVE`, which lets
    /// everyone read; it needs the right to update both, also if only some rows
    /// are looked at. On MySQL and MariaDB the rows are locked that are looked
    /// at: all rows of a model, for as long as the transaction lasts, so that
    /// writers wait, and may be chosen to end a deadlock. Prunes and erasures of
    /// the models wait on all engines.
    ///
    /// A transaction of its own is `READ COMMITTED` on servers. Inside one of
    /// the caller's on PostgreSQL that is `REPEATABLE READ` or `SERIALIZABLE`
    /// and has read before, it compares what that transaction sees: begin such
    /// a transaction with the scan.
    ///
    /// # Errors
    /// [`Error::NotInstalled`] if a model is not recorded in this database, and
    /// [`Error::Database`], deadlocks too; nothing is recorded then.
    ///
    /// ```text
    /// let scanned = scan().model::<Article>().execute(conn)?;
    /// assert_eq!((scanned.inserted, scanned.deleted), (3, 0));
    /// ```
    pub fn execute(self, conn: &mut C) -> C::Output<'_, Result<Scanned, Error>> {
        C::finish(run(conn, self.work, true))
    }
}

/// Whole tables, without their types; to see what would be recorded, or to record it.
#[cfg(feature = "manage")]
pub(crate) fn scanned(
    conn: &mut dyn Session,
    tables: impl IntoIterator<Item = RecordedTable>,
    meta: ChangesetMeta,
    record: bool,
) -> Boxed<'_, Result<Scanned, Error>> {
    let work = Work {
        places: tables.into_iter().map(Place::whole).collect(),
        deletions_only: false,
        meta,
    };
    run(conn, work, record)
}

/// What would be recorded of a whole table, and the key of one of its rows.
pub(crate) async fn looked(
    conn: &mut dyn Session,
    table: RecordedTable,
) -> Result<(Scanned, Option<String>), Error> {
    let place = Place::whole(table);
    let mut scope = Scope::open(conn).await?;
    let result = seen(scope.conn(), &place).await;
    let rolled_back = scope.roll_back().await;
    result.and_then(|found| rolled_back.map(|()| found))
}

async fn seen(conn: &mut dyn Session, place: &Place) -> Result<(Scanned, Option<String>), Error> {
    let (mut scanned, mut example) = (Scanned::default(), None);
    for keys in place.parts() {
        let found = find::find(conn, &place.facts, keys, false).await?;
        for (operation, rows) in &found.rows {
            scanned.count(operation, *rows);
        }
        if !scanned.is_empty() {
            example = find::example(conn, &place.facts).await?;
        }
        find::forget(conn).await?;
    }
    Ok((scanned, example))
}

fn run(conn: &mut dyn Session, work: Work, record: bool) -> Boxed<'_, Result<Scanned, Error>> {
    Box::pin(async move {
        let own = !conn.in_transaction();
        if own {
            // What it reads is never older than its locks.
            Isolation::ReadCommitted.announce(conn).await?;
        }
        // The locks come before all reads, so before the changeset.
        let mut scope = Scope::open(conn).await?;
        match record {
            true => {
                let result = work.recorded(scope.conn(), own).await;
                scope.finish(result).await
            }
            false => {
                // Without locks: nothing is kept of it.
                let result = work.compared(scope.conn(), None).await;
                let rolled_back = scope.roll_back().await;
                result.and_then(|found| rolled_back.map(|()| found))
            }
        }
    })
}

impl Work {
    async fn recorded(&self, conn: &mut dyn Session, own: bool) -> Result<Scanned, Error> {
        if own {
            Isolation::ReadCommitted.set(conn).await?;
        }
        lock::take(conn, &self.places).await?;
        let mut open = Open::begin(conn, &self.meta).await?;
        let changeset = open.changeset();
        let result = self.compared(open.conn(), Some(changeset)).await;
        let (mut scanned, _) = open.end(result).await?;
        // An outer changeset may be there without any of this.
        scanned.changeset = (!scanned.is_empty()).then_some(changeset);
        Ok(scanned)
    }

    /// Compares, and records in a changeset, if there is one.
    async fn compared(
        &self,
        conn: &mut dyn Session,
        changeset: Option<ChangesetNo>,
    ) -> Result<Scanned, Error> {
        let mut scanned = Scanned::default();
        for place in &self.places {
            for keys in place.parts() {
                if changeset.is_some() {
                    lock::rows(conn, &place.facts, keys).await?;
                }
                let found = find::find(conn, &place.facts, keys, self.deletions_only).await?;
                for (operation, rows) in &found.rows {
                    scanned.count(operation, *rows);
                }
                if let Some(changeset) = changeset {
                    write::write(conn, &place.facts, &found, changeset).await?;
                }
                find::forget(conn).await?;
            }
        }
        Ok(scanned)
    }
}
