//! The guides as a book, and the links of what is made of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::foreground::{Foreground, cargo};
use crate::links;
use crate::scratch::{target, workspace};

/// The version of mdBook. A change of it may change the book.
const MDBOOK: &str = "0.5.4";

/// Makes the book without a warning, with links that lead somewhere.
pub(crate) fn make() -> Result<()> {
    listed()?;
    let book = target().join("book");
    build(&mdbook()?, &book)?;
    // That page is for addresses which are not there, so its own links are those of the server.
    alive(&links::dead(&book, |page| page != Path::new("404.html"))?)?;
    eprintln!("the book is {}", book.join("index.html").display());
    Ok(())
}

/// Makes the book, and follows the links of the same pages in the documentation, which is made.
pub(crate) fn check() -> Result<()> {
    make()?;
    let front = Path::new("handleref/index.html");
    alive(&links::dead(&target().join("doc"), |page| {
        page.starts_with("handleref/guide") || page == front
    })?)
}

fn alive(dead: &[String]) -> Result<()> {
    ensure!(dead.is_empty(), "dead links:\n{}", dead.join("\n"));
    Ok(())
}

/// mdBook, which is installed below `target` if it is not there.
fn mdbook() -> Result<PathBuf> {
    let root = target().join("xtask/mdbook").join(MDBOOK);
    let program = root.join("bin/mdbook");
    if program.is_file() {
        return Ok(program);
    }
    eprintln!("installing mdBook {MDBOOK}");
    let build = root.join("build");
    let package = format!("mdbook@{MDBOOK}");
    // Without the server and the watcher, and without optimisation: one book is made at once.
    let mut install = cargo(&["install", "--debug", "--locked", "--quiet", "--no-track"]);
    install.args(["--no-default-features", "--features", "search", &package]);
    install.arg("--root").arg(&root);
    install.arg("--target-dir").arg(&build);
    let status = Foreground::start(&mut install)?.wait()?;
    ensure!(status.success(), "mdBook could not be installed ({status})");
    fs::remove_dir_all(&build)?;
    Ok(program)
}

/// Builds the book into `folder`.
fn build(mdbook: &Path, folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let mut command = Command::new(mdbook);
    command.arg("build").arg("--dest-dir").arg(folder);
    command.arg(workspace()).stdin(Stdio::null());
    let output = command.output().context("mdBook could not be started")?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    eprint!("{said}");
    let warned = said.contains(" WARN ") || said.contains(" ERROR ");
    if !output.status.success() || warned {
        bail!("mdBook ended with {}, or with a warning", output.status);
    }
    Ok(())
}

/// Every page is in the book's summary, and in the module of guides.
fn listed() -> Result<()> {
    let docs = workspace().join("docs");
    let summary = fs::read_to_string(docs.join("SUMMARY.md"))?;
    let module = fs::read_to_string(workspace().join("src/guide.rs"))?;
    let names = fs::read_to_string(workspace().join("src/guide/links.md"))?;
    let mut missing = BTreeSet::new();
    for page in links::files(&docs, "md")? {
        let page = page.to_string_lossy();
        if page == "SUMMARY.md" {
            continue;
        }
        if !summary.contains(&format!("({page})")) {
            missing.insert(format!("docs/SUMMARY.md does not list {page}"));
        }
        if !module.contains(&format!("docs/{page}\"")) {
            missing.insert(format!("src/guide.rs does not list docs/{page}"));
        }
        let text = fs::read_to_string(docs.join(&*page))?;
        // `[name]: target` is where a link goes in the book; links.md says where it goes in rustdoc.
        for line in text.lines().filter(|line| line.starts_with('[')) {
            let Some((name, _)) = line.split_once("]: ").filter(|it| it.0.contains(".md")) else {
                continue;
            };
            if !names.contains(&format!("\n{name}]: ")) {
                missing.insert(format!("src/guide/links.md does not say where {name}] is"));
            }
        }
    }
    missing.extend(readme()?);
    missing.extend(cut_out()?);
    ensure!(
        missing.is_empty(),
        "{}",
        missing.into_iter().collect::<Vec<_>>().join("\n")
    );
    Ok(())
}

/// What the tutorials show and their examples do not have: the whole `quickstart`, pieces of `takeover`.
fn cut_out() -> Result<Vec<String>> {
    let read = |name: &str| fs::read_to_string(workspace().join(name)).context(name.to_owned());
    let mut wrong = Vec::new();
    let example = read("examples/quickstart.rs")?;
    let program = example.find("\nuse ").map_or("", |start| &example[start..]);
    if !read("docs/tutorial/five_minutes.md")?.contains(&format!("```rust{program}```")) {
        wrong.push("docs/tutorial/five_minutes.md shows another quickstart".to_owned());
    }
    let folder = workspace().join("examples/takeover");
    let mut files = String::new();
    for file in links::files(&folder, "rs")? {
        files.push_str(&fs::read_to_string(folder.join(file))?);
    }
    let shown = read("docs/tutorial/takeover.md")?;
    for block in shown.split("```rust,ignore\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        if !files.contains(block) {
            let first = block.lines().next().unwrap_or_default();
            wrong.push(format!(
                "docs/tutorial/takeover.md shows what examples/takeover does not have: {first}"
            ));
        }
    }
    Ok(wrong)
}

/// What the README lacks: a feature, the picture as rustdoc shows it.
fn readme() -> Result<Vec<String>> {
    let read = |name: &str| fs::read_to_string(workspace().join(name)).context(name.to_owned());
    let (readme, manifest) = (read("README.md")?, read("Cargo.toml")?);
    let mut missing = Vec::new();
    let (_, features) = manifest.split_once("\n[features]\n").unwrap_or_default();
    let (features, _) = features.split_once("\n[").unwrap_or_default();
    for line in features.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(' ').next().unwrap_or_default();
        let row = |line: &str| line.starts_with('|') && line.contains(&format!("`{name}`"));
        if !name.is_empty() && !readme.lines().any(row) {
            missing.push(format!("README.md does not say what the feature {name} is"));
        }
    }
    // Rustdoc has no files beside its pages, so there the picture is in the link.
    let picture = format!(
        "[picture]: data:image/svg+xml,{}\n",
        encoded(&read("docs/picture.svg")?)
    );
    if read("src/picture.md")? != picture {
        let right = target().join("picture.md");
        fs::write(&right, picture)?;
        missing.push(format!(
            "src/picture.md is of another picture: copy {}",
            right.display()
        ));
    }
    Ok(missing)
}

/// A text as part of an address.
fn encoded(text: &str) -> String {
    let mut address = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'='
            | b'/'
            | b':'
            | b',' => {
                address.push(char::from(byte));
            }
            other => address.push_str(&format!("%{other:02X}")),
        }
    }
    address
}
