//! Expansions, formatted, each in a file with its input.
//!
//! To be renewed by `HANDLEREF_BLESS=1 cargo test -p handleref-derive`, and read.

use proc_macro2::TokenStream;
use quote::quote;
use std::error::Error;
use std::path::Path;
use syn::DeriveInput;

fn pretty(tokens: &TokenStream) -> Result<String, Box<dyn Error>> {
    Ok(prettyplease::unparse(&syn2::parse_file(
        &tokens.to_string(),
    )?))
}

fn snapshot(name: &str, input: &TokenStream) -> Result<(), Box<dyn Error>> {
    snapshot_of(crate::derive, name, input)
}

fn snapshot_of(
    derive: impl Fn(DeriveInput) -> TokenStream,
    name: &str,
    input: &TokenStream,
) -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/tests")
        .join(name)
        .with_extension("expanded.rs");
    let expansion = derive(syn::parse2(input.clone())?);
    let actual = format!(
        "{}\n// expands to\n\n{}",
        pretty(input)?,
        pretty(&expansion)?
    );
    if std::env::var_os("HANDLEREF_BLESS").is_some() {
        std::fs::write(&path, &actual)?;
    }
    let expected = std::fs::read_to_string(&path)?;
    assert!(
        actual == expected,
        "{} is out of date; the expansion is now\n{actual}",
        path.display()
    );
    Ok(())
}

#[test]
fn handle() -> Result<(), Box<dyn Error>> {
    snapshot(
        "handle",
        &quote! {
            #[diesel(primary_key(left, right))]
            #[handleref(options(icon = "chain"), crate = crate::renamed, secondary)]
            struct Link {
                left: i32,
                #[diesel(column_name = other)]
                right: String,
                #[diesel(serialize_as = Stored)]
                points: Points,
                #[diesel(skip_update)]
                total: i64,
            }
        },
    )
}

#[test]
fn article() -> Result<(), Box<dyn Error>> {
    snapshot(
        "article",
        &quote! {
            #[handleref(tag = "art", unique(tenant_id, title))]
            struct Article {
                id: i32,
                tenant_id: i32,
                title: String,
                version: i64,
                created_at: NaiveDateTime,
                updated_at: NaiveDateTime,
                deleted_at: Option<NaiveDateTime>,
            }
        },
    )
}

#[test]
fn status() -> Result<(), Box<dyn Error>> {
    snapshot(
        "status",
        &quote! {
            #[diesel(table_name = crate::schema::orders)]
            struct Order {
                id: i32,
                #[handleref(status(deleted = State::Removed, live = State::Open))]
                state: Option<State>,
            }
        },
    )
}

/// The seed's shape, with children.
#[test]
fn status_text() -> Result<(), Box<dyn Error>> {
    snapshot(
        "status_text",
        &quote! {
            #[handleref(cascade(Net), unique(name))]
            struct Org {
                id: i32,
                name: String,
                #[handleref(status)]
                status: String,
                updated: NaiveDateTime,
            }
        },
    )
}

#[test]
fn family() -> Result<(), Box<dyn Error>> {
    snapshot(
        "family",
        &quote! {
            #[handleref(cascade(Comment, Reply), parent(Article), hooks)]
            struct Comment {
                id: i32,
                article_id: i32,
                deleted_at: Option<NaiveDateTime>,
            }
        },
    )
}

/// A mistake is reported beside an expansion in which nothing else breaks.
#[test]
fn mistake() -> Result<(), Box<dyn Error>> {
    snapshot(
        "mistake",
        &quote! {
            #[handleref(cascade(Reply))]
            struct Comment {
                version: Option<i64>,
                #[handleref(status(deleted = 2))]
                state: i32,
            }
        },
    )
}

