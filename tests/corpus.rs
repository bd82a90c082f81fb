//! What fuzzing has found, or began with, through the same parsers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

#[path = "../fuzz/src/parsers.rs"]
mod parsers;

use std::fs;
use std::path::Path;

/// Each parser on all that is kept of any, and on parts of it.
#[test]
fn whatever_is_kept() {
    type Parser = fn(&[u8]);
    let all: [(&str, Parser); 8] = [
        ("cursor", parsers::cursor),
        ("handle", parsers::handle),
        ("keys", parsers::keys),
        ("values", parsers::values),
        ("json", parsers::json),
        ("entry", parsers::entry),
        ("headers", parsers::headers),
        ("stored", parsers::stored),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut texts = Vec::new();
    for (name, _) in all {
        let kept = fs::read_dir(folder.join(name)).expect(name);
        let kept: Vec<_> = kept
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect();
        assert!(kept.len() > 4, "{name}: {} are kept", kept.len());
        texts.extend(kept);
    }
    for text in &texts {
        for (_, parser) in all {
            parser(text);
            parser(&text[..text.len() / 2]);
        }
    }
}

/// The kept texts are of every kind: some are read, others are not.
#[test]
fn some_are_read_and_some_are_not() {
    use handleref::__private::parsers::read_entry;
    use handleref::{Cursor, Handle};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let texts = |name: &str| -> Vec<Vec<u8>> {
        let files = fs::read_dir(folder.join(name)).unwrap();
        files
            .map(|file| fs::read(file.unwrap().path()).unwrap())
            .collect()
    };
    let read = |name: &str, reads: fn(&str) -> bool| {
        let (yes, no): (Vec<_>, Vec<_>) = texts(name)
            .into_iter()
            .partition(|text| std::str::from_utf8(text).is_ok_and(reads));
        assert!(
            yes.len() > 1 && no.len() > 1,
            "{name}: {} and {}",
            yes.len(),
            no.len()
        );
    };
    read("cursor", |text| text.parse::<Cursor>().is_ok());
    read("handle", |text| text.parse::<Handle>().is_ok());
    read("entry", |text| read_entry(text.as_bytes()).is_some());
}
