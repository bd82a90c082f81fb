//! Small things that everybody tries, and that should just work.

use crate::support::each_engine;
use crate::support::recorded::{Author, Paper, papers, papers as tables};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use handleref::Error;
use handleref::prelude::*;

type Backend<C> = <C as handleref::Executor>::Engine;

macro_rules! fill {
    ($conn:expr) => {
        for id in 1..=4 {
            go!(diesel::insert_into(papers::table)
                .values((papers::id.eq(id), papers::title.eq(format!("paper {id}"))))
                .execute($conn))?;
        }
        go!(handleref::delete(papers::table.find(4)).execute($conn))?;
        go!(handleref::update(papers::table.find(1))
            .set(papers::website.eq("w"))
            .execute($conn))?;
    };
}

each_engine! {
    /// A boxed query is a query of one table as any other.
    async fn boxed(db: tables, conn) {
        fill!(conn);
        let ids = |query: papers::BoxedQuery<'static, Backend<Conn>>| query.order(papers::id);
        let live = ids(papers::table.into_boxed().undeleted());
        assert_eq!(go!(live.select(papers::id).load::<i32>(conn))?, [1, 2, 3]);
        let dead = ids(papers::table.into_boxed().deleted());
        assert_eq!(go!(dead.select(papers::id).load::<i32>(conn))?, [4]);
        let changed = ids(papers::table.filter(papers::id.gt(0)).into_boxed().undeleted().since(1));
        assert_eq!(go!(changed.select(papers::id).load::<i32>(conn))?, [1]);
        let first = go!(papers::table.find(2).select(Paper::as_select()).first::<Paper>(conn))?;
        let until = ids(papers::table.into_boxed().until(&first.updated_at));
        assert!(go!(until.select(papers::id).load::<i32>(conn))?.contains(&2));
        let last = go!(papers::table.into_boxed().filter(papers::id.eq(2)).last_change()
            .get_result::<Option<chrono::NaiveDateTime>>(conn))?;
        assert_eq!(last, Some(first.updated_at));
    }

    /// Bounds of any integer, and by reference.
    async fn bounds(db: tables, conn) {
        fill!(conn);
        let counted = [
            go!(Paper::since(1_u64).count().get_result::<i64>(conn))?,
            go!(Paper::since(&1).count().get_result::<i64>(conn))?,
            go!(Paper::since(u64::MAX).count().get_result::<i64>(conn))?,
            go!(Paper::until(u64::MAX).count().get_result::<i64>(conn))?,
        ];
        assert_eq!(counted, [1, 1, 0, 3]);
        let long_ago = chrono::DateTime::UNIX_EPOCH;
        assert_eq!(go!(Paper::since(&long_ago).count().get_result::<i64>(conn))?, 3);
    }

    /// A batch of changes is what it holds.
    async fn a_batch(db: tables, conn) {
        fill!(conn);
        let batch = go!(handleref::changes::<Paper>().load(conn))?;
        let by_reference: Vec<_> = (&batch).into_iter().map(|change| change.id).collect();
        let ids: Vec<_> = batch.into_iter().map(|change| change.id).collect();
        assert_eq!((ids.len(), &ids), (6, &by_reference));
    }

    /// A query as of a moment of a model that it does not read is a mistake: it would be
    /// answered as of now.
    async fn as_of_another_model(db: tables, conn) {
        fill!(conn);
        let moment = handleref::history::RecordNo(i64::MAX);
        let then = go!(papers::table.count().as_of::<Paper>(moment).get_result::<i64>(conn))?;
        assert_eq!(then, 4);
        let both = go!(papers::table.count().as_of::<(Author, Paper)>(moment).get_result::<i64>(conn))?;
        assert_eq!(both, 4);
        let other = go!(papers::table.count().as_of::<Author>(moment).get_result::<i64>(conn));
        let error = Error::from(other.unwrap_err());
        assert!(matches!(&error, Error::NotRead { models } if *models == ["Author"]), "{error:?}");
    }
}
