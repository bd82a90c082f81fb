//! A database with an owner: what works as before, and that it stays so.

use super::roles::{Guarded, User};
use crate::support::recorded::{Author, Label, Paper, PaperRecords, papers};
use crate::support::{Db, Engine};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::changeset::current_changeset;
use handleref::history::Now;
use handleref::maintain::{events, without_recording};
use handleref::prelude::*;
use handleref::schema::ProblemKind;
use handleref::{Changeset, Cursor, Error, Operation, changes, changesets, in_changeset};

type Done = Result<(), Box<dyn std::error::Error>>;

macro_rules! on_servers {
    ($($(#[$doc:meta])* $name:ident($guarded:ident, $conn:ident) $body:block)*) => { $(
        $(#[$doc])*
        mod $name {
            use super::*;

            #[cfg(feature = "postgres")]
            #[test]
            fn postgres() -> Done {
                #[allow(dead_code)]
                type $conn = diesel::PgConnection;
                let $guarded = Guarded::bare(Db::postgres());
                $body
                Ok(())
            }

            #[cfg(feature = "mysql")]
            #[test]
            fn mysql() -> Done {
                #[allow(dead_code)]
                type $conn = diesel::MysqlConnection;
                let $guarded = Guarded::bare(Db::mysql());
                $body
                Ok(())
            }
        }
    )* };
}

on_servers! {
    /// Everybody does his work, with his own rights alone.
    everybody_at_work(guarded, Conn) {
        guarded.db.install(&guarded.schema());
        let writer = &mut guarded.connect::<Conn>(User::Writer);
        let (owner, reader) = (&mut guarded.connect::<Conn>(User::Owner), &mut guarded.connect::<Conn>(User::Reader));
        writer.batch_execute("INSERT INTO authors (id, name) VALUES (1, 'Ann')").unwrap();
        let set = in_changeset(writer, Changeset::by("ann").comment("why"), |conn| {
            conn.batch_execute("INSERT INTO papers (id, author_id, title, secret) VALUES (1, 1, 'a', 's'), (2, 1, 'b', NULL)").unwrap();
            conn.batch_execute("INSERT INTO labels (paper_id, label) VALUES (1, 'x')").unwrap();
            current_changeset(conn)
        }).unwrap();
        // Nothing recorded, nothing stored.
        in_changeset(writer, Changeset::by("ann"), |_| Ok::<_, Error>(())).unwrap();
        let mut paper: Paper = papers::table.find(1).first(writer).unwrap();
        paper.title = "c".into();
        paper.save(writer).unwrap();
        paper.delete(writer).unwrap();
        paper.restore(writer).unwrap();
        // A key that had a past goes on after it.
        writer.batch_execute("DELETE FROM papers WHERE id = 2; INSERT INTO papers (id, title) VALUES (2, 'again')").unwrap();
        let again: Paper = papers::table.find(2).first(writer).unwrap();
        assert_eq!(again.version, 3);

        let sets = changesets().load(reader).unwrap();
        assert_eq!(sets.len(), 1);
        assert_eq!(Some(sets[0].no), set);
        let operations: Vec<Operation> = Paper::records()
            .filter(papers::id.eq(1))
            .order(PaperRecords::RECORD_ID)
            .select(PaperRecords::OPERATION)
            .load(reader).unwrap();
        assert_eq!(operations, [Operation::Insert, Operation::Update, Operation::SoftDelete, Operation::Restore]);
        let batch = changes::<(Author, Paper, Label)>().since(&Cursor::beginning()).load(reader).unwrap();
        assert_eq!(batch.changes.len(), 9);
        let more = changes::<(Author, Paper, Label)>().since(&batch.cursor).load(reader).unwrap();
        assert!(more.changes.is_empty());
        let before: Vec<String> = papers::table
            .select(papers::title)
            .order(papers::id)
            .as_of::<Paper>(sets[0].at + chrono::TimeDelta::seconds(-10))
            .load(reader)
            .unwrap_or_default();
        assert!(before.is_empty());
        assert!(!paper.diff(reader, 1, Now)?.is_empty());

        // The owner keeps the history, and what he switches leaves a trace.
        without_recording(owner, "import", |_| Ok::<_, Error>(())).unwrap();
        Paper::erase(1).column(papers::website).execute(owner).unwrap();
        Paper::prune().keep_last(2).execute(owner).unwrap();
        let kinds: Vec<String> = events().load(owner)?.iter().map(|it| it.kind.to_string()).collect();
        for kind in ["switch", "pause", "resume", "erase", "prune"] {
            assert!(kinds.iter().any(|it| it == kind), "{kinds:?}");
        }
        // Those who may not say so.
        let refused = without_recording(writer, "import", |_| Ok::<_, Error>(()));
        assert!(matches!(refused, Err(Error::Database(_))), "{refused:?}");
        assert!(Paper::erase(1).column(papers::website).execute(writer).is_err());
        assert!(in_changeset(reader, Changeset::by("eve"), |_| Ok::<_, Error>(())).is_err());
    }

    /// A history gets an owner later, keeps him without being told, and goes
    /// back by the plan's own statements.
    from_plain_and_back(guarded, Conn) {
        let plain = handleref::schema![Author, Paper, Label];
        guarded.db.install(&plain);
        guarded.db.execute("INSERT INTO papers (id, title) VALUES (1, 'a')");
        let conn = &mut guarded.db.connect::<Conn>();
        let report = plain.check(conn)?;
        assert!(report.is_ok(), "{report}");
        assert!(report.to_string().contains("writers are trusted"), "{report}");
        let owned = guarded.schema();
        let plan = owned.plan(conn)?;
        assert!(plan.problems().is_empty() && !plan.is_empty());
        assert!(plan.up().iter().any(|sql| sql.starts_with("GRANT EXECUTE")));
        owned.install(conn)?;
        for schema in [&plain, &owned] {
            let again = schema.plan(conn)?;
            assert!(again.is_empty(), "{again}");
            let report = schema.check(conn)?;
            assert!(report.is_ok(), "{report}");
            assert!(!report.to_string().contains("writers are trusted"), "{report}");
        }
        guarded.attempt(User::Writer, "UPDATE papers SET website = 'x' WHERE id = 1")?;
        assert_eq!(Paper::records().count().get_result::<i64>(conn)?, 2);
        for sql in plan.down() {
            conn.batch_execute(sql)?;
        }
        let report = plain.check(conn)?;
        assert!(report.is_ok(), "{report}");
        assert!(report.to_string().contains("writers are trusted"), "{report}");
    }

    /// What somebody changes about rights by hand is told, and put right.
    rights_that_drift(guarded, Conn) {
        let schema = guarded.schema();
        guarded.db.install(&schema);
        let conn = &mut guarded.db.connect::<Conn>();
        let writer = guarded.sql(User::Writer);
        let drifts: Vec<String> = match guarded.db.engine {
            Engine::Postgres => vec![
                format!("GRANT INSERT ON paper_records TO {writer}"),
                format!("GRANT UPDATE (comment) ON handleref_changesets TO {writer}"),
                format!("GRANT USAGE ON SEQUENCE handleref_record_id TO {writer}"),
                "GRANT EXECUTE ON FUNCTION handleref_switch(text, boolean) TO PUBLIC".into(),
                "GRANT EXECUTE ON FUNCTION handleref_insert_papers() TO PUBLIC".into(),
                "ALTER TABLE label_history OWNER TO CURRENT_USER".into(),
                "ALTER FUNCTION handleref_update_papers() SECURITY INVOKER".into(),
                "ALTER FUNCTION handleref_update_papers() RESET search_path".into(),
                "ALTER FUNCTION handleref_delete_papers() OWNER TO CURRENT_USER".into(),
            ],
            _ => vec![
                format!("GRANT INSERT ON paper_records TO {writer}"),
                format!("GRANT UPDATE (comment) ON handleref_changesets TO {writer}"),
                format!("GRANT DELETE ON handleref_events TO {writer}"),
            ],
        };
        for drift in drifts {
            conn.batch_execute(&drift)?;
            let report = schema.check(conn)?;
            assert!(!report.is_ok(), "{drift}");
            assert!(report.problems().iter().all(|it| it.is_repairable()), "{report}");
            schema.install(conn)?;
            let report = schema.check(conn)?;
            assert!(report.is_ok(), "{drift}: {report}");
        }
    }

    /// A role that is not there is said before anything is done.
    a_role_that_is_not_there(guarded, Conn) {
        let schema = guarded.schema().reader("nobody_of_this_name");
        let conn = &mut guarded.db.connect::<Conn>();
        let Err(Error::Schema(problems)) = schema.install(conn) else {
            panic!("the role does not exist");
        };
        assert!(problems.iter().any(|it| it.kind == ProblemKind::UnknownRole), "{problems:?}");
        let there = handleref::schema![Author, Paper, Label].check(conn)?;
        assert!(!there.is_ok());
    }

    /// The recipes by which history hides what the table hides.
    rows_of_one_tenant(guarded, Conn) {
        guarded.db.install(&guarded.schema());
        guarded.db.execute("INSERT INTO papers (id, title) VALUES (1, 'ours'), (2, 'theirs')");
        guarded.db.execute("UPDATE papers SET website = 'x'");
        let (reader, nobody) = (guarded.sql(User::Reader), guarded.sql(User::Nobody));
        match guarded.db.engine {
            Engine::Postgres => {
                guarded.db.execute(&format!(
                    "ALTER TABLE paper_records ENABLE ROW LEVEL SECURITY; \
                     CREATE POLICY tenant ON paper_records FOR SELECT TO {reader} USING (title = pg_catalog.current_setting('app.tenant'))"
                ));
                // The triggers are not bound by it, and it stays.
                let conn = &mut guarded.db.connect::<Conn>();
                assert!(guarded.schema().plan(conn)?.is_empty());
                guarded.attempt(User::Writer, "UPDATE papers SET website = 'y'; DELETE FROM papers WHERE id = 2")?;
                assert_eq!(Paper::records().count().get_result::<i64>(conn)?, 7);
                let reader = &mut guarded.connect::<Conn>(User::Reader);
                reader.batch_execute("SET app.tenant = 'ours'")?;
                let seen: Vec<String> = Paper::records().select(papers::title).load(reader)?;
                assert_eq!(seen, ["ours"; 3]);
                let batch = changes::<(Paper,)>().since(&Cursor::beginning()).load(reader)?;
                assert_eq!(batch.changes.len(), 3);
            }
            _ => {
                guarded.db.execute(
                    "CREATE SQL SECURITY DEFINER VIEW tenant_paper_records AS SELECT record_id, record_version, id, title FROM paper_records WHERE title = 'ours'",
                );
                guarded.db.execute(&format!("GRANT SELECT ON tenant_paper_records TO {nobody}"));
                guarded.attempt(User::Nobody, "SELECT 1 / (COUNT(*) = 2) INTO @n FROM tenant_paper_records")?;
                guarded.attempt(User::Nobody, "SELECT COUNT(*) INTO @n FROM paper_records").unwrap_err();
            }
        }
    }

    /// An account with rights on the whole database.
    rights_on_everything(guarded, Conn) {
        let schema = guarded.schema();
        guarded.db.install(&schema);
        if guarded.db.engine == Engine::Mysql {
            let conn = &mut guarded.db.connect::<Conn>();
            let wide = format!("GRANT UPDATE ON `{}`.* TO {}", guarded.schema_name(), guarded.sql(User::Writer));
            conn.batch_execute(&wide)?;
            let report = schema.check(conn)?;
            assert!(matches!(report.problems(), [one] if matches!(one.kind, ProblemKind::WideRight { .. })), "{report}");
            // A person has to say what that account needs; the rest goes on.
            schema.install(conn)?;
        }
    }
}

/// Who installs owns the tables, and is a member of the owner of the history.
#[cfg(feature = "postgres")]
mod a_member_installs {
    use super::*;

    #[test]
    fn postgres() -> Done {
        let guarded = Guarded::bare(Db::postgres());
        // The writer's role is as good as any for it here.
        let (member, owner) = (guarded.sql(User::Writer), guarded.sql(User::Owner));
        guarded.db.execute(&format!(
            "GRANT {owner} TO {member}; ALTER SCHEMA {} OWNER TO {member}; \
             ALTER TABLE authors OWNER TO {member}; ALTER TABLE papers OWNER TO {member}; ALTER TABLE labels OWNER TO {member}",
            guarded.schema_name()
        ));
        let schema = handleref::schema![Author, Paper, Label]
            .owned_by(&guarded.role(User::Owner))
            .reader(&guarded.role(User::Reader));
        let conn = &mut guarded.connect::<diesel::PgConnection>(User::Writer);
        schema.install(conn)?;
        assert!(schema.plan(conn)?.is_empty());
        conn.batch_execute("INSERT INTO papers (id, title) VALUES (1, 'a')")?;
        // Whoever may read the history may ask how it stands.
        let reader = &mut guarded.connect::<diesel::PgConnection>(User::Reader);
        let report = schema.check(reader)?;
        assert!(report.is_ok() && report.trusted().is_empty(), "{report}");
        assert_eq!(Paper::records().count().get_result::<i64>(reader)?, 1);
        // It goes with the test's schema, not with the user.
        guarded.db.execute(&format!(
            "ALTER SCHEMA {} OWNER TO CURRENT_USER",
            guarded.schema_name()
        ));
        Ok(())
    }
}
