//! Personal data of one row, taken out of every record.

use super::Subject;
use super::doomed::any;
use super::erasure;
use super::events::{EventKind, write_event};
use super::holds::holds_of;
use crate::context::{Scope, Switch};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Steps};
use crate::key::Key;
use crate::private::MayBeNull;
use crate::record::facts::Capture;
use crate::record::model::{Recall, Recorded};
use crate::record::query::{KeyIs, Sql};
use crate::text::{as_text, integer, quoted};
use crate::time::rising_sql;
use diesel::Column;
use diesel::query_builder::QueryFragment;
use serde_json::json;
use std::borrow::Cow;

/// Takes the values of some columns of one row out of all its records.
///
/// ```text
/// let erased = User::erase(7)
///     .column(users::email)                 // null
///     .column_with(users::name, "'erased'") // a column that cannot be null: an SQL expression
///     .property("display_name")             // a property of the records that was made of them
///     .live_row()                           // the row itself too, if it is still there
///     .execute(conn)?;
/// ```
///
/// The records stay, with their versions, times and all other columns. A record
/// [`Erase`](crate::record::Operation::Erase) is added, by which readers of
/// [`changes`](crate::sync::changes) learn of it. What remains as well is an
/// event `erase` that names the model, the key and the
/// columns, when and how many records; never a value. With
/// [`live_row`](Erase::live_row) the row is changed first, as a change like any
/// other that is recorded, and then all its records, that one included.
///
/// Copies elsewhere are the caller's to find: properties of *other* models that
/// were computed from this row, and whatever else the program copied.
///
/// Nor is a database file free of a value at once when no query finds it any
/// more. SQLite keeps it in free pages, unless `PRAGMA secure_delete` was on,
/// until `VACUUM`, and in the WAL until a checkpoint. PostgreSQL keeps the old
/// versions of rows until `VACUUM`, and MySQL and MariaDB until the purge.
/// Write-ahead logs, binary logs, replicas that lag behind and backups keep
/// them for as long as they are kept.
#[derive(Debug, Clone)]
#[must_use = "nothing happens before `.execute(conn)`"]
pub struct Erase<M: Recorded> {
    key: M::RecordKey,
    /// Names and what comes in their place, null if nothing is given.
    columns: Vec<(&'static str, Option<Cow<'static, str>>)>,
    properties: Vec<Cow<'static, str>>,
    live: bool,
}

/// What an [`Erase`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Erased {
    /// The number of records of the row; the values are gone from all of them.
    pub records: i64,
    /// Whether the row itself was changed.
    pub live_row: bool,
}

impl<M: Recorded> Erase<M> {
    pub(super) fn new(key: M::RecordKey) -> Self {
        Self {
            key,
            columns: Vec::new(),
            properties: Vec::new(),
            live: false,
        }
    }

    /// Sets this column to null. It must be one that can be null, or the
    /// records could not be loaded as the model any more.
    pub fn column<C>(mut self, _: C) -> Self
    where
        C: Column<Table = M::LiveTable> + MayBeNull,
    {
        self.columns.push((C::NAME, None));
        self
    }

    /// Sets this column to the value of an SQL expression, such as `'erased'`.
    /// The expression is part of the statement as it is.
    pub fn column_with<C>(mut self, _: C, sql: impl Into<Cow<'static, str>>) -> Self
    where
        C: Column<Table = M::LiveTable>,
    {
        self.columns.push((C::NAME, Some(sql.into())));
        self
    }

    /// Sets this property of the records to null.
    pub fn property(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.properties.push(name.into());
        self
    }

    /// The row itself too, if it is still there.
    pub fn live_row(mut self) -> Self {
        self.live = true;
        self
    }

    /// Runs it.
    ///
    /// # Errors
    /// [`Error::Held`], [`Error::NoField`] if the model has no such column or
    /// property, [`Error::ManagedColumn`] if a column is part of the key or
    /// written by handleref, [`Error::NotInstalled`] or [`Error::Database`];
    /// nothing is erased then.
    pub fn execute<'a, C>(self, conn: &'a mut C) -> C::Output<'a, Result<Erased, Error>>
    where
        C: Executor,
        M: Recall<C>,
    {
        C::run(async move {
            self.check()?;
            let mut scope = Scope::begin(conn, Switch::Door).await?;
            let result = self.run(scope.conn()).await;
            scope.finish(result).await
        })
    }

