//! Functions for any model and any connection, as an application's own library has them.

use crate::support::each_engine;
use crate::support::recorded::{Paper, papers, papers as tables};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::history::LogPage;
use handleref::model::{RecordedOn, SoftDeleteOn};
use handleref::prelude::*;
use handleref::{Error, Executor, Outcome};

fn archive<'a, M, C>(conn: &'a mut C, row: &'a mut M) -> C::Output<'a, Result<Outcome, Error>>
where
    M: SoftDeleteOn<C>,
    C: Executor,
{
    row.delete(conn)
}

/// Several steps, on both kinds of connections.
fn archive_all<'a, M, C>(conn: &'a mut C, rows: &'a mut [M]) -> C::Output<'a, Result<usize, Error>>
where
    M: SoftDeleteOn<C>,
    C: Executor,
{
    C::run(async move {
        let mut archived = 0;
        for row in rows {
            archived += usize::from(C::wait(archive(conn, row)).await? == Outcome::Written);
        }
        Ok(archived)
    })
}

fn latest<'a, M, C>(conn: &'a mut C, key: M::RecordKey) -> C::Output<'a, Result<LogPage<M>, Error>>
where
    M: RecordedOn<C>,
    C: Executor,
{
    M::log_of(key).limit(1).load(conn)
}

each_engine! {
    async fn of_rows(db: tables, conn) {
        for id in 1..=3 {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(format!("paper {id}"))))
                .execute(conn))?;
        }
        let mut rows = go!(papers::table.order(papers::id).select(Paper::as_select()).load::<Paper>(conn))?;
        assert_eq!(go!(archive(conn, &mut rows[0]))?, Outcome::Written);
        assert_eq!(go!(archive_all(conn, &mut rows))?, 2);
        let page: LogPage<Paper> = go!(latest(conn, 2))?;
        assert_eq!(page.entries[0].version, 2);
    }
}
