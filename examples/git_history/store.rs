//! All that is asked of the database, in plain Diesel and the words of
//! handleref, once for each engine that is compiled in.

use crate::git::{Entry, Result};
use crate::models::{File, FileRecords, Merged, Replayed, State, Version, commits, files};
use diesel::connection::SimpleConnection;
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use handleref::changeset::Changes;
use handleref::changeset::{ChangesetMeta, ChangesetNo, ObjectRef, UndoPlan, undo_plan};
use handleref::history::Blame;
use handleref::history::{Diff, RecordNo};
use handleref::prelude::*;
use handleref::{Changeset, Operation, changesets, in_changeset};

/// A connection to any of the engines.
pub trait Store: Sized {
    /// Opens a database that has nothing yet, and makes the tables in it.
    fn create(url: &str) -> Result<Self>;
    /// What `work` does is one changeset, and done as a whole or not at all.
    fn record<T, W>(&mut self, meta: ChangesetMeta, work: W) -> Result<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Self) -> Result<T> + Send;
    /// What `work` does is undone afterwards, whatever comes of it.
    fn try_out<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T>;

    fn insert(&mut self, file: &State<'_>) -> Result<usize>;
    fn update(&mut self, file: &State<'_>) -> Result<usize>;
    fn delete(&mut self, path: &str) -> Result<usize>;
    /// The number of the last record; none if there is none.
    fn last_record(&mut self) -> Result<Option<i64>>;
    fn add_commit(&mut self, commit: &Replayed) -> Result<usize>;

    /// The replayed commits, `id` and `record_no`, in order.
    fn commits(&mut self) -> Result<Vec<(String, Option<i64>)>>;
    /// The table as it was after a record.
    fn tree(&mut self, as_of: RecordNo) -> Result<Vec<Entry>>;
    /// All paths that there ever were.
    fn paths(&mut self) -> Result<Vec<String>>;
    fn versions(&mut self, path: &str) -> Result<Vec<Version>>;
    /// A file in a version, in which it may have been deleted.
    fn version(&mut self, path: &str, version: i64) -> Result<File>;
    /// A file as it is now.
    fn now(&mut self, path: &str) -> Result<Option<File>>;
    fn diff(&mut self, file: &File, from: i64, to: i64) -> Result<Diff>;
    fn blame(&mut self, file: &File) -> Result<Vec<Blame>>;

    /// The changesets of a commit, of which there is at most one.
    fn changesets(&mut self, commit: &str) -> Result<Vec<Changeset>>;
    fn changes(&mut self, changeset: &Changeset) -> Result<Changes>;
    /// How many changesets an actor made.
    fn changesets_by(&mut self, actor: &str) -> Result<i64>;
    /// The commits that changed a file, the oldest first.
    fn commits_of(&mut self, path: &str) -> Result<Vec<String>>;
    /// What undoing a changeset would do, with these merged files.
    fn plan(&mut self, changeset: ChangesetNo, merged: &[Merged]) -> Result<UndoPlan>;
    fn undo(&mut self, plan: &UndoPlan) -> Result<Option<ChangesetNo>>;
    /// The table as it is now.
    fn tree_now(&mut self) -> Result<Vec<Entry>>;

    fn sizes(&mut self) -> Result<Sizes>;
}

type Row = (String, String, String, Option<i64>);

fn entries(rows: Vec<Row>) -> Vec<Entry> {
    let entry = |(path, mode, object, size)| Entry {
        path,
        mode,
        object,
        size,
    };
    let mut entries: Vec<Entry> = rows.into_iter().map(entry).collect();
    // Engines differ in how they sort texts.
    entries.sort_unstable();
    entries
}

/// How big it has become.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    pub bytes: i64,
    pub rows: i64,
    pub records: i64,
}

