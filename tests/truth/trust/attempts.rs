//! Every way to change a history that we know, tried by every kind of user.
//!
//! What comes of it is the table in `docs/security.md`, which is compared.

use super::roles::{Guarded, User};
use crate::support::{Db, Engine};
use diesel::connection::SimpleConnection;
use diesel::{Connection, QueryableByName, RunQueryDsl, sql_query, sql_types::Text};

type Done = Result<(), Box<dyn std::error::Error>>;

/// What is tried. A change of a row that succeeds has to be recorded as what it
/// is; nothing else may change.
struct Attempt {
    what: &'static str,
    postgres: &'static str,
    mysql: &'static str,
}

/// `{list}` is the number of the table of changesets, `{owner}` the owner's
/// name, and `{change}` an update of a row.
const ATTEMPTS: &[Attempt] = &[
    Attempt {
        what: "switch recording off in the session, and change a row",
        postgres: "SET handleref.paused = '1'; SELECT set_config('handleref.paused_{list}', '1', false); {change}",
        mysql: "SET @handleref_paused = 1; {change}",
    },
    Attempt {
        what: "switch recording off by our function",
        postgres: "SELECT handleref_switch('paused', true)",
        mysql: "CALL handleref_switch('paused', 1)",
    },
    Attempt {
        what: "say that the write is the trigger's own, and change a row",
        postgres: "SELECT set_config('handleref.amending', 'papers'::regclass::oid::text, false); {change}",
        mysql: "SET @handleref_amending = 1; {change}",
    },
    Attempt {
        what: "change a row in a changeset that does not exist",
        postgres: "SELECT set_config('handleref.changeset_{list}', '999', false); {change}",
        mysql: "SET @handleref_changeset = 999, @handleref_changeset_in = DATABASE(), @handleref_changeset_token = 1; {change}",
    },
    Attempt {
        what: "change a row in another user's changeset",
        postgres: "SELECT set_config('handleref.changeset_{list}', '1', false); {change}",
        mysql: "SET @handleref_changeset = 1, @handleref_changeset_in = DATABASE(), @handleref_changeset_token = 1; {change}",
    },
    Attempt {
        what: "change a row while a temporary table has the record table's name",
        postgres: "CREATE TEMP TABLE paper_records (LIKE papers); CREATE TEMP TABLE handleref_changesets (id bigint); {change}",
        mysql: "CREATE TEMPORARY TABLE paper_records (id INT); {change}",
    },
    Attempt {
        what: "end another user's changeset",
        postgres: "SELECT 1 / (handleref_close_changeset(1) IS NOT NULL)::int",
        mysql: "CALL handleref_close_changeset(1)",
    },
    Attempt {
        what: "open the door in the session, and delete records",
        postgres: "SET handleref.door = '1'; SELECT set_config('handleref.door_{list}', '1', false); DELETE FROM paper_records",
        mysql: "SET @handleref_door = 1; DELETE FROM paper_records",
    },
    Attempt {
        what: "open the door by our function",
        postgres: "SELECT handleref_switch('door', true)",
        mysql: "CALL handleref_switch('door', 1)",
    },
    Attempt {
        what: "write a note that a switch is on",
        postgres: "INSERT INTO handleref_switches SELECT pg_current_xact_id(), 'door', 1",
        mysql: "INSERT INTO handleref_switches VALUES (CONNECTION_ID(), 'door', 1, 1)",
    },
    Attempt {
        what: "insert a record dated in the past",
        postgres: "INSERT INTO paper_records (record_id, record_version, record_operation, recorded_at, id, title) \
                   VALUES (1000, 9, 'update', '2001-01-01', 1, 'forged')",
        mysql: "INSERT INTO paper_records (record_id, record_version, record_operation, recorded_at, id, title) \
                VALUES (1000, 9, 'update', '2001-01-01', 1, 'forged')",
    },
    Attempt {
        what: "change a record",
        postgres: "UPDATE paper_records SET title = 'forged'",
        mysql: "UPDATE paper_records SET title = 'forged'",
    },
    Attempt {
        what: "delete a record",
        postgres: "DELETE FROM label_history",
        mysql: "DELETE FROM label_history",
    },
    Attempt {
        what: "empty the record table",
        postgres: "TRUNCATE paper_records",
        mysql: "TRUNCATE paper_records",
    },
    Attempt {
        what: "drop or alter the record table",
        postgres: "ALTER TABLE paper_records ADD COLUMN more int",
        mysql: "ALTER TABLE paper_records ADD COLUMN more INT",
    },
    Attempt {
        what: "put our trigger function on a table of one's own",
        postgres: "CREATE TEMP TABLE mine (LIKE papers); CREATE TRIGGER mine AFTER INSERT ON mine REFERENCING NEW TABLE AS handleref_new \
                   FOR EACH STATEMENT EXECUTE FUNCTION handleref_insert_papers()",
        mysql: "CREATE TRIGGER mine AFTER INSERT ON papers FOR EACH ROW DELETE FROM paper_records",
    },
    Attempt {
        what: "disable or drop a trigger",
        postgres: "ALTER TABLE papers DISABLE TRIGGER ALL",
        mysql: "DROP TRIGGER handleref_update_papers",
    },
    Attempt {
        what: "replace a function of ours",
        postgres: "CREATE OR REPLACE FUNCTION handleref_update_papers() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        mysql: "DROP PROCEDURE handleref_close_changeset",
    },
    Attempt {
        what: "take a number of records",
        postgres: "SELECT nextval('handleref_record_id')",
        mysql: "SELECT NEXTVAL(handleref_record_id)",
    },
    Attempt {
        what: "set the counter of records",
        postgres: "SELECT setval('handleref_record_id', 1)",
        mysql: "DO SETVAL(handleref_record_id, 100000)",
    },
    Attempt {
        what: "invent a changeset",
        postgres: "INSERT INTO handleref_changesets (occurred_at, actor, first_record) VALUES ('2001-01-01', 'ann', 0)",
        mysql: "INSERT INTO handleref_changesets (occurred_at, actor, first_record) VALUES ('2001-01-01', 'ann', 0)",
    },
    Attempt {
        what: "edit a changeset",
        postgres: "UPDATE handleref_changesets SET actor = 'bob'",
        mysql: "UPDATE handleref_changesets SET actor = 'bob'",
    },
    Attempt {
        what: "delete a changeset",
        postgres: "DELETE FROM handleref_changesets",
        mysql: "DELETE FROM handleref_changesets",
    },
    Attempt {
        what: "delete the events",
        postgres: "DELETE FROM handleref_events",
        mysql: "DELETE FROM handleref_events",
    },
    Attempt {
        what: "release a hold",
        postgres: "DELETE FROM handleref_holds",
        mysql: "DELETE FROM handleref_holds",
    },
    Attempt {
        what: "change when the recording began, or which database this is",
        postgres: "UPDATE handleref_recordings SET began_at = '2001-01-01', horizon_record = NULL; UPDATE handleref_database SET token = 'x', owner_name = NULL",
        mysql: "UPDATE handleref_recordings SET began_at = '2001-01-01'; UPDATE handleref_database SET token = 'x', owner_name = NULL",
    },
    Attempt {
        what: "hold up every writer by a lock",
        postgres: "BEGIN; LOCK TABLE paper_records IN SHARE MODE; ROLLBACK",
        mysql: "LOCK TABLES paper_records WRITE",
    },
    Attempt {
        what: "become the owner",
        postgres: "SET ROLE {owner}",
        mysql: "SET ROLE {owner}",
    },
    Attempt {
        what: "switch triggers off, or the binary log",
        postgres: "SET session_replication_role = replica",
        mysql: "SET SESSION sql_log_bin = 0",
    },
    Attempt {
        what: "open a changeset",
        postgres: "BEGIN; SELECT handleref_open_changeset(NULL, 'x', 'text', NULL, NULL, NULL, NULL); ROLLBACK",
        mysql: "START TRANSACTION; CALL handleref_open_changeset(NULL, 'x', 'text', NULL, NULL, NULL, NULL); ROLLBACK",
    },
    Attempt {
        what: "read the history",
        postgres: "SELECT count(*) FROM paper_records",
        mysql: "SELECT COUNT(*) INTO @n FROM paper_records",
    },
    Attempt {
        what: "number what is visible, as readers of changes do (MariaDB, MySQL)",
        postgres: "",
        mysql: "CALL handleref_stamp()",
    },
];

