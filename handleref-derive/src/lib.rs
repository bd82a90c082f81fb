//! The derive macro of the `handleref` crate, which documents and re-exports it.

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

mod attrs;
mod check;
mod diesel;
mod errors;
mod expand;
mod model;
mod recorded;
mod roles;
mod syntax;
#[cfg(test)]
mod tests;
mod types;

/// Implements `HandleRef`, and `Versioned`, `Timestamped` and `SoftDelete` as
/// far as the columns allow.
///
/// | on the struct | |
/// |---|---|
/// | `tag = "art"` | the tag of handles; by default the struct's name in lower case |
/// | `options(name = "value")` | texts to be read by `Article::option("name")` |
/// | `unique(a, b)` | fields that together are unique among the living |
/// | `cascade(Comment)` | children that are soft-deleted and restored with a row |
/// | `parent(Article, foreign_key = article_id)` | a parent that must be live for a restore |
/// | `hooks` | the struct implements `Hooks` |
/// | `secondary` | another struct of this table is the main one |
/// | `crate = path` | the path of `handleref`, if it is not `::handleref` |
///
/// | on a field | by default the field named |
/// |---|---|
/// | `version` | `version` |
/// | `created_at` | `created_at` or `created` |
/// | `updated_at` | `updated_at` or `updated` |
/// | `deleted_at` | `deleted_at` |
/// | `status(deleted = "deleted", live = "ok")` | `status`, if it is text and there is no `deleted_at` |
/// | `unique` | |
/// | `index` (on `version`, `created_at` or `updated_at`: `schema!` makes one, for `since` in large tables) | |
/// | `skip` (no role in spite of the name) | |
///
/// Table, primary key and column names are read from Diesel's attributes.
#[proc_macro_derive(HandleRef, attributes(handleref, diesel))]
#[doc(alias("HandleRefModel", "Timestampable", "SoftDeletes", "delete_cascade"))]
pub fn handle_ref(input: TokenStream) -> TokenStream {
    derive(parse_macro_input!(input as DeriveInput)).into()
}

fn derive(input: DeriveInput) -> proc_macro2::TokenStream {
    let mut errors = errors::Errors::default();
    let mut output = proc_macro2::TokenStream::new();
    if let Some(mut model) = model::Model::read(input, &mut errors) {
        check::check(&mut model, &mut errors);
        // In spite of errors: what is missing would be reported wherever the
        // model is used.
        output = expand::expand(&model);
    }
    output.extend(errors.into_tokens());
    output
}

/// Implements `Recorded`, and makes the Diesel table of the records, which is
/// named after the struct: `ArticleRecords` for `Article`.
///
/// | on the struct | |
/// |---|---|
/// | `table_name = "article_history"` | the record table; by default the struct's name in snake case and `_records` |
/// | `when = "articles.status <> 'draft'"` | record only while this is true of the row after the change (before a delete) |
/// | `property(comments: BigInt, sql = "(SELECT count(*) ..)")` | a value that the database computes for each record |
/// | `property(words: Nullable<Integer>, with = count_words)` | one that a function of the struct computes, for writes by the derive's verbs on a row; null for all others, a plain insert among them |
/// | `relative(comments, on = "comments.article_id = articles.id")` | a table whose changes may alter a property |
/// | `require_changeset` | every change of a row must be made in a changeset |
/// | `link` | a row joins rows of the two models that it refers to (many-to-many), though it has a primary key of its own |
/// | `notify` | on PostgreSQL, every transaction that writes records sends a notification on the channel `handleref_changes` |
/// | `validate = path::to::function` | called with what a revert is about to write |
/// | `crate = path` | the path of `handleref`, if it is not `::handleref` |
///
/// | on a field | |
/// |---|---|
/// | `skip`, `skip = "''"` | not recorded; snapshots have null, or this SQL expression |
/// | `redact`, `redact = "'***'"` | that it changed is recorded, the value is not |
/// | `renamed_from = "headline"` | the column's former name, by which the record table may still know it |
/// | `sql_type = "TEXT"` | the column's type in the record table |
///
/// Table, primary key and column names are read from Diesel's attributes. The
/// models that this one refers to are those of `#[diesel(belongs_to(Topic))]`
/// and `#[handleref(parent(Topic))]`. It is a link without saying so if these
/// are two and their columns are the primary key; the first is the owner.
#[proc_macro_derive(Recorded, attributes(recorded, handleref, diesel))]
#[doc(alias(
    "RecordedModelMixin",
    "RecordModel",
    "recording_model",
    "recording_fields",
    "auditing_relatives",
    "audit_all_relatives",
    "RecordMeta",
    "HistoricalRecords",
    "has_paper_trail",
    "Audited"
))]
pub fn recorded(input: TokenStream) -> TokenStream {
    recorded::derive(parse_macro_input!(input as DeriveInput)).into()
}