macro_rules! store {
    ($conn:ty, $create:expr, $refresh:expr, $bytes:expr) => {
        impl Store for $conn {
            fn create(url: &str) -> Result<Self> {
                let mut conn = <$conn>::establish(url)?;
                conn.batch_execute($create).map_err(|error| {
                    format!("the tables cannot be created; a new database is needed: {error}")
                })?;
                handleref::schema![File].install(&mut conn)?;
                Ok(conn)
            }

            fn record<T, W>(&mut self, meta: ChangesetMeta, work: W) -> Result<T>
            where
                T: Send + 'static,
                W: FnOnce(&mut Self) -> Result<T> + Send,
            {
                in_changeset(self, meta, work)
            }

            fn try_out<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
                let mut value = None;
                let rolled_back: Result<()> = self.transaction(|conn| {
                    value = Some(work(conn)?);
                    Err(diesel::result::Error::RollbackTransaction.into())
                });
                match (value, rolled_back) {
                    (Some(value), _) => Ok(value),
                    (None, error) => Err(error
                        .err()
                        .unwrap_or_else(|| "nothing was tried out".into())),
                }
            }

            fn insert(&mut self, file: &State<'_>) -> Result<usize> {
                Ok(diesel::insert_into(files::table)
                    .values(file)
                    .execute(self)?)
            }

            fn update(&mut self, file: &State<'_>) -> Result<usize> {
                Ok(handleref::update(files::table.find(file.path))
                    .set(file)
                    .execute(self)?)
            }

            fn delete(&mut self, path: &str) -> Result<usize> {
                Ok(diesel::delete(files::table.find(path)).execute(self)?)
            }

            fn last_record(&mut self) -> Result<Option<i64>> {
                Ok(File::records()
                    .select(max(FileRecords::RECORD_ID))
                    .get_result(self)?)
            }

            fn add_commit(&mut self, commit: &Replayed) -> Result<usize> {
                Ok(diesel::insert_into(commits::table)
                    .values(commit)
                    .execute(self)?)
            }

            fn commits(&mut self) -> Result<Vec<(String, Option<i64>)>> {
                Ok(commits::table
                    .order(commits::number)
                    .select((commits::id, commits::record_no))
                    .load(self)?)
            }

            fn tree(&mut self, as_of: RecordNo) -> Result<Vec<Entry>> {
                let rows = files::table
                    .select((files::path, files::mode, files::object, files::size))
                    .as_of::<File>(as_of)
                    .load::<Row>(self)?;
                Ok(entries(rows))
            }

            fn paths(&mut self) -> Result<Vec<String>> {
                let paths = File::records().select(files::path).distinct();
                let mut paths = paths.load::<String>(self)?;
                paths.sort_unstable();
                Ok(paths)
            }

            fn versions(&mut self, path: &str) -> Result<Vec<Version>> {
                let records = File::history_of(path.to_owned())
                    .order(FileRecords::RECORD_ID)
                    .select((
                        FileRecords::RECORD_ID,
                        FileRecords::VERSION,
                        FileRecords::OPERATION,
                        files::mode,
                        files::object,
                    ))
                    .load::<(i64, i64, Operation, String, String)>(self)?;
                let version = |(record, version, operation, mode, object)| Version {
                    record,
                    version,
                    deleted: operation == Operation::Delete,
                    mode,
                    object,
                };
                Ok(records.into_iter().map(version).collect())
            }

            fn version(&mut self, path: &str, version: i64) -> Result<File> {
                Ok(File::history_of(path.to_owned())
                    .filter(FileRecords::VERSION.eq(version))
                    .select(File::as_select())
                    .first(self)?)
            }

            fn now(&mut self, path: &str) -> Result<Option<File>> {
                let file = files::table.find(path).select(File::as_select());
                Ok(file.first(self).optional()?)
            }

            fn diff(&mut self, file: &File, from: i64, to: i64) -> Result<Diff> {
                Ok(file.diff(self, from, to)?)
            }

            fn blame(&mut self, file: &File) -> Result<Vec<Blame>> {
                Ok(PastDsl::blame(file, self)?)
            }

            fn changesets(&mut self, commit: &str) -> Result<Vec<Changeset>> {
                Ok(changesets().correlation(commit).load(self)?)
            }

            fn changes(&mut self, changeset: &Changeset) -> Result<Changes> {
                Ok(changeset.changes::<File>().load(self)?)
            }

            fn changesets_by(&mut self, actor: &str) -> Result<i64> {
                Ok(changesets().by(actor).count(self)?)
            }

            fn commits_of(&mut self, path: &str) -> Result<Vec<String>> {
                let found = changesets().of_key::<File>(&path.to_owned());
                let found = found.oldest_first().limit(u32::MAX).load(self)?;
                let commit = |one: Changeset| one.correlation.unwrap_or_default();
                Ok(found.into_iter().map(commit).collect())
            }

            fn plan(&mut self, changeset: ChangesetNo, merged: &[Merged]) -> Result<UndoPlan> {
                let mut undo = undo_plan::<File>(changeset);
                for one in merged {
                    let file = ObjectRef::new::<File>(&one.path);
                    undo = undo
                        .resolve(&file, "object", &*one.object)
                        .resolve(&file, "size", one.size)
                        .resolve(&file, "content", one.content.clone());
                }
                Ok(undo.load(self)?)
            }

            fn undo(&mut self, plan: &UndoPlan) -> Result<Option<ChangesetNo>> {
                Ok(plan.apply(self)?)
            }

            fn tree_now(&mut self) -> Result<Vec<Entry>> {
                let columns = (files::path, files::mode, files::object, files::size);
                Ok(entries(files::table.select(columns).load::<Row>(self)?))
            }

            fn sizes(&mut self) -> Result<Sizes> {
                let refresh: &[&str] = &$refresh;
                for statement in refresh {
                    self.batch_execute(statement)?;
                }
                Ok(Sizes {
                    bytes: diesel::select(sql::<BigInt>($bytes)).get_result(self)?,
                    rows: files::table.count().get_result(self)?,
                    records: File::records().count().get_result(self)?,
                })
            }
        }
    };
}