const CHANGE: &str = "UPDATE papers SET website = CONCAT(COALESCE(website, ''), 'x') WHERE id = 1";

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// All that is to stay: rows, records, changesets, events, and what we know of
/// the recording.
fn state<C>(conn: &mut C, engine: Engine) -> Vec<String>
where
    C: Connection,
    diesel::query_builder::SqlQuery: diesel::query_dsl::methods::LoadQuery<'static, C, Line>,
{
    let text = |columns: &[&str]| match engine {
        Engine::Mysql => format!("CAST(CONCAT_WS('|', {}) AS CHAR)", columns.join(", ")),
        _ => format!("CONCAT_WS('|', {})::text", columns.join(", ")),
    };
    let tables = [
        ("papers", &["id", "title", "website", "version"][..]),
        (
            "paper_records",
            &[
                "record_id",
                "record_version",
                "record_operation",
                "COALESCE(record_changeset, 0)",
                "recorded_at",
                "id",
                "title",
                "website",
            ],
        ),
        ("label_history", &["record_id", "record_operation"]),
        (
            "handleref_changesets",
            &["id", "actor", "first_record", "last_record"],
        ),
        ("handleref_events", &["id", "event", "detail"]),
        ("handleref_holds", &["id", "reason"]),
        (
            "handleref_recordings",
            &["record_table", "began_at", "began_record"],
        ),
        ("handleref_database", &["token", "owner_name"]),
        ("handleref_switches", &["switch", "value"]),
    ];
    let mut all = Vec::new();
    for (table, columns) in tables {
        let text = text(columns);
        let sql = format!("SELECT {text} AS line FROM {table} ORDER BY 1");
        let lines: Vec<Line> = sql_query(sql).load(conn).unwrap();
        all.extend(lines.into_iter().map(|it| format!("{table}|{}", it.line)));
    }
    all
}

