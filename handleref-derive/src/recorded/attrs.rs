//! The keys of `#[recorded(..)]`.

use crate::attrs::Once;
use crate::errors::Errors;
use crate::syntax::{each_key, equals, flag, malformed, to_the_end, unknown};
use crate::types::argument_of;
use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Attribute, Ident, LitStr, Path, Token, Type, parenthesized, token};

/// The keys of a struct.
#[derive(Default)]
pub(crate) struct StructKeys {
    pub(crate) krate: Once<Path>,
    pub(crate) table_name: Once<LitStr>,
    pub(crate) when: Once<LitStr>,
    pub(crate) validate: Once<Path>,
    pub(crate) properties: Vec<Property>,
    pub(crate) relatives: Vec<Relative>,
    pub(crate) require_changeset: Once<()>,
    pub(crate) link: Once<()>,
    pub(crate) notify: Once<()>,
}

/// `property(comments: BigInt, sql = "..")`
pub(crate) struct Property {
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) source: Source,
}

/// What computes a property.
pub(crate) enum Source {
    Sql(LitStr),
    With(Path),
}

/// `relative(comments, on = "..")`
pub(crate) struct Relative {
    pub(crate) table: Path,
    pub(crate) on: LitStr,
}

/// The keys of a field.
#[derive(Default)]
pub(crate) struct FieldKeys {
    /// The span of the key, and the SQL that stands in for the value.
    pub(crate) skip: Once<Option<LitStr>>,
    pub(crate) redact: Once<Option<LitStr>>,
    pub(crate) renamed_from: Once<LitStr>,
    pub(crate) sql_type: Once<LitStr>,
}

const EXAMPLE: &str = "table_name = \"article_history\"";
const STRUCT_KEYS: [&str; 9] = [
    "table_name",
    "when",
    "property",
    "relative",
    "validate",
    "require_changeset",
    "link",
    "notify",
    "crate",
];
const FIELD_KEYS: [&str; 4] = ["skip", "redact", "renamed_from", "sql_type"];

impl StructKeys {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = Self::default();
        each_key("recorded", attrs, EXAMPLE, errors, |key, input| {
            keys.read_key(key, input)
        });
        keys
    }

    fn read_key(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "crate" => {
                let form = "crate = path::to::handleref";
                let path = equals(key, input, form, Path::parse_mod_style)?;
                self.krate.set(key, path)
            }
            "table_name" => self.table_name.set(key, equals(key, input, EXAMPLE, text)?),
            "when" => {
                let form = "when = \"articles.status <> 'draft'\"";
                self.when.set(key, equals(key, input, form, text)?)
            }
            "validate" => {
                let form = "validate = path::to::function";
                let path = equals(key, input, form, Path::parse_mod_style)?;
                self.validate.set(key, path)
            }
            "require_changeset" => self.require_changeset.set(key, flag(key, input)?),
            "link" => self.link.set(key, flag(key, input)?),
            "notify" => self.notify.set(key, flag(key, input)?),
            "property" => {
                let property = property(key, input)?;
                known_sql_type(&property.ty)?;
                if let Some(other) = self
                    .properties
                    .iter()
                    .find(|other| same_column(&other.name, &property.name))
                {
                    let message = format!(
                        "the property `{}` is given twice; keep one of them",
                        other.name.unraw()
                    );
                    return Err(syn::Error::new(property.name.span(), message));
                }
                self.properties.push(property);
                Ok(())
            }
            "relative" => {
                let relative = relative(key, input)?;
                let name = relative.table.to_token_stream().to_string();
                let is_this = |other: &Relative| other.table.to_token_stream().to_string() == name;
                if self.relatives.iter().any(is_this) {
                    let message = format!(
                        "the relative `{}` is given twice; join the conditions: `on = \".. OR ..\"`",
                        name.replace(' ', "")
                    );
                    return Err(syn::Error::new_spanned(&relative.table, message));
                }
                self.relatives.push(relative);
                Ok(())
            }
            name if FIELD_KEYS.contains(&name) => Err(syn::Error::new(
                key.span(),
                format!(
                    "`{key}` is a key of a field; write it in `#[recorded(..)]` above the field"
                ),
            )),
            _ => Err(unknown(key, "a struct", &STRUCT_KEYS)),
        }
    }
}

