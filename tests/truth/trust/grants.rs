//! The rights that `docs/security.md` says are needed are needed, and enough.

use super::roles::{Guarded, User};
use crate::support::recorded::{Author, Label, Paper, papers};
use crate::support::{Db, Engine};
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref::prelude::*;
use handleref::{Changeset, Cursor, Error, changes, changesets, record_changeset};

type Done = Result<(), Box<dyn std::error::Error>>;

/// Gives a user what the documentation says for one use.
fn grant(guarded: &Guarded, what: &str, user: User) {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let server = match guarded.db.engine {
        Engine::Mysql => "MariaDB",
        _ => "PostgreSQL",
    };
    let (_, part) = docs.split_once(&format!("-- {server}, {what}\n")).unwrap();
    let statements = part.lines().take_while(|line| line.starts_with("GRANT"));
    for statement in statements {
        for (model, records) in [
            ("papers", "paper_records"),
            ("authors", "author_records"),
            ("labels", "label_history"),
        ] {
            let sql = statement
                .replace("article_records", records)
                .replace("_articles", &format!("_{model}"))
                .replace("TO app", &format!("TO {}", guarded.sql(user)));
            guarded.db.execute(&sql);
        }
    }
}

macro_rules! grants {
    ($feature:literal $engine:ident $conn:ty) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> Done {
            let guarded = Guarded::bare(Db::$engine());
            guarded
                .db
                .install(&handleref::schema![Author, Paper, Label]);
            let insert = "INSERT INTO authors (id, name) VALUES (1, 'ann'); \
                          INSERT INTO papers (id, author_id, title) VALUES (1, 1, 'a')";
            if guarded.db.engine == Engine::Postgres {
                let refused = guarded.attempt(User::Writer, insert).unwrap_err();
                assert!(refused.contains("denied"), "{refused}");
            }
            grant(&guarded, "who writes", User::Writer);
            guarded.attempt(User::Writer, insert)?;
            let writer = &mut guarded.connect::<$conn>(User::Writer);
            let mut paper: Paper = papers::table.find(1).first(writer)?;
            paper.title = "b".into();
            paper.save(writer)?;
            paper.delete(writer)?;
            paper.restore(writer)?;
            let set = |conn: &mut $conn| {
                record_changeset(conn, Changeset::by("ann"), |conn| {
                    conn.batch_execute("UPDATE papers SET website = 'x' WHERE id = 1")?;
                    Ok::<_, Error>(())
                })
            };
            let refused = set(writer).unwrap_err();
            assert!(
                matches!(refused, Error::Database(_)) && refused.to_string().contains("denied"),
                "{refused:?}"
            );
            grant(&guarded, "who records changesets", User::Writer);
            set(writer)?;

            let reader = &mut guarded.connect::<$conn>(User::Reader);
            let refused = Paper::records()
                .count()
                .get_result::<i64>(reader)
                .unwrap_err();
            assert!(refused.to_string().contains("denied"), "{refused}");
            let refused = changes::<(Paper,)>()
                .since(&Cursor::beginning())
                .load(reader)
                .unwrap_err();
            assert!(refused.to_string().contains("denied"), "{refused}");
            grant(
                &guarded,
                "who reads history, changes and the feed",
                User::Reader,
            );
            assert_eq!(Paper::records().count().get_result::<i64>(reader)?, 5);
            let batch = changes::<(Author, Paper)>()
                .since(&Cursor::beginning())
                .load(reader)?;
            assert_eq!(batch.changes.len(), 6);
            let sets = changesets().load(reader)?;
            let then: Vec<String> = papers::table
                .select(papers::title)
                .as_of::<Paper>(sets[0].at)
                .load(reader)?;
            assert_eq!(then, ["b"]);
            let too_early = papers::table
                .select(papers::title)
                .as_of::<Paper>(sets[0].at - chrono::TimeDelta::days(1))
                .load::<String>(reader);
            assert!(too_early.is_err());
            assert!(!paper.blame(reader)?.is_empty());
            // And no more than that.
            let change = guarded
                .attempt(User::Reader, "UPDATE paper_records SET title = 'forged'")
                .unwrap_err();
            assert!(change.contains("denied"), "{change}");
            let door = match guarded.db.engine {
                Engine::Mysql => "SET @handleref_door = 1; DELETE FROM paper_records",
                _ => "SET handleref.door = '1'; DELETE FROM paper_records",
            };
            guarded.attempt(User::Reader, door).unwrap_err();
            let _ = PaperRecords::RECORD_ID;
            Ok(())
        }
    };
}

grants!("postgres" postgres diesel::PgConnection);
grants!("mysql" mysql diesel::MysqlConnection);