// The database can be made again from the repository at any time, so nothing
// waits for a disk. The write-ahead log still undoes a transaction that fails.
#[cfg(feature = "sqlite")]
store!(
    SqliteConnection,
    "PRAGMA journal_mode = WAL;
     PRAGMA synchronous = OFF;
     PRAGMA cache_size = -65536;
     CREATE TABLE files (
         path TEXT NOT NULL PRIMARY KEY, mode TEXT NOT NULL, size BIGINT,
         object TEXT NOT NULL, content TEXT
     );
     CREATE TABLE commits (
         number BIGINT NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, record_no BIGINT
     );",
    [],
    "(SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)"
);

#[cfg(feature = "postgres")]
store!(
    PgConnection,
    "SET synchronous_commit = off;
     CREATE TABLE files (
         path TEXT NOT NULL PRIMARY KEY, mode TEXT NOT NULL, size BIGINT,
         object TEXT NOT NULL, content TEXT
     );
     CREATE TABLE commits (
         number BIGINT NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, record_no BIGINT
     );",
    [],
    "(SELECT CAST(pg_database_size(current_database()) AS BIGINT))"
);

// The paths are bytes here: every collation would find some of them equal, if
// only those that differ in spaces at their end.
#[cfg(feature = "mysql")]
store!(
    MysqlConnection,
    "CREATE TABLE files (
         path VARBINARY(768) NOT NULL PRIMARY KEY, mode VARCHAR(6) NOT NULL, size BIGINT,
         object VARCHAR(64) NOT NULL, content LONGTEXT
     ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
     CREATE TABLE commits (
         number BIGINT NOT NULL PRIMARY KEY, id VARCHAR(64) NOT NULL UNIQUE, record_no BIGINT
     ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;",
    ["ANALYZE TABLE files, file_records, commits, handleref_changesets"],
    "(SELECT CAST(SUM(data_length + index_length) AS SIGNED) FROM information_schema.tables
      WHERE table_schema = DATABASE())"
);
