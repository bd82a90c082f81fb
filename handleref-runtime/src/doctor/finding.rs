//! One finding.

use serde::Serialize;
use std::fmt;

/// What a finding is about; in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Area {
    /// The version of the library that installed, and what all models share.
    Library,
    /// The triggers that record.
    Triggers,
    /// The columns of the tables and of the record tables.
    Columns,
    /// Whether the history knows the rows as they are.
    Coverage,
    /// Whether records follow each other as those of triggers do.
    Records,
    /// Indexes.
    Indexes,
    /// Who may change the history.
    Privileges,
    /// The numbers of records.
    Numbering,
    /// What a transaction says to the triggers.
    Switches,
    /// Changesets.
    Changesets,
    /// Times.
    Clock,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing is wrong.
    Ok,
    /// Somebody should look at it.
    Warning,
    /// History is wrong or is not written.
    Failure,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Cure {
    /// Words of the command line, without the program's name.
    Command(Vec<String>),
    /// A statement.
    Sql(String),
    /// What a person has to decide or to do.
    Person(String),
}

/// What was found, in which object, and what cures it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is about.
    pub area: Area,
    /// How bad it is.
    pub severity: Severity,
    /// The model, if it is about one.
    pub model: Option<String>,
    /// The table or the like; nothing if it is about the whole database.
    pub object: Option<String>,
    /// What was found.
    pub found: String,
    /// What cures it, in this order.
    pub cures: Vec<Cure>,
}

impl Finding {
    pub(super) fn new(area: Area, severity: Severity, found: impl Into<String>) -> Self {
        Self {
            area,
            severity,
            model: None,
            object: None,
            found: found.into(),
            cures: Vec::new(),
        }
    }

    pub(super) fn of(mut self, object: impl Into<String>) -> Self {
        self.object = Some(object.into());
        self
    }

    pub(super) fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    pub(super) fn cure(mut self, cure: Cure) -> Self {
        self.cures.push(cure);
        self
    }
}

impl Cure {
    pub(super) fn command<const N: usize>(words: [&str; N]) -> Self {
        Self::Command(words.map(str::to_owned).to_vec())
    }

    pub(super) fn words(text: impl Into<String>) -> Self {
        Self::Person(text.into())
    }
}

impl Area {
    pub(super) const ALL: [Self; 11] = [
        Self::Library,
        Self::Triggers,
        Self::Columns,
        Self::Coverage,
        Self::Records,
        Self::Indexes,
        Self::Privileges,
        Self::Numbering,
        Self::Switches,
        Self::Changesets,
        Self::Clock,
    ];

    /// In one word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Triggers => "triggers",
            Self::Columns => "columns",
            Self::Coverage => "coverage",
            Self::Records => "records",
            Self::Indexes => "indexes",
            Self::Privileges => "privileges",
            Self::Numbering => "numbering",
            Self::Switches => "switches",
            Self::Changesets => "changesets",
            Self::Clock => "clock",
        }
    }
}

/// `triggers: articles: the trigger .. is missing`
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.area.name())?;
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.found)
    }
}
