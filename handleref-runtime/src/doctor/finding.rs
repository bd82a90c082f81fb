//! What a doctor finds.

use serde::Serialize;
use std::fmt;

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Area {
    /// Whether the triggers are there, switched on, and as they were installed.
    Triggers,
    /// Whether tables and record tables have the columns that their models need.
    Columns,
    /// Whether the newest records say what the rows say.
    Coverage,
    /// Whether records contradict each other, or are missing.
    Records,
    /// Whether the indexes are there.
    Indexes,
    /// Who may change the history.
    Privileges,
    /// Whether new records come after the old ones.
    Numbering,
    /// Whether recording was left paused.
    Switches,
    /// Which version of the library installed it, and whose tables are there.
    Library,
    /// Whether folding a history gives the row.
    Replay,
    /// Whether every record has the changeset that it names.
    Changesets,
    /// Whether the clocks are right.
    Clock,
    /// What the server is told to do, and what waits.
    Settings,
}

impl Area {
    const ALL: [Self; 13] = [
        Self::Triggers,
        Self::Columns,
        Self::Coverage,
        Self::Records,
        Self::Indexes,
        Self::Privileges,
        Self::Numbering,
        Self::Switches,
        Self::Library,
        Self::Replay,
        Self::Changesets,
        Self::Clock,
        Self::Settings,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Triggers => "triggers",
            Self::Columns => "columns",
            Self::Coverage => "coverage",
            Self::Records => "records",
            Self::Indexes => "indexes",
            Self::Privileges => "privileges",
            Self::Numbering => "numbering",
            Self::Switches => "switches",
            Self::Library => "library",
            Self::Replay => "replay",
            Self::Changesets => "changesets",
            Self::Clock => "clock",
            Self::Settings => "settings",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is wrong.
    Ok,
    /// Nothing is lost, but it will be slow, or is not as it should be.
    Warning,
    /// Something is not recorded, or the history says what was not.
    Failure,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Warning => "warn",
            Self::Failure => "FAIL",
        })
    }
}

/// What puts it right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cure {
    /// A statement for the database.
    Sql(String),
    /// A command of the command line, without the name of the program.
    Command(Vec<String>),
    /// What a person has to do.
    Person(String),
}

/// One thing that was found, or that an area is fine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What was looked at.
    pub area: Area,
    /// How bad it is.
    pub severity: Severity,
    /// In which table, trigger or other thing; none if it is about the whole database.
    pub object: Option<String>,
    /// What was found.
    pub text: String,
    /// What puts it right, one after the other.
    pub cures: Vec<Cure>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<4}  {:<10}  ", self.severity, self.area)?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.text)
    }
}

/// Which database it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct About {
    /// The engine and its version.
    pub engine: String,
    /// The name of the database.
    pub database: String,
    /// How many recorded models were looked at.
    pub models: usize,
    /// How many records there are, of all models.
    pub records: i64,
}

/// What a [`Doctor`](super::Doctor) found: at least one finding of every area that it looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[must_use = "it says whether the history is in order"]
pub struct Diagnosis {
    /// Which database it is.
    pub about: About,
    findings: Vec<Finding>,
}

impl Diagnosis {
    /// All of it, by area.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many are that bad.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|it| it.severity == severity)
            .count()
    }

    /// Whether there is neither a failure nor a warning.
    pub fn is_ok(&self) -> bool {
        self.count(Severity::Ok) == self.findings.len()
    }
}

/// Findings while they are being made.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(
        &mut self,
        (area, severity): (Area, Severity),
        object: impl Into<Option<String>>,
        text: impl Into<String>,
        cures: Vec<Cure>,
    ) {
        self.0.push(Finding {
            area,
            severity,
            object: object.into(),
            text: text.into(),
            cures,
        });
    }

    /// Says what was looked at, if nothing was wrong.
    pub(super) fn fine(&mut self, area: Area, text: impl Into<String>) {
        if !self.0.iter().any(|it| it.area == area) {
            self.add((area, Severity::Ok), None, text, Vec::new());
        }
    }

    pub(super) fn diagnosis(self, about: About) -> Diagnosis {
        let mut findings = self.0;
        findings.sort_by_key(|it| {
            let at = Area::ALL.iter().position(|area| *area == it.area);
            (at, std::cmp::Reverse(it.severity))
        });
        Diagnosis { about, findings }
    }
}

impl Cure {
    pub(super) fn command(words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Command(words.into_iter().map(Into::into).collect())
    }

    pub(super) fn install() -> Self {
        Self::command(["install", "--apply"])
    }

    pub(super) fn scan(model: &str) -> Self {
        Self::command(["scan", model, "--apply"])
    }
}
