//! Which records come next.

use super::filter::Filters;
use super::position::{Place, Position, Window};
use super::reach::Reach;
use super::reader::Ask;
use crate::changeset::{AnyModel, Facts};
use crate::engine::{Engine, Kind};
use crate::error::Error;
use crate::executor::{Executor, Texts};
use crate::literal::literal;
use crate::record::facts::{RECORD_ID, RECORD_OPERATION, RECORD_STAMP, RECORD_XID};
use crate::record::query::Sql;
use crate::text::{as_text, quoted};

/// What is asked for, and where it is.
pub(super) struct Page<'a> {
    pub(super) reach: &'a Reach,
    pub(super) ask: Ask<'a>,
}

/// The place of a model in the list, and that of a record.
pub(super) type Found = (usize, Place);

/// The next records of these models, in order, and one more to see whether
/// there are more.
pub(super) async fn next<C, F>(
    conn: &mut C,
    models: &[Box<dyn AnyModel<C>>],
    page: &Page<'_>,
    filters: &F,
) -> Result<Vec<Found>, Error>
where
    C: Executor,
    F: Filters<C>,
{
    let mut sql = Sql::once("SELECT handleref_id, handleref_at, handleref_mark, NULL FROM (");
    for (at, model) in models.iter().enumerate() {
        let facts = model.facts();
        let union = if at > 0 { " UNION ALL " } else { "" };
        sql = sql
            .text(format!("{union}SELECT * FROM ("))
            .text(page.of::<C>(&facts, at));
        if let Some(filter) = filters.of(facts.records()) {
            sql = sql.text(" AND (").part(filter).text(")");
        }
        sql = sql
            .text(page.order::<C>(true))
            .text(format!(") handleref_{at}"));
    }
    let sql = sql.text(") handleref_all").text(page.order::<C>(false));
    let rows = conn.texts(sql).await?;
    let wrong = || diesel::result::Error::DeserializationError("no number of a record".into());
    let rows: Option<Vec<Found>> = rows.into_iter().map(read).collect();
    Ok(rows.ok_or_else(wrong)?)
}

fn read((id, at, mark, _): Texts) -> Option<Found> {
    let place = Place {
        id: id?.parse().ok()?,
        mark: mark?.parse().ok()?,
    };
    Some((at?.parse().ok()?, place))
}

impl Page<'_> {
    fn order<C: Executor>(&self, inner: bool) -> String {
        let desc = if self.ask.newest { " DESC" } else { "" };
        let stamp = match (C::Backend::KIND, inner) {
            (Kind::Mysql, true) => format!("{RECORD_STAMP}{desc}, "),
            (Kind::Mysql, false) => format!("handleref_stamp{desc}, "),
            _ => String::new(),
        };
        let id = if inner { RECORD_ID } else { "handleref_number" };
        let limit = u64::from(self.ask.limit) + 1;
        format!(" ORDER BY {stamp}{id}{desc} LIMIT {limit}")
    }

    /// The query for the records of one model, up to where a filter may come.
    fn of<C: Executor>(&self, facts: &Facts, at: usize) -> String {
        let (kind, born) = (C::Backend::KIND, self.reach.database.born);
        let (mark, stamp) = match kind {
            Kind::Sqlite => ("0".into(), String::new()),
            // In a copy the old ids of transactions mean nothing.
            Kind::Postgres if born > 0 => (
                format!("CASE WHEN {RECORD_ID} <= {born} THEN '0' ELSE {RECORD_XID} END"),
                String::new(),
            ),
            Kind::Postgres => (RECORD_XID.into(), String::new()),
            Kind::Mysql => (
                RECORD_STAMP.into(),
                format!(", {RECORD_STAMP} AS handleref_stamp"),
            ),
        };
        let mut sql = format!(
            "SELECT {} AS handleref_id, {} AS handleref_at, {} AS handleref_mark, {RECORD_ID} AS handleref_number{stamp} \
             FROM {} AS {} WHERE {}",
            as_text::<C>(RECORD_ID),
            as_text::<C>(&at.to_string()),
            as_text::<C>(&mark),
            quoted(kind, facts.records()),
            quoted(kind, facts.table()),
            self.between()
        );
        if !self.ask.operations.is_empty() {
            let operations = self.ask.operations.iter();
            let operations: Vec<String> = operations
                .map(|operation| literal(kind, operation.as_str()))
                .collect();
            let operations = operations.join(", ");
            sql.push_str(&format!(" AND {RECORD_OPERATION} IN ({operations})"));
        }
        match self.ask.before {
            None => {}
            Some(Place { id, mark }) if kind == Kind::Mysql => sql.push_str(&format!(
                " AND {RECORD_STAMP} <= {mark} AND ({RECORD_STAMP} < {mark} OR {RECORD_ID} < {id})"
            )),
            Some(Place { id, .. }) => sql.push_str(&format!(" AND {RECORD_ID} < {id}")),
        }
        sql
    }

    /// Whether a record is after the one position and not after the other.
    fn between(&self) -> String {
        match (&self.reach.from, &self.reach.to) {
            (Position::Stamp { stamp, id }, Position::Stamp { stamp: last, .. }) => {
                // An index can look up no pair.
                format!(
                    "{RECORD_STAMP} >= {stamp} AND {RECORD_STAMP} <= {last} \
                     AND ({RECORD_STAMP} > {stamp} OR {RECORD_ID} > {id})"
                )
            }
            (Position::Window(window), _) => self.inside(window),
            (from, to) => format!(
                "{RECORD_ID} > {} AND {RECORD_ID} <= {}",
                from.low(),
                to.low()
            ),
        }
    }

    fn inside(&self, window: &Window) -> String {
        let Some(open) = &window.open else {
            return "1 = 0".into();
        };
        let old = match self.reach.database.born {
            0 => String::new(),
            born => format!("{RECORD_ID} <= {born} OR "),
        };
        let mut sql = format!(
            "{RECORD_ID} > {} AND {RECORD_ID} <= {} AND ({old}pg_visible_in_snapshot({RECORD_XID}, {}))",
            open.after,
            open.high,
            open.to.sql()
        );
        if let Some(from) = &window.from {
            let from = from.sql();
            sql.push_str(&format!(
                " AND NOT ({old}pg_visible_in_snapshot({RECORD_XID}, {from}))"
            ));
        }
        if let Some(seen) = &self.reach.seen {
            let (after, to) = (seen.after, seen.to.sql());
            sql.push_str(&format!(
                " AND NOT ({RECORD_ID} <= {after} AND ({old}pg_visible_in_snapshot({RECORD_XID}, {to})))"
            ));
        }
        sql
    }
}
