//! Links of HTML pages to each other.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result};

/// What a page offers to links, and where its own go.
struct Page {
    anchors: BTreeSet<String>,
    links: BTreeSet<String>,
}

impl Page {
    fn read(file: &Path) -> Result<Page> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Ok(Page::of(&text))
    }

    fn of(text: &str) -> Page {
        let links = values(text, " href=\"").chain(values(text, " src=\""));
        Page {
            anchors: values(text, " id=\"").collect(),
            links: links.collect(),
        }
    }
}

/// The links of the pages below `root` that lead to no file or no anchor there. Links to
/// elsewhere are not followed. `wanted` says of which pages.
pub(crate) fn dead(root: &Path, wanted: impl Fn(&Path) -> bool) -> Result<Vec<String>> {
    let mut targets = BTreeMap::new();
    let mut dead = Vec::new();
    for name in files(root, "html")? {
        if !wanted(&name) {
            continue;
        }
        let folder = name.parent().unwrap_or(Path::new(""));
        for link in Page::read(&root.join(&name))?.links {
            if link.contains("://") || link.starts_with("mailto:") || link.starts_with("data:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path = path.split('?').next().unwrap_or_default();
            let mut target = match path {
                "" => name.clone(),
                _ => normal(&folder.join(path)),
            };
            if root.join(&target).is_dir() {
                target.push("index.html");
            }
            if !root.join(&target).is_file() {
                dead.push(format!("{}: {link}: no such file", name.display()));
                continue;
            }
            // A script makes the anchors of lines of source.
            if anchor.is_empty() || target.starts_with("src") || !is_html(&target) {
                continue;
            }
            if !targets.contains_key(&target) {
                targets.insert(target.clone(), Page::read(&root.join(&target))?.anchors);
            }
            if !targets[&target].contains(anchor) {
                dead.push(format!("{}: {link}: no such anchor", name.display()));
            }
        }
    }
    Ok(dead)
}

/// The files with an extension below a folder, relative to it, in order.
pub(crate) fn files(root: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some(OsStr::new(extension)) {
                found.push(path.strip_prefix(root)?.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn is_html(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("html"))
}

/// The values of an attribute, which begins with `start`.
fn values<'t>(text: &'t str, start: &'t str) -> impl Iterator<Item = String> + 't {
    let rest = text.split(start).skip(1);
    rest.filter_map(|rest| Some(rest.split_once('"')?.0.replace("&amp;", "&")))
}

/// A path without `..` in it.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            Component::CurDir => {}
            other => parts.push(other),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::{Scratch, target};

    #[test]
    fn links_to_nowhere_are_found() -> Result<()> {
        fs::create_dir_all(target())?;
        let scratch = Scratch::inside(&target())?;
        let root = scratch.folder("pages", None)?;
        fs::create_dir(root.join("more"))?;
        fs::write(root.join("more/index.html"), "<h1 id=\"top\">")?;
        fs::write(
            root.join("a.html"),
            "<p id=\"here\"><a href=\"#here\"><a href=\"more/#top\"><a href=\"https://elsewhere/x\">\
             <a class=\"x\" href=\"more/../a.html#gone\"><a href=\"b.html\"><img src=\"more/index.html\">",
        )?;
        let found = dead(&root, |_| true)?;
        assert_eq!(
            found,
            [
                "a.html: b.html: no such file",
                "a.html: more/../a.html#gone: no such anchor"
            ]
        );
        assert!(dead(&root, |page| page != Path::new("a.html"))?.is_empty());
        Ok(())
    }
}
