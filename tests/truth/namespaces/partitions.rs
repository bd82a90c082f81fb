//! Rows that move to another partition, where a trigger drops some of them.

#[cfg(feature = "postgres")]
mod dropped_on_the_way {
    use crate::support::{Db, Done};
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use handleref::prelude::*;
    use handleref::{HandleRef, Operation, Recorded};

    diesel::table! { parcels (id, area) { id -> Integer, area -> Integer, note -> Text, version -> BigInt, } }
    diesel::table! { counts (id) { id -> Integer, } }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
    #[diesel(table_name = parcels, primary_key(id, area))]
    struct Parcel {
        id: i32,
        area: i32,
        note: String,
        version: i64,
    }

    /// Its property counts the parcels of an area.
    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Recorded)]
    #[diesel(table_name = counts)]
    #[recorded(
        property(parcels: BigInt, sql = "(SELECT count(*) FROM parcels WHERE parcels.area = counts.id)"),
        relative(parcels, on = "parcels.area = counts.id")
    )]
    struct Area {
        id: i32,
    }

    const TABLES: &str = "CREATE TABLE parcels (id INTEGER, area INTEGER, note TEXT NOT NULL, PRIMARY KEY (id, area)) PARTITION BY LIST (area); \
         CREATE TABLE parcels_1 PARTITION OF parcels FOR VALUES IN (1); CREATE TABLE parcels_2 PARTITION OF parcels FOR VALUES IN (2); \
         CREATE TABLE counts (id INTEGER PRIMARY KEY); \
         CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.note LIKE 'lost%' THEN RETURN NULL; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER lose BEFORE INSERT ON parcels_2 FOR EACH ROW EXECUTE FUNCTION lose()";

    /// Key, version and kind of each record, the rows that are there now at the end.
    fn told(conn: &mut PgConnection) -> Done {
        let last: Vec<Parcel> = parcels::table
            .order((parcels::id, parcels::area))
            .load(conn)?;
        let moment = handleref::history::latest_record(conn)?;
        let then: Vec<Parcel> = parcels::table
            .order((parcels::id, parcels::area))
            .as_of::<Parcel>(moment)
            .load(conn)?;
        assert_eq!(then, last, "what the records say is what is there");
        let counted: Vec<(i32, i64)> = Area::records()
            .order(AreaRecords::RECORD_ID)
            .select((counts::id, AreaRecords::PARCELS))
            .load(conn)?;
        for area in 1..=2 {
            let here = last.iter().filter(|one| one.area == area).count();
            let said = counted.iter().rev().find(|(id, _)| *id == area);
            assert_eq!(
                said.map(|(_, count)| *count),
                i64::try_from(here).ok(),
                "area {area}: {counted:?}"
            );
        }
        Ok(())
    }

    fn check(lazy: bool, notes: &[&str], sql: &str) -> Done {
        let db = Db::postgres();
        let conn = &mut db.connect::<PgConnection>();
        conn.batch_execute(TABLES)?;
        let fill = |conn: &mut PgConnection| -> QueryResult<()> {
            for (at, note) in notes.iter().enumerate() {
                let id = at + 1;
                conn.batch_execute(&format!(
                    "INSERT INTO parcels (id, area, note) VALUES ({id}, 1, '{note}')"
                ))?;
            }
            Ok(())
        };
        if lazy {
            fill(conn)?;
        }
        handleref::schema![Parcel, Area].install(conn)?;
        conn.batch_execute("INSERT INTO counts VALUES (1), (2)")?;
        if !lazy {
            fill(conn)?;
        }
        conn.batch_execute(sql)?;
        let gone: Vec<(i32, i32)> = Parcel::records()
            .filter(ParcelRecords::OPERATION.eq(Operation::Delete))
            .order((parcels::id, parcels::area))
            .select((parcels::id, parcels::area))
            .load(conn)?;
        let expected = if sql.contains("area = 2") {
            notes.len()
        } else {
            0
        };
        assert_eq!(gone.len(), expected, "{gone:?}");
        if lazy {
            Parcel::backfill().execute(conn)?;
            Area::backfill().execute(conn)?;
        }
        told(conn)
    }

    const MOVE: &str = "UPDATE parcels SET area = 2, note = note || '!'";

    mod the_last {
        #[test]
        fn postgres() -> super::Done {
            super::check(false, &["kept", "lost"], super::MOVE)
        }
    }
    mod the_first {
        #[test]
        fn postgres() -> super::Done {
            super::check(false, &["lost", "kept", "kept"], super::MOVE)
        }
    }
    mod the_only_one {
        #[test]
        fn postgres() -> super::Done {
            super::check(false, &["lost"], super::MOVE)
        }
    }
    mod one_of_two {
        #[test]
        fn postgres() -> super::Done {
            super::check(false, &["lost", "kept"], super::MOVE)
        }
    }
    mod many {
        #[test]
        fn postgres() -> super::Done {
            super::check(
                false,
                &["kept", "lost", "kept", "lost", "lost", "kept", "kept"],
                super::MOVE,
            )
        }
    }
    mod all_of_them {
        #[test]
        fn postgres() -> super::Done {
            super::check(false, &["lost", "lost", "lost"], super::MOVE)
        }
    }
    mod before_the_baselines {
        #[test]
        fn postgres() -> super::Done {
            super::check(true, &["kept", "lost", "kept"], super::MOVE)
        }
    }
    mod none {
        #[test]
        fn postgres() -> super::Done {
            super::check(
                false,
                &["kept", "lost"],
                "UPDATE parcels SET note = note || '?'",
            )
        }
    }
}
