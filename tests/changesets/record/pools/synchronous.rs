//! r2d2, and connections that wait.

use super::*;
use crate::support::go_sync as go;
use diesel::r2d2::{ConnectionManager, CustomizeConnection, Pool, R2D2Connection};
use diesel::{Connection, RunQueryDsl};
use handleref::in_changeset;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

#[derive(Debug)]
struct Setup(Engine);

impl<C: R2D2Connection + 'static> CustomizeConnection<C, diesel::r2d2::Error> for Setup {
    fn on_acquire(&self, conn: &mut C) -> Result<(), diesel::r2d2::Error> {
        if self.0 == Engine::Sqlite {
            conn.batch_execute("PRAGMA busy_timeout = 60000; PRAGMA synchronous = OFF")
                .map_err(diesel::r2d2::Error::QueryError)?;
        }
        Ok(())
    }
}

pub(in super::super) fn pool<C: R2D2Connection + Send + 'static>(
    db: &Db,
    size: u32,
) -> Pool<ConnectionManager<C>> {
    Pool::builder()
        .max_size(size)
        .connection_timeout(std::time::Duration::from_secs(60))
        .connection_customizer(Box::new(Setup(db.engine)))
        .build(ConnectionManager::new(&db.url))
        .unwrap()
}

macro_rules! pooled {
    ($name:ident, $conn:ty) => {
        #[test]
        fn $name() -> Done {
            type Pooled = diesel::r2d2::PooledConnection<ConnectionManager<$conn>>;
            let db = Db::$name();
            tables(&db);
            let other = &mut db.connect::<$conn>();
            let pool = pool::<$conn>(&db, 1);
            fn meta() -> handleref::changeset::ChangesetMeta {
                Changeset::by("ann")
            }
            fn writes(conn: &mut $conn, id: i32) -> Result<(), Error> {
                book!(conn, id);
                Ok(())
            }
            // What is done, whether its connection goes on, whether its
            // changes are there.
            type Ending = (&'static str, bool, bool, fn(Pooled, i32));
            let endings: Vec<Ending> = vec![
                ("success", true, true, |mut conn, id| {
                    in_changeset(&mut *conn, meta(), |conn| writes(conn, id)).unwrap();
                }),
                ("success on the guard", true, true, |mut conn, id| {
                    in_changeset(&mut conn, meta(), |conn| writes(conn, id)).unwrap();
                }),
                ("nothing changed", true, false, |mut conn, _| {
                    in_changeset(&mut *conn, meta(), |_| Ok::<_, Error>(())).unwrap();
                }),
                ("error", true, false, |mut conn, id| {
                    let failed = in_changeset(&mut *conn, meta(), |conn| {
                        writes(conn, id)?;
                        Err::<(), _>(refused())
                    });
                    assert!(failed.is_err());
                }),
                ("error of the database", true, false, |mut conn, id| {
                    let failed = in_changeset(&mut *conn, meta(), |conn| {
                        writes(conn, id)?;
                        writes(conn, id)
                    });
                    assert!(failed.is_err());
                }),
                ("error in a nested one", true, true, |mut conn, id| {
                    in_changeset(&mut *conn, meta(), |conn| {
                        writes(conn, id)?;
                        let failed = in_changeset(conn, meta(), |conn| writes(conn, id));
                        assert!(failed.is_err());
                        Ok::<_, Error>(())
                    })
                    .unwrap();
                }),
                ("panic", true, false, |mut conn, id| {
                    let panicked = catch_unwind(AssertUnwindSafe(|| {
                        in_changeset(&mut *conn, meta(), |conn| -> Result<(), Error> {
                            writes(conn, id)?;
                            resume_unwind(Box::new(()))
                        })
                    }));
                    assert!(panicked.is_err());
                }),
                (
                    "panic in Diesel's transaction",
                    true,
                    false,
                    |mut conn, id| {
                        let panicked = catch_unwind(AssertUnwindSafe(|| {
                            in_changeset(&mut *conn, meta(), |conn| {
                                conn.transaction(|conn| -> Result<(), Error> {
                                    writes(conn, id)?;
                                    resume_unwind(Box::new(()))
                                })
                            })
                        }));
                        assert!(panicked.is_err());
                    },
                ),
                (
                    "panic that takes the connection",
                    false,
                    false,
                    |mut conn, id| {
                        let panicked = catch_unwind(AssertUnwindSafe(move || {
                            in_changeset(&mut *conn, meta(), |conn| -> Result<(), Error> {
                                writes(conn, id)?;
                                resume_unwind(Box::new(()))
                            })
                        }));
                        assert!(panicked.is_err());
                    },
                ),
                (
                    "caller's transaction that is rolled back",
                    true,
                    false,
                    |mut conn, id| {
                        let failed = conn.transaction(|conn| {
                            in_changeset(conn, meta(), |conn| writes(conn, id))?;
                            Err::<(), _>(refused())
                        });
                        assert!(failed.is_err());
                    },
                ),
                ("closed", true, true, |mut conn, id| {
                    let mut open = open_changeset(&mut *conn, meta()).unwrap();
                    writes(&mut open, id).unwrap();
                    open.close().unwrap();
                }),
                ("discarded", true, false, |mut conn, id| {
                    let mut open = open_changeset(&mut *conn, meta()).unwrap();
                    writes(&mut open, id).unwrap();
                    open.discard().unwrap();
                }),
                ("dropped", true, false, |mut conn, id| {
                    let mut open = open_changeset(&mut *conn, meta()).unwrap();
                    writes(&mut open, id).unwrap();
                }),
                ("forgotten", false, false, |mut conn, id| {
                    let mut open = open_changeset(&mut *conn, meta()).unwrap();
                    writes(&mut open, id).unwrap();
                    std::mem::forget(open);
                }),
                (
                    "forgotten in a transaction",
                    false,
                    false,
                    |mut conn, id| {
                        let _ = catch_unwind(AssertUnwindSafe(|| {
                            conn.transaction(|conn| {
                                let mut open = open_changeset(conn, meta()).unwrap();
                                writes(&mut open, id).unwrap();
                                std::mem::forget(open);
                                Err::<(), _>(refused())
                            })
                        }));
                    },
                ),
            ];
            let mut id = 0;
            let mut there = Vec::new();
            for round in 0..2 {
                for (what, goes_on, commits, ending) in &endings {
                    let what = format!("{what}, {round}");
                    id += 2;
                    let mut conn = pool.get()?;
                    let before: Seen =
                        diesel::sql_query(session(db.engine)).get_result(&mut *conn)?;
                    ending(conn, id);
                    let conn = &mut *pool.get()?;
                    let after: Seen = diesel::sql_query(session(db.engine)).get_result(conn)?;
                    if db.engine != Engine::Sqlite {
                        assert_eq!(before == after, *goes_on, "{what}: the same connection");
                    }
                    // A connection that was closed may have a transaction for a moment yet.
                    settle(&db);
                    assert_clean!(&what, db, conn, other, id + 1);
                    if *commits {
                        there.push((id, true));
                    }
                    there.push((id + 1, false));
                    let found: Vec<_> = inserted!(other)
                        .iter()
                        .map(|(id, no)| (*id, no.is_some()))
                        .collect();
                    assert_eq!(found, there, "{what}");
                }
            }
            let committed = there.iter().filter(|it| it.1).count();
            assert_eq!(stored!(other).len(), committed);
            assert_eq!(committed, 2 * endings.iter().filter(|it| it.2).count());
            Ok(())
        }
    };
}

#[cfg(feature = "sqlite")]
pooled!(sqlite, diesel::SqliteConnection);
#[cfg(feature = "postgres")]
pooled!(postgres, diesel::PgConnection);
#[cfg(feature = "mysql")]
pooled!(mysql, diesel::MysqlConnection);
