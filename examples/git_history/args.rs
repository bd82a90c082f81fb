//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

/// What `--help` says.
pub const HELP: &str = "\
Replays the history of a git repository into a recorded table, one transaction
for each first-parent commit, and proves that the table as of every commit is
the tree of that commit. Author, time and message of a commit are its changeset.
A commit can be undone by plan, and what comes of it is compared with
`git revert` in a repository of its own; yours is only read. Git must be 2.39 or
later.

    cargo run --release --example git_history -- REPO [OPTIONS]

    --database URL         where to: a new file for SQLite (or sqlite:FILE),
                           postgres://.. or mysql://.. with the feature of that
                           engine; by default a file that is removed at the end
    --sample N             prove N commits, among them the first and the last,
                           and N files [50]
    --all                  prove all commits, and 500 files
    --undo COMMIT          show the plan that undoes this commit, try it out on the
                           last one, and compare; the database stays as it is
    --undo-samples N       undo N commits, half of them among the newest tenth [10]
    --limit-commits N      stop after N commits
    --content-limit BYTES  keep the text of files up to this size [65536]
    --seed N               what the samples are drawn with [1]
    --help                 say this
";

/// How much is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Every commit.
    All,
    /// So many commits, and files.
    Sample(usize),
}

/// The options, with their defaults filled in.
#[derive(Debug, Clone)]
pub struct Args {
    pub repository: PathBuf,
    pub database: Option<String>,
    pub extent: Extent,
    /// A commit to undo.
    pub undo: Option<String>,
    /// So many more.
    pub undo_samples: usize,
    pub limit_commits: Option<u64>,
    pub content_limit: u64,
    pub seed: u64,
    pub help: bool,
}

impl Args {
    /// For a repository, with the defaults.
    pub fn new(repository: PathBuf) -> Self {
        Self {
            repository,
            database: None,
            extent: Extent::Sample(50),
            undo: None,
            undo_samples: 10,
            limit_commits: None,
            content_limit: 65_536,
            seed: 1,
            help: false,
        }
    }

    /// Reads the arguments behind the program's name.
    ///
    /// # Errors
    /// A sentence about the first one that is wrong.
    pub fn read(mut args: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut read = Self::new(PathBuf::new());
        while let Some(arg) = args.next() {
            let name = arg.to_string_lossy().into_owned();
            let mut value = || {
                args.next()
                    .ok_or_else(|| format!("`{name}` needs a value behind it; see --help"))
            };
            match &*name {
                "--database" => read.database = Some(text(&name, value()?)?),
                "--sample" => read.extent = Extent::Sample(number(&name, &value()?)?),
                "--all" => read.extent = Extent::All,
                "--undo" => read.undo = Some(text(&name, value()?)?),
                "--undo-samples" => read.undo_samples = number(&name, &value()?)?,
                "--limit-commits" => read.limit_commits = Some(number(&name, &value()?)?),
                "--content-limit" => read.content_limit = number(&name, &value()?)?,
                "--seed" => read.seed = number(&name, &value()?)?,
                "--help" | "-h" => read.help = true,
                _ if name.starts_with("--") => {
                    return Err(format!("`{name}` is unknown; see --help"));
                }
                _ if read.repository.as_os_str().is_empty() => read.repository = arg.into(),
                _ => return Err(format!("`{name}` is a second repository; see --help")),
            }
        }
        if read.repository.as_os_str().is_empty() && !read.help {
            return Err("which repository? Give its path; see --help".to_owned());
        }
        if read.limit_commits == Some(0) {
            return Err("`--limit-commits 0` leaves nothing to replay".to_owned());
        }
        Ok(read)
    }
}

fn text(name: &str, value: OsString) -> Result<String, String> {
    value
        .into_string()
        .map_err(|value| format!("`{name} {}` is not UTF-8", value.to_string_lossy()))
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