/// Without `HandleRef`, with a composite key that makes it a link.
#[test]
fn recorded() -> Result<(), Box<dyn Error>> {
    snapshot_of(
        crate::recorded::derive,
        "recorded",
        &quote! {
            #[diesel(table_name = schema::labels, primary_key(paper_id, label))]
            #[diesel(belongs_to(Paper), belongs_to(Word<'_>, foreign_key = label))]
            pub(crate) struct Label {
                paper_id: i32,
                #[diesel(column_name = label)]
                r#type: String,
                weight: Option<i32>,
            }
        },
    )
}

/// Beside `HandleRef`, with every key.
#[test]
fn recorded_handle() -> Result<(), Box<dyn Error>> {
    snapshot_of(
        crate::recorded::derive,
        "recorded_handle",
        &quote! {
            #[handleref(parent(Topic), crate = crate::renamed)]
            #[recorded(
                table_name = "article_history",
                when = "articles.status <> 'draft'",
                property(comments: BigInt, sql = "(SELECT count(*) FROM comments)"),
                property(words: Nullable<Integer>, with = Article::words),
                relative(schema::comments, on = "comments.article_id = articles.id"),
                validate = validate,
                require_changeset,
                notify,
            )]
            pub struct Article {
                id: i32,
                topic_id: i32,
                #[recorded(renamed_from = "headline", sql_type = "TEXT")]
                title: String,
                #[recorded(skip)]
                views: Option<i32>,
                #[recorded(redact = "'***'")]
                secret: String,
                #[diesel(select_expression = now)]
                read_at: NaiveDateTime,
            }
        },
    )
}

#[test]
fn recorded_mistake() -> Result<(), Box<dyn Error>> {
    snapshot_of(
        crate::recorded::derive,
        "recorded_mistake",
        &quote! {
            #[recorded(property(TITLE: Text, sql = "upper(title)"), relative(Comment, on = "1 = 1"), when)]
            struct Article {
                slug: String,
                #[recorded(skip, redact)]
                title: String,
            }
        },
    )
}

#[test]
fn nothing_that_is_no_struct_panics() {
    for input in [
        quote!(
            enum E {}
        ),
        quote!(union U { a: i32 }),
        quote!(
            struct S;
        ),
        quote!(
            struct T(i32);
        ),
        quote!(
            struct Ä {}
        ),
    ] {
        for derive in [crate::derive, crate::recorded::derive] {
            let output = syn::parse2(input.clone())
                .map(derive)
                .map(|output| output.to_string());
            assert!(output.is_ok_and(|output| output.contains("compile_error")));
        }
    }
}

/// Attributes in every order of tokens that a typo may leave behind.
#[test]
fn no_attribute_panics() -> Result<(), Box<dyn Error>> {
    const TOKENS: [&str; 12] = [
        "property", "relative", "skip", "r#type", "_", "ŉ", "\"\"", "1", "=", ":", ",", "(a)",
    ];
    const KEYS: [&str; 14] = [
        "table_name",
        "when",
        "property",
        "relative",
        "validate",
        "require_changeset",
        "link",
        "notify",
        "crate",
        "skip",
        "redact",
        "renamed_from",
        "sql_type",
        "ß",
    ];
    for key in KEYS {
        for first in TOKENS {
            for second in TOKENS {
                for text in [
                    format!("{key} {first} {second}"),
                    format!("{key}({first} {second})"),
                    format!("{key} = {first} {second}"),
                    format!("{key}({first}: {second}, sql = \"1\")"),
                    format!("{key}({first}, {second} = \"1\")"),
                    format!("{key}({first}: Text, with = {second})"),
                ] {
                    let keys: TokenStream = text.parse()?;
                    let input: DeriveInput = syn::parse2(quote! {
                        #[recorded(#keys)]
                        struct r#Model {
                            #[recorded(#keys)]
                            id: i32,
                        }
                    })?;
                    let output = crate::recorded::derive(input).to_string();
                    assert!(output.contains("compile_error"), "{text}");
                }
            }
        }
    }
    Ok(())
}
