//! A read that has waited for a lock in vain is asked again on the same connection.

/// libmariadb never returns from a prepared read of which an earlier execution
/// failed after its columns were announced. Diesel's own reads hang there; those
/// of handleref's tables must not, whoever locks what they read.
#[cfg(feature = "mysql")]
mod serializable {
    use crate::support::recorded::papers;
    use crate::support::{Db, Done};
    use diesel::MysqlConnection;
    use diesel::connection::SimpleConnection;
    use handleref::maintain::events;
    use handleref::{Error, changesets};

    #[test]
    fn mysql() -> Done {
        let db = Db::mysql();
        papers(&db);
        db.execute(
            "INSERT INTO handleref_changesets (first_record, occurred_at, actor) \
             VALUES (0, UTC_TIMESTAMP(6), 'ann')",
        );
        let other = &mut db.connect::<MysqlConnection>();
        let conn = &mut db.connect::<MysqlConnection>();
        conn.batch_execute("SET SESSION innodb_lock_wait_timeout = 1")?;
        let read = |conn: &mut MysqlConnection| {
            Ok::<_, Error>((changesets().load(conn)?.len(), events().load(conn)?.len()))
        };
        let before = read(conn)?;
        assert_eq!(before.0, 1);
        for table in ["handleref_changesets", "handleref_events"] {
            other.batch_execute(&format!("BEGIN; UPDATE {table} SET id = id"))?;
            conn.batch_execute("SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN")?;
            assert!(read(conn).is_err(), "{table}");
            conn.batch_execute("ROLLBACK")?;
            other.batch_execute("ROLLBACK")?;
            assert_eq!(read(conn)?, before);
        }
        Ok(())
    }
}
