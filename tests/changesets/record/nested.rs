//! Changesets in changesets, in transactions, and around pauses.

use super::*;
use crate::support::each_engine;

each_engine! {
    /// A changeset in a changeset joins it.
    async fn nested_ones_join(_db: tables, conn) {
        let numbers = go!(in_changeset_async(conn, Changeset::by("outer").comment("why"), async |conn| {
            book!(conn, 1);
            let outer = go!(current_changeset(conn))?;
            let inner = go!(in_changeset_async(conn, Changeset::by("inner").comment("not this"), async |conn| {
                book!(conn, 2);
                let innermost = go!(in_changeset_async(conn, Changeset::by("innermost"), async |conn| {
                    book!(conn, 3);
                    Ok::<_, Error>(go!(current_changeset(conn))?)
                }))?;
                // One that changes nothing does not end the outer one.
                go!(in_changeset_async(conn, Changeset::by("nothing"), async |_| Ok::<_, Error>(())))?;
                book!(conn, 4);
                Ok::<_, Error>((innermost, go!(current_changeset(conn))?))
            }))?;
            book!(conn, 5);
            assert_eq!(go!(current_changeset(conn))?, outer);
            Ok::<_, Error>([outer, inner.0, inner.1])
        }))?;
        book!(conn, 6);
        let stored = stored!(conn);
        assert_eq!(stored.len(), 1);
        assert_eq!((stored[0].actor.as_deref(), stored[0].comment.as_deref()), (Some("outer"), Some("why")));
        let no = stored[0].id;
        assert_eq!(numbers, [Some(ChangesetNo(no)); 3]);
        let expected: Vec<_> = (1..=6).map(|id| (id, (id < 6).then_some(no))).collect();
        assert_eq!(inserted!(conn), expected);
    }

    /// Only the inner one records: it is the outer one's all the same.
    async fn only_the_inner_one_records(_db: tables, conn) {
        go!(in_changeset_async(conn, Changeset::by("outer"), async |conn| {
            go!(in_changeset_async(conn, Changeset::by("inner"), async |conn| {
                book!(conn, 1);
                Ok::<_, Error>(())
            }))
        }))?;
        let stored = stored!(conn);
        assert_eq!((stored.len(), stored[0].actor.as_deref()), (1, Some("outer")));
        assert_eq!(inserted!(conn), [(1, Some(stored[0].id))]);
    }

    /// An inner error that the outer one catches takes only the inner changes.
    async fn an_inner_error_that_is_caught(_db: tables, conn) {
        go!(in_changeset_async(conn, Changeset::by("outer"), async |conn| {
            book!(conn, 1);
            for by_the_database in [false, true] {
                let failed = go!(in_changeset_async(conn, Changeset::by("inner"), async |conn| {
                    book!(conn, 2);
                    if by_the_database {
                        book!(conn, 1);
                    }
                    Err::<(), _>(refused())
                }));
                assert!(failed.is_err());
                assert!(go!(current_changeset(conn))?.is_some());
            }
            book!(conn, 3);
            Ok::<_, Error>(())
        }))?;
        book!(conn, 4);
        let stored = stored!(conn);
        assert_eq!((stored.len(), stored[0].actor.as_deref()), (1, Some("outer")));
        let no = Some(stored[0].id);
        assert_eq!(inserted!(conn), [(1, no), (3, no), (4, None)]);

        // If nothing else was recorded, there is none.
        go!(in_changeset_async(conn, Changeset::by("outer"), async |conn| {
            let failed = go!(in_changeset_async(conn, Changeset::by("inner"), async |conn| {
                book!(conn, 5);
                Err::<(), _>(refused())
            }));
            assert!(failed.is_err());
            Ok::<_, Error>(())
        }))?;
        assert_eq!(stored!(conn), stored);
    }

    /// In a transaction of the caller: each changeset is its own, what is
    /// between them is none's, and an error takes only its own changes.
    async fn in_a_transaction_of_the_caller(db: tables, conn) {
        let other = &mut connect!(db);
        transaction!(conn, inner, {
            book!(inner, 1);
            go!(in_changeset_async(inner, Changeset::by("one"), async |conn| {
                book!(conn, 2);
                Ok::<_, Error>(())
            }))?;
            assert_eq!(go!(current_changeset(inner))?, None);
            book!(inner, 3);
            let failed = go!(in_changeset_async(inner, Changeset::by("fails"), async |conn| {
                book!(conn, 4);
                Err::<(), _>(refused())
            }));
            assert!(failed.is_err());
            assert_eq!(go!(current_changeset(inner))?, None);
            book!(inner, 5);
            go!(in_changeset_async(inner, Changeset::by("two"), async |conn| {
                book!(conn, 6);
                Ok::<_, Error>(())
            }))?;
            book!(inner, 7);
            assert!(stored!(other).is_empty(), "the caller has not committed yet");
            Ok(())
        })?;
        let stored = stored!(other);
        let actors: Vec<_> = stored.iter().map(|it| it.actor.as_deref()).collect();
        assert_eq!(actors, [Some("one"), Some("two")]);
        let (one, two) = (Some(stored[0].id), Some(stored[1].id));
        assert_eq!(inserted!(other), [(1, None), (2, one), (3, None), (5, None), (6, two), (7, None)]);
        assert!(stored[0].last_record.unwrap() <= stored[1].first_record);
    }

    /// The caller rolls back what was two changesets: nothing is left of them.
    async fn a_caller_that_rolls_back(db: tables, conn) {
        for round in 0..2 {
            let failed: Result<(), Error> = transaction!(conn, inner, {
                for actor in ["one", "two"] {
                    go!(in_changeset_async(inner, Changeset::by(actor), async |conn| {
                        book!(conn, if actor == "one" { 1 } else { 2 });
                        Ok::<_, Error>(())
                    }))?;
                }
                assert_eq!(stored!(inner).len(), 2 + round);
                Err(refused())
            });
            assert!(failed.is_err());
            assert_eq!(go!(current_changeset(conn))?, None);
            assert_eq!(stored!(conn).len(), round);
            // The error comes out of the changeset and ends the caller's transaction.
            let failed: Result<(), Error> = transaction!(conn, inner, {
                go!(in_changeset_async(inner, Changeset::by("fails"), async |conn| {
                    book!(conn, 1);
                    Err(refused())
                }))
            });
            assert!(failed.is_err());
            assert_eq!(go!(current_changeset(conn))?, None);
            let id = i32::try_from(round).unwrap();
            book!(conn, 10 + id);
            go!(in_changeset_async(conn, Changeset::by("kept"), async |conn| {
                book!(conn, 20 + id);
                Ok::<_, Error>(())
            }))?;
        }
        let other = &mut connect!(db);
        let stored = stored!(other);
        let actors: Vec<_> = stored.iter().map(|it| it.actor.as_deref()).collect();
        assert_eq!(actors, [Some("kept"), Some("kept")]);
        assert_eq!(
            inserted!(other),
            [(10, None), (20, Some(stored[0].id)), (11, None), (21, Some(stored[1].id))]
        );
    }

    /// A savepoint that is rolled back inside does not end the changeset.
    async fn savepoints_inside(_db: tables, conn) {
        go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            book!(conn, 1);
            let failed: Result<(), Error> = transaction!(conn, inner, {
                book!(inner, 2);
                Err(refused())
            });
            assert!(failed.is_err());
            book!(conn, 3);
            transaction!(conn, inner, {
                book!(inner, 4);
                Ok(())
            })?;
            book!(conn, 5);
            Ok::<_, Error>(())
        }))?;
        let stored = stored!(conn);
        let no = Some(stored[0].id);
        assert_eq!(inserted!(conn), [(1, no), (3, no), (4, no), (5, no)]);
        assert_eq!(stored.len(), 1);
    }

    /// All that was recorded is gone with a savepoint: then nothing is stored,
    /// however often a connection does it.
    async fn a_savepoint_that_takes_everything(_db: tables, conn) {
        for id in 1..=3 {
            go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
                let failed: Result<(), Error> = transaction!(conn, inner, {
                    book!(inner, id);
                    Err(refused())
                });
                assert!(failed.is_err());
                Ok::<_, Error>(())
            }))?;
            assert_eq!(go!(current_changeset(conn))?, None);
        }
        book!(conn, 4);
        assert!(stored!(conn).is_empty());
        assert_eq!(inserted!(conn), [(4, None)]);
    }

    /// A pause inside is a pause, and the changeset goes on behind it; a
    /// changeset in a pause records nothing.
    async fn pauses_inside(_db: tables, conn) {
        go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            book!(conn, 1);
            go!(without_recording_async(conn, "inside", async |conn| {
                book!(conn, 2);
                Ok::<_, Error>(())
            }))?;
            book!(conn, 3);
            Ok::<_, Error>(())
        }))?;
        go!(without_recording_async(conn, "around", async |conn| {
            go!(in_changeset_async(conn, Changeset::by("paused"), async |conn| {
                book!(conn, 4);
                Ok::<_, Error>(())
            }))?;
            book!(conn, 5);
            Ok::<_, Error>(())
        }))?;
        book!(conn, 6);
        let stored = stored!(conn);
        let no = Some(stored[0].id);
        assert_eq!(inserted!(conn), [(1, no), (3, no), (6, None)]);
        assert_eq!(stored.len(), 1);
    }

    /// A mistake inside that is swallowed, after which the whole transaction
    /// is gone: the changeset does not pretend to have worked.
    async fn a_transaction_that_ended_inside(_db: tables, conn) {
        let ended = go!(in_changeset_async(conn, Changeset::by("ann"), async |conn| {
            book!(conn, 1);
            go!(diesel::sql_query("ROLLBACK").execute(conn))?;
            Ok::<_, Error>(())
        }));
        assert!(ended.is_err(), "{ended:?}");
        let other = &mut connect!(_db);
        assert!(stored!(other).is_empty() && carried!(other).is_empty());
    }
}
