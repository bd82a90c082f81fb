//! What a model needs to be mirrored, and how its rows are copied.

use super::{Conn, Error, Moved};
use chrono::NaiveDateTime;
use diesel::QueryResult;
use handleref::SoftDelete;

/// A model that can be mirrored; implemented by [`mirrored!`].
pub trait Mirrored: SoftDelete + PartialEq {
    /// The rows that changed after a moment, or all; soft-deleted ones among
    /// them, or a mirror would never learn of a deletion.
    fn changed(
        conn: &mut Conn,
        after: Option<NaiveDateTime>,
    ) -> QueryResult<impl Iterator<Item = QueryResult<Self>>>;

    /// The row of the same key in another database.
    fn twin(&self, conn: &mut Conn) -> QueryResult<Option<Self>>;

    /// Writes the row as it is, new or not: status and timestamps are copied,
    /// not managed. (That is why this is Diesel's insert and no `save`.)
    fn put(&self, conn: &mut Conn) -> QueryResult<()>;
}

/// Implements [`Mirrored`] for models and their tables. The structs need
/// `Queryable`, `Selectable`, `Insertable` and `AsChangeset`, the last with
/// `treat_none_as_null = true`, and must have all columns.
macro_rules! mirrored {
    ($($model:ty => $table:ident),+ $(,)?) => { $(
        impl $crate::sync::Mirrored for $model {
            fn changed(
                conn: &mut $crate::sync::Conn,
                after: Option<chrono::NaiveDateTime>,
            ) -> diesel::QueryResult<impl Iterator<Item = diesel::QueryResult<Self>>> {
                use diesel::prelude::*;
                use handleref::HandleRef;
                let all = Self::with_deleted().select(Self::as_select()).into_boxed();
                let query = match after {
                    // No order here, or SQLite sorts by the key instead of
                    // searching the indexes of the two timestamps.
                    Some(after) => all.filter(Self::changed_after(after)),
                    None => all.order($table::table.primary_key()),
                };
                query.load_iter::<Self, diesel::connection::DefaultLoadingMode>(conn)
            }

            fn twin(&self, conn: &mut $crate::sync::Conn) -> diesel::QueryResult<Option<Self>> {
                use diesel::prelude::*;
                use handleref::HandleRef;
                $table::table.find(self.key()).select(Self::as_select()).first(conn).optional()
            }

            fn put(&self, conn: &mut $crate::sync::Conn) -> diesel::QueryResult<()> {
                use diesel::prelude::*;
                diesel::insert_into($table::table)
                    .values(self)
                    .on_conflict($table::table.primary_key())
                    .do_update()
                    .set(self)
                    .execute(conn)
                    .map(drop)
            }
        }
    )+ };
}
pub(crate) use mirrored;

/// One of the models of a [`Mirror`].
#[derive(Debug, Clone, Copy)]
pub struct Model {
    pub(super) copy: fn(&mut Conn, &mut Conn, Option<NaiveDateTime>) -> Result<Moved, Error>,
}

impl Model {
    /// The model `M`.
    pub const fn of<M: Mirrored>() -> Self {
        Self { copy: copy::<M> }
    }
}

/// Copies what changed in one model.
fn copy<M: Mirrored>(
    source: &mut Conn,
    mirror: &mut Conn,
    after: Option<NaiveDateTime>,
) -> Result<Moved, Error> {
    let mut moved = Moved {
        tag: M::TAG,
        added: 0,
        changed: 0,
        deleted: 0,
        restored: 0,
        equal: 0,
    };
    for row in M::changed(source, after)? {
        let row = row?;
        let twin = row.twin(mirror)?;
        if twin.as_ref() == Some(&row) {
            moved.equal += 1;
            continue;
        }
        row.put(mirror).map_err(|cause| Error::Row {
            row: row.handle().unwrap_or_else(|_| M::TAG.into()),
            cause,
        })?;
        match twin.map(|twin| (twin.deleted_mark(), row.deleted_mark())) {
            None => moved.added += 1,
            Some((false, true)) => moved.deleted += 1,
            Some((true, false)) => moved.restored += 1,
            Some(_) => moved.changed += 1,
        }
    }
    Ok(moved)
}
