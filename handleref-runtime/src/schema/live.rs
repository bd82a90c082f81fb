//! What a table is like now, read from the catalogue.

use super::dialect::{Dialect, Wanted};
use super::names::TableName;
use crate::session::Session;
use crate::sql::{Raw, Sql};
use diesel::result::QueryResult;

/// A table in the database.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    /// What kind of relation it is, in words; `None` if there is no such thing.
    pub(super) found: Option<String>,
    /// The prefix for what is created beside the table; see `Dialect::queries`.
    pub(super) schema: Option<String>,
    /// What else the dialect wants to know: on SQLite the statement that made
    /// the table, on PostgreSQL the schema that it really is in.
    pub(super) detail: String,
    pub(super) columns: Vec<LiveColumn>,
    pub(super) indexes: Vec<LiveIndex>,
    /// Block range indexes.
    pub(super) block_ranges: Vec<LiveIndex>,
    pub(super) triggers: Vec<LiveTrigger>,
    pub(super) functions: Vec<LiveFunction>,
    /// The names of triggers of ours on any table of the schema, where that is
    /// what names are unique in.
    pub(super) taken: Vec<String>,
    /// The greatest version of a row; read where versions are of less than 64 bits.
    pub(super) greatest_version: Option<i64>,
    /// The columns' types as a `CREATE TABLE` would say them, with what belongs
    /// to them of character sets and collations; read for recorded tables.
    pub(super) types: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct LiveColumn {
    pub(super) name: String,
    /// The type in lower case.
    pub(super) sql_type: String,
    pub(super) nullable: bool,
    pub(super) generated: bool,
    /// Whether an update cannot assign it: generated, or an identity that is.
    pub(super) computed: bool,
    pub(super) identity: bool,
    /// Whether every update sets it (`ON UPDATE CURRENT_TIMESTAMP`).
    pub(super) automatic: bool,
    pub(super) default: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LiveIndex {
    pub(super) name: String,
    /// The columns; empty names stand for expressions and parts of columns.
    pub(super) columns: Vec<String>,
    pub(super) unique: bool,
    /// The condition of a partial index, or the statement that made it.
    pub(super) condition: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct LiveTrigger {
    pub(super) name: String,
    pub(super) definition: String,
    pub(super) disabled: bool,
    /// With whose rights it runs (MySQL, MariaDB).
    pub(super) definer: String,
    /// The statement that would make it again.
    pub(super) restore: String,
}

#[derive(Debug, Clone)]
pub(super) struct LiveFunction {
    pub(super) name: String,
    pub(super) body: String,
    pub(super) restore: String,
    pub(super) owner: String,
    /// Whether every user may call it.
    pub(super) is_public: bool,
}

impl Live {
    pub(super) fn column(&self, name: &str) -> Option<&LiveColumn> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Whether there are triggers that record the table.
    pub(super) fn is_recorded(&self) -> bool {
        self.triggers.iter().any(|trigger| {
            let kind = trigger.name.strip_prefix("handleref_");
            kind.is_some_and(|it| !it.starts_with("guard_") && !it.starts_with("relative_"))
        })
    }

    /// The type of a column; see [`types`](Live::types).
    pub(super) fn type_of(&self, name: &str) -> Option<&str> {
        let found = self.types.iter().find(|(column, _)| column == name);
        found.map(|(_, sql_type)| sql_type.as_str())
    }
}

/// The questions that a dialect asks its catalogue; each answers with rows of
/// four texts.
pub(super) struct Queries {
    /// One row: what it is, the schema prefix, a detail of the dialect.
    pub(super) table: String,
    /// Name, type, flags (`n`ullable, `g`enerated, generated when it is read
    /// (`v`, PostgreSQL), always `i`dentity, `a`utomatic), default.
    pub(super) columns: String,
    /// Name, column or null, flags (`u`nique, `b`lock range), condition; in
    /// order of position.
    pub(super) indexes: String,
    /// Name, definition, flags (`d`isabled, or a dot and the definer), statement
    /// that restores it.
    pub(super) triggers: String,
    /// Name, body, owner after a mark (`=` if every user may call it), statement
    /// that restores it.
    pub(super) functions: Option<String>,
    /// Name and type; see [`Live::types`].
    pub(super) types: String,
}

/// Reads the catalogue.
pub(super) async fn read(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    table: &TableName,
) -> QueryResult<Live> {
    let queries = dialect.queries(table);
    let mut live = Live::default();
    live.table(ask(conn, queries.table).await?);
    if live.found.is_none() {
        return Ok(live);
    }
    live.columns(ask(conn, queries.columns).await?);
    live.indexes(ask(conn, queries.indexes).await?);
    live.triggers(ask(conn, queries.triggers).await?);
    if let Some(functions) = queries.functions {
        live.functions(ask(conn, functions).await?);
    }
    Ok(live)
}

/// Reads the catalogue, [`types`](Live::types) included.
pub(super) async fn read_with_types(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    table: &TableName,
) -> QueryResult<Live> {
    let mut live = read(conn, dialect, table).await?;
    if live.found.is_some() {
        let rows = ask(conn, dialect.queries(table).types).await?;
        let typed = |(name, sql_type, ..): Texts| {
            let (name, sql_type) = (name.unwrap_or_default(), sql_type.unwrap_or_default());
            let sql_type = dialect.record_type(&live, &name, &sql_type);
            (name, sql_type)
        };
        live.types = rows.into_iter().map(typed).collect();
    }
    Ok(live)
}

/// Reads the greatest version of a table, if it may come to its end.
pub(super) async fn read_greatest_version(
    conn: &mut dyn Session,
    dialect: &dyn Dialect,
    wanted: &Wanted,
    live: &mut Live,
) -> QueryResult<()> {
    let Some((version, 16 | 32)) = wanted.roles.version else {
        return Ok(());
    };
    if live.found.as_deref() == Some("table") && live.column(version).is_some() {
        let sql = format!(
            "SELECT max({}) FROM {}",
            dialect.quote(version),
            dialect.qualified(live.schema.as_deref(), &wanted.table.table),
        );
        (live.greatest_version,) = conn.one(Sql::once(Raw::of_plan(sql))).await?;
    }
    Ok(())
}

/// Four texts, as every question of a dialect is answered.
pub(super) type Texts = (
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

pub(super) async fn ask(conn: &mut dyn Session, sql: String) -> QueryResult<Vec<Texts>> {
    conn.rows(Sql::once(Raw::of_plan(sql))).await
}

impl Live {
    fn table(&mut self, rows: Vec<Texts>) {
        if let Some((found, schema, detail, _)) = rows.into_iter().next() {
            self.found = found;
            self.schema = schema;
            self.detail = detail.unwrap_or_default();
        }
    }

    fn columns(&mut self, rows: Vec<Texts>) {
        self.columns = rows
            .into_iter()
            .map(|(name, sql_type, flags, default)| {
                let flags = flags.unwrap_or_default();
                LiveColumn {
                    name: name.unwrap_or_default(),
                    sql_type: sql_type.unwrap_or_default().to_lowercase(),
                    nullable: flags.contains('n'),
                    generated: flags.contains('g'),
                    computed: flags.contains(['g', 'v', 'i']),
                    identity: flags.contains('i'),
                    automatic: flags.contains('a'),
                    default,
                }
            })
            .collect();
    }

    fn indexes(&mut self, rows: Vec<Texts>) {
        for (name, column, flags, condition) in rows {
            let (name, column) = (name.unwrap_or_default(), column.unwrap_or_default());
            let flags = flags.unwrap_or_default();
            let indexes = match flags.contains('b') {
                true => &mut self.block_ranges,
                false => &mut self.indexes,
            };
            match indexes.last_mut().filter(|index| index.name == name) {
                Some(index) => index.columns.push(column),
                None => indexes.push(LiveIndex {
                    name,
                    columns: vec![column],
                    unique: flags.contains('u'),
                    condition,
                }),
            }
        }
    }

    fn triggers(&mut self, rows: Vec<Texts>) {
        self.triggers = rows
            .into_iter()
            .map(|(name, definition, flags, restore)| {
                let flags = flags.unwrap_or_default();
                let definer = flags.strip_prefix('.');
                LiveTrigger {
                    name: name.unwrap_or_default(),
                    definition: definition.unwrap_or_default(),
                    disabled: flags == "d",
                    definer: definer.unwrap_or_default().to_owned(),
                    restore: restore.unwrap_or_default(),
                }
            })
            .collect();
    }

    fn functions(&mut self, rows: Vec<Texts>) {
        self.functions = rows
            .into_iter()
            .map(|(name, body, owner, restore)| {
                let owner = owner.unwrap_or_default();
                LiveFunction {
                    name: name.unwrap_or_default(),
                    body: body.unwrap_or_default(),
                    restore: restore.unwrap_or_default(),
                    is_public: owner.starts_with('='),
                    owner: owner.get(1..).unwrap_or_default().to_owned(),
                }
            })
            .collect();
    }
}
