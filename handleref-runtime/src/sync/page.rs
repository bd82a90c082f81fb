//! Which records come next.

use super::filter::AnyFilter;
use super::position::{Position, Window};
use super::reach::Reach;
use super::reader::Ask;
use crate::engine::Kind;
use crate::error::Error;
use crate::facts::{RECORD_ID, RECORD_OPERATION, RECORD_STAMP, RECORD_XID};
use crate::history::{AnyModel, Change, Metadata, Place, change};
use crate::session::Session;
use crate::sql::{Raw, Sql, literal, quoted, raw};

/// What is asked for, and where it is.
pub(super) struct Page<'a> {
    pub(super) reach: &'a Reach,
    pub(super) ask: Ask<'a>,
}

/// The place of a model in the list, and that of a record.
pub(super) type Found = (usize, Place);

/// The next records of these models, in order, and one more to see whether
/// there are more.
pub(super) async fn next(
    conn: &mut dyn Session,
    models: &[&'static dyn AnyModel],
    page: &Page<'_>,
    filters: &AnyFilter<'_>,
) -> Result<Vec<Found>, Error> {
    let kind = conn.kind();
    let mut sql = Sql::once("SELECT handleref_id, handleref_at, handleref_mark FROM (");
    for (at, model) in models.iter().enumerate() {
        let facts = model.facts();
        let union = if at > 0 { " UNION ALL " } else { "" };
        sql = sql
            .sql(union)
            .sql("SELECT * FROM (")
            .made(page.of(kind, &facts, at));
        if let Some(filter) = filters(facts.records()) {
            sql = sql.sql(" AND (").append(filter).sql(")");
        }
        sql = sql
            .made(page.order(kind, true))
            .made(raw!(") handleref_{at}", at));
    }
    let sql = sql.sql(") handleref_all").made(page.order(kind, false));
    let rows: Vec<(i64, usize, i64)> = conn.rows(sql).await?;
    let found = |(id, at, mark)| (at, Place { id, mark });
    Ok(rows.into_iter().map(found).collect())
}

/// The same of one model, with the rows at once.
pub(super) async fn of_one(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    page: &Page<'_>,
    filters: &AnyFilter<'_>,
) -> Result<Vec<Change>, Error> {
    let (kind, facts) = (conn.kind(), model.facts());
    let mut from = Sql::once(page.from(kind, &facts));
    if let Some(filter) = filters(facts.records()) {
        from = from.sql(" AND (").append(filter).sql(")");
    }
    let from = from.made(page.order(kind, true));
    change::load::page(conn, model, page.mark(kind), from).await
}

impl Page<'_> {
    fn order(&self, kind: Kind, inner: bool) -> Raw {
        let desc = if self.ask.newest { " DESC" } else { "" };
        let stamp = match (kind, inner) {
            (Kind::Mysql, true) => raw!("{RECORD_STAMP}{desc}, ", RECORD_STAMP, desc),
            (Kind::Mysql, false) => raw!("handleref_stamp{desc}, ", desc),
            _ => Raw::default(),
        };
        let id = if inner { RECORD_ID } else { "handleref_number" };
        let limit = u64::from(self.ask.limit) + 1;
        raw!(
            " ORDER BY {stamp}{id}{desc} LIMIT {limit}",
            stamp,
            id,
            desc,
            limit
        )
    }

    /// The query for the records of one model, up to where a filter may come.
    fn of(&self, kind: Kind, facts: &Metadata, at: usize) -> Raw {
        let stamp = match kind {
            Kind::Mysql => raw!(", {RECORD_STAMP} AS handleref_stamp", RECORD_STAMP),
            Kind::Sqlite | Kind::Postgres => Raw::default(),
        };
        raw!(
            "SELECT {RECORD_ID} AS handleref_id, {at} AS handleref_at, {} AS handleref_mark, \
             {RECORD_ID} AS handleref_number{stamp}{}",
            [self.mark(kind), self.from(kind, facts)],
            RECORD_ID,
            at,
            stamp
        )
    }

    /// What a place has beside the number.
    fn mark(&self, kind: Kind) -> Raw {
        let born = self.reach.database.born;
        match kind {
            Kind::Sqlite => "0".into(),
            // In a copy the old ids of transactions mean nothing.
            Kind::Postgres if born > 0 => raw!(
                "CASE WHEN {RECORD_ID} <= {born} THEN 0 ELSE {RECORD_XID}::text::bigint END",
                RECORD_ID,
                born,
                RECORD_XID
            ),
            Kind::Postgres => raw!("{RECORD_XID}::text::bigint", RECORD_XID),
            Kind::Mysql => RECORD_STAMP.into(),
        }
    }

    /// ` FROM <records> WHERE ..`
    fn from(&self, kind: Kind, facts: &Metadata) -> Raw {
        let mut sql = raw!(
            " FROM {} AS {} WHERE {}",
            [
                quoted(kind, facts.records()),
                quoted(kind, facts.table()),
                self.between()
            ]
        );
        if !self.ask.operations.is_empty() {
            let operations = self.ask.operations.iter();
            let operations: Vec<Raw> = operations
                .map(|operation| literal(kind, operation.as_str()))
                .collect();
            let operations = Raw::join(operations, ", ");
            sql.push(raw!(
                " AND {RECORD_OPERATION} IN ({operations})",
                RECORD_OPERATION,
                operations
            ));
        }
        match self.ask.before {
            None => {}
            Some(Place { id, mark }) if kind == Kind::Mysql => sql.push(raw!(
                " AND {RECORD_STAMP} <= {mark} AND ({RECORD_STAMP} < {mark} OR {RECORD_ID} < {id})",
                RECORD_STAMP,
                mark,
                RECORD_ID,
                id
            )),
            Some(Place { id, .. }) => sql.push(raw!(" AND {RECORD_ID} < {id}", RECORD_ID, id)),
        }
        sql
    }

    /// Whether a record is after the one position and not after the other.
    fn between(&self) -> Raw {
        match (&self.reach.from, &self.reach.to) {
            (Position::Stamp { stamp, id }, Position::Stamp { stamp: last, .. }) => {
                // An index can look up no pair.
                raw!(
                    "{RECORD_STAMP} >= {stamp} AND {RECORD_STAMP} <= {last} \
                     AND ({RECORD_STAMP} > {stamp} OR {RECORD_ID} > {id})",
                    RECORD_STAMP,
                    stamp,
                    last,
                    RECORD_ID,
                    id
                )
            }
            (Position::Window(window), _) => self.inside(window),
            (from, to) => raw!(
                "{RECORD_ID} > {} AND {RECORD_ID} <= {}",
                [from.low(), to.low()],
                RECORD_ID
            ),
        }
    }

    fn inside(&self, window: &Window) -> Raw {
        let Some(open) = &window.open else {
            return "1 = 0".into();
        };
        let old = match self.reach.database.born {
            0 => Raw::default(),
            born => raw!("{RECORD_ID} <= {born} OR ", RECORD_ID, born),
        };
        let mut sql = raw!(
            "{RECORD_ID} > {} AND {RECORD_ID} <= {} AND ({old}pg_visible_in_snapshot({RECORD_XID}, {}))",
            [open.after, open.high, open.to.sql()],
            RECORD_ID,
            old,
            RECORD_XID
        );
        if let Some(from) = &window.from {
            let from = from.sql();
            sql.push(raw!(
                " AND NOT ({old}pg_visible_in_snapshot({RECORD_XID}, {from}))",
                old,
                RECORD_XID,
                from
            ));
        }
        if let Some(seen) = &self.reach.seen {
            let (after, to) = (seen.after, seen.to.sql());
            sql.push(raw!(
                " AND NOT ({RECORD_ID} <= {after} AND ({old}pg_visible_in_snapshot({RECORD_XID}, {to})))",
                RECORD_ID, after, old, RECORD_XID, to
            ));
        }
        sql
    }
}
