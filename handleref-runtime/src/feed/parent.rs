//! Under which object diffs are put.

use crate::facts::Reference;
use crate::history::{Fields, Json, Recorded};
use crate::history::{Metadata, ObjectRef};
use serde_json::Value;

/// The parent under which the diffs of a model are put: the row that a foreign
/// key refers to. Made for [`Feed::parent`](super::Feed::parent).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The reference.
    pub(crate) reference: Reference,
}

impl Parent {
    /// The `P` that an `M` belongs to, as `#[diesel(belongs_to(P))]` or
    /// `#[handleref(parent(P))]` says; anything else is an error of the compiler. If
    /// there are several references to a `P`, the first one counts; another one is
    /// chosen with [`by`](Parent::by).
    ///
    /// ```text
    /// impl Feed for Choice {
    ///     fn parent() -> Option<Parent> { Some(Parent::of::<Question, Self>()) }
    /// }
    /// ```
    pub fn of<P: Recorded, M: Recorded>() -> Self {
        const {
            Self {
                reference: find(M::RECORDING.references, P::RECORDED_NAME, None),
            }
        }
    }

    /// The same by the column of the foreign key.
    ///
    /// ```text
    /// Parent::by::<User, Self, _>(articles::editor_id)
    /// ```
    pub fn by<P: Recorded, M: Recorded, C: diesel::Column>(_: C) -> Self {
        const {
            Self {
                reference: find(M::RECORDING.references, P::RECORDED_NAME, Some(C::NAME)),
            }
        }
    }
}

/// Evaluated by the compiler, so that what it lacks is its error.
const fn find(references: &'static [Reference], model: &str, column: Option<&str>) -> Reference {
    let mut at = 0;
    while at < references.len() {
        let one = references[at];
        let wanted = match column {
            None => true,
            Some(column) => one.columns.len() == 1 && same(one.columns[0], column),
        };
        if wanted && same(one.model, model) {
            return one;
        }
        at += 1;
    }
    // Nothing calls this but the `const` blocks above, so it never runs: it is how
    // a constant refuses to be compiled.
    #[allow(clippy::panic)]
    {
        panic!(
            "there is no such reference: add `#[diesel(belongs_to(..))]` or `#[handleref(parent(..))]` to the model"
        )
    }
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The parent of a row; none if the reference is null.
pub(super) fn object<M: Fields<Json>>(
    parent: &Parent,
    facts: &Metadata,
    row: &M,
) -> Option<ObjectRef> {
    let values = row.values();
    let columns = parent.reference.columns.iter();
    let values: Option<Vec<&Value>> = columns
        .map(|column| values.get(facts.at(column)?))
        .collect();
    ObjectRef::referred(parent.reference.model, &values?)
}
