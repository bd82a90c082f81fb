//! Whole rows, as they are written to another database.

use super::model::Recorded;
use crate::engine::Engine;
use crate::row::ColumnWriter;
use diesel::result::QueryResult;

/// A recorded model whose rows can be written to a database of the engine `DB`
/// as they are: key, versions and timestamps included.
///
/// Implemented by `#[derive(Recorded)]` for every engine that can store the
/// types of the fields. A mirror needs it of its target.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mirrored to `{DB}`",
    label = "whole rows of it cannot be written there",
    note = "derive `Recorded`; every field must be `ToSql` for its column on this engine, or say `#[diesel(serialize_as = ..)]` and be `Clone`"
)]
pub trait Mirrored<DB: Engine>: Recorded {
    /// The values of fields with `#[diesel(serialize_as)]`, converted.
    #[doc(hidden)]
    type Converted: Send + Sync;
    #[doc(hidden)]
    fn converted(&self) -> Self::Converted;
    /// Gives every column to `writer`, in the order of the fields.
    #[doc(hidden)]
    fn walk_row<'b>(
        &'b self,
        converted: &'b Self::Converted,
        writer: &mut ColumnWriter<'_, 'b, DB>,
    ) -> QueryResult<()>;
}
