//! A relay as a program.

use super::listen::Listen;
use super::prune::prune_diffs;
use super::relay::Relay;
use super::store::Redis;
use crate::feed::Feeds;
use crate::session;
use chrono::TimeDelta;
use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "\
usage: relay        move changes from the database to Redis, until killed
       prune-diffs  remove from Redis what is too old, and say what was removed

  --database URL     of the database, otherwise DATABASE_URL; not for prune-diffs
  --redis URL        of Redis, otherwise REDIS_URL
  --prefix TEXT      what the names of keys begin with, otherwise handleref
  --max-age SECONDS  how long diffs are kept, otherwise 3600
  --poll MS          how long the relay waits when it has found nothing, otherwise 100
  --listen           do not wait if PostgreSQL tells of changes (#[recorded(notify)])
  --once             move what is there, and end
";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The commands `relay` and `prune-diffs`, for a `main` of your own, which knows the
/// models and the connection. Any text for `--help` shows the options.
///
/// ```text
/// fn main() -> ExitCode {
///     redis::manage::<(Question, Choice), _, _>(std::env::args().skip(1), PgConnection::establish)
/// }
/// ```
///
/// `relay` runs until the process is killed, which may be at any moment, and tells
/// the standard error of every other error that it meets.
pub fn manage<Ms, C, E>(
    arguments: impl IntoIterator<Item = String>,
    connect: impl Fn(&str) -> Result<C, E>,
) -> ExitCode
where
    Ms: Feeds<C::Engine> + 'static,
    C: Listen<Mode = session::Synchronous>,
    E: Into<BoxError>,
{
    let mut arguments = arguments.into_iter();
    let command = arguments.next().unwrap_or_default();
    let options = match options(arguments) {
        Ok(options) if ["relay", "prune-diffs"].contains(&&*command) => options,
        Ok(_) => return misused(&format!("`{command}` is no command")),
        Err(text) => return misused(&text),
    };
    let connect = |url: &str| connect(url).map_err(Into::into);
    match run::<Ms, C>(&command, &options, connect) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn misused(text: &str) -> ExitCode {
    eprintln!("{text}\n\n{USAGE}");
    ExitCode::from(2)
}

const WITH_VALUE: [&str; 5] = ["database", "redis", "prefix", "max-age", "poll"];
const FLAGS: [&str; 2] = ["listen", "once"];

/// The options by their names; a flag has no text.
fn options(mut arguments: impl Iterator<Item = String>) -> Result<HashMap<String, String>, String> {
    let mut options = HashMap::new();
    while let Some(argument) = arguments.next() {
        let name = argument.strip_prefix("--").unwrap_or_default().to_owned();
        let value = if FLAGS.contains(&&*name) {
            String::new()
        } else if WITH_VALUE.contains(&&*name) {
            let value = arguments.next();
            value.ok_or_else(|| format!("`{argument}` needs a value"))?
        } else {
            return Err(format!("`{argument}` is no option"));
        };
        options.insert(name, value);
    }
    Ok(options)
}

fn run<Ms, C>(
    command: &str,
    options: &HashMap<String, String>,
    connect: impl Fn(&str) -> Result<C, BoxError>,
) -> Result<(), BoxError>
where
    Ms: Feeds<C::Engine> + 'static,
    C: Listen<Mode = session::Synchronous>,
{
    let url = |name: &str, variable: &str| -> Result<String, BoxError> {
        let given = options.get(name).cloned();
        let url = given.or_else(|| std::env::var(variable).ok());
        url.ok_or_else(|| format!("give `--{name} URL`, or set {variable}").into())
    };
    let number = |name: &str, otherwise: u32| -> Result<u32, BoxError> {
        let text = options.get(name);
        let wrong = |_| BoxError::from(format!("`--{name}` takes a whole number"));
        text.map_or(Ok(otherwise), |text| text.parse().map_err(wrong))
    };
    let prefix = options.get("prefix").map_or("handleref", String::as_str);
    let age = TimeDelta::seconds(number("max-age", 3_600)?.into());
    let redis = Redis::new().prefix(prefix).max_age(age);
    let client = ::redis::Client::open(url("redis", "REDIS_URL")?)?;
    if command == "prune-diffs" {
        println!("{}", prune_diffs(&redis, &mut client.get_connection()?)?);
        return Ok(());
    }
    let database = url("database", "DATABASE_URL")?;
    let poll = Duration::from_millis(number("poll", 100)?.into());
    let relay = Relay::<Ms>::new(&redis).poll(poll);
    let relay = match options.contains_key("listen") {
        true => relay.listen(),
        false => relay,
    };
    if options.contains_key("once") {
        let (mut db, mut conn) = (connect(&database)?, client.get_connection()?);
        loop {
            let step = session::ready(relay.one(&mut db, &mut conn))?;
            if step.waits {
                std::thread::sleep(poll);
            } else if !step.more {
                return Ok(());
            }
        }
    }
    let failed = |error: BoxError| {
        eprintln!("relay: {error}");
        error
    };
    relay.run(
        || connect(&database).map_err(failed),
        || {
            client
                .get_connection()
                .map_err(BoxError::from)
                .map_err(failed)
        },
    );
    Ok(())
}
