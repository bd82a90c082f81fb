//! The keys of `#[handleref(..)]`, with their spans.

use crate::errors::Errors;
use crate::syntax::{each_key, equals, flag, list, malformed, to_the_end, unknown};
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Path, Token, parenthesized, token};

mod field;

pub(crate) use field::{FieldKeys, Role, Value};

/// The keys of a struct.
#[derive(Default)]
pub(crate) struct StructKeys {
    pub(crate) krate: Once<Path>,
    pub(crate) tag: Once<LitStr>,
    pub(crate) options: Vec<(Ident, LitStr)>,
    pub(crate) unique: Vec<(Span, Vec<Ident>)>,
    pub(crate) cascade: Vec<(Span, Path)>,
    pub(crate) parents: Vec<(Span, Parent)>,
    pub(crate) hooks: Once<()>,
    pub(crate) secondary: Once<()>,
}

/// `parent(Article, foreign_key = article_id)`
pub(crate) struct Parent {
    pub(crate) path: Path,
    pub(crate) foreign_key: Option<Vec<Ident>>,
}

/// A key that may be given once.
pub(crate) struct Once<T>(pub(crate) Option<(Span, T)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    pub(crate) fn set(&mut self, key: &Ident, value: T) -> syn::Result<()> {
        if self.0.is_some() {
            return Err(syn::Error::new(
                key.span(),
                format!("`{key}` is given twice; keep one of them"),
            ));
        }
        self.0 = Some((key.span(), value));
        Ok(())
    }

    pub(crate) fn span(&self) -> Option<Span> {
        self.0.as_ref().map(|(span, _)| *span)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn value(self) -> Option<T> {
        self.0.map(|(_, value)| value)
    }
}

const STRUCT_KEYS: [&str; 8] = [
    "tag",
    "options",
    "unique",
    "cascade",
    "parent",
    "hooks",
    "secondary",
    "crate",
];
const FIELD_KEYS: [&str; 9] = [
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
    "status",
    "unique",
    "index",
    "skip",
    "generated",
];

impl StructKeys {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = Self::default();
        each_key("handleref", attrs, "tag = \"art\"", errors, |key, input| {
            keys.read_key(key, input)
        });
        keys
    }

    fn read_key(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "crate" => self.krate.set(
                key,
                equals(
                    key,
                    input,
                    "crate = path::to::handleref",
                    Path::parse_mod_style,
                )?,
            ),
            "tag" => self
                .tag
                .set(key, equals(key, input, "tag = \"art\"", text)?),
            "hooks" => self.hooks.set(key, flag(key, input)?),
            "secondary" => self.secondary.set(key, flag(key, input)?),
            "options" => {
                let form = "options(name = \"value\")";
                for option in list(key, input, form, |input| named_text(key, input, form))? {
                    if self.options.iter().any(|(name, _)| *name == option.0) {
                        let message =
                            format!("the option `{}` is given twice; keep one of them", option.0);
                        return Err(syn::Error::new(option.0.span(), message));
                    }
                    self.options.push(option);
                }
                Ok(())
            }
            "unique" => {
                let form = "unique(tenant_id, slug)";
                let name = |input: ParseStream<'_>| {
                    Ident::parse_any(input).map_err(|error| malformed(error.span(), key, form))
                };
                let fields = list(key, input, form, name)?;
                self.unique.push((key.span(), fields));
                Ok(())
            }
            "cascade" => {
                let form = "cascade(Comment, Note)";
                let path = |input: ParseStream<'_>| {
                    Path::parse_mod_style(input).map_err(|error| malformed(error.span(), key, form))
                };
                let children = list(key, input, form, path)?;
                self.cascade
                    .extend(children.into_iter().map(|path| (key.span(), path)));
                Ok(())
            }
            "parent" => {
                self.parents.push((key.span(), parent(key, input)?));
                Ok(())
            }
            name if FIELD_KEYS.contains(&name) => Err(syn::Error::new(
                key.span(),
                format!("`{key}` is a key of a field; write `#[handleref({key})]` above the field"),
            )),
            _ => Err(unknown(key, "a struct", &STRUCT_KEYS)),
        }
    }
}

fn text(input: ParseStream<'_>) -> syn::Result<LitStr> {
    input.parse()
}

fn named_text(key: &Ident, input: ParseStream<'_>, form: &str) -> syn::Result<(Ident, LitStr)> {
    let name = Ident::parse_any(input).map_err(|error| malformed(error.span(), key, form))?;
    let value = equals(&name, input, form, text)?;
    Ok((name, value))
}

fn parent(key: &Ident, input: ParseStream<'_>) -> syn::Result<Parent> {
    const FORM: &str = "parent(Article, foreign_key = article_id)";
    if !input.peek(token::Paren) {
        return Err(malformed(key.span(), key, FORM));
    }
    let content;
    let paren = parenthesized!(content in input);
    if content.is_empty() {
        return Err(malformed(paren.span.join(), key, FORM));
    }
    let wrong = |error: syn::Error| malformed(error.span(), key, FORM);
    to_the_end(&content, |content| {
        let path = content.call(Path::parse_mod_style).map_err(wrong)?;
        let mut foreign_key = None;
        if !content.is_empty() {
            content.parse::<Token![,]>().map_err(wrong)?;
        }
        if !content.is_empty() {
            let name = content.call(Ident::parse_any).map_err(wrong)?;
            if name != "foreign_key" {
                return Err(malformed(name.span(), key, FORM));
            }
            foreign_key = Some(equals(&name, content, FORM, columns)?);
            content.parse::<Option<Token![,]>>()?;
        }
        if content.is_empty() {
            Ok(Parent { path, foreign_key })
        } else {
            Err(malformed(content.span(), key, FORM))
        }
    })
}

/// `article_id` or `(tenant_id, article_id)`
fn columns(input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    if !input.peek(token::Paren) {
        return Ok(vec![input.call(Ident::parse_any)?]);
    }
    let content;
    parenthesized!(content in input);
    to_the_end(&content, |content| {
        let columns =
            Punctuated::<Ident, Token![,]>::parse_terminated_with(content, Ident::parse_any)?;
        Ok(columns.into_iter().collect())
    })
}
