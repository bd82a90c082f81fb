//! From a URL to a connection.

use super::exit::Exit;
use super::failure::Failure;
use super::wait::now;
use crate::session::Session;
use std::path::Path;

/// Whether a command may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The URL that is given, or the one of `.env`.
pub(super) fn url(given: Option<&str>) -> Result<String, Failure> {
    if let Some(url) = given.filter(|it| !it.is_empty()) {
        return Ok(url.to_owned());
    }
    let variables = match dotenvy::dotenv_iter() {
        Ok(variables) => variables,
        Err(error) if error.not_found() => return Err(none()),
        Err(error) => return Err(unreadable(&error)),
    };
    for variable in variables {
        let (name, value) = variable.map_err(|error| unreadable(&error))?;
        if name == "DATABASE_URL" {
            return Ok(value);
        }
    }
    Err(none())
}

fn none() -> Failure {
    Failure::new(Exit::Usage, "no_database", "no database is named")
        .cure("--database-url URL, or DATABASE_URL in the environment or in `.env`")
}

/// Without the line, in which a password may be.
fn unreadable(error: &dotenvy::Error) -> Failure {
    let place = match error {
        dotenvy::Error::LineParse(_, at) => format!("at character {at} of a line"),
        _ => "as a whole".to_owned(),
    };
    Failure::usage(format!("`.env` cannot be read {place}"))
        .cure("put values with blanks, `$` or `#` in single quotes: DATABASE_URL='postgres://..'")
}

/// Opens it.
pub(super) fn open(url: &str, access: Access) -> Result<Box<dyn Session>, Failure> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    match scheme.to_ascii_lowercase().as_str() {
        "postgres" | "postgresql" => postgres(url, access),
        "mysql" => mysql(url, access),
        "mariadb" => mysql(&url.replacen(scheme, "mysql", 1), access),
        "sqlite" => sqlite(&url["sqlite://".len()..], access),
        "" | "file" => sqlite(url, access),
        _ => Err(Failure::usage(format!(
            "no database has URLs that begin with `{scheme}://`"
        ))
        .cure("postgres://.., mysql://.., or the path of a SQLite file")),
    }
}

/// What a build lacks.
#[allow(dead_code)]
fn lacks(engine: &str, feature: &str) -> Failure {
    Failure::usage(format!("this program was built without {engine}"))
        .cure(format!("enable the feature `{feature}` of handleref"))
}

/// What a driver says, without what must not be shown.
#[allow(dead_code)]
fn refused(url: &str, message: &str) -> Failure {
    let mut message = message.to_owned();
    let password = password(url);
    for secret in password.iter().filter(|it| !it.is_empty()) {
        message = message.replace(secret.as_str(), "***");
    }
    Failure::new(
        Exit::Database,
        "connection",
        message.trim().replace('\n', " "),
    )
    .cure("is the server running, and are user, password and database right?")
}

/// The password of a URL, as it is written and as it is meant.
fn password(url: &str) -> Vec<String> {
    let Some((_, rest)) = url.split_once("://") else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    if let Some((user, _)) = rest.rsplit_once('@')
        && let Some((_, password)) = user.split_once(':')
    {
        found.push(password.to_owned());
    }
    for pair in rest.split(['?', '&']) {
        if let Some(password) = pair.strip_prefix("password=") {
            found.push(password.to_owned());
        }
    }
    let decoded: Vec<String> = found.iter().map(|it| decode(it)).collect();
    found.extend(decoded);
    found
}

fn decode(text: &str) -> String {
    let decoded = percent_encoding::percent_decode_str(text);
    decoded.decode_utf8_lossy().into_owned()
}

/// What a session of PostgreSQL begins with: in which form values are shown that have none in
/// JSON, and whether it may write.
#[allow(dead_code)]
fn begin_postgres(access: Access) -> &'static [&'static str] {
    const FORMS: &str =
        "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'";
    match access {
        Access::Read => &[
            FORMS,
            "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        ],
        Access::Write => &[FORMS],
    }
}

/// The same of MySQL and MariaDB.
#[allow(dead_code)]
fn begin_mysql(access: Access) -> &'static [&'static str] {
    match access {
        Access::Read => &[
            "SET time_zone = '+00:00'",
            "SET SESSION TRANSACTION READ ONLY",
        ],
        Access::Write => &["SET time_zone = '+00:00'"],
    }
}

