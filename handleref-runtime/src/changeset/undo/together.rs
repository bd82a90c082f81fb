//! Rows that are changed back by one statement.
//!
//! Row by row, each step sees what the steps before it have left, and what is in
//! the way is found where it is. That is needed where rows depend on each other:
//! unique values that move on, references, rows that come to life. Most rows only
//! get back some values on which nothing depends. They are changed together; and
//! if anything is in the way of one, it is undone, and all go row by row.

use super::Resolution;
use super::inverse::{Done, Inverse, Write};
use super::perform::refused;
use crate::any::{AnyInstance, AnyModel, Metadata};
use crate::changeset::net::{StateAt, differing};
use crate::error::Error;
use crate::facts::BOOKKEEPING;
use crate::revert::{any_erased, delete_rows, rows_of, update_rows};
use crate::schema::Catalog;
use crate::session::{Session, Transaction};
use diesel::result::Error as DieselError;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How many rows at most are in the list of one statement.
const AT_ONCE: usize = 1_000;

/// What was done to rows, by their places; those that are not in it are left.
pub(super) type Finished = HashMap<usize, Done>;

/// Columns of a model on which something outside of the row depends; `None` if
/// nothing is known of what its records hold.
struct Bound(Vec<String>);

impl Bound {
    async fn read(
        conn: &mut dyn Session,
        catalog: &mut Catalog,
        model: &dyn AnyModel,
    ) -> Result<Option<Self>, Error> {
        let facts = model.facts();
        let recording = &facts.model.recording;
        let known = |name: &String| {
            BOOKKEEPING.contains(&name.as_str())
                || recording.columns.iter().any(|it| it.name == name)
                || recording.properties.iter().any(|it| it.name == name)
        };
        let records = catalog.table(conn, facts.records()).await?;
        if !records.columns.iter().all(known) {
            // Values that cannot be brought back.
            return Ok(None);
        }
        let table = catalog.table(conn, facts.table()).await?;
        let foreign = catalog.foreign_keys(conn, facts.table()).await?;
        let roles = facts.model.roles;
        let life = roles.deleted_at.map(|(name, _)| name);
        let life = life.into_iter().chain(roles.status);
        let declared = facts.unique.iter().flat_map(|set| set.iter().copied());
        let parents = model.parents();
        let parents = parents.iter().flat_map(|it| it.foreign_key.iter().copied());
        let names = life.chain(declared).chain(parents).map(str::to_owned);
        let unique = table.unique.iter().flatten().cloned();
        let foreign = foreign.iter().flat_map(|key| &key.columns);
        let foreign = foreign.map(|(column, _)| column.clone());
        let computed = table.computed.iter().cloned();
        Ok(Some(Self(
            names.chain(unique).chain(foreign).chain(computed).collect(),
        )))
    }

    /// Whether nothing depends on what the changeset has changed of the row.
    fn is_free(&self, facts: &Metadata, before: &StateAt, after: &StateAt) -> bool {
        let columns = facts.model.recording.columns;
        let changed = differing(facts, &before.values, &after.values);
        let mut changed = changed.into_iter().filter_map(|at| columns.get(at));
        changed.all(|column| !self.0.iter().any(|name| name == column.name))
    }
}

/// Changes back what needs no order.
pub(super) async fn change_back(
    conn: &mut dyn Session,
    catalog: &mut Catalog,
    rows: &[&Inverse],
    resolutions: &[Resolution],
) -> Result<Finished, Error> {
    let mut models: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        let answered = resolutions.iter().any(|it| it.object == row.net.object);
        if row.net.known && row.net.before.is_some() && row.net.after.is_some() && !answered {
            models.entry(row.facts.records()).or_default().push(at);
        }
    }
    let mut finished = Finished::new();
    for places in models.into_values() {
        let Some(first) = places.first().and_then(|at| rows.get(*at)) else {
            continue;
        };
        let Some(bound) = Bound::read(conn, catalog, first.model).await? else {
            continue;
        };
        let free = |at: &usize| {
            let row = rows.get(*at)?;
            let (before, after) = (row.net.before.as_ref()?, row.net.after.as_ref()?);
            let free = bound.is_free(&row.facts, before, after);
            free.then_some(Member {
                at: *at,
                row,
                before: Some(before),
                after,
            })
        };
        let members: Vec<Member<'_>> = places.iter().filter_map(free).collect();
        for members in members.chunks(AT_ONCE) {
            finished.extend(attempt(conn, members).await?);
        }
    }
    Ok(finished)
}

