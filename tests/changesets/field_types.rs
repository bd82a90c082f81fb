//! What is known of fields, and values out of texts; without a database.

use chrono::NaiveDateTime;
use handleref::history::{FieldKind, FieldType, field_types};
use handleref::{Error, HandleRef, Recorded};
use serde_json::{Value, json};

diesel::table! {
    topics (id) {
        id -> Integer,
        name -> Text,
        parent_id -> Nullable<Integer>,
    }
}
diesel::table! {
    articles (id) {
        id -> Integer,
        topic_id -> Integer,
        #[sql_name = "headline"]
        title -> Text,
        note -> Nullable<Text>,
        views -> BigInt,
        status -> Text,
        checksum -> Binary,
        secret -> Text,
        changed -> Timestamp,
        labels -> Text,
    }
}
diesel::table! {
    tags (id) {
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    article_tags (article_id, tag_id) {
        article_id -> Integer,
        tag_id -> Integer,
        weight -> Nullable<Integer>,
    }
}
diesel::table! {
    comments (tenant, id) {
        tenant -> Integer,
        id -> Integer,
        deleted_at -> Nullable<Timestamp>,
    }
}
diesel::table! {
    replies (id) {
        id -> Integer,
        tenant -> Integer,
        comment -> Integer,
        tag_id -> Nullable<Integer>,
        deleted_at -> Nullable<Timestamp>,
    }
}

#[derive(Recorded)]
#[handleref(parent(Topic, foreign_key = parent_id))]
struct Topic {
    id: i32,
    name: String,
    parent_id: Option<i32>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Draft,
    Public,
}

#[derive(Recorded)]
#[diesel(belongs_to(Topic))]
#[recorded(require_changeset)]
struct Article {
    id: i32,
    topic_id: i32,
    title: String,
    note: Option<String>,
    views: i64,
    status: Status,
    checksum: Vec<u8>,
    #[recorded(redact = "''")]
    secret: String,
    changed: NaiveDateTime,
    #[recorded(skip = "'[]'")]
    labels: Vec<String>,
}

#[derive(HandleRef, Recorded)]
struct Tag {
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

/// A link by its key, to more than its key.
#[derive(Recorded)]
#[diesel(primary_key(article_id, tag_id))]
#[diesel(belongs_to(Article), belongs_to(Tag))]
struct ArticleTag {
    article_id: i32,
    tag_id: i32,
    weight: Option<i32>,
}

#[derive(HandleRef, Recorded)]
#[diesel(primary_key(tenant, id))]
struct Comment {
    tenant: i32,
    id: i32,
    deleted_at: Option<NaiveDateTime>,
}

/// The same parent in both attributes, a composite one, and no link in spite
/// of two references.
#[derive(HandleRef, Recorded)]
#[handleref(parent(Comment, foreign_key = (tenant, comment)), parent(self::Tag))]
#[diesel(table_name = replies, belongs_to(Tag))]
struct Reply {
    id: i32,
    tenant: i32,
    comment: i32,
    tag_id: Option<i32>,
    deleted_at: Option<NaiveDateTime>,
}

type All = ((Topic, Article), (ArticleTag, Tag, Comment, Reply), Topic);

fn names(fields: &[&FieldType]) -> Vec<String> {
    let name = |field: &&FieldType| format!("{}.{}", field.model, field.field);
    fields.iter().map(name).collect()
}

#[test]
fn a_field_is_found_by_its_name_and_by_its_column() {
    let title = FieldType::for_field::<Article>("title").unwrap();
    assert_eq!((title.field, title.column), ("title", "headline"));
    assert_eq!(title, FieldType::for_field::<Article>("headline").unwrap());
    // Not recorded, and known all the same.
    for field in ["secret", "labels"] {
        assert_eq!(
            FieldType::for_field::<Article>(field).unwrap().kind,
            FieldKind::Value
        );
    }
    for unknown in ["", "body", "Title"] {
        let error = FieldType::for_field::<Article>(unknown).unwrap_err();
        assert!(
            matches!(&error, Error::NoField { model: "Article", field } if field == unknown),
            "{error:?}"
        );
    }
    let types = field_types::<(Article, ArticleTag)>();
    assert_eq!(types.for_field::<Article>("headline").unwrap(), &title);
    assert!(types.for_field::<Article>("ArticleTag").unwrap().is_link());
    assert!(matches!(
        types.for_field::<Article>(""),
        Err(Error::NoField { .. })
    ));
    assert!(matches!(
        types.for_field::<Topic>("name"),
        Err(Error::NoField { .. })
    ));
}

#[test]
fn fields_of_a_model_with_those_that_refer_to_it() {
    let types = field_types::<All>();
    assert_eq!(
        names(&types.get_by_model::<Topic>(false)),
        ["Topic.id", "Topic.name", "Topic.parent_id"]
    );
    assert_eq!(
        names(&types.get_by_model::<Topic>(true)),
        [
            "Topic.id",
            "Topic.name",
            "Topic.parent_id",
            "Article.topic_id"
        ]
    );
    assert_eq!(
        names(&types.get_by_model::<Tag>(true)),
        [
            "Tag.id",
            "Tag.deleted_at",
            "ArticleTag.tag_id",
            "Article.ArticleTag",
            "Reply.tag_id"
        ]
    );
    let own = names(&types.get_by_model::<Article>(false));
    assert_eq!(own.last().unwrap(), "Article.ArticleTag");
    assert_eq!(own.len(), 11);
    let with_related = names(&types.get_by_model::<Article>(true));
    assert_eq!(with_related[own.len()..], ["ArticleTag.article_id"]);
    assert_eq!(
        names(&types.get_by_model::<Comment>(true))[3..],
        ["Reply.tenant", "Reply.comment"]
    );
    assert_eq!(
        field_types::<Topic>().get_by_model::<Topic>(true).len(),
        3,
        "models that are not listed are not known"
    );
}

#[test]
fn foreign_keys_and_links_are_exactly_these() {
    let types = field_types::<All>();
    let foreign_keys = types.iter().filter(|it| it.is_foreign_key());
    let foreign_keys = foreign_keys.map(|it| (it.model, it.column, it.related().unwrap()));
    assert_eq!(
        foreign_keys.collect::<Vec<_>>(),
        [
            ("Topic", "parent_id", "Topic"),
            ("Article", "topic_id", "Topic"),
            ("ArticleTag", "article_id", "Article"),
            ("ArticleTag", "tag_id", "Tag"),
            ("Reply", "tenant", "Comment"),
            ("Reply", "comment", "Comment"),
            ("Reply", "tag_id", "Tag"),
        ]
    );
    let links: Vec<_> = types.iter().filter(|it| it.is_link()).collect();
    let [link] = links[..] else {
        panic!("{links:?}");
    };
    assert_eq!(
        (link.model, link.field, link.column),
        ("Article", "ArticleTag", "")
    );
    let (to, through) = ("Tag", "ArticleTag");
    assert_eq!(link.kind, FieldKind::Link { to, through });
    assert_eq!(link.related(), Some("Tag"));
    assert!(link.clean_value(Some("1")).is_err() && link.clean_value(None).is_err());
    let rest = types.iter().filter(|it| it.related().is_none());
    assert!(rest.clone().all(|it| it.kind == FieldKind::Value));
    assert_eq!(rest.count() + 7 + 1, types.iter().count());
    assert_eq!(
        serde_json::to_value(link).unwrap(),
        json!({
            "model": "Article", "field": "ArticleTag", "column": "",
            "kind": {"link": {"to": "Tag", "through": "ArticleTag"}},
        })
    );
}

#[test]
fn what_the_derive_says_of_references() {
    let recording = Reply::RECORDING;
    let references = recording.references.iter();
    assert_eq!(
        references
            .map(|it| (it.model, it.columns))
            .collect::<Vec<_>>(),
        [
            ("Comment", &["tenant", "comment"][..]),
            ("Tag", &["tag_id"])
        ]
    );
    assert!(!recording.link && !recording.requires_changeset);
    let (link, article) = (ArticleTag::RECORDING, Article::RECORDING);
    assert!(link.link && article.requires_changeset);
    assert!(Tag::RECORDING.references.is_empty());
}

#[test]
fn texts_become_values() {
    let clean = |field: &str, text: Option<&str>| {
        let field = FieldType::for_field::<Article>(field).unwrap();
        field.clean_value(text)
    };
    for (field, text, want) in [
        ("id", "7", json!(7)),
        ("title", "7", json!("7")),
        ("headline", "", json!("")),
        ("note", "", json!("")),
        ("views", "-9000000000", json!(-9_000_000_000_i64)),
        ("status", "public", json!("public")),
        ("checksum", "00ff", json!([0, 255])),
        ("secret", "x", json!("x")),
        ("labels", "[\"a\"]", json!(["a"])),
        (
            "changed",
            "2026-02-03 04:05:06",
            json!("2026-02-03T04:05:06"),
        ),
        (
            "changed",
            "2026-02-03T04:05:06",
            json!("2026-02-03T04:05:06"),
        ),
    ] {
        assert_eq!(clean(field, Some(text)).unwrap(), want, "{field}");
    }
    assert_eq!(clean("note", None).unwrap(), Value::Null);
    for (field, text) in [
        ("views", "many"),
        ("views", ""),
        ("views", "1.5"),
        ("id", "3000000000"),
        ("status", "shut"),
        ("checksum", "0g"),
        ("changed", "yesterday"),
        ("labels", "null"),
    ] {
        assert!(clean(field, Some(text)).is_err(), "{field} {text}");
    }
    let error = clean("views", Some("many")).unwrap_err();
    assert_eq!(
        (error.model, error.field, error.text.as_deref()),
        ("Article", "views", Some("many"))
    );
    assert_eq!(
        error.to_string(),
        "\"many\" is no value of `views` of Article: invalid digit found in string"
    );
    let error = clean("title", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "null is no value of `title` of Article: the field is no `Option`"
    );
}