impl FieldKeys {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = Self::default();
        each_key("recorded", attrs, "skip", errors, |key, input| {
            keys.read_key(key, input)
        });
        keys
    }

    fn read_key(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "skip" => self.skip.set(key, stand_in(key, input, "skip = \"''\"")?),
            "redact" => self
                .redact
                .set(key, stand_in(key, input, "redact = \"'***'\"")?),
            "renamed_from" => {
                let form = "renamed_from = \"headline\"";
                self.renamed_from.set(key, equals(key, input, form, text)?)
            }
            "sql_type" => {
                let form = "sql_type = \"TEXT\"";
                self.sql_type.set(key, equals(key, input, form, text)?)
            }
            name if STRUCT_KEYS.contains(&name) => Err(syn::Error::new(
                key.span(),
                format!(
                    "`{key}` is a key of the struct; write it in `#[recorded(..)]` above the struct"
                ),
            )),
            _ => Err(unknown(key, "a field", &FIELD_KEYS)),
        }
    }

    /// `skip` or `redact`, whichever is given.
    pub(crate) fn left_out(&self) -> Option<(Span, Option<&LitStr>)> {
        let given = self.skip.0.as_ref().or(self.redact.0.as_ref());
        given.map(|(span, stand_in)| (*span, stand_in.as_ref()))
    }
}

/// Whether two names are one to a database, which may ignore the case.
pub(crate) fn same_column(one: &Ident, other: &Ident) -> bool {
    let folded = |name: &Ident| name.unraw().to_string().to_lowercase();
    folded(one) == folded(other)
}

/// A text that says something.
fn text(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let text: LitStr = input.parse()?;
    if text.value().trim().is_empty() {
        return Err(syn::Error::new(text.span(), "empty"));
    }
    Ok(text)
}

/// Nothing, or `= "sql"`.
fn stand_in(key: &Ident, input: ParseStream<'_>, form: &str) -> syn::Result<Option<LitStr>> {
    if input.peek(token::Paren) {
        return Err(malformed(input.span(), key, form));
    }
    if !input.peek(Token![=]) {
        return Ok(None);
    }
    equals(key, input, form, text).map(Some)
}

fn property(key: &Ident, input: ParseStream<'_>) -> syn::Result<Property> {
    const FORM: &str = "property(comments: BigInt, sql = \"(SELECT ..)\")` or `property(words: Nullable<Integer>, with = count_words)";
    parentheses(key, input, FORM, |content| {
        let name = Ident::parse_any(content)?;
        if name == "_" {
            return Err(syn::Error::new(name.span(), ""));
        }
        content.parse::<Token![:]>()?;
        let ty: Type = content.parse()?;
        content.parse::<Token![,]>()?;
        let source = Ident::parse_any(content)?;
        content.parse::<Token![=]>()?;
        let source = match source.to_string().as_str() {
            "sql" => Source::Sql(text(content)?),
            "with" => Source::With(content.call(Path::parse_mod_style)?),
            _ => return Err(syn::Error::new(source.span(), "")),
        };
        Ok(Property { name, ty, source })
    })
}

/// A bare name is one of Diesel's; a path may lead to an alias of one.
fn known_sql_type(ty: &Type) -> syn::Result<()> {
    const TYPES: [&str; 11] = [
        "Bool",
        "SmallInt",
        "Integer",
        "BigInt",
        "Float",
        "Double",
        "Numeric",
        "Text",
        "Binary",
        "Date",
        "Timestamp",
    ];
    // Other names that Diesel has for them.
    const OTHERS: [&str; 8] = [
        "Smallint", "Int2", "Int4", "Int8", "Bigint", "Float4", "Float8", "Decimal",
    ];
    let inner = argument_of("Nullable", ty).unwrap_or(ty);
    let name = match inner {
        Type::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    };
    let Some(name) = name else {
        return Ok(());
    };
    if TYPES.iter().chain(&OTHERS).any(|known| name == known) || name == "Varchar" {
        return Ok(());
    }
    let message = format!(
        "a property has one of Diesel's SQL types `{}`, or `Nullable<..>` of one, not `{name}`",
        TYPES.join("`, `")
    );
    Err(syn::Error::new(name.span(), message))
}

fn relative(key: &Ident, input: ParseStream<'_>) -> syn::Result<Relative> {
    const FORM: &str = "relative(comments, on = \"comments.article_id = articles.id\")";
    parentheses(key, input, FORM, |content| {
        let table = content.call(Path::parse_mod_style)?;
        content.parse::<Token![,]>()?;
        let on = Ident::parse_any(content)?;
        if on != "on" {
            return Err(syn::Error::new(on.span(), ""));
        }
        content.parse::<Token![=]>()?;
        let on = text(content)?;
        Ok(Relative { table, on })
    })
}

/// `(..)`, of which any mistake is reported with the correct form.
fn parentheses<T>(
    key: &Ident,
    input: ParseStream<'_>,
    form: &str,
    read: impl FnOnce(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<T> {
    if !input.peek(token::Paren) {
        return Err(malformed(key.span(), key, form));
    }
    let content;
    let paren = parenthesized!(content in input);
    if content.is_empty() {
        return Err(malformed(paren.span.join(), key, form));
    }
    to_the_end(&content, |content| {
        let value = read(content).map_err(|error| malformed(error.span(), key, form))?;
        content.parse::<Option<Token![,]>>()?;
        if content.is_empty() {
            Ok(value)
        } else {
            Err(malformed(content.span(), key, form))
        }
    })
}