/// What came of an attempt.
fn outcome(
    result: &Result<(), String>,
    before: &[String],
    after: &[String],
) -> Result<&'static str, String> {
    let new: Vec<&String> = after.iter().filter(|line| !before.contains(line)).collect();
    let gone = before.iter().filter(|line| !after.contains(line)).count();
    match (result, new.as_slice(), gone) {
        (Err(_), [], 0) => Ok("refused"),
        (Ok(()), [], 0) => Ok("allowed"),
        // A row, and the record of it, which says what is true.
        (Ok(()), [row, record], 1)
            if row.starts_with("papers|1|")
                && record.starts_with("paper_records|")
                && record.contains("|update|0|")
                && record.ends_with(row.rsplit('|').nth(1).unwrap_or_default()) =>
        {
            Ok("recorded")
        }
        _ => Err(format!("{result:?}: {new:#?}, {gone} gone")),
    }
}

macro_rules! attempts {
    ($feature:literal $engine:ident $conn:ty) => {
        #[cfg(feature = $feature)]
        #[test]
        fn $engine() -> Done {
            let guarded = Guarded::new(Db::$engine());
            let conn = &mut guarded.db.connect::<$conn>();
            let list = match guarded.db.engine {
                Engine::Mysql => String::new(),
                _ => {
                    let sql = "SELECT 'handleref_changesets'::regclass::oid::text AS line";
                    sql_query(sql).get_result::<Line>(conn)?.line
                }
            };
            let writer = &mut guarded.connect::<$conn>(User::Writer);
            handleref::in_changeset(writer, handleref::Changeset::by("ann"), |conn| {
                conn.batch_execute("INSERT INTO papers (id, title) VALUES (1, 'a'), (2, 'b'); INSERT INTO labels (paper_id, label) VALUES (1, 'x')")
            })?;
            use handleref::prelude::*;
            crate::support::recorded::Paper::hold(conn, &1, "case")?;
            let mut table = Vec::new();
            for attempt in ATTEMPTS {
                let sql = match guarded.db.engine {
                    Engine::Mysql => attempt.mysql,
                    _ => attempt.postgres,
                };
                if sql.is_empty() {
                    continue;
                }
                let sql = sql
                    .replace("{list}", &list)
                    .replace("{owner}", &guarded.sql(User::Owner))
                    .replace("{change}", CHANGE);
                let mut cells = Vec::new();
                for user in [User::Writer, User::Reader, User::Nobody] {
                    let before = state(conn, guarded.db.engine);
                    let result = guarded.attempt(user, &sql);
                    let after = state(conn, guarded.db.engine);
                    let cell = outcome(&result, &before, &after);
                    cells.push(cell.map_err(|why| format!("{user:?} could {}: {why}", attempt.what))?);
                }
                table.push(format!("| {} | {} |", attempt.what, cells.join(" | ")));
            }
            let printed = table.join("\n");
            println!("{printed}");
            let name = match guarded.db.engine {
                Engine::Mysql => "MariaDB and MySQL",
                _ => "PostgreSQL",
            };
            let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md"))?;
            let (_, kept) = docs.split_once(&format!("### Attempts on {name}\n")).ok_or("no such part")?;
            let kept = kept.split("\n### ").next().unwrap_or_default();
            let kept: Vec<&str> = kept.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
            assert_eq!(kept, table, "docs/security.md has another table; this one is true:\n{printed}");
            Ok(())
        }
    };
}

attempts!("postgres" postgres diesel::PgConnection);
attempts!("mysql" mysql diesel::MysqlConnection);
