//! Keys and statuses whose type has an equality of its own, in a schema that
//! the writer does not have on his path.

#[cfg(feature = "postgres")]
mod citext {
    use crate::support::{Db, Done};
    use diesel::connection::SimpleConnection;
    use diesel::prelude::*;
    use handleref::prelude::*;
    use handleref::{HandleRef, Operation, Recorded};

    diesel::table! { words (word) { word -> Text, text -> Text, status -> Text, version -> BigInt, } }

    #[derive(Debug, Clone, PartialEq, Queryable, Selectable, HandleRef, Recorded)]
    #[diesel(table_name = words, primary_key(word))]
    #[handleref(unique(text))]
    struct Word {
        word: String,
        text: String,
        #[handleref(status(deleted = "deleted", live = "ok"))]
        status: String,
        version: i64,
    }

    type Said = (i64, Operation, String);

    fn story(
        word_type: &str,
        rows: &str,
    ) -> Result<Vec<Said>, Box<dyn std::error::Error + Send + Sync>> {
        let db = Db::postgres();
        let conn = &mut db.connect::<PgConnection>();
        crate::citext(&db);
        let here = db.url.rsplit('D').next().unwrap_or_default();
        let path = format!("SET search_path = {here}, handleref_types");
        conn.batch_execute(&path)?;
        if word_type.starts_with("word_") {
            conn.batch_execute(
                "CREATE DOMAIN word_inner AS citext; CREATE DOMAIN word_outer AS word_inner CHECK (VALUE <> '')",
            )?;
        }
        conn.batch_execute(&format!(
            "CREATE TABLE words (word {word_type} PRIMARY KEY, text TEXT NOT NULL, status {word_type} NOT NULL DEFAULT 'ok')"
        ))?;
        let schema = handleref::schema![Word];
        schema.install(conn)?;
        let plan = schema.plan(conn)?;
        assert!(plan.is_empty(), "{plan}");
        // What the writer's path finds for `=`, and before PostgreSQL's own.
        let writer = &mut db.connect::<PgConnection>();
        writer.batch_execute(&format!("SET search_path = {here}"))?;
        writer.batch_execute(rows)?;
        conn.batch_execute(&path)?;
        Ok(Word::records()
            .order(WordRecords::RECORD_ID)
            .select((WordRecords::VERSION, WordRecords::OPERATION, words::word))
            .load(conn)?)
    }

    const ONE: &str = "INSERT INTO words (word, text) VALUES ('A', 'one'); UPDATE words SET word = 'a', text = 'two'; \
         UPDATE words SET status = 'Deleted'; UPDATE words SET status = 'OK'; DELETE FROM words; INSERT INTO words (word, text) VALUES ('A', 'again')";

    fn expected(said: &[Said]) {
        let said: Vec<(i64, Operation, &str)> =
            said.iter().map(|(v, o, w)| (*v, *o, w.as_str())).collect();
        assert_eq!(
            said,
            [
                (1, Operation::Insert, "A"),
                (2, Operation::Update, "a"),
                (3, Operation::SoftDelete, "a"),
                (4, Operation::Restore, "a"),
                (5, Operation::Delete, "a"),
                (6, Operation::Insert, "A"),
            ]
        );
    }

    mod one_row {
        #[test]
        fn postgres() -> super::Done {
            super::expected(&super::story("citext", super::ONE)?);
            Ok(())
        }
    }
    mod a_domain_over_a_domain {
        #[test]
        fn postgres() -> super::Done {
            super::expected(&super::story("word_outer", super::ONE)?);
            Ok(())
        }
    }
    mod many_rows {
        use super::Operation;

        #[test]
        fn postgres() -> super::Done {
            let said = super::story(
                "citext",
                "INSERT INTO words (word, text) SELECT 'W' || i, 'one' || i FROM generate_series(1, 20) i; \
                 UPDATE words SET word = lower(word), text = text || '!'; DELETE FROM words",
            )?;
            let of = |operation| said.iter().filter(|(_, it, _)| *it == operation).count();
            assert_eq!(
                (
                    of(Operation::Insert),
                    of(Operation::Update),
                    of(Operation::Delete)
                ),
                (20, 20, 20)
            );
            assert!(said.iter().all(|(version, operation, _)| match operation {
                Operation::Insert => *version == 1,
                Operation::Update => *version == 2,
                _ => *version == 3,
            }));
            Ok(())
        }
    }

    /// Names in the user's own SQL mean what they meant at the installation,
    /// and no temporary table of the writer's comes before them.
    mod the_users_own_sql {
        use super::*;

        diesel::table! { notes (id) { id -> Integer, kind -> Text, } }
        diesel::table! { kinds (kind) { kind -> Text, name -> Nullable<Text>, } }

