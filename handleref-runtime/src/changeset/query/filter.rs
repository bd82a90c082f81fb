//! The conditions of a query for changesets, in SQL.

use super::super::end::End;
use super::super::meta::Actor;
use super::{Filter, Target};
use crate::engine::Kind;
use crate::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION};
use crate::history::previous::previous_sql;
use crate::sql::{Raw, Sql, differs, quoted, raw};

impl Filter {
    pub(super) fn sql(&self, kind: Kind) -> Sql<'_> {
        match self {
            Self::By(actor) => is_actor(kind, actor),
            #[cfg(any(feature = "axum", feature = "manage"))]
            Self::Named(name) => is_named(kind, name),
            Self::Anonymous => Sql::new("handleref_c.actor IS NULL"),
            Self::Correlation(id) => is_text(kind, "correlation_id", id),
            Self::Once(key) => is_text(kind, "once_key", key),
            Self::Comment(text) => {
                let mut pattern = String::from("%");
                for character in text.chars() {
                    if matches!(character, '%' | '_' | '!') {
                        pattern.push('!');
                    }
                    pattern.push(character);
                }
                pattern.push('%');
                Sql::new("LOWER(handleref_c.comment) LIKE LOWER(")
                    .bind(pattern)
                    .sql(") ESCAPE '!'")
            }
            Self::From(time) => Sql::new("handleref_c.occurred_at >= ").bind(time),
            Self::Before(End::Time(time)) => Sql::new("handleref_c.occurred_at < ").bind(time),
            Self::Before(End::Number(no)) => Sql::new("handleref_c.id < ").bind(*no),
            Self::After(no) => Sql::new("handleref_c.id > ").bind(*no),
            Self::Undoing(no) => Sql::new("handleref_c.undoes = ").bind(*no),
        }
    }
}

/// Whether a text is this one, to the byte.
fn is_text<'a>(kind: Kind, column: &'static str, text: &str) -> Sql<'a> {
    // Nothing that holds one is equal to it, and PostgreSQL refuses it.
    if text.contains('\0') {
        return Sql::new("1 = 0");
    }
    let same = Sql::new("handleref_c.").name(column).sql(" = ");
    let same = same.bind(text.to_owned());
    match kind {
        // A collation decides what is equal there; no less than this, for
        // which there is an index.
        Kind::Mysql => same
            .sql(" AND BINARY CONVERT(handleref_c.")
            .name(column)
            .sql(" USING utf8mb4) = BINARY ")
            .bind(text.to_owned()),
        Kind::Sqlite | Kind::Postgres => same,
    }
}

/// Whether a changeset, as `handleref_c`, is of an actor that is written so.
pub(crate) fn is_named<'a>(kind: Kind, name: &str) -> Sql<'a> {
    is_text(kind, "actor", name)
}

/// Whether a changeset is of this actor.
pub(in super::super) fn is_actor<'a>(kind: Kind, actor: &Actor) -> Sql<'a> {
    is_text(kind, "actor", &actor.to_string())
        .sql(" AND handleref_c.actor_kind = ")
        .bind(actor.kind().to_owned())
}

impl Target {
    /// Whether the changeset has such a record. Those of a row are found by its
    /// key; else the range of numbers finds them, changeset by changeset.
    pub(super) fn sql(&self, kind: Kind) -> Sql<'_> {
        let records = quoted(kind, self.recording.records);
        let mut sql = match &self.row {
            Some(row) => Sql::new("")
                .made(raw!(
                    "handleref_c.id IN (SELECT {RECORD_CHANGESET} FROM {records} \
                     WHERE {RECORD_CHANGESET} IS NOT NULL AND ",
                    RECORD_CHANGESET,
                    records
                ))
                .typed(&row.condition),
            None => Sql::new("").made(raw!(
                "EXISTS (SELECT 1 FROM {records} WHERE {RECORD_CHANGESET} = handleref_c.id \
                 AND {RECORD_ID} > handleref_c.first_record \
                 AND {RECORD_ID} <= COALESCE(handleref_c.last_record, {})",
                [i64::MAX],
                records,
                RECORD_CHANGESET,
                RECORD_ID
            )),
        };
        if let Some(field) = self.field {
            sql = sql.made(raw!(" AND {}", [self.field_sql(kind, &records, field)]));
        }
        sql.sql(")")
    }

    /// Whether a record set the field to something else than the one before it.
    fn field_sql(&self, kind: Kind, records: &Raw, field: &str) -> Raw {
        let field = quoted(kind, field);
        let differs = differs(
            kind,
            raw!("handleref_b.{field}", field),
            raw!("{records}.{field}", records, field),
        );
        let id = raw!("{records}.{RECORD_ID}", records, RECORD_ID);
        let previous = previous_sql(kind, records, self.key, records, id);
        raw!(
            "{RECORD_OPERATION} <> 'delete' AND NOT EXISTS (SELECT 1 FROM {records} handleref_b \
             WHERE handleref_b.{RECORD_ID} = {previous} AND handleref_b.{RECORD_OPERATION} <> 'delete' AND NOT ({differs}))",
            RECORD_OPERATION,
            records,
            RECORD_ID,
            previous,
            differs
        )
    }
}
