//! `man`: the pages of the manual; no connection.

use super::{Answer, Answered, Context};
use crate::manage::args::Program;
use crate::manage::exit::Exit;
use crate::manage::failure::Failure;
use crate::manage::page::Page;
use clap_mangen::Man;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub(in crate::manage) struct Args {
    /// Writes a page for each command into this directory; otherwise the first page is printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

struct Written(Vec<PathBuf>);

pub(super) fn run(args: &Args, context: &mut Context) -> Answered {
    let mut grammar = Program::named(&context.program).grammar();
    grammar.build();
    match &args.out {
        Some(folder) => match pages(&grammar, folder) {
            Ok(written) => Ok(Some(Box::new(Written(written)))),
            Err(error) => Err(failed(&format!("{}: {error}", folder.display()))),
        },
        None => {
            let mut page = Vec::new();
            let printed = Man::new(grammar).render(&mut page);
            match printed.and_then(|()| io::stdout().write_all(&page)) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(failed(&error.to_string()))
                }
                _ => Ok(None),
            }
        }
    }
}

fn failed(message: &str) -> Failure {
    Failure::new(Exit::Found, "output", message)
}

/// `manage.1`, `manage-log.1` and so on.
fn pages(grammar: &clap::Command, folder: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder)?;
    let mut written = Vec::new();
    let name = grammar.get_name().to_owned();
    let mut all = vec![(name.clone(), grammar.clone())];
    for command in grammar.get_subcommands() {
        let title = format!("{name}-{}", command.get_name());
        let command = command.clone().name(title.clone());
        all.push((title, command));
    }
    for (title, command) in all {
        let path = folder.join(format!("{title}.1"));
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        std::fs::write(&path, page)?;
        written.push(path);
    }
    Ok(written)
}

impl Answer for Written {
    fn data(&self) -> Value {
        let files = self.0.iter().map(|it| it.display().to_string());
        json!({ "files": files.collect::<Vec<_>>() })
    }

    fn show(&self, page: &mut Page) {
        for path in &self.0 {
            page.verbatim(&path.display().to_string());
        }
    }
}