    fn check(&self) -> Result<(), Error> {
        let model = M::RECORDED_NAME;
        for (name, _) in &self.columns {
            if !M::RECORDING.columns.iter().any(|it| it.name == *name) {
                let field = (*name).to_owned();
                return Err(Error::NoField { model, field });
            }
            let roles = M::RECORDED_ROLES;
            let mut kept = M::RECORDED_KEY
                .iter()
                .copied()
                .chain(roles.managed())
                .chain(roles.status);
            if let Some(column) = kept.find(|kept| kept == name) {
                return Err(Error::ManagedColumn { model, column });
            }
        }
        for name in &self.properties {
            if !M::RECORDING.properties.iter().any(|it| it.name == name) {
                let field = name.clone().into_owned();
                return Err(Error::NoField { model, field });
            }
        }
        Ok(())
    }

    async fn run<C>(&self, conn: &mut C) -> Result<Erased, Error>
    where
        C: Executor,
        M: Recall<C>,
    {
        let subject = Subject::of::<M>();
        subject.lock(conn).await?;
        let key = self.key.text();
        let holds = holds_of(conn, subject).await?;
        if let Some(reason) = self.held(conn, holds).await? {
            return Err(Error::Held {
                model: subject.name,
                key,
                reason,
            });
        }
        let condition = KeyIs::<M, C>::new(&self.key);
        let live_row = match self.live && !self.columns.is_empty() {
            true => {
                conn.execute(self.live_sql::<C>(&subject, &condition))
                    .await?
                    > 0
            }
            false => false,
        };
        // After the row, whose change may have left old values in a baseline.
        let records = match self.in_records(C::Backend::KIND) {
            Some(set) => {
                let sql = Sql::new("UPDATE ")
                    .name(subject.recording.records)
                    .text(" SET ")
                    .text(set)
                    .text(" WHERE ")
                    .part(&condition);
                conn.execute(sql).await?
            }
            None => 0,
        };
        if records > 0 {
            erasure::tell(conn, &subject, &condition).await?;
        }
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        let columns: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        let detail = json!({
            "model": subject.name,
            "key": key,
            "columns": columns,
            "properties": self.properties,
            "live_row": live_row,
        });
        let table = Some(subject.recording.records);
        write_event(conn, &EventKind::Erase, table, &detail, Some(records)).await?;
        Ok(Erased { records, live_row })
    }

    /// Why the row is held, if it is. A hold whose key cannot be read (any more)
    /// holds all rows; of two keys that are written in two ways, the database's
    /// collation says whether they are one.
    async fn held<C>(&self, conn: &mut C, holds: Vec<super::Hold>) -> Result<Option<String>, Error>
    where
        C: Executor,
        M: Recall<C>,
    {
        let mut others = Vec::new();
        for hold in holds {
            match hold.key.as_deref().and_then(M::RecordKey::parse) {
                Some(key) if key.text() != self.key.text() => others.push((key, hold.reason)),
                _ => return Ok(Some(hold.reason)),
            }
        }
        // Halves, until one is left: the usual answer is none of them.
        let mut parts: Vec<&[(M::RecordKey, String)]> = others.chunks(500).collect();
        while let Some(part) = parts.pop() {
            let keys: Vec<_> = part
                .iter()
                .map(|(key, _)| KeyIs::<M, C>::new(key))
                .collect();
            if !self.is_one_of(conn, &keys).await? {
                continue;
            }
            match part {
                [(_, reason)] => return Ok(Some(reason.clone())),
                part => {
                    let (one, other) = part.split_at(part.len() / 2);
                    parts.extend([other, one]);
                }
            }
        }
        Ok(None)
    }

