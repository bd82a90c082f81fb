//! What a pool hands out is a connection.

use crate::support::recorded::{Paper, papers, papers as tables};
use crate::support::{Db, Done, block_on};
use diesel::prelude::ExpressionMethods;
use diesel::{QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use diesel_async::pooled_connection::AsyncDieselConnectionManager;
use diesel_async::pooled_connection::deadpool::Pool;
use handleref::prelude::*;
use handleref::{Changeset, Error, Outcome, in_changeset_async};

macro_rules! guards {
    ($feature:literal $name:ident, $conn:ty) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $name() -> Done {
            block_on(async {
                let db = Db::$name();
                tables(&db);
                let manager = AsyncDieselConnectionManager::<$conn>::new(&db.url);
                let pool = Pool::builder(manager).max_size(2).build()?;
                let mut conn = pool.get().await?;
                in_changeset_async(&mut conn, Changeset::by("ann"), async |conn| {
                    diesel::insert_into(papers::table)
                        .values((papers::id.eq(1), papers::title.eq("a")))
                        .execute(conn)
                        .await?;
                    Ok::<_, Error>(())
                })
                .await?;
                let mut paper: Paper = papers::table
                    .find(1)
                    .select(Paper::as_select())
                    .first(&mut conn)
                    .await?;
                paper.title = "b".to_owned();
                assert_eq!(paper.save(&mut conn).await?, Outcome::Written);
                assert_eq!(paper.delete(&mut conn).await?, Outcome::Written);
                let page = paper.log().load(&mut conn).await?;
                assert_eq!(page.entries.len(), 3);
                assert_eq!(
                    page.entries[2].actor().map(|it| it.to_string()).as_deref(),
                    Some("ann")
                );
                // What it dereferences to is one, too.
                assert_eq!(paper.restore(&mut *conn).await?, Outcome::Written);
                Ok(())
            })
        }
    };
}
guards!("sqlite" sqlite, diesel_async::sync_connection_wrapper::SyncConnectionWrapper<diesel::SqliteConnection>);
guards!("postgres" postgres, diesel_async::AsyncPgConnection);
guards!("mysql" mysql, diesel_async::AsyncMysqlConnection);
