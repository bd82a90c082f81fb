//! Which models a struct refers to, by what it says to Diesel and `HandleRef`.

use crate::errors::Errors;
use crate::model::{Named, column, foreign_key};
use crate::{attrs, diesel};
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Attribute, Ident};

/// Fields that refer to the primary key of a model.
#[derive(PartialEq)]
pub(crate) struct Reference {
    /// The struct's name.
    pub(crate) model: String,
    pub(crate) columns: Vec<usize>,
}

/// The references as they are written, each once, and whether these are all.
/// What is wrong in the attributes is reported by the derives that they belong
/// to, and left out.
pub(crate) fn read(
    model: &Ident,
    attrs: &[Attribute],
    belongs_to: &[diesel::BelongsTo],
    fields: &[impl Named],
) -> (Vec<Reference>, bool) {
    let mut ignored = Errors::default();
    let mut found = Vec::new();
    // One attribute after the other, for the order.
    for attr in attrs.chunks(1) {
        for association in diesel::StructKeys::read(attr).belongs_to {
            let inferred = || diesel::foreign_key(&association.parent);
            let name = association.foreign_key.clone().unwrap_or_else(inferred);
            let columns = column(fields, &name).map(|at| vec![at]);
            found.push((association.parent, columns));
        }
        for (_, parent) in attrs::StructKeys::read(attr, &mut ignored).parents {
            let columns = foreign_key(model, &parent, belongs_to, fields, &mut ignored);
            let name = parent.path.segments.into_iter().next_back();
            found.extend(name.map(|last| (last.ident, columns)));
        }
    }
    let mut is_complete = ignored.into_tokens().is_empty();
    let mut references = Vec::new();
    for (parent, columns) in found {
        let model = parent.unraw().to_string();
        let columns = columns.filter(|columns| !columns.is_empty());
        let reference = columns.map(|columns| Reference { model, columns });
        is_complete &= reference.is_some();
        references.extend(reference.filter(|it| !references.contains(it)));
    }
    (references, is_complete)
}

/// Whether the primary key is made of two references, and of nothing else.
pub(crate) fn is_link(references: &[Reference], key: &[usize]) -> bool {
    let [one, other] = references else {
        return false;
    };
    let refers = |at: &usize| one.columns.contains(at) || other.columns.contains(at);
    let mut columns = one.columns.iter().chain(&other.columns);
    key.iter().all(refers) && columns.all(|at| key.contains(at))
}

/// Whether a model can be the link that it says it is.
pub(crate) fn check_link(
    link: Span,
    model: &Ident,
    references: &[Reference],
    is_complete: bool,
    errors: &mut Errors,
) -> bool {
    if references.len() != 2 && is_complete {
        let known = match references {
            [] => "none".to_owned(),
            references => references
                .iter()
                .map(|reference| format!("`{}`", reference.model))
                .collect::<Vec<_>>()
                .join(", "),
        };
        errors.add(
            link,
            format_args!(
                "a link joins two models, and `{}` refers to {known}; \
                 name exactly two: `#[diesel(belongs_to(Article), belongs_to(Tag))]`",
                model.unraw()
            ),
        );
    }
    references.len() == 2
}
