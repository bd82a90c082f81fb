//! What all commands have in common that write: nothing is written without `--apply`.

use super::context::Context;
use super::failure::Failure;
use super::object::model;
use super::page::{Page, Span};
use super::style::{DIM, HEAD};
use crate::changeset::ChangesetMeta;
use crate::registry::{Model, Registry};

/// Whether to write.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct Apply {
    /// Do it; otherwise only the plan is shown, and nothing is written
    #[arg(long)]
    pub(super) apply: bool,
}

/// What the changeset says about itself.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Signed {
    /// Who does it
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(super) because: Option<String>,
}

impl Signed {
    pub(super) fn meta(&self) -> ChangesetMeta {
        let mut meta = ChangesetMeta::new();
        if let Some(by) = &self.by {
            meta = meta.by(by.as_str());
        }
        match &self.because {
            Some(because) => meta.comment(because.as_str()),
            None => meta,
        }
    }

    /// As it is typed.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (flag, value) in [("--by", &self.by), ("--because", &self.because)] {
            words.extend(value.iter().flat_map(|it| [flag.to_owned(), it.clone()]));
        }
        words
    }
}

/// The models of these names, or all.
pub(super) fn models(registry: &Registry, names: &[String]) -> Result<Vec<Model>, Failure> {
    if names.is_empty() {
        return Ok(registry.models().to_vec());
    }
    let named = names.iter();
    named.map(|name| model(registry, name).cloned()).collect()
}

/// A word of a command line, in quotes where a shell needs them.
pub(super) fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_,.:/=@+%".contains(it);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// A command line of this program of these words.
pub(super) fn command<T: AsRef<str>>(
    context: &Context,
    words: impl IntoIterator<Item = T>,
) -> String {
    let words: Vec<String> = words.into_iter().map(|it| quoted(it.as_ref())).collect();
    context.command(words.join(" "))
}

/// The end of a plan: that nothing was done, and how it is done.
pub(super) fn unwritten(page: &mut Page, command: &str) {
    page.blank();
    page.spans(&[
        Span::new("Nothing written.", HEAD),
        Span::plain(" To do it:"),
    ]);
    page.verbatim(&format!("  {command}"));
}

/// A hint, below.
pub(super) fn next(page: &mut Page, command: &str) {
    page.spans(&[Span::new("Next:", DIM)]);
    page.verbatim(&format!("  {command}"));
}
