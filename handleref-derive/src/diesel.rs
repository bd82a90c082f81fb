//! A read-only view of `#[diesel(..)]`.
//!
//! Diesel's own derives report what is wrong there; what cannot be read is
//! skipped here.

use proc_macro2::{Spacing, Span, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Path, Token, Type, parenthesized};

/// The keys of a struct.
#[derive(Default)]
pub(crate) struct StructKeys {
    pub(crate) table_name: Option<Path>,
    pub(crate) primary_key: Option<Vec<Ident>>,
    pub(crate) belongs_to: Vec<BelongsTo>,
}

/// `belongs_to(Parent, foreign_key = column)`
pub(crate) struct BelongsTo {
    pub(crate) parent: Ident,
    pub(crate) foreign_key: Option<Ident>,
}

/// The keys of a field.
#[derive(Default)]
pub(crate) struct FieldKeys {
    pub(crate) column_name: Option<Ident>,
    pub(crate) embed: Option<Span>,
    pub(crate) serialize_as: Option<(Span, Type)>,
    pub(crate) deserialize_as: Option<Span>,
    pub(crate) select_expression: Option<Span>,
    pub(crate) skip_update: bool,
}

impl StructKeys {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let mut keys = Self::default();
        each_key(attrs, |key, input| {
            if key == "table_name" {
                keys.table_name = Some(value(input)?);
            } else if key == "primary_key" {
                let content;
                parenthesized!(content in input);
                let columns = Punctuated::<Ident, Token![,]>::parse_terminated_with(
                    &content,
                    Ident::parse_any,
                )?;
                keys.primary_key = Some(columns.into_iter().collect());
            } else if key == "belongs_to" {
                let content;
                parenthesized!(content in input);
                keys.belongs_to.extend(belongs_to(&content)?);
            }
            Ok(())
        });
        keys
    }
}

impl FieldKeys {
    pub(crate) fn read(attrs: &[Attribute]) -> Self {
        let mut keys = Self::default();
        each_key(attrs, |key, input| {
            if key == "column_name" {
                input.parse::<Token![=]>()?;
                keys.column_name = Some(if input.peek(LitStr) {
                    input.parse::<LitStr>()?.parse_with(Ident::parse_any)?
                } else {
                    Ident::parse_any(input)?
                });
            } else if key == "embed" {
                keys.embed = Some(key.span());
            } else if key == "serialize_as" {
                keys.serialize_as = Some((key.span(), value(input)?));
            } else if key == "deserialize_as" {
                keys.deserialize_as = Some(key.span());
            } else if key == "select_expression" {
                keys.select_expression = Some(key.span());
            } else if key == "skip_update" {
                keys.skip_update = true;
            }
            Ok(())
        });
        keys
    }
}

fn value<T: Parse>(input: ParseStream<'_>) -> syn::Result<T> {
    input.parse::<Token![=]>()?;
    input.parse()
}

fn belongs_to(input: ParseStream<'_>) -> syn::Result<Option<BelongsTo>> {
    // A type, not a path, because of parents with lifetimes: `Parent<'_>`.
    let Type::Path(parent) = input.parse()? else {
        return Ok(None);
    };
    let mut foreign_key = None;
    while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
        if Ident::parse_any(input)? == "foreign_key" {
            input.parse::<Token![=]>()?;
            foreign_key = Some(Ident::parse_any(input)?);
        }
        skip_to_comma(input)?;
    }
    Ok(parent.path.segments.last().map(|last| BelongsTo {
        parent: last.ident.clone(),
        foreign_key,
    }))
}

/// Calls `read` with every key, the input being right behind it.
fn each_key(attrs: &[Attribute], mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("diesel")) {
        let _ = attr.parse_args_with(|input: ParseStream<'_>| {
            while !input.is_empty() {
                let key = Ident::parse_any(input)?;
                let _ = read(&key, input);
                skip_to_comma(input)?;
                input.parse::<Option<Token![,]>>()?;
            }
            Ok(())
        });
    }
}

/// Skips what is before the next comma that is not inside angle brackets.
pub(crate) fn skip_to_comma(input: ParseStream<'_>) -> syn::Result<()> {
    let (mut depth, mut after_minus) = (0_usize, false);
    while !(input.is_empty() || depth == 0 && input.peek(Token![,])) {
        let token: TokenTree = input.parse()?;
        let TokenTree::Punct(punct) = token else {
            continue;
        };
        match punct.as_char() {
            '<' => depth += 1,
            '>' if !after_minus => depth = depth.saturating_sub(1),
            _ => {}
        }
        after_minus = punct.as_char() == '-' && punct.spacing() == Spacing::Joint;
    }
    Ok(())
}

/// Diesel's name of the table of a struct: snake case and an `s`.
pub(crate) fn table_name(of: &Ident) -> Ident {
    Ident::new(
        &format!("{}s", snake_case(&of.unraw().to_string())),
        of.span(),
    )
}

/// Diesel's name of the column that refers to a parent.
pub(crate) fn foreign_key(parent: &Ident) -> Ident {
    Ident::new(
        &format!("{}_id", snake_case(&parent.unraw().to_string())),
        parent.span(),
    )
}

pub(crate) fn snake_case(name: &str) -> String {
    let mut result = String::with_capacity(name.len() + 4);
    for (at, character) in name.chars().enumerate() {
        if at > 0 && character.is_uppercase() {
            result.push('_');
        }
        if at == 0 || character.is_uppercase() {
            result.extend(character.to_lowercase());
        } else {
            result.push(character);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::{format_ident, quote};
    use syn::{DeriveInput, parse2};

    #[test]
    fn names_are_those_of_diesel() {
        for (name, table) in [
            ("Foo", "foos"),
            ("FooBar", "foo_bars"),
            ("HTTPLog", "h_t_t_p_logs"),
            ("Ärger", "ärgers"),
        ] {
            assert_eq!(table_name(&format_ident!("{name}")), table);
        }
        assert_eq!(foreign_key(&format_ident!("FooBar")), "foo_bar_id");
    }

    #[test]
    fn several_keys_in_one_attribute_and_unknown_ones_are_read_past() -> syn::Result<()> {
        let input: DeriveInput = parse2(quote! {
            #[diesel(check_for_backend(diesel::sqlite::Sqlite), base_query = a::<B, C>().f(|x: X| -> Y<Z> { x }), table_name = crate::schema::foos)]
            #[diesel(primary_key(tenant, r#type), belongs_to(Bar<'_>), belongs_to(m::Baz, foreign_key = b), treat_none_as_null = true)]
            struct Foo;
        })?;
        let keys = StructKeys::read(&input.attrs);
        assert_eq!(keys.table_name.map(|path| path.segments.len()), Some(3));
        assert_eq!(keys.primary_key.map(|keys| keys[1] == "r#type"), Some(true));
        let parents: Vec<_> = keys
            .belongs_to
            .iter()
            .map(|b| (b.parent.to_string(), b.foreign_key.is_some()))
            .collect();
        assert_eq!(
            parents,
            [("Bar".to_owned(), false), ("Baz".to_owned(), true)]
        );
        Ok(())
    }
}