        #[derive(Debug, Clone, PartialEq, Queryable, Selectable, Recorded)]
        #[diesel(table_name = notes)]
        #[recorded(
            when = "notes.kind <> 'DRAFT'",
            property(known: Nullable<Text>, sql = "(SELECT name FROM kinds WHERE kinds.kind = notes.kind)"),
            relative(kinds, on = "kinds.kind = notes.kind")
        )]
        struct Note {
            id: i32,
            kind: String,
        }

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            let conn = &mut db.connect::<PgConnection>();
            crate::citext(&db);
            let here = db.url.rsplit('D').next().unwrap_or_default();
            conn.batch_execute(&format!(
                "SET search_path = {here}, handleref_types; CREATE TABLE notes (id INTEGER PRIMARY KEY, kind CITEXT NOT NULL); \
                 CREATE TABLE kinds (kind CITEXT PRIMARY KEY, name TEXT); INSERT INTO kinds VALUES ('letter', 'a letter')"
            ))?;
            let schema = handleref::schema![Note];
            schema.install(conn)?;
            let writer = &mut db.connect::<PgConnection>();
            writer.batch_execute(&format!(
                "CREATE TEMPORARY TABLE kinds (kind TEXT, name TEXT); INSERT INTO pg_temp.kinds VALUES ('Letter', 'wrong'); \
                 SET search_path = pg_temp; INSERT INTO {here}.notes VALUES (1, 'Letter'), (2, 'draft'); \
                 INSERT INTO {here}.notes VALUES (3, 'Draft'); UPDATE {here}.kinds SET name = 'the letter'"
            ))?;
            let known: Vec<(i32, Option<String>)> = Note::records()
                .order(NoteRecords::RECORD_ID)
                .select((notes::id, NoteRecords::KNOWN))
                .load(conn)?;
            assert_eq!(
                known,
                [(1, Some("a letter".into())), (1, Some("the letter".into()))]
            );
            // Whoever looks from another path finds the same.
            conn.batch_execute(&format!("SET search_path = {here}"))?;
            let plan = schema.plan(conn)?;
            assert!(plan.is_empty(), "{plan}");
            Ok(())
        }
    }

    /// Nothing in what we install asks the search path of the writer: not even
    /// operators and functions that stand before PostgreSQL's own.
    mod a_hostile_path {
        use super::*;
        use crate::support::recorded::{self, Author, Label, Paper, PaperRecords, papers};

        #[test]
        fn postgres() -> Done {
            let db = Db::postgres();
            recorded::filled(&db);
            let here = db.url.rsplit('D').next().unwrap_or_default();
            let conn = &mut db.connect::<PgConnection>();
            let mut trap = format!("CREATE SCHEMA {here}_x; SET search_path = {here}_x;");
            for (name, arguments, result) in [
                ("current_setting", "text, boolean", "text"),
                ("nextval", "regclass", "bigint"),
                ("set_config", "text, text, boolean", "text"),
                ("concat_ws", "text, VARIADIC text[]", "text"),
                ("record_image_ne", "record, record", "boolean"),
                ("statement_timestamp", "", "timestamptz"),
                ("pg_current_xact_id", "", "xid8"),
                ("count", "", "bigint"),
            ] {
                trap.push_str(&format!(
                    "CREATE FUNCTION {name}({arguments}) RETURNS {result} LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap: {name}'; END $$;"
                ));
            }
            for (name, arguments, operators, result) in [
                (
                    "trap_int",
                    "integer, integer",
                    &["=", "<", ">"][..],
                    "boolean",
                ),
                (
                    "trap_big",
                    "bigint, bigint",
                    &["=", "<", ">", ">=", "<>"][..],
                    "boolean",
                ),
                ("trap_text", "text, text", &["=", "<>"][..], "boolean"),
                ("trap_bool", "boolean, boolean", &["="][..], "boolean"),
                ("trap_more", "bigint, integer", &["+", ">"][..], "bigint"),
            ] {
                trap.push_str(&format!(
                    "CREATE FUNCTION {name}({arguments}) RETURNS {result} LANGUAGE plpgsql AS $$ BEGIN RAISE 'trap: {name}'; END $$;"
                ));
                let (left, right) = arguments.split_once(", ").unwrap_or_default();
                for operator in operators {
                    trap.push_str(&format!(
                        "CREATE OPERATOR {operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = {name});"
                    ));
                }
            }
            conn.batch_execute(&trap)?;
            conn.batch_execute(&format!("SET search_path = {here}_x, pg_catalog, {here}"))?;
            for statement in [
                "INSERT INTO papers (id, title) VALUES (101, 'one')",
                "INSERT INTO papers (id, title) VALUES (102, 'two'), (103, 'three'), (104, 'four')",
                "UPDATE papers SET website = 'x', secret = 'y' WHERE id OPERATOR(pg_catalog.=) 101",
                "UPDATE papers SET deleted_at = pg_catalog.now() WHERE id OPERATOR(pg_catalog.=) 3",
                "UPDATE papers SET website = 'z' WHERE id OPERATOR(pg_catalog.>) 101",
                "UPDATE papers SET id = id OPERATOR(pg_catalog.+) 1000",
                "DELETE FROM papers WHERE id OPERATOR(pg_catalog.=) 1101",
                "INSERT INTO papers (id, title) VALUES (1101, 'again')",
                "DELETE FROM papers WHERE id OPERATOR(pg_catalog.>) 1100",
                "INSERT INTO papers (id, title) VALUES (1102, 'again'), (1103, 'b')",
                "UPDATE labels SET weight = 1",
                "TRUNCATE labels",
            ] {
                conn.batch_execute(statement)
                    .map_err(|error| format!("{statement}: {error}"))?;
            }
            let conn = &mut db.connect::<PgConnection>();
            let versions: Vec<i64> = Paper::history_of(1102)
                .order(PaperRecords::RECORD_ID)
                .select(PaperRecords::VERSION)
                .load(conn)?;
            assert_eq!(versions, [3, 4, 5]);
            let amended: i64 = papers::table
                .find(1102)
                .select(papers::version)
                .get_result(conn)?;
            assert_eq!(amended, 5);
            assert!(
                handleref::schema![Author, Paper, Label]
                    .plan(conn)?
                    .is_empty()
            );
            conn.batch_execute(&format!("DROP SCHEMA {here}_x CASCADE"))?;
            Ok(())
        }
    }
}