/// Deletes what was inserted: of these rows those at the beginning, as long as they
/// are of one model. What refers to others comes before them. Says for how many it
/// was tried.
pub(super) async fn remove(
    conn: &mut dyn Session,
    rows: impl Iterator<Item = (usize, &Inverse)>,
) -> Result<(Finished, usize), Error> {
    let inserted = |(at, row)| -> Option<Member<'_>> {
        let row: &Inverse = row;
        let after = row.net.after.as_ref()?;
        let member = Member {
            at,
            row,
            before: None,
            after,
        };
        (row.net.known && row.net.before.is_none()).then_some(member)
    };
    let mut members: Vec<Member<'_>> = Vec::new();
    for member in rows.map_while(inserted).take(AT_ONCE) {
        let model = |one: &Member<'_>| one.row.facts.records();
        if members
            .first()
            .is_some_and(|first| model(first) != model(&member))
        {
            break;
        }
        members.push(member);
    }
    Ok((attempt(conn, &members).await?, members.len()))
}

/// A row that may be changed back with others.
struct Member<'a> {
    at: usize,
    row: &'a Inverse,
    /// `None` if it was inserted, and is deleted.
    before: Option<&'a StateAt>,
    after: &'a StateAt,
}

/// Changes rows of one model back in a savepoint; none if anything is refused.
async fn attempt(conn: &mut dyn Session, members: &[Member<'_>]) -> Result<Finished, Error> {
    let [first, _, ..] = members else {
        return Ok(Finished::new());
    };
    let model = first.row.model;
    let mut savepoint = Transaction::begin(conn).await?;
    let result = write(savepoint.conn(), model, members).await;
    let result = result.and_then(|done| done.ok_or(ROLL_BACK.into()));
    match savepoint.finish(result).await {
        Err(Error::Database(DieselError::RollbackTransaction)) => Ok(Finished::new()),
        Err(error) => refused(error).map(|_| Finished::new()),
        done => done,
    }
}

const ROLL_BACK: DieselError = DieselError::RollbackTransaction;

async fn write(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    members: &[Member<'_>],
) -> Result<Option<Finished>, Error> {
    let facts = model.facts();
    let lasts: Vec<i64> = members.iter().map(|one| one.row.net.last).collect();
    let now = rows_of(conn, model, &lasts).await?;
    let sources = members.iter().filter_map(|one| one.before);
    if let Some(first) = sources.map(|before| before.record).min()
        && any_erased(conn, &facts, &lasts, first).await?
    {
        return Ok(None);
    }
    let mut finished = Finished::new();
    // By the columns that are written: the records that have the values.
    let mut groups: BTreeMap<Vec<&'static str>, Vec<i64>> = BTreeMap::new();
    let mut gone = Vec::new();
    for one in members {
        let Some(row) = now.get(&one.row.net.object.key) else {
            // It may be known by another spelling of its key.
            continue;
        };
        let values = row.values();
        let done = match one.before {
            Some(before) => {
                let Write { back, done, .. } =
                    one.row.back([before, one.after], Some(&values), &[]);
                if !done.changes.is_empty() && !done.is_blocked() {
                    let columns = back.into_iter().map(|(column, _)| column).collect();
                    groups.entry(columns).or_default().push(before.record);
                }
                done.updates()
            }
            None => {
                let done = one.row.removed(one.after, &values);
                if done.action.is_some() {
                    gone.push(one.row.net.last);
                }
                done
            }
        };
        finished.insert(one.at, done);
    }
    for (columns, records) in groups {
        if update_rows(conn, &facts, &columns, &records).await? != records.len() {
            return Ok(None);
        }
    }
    if !gone.is_empty() && delete_rows(conn, &facts, &gone).await? != gone.len() {
        return Ok(None);
    }
    let valid = is_valid(conn, model, members, &lasts).await?;
    Ok(valid.then_some(finished))
}

/// Whether the model takes what the rows are now.
async fn is_valid(
    conn: &mut dyn Session,
    model: &dyn AnyModel,
    members: &[Member<'_>],
    lasts: &[i64],
) -> Result<bool, Error> {
    if members.iter().all(|one| one.before.is_none()) {
        return Ok(true);
    }
    let rows = rows_of(conn, model, lasts).await?;
    let valid = |row: &Arc<dyn AnyInstance>| row.validate().is_ok();
    Ok(rows.values().all(valid))
}
