//! Objects as people write them: `art7`, `Article 7`, `Article 7@12`.

use super::exit::Exit;
use super::failure::Failure;
use crate::registry::{Model, Registry};

/// Rows of a model, or one of them.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Target {
    /// A row: `art7`, `Article 7`, `Article 7@12` (as version 12 was)
    #[arg(required = true, num_args = 1..=2, value_names = ["OBJECT", "KEY"])]
    object: Vec<String>,
}

/// A row of a model.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) model: Model,
    pub(super) key: String,
    /// What stands behind `@`.
    pub(super) version: Option<i64>,
}

impl Found {
    /// That there is no such row, and no record of one.
    pub(super) fn unknown(&self) -> Failure {
        let message = format!(
            "there is no {}, and no record that there ever was",
            self.shown()
        );
        Failure::new(Exit::Found, "gone", message)
    }

    /// As it is typed: `Article 7`.
    pub(super) fn shown(&self) -> String {
        shown(self.model.name(), &self.key)
    }
}

/// A row, as it is typed; a key with blanks in quotes.
pub(super) fn shown(model: &str, key: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_,.:".contains(it);
    match !key.is_empty() && key.chars().all(plain) {
        true => format!("{model} {key}"),
        false => format!("{model} '{}'", key.replace('\'', "'\\''")),
    }
}

/// A row as one word, where its model has a tag and its key is a number (`art7`); otherwise as
/// [`shown`], which is two.
pub(super) fn short(registry: &Registry, model: &str, key: &str) -> String {
    let number = !key.is_empty() && key.bytes().all(|it| it.is_ascii_digit());
    let tag = registry.model(model).ok().and_then(Model::tag);
    match tag.filter(|_| number) {
        Some(tag) => format!("{tag}{key}"),
        None => format!("{model} {key}"),
    }
}

impl Target {
    /// Of these words.
    pub(super) fn of<T: Into<String>>(words: impl IntoIterator<Item = T>) -> Self {
        Self {
            object: words.into_iter().map(Into::into).collect(),
        }
    }

    /// The words, as they were typed.
    pub(super) fn words(&self) -> &[String] {
        &self.object
    }

    /// Which row it is.
    pub(super) fn find(&self, registry: &Registry) -> Result<Found, Failure> {
        let (name, key) = match self.object.as_slice() {
            [name, key] => (name.as_str(), key.as_str()),
            [both] => match both.split_once(' ') {
                Some((name, key)) => (name, key.trim_start()),
                None => return handle(registry, both),
            },
            _ => {
                return Err(Failure::usage(
                    "which row? `Article 7`, or a handle such as `art7`",
                ));
            }
        };
        let model = model(registry, name)?;
        let (key, version) = versioned(key)?;
        Ok(Found {
            model: model.clone(),
            key: key.to_owned(),
            version,
        })
    }
}

/// The model of a name, of whatever case; that of its struct, its table or its tag.
pub(super) fn model<'r>(registry: &'r Registry, name: &str) -> Result<&'r Model, Failure> {
    let exact = registry.model(name).ok();
    let same = |it: &&Model| {
        let names = [Some(it.name()), Some(it.table()), it.tag()];
        names
            .into_iter()
            .flatten()
            .any(|one| one.eq_ignore_ascii_case(name))
    };
    let loose = || {
        let mut found = registry.models().iter().filter(same);
        found.next().filter(|_| found.next().is_none())
    };
    exact.or_else(loose).ok_or_else(|| {
        let names: Vec<_> = registry.models().iter().map(Model::name).collect();
        let failure = Failure::new(
            Exit::Usage,
            "no_model",
            format!("there is no model `{name}`"),
        );
        match names.is_empty() {
            true => failure,
            false => failure.cure(format!("one of: {}", names.join(", "))),
        }
    })
}

fn handle(registry: &Registry, text: &str) -> Result<Found, Failure> {
    let (text, version) = versioned(text)?;
    let letters = text.find(|it: char| !it.is_ascii_alphabetic());
    let found = letters.and_then(|end| {
        let (tag, rest) = text.split_at(end);
        let mut models = registry.models().iter();
        let model = models.find(|it| it.tag().is_some_and(|own| own.eq_ignore_ascii_case(tag)))?;
        Some((model, rest))
    });
    let Some((model, rest)) = found else {
        let names = registry.models().iter();
        let tagged = names.filter_map(|it| Some(format!("{}1 is {} 1", it.tag()?, it.name())));
        let tagged: Vec<_> = tagged.collect();
        let failure = Failure::usage(format!("`{text}` names no row"));
        return Err(failure.cure(match tagged.is_empty() {
            true => "a model and a key: Article 7".to_owned(),
            false => format!(
                "a model and a key (Article 7), or a handle: {}",
                tagged.join(", ")
            ),
        }));
    };
    // As `Handle` reads it.
    let digits = rest.trim_start_matches([' ', '-']);
    let key = match !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit()) {
        true => digits,
        false => rest.strip_prefix('-').unwrap_or(rest),
    };
    Ok(Found {
        model: model.clone(),
        key: key.to_owned(),
        version,
    })
}

/// A key, and the version behind its last `@`.
fn versioned(text: &str) -> Result<(&str, Option<i64>), Failure> {
    let Some((key, version)) = text.rsplit_once('@') else {
        return Ok((text, None));
    };
    match version.trim_start_matches('v').parse() {
        Ok(version) => Ok((key, Some(version))),
        // A key may have an `@` of its own.
        Err(_) => Ok((text, None)),
    }
}
