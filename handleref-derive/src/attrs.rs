//! The keys of `#[handleref(..)]`, with their spans.

use crate::errors::Errors;
use crate::syntax::{each_key, equals, flag, list, malformed, to_the_end, unknown};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitStr, Path, Token, parenthesized, token};

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

/// The keys of a field.
#[derive(Default)]
pub(crate) struct FieldKeys {
    pub(crate) role: Option<(Role, Span)>,
    pub(crate) status: StatusValues,
    pub(crate) unique: Once<()>,
    pub(crate) skip: Once<()>,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Version,
    CreatedAt,
    UpdatedAt,
    DeletedAt,
    Status,
}

impl Role {
    pub(crate) const ALL: [Self; 5] = [
        Self::Version,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::DeletedAt,
        Self::Status,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::DeletedAt => "deleted_at",
            Self::Status => "status",
        }
    }

    /// The names of fields that have this role without being marked, the
    /// preferred one first.
    pub(crate) fn conventional(self) -> &'static [&'static str] {
        match self {
            Self::Version => &["version"],
            Self::CreatedAt => &["created_at", "created"],
            Self::UpdatedAt => &["updated_at", "updated"],
            Self::DeletedAt => &["deleted_at"],
            Self::Status => &["status"],
        }
    }
}

/// `status(deleted = .., live = ..)`
#[derive(Default)]
pub(crate) struct StatusValues {
    pub(crate) deleted: Once<Value>,
    pub(crate) live: Once<Value>,
    /// Whether a mistake in them was reported.
    pub(crate) are_broken: bool,
}

/// A text or a variant of an enum.
#[derive(Clone)]
pub(crate) enum Value {
    Text(LitStr),
    Path(Path),
}

impl Parse for Value {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            input.parse().map(Self::Text)
        } else if input.peek(Ident::peek_any) || input.peek(Token![::]) {
            input.call(Path::parse_mod_style).map(Self::Path)
        } else {
            Err(input
                .error("expected a text or a variant, such as `\"deleted\"` or `Status::Deleted`"))
        }
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Text(text) => text.to_tokens(tokens),
            Self::Path(path) => path.to_tokens(tokens),
        }
    }
}

/// A key that may be given once.
pub(crate) struct Once<T>(pub(crate) Option<(Span, T)>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Once<T> {
    fn set(&mut self, key: &Ident, value: T) -> syn::Result<()> {
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
const FIELD_KEYS: [&str; 7] = [
    "version",
    "created_at",
    "updated_at",
    "deleted_at",
    "status",
    "unique",
    "skip",
];

impl StructKeys {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = Self::default();
        each_key(attrs, "tag = \"art\"", errors, |key, input| {
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

impl FieldKeys {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = Self::default();
        each_key(attrs, "version", errors, |key, input| {
            keys.read_key(key, input)
        });
        keys
    }

    fn read_key(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let name = key.to_string();
        if let Some(role) = Role::ALL.into_iter().find(|role| role.key() == name) {
            self.take_role(role, key)?;
            if role != Role::Status {
                return flag(key, input);
            }
            let result = self.status.read(key, input);
            self.status.are_broken |= result.is_err();
            return result;
        }
        match name.as_str() {
            "unique" => self.unique.set(key, flag(key, input)?),
            "skip" => self.skip.set(key, flag(key, input)?),
            name if STRUCT_KEYS.contains(&name) => Err(syn::Error::new(
                key.span(),
                format!(
                    "`{key}` is a key of the struct; write it in `#[handleref(..)]` above the struct"
                ),
            )),
            _ => Err(unknown(key, "a field", &FIELD_KEYS)),
        }
    }

    fn take_role(&mut self, role: Role, key: &Ident) -> syn::Result<()> {
        let message = match self.role {
            None => {
                self.role = Some((role, key.span()));
                return Ok(());
            }
            Some((other, _)) if other == role => {
                format!("`{key}` is given twice; keep one of them")
            }
            Some((other, _)) => {
                format!(
                    "`{key}` conflicts with `{}`: a column has one role; mark another field",
                    other.key()
                )
            }
        };
        Err(syn::Error::new(key.span(), message))
    }
}

impl StatusValues {
    const FORM: &'static str = "status(deleted = \"deleted\", live = \"ok\")";

    /// Reads what may follow the key `status`.
    fn read(&mut self, status: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        if input.is_empty() || input.peek(Token![,]) {
            return Ok(());
        }
        let pairs = list(status, input, Self::FORM, |input| {
            let key = Ident::parse_any(input)?;
            let slot_is_known = key == "deleted" || key == "live";
            if !slot_is_known {
                let message = format!(
                    "unknown key `{key}` of `status`; the correct form is `{}`",
                    Self::FORM
                );
                return Err(syn::Error::new(key.span(), message));
            }
            Ok((key.clone(), equals(&key, input, Self::FORM, Value::parse)?))
        })?;
        for (key, value) in pairs {
            if key == "deleted" {
                self.deleted.set(&key, value)?;
            } else {
                self.live.set(&key, value)?;
            }
        }
        Ok(())
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
