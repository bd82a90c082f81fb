//! What an engine cannot store is known before anything is installed.

#[cfg(feature = "mysql")]
mod mysql_limits {
    use crate::support::Db;
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Text};
    use handleref::__private::Roles;
    use handleref::__private::facts::{RecordedColumn, Recording};
    use handleref::schema::{ModelSchema, ProblemKind, Schema};

    diesel::table! { pages { id -> Integer, version -> BigInt, } }

    /// A model of `pages` with these columns.
    fn pages(columns: &[&'static str], roles: Roles) -> Schema {
        let columns: Vec<RecordedColumn> = columns
            .iter()
            .map(|name| RecordedColumn::new(name))
            .collect();
        let recording = Recording::new("page_records", Box::leak(columns.into_boxed_slice()));
        Schema::new([
            ModelSchema::described("Page", "`pages`", roles, &["id"]).with_recording(recording)
        ])
    }

    fn number(conn: &mut MysqlConnection, of: &str) -> i64 {
        diesel::dsl::sql::<BigInt>(of).get_result(conn).unwrap()
    }

    /// Installs, and finds nothing to do afterwards.
    fn installed(conn: &mut MysqlConnection, schema: &Schema) {
        schema.install(conn).unwrap();
        let report = schema.check(conn).unwrap();
        assert!(report.is_ok(), "{report}");
        let plan = schema.plan(conn).unwrap();
        assert!(plan.is_empty(), "{plan}");
    }

    mod a_row_as_large_as_it_can_be {
        use super::*;

        #[test]
        fn mysql() {
            let db = Db::mysql();
            let conn = &mut db.connect::<MysqlConnection>();
            conn.batch_execute(
                "CREATE TABLE pages (id INT PRIMARY KEY, a VARCHAR(6000), b VARCHAR(6000), c VARCHAR(4369), version BIGINT NOT NULL DEFAULT 1)",
            )
            .unwrap();
            let version = Roles::NONE.with_version::<pages::version>();
            installed(conn, &pages(&["id", "a", "b", "c", "version"], version));
            conn.batch_execute("INSERT INTO pages (id, a, b, c) VALUES (1, REPEAT('ä', 6000), REPEAT('b', 6000), REPEAT('c', 4369))").unwrap();
            conn.batch_execute("UPDATE pages SET b = 'b', c = 'c'")
                .unwrap();
            assert_eq!(
                number(
                    conn,
                    "SELECT CAST(SUM(CHAR_LENGTH(a) + CHAR_LENGTH(c)) AS SIGNED) FROM page_records"
                ),
                16_370
            );
            // With a smaller row nothing has to go back.
            conn.batch_execute("DELETE FROM pages; ALTER TABLE pages MODIFY c VARCHAR(100)")
                .unwrap();
            installed(conn, &pages(&["id", "a", "b", "version"], version));
        }
    }

    mod a_record_that_is_too_large {
        use super::*;

        #[test]
        fn mysql() {
            let db = Db::mysql();
            let conn = &mut db.connect::<MysqlConnection>();
            let names: Vec<String> = (0..64).map(|at| format!("c{at}")).collect();
            let columns: String = names
                .iter()
                .map(|name| format!(", {name} CHAR(255)"))
                .collect();
            conn.batch_execute(&format!("CREATE TABLE pages (id INT PRIMARY KEY{columns})"))
                .unwrap();
            let names = names
                .into_iter()
                .map(|name| -> &'static str { Box::leak(name.into_boxed_str()) });
            let columns: Vec<&'static str> = ["id"].into_iter().chain(names).collect();
            let schema = pages(&columns, Roles::NONE);
            match schema.install(conn) {
                // Kept apart, they fit.
                Ok(_) => installed(conn, &schema),
                Err(handleref::Error::Schema(problems)) => {
                    assert!(
                        problems
                            .iter()
                            .all(|it| matches!(it.kind, ProblemKind::TooLarge { .. })),
                        "{problems:?}"
                    );
                    assert_eq!(
                        number(
                            conn,
                            "SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"
                        ),
                        0
                    );
                    assert_eq!(
                        number(
                            conn,
                            "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"
                        ),
                        1
                    );
                }
                Err(error) => panic!("{error}"),
            }
            conn.batch_execute("INSERT INTO pages (id, c1) VALUES (1, 'a')")
                .unwrap();
            conn.batch_execute("UPDATE pages SET c1 = 'b'").unwrap();
        }
    }

    mod a_key_as_long_as_it_can_be {
        use super::*;

        #[test]
        fn mysql() {
            for roles in [Roles::NONE, Roles::NONE.with_version::<pages::version>()] {
                let db = Db::mysql();
                let conn = &mut db.connect::<MysqlConnection>();
                conn.batch_execute(
                    "CREATE TABLE pages (id VARCHAR(768) PRIMARY KEY, a TEXT, version BIGINT NOT NULL DEFAULT 1)",
                )
                .unwrap();
                installed(conn, &pages(&["id", "a", "version"], roles));
                conn.batch_execute("INSERT INTO pages (id) VALUES (REPEAT('ä', 768)), (CONCAT(REPEAT('ä', 767), 'b'))").unwrap();
                conn.batch_execute("UPDATE pages SET a = 'a' WHERE id LIKE '%b'")
                    .unwrap();
                let last = "SELECT CAST(GROUP_CONCAT(record_version ORDER BY record_id) AS CHAR) FROM page_records";
                assert_eq!(
                    diesel::dsl::sql::<Text>(last)
                        .get_result::<String>(conn)
                        .unwrap(),
                    "1,1,2"
                );
            }
        }
    }
}
