//! All that is asked of the database, in plain Diesel and the words of
//! handleref, once for each engine that is compiled in.

use crate::git::{Entry, Result};
use crate::models::{File, FileRecords, Replayed, State, Version, commits, files};
use diesel::connection::SimpleConnection;
use diesel::dsl::{max, sql};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use handleref::record::Blame;
use handleref::{Diff, Operation, RecordNo, prelude::*};

/// A connection to any of the engines.
pub trait Store: Sized {
    /// Opens a database that has nothing yet, and makes the tables in it.
    fn create(url: &str) -> Result<Self>;
    /// What `work` does is done as a whole or not at all.
    fn transact<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T>;

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
    fn sizes(&mut self) -> Result<Sizes>;
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

            fn transact<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
                self.transaction(work)
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
                    .load::<(String, String, String, Option<i64>)>(self)?;
                let entry = |(path, mode, object, size)| Entry {
                    path,
                    mode,
                    object,
                    size,
                };
                let mut entries: Vec<Entry> = rows.into_iter().map(entry).collect();
                // Engines differ in how they sort texts.
                entries.sort_unstable();
                Ok(entries)
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
         number BIGINT NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, author TEXT NOT NULL,
         email TEXT NOT NULL, authored_at BIGINT NOT NULL, message TEXT NOT NULL,
         record_no BIGINT
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
         number BIGINT NOT NULL PRIMARY KEY, id TEXT NOT NULL UNIQUE, author TEXT NOT NULL,
         email TEXT NOT NULL, authored_at BIGINT NOT NULL, message TEXT NOT NULL,
         record_no BIGINT
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
         number BIGINT NOT NULL PRIMARY KEY, id VARCHAR(64) NOT NULL UNIQUE, author TEXT NOT NULL,
         email TEXT NOT NULL, authored_at BIGINT NOT NULL, message LONGTEXT NOT NULL,
         record_no BIGINT
     ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;",
    ["ANALYZE TABLE files, file_records, commits"],
    "(SELECT CAST(SUM(data_length + index_length) AS SIGNED) FROM information_schema.tables
      WHERE table_schema = DATABASE())"
);
