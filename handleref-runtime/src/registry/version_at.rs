//! Which version of a row there was at a moment.

use super::Model;
use crate::error::Error;
use crate::facts::{RECORD_CHANGESET, RECORD_ID, RECORD_OPERATION, RECORD_VERSION, RECORDED_AT};
use crate::history::moment::Point;
use crate::history::{ChangesetNo, Moment, VersionNo};
use crate::session::absent::{HISTORY, or_not_installed};
use crate::session::{Boxed, Executor, Session};
use crate::sql::{Sql, Value};

/// A moment as one that means the same in every table: a changeset is known only where it has
/// written, so the number of its last record stands for it.
pub(crate) async fn in_every_table(conn: &mut dyn Session, point: Point) -> Result<Point, Error> {
    let Point::Changeset(no) = point else {
        return Ok(point);
    };
    let query = Sql::new("SELECT last_record FROM handleref_changesets WHERE id = ").bind(no);
    let found: Option<(Option<i64>,)> = match conn.first(query).await {
        Ok(found) => found,
        Err(error) => return Err(or_not_installed(conn, error, HISTORY).await),
    };
    match found {
        Some((Some(last),)) => Ok(Point::Record(last)),
        // It has not ended, or there is none.
        Some((None,)) => Ok(point),
        None => Err(Error::NoChangeset {
            no: ChangesetNo(no),
        }),
    }
}

impl Model {
    /// The version that a row had at a moment, as its records number them; `None` if it was not there,
    /// or if no record of that time is left.
    ///
    /// # Errors
    /// [`Error::WrongObject`] if the text is no key of this model, [`Error::NoModel`] or
    /// [`Error::Database`].
    pub fn version_at<'a, C: Executor>(
        &'a self,
        conn: &'a mut C,
        key: &'a str,
        moment: impl Moment,
    ) -> C::Output<'a, Result<Option<VersionNo>, Error>> {
        C::finish(self.version_then(conn, key, moment.point()))
    }

    pub(crate) fn version_then<'a>(
        &'a self,
        conn: &'a mut dyn Session,
        key: &'a str,
        point: Point,
    ) -> Boxed<'a, Result<Option<VersionNo>, Error>> {
        Box::pin(async move {
            let (_, key) = self.key_on(conn.kind(), key)?;
            let point = in_every_table(conn, point).await?;
            let query = Sql::new("SELECT ")
                .name(RECORD_VERSION)
                .sql(", ")
                .name(RECORD_OPERATION);
            let query = query.sql(" FROM ").name(self.record_table()).sql(" WHERE ");
            let query = query.typed(&key.condition).sql(" AND ");
            let query = match point {
                Point::Time(time) => query.name(RECORDED_AT).sql(" <= ").bind(Value::Time(time)),
                Point::Record(record) => query.name(RECORD_ID).sql(" <= ").bind(record),
                Point::Version(version) => query.name(RECORD_VERSION).sql(" <= ").bind(version),
                // One that is not over: what it has written of this row so far.
                Point::Changeset(no) => query.name(RECORD_CHANGESET).sql(" <= ").bind(no),
            };
            let query = query.sql(" ORDER BY ").name(RECORD_ID).sql(" DESC LIMIT 1");
            let found: Option<(i64, String)> = conn.first(query).await?;
            let there = found.filter(|(_, operation)| operation != "delete");
            Ok(there.map(|(version, _)| VersionNo(version)))
        })
    }
}