    /// Whether a record, or the row, has this key and one of those.
    async fn is_one_of<C>(&self, conn: &mut C, keys: &[KeyIs<'_, M, C>]) -> Result<bool, Error>
    where
        C: Executor,
        M: Recall<C>,
    {
        let own = KeyIs::<M, C>::new(&self.key);
        let mut sql = Sql::new("SELECT ");
        let tables = [M::RECORDING.records, Subject::of::<M>().table];
        for (at, table) in tables.into_iter().enumerate() {
            let table = quoted(C::Backend::KIND, table);
            sql = sql
                .text(if at > 0 { ", " } else { "" })
                .text(format!("CAST((SELECT COUNT(*) FROM {table} WHERE "))
                .part(&own);
            sql = any(sql.text(" AND "), keys).text(format!(") AS {})", integer::<C>()));
        }
        let found = conn.numbers(sql).await?.pop();
        Ok(found.is_none_or(|(records, rows)| records > 0 || rows > 0))
    }

    /// The assignments in records; `None` if there are none, because records
    /// never had values of these columns.
    fn in_records(&self, kind: Kind) -> Option<String> {
        let captured = |name: &str| {
            let mut columns = M::RECORDING.columns.iter();
            columns.any(|it| it.name == name && it.capture == Capture::Value)
        };
        let columns = self.columns.iter().filter(|(name, _)| captured(name));
        let columns = columns.map(|(name, with)| assigned(kind, name, with.as_deref()));
        let properties = self
            .properties
            .iter()
            .map(|name| assigned(kind, name, None));
        let all: Vec<_> = columns.chain(properties).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }

    /// The update of the row, unless there is nothing to erase any more.
    fn live_sql<'a, C>(
        &self,
        subject: &Subject,
        condition: &'a (dyn QueryFragment<C::Backend> + Send + Sync + 'a),
    ) -> Sql<'a, C::Backend>
    where
        C: Executor,
    {
        let kind = C::Backend::KIND;
        let mut set: Vec<_> = self
            .columns
            .iter()
            .map(|(name, with)| assigned(kind, name, with.as_deref()))
            .collect();
        let differs: Vec<_> = self
            .columns
            .iter()
            .map(|(name, with)| differs::<C>(name, with.as_deref()))
            .collect();
        // As a verb does it; a guard leaves that alone.
        if let Some((version, _)) = subject.roles.version {
            let version = quoted(kind, version);
            set.push(format!("{version} = {version} + 1"));
        }
        if let Some((updated_at, time)) = subject.roles.updated_at {
            let updated_at = quoted(kind, updated_at);
            let later = rising_sql(kind, time, &updated_at);
            set.push(format!("{updated_at} = {later}"));
        }
        Sql::new("UPDATE ")
            .name(subject.table)
            .text(" SET ")
            .text(set.join(", "))
            .text(" WHERE ")
            .part(condition)
            .text(format!(" AND ({})", differs.join(" OR ")))
    }
}

fn assigned(kind: Kind, name: &str, with: Option<&str>) -> String {
    match with {
        Some(sql) => format!("{} = ({sql})", quoted(kind, name)),
        None => format!("{} = NULL", quoted(kind, name)),
    }
}

/// Whether a column is not yet what it is to be. Compared as text: not every
/// type can be compared.
fn differs<C: Steps>(name: &str, with: Option<&str>) -> String {
    let column = quoted(C::Backend::KIND, name);
    let Some(sql) = with else {
        return format!("{column} IS NOT NULL");
    };
    let (column, value) = (as_text::<C>(&column), as_text::<C>(&format!("({sql})")));
    match C::Backend::KIND {
        Kind::Sqlite => format!("{column} IS NOT {value}"),
        Kind::Postgres => format!("{column} IS DISTINCT FROM {value}"),
        Kind::Mysql => format!("NOT (BINARY {column} <=> BINARY {value})"),
    }
}
