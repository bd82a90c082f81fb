//! The keys of a field.

use super::{FIELD_KEYS, Once, STRUCT_KEYS};
use crate::errors::Errors;
use crate::syntax::{each_key, equals, flag, list, unknown};
use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitStr, Path, Token};

/// The keys of a field.
#[derive(Default)]
pub(crate) struct FieldKeys {
    pub(crate) role: Option<(Role, Span)>,
    pub(crate) status: StatusValues,
    pub(crate) unique: Once<()>,
    pub(crate) index: Once<()>,
    pub(crate) skip: Once<()>,
    pub(crate) generated: Once<()>,
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
            Self::Status => &[],
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

impl FieldKeys {
    pub(crate) fn read(attrs: &[Attribute], errors: &mut Errors) -> Self {
        let mut keys = Self::default();
        each_key("handleref", attrs, "version", errors, |key, input| {
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
            "index" => self.index.set(key, flag(key, input)?),
            "skip" => self.skip.set(key, flag(key, input)?),
            "generated" => self.generated.set(key, flag(key, input)?),
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
