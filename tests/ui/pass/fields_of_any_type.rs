//! Recorded models with fields of types that serde, or nothing, can read.

use handleref::Recorded;
use handleref::history::{FieldKind, FieldType};

diesel::table! { papers (id) { id -> Integer, body -> Text, } }
diesel::table! { scans (id) { id -> Integer, r#type -> Text, page -> Nullable<Binary>, } }
diesel::table! { paper_words (id) { id -> Integer, paper_id -> Integer, word -> Integer, } }

/// Neither serialised nor read.
struct Body;

/// Serialised, and not read.
#[derive(serde::Serialize)]
struct Page;

#[allow(dead_code)]
#[derive(Recorded)]
struct Paper {
    id: i32,
    body: Body,
}

#[allow(dead_code)]
#[derive(Recorded)]
#[recorded(require_changeset)]
struct Scan {
    id: i32,
    r#type: Box<str>,
    page: Option<Page>,
}

/// A link by its own word, to what need not be a model.
#[allow(dead_code)]
#[derive(Recorded)]
#[diesel(belongs_to(Paper), belongs_to(r#Word<'_>, foreign_key = word))]
#[recorded(link)]
struct PaperWord {
    id: i32,
    paper_id: i32,
    word: i32,
}

fn main() {
    assert!(!Paper::RECORDING.requires_changeset);
    assert!(Scan::RECORDING.requires_changeset);
    let page = FieldType::for_field::<Scan>("page").unwrap();
    let error = page.clean_value(Some("x")).unwrap_err();
    assert!(error.message.contains("cannot be read from text"), "{error}");
    let kind = FieldType::for_field::<Scan>("type").unwrap();
    assert_eq!(kind.clean_value(Some("null")).unwrap(), "null");

    let [paper, word] = PaperWord::RECORDING.references else {
        panic!("two references");
    };
    assert!(PaperWord::RECORDING.link);
    assert_eq!((paper.model, paper.columns), ("Paper", &["paper_id"][..]));
    assert_eq!((word.model, word.columns), ("Word", &["word"][..]));
    let word = FieldType::for_field::<PaperWord>("word").unwrap();
    assert_eq!(word.kind, FieldKind::ForeignKey { to: "Word" });
}
