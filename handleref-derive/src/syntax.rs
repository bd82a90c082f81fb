//! The forms that keys take: `flag`, `key = value` and `key(item, ..)`.

use crate::diesel::skip_to_comma;
use crate::errors::Errors;
use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::spanned::Spanned;
use syn::{Attribute, Ident, Meta, Token, parenthesized, token};

/// Calls `read` with every key, the input being right behind it; after a
/// mistake it goes on with the next key.
pub(crate) fn each_key(
    attribute: &str,
    attrs: &[Attribute],
    example: &str,
    errors: &mut Errors,
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(attribute)) {
        if !matches!(attr.meta, Meta::List(_)) {
            errors.add(
                attr.meta.span(),
                format_args!(
                    "the keys are missing; the correct form is `#[{attribute}({example})]`"
                ),
            );
            continue;
        }
        let result = attr.parse_args_with(|input: ParseStream<'_>| {
            while !input.is_empty() {
                let key = input.call(Ident::parse_any).map_err(|error| {
                    syn::Error::new(error.span(), format!("expected a key, such as `{example}`"))
                })?;
                match read(&key, input) {
                    Err(error) => {
                        errors.push(error);
                        skip_to_comma(input)?;
                    }
                    Ok(()) if !(input.is_empty() || input.peek(Token![,])) => {
                        errors.push(input.error("expected `,` before the next key"));
                        skip_to_comma(input)?;
                    }
                    Ok(()) => {}
                }
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        });
        if let Err(error) = result {
            errors.push(error);
        }
    }
}

pub(crate) fn unknown(key: &Ident, of: &str, known: &[&str]) -> syn::Error {
    let meant = match meant(&key.to_string(), known) {
        Some(meant) => format!(" (did you mean `{meant}`?)"),
        None => String::new(),
    };
    syn::Error::new(
        key.span(),
        format!(
            "unknown key `{key}`{meant}; the keys of {of} are `{}`",
            known.join("`, `")
        ),
    )
}

/// The key of which this one is a slip: a third of its letters at most.
fn meant<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    let distances = known
        .iter()
        .map(|it| (strsim::damerau_levenshtein(it, key), *it));
    let (distance, nearest) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance * 3 <= nearest.len().max(key.len())).then_some(nearest)
}

pub(crate) fn malformed(span: Span, key: &Ident, form: &str) -> syn::Error {
    syn::Error::new(
        span,
        format!("`{key}` is malformed; the correct form is `{form}`"),
    )
}

/// A key without a value.
pub(crate) fn flag(key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(Token![=]) || input.peek(token::Paren) {
        return Err(syn::Error::new(
            input.span(),
            format!("`{key}` takes no value; the correct form is `{key}`"),
        ));
    }
    Ok(())
}

/// `= value`
pub(crate) fn equals<T>(
    key: &Ident,
    input: ParseStream<'_>,
    form: &str,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    // At the end of the attribute there is no token to point to but the key.
    if !input.peek(Token![=]) {
        return Err(malformed(key.span(), key, form));
    }
    let sign = input.parse::<Token![=]>()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(malformed(sign.span, key, form));
    }
    read(input).map_err(|error| malformed(error.span(), key, form))
}

/// `(item, ..)`, not empty.
pub(crate) fn list<T>(
    key: &Ident,
    input: ParseStream<'_>,
    form: &str,
    read: impl Fn(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    if !input.peek(token::Paren) {
        return Err(malformed(key.span(), key, form));
    }
    let content;
    let paren = parenthesized!(content in input);
    if content.is_empty() {
        return Err(malformed(paren.span.join(), key, form));
    }
    to_the_end(&content, |content| {
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(read(content)?);
            if !content.is_empty() && content.parse::<Token![,]>().is_err() {
                return Err(malformed(content.span(), key, form));
            }
        }
        Ok(items)
    })
}

/// After a mistake, takes the rest of the input: syn would report what is left
/// as another mistake.
pub(crate) fn to_the_end<T>(
    input: ParseStream<'_>,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    let result = read(input);
    if result.is_err() {
        input.parse::<TokenStream>()?;
    }
    result
}
