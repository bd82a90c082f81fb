use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use handleref_runtime::engine::Kind;
use handleref_runtime::error::Error;
use handleref_runtime::schema::{Plan, ProblemKind, Report, Schema};
use handleref_runtime::session::Executor;

/// A synchronous connection of one of the engines.
pub trait Db: SimpleConnection + Connection + Executor + 'static {
    const KIND: Kind;
    fn texts_of(&mut self, sql: String) -> Vec<Texts>;
    fn plan(&mut self, schema: &Schema) -> Plan;
    fn install(&mut self, schema: &Schema) -> Result<Plan, Error>;
    fn check(&mut self, schema: &Schema) -> Report;

    fn sql(&mut self, sql: &str) {
        self.try_sql(sql)
            .unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }
    fn try_sql(&mut self, sql: &str) -> QueryResult<()> {
        self.batch_execute(&quoted(Self::KIND, sql))
    }
    /// Rows of up to four columns, as texts joined by `|`.
    fn rows(&mut self, columns: &str, rest: &str) -> Vec<String> {
        let cast = |column: &str| match Self::KIND {
            Kind::Mysql => format!("CAST({column} AS CHAR)"),
            _ => format!("CAST({column} AS TEXT)"),
        };
        let mut columns: Vec<String> = columns.split(", ").map(cast).collect();
        let wanted = columns.len();
        columns.resize(4, cast("NULL"));
        let named = columns.iter().zip(["a", "b", "c", "d"]);
        let named = named.map(|(column, name)| format!("{column} AS text_{name}"));
        let named: Vec<String> = named.collect();
        let sql = quoted(Self::KIND, &format!("SELECT {} {rest}", named.join(", ")));
        let join = |row: Texts| {
            let all = [row.text_a, row.text_b, row.text_c, row.text_d];
            let all = all.map(|text| text.unwrap_or_else(|| "NULL".into()));
            all[..wanted].join("|")
        };
        self.texts_of(sql).into_iter().map(join).collect()
    }
    fn row(&mut self, columns: &str, rest: &str) -> String {
        self.rows(columns, rest).pop().unwrap_or_default()
    }
    /// A query plan, as text.
    fn explain(&mut self, sql: &str) -> String;
    /// Sleeps past the clock's resolution.
    fn tick(&self) {
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
}

macro_rules! db {
    ($conn:ty, $kind:ident, $explain:ident) => {
        impl Db for $conn {
            const KIND: Kind = Kind::$kind;
            fn texts_of(&mut self, sql: String) -> Vec<Texts> {
                let rows = diesel::sql_query(&sql).load(self);
                rows.unwrap_or_else(|error| panic!("{error}\n{sql}"))
            }
            fn plan(&mut self, schema: &Schema) -> Plan {
                schema.plan(self).unwrap()
            }
            fn install(&mut self, schema: &Schema) -> Result<Plan, Error> {
                let plan = schema.install(self);
                if let Err(error) = &plan {
                    eprintln!("{error}");
                }
                plan
            }
            fn check(&mut self, schema: &Schema) -> Report {
                schema.check(self).unwrap()
            }
            fn explain(&mut self, sql: &str) -> String {
                let rows: Vec<$explain> = diesel::sql_query(sql).load(self).unwrap();
                rows.into_iter()
                    .map(|row| row.text)
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        }
    };
}
#[derive(QueryableByName)]
pub struct Texts {
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    text_a: Option<String>,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    text_b: Option<String>,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    text_c: Option<String>,
    #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
    text_d: Option<String>,
}
#[derive(QueryableByName)]
struct Detail {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "detail")]
    text: String,
}
#[derive(QueryableByName)]
struct Plain {
    #[diesel(sql_type = diesel::sql_types::Text, column_name = "QUERY PLAN")]
    text: String,
}

db!(SqliteConnection, Sqlite, Detail);
db!(PgConnection, Postgres, Plain);
db!(MysqlConnection, Mysql, Plain);

/// `[name]` as a quoted name of the engine, `{time}`, `{text}` and `{serial}` as types.
pub fn quoted(kind: Kind, sql: &str) -> String {
    let (mark, time, text, serial) = match kind {
        Kind::Sqlite => (
            "`",
            "TIMESTAMP",
            "TEXT",
            "INTEGER PRIMARY KEY AUTOINCREMENT",
        ),
        Kind::Postgres => ("\"", "TIMESTAMP", "TEXT", "SERIAL PRIMARY KEY"),
        _ => (
            "`",
            "DATETIME(6)",
            "VARCHAR(100)",
            "INTEGER PRIMARY KEY AUTO_INCREMENT",
        ),
    };
    sql.replace(['[', ']'], mark)
        .replace("{time}", time)
        .replace("{text}", text)
        .replace("{serial}", serial)
}

pub fn sqlite(_: &str) -> Option<SqliteConnection> {
    SqliteConnection::establish(":memory:").ok()
}

pub fn url(variable: &str) -> Option<String> {
    let url = std::env::var(variable).ok();
    if url.is_none() {
        eprintln!("skipped: {variable} is not set");
    }
    url
}

/// A connection whose tables live in a fresh schema of this name.
pub fn postgres(name: &str) -> Option<PgConnection> {
    let mut conn = PgConnection::establish(&url("HANDLEREF_POSTGRES_URL")?).unwrap();
    conn.batch_execute(&format!(
        "SET client_min_messages = warning; DROP SCHEMA IF EXISTS hr_{name} CASCADE; CREATE SCHEMA hr_{name}; SET search_path = hr_{name}"
    ))
    .unwrap();
    Some(conn)
}

/// A connection in a fresh database of this name.
pub fn mysql(name: &str) -> Option<MysqlConnection> {
    let mut conn = MysqlConnection::establish(&url("HANDLEREF_MYSQL_URL")?).unwrap();
    conn.batch_execute(&format!(
        "DROP DATABASE IF EXISTS hr_{name}; CREATE DATABASE hr_{name}; USE hr_{name}"
    ))
    .unwrap();
    Some(conn)
}

/// The same test on every engine.
macro_rules! engines {
    ($($(#[$meta:meta])* fn $name:ident($conn:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::support::{self, Db};
            fn body<C: Db>($conn: &mut C) $body
            $(#[$meta])* #[test] fn sqlite() { support::sqlite(stringify!($name)).as_mut().map(body); }
            $(#[$meta])* #[test] fn postgres() { support::postgres(stringify!($name)).as_mut().map(body); }
            $(#[$meta])* #[test] fn mysql() { support::mysql(stringify!($name)).as_mut().map(body); }
        }
    )* };
}
pub(crate) use engines;

/// The kinds of what is wrong, by their names.
pub fn kinds(report: &Report) -> Vec<String> {
    report
        .iter()
        .map(|problem| kind_name(&problem.kind))
        .collect()
}

pub fn kind_name(kind: &ProblemKind) -> String {
    let name = format!("{kind:?}");
    name.split([' ', '{']).next().unwrap_or_default().to_owned()
}
