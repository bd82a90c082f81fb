//! Expansions, formatted, each in a file with its input.
//!
//! To be renewed by `HANDLEREF_BLESS=1 cargo test -p handleref-derive`, and read.

use proc_macro2::TokenStream;
use quote::quote;
use std::error::Error;
use std::path::Path;

fn pretty(tokens: &TokenStream) -> Result<String, Box<dyn Error>> {
    Ok(prettyplease::unparse(&syn2::parse_file(
        &tokens.to_string(),
    )?))
}

fn snapshot(name: &str, input: &TokenStream) -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/tests")
        .join(name)
        .with_extension("expanded.rs");
    let expansion = crate::derive(syn::parse2(input.clone())?);
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
        let output = syn::parse2(input)
            .map(crate::derive)
            .map(|output| output.to_string());
        assert!(output.is_ok_and(|output| output.contains("compile_error")));
    }
}
