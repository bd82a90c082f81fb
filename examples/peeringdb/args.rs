//! The command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// What `--help` says.
pub const HELP: &str = "\
Loads organisations, networks, facilities, exchanges and their links into one
SQLite database, keeps a second one in step with it by `since`, and proves that
both are equal. Then pulls two more while others write, by time and by a cursor,
and shows the difference.

    cargo run --example peeringdb --features mirror -- [OPTIONS]

    --data DIR      read <tag>-0.json or <tag>.json of org, fac, net, ix, ixlan,
                    netfac and netixlan from this directory; by default the
                    small invented set of the example
    --generate N    invent N organisations and what belongs to them
    --write DIR     write the data as such files, and stop
    --rounds N      how many times the source is changed and pulled [4]
    --changes N     how many changes there are in a round [12]
    --seed N        what the random data and changes begin with [1]
    --source FILE   keep the source in this file; if it holds rows already,
                    go on from there
    --mirror FILE   keep the mirror in this file
    --serve ADDRESS serve the source as the public database does, for its own
                    client, until the program is ended; with the feature axum
    --make N        make N random changes in a source that is kept, and stop
    --forget        forget how far the kept mirror has come, and read all rows
    --help          say this
";

/// Where the data comes from.
#[derive(Debug, PartialEq)]
pub enum Data {
    /// The set of the example.
    Example,
    /// A directory of the user.
    Directory(PathBuf),
    /// As many organisations, invented.
    Generated(u16),
}

/// The options, with their defaults filled in.
#[derive(Debug)]
pub struct Args {
    pub data: Data,
    pub write: Option<PathBuf>,
    pub rounds: u32,
    pub changes: usize,
    pub seed: u64,
    pub source: Option<PathBuf>,
    pub mirror: Option<PathBuf>,
    pub serve: Option<SocketAddr>,
    pub make: Option<usize>,
    pub forget: bool,
    pub help: bool,
}

impl Args {
    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// A sentence about the first one that is wrong.
    pub fn read(mut args: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut read = Self {
            data: Data::Example,
            write: None,
            rounds: 4,
            changes: 12,
            seed: 1,
            source: None,
            mirror: None,
            serve: None,
            make: None,
            forget: false,
            help: false,
        };
        while let Some(arg) = args.next() {
            let name = arg.to_string_lossy().into_owned();
            let mut value = || {
                args.next()
                    .ok_or_else(|| format!("`{name}` needs a value behind it; see --help"))
            };
            match &*name {
                "--data" | "--generate" if read.data != Data::Example => {
                    return Err(
                        "`--data` and `--generate` both say where the data comes from; give one"
                            .to_owned(),
                    );
                }
                "--data" => read.data = Data::Directory(value()?.into()),
                "--generate" => read.data = Data::Generated(number(&name, &value()?)?),
                "--write" => read.write = Some(value()?.into()),
                "--rounds" => read.rounds = number(&name, &value()?)?,
                "--changes" => read.changes = number(&name, &value()?)?,
                "--seed" => read.seed = number(&name, &value()?)?,
                "--source" => read.source = Some(value()?.into()),
                "--mirror" => read.mirror = Some(value()?.into()),
                "--serve" => {
                    let address = value()?.to_string_lossy().parse();
                    let address = address.map_err(|_| {
                        "`--serve` needs an address such as 127.0.0.1:8000".to_owned()
                    });
                    read.serve = Some(address?);
                }
                "--make" => read.make = Some(number(&name, &value()?)?),
                "--forget" => read.forget = true,
                "--help" | "-h" => read.help = true,
                _ => return Err(format!("`{name}` is unknown; see --help")),
            }
        }
        Ok(read)
    }
}

fn number<N: FromStr>(name: &str, value: &OsString) -> Result<N, String> {
    let number = value.to_str().and_then(|value| value.parse().ok());
    number.ok_or_else(|| {
        format!(
            "`{name} {}`: this is no number that `{name}` can be",
            value.to_string_lossy()
        )
    })
}
