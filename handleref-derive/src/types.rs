//! What is known of a type by its name. Where a trait can decide, it does.

use syn::{GenericArgument, Ident, PathArguments, Type};

/// The `T` of an `Option<T>`.
pub(crate) fn option_argument(ty: &Type) -> Option<&Type> {
    argument_of("Option", ty)
}

/// The `T` of an `Outer<T>`, by the last segment of its path.
pub(crate) fn argument_of<'t>(outer: &str, mut ty: &'t Type) -> Option<&'t Type> {
    loop {
        match ty {
            Type::Group(group) => ty = &group.elem,
            Type::Paren(paren) => ty = &paren.elem,
            Type::Path(path) => {
                let last = path
                    .path
                    .segments
                    .last()
                    .filter(|last| last.ident == outer)?;
                let PathArguments::AngleBracketed(arguments) = &last.arguments else {
                    return None;
                };
                return match arguments.args.first() {
                    Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
                    _ => None,
                };
            }
            _ => return None,
        }
    }
}

/// A number or a truth value, nullable or not.
pub(crate) fn is_primitive(ty: &Type) -> bool {
    const NAMES: [&str; 11] = [
        "bool", "f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64",
    ];
    name(option_argument(ty).unwrap_or(ty))
        .is_some_and(|name| NAMES.iter().any(|primitive| name == primitive))
}

/// The last segment of a path.
fn name(mut ty: &Type) -> Option<&Ident> {
    loop {
        match ty {
            Type::Group(group) => ty = &group.elem,
            Type::Paren(paren) => ty = &paren.elem,
            Type::Path(path) => return path.path.segments.last().map(|last| &last.ident),
            _ => return None,
        }
    }
}