macro_rules! client {
    ($name:ident, $begin:ident, $engine:literal, $feature:literal, $backend:literal, $blocking:ty, $other:ty) => {
        #[cfg(feature = $feature)]
        fn $name(url: &str, access: Access) -> Result<Box<dyn Session>, Failure> {
            use diesel::Connection;
            let conn = <$blocking>::establish(url);
            let conn = conn.map_err(|error| refused(url, &error.to_string()))?;
            begun(Box::new(conn), $begin(access))
        }

        /// Without a client in C.
        #[cfg(all(not(feature = $feature), feature = $backend, feature = "async"))]
        fn $name(url: &str, access: Access) -> Result<Box<dyn Session>, Failure> {
            use diesel_async::AsyncConnection;
            let Some(executor) = super::wait::executor() else {
                return Err(
                    Failure::usage("this program was started inside of an async runtime")
                        .cure("a plain `fn main`, without `#[tokio::main]`"),
                );
            };
            let conn = executor.block_on(<$other>::establish(url));
            let conn = conn.map_err(|error| refused(url, &error.to_string()))?;
            begun(Box::new(conn), $begin(access))
        }

        #[cfg(not(any(feature = $feature, all(feature = $backend, feature = "async"))))]
        fn $name(_: &str, _: Access) -> Result<Box<dyn Session>, Failure> {
            Err(lacks($engine, $feature))
        }
    };
}

client!(
    postgres,
    begin_postgres,
    "PostgreSQL",
    "postgres",
    "postgres_backend",
    diesel::PgConnection,
    diesel_async::AsyncPgConnection
);
client!(
    mysql,
    begin_mysql,
    "MySQL and MariaDB",
    "mysql",
    "mysql_backend",
    diesel::MysqlConnection,
    diesel_async::AsyncMysqlConnection
);

/// Sends the first statements.
#[allow(dead_code)]
fn begun(
    mut conn: Box<dyn Session>,
    statements: &[&'static str],
) -> Result<Box<dyn Session>, Failure> {
    for statement in statements {
        now(conn.batch(&(*statement).into()))?;
    }
    Ok(conn)
}

#[cfg(feature = "sqlite")]
fn sqlite(path: &str, access: Access) -> Result<Box<dyn Session>, Failure> {
    use diesel::Connection;
    let file = path.trim_start_matches("file:");
    let file = file.split('?').next().unwrap_or(file);
    // To open it would make it.
    if file != ":memory:" && !Path::new(file).exists() {
        let message = format!("there is no file `{file}`");
        return Err(Failure::new(Exit::Database, "connection", message)
            .cure("the path of a SQLite file, from the folder that the program is called in"));
    }
    let conn = diesel::SqliteConnection::establish(path)
        .map_err(|error| refused(path, &error.to_string()))?;
    let begin: &[&'static str] = match access {
        Access::Read => &["PRAGMA busy_timeout = 5000; PRAGMA query_only = ON"],
        Access::Write => &["PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON"],
    };
    begun(Box::new(conn), begin)
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(_: &str, _: Access) -> Result<Box<dyn Session>, Failure> {
    Err(lacks("SQLite", "sqlite"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let cases = [
            (
                "postgres://me:s%40cret@host/db",
                "wrong s@cret and s%40cret",
            ),
            ("postgres://host/db?user=me&password=hush", "password hush"),
            ("mysql://me:a:b@host/db", "a:b"),
        ];
        for (url, message) in cases {
            let shown = refused(url, message).message;
            for secret in ["s@cret", "s%40cret", "hush", "a:b"] {
                assert!(!shown.contains(secret), "{shown}");
            }
        }
    }
}
